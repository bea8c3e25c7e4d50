//! Steps: one thing to do each, complete in itself, with the key under which the journal knows it.
//!
//! A step carries everything that its execution needs to decide nothing more.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Leg;
use crate::model::{
    BranchName, CommitId, KeyKind, MergeMethod, PullDress, PullNumber, SecretVersion, Slot, StampName,
    StepKey, WorkloadName,
};

/// Why a key is regenerated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// The target slot is too old to move traffic to.
    Prepare,
    /// The retired slot, once nobody uses it.
    Retire,
}

/// Where the change on the release branch comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// What the merge of the proposal brought into the base branch: the commit that the forge names, and the head that
    /// was merged, which tells whether there are more of it.
    CherryPick { merged: CommitId, proposal: CommitId },
    /// The base branch was changed by other hands: the same flip, made on the release branch itself.
    Flip,
}

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub enum Step {
    /// Build the flip commit on `parent` and push it as a new branch.
    PushProposal {
        leg: Leg,
        branch: BranchName,
        parent: CommitId,
        to: Slot,
    },
    OpenPull {
        leg: Leg,
        branch: BranchName,
        base: BranchName,
        to: Slot,
    },
    /// Give the pull request what the configuration says, once: whoever takes it away again means it.
    DressPull {
        leg: Leg,
        pull: PullNumber,
        dress: PullDress,
    },
    /// Ask the forge to merge the pull request when its rules allow, as long as its head is this one.
    AutoMerge {
        leg: Leg,
        pull: PullNumber,
        head: CommitId,
        method: MergeMethod,
    },
    /// Merge the pull request, as long as its head is this one.
    MergePull {
        leg: Leg,
        pull: PullNumber,
        head: CommitId,
        method: MergeMethod,
    },
    /// Put the change on the live release branch, which stands at `head`.
    Promote {
        leg: Leg,
        source: Source,
        onto: BranchName,
        head: CommitId,
        to: Slot,
    },
    /// The same change on a branch of its own, to be proposed to the live release branch.
    PushPromotion {
        leg: Leg,
        source: Source,
        branch: BranchName,
        onto: BranchName,
        head: CommitId,
        to: Slot,
    },
    /// The pull request that proposes that branch to the live release branch.
    OpenPromotion {
        leg: Leg,
        branch: BranchName,
        base: BranchName,
        to: Slot,
    },
    /// Run the validation pipeline on exactly the head of the pull request.
    StartValidation {
        leg: Leg,
        pull: PullNumber,
        branch: BranchName,
        head: CommitId,
        skip: Vec<String>,
    },
    /// Take back what the forge was asked for, out of a merge queue too: somebody has pushed since to the pull request, which
    /// stands at this head, or what may not be merged now has come to stand there.
    WithdrawMerge {
        leg: Leg,
        pull: PullNumber,
        head: CommitId,
    },
    /// Build the flip commit anew on `parent`, where the base branch was changed back, and push it as a branch of its own.
    PushAgreement {
        leg: Leg,
        branch: BranchName,
        parent: CommitId,
        to: Slot,
    },
    /// The pull request that proposes that branch to the base branch.
    OpenAgreement {
        leg: Leg,
        branch: BranchName,
        base: BranchName,
        to: Slot,
    },
    /// Run the release pipeline on exactly this commit.
    Deploy {
        leg: Leg,
        branch: BranchName,
        commit: CommitId,
        skip: Vec<String>,
    },
    /// Write the key of this kind into a stamp's vault, over the version that `replaces` names.
    WriteSecret {
        leg: Leg,
        stamp: StampName,
        kind: KeyKind,
        replaces: SecretVersion,
    },
    /// Restart a workload so that its pods read the vault's `version`.
    Restart {
        leg: Leg,
        stamp: StampName,
        workload: WorkloadName,
        version: SecretVersion,
        restarted_at: String,
    },
    Regenerate {
        kind: KeyKind,
        purpose: Purpose,
    },
}

