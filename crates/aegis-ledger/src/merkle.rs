//! The Merkle tree over the events' hashes (RFC 6962, section 2.1), computed as they pass by.
//!
//! A tree of *n* leaves is held as the hashes of its perfect subtrees, of which there are as many as *n* has
//! binary ones. That is all that its root, and the root of any longer tree, are computed from.

use aegis_engine::Digest;
use sha2::{Digest as _, Sha256};

/// Over how many leaves a block of the log has its hash: 2 to the power of this.
const BLOCK_LEVEL: u32 = 12;

/// A tree over the leaves so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    /// The hashes of the perfect subtrees, largest (and leftmost) first.
    subtrees: Vec<Digest>,
    /// The hash of the newest perfect subtree that is as large as a block.
    block: Option<Digest>,
}

impl Frontier {
    /// The tree of `size` leaves whose perfect subtrees have these hashes, largest first. `None` if their
    /// number is not that of such a tree.
    #[must_use]
    pub fn from_subtrees(size: u64, subtrees: &[Digest]) -> Option<Frontier> {
        let expected = usize::try_from(size.count_ones()).ok()?;
        let block = None;
        (subtrees.len() == expected).then(|| Frontier { size, subtrees: subtrees.to_vec(), block })
    }

    /// Adds an event's hash as the next leaf.
    pub fn push(&mut self, hash: &Digest) {
        self.push_subtree(0, leaf_hash(hash.as_bytes()));
    }

    /// Adds the hash of a perfect subtree of 2 to the power of `level` leaves, where the tree ends at such a
    /// place.
    fn push_subtree(&mut self, mut level: u32, mut hash: Digest) {
        let added = 1_u64.checked_shl(level).unwrap_or_default();
        // As in binary addition: each one that is carried over joins two subtrees.
        while self.size.checked_shr(level).is_some_and(|rest| rest & 1 == 1) {
            if level == BLOCK_LEVEL {
                self.block = Some(hash);
            }
            let Some(left) = self.subtrees.pop() else { break };
            hash = node_hash(&left, &hash);
            level += 1;
        }
        if level == BLOCK_LEVEL {
            self.block = Some(hash);
        }
        self.subtrees.push(hash);
        self.size = self.size.saturating_add(added);
    }

    /// How many leaves there are.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The hashes of the perfect subtrees, largest first.
    #[must_use]
    pub fn subtrees(&self) -> &[Digest] {
        &self.subtrees
    }

    /// The hash of the tree.
    #[must_use]
    pub fn root(&self) -> Digest {
        fold(&self.subtrees)
    }

    /// The hash of the tree's first `size` leaves, if that can be told from its subtrees alone.
    #[must_use]
    pub fn earlier_root(&self, size: u64) -> Option<Digest> {
        let ones = usize::try_from(size.count_ones()).ok()?;
        let subtrees = self.subtrees.get(..ones)?;
        // The larger subtrees are the leading binary ones of the size.
        let mut leading = 0;
        for level in (0..u64::BITS).rev().filter(|level| self.size >> level & 1 == 1).take(ones) {
            leading |= 1 << level;
        }
        (leading == size).then(|| fold(subtrees))
    }

    /// The hash of the newest full block of the log, at whose end this tree ends.
    #[must_use]
    pub const fn block(&self) -> Option<Digest> {
        self.block
    }
}

fn fold(subtrees: &[Digest]) -> Digest {
    let mut subtrees = subtrees.iter().rev();
    let Some(smallest) = subtrees.next() else { return Digest::of(b"") };
    subtrees.fold(*smallest, |right, left| node_hash(left, &right))
}

/// The hash of a leaf.
fn leaf_hash(leaf: &[u8]) -> Digest {
    finish(Sha256::new().chain_update([0]).chain_update(leaf))
}

/// The hash of two neighbours.
fn node_hash(left: &Digest, right: &Digest) -> Digest {
    finish(Sha256::new().chain_update([1]).chain_update(left.as_bytes()).chain_update(right.as_bytes()))
}

fn finish(hasher: Sha256) -> Digest {
    Digest::from_bytes(hasher.finalize().into())
}

/// Gathers the proof that one leaf is in a tree, while the tree's leaves pass by.
#[derive(Debug)]
pub struct PathGatherer {
    /// The neighbours on the way from the leaf to the root: first leaf, number of leaves, what there is of
    /// them so far.
    siblings: Vec<(u64, u64, Frontier)>,
    next: u64,
}

