//! Whether what stands on a branch of keyslot's own name is keyslot's own work.
//!
//! The journal knows what this rotation has pushed. What it does not know (another journal, an answer that was never
//! read) is known by its content: a commit that moves its parent's consumers to the slot, and changes nothing else.

use super::super::{Context, Gate, Outcome, Produced, Reason, Stand, Step, Subject, Why};
use crate::model::{BranchName, BranchView, CommitId};

/// A pull request is opened in words that promise the change of slot and nothing else, so that is what must stand there.
/// Asked when it is opened: what people push once it is there is for its reviews.
/// Where there is no branch yet, nothing stands there.
pub fn unless_of_others(ctx: &Context<'_>, gate: Gate, view: Option<&BranchView>, opens: Stand) -> Stand {
    let others = match (&opens, view) {
        (Stand::Act(_), Some(view)) => not_proposable(ctx, gate, view),
        _ => Vec::new(),
    };
    if others.is_empty() { opens } else { Stand::Held(others) }
}

fn not_proposable(ctx: &Context<'_>, gate: Gate, view: &BranchView) -> Vec<Reason> {
    let (head, reads, wanted) = (view.head.clone(), view.claim.reads, ctx.target());
    let moves = reads.is(wanted) && view.claim.problems.is_empty();
    if moves && (view.is_flip || is_pushed(ctx, &view.branch, &view.head)) {
        return Vec::new();
    }
    let subject = Subject::Branch(view.branch.clone());
    let reason = vec![Reason::new(gate, subject, Why::BranchOfOthers { head, reads, wanted })];
    // What reads something else is no proposal of this change, whatever anybody accepts.
    if moves { ctx.holding(reason) } else { reason }
}

/// Whether a branch's head is the commit that keyslot has pushed there, as far as the journal knows.
pub fn is_pushed(ctx: &Context<'_>, at: &BranchName, head: &CommitId) -> bool {
    ctx.fold.steps.values().any(|record| {
        let (Step::PushProposal { branch, .. }
        | Step::PushPromotion { branch, .. }
        | Step::PushAgreement { branch, .. }) = &record.intent.step
        else {
            return false;
        };
        let made = match &record.outcome {
            Some((_, Outcome::Applied { produced: Produced::Commit(made) })) => Some(made),
            _ => record.intent.commit.as_ref(),
        };
        branch == at && made == Some(head)
    })
}
