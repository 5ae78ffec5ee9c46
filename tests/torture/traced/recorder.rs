//! Writes down what traced programs do to the files of a directory, in the order in which it took effect, and
//! what they answered meanwhile. Injects faults.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use nix::libc;
use nix::unistd::Pid;

use super::system_call;
use super::tracer::{Call, Verdict, Watcher};
use crate::claim::Claim;

/// Which file it is, whatever it is called.
pub(crate) type FileNumber = usize;
/// Which names lead to which files.
pub(crate) type Names = BTreeMap<String, FileNumber>;

/// Something that a program did, or said.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// A new, empty file got a name.
    Create {
        name: String,
        file: FileNumber,
    },
    Unlink {
        name: String,
    },
    Rename {
        from: String,
        to: String,
    },
    Write {
        file: FileNumber,
        offset: usize,
        data: Vec<u8>,
    },
    Truncate {
        file: FileNumber,
        length: usize,
    },
    /// All that was done to a file before step `before` is to be on disk, or failed to get there.
    Sync {
        file: FileNumber,
        before: usize,
        done: bool,
    },
    /// The same for the names in the directory.
    SyncNames {
        before: usize,
        done: bool,
    },
    /// Somebody was told that an action is allowed.
    Told {
        claim: Claim,
    },
}

impl Step {
    /// Does to the names of files what the step did to them.
    pub(crate) fn rename(&self, names: &mut Names) {
        match self {
            Step::Create { name, file } => drop(names.insert(name.clone(), *file)),
            Step::Unlink { name } => drop(names.remove(name)),
            Step::Rename { from, to } => {
                let file = names.remove(from);
                names.extend(file.map(|file| (to.clone(), file)));
            }
            _ => {}
        }
    }
}

/// Decides what becomes of a call, from its place among the calls that have to do with files.
pub(crate) type Plan<'a> = Box<dyn FnMut(usize, &Point) -> Verdict + 'a>;

/// A call that has to do with files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Point {
    pub(crate) name: &'static str,
    /// The path or the file that it is about, without the directory, as far as it was looked up.
    pub(crate) about: String,
}

/// What a directory held when a recording began.
pub(crate) type Content = BTreeMap<String, (FileNumber, Vec<u8>)>;

pub(crate) struct Recorder<'a> {
    directory: PathBuf,
    pub(crate) before: Content,
    pub(crate) steps: Vec<Step>,
    pub(crate) points: Vec<Point>,
    pub(crate) plan: Plan<'a>,
    /// By their inodes.
    files: HashMap<u64, FileNumber>,
    count: FileNumber,
    inside: HashMap<Pid, Inside>,
    told: HashSet<Claim>,
    /// The beginning of a line that each program has answered so far.
    lines: HashMap<usize, Vec<u8>>,
}

/// What a call that was entered is about.
enum Inside {
    Open { path: PathBuf, there: bool, truncates: bool },
    Write { file: FileNumber, descriptor: u64, offset: Option<usize>, data: Vec<u8> },
    Truncate { file: FileNumber, length: usize },
    Sync { file: FileNumber, before: usize },
    SyncNames { before: usize },
    Unlink { name: String },
    Rename { from: String, to: String },
}

