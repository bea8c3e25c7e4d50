//! What can stop the loop itself. A gate that holds is no error.

use jiff::Timestamp;

use crate::journal::JournalError;
use crate::rotation::IllegalRecord;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DriveError {
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error(transparent)]
    Illegal(#[from] IllegalRecord),
    /// Another rotation than the one asked for is open.
    #[error("rotation {open} (retiring {retiring}) is open; finish or close it first")]
    AnotherIsOpen {
        open: String,
        retiring: String,
        /// The options that ask for another one, each with what is in force.
        asked: Vec<String>,
    },
    /// What was asked for is settled when a rotation is opened, and the open one has it otherwise.
    #[error("rotation {open} is open, and has been settled otherwise: {asked}")]
    Settled { open: String, asked: String },
    /// The open rotation is of another account than the one that is looked at.
    #[error("rotation {open} is of the account {theirs}, and this is {ours}")]
    AnotherAccount { open: String, theirs: String, ours: String },
    /// The first of two rotations is done, and the second has to come next.
    #[error("the {0} key is to go next")]
    SecondIsDue(String),
    /// Nobody said which slot to retire, and the world does not agree on one.
    #[error("which slot is in use is not clear: {}", .0.join("; "))]
    Unclear(Vec<String>),
    /// The account could not be read, so a rotation has no identity.
    #[error("the account cannot be read: {0}")]
    AccountUnseen(String),
    /// Nobody said which slot to retire, and the branches cannot be read.
    #[error("the branches cannot be read: {0}")]
    CodeUnseen(String),
    /// Nobody said which slot to retire, and not every vault can be read.
    #[error("vaults cannot be read: {}", .0.join("; "))]
    VaultsUnseen(Vec<String>),
    /// A person has named a release branch that the remote does not have.
    #[error("the remote has no branch {branch}: {why}")]
    NoSuchRelease { branch: String, why: String },
    /// A person has named a release branch, and whether there is one cannot be asked.
    #[error("the branches cannot be read: {0}")]
    ReleaseUnseen(String),
    #[error("no rotation is open")]
    NoneOpen,
    #[error("the gate {0} is one that nobody may open")]
    NeverAccepted(String),
    /// Somebody else holds the lease: they are at work, or were until a moment ago.
    #[error("{holder} is at work, until {until} at the latest")]
    AtWork { holder: String, until: Timestamp },
}

impl DriveError {
    /// Whether somebody else merely wrote first: read again and go on.
    pub fn is_conflict(&self) -> bool {
        matches!(self, DriveError::Journal(JournalError::Conflict { .. }))
    }
}
