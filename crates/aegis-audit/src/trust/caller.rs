//! Whose word counts: root's and the caller's own.

use std::cell::OnceCell;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use aegis_engine::escape;
use nix::errno::Errno;
use nix::fcntl::{OFlag, openat};
use nix::sys::stat::{FileStat, Mode, SFlag};
use nix::unistd::geteuid;

use crate::trust::access_list::{AccessList, Holder};
use crate::trust::accounts::Accounts;
use crate::trust::distrust::{Distrust, Role};

/// A file, directory or link that was opened, and what it was then.
pub(super) struct Found<'a> {
    pub(super) path: &'a Path,
    pub(super) handle: BorrowedFd<'a>,
    pub(super) stat: &'a FileStat,
}

/// The account that this process acts as, and the machine's accounts, read when they are first needed.
pub(super) struct Caller {
    user: u32,
    accounts: OnceCell<Accounts>,
}

impl Caller {
    /// The effective user.
    pub(super) fn current() -> Caller {
        Caller { user: geteuid().as_raw(), accounts: OnceCell::new() }
    }

    /// Trusts what belongs to root or the caller and is writable by nobody else.
    pub(super) fn trusts(&self, found: &Found<'_>, role: Role) -> Result<(), Distrust> {
        let path = || found.path.to_owned();
        if !self.owns(found.stat) {
            return Err(Distrust::ForeignOwner {
                path: path(),
                role,
                owner: self.user_name(found.stat.st_uid),
            });
        }
        // A link has no permissions of its own.
        if role == Role::Link {
            return Ok(());
        }
        let mode = Mode::from_bits_truncate(found.stat.st_mode);
        let writable = || Distrust::Writable { path: path(), role, mode: found.stat.st_mode & 0o7777 };
        if mode.contains(Mode::S_IWOTH) {
            return Err(writable());
        }
        // With a list, the group's bits are its mask: without them, no entry of it lets anybody write.
        if !mode.contains(Mode::S_IWGRP) {
            return Ok(());
        }
        let list = list_of(found.handle, role);
        let list = list.map_err(|problem| Distrust::UnreadableList { path: path(), role, problem })?;
        let writers = list.as_ref().map_or(&[Holder::OwningGroup][..], AccessList::writers);
        for writer in writers {
            match *writer {
                Holder::Owner => {}
                Holder::User(user) if user == 0 || user == self.user => {}
                Holder::OwningGroup if self.is_private(found.stat.st_gid) => {}
                Holder::Group(group) if self.is_private(group) => {}
                Holder::User(user) => {
                    return Err(Distrust::Listed { path: path(), role, who: self.user_name(user) });
                }
                Holder::Group(group) => {
                    return Err(Distrust::Listed { path: path(), role, who: self.group_name(group) });
                }
                Holder::OwningGroup | Holder::Others => return Err(writable()),
            }
        }
        Ok(())
    }

    /// Trusts a directory with regard to what is found in it.
    pub(super) fn trusts_way_to(&self, directory: &Found<'_>, child: &FileStat) -> Result<(), Distrust> {
        let is_directory = SFlag::from_bits_truncate(child.st_mode & SFlag::S_IFMT.bits()) == SFlag::S_IFDIR;
        // Of root's, a file or a link could be another name of it, which anybody may make; a directory has
        // only one.
        let stays = child.st_uid == self.user || (child.st_uid == 0 && is_directory);
        if stays && self.keeps(directory) { Ok(()) } else { self.trusts(directory, Role::Directory) }
    }

    /// Trusts a directory for files that are looked at one by one.
    pub(super) fn trusts_place(&self, directory: &Found<'_>) -> Result<(), Distrust> {
        if self.keeps(directory) { Ok(()) } else { self.trusts(directory, Role::Directory) }
    }

    /// Whether it is a sticky directory, in which nobody but its owner and theirs can exchange files.
    fn keeps(&self, directory: &Found<'_>) -> bool {
        Mode::from_bits_truncate(directory.stat.st_mode).contains(Mode::S_ISVTX) && self.owns(directory.stat)
    }

    fn owns(&self, stat: &FileStat) -> bool {
        stat.st_uid == self.user || stat.st_uid == 0
    }

    fn is_private(&self, group: u32) -> bool {
        self.accounts().private_group(self.user) == Some(group)
    }

    fn accounts(&self) -> &Accounts {
        self.accounts.get_or_init(Accounts::of_this_machine)
    }

    fn user_name(&self, id: u32) -> String {
        let name = self.accounts().user_name(id);
        name.map_or_else(|| format!("user {id}"), |name| format!("`{}`", escape(&name)))
    }

    fn group_name(&self, id: u32) -> String {
        let name = self.accounts().group_name(id);
        name.map_or_else(|| format!("group {id}"), |name| format!("group `{}`", escape(&name)))
    }
}

/// The list of what was opened. A directory may have been opened by its place alone, which gives no list.
fn list_of(handle: BorrowedFd<'_>, role: Role) -> Result<Option<AccessList>, String> {
    if role != Role::Directory {
        return AccessList::of(handle);
    }
    AccessList::of(reopened(handle).map_err(|errno| errno.desc().to_owned())?.as_fd())
}

/// The directory of this place, opened to be read. Nothing else has a `.` in it.
fn reopened(place: BorrowedFd<'_>) -> Result<OwnedFd, Errno> {
    openat(place, ".", OFlag::O_RDONLY | OFlag::O_CLOEXEC, Mode::empty())
}

#[cfg(test)]
mod tests;
