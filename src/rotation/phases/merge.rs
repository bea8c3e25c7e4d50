//! Await merge: people review, checks run, somebody merges. keyslot watches; where it is configured to, it asks the forge
//! to merge, or merges, in `merging`.

use super::super::{Context, Gate, Reason, Stand, Step, StepRecord, Subject, Why};
use super::merging::{self, Next};
use super::own::is_pushed;
use super::running::unless_it_runs;
use super::validating::validation;
use super::{origin, propose};
use crate::model::{CommitId, EvidenceKey, PullEnds, PullState, PullView, ReleaseView, SlotUse};

pub fn stand(ctx: &Context<'_>) -> Stand {
    let gate = Gate::Merged;
    let max = ctx.policy.ages.ordinary;
    let ends = propose::ends(ctx);
    let code = match ctx.code(gate, max) {
        Ok(code) => code,
        Err(reason) => return Stand::Held(vec![*reason]),
    };
    let base_reads = code.base.claim.reads;
    let pull = match ctx.pull(&ends, gate, max) {
        Ok(pull) => pull,
        Err(reason) if base_reads.is(ctx.target()) => {
            return unless_it_runs(ctx, code, Stand::Held(vec![*reason]));
        }
        Err(reason) => return Stand::Held(vec![*reason]),
    };
    match pull {
        Some(pull) if base_reads.is(ctx.target()) && matches!(pull.state, PullState::Merged { .. }) => {
            unless_it_runs(ctx, code, validated(ctx, pull))
        }
        // A proposal alone has nothing left to propose; whoever goes on asks how the change came there.
        _ if base_reads.is(ctx.target()) && !ctx.reach.merges() => Stand::Passed,
        // Not by it: what its checks and reviews say is said of another commit.
        _ if base_reads.is(ctx.target()) => origin::stand(ctx, code),
        Some(pull) => awaited(ctx, code, pull, &Awaited { gate, ends: &ends, reads: base_reads }),
        None => {
            let opens = |record: &&StepRecord| matches!(record.intent.step, Step::OpenPull { leg, .. } if leg == ctx.leg);
            let sent = ctx.fold.steps.values().filter(opens).map(|record| record.intended_at).max();
            let since = sent.or(ctx.fold.reached.last().map(|(at, ..)| *at)).unwrap_or(ctx.now);
            let reason = Reason::new(gate, Subject::Branch(ends.head), Why::PullNotListed { since });
            Stand::unless(ctx.holding(vec![reason]))
        }
    }
}

/// A pull request of keyslot's: the gate that it holds, its branches, and what the one that it goes to reads.
pub struct Awaited<'a> {
    pub gate: Gate,
    pub ends: &'a PullEnds,
    pub reads: SlotUse,
}

/// Where a pull request stands whose change has not arrived; meanwhile there may be something for keyslot to do about it.
pub fn awaited(ctx: &Context<'_>, code: &ReleaseView, pull: &PullView, of: &Awaited<'_>) -> Stand {
    let held = |why| Stand::unless(ctx.holding(vec![Reason::new(of.gate, Subject::Pull(pull.number), why)]));
    match &pull.state {
        PullState::Open => open(ctx, code, pull, of),
        PullState::Closed => held(Why::PullClosed { url: pull.url.clone() }),
        // The branches may have been fetched just before the merge that the forge already tells of.
        PullState::Merged { .. } if fetched_before(ctx, of.ends) => held(Why::NotSeen(EvidenceKey::Code)),
        PullState::Merged { .. } => held(Why::MergedButReads { reads: of.reads }),
    }
}

fn open(ctx: &Context<'_>, code: &ReleaseView, pull: &PullView, of: &Awaited<'_>) -> Stand {
    let why = Why::PullOpen { url: pull.url.clone(), waits: pull.waits.clone() };
    let waits = ctx.holding(vec![Reason::new(of.gate, Subject::Pull(pull.number), why)]);
    if waits.is_empty() {
        return Stand::Passed;
    }
    let (validate, told) = match validation(ctx, code, pull, of) {
        Ok(step) => (Some(step), Vec::new()),
        Err(told) => (None, told),
    };
    let waits = [waits, told].concat();
    let held = match merging::next(ctx, code, pull, of) {
        Next::Nothing => waits,
        Next::Do(step) if matches!(step, Step::MergePull { .. }) => return Stand::Act(vec![step]),
        Next::Do(step) => return Stand::ActAndHeld(vec![step], waits),
        Next::Held(reason) => waits.into_iter().chain(ctx.holding(vec![*reason])).collect(),
    };
    match validate {
        Some(step) => Stand::ActAndHeld(vec![step], held),
        None => Stand::Held(held),
    }
}

/// Whether the branches were looked at no later than the pull request.
pub(super) fn fetched_before(ctx: &Context<'_>, ends: &PullEnds) -> bool {
    let fetched = ctx.world.code.as_ref().map(|seen| seen.at);
    let asked = ctx.world.pulls.get(ends).map(|seen| seen.at);
    fetched <= asked
}

/// The checks on the merged head all passed, and what was merged is what somebody approved.
pub(super) fn validated(ctx: &Context<'_>, pull: &PullView) -> Stand {
    let merged = matches!(pull.state, PullState::Merged { .. });
    let checks = pull.checks.iter().filter(|check| check.passed != Some(true)).map(|check| {
        let why = Why::CheckNotPassed { name: check.name.clone(), passed: check.passed, merged };
        Reason::new(Gate::Validated, Subject::Pull(pull.number), why)
    });
    Stand::unless(ctx.holding(checks.chain(unreviewed(ctx, pull)).collect()))
}

/// The merged change is one that as many have approved as the base branch demands. Whatever it demands: where somebody
/// has approved another change, or nobody can say what is demanded of what keyslot has not made, it is at least one.
fn unreviewed(ctx: &Context<'_>, pull: &PullView) -> Option<Reason> {
    let (wanted, stale) = (pull.reviews_wanted, pull.stale());
    let known = pull.unread.is_empty() || is_pushed(ctx, &pull.head_branch, &pull.head);
    let needed = if known && stale.is_empty() { wanted } else { wanted.max(1) };
    let merged = matches!(pull.state, PullState::Merged { .. });
    if !merged || pull.approved() >= needed as usize {
        return None;
    }
    let (head, unread) = (pull.head.clone(), pull.unread.clone());
    let why = Why::MergedUnreviewed { head, have: pull.approved(), wanted, stale, unread };
    Some(Reason::new(Gate::Validated, Subject::Pull(pull.number), why))
}

/// The commit that brought the proposal into the base branch, and the head that was merged, where it came by our pull
/// request.
pub fn merge_commit(ctx: &Context<'_>) -> Option<(CommitId, CommitId)> {
    let pull = ctx.pull(&propose::ends(ctx), Gate::Promoted, ctx.policy.ages.ordinary).ok()??;
    match &pull.state {
        PullState::Merged { commit } => Some((commit.clone(), pull.head.clone())),
        PullState::Open | PullState::Closed => None,
    }
}
