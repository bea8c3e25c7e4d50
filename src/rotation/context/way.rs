//! How far the rotation has come, by its journal and by its keys.

use std::time::Duration;

use jiff::Timestamp;

use super::super::{Context, Leg, Phase, Reach, Step, StepRecord};
use crate::model::KeyView;

impl<'a> Context<'a> {
    /// What the journal knows of this step, if it was ever intended.
    pub fn record(&self, step: &Step) -> Option<&'a StepRecord> {
        self.fold.step(&step.key())
    }

    /// Whether this is another key than the one to be retired. Where the opening was not told when that one was made, a time
    /// alone says nothing: the key itself must have changed.
    pub fn is_renewed(&self, key: &KeyView) -> bool {
        let opened = self.opened;
        // A key that cannot be read is not known to have changed.
        let same = || {
            let then = opened.retired_fingerprint.as_ref();
            then.is_some_and(|then| key.fingerprint.as_ref().is_none_or(|now| now == then))
        };
        key.generated > opened.retired_generation && (opened.retired_generation.is_some() || !same())
    }

    /// When the key that is to be retired was generated anew, as the account was seen last; `None` while it is the one of
    /// the opening.
    pub fn retired_at(&self) -> Option<Timestamp> {
        let account = self.world.account.as_ref().and_then(|seen| seen.get())?;
        let key = account.key(self.opened.retires());
        key.generated.filter(|_| self.is_renewed(key))
    }

    /// Whether this leg leaves a key that is gone already: whoever still holds it is refused.
    pub fn old_key_is_gone(&self) -> bool {
        self.leg == Leg::Out && self.retired_at().is_some()
    }

    /// How old the stand of a stamp may be that is only counted. While restarts go on it was seen whole before them, and
    /// what a step rests on is asked for by itself, each with an age of its own (`wave::rests`); the rest is listed anew as
    /// soon as they are through. Without that, a fleet that is restarted one stamp after the other would be listed again
    /// and again. Before and after the restarts, and for a command that restarts nothing, a vault that is taken back has to be
    /// seen. Once this leg has come to quiesce, also by a restart of some stamps, it is as before the restarts.
    pub fn counted(&self) -> Duration {
        let restarts = matches!(self.reach, Reach::Whole | Reach::Restart { .. });
        let restarting = restarts && self.has_reached(Phase::Restart) && !self.has_reached(Phase::Quiesce);
        if restarting { Duration::MAX } else { self.policy.ages.ordinary }
    }

    /// Whether this leg has come to this phase before.
    pub fn has_reached(&self, phase: Phase) -> bool {
        self.fold.reached.iter().any(|(_, leg, reached)| *leg == self.leg && *reached >= phase)
    }

    /// Whether the return has begun.
    pub fn is_on_the_way_back(&self) -> bool {
        self.fold.reached.iter().any(|(_, leg, _)| *leg == Leg::Back)
    }

    /// The leg that is under way.
    pub fn present_leg(&self) -> Leg {
        if self.is_on_the_way_back() { Leg::Back } else { Leg::Out }
    }
}
