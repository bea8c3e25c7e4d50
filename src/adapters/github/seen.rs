//! What the adapter remembers between two looks.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;

use super::bulletin::Told;
use super::graphql::Asked;

#[derive(Default)]
pub(super) struct Memory(Mutex<Book>);

/// When GraphQL was asked about a pull request, when that had last changed, and the answer.
type Answered = (Timestamp, Option<Timestamp>, Asked);

#[derive(Default)]
struct Book {
    asked: BTreeMap<u64, Answered>,
    /// The digests of comparisons, by their two ends.
    changes: BTreeMap<String, Option<String>>,
    told: BTreeMap<u64, Told>,
}

impl Memory {
    pub(super) fn asked(&self, number: u64) -> Option<Answered> {
        self.with(|book| book.asked.get(&number).cloned())
    }

    pub(super) fn note_asked(&self, number: u64, asked: Answered) {
        self.with(|book| {
            book.asked.insert(number, asked);
        });
    }

    pub(super) fn change(&self, key: &str) -> Option<Option<String>> {
        self.with(|book| book.changes.get(key).cloned())
    }

    pub(super) fn note_change(&self, key: &str, digest: Option<String>) {
        self.with(|book| {
            book.changes.insert(key.to_owned(), digest);
        });
    }

    pub(super) fn told(&self, number: u64) -> Told {
        self.with(|book| book.told.get(&number).cloned().unwrap_or_default())
    }

    pub(super) fn note_told(&self, number: u64, told: Told) {
        self.with(|book| {
            book.told.insert(number, told);
        });
    }

    /// After a deed of ours on a pull request.
    pub(super) fn forget(&self, number: u64) {
        self.with(|book| {
            book.asked.remove(&number);
        });
    }

    fn with<T>(&self, act: impl FnOnce(&mut Book) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
