//! The journal in memory: the records read so far, and appending the next one.

use std::sync::Arc;

use bytes::Bytes;
use futures::stream::{self, StreamExt, TryStreamExt};
use jiff::Timestamp;
use ring::rand::{SecureRandom, SystemRandom};

use super::record::{Unreadable, VERSION, nonce_of};
use super::{Created, Event, Format, JournalError, KNOWN_FORMAT, Record, RecordStore, Seq, Stored};
use crate::model::Blindness;
use crate::ports::{Effect, Fault};

/// Records read at the same time. A shared store answers one in tens of milliseconds.
const READS_AT_ONCE: usize = 16;

/// One opening of a journal.
pub struct Journal<E> {
    store: Arc<dyn RecordStore>,
    records: Vec<Record<E>>,
    writer: String,
    attempts: u64,
    /// Set while an append's end is not known: the next append must look before it writes.
    unsettled: bool,
}

impl<E: Event> Journal<E> {
    /// Reads the whole journal; a store without records is an empty one.
    ///
    /// # Errors
    /// A record of a newer major format, a damaged or missing record, a store that does not answer.
    pub async fn open(store: Arc<dyn RecordStore>) -> Result<Journal<E>, JournalError> {
        let writer = random_writer()?;
        Journal::open_as(store, writer).await
    }

    /// As [`Journal::open`], under a writer's name that the caller vouches to be used once.
    ///
    /// # Errors
    /// As [`Journal::open`].
    pub async fn open_as(
        store: Arc<dyn RecordStore>,
        writer: impl Into<String>,
    ) -> Result<Journal<E>, JournalError> {
        let mut journal =
            Journal { store, records: Vec::new(), writer: writer.into(), attempts: 0, unsettled: false };
        journal.refresh().await?;
        Ok(journal)
    }

    /// What has been read, in order, without gaps: record n stands at n-1.
    pub fn records(&self) -> &[Record<E>] {
        &self.records
    }

    /// The last number read; zero where there is none.
    pub fn last(&self) -> Seq {
        Seq(self.records.len() as u64)
    }

    /// Whether a record was sent, and nobody has looked yet whether it is there.
    pub fn is_unsettled(&self) -> bool {
        self.unsettled
    }

    /// Whether it was written by this opening, and by nobody else.
    pub fn wrote(&self, record: &Record<E>) -> bool {
        let writer = record.writer_nonce.rsplit_once('-').map(|(writer, _)| writer);
        writer == Some(self.writer.as_str())
    }

    /// Whether this version may append.
    ///
    /// # Errors
    /// [`JournalError::NewerFormat`] where a record has a newer minor format than this version writes.
    pub fn writable(&self) -> Result<(), JournalError> {
        let newest = self.records.iter().max_by_key(|record| record.format);
        match newest {
            Some(record) if record.format > KNOWN_FORMAT => Err(self.newer(record.seq, record.format)),
            _ => Ok(()),
        }
    }

    /// Reads what was appended since and returns it.
    ///
    /// # Errors
    /// As [`Journal::open`]; what was read before stays.
    pub async fn refresh(&mut self) -> Result<&[Record<E>], JournalError> {
        let from = self.last();
        let numbers = self.store.list_after(from).await?;
        // A listing is no snapshot: while others append, it may show a record and not yet the one before.
        // So every number up to the last is asked for, and only a read decides that one is missing.
        let last = numbers.into_iter().max().unwrap_or(from);
        if last == from {
            self.unsettled = false;
            return Ok(&[]);
        }
        let store = &self.store;
        let read: Vec<(Seq, Option<Stored>)> = stream::iter((from.0 + 1..=last.0).map(Seq))
            .map(|seq| async move { store.read(seq).await.map(|stored| (seq, stored)) })
            .buffered(READS_AT_ONCE)
            .try_collect()
            .await?;
        let mut fresh = Vec::with_capacity(read.len());
        for (seq, stored) in read {
            let stored =
                stored.ok_or_else(|| JournalError::Gap { seq, next: last, place: self.store.place(seq) })?;
            fresh.push(self.decode(seq, &stored)?);
        }
        self.records.append(&mut fresh);
        self.unsettled = false;
        Ok(self.records.get(from.0 as usize..).unwrap_or_default())
    }

