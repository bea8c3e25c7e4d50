//! Where a command comes to the end of what it was asked for.

use super::super::phases::merge_is_asked;
use super::super::{Context, Gate, Phase, Reach, Reason, Why};
use super::{Decision, Verdict};
use crate::model::{Blindness, EvidenceKey, Merging, PullWait};

/// What is left is for others: after the confirmation for a regeneration alone, after the proposal for one that is not
/// to be merged. First it is looked whether there is anything.
pub(super) fn within_reach(ctx: &Context<'_>, decision: Decision) -> Decision {
    let looks = match &decision.verdict {
        Verdict::Wait { reasons, .. } => reasons.iter().any(Reason::opens_by_looking),
        Verdict::Act { .. } | Verdict::Halt { .. } | Verdict::Done | Verdict::Enough => false,
        Verdict::Record(_) => true,
    };
    match ctx.reach {
        _ if looks => decision,
        Reach::Regenerate if ctx.fold.confirmed.is_some() => {
            Decision { verdict: Verdict::Enough, ..decision }
        }
        Reach::Propose { merge: false } if decision.phase == Phase::Merge => {
            let leg = decision.leg;
            proposed(&Context { leg, ..*ctx }, decision)
        }
        _ => decision,
    }
}

/// What is proposed is for people to merge. Where the forge is to do it, it is to have been asked: what holds that is
/// told, and what only wants a moment is waited for as part of the proposal.
fn proposed(ctx: &Context<'_>, decision: Decision) -> Decision {
    let (reasons, waits) = match &decision.verdict {
        Verdict::Wait { reasons, .. } => (reasons, true),
        Verdict::Halt { reasons } => (reasons, false),
        Verdict::Act { .. } | Verdict::Record(_) | Verdict::Done | Verdict::Enough => return decision,
    };
    let computes =
        |why: &Why| matches!(why, Why::PullOpen { waits, .. } if waits.contains(&PullWait::NotComputed));
    let asked = ctx.policy.pulls.merging == Merging::Auto && !merge_is_asked(ctx);
    let moment = |one: &Reason| matches!(one.why, Why::OutcomeOpen { .. }) || (asked && computes(&one.why));
    let held = |one: &Reason| {
        // How a validation stands is told beside; a check that has not passed keeps us from asking the forge.
        let told = one.gate == Gate::Validated && !matches!(one.why, Why::CheckNotPassed { .. });
        asked && !told && !matches!(one.why, Why::PullOpen { .. })
    };
    if waits && reasons.iter().any(moment) {
        return Decision { phase: Phase::Propose, ..decision };
    }
    // Nobody waits here who would be told of it later: a wrong name, or a token that may not.
    let unseen = |one: &&Reason| match &one.why {
        Why::Blind { evidence: EvidenceKey::Validation(_), blind } => {
            blind.kind.is_refusal() || blind.kind == Blindness::Misconfigured
        }
        _ => false,
    };
    let unseen: Vec<Reason> = reasons.iter().filter(unseen).cloned().collect();
    if !unseen.is_empty() {
        return Decision { verdict: Verdict::Halt { reasons: unseen }, ..decision };
    }
    match reasons.iter().any(held) {
        true => decision,
        false => Decision { verdict: Verdict::Enough, ..decision },
    }
}