impl Step {
    /// The same work has the same key, whoever does it and however often it is tried.
    pub fn key(&self) -> StepKey {
        StepKey::new(match self {
            Step::PushProposal { leg, .. } => format!("push-proposal/{}", leg.as_str()),
            Step::OpenPull { leg, .. } => format!("open-pull/{}", leg.as_str()),
            Step::DressPull { leg, pull, .. } => format!("dress-pull/{}/{}", leg.as_str(), pull.0),
            Step::AutoMerge { leg, pull, head, .. } => {
                format!("auto-merge/{}/{}/{}", leg.as_str(), pull.0, head.short())
            }
            Step::MergePull { leg, pull, head, .. } => {
                format!("merge-pull/{}/{}/{}", leg.as_str(), pull.0, head.short())
            }
            Step::Promote { leg, onto, head, .. } => {
                format!("promote/{}/{onto}/{}", leg.as_str(), head.short())
            }
            Step::PushPromotion { leg, branch, .. } => format!("push-promotion/{}/{branch}", leg.as_str()),
            Step::OpenPromotion { leg, branch, .. } => format!("open-promotion/{}/{branch}", leg.as_str()),
            Step::WithdrawMerge { leg, pull, head } => {
                format!("withdraw-merge/{}/{}/{}", leg.as_str(), pull.0, head.short())
            }
            Step::StartValidation { leg, pull, head, .. } => {
                format!("start-validation/{}/{}/{}", leg.as_str(), pull.0, head.short())
            }
            Step::PushAgreement { leg, .. } => format!("push-agreement/{}", leg.as_str()),
            Step::OpenAgreement { leg, .. } => format!("open-agreement/{}", leg.as_str()),
            Step::Deploy { leg, commit, .. } => format!("deploy/{}/{}", leg.as_str(), commit.short()),
            Step::WriteSecret { leg, stamp, replaces, .. } => {
                format!("write-secret/{}/{stamp}/{replaces}", leg.as_str())
            }
            Step::Restart { leg, stamp, workload, version, .. } => {
                format!("restart/{}/{stamp}/{workload}/{version}", leg.as_str())
            }
            Step::Regenerate { kind, purpose: Purpose::Prepare } => format!("prepare/{}", kind.azure_name()),
            Step::Regenerate { kind, purpose: Purpose::Retire } => format!("retire/{}", kind.azure_name()),
        })
    }

    /// Whether the effect cannot be taken back: then it is decided on what was seen just before, and its permit is
    /// checked when the bytes leave.
    pub fn is_dangerous(&self) -> bool {
        match self {
            Step::MergePull { .. }
            | Step::WriteSecret { .. }
            | Step::Restart { .. }
            | Step::Regenerate { .. } => true,
            Step::PushProposal { .. }
            | Step::OpenPull { .. }
            | Step::DressPull { .. }
            | Step::AutoMerge { .. }
            | Step::Promote { .. }
            | Step::PushPromotion { .. }
            | Step::OpenPromotion { .. }
            | Step::StartValidation { .. }
            | Step::WithdrawMerge { .. }
            | Step::PushAgreement { .. }
            | Step::OpenAgreement { .. }
            | Step::Deploy { .. } => false,
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::PushProposal { branch, to, .. } | Step::PushAgreement { branch, to, .. } => {
                write!(f, "push {branch}: read the {to} key")
            }
            Step::OpenPull { branch, base, .. }
            | Step::OpenPromotion { branch, base, .. }
            | Step::OpenAgreement { branch, base, .. } => {
                write!(f, "open the pull request from {branch} to {base}")
            }
            Step::DressPull { pull, .. } => write!(f, "label pull request {pull} and ask for its reviews"),
            Step::AutoMerge { pull, head, .. } => {
                write!(f, "ask the forge to merge pull request {pull} at {}", head.short())
            }
            Step::StartValidation { pull, head, .. } => {
                write!(f, "run the validation pipeline on pull request {pull} at {}", head.short())
            }
            Step::WithdrawMerge { pull, head, .. } => {
                write!(f, "no longer have the forge merge pull request {pull}, now at {}", head.short())
            }
            Step::MergePull { pull, head, method, .. } => {
                write!(f, "merge pull request {pull} at {} ({})", head.short(), method.as_str())
            }
            Step::Promote { source: Source::CherryPick { merged, .. }, onto, .. } => {
                write!(f, "cherry-pick {} onto {onto}", merged.short())
            }
            Step::Promote { source: Source::Flip, onto, to, .. } => {
                write!(f, "change {onto} to the {to} key directly")
            }
            Step::PushPromotion { source: Source::CherryPick { merged, .. }, branch, onto, .. } => {
                write!(f, "push {branch}: {} cherry-picked for {onto}", merged.short())
            }
            Step::PushPromotion { source: Source::Flip, branch, onto, to, .. } => {
                write!(f, "push {branch}: the {to} key for {onto}")
            }
            Step::Deploy { branch, commit, .. } => {
                write!(f, "run the pipeline on {branch} at {}", commit.short())
            }
            Step::WriteSecret { stamp, kind, .. } => {
                write!(f, "write the {kind} key into the vault of {stamp}")
            }
            Step::Restart { stamp, workload, .. } => write!(f, "restart {workload} on {stamp}"),
            Step::Regenerate { kind, .. } => write!(f, "regenerate the {kind} key"),
        }
    }
}
