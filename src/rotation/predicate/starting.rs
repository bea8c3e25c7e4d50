//! Whether a run may be started at all: what its stages do must be known, and none of them may move traffic or destroy a
//! unit that nobody has accepted by name.
//!
//! What the pipeline has is taken from its newest run: of the same branch, else of any. Where there is none, the
//! configuration's word stands, and the adapter asks the service once more before it sends.

use jiff::Timestamp;

use super::super::{Context, Gate, Reason, Subject, Why};
use crate::model::{BranchName, RunStart, RunView, StageEffect, StageView};

/// Why no run of this branch may be started. `runs` are newest first.
pub fn may_start(ctx: &Context<'_>, branch: &BranchName, runs: &[RunView]) -> Vec<Reason> {
    let hold = |why| Reason::new(Gate::RunEnded, Subject::Branch(branch.clone()), why);
    let mut reasons: Vec<Reason> = older_unit(ctx, branch, runs).into_iter().map(hold).collect();
    let known = |run: &&RunView| !run.stages.is_empty();
    let own = runs.iter().filter(known).find(|run| run.branch == *branch);
    if let Some(run) = own.or_else(|| runs.iter().find(known)) {
        reasons.extend(unknown_stages(run).into_iter().chain(harmful(ctx, run)).map(hold));
    }
    reasons
}

/// Why what is pushed or merged to the branch may not be: where a push starts the run, it is the start. A pipeline that cannot
/// be seen holds as well. Nothing where keyslot or a person starts the run, for then that is asked later.
pub fn push_may_start(ctx: &Context<'_>, branch: &BranchName) -> Vec<Reason> {
    if ctx.policy.run_start != RunStart::Push {
        return Vec::new();
    }
    match ctx.runs(Gate::RunEnded, ctx.policy.ages.ordinary) {
        Ok(runs) => may_start(ctx, branch, runs),
        Err(reason) => vec![*reason],
    }
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

/// Whose unit has the traffic: that of the run that moved it last, which is the newest one unless a stage of an older one was
/// tried again. A run of another branch that may have done so later holds as well, until somebody has seen what it did.
fn older_unit(ctx: &Context<'_>, branch: &BranchName, runs: &[RunView]) -> Option<Why> {
    if !ctx.policy.moves_traffic {
        return None;
    }
    // Behind it stand runs that were not looked at; one that goes yet however old it is says nothing of those.
    let gap = runs.iter().position(|run| run.more_before);
    let near = runs.get(..gap.map_or(runs.len(), |last| last + 1)).unwrap_or(runs);
    let judged = near.iter().map(|run| (run, run.moved_traffic()));
    let mut movers = judged.filter(|(run, moved)| moved.unwrap_or(run.branch != *branch));
    let Some((run, moved)) = movers.next() else {
        let oldest = near.last().filter(|run| run.more_before)?;
        return Some(Why::TrafficBeyond { since: oldest.started, url: oldest.url.clone() });
    };
    let retried = moved.and_then(|_| at_traffic(run)).and_then(|moved| {
        let later = movers.filter(|(run, _)| !run.stages.is_empty() && at_traffic(run) > Some(moved));
        later.max_by_key(|(run, _)| at_traffic(run))
    });
    let (run, moved) = retried.unwrap_or((run, moved));
    if run.branch == *branch {
        return None;
    }
    let (live, url) = (run.branch.clone(), run.url.clone());
    Some(match moved {
        Some(_) => Why::RunOfOlderUnit { live, url },
        None => Why::TrafficUnknown { branch: live, going: !run.state.is_over(), url },
    })
}

/// When its stages that may move traffic came to where they are.
fn at_traffic(run: &RunView) -> Option<Timestamp> {
    let stages = run.stages.iter().filter(|stage| stage.may_have(StageEffect::SwitchesTraffic));
    stages.filter_map(StageView::since).max().or(run.finished)
}
