//! What became of the run that keyslot asked for, where it is not the one that writes the vaults.
//!
//! One run is asked for, and no second one in its place unless a person says so: each does everything that its pipeline does, and
//! what went wrong with the first goes wrong with the next.

use super::super::super::reason::later;
use super::super::super::{Context, Gate, Outcome, Reason, Step, StepRecord, Subject, Why};
use super::left_vaults_out;
use crate::model::{BranchView, RunView, StageEffect};

/// It has come to be of other code: another one would be too, as likely as not.
pub(super) fn astray(
    ctx: &Context<'_>,
    step: &Step,
    deployed: &BranchView,
    runs: &[RunView],
) -> Option<Reason> {
    let asked = &deployed.head;
    let record = ctx.record(step)?;
    let Some((_, Outcome::Applied { produced })) = &record.outcome else { return None };
    let (run, told) = produced.run()?;
    let seen = runs.iter().find(|seen| seen.id == *run);
    let commit = told.or(seen.map(|seen| &seen.commit)).filter(|commit| *commit != asked)?.clone();
    let url = seen.map(|seen| seen.url.clone()).unwrap_or_default();
    let why = Why::RunOfOtherCommit { commit, asked: asked.clone(), url };
    Some(Reason::new(Gate::RunEnded, Subject::Run(run.clone()), why))
}

/// It ended well and left the vaults out, or it was taken and is on no list.
pub(super) fn in_vain(
    ctx: &Context<'_>,
    step: &Step,
    deployed: &BranchView,
    runs: &[RunView],
) -> Option<Reason> {
    let record = ctx.record(step).filter(|record| !record.resumed)?;
    let is_it = |run: &&RunView| deployed.is_run_by(run) && may_be(record, run);
    if let Some(run) = runs.iter().filter(is_it).find(|run| left_vaults_out(run)) {
        let writers = run.stages.iter().filter(|stage| stage.has(StageEffect::WritesVaults));
        let stages = writers.map(|stage| stage.name.clone()).collect();
        let why = Why::RunLeftVaultsOut { stages, url: run.url.clone() };
        return Some(Reason::new(Gate::RunEnded, Subject::Run(run.id.clone()), why));
    }
    let Some((at, Outcome::Applied { produced })) = &record.outcome else { return None };
    let (run, _) = produced.run()?;
    let is_late = later(*at, ctx.policy.settle.max(ctx.policy.pace.people)) <= ctx.now;
    if !is_late || runs.iter().any(|seen| seen.id == *run) {
        return None;
    }
    Some(Reason::new(Gate::RunEnded, Subject::Run(run.clone()), Why::RunUnlisted { since: *at }))
}

/// Whether this is the run that was asked for: the one that the answer named, or, without an answer, any that began since.
fn may_be(record: &StepRecord, run: &RunView) -> bool {
    match &record.outcome {
        Some((_, Outcome::Applied { produced })) => produced.run().is_some_and(|(id, _)| *id == run.id),
        None | Some((_, Outcome::Unknown { .. })) => run.started >= record.intended_at,
        Some((_, Outcome::NotSent { .. } | Outcome::Refused { .. })) => false,
    }
}
