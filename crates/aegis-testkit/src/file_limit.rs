//! Commands whose files may not grow, as if the disk were full.

use std::process::{Command, Stdio};

/// The command, none of whose files may become larger than so many blocks of 512 bytes: a write beyond is an
/// error. It has the variables that the command sets beside the environment of this process, from which
/// [`Command::env_clear`] frees it.
pub fn limited(command: &Command, blocks: usize) -> Command {
    let mut shell = Command::new("/bin/sh");
    // Without the signal, a write beyond the limit is an error like that of a full disk.
    shell.args(["-c", &format!("ulimit -f {blocks}; trap '' XFSZ; exec \"$0\" \"$@\"")]);
    shell.arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    if let Some(directory) = command.get_current_dir() {
        shell.current_dir(directory);
    }
    shell.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    shell
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_ends_where_its_limit_is_and_the_writer_is_told() {
        let directory = tempfile::tempdir().unwrap();
        let mut command = Command::new("/bin/sh");
        command.args(["-c", "head -c 2000 /dev/zero >\"$NAME\""]).env("NAME", "file").current_dir(&directory);
        for (blocks, length, told) in [(2, 1024, true), (4, 2000, false)] {
            let output = limited(&command, blocks).output().unwrap();
            assert_eq!(std::fs::metadata(directory.path().join("file")).unwrap().len(), length);
            assert_eq!((!output.status.success(), !output.stderr.is_empty()), (told, told), "{output:?}");
        }
    }
}
