//! Pull requests and reviews as GitHub writes them, read leniently.
//!
//! Only the members that keyslot needs; whatever else comes or goes is no error. Texts that GitHub may extend stay
//! texts.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;

use super::required::Check;
use crate::model::{BranchName, CommitId, PullCheck, PullNumber, PullState, PullView, PullWait};

#[derive(Deserialize)]
pub(super) struct Pull {
    pub(super) number: u64,
    #[serde(default)]
    html_url: String,
    state: String,
    #[serde(default)]
    pub(super) draft: bool,
    user: Option<User>,
    pub(super) head: End,
    pub(super) base: End,
    merged_at: Option<Timestamp>,
    merge_commit_sha: Option<String>,
    /// About conflicts only; absent in lists, null while GitHub works it out.
    #[serde(default)]
    pub(super) mergeable: Option<bool>,
    #[serde(default)]
    pub(super) mergeable_state: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct User {
    login: String,
}

/// One end of a pull request.
#[derive(Deserialize)]
pub(super) struct End {
    #[serde(rename = "ref")]
    pub(super) branch: String,
    pub(super) sha: String,
    /// Null where a fork was deleted.
    repo: Option<Repository>,
}

#[derive(Deserialize)]
struct Repository {
    full_name: String,
}

#[derive(Deserialize)]
pub(super) struct Review {
    user: Option<User>,
    state: String,
}

impl Pull {
    pub(super) fn is_from(&self, head: &BranchName, repository: &str) -> bool {
        let same = |repo: &Repository| repo.full_name.eq_ignore_ascii_case(repository);
        self.head.branch == head.as_str() && self.head.repo.as_ref().is_some_and(same)
    }

    pub(super) fn state(&self) -> PullState {
        match (&self.merged_at, &self.merge_commit_sha, self.state.as_str()) {
            (Some(_), Some(commit), _) => PullState::Merged { commit: CommitId::new(commit) },
            (None, _, "open") => PullState::Open,
            _ => PullState::Closed,
        }
    }
}

/// The latest verdict of each reviewer. A comment does not replace a verdict.
pub(super) fn latest_reviews(reviews: Vec<Review>) -> BTreeMap<String, String> {
    let mut latest = BTreeMap::new();
    // The list is in the order of time.
    for review in reviews {
        let verdict = matches!(review.state.as_str(), "APPROVED" | "CHANGES_REQUESTED" | "DISMISSED");
        if let (true, Some(user)) = (verdict, review.user) {
            latest.insert(user.login, review.state);
        }
    }
    latest
}

pub(super) fn approvers(latest: &BTreeMap<String, String>) -> Vec<String> {
    latest.iter().filter(|(_, state)| *state == "APPROVED").map(|(login, _)| login.clone()).collect()
}

pub(super) fn view(
    pull: &Pull,
    approved_by: Vec<String>,
    checks: &[Check],
    waits: Vec<PullWait>,
) -> PullView {
    PullView {
        number: PullNumber(pull.number),
        url: pull.html_url.clone(),
        // GitHub shows deleted accounts as “ghost”.
        author: pull.user.as_ref().map_or("ghost", |user| &user.login).to_owned(),
        head_branch: BranchName::new(&pull.head.branch),
        head: CommitId::new(&pull.head.sha),
        base: BranchName::new(&pull.base.branch),
        state: pull.state(),
        approved_by,
        checks: checks
            .iter()
            .map(|check| PullCheck { name: check.name.clone(), passed: check.passed })
            .collect(),
        waits,
    }
}
