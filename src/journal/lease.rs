//! The lease: who may act until when, as the records say. Pure functions.
//!
//! A lease is a record in the log, so taking it is an append, and of two who try one loses the race for the
//! number. It says nothing about clocks that differ: the holder counts the term by its own clock from the time
//! it wrote into the record; everyone else counts it from the store's time of the record where the store tells
//! it (a shared store; a folder does not), and waits a margin longer. The holder stops the margin before the
//! end.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::{Record, Seq};
use crate::ports::LeaseTerm;

/// What an event says about the lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LeaseChange<'a> {
    /// Taken or renewed.
    Held {
        holder: &'a str,
        until: Timestamp,
    },
    Released {
        holder: &'a str,
    },
}

/// Implemented by the journal's event type.
pub trait LeaseEvent {
    /// `None` for events that are not about the lease.
    fn lease_change(&self) -> Option<LeaseChange<'_>>;
}

/// A lease as the log has it; it may have run out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    pub holder: String,
    /// World time, counted from the store's time of the record where that is known.
    pub until: Timestamp,
    /// The record that gave it.
    pub seq: Seq,
    /// How long it was given for.
    pub term: Duration,
}

/// How long a lease lasts and how far clocks may differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeaseTerms {
    pub term: Duration,
    /// Added by those who wait, kept off by the one who holds.
    pub margin: Duration,
}

impl Default for LeaseTerms {
    /// Ten minutes: long against one round of observation, short against a person who waits for a dead laptop.
    /// Thirty seconds are what machines with network time never differ by.
    fn default() -> LeaseTerms {
        LeaseTerms { term: Duration::from_secs(600), margin: Duration::from_secs(30) }
    }
}

/// What somebody who wants to act does next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LeaseMove {
    /// Append a lease record with this end.
    Take { until: Timestamp },
    /// Held, and half of the term is gone: append a lease record with this end.
    Renew { until: Timestamp },
    /// Held, with time to spare.
    Keep,
    /// Somebody else holds it; free at `free_at` unless renewed.
    Wait { holder: String, free_at: Timestamp },
}

/// The lease after these records; `None` where none was taken or the last one was released.
pub fn current_lease<E: LeaseEvent>(records: &[Record<E>]) -> Option<Lease> {
    let (record, change) =
        records.iter().rev().find_map(|record| Some((record, record.kind.lease_change()?)))?;
    match change {
        LeaseChange::Released { .. } => None,
        LeaseChange::Held { holder, until } => {
            let term = Duration::try_from(until.duration_since(record.at)).unwrap_or(Duration::ZERO);
            let from = record.stored.unwrap_or(record.at);
            Some(Lease { holder: holder.to_owned(), until: later(from, term), seq: record.seq, term })
        }
    }
}

/// Whether `who` may act now: holds the lease, and the margin before its end has not begun.
pub fn held_by(lease: Option<&Lease>, who: &str, now: Timestamp, terms: &LeaseTerms) -> bool {
    lease.is_some_and(|lease| lease.holder == who && now < earlier(lease.until, terms.margin))
}

/// What `who` does to hold the lease.
pub fn next_move(lease: Option<&Lease>, who: &str, now: Timestamp, terms: &LeaseTerms) -> LeaseMove {
    let until = later(now, terms.term);
    match lease {
        None => LeaseMove::Take { until },
        Some(lease) if lease.holder == who => {
            if now >= earlier(lease.until, lease.term / 2) {
                LeaseMove::Renew { until }
            } else {
                LeaseMove::Keep
            }
        }
        Some(lease) => {
            let free_at = later(lease.until, terms.margin);
            if now > free_at {
                LeaseMove::Take { until }
            } else {
                LeaseMove::Wait { holder: lease.holder.clone(), free_at }
            }
        }
    }
}

impl Lease {
    /// What goes into a permit: the holder, and the end less the margin.
    pub fn permit_term(&self, terms: &LeaseTerms) -> LeaseTerm {
        LeaseTerm { holder: self.holder.clone(), until: earlier(self.until, terms.margin) }
    }
}

