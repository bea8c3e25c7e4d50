//! Await merge: people review, checks run, somebody merges. keyslot watches; where it is configured to, it asks the forge
//! to merge, or merges, in `merging`.

use super::super::{Context, Gate, Reason, Stand, Step, Subject, Why};
use super::merging::{self, Next};
use super::propose::branch_name;
use crate::model::{BranchName, CommitId, EvidenceKey, PullState, PullView, ReleaseView, SlotUse};

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
    if base_reads.is(ctx.target()) {
        return validated(ctx, pull);
    }
    awaited(ctx, code, pull, &Awaited { gate, branch: &branch, reads: base_reads })
}

/// A pull request of keyslot's: the gate that it holds, its branch, and what the branch that it goes to reads.
pub struct Awaited<'a> {
    pub gate: Gate,
    pub branch: &'a BranchName,
    pub reads: SlotUse,
}

/// Where a pull request stands whose change has not arrived; meanwhile there may be something for keyslot to do about it.
pub fn awaited(ctx: &Context<'_>, code: &ReleaseView, pull: &PullView, of: &Awaited<'_>) -> Stand {
    let held = |why| Stand::unless(ctx.holding(vec![Reason::new(of.gate, Subject::Pull(pull.number), why)]));
    match &pull.state {
        PullState::Open => open(ctx, code, pull, of),
        PullState::Closed => held(Why::PullClosed { url: pull.url.clone() }),
        // The branches may have been fetched just before the merge that the forge already tells of.
        PullState::Merged { .. } if fetched_before(ctx, of.branch) => held(Why::NotSeen(EvidenceKey::Code)),
        PullState::Merged { .. } => held(Why::MergedButReads { reads: of.reads }),
    }
}

fn open(ctx: &Context<'_>, code: &ReleaseView, pull: &PullView, of: &Awaited<'_>) -> Stand {
    let why = Why::PullOpen { url: pull.url.clone(), waits: pull.waits.clone() };
    let waits = ctx.holding(vec![Reason::new(of.gate, Subject::Pull(pull.number), why)]);
    if waits.is_empty() {
        return Stand::Passed;
    }
    match merging::next(ctx, code, pull, of) {
        Next::Nothing => Stand::Held(waits),
        Next::Do(step) if matches!(step, Step::MergePull { .. }) => Stand::Act(vec![step]),
        Next::Do(step) => Stand::ActAndHeld(vec![step], waits),
        Next::Held(reason) => Stand::Held(waits.into_iter().chain(ctx.holding(vec![*reason])).collect()),
    }
}

/// Whether the branches were looked at no later than the pull request.
pub(super) fn fetched_before(ctx: &Context<'_>, branch: &BranchName) -> bool {
    let fetched = ctx.world.code.as_ref().map(|seen| seen.at);
    let asked = ctx.world.pulls.get(branch).map(|seen| seen.at);
    fetched <= asked
}

/// The checks on the merged head all passed, and what was merged is what somebody approved.
pub(super) fn validated(ctx: &Context<'_>, pull: &PullView) -> Stand {
    let checks = pull.checks.iter().filter(|check| check.passed != Some(true)).map(|check| {
        let why = Why::CheckNotPassed { name: check.name.clone(), passed: check.passed };
        Reason::new(Gate::Validated, Subject::Pull(pull.number), why)
    });
    Stand::unless(ctx.holding(checks.chain(unreviewed(pull)).collect()))
}

/// Where reviews are demanded, the merged change is one that somebody has approved: not an older one, and not one that
/// was let through without.
fn unreviewed(pull: &PullView) -> Option<Reason> {
    let merged = matches!(pull.state, PullState::Merged { .. });
    if !merged || pull.reviews_wanted == 0 || pull.approved() > 0 {
        return None;
    }
    let (head, wanted, stale) = (pull.head.clone(), pull.reviews_wanted, pull.stale());
    let why = Why::MergedUnreviewed { head, wanted, stale };
    Some(Reason::new(Gate::Validated, Subject::Pull(pull.number), why))
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
