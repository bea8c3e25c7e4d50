//! A change that keyslot has put on the live release and that is not there any more: whoever took it back means it, and it is
//! not put there again unasked.
//!
//! Put there it was where the answer to its push says so, where its commit lies on the branch, and where the rotation went on
//! from there since: an answer that was lost, or a process that died after the push, changes nothing of that.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::super::attempt::may_have_been_sent;
use super::super::reason::later;
use super::super::{Context, Fold, Gate, Outcome, Phase, Reach, Reason, Step, StepRecord, Subject, Why};
use crate::model::{BranchView, CommitId, EvidenceKey, ReleaseView};

/// The commits that were pushed to a live release, and nobody knows whether they came.
pub fn promoted(fold: &Fold) -> BTreeSet<CommitId> {
    let open = |record: &&StepRecord| {
        let answered = matches!(&record.outcome, Some((_, Outcome::Applied { .. })));
        matches!(record.intent.step, Step::Promote { .. }) && may_have_been_sent(record) && !answered
    };
    fold.steps.values().filter(open).filter_map(|record| record.intent.commit.clone()).collect()
}

/// keyslot has put the change there, and the branch reads another slot. Where it stands on the very head that was pushed on,
/// that is only told by a look that is late enough: what is fetched may lag behind the push.
/// To ask for a flip of the branch is a person's word that it is to be there all the same.
pub fn taken_back(ctx: &Context<'_>, code: &ReleaseView, release: &BranchView) -> Option<Reason> {
    if matches!(ctx.reach, Reach::Promote { flip: true, .. }) {
        return None;
    }
    let put = ctx.fold.steps.values().filter_map(|record| match &record.intent.step {
        step @ Step::Promote { leg, onto, head, .. } if *leg == ctx.leg && *onto == release.branch => {
            Some((put_at(ctx, code, record)?, step, head))
        }
        _ => None,
    });
    let (at, step, head) = put.max_by_key(|(at, ..)| *at)?;
    let until = later(at, ctx.policy.settle);
    let settled = ctx.world.code.as_ref().is_some_and(|seen| seen.at > until);
    let (subject, why) = if *head != release.head || settled {
        (Subject::Branch(release.branch.clone()), Why::TakenBack { reads: release.claim.reads })
    } else if ctx.now <= until {
        let step = step.to_string();
        let why = Why::OutcomeOpen { step, taken: true, run: None, until, said: None };
        (Subject::Branch(release.branch.clone()), why)
    } else {
        (Subject::Rotation, Why::NotSeen(EvidenceKey::Code))
    };
    Some(Reason::new(Gate::Promoted, subject, why))
}

/// When it was put there at the latest, where it is known that it was.
fn put_at(ctx: &Context<'_>, code: &ReleaseView, record: &StepRecord) -> Option<Timestamp> {
    if let Some((at, Outcome::Applied { .. })) = &record.outcome {
        return Some(*at);
    }
    let lies_there = || record.intent.commit.as_ref().is_some_and(|commit| code.arrived.contains(commit));
    let went_on = || {
        let mut reached = ctx.fold.reached.iter();
        reached
            .any(|(at, leg, phase)| *leg == ctx.leg && *phase >= Phase::Deploy && *at >= record.intended_at)
    };
    (may_have_been_sent(record) && (lies_there() || went_on())).then_some(record.intended_at)
}
