//! How many requests the account has refused, minute by minute, as its own metrics say: every account has them, and they
//! come within minutes.
//!
//! They tell the region and nothing else: neither who asked nor with which key. So a count says that somebody is refused
//! since a restart, and none says nothing of who uses the old key.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::usage::same_region;

/// A minute in which requests were answered with 401.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RefusedMinute {
    /// Of the account, by display name or location.
    pub region: String,
    /// Its beginning.
    pub begin: Timestamp,
    pub count: u64,
}

impl RefusedMinute {
    pub fn is_in(&self, region: &str) -> bool {
        same_region(region, &self.region)
    }
}

/// The minutes of a window with refused requests in them; the others are not listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetricsView {
    /// The window's beginning; it ends where the metrics do.
    pub since: Timestamp,
    pub refused: Vec<RefusedMinute>,
    /// By region, the beginning of the newest minute in which anybody asked the account anything, of the last hour of the
    /// window: that none was refused in a minute says nothing where no minute is told at all.
    pub told: BTreeMap<String, Timestamp>,
}

/// What a region has refused from some moment on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusals {
    /// Where the last was.
    pub region: String,
    /// The beginning of the last minute that has some.
    pub last: Timestamp,
    pub count: u64,
    /// How many in the minute that has most of them.
    pub most: u64,
    /// How many there had been in the hour before that moment; `None` where the window does not reach so far back.
    pub before: Option<u64>,
}

const MINUTE: SignedDuration = SignedDuration::from_mins(1);
const HOUR: SignedDuration = SignedDuration::from_hours(1);

impl MetricsView {
    /// Without the minutes that lie in this span, or in part.
    pub fn but_for(&self, from: Timestamp, until: Timestamp) -> MetricsView {
        let ends = |minute: &RefusedMinute| minute.begin.checked_add(MINUTE).unwrap_or(Timestamp::MAX);
        let kept = self.refused.iter().filter(|minute| ends(minute) <= from || minute.begin > until);
        MetricsView { since: self.since, refused: kept.cloned().collect(), told: self.told.clone() }
    }

    /// Up to when they are known to tell of the region, by what they tell of it; of any region where none is given.
    /// `None` where they tell of no request in the last hour.
    pub fn reached(&self, region: Option<&str>) -> Option<Timestamp> {
        let here = |(told, _): &(&String, &Timestamp)| region.is_none_or(|region| same_region(region, told));
        let newest = self.told.iter().filter(here).map(|(_, begin)| *begin).max()?;
        Some(newest.checked_add(MINUTE).unwrap_or(Timestamp::MAX))
    }

    /// What was refused in whole minutes from then on, of those that count, if anything.
    pub fn refused_since(
        &self,
        since: Timestamp,
        counts: impl Fn(&RefusedMinute) -> bool,
    ) -> Option<Refusals> {
        let here = |minute: &&RefusedMinute| counts(minute);
        let earlier = since.checked_sub(HOUR).unwrap_or(Timestamp::MIN);
        let (after, before): (Vec<_>, Vec<_>) =
            self.refused.iter().filter(here).partition(|minute| minute.begin >= since);
        let last = after.iter().max_by_key(|minute| minute.begin)?;
        let before = before.iter().filter(|minute| minute.begin >= earlier);
        Some(Refusals {
            region: last.region.clone(),
            last: last.begin,
            count: after.iter().map(|minute| minute.count).sum(),
            most: after.iter().map(|minute| minute.count).max().unwrap_or_default(),
            before: (earlier >= self.since).then(|| before.map(|minute| minute.count).sum()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(minute * 60).unwrap()
    }

    fn minute(region: &str, begin: i64, count: u64) -> RefusedMinute {
        RefusedMinute { region: region.to_owned(), begin: at(begin), count }
    }

    #[test]
    fn what_began_before_the_moment_is_told_apart_and_what_is_an_hour_older_is_not_told() {
        let view = MetricsView {
            since: at(0),
            refused: vec![
                minute("North Europe", 10, 100),
                minute("North Europe", 99, 5),
                minute("North Europe", 100, 7),
                minute("northeurope", 103, 1),
                minute("East US 2", 104, 3),
            ],
            told: [("North Europe".to_owned(), at(103)), ("East US 2".to_owned(), at(105))].into(),
        };
        assert_eq!(view.reached(Some("northeurope")), Some(at(104)));
        assert_eq!((view.reached(None), view.reached(Some("West Europe"))), (Some(at(106)), None));
        let here = |minute: &RefusedMinute| minute.is_in("northeurope");
        let north = view.refused_since(at(100), here).unwrap();
        assert_eq!((north.count, north.most, north.before, north.last), (8, 7, Some(5), at(103)));
        let later = MetricsView { since: at(50), ..view.clone() };
        assert_eq!(later.refused_since(at(100), |_| true).unwrap().before, None, "nobody looked");
        let everywhere = view.refused_since(at(100), |_| true).unwrap();
        assert_eq!((everywhere.count, everywhere.region.as_str()), (11, "East US 2"));
        assert_eq!(view.refused_since(at(104), here), None);
        let left =
            view.but_for(at(99), at(103)).refused.iter().map(|minute| minute.begin).collect::<Vec<_>>();
        assert_eq!(left, [at(10), at(104)]);
        let left = view.but_for(at(100), at(102)).refused.len();
        assert_eq!(left, 4, "one that ends as the span begins is not in it");
        // The minute in which the moment lies is not whole.
        let within = at(103).checked_add(SignedDuration::from_secs(1)).unwrap();
        assert_eq!(view.refused_since(within, here), None);
    }
}
