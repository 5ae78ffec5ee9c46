//! POSIX access control lists, as the kernel gives them: the attribute `system.posix_acl_access`.

use std::os::fd::AsFd;

use rustix::io::Errno;

/// The most that the kernel gives of an attribute, in bytes.
const MOST: usize = 64 << 10;
/// The version of the format, which begins the attribute.
const VERSION: u32 = 2;
/// The permission to write.
const WRITE: u16 = 2;

/// Whom an entry of a list is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holder {
    /// The owner.
    Owner,
    /// This user.
    User(u32),
    /// The owning group.
    OwningGroup,
    /// This group.
    Group(u32),
    /// Everybody else.
    Others,
}

/// A list: whom it lets write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct AccessList {
    writers: Vec<Holder>,
}

impl AccessList {
    /// The list of an open file or directory. `None` where it has none, or its file system knows none.
    ///
    /// # Errors
    /// When there is one that cannot be read or makes no sense. The text says why.
    pub(super) fn of(file: impl AsFd) -> Result<Option<AccessList>, String> {
        let mut bytes = vec![0; MOST];
        let length = match rustix::fs::fgetxattr(file, "system.posix_acl_access", bytes.as_mut_slice()) {
            Ok(length) => length,
            Err(Errno::NODATA | Errno::OPNOTSUPP) => return Ok(None),
            Err(error) => return Err(error.to_string()),
        };
        let list = bytes.get(..length).and_then(AccessList::read);
        list.map(Some).ok_or_else(|| "it makes no sense".to_owned())
    }

    /// Whom it lets write, the mask regarded.
    pub(super) fn writers(&self) -> &[Holder] {
        &self.writers
    }

    /// Reads the attribute: a version, then entries of a tag, permissions and an id, all little-endian.
    fn read(bytes: &[u8]) -> Option<AccessList> {
        let (version, entries) = bytes.split_first_chunk::<4>()?;
        if u32::from_le_bytes(*version) != VERSION {
            return None;
        }
        let mut writers = Vec::new();
        let (mut mask, mut seen) = (None, [0_u32; 3]);
        let (entries, rest) = entries.as_chunks::<8>();
        for [tag_low, tag_high, low, high, id @ ..] in entries {
            let (tag, permissions) =
                (u16::from_le_bytes([*tag_low, *tag_high]), u16::from_le_bytes([*low, *high]));
            let id = u32::from_le_bytes(*id);
            if permissions > 7 {
                return None;
            }
            let [owners, groups, others] = &mut seen;
            let holder = match tag {
                0x01 => (Holder::Owner, Some(owners)),
                0x02 => (Holder::User(id), None),
                0x04 => (Holder::OwningGroup, Some(groups)),
                0x08 => (Holder::Group(id), None),
                0x10 if mask.is_none() => {
                    mask = Some(permissions);
                    continue;
                }
                0x20 => (Holder::Others, Some(others)),
                _ => return None,
            };
            if let (_, Some(count)) = holder {
                *count += 1;
            }
            if permissions & WRITE != 0 {
                writers.push(holder.0);
            }
        }
        let is_extended = writers.iter().any(|writer| matches!(writer, Holder::User(_) | Holder::Group(_)));
        if !rest.is_empty() || seen != [1; 3] || (is_extended && mask.is_none()) {
            return None;
        }
        // The mask bounds everybody but the owner and the others.
        if mask.is_some_and(|mask| mask & WRITE == 0) {
            writers.retain(|writer| matches!(writer, Holder::Owner | Holder::Others));
        }
        Some(AccessList { writers })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An attribute with these tags, permissions and ids.
    fn attribute(entries: &[(u16, u16, u32)]) -> Vec<u8> {
        let mut bytes = VERSION.to_le_bytes().to_vec();
        for (tag, permissions, id) in entries {
            bytes.extend(tag.to_le_bytes());
            bytes.extend(permissions.to_le_bytes());
            bytes.extend(id.to_le_bytes());
        }
        bytes
    }

    const NONE: u32 = u32::MAX;
    const PLAIN: [(u16, u16, u32); 3] = [(1, 6, NONE), (4, 4, NONE), (0x20, 4, NONE)];

    #[test]
    fn named_users_and_groups_write_where_the_mask_lets_them() {
        let with = |mask| [&PLAIN[..], &[(2, 6, 1001), (8, 2, 50), (8, 4, 51), (0x10, mask, NONE)]].concat();
        let list = AccessList::read(&attribute(&with(7))).unwrap();
        assert_eq!(list.writers(), [Holder::Owner, Holder::User(1001), Holder::Group(50)]);
        assert_eq!(AccessList::read(&attribute(&with(4))).unwrap().writers(), [Holder::Owner]);
    }

    #[test]
    fn without_a_mask_the_group_writes_as_its_entry_says() {
        let entries = [(1, 6, NONE), (4, 6, NONE), (0x20, 6, NONE)];
        let list = AccessList::read(&attribute(&entries)).unwrap();
        assert_eq!(list.writers(), [Holder::Owner, Holder::OwningGroup, Holder::Others]);
    }

    #[test]
    fn what_makes_no_sense_is_not_read() {
        assert!(AccessList::read(&attribute(&PLAIN)).is_some());
        let whole = attribute(&PLAIN);
        for length in 0..whole.len() {
            assert_eq!(AccessList::read(&whole[..length]), None, "{length}");
        }
        let mut other = whole.clone();
        other[0] = 3;
        assert_eq!(AccessList::read(&other), None);
        let more: [&[(u16, u16, u32)]; 5] = [
            &[(1, 6, NONE)],
            &[(2, 6, 1001)],
            &[(0x10, 7, NONE), (0x10, 7, NONE)],
            &[(0x40, 6, NONE)],
            &[(2, 8, 1001), (0x10, 7, NONE)],
        ];
        for entries in more {
            assert_eq!(AccessList::read(&attribute(&[&PLAIN, entries].concat())), None, "{entries:?}");
        }
    }
}
