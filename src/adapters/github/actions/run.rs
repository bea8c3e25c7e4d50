//! A workflow run as GitHub writes it, as a run of the pipeline.
//!
//! States and conclusions stay texts: they may grow, and a value that we do not know must not hide a run.

use jiff::Timestamp;
use serde::Deserialize;

use crate::model::{BranchName, CommitId, RunId, RunResult, RunState, RunView, StageView};

#[derive(Deserialize)]
pub(super) struct Run {
    pub(super) id: u64,
    head_branch: Option<String>,
    #[serde(default)]
    head_sha: String,
    head_repository: Option<Repository>,
    repository: Option<Repository>,
    status: Option<String>,
    conclusion: Option<String>,
    run_attempt: Option<u32>,
    created_at: Timestamp,
    updated_at: Option<Timestamp>,
    run_started_at: Option<Timestamp>,
    #[serde(default)]
    pub(super) html_url: String,
    actor: Option<Person>,
    triggering_actor: Option<Person>,
}

#[derive(Deserialize)]
struct Repository {
    #[serde(default)]
    full_name: String,
}

#[derive(Deserialize)]
struct Person {
    #[serde(default)]
    login: String,
}

impl Run {
    /// Of the present attempt.
    pub(super) fn began(&self) -> Timestamp {
        self.run_started_at.unwrap_or(self.created_at)
    }

    /// What tells one attempt, and a later change of it, from another.
    pub(super) fn version(&self) -> (u64, u32, Option<Timestamp>) {
        (self.id, self.run_attempt.unwrap_or(1), self.updated_at)
    }

    pub(super) fn state(&self) -> RunState {
        match self.status.as_deref() {
            Some("completed") => RunState::Completed(result(self.conclusion.as_deref())),
            Some("queued" | "requested" | "pending") => RunState::Queued,
            Some("waiting") => RunState::WaitsForApproval,
            // In progress, and whatever comes: not over.
            _ => RunState::Running,
        }
    }

    /// A fork's branch of the same name is another branch. `own`: the repository as it is configured, which may have another
    /// name by now: what the answer calls it counts, where it says so.
    pub(super) fn branch(&self, own: &str) -> BranchName {
        let name = self.head_branch.as_deref().unwrap_or_default();
        let told = self.repository.as_ref().map(|it| it.full_name.as_str()).filter(|name| !name.is_empty());
        let own = told.unwrap_or(own);
        match &self.head_repository {
            Some(from) if !from.full_name.is_empty() && !from.full_name.eq_ignore_ascii_case(own) => {
                BranchName::new(format!("{}:{name}", from.full_name))
            }
            _ => BranchName::new(name),
        }
    }

    /// What it is of, where that is told.
    pub(super) fn commit(&self) -> Option<CommitId> {
        (!self.head_sha.is_empty()).then(|| CommitId::new(&self.head_sha))
    }

    pub(super) fn view(&self, branch: BranchName, stages: Vec<StageView>) -> RunView {
        let has = |state: RunState| stages.iter().any(|stage| stage.state == state);
        let state = match self.state() {
            RunState::Running if has(RunState::WaitsForApproval) && !has(RunState::Running) => {
                RunState::WaitsForApproval
            }
            state => state,
        };
        let (started, finished) = (self.began(), self.updated_at.filter(|_| state.is_over()));
        let by = self.triggering_actor.as_ref().or(self.actor.as_ref()).map(|person| person.login.clone());
        RunView {
            id: RunId::new(self.id.to_string()),
            url: self.html_url.clone(),
            branch,
            commit: CommitId::new(&self.head_sha),
            by: by.unwrap_or_default(),
            state,
            started,
            finished,
            stages,
            more_before: false,
        }
    }
}

/// What a conclusion means. What we do not know is no success.
pub(super) fn result(conclusion: Option<&str>) -> RunResult {
    match conclusion {
        Some("success") => RunResult::Succeeded,
        Some("neutral") => RunResult::PartiallySucceeded,
        Some("cancelled") => RunResult::Canceled,
        Some("skipped") => RunResult::Skipped,
        _ => RunResult::Failed,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn run(more: serde_json::Value) -> Run {
        let mut body = json!({ "id": 7, "head_branch": "release/1", "created_at": "2026-11-27T10:00:00Z" });
        if let (Some(members), serde_json::Value::Object(more)) = (body.as_object_mut(), more) {
            members.extend(more);
        }
        serde_json::from_value(body).unwrap()
    }

    #[test]
    fn a_forks_branch_of_the_same_name_is_another_branch() {
        let of = |full_name: &str| {
            run(json!({ "head_repository": { "full_name": full_name } })).branch("acme/app")
        };
        assert_eq!(of("Acme/App").as_str(), "release/1");
        assert_eq!(of("mallory/app").as_str(), "mallory/app:release/1");
        assert_eq!(run(json!({ "head_repository": null })).branch("acme/app").as_str(), "release/1");
        let renamed = |from: &str| {
            run(
                json!({ "repository": { "full_name": "acme/platform" }, "head_repository": { "full_name": from } }),
            )
        };
        assert_eq!(
            renamed("acme/platform").branch("acme/app").as_str(),
            "release/1",
            "it is what it is called now"
        );
        assert_eq!(renamed("acme/app").branch("acme/app").as_str(), "acme/app:release/1");
    }

    #[test]
    fn a_state_that_nobody_knows_is_not_over_and_a_conclusion_that_nobody_knows_is_no_success() {
        let state = |status: &str, conclusion: Option<&str>| {
            run(json!({ "status": status, "conclusion": conclusion })).state()
        };
        assert_eq!(state("dreaming", None), RunState::Running);
        assert_eq!(state("completed", Some("stale")), RunState::Completed(RunResult::Failed));
        assert_eq!(state("completed", Some("success")), RunState::Completed(RunResult::Succeeded));
        assert_eq!(state("requested", None), RunState::Queued);
    }

    #[test]
    fn another_attempt_begins_when_it_was_started_again_and_is_another_version() {
        let first = run(json!({}));
        let again = run(json!({ "run_attempt": 2, "run_started_at": "2026-11-27T12:00:00Z" }));
        assert!(again.began() > first.began());
        assert_ne!(again.version(), first.version());
    }
}
