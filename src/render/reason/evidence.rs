//! What was not looked at, or cannot be seen.

use crate::model::{Blindness, EvidenceKey};
use crate::render::{span, unanswered};
use crate::rotation::{Reason, Why};

/// Why it does not happen yet.
pub(super) fn why(reason: &Reason) -> String {
    match &reason.why {
        Why::NotSeen(evidence) => format!("{evidence} has not been looked at yet"),
        Why::TooOld { evidence, age, max } => format!(
            "what is known of {evidence} is {} old, and at most {} counts",
            span::duration(*age),
            span::duration(*max)
        ),
        Why::Blind { evidence, blind } => format!("{evidence} cannot be seen: {}", blind.why),
        in_other_rooms!(evidence) => String::new(),
    }
}

/// What opens it.
pub(super) fn remedy(reason: &Reason) -> String {
    let text = match &reason.why {
        Why::Blind { evidence: EvidenceKey::Traces, .. } => unanswered::BY_HAND,
        Why::Blind { evidence: EvidenceKey::Account, blind } if blind.kind == Blindness::Missing => {
            "see whether the account was deleted, or moved to another resource group; if it is gone, end the rotation: \
             `keyslot close --because …`"
        }
        Why::NotSeen(_) | Why::TooOld { .. } | Why::Blind { .. } => "",
        in_other_rooms!(evidence) => "",
    };
    text.to_owned()
}
