use std::fs;
use std::path::PathBuf;

use super::*;

/// A directory with a few files, each of which holds its name.
fn place() -> (tempfile::TempDir, PathBuf) {
    let place = tempfile::tempdir().unwrap();
    let here = fs::canonicalize(place.path()).unwrap();
    for name in ["ignore", "m.py", "s.sh", "two words", "a:b", "-x", "a.jar", "b.jar"] {
        fs::write(here.join(name), name).unwrap();
    }
    std::os::unix::fs::symlink("s.sh", here.join("link")).unwrap();
    fs::create_dir(here.join("directory")).unwrap();
    nix::unistd::mkfifo(&here.join("fifo"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    (place, here)
}

/// The names of the files that a command is given besides its script.
fn names(here: &Path, argv: &[&str], script: Option<usize>) -> Result<Vec<String>, FileProblem> {
    let argv: Vec<_> = argv.iter().map(ToString::to_string).collect();
    let program = Path::new(&argv[0]).file_name().unwrap().to_owned();
    let files = given_files(&argv, &program, here, script)?;
    Ok(files
        .into_iter()
        .map(|(path, sha256)| {
            let name = path.strip_prefix(&format!("{}/", here.display())).unwrap().to_owned();
            assert_eq!(sha256, Digest::of(name.as_bytes()));
            name
        })
        .collect())
}

#[test]
fn every_argument_that_names_a_regular_file_is_given() {
    let (_place, here) = place();
    for (argv, script, expected) in [
        (&["python3", "-W", "ignore", "m.py"][..], Some(2), &["m.py"][..]),
        (&["flock", "ignore", "./s.sh"], Some(1), &["s.sh"]),
        (&["bash", "--rcfile=s.sh"], None, &["s.sh"]),
        (&["bash", "--rcfile", "ignore", "s.sh"], Some(2), &["s.sh"]),
        (&["mawk", "-fs.sh"], None, &["s.sh"]),
        (&["env", "-S", "sh -u s.sh"], None, &["s.sh"]),
        (&["env", "-Ssh s.sh 'm.py'"], None, &["m.py", "s.sh"]),
        (&["timeout", "5", "env", "--split-string=sh s.sh"], None, &["s.sh"]),
        (&["env", "X=m.py", "sh"], None, &["m.py"]),
        (&["setpriv", "--reuid=0", "./s.sh"], Some(2), &[]),
        (&["find", "directory", "-exec", "./s.sh", ";"], None, &["s.sh"]),
        (&["script", "-c", "./s.sh with words"], None, &["s.sh"]),
        (
            &["java", "-cp", "a.jar:b.jar", "-javaagent:a.jar", "Main", "@ignore"],
            None,
            &["a.jar", "b.jar", "ignore"],
        ),
        (&["/lib64/ld-linux-x86-64.so.2", "--preload", "link", "m.py"], Some(3), &["s.sh"]),
        (&["sh", "two words", "a:b", "--", "-x"], None, &["-x", "a:b", "two words"]),
        (&["sh", "fifo", "directory", ".", "/dev/null", "none", "", "s.sh/"], None, &[]),
        // What only the interpreter understands.
        (&["sh", "-c", ". ./s.sh"], None, &[]),
        (&["python3", "-m", "m"], None, &[]),
        // No interpreter, and nothing else that starts another program.
        (&["cat", "m.py"], None, &[]),
    ] {
        assert_eq!(names(&here, argv, script).unwrap(), expected, "{argv:?}");
    }
}

#[test]
fn what_is_too_much_to_be_looked_at_is_refused() {
    let (_place, here) = place();
    let many: Vec<_> = (0..=MOST_FILES).map(|index| format!("file{index}")).collect();
    for name in &many {
        fs::write(here.join(name), name).unwrap();
    }
    let mut argv: Vec<_> = std::iter::once("sh").chain(many.iter().map(String::as_str)).collect();
    let problem = names(&here, &argv, None).unwrap_err();
    assert_eq!(problem.to_string(), "the command is given more than 1000 files");
    assert!(problem.help().is_some());
    argv.pop();
    assert_eq!(names(&here, &argv, None).unwrap().len(), MOST_FILES);
    // The same one, however often it is named, is one.
    let again: Vec<_> = std::iter::once("sh").chain(std::iter::repeat_n("s.sh", 5000)).collect();
    assert_eq!(names(&here, &again, None).unwrap(), ["s.sh"]);

    let large = fs::File::create(here.join("large")).unwrap();
    large.set_len(MOST_BYTES).unwrap();
    let problem = names(&here, &["sh", "a:b", "large"], None).unwrap_err();
    assert_eq!(problem.to_string(), "the files that the command is given have more than 1073741824 bytes");
    assert!(problem.help().is_some());
}
