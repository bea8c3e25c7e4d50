//! Pull requests and reviews as GitHub writes them, read leniently.
//!
//! Only the members that keyslot needs; whatever else comes or goes is no error. Texts that GitHub may extend stay
//! texts.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use crate::model::{BranchName, CommitId, PullState};

#[derive(Clone, Deserialize)]
pub(super) struct Pull {
    pub(super) number: u64,
    /// By which GraphQL knows it.
    #[serde(default)]
    pub(super) node_id: Option<String>,
    #[serde(default)]
    pub(super) html_url: String,
    state: String,
    #[serde(default)]
    pub(super) draft: bool,
    user: Option<User>,
    pub(super) head: End,
    pub(super) base: End,
    #[serde(default)]
    pub(super) updated_at: Option<Timestamp>,
    merged_at: Option<Timestamp>,
    merge_commit_sha: Option<String>,
    /// About conflicts only; absent in lists, null while GitHub works it out.
    #[serde(default)]
    pub(super) mergeable: Option<bool>,
    #[serde(default)]
    pub(super) mergeable_state: Option<String>,
    /// Null unless somebody has asked for it.
    #[serde(default)]
    auto_merge: Option<Value>,
    #[serde(default)]
    requested_reviewers: Vec<User>,
    #[serde(default)]
    requested_teams: Vec<Team>,
    #[serde(default)]
    assignees: Vec<User>,
    #[serde(default)]
    labels: Vec<Label>,
}

#[derive(Clone, Deserialize)]
pub(super) struct User {
    pub(super) login: String,
}

#[derive(Clone, Deserialize)]
struct Team {
    slug: String,
}

#[derive(Clone, Deserialize)]
struct Label {
    name: String,
}

/// Of an answer to what dresses it, whom it is for.
#[derive(Deserialize)]
struct Worn {
    requested_reviewers: Option<Vec<User>>,
    requested_teams: Option<Vec<Team>>,
    assignees: Option<Vec<User>>,
}

/// One end of a pull request.
#[derive(Clone, Deserialize)]
pub(super) struct End {
    #[serde(rename = "ref")]
    pub(super) branch: String,
    pub(super) sha: String,
    /// Null where a fork was deleted.
    repo: Option<Repository>,
}

#[derive(Clone, Deserialize)]
struct Repository {
    full_name: String,
}

#[derive(Deserialize)]
pub(super) struct RawReview {
    user: Option<User>,
    state: String,
    #[serde(default)]
    commit_id: Option<String>,
}

/// The last verdict of one reviewer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Review {
    pub(super) by: String,
    /// `APPROVED`, `CHANGES_REQUESTED` or `DISMISSED`.
    pub(super) state: String,
    /// The head that was reviewed; empty where GitHub does not say.
    pub(super) head: String,
}

impl Review {
    pub(super) fn approves(&self) -> bool {
        self.state == "APPROVED"
    }
}

impl Pull {
    /// Whether it comes from this branch of the repository that it goes to, and not from a fork's.
    pub(super) fn is_from_its_own(&self, head: &BranchName) -> bool {
        let name = |end: &End| end.repo.as_ref().map(|repo| repo.full_name.to_lowercase());
        let own = name(&self.base);
        self.head.branch == head.as_str() && own.is_some() && name(&self.head) == own
    }

    pub(super) fn state(&self) -> PullState {
        match (&self.merged_at, &self.merge_commit_sha, self.state.as_str()) {
            (Some(_), Some(commit), _) => PullState::Merged { commit: CommitId::new(commit) },
            // Merged, and GitHub does not say yet as what.
            (Some(_), None, _) | (None, _, "open") => PullState::Open,
            _ => PullState::Closed,
        }
    }

    /// GitHub shows deleted accounts as “ghost”.
    pub(super) fn author(&self) -> &str {
        self.user.as_ref().map_or("ghost", |user| &user.login)
    }

    pub(super) fn has_auto_merge(&self) -> bool {
        self.auto_merge.is_some()
    }

    /// After GitHub took the wish.
    pub(super) fn with_auto_merge(&self) -> Pull {
        Pull { auto_merge: Some(Value::Bool(true)), ..self.clone() }
    }

    /// Puts on what GitHub answers that it wears now: labels alone, or a pull request or issue with a list of whom it is
    /// for. Whether the answer says so.
    pub(super) fn wears(&mut self, answer: Value) -> bool {
        if answer.is_array() {
            return serde_json::from_value(answer).map(|labels| self.labels = labels).is_ok();
        }
        let Ok(worn) = serde_json::from_value::<Worn>(answer) else { return false };
        let says = worn.requested_reviewers.is_some() || worn.assignees.is_some();
        self.requested_reviewers =
            worn.requested_reviewers.unwrap_or(std::mem::take(&mut self.requested_reviewers));
        self.requested_teams = worn.requested_teams.unwrap_or(std::mem::take(&mut self.requested_teams));
        self.assignees = worn.assignees.unwrap_or(std::mem::take(&mut self.assignees));
        says
    }

    pub(super) fn requested(&self) -> Vec<String> {
        logins(&self.requested_reviewers)
    }

    pub(super) fn requested_teams(&self) -> Vec<String> {
        self.requested_teams.iter().map(|team| team.slug.clone()).collect()
    }

    pub(super) fn assignees(&self) -> Vec<String> {
        logins(&self.assignees)
    }

    pub(super) fn labels(&self) -> Vec<String> {
        self.labels.iter().map(|label| label.name.clone()).collect()
    }
}

fn logins(users: &[User]) -> Vec<String> {
    users.iter().map(|user| user.login.clone()).collect()
}

/// The latest verdict of each reviewer. A comment does not replace a verdict.
pub(super) fn latest_reviews(reviews: Vec<RawReview>) -> Vec<Review> {
    let mut latest = BTreeMap::new();
    // The list is in the order of time.
    for review in reviews {
        let RawReview { user, state, commit_id } = review;
        let verdict = matches!(state.as_str(), "APPROVED" | "CHANGES_REQUESTED" | "DISMISSED");
        if let (true, Some(User { login })) = (verdict, user) {
            let head = commit_id.unwrap_or_default();
            latest.insert(login.clone(), Review { by: login, state, head });
        }
    }
    latest.into_values().collect()
}
