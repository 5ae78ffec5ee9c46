//! A copy of a script that nobody can change any more.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd as _, AsRawFd as _, BorrowedFd, OwnedFd};

use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};
use rustix::io::Errno;

/// A copy that is still being written.
#[derive(Debug)]
pub(super) struct OpenCopy(File);

/// A copy that is as it will always be.
#[derive(Debug)]
pub(super) struct SealedCopy(OwnedFd);

impl OpenCopy {
    /// An empty copy, in memory.
    ///
    /// # Errors
    /// When the system has none to give, or lets nothing be executed that is there alone and this is to be.
    pub(super) fn new(name: &str, is_executed: bool) -> io::Result<OpenCopy> {
        let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
        let executed = if is_executed { MemfdFlags::EXEC } else { MemfdFlags::empty() };
        // Shown to nobody but those who look into `/proc`; the kernel has a limit for it.
        let name: String = name.chars().filter(|it| *it != '\0').take(50).collect();
        let made = match memfd_create(name.as_str(), flags | executed) {
            // An older kernel, to which everything in memory is executable.
            Err(Errno::INVAL) => memfd_create(name.as_str(), flags),
            made => made,
        };
        Ok(OpenCopy(File::from(made?)))
    }

    /// Adds to it.
    pub(super) fn add(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)
    }

    /// From here on, nobody changes it.
    pub(super) fn seal(self) -> io::Result<SealedCopy> {
        fcntl_add_seals(&self.0, SealFlags::WRITE | SealFlags::GROW | SealFlags::SHRINK | SealFlags::SEAL)?;
        Ok(SealedCopy(self.0.into()))
    }
}

impl SealedCopy {
    /// By which path this process, and those that inherit it, open it.
    pub(super) fn self_path(&self) -> String {
        format!("/proc/self/fd/{}", self.0.as_raw_fd())
    }

    /// What is open.
    pub(super) fn held(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_sealed_copy_stays_as_it_is() {
        let mut copy = OpenCopy::new("a script", false).unwrap();
        copy.add(b"#!/bin/sh\n").unwrap();
        let sealed = copy.seal().unwrap();
        let again = fs::File::options().write(true).open(sealed.self_path()).unwrap();
        assert!((&again).write_all(b"#!/bin/no").is_err());
        assert!(again.set_len(0).is_err() && again.set_len(100).is_err());
        assert_eq!(fs::read(sealed.self_path()).unwrap(), b"#!/bin/sh\n");
    }
}
