//! What verifying came to.

use std::fmt::Write as _;

use aegis_engine::{escape, escape_capped};
use aegis_ledger::findings::{CheckedProof, Findings, GivenCheckpoint, Signature};
use aegis_ledger::verify::{Anchor, Claim, ReceiptReport, Standing};

use crate::quantity::counted;
use crate::style::{BAD, FAINT, GOOD, UNSURE};

/// How many lines of one kind are shown.
const MAX_LINES: usize = 100;
/// How many ranges of rows are named.
const MAX_RANGES: usize = 10;
/// How much of a word from outside is shown.
const MAX_WORD: usize = 200;

fn rows(count: u64) -> String {
    counted(count, "row")
}

/// The whole answer.
#[must_use]
pub fn render_verification(findings: &Findings) -> String {
    let mut text = String::new();
    let verification = &findings.verification;
    let found = verification.damage.len() as u64 + verification.more_damage;
    if findings.is_sound() && findings.is_unanchored() {
        let _ = writeln!(
            text,
            "{UNSURE}unsure{UNSURE:#}    {} verified, nothing is wrong with them; nothing that was given \
             could be compared with them",
            rows(verification.rows)
        );
    } else if findings.is_sound() && findings.untold() > 0 {
        let (rows, untold) = (rows(verification.rows), findings.untold());
        let _ = writeln!(
            text,
            "{UNSURE}unsure{UNSURE:#}    {rows} verified, nothing is wrong with them; {untold} of what was given \
             cannot be told without the archive"
        );
    } else if findings.is_sound() && findings.strays() > 0 {
        let (rows, strays) = (rows(verification.rows), findings.strays());
        let _ = writeln!(
            text,
            "{UNSURE}unsure{UNSURE:#}    {rows} verified, nothing is wrong with them; {strays} of what was given \
             say{} nothing of them: another log's",
            if strays == 1 { "s" } else { "" }
        );
    } else if findings.is_sound() {
        let _ =
            writeln!(text, "{GOOD}sound{GOOD:#}     {} verified, nothing is wrong", rows(verification.rows));
    } else if found == 0 {
        let _ = writeln!(
            text,
            "{BAD}failed{BAD:#}    {} verified; a checkpoint does not hold",
            rows(verification.rows)
        );
    } else {
        let _ = writeln!(
            text,
            "{BAD}damaged{BAD:#}   {} read, {} found",
            rows(verification.rows),
            counted(found, "problem")
        );
        for damage in verification.damage.iter().take(MAX_LINES) {
            let place = findings.exports.as_ref().zip(damage.seq);
            match place.and_then(|(exports, row)| exports.place_of(row)) {
                Some((file, line)) => _ = writeln!(text, "  {damage} {FAINT}({file}, line {line}){FAINT:#}"),
                None => _ = writeln!(text, "  {damage}"),
            }
        }
        if found > MAX_LINES as u64 {
            let _ = writeln!(text, "  and {} more", found - MAX_LINES as u64);
        }
    }
    let _ = writeln!(text, "log       {}", findings.log);
    if let Some(volatility) = &findings.volatility {
        let _ = writeln!(text, "{UNSURE}volatile{UNSURE:#}  the log {}", escape(volatility));
    }
    if verification.start > 1 {
        let before = verification.start - 1;
        let _ = match &findings.exports {
            None => writeln!(
                text,
                "pruned    rows 1 to {before} are in an archive; only that can tell whether they are whole"
            ),
            Some(_) => {
                writeln!(text, "before    rows 1 to {before} were not given, so nothing is said of them")
            }
        };
    }
    let _ = writeln!(text, "head      {}:{}", verification.last, verification.head);
    if verification.removed > 0 {
        let _ = writeln!(text, "removed   the payload of {}", rows(verification.removed));
    }
    if verification.unchecked_references > 0 {
        let _ = writeln!(
            text,
            "unchecked {} to rows that were not given",
            counted(verification.unchecked_references, "reference")
        );
    }
    if let Some(kept) = &findings.receipts {
        render_kept(&mut text, kept);
    }
    for given in &findings.checkpoints {
        let _ = writeln!(text, "{}", checkpoint_line(given, &verification.anchors));
    }
    for (anchor, standing) in &verification.anchors {
        if let Claim::Head { .. } = anchor.claim {
            let _ = writeln!(text, "anchor    {}: {}", escape(&anchor.name), standing_words(*standing));
        }
    }
    text.push_str(&behind_the_anchor(findings));
    text
}

/// How many rows stand behind the last outside anchor.
fn behind_the_anchor(findings: &Findings) -> String {
    let verification = &findings.verification;
    match verification.anchored {
        Some(anchored) => {
            let behind = verification.last.saturating_sub(anchored);
            let style = if behind == 0 { GOOD } else { UNSURE };
            format!(
                "{style}anchored{style:#}  up to row {anchored}; {} stand{} behind the last anchor",
                rows(behind),
                if behind == 1 { "s" } else { "" }
            )
        }
        None if findings.anchors_given => format!(
            "{UNSURE}anchored{UNSURE:#}  by nothing: no anchor holds, so all {} stand behind none",
            rows(verification.rows)
        ),
        None => format!(
            "{UNSURE}anchored{UNSURE:#}  by nothing: no receipt or checkpoint was given, so rows that were \
             cut off at the end would not show"
        ),
    }
}

