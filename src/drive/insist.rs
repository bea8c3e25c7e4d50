//! A journal's store that is away for a while: what has happened is written when it is back, and nothing else is done before.

use std::sync::Arc;
use std::time::Duration;

use futures::future::{Either, select};
use jiff::Timestamp;

use super::{DriveError, Driver, Notice};
use crate::journal::JournalError;
use crate::model::Blindness;
use crate::rotation::later;

/// So long a store may be away before it is no hiccup, as every other service.
const AWAY: Duration = Duration::from_secs(600);

/// The first pause, and the longest: each is twice the one before.
const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(30);

/// Since when the store has been away, and how long the next pause is.
#[derive(Default)]
pub(super) struct Patience(Option<(Timestamp, Duration)>);

impl Patience {
    /// Until when to pause; absent where it was away for too long.
    fn until(&mut self, now: Timestamp) -> Option<Timestamp> {
        let (since, pause) = self.0.unwrap_or((now, FIRST));
        self.0 = Some((since, pause.saturating_mul(2).min(LONGEST)));
        (now < later(since, AWAY)).then(|| later(now, pause))
    }

    /// It is back.
    pub(super) fn rest(&mut self) {
        self.0 = None;
    }
}

/// Whether time may bring it: the store does not answer, or puts us off. What it refuses, and what cannot be read, stays so.
fn is_away(error: &DriveError) -> bool {
    match error {
        DriveError::Journal(JournalError::Store(fault) | JournalError::Unsettled { fault, .. }) => {
            matches!(fault.kind, Blindness::Unreachable | Blindness::Throttled)
        }
        _ => false,
    }
}

impl Driver {
    /// Pauses where the store is away, and whatever is under way goes on meanwhile. Whether it is worth another try.
    pub(super) async fn outlast(&mut self, error: &DriveError) -> bool {
        if !is_away(error) {
            return false;
        }
        let clock = Arc::clone(&self.ports.clock);
        let first = self.patience.0.is_none();
        let Some(until) = self.patience.until(clock.now()) else { return false };
        if first {
            self.say(&Notice::StoreAway { error });
        }
        let sleep = clock.sleep_until(until);
        let others = std::pin::pin!(self.flight.carry_on());
        match select(sleep, others).await {
            Either::Left(_) => true,
            Either::Right((never, _)) => match never {},
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::Fault;

    #[test]
    fn a_store_that_is_away_is_waited_for_with_growing_pauses_and_not_for_ever() {
        let mut patience = Patience::default();
        let (start, mut now, mut pauses) = (Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH, 0);
        while let Some(until) = patience.until(now) {
            assert!(until > now);
            (now, pauses) = (until, pauses + 1);
        }
        assert!(
            pauses < 40 && now >= later(start, AWAY) && now <= later(start, AWAY + LONGEST),
            "{pauses} {now}"
        );
        patience.rest();
        assert!(patience.until(now).is_some());
    }

    #[test]
    fn what_a_store_refuses_is_not_waited_for() {
        let of =
            |kind| is_away(&DriveError::from(JournalError::from(Fault::new(kind, "write", "state", "no"))));
        assert!(of(Blindness::Unreachable) && of(Blindness::Throttled));
        assert!(!of(Blindness::Forbidden) && !of(Blindness::Misconfigured));
    }
}
