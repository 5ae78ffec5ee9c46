//! Who may write what: files and directories that are believed only where nobody else could have changed
//! them.
//!
//! Whoever can write a policy or a log, or exchange it in its directory or in one above, decides what agents
//! may do and what is known of it. So a path is walked step by step, each step on the opened handle of the
//! one before, and each thing on the way must belong to root or to the caller and be writable by nobody else:
//! every directory from the root, every symbolic link, and the file itself. Entries of an access control list
//! count, and a group only where it is the caller's own and holds nobody else. In a sticky directory others
//! can exchange neither what is the caller's own nor a directory of root's, so that it may be open to them.
//!
//! The default access control list of a directory is not looked at: what it gives to new files is bounded by
//! the permissions that they are made with, and their own lists are looked at whenever they are used.

mod access_list;
mod accounts;
mod caller;
mod distrust;
mod user_namespace;
mod walk;

pub use accounts::user_name;
pub(crate) use accounts::{Groups, groups_of};
pub use distrust::{Distrust, Role};
pub use user_namespace::is_in_first_user_namespace;
pub(crate) use walk::MAX_LINKS;
pub use walk::{WalkError, directory, file};
