//! A regeneration to which no answer came, in words: what is known of it, and how a person finds out more.

use jiff::Timestamp;

use super::span;
use crate::model::Trace;
use crate::rotation::Subject;

/// What a person can do where the activity log does not tell, or cannot be read.
pub const BY_HAND: &str = "look in the portal: “Regenerate Keys” in the account's activity log, and the key's date under Keys. Where it is \
     there, run this again: the rotation follows it by itself. Where you are sure that it never came, accept it by name: \
     it is sent once more";

/// What the activity log tells, as a clause.
pub fn traced(trace: &Trace) -> String {
    match trace {
        Trace::Absent => "shows nothing of it".to_owned(),
        Trace::Started { at } => format!("shows that it began at {}, and no end", span::time(*at)),
        Trace::Accepted { at } => format!("shows that it was taken on at {}", span::time(*at)),
        Trace::Succeeded { at } => format!("shows that it succeeded at {}", span::time(*at)),
        Trace::Failed { at, why } => format!("shows that it failed at {} ({why})", span::time(*at)),
    }
}

/// That nothing tells what became of it.
pub fn untraced(
    step: &str,
    sent: Timestamp,
    trace: &Trace,
    newest: Option<Timestamp>,
    request: &Subject,
) -> String {
    let newest = match newest {
        Some(at) => format!("its newest event of the account is of {}", span::time(at)),
        None => "it shows no event of the account at all".to_owned(),
    };
    format!(
        "whether “{step}”, sent at {} as request {request}, arrived is not known: no answer came; the account is idle and \
         has the key of before; the activity log {} ({newest})",
        span::rfc3339(sent),
        traced(trace)
    )
}
