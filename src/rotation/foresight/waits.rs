//! The waits that the policy prescribes, and what has to last as long as they do.

use std::time::Duration;

use jiff::Timestamp;

use super::super::reason::later;
use super::super::renewal::Renewal;
use super::super::{Gate, Phase, Reason};
use super::{Concern, Course, Foresight};
use crate::model::{Term, age_of};

/// How long it takes at least, by the waits that the policy prescribes. Reviews, runs and rollouts come on top.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waits {
    /// Until the target key has been unused for long enough to be made anew, where it is made anew first.
    pub renewal: Duration,
    pub settling: Duration,
    pub soak: Duration,
    /// Until it is known of each wave whom the account refuses, before the next one.
    pub judging: Duration,
    pub quiet: Duration,
    pub confirm: Duration,
}

impl Waits {
    pub fn total(&self) -> Duration {
        self.renewal + self.settling + self.soak + self.judging + self.quiet + self.confirm
    }
}

impl Foresight {
    /// The waits that are not over. Of one that is under way nothing is taken off: what it waits for may begin anew.
    pub(super) fn waits_left(&self) -> Waits {
        let over = |phases: &[Phase]| self.course(phases) == Course::Done;
        let next =
            self.waves.get(1).is_none_or(|wave| wave.stamps.iter().any(|(_, it)| *it != Course::ToCome));
        let unless = |over: bool, wait: Duration| if over { Duration::ZERO } else { wait };
        let Waits { renewal, settling, soak, judging, quiet, confirm } = self.waits;
        Waits {
            renewal: unless(over(&[Phase::Prepare]), renewal),
            settling: unless(over(&[Phase::Restart]), settling),
            soak: unless(next || over(&[Phase::Restart]), soak),
            judging: unless(over(&[Phase::Restart]), judging),
            quiet: unless(over(&[Phase::Quiesce]), quiet),
            confirm: unless(over(&[Phase::Confirm]), confirm),
        }
    }

    /// Notes a right that ends too early, as far as its end is told.
    pub fn lasting(mut self, term: &Term, now: Timestamp) -> Foresight {
        if let Term::Until(until) = term
            && *until < later(now, self.waits.total())
        {
            self.concerns.push(Concern::RightEnds { until: *until });
        }
        self
    }

    /// Notes that the target key is made anew first, and when its last use is long enough ago for that, as far as it is told.
    pub fn renewing(mut self, renewal: Option<Renewal>, now: Timestamp) -> Foresight {
        let waits = renewal.as_ref().is_some_and(|renewal| renewal.course == Course::ToCome);
        let of_key = |one: &&Reason| matches!(one.gate, Gate::KeyQuiet | Gate::Readers);
        let untils = self.holds.iter().filter(of_key).filter_map(|one| one.why.until());
        let last = untils.max().filter(|_| waits && self.phase == Phase::Prepare);
        self.waits.renewal = last.map_or(Duration::ZERO, |until| age_of(now, until));
        self.renewal = renewal;
        self
    }
}
