//! Pull requests as the forge keeps them, and what holds each.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::config::MergeMethod;
use super::repository::{GitId, Lookup as _, merge_base};
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
    /// Taken back by a push.
    pub dismissed: bool,
}

/// A comment below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    pub id: u64,
    pub by: String,
    pub body: String,
    pub at: Timestamp,
    pub updated: Timestamp,
    /// When it was changed, each time.
    pub edits: Vec<Timestamp>,
}

/// A pull request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pull {
    pub number: PullNumber,
    pub head_branch: BranchName,
    pub head: CommitId,
    pub base: BranchName,
    /// Whose fork its head branch is in; the repository itself has none of its commits' branch then.
    pub fork: Option<String>,
    /// Where the base branch stood when it ended.
    pub base_before: Option<CommitId>,
    pub title: String,
    pub body: String,
    pub author: String,
    /// Who pushed its head.
    pub pushed_by: String,
    pub opened: Timestamp,
    pub updated: Timestamp,
    pub state: PullState,
    pub draft: bool,
    /// When it was merged or closed, and by whom.
    pub ended: Option<(Timestamp, String)>,
    pub reviews: Vec<Review>,
    /// Whose review was requested and not given yet.
    pub asked: Vec<String>,
    pub asked_teams: Vec<String>,
    pub assignees: Vec<String>,
    pub labels: BTreeSet<String>,
    pub comments: Vec<Comment>,
    /// Conversations that nobody has resolved, and those that somebody has.
    pub conversations: (u32, u32),
    /// Who asked for it to be merged when its rules allow, and how.
    pub auto_merge: Option<(String, MergeMethod)>,
    /// In the merge queue.
    pub queued: bool,
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
    pub(super) fn open(
        number: PullNumber,
        branches: (&BranchName, CommitId, &BranchName),
        now: Timestamp,
    ) -> Pull {
        let (head_branch, head, base) = branches;
        Pull {
            number,
            head_branch: head_branch.clone(),
            head,
            base: base.clone(),
            fork: None,
            base_before: None,
            title: String::new(),
            body: String::new(),
            author: String::new(),
            pushed_by: String::new(),
            opened: now,
            updated: now,
            state: PullState::Open,
            draft: false,
            ended: None,
            reviews: Vec::new(),
            asked: Vec::new(),
            asked_teams: Vec::new(),
            assignees: Vec::new(),
            labels: BTreeSet::new(),
            comments: Vec::new(),
            conversations: (0, 0),
            auto_merge: None,
            queued: false,
            check: CheckState::NotStarted,
            check_changed: now,
            conflict: false,
            listed_from: now,
            pressed: false,
        }
    }

    pub fn is_open(&self) -> bool {
        self.state == PullState::Open
    }

    /// Who approves it now: the last word of each reviewer counts.
    pub fn approved_by(&self) -> Vec<String> {
        self.approvals().map(|review| review.by.clone()).collect()
    }

    /// The same, as the reviews that they gave, in the order of time.
    pub fn approvals(&self) -> impl Iterator<Item = &Review> {
        let is_last =
            |place: usize, by: &str| self.reviews.iter().skip(place + 1).all(|later| later.by != by);
        let last = self.reviews.iter().enumerate().filter(move |(place, review)| is_last(*place, &review.by));
        last.map(|(_, review)| review).filter(|review| review.approve && !review.dismissed)
    }
}

impl World {
    /// What holds an open pull request for the forge; empty where it is not open.
    pub fn pull_waits(&self, pull: &Pull) -> Vec<PullWait> {
        if !pull.is_open() {
            return Vec::new();
        }
        let rules = &self.config().people.rules;
        let mut waits = Vec::new();
        if pull.draft {
            waits.push(PullWait::Draft);
        }
        if pull.conflict {
            waits.push(PullWait::Conflict);
        }
        if rules.strict && self.is_behind(pull) {
            waits.push(PullWait::Behind);
        }
        waits.extend(self.review_waits(pull));
        waits.extend(self.check_waits(pull));
        if rules.conversations && pull.conversations.0 > 0 {
            waits.push(PullWait::Conversations { open: pull.conversations.0 });
        }
        if rules.queue.is_some() && pull.queued {
            waits.push(PullWait::Queue { queued: true });
        }
        if waits.is_empty() && !rules.others.is_empty() {
            waits.push(PullWait::Blocked { rules: rules.others.clone(), unread: Vec::new() });
        }
        if waits.is_empty() {
            waits.push(match rules.queue {
                Some(_) => PullWait::Queue { queued: false },
                None => PullWait::Mergeable,
            });
        }
        waits
    }

