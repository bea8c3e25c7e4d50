//! What the pipeline may do meanwhile, and what it has just done.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;

use super::super::reason::later;
use super::super::{Context, Gate, Outcome, Produced, Reason, Step, StepRecord, Subject, Waiting, Why};
use crate::model::{
    DeploymentState, DeploymentView, EvidenceKey, RunResult, RunState, RunView, StageEffect, StageHold,
    StageView,
};

/// No run is under way, on any branch, that could write the vaults or the account; and what those that have ended
/// may have written has been seen.
pub fn no_hazard(ctx: &Context<'_>, max: Duration) -> Vec<Reason> {
    match ctx.runs(Gate::NoHazard, max) {
        Err(reason) => vec![*reason],
        Ok(runs) => {
            let of_runs = runs.iter().flat_map(|run| hazard(ctx, run));
            let of_deployments = match ctx.deployments(Gate::NoHazard, max) {
                Ok(all) => {
                    let all = all.unwrap_or_default();
                    other_deployments(ctx, runs, all)
                        .into_iter()
                        .chain(just_deployed(ctx, runs, all))
                        .collect()
                }
                Err(reason) => vec![*reason],
            };
            of_runs.chain(of_deployments).collect()
        }
    }
}

/// Deployments of other code to the environment that are under way or yet to begin, and that no run of the pipeline shows.
fn other_deployments(ctx: &Context<'_>, runs: &[RunView], all: &[DeploymentView]) -> Vec<Reason> {
    let deployed = ctx.world.deployed().map(|code| &code.head);
    let shown = |one: &DeploymentView| {
        // A run that has yet to write the vaults holds by itself, and tells more.
        runs.iter().any(|run| run.commit == one.commit && run.effect_ahead(StageEffect::WritesVaults))
    };
    let others =
        all.iter().filter(|one| !one.state.is_over() && deployed != Some(&one.commit) && !shown(one));
    others
        .map(|one| {
            let why = Why::DeploymentUnderWay { deployment: Box::new(one.clone()) };
            Reason::new(Gate::NoHazard, Subject::Commit(one.commit.clone()), why)
        })
        .collect()
}

/// Deployments of other code that have just ended, and that no run of the pipeline shows.
fn just_deployed(ctx: &Context<'_>, runs: &[RunView], all: &[DeploymentView]) -> Vec<Reason> {
    let deployed = ctx.world.deployed().map(|code| &code.head);
    let shown = |one: &DeploymentView| runs.iter().any(|run| run.commit == one.commit);
    let wrote = |one: &&DeploymentView| {
        matches!(one.state, DeploymentState::Succeeded | DeploymentState::Failed)
            && deployed != Some(&one.commit)
            && !shown(one)
    };
    let written = all.iter().filter(wrote);
    written.flat_map(|one| not_seen_since(ctx, &Subject::Commit(one.commit.clone()), one.since)).collect()
}

fn hazard(ctx: &Context<'_>, run: &RunView) -> Vec<Reason> {
    let subject = || Subject::Run(run.id.clone());
    if run.meets_regeneration() {
        return vec![Reason::new(Gate::NoHazard, subject(), under_way(ctx, run))];
    }
    written_until(run).map_or_else(Vec::new, |at| not_seen_since(ctx, &subject(), at))
}

/// What was written at this time, and may not have been seen in the vaults.
fn not_seen_since(ctx: &Context<'_>, subject: &Subject, written: Timestamp) -> Vec<Reason> {
    // Until then a vault may answer as if nothing had been written.
    let until = later(written, ctx.policy.vault_lag);
    if until > ctx.now {
        return vec![Reason::new(Gate::NoHazard, subject.clone(), Why::RunJustEnded { until })];
    }
    let since: Duration = ctx.now.duration_since(until).try_into().unwrap_or(Duration::ZERO);
    let stamps = ctx.policy.stamps.iter();
    let seen = stamps.filter_map(|stamp| Some((&stamp.name, ctx.world.vaults.get(&stamp.name)?)));
    seen.filter(|(_, seen)| seen.at < until)
        .map(|(stamp, seen)| {
            let (evidence, age) = (EvidenceKey::Vault(stamp.clone()), seen.age(ctx.now));
            let why = Why::TooOld { evidence, age, max: since };
            Reason::new(Gate::NoHazard, Subject::Stamp(stamp.clone()), why)
        })
        .collect()
}

