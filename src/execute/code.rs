//! The two steps that change code: the proposal and the promotion. Commits are built from objects; only the push
//! is an effect.

use super::{Workshop, outcome};
use crate::model::{BranchName, CommitId, Slot, SlotUse};
use crate::ports::{CommitText, Expect, Fault, FileEdit, Picked, Ports};
use crate::rotation::{Outcome, Produced, Source};

pub async fn push_proposal(
    ports: &Ports,
    shop: &Workshop,
    branch: &BranchName,
    parent: &CommitId,
    to: Slot,
) -> Outcome {
    match flipped(ports, shop, parent, to).await {
        Ok(commit) => {
            let pushed = ports.code.push(&commit, branch, &Expect::Absent).await;
            outcome(pushed, |()| Produced::Commit(commit))
        }
        Err(outcome) => outcome,
    }
}

pub async fn promote(
    ports: &Ports,
    shop: &Workshop,
    source: &Source,
    onto: &BranchName,
    head: &CommitId,
    to: Slot,
) -> Outcome {
    let commit = match source {
        Source::CherryPick(merged) => match picked(ports, shop, merged, onto, head, to).await {
            Ok(commit) => commit,
            Err(outcome) => return outcome,
        },
        Source::Flip => match flipped(ports, shop, head, to).await {
            Ok(commit) => commit,
            Err(outcome) => return outcome,
        },
    };
    outcome(ports.code.push(&commit, onto, &Expect::At(head.clone())).await, |()| Produced::Nothing)
}

async fn picked(
    ports: &Ports,
    shop: &Workshop,
    merged: &CommitId,
    onto: &BranchName,
    head: &CommitId,
    to: Slot,
) -> Result<CommitId, Outcome> {
    let refused = |why: String| Outcome::Refused { why, later: false };
    match ports.code.cherry_pick(merged, head, shop.intended_at).await.map_err(not_sent)? {
        Picked::Commit(commit) => {
            let files = ports.code.tree(&commit, &shop.terraform_root).await.map_err(not_sent)?;
            let tree: Vec<(&str, &[u8])> =
                files.iter().map(|file| (file.path.as_str(), file.bytes.as_ref())).collect();
            let claim = shop.terraform.claim(&tree, shop.access);
            if claim.reads == SlotUse::Only(to) {
                return Ok(commit);
            }
            Err(refused(format!(
                "after the cherry-pick {onto} would not read the {to} key alone; change {onto} by hand \
                 with `keyslot flip --to {to}`"
            )))
        }
        Picked::AlreadyThere => Err(refused(format!(
            "{} is on {onto} already, yet {onto} does not read the {to} key; somebody changed it back",
            merged.short()
        ))),
        Picked::Conflict(paths) => Err(refused(format!(
            "cherry-picking {} onto {onto} conflicts in {}; resolve it by hand, or change {onto} with \
             `keyslot flip --to {to}`",
            merged.short(),
            paths.join(", ")
        ))),
    }
}

/// A commit on `parent` in which every consumer reads slot `to`.
async fn flipped(ports: &Ports, shop: &Workshop, parent: &CommitId, to: Slot) -> Result<CommitId, Outcome> {
    let files = ports.code.tree(parent, &shop.terraform_root).await.map_err(not_sent)?;
    let tree: Vec<(&str, &[u8])> =
        files.iter().map(|file| (file.path.as_str(), file.bytes.as_ref())).collect();
    let edits = shop.terraform.flip(&tree, shop.access, to).map_err(|reasons| {
        let reasons: Vec<String> = reasons.iter().map(ToString::to_string).collect();
        Outcome::Refused { why: reasons.join("; "), later: false }
    })?;
    let edits: Vec<FileEdit> = edits.into_iter().map(|(path, bytes)| FileEdit { path, bytes }).collect();
    let text = CommitText { message: shop.commit_message.clone(), at: shop.intended_at };
    ports.code.commit(parent, &edits, &text).await.map_err(not_sent)
}

fn not_sent(fault: Fault) -> Outcome {
    Outcome::NotSent { why: fault.to_string() }
}
