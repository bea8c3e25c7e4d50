//! Whether what stands on a branch of keyslot's own name is keyslot's own work.
//!
//! Known by its content: all that it would bring to the branch it goes to, as that one is now, is the change of slot. Where
//! this keyslot would write the change otherwise than the one that made it did, the journal's word counts, as long as the
//! commit that it was made on still lies there. Where it does not (the branch was moved back by force, because that commit
//! broke it), merging the one would bring back the other, and no words and no approval that keyslot knows of speak of that.

use super::super::{Context, Gate, Outcome, Produced, Reason, Stand, Step, Subject, Why};
use crate::model::{BranchName, BranchView, CommitId};

/// A pull request is opened in words that promise the change of slot and nothing else, so that is what must stand there.
/// Asked when it is opened: what people push once it is there is for its reviews.
/// Where there is no branch yet, nothing stands there.
pub fn unless_of_others(
    ctx: &Context<'_>,
    gate: Gate,
    view: Option<&BranchView>,
    base: &BranchName,
    opens: Stand,
) -> Stand {
    let others = match (&opens, view) {
        (Stand::Act(_), Some(view)) => not_proposable(ctx, gate, view, base),
        _ => Vec::new(),
    };
    if others.is_empty() { opens } else { Stand::Held(others) }
}

fn not_proposable(ctx: &Context<'_>, gate: Gate, view: &BranchView, base: &BranchName) -> Vec<Reason> {
    let (head, reads, wanted) = (view.head.clone(), view.claim.reads, ctx.target());
    let moves = reads.is(wanted) && view.claim.problems.is_empty();
    if moves && is_own(ctx, view, base) {
        return Vec::new();
    }
    let subject = Subject::Branch(view.branch.clone());
    let why = match moves && brings_along(ctx, view, base) {
        true => Why::BringsAlong { head, base: base.clone() },
        false => Why::BranchOfOthers { head, reads, wanted },
    };
    let reason = vec![Reason::new(gate, subject, why)];
    // What reads something else is no proposal of this change, whatever anybody accepts.
    if moves { ctx.holding(reason) } else { reason }
}

/// Whether merging the branch's head changes the slot and nothing else.
pub fn is_own(ctx: &Context<'_>, view: &BranchView, base: &BranchName) -> bool {
    let Some(brings) = view.brings.get(base) else { return false };
    let made_on = pushed_on(ctx, &view.branch, &view.head);
    brings.flip_alone || (made_on.is_some() && made_on == brings.since.as_ref())
}

/// Whether the head is the change of slot, made on what the branch that it goes to does not have, or has no more.
pub fn brings_along(ctx: &Context<'_>, view: &BranchView, base: &BranchName) -> bool {
    let is_change = view.is_flip || is_pushed(ctx, &view.branch, &view.head);
    let brings = view.brings.get(base).is_some_and(|brings| brings.since.as_ref() != Some(&view.head));
    is_change && brings && !is_own(ctx, view, base)
}

/// Whether a branch's head is the commit that keyslot has pushed there, as far as the journal knows.
pub fn is_pushed(ctx: &Context<'_>, at: &BranchName, head: &CommitId) -> bool {
    pushed_on(ctx, at, head).is_some()
}

/// What the commit was made on that keyslot has pushed there, as far as the journal knows.
fn pushed_on<'a>(ctx: &Context<'a>, at: &BranchName, head: &CommitId) -> Option<&'a CommitId> {
    ctx.fold.steps.values().find_map(|record| {
        let (Step::PushProposal { branch, parent, .. }
        | Step::PushPromotion { branch, head: parent, .. }
        | Step::PushAgreement { branch, parent, .. }) = &record.intent.step
        else {
            return None;
        };
        let made = match &record.outcome {
            Some((_, Outcome::Applied { produced: Produced::Commit(made) })) => Some(made),
            _ => record.intent.commit.as_ref(),
        };
        (branch == at && made == Some(head)).then_some(parent)
    })
}
