//! What has happened in stamps since they were looked at, and whom a watch tells.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use tokio::sync::Notify;

use super::super::kept::Kept;
use crate::model::StampName;
use crate::ports::{Changed, Happening};

/// What has happened in stamps since they were looked at, and who waits for that.
#[derive(Default)]
pub struct Signal {
    changed: Mutex<BTreeSet<Changed>>,
    waiting: Notify,
}

impl Signal {
    pub fn raise(&self, stamp: &StampName, what: Happening) {
        self.all().insert(Changed { stamp: stamp.clone(), what });
        self.waiting.notify_one();
    }

    /// To be called before a look, which will see whatever was signalled so far.
    pub fn clear(&self, stamp: &StampName) {
        self.all().retain(|changed| changed.stamp != *stamp);
    }

    /// Resolves once for all that was raised before.
    pub async fn changed(&self) -> BTreeSet<Changed> {
        loop {
            let all = std::mem::take(&mut *self.all());
            if !all.is_empty() {
                return all;
            }
            self.waiting.notified().await;
        }
    }

    pub(super) fn all(&self) -> std::sync::MutexGuard<'_, BTreeSet<Changed>> {
        self.changed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whom a watch tells.
#[derive(Clone)]
pub struct Ears {
    pub stamp: StampName,
    pub signal: Arc<Signal>,
    pub kept: Arc<Kept>,
}

impl Ears {
    pub(super) fn hear(&self, what: Happening, at: Timestamp) {
        tracing::info!(stamp = %self.stamp, %at, ?what, "told");
        self.signal.raise(&self.stamp, what);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_signal_wakes_once_and_a_look_makes_it_void() {
        let signal = Signal::default();
        let stamp = StampName::new("eastus");
        signal.raise(&stamp, Happening::Rollout);
        signal.raise(&stamp, Happening::Rollout);
        assert_eq!(signal.changed().await.len(), 1);
        let again = futures::future::poll_immediate(signal.changed()).await;
        assert!(again.is_none(), "both were reported");
        signal.raise(&stamp, Happening::PodsGone);
        signal.clear(&stamp);
        assert!(futures::future::poll_immediate(signal.changed()).await.is_none());
    }
}
