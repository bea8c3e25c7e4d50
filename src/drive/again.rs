//! Looking once more: at what is missing or worn, before something is decided or done on it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use jiff::Timestamp;

use super::attention::Looks;
use super::wait::is_of_stamp;
use super::{DriveError, Driver};
use crate::model::{EvidenceKey, StampName};
use crate::ports::Glance;
use crate::rotation::{Reason, later};

/// By how much the wall clock may fall behind the monotonic one between two decisions: it is slewed, not set.
const SET_BACK: Duration = Duration::from_secs(1);

/// What was looked at since something last came of it.
#[derive(Default)]
pub(super) struct Looked {
    pub in_a_row: usize,
    /// Before acting or ending: however slow the looking was, no second time.
    pub just_in_time: BTreeSet<EvidenceKey>,
}

impl Driver {
    /// Looks at what is missing or stale. Before the restarts nothing can be decided until all of it is seen, so it is
    /// waited for together; else each stamp is decided on as soon as it is seen.
    pub(super) async fn look_on(
        &mut self,
        reasons: &[Reason],
        looked: &mut Looked,
    ) -> Result<(), DriveError> {
        let begun: BTreeSet<&StampName> = self.fold.restarts.keys().map(|(_, stamp, _)| stamp).collect();
        let before = |reason: &Reason| reason.subject.stamp().is_none_or(|stamp| !begun.contains(stamp));
        let looks = |reason: &Reason| reason.opens_by_looking() && before(reason);
        let together = self.flight.is_empty() && reasons.iter().all(looks);
        if self.look_behind(reasons).await || self.flight.is_empty() {
            looked.in_a_row += 1;
        }
        match (together, self.flight.is_empty()) {
            (true, _) => self.land_all().await,
            (false, true) => Ok(()),
            (false, false) => self.attend(reasons).await,
        }
    }

    /// What watches have told meanwhile of stamps that were well is seen before another one is restarted. Whether it is yet to
    /// be seen: then something else has landed at least.
    pub(super) async fn look_at_the_unsettled(&mut self) -> Result<bool, DriveError> {
        if let Some(changed) = self.ports.clusters.changed().now_or_never() {
            self.attention.hear(changed);
        }
        let glances = self.attention.unsettled().map(|stamp| (stamp.clone(), Glance::Workloads)).collect();
        self.begin(Looks { glances, ..Looks::default() });
        if !self.attention.has_unsettled() || self.flight.is_empty() {
            return Ok(false);
        }
        let landed = self.flight.next().await;
        self.land(Some(landed)).await?;
        Ok(true)
    }

    /// Restarts rest on few stamps, and of most of the others watches tell when they turn. Of those that nobody watches, one
    /// is looked at with each step, the longest unseen: so all of them come round, at a price that grows with the fleet.
    pub(super) fn look_at_the_longest_unseen(&mut self) {
        let (now, max) = (self.ports.clock.now(), self.policy.ages.ordinary);
        let unwatched = self.world.clusters.iter().filter(|(stamp, _)| !self.ports.clusters.follows(stamp));
        let longest = unwatched.min_by_key(|(_, seen)| seen.workloads_at());
        let worn = longest.filter(|(_, seen)| later(seen.workloads_at(), max) < now);
        let glances = worn.map(|(stamp, _)| (stamp.clone(), Glance::Workloads)).into_iter().collect();
        self.begin(Looks { glances, ..Looks::default() });
    }

    /// Evidence is dated by the wall clock. Where that was set back, old evidence looks young: then nothing that was
    /// seen counts any more.
    pub(super) fn forget_what_a_clock_set_back_makes_young(&mut self, now: Timestamp) {
        let monotonic = self.ports.clock.monotonic();
        let Some((wall_before, monotonic_before)) = self.clocks.replace((now, monotonic)) else { return };
        let passed = monotonic.saturating_sub(monotonic_before);
        if later(now, SET_BACK) < later(wall_before, passed) {
            self.world = Arc::default();
            self.digests.renew_all();
            // A look that is under way bears the time of before.
            self.flight.void_all();
        }
    }

    /// Looks once more before a step that cannot be taken back (at what has lost half of its time, so that it is decided
    /// on what is so now, and its permit lasts long enough), and before the end. Whether there was something to see.
    pub(super) async fn look_just_in_time(
        &mut self,
        worn: BTreeSet<EvidenceKey>,
        looked: &mut Looked,
    ) -> bool {
        let worn: BTreeSet<EvidenceKey> = worn.difference(&looked.just_in_time).cloned().collect();
        if worn.is_empty() {
            looked.just_in_time.clear();
            return false;
        }
        self.look_now(&worn).await;
        looked.just_in_time.extend(worn);
        true
    }

    /// The same before restarts: only the stamps whose evidence is worn wait for a new look.
    pub(super) async fn look_at_worn_stamps(
        &mut self,
        worn: BTreeSet<EvidenceKey>,
        looked: &mut Looked,
    ) -> bool {
        let worn: BTreeSet<EvidenceKey> = worn.difference(&looked.just_in_time).cloned().collect();
        let shared = !worn.iter().all(is_of_stamp);
        looked.just_in_time.extend(worn.iter().cloned());
        self.look(Looks { whole: worn, ..Looks::default() }).await;
        shared
    }
}
