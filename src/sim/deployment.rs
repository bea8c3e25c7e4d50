//! Deployments to environments: those that stages of runs make, and those that somebody else does.

use jiff::Timestamp;

use super::command::Reply;
use super::world::World;
use crate::model::{BranchName, CommitId, RunResult, RunState};

/// One deployment, with its statuses in the order in which they came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deployment {
    pub id: u64,
    pub environment: String,
    pub branch: BranchName,
    pub commit: CommitId,
    pub by: String,
    pub at: Timestamp,
    /// As GitHub calls them, with their times.
    pub statuses: Vec<(String, Timestamp)>,
}

/// The number of the first that no run makes.
const FIRST: u64 = 9_000_001;

impl World {
    /// All deployments, oldest first. Each stage that deploys to an environment makes one when its turn has come.
    pub fn deployments(&self) -> Vec<Deployment> {
        let mut all: Vec<Deployment> = self.runs().iter().flat_map(|run| self.of_run(run)).collect();
        all.extend(self.deployments.iter().cloned());
        all.sort_by_key(|deployment| (deployment.at, deployment.id));
        all
    }

    fn of_run(&self, run: &super::pipeline::Run) -> Vec<Deployment> {
        let pipeline = &self.config().pipeline;
        let Some(environment) = &pipeline.environment else { return Vec::new() };
        let writes =
            |name: &str| pipeline.stages.iter().any(|stage| stage.name == name && !stage.effects.is_empty());
        let come =
            |state: RunState| !matches!(state, RunState::Queued | RunState::Completed(RunResult::Skipped));
        let stages =
            run.stages.iter().enumerate().filter(|(_, stage)| writes(&stage.name) && come(stage.state));
        let made = stages.map(|(place, stage)| {
            let at = stage.started.unwrap_or(run.queued);
            let mut statuses = vec![("queued".to_owned(), at)];
            statuses.extend(stage.started.map(|at| ("in_progress".to_owned(), at)));
            if let (RunState::Completed(result), Some(at)) = (stage.state, stage.finished) {
                let word = if result == RunResult::Succeeded { "success" } else { "failure" };
                statuses.push((word.to_owned(), at));
            }
            Deployment {
                id: run.number * 1_000 + place as u64 * 10 + u64::from(stage.attempt),
                environment: environment.clone(),
                branch: run.branch.clone(),
                commit: run.commit.clone(),
                by: run.by.clone(),
                at,
                statuses,
            }
        });
        made.collect()
    }

    /// Somebody deploys a commit, or says how that stands.
    pub(super) fn report_deployment(
        &mut self,
        environment: &str,
        (branch, commit): (&BranchName, &CommitId),
        state: &str,
        by: &str,
    ) -> Reply {
        let now = self.now;
        let known = self
            .deployments
            .iter_mut()
            .find(|one| one.environment == environment && one.commit == *commit && one.branch == *branch);
        match known {
            Some(known) => known.statuses.push((state.to_owned(), now)),
            None => self.deployments.push(Deployment {
                id: FIRST + self.deployments.len() as u64,
                environment: environment.to_owned(),
                branch: branch.clone(),
                commit: commit.clone(),
                by: by.to_owned(),
                at: now,
                statuses: vec![(state.to_owned(), now)],
            }),
        }
        Reply::Done
    }
}
