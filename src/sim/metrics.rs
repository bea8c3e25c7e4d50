//! What the account's metrics would tell: in which minutes it refused requests, by region.
//!
//! Counted by arithmetic, as the logs are, whether these are kept or not. A minute is told whole, some time after its end.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::kubernetes::Process;
use super::meter::parts;
use super::time::{after, before};
use super::world::World;

/// From a minute's end until it is told.
const DELAY: Duration = Duration::from_secs(2 * 60);

const MINUTE: Duration = Duration::from_secs(60);

/// By region and beginning of the minute.
pub type RefusedMinutes = BTreeMap<(String, Timestamp), u64>;

impl World {
    /// What can be found now of the minutes since then.
    pub fn refused_minutes(&self, since: Timestamp) -> RefusedMinutes {
        let until = minute(before(self.now, DELAY));
        let mut minutes = RefusedMinutes::new();
        for (place, stamp) in self.stamps.iter().enumerate() {
            let over = self.logs.ended.iter().filter(|(of, _)| *of == place).map(|(_, process)| process);
            for process in stamp.cluster.processes().chain(over) {
                self.refused(&mut minutes, stamp.region, process, since, until);
            }
        }
        for outsider in &self.outsiders {
            for process in outsider.processes() {
                self.refused(&mut minutes, outsider.region, process, since, until);
            }
        }
        for (at, region) in self.logs.refused_visits().filter(|(at, _)| since <= *at && *at < until) {
            *minutes.entry((region.to_owned(), minute(at))).or_default() += 1;
        }
        minutes
    }

    fn refused(
        &self,
        minutes: &mut RefusedMinutes,
        region: usize,
        process: &Process,
        since: Timestamp,
        until: Timestamp,
    ) {
        let name = self.account.regions().get(region).map_or("", |region| region.name.as_str());
        let all = |from, until: Timestamp| {
            let parts = parts(process, &self.account, &self.faults, region, from, until.min(process.until));
            parts.into_iter().filter(|(open, part)| !open && part.count > 0).map(|(_, part)| part)
        };
        for part in all(since, until) {
            let (Some(first), Some(last)) = (part.first, part.last) else { continue };
            let mut begin = minute(first);
            while begin <= last {
                let end = after(begin, MINUTE);
                // Within this part: the next one is counted by itself.
                let until = end.min(after(last, Duration::from_millis(1)));
                let count: u64 = all(begin.max(first), until).map(|part| part.count).sum();
                if count > 0 {
                    *minutes.entry((name.to_owned(), begin)).or_default() += count;
                }
                begin = end;
            }
        }
    }
}

fn minute(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second().div_euclid(60) * 60).unwrap_or(at)
}
