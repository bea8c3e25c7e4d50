//! Deploy: the release pipeline runs on exactly the promoted commit, traffic and destroy stages left out.
//!
//! What the vaults hold outranks what a run says: where every vault holds the target key, nothing is run.

mod asked;

use jiff::Timestamp;

use super::super::attempt::{Repeat, looked_too_soon, may_try};
use super::super::predicate::{self, counts_as_propagated, release_known, target_proven};
use super::super::reason::later;
use super::super::{Context, FailedStage, Gate, Reach, Reason, Stand, Step, Subject, Why};
use crate::model::{
    BranchView, EvidenceKey, Propagation, Route, RunResult, RunStart, RunState, RunView, StageEffect,
    StampFacts,
};

pub fn stand(ctx: &Context<'_>) -> Stand {
    let gate = Gate::RunEnded;
    let max = ctx.policy.ages.ordinary;
    if ctx.policy.propagation == Propagation::Write || ctx.opened.route == Route::NextRelease {
        // Nothing is run: the next phase writes the vaults, or waits for units that are built from newer code.
        return Stand::Passed;
    }
    let vaults: Vec<Reason> = ctx
        .policy
        .stamps
        .iter()
        .flat_map(|stamp| counts_as_propagated(ctx, &stamp.name, ctx.target()))
        .collect();
    if vaults.is_empty() {
        return if *ctx.reach == Reach::Follow { written(ctx) } else { Stand::Passed };
    }
    if vaults.iter().any(|reason| !matches!(reason.why, Why::VaultHolds { .. })) {
        // Not all of them could be seen: a run would be started on ignorance.
        return Stand::Held(vaults);
    }
    let code = match ctx.code(gate, max) {
        Ok(code) => code,
        Err(reason) => return Stand::Held(vec![*reason]),
    };
    let runs = match ctx.runs(gate, max) {
        Ok(runs) => runs,
        Err(reason) => return Stand::Held(vec![*reason]),
    };
    // They hold nothing here, and are shown beside the run.
    if let Err(reason) = ctx.deployments(gate, max)
        && reason.is_blindness()
    {
        return Stand::Held(vec![*reason]);
    }
    let deployed = code.deployed();
    let is_ours = |run: &&RunView| deployed.is_run_by(run);
    let astray = asked::astray(ctx, &deploy(ctx, deployed), deployed, runs);
    let astray = astray.filter(|_| !runs.iter().any(|run| is_ours(&run)));
    // What another run leaves in the vaults is judged when it has ended.
    let others = under_way(ctx, runs.iter().filter(|run| !is_ours(run)));
    let others = ctx.holding(astray.into_iter().chain(others).collect());
    if !others.is_empty() {
        return Stand::Held(others);
    }
    // Newest first. A run of other code that wrote the vaults later has undone ours.
    let on_commit = runs.iter().take_while(|run| is_ours(run) || !wrote_vaults(run));
    let on_commit = on_commit.filter(is_ours).find(|run| !left_vaults_out(run));
    match on_commit {
        Some(run) if wrote_vaults(run) => {
            let others = runs.iter().filter(|run| !is_ours(run));
            after_run(ctx, run, vaults, (runs, others.filter_map(wrote_at).max()))
        }
        Some(run) if run.state.is_over() => {
            Stand::unless(ctx.holding(vec![Reason::new(gate, Subject::Run(run.id.clone()), ended_ill(run))]))
        }
        Some(run) => Stand::unless(ctx.holding(vec![held_by(ctx, run)])),
        None => start(ctx, runs),
    }
}

/// What would hold a run, as things are, for whoever plans one: a pipeline that cannot be seen, stages that nobody declared or
/// that may not run, a release branch of which only its name says that it is the live one. Nothing where no run is wanted,
/// or everybody has the key already.
pub fn foreseen(ctx: &Context<'_>) -> Vec<Reason> {
    let (gate, max) = (Gate::RunEnded, ctx.policy.ages.ordinary);
    let moved = |stamp: &StampFacts| counts_as_propagated(ctx, &stamp.name, ctx.target()).is_empty();
    let by_hand = ctx.policy.propagation == Propagation::Write || ctx.opened.route == Route::NextRelease;
    if by_hand || ctx.policy.stamps.iter().all(moved) {
        return Vec::new();
    }
    let code = match ctx.code(gate, max) {
        Ok(code) => code,
        // The proposal is held by it.
        Err(reason) => return Some(*reason).filter(Reason::opens_by_looking).into_iter().collect(),
    };
    let mut reasons = release_known(code);
    match ctx.runs(gate, max) {
        Err(reason) => reasons.push(*reason),
        Ok(_) if ctx.policy.run_start == RunStart::Hand => {}
        Ok(runs) => reasons.extend(predicate::may_start(ctx, &code.deployed().branch, runs)),
    }
    reasons
}

/// Every vault holds the key. Whoever follows the run sees the stages that write them to their end, too: what they do last
/// is not in the vaults. A run that waits for somebody, and a pipeline that cannot be seen, hold nothing any more.
fn written(ctx: &Context<'_>) -> Stand {
    let (gate, max) = (Gate::RunEnded, ctx.policy.ages.ordinary);
    let seen = ctx.code(gate, max).and_then(|code| Ok((code.deployed(), ctx.runs(gate, max)?)));
    let (deployed, runs) = match seen {
        Ok(seen) => seen,
        Err(reason) if reason.opens_by_looking() => return Stand::Held(vec![*reason]),
        Err(_) => return Stand::Passed,
    };
    let goes_on = |run: &&RunView| {
        deployed.is_run_by(run)
            && run.effect_ahead(StageEffect::WritesVaults)
            && run.asks_somebody().next().is_none()
    };
    Stand::unless(ctx.holding(runs.iter().filter(goes_on).map(|run| held_by(ctx, run)).collect()))
}

