//! What can be wrong with a journal, and what a person does about it.

use crate::model::Blindness;
use crate::ports::Fault;

use super::record::VERSION;
use super::{Format, Seq};

/// Why the journal could not be read or appended to. In every case but [`JournalError::Unsettled`] the append
/// has not happened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JournalError {
    /// Somebody else appended first. Not a failure: refresh, and decide again.
    #[error("somebody else wrote record {seq} first ({place})")]
    Conflict { seq: Seq, place: String },

    /// A newer version of keyslot wrote here. With the known major, opening succeeds and appending does not.
    #[error("{place} has journal format {found}; this version writes {known}")]
    NewerFormat { found: Format, known: Format, place: String },

    /// A newer version of keyslot wrote this record, and what it tells is not known here.
    #[error("record {seq} was written by a newer keyslot{} ({place}): {why}", named(.version.as_ref()))]
    NewerRecord { seq: Seq, place: String, version: Option<String>, why: String },

    /// A record that cannot be read. It is never passed over: it may be the intent of a regeneration.
    #[error("record {seq} is damaged ({place}): {why}")]
    Damaged { seq: Seq, place: String, why: String },

    /// A number is missing although a later one exists.
    #[error("record {seq} is missing ({place}), and record {next} exists")]
    Gap { seq: Seq, next: Seq, place: String },

    /// The store refused or did not answer.
    #[error(transparent)]
    Store(#[from] Fault),

    /// The record was sent and nobody can say whether it arrived. The next append looks first.
    #[error("whether record {seq} was written is not known: {fault}")]
    Unsettled { seq: Seq, fault: Fault },
}

impl JournalError {
    /// The same as what, subject, why and remedy.
    pub fn fault(&self) -> Fault {
        match self {
            JournalError::Conflict { place, .. } => {
                fault(Blindness::Unreachable, "append to the journal", place, "somebody else was first")
                    .remedy("another keyslot is at work on the same rotation; run this again")
            }
            JournalError::NewerFormat { found, known, place } => fault(
                Blindness::Unintelligible,
                "write to the journal",
                place,
                &format!("its format is {found}; this version of keyslot writes {known}"),
            )
            .remedy("use the newer keyslot that wrote it; nothing was changed"),
            JournalError::NewerRecord { place, version, why, .. } => fault(
                Blindness::Unintelligible,
                "read the journal",
                place,
                &format!(
                    "it was written by a newer keyslot{}, and this is {VERSION}: {why}",
                    named(version.as_ref())
                ),
            )
            .remedy("upgrade keyslot here; nothing was changed, and nothing is damaged"),
            JournalError::Damaged { place, why, .. } => {
                fault(Blindness::Unintelligible, "read the journal", place, why)
                    .remedy("restore this record from a backup; do not delete it: it may tell of an effect")
            }
            JournalError::Gap { next, place, .. } => fault(
                Blindness::Missing,
                "read the journal",
                place,
                &format!("the record is gone, and record {next} exists"),
            )
            .remedy("restore the missing record from a backup; do not renumber the others"),
            JournalError::Store(fault) => fault.clone(),
            JournalError::Unsettled { fault, .. } => {
                let remedy = "run this again: the journal is read before anything else is done";
                fault.clone().remedy(remedy)
            }
        }
    }
}

fn named(version: Option<&String>) -> String {
    version.map(|version| format!(" (version {version})")).unwrap_or_default()
}

fn fault(kind: Blindness, what: &str, subject: &str, why: &str) -> Fault {
    Fault::new(kind, what, subject, why)
}
