//! Programs that do what a file says, or start another program, by their names.

use std::ffi::OsStr;
use std::path::Path;

/// Programs that do what a file says which they are given, by their names without versions.
const INTERPRETERS: &[&str] = &[
    "ansible-playbook",
    "ash",
    "awk",
    "bash",
    "bb",
    "bun",
    "busybox",
    "clojure",
    "dart",
    "dash",
    "deno",
    "elixir",
    "erl",
    "escript",
    "expect",
    "fish",
    "gawk",
    "gdb",
    "groovy",
    "guile",
    "ipython",
    "java",
    "jruby",
    "julia",
    "kotlin",
    "ksh",
    "lua",
    "luajit",
    "mawk",
    "mksh",
    "nawk",
    "node",
    "nodejs",
    "nu",
    "ocaml",
    "octave",
    "original-awk",
    "osh",
    "oksh",
    "pdksh",
    "perl",
    "php",
    "powershell",
    "psql",
    "pwsh",
    "pypy",
    "python",
    "r",
    "racket",
    "rbash",
    "rksh",
    "rscript",
    "ruby",
    "runghc",
    "runhaskell",
    "rzsh",
    "scala",
    "sh",
    "swipl",
    "tclsh",
    "toybox",
    "ts-node",
    "tsx",
    "wish",
    "yash",
    "zsh",
];
/// Programs that start another one with the arguments that they are given.
const STARTERS: &[&str] = &[
    "bwrap",
    "capsh",
    "cgexec",
    "choom",
    "chpst",
    "chroot",
    "chrt",
    "coresched",
    "dbus-launch",
    "dbus-run-session",
    "doas",
    "dumb-init",
    "eatmydata",
    "entr",
    "env",
    "exec",
    "faketime",
    "fakeroot",
    "find",
    "firejail",
    "flock",
    "gosu",
    "hyperfine",
    "ionice",
    "linux",
    "ltrace",
    "nice",
    "nohup",
    "nsenter",
    "numactl",
    "parallel",
    "perf",
    "pkexec",
    "prlimit",
    "proxychains",
    "rlwrap",
    "runcon",
    "runuser",
    "screen",
    "script",
    "setarch",
    "setpriv",
    "setsid",
    "setuidgid",
    "sg",
    "softlimit",
    "ssh-agent",
    "start-stop-daemon",
    "stdbuf",
    "strace",
    "su",
    "su-exec",
    "sudo",
    "systemd-run",
    "taskset",
    "tclkit",
    "time",
    "timeout",
    "tini",
    "tmux",
    "torsocks",
    "unbuffer",
    "unshare",
    "valgrind",
    "watch",
    "xargs",
    "xvfb-run",
];
/// How the names of dynamic loaders begin, each of which starts the program that it is given.
const LOADERS: [&str; 5] = ["ld-linux", "ld-musl", "ld-uclibc", "ld.so", "ld64.so"];

/// Whether a program does what a file says that it is given, or starts another program: by the name that it
/// is called by, or by that of its file.
pub(super) fn does_what_files_say(called: &str, program: &OsStr) -> bool {
    let called = Path::new(called).file_name().unwrap_or_default();
    [called, program].into_iter().any(is_known)
}

fn is_known(name: &OsStr) -> bool {
    let name = name.to_string_lossy().to_ascii_lowercase();
    let bare = name.trim_end_matches(|it: char| it.is_ascii_digit() || matches!(it, '.' | '-' | '_'));
    [name.as_str(), bare].iter().any(|name| INTERPRETERS.contains(name) || STARTERS.contains(name))
        || LOADERS.iter().any(|loader| name.starts_with(loader))
        // As Debian names it beside the library that it is a part of, and as musl does.
        || (name.starts_with("ld-") && name.contains(".so"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interpreters_are_known_with_and_without_versions() {
        for name in
            ["python3", "python3.13", "lua5.4", "ruby3.1", "perl", "sh", "Rscript", "guile-3.0", "php8.2"]
        {
            assert!(is_known(OsStr::new(name)), "{name}");
        }
        for name in ["cat", "git", "shred", "", "3.1", "ld", "ld.bfd"] {
            assert!(!is_known(OsStr::new(name)), "{name}");
        }
    }

    #[test]
    fn what_starts_another_program_is_known() {
        for name in [
            "setpriv",
            "unshare",
            "flock",
            "find",
            "script",
            "xargs",
            "env",
            "parallel",
            "ld-linux-x86-64.so.2",
            "ld-linux-aarch64.so.1",
            "ld-musl-x86_64.so.1",
            "ld-2.31.so",
            "linux32",
        ] {
            assert!(is_known(OsStr::new(name)), "{name}");
            assert!(does_what_files_say("./harmless", OsStr::new(name)), "{name}");
            assert!(does_what_files_say(&format!("/x/{name}"), OsStr::new("harmless")), "{name}");
        }
        assert!(!does_what_files_say("/usr/bin/env/cat", OsStr::new("cat")));
    }
}
