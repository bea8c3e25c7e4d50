//! Runs, page by page, as far back as is looked.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::super::runs::Listing;
use super::AzureDevOps;
use super::builds::Build;
use crate::model::{PullHead, RunView, StageView};
use crate::ports::Fault;

/// States of builds that are not over, in the order in which one goes through them: what moves on while they are asked for
/// is in a later list.
const GOING: [&str; 4] = ["postponed", "notStarted", "inProgress", "cancelling"];

impl AzureDevOps {
    /// The newest runs, and whether there may be older ones.
    pub(super) async fn newest(&self, pipeline: u32, most: usize) -> Result<(Vec<Build>, bool), Fault> {
        let pipeline = pipeline.to_string();
        let query = [("definitions", pipeline.as_str()), ("queryOrder", "queueTimeDescending")];
        let builds: Vec<Build> =
            self.client.list("list the runs", &self.subject(), "build/builds", &query, most).await?;
        let more = builds.len() >= most;
        Ok((builds, more))
    }

    /// The newest runs, and those that are still going however old they are; and whether there may be older ones.
    async fn builds(&self, pipeline: u32) -> Result<(Vec<Build>, bool), Fault> {
        let (mut builds, more) = self.newest(pipeline, self.settings.recent).await?;
        let (what, subject, pipeline) = ("list the runs", self.subject(), pipeline.to_string());
        // One that was queued while the pipeline was paused may wait for weeks, and then run.
        for state in GOING.iter().filter(|_| more) {
            let going = [("definitions", pipeline.as_str()), ("statusFilter", *state)];
            builds
                .extend(self.client.list::<Build>(what, &subject, "build/builds", &going, usize::MAX).await?);
        }
        // The same run may be in several lists; the later one was read later.
        let by_id: BTreeMap<u64, Build> = builds.into_iter().map(|build| (build.id, build)).collect();
        Ok((by_id.into_values().rev().collect(), more))
    }

    /// The runs on one commit: those of its branch, and those that the pull request itself has started, which are of a
    /// merge that is nobody's branch and name the commit beside it.
    pub(super) async fn builds_of(&self, head: &PullHead) -> Result<Vec<Build>, Fault> {
        let pipeline = self.pipeline().await?.to_string();
        let (what, subject) = (format!("list the runs on {}", head.commit.short()), self.subject());
        let mut found = BTreeMap::new();
        for branch in [format!("refs/heads/{}", head.branch), format!("refs/pull/{}/merge", head.pull.0)] {
            let query = [
                ("definitions", pipeline.as_str()),
                ("branchName", &branch),
                ("queryOrder", "queueTimeDescending"),
            ];
            let builds: Vec<Build> =
                self.client.list(&what, &subject, "build/builds", &query, self.settings.recent).await?;
            found.extend(
                builds.into_iter().filter(|build| build.is_of(&head.commit)).map(|one| (one.id, one)),
            );
        }
        Ok(found.into_values().rev().collect())
    }
}

/// The runs of the pipeline of this number.
pub(super) struct Builds<'a>(pub(super) &'a AzureDevOps, pub(super) u32);

#[async_trait]
impl Listing for Builds<'_> {
    type Run = Build;
    type Order = u64;

    async fn newest(&self) -> Result<(Vec<Build>, bool), Fault> {
        self.0.builds(self.1).await
    }

    async fn older(&self) -> Result<(Vec<Build>, bool), Fault> {
        self.0.newest(self.1, self.0.settings.look_back).await
    }

    async fn stages(&self, run: &Build, explain: bool) -> Result<Vec<StageView>, Fault> {
        self.0.stages(run, explain).await
    }

    fn order(&self, run: &Build) -> u64 {
        run.id
    }

    fn keeps_place(&self) -> bool {
        true
    }

    fn view(&self, run: &Build, stages: Vec<StageView>) -> RunView {
        run.view(stages)
    }
}
