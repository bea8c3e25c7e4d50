//! Deploy: the release pipeline runs on exactly the promoted commit, traffic and destroy stages left out.
//!
//! What the vaults hold outranks what a run says: where every vault holds the target key, nothing is run.

use super::super::attempt::{Repeat, may_try};
use super::super::predicate::{self, propagated, release_known, target_proven};
use super::super::reason::later;
use super::super::{Context, Gate, Reason, Stand, Step, Subject, Why};
use crate::model::{Propagation, Route, RunView, StageEffect};

pub fn stand(ctx: &Context<'_>) -> Stand {
    let gate = Gate::RunEnded;
    let max = ctx.policy.ages.ordinary;
    if ctx.policy.propagation == Propagation::Write || ctx.opened.route == Route::NextRelease {
        // Nothing is run: the next phase writes the vaults, or waits for units that are built from newer code.
        return Stand::Passed;
    }
    let vaults: Vec<Reason> =
        ctx.policy.stamps.iter().flat_map(|stamp| propagated(ctx, &stamp.name, ctx.target(), max)).collect();
    if vaults.is_empty() {
        return Stand::Passed;
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
    let deployed = code.deployed();
    let is_ours = |run: &&RunView| run.commit == deployed.head && run.branch == deployed.branch;
    // What another run leaves in the vaults is judged when it has ended.
    let others = ctx.holding(under_way(runs.iter().filter(|run| !is_ours(run))));
    if !others.is_empty() {
        return Stand::Held(others);
    }
    // Newest first. A run of other code that wrote the vaults later has undone ours.
    let on_commit = runs.iter().take_while(|run| is_ours(run) || !wrote_vaults(run)).find(is_ours);
    match on_commit {
        Some(run) if wrote_vaults(run) => after_run(ctx, run, vaults),
        Some(run) if run.state.is_over() => {
            let why = Why::RunFailed { url: run.url.clone() };
            Stand::unless(ctx.holding(vec![Reason::new(gate, Subject::Run(run.id.clone()), why)]))
        }
        Some(run) => Stand::unless(ctx.holding(vec![held_by(run)])),
        None => start(ctx, runs),
    }
}

/// Runs that have yet to write the vaults, or are about it.
fn under_way<'a>(runs: impl Iterator<Item = &'a RunView>) -> Vec<Reason> {
    runs.filter(|run| run.effect_ahead(StageEffect::WritesVaults)).map(held_by).collect()
}

fn held_by(run: &RunView) -> Reason {
    Reason::new(Gate::RunEnded, Subject::Run(run.id.clone()), predicate::under_way(run))
}

fn wrote_vaults(run: &RunView) -> bool {
    run.effect_done(StageEffect::WritesVaults).unwrap_or(run.state.succeeded())
}

/// The run wrote the vaults: they follow soon, or somebody has to look.
fn after_run(ctx: &Context<'_>, run: &RunView, mut vaults: Vec<Reason>) -> Stand {
    if let Some(finished) = run.finished
        && later(finished, ctx.policy.settle + ctx.policy.vault_lag) < ctx.now
    {
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
    let mut reasons = ctx.holding(target_proven(ctx, ctx.target(), ctx.policy.ages.proof));
    reasons.extend(ctx.holding(release_known(view)));
    reasons.extend(ctx.holding(under_way(runs.iter())));
    if !reasons.is_empty() {
        return Stand::Held(reasons);
    }
    let step = Step::Deploy {
        leg: ctx.leg,
        branch: code.branch.clone(),
        commit: code.head.clone(),
        skip: ctx.policy.skip_stages.clone(),
    };
    let subject = Subject::Branch(code.branch.clone());
    match may_try(ctx, gate, &subject, &step, Repeat::After(ctx.policy.settle)) {
        Ok(()) => Stand::Act(vec![step]),
        Err(reason) => Stand::Held(vec![*reason]),
    }
}
