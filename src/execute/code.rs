//! The steps that change code: the proposal, and the promotion in its two ways. Commits are built from objects; only the
//! push is an effect.

use super::{SourcesAt, Workshop, is_for_later, outcome};
use crate::model::{Blindness, BranchName, CommitId, Respite, Slot, SlotUse};
use crate::ports::{Arrival, CommitText, Conflict, Effect, Expect, Fault, FileEdit, Picked, Ports};
use crate::rotation::{Outcome, Produced, Source, Step};
use crate::terraform::mask;

/// The commit that a step pushes; nothing for one that pushes none.
pub async fn made(step: &Step, ports: &Ports, shop: &Workshop) -> Option<Result<CommitId, Outcome>> {
    match step {
        Step::PushProposal { parent, to, .. } | Step::PushAgreement { parent, to, .. } => {
            Some(flipped(ports, shop, parent, *to).await)
        }
        Step::Promote { source, onto, head, to, .. } | Step::PushPromotion { source, onto, head, to, .. } => {
            Some(promoted(ports, shop, source, onto, head, *to).await)
        }
        Step::OpenPull { .. }
        | Step::DressPull { .. }
        | Step::AutoMerge { .. }
        | Step::MergePull { .. }
        | Step::OpenPromotion { .. }
        | Step::StartValidation { .. }
        | Step::WithdrawMerge { .. }
        | Step::OpenAgreement { .. }
        | Step::Deploy { .. }
        | Step::WriteSecret { .. }
        | Step::Restart { .. }
        | Step::Regenerate { .. } => None,
    }
}

/// Pushes what was made beforehand, or else what can be made now; the commit is remembered.
pub async fn push(
    step: &Step,
    ports: &Ports,
    shop: &Workshop,
    branch: &BranchName,
    expect: &Expect,
) -> Outcome {
    let made = match &shop.commit {
        Some(commit) => Some(Ok(commit.clone())),
        None => made(step, ports, shop).await,
    };
    let commit = match made {
        Some(Ok(commit)) => commit,
        Some(Err(outcome)) => return outcome,
        None => return Outcome::NotSent { why: format!("nothing to push: {step}") },
    };
    if let Some(arrival) = arrival(step, shop, branch, &commit) {
        match ports.pipeline.may_be_pushed(&arrival).await {
            Effect::Applied(()) => {}
            // What the push would start cannot be told, and no time mends that.
            Effect::NotSent(fault) if !is_for_later(&fault) => {
                return outcome(Effect::<()>::Refused(fault), |()| Produced::Nothing);
            }
            objection => return outcome(objection, |()| Produced::Nothing),
        }
    }
    outcome(ports.code.publish(&commit, branch, expect).await, Produced::Commit)
}

/// Where the commit that the step pushes comes to.
fn arrival<'a>(
    step: &'a Step,
    shop: &'a Workshop,
    branch: &'a BranchName,
    commit: &'a CommitId,
) -> Option<Arrival<'a>> {
    let (beneath, into, deployed) = match step {
        Step::PushProposal { parent, .. } | Step::PushAgreement { parent, .. } => {
            (parent, Some(&shop.base), shop.base_is_deployed)
        }
        Step::Promote { head, .. } => (head, None, true),
        Step::PushPromotion { onto, head, .. } => (head, Some(onto), true),
        _ => return None,
    };
    Some(Arrival { commit, beneath, branch, into, deployed })
}

/// A commit on `head` that brings the change.
async fn promoted(
    ports: &Ports,
    shop: &Workshop,
    source: &Source,
    onto: &BranchName,
    head: &CommitId,
    to: Slot,
) -> Result<CommitId, Outcome> {
    match source {
        Source::CherryPick { merged, proposal } => {
            picked(ports, shop, (merged, proposal), onto, head, to).await
        }
        Source::Flip => flipped(ports, shop, head, to).await,
    }
}

