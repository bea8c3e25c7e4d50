//! What Azure's activity log tells of requests that keyslot sent itself, by the ids that it gave them.
//!
//! The log comes late: that it shows nothing of a request says something only when there was time enough, and never
//! that the request did not arrive.

use std::collections::BTreeMap;

use jiff::Timestamp;

/// The beginning of the id of every request by keyslot that the log is asked for: its name, in a UUID of one's own
/// making (RFC 9562, version 8).
pub const OWN_REQUEST: &str = "6b657973-6c6f-8074-";

/// How far a request has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trace {
    /// The log shows nothing of it so far.
    Absent,
    /// It arrived; how it ended is not told.
    Started {
        at: Timestamp,
    },
    /// The service took it on, and goes on with it.
    Accepted {
        at: Timestamp,
    },
    Succeeded {
        at: Timestamp,
    },
    /// Refused, or taken on and ended without success: nothing has changed.
    Failed {
        at: Timestamp,
        why: String,
    },
}

/// What the log tells of some requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TracesView {
    /// The newest event of the account that it shows, whoever did it: how far the log has come at least.
    pub newest: Option<Timestamp>,
    /// Every request that was asked for, by its id.
    pub traces: BTreeMap<String, Trace>,
}