/// When what may have written the vaults came to its end: the run, or, where that goes on with something else, the last of
/// those stages. A run whose stages were not read may have done anything.
fn written_until(run: &RunView) -> Option<Timestamp> {
    if run.stages.is_empty() {
        return run.finished;
    }
    let skipped = RunState::Completed(RunResult::Skipped);
    let wrote = |stage: &&StageView| stage.may_have(StageEffect::WritesVaults) && stage.state != skipped;
    run.stages.iter().find(wrote)?;
    run.finished.or_else(|| run.stages.iter().filter(wrote).filter_map(|stage| stage.finished).max())
}

/// Runs of other code that have yet to write the vaults, to be told while the new key is not confirmed. Nothing is held by
/// them any more, so a pipeline that cannot be seen is no reason.
pub fn other_runs(ctx: &Context<'_>, max: Duration) -> Vec<Reason> {
    let runs = match ctx.runs(Gate::NoHazard, max) {
        Ok(runs) => runs,
        Err(reason) => return reason.is_blindness().then_some(*reason).into_iter().collect(),
    };
    let ahead = runs.iter().filter(|run| run.effect_ahead(StageEffect::WritesVaults));
    let deployments = match ctx.deployments(Gate::NoHazard, max) {
        Ok(all) => other_deployments(ctx, runs, all.unwrap_or_default()),
        Err(reason) if matches!(reason.why, Why::Blind { .. }) => Vec::new(),
        Err(reason) => vec![*reason],
    };
    ahead
        .filter(|run| !is_ours(ctx, run))
        .map(|run| Reason::new(Gate::NoHazard, Subject::Run(run.id.clone()), under_way(ctx, run)))
        .chain(deployments)
        .collect()
}

/// Whether it is a run of the code that the rotation deploys, or has deployed on this leg before others pushed on top of it.
fn is_ours(ctx: &Context<'_>, run: &RunView) -> bool {
    let now = ctx.world.deployed().is_some_and(|code| code.is_run_by(run));
    now || ctx.fold.steps.values().any(|record| is_of(ctx, record, run))
}

/// Whether it is of the commit that this step has put there, or has had run.
fn is_of(ctx: &Context<'_>, record: &StepRecord, run: &RunView) -> bool {
    match (&record.intent.step, &record.outcome) {
        (Step::Deploy { leg, branch, commit, .. }, _) => {
            *leg == ctx.leg && *branch == run.branch && *commit == run.commit
        }
        (
            Step::Promote { leg, onto, .. },
            Some((_, Outcome::Applied { produced: Produced::Commit(made) })),
        ) => *leg == ctx.leg && *onto == run.branch && *made == run.commit,
        _ => false,
    }
}

/// The same run as a reason to wait for it.
pub fn under_way(ctx: &Context<'_>, run: &RunView) -> Why {
    let (branch, commit, url) = (run.branch.clone(), run.commit.clone(), run.url.clone());
    let stages: Vec<String> = run.asks_somebody().map(|stage| stage.name.clone()).collect();
    if stages.is_empty() {
        return Why::RunUnderWay { branch, commit, url };
    }
    let holds: Vec<&StageHold> = run.asks_somebody().flat_map(|stage| &stage.holds).collect();
    let who: BTreeSet<&String> = holds.iter().flat_map(|hold| &hold.who).collect();
    let place = holds.iter().map(|hold| &hold.url).find(|url| !url.is_empty());
    Why::RunWaitsForApproval {
        branch,
        commit,
        url: place.cloned().unwrap_or(url),
        waiting: Box::new(Waiting {
            stages,
            who: who.into_iter().cloned().collect(),
            ours: is_ours(ctx, run),
        }),
    }
}