impl PathGatherer {
    /// For the leaf number `index`, from 0, of a tree of `size` leaves. `None` if it has no such leaf.
    #[must_use]
    pub fn new(index: u64, size: u64) -> Option<PathGatherer> {
        if index >= size {
            return None;
        }
        let (mut first, mut count, mut siblings) = (0, size, Vec::new());
        while count > 1 {
            let left = largest_power_below(count);
            if index - first < left {
                siblings.push((first + left, count - left, Frontier::default()));
                count = left;
            } else {
                siblings.push((first, left, Frontier::default()));
                first += left;
                count -= left;
            }
        }
        siblings.reverse();
        Some(PathGatherer { siblings, next: 0 })
    }

    /// Begins with the leaves of a shorter tree, of which only the subtrees are known. The leaf must not be
    /// among them.
    pub fn begin(&mut self, before: &Frontier) {
        let levels = (0..u64::BITS).rev().filter(|level| before.size() >> level & 1 == 1);
        for (level, hash) in levels.zip(before.subtrees()) {
            self.add(level, *hash);
        }
    }

    /// Takes the next leaf.
    pub fn push(&mut self, hash: &Digest) {
        self.add(0, leaf_hash(hash.as_bytes()));
    }

    fn add(&mut self, level: u32, hash: Digest) {
        let (next, added) = (self.next, 1_u64 << level);
        self.next = next.saturating_add(added);
        let of = self
            .siblings
            .iter_mut()
            .find(|(first, count, _)| (*first..first.saturating_add(*count)).contains(&next));
        if let Some((_, _, frontier)) = of {
            frontier.push_subtree(level, hash);
        }
    }

    /// The neighbours' hashes, nearest to the leaf first; `None` if not all leaves passed by.
    #[must_use]
    pub fn finish(self) -> Option<Vec<Digest>> {
        self.siblings
            .iter()
            .map(|(_, count, frontier)| (frontier.size() == *count).then(|| frontier.root()))
            .collect()
    }
}

/// The largest power of two that is smaller than `count`, which is at least 2.
const fn largest_power_below(count: u64) -> u64 {
    let below = count - 1;
    1 << (u64::BITS - 1 - below.leading_zeros())
}

