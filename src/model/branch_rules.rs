//! What a forge's rules say of one branch, as far as they can be read, whatever is done with the branch.
//!
//! Facts only: which of them a rotation meets, and which of those only make people work, is decided elsewhere.

use super::{BranchName, MergeMethod};

/// The rules of one branch. Several may say the same: each of them counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BranchRules {
    pub rules: Vec<BranchRule>,
    pub unread: Vec<UnreadRules>,
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BranchRule {
    pub demand: Demand,
    pub bypass: Bypass,
}

/// What a rule demands of whoever changes the branch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Demand {
    /// Nobody may make a branch of this name.
    NoNewBranch,
    /// A new branch's name has to be like this.
    Name(NamePattern),
    /// Nobody may move it.
    NoUpdate,
    /// It is locked: nobody may move it, by a merge neither.
    Locked,
    /// Only those who are named there may push to it.
    NamedPushers,
    /// Changes come by pull requests alone.
    PullRequest(Reviewing),
    /// Pull requests may be merged in these ways alone.
    Methods(Vec<MergeMethod>),
    /// Checks that have to pass first.
    Checks(Vec<String>),
    /// A pull request's branch has to hold all of the branch that it goes to.
    UpToDate,
    /// Pull requests are merged by a merge queue.
    Queue,
    /// Every commit has to bear a verified signature.
    Signatures,
    /// There may be no merge commits.
    LinearHistory,
    /// Deployments to these environments have to succeed first.
    Deployments(Vec<String>),
    /// Messages, authors or committers of commits have to be of some kind.
    CommitText,
    /// A rule of this kind, of which nobody here knows what it refuses.
    Other(String),
}

/// What has to be done about a pull request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reviewing {
    pub approvals: u32,
    pub code_owners: bool,
    /// Somebody else than who pushed last has to approve what was pushed last.
    pub last_push: bool,
    /// Every conversation has to be resolved.
    pub conversations: bool,
}

impl Reviewing {
    /// Whether it asks people for nothing.
    pub fn is_nothing(&self) -> bool {
        let Reviewing { approvals, code_owners, last_push, conversations } = self;
        *approvals == 0 && !code_owners && !last_push && !conversations
    }
}

/// What names of branches have to be like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamePattern {
    pub like: Like,
    pub pattern: String,
    /// They must not be so.
    pub negated: bool,
}

/// How a pattern is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Like {
    StartsWith,
    EndsWith,
    Contains,
    /// By an expression that only the forge evaluates.
    Expression,
}

impl NamePattern {
    /// Whether a name is as it has to be; `None` where only the forge knows.
    pub fn admits(&self, name: &BranchName) -> Option<bool> {
        let (name, pattern) = (name.as_str(), self.pattern.as_str());
        let fits = match self.like {
            Like::StartsWith => name.starts_with(pattern),
            Like::EndsWith => name.ends_with(pattern),
            Like::Contains => name.contains(pattern),
            Like::Expression => return None,
        };
        Some(fits != self.negated)
    }
}

/// Whether whoever reads a rule may pass it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bypass {
    Always,
    /// Where a pull request is merged, and not where something is pushed.
    PullRequests,
    Never,
    /// Nobody says.
    Untold,
}

/// What of a branch's rules could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum UnreadRules {
    /// Its rulesets.
    Rulesets,
    /// There is a classic protection, and only who administers the repository may read it.
    Protection,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_held_against_what_can_be_evaluated_here() {
        let name = BranchName::new("fix/keyslot-1a2b");
        let admits = |like, pattern: &str, negated| {
            NamePattern { like, pattern: pattern.to_owned(), negated }.admits(&name)
        };
        assert_eq!(admits(Like::StartsWith, "fix/", false), Some(true));
        assert_eq!(admits(Like::StartsWith, "fix/", true), Some(false));
        assert_eq!(admits(Like::EndsWith, "-hotfix", false), Some(false));
        assert_eq!(admits(Like::Contains, "keyslot", false), Some(true));
        assert_eq!(admits(Like::Expression, "^fix/[a-z]+$", false), None);
    }
}