impl<'a> Recorder<'a> {
    pub(crate) fn new(directory: &Path) -> Recorder<'a> {
        Recorder::with_plan(directory, Box::new(|_, _| Verdict::Proceed))
    }

    pub(crate) fn with_plan(directory: &Path, plan: Plan<'a>) -> Recorder<'a> {
        let directory = directory.canonicalize().unwrap();
        let mut recorder = Recorder {
            directory,
            before: Content::new(),
            steps: Vec::new(),
            points: Vec::new(),
            plan,
            files: HashMap::new(),
            count: 0,
            inside: HashMap::new(),
            told: HashSet::new(),
            lines: HashMap::new(),
        };
        for entry in fs::read_dir(&recorder.directory).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            if is_kept(&name) && entry.metadata().unwrap().is_file() {
                let file = recorder.number(entry.metadata().unwrap().ino());
                recorder.before.insert(name, (file, fs::read(entry.path()).unwrap()));
            }
        }
        recorder
    }

    /// What callers were told, with the number of steps before it.
    pub(crate) fn claims(&self) -> impl Iterator<Item = (usize, &Claim)> {
        self.steps.iter().enumerate().filter_map(|(step, done)| match done {
            Step::Told { claim } => Some((step, claim)),
            _ => None,
        })
    }

    /// Whether there is, or ever was, a file of this name.
    pub(crate) fn knows(&self, name: &str) -> bool {
        let creates = |step: &Step| matches!(step, Step::Create { name: made, .. } if made == name);
        self.before.contains_key(name) || self.steps.iter().any(creates)
    }

    fn number(&mut self, inode: u64) -> FileNumber {
        self.count += 1;
        self.files.insert(inode, self.count);
        self.count
    }

    /// A path as the process means it.
    fn path(&self, call: &Call, directory: u64, address: u64) -> PathBuf {
        let text = PathBuf::from(call.text(address));
        let at_current = int(directory) == libc::AT_FDCWD;
        let link = if at_current {
            format!("/proc/{}/cwd", call.thread)
        } else {
            format!("/proc/{}/fd/{directory}", call.thread)
        };
        fs::read_link(link).unwrap_or_else(|_| self.directory.clone()).join(text)
    }

    /// The name of a file in the directory, if it is one that counts.
    fn name_of(&self, path: &Path) -> Option<String> {
        let name = path.file_name()?.to_str()?;
        (path.parent() == Some(&self.directory) && is_kept(name)).then(|| name.to_owned())
    }

    fn about(&self, path: &Path) -> String {
        let path = path.strip_prefix(&self.directory).unwrap_or(path);
        path.display().to_string()
    }

    /// What a call is about: for people, and for the record.
    fn look(&mut self, call: &Call, name: &str) -> (String, Option<Inside>) {
        let [a, b, c, d, ..] = call.arguments;
        let current = i64::from(libc::AT_FDCWD).cast_unsigned();
        match name {
            "openat" => self.look_at_open(self.path(call, a, b), c),
            "open" => self.look_at_open(self.path(call, current, a), b),
            "unlink" => self.look_at_unlink(&self.path(call, current, a)),
            "unlinkat" => self.look_at_unlink(&self.path(call, a, b)),
            "rename" => self.look_at_rename(&self.path(call, current, a), &self.path(call, current, b)),
            "renameat" | "renameat2" => self.look_at_rename(&self.path(call, a, b), &self.path(call, c, d)),
            "read" | "pread64" | "write" | "pwrite64" | "fsync" | "fdatasync" | "ftruncate" | "flock"
            | "fcntl" | "writev" | "pwritev" | "fallocate" | "copy_file_range" => {
                self.look_at_file(call, name)
            }
            "stat" | "lstat" | "access" | "readlink" | "statfs" | "creat" => {
                (self.about(&self.path(call, current, a)), None)
            }
            "newfstatat" | "statx" | "faccessat" | "faccessat2" => (self.about(&self.path(call, a, b)), None),
            _ => (String::new(), None),
        }
    }

    fn look_at_open(&self, path: PathBuf, flags: u64) -> (String, Option<Inside>) {
        let about = self.about(&path);
        let flags = int(flags);
        let changes = flags & (libc::O_CREAT | libc::O_TRUNC) != 0;
        let there = fs::symlink_metadata(&path).is_ok();
        let truncates = flags & libc::O_TRUNC != 0;
        let inside = self.name_of(&path).filter(|_| changes);
        (about, inside.map(|_| Inside::Open { path, there, truncates }))
    }

    fn look_at_unlink(&self, path: &Path) -> (String, Option<Inside>) {
        (self.about(path), self.name_of(path).map(|name| Inside::Unlink { name }))
    }

    fn look_at_rename(&self, from: &Path, to: &Path) -> (String, Option<Inside>) {
        let names = self.name_of(from).zip(self.name_of(to));
        (self.about(from), names.map(|(from, to)| Inside::Rename { from, to }))
    }

    fn look_at_file(&mut self, call: &Call, name: &str) -> (String, Option<Inside>) {
        let [descriptor, b, c, d, ..] = call.arguments;
        let link = format!("/proc/{}/fd/{descriptor}", call.thread);
        let path = fs::read_link(&link).unwrap_or_default();
        let about = self.about(&path);
        if name == "fcntl" {
            return (format!("{about}{}", if releases_lock(call) { RELEASE } else { "" }), None);
        }
        let before = self.steps.len();
        let size = |number: u64| usize::try_from(number).unwrap();
        if descriptor == 1 && name == "write" {
            let data = call.bytes(b, c);
            self.answered(call.program, &data);
            return ("standard output".to_owned(), None);
        }
        if path == self.directory && ["fsync", "fdatasync"].contains(&name) {
            return (about, Some(Inside::SyncNames { before }));
        }
        let file = fs::metadata(&link).ok().and_then(|metadata| self.files.get(&metadata.ino()).copied());
        let Some(file) = file else { return (about, None) };
        let inside = match name {
            "write" => Inside::Write { file, descriptor, offset: None, data: call.bytes(b, c) },
            "pwrite64" => Inside::Write { file, descriptor, offset: Some(size(d)), data: call.bytes(b, c) },
            "ftruncate" => Inside::Truncate { file, length: size(b) },
            "fsync" | "fdatasync" => Inside::Sync { file, before },
            "writev" | "pwritev" | "fallocate" | "copy_file_range" => {
                panic!("{name} on {about} is not known to this recorder")
            }
            _ => return (about, None),
        };
        (about, Some(inside))
    }

    fn answered(&mut self, program: usize, data: &[u8]) {
        let line = self.lines.entry(program).or_default();
        line.extend(data);
        while let Some(end) = line.iter().position(|byte| *byte == b'\n') {
            let rest = line.split_off(end + 1);
            let claim = Claim::of(&String::from_utf8_lossy(line));
            *line = rest;
            // What could not be written the first time is written again.
            let claim = claim.filter(|claim| self.told.insert(claim.clone()));
            self.steps.extend(claim.map(|claim| Step::Told { claim }));
        }
    }

    fn opened(&mut self, path: &Path, there: bool, truncates: bool) {
        let Ok(metadata) = fs::symlink_metadata(path) else { return };
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        // Somebody else may have made it while this one was on its way.
        let known =
            self.files.get(&metadata.ino()).copied().filter(|file| self.names().get(&name) == Some(file));
        match known {
            Some(file) if truncates => self.steps.push(Step::Truncate { file, length: 0 }),
            Some(_) => {}
            None if there && !truncates => {}
            None => {
                let file = self.number(metadata.ino());
                self.steps.push(Step::Create { name, file });
            }
        }
    }

    /// Which files have names now.
    fn names(&self) -> Names {
        let mut names: Names = self.before.iter().map(|(name, (file, _))| (name.clone(), *file)).collect();
        for step in &self.steps {
            step.rename(&mut names);
        }
        names
    }
}

