//! A pull request as its forge shows it: how it stands, which head each approval was given on, what holds it; and what
//! a team has decided about pull requests.
//!
//! Facts only: what follows from them is decided elsewhere.

use serde::{Deserialize, Serialize};

use super::{BranchName, CommitId, PullNumber};

/// From which branch a pull request goes, and to which. One branch may be proposed to several: each is another change.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PullEnds {
    pub head: BranchName,
    pub base: BranchName,
}

/// One commit that a pull request proposes, on its branch.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PullHead {
    pub pull: PullNumber,
    pub branch: BranchName,
    pub commit: CommitId,
}

/// Open, merged or closed without merge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PullState {
    Open,
    Merged { commit: CommitId },
    Closed,
}

/// A check on the pull request's head that the forge requires, or that a team asks for besides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PullCheck {
    pub name: String,
    /// Whether a rule of the forge is known to require it: then the forge merges nothing before it has passed.
    pub required: bool,
    /// `None` while it runs or has not been started.
    pub passed: Option<bool>,
}

/// An approval, with the head that it was given on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PullApproval {
    pub by: String,
    pub head: CommitId,
    /// Whether it is of the change that the present head makes: of that very head, or of one that changes the same lines
    /// in the same way and in the same surroundings (somebody has merged the base branch into it, say).
    pub same_change: bool,
}

/// What holds an open pull request.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PullWait {
    Reviews {
        have: u32,
        want: u32,
        /// Whom a review was requested from: people, and teams as `owner/team`.
        from: Vec<String>,
    },
    /// Enough have approved, and none of them owns the code that changes.
    CodeOwners {
        from: Vec<String>,
    },
    ChangesRequested {
        by: String,
    },
    /// They approved another change than the one that the present head makes, and nobody else has approved this one.
    StaleApprovals {
        by: Vec<String>,
    },
    CheckRunning {
        name: String,
        url: Option<String>,
    },
    CheckNotStarted {
        name: String,
    },
    CheckFailed {
        name: String,
        url: Option<String>,
    },
    /// Conversations that somebody has to resolve.
    Conversations {
        open: u32,
    },
    Draft,
    Conflict,
    Behind,
    /// It is merged by the base branch's merge queue; `queued`: and is in it.
    Queue {
        queued: bool,
    },
    /// The forge says blocked, and nothing that can be seen explains it. Rules that might, and what could not be read.
    Blocked {
        rules: Vec<String>,
        unread: Vec<String>,
    },
    /// The forge is still working it out.
    NotComputed,
    /// Nothing holds it for the forge; somebody has to press the button.
    Mergeable,
}

/// A pull request on its forge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PullView {
    pub number: PullNumber,
    pub url: String,
    pub author: String,
    pub head_branch: BranchName,
    pub head: CommitId,
    pub base: BranchName,
    pub state: PullState,
    /// The last word of each reviewer, where it is an approval that the forge counts.
    pub approvals: Vec<PullApproval>,
    /// How many approvals the base branch demands, as far as that can be read.
    pub reviews_wanted: u32,
    /// What of the base branch's demands could not be read.
    pub unread: Vec<String>,
    /// Whether the forge has been asked to merge it by itself.
    pub auto_merge: bool,
    pub checks: Vec<PullCheck>,
    /// Empty unless open.
    pub waits: Vec<PullWait>,
}

impl PullView {
    /// How many have approved the change that the present head makes.
    pub fn approved(&self) -> usize {
        self.approvals.iter().filter(|approval| approval.same_change).count()
    }

    /// Who has approved another change than that.
    pub fn stale(&self) -> Vec<String> {
        let stale = self.approvals.iter().filter(|approval| !approval.same_change);
        stale.map(|approval| approval.by.clone()).collect()
    }

    /// Whether nothing holds it for the forge.
    pub fn is_mergeable(&self) -> bool {
        self.waits.contains(&PullWait::Mergeable)
    }
}

/// Who merges the pull requests that keyslot opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub enum Merging {
    #[default]
    People,
    /// The forge, as soon as its rules allow: keyslot asks it to (auto-merge). It refuses the wish where nothing holds the pull
    /// request any more; then keyslot merges that head, as the forge would have done.
    Auto,
    /// keyslot, as soon as the forge's rules allow and somebody has approved the head, where it is not its own.
    Keyslot,
}

/// How commits come into the base branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub enum MergeMethod {
    #[default]
    Merge,
    Squash,
    Rebase,
}

impl MergeMethod {
    pub fn as_str(self) -> &'static str {
        match self {
            MergeMethod::Merge => "merge",
            MergeMethod::Squash => "squash",
            MergeMethod::Rebase => "rebase",
        }
    }
}

/// What a pull request is given when it has been opened, once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct PullDress {
    pub labels: Vec<String>,
    /// Logins.
    pub reviewers: Vec<String>,
    /// Teams of the repository's owner, by their short names.
    pub teams: Vec<String>,
    /// Logins.
    pub assignees: Vec<String>,
}

impl PullDress {
    pub fn is_empty(&self) -> bool {
        let PullDress { labels, reviewers, teams, assignees } = self;
        [labels, reviewers, teams, assignees].into_iter().all(Vec::is_empty)
    }
}

/// How the checks come about that a team asks for besides those of the forge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValidationPolicy {
    /// The checks' names.
    pub checks: Vec<String>,
    /// The pipeline that reports them, as people call it.
    pub pipeline: String,
    /// Where a person starts it.
    pub page: String,
    /// Stages that a run leaves out.
    pub skip: Vec<String>,
    /// Whether keyslot starts a run where nobody has.
    pub start: bool,
}

impl ValidationPolicy {
    /// Whether one of its checks is among what holds the pull request because nobody has started it.
    pub fn is_awaited(&self, waits: &[PullWait]) -> bool {
        let not_started = |wait: &PullWait| matches!(wait, PullWait::CheckNotStarted { name } if self.checks.contains(name));
        waits.iter().any(not_started)
    }
}

/// What a team has decided about pull requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PullPolicy {
    pub merging: Merging,
    pub method: MergeMethod,
    pub draft: bool,
    pub dress: PullDress,
    /// Whether the pull request is told how the rotation stands.
    pub board: bool,
    /// Absent where nobody says how the checks come about.
    pub validation: Option<ValidationPolicy>,
}

impl Default for PullPolicy {
    fn default() -> PullPolicy {
        PullPolicy {
            merging: Merging::People,
            method: MergeMethod::Merge,
            draft: false,
            dress: PullDress::default(),
            board: true,
            validation: None,
        }
    }
}
