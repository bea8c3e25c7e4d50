//! What to look at: fixed by configuration, except for what a rotation brings along.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::model::{Access, Blindness, BranchName, CommitId, Operation, Salt, StampName};
use crate::ports::Fault;
use crate::terraform::Question;

/// Which branch is deployed to the environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReleaseRule {
    /// The base branch itself is deployed.
    BaseItself,
    Branch(BranchName),
    /// The last by version among the branches that begin so. A name only proposes: the newest branch may be
    /// one that is being prepared.
    Newest {
        prefix: String,
    },
}

impl ReleaseRule {
    /// The release branch among the remote's heads.
    pub fn live(&self, heads: &BTreeMap<BranchName, CommitId>) -> Option<(BranchName, CommitId)> {
        match self {
            ReleaseRule::BaseItself => None,
            ReleaseRule::Branch(branch) => heads.get(branch).map(|head| (branch.clone(), head.clone())),
            ReleaseRule::Newest { prefix } => heads
                .iter()
                .filter(|(branch, _)| branch.as_str().starts_with(prefix))
                .max_by_key(|(branch, _)| version_key(branch.as_str()))
                .map(|(branch, head)| (branch.clone(), head.clone())),
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

/// What to look at.
#[derive(Clone, Debug)]
pub struct Targets {
    /// Under which fingerprints are made.
    pub salt: Salt,
    pub access: Access,
    /// What is asked of the Terraform code.
    pub terraform: Question,
    /// Folder of the Terraform code, from the repository's root; empty for all of it.
    pub terraform_root: String,
    pub base_branch: BranchName,
    pub release: ReleaseRule,
    pub stamps: Vec<StampName>,
    /// Whether Azure is asked for stamps that nobody listed.
    pub inventory: bool,
    /// How far back the logs are asked; zero where nobody will.
    pub log_window: Duration,
    /// How far back readers of the key are looked for; zero where nobody does.
    pub census_window: Duration,
    /// The regeneration under way, if its address is known.
    pub operation: Option<Operation>,
}

impl Targets {
    pub(super) fn no_branch(&self, branch: &BranchName) -> Fault {
        Fault::new(Blindness::Missing, "read the branch", branch.as_str(), "the remote has no such branch")
            .remedy("check `base_branch` in keyslot.toml against the remote's branches")
    }

    pub(super) fn no_release(&self, heads: &BTreeMap<BranchName, CommitId>) -> Fault {
        let known: Vec<&str> = heads.keys().map(BranchName::as_str).take(10).collect();
        Fault::new(
            Blindness::Missing,
            "find the live release branch",
            match &self.release {
                ReleaseRule::BaseItself => self.base_branch.to_string(),
                ReleaseRule::Branch(branch) => branch.to_string(),
                ReleaseRule::Newest { prefix } => format!("{prefix}*"),
            },
            format!("the remote has {}", known.join(", ")),
        )
        .remedy("name the branch that is deployed: `branch` under [environment.NAME.release] in keyslot.toml")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_release_is_found_by_number_not_by_letter() {
        let heads: BTreeMap<BranchName, CommitId> =
            ["main", "release/2021.9.0", "release/2021.10.0", "release/2021.7.12"]
                .into_iter()
                .map(|name| (BranchName::new(name), CommitId::new("c")))
                .collect();
        let rule = ReleaseRule::Newest { prefix: "release/".to_owned() };
        assert_eq!(rule.live(&heads).map(|(branch, _)| branch), Some(BranchName::new("release/2021.10.0")));
    }
}
