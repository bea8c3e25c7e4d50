//! World time as seen from outside the world: wall time, counted faster.
//!
//! The same clock serves the server, which moves the world along it, and a client that wants to agree with the
//! world about the time, in the same process or in another one (both then start from the same three numbers).

use std::time::{Duration, Instant};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};

use crate::ports::Clock;

/// `world_start + (wall time since wall_start) × speed`.
#[derive(Clone, Debug)]
pub struct WireClock {
    world_start: Timestamp,
    speed: f64,
    /// Wall time that had passed since the start when this value was made; later the monotonic clock counts,
    /// so that setting the machine's clock does not move the world.
    already: Duration,
    made: Instant,
}

impl WireClock {
    /// Starts now.
    pub fn start(world_start: Timestamp, speed: f64) -> WireClock {
        WireClock::since(Timestamp::now(), world_start, speed)
    }

    /// Joins a clock that was started at `wall_start`. A speed that is no positive number counts as 1.
    pub fn since(wall_start: Timestamp, world_start: Timestamp, speed: f64) -> WireClock {
        // Of the same moment, as near as may be: who is held up in between would have a clock of its own.
        let both = || {
            let made = Instant::now();
            let wall = Timestamp::now();
            (made.elapsed(), made, wall)
        };
        let nearer =
            |one: (Duration, _, _), other: (Duration, _, _)| if other.0 < one.0 { other } else { one };
        let (_, made, wall) = (0..8).map(|_| both()).fold(both(), nearer);
        let already = wall.duration_since(wall_start);
        WireClock {
            world_start,
            speed: if speed.is_finite() && speed > 0.0 { speed } else { 1.0 },
            already: already.try_into().unwrap_or(Duration::ZERO),
            made,
        }
    }

    pub fn speed(&self) -> f64 {
        self.speed
    }

    pub fn world_start(&self) -> Timestamp {
        self.world_start
    }

    /// World time since the start.
    fn elapsed(&self) -> Duration {
        (self.already + self.made.elapsed()).mul_f64(self.speed)
    }
}

#[async_trait]
impl Clock for WireClock {
    fn now(&self) -> Timestamp {
        let elapsed = SignedDuration::try_from(self.elapsed()).unwrap_or(SignedDuration::MAX);
        self.world_start.checked_add(elapsed).unwrap_or(Timestamp::MAX)
    }

    fn monotonic(&self) -> Duration {
        self.elapsed()
    }

    async fn sleep_until(&self, until: Timestamp) {
        loop {
            let left = until.duration_since(self.now());
            if left <= SignedDuration::ZERO {
                return;
            }
            let wall = left.unsigned_abs().div_f64(self.speed);
            // The timer counts in milliseconds; rounding up keeps the last turns of this loop from spinning.
            tokio::time::sleep(wall.max(Duration::from_millis(1))).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_sleeper_wakes_not_before_its_time_and_both_ends_agree() {
        let world_start = Timestamp::from_second(1_000_000).unwrap();
        let wall_start = Timestamp::now();
        let clock = WireClock::since(wall_start, world_start, 3600.0);
        let other = WireClock::since(wall_start, world_start, 3600.0);
        let until = world_start + SignedDuration::from_secs(60);
        clock.sleep_until(until).await;
        assert!(clock.now() >= until);
        assert!(other.now() >= until - SignedDuration::from_secs(30));
        assert!(clock.monotonic() >= Duration::from_secs(60));
    }

    #[test]
    fn a_speed_that_is_no_speed_counts_as_one() {
        let start = Timestamp::UNIX_EPOCH;
        for speed in [0.0, -2.0, f64::NAN, f64::INFINITY] {
            assert!((WireClock::start(start, speed).speed() - 1.0).abs() < f64::EPSILON);
        }
    }
}
