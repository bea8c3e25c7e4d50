//! What to look at: fixed by configuration, except for what a rotation brings along.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;

use crate::execute::Sources;
use crate::model::{Access, AccountId, Blindness, BranchName, CommitId, Operation, Salt, StampName, matches};
use crate::ports::Fault;
use crate::rotation::Unanswered;

/// Which branch is deployed to the environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReleaseRule {
    /// The base branch itself is deployed.
    BaseItself,
    /// The one that the configuration names. The tags of live stamps may say otherwise.
    Branch(BranchName),
    /// The one that a person has named for this rotation, whatever else says.
    Said(BranchName),
    /// One of the branches with such a name. A name only proposes: the newest branch may be one that is being
    /// prepared.
    Like { pattern: String },
}

impl ReleaseRule {
    /// The branches of the remote that may be the live release by their names, the newest version last.
    pub fn candidates(&self, heads: &BTreeMap<BranchName, CommitId>) -> Vec<BranchName> {
        let known = heads.keys().cloned();
        match self {
            ReleaseRule::BaseItself => Vec::new(),
            ReleaseRule::Branch(branch) | ReleaseRule::Said(branch) => {
                known.filter(|known| known == branch).collect()
            }
            ReleaseRule::Like { pattern } => {
                let mut alike: Vec<BranchName> =
                    known.filter(|branch| matches(pattern, branch.as_str())).collect();
                alike.sort_by_cached_key(|branch| version_key(branch.as_str()));
                alike
            }
        }
    }
}

/// Numbers compare as numbers: 2021.10 is later than 2021.9.
fn version_key(branch: &str) -> Vec<(u64, String)> {
    branch
        .split(|letter: char| !letter.is_ascii_alphanumeric())
        .map(|part| (part.parse().unwrap_or(0), part.to_owned()))
        .collect()
}

/// How many were refused in the hour before tells people whether somebody was refused already.
const COMPARED: Duration = Duration::from_secs(3600);

/// What to look at.
#[derive(Clone, Debug)]
pub struct Targets {
    /// Whose keys are looked at.
    pub account: AccountId,
    /// Under which fingerprints are made.
    pub salt: Salt,
    pub access: Access,
    /// The Terraform code, and what is asked of it.
    pub sources: Sources,
    pub base_branch: BranchName,
    pub release: ReleaseRule,
    pub stamps: Vec<StampName>,
    /// Whether Azure is asked for stamps that nobody listed.
    pub inventory: bool,
    /// How far back the logs are asked; zero where nobody will.
    pub log_window: Duration,
    /// How far back the account's metrics are asked; zero where nobody will.
    pub metrics_window: Duration,
    /// From which moment on it must be known whom the account refuses, where that is longer ago than both windows.
    pub refusals_since: Option<Timestamp>,
    /// How far back readers of the key are looked for; zero where nobody does.
    pub census_window: Duration,
    /// The regeneration under way, if its address is known.
    pub operation: Option<Operation>,
    /// The regeneration to which no answer came, if there is one.
    pub unanswered: Option<Unanswered>,
    /// Commits that were pushed to the live release, and nobody knows whether they came.
    pub promoted: BTreeSet<CommitId>,
}

impl Targets {
    /// That, or the moment from which on refusals must be known, with a little before it to compare with.
    pub(super) fn refusals_from(&self, usual: Timestamp) -> Timestamp {
        let wanted = self.refusals_since.and_then(|since| since.checked_sub(COMPARED).ok());
        wanted.map_or(usual, |wanted| wanted.min(usual))
    }

    pub(super) fn no_branch(&self, branch: &BranchName, heads: &BTreeMap<BranchName, CommitId>) -> Fault {
        let why = format!("the remote has no such branch; {}", what_it_has(heads));
        Fault::new(Blindness::Gone, "read the branch", branch.as_str(), why)
            .remedy("check `base_branch` in keyslot.toml against the remote's branches")
    }

    pub(super) fn no_release(&self, heads: &BTreeMap<BranchName, CommitId>) -> Fault {
        Fault::new(
            Blindness::Gone,
            "find the live release branch",
            match &self.release {
                ReleaseRule::BaseItself => self.base_branch.to_string(),
                ReleaseRule::Branch(branch) | ReleaseRule::Said(branch) => branch.to_string(),
                ReleaseRule::Like { pattern } => pattern.clone(),
            },
            what_it_has(heads),
        )
        .remedy(match &self.release {
            ReleaseRule::Said(_) => "name the branch that is deployed: `keyslot promote --release BRANCH`",
            ReleaseRule::BaseItself | ReleaseRule::Branch(_) | ReleaseRule::Like { .. } => {
                "name the branch that is deployed: `branch` under [environment.NAME.release] in keyslot.toml"
            }
        })
    }
}

/// The first of the remote's branches, for whoever named another one.
fn what_it_has(heads: &BTreeMap<BranchName, CommitId>) -> String {
    let known: Vec<&str> = heads.keys().map(BranchName::as_str).take(10).collect();
    match (known.is_empty(), heads.len() - known.len()) {
        (true, _) => "it has none at all".to_owned(),
        (false, 0) => format!("it has {}", known.join(", ")),
        (false, more) => format!("it has {}, and {more} more", known.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_release_comes_last_by_number_not_by_letter() {
        let heads: BTreeMap<BranchName, CommitId> =
            ["main", "release/2021.9.0", "release/2021.10.0", "release/2021.7.12"]
                .into_iter()
                .map(|name| (BranchName::new(name), CommitId::new("c")))
                .collect();
        let rule = ReleaseRule::Like { pattern: "release/*".to_owned() };
        let found = rule.candidates(&heads);
        let names: Vec<&str> = found.iter().map(BranchName::as_str).collect();
        assert_eq!(names, ["release/2021.7.12", "release/2021.9.0", "release/2021.10.0"]);
    }
}
