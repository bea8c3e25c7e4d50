//! The stages of the run that is followed, as they move: lines for where nobody watches, and for the board.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::model::{CommitId, DeploymentState, RunId, RunState, StageView, World};
use crate::render::stages::{deployment_line, deployments, followed, line, run_line};

/// What was said of a run before.
#[derive(Default)]
pub struct Told {
    run: Option<(RunId, RunState)>,
    stages: BTreeMap<String, (RunState, u32, usize)>,
    /// The newest of each environment: of which commit, and how it stood.
    deployments: BTreeMap<String, (CommitId, DeploymentState)>,
}

impl Told {
    /// The lines that say what has changed since the last time: the run when it is first seen or its state moves, and
    /// each stage whose state, attempt or holds did. Of a run that was over when it was first seen the one line will do. And the newest
    /// deployment to each environment.
    pub fn news(&mut self, world: &World, now: Timestamp) -> Vec<String> {
        let mut news = self.news_of_run(world, now);
        // The newest of each environment; the older ones are history.
        let mut seen = BTreeSet::new();
        for deployment in deployments(world).filter(|one| seen.insert(one.environment.as_str())) {
            let is = (deployment.commit.clone(), deployment.state);
            if self.deployments.insert(deployment.environment.clone(), is.clone()) != Some(is) {
                news.push(format!("  {}", deployment_line(deployment)));
            }
        }
        news
    }

    fn news_of_run(&mut self, world: &World, now: Timestamp) -> Vec<String> {
        let Some(run) = followed(world) else { return Vec::new() };
        let mut news = Vec::new();
        let known = self.run.as_ref().is_some_and(|(id, _)| *id == run.id);
        let tells = known || !run.state.is_over();
        if !known {
            self.stages.clear();
        }
        if self.run != Some((run.id.clone(), run.state)) {
            news.push(run_line(run));
            self.run = Some((run.id.clone(), run.state));
        }
        for stage in &run.stages {
            let is = (stage.state, stage.attempt, stage.holds.len());
            let was = self.stages.insert(stage.name.clone(), is);
            // What has not begun, or never will, is no news at first.
            let worth = was.is_some() || has_moved(stage);
            if was != Some(is) && worth && tells {
                news.push(format!("  {}", line(stage, now)));
            }
        }
        news
    }
}

fn has_moved(stage: &StageView) -> bool {
    stage.state != RunState::Queued
}

/// The run and its stages as they stand, while it is not over.
pub fn standing(world: &World, now: Timestamp) -> Vec<String> {
    let Some(run) = followed(world).filter(|run| !run.state.is_over()) else { return Vec::new() };
    let stages = run.stages.iter().map(|stage| format!("      {}", line(stage, now)));
    std::iter::once(format!("    {}", run_line(run))).chain(stages).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{
        BranchName, BranchView, CommitId, LiveBy, ReleaseView, RunResult, RunView, Seen, Slot, SlotUse,
        StageEffect, TreeClaim,
    };

    fn world(stages: Vec<StageView>, state: RunState) -> World {
        let commit = CommitId::new("c".repeat(40));
        let claim = TreeClaim { reads: SlotUse::Only(Slot::Secondary), references: 1, problems: Vec::new() };
        let base = BranchView::of(BranchName::new("main"), commit.clone(), claim);
        let run = RunView {
            id: RunId::new("7"),
            url: "https://pipelines.example/7".to_owned(),
            branch: BranchName::new("main"),
            commit,
            by: String::new(),
            state,
            started: Timestamp::UNIX_EPOCH,
            finished: None,
            stages,
            more_before: false,
        };
        let (arrived, proposals) = (BTreeSet::new(), BTreeMap::new());
        let code = ReleaseView { base, release: None, live_by: LiveBy::Named, arrived, proposals };
        let now = Timestamp::UNIX_EPOCH;
        World {
            code: Some(Seen::known(now, code)),
            runs: Some(Seen::known(now, vec![run])),
            ..World::default()
        }
    }

    #[test]
    fn what_moved_is_told_once() {
        let mut told = Told::default();
        let stages = |infra: RunState| {
            vec![
                StageView::new("infra", infra, Some(vec![StageEffect::WritesVaults])),
                StageView::new("traffic", RunState::Queued, None),
            ]
        };
        let mut news =
            |infra: RunState, run: RunState| told.news(&world(stages(infra), run), Timestamp::UNIX_EPOCH);
        let first = news(RunState::Running, RunState::Running);
        assert!(
            first.len() == 2 && first[0].starts_with("run 7") && first[1].contains("infra: runs"),
            "{first:?}"
        );
        assert_eq!(news(RunState::Running, RunState::Running), Vec::<String>::new());
        let done = RunState::Completed(RunResult::Succeeded);
        assert_eq!(news(done, RunState::Running), ["  infra: succeeded"]);
        let last = news(done, done);
        assert!(last.len() == 1 && last[0].contains("succeeded"), "{last:?}");
    }

    #[test]
    fn of_a_run_that_ended_before_one_line_is_told_and_of_a_retry_what_moves() {
        let mut told = Told::default();
        let stage = |state: RunState| vec![StageView::new("infra", state, None)];
        let failed = RunState::Completed(RunResult::Failed);
        let first = told.news(&world(stage(failed), failed), Timestamp::UNIX_EPOCH);
        assert!(first.len() == 1 && first[0].starts_with("run 7"), "{first:?}");
        let again = told.news(&world(stage(RunState::Running), RunState::Running), Timestamp::UNIX_EPOCH);
        assert!(again.len() == 2 && again[1].contains("infra: runs"), "{again:?}");
    }

    #[test]
    fn the_board_shows_every_stage_until_the_run_is_over() {
        let stages = vec![StageView::new("infra", RunState::Running, None)];
        let now = Timestamp::UNIX_EPOCH;
        let shown = standing(&world(stages.clone(), RunState::Running), now);
        assert_eq!(shown.len(), 2);
        assert!(shown[1].ends_with("infra: runs, not declared"), "{shown:?}");
        assert_eq!(
            standing(&world(stages, RunState::Completed(RunResult::Failed)), now),
            Vec::<String>::new()
        );
    }
}
