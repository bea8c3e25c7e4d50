//! Whether a run may be started at all: what its stages do must be known, and none of them may move traffic or destroy a
//! unit that nobody has accepted by name.
//!
//! What the pipeline has is taken from its newest run: of the same branch, else of any. Where there is none, the
//! configuration's word stands, and the adapter asks the service once more before it sends.

use super::super::{Context, Gate, Reason, Subject, Why};
use crate::model::{BranchName, RunView, StageEffect, StageView};

/// Why no run of this branch may be started. `runs` are newest first.
pub fn may_start(ctx: &Context<'_>, branch: &BranchName, runs: &[RunView]) -> Vec<Reason> {
    let hold = |why| Reason::new(Gate::RunEnded, Subject::Branch(branch.clone()), why);
    let mut reasons: Vec<Reason> = older_unit(branch, runs).into_iter().map(hold).collect();
    let known = |run: &&RunView| !run.stages.is_empty();
    let own = runs.iter().filter(known).find(|run| run.branch == *branch);
    if let Some(run) = own.or_else(|| runs.iter().find(known)) {
        reasons.extend(unknown_stages(run).into_iter().chain(harmful(ctx, run)).map(hold));
    }
    reasons
}

fn unknown_stages(run: &RunView) -> Option<Why> {
    let stages = run.undeclared();
    (!stages.is_empty()).then(|| Why::StagesUndeclared { stages, url: run.url.clone() })
}

fn harmful(ctx: &Context<'_>, run: &RunView) -> Option<Why> {
    let dangerous = |stage: &&StageView| {
        stage.effects.iter().flatten().any(|effect| effect.is_dangerous())
            && !ctx.policy.skip_stages.contains(&stage.name)
            && !ctx.policy.accepted_stages.contains(&stage.name)
    };
    let stages: Vec<String> = run.stages.iter().filter(dangerous).map(|stage| stage.name.clone()).collect();
    (!stages.is_empty()).then_some(Why::StagesNotSkipped { stages })
}

/// A run of another branch that moved traffic after every run of this one.
fn older_unit(branch: &BranchName, runs: &[RunView]) -> Option<Why> {
    let mut later = runs.iter().take_while(|run| run.branch != *branch);
    let live = later.find(|run| run.effect_done(StageEffect::SwitchesTraffic) == Some(true))?;
    Some(Why::RunOfOlderUnit { live: live.branch.clone(), url: live.url.clone() })
}
