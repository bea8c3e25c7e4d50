//! A base branch that came to read the slot by other hands than the proposal's: which commit brought that, by whose pull
//! request, and whether it may be carried on.
//!
//! What runs already reads it: then nothing is carried on, and how it was validated is theirs to say.

use super::super::{Context, Gate, Reason, Source, Stand, Subject, Why};
use super::merge::validated;
use crate::model::{BranchView, EvidenceKey, OriginView, PullState, ReleaseView};

pub fn stand(ctx: &Context<'_>, code: &ReleaseView) -> Stand {
    let is_there = |release: &BranchView| release.claim.reads.is(ctx.target());
    if code.release.as_ref().is_some_and(is_there) {
        return Stand::Passed;
    }
    let origin = match known(ctx, Gate::Validated, code) {
        Ok(origin) => origin,
        Err(reason) => return Stand::Held(vec![*reason]),
    };
    match &origin.pull {
        Some(pull) => validated(ctx, pull),
        None => Stand::unless(ctx.holding(unreviewed(code, origin).into_iter().collect())),
    }
}

/// No pull request brought it. Bound to the commit: whatever else comes that way is another matter.
fn unreviewed(code: &ReleaseView, origin: &OriginView) -> Option<Reason> {
    let OriginView { commit, reviews_wanted, unread, .. } = origin;
    if commit.is_some() && *reviews_wanted == 0 && unread.is_empty() {
        return None;
    }
    let subject = match commit {
        Some(commit) => Subject::Commit(commit.clone()),
        None => Subject::Branch(code.base.branch.clone()),
    };
    let (branch, wanted, unread) = (code.base.branch.clone(), *reviews_wanted, unread.clone());
    Some(Reason::new(Gate::Validated, subject, Why::ChangedByOtherHands { branch, wanted, unread }))
}

/// What is carried on: what brought it, as a whole.
pub fn source(ctx: &Context<'_>, code: &ReleaseView) -> Result<Source, Box<Reason>> {
    let origin = known(ctx, Gate::Promoted, code)?;
    if let Some(pull) = &origin.pull
        && let PullState::Merged { commit } = &pull.state
    {
        return Ok(Source::CherryPick { merged: commit.clone(), proposal: pull.head.clone() });
    }
    let commit = origin.commit.clone();
    Ok(commit.map_or(Source::Flip, |one| Source::CherryPick { merged: one.clone(), proposal: one }))
}

/// What is known of the base branch as it stands now.
fn known<'a>(ctx: &Context<'a>, gate: Gate, code: &ReleaseView) -> Result<&'a OriginView, Box<Reason>> {
    let origin = ctx.origin(gate, ctx.policy.ages.ordinary)?;
    if origin.head == code.base.head {
        return Ok(origin);
    }
    Err(Box::new(Reason::new(gate, Subject::Rotation, Why::NotSeen(EvidenceKey::Origin))))
}
