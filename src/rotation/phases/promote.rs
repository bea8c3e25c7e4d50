//! Promote: the live release branch gets the change, by cherry-pick of what brought it to the base branch.
//!
//! Pushed to it, or proposed to it by a pull request of its own, as configured, which then is judged as the proposal's
//! is: its checks, and that somebody has approved what was merged. Only a branch that is known to be live
//! is changed: where nothing but its name speaks for it, a person names it.

use super::super::attempt::{Repeat, may_try};
use super::super::predicate::{is_guess, push_may_start, release_known, target_proven};
use super::super::{Context, Gate, Phase, Reach, Reason, Source, Stand, Step, Subject, Why};
use super::merge::{Awaited, awaited, merge_commit, validated};
use super::origin;
use super::own::unless_of_others;
use super::propose::{proposable, tree_resolved};
use super::running::unless_it_runs;
use super::taken_back::taken_back;
use crate::model::{BranchName, BranchView, Promotion, PullEnds, PullState, ReleaseView, Route};

pub fn stand(ctx: &Context<'_>) -> Stand {
    let gate = Gate::Promoted;
    if ctx.opened.route == Route::NextRelease {
        // The next release is cut from the base branch and brings the change along.
        return Stand::Passed;
    }
    let code = match ctx.code(gate, ctx.policy.ages.ordinary) {
        Ok(code) => code,
        Err(reason) => return Stand::Held(vec![*reason]),
    };
    let Some(release) = &code.release else { return Stand::Passed };
    let unclear = ctx.holding(release_known(code));
    if release.claim.reads.is(ctx.target()) {
        // That a guess reads it says nothing of the branch that is live. What just cannot be seen is asked for before the
        // regeneration.
        let unclear: Vec<Reason> = unclear.into_iter().filter(is_guess).collect();
        return if unclear.is_empty() { promoted(ctx, code, release) } else { Stand::Held(unclear) };
    }
    let mut reasons = unclear;
    reasons.extend(ctx.holding(tree_resolved(release)));
    if !reasons.is_empty() {
        return Stand::Held(reasons);
    }
    match ctx.policy.promotion {
        Promotion::Push => push(ctx, code, release),
        Promotion::PullRequest => propose(ctx, code, release),
    }
}

/// It is there. Where it came by a pull request of keyslot's, that is judged as the proposal's is.
fn promoted(ctx: &Context<'_>, code: &ReleaseView, release: &BranchView) -> Stand {
    if ctx.policy.promotion == Promotion::Push {
        return Stand::Passed;
    }
    match ctx.pull(&ends(ctx, release), Gate::Validated, ctx.policy.ages.ordinary) {
        Ok(Some(pull)) if matches!(pull.state, PullState::Merged { .. }) => {
            unless_it_runs(ctx, code, validated(ctx, pull))
        }
        // Changed by other hands: how it was validated is theirs to say.
        Ok(_) => Stand::Passed,
        Err(reason) => unless_it_runs(ctx, code, Stand::Held(vec![*reason])),
    }
}

/// From which branch to which it goes, where it goes by a pull request.
fn ends(ctx: &Context<'_>, release: &BranchView) -> PullEnds {
    let head = ctx.opened.promotion_branch(ctx.leg, &release.branch);
    PullEnds { head, base: release.branch.clone() }
}

fn push(ctx: &Context<'_>, code: &ReleaseView, release: &BranchView) -> Stand {
    let gate = Gate::Promoted;
    let reasons = ctx.holding(target_proven(ctx, ctx.target(), ctx.policy.ages.proof));
    if !reasons.is_empty() {
        return Stand::Held(reasons);
    }
    if ctx.without.contains(&gate) {
        return Stand::Passed;
    }
    let taken_back = ctx.holding(taken_back(ctx, code, release).into_iter().collect());
    if !taken_back.is_empty() {
        return Stand::Held(taken_back);
    }
    let older = ctx.holding(push_may_start(ctx, &release.branch));
    if !older.is_empty() {
        return Stand::Held(older);
    }
    let source = match source(ctx, code) {
        Ok(source) => source,
        Err(reason) => return Stand::Held(vec![*reason]),
    };
    let (onto, head) = (release.branch.clone(), release.head.clone());
    let step = Step::Promote { leg: ctx.leg, source, onto, head, to: ctx.target() };
    // The push names the head it replaces: a second one finds the branch moved and changes nothing.
    act(ctx, &release.branch, step, Repeat::Harmless)
}

/// What the merge of the proposal brought, else what other hands brought.
fn source(ctx: &Context<'_>, code: &ReleaseView) -> Result<Source, Box<Reason>> {
    if matches!(ctx.reach, Reach::Promote { flip: true, .. }) {
        return Ok(Source::Flip);
    }
    // Only what comes after the promotion is asked for without the merge before it.
    if *ctx.reach == Reach::Follow && !code.base.claim.reads.is(ctx.target()) {
        let step = format!("merge the change of slot into {}", code.base.branch);
        let why = Why::NotAsked { phase: Phase::Merge, step };
        return Err(Box::new(Reason::new(Gate::Asked, Subject::Rotation, why)));
    }
    match merge_commit(ctx) {
        Some((merged, proposal)) => Ok(Source::CherryPick { merged, proposal }),
        None => origin::source(ctx, code),
    }
}

fn act(ctx: &Context<'_>, branch: &BranchName, step: Step, repeat: Repeat) -> Stand {
    match may_try(ctx, Gate::Promoted, &Subject::Branch(branch.clone()), &step, repeat) {
        Ok(()) => Stand::Act(vec![step]),
        Err(reason) => Stand::Held(ctx.holding(vec![*reason])),
    }
}

/// By a pull request to the release branch.
fn propose(ctx: &Context<'_>, code: &ReleaseView, release: &BranchView) -> Stand {
    let gate = Gate::Promoted;
    let ends = ends(ctx, release);
    let branch = ends.head.clone();
    let pull = match ctx.pull(&ends, gate, ctx.policy.ages.ordinary) {
        Ok(pull) => pull,
        Err(reason) => return Stand::Held(vec![*reason]),
    };
    if let Some(pull) = pull {
        return awaited(ctx, code, pull, &Awaited { gate, ends: &ends, reads: release.claim.reads });
    }
    let unproven = ctx.holding(proposable(ctx));
    if !unproven.is_empty() {
        return Stand::Held(unproven);
    }
    let (leg, to) = (ctx.leg, ctx.target());
    if let Some(view) = code.proposals.get(&branch) {
        let step = Step::OpenPromotion { leg, branch: branch.clone(), base: release.branch.clone(), to };
        // The forge's list may lag behind what it has taken; asked again, it would say that there is one.
        let act = act(ctx, &branch, step, Repeat::After(ctx.policy.settle));
        return unless_of_others(ctx, gate, Some(view), &release.branch, act);
    }
    // Merged, it starts the run: what holds that is told before anybody reviews.
    let older = ctx.holding(push_may_start(ctx, &release.branch));
    if !older.is_empty() {
        return Stand::Held(older);
    }
    let source = match source(ctx, code) {
        Ok(source) => source,
        Err(reason) => return Stand::Held(vec![*reason]),
    };
    let step = Step::PushPromotion {
        leg,
        source,
        branch: branch.clone(),
        onto: release.branch.clone(),
        head: release.head.clone(),
        to,
    };
    act(ctx, &branch, step, Repeat::Harmless)
}
