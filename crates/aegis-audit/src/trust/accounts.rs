//! The accounts and groups of this machine, read from its own two files.
//!
//! Not through the C library: that would load whatever modules the machine's configuration names. What only a
//! directory service knows is not seen here, and an account without a line in `/etc/passwd` has no group of
//! its own.

use std::fs::File;
use std::io::Read as _;

const USERS: &str = "/etc/passwd";
const GROUPS: &str = "/etc/group";
/// The most that is read of either file, in bytes.
const MOST: u64 = 16 << 20;

/// The name of a user, as this machine's own file has it. `None` where it has none, or cannot be read.
#[must_use]
pub fn user_name(id: u32) -> Option<String> {
    Accounts::read(&text(USERS), "").user_name(id)
}

/// The groups of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Groups {
    /// Its primary one.
    pub(crate) primary: u32,
    /// All of them.
    pub(crate) all: Vec<u32>,
}

/// The groups that a user is in, as this machine's own files have them. `None` where it has no account there.
pub(crate) fn groups_of(id: u32) -> Option<Groups> {
    Accounts::of_this_machine().groups_of(id)
}

/// The lines of `/etc/passwd` and `/etc/group` that make sense.
#[derive(Clone, Debug, Default)]
pub(super) struct Accounts {
    users: Vec<User>,
    groups: Vec<Group>,
}

#[derive(Clone, Debug)]
struct User {
    name: String,
    id: u32,
    group: u32,
}

#[derive(Clone, Debug)]
struct Group {
    name: String,
    id: u32,
    members: Vec<String>,
}

impl Accounts {
    /// Those of this machine; none where the files cannot be read.
    pub(super) fn of_this_machine() -> Accounts {
        Accounts::read(&text(USERS), &text(GROUPS))
    }

    pub(super) fn read(passwd: &str, group: &str) -> Accounts {
        Accounts {
            users: passwd.lines().filter_map(User::of).collect(),
            groups: group.lines().filter_map(Group::of).collect(),
        }
    }

    /// The name of a user.
    pub(super) fn user_name(&self, id: u32) -> Option<String> {
        self.users.iter().find(|user| user.id == id).map(|user| user.name.clone())
    }

    /// The name of a group.
    pub(super) fn group_name(&self, id: u32) -> Option<String> {
        self.groups.iter().find(|group| group.id == id).map(|group| group.name.clone())
    }

    /// The groups that a user is in.
    fn groups_of(&self, id: u32) -> Option<Groups> {
        let user = self.users.iter().find(|user| user.id == id)?;
        let listed = self.groups.iter().filter(|group| group.members.contains(&user.name));
        let mut all: Vec<u32> = listed.map(|group| group.id).chain([user.group]).collect();
        all.sort_unstable();
        all.dedup();
        Some(Groups { primary: user.group, all })
    }

    /// The group that only this user is in: its primary one, of its own name, without other members, and
    /// nobody else's primary one.
    pub(super) fn private_group(&self, id: u32) -> Option<u32> {
        let user = self.users.iter().find(|user| user.id == id)?;
        let mut names = self.groups.iter().filter(|group| group.id == user.group).peekable();
        names.peek()?;
        let is_own = |group: &Group| {
            group.name == user.name && group.members.iter().all(|member| *member == user.name)
        };
        let is_shared = self.users.iter().any(|other| other.id != id && other.group == user.group);
        (names.all(is_own) && !is_shared).then_some(user.group)
    }
}

impl User {
    /// `name:password:id:group:…`
    fn of(line: &str) -> Option<User> {
        let mut fields = line.split(':');
        let name = fields.next().filter(|name| !name.is_empty())?.to_owned();
        let id = fields.nth(1)?.parse().ok()?;
        let group = fields.next()?.parse().ok()?;
        Some(User { name, id, group })
    }
}

impl Group {
    /// `name:password:id:member,member`
    fn of(line: &str) -> Option<Group> {
        let mut fields = line.split(':');
        let name = fields.next().filter(|name| !name.is_empty())?.to_owned();
        let id = fields.nth(1)?.parse().ok()?;
        let members = fields.next().unwrap_or_default().split(',').map(str::trim);
        let members = members.filter(|member| !member.is_empty()).map(str::to_owned).collect();
        Some(Group { name, id, members })
    }
}

/// What is in a file, or nothing: whatever is not known is not trusted.
fn text(path: &str) -> String {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(MOST).read_to_end(&mut bytes));
    read.map(|_| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWD: &str = "root:x:0:0:root:/root:/bin/sh\n\
        ana:x:1000:1000:Ana:/home/ana:/bin/sh\n\
        bo:x:1001:100::/home/bo:/bin/sh\n\
        cy:x:1002:1002::/:/bin/sh\n\
        di:x:1003:1003::/:/bin/sh\n\
        ed:x:1004:1003::/:/bin/sh\n\
        fi:x:1005:1005::/:/bin/sh\n\
        gu:x:1006:1006::/:/bin/sh\n\
        not a line\n+::::::\n";
    const GROUP: &str = "root:x:0:\nana:x:1000:ana\nusers:x:100:\ncy:x:1002:ana\ndi:x:1003:\nfi:x:1005:\n\
        others:x:1005:\nhu:x:1006:\n";

    #[test]
    fn a_group_is_private_only_where_nobody_else_is_in_it() {
        let accounts = Accounts::read(PASSWD, GROUP);
        assert_eq!(accounts.private_group(0), Some(0));
        assert_eq!(accounts.private_group(1000), Some(1000));
        // A shared one, one with a member, one that is another's primary one, one with a second name, one of
        // another name, and an account that is not there.
        for user in [1001, 1002, 1003, 1004, 1005, 1006, 65_000] {
            assert_eq!(accounts.private_group(user), None, "{user}");
        }
        assert_eq!(Accounts::read(PASSWD, "").private_group(1000), None);
        assert_eq!(Accounts::default().private_group(0), None);
    }

    #[test]
    fn this_machine_has_accounts() {
        // Every system of this kind has this one.
        assert_eq!(user_name(0).as_deref(), Some("root"));
        let accounts = Accounts::of_this_machine();
        assert_eq!(accounts.user_name(0).as_deref(), Some("root"));
        assert!(accounts.group_name(0).is_some());
        assert_eq!(groups_of(0).map(|groups| groups.primary), Some(0));
        assert_eq!(text("/no/such/file"), "");
    }

    #[test]
    fn the_groups_of_a_user_are_its_primary_one_and_those_that_list_it() {
        let accounts = Accounts::read(PASSWD, GROUP);
        assert_eq!(accounts.groups_of(1000), Some(Groups { primary: 1000, all: vec![1000, 1002] }));
        assert_eq!(accounts.groups_of(1001), Some(Groups { primary: 100, all: vec![100] }));
        assert_eq!(accounts.groups_of(7), None);
    }

    #[test]
    fn names_are_those_of_the_files() {
        let accounts = Accounts::read(PASSWD, GROUP);
        assert_eq!(accounts.user_name(1001).as_deref(), Some("bo"));
        assert_eq!(accounts.group_name(100).as_deref(), Some("users"));
        assert_eq!((accounts.user_name(7), accounts.group_name(7)), (None, None));
    }
}