fn deploy(ctx: &Context<'_>, code: &BranchView) -> Step {
    Step::Deploy {
        leg: ctx.leg,
        branch: code.branch.clone(),
        commit: code.head.clone(),
        skip: ctx.policy.skip_stages.clone(),
    }
}

/// Runs that have yet to write the vaults, or are about it.
fn under_way<'a>(ctx: &Context<'_>, runs: impl Iterator<Item = &'a RunView>) -> Vec<Reason> {
    let ahead = runs.filter(|run| run.effect_ahead(StageEffect::WritesVaults));
    ahead.map(|run| held_by(ctx, run)).collect()
}

fn held_by(ctx: &Context<'_>, run: &RunView) -> Reason {
    Reason::new(Gate::RunEnded, Subject::Run(run.id.clone()), predicate::under_way(ctx, run))
}

fn wrote_vaults(run: &RunView) -> bool {
    run.effect_done(StageEffect::WritesVaults).unwrap_or(run.state.went_through())
}

/// When its stages wrote the vaults, as far as they were read: one that was tried again keeps the place of its run in the list.
fn wrote_at(run: &RunView) -> Option<Timestamp> {
    let written = !run.stages.is_empty() && wrote_vaults(run);
    written.then(|| run.effect_ended(StageEffect::WritesVaults)).flatten()
}

/// It ended well, and was never to write the vaults.
fn left_vaults_out(run: &RunView) -> bool {
    let skipped = RunState::Completed(RunResult::Skipped);
    let mut writers = run.stages.iter().filter(|stage| stage.has(StageEffect::WritesVaults)).peekable();
    run.state.went_through() && writers.peek().is_some() && writers.all(|stage| stage.state == skipped)
}

/// It is over, and the stages that write the vaults did not all go through.
fn ended_ill(run: &RunView) -> Why {
    let url = run.url.clone();
    let stage = run.failed_stage();
    let canceled = RunState::Completed(RunResult::Canceled);
    if run.state == canceled && stage.is_none_or(|stage| stage.state == canceled) {
        return Why::RunCanceled { url };
    }
    let failed = stage.map(|stage| {
        let (step, lines) =
            stage.failure.as_ref().map(|it| (it.step.clone(), it.lines.clone())).unwrap_or_default();
        Box::new(FailedStage { stage: stage.name.clone(), step, lines })
    });
    Why::RunFailed { url, failed }
}

/// The run wrote the vaults: they follow soon, or an older run that was tried again has undone it, or somebody has to look.
fn after_run(
    ctx: &Context<'_>,
    run: &RunView,
    mut vaults: Vec<Reason>,
    (runs, undone): (&[RunView], Option<Timestamp>),
) -> Stand {
    if let Some(finished) = run.effect_ended(StageEffect::WritesVaults)
        && later(finished, ctx.policy.settle + ctx.policy.vault_lag) < ctx.now
    {
        if undone > Some(finished) {
            return start(ctx, runs);
        }
        let why = Why::RunDidNotWrite { url: run.url.clone() };
        vaults.push(Reason::new(Gate::RunEnded, Subject::Run(run.id.clone()), why));
    }
    Stand::unless(ctx.holding(vaults))
}

fn start(ctx: &Context<'_>, runs: &[RunView]) -> Stand {
    let gate = Gate::RunEnded;
    let view = match ctx.code(gate, ctx.policy.ages.ordinary) {
        Ok(view) => view,
        Err(reason) => return Stand::Held(vec![*reason]),
    };
    let code = view.deployed();
    let subject = Subject::Branch(code.branch.clone());
    let (commit, skip) = (code.head.clone(), ctx.policy.skip_stages.clone());
    let awaited = |why| Stand::unless(ctx.holding(vec![Reason::new(gate, subject.clone(), why)]));
    // Nobody is sent to a branch that may not be the live one.
    let unclear = ctx.holding(release_known(view));
    if !unclear.is_empty() {
        return Stand::Held(unclear);
    }
    match ctx.policy.run_start {
        RunStart::Asked => {}
        RunStart::Push => return awaited(Why::RunAwaited { commit }),
        RunStart::Hand => return awaited(Why::RunByHand { commit, skip }),
    }
    let step = deploy(ctx, code);
    let in_vain = ctx.holding(asked::in_vain(ctx, &step, code, runs).into_iter().collect());
    if !in_vain.is_empty() {
        return Stand::Held(in_vain);
    }
    let mut reasons = target_proven(ctx, ctx.target(), ctx.policy.ages.proof);
    reasons.extend(predicate::none_in_the_making(ctx, ctx.policy.ages.ordinary));
    reasons.extend(under_way(ctx, runs.iter()));
    reasons.extend(predicate::may_start(ctx, &code.branch, runs));
    let reasons = ctx.holding(reasons);
    if !reasons.is_empty() {
        return Stand::Held(reasons);
    }
    if looked_too_soon(ctx, &step, ctx.world.runs.as_ref().map(|seen| seen.at)) {
        return Stand::Held(vec![Reason::new(gate, subject, Why::NotSeen(EvidenceKey::Runs))]);
    }
    match may_try(ctx, gate, &subject, &step, Repeat::After(ctx.policy.settle)) {
        Ok(()) => Stand::Act(vec![step]),
        Err(reason) => Stand::Held(vec![*reason]),
    }
}
