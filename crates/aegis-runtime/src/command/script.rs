//! The script that an interpreter is given.

use std::ffi::OsStr;
use std::io;
use std::path::Path;

use aegis_engine::Digest;

use super::interpreters::does_what_files_say;
use super::opened_file::{FileProblem, OpenedFile};

/// How large a script may be.
pub(super) const LARGEST_SCRIPT: u64 = 256 << 20;

/// A script, by what was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Script {
    pub(super) path: String,
    pub(super) sha256: Digest,
}

/// A script among the words of a command.
#[derive(Debug)]
pub(super) struct FoundScript {
    pub(super) file: OpenedFile,
    /// Which word of the command it is.
    pub(super) word: usize,
}

impl FoundScript {
    /// What is in it, read now.
    pub(super) fn read(&self, take: impl FnMut(&[u8]) -> io::Result<()>) -> Result<Script, FileProblem> {
        let sha256 = self.file.read(LARGEST_SCRIPT, take)?;
        Ok(Script { path: self.file.path_text().to_owned(), sha256 })
    }
}

/// The script that a command gives to its interpreter: the first argument that is no option and names a
/// regular file.
///
/// # Errors
/// When there is one that cannot be read, or is too large.
pub(super) fn script_of(
    argv: &[String],
    program: &OsStr,
    cwd: &Path,
) -> Result<Option<FoundScript>, FileProblem> {
    let Some((called, arguments)) = argv.split_first() else { return Ok(None) };
    if !does_what_files_say(called, program) {
        return Ok(None);
    }
    let arguments = arguments.iter().enumerate().map(|(index, argument)| (index + 1, argument));
    for (word, argument) in arguments.filter(|(_, it)| !it.starts_with('-') && !it.contains('\0')) {
        match OpenedFile::open(&cwd.join(argument)) {
            Ok(file) => return Ok(Some(FoundScript { file, word })),
            Err(FileProblem::Missing { .. } | FileProblem::NotRegular { .. }) => {}
            // No name of a file, but some other text.
            Err(FileProblem::Unreadable { .. }) if !cwd.join(argument).is_file() => {}
            Err(problem) => return Err(problem),
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_first_file_of_an_interpreter_is_its_script() {
        let place = tempfile::tempdir().unwrap();
        let here = fs::canonicalize(place.path()).unwrap();
        for name in ["a.py", "b.py"] {
            fs::write(here.join(name), name).unwrap();
        }
        nix::unistd::mkfifo(&here.join("fifo"), nix::sys::stat::Mode::S_IRWXU).unwrap();
        let script = |argv: &[&str], program: &str| {
            let argv: Vec<_> = argv.iter().map(ToString::to_string).collect();
            let found = script_of(&argv, OsStr::new(program), &here).unwrap();
            found
                .map(|found| found.read(|_| Ok(())).unwrap())
                .map(|script| (script.path.rsplit_once('/').unwrap().1.to_owned(), script.sha256))
        };
        let first = Some(("a.py".to_owned(), Digest::of(b"a.py")));
        assert_eq!(script(&["python3", "-u", "./a.py", "b.py"], "python3.13"), first);
        assert_eq!(script(&["/usr/bin/env", "python3", "a.py"], "env"), first);
        assert_eq!(script(&["timeout", "5", "python3", "a.py"], "timeout"), first);
        // By another name, an interpreter is still one.
        assert_eq!(script(&["./harmless", "a.py"], "bash"), first);
        assert_eq!(script(&["bash", "fifo", ".", "/dev/null", "a.py"], "bash"), first);
        assert_eq!(script(&["bash", "-c", &"x/".repeat(5000), "none"], "bash"), None);
        assert_eq!(script(&["cat", "a.py"], "cat"), None);
        assert_eq!(script(&["bash", "--rcfile=a.py"], "bash"), None);
        assert_eq!(script(&[], "bash"), None);
    }
}
