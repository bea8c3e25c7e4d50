//! How long the new key is known to be accepted everywhere, by the probes that found it so.
//!
//! Between two probes nothing is known: nobody uses that key yet, so neither logs nor metrics tell of it, and that they
//! tell of no refusal is no evidence. So a probe vouches for a part of the window after it and for no more, however late
//! the next one is. Whoever comes by once an hour is through after as many probes as whoever stays, only later; to begin
//! the window anew with each of them would leave such a rotation open for ever, and what was seen would count for nothing.

use std::time::Duration;

use jiff::Timestamp;

use super::reason::later;
use crate::model::Fingerprint;

/// Probes that found one key accepted in every region, with none between them that found it refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proven {
    /// Of the key.
    pub fingerprint: Fingerprint,
    /// Oldest first; never empty.
    probes: Vec<Timestamp>,
}

impl Proven {
    pub fn new(fingerprint: Fingerprint, at: Timestamp) -> Proven {
        Proven { fingerprint, probes: vec![at] }
    }

    /// One more. The same probe counts once.
    pub fn add(&mut self, at: Timestamp) {
        if at > self.newest() {
            self.probes.push(at);
        }
    }

    /// Of the first probe.
    pub fn since(&self) -> Timestamp {
        self.probes.first().copied().unwrap_or(Timestamp::MAX)
    }

    /// Of the last one that was written down.
    pub fn newest(&self) -> Timestamp {
        self.probes.last().copied().unwrap_or(Timestamp::MAX)
    }

    /// How much of the time up to the probe at `last` counts, where each vouches for `reach` at most; and whether any of it
    /// does not.
    pub fn lasted(&self, last: Timestamp, reach: Duration) -> (Duration, bool) {
        let next = self.probes.iter().skip(1).copied().chain([last]);
        let gaps = self.probes.iter().zip(next).map(|(one, next)| next.duration_since(*one));
        let gaps = gaps.map(|gap| Duration::try_from(gap).unwrap_or_default());
        gaps.fold((Duration::ZERO, false), |(sum, cut), gap| (sum + gap.min(reach), cut || gap > reach))
    }

    /// Whether a probe at that time is to be written down: where those between are left out, nothing is lost by it.
    pub fn wants(&self, at: Timestamp, reach: Duration) -> bool {
        at > self.newest() && at >= later(self.newest(), reach / 2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_probe_vouches_for_no_more_than_its_reach() {
        let at = |minute: i64| Timestamp::from_second(minute * 60).unwrap();
        let minutes = |count: u64| Duration::from_secs(count * 60);
        let mut proven = Proven::new(Fingerprint::of(b"k", &crate::model::Salt::new("00")), at(0));
        assert_eq!(proven.lasted(at(0), minutes(10)), (minutes(0), false));
        assert_eq!(proven.lasted(at(7), minutes(10)), (minutes(7), false));
        assert_eq!(proven.lasted(at(600), minutes(10)), (minutes(10), true));
        for minute in [6, 6, 3, 120] {
            proven.add(at(minute));
        }
        assert_eq!((proven.since(), proven.newest()), (at(0), at(120)));
        assert_eq!(proven.lasted(at(125), minutes(10)), (minutes(21), true));
        // One that was seen before the last that was written down adds nothing.
        assert_eq!(proven.lasted(at(60), minutes(10)), (minutes(16), true));
        assert!(!proven.wants(at(124), minutes(10)) && proven.wants(at(125), minutes(10)));
    }
}
