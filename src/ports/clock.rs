//! Time, as far as keyslot is concerned.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;

/// World time. In production it is the wall clock; in a rehearsal it runs faster; in memory it jumps.
#[async_trait]
pub trait Clock: Send + Sync {
    fn now(&self) -> Timestamp;

    /// Time since some fixed moment, never going back, also while the machine sleeps where the system can
    /// tell; in the same unit as `now`.
    fn monotonic(&self) -> Duration;

    async fn sleep_until(&self, until: Timestamp);
}
