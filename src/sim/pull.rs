//! Pull requests as the forge keeps them, and what holds each.

use jiff::Timestamp;

use super::world::World;
use crate::model::{BranchName, CommitId, PullNumber, PullState, PullWait};

/// How the required check on one head stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckState {
    NotStarted,
    Running,
    Passed,
    Failed,
}

/// One review.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Review {
    pub by: String,
    pub approve: bool,
    pub at: Timestamp,
    /// The head that was reviewed.
    pub head: CommitId,
}

/// A pull request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pull {
    pub number: PullNumber,
    pub head_branch: BranchName,
    pub head: CommitId,
    pub base: BranchName,
    pub title: String,
    pub body: String,
    pub author: String,
    pub opened: Timestamp,
    pub updated: Timestamp,
    pub state: PullState,
    /// When it was merged or closed, and by whom.
    pub ended: Option<(Timestamp, String)>,
    pub reviews: Vec<Review>,
    /// Of the current head.
    pub check: CheckState,
    pub check_changed: Timestamp,
    /// Head and base changed the same file differently.
    pub conflict: bool,
    /// Lists leave it out until then.
    pub listed_from: Timestamp,
    /// Somebody is about to press the button.
    pub(super) pressed: bool,
}

impl Pull {
    pub fn is_open(&self) -> bool {
        self.state == PullState::Open
    }

    /// Who approves it now: the last word of each reviewer counts.
    pub fn approved_by(&self) -> Vec<String> {
        let mut by: Vec<String> = Vec::new();
        for review in &self.reviews {
            by.retain(|name| name != &review.by);
            if review.approve {
                by.push(review.by.clone());
            }
        }
        by
    }
}

impl World {
    /// What holds an open pull request; empty where it is not open.
    pub fn pull_waits(&self, pull: &Pull) -> Vec<PullWait> {
        if !pull.is_open() {
            return Vec::new();
        }
        let people = &self.config().people;
        let mut waits = Vec::new();
        if pull.conflict {
            waits.push(PullWait::Conflict);
        }
        let approvals = pull.approved_by();
        let have = u32::try_from(approvals.len()).unwrap_or(u32::MAX);
        if let Some(review) = pull.reviews.iter().rev().find(|review| !review.approve)
            && !approvals.contains(&review.by)
        {
            waits.push(PullWait::ChangesRequested { by: review.by.clone() });
        }
        if have < people.reviews_wanted {
            waits.push(PullWait::Reviews { have, want: people.reviews_wanted });
        }
        let name = people.check.name.clone();
        match pull.check {
            CheckState::NotStarted => waits.push(PullWait::CheckNotStarted { name }),
            CheckState::Running => waits.push(PullWait::CheckRunning { name }),
            CheckState::Failed => waits.push(PullWait::CheckFailed { name }),
            CheckState::Passed => {}
        }
        if waits.is_empty() {
            waits.push(PullWait::Mergeable);
        }
        waits
    }
}
