//! World time, read from the world; sleeping is letting it pass.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;

use super::super::time::elapsed;
use super::hub::Hub;
use crate::ports::Clock;

pub(super) struct MemoryClock(pub Arc<Hub>);

#[async_trait]
impl Clock for MemoryClock {
    fn now(&self) -> Timestamp {
        self.0.world.lock().now()
    }

    fn monotonic(&self) -> Duration {
        let world = self.0.world.lock();
        elapsed(world.config().start, world.now())
    }

    async fn sleep_until(&self, until: Timestamp) {
        self.0.options.crashes.stay_alive().await;
        self.0.world.lock().advance_to(until);
    }
}
