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
    /// The proposal, dressed and, where the forge is to merge it, with the forge asked to; `merge`: and until it is merged.
    Propose { merge: bool },
    /// The change on the live release branch, when it is merged into the base branch; `merge`: and until it is there,
    /// where it goes by a pull request of its own; `flip`: changed there directly instead of cherry-picked.
    Promote { merge: bool, flip: bool },
    /// The run of the release pipeline on the promoted commit, until every vault holds the target key and the
    /// stages that write them have ended.
    Follow,
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
            Reach::Propose { .. } => matches!(phase, Phase::Propose | Phase::Merge),
            // What is waited for is brought about as `propose` would: merged, where keyslot merges.
            Reach::Promote { merge, .. } => phase == Phase::Promote || (*merge && phase == Phase::Merge),
            Reach::Follow => phase == Phase::Deploy,
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
            Reach::Whole | Reach::Follow | Reach::Restart { .. } => true,
            // What must be so first is for others to bring about.
            Reach::Propose { merge } => *merge || phase <= Phase::Propose,
            Reach::Promote { merge, .. } => *merge,
            Reach::Regenerate => phase >= Phase::Regenerate,
        }
    }

    /// Whether a stamp is one of those that were asked for.
    pub fn asks_for(&self, stamp: &StampName) -> bool {
        match self {
            Reach::Restart { stamps, .. } => self.names(stamp, stamps),
            Reach::Whole
            | Reach::Propose { .. }
            | Reach::Promote { .. }
            | Reach::Follow
            | Reach::Regenerate => true,
        }
    }

    /// Whether what is proposed is to be merged, too: waited for, and by keyslot where that is configured.
    pub fn merges(&self) -> bool {
        *self != Reach::Propose { merge: false }
    }

    /// Whether people are not waited for, but for the steps of one phase alone.
    pub fn waits_for_nobody(&self) -> bool {
        matches!(self, Reach::Propose { merge: false } | Reach::Promote { merge: false, .. })
    }

    /// Whether nothing that is asked for changes what anybody reads: a proposal, and no more.
    pub fn only_proposes(&self) -> bool {
        matches!(self, Reach::Propose { .. } | Reach::Promote { .. })
    }

    fn names(&self, stamp: &StampName, stamps: &BTreeSet<StampName>) -> bool {
        stamps.is_empty() || stamps.contains(stamp)
    }

    /// The phases of a part alone; `None` where the rotation's own order counts. Whether anything may begin at all is
    /// asked first, as in any rotation, where this part may be the first.
    pub(super) fn path(&self, leg: Leg, past_return: bool) -> Option<Vec<(Leg, Phase)>> {
        let prepare = (leg == Leg::Out && !past_return).then_some(Phase::Prepare);
        let phases: Vec<Phase> = match self {
            Reach::Whole | Reach::Regenerate => return None,
            Reach::Propose { .. } => prepare.into_iter().chain([Phase::Propose, Phase::Merge]).collect(),
            Reach::Promote { .. } => vec![Phase::Propose, Phase::Merge, Phase::Promote],
            Reach::Follow => vec![Phase::Promote, Phase::Deploy, Phase::Propagate],
            Reach::Restart { quiesce, .. } => {
                let quiesce = quiesce.then_some(Phase::Quiesce);
                prepare.into_iter().chain([Phase::Restart]).chain(quiesce).collect()
            }
        };
        Some(phases.into_iter().map(|phase| (leg, phase)).collect())
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
