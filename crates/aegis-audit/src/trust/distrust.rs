//! Why something is not trusted, and which command mends it.

use std::path::{Path, PathBuf};

use aegis_engine::escape;
use nix::unistd::geteuid;
use thiserror::Error;

use crate::trust::accounts::user_name;

/// What a path is to the file whose trust depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The file itself.
    File,
    /// A directory that it is found in, or one above.
    Directory,
    /// A symbolic link that leads to it.
    Link,
}

impl std::fmt::Display for Role {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Role::File => "file",
            Role::Directory => "directory",
            Role::Link => "link",
        })
    }
}

/// Why something is not trusted. The path is the one that was walked, its links resolved.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum Distrust {
    /// Somebody else owns it.
    #[error("`{}` belongs to {owner}", show(path))]
    ForeignOwner {
        /// The file, link or directory.
        path: PathBuf,
        /// What it is.
        role: Role,
        /// Who owns it.
        owner: String,
    },
    /// Its permission bits let others write it.
    #[error("`{}` may be written by others (mode {mode:04o})", show(path))]
    Writable {
        /// The file or directory.
        path: PathBuf,
        /// What it is.
        role: Role,
        /// Its permission bits.
        mode: u32,
    },
    /// Its access control list lets somebody else write it.
    #[error("`{}` may be written by {who}, as its access control list says", show(path))]
    Listed {
        /// The file or directory.
        path: PathBuf,
        /// What it is.
        role: Role,
        /// Who may write it.
        who: String,
    },
    /// It has an access control list that cannot be read.
    #[error("`{}` has an access control list that cannot be read: {problem}", show(path))]
    UnreadableList {
        /// The file or directory.
        path: PathBuf,
        /// What it is.
        role: Role,
        /// What is wrong with it.
        problem: String,
    },
}

impl Distrust {
    /// What it is that is not trusted.
    #[must_use]
    pub const fn role(&self) -> Role {
        match self {
            Distrust::ForeignOwner { role, .. }
            | Distrust::Writable { role, .. }
            | Distrust::Listed { role, .. }
            | Distrust::UnreadableList { role, .. } => *role,
        }
    }

    /// The command that mends it.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
            Distrust::ForeignOwner { path, role: Role::Link, .. } => {
                format!("sudo chown -h {} {}", me(), shell_word(path))
            }
            Distrust::ForeignOwner { path, .. } => format!("sudo chown {} {}", me(), shell_word(path)),
            Distrust::Writable { path, .. } => format!("chmod go-w {}", shell_word(path)),
            Distrust::Listed { path, .. } | Distrust::UnreadableList { path, .. } => {
                format!("setfacl -b {}", shell_word(path))
            }
        }
    }
}

/// The name of the account that this process acts as, or its number.
fn me() -> String {
    let user = geteuid().as_raw();
    user_name(user).unwrap_or_else(|| user.to_string())
}

fn show(path: &Path) -> String {
    escape(&path.to_string_lossy())
}

/// The path as one word for a POSIX shell.
fn shell_word(path: &Path) -> String {
    let text = path.to_string_lossy();
    // What begins so would be an option.
    let text = if text.starts_with('-') { format!("./{text}").into() } else { text };
    let plain = |character: char| character.is_ascii_alphanumeric() || "/._-+,@%".contains(character);
    if !text.is_empty() && text.chars().all(plain) {
        return text.into_owned();
    }
    format!("'{}'", escape(&text).replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_quote_what_a_shell_would_take_apart() {
        assert_eq!(shell_word(Path::new("/a/policy.yaml")), "/a/policy.yaml");
        assert_eq!(shell_word(Path::new("a b")), "'a b'");
        assert_eq!(shell_word(Path::new("it's")), r"'it'\''s'");
        assert_eq!(shell_word(Path::new("-R")), "./-R");
    }

    #[test]
    fn each_reason_names_the_command_that_mends_it() {
        let path = || PathBuf::from("/a b");
        let who = || "somebody".to_owned();
        let help = |distrust: Distrust| distrust.help();
        let role = Role::Directory;
        assert_eq!(help(Distrust::Writable { path: path(), role, mode: 0o777 }), "chmod go-w '/a b'");
        assert_eq!(help(Distrust::Listed { path: path(), role, who: who() }), "setfacl -b '/a b'");
        assert_eq!(
            help(Distrust::UnreadableList { path: path(), role, problem: who() }),
            "setfacl -b '/a b'"
        );
        assert!(help(Distrust::ForeignOwner { path: path(), role, owner: who() }).starts_with("sudo chown "));
        let link = Distrust::ForeignOwner { path: path(), role: Role::Link, owner: who() };
        let user = geteuid().as_raw();
        let name = user_name(user).unwrap_or_else(|| user.to_string());
        assert_eq!(link.help(), format!("sudo chown -h {name} '/a b'"));
        let words = [Role::File, Role::Directory, Role::Link].map(|role| role.to_string());
        assert_eq!(words, ["file", "directory", "link"]);
    }
}
