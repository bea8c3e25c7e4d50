//! Stamps that wait for other stamps.

use crate::model::StampName;
use crate::render::span;
use crate::rotation::{Reason, Why};

/// Why it does not happen yet.
pub(super) fn why(reason: &Reason) -> String {
    let subject = &reason.subject;
    match &reason.why {
        Why::CanaryFirst { canary } => format!("{subject} waits for the canary {canary}"),
        Why::Soaking { canary, since, until } => format!(
            "{subject} waits while the canary {canary} soaks, from when its last pod was ready ({}), until {}",
            span::time(*since),
            span::time(*until)
        ),
        Why::WaveFull { busy } => {
            let busy: Vec<&str> = busy.iter().map(StampName::as_str).collect();
            format!("{subject} waits its turn behind {}", busy.join(", "))
        }
        Why::WaveSettling { behind } => {
            let behind: Vec<&str> = behind.iter().map(StampName::as_str).collect();
            format!("{subject} waits until it is known whom Cosmos DB refuses of {}", behind.join(", "))
        }
        Why::LastHealthyStamp { .. } => {
            format!("{subject} is the last healthy stamp that takes traffic")
        }
        in_other_rooms!(waves) => String::new(),
    }
}

/// What opens it.
pub(super) fn remedy(reason: &Reason) -> String {
    let text = match &reason.why {
        Why::LastHealthyStamp { recovering: false } => "bring another stamp back to health first",
        Why::CanaryFirst { .. }
        | Why::Soaking { .. }
        | Why::WaveFull { .. }
        | Why::WaveSettling { .. }
        | Why::LastHealthyStamp { recovering: true } => "",
        in_other_rooms!(waves) => "",
    };
    text.to_owned()
}