impl Watcher for Recorder<'_> {
    fn entered(&mut self, call: &Call) -> Verdict {
        // A call that was only pretended did not return.
        self.inside.remove(&call.thread);
        let Some(name) = system_call::name(call.number) else { return Verdict::Proceed };
        let (about, inside) = self.look(call, name);
        let point = Point { name, about };
        let verdict = (self.plan)(self.points.len(), &point);
        self.points.push(point);
        if let Some(inside) = inside {
            self.inside.insert(call.thread, inside);
        }
        verdict
    }

    fn returned(&mut self, call: &Call, result: i64) {
        let Some(inside) = self.inside.remove(&call.thread) else { return };
        let succeeded = result >= 0;
        match inside {
            // It was not tried, and whoever tries again succeeds.
            Inside::Sync { .. } if result == -i64::from(libc::EINTR) => {}
            Inside::Sync { file, before } => {
                self.steps.push(Step::Sync { file, before, done: succeeded });
            }
            Inside::SyncNames { before } => self.steps.push(Step::SyncNames { before, done: succeeded }),
            _ if !succeeded => {}
            Inside::Open { path, there, truncates } => self.opened(&path, there, truncates),
            Inside::Write { file, descriptor, offset, mut data } => {
                let length = usize::try_from(result).unwrap();
                data.truncate(length);
                let offset = offset.unwrap_or_else(|| position(call, descriptor) - length);
                self.steps.push(Step::Write { file, offset, data });
            }
            Inside::Truncate { file, length } => self.steps.push(Step::Truncate { file, length }),
            Inside::Unlink { name } => self.steps.push(Step::Unlink { name }),
            Inside::Rename { from, to } => self.steps.push(Step::Rename { from, to }),
        }
    }
}

/// What is said of a call that gives a lock back.
pub(crate) const RELEASE: &str = " (release)";

fn releases_lock(call: &Call) -> bool {
    let [_, command, lock, ..] = call.arguments;
    let unlock = i16::try_from(libc::F_UNLCK).unwrap();
    int(command) == libc::F_SETLK && call.bytes(lock, 2) == unlock.to_ne_bytes()
}

/// An argument that is an `int`: the upper half of the register means nothing.
fn int(argument: u64) -> i32 {
    u32::try_from(argument & u64::from(u32::MAX)).unwrap().cast_signed()
}

/// Where a process is in a file.
fn position(call: &Call, descriptor: u64) -> usize {
    let text = fs::read_to_string(format!("/proc/{}/fdinfo/{descriptor}", call.thread)).unwrap();
    text.lines().find_map(|line| line.strip_prefix("pos:")).unwrap().trim().parse().unwrap()
}

/// Whether what is in a file outlives a crash: not so the index of a write-ahead log, which is made anew.
fn is_kept(name: &str) -> bool {
    !name.ends_with("-shm")
}
