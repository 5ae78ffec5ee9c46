//! Which names are a log's own: what is written there is written into the log, or is taken for a part of it.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use crate::file::{FileIdentity, directory_of};
use crate::trust::MAX_LINKS;

/// What the names of a log's files have behind the log's own name. `SQLite` plays a journal back that it
/// finds beside a database, and deletes it; the lock is Aegis's own.
pub(crate) const SUFFIXES: [&str; 5] = ["", "-wal", "-shm", "-journal", ".lock"];

/// Whether `path` is the log at `log` or a file that belongs to it, by whatever name or link, or is a name
/// that such a file would have: every door through which something is written asks this.
///
/// Names that differ in the case of their letters alone count as one, as they do on some file systems.
#[must_use]
pub fn is_part_of_log(path: &Path, log: &Path) -> bool {
    let (places, logs) = (places(path), places(log));
    let target = identity(path);
    logs.iter().any(|log| {
        SUFFIXES.iter().any(|suffix| {
            let part = log.named(suffix);
            places.iter().any(|place| place.is(&part))
                || target.is_some_and(|target| identity(&part.path()) == Some(target))
        })
    })
}

/// A name in a directory, whether or not something has it.
#[derive(Debug)]
struct Place {
    directory: PathBuf,
    /// What the directory is, however it is spelled or mounted.
    identity: Option<FileIdentity>,
    name: OsString,
}

impl Place {
    fn of(path: &Path) -> Option<Place> {
        let directory = directory_of(path).to_owned();
        Some(Place { identity: identity(&directory), directory, name: path.file_name()?.to_owned() })
    }

    fn path(&self) -> PathBuf {
        self.directory.join(&self.name)
    }

    /// The same with something behind its name.
    fn named(&self, suffix: &str) -> Place {
        let mut name = self.name.clone();
        name.push(suffix);
        Place { directory: self.directory.clone(), identity: self.identity, name }
    }

    fn is(&self, other: &Place) -> bool {
        let same_directory = match (self.identity, other.identity) {
            (Some(one), Some(other)) => one == other,
            // Where there is no directory yet, its spelling is all there is.
            _ => self.directory == other.directory,
        };
        same_directory && same_name(&self.name, &other.name)
    }
}

fn same_name(one: &OsStr, other: &OsStr) -> bool {
    let lower = |name: &OsStr| name.to_string_lossy().to_lowercase();
    one.as_bytes().eq_ignore_ascii_case(other.as_bytes()) || lower(one) == lower(other)
}

/// What a path leads to, if there is something.
fn identity(path: &Path) -> Option<FileIdentity> {
    fs::metadata(path).ok().as_ref().map(FileIdentity::from)
}

/// Where a path leads, link by link: its own place, and that of the target of each symbolic link, of which
/// the last need not be there.
fn places(path: &Path) -> Vec<Place> {
    let (mut found, mut path) = (Vec::new(), path.to_owned());
    for _ in 0..=MAX_LINKS {
        found.extend(Place::of(&path));
        let Ok(target) = fs::read_link(&path) else { break };
        let beside = path.parent().map(Path::to_owned).unwrap_or_default();
        path = beside.join(target);
    }
    found
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn every_name_of_a_log_is_its_own_however_it_is_spelled() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        fs::create_dir(at("real")).unwrap();
        symlink("real", at("link")).unwrap();
        let log = at("real/log.db");
        for there in [false, true] {
            if there {
                fs::write(&log, "").unwrap();
                fs::write(at("real/log.db-wal"), "").unwrap();
                fs::hard_link(&log, at("second")).unwrap();
                assert!(is_part_of_log(&at("second"), &log));
            }
            for suffix in SUFFIXES {
                for name in ["real/log.db", "link/log.db", "real/../real/./log.db", "real/LOG.DB"] {
                    let path = at(&format!("{name}{suffix}"));
                    assert!(is_part_of_log(&path, &log), "{}", path.display());
                    // The log may be named by a link as well.
                    assert!(is_part_of_log(
                        &log.with_file_name(format!("log.db{suffix}")),
                        &at("link/log.db")
                    ));
                }
                let link = at(&format!("to{suffix}{there}"));
                symlink(format!("link/log.db{suffix}"), &link).unwrap();
                let second = at(&format!("second{suffix}{there}"));
                symlink(&link, &second).unwrap();
                assert!(is_part_of_log(&link, &log) && is_part_of_log(&second, &log), "{suffix}");
            }
            for other in ["real/log.db.jsonl", "real/log", "log.db", "real/log.db-journal2", "real/xlog.db"] {
                assert!(!is_part_of_log(&at(other), &log), "{other}");
            }
        }
    }

    #[test]
    fn a_log_that_is_a_link_is_protected_in_both_places() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        symlink("log.db", at("named.db")).unwrap();
        for name in ["named.db-journal", "log.db-journal", "named.db.lock", "log.db"] {
            assert!(is_part_of_log(&at(name), &at("named.db")), "{name}");
        }
        symlink("round", at("round")).unwrap();
        assert!(!is_part_of_log(&at("round"), &at("log.db")), "links in a circle lead nowhere");
    }
}
