//! What an approver can give together with a yes, and what no rule may let them give.

use crate::decide::decision::RiskLevel;
use crate::decide::grant_terms::{GrantTerms, SameField, USUAL_USES};
use crate::language::code::Code;
use crate::language::diagnostic::Diagnostic;
use crate::language::document::GrantEntry;
use crate::text::escape::escape_capped;
use crate::text::span::Spanned;

/// How many characters of a field are shown.
const SHOWN: usize = 64;
/// What a grant is bound to whatever its rule says.
const ALWAYS_SAME: [&str; 4] = ["agent", "session", "rule", "account"];

/// The terms of a grant that holds for so many milliseconds, where that could be read.
pub(super) fn grant_terms(
    entry: &GrantEntry,
    for_ms: Option<u64>,
    risk: RiskLevel,
    report: &mut Vec<Diagnostic>,
) -> Option<GrantTerms> {
    if risk == RiskLevel::Critical {
        let message = "a grant at critical risk: nobody would see what is done by it";
        let help = "remove `grant`: each action of critical risk is asked about by itself";
        report.push(Diagnostic::error(Code::CriticalGrant, entry.span, message).help(help));
        return None;
    }
    let uses = entry.uses.map_or(USUAL_USES, |uses| uses.value);
    let same = entry.same.as_ref().map(|same| same_fields(&same.value, report));
    Some(GrantTerms { for_ms: for_ms?, uses, same })
}

/// The fields of these words, each once.
fn same_fields(written: &[Spanned<String>], report: &mut Vec<Diagnostic>) -> Vec<SameField> {
    let mut fields: Vec<(SameField, &Spanned<String>)> = Vec::new();
    for word in written {
        let shown = escape_capped(&word.value, SHOWN);
        let Some(field) = SameField::new(&word.value) else {
            let message = format!("`{shown}` is not a JSON Pointer");
            let help = "in a pointer `~` is written `~0`, and `/` inside a name `~1`";
            report.push(Diagnostic::error(Code::InvalidPointer, word.span, message).help(help));
            continue;
        };
        if ALWAYS_SAME.contains(&word.value.as_str()) {
            let message = format!("a grant is bound to its {shown} anyway");
            let help = format!("leave it out; a parameter of that name is written `/{shown}`");
            report.push(Diagnostic::error(Code::InvalidGrant, word.span, message).help(help));
            continue;
        }
        if let Some((_, other)) = fields.iter().find(|(other, _)| other.is(&field)) {
            let message = format!("`{shown}` is named twice");
            let found = Diagnostic::error(Code::InvalidGrant, word.span, message);
            report.push(found.secondary(other.span, "first here").help("name each field once"));
            continue;
        }
        fields.push((field, word));
    }
    fields.into_iter().map(|(field, _)| field).collect()
}
