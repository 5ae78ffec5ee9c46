//! Which file a program's name stands for: what `execvp` would find.

use std::path::{Path, PathBuf};

use super::opened_file::{FileProblem, OpenedFile};

/// Where programs are looked for if there is no `PATH`, as the C library has it.
const USUAL_PATH: &str = "/bin:/usr/bin";

/// A program that was found.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) file: OpenedFile,
    /// The path by which it was found, from the working directory.
    pub(super) called: PathBuf,
}

/// Opens the program that a name stands for. A name with a `/` is a path from `cwd`; any other is looked for
/// in the directories of `path`, of which an empty one is `cwd`.
///
/// As `execvp` does, it passes over what may not be executed, and says so only if nothing else is found. What
/// may be executed but not read ends the search: going on would find another program than would have run.
pub(super) fn resolve(name: &str, cwd: &Path, path: Option<&str>) -> Result<Found, FileProblem> {
    let missing = || FileProblem::Missing { path: PathBuf::from(name) };
    if name.is_empty() {
        return Err(missing());
    }
    if name.contains('/') {
        let file = OpenedFile::open_executable(&from(cwd, name))?;
        return Ok(Found { file, called: PathBuf::from(name) });
    }
    let mut passed_over = None;
    for directory in path.unwrap_or(USUAL_PATH).split(':') {
        match OpenedFile::open_executable(&from(cwd, directory).join(name)) {
            Ok(file) => {
                // What has no `/` would be looked for once more.
                let directory = if directory.is_empty() { "." } else { directory };
                return Ok(Found { file, called: Path::new(directory).join(name) });
            }
            Err(FileProblem::Missing { .. }) => {}
            Err(problem @ (FileProblem::NotExecutable { .. } | FileProblem::NotRegular { .. })) => {
                passed_over.get_or_insert(problem);
            }
            // A directory that this account may not look into is passed over, too; a program is not.
            Err(problem) if rustix::fs::access(cwd.join(directory), rustix::fs::Access::EXEC_OK).is_err() => {
                passed_over.get_or_insert(problem);
            }
            Err(problem) => return Err(problem),
        }
    }
    Err(passed_over.unwrap_or_else(missing))
}

/// A path from a directory, without the `.` that say nothing. At its end, they ask for a directory.
fn from(directory: &Path, path: &str) -> PathBuf {
    let joined = directory.join(path);
    if path.ends_with(['/', '.']) { joined } else { joined.components().collect() }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn program(directory: &Path, name: &str, mode: u32) -> PathBuf {
        fs::create_dir_all(directory).unwrap();
        let path = directory.join(name);
        fs::write(&path, "#!/bin/sh\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        fs::canonicalize(path).unwrap()
    }

    #[test]
    fn names_are_looked_for_as_execvp_does() {
        let place = tempfile::tempdir().unwrap();
        let here = place.path();
        let (plain, first, second) = (
            program(&here.join("plain"), "tool", 0o644),
            program(&here.join("first"), "tool", 0o755),
            program(&here.join("second"), "tool", 0o755),
        );
        fs::create_dir_all(here.join("folder/tool")).unwrap();
        let found =
            |name: &str, path: Option<&str>| resolve(name, here, path).map(|it| it.file.path().to_owned());
        // Relative directories count from the working directory; what cannot run is passed over.
        assert_eq!(found("tool", Some("none:plain:folder:first:second")), Ok(first));
        assert_eq!(found("tool", Some("second:first")), Ok(second));
        let refused = found("tool", Some("plain:none"));
        assert_eq!(refused, Err(FileProblem::NotExecutable { path: here.join("plain/tool") }));
        assert!(matches!(found("tool", Some("folder")), Err(FileProblem::NotRegular { .. })));
        assert!(found("tool", Some("none")).unwrap_err().is_missing());
        assert!(found("tool", None).unwrap_err().is_missing());
        assert!(found("", Some("first")).unwrap_err().is_missing());
        // A path is not looked for, and an empty directory is the working one.
        assert_eq!(
            found("./plain/tool", None),
            Err(FileProblem::NotExecutable { path: here.join("plain/tool") })
        );
        assert!(found("plain/tool/x", Some("first")).unwrap_err().is_missing());
        let own = program(here, "own", 0o755);
        assert_eq!(found(".//own", None), Ok(own.clone()));
        for directory in ["./own/", "./own/.", "./own/.."] {
            assert!(found(directory, None).unwrap_err().is_missing(), "{directory}");
        }
        assert_eq!(found("own", Some("none:")), Ok(own.clone()));
        assert_eq!(found("own", Some("")), Ok(own));
        let _ = plain;
    }

    #[test]
    fn nothing_waits_for_what_is_no_file() {
        let place = tempfile::tempdir().unwrap();
        let fifo = place.path().join("fifo");
        nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).unwrap();
        let refused = resolve("./fifo", place.path(), None).unwrap_err();
        assert_eq!(refused, FileProblem::NotRegular { path: place.path().join("fifo"), kind: "a FIFO" });
        for (device, kind) in [("/dev/null", "a device"), ("/dev", "a directory")] {
            let refused = resolve(device, place.path(), None).unwrap_err();
            assert_eq!(refused, FileProblem::NotRegular { path: device.into(), kind });
        }
    }
}