fn render_kept(text: &mut String, kept: &ReceiptReport) {
    if let Some((line, problem)) = kept.wrong_file() {
        let problem = escape_capped(problem, MAX_WORD);
        let _ = writeln!(text, "receipts  {UNSURE}none{UNSURE:#}: line {line} cannot be read: {problem}");
        return;
    }
    let mut line = format!("receipts  {} of {} hold", kept.hold, kept.receipts);
    if kept.pruned > 0 {
        let _ = write!(line, "; {} of pruned rows: only the archive can tell", kept.pruned);
    }
    if let Some(log) = &kept.other_log {
        let _ = write!(line, "; {} of another log, {}", kept.of_other_logs, escape_capped(log, MAX_WORD));
    }
    if kept.volatile > 0 {
        let _ = write!(line, "; {} of a log that was where nothing lasts", kept.volatile);
    }
    if kept.without > 0 {
        let _ = write!(line, "; {} without a receipt", counted(kept.without, "line"));
    }
    let _ = writeln!(text, "{line}");
    let uncovered = (kept.uncovered.len() as u64).saturating_add(kept.more_uncovered);
    if uncovered > 0 {
        let _ = writeln!(
            text,
            "{UNSURE}uncovered{UNSURE:#} {} that allowed something, of which no receipt was given: {}",
            rows(uncovered),
            row_list(&kept.uncovered, uncovered)
        );
    }
    let unreadable = kept.unreadable.len() as u64 + kept.more_unreadable;
    for (number, problem) in kept.unreadable.iter().take(MAX_LINES) {
        let _ = writeln!(
            text,
            "  {UNSURE}line {number} cannot be read{UNSURE:#}: {}",
            escape_capped(problem, MAX_WORD)
        );
    }
    if unreadable > MAX_LINES as u64 {
        let _ = writeln!(text, "  and {} more lines that cannot be read", unreadable - MAX_LINES as u64);
    }
}

/// The first numbers of rows, those that follow each other as a range, and how many are left.
fn row_list(listed: &[u64], all: u64) -> String {
    let mut ranges: Vec<(u64, u64)> = Vec::new();
    let mut shown = 0_u64;
    for row in listed.iter().copied() {
        let is_next = ranges.last().is_some_and(|(_, last)| last.checked_add(1) == Some(row));
        if !is_next && ranges.len() == MAX_RANGES {
            break;
        }
        let first = if is_next { ranges.pop().map_or(row, |(first, _)| first) } else { row };
        ranges.push((first, row));
        shown += 1;
    }
    let range = |(first, last): &(u64, u64)| match last - first {
        0 => first.to_string(),
        _ => format!("{first} to {last}"),
    };
    let mut text = ranges.iter().map(range).collect::<Vec<_>>().join(", ");
    if shown < all {
        let _ = write!(text, " and {} more", all - shown);
    }
    text
}

const fn standing_words(standing: Standing) -> &'static str {
    match standing {
        Standing::Holds => "it holds",
        Standing::Broken => "it does not hold",
        Standing::Pruned => "its row was pruned: only the archive can tell",
        Standing::Unchecked => "damage before its row keeps it from being checked",
    }
}

const fn signature_words(signature: Signature) -> &'static str {
    match signature {
        Signature::NotChecked => "no public key was given, so who signed it was not checked",
        Signature::Good => "the given key signed it",
        Signature::Bad => "the given key did not sign it",
    }
}

fn checkpoint_line(given: &GivenCheckpoint, anchors: &[(Anchor, Standing)]) -> String {
    let checkpoint = given.note.checkpoint();
    let what = if given.is_of_log {
        let claim = Claim::Root { size: checkpoint.size, root: checkpoint.root };
        let standing =
            anchors.iter().find(|(anchor, _)| anchor.claim == claim).map(|(_, standing)| *standing);
        match standing {
            Some(standing) => standing_words(standing).to_owned(),
            None => "it was not compared with the log".to_owned(),
        }
    } else {
        format!("it is of another log, `{}`", escape_capped(&checkpoint.origin, MAX_WORD))
    };
    let style = if given.counts() { FAINT } else { BAD };
    format!(
        "{style}checkpoint{style:#} `{}` of {}: {what}; {}",
        given.name,
        counted(checkpoint.size, "event"),
        signature_words(given.signature)
    )
}

/// What came of a proof.
#[must_use]
pub fn render_proof(checked: &CheckedProof) -> String {
    let CheckedProof { proof, checkpoint, signature } = checked;
    let event = proof.event();
    let (kind, action) = (escape_capped(&event.kind, MAX_WORD), escape_capped(&event.action_id, MAX_WORD));
    let log = escape_capped(proof.log(), MAX_WORD);
    match (checkpoint, *signature) {
        (Ok(note), Some(signature)) if signature != Signature::Bad => format!(
            "{GOOD}proven{GOOD:#}    event {} (`{kind}` of action {action}) is one of the {} of the \
             checkpoint of log {log}\nevent     {}\nsignature {}",
            event.seq,
            counted(note.checkpoint().size, "event"),
            escape_capped(&event.body, 2000),
            signature_words(signature)
        ),
        (Ok(_), _) => format!("{BAD}failed{BAD:#}    {}", signature_words(Signature::Bad)),
        (Err(error), _) => format!("{BAD}failed{BAD:#}    {}", escape(&error.to_string())),
    }
}
