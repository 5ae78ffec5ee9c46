use std::fs::File;
use std::os::fd::AsFd as _;

use aegis_testkit::{Named, share_by_access_list};
use nix::sys::stat::fstat;
use tempfile::TempDir;

use super::*;

const ANA: u32 = 1000;
/// Has only ana in it.
const HERS: u32 = 1000;
const USERS: u32 = 100;
const STRANGER: u32 = 7;

fn ana() -> Caller {
    let passwd = "root:x:0:0:::\nana:x:1000:1000:::\nbo:x:1001:100:::\n";
    let group = "root:x:0:\nana:x:1000:\nusers:x:100:bo\n";
    Caller { user: ANA, accounts: OnceCell::from(Accounts::read(passwd, group)) }
}

/// A file or a directory that says of itself what a test makes of it.
struct Thing {
    _directory: TempDir,
    path: std::path::PathBuf,
    handle: File,
    stat: FileStat,
}

impl Thing {
    fn file(owner: u32, group: u32, mode: u32) -> Thing {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("thing");
        std::fs::write(&path, "").unwrap();
        Thing::at(directory, path, (owner, group, mode))
    }

    fn directory(owner: u32, group: u32, mode: u32) -> Thing {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().to_owned();
        Thing::at(directory, path, (owner, group, mode))
    }

    fn at(directory: TempDir, path: std::path::PathBuf, (owner, group, mode): (u32, u32, u32)) -> Thing {
        let handle = File::open(&path).unwrap();
        let mut stat = fstat(&handle).unwrap();
        (stat.st_uid, stat.st_gid) = (owner, group);
        stat.st_mode = (stat.st_mode & SFlag::S_IFMT.bits()) | mode;
        Thing { _directory: directory, path, handle, stat }
    }

    fn found(&self) -> Found<'_> {
        Found { path: &self.path, handle: self.handle.as_fd(), stat: &self.stat }
    }
}

#[test]
fn root_and_oneself_may_own_and_nobody_else() {
    for owner in [0, ANA] {
        assert_eq!(ana().trusts(&Thing::file(owner, 0, 0o644).found(), Role::File), Ok(()));
    }
    let found = ana().trusts(&Thing::file(STRANGER, 0, 0o644).found(), Role::File).unwrap_err();
    assert!(matches!(&found, Distrust::ForeignOwner { owner, .. } if owner == "user 7"), "{found}");
    let found = ana().trusts(&Thing::file(1001, 0, 0o644).found(), Role::File).unwrap_err();
    assert!(matches!(&found, Distrust::ForeignOwner { owner, .. } if owner == "`bo`"), "{found}");
}

#[test]
fn a_group_may_write_where_it_is_nobodys_but_ones_own() {
    let judged = |group, mode| ana().trusts(&Thing::file(ANA, group, mode).found(), Role::File);
    assert_eq!(judged(HERS, 0o664), Ok(()));
    assert_eq!(judged(USERS, 0o644), Ok(()));
    for (group, mode) in [(USERS, 0o664), (0, 0o664), (HERS, 0o646), (HERS, 0o666), (USERS, 0o2664)] {
        let found = judged(group, mode).unwrap_err();
        assert!(
            matches!(found, Distrust::Writable { mode: said, .. } if said == mode),
            "{group} {mode:o} {found}"
        );
    }
    // A link has the permissions of nothing.
    assert_eq!(ana().trusts(&Thing::file(ANA, USERS, 0o777).found(), Role::Link), Ok(()));
}

#[test]
fn whoever_a_list_names_is_judged_as_an_owner_is() {
    let listed = |named, directory: bool| {
        let mut thing =
            if directory { Thing::directory(ANA, HERS, 0o775) } else { Thing::file(ANA, HERS, 0o664) };
        if !share_by_access_list(&thing.path, named) {
            return None; // The file system has no such lists.
        }
        thing.stat.st_mode |= Mode::S_IWGRP.bits();
        let role = if directory { Role::Directory } else { Role::File };
        Some(ana().trusts(&thing.found(), role))
    };
    for directory in [false, true] {
        for trusted in [Named::User(0), Named::User(ANA), Named::Group(HERS)] {
            assert_eq!(listed(trusted, directory).unwrap_or(Ok(())), Ok(()), "{directory}");
        }
        for (stranger, name) in [
            (Named::User(STRANGER), "user 7"),
            (Named::User(1001), "`bo`"),
            (Named::Group(USERS), "group `users`"),
            (Named::Group(STRANGER), "group 7"),
        ] {
            let Some(found) = listed(stranger, directory) else { return };
            let found = found.unwrap_err();
            assert!(matches!(&found, Distrust::Listed { who, .. } if who == name), "{found}");
        }
    }
}

#[test]
fn a_sticky_directory_keeps_what_is_ones_own_and_the_directories_of_root() {
    let sticky = Thing::directory(0, 0, 0o1777);
    let way = |place: &Thing, child: &Thing| ana().trusts_way_to(&place.found(), &child.stat);
    assert_eq!(way(&sticky, &Thing::file(ANA, HERS, 0o644)), Ok(()));
    assert_eq!(way(&sticky, &Thing::directory(ANA, HERS, 0o755)), Ok(()));
    assert_eq!(way(&sticky, &Thing::directory(0, 0, 0o755)), Ok(()));
    // Anybody can give a file of root's another name.
    for child in
        [Thing::file(0, 0, 0o644), Thing::file(STRANGER, 0, 0o644), Thing::directory(STRANGER, 0, 0o755)]
    {
        assert!(matches!(way(&sticky, &child), Err(Distrust::Writable { role: Role::Directory, .. })));
    }
    for place in [Thing::directory(0, 0, 0o777), Thing::directory(STRANGER, 0, 0o1777)] {
        assert!(way(&place, &Thing::file(ANA, HERS, 0o644)).is_err());
    }
    assert_eq!(way(&Thing::directory(0, 0, 0o755), &Thing::file(STRANGER, 0, 0o644)), Ok(()));
}

#[test]
fn a_place_for_files_is_sticky_or_nobody_elses() {
    let place = |thing: Thing| ana().trusts_place(&thing.found());
    assert_eq!(place(Thing::directory(ANA, HERS, 0o755)), Ok(()));
    assert_eq!(place(Thing::directory(0, 0, 0o1777)), Ok(()));
    for thing in [
        Thing::directory(ANA, HERS, 0o777),
        Thing::directory(ANA, USERS, 0o775),
        Thing::directory(STRANGER, 0, 0o1777),
        Thing::directory(STRANGER, 0, 0o755),
    ] {
        assert!(place(thing).is_err());
    }
}

#[test]
fn what_a_list_is_read_from_is_a_directory_and_given_to_no_program() {
    let place = tempfile::tempdir().unwrap();
    let opened = reopened(File::open(place.path()).unwrap().as_fd()).unwrap();
    let flags = nix::fcntl::fcntl(&opened, nix::fcntl::FcntlArg::F_GETFD).unwrap();
    assert!(nix::fcntl::FdFlag::from_bits_retain(flags).contains(nix::fcntl::FdFlag::FD_CLOEXEC));
    assert_eq!(fstat(&opened).unwrap().st_ino, fstat(File::open(place.path()).unwrap()).unwrap().st_ino);
    let file = tempfile::tempfile().unwrap();
    assert_eq!(reopened(file.as_fd()).unwrap_err(), Errno::ENOTDIR);
}
