//! World time: adding durations without surprises, and ranges from which durations are drawn.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::seed::Seed;

/// `at` plus `by`, stopping at the end of representable time.
pub fn after(at: Timestamp, by: Duration) -> Timestamp {
    let by = SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX);
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}

/// `at` minus `by`, stopping at the beginning of representable time.
pub fn before(at: Timestamp, by: Duration) -> Timestamp {
    let by = SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX);
    at.checked_sub(by).unwrap_or(Timestamp::MIN)
}

/// How long after `from` the moment `until` is; zero where it is not after.
pub fn elapsed(from: Timestamp, until: Timestamp) -> Duration {
    until.duration_since(from).try_into().unwrap_or(Duration::ZERO)
}

/// The whole second that `at` lies in, as Kubernetes and Azure write times.
pub fn whole_second(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}

/// A range from which a duration is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Span {
    pub least: Duration,
    pub most: Duration,
}

impl Span {
    pub const ZERO: Span = Span::exactly(Duration::ZERO);

    pub const fn exactly(length: Duration) -> Span {
        Span { least: length, most: length }
    }

    pub const fn secs(least: u64, most: u64) -> Span {
        Span { least: Duration::from_secs(least), most: Duration::from_secs(most) }
    }

    pub fn is_zero(&self) -> bool {
        *self == Span::ZERO
    }

    /// The duration that `seed` chooses, in whole milliseconds between the two ends.
    pub fn pick(self, seed: Seed) -> Duration {
        let least = self.least.as_millis();
        let room = self.most.as_millis().saturating_sub(least);
        match u64::try_from(room) {
            Ok(0) | Err(_) => self.least,
            Ok(room) => self.least + Duration::from_millis(seed.below(room + 1)),
        }
    }

    /// Both ends `factor` times as long.
    pub fn times(self, factor: u32) -> Span {
        Span { least: self.least.saturating_mul(factor), most: self.most.saturating_mul(factor) }
    }
}
