//! A store in plain memory, for rehearsals in memory and for property tests.
//!
//! Nothing in it waits: its futures are ready at once under any executor. Clones share the records, so a
//! handle survives the crash of everyone who used it. It can be cut, damaged, filled up and made to fail.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;

use super::{Created, RecordStore, Seq, Stored};
use crate::model::Blindness;
use crate::ports::{Effect, Fault};

/// What goes wrong, once, when a record is created.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemoryFault {
    /// No connection: nothing was sent.
    NotSent,
    /// The answer is lost and the record was not written.
    LostRequest,
    /// The answer is lost and the record was written.
    LostAnswer,
    /// The disk is full: nothing was written.
    Full,
}

#[derive(Default)]
struct Inner {
    records: BTreeMap<Seq, Bytes>,
    faults: BTreeMap<Seq, MemoryFault>,
    full: bool,
}

/// A handle to records in memory.
#[derive(Clone, Default)]
pub struct MemoryStore(Arc<Mutex<Inner>>);

impl MemoryStore {
    pub fn new() -> MemoryStore {
        MemoryStore::default()
    }

    pub fn len(&self) -> usize {
        self.inner().records.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Keeps the first `n` records: a crash before the next one was written.
    pub fn truncate(&self, n: usize) {
        self.inner().records.retain(|seq, _| seq.0 <= n as u64);
    }

    /// An independent copy of the first `n` records, without faults.
    pub fn prefix(&self, n: usize) -> MemoryStore {
        let records = self.inner().records.iter().take(n).map(|(seq, bytes)| (*seq, bytes.clone())).collect();
        MemoryStore(Arc::new(Mutex::new(Inner { records, ..Inner::default() })))
    }

    /// Puts bytes under a number, whatever stood there: damage, or a writer of another version.
    pub fn overwrite(&self, seq: Seq, bytes: impl Into<Bytes>) {
        self.inner().records.insert(seq, bytes.into());
    }

    /// Takes a record away.
    pub fn remove(&self, seq: Seq) {
        self.inner().records.remove(&seq);
    }

    pub fn bytes(&self, seq: Seq) -> Option<Bytes> {
        self.inner().records.get(&seq).cloned()
    }

    /// Makes the next create of this number fail, once.
    pub fn fail_at(&self, seq: Seq, fault: MemoryFault) {
        self.inner().faults.insert(seq, fault);
    }

    /// Fills the disk, or makes room again.
    pub fn set_full(&self, full: bool) {
        self.inner().full = full;
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn create(&mut self, seq: Seq, bytes: Bytes) -> Effect<Created> {
        let fault = if self.full { Some(MemoryFault::Full) } else { self.faults.remove(&seq) };
        match fault {
            None => Effect::Applied(self.put(seq, bytes)),
            Some(MemoryFault::NotSent) => Effect::NotSent(broken(seq, "no connection")),
            Some(MemoryFault::LostRequest) => Effect::Unknown(broken(seq, "the answer was lost")),
            Some(MemoryFault::LostAnswer) => {
                self.put(seq, bytes);
                Effect::Unknown(broken(seq, "the answer was lost"))
            }
            Some(MemoryFault::Full) => Effect::Refused(super::fault::io_fault(
                "write a journal record",
                &place(seq),
                &std::io::Error::from(std::io::ErrorKind::StorageFull),
            )),
        }
    }

    fn put(&mut self, seq: Seq, bytes: Bytes) -> Created {
        if self.records.contains_key(&seq) {
            return Created::Taken;
        }
        self.records.insert(seq, bytes);
        Created::New
    }
}

fn place(seq: Seq) -> String {
    format!("memory/{}", seq.object_name())
}

fn broken(seq: Seq, why: &str) -> Fault {
    Fault::new(Blindness::Unreachable, "write a journal record", place(seq), why)
}

#[async_trait]
impl RecordStore for MemoryStore {
    async fn list_after(&self, seq: Seq) -> Result<Vec<Seq>, Fault> {
        Ok(self.inner().records.range(seq.next()..).map(|(seq, _)| *seq).collect())
    }

    async fn read(&self, seq: Seq) -> Result<Option<Stored>, Fault> {
        Ok(self.bytes(seq).map(|bytes| Stored { bytes, at: None }))
    }

    async fn create(&self, seq: Seq, bytes: Bytes) -> Effect<Created> {
        self.inner().create(seq, bytes)
    }

    fn place(&self, seq: Seq) -> String {
        place(seq)
    }
}
