//! The right to do one dangerous thing, for a short while.

use std::time::Duration;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::Clock;

/// How long the lease that stands behind a permit is held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaseTerm {
    pub holder: String,
    pub until: Timestamp,
}

/// Takes back whatever it is given along with and was not sent yet. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Recall(CancellationToken);

impl Recall {
    /// From now on nothing more is sent.
    pub fn call(&self) {
        self.0.cancel();
    }

    /// Returns when it is called, or was.
    pub async fn called(&self) {
        self.0.cancelled().await;
    }

    pub fn is_called(&self) -> bool {
        self.0.is_cancelled()
    }
}

/// Handed to an adapter with a dangerous call. The adapter asks [`Permit::check`] when everything else is at
/// hand, just before the bytes leave: a laptop that slept between deciding and acting must not fire.
#[derive(Clone, Debug)]
pub struct Permit {
    /// What it is for, as “regenerate primary of cosmos-prod”.
    pub subject: String,
    /// Digest of the evidence that the decision rests on.
    pub evidence: String,
    /// Not after this wall (world) time.
    pub wall_deadline: Timestamp,
    /// Not after this reading of the monotonic clock.
    pub monotonic_deadline: Duration,
    pub lease: Option<LeaseTerm>,
    /// By whoever wants the process to stop.
    pub recall: Recall,
}

impl Permit {
    /// Whether the call may still be sent.
    ///
    /// # Errors
    /// In words, which of the deadlines has passed, or that it was taken back.
    pub fn check(&self, clock: &dyn Clock) -> Result<(), String> {
        if self.recall.is_called() {
            return Err(format!("keyslot was stopped before “{}” was sent", self.subject));
        }
        let now = clock.now();
        if now > self.wall_deadline {
            return Err(format!(
                "the evidence for “{}” was good until {}, and it is {now}",
                self.subject, self.wall_deadline
            ));
        }
        if clock.monotonic() > self.monotonic_deadline {
            return Err(format!(
                "the evidence for “{}” is too old by the monotonic clock (the wall clock was set back?)",
                self.subject
            ));
        }
        match &self.lease {
            Some(lease) if now > lease.until => {
                Err(format!("the lease of {} ended at {}, and it is {now}", lease.holder, lease.until))
            }
            _ => Ok(()),
        }
    }
}