/// The root that a proof gives for an event's hash as leaf number `index`, from 0, of `size` (RFC 9162,
/// section 2.1.3.2). `None` if such a proof has another length.
#[must_use]
pub fn root_of_path(hash: &Digest, index: u64, size: u64, path: &[Digest]) -> Option<Digest> {
    let mut last = size.checked_sub(1)?;
    if index > last {
        return None;
    }
    let (mut index, mut root) = (index, leaf_hash(hash.as_bytes()));
    for sibling in path {
        if last == 0 {
            return None;
        }
        if index & 1 == 1 || index == last {
            root = node_hash(sibling, &root);
            while index & 1 == 0 && index != 0 {
                index >>= 1;
                last >>= 1;
            }
        } else {
            root = node_hash(&root, sibling);
        }
        index >>= 1;
        last >>= 1;
    }
    (last == 0).then_some(root)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The definition, word for word (RFC 6962, section 2.1).
    fn naive(leaves: &[Vec<u8>]) -> Digest {
        match leaves {
            [] => Digest::of(b""),
            [leaf] => Digest::of(&[&[0], leaf.as_slice()].concat()),
            _ => {
                let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
                let (left, right) = (naive(left), naive(right));
                Digest::of(&[&[1], left.as_bytes().as_slice(), right.as_bytes()].concat())
            }
        }
    }

    /// The audit path (section 2.1.1).
    fn naive_path(index: usize, leaves: &[Vec<u8>]) -> Vec<Digest> {
        if leaves.len() < 2 {
            return Vec::new();
        }
        let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
        let (mut path, sibling) = if index < left.len() {
            (naive_path(index, left), naive(right))
        } else {
            (naive_path(index - left.len(), right), naive(left))
        };
        path.push(sibling);
        path
    }

    fn hex(text: &str) -> Vec<u8> {
        hex::decode(text).unwrap()
    }

    /// The leaves that Certificate Transparency's implementations test with.
    fn known_leaves() -> Vec<Vec<u8>> {
        ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
            .map(hex)
            .into()
    }

    fn frontier_of(leaves: &[Vec<u8>]) -> Frontier {
        let mut frontier = Frontier::default();
        for leaf in leaves {
            frontier.push_subtree(0, leaf_hash(leaf));
        }
        frontier
    }

    #[test]
    fn roots_are_those_of_the_known_vectors() {
        let roots = [
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
            "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        ];
        let leaves = known_leaves();
        for (size, root) in roots.into_iter().enumerate() {
            assert_eq!(frontier_of(&leaves[..size]).root().to_string(), root, "{size}");
        }
    }

    #[test]
    fn paths_are_those_of_the_known_vectors() {
        let leaves = known_leaves();
        for (index, size, expected) in [
            (0, 1, &[][..]),
            (
                0,
                8,
                &[
                    "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                    "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                    "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
                ],
            ),
            (
                5,
                8,
                &[
                    "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                    "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
                ],
            ),
            (2, 3, &["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
            (
                1,
                5,
                &[
                    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                    "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                    "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                ],
            ),
        ] {
            let path: Vec<_> = naive_path(index, &leaves[..size]).iter().map(Digest::to_string).collect();
            assert_eq!(path, expected, "{index} of {size}");
        }
    }

    fn digests(count: usize) -> Vec<Digest> {
        (0..count).map(|number| Digest::of(&number.to_be_bytes())).collect()
    }

    fn as_leaves(digests: &[Digest]) -> Vec<Vec<u8>> {
        digests.iter().map(|digest| digest.as_bytes().to_vec()).collect()
    }

    #[test]
    fn the_hash_of_a_block_is_told_at_its_end() {
        let digests = digests(3 * 4096 + 1);
        let mut frontier = Frontier::default();
        for (index, digest) in digests.iter().enumerate() {
            frontier.push(digest);
            if (index + 1) % 4096 == 0 {
                let block = as_leaves(&digests[index + 1 - 4096..=index]);
                assert_eq!(frontier.block(), Some(naive(&block)), "{index}");
            }
        }
    }

    proptest! {
        #[test]
        fn a_frontier_is_the_tree(count in 0..300_usize, cut in 0..300_usize) {
            let digests = digests(count);
            let mut frontier = Frontier::default();
            for digest in &digests {
                frontier.push(digest);
            }
            prop_assert_eq!(frontier.root(), naive(&as_leaves(&digests)));
            // It goes on from its subtrees as if it had never stopped.
            let cut = cut.min(count);
            let mut begun = Frontier::default();
            for digest in &digests[..cut] {
                begun.push(digest);
            }
            let mut resumed = Frontier::from_subtrees(cut as u64, begun.subtrees()).unwrap();
            for digest in &digests[cut..] {
                resumed.push(digest);
            }
            prop_assert_eq!(resumed.root(), frontier.root());
            prop_assert_eq!(Frontier::from_subtrees(cut as u64 ^ 1, begun.subtrees()), None);
            if let Some(earlier) = frontier.earlier_root(cut as u64) {
                prop_assert_eq!(earlier, begun.root());
            }
            prop_assert_eq!(frontier.earlier_root(count as u64), Some(frontier.root()));
            prop_assert_eq!(frontier.earlier_root(count as u64 + 1), None);
        }

        #[test]
        fn a_path_proves_its_leaf_and_no_other(
            count in 1..200_usize, index in 0..200_usize, cut in 0..200_usize, wrong in any::<prop::sample::Index>(),
        ) {
            let (digests, index) = (digests(count), index % count);
            let leaves = as_leaves(&digests);
            // What came before the leaf may be known by its subtrees alone.
            let cut = cut.min(index);
            let mut before = Frontier::default();
            for digest in &digests[..cut] {
                before.push(digest);
            }
            let mut gatherer = PathGatherer::new(index as u64, count as u64).unwrap();
            gatherer.begin(&before);
            for digest in &digests[cut..] {
                gatherer.push(digest);
            }
            let path = gatherer.finish().unwrap();
            prop_assert_eq!(&path, &naive_path(index, &leaves));
            let root = |digest: &Digest, index: usize, count: usize, path: &[Digest]| {
                root_of_path(digest, index as u64, count as u64, path)
            };
            prop_assert_eq!(root(&digests[index], index, count, &path), Some(naive(&leaves)));
            let other = wrong.index(count);
            if other != index {
                prop_assert_ne!(root(&digests[other], index, count, &path), Some(naive(&leaves)));
                prop_assert_ne!(root(&digests[index], other, count, &path), Some(naive(&leaves)));
            }
            let longer = [path.as_slice(), &[Digest::of(b"")]].concat();
            prop_assert_eq!(root(&digests[index], index, count, &longer), None);
            if let Some((_, shorter)) = path.split_last() {
                prop_assert_eq!(root(&digests[index], index, count, shorter), None);
            }
        }
    }

    #[test]
    fn what_is_not_in_the_tree_has_no_path() {
        assert!(PathGatherer::new(0, 0).is_none() && PathGatherer::new(3, 3).is_none());
        assert_eq!(root_of_path(&Digest::of(b""), 0, 0, &[]), None);
        assert_eq!(root_of_path(&Digest::of(b""), u64::MAX, u64::MAX, &[]), None);
        assert_eq!(PathGatherer::new(2, 5).unwrap().finish(), None);
    }
}