fn later(at: Timestamp, by: Duration) -> Timestamp {
    let by = SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX);
    at.saturating_add(by).unwrap_or(Timestamp::MAX)
}

fn earlier(at: Timestamp, by: Duration) -> Timestamp {
    let by = SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX);
    at.saturating_sub(by).unwrap_or(Timestamp::MIN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::KNOWN_FORMAT;

    enum Event {
        Held(&'static str, i64),
        Released(&'static str),
        Other,
    }

    impl LeaseEvent for Event {
        fn lease_change(&self) -> Option<LeaseChange<'_>> {
            match self {
                Event::Held(holder, until) => Some(LeaseChange::Held { holder, until: at(*until) }),
                Event::Released(holder) => Some(LeaseChange::Released { holder }),
                Event::Other => None,
            }
        }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn record(written: i64, kind: Event) -> Record<Event> {
        let writer_nonce = String::new();
        Record {
            format: KNOWN_FORMAT,
            seq: Seq(1),
            writer_nonce,
            version: None,
            at: at(written),
            kind,
            stored: None,
        }
    }

    const TERMS: LeaseTerms = LeaseTerms { term: Duration::from_secs(600), margin: Duration::from_secs(30) };

    #[test]
    fn an_empty_journal_has_no_lease_and_anyone_may_take_it() {
        assert_eq!(current_lease::<Event>(&[]), None);
        assert_eq!(next_move(None, "me", at(0), &TERMS), LeaseMove::Take { until: at(600) });
        assert!(!held_by(None, "me", at(0), &TERMS));
    }

    #[test]
    fn a_lease_is_kept_for_half_its_term_and_then_renewed() {
        let lease = current_lease(&[record(0, Event::Held("me", 600)), record(5, Event::Other)]);
        let lease = lease.as_ref();
        assert_eq!(next_move(lease, "me", at(299), &TERMS), LeaseMove::Keep);
        assert_eq!(next_move(lease, "me", at(300), &TERMS), LeaseMove::Renew { until: at(900) });
        assert_eq!(next_move(lease, "me", at(700), &TERMS), LeaseMove::Renew { until: at(1300) });
    }

    #[test]
    fn the_holder_stops_a_margin_early_and_the_others_wait_a_margin_longer() {
        let lease = current_lease(&[record(0, Event::Held("me", 600))]);
        let lease = lease.as_ref();
        assert!(held_by(lease, "me", at(569), &TERMS));
        assert!(!held_by(lease, "me", at(570), &TERMS));
        assert!(!held_by(lease, "you", at(1), &TERMS));
        let wait = LeaseMove::Wait { holder: "me".into(), free_at: at(630) };
        assert_eq!(next_move(lease, "you", at(630), &TERMS), wait);
        assert_eq!(next_move(lease, "you", at(631), &TERMS), LeaseMove::Take { until: at(1231) });
    }

    #[test]
    fn a_released_lease_is_free_at_once() {
        let records = [record(0, Event::Held("me", 600)), record(1, Event::Released("me"))];
        assert_eq!(current_lease(&records), None);
    }

    #[test]
    fn the_stores_time_of_the_record_counts_and_not_a_clock_that_is_behind() {
        // Written at 12:00 by a clock that is an hour behind the store's.
        let mut slow = record(0, Event::Held("me", 600));
        slow.stored = Some(at(3600));
        let lease = current_lease(&[slow]).unwrap();
        assert_eq!(lease.until, at(4200));
        let wait = LeaseMove::Wait { holder: "me".into(), free_at: at(4230) };
        assert_eq!(next_move(Some(&lease), "you", at(3700), &TERMS), wait);
    }

    #[test]
    fn a_permit_ends_a_margin_before_the_lease() {
        let lease = current_lease(&[record(0, Event::Held("me", 600))]).unwrap();
        assert_eq!(lease.permit_term(&TERMS), LeaseTerm { holder: "me".into(), until: at(570) });
    }
}
