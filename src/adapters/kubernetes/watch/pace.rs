//! How long it is waited until a watch begins again: longer each time that nothing comes of it.

use std::time::Duration;

const SHORTEST: Duration = Duration::from_millis(200);
const LONGEST: Duration = Duration::from_secs(30);

pub(super) struct Pace {
    next: Duration,
    /// The version was too old the last time, too.
    expired: bool,
}

impl Default for Pace {
    fn default() -> Pace {
        Pace { next: SHORTEST, expired: false }
    }
}

impl Pace {
    /// The watch has told something since it began.
    pub(super) fn told(&mut self) {
        *self = Pace::default();
    }

    /// The version was too old, and a list told a newer one: the server is there again, however long it was away. One that calls
    /// the newest version too old, too, is not asked the faster for it.
    pub(super) fn listed(&mut self) {
        if !std::mem::replace(&mut self.expired, true) {
            self.next = SHORTEST;
        }
    }

    pub(super) fn pause(&mut self) -> Duration {
        let pause = self.next;
        self.next = (pause * 2).min(LONGEST);
        pause
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pauses(pace: &mut Pace, count: usize) -> Vec<u128> {
        (0..count).map(|_| pace.pause().as_millis()).collect()
    }

    #[test]
    fn it_doubles_to_half_a_minute_and_begins_anew_when_something_was_told() {
        let mut pace = Pace::default();
        let whole = [200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000, 30_000];
        assert_eq!(pauses(&mut pace, 10), whole);
        pace.told();
        assert_eq!(pauses(&mut pace, 2), [200, 400]);
    }

    #[test]
    fn after_an_outage_it_begins_anew_once_the_server_lists_and_not_faster_each_time() {
        let mut pace = Pace::default();
        pauses(&mut pace, 8);
        pace.listed();
        assert_eq!(pauses(&mut pace, 1), [200]);
        pace.listed();
        assert_eq!(pauses(&mut pace, 1), [400], "the newest version is too old, too");
        pace.told();
        pauses(&mut pace, 8);
        pace.listed();
        assert_eq!(pauses(&mut pace, 1), [200], "another outage");
    }
}
