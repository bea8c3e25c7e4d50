//! What a decision has relied on: which evidence it asked for, and until when each piece may be used.
//!
//! There is no way to evidence but by asking the [`Context`](super::Context), which notes it here, so nothing can
//! be left out: what earlier phases passed on is in it too. A step may be sent as long as all of it is good.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;

use super::reason::later;
use crate::model::EvidenceKey;

/// One piece of evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reliance {
    pub seen: Timestamp,
    /// The shortest of the ages that were asked for.
    pub max: Duration,
}

/// Everything that one decision has used.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Relied(BTreeMap<EvidenceKey, Reliance>);

impl Relied {
    pub(super) fn note(&mut self, key: EvidenceKey, seen: Timestamp, max: Duration) {
        let noted = self.0.entry(key).or_insert(Reliance { seen, max });
        noted.max = noted.max.min(max);
    }

    pub fn keys(&self) -> impl Iterator<Item = &EvidenceKey> {
        self.0.keys()
    }

    /// When the first piece becomes too old. `None` where nothing was used.
    pub fn good_until(&self) -> Option<Timestamp> {
        self.0.values().map(|piece| later(piece.seen, piece.max)).min()
    }

    /// Pieces that were seen before that.
    pub fn seen_before(&self, at: Timestamp) -> BTreeSet<EvidenceKey> {
        self.0.iter().filter(|(_, piece)| piece.seen < at).map(|(key, _)| key.clone()).collect()
    }

    /// Pieces that have less than half of their time left: worth another look before a step that cannot be taken
    /// back, so that the step has ample time to leave.
    pub fn worn(&self, now: Timestamp) -> BTreeSet<EvidenceKey> {
        let half_gone = |piece: &Reliance| later(piece.seen, piece.max / 2) < now;
        self.0.iter().filter(|(_, piece)| half_gone(piece)).map(|(key, _)| key.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Slot;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn the_shortest_age_counts_and_the_first_piece_to_grow_old_ends_it() {
        let mut relied = Relied::default();
        assert_eq!(relied.good_until(), None);
        relied.note(EvidenceKey::Account, at(100), Duration::from_secs(600));
        relied.note(EvidenceKey::Account, at(100), Duration::from_secs(60));
        relied.note(EvidenceKey::Account, at(100), Duration::from_secs(300));
        relied.note(EvidenceKey::Proof(Slot::Primary), at(0), Duration::from_secs(200));
        assert_eq!(relied.good_until(), Some(at(160)));
    }

    #[test]
    fn what_has_lost_half_of_its_time_is_worn() {
        let mut relied = Relied::default();
        relied.note(EvidenceKey::Code, at(0), Duration::from_secs(60));
        relied.note(EvidenceKey::Runs, at(10), Duration::from_secs(60));
        assert_eq!(relied.worn(at(30)), BTreeSet::new());
        assert_eq!(relied.worn(at(31)), [EvidenceKey::Code].into());
        assert_eq!(relied.worn(at(41)), [EvidenceKey::Code, EvidenceKey::Runs].into());
    }
}
