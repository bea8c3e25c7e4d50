//! The machine's own clock.

use std::time::{Duration, Instant};

use async_trait::async_trait;
use jiff::Timestamp;

use crate::ports::Clock;

/// Wall time, and a monotonic clock that starts with this value. On Linux the latter stands still while the
/// machine sleeps; the wall clock does not, so that one of a permit's two deadlines passes in any case.
#[derive(Clone, Debug)]
pub struct SystemClock {
    started: Instant,
}

impl SystemClock {
    pub fn start() -> SystemClock {
        SystemClock { started: Instant::now() }
    }
}

/// A sleep is taken in pieces: after a machine slept, the wall clock may have passed the moment long ago.
const PIECE: Duration = Duration::from_secs(30);

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn monotonic(&self) -> Duration {
        self.started.elapsed()
    }

    async fn sleep_until(&self, until: Timestamp) {
        loop {
            let left: Duration = until.duration_since(self.now()).try_into().unwrap_or(Duration::ZERO);
            if left.is_zero() {
                return;
            }
            tokio::time::sleep(left.min(PIECE)).await;
        }
    }
}
