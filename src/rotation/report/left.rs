//! What the steps of a rotation leave in the world.

use std::collections::BTreeSet;

use super::super::attempt::may_have_been_sent;
use super::super::{Fold, Leg, Outcome, Phase, Produced, Step, StepRecord};
use crate::model::{BranchName, PullEnds, PullNumber, RunId};

/// What the steps of the open rotation have put into the world, and what stays there when it is closed: as far as the
/// journal tells, which knows nothing of other hands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Left {
    /// A branch, pushed for a pull request that was not opened.
    Branch(BranchName),
    Pull {
        number: PullNumber,
        branch: BranchName,
    },
    Run {
        run: RunId,
        branch: BranchName,
    },
}

/// Between which branches the open rotation may have a pull request that nobody has seen merged: those that were asked for,
/// whatever became of the answer, and those that a pushed branch is there for.
pub fn pulls_sent(fold: &Fold, base: &BranchName) -> BTreeSet<PullEnds> {
    let records = fold.steps.values().filter(|record| may_have_been_sent(record));
    let ends = |record: &StepRecord| {
        let (after, head, base) = match &record.intent.step {
            Step::PushProposal { leg, branch, .. } => (Some((*leg, Phase::Merge)), branch, base),
            Step::OpenPull { leg, branch, base, .. } => (Some((*leg, Phase::Merge)), branch, base),
            Step::PushPromotion { leg, branch, onto, .. } => (Some((*leg, Phase::Promote)), branch, onto),
            Step::OpenPromotion { leg, branch, base, .. } => (Some((*leg, Phase::Promote)), branch, base),
            Step::PushAgreement { branch, .. } => (None, branch, base),
            Step::OpenAgreement { branch, base, .. } => (None, branch, base),
            _ => return None,
        };
        let over = after.is_some_and(|(leg, phase)| went_on(fold, leg, phase));
        (!over).then(|| PullEnds { head: head.clone(), base: base.clone() })
    };
    records.filter_map(ends).collect()
}

/// Whether a later phase was reached. A restart alone passes over the phases of the code: that it was reached says nothing
/// of what is merged.
fn went_on(fold: &Fold, leg: Leg, after: Phase) -> bool {
    let later = |phase: Phase| phase > after && !matches!(phase, Phase::Restart | Phase::Quiesce);
    fold.reached.iter().any(|(_, on, phase)| *on == leg && later(*phase))
}

/// What is left open, in the order in which it was done.
pub fn left_open(fold: &Fold) -> Vec<Left> {
    let went_on = |leg, after| went_on(fold, leg, after);
    let mut records: Vec<_> = fold.steps.values().filter(|record| may_have_been_sent(record)).collect();
    records.sort_by_key(|record| record.first_intended_at);
    let opened = |branch: &BranchName| {
        records.iter().any(|record| {
            matches!(
                &record.intent.step,
                Step::OpenPull { branch: of, .. }
                    | Step::OpenPromotion { branch: of, .. }
                    | Step::OpenAgreement { branch: of, .. } if of == branch
            )
        })
    };
    let left = records.iter().filter_map(|record| {
        let produced = record.outcome.as_ref().map(|(_, outcome)| outcome);
        match (&record.intent.step, produced) {
            (Step::PushProposal { leg, branch, .. }, _) => {
                let pushed = !opened(branch) && !went_on(*leg, Phase::Merge);
                pushed.then(|| Left::Branch(branch.clone()))
            }
            (Step::PushPromotion { leg, branch, .. }, _) => {
                let pushed = !opened(branch) && !went_on(*leg, Phase::Promote);
                pushed.then(|| Left::Branch(branch.clone()))
            }
            // The rotation is closed when that has come to its end.
            (Step::PushAgreement { branch, .. }, _) => {
                (!opened(branch)).then(|| Left::Branch(branch.clone()))
            }
            (
                Step::OpenAgreement { branch, .. },
                Some(Outcome::Applied { produced: Produced::Pull(number) }),
            ) => Some(Left::Pull { number: *number, branch: branch.clone() }),
            (
                Step::OpenPromotion { leg, branch, .. },
                Some(Outcome::Applied { produced: Produced::Pull(number) }),
            ) => {
                let open = !went_on(*leg, Phase::Promote);
                open.then(|| Left::Pull { number: *number, branch: branch.clone() })
            }
            (
                Step::OpenPull { leg, branch, .. },
                Some(Outcome::Applied { produced: Produced::Pull(number) }),
            ) => {
                let open = !went_on(*leg, Phase::Merge);
                open.then(|| Left::Pull { number: *number, branch: branch.clone() })
            }
            (Step::Deploy { leg, branch, .. }, Some(Outcome::Applied { produced })) => {
                let (run, _) = produced.run().filter(|_| !went_on(*leg, Phase::Deploy))?;
                Some(Left::Run { run: run.clone(), branch: branch.clone() })
            }
            _ => None,
        }
    });
    left.collect()
}
