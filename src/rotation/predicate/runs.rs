//! What the pipeline may do meanwhile.

use std::time::Duration;

use super::super::{Context, Gate, Reason, Subject, Why};
use crate::model::{RunState, RunView, StageEffect};

/// No run is under way, on any branch, that could write the vaults or the account.
pub fn no_hazard(ctx: &Context<'_>, max: Duration) -> Vec<Reason> {
    match ctx.runs(Gate::NoHazard, max) {
        Err(reason) => vec![*reason],
        Ok(runs) => runs
            .iter()
            .filter(|run| run.effect_ahead(StageEffect::WritesVaults))
            .map(|run| Reason::new(Gate::NoHazard, Subject::Run(run.id.clone()), under_way(run)))
            .collect(),
    }
}

/// The same run as a reason to wait for it.
pub fn under_way(run: &RunView) -> Why {
    let waiting: Vec<String> = run
        .stages
        .iter()
        .filter(|stage| stage.state == RunState::WaitsForApproval)
        .map(|stage| stage.name.clone())
        .collect();
    if waiting.is_empty() {
        Why::RunUnderWay { commit: run.commit.clone() }
    } else {
        Why::RunWaitsForApproval { commit: run.commit.clone(), stages: waiting }
    }
}
