//! How far one command may go: the phases that it acts and waits in.
//!
//! A bound is no way around anything. It takes steps away and adds none, and every step that is left has all its
//! gates. A restart alone passes over the phases of the code and leans on what each vault holds; what it did is in
//! the journal and in the clusters, where a later rotation finds it.

use std::collections::BTreeSet;

use super::{Leg, Phase, Step};
use crate::model::StampName;

/// What a command was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Reach {
    /// The whole rotation.
    #[default]
    Whole,
    /// Restarts, of these stamps or, where none is named, of all; `quiesce`: and until their last old pod is gone and,
    /// of all stamps, until the old key is quiet.
    Restart { stamps: BTreeSet<StampName>, quiesce: bool },
    /// The regeneration and its confirmation, when everything before is so.
    Regenerate,
}

impl Reach {
    /// Whether a step of that phase is part of what was asked for.
    pub fn covers(&self, phase: Phase, step: &Step) -> bool {
        match self {
            Reach::Whole => true,
            Reach::Restart { stamps, .. } => match step {
                Step::Restart { stamp, .. } if phase == Phase::Restart => self.names(stamp, stamps),
                _ => false,
            },
            Reach::Regenerate => matches!(phase, Phase::Regenerate | Phase::Confirm),
        }
    }

    /// Whether a command waits for what holds that phase, or leaves the waiting to others.
    pub fn waits_in(&self, phase: Phase) -> bool {
        match self {
            Reach::Whole | Reach::Restart { .. } => true,
            Reach::Regenerate => phase >= Phase::Regenerate,
        }
    }

    /// Whether a stamp is one of those that were asked for.
    pub fn asks_for(&self, stamp: &StampName) -> bool {
        match self {
            Reach::Restart { stamps, .. } => self.names(stamp, stamps),
            Reach::Whole | Reach::Regenerate => true,
        }
    }

    fn names(&self, stamp: &StampName, stamps: &BTreeSet<StampName>) -> bool {
        stamps.is_empty() || stamps.contains(stamp)
    }

    /// The phases of a restart alone; `None` where the rotation's own order counts. That it may begin at all is asked
    /// first, as in any rotation.
    pub(super) fn path(&self, leg: Leg, past_return: bool) -> Option<Vec<(Leg, Phase)>> {
        let Reach::Restart { quiesce, .. } = self else { return None };
        let prepare = (leg == Leg::Out && !past_return).then_some((leg, Phase::Prepare));
        let quiesce = quiesce.then_some((leg, Phase::Quiesce));
        Some(prepare.into_iter().chain([(leg, Phase::Restart)]).chain(quiesce).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{KeyKind, Slot};
    use crate::rotation::Purpose;

    fn regenerate() -> Step {
        Step::Regenerate { kind: KeyKind::read_write(Slot::Primary), purpose: Purpose::Prepare }
    }

    #[test]
    fn a_regeneration_alone_covers_no_phase_before_it() {
        for phase in Phase::ALL {
            let covered = matches!(phase, Phase::Regenerate | Phase::Confirm);
            assert_eq!(Reach::Regenerate.covers(phase, &regenerate()), covered, "{phase}");
        }
    }

    #[test]
    fn a_restart_alone_covers_no_regeneration_whatever_the_phase() {
        let reach = Reach::Restart { stamps: BTreeSet::new(), quiesce: true };
        assert!(Phase::ALL.iter().all(|phase| !reach.covers(*phase, &regenerate())));
    }
}
