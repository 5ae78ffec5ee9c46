//! How long answers took, in bounded memory.

use std::collections::BTreeMap;

/// The upper bounds, in milliseconds, of the classes of [`Waits::histogram`]; the last class has none.
pub const WAIT_BOUNDS_MS: [u64; 11] =
    [1_000, 2_000, 5_000, 10_000, 30_000, 60_000, 120_000, 300_000, 600_000, 1_800_000, 3_600_000];

/// Each power of two is divided into so many classes: a quantile is at most 1.6 % off.
const CLASSES_PER_OCTAVE_BITS: u32 = 5;

/// How long answers took, in milliseconds. The smallest and the largest are exact, quantiles are right to
/// within 2 %.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Waits {
    /// How many answers there were.
    pub count: u64,
    /// The quickest.
    pub min_ms: u64,
    /// Half of them were at most so long.
    pub median_ms: u64,
    /// Nine of ten were at most so long.
    pub p90_ms: u64,
    /// 99 of 100 were at most so long.
    pub p99_ms: u64,
    /// The slowest.
    pub max_ms: u64,
    /// How many were at most as long as each of [`WAIT_BOUNDS_MS`] and longer than the one before; then the
    /// rest.
    pub histogram: [u64; 12],
}

/// Collects durations.
#[derive(Clone, Debug, Default)]
pub(super) struct Durations {
    classes: BTreeMap<u16, u64>,
    count: u64,
    min: u64,
    max: u64,
    histogram: [u64; 12],
}

impl Durations {
    pub(super) fn add(&mut self, duration: u64) {
        self.min = if self.count == 0 { duration } else { self.min.min(duration) };
        self.max = self.max.max(duration);
        self.count += 1;
        *self.classes.entry(class_of(duration)).or_default() += 1;
        let place = WAIT_BOUNDS_MS.partition_point(|bound| *bound < duration);
        if let Some(count) = self.histogram.get_mut(place) {
            *count += 1;
        }
    }

    pub(super) fn finish(&self) -> Waits {
        Waits {
            count: self.count,
            min_ms: self.min,
            median_ms: self.quantile(50),
            p90_ms: self.quantile(90),
            p99_ms: self.quantile(99),
            max_ms: self.max,
            histogram: self.histogram,
        }
    }

    /// The smallest duration that at least so many of a hundred do not exceed.
    fn quantile(&self, percent: u64) -> u64 {
        let wanted = u128::from(self.count) * u128::from(percent);
        let mut seen = 0_u128;
        for (class, count) in &self.classes {
            seen += u128::from(*count) * 100;
            if seen >= wanted {
                return middle_of(*class).clamp(self.min, self.max);
            }
        }
        self.max
    }
}

/// The class of a duration: each millisecond its own below 64, and then 32 classes for each power of two.
fn class_of(duration: u64) -> u16 {
    let shift = shift_of(duration);
    let within = duration >> shift;
    u16::try_from((u64::from(shift) << CLASSES_PER_OCTAVE_BITS) + within).unwrap_or(u16::MAX)
}

const fn shift_of(duration: u64) -> u32 {
    (u64::BITS - duration.leading_zeros()).saturating_sub(CLASSES_PER_OCTAVE_BITS + 1)
}

/// The duration in the middle of a class.
fn middle_of(class: u16) -> u64 {
    let class = u64::from(class);
    let octave = (class >> CLASSES_PER_OCTAVE_BITS).saturating_sub(1);
    let within = class - (octave << CLASSES_PER_OCTAVE_BITS);
    (within << octave).saturating_add((1_u64 << octave) >> 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_holds_what_is_near_its_middle() {
        let mut previous = 0;
        for duration in (0..200_000).chain((18..63).map(|bits| (1 << bits) + 12_345)) {
            let class = class_of(duration);
            assert!(class >= previous, "{duration}");
            previous = class;
            let middle = middle_of(class);
            assert!(middle.abs_diff(duration) * 50 <= duration, "{duration} {middle}");
            assert_eq!(class_of(middle), class, "{duration}");
        }
        assert_eq!(class_of(u64::MAX), class_of(u64::MAX - 1));
        assert!(middle_of(class_of(u64::MAX)) > u64::MAX / 50 * 49);
    }

    #[test]
    fn quantiles_are_those_of_the_ranks() {
        let mut durations = Durations::default();
        assert_eq!(durations.finish(), Waits::default());
        durations.add(1500);
        let one = durations.finish();
        assert_eq!((one.min_ms, one.median_ms, one.p99_ms, one.max_ms), (1500, 1500, 1500, 1500));
        let mut durations = Durations::default();
        for duration in (1..=60).rev() {
            durations.add(duration);
        }
        let waits = durations.finish();
        assert_eq!((waits.median_ms, waits.p90_ms, waits.p99_ms), (30, 54, 60));
        assert_eq!((waits.min_ms, waits.max_ms, waits.count), (1, 60, 60));
    }

    #[test]
    fn bounds_belong_to_the_class_below() {
        let mut durations = Durations::default();
        for duration in [0, 1000, 1001, 3_600_000, 3_600_001, u64::MAX] {
            durations.add(duration);
        }
        assert_eq!(durations.finish().histogram, [2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2]);
    }
}
