//! The files that an interpreter is given besides its script: nobody but the interpreter can tell which of
//! them it runs.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::path::Path;

use aegis_engine::Digest;

use super::interpreters::does_what_files_say;
use super::opened_file::{FileProblem, OpenedFile};

/// How many files may be given to one command.
const MOST_FILES: usize = 1000;
/// How large all of them may be, together.
const MOST_BYTES: u64 = 1 << 30;
/// What stands between the words of a text that is a command.
const BETWEEN_WORDS: [char; 5] = [' ', '\t', '\n', '"', '\''];

/// What is in each file, by its path without links.
pub(super) type GivenFiles = BTreeMap<String, Digest>;

/// All regular files that the arguments of an interpreter or a starter name, but for its script, which is the
/// word of this number.
///
/// A word names a file by itself, and by its part behind the first `=`, behind the letter of an option or
/// behind `@`, and between colons; and one that holds blanks by what stands before the first, or between any
/// where it may be for `env -S`. Where a word means no file, it does no harm that one is found.
///
/// # Errors
/// When one of them cannot be read, or they are too many or too large to be looked at.
pub(super) fn given_files(
    argv: &[String],
    program: &OsStr,
    cwd: &Path,
    script: Option<usize>,
) -> Result<GivenFiles, FileProblem> {
    let (mut files, mut left) = (GivenFiles::new(), MOST_BYTES);
    let Some((called, arguments)) = argv.split_first() else { return Ok(files) };
    if !does_what_files_say(called, program) {
        return Ok(files);
    }
    let splits = argv.iter().any(|word| Path::new(word).file_name() == Some(OsStr::new("env")))
        || program == OsStr::new("env");
    let words = arguments.iter().enumerate().filter(|(index, _)| Some(index + 1) != script);
    let names: BTreeSet<&str> = words.flat_map(|(_, word)| names_in(word, splits)).collect();
    for name in names {
        let place = cwd.join(name);
        let file = match OpenedFile::open(&place) {
            Ok(file) => file,
            Err(FileProblem::Missing { .. } | FileProblem::NotRegular { .. }) => continue,
            // No name of a file, but some other text.
            Err(FileProblem::Unreadable { .. }) if !place.is_file() => continue,
            Err(problem) => return Err(problem),
        };
        if !files.contains_key(file.path_text()) {
            if files.len() == MOST_FILES {
                return Err(FileProblem::TooMany { most: MOST_FILES });
            }
            let mut length = 0;
            let sha256 = file.read(left, |piece| {
                length += u64::try_from(piece.len()).unwrap_or(u64::MAX);
                Ok(())
            });
            let sha256 = sha256.map_err(|problem| match problem {
                FileProblem::TooLarge { .. } => FileProblem::TooLargeTogether { most: MOST_BYTES },
                other => other,
            })?;
            left = left.saturating_sub(length);
            files.insert(file.path_text().to_owned(), sha256);
        }
    }
    Ok(files)
}

/// The texts in a word that may be names of files.
fn names_in(word: &str, splits: bool) -> BTreeSet<&str> {
    let mut names = BTreeSet::from([word]);
    if word.contains(BETWEEN_WORDS) {
        let mut pieces = word.split(BETWEEN_WORDS).filter(|it| !it.is_empty());
        if splits { names.extend(pieces) } else { names.extend(pieces.next()) }
    }
    for name in names.clone() {
        names.extend(name.split_once('=').map(|(_, value)| value));
        names.extend(name.strip_prefix('@'));
        if name.starts_with('-') && !name.starts_with("--") {
            let mut letters = name.chars();
            letters.by_ref().take(2).for_each(drop);
            names.insert(letters.as_str());
        }
    }
    for name in names.clone() {
        names.extend(name.split(':'));
    }
    names.retain(|name| !name.is_empty() && !name.contains('\0'));
    names
}

#[cfg(test)]
mod tests;
