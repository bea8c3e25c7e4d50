//! What the journal asks of a place that keeps records.
//!
//! Three calls and a name. A store knows numbers and bytes; it does not know what a record is.

use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;

use super::Seq;
use crate::ports::{Effect, Fault};

/// One record's bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    pub bytes: Bytes,
    /// When they arrived, by the store's own clock. `None` where the store has no clock of its own.
    pub at: Option<Timestamp>,
}

/// How a create ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Created {
    /// These bytes now stand under this number.
    New,
    /// Something stood there already; nothing was changed.
    Taken,
}

/// Keeps records by number.
#[async_trait]
pub trait RecordStore: Send + Sync {
    /// The numbers after `seq` that exist, ascending. Objects with other names are not records.
    async fn list_after(&self, seq: Seq) -> Result<Vec<Seq>, Fault>;

    /// One record, or `None` where there is none.
    async fn read(&self, seq: Seq) -> Result<Option<Stored>, Fault>;

    /// Writes a record whole and durable, or not at all; never over another. Sent once: stores do not repeat a
    /// create by themselves.
    async fn create(&self, seq: Seq, bytes: Bytes) -> Effect<Created>;

    /// Where the record lies, for people.
    fn place(&self, seq: Seq) -> String;
}
