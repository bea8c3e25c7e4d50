//! Await merge: people review, checks run, somebody merges. keyslot only watches.

use super::super::{Context, Gate, Reason, Stand, Subject, Why};
use super::propose::branch_name;
use crate::model::{BranchName, CommitId, EvidenceKey, PullState, PullView};

pub fn stand(ctx: &Context<'_>) -> Stand {
    let gate = Gate::Merged;
    let max = ctx.policy.ages.ordinary;
    let branch = branch_name(ctx);
    let code = match ctx.code(gate, max) {
        Ok(code) => code,
        Err(reason) => return Stand::Held(vec![*reason]),
    };
    let base_reads = code.base.claim.reads;
    let pull = match ctx.pull(&branch, gate, max) {
        Ok(pull) => pull,
        Err(reason) => return Stand::Held(vec![*reason]),
    };
    let Some(pull) = pull else {
        // Changed by other hands: then it is merged, and how it was validated is theirs to say.
        if base_reads.is(ctx.target()) {
            return Stand::Passed;
        }
        let since = ctx.fold.reached.last().map_or(ctx.now, |(at, ..)| *at);
        let reason = Reason::new(gate, Subject::Branch(branch), Why::PullNotListed { since });
        return Stand::unless(ctx.holding(vec![reason]));
    };
    let subject = Subject::Pull(pull.number);
    let held = |why| Stand::unless(ctx.holding(vec![Reason::new(gate, subject.clone(), why)]));
    match &pull.state {
        _ if base_reads.is(ctx.target()) => validated(ctx, pull),
        PullState::Open => held(Why::PullOpen { url: pull.url.clone(), waits: pull.waits.clone() }),
        PullState::Closed => held(Why::PullClosed { url: pull.url.clone() }),
        // The branches may have been fetched just before the merge that the forge already tells of.
        PullState::Merged { .. } if fetched_before(ctx, &branch) => held(Why::NotSeen(EvidenceKey::Code)),
        PullState::Merged { .. } => held(Why::MergedButReads { reads: base_reads }),
    }
}

/// Whether the branches were looked at no later than the pull request.
pub fn fetched_before(ctx: &Context<'_>, branch: &BranchName) -> bool {
    let fetched = ctx.world.code.as_ref().map(|seen| seen.at);
    let asked = ctx.world.pulls.get(branch).map(|seen| seen.at);
    fetched <= asked
}

/// The checks on the merged head all passed.
fn validated(ctx: &Context<'_>, pull: &PullView) -> Stand {
    let reasons = pull
        .checks
        .iter()
        .filter(|check| check.passed != Some(true))
        .map(|check| {
            let why = Why::CheckNotPassed { name: check.name.clone(), passed: check.passed };
            Reason::new(Gate::Validated, Subject::Pull(pull.number), why)
        })
        .collect();
    Stand::unless(ctx.holding(reasons))
}

/// The commit that brought the proposal into the base branch, and the head that was merged, where it came by our pull
/// request.
pub fn merge_commit(ctx: &Context<'_>) -> Option<(CommitId, CommitId)> {
    let pull = ctx.pull(&branch_name(ctx), Gate::Promoted, ctx.policy.ages.ordinary).ok()??;
    match &pull.state {
        PullState::Merged { commit } => Some((commit.clone(), pull.head.clone())),
        PullState::Open | PullState::Closed => None,
    }
}