    /// Whether nothing but the button, or the queue, is between it and the base branch.
    pub(super) fn is_ready(&self, pull: &Pull) -> bool {
        matches!(*self.pull_waits(pull), [PullWait::Mergeable | PullWait::Queue { queued: false }])
    }

    /// How many approvals the base branch demands.
    pub fn reviews_wanted(&self) -> u32 {
        let people = &self.config().people;
        people.reviews_wanted.max(people.rules.classic.as_ref().map_or(0, |classic| classic.reviews))
    }

    fn review_waits(&self, pull: &Pull) -> Vec<PullWait> {
        let rules = &self.config().people.rules;
        let mut waits = Vec::new();
        let mut approvals = pull.approved_by();
        approvals.retain(|by| !rules.readers.contains(by));
        if let Some(review) = pull.reviews.iter().rev().find(|review| !review.approve)
            && !approvals.contains(&review.by)
        {
            waits.push(PullWait::ChangesRequested { by: review.by.clone() });
        }
        let owner = &self.config().repository.owner;
        let teams = pull.asked_teams.iter().map(|team| format!("{owner}/{team}"));
        let from: Vec<String> = pull.asked.iter().cloned().chain(teams).collect();
        let (have, want) = (u32::try_from(approvals.len()).unwrap_or(u32::MAX), self.reviews_wanted());
        let owned = rules.code_owners.iter().any(|owner| approvals.contains(owner));
        let last = pull.approvals().any(|review| review.head == pull.head && review.by != pull.pushed_by);
        if have < want {
            waits.push(PullWait::Reviews { have, want, from });
        } else if !rules.code_owners.is_empty() && !owned {
            waits.push(PullWait::CodeOwners { from });
        } else if rules.last_push && !last {
            waits.push(PullWait::StaleApprovals { by: approvals });
        }
        waits
    }

    fn check_waits(&self, pull: &Pull) -> Vec<PullWait> {
        let people = &self.config().people;
        let name = people.check.name.clone();
        let url = None;
        let own = match pull.check {
            _ if people.rules.optional_check => None,
            CheckState::NotStarted => Some(PullWait::CheckNotStarted { name }),
            CheckState::Running => Some(PullWait::CheckRunning { name, url }),
            CheckState::Failed => Some(PullWait::CheckFailed { name, url }),
            CheckState::Passed => None,
        };
        let classic = people.rules.classic.iter().flat_map(|classic| classic.checks.iter());
        own.into_iter().chain(classic.map(|name| PullWait::CheckNotStarted { name: name.clone() })).collect()
    }

    fn is_behind(&self, pull: &Pull) -> bool {
        let base = self.repository().head(&pull.base);
        base.is_some_and(|base| !self.repository().contains(&pull.head, base))
    }

    /// Whether two heads of it make the same change: the same files become the same.
    pub fn same_change(&self, pull: &Pull, one: &CommitId, other: &CommitId) -> bool {
        one == other || self.change(pull, one).is_some_and(|change| Some(change) == self.change(pull, other))
    }

    /// What a head changes since it parted from the base branch; `None` for a file that it takes away.
    fn change(&self, pull: &Pull, head: &CommitId) -> Option<BTreeMap<String, Option<GitId>>> {
        let repository = self.repository();
        let base = pull.base_before.as_ref().or_else(|| repository.head(&pull.base))?;
        let before = repository.commit(&merge_base(repository, base, head)?)?;
        let after = repository.commit(head)?;
        let (before, after) = (before.tree(), after.tree());
        let paths = before.iter().chain(after.iter()).map(|(path, _)| path);
        let changed = paths.filter(|path| before.get(path) != after.get(path));
        Some(changed.map(|path| (path.to_string(), after.get(path).map(|file| file.id()))).collect())
    }
}
