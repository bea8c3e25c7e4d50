//! What the tests of pipelines and forges have in common: what came of an effect, the branch that is released and
//! what is left out of its runs, and a run that is looked at until it has come to a state.

use std::fmt::Debug;
use std::time::Duration;

use keyslot::model::{BranchName, CommitId, RunId, RunView};
use keyslot::ports::{Code, CommitText, Effect, Fault, FileEdit, Pipeline, Started};
use keyslot::sim::WorldConfig;
use keyslot::sim::config::StageConfig;

use crate::desk::Desk;

#[track_caller]
pub fn applied<T: Debug>(effect: Effect<T>) -> T {
    match effect {
        Effect::Applied(value) => value,
        other => panic!("{other:?}"),
    }
}

/// Which run was started.
#[track_caller]
pub fn started(effect: Effect<Started>) -> RunId {
    applied(effect).run
}

#[track_caller]
pub fn refused<T: Debug>(effect: Effect<T>) -> Fault {
    match effect {
        Effect::Refused(fault) => fault,
        other => panic!("{other:?}"),
    }
}

pub fn release() -> BranchName {
    WorldConfig::default().repository.release
}

/// Where the released branch stands.
pub fn head(desk: &Desk) -> CommitId {
    desk.place.head(release().as_str()).unwrap()
}

/// Everything but what writes the vaults.
pub fn skipped() -> Vec<String> {
    ["build-images", "deploy-workload", "switch-traffic", "destroy-previous"].map(str::to_owned).to_vec()
}

/// The stage that writes the vaults.
pub fn infrastructure(config: &mut WorldConfig) -> &mut StageConfig {
    config.pipeline.stages.iter_mut().find(|stage| stage.name == "deploy-infrastructure").unwrap()
}

/// How often one looks for a run that no list shows yet: far longer than any list lags.
const UNLISTED: usize = 2_000;

/// The run when it has come to a state. One that was just started may be in no list yet.
pub async fn until(pipeline: &impl Pipeline, id: &RunId, wanted: impl Fn(&RunView) -> bool) -> RunView {
    let mut unlisted = 0;
    loop {
        let runs = pipeline.runs().await.unwrap();
        match runs.into_iter().find(|run| &run.id == id) {
            Some(run) if wanted(&run) => return run,
            Some(run) => assert!(!run.state.is_over(), "{run:?}"),
            None => {
                unlisted += 1;
                assert!(unlisted < UNLISTED, "run {id} is in no list");
            }
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// A commit of keyslot's on what the release branch stands on; nobody else has it.
pub async fn made(desk: &Desk, message: &str) -> CommitId {
    let code = desk.code();
    code.fetch().await.unwrap();
    let edit = FileEdit { path: "infra/main.tf".to_owned(), bytes: b"# x\n".to_vec() };
    let at = "2026-11-22T10:00:00Z".parse().unwrap();
    code.commit(&head(desk), &[edit], &CommitText { message: message.to_owned(), at }).await.unwrap()
}
