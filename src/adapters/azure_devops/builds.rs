//! A build as Azure DevOps writes it, as a run of the pipeline.
//!
//! Enums stay texts: they may grow, and a value that we do not know must not hide a run.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;

use crate::model::{BranchName, CommitId, RunId, RunResult, RunState, RunView, StageView};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Build {
    pub(super) id: u64,
    #[serde(default)]
    status: String,
    result: Option<String>,
    /// With `refs/heads/`.
    #[serde(default)]
    pub(super) source_branch: String,
    #[serde(default)]
    pub(super) source_version: String,
    queue_time: Option<Timestamp>,
    start_time: Option<Timestamp>,
    finish_time: Option<Timestamp>,
    last_changed_date: Option<String>,
    requested_for: Option<Person>,
    /// What a trigger says of itself; of a pull request on GitHub, `pr.sourceSha` among others.
    trigger_info: Option<BTreeMap<String, String>>,
    #[serde(rename = "_links", default)]
    links: Links,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Person {
    display_name: Option<String>,
}

/// A log as the list of logs has it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Log {
    pub(super) id: u64,
    #[serde(default)]
    pub(super) line_count: u64,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Links {
    web: Link,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Link {
    href: String,
}

impl Build {
    /// When it was last changed: a retried stage opens a finished run again.
    pub(super) fn changed(&self) -> String {
        self.last_changed_date
            .clone()
            .or_else(|| self.finish_time.map(|at| at.to_string()))
            .unwrap_or_default()
    }

    /// Whether it is of this commit, or of its merge into the base branch. One that goes on and does not say of what is
    /// taken for it.
    pub(super) fn is_of(&self, commit: &CommitId) -> bool {
        let same = |text: &str| text.eq_ignore_ascii_case(commit.as_str());
        let proposed = self.trigger_info.as_ref().and_then(|info| info.get("pr.sourceSha"));
        match proposed {
            Some(sha) => same(sha),
            None if self.source_branch.starts_with("refs/pull/") => !self.state().is_over(),
            None => same(&self.source_version),
        }
    }

    /// Its page.
    pub(super) fn url(&self) -> &str {
        &self.links.web.href
    }

    /// A run that waits for an approval is “in progress” here; only its stages tell.
    pub(super) fn state(&self) -> RunState {
        match self.status.as_str() {
            "notStarted" | "postponed" => RunState::Queued,
            "completed" => RunState::Completed(match self.result.as_deref() {
                Some("succeeded") => RunResult::Succeeded,
                Some("partiallySucceeded") => RunResult::PartiallySucceeded,
                Some("canceled") => RunResult::Canceled,
                // Also what we do not know: it is no success.
                _ => RunResult::Failed,
            }),
            // In progress, cancelling, and whatever comes: not over.
            _ => RunState::Running,
        }
    }

    pub(super) fn view(&self, stages: Vec<StageView>) -> RunView {
        let holds = |state: RunState| stages.iter().any(|stage| stage.state == state);
        let waits = holds(RunState::WaitsForApproval) && !holds(RunState::Running);
        let state = match self.state() {
            RunState::Running if waits => RunState::WaitsForApproval,
            state => state,
        };
        let branch = self.source_branch.strip_prefix("refs/heads/").unwrap_or(&self.source_branch);
        RunView {
            id: RunId::new(self.id.to_string()),
            branch: BranchName::new(branch),
            commit: CommitId::new(&self.source_version),
            state,
            started: self.start_time.or(self.queue_time).unwrap_or(Timestamp::UNIX_EPOCH),
            finished: self.finish_time,
            by: self
                .requested_for
                .as_ref()
                .and_then(|person| person.display_name.clone())
                .unwrap_or_default(),
            url: self.links.web.href.clone(),
            stages,
            more_before: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_build_of_a_pull_request_is_of_the_commit_that_it_names() {
        let head = CommitId::new("a".repeat(40));
        let build = |more: serde_json::Value| {
            let mut body = json!({ "id": 1, "sourceVersion": "b".repeat(40), "status": "inProgress" });
            if let (Some(members), serde_json::Value::Object(more)) = (body.as_object_mut(), more) {
                members.extend(more);
            }
            serde_json::from_value::<Build>(body).unwrap().is_of(&head)
        };
        let merge = "refs/pull/7/merge";
        let info = |sha: String| json!({ "sourceBranch": merge, "triggerInfo": { "pr.number": "7", "pr.sourceSha": sha } });
        assert!(build(info("A".repeat(40))));
        assert!(!build(info("c".repeat(40))), "an older head of it");
        assert!(build(json!({ "sourceBranch": merge })), "it goes on and does not say");
        assert!(
            !build(json!({ "sourceBranch": merge, "status": "completed" })),
            "it is over and does not say"
        );
        assert!(!build(json!({ "sourceBranch": "refs/heads/fix" })));
        assert!(build(json!({ "sourceBranch": "refs/heads/fix", "sourceVersion": "a".repeat(40) })));
    }
}