/// What the merge brought, on `head`: it must leave every consumer on slot `to`, and change nothing else.
async fn picked(
    ports: &Ports,
    shop: &Workshop,
    (merged, proposal): (&CommitId, &CommitId),
    onto: &BranchName,
    head: &CommitId,
    to: Slot,
) -> Result<CommitId, Outcome> {
    let mut tip = head.clone();
    // All branches were fetched for the look that this follows: what is not there then does not come by waiting.
    let gone = |fault: Fault| match fault.kind {
        Blindness::Missing => {
            refused(fault.remedy("no branch has it any more: `keyslot promote --flip`").to_string())
        }
        _ => not_sent(fault),
    };
    let brought = ports.code.brought(merged, proposal).await.map_err(gone)?;
    for commit in brought {
        match ports.code.cherry_pick(&commit, &tip, shop.intended_at).await.map_err(not_sent)? {
            Picked::Commit(next) => tip = next,
            Picked::AlreadyThere => {}
            Picked::Conflict(conflicts) => return Err(refused(conflicting(&commit, onto, to, &conflicts))),
        }
    }
    if tip == *head {
        return Err(refused(format!(
            "{} is on {onto} already, yet {onto} does not read the {to} key; somebody changed it back",
            merged.short()
        )));
    }
    let sources = shop.sources.at(ports.code.as_ref(), &tip).await.map_err(not_sent)?;
    if sources.claim(shop.access).reads != SlotUse::Only(to) {
        return Err(refused(format!(
            "after the cherry-pick {onto} would not read the {to} key alone; change {onto} directly: \
             `keyslot promote --flip`"
        )));
    }
    let more = beside_the_flip(ports, shop, head, &tip, &sources, to).await?;
    if more.is_empty() {
        return Ok(tip);
    }
    Err(refused(format!(
        "cherry-picking {} onto {onto} would change more than the slot ({}); bring that by hand (git cherry-pick -x), or \
         the slot alone with `keyslot promote --flip`",
        merged.short(),
        some(&more)
    )))
}

fn refused(why: String) -> Outcome {
    Outcome::Refused { why, later: false, respite: Respite::Unsaid }
}

/// The paths that a commit changes otherwise than a flip of `head` would.
async fn beside_the_flip(
    ports: &Ports,
    shop: &Workshop,
    head: &CommitId,
    tip: &CommitId,
    sources: &SourcesAt<'_>,
    to: Slot,
) -> Result<Vec<String>, Outcome> {
    let changed = ports.code.changed(head, tip).await.map_err(not_sent)?;
    let before = shop.sources.at(ports.code.as_ref(), head).await.map_err(not_sent)?;
    let edits = edits(&before, shop, to)?;
    let as_flipped = |path: &String| {
        edits.iter().any(|(edited, bytes)| edited == path && sources.content(path) == Some(bytes.as_slice()))
    };
    Ok(changed.into_iter().filter(|path| !as_flipped(path)).collect())
}

/// Both sides' lines, with whatever may be a key hidden, and what to do.
fn conflicting(commit: &CommitId, onto: &BranchName, to: Slot, conflicts: &[Conflict]) -> String {
    const LINES: usize = 12;
    let mut text = format!("cherry-picking {} onto {onto} conflicts", commit.short());
    for conflict in conflicts {
        text.push_str(&format!("\n  {}", conflict.path));
        let lines: Vec<&str> = conflict.lines.lines().collect();
        for line in lines.iter().take(LINES) {
            text.push_str(&format!("\n    {}", mask(line)));
        }
        if lines.len() > LINES {
            text.push_str(&format!("\n    … {} more lines", lines.len() - LINES));
        }
    }
    text.push_str(&format!(
        "\nresolve it by hand, or change {onto} to the {to} key directly: `keyslot promote --flip`"
    ));
    text
}

fn some(paths: &[String]) -> String {
    const SHOWN: usize = 5;
    let mut text = paths.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    if paths.len() > SHOWN {
        text.push_str(&format!(" and {} more", paths.len() - SHOWN));
    }
    text
}

/// A commit on `parent` in which every consumer reads slot `to`, and which brings nothing that `keyslot check` would call
/// an error.
async fn flipped(ports: &Ports, shop: &Workshop, parent: &CommitId, to: Slot) -> Result<CommitId, Outcome> {
    let sources = shop.sources.at(ports.code.as_ref(), parent).await.map_err(not_sent)?;
    let edits = edits(&sources, shop, to)?;
    let brought = sources.errors_brought_by(&edits);
    if !brought.is_empty() {
        return Err(refused(format!("after the change `keyslot check` would find {}", brought.join("; "))));
    }
    let edits: Vec<FileEdit> = edits.into_iter().map(|(path, bytes)| FileEdit { path, bytes }).collect();
    let text = CommitText { message: shop.commit_message.clone(), at: shop.intended_at };
    ports.code.commit(parent, &edits, &text).await.map_err(not_sent)
}

/// What moves every consumer of a tree to slot `to`: path and new content.
fn edits(sources: &SourcesAt<'_>, shop: &Workshop, to: Slot) -> Result<Vec<(String, Vec<u8>)>, Outcome> {
    sources.flip(shop.access, to).map_err(|reasons| {
        let reasons: Vec<String> = reasons.iter().map(ToString::to_string).collect();
        refused(reasons.join("; "))
    })
}

/// Nothing has happened. What no time mends (a signature that git may not make) calls a person.
fn not_sent(fault: Fault) -> Outcome {
    match fault.kind {
        Blindness::Forbidden | Blindness::Misconfigured => {
            Outcome::Refused { why: fault.to_string(), later: false, respite: fault.respite }
        }
        _ => Outcome::NotSent { why: fault.to_string() },
    }
}