    /// Appends one event as the next record and returns its number.
    ///
    /// # Errors
    /// [`JournalError::Conflict`] where the number is taken by somebody else: call [`Journal::refresh`] and
    /// decide again. [`JournalError::Unsettled`] where the answer was lost and the record cannot be found.
    pub async fn append(&mut self, kind: E, at: Timestamp) -> Result<Seq, JournalError> {
        self.writable()?;
        if self.unsettled && !self.refresh().await?.is_empty() {
            return Err(self.conflict(self.last()));
        }
        let record = self.draft(kind, at);
        let bytes = Bytes::from(record.encode().map_err(|error| self.unencodable(record.seq, &error))?);
        // Set before the first await: an append that is dropped half-way leaves the mark.
        self.unsettled = true;
        let appended = self.create(record, bytes).await;
        if matches!(appended, Ok(_) | Err(JournalError::Conflict { .. })) {
            self.unsettled = false;
        }
        appended
    }

    async fn create(&mut self, record: Record<E>, bytes: Bytes) -> Result<Seq, JournalError> {
        let mut end = self.store.create(record.seq, bytes.clone()).await;
        if let Effect::Unknown(_) = end
            && self.look(record.seq).await?.is_none()
        {
            // The same bytes again are harmless: if the first ones arrive late, one of the two finds itself.
            end = self.store.create(record.seq, bytes).await;
        }
        match end {
            Effect::Applied(Created::New) => Ok(self.keep(record, None)),
            Effect::Applied(Created::Taken) => self.recognise(record).await,
            Effect::NotSent(fault) | Effect::Refused(fault) => Err(fault.into()),
            Effect::Unknown(fault) => match self.recognise(record.clone()).await {
                Err(JournalError::Gap { seq, .. }) => Err(JournalError::Unsettled { seq, fault }),
                settled => settled,
            },
        }
    }

    /// Whose record stands under this number: ours, whose answer was lost, or another's.
    async fn recognise(&mut self, record: Record<E>) -> Result<Seq, JournalError> {
        let seq = record.seq;
        match self.look(seq).await? {
            Some(stored) if nonce_of(&stored.bytes).as_ref() == Some(&record.writer_nonce) => {
                Ok(self.keep(record, stored.at))
            }
            Some(_) => Err(self.conflict(seq)),
            None => Err(JournalError::Gap { seq, next: seq, place: self.store.place(seq) }),
        }
    }

    /// Reads back what was just sent; without an answer nobody can say whether it arrived.
    async fn look(&self, seq: Seq) -> Result<Option<Stored>, JournalError> {
        self.store.read(seq).await.map_err(|fault| JournalError::Unsettled { seq, fault })
    }

    fn keep(&mut self, mut record: Record<E>, stored: Option<Timestamp>) -> Seq {
        record.stored = stored;
        let seq = record.seq;
        self.records.push(record);
        seq
    }

    fn draft(&mut self, kind: E, at: Timestamp) -> Record<E> {
        self.attempts += 1;
        Record {
            format: KNOWN_FORMAT,
            seq: self.last().next(),
            writer_nonce: format!("{}-{}", self.writer, self.attempts),
            version: Some(VERSION.to_owned()),
            at,
            kind,
            stored: None,
        }
    }

    fn decode(&self, seq: Seq, stored: &Stored) -> Result<Record<E>, JournalError> {
        match Record::decode(seq, &stored.bytes) {
            Ok(record) => Ok(Record { stored: stored.at, ..record }),
            Err(Unreadable::Newer(found)) => Err(self.newer(seq, found)),
            Err(Unreadable::Unknown { version, why }) => {
                Err(JournalError::NewerRecord { seq, place: self.store.place(seq), version, why })
            }
            Err(Unreadable::Damaged(why)) => {
                Err(JournalError::Damaged { seq, place: self.store.place(seq), why })
            }
        }
    }

    fn newer(&self, seq: Seq, found: Format) -> JournalError {
        JournalError::NewerFormat { found, known: KNOWN_FORMAT, place: self.store.place(seq) }
    }

    fn conflict(&self, seq: Seq) -> JournalError {
        JournalError::Conflict { seq, place: self.store.place(seq) }
    }

    fn unencodable(&self, seq: Seq, error: &serde_json::Error) -> Fault {
        let why = format!("the event cannot be written as JSON: {error}");
        Fault::new(Blindness::Unintelligible, "append to the journal", self.store.place(seq), why)
    }
}

/// 96 random bits, in hexadecimal: a name for this opening.
fn random_writer() -> Result<String, Fault> {
    let mut bytes = [0_u8; 12];
    SystemRandom::new().fill(&mut bytes).map_err(|_| {
        let why = "the system gives no random bytes";
        Fault::new(Blindness::Unreachable, "open the journal", "this machine", why)
    })?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
