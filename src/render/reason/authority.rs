//! What people decide, and what keyslot may do.

use crate::render::span;
use crate::rotation::{Reason, Subject, Why};

/// Why it does not happen yet.
pub(super) fn why(reason: &Reason) -> String {
    let subject = &reason.subject;
    match &reason.why {
        Why::PausedByPerson { by, because, since } => {
            format!("{by} paused the rotation at {}: {because}", span::time(*since))
        }
        Why::NotApproved { digest } if matches!(subject, Subject::Key(_)) => format!(
            "nobody has approved yet that the {subject} key, which is to be moved to, is regenerated first (evidence {digest}); \
             an approval of the rotation is of the key that it retires"
        ),
        Why::NotApproved { digest } => {
            format!("nobody has approved the regeneration yet (evidence {digest})")
        }
        Why::ApproverIsProposer { by } => {
            format!("{by} both proposed and approved; policy wants another person")
        }
        Why::PersonUnknown { proposer: true } => {
            "who began the rotation is known by no name; policy wants another person to approve, and that cannot be told"
                .to_owned()
        }
        Why::PersonUnknown { proposer: false } => {
            "who approved is known by no name; policy wants another person than who began the rotation".to_owned()
        }
        Why::ApprovedOtherEvidence { digest } => {
            format!("the approval was given for other evidence than today's ({digest})")
        }
        Why::LeaseOfOther { holder, until } => {
            format!("{holder} holds the lease until {}", span::time(*until))
        }
        Why::StoreNotShared => {
            "the journal lies in a local folder, where no lease holds between two machines".to_owned()
        }
        Why::MayNotRestart { what, .. } => format!("{subject}: by what its cluster says keyslot may not {what}"),
        Why::RightMissing { .. } => format!("keyslot lacks a right: {subject}"),
        Why::RightUnknown { why, .. } => {
            format!("whether keyslot has a right cannot be told: {subject}: {why}")
        }
        Why::RightEnds { until, wanted } => format!(
            "keyslot's right to regenerate ends at {}, and the new key can be confirmed at {} at the earliest",
            span::time(*until),
            span::time(*wanted)
        ),
        in_other_rooms!(authority) => String::new(),
    }
}

/// What opens it.
pub(super) fn remedy(reason: &Reason) -> String {
    let text = match &reason.why {
        Why::MayNotRestart { remedy, .. } => return remedy.clone(),
        Why::RightMissing { remedy } | Why::RightUnknown { remedy, .. } => return remedy.clone(),
        Why::RightEnds { .. } => "extend the role's activation, or have it assigned for longer",
        Why::PausedByPerson { .. } => "`keyslot resume`, then run this again",
        Why::NotApproved { .. } if matches!(reason.subject, Subject::Key(_)) => {
            return format!(
                "`keyslot rotate --approve {}` (in a job `--approve ROTATION:{}`)",
                reason.subject, reason.subject
            );
        }
        Why::NotApproved { .. } => "`keyslot rotate --approve`",
        Why::ApproverIsProposer { .. } => {
            "let another person run `keyslot rotate --approve`; who that is, KEYSLOT_ACTOR says, else the forge's variables, \
             else USER"
        }
        Why::PersonUnknown { proposer: true } => {
            "set KEYSLOT_ACTOR to a name, end the rotation (`keyslot close --because …`) and begin it anew: what is done is \
             found; or set approver_differs = false"
        }
        Why::PersonUnknown { proposer: false } => {
            "set KEYSLOT_ACTOR to the name of who approves, and approve again"
        }
        Why::ApprovedOtherEvidence { .. } => "look at `keyslot explain` and approve again",
        Why::StoreNotShared => {
            "put the journal into a shared store (`state` in keyslot.toml), or say there that there is one \
             operator (`single_operator = true`)"
        }
        Why::LeaseOfOther { .. } => "",
        in_other_rooms!(authority) => "",
    };
    text.to_owned()
}
