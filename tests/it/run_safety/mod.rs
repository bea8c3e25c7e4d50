//! When a run of the release pipeline may be started, what is said of one that failed or waits, and what a run beside
//! the rotation is.

mod beside;
mod failed;
mod start;
mod traffic;

use jiff::SignedDuration;
use keyslot::model::{
    Blindness, CommitId, HoldKind, KeyKind, Merging, Operation, OperationState, Promotion, PullApproval,
    PullEnds, PullNumber, PullState, PullView, PullWait, RunId, RunResult, RunStart, RunState, RunView, Seen,
    Slot, SlotUse, StageEffect, StageFailure, StageHold, StageView,
};
use keyslot::render::{note, reason};
use keyslot::rotation::{Event, Gate, Leg, Note, Outcome, Phase, Produced, Step, Verdict, Why, notes};

use crate::stage::{Stage, at};

const DONE: RunState = RunState::Completed(RunResult::Succeeded);
const SKIPPED: RunState = RunState::Completed(RunResult::Skipped);
const FAILED: RunState = RunState::Completed(RunResult::Failed);

fn stage(name: &str, state: RunState, effects: &[StageEffect]) -> StageView {
    StageView::new(name, state, Some(effects.to_vec()))
}

fn run(id: &str, branch: &str, commit: char, state: RunState, stages: Vec<StageView>) -> RunView {
    RunView {
        id: RunId::new(id),
        url: format!("https://pipelines.example/{id}"),
        branch: branch.into(),
        commit: CommitId::new(commit.to_string().repeat(40)),
        by: "ada".to_owned(),
        state,
        started: at(90_000),
        finished: state.is_over().then(|| at(90_600)),
        stages,
        more_before: false,
    }
}

fn whole(state: RunState) -> Vec<StageView> {
    vec![
        stage("infra", state, &[StageEffect::WritesVaults]),
        stage("traffic", state, &[StageEffect::SwitchesTraffic]),
    ]
}

/// Code and world agree on everything but one vault: a run is next.
fn before_deploy() -> Stage {
    let mut stage = Stage::ready();
    stage.vault_mut("east").fingerprint = crate::stage::key(Slot::Primary);
    stage
}

fn with_runs(runs: Vec<RunView>) -> Stage {
    let mut stage = before_deploy();
    stage.world.runs = Some(Seen::known(stage.now, runs));
    stage
}

/// Why it does not go on; nothing where it acts.
fn whys(stage: &Stage) -> Vec<Why> {
    match stage.decide().verdict {
        Verdict::Wait { reasons, .. } | Verdict::Halt { reasons } => {
            reasons.into_iter().map(|reason| reason.why).collect()
        }
        _ => Vec::new(),
    }
}

fn halts(stage: &Stage) -> bool {
    matches!(stage.decide().verdict, Verdict::Halt { .. })
}

fn deploys(stage: &Stage) -> bool {
    matches!(stage.decide().verdict, Verdict::Act { steps, .. } if matches!(steps[0], Step::Deploy { .. }))
}

fn words(stage: &Stage) -> String {
    match stage.decide().verdict {
        Verdict::Wait { reasons, .. } | Verdict::Halt { reasons } => {
            reasons.iter().map(|it| format!("{}; {}\n", reason::why(it), reason::remedy(it))).collect()
        }
        other => panic!("{other:?}"),
    }
}

fn stage_of_vaults(state: RunState) -> StageView {
    stage("infra", state, &[StageEffect::WritesVaults])
}

fn stage_of_traffic(state: RunState) -> StageView {
    stage("traffic", state, &[StageEffect::SwitchesTraffic])
}

fn waiting(id: &str, branch: &str, commit: char) -> RunView {
    let state = RunState::WaitsForApproval;
    let plan = stage("plan", DONE, &[]);
    run(id, branch, commit, state, vec![plan, stage("infra", state, &[StageEffect::WritesVaults])])
}

fn stage_steps(stage: &Stage) -> Vec<Step> {
    crate::stage::steps(&stage.decide())
}
