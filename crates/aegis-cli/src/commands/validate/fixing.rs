//! Mending what has one right answer.

use std::path::Path;

use aegis_engine::{Fix, Source, apply_fixes, escape, load};
use aegis_present::diff::render_diff;
use aegis_present::quantity::counted;
use aegis_runtime::Confirmation;

use crate::console::{Console, require_yes, rewrite};
use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::standard_stream::is_standard;

/// How often a file is looked at anew: an error of its YAML hides those behind it.
const MOST_ROUNDS: usize = 500;

/// The text of a file with everything mended that has one right answer, once it is written; as it was, where
/// there is nothing to mend.
///
/// # Errors
/// When the change was not confirmed, or cannot be written.
pub(super) fn fixed(
    path: &Path,
    before: Vec<u8>,
    yes: bool,
    db: &Path,
    console: Console,
) -> Result<Vec<u8>, CommandError> {
    if is_standard(path) {
        return Err(CommandError::usage("standard input cannot be mended").help("name the file"));
    }
    // What is not UTF-8 has no right answer.
    let Ok(text) = std::str::from_utf8(&before) else { return Ok(before) };
    let (mended, made) = mend(text);
    if made == 0 {
        return Ok(before);
    }
    let name = path.to_string_lossy();
    console.answer(render_diff(&name, text, &mended, console.colors_stdout()))?;
    if !yes {
        confirm(&name, made, console)?;
    }
    rewrite(path, db, &before, mended.as_bytes())?;
    console.note(format!("{} in `{}`", counted(made as u64, "change"), escape(&name)));
    Ok(mended.into_bytes())
}

fn confirm(name: &str, made: usize, console: Console) -> Result<(), CommandError> {
    let nothing = format!("nothing was written to `{}`", escape(name));
    let facts = [("file", name.to_owned()), ("changes", made.to_string())];
    let title = "Aegis: write what was shown?";
    let otherwise = (ExitStatus::No, nothing.as_str(), "read what would change, then give `--yes`");
    require_yes(&Confirmation { title, facts: &facts, is_final: false }, otherwise, console)
}

/// Makes every certain fix, and those that come to light by it.
fn mend(text: &str) -> (String, usize) {
    let mut mended = text.to_owned();
    let mut total = 0;
    for _ in 0..MOST_ROUNDS {
        let loaded = load(&[Source { text: mended.as_bytes() }]);
        let certain = |fix: &&Fix| fix.certain;
        let fixes = loaded.diagnostics.iter().filter_map(|found| found.fix.as_ref()).filter(certain);
        let (next, made) = apply_fixes(&mended, fixes);
        if made == 0 || next == mended {
            break;
        }
        (mended, total) = (next, total + made);
    }
    (mended, total)
}
