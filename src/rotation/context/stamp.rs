//! Evidence of one stamp: its vault and its cluster.

use std::time::Duration;

use jiff::Timestamp;

use super::super::{Context, Gate, Reason, Subject, Why};
use crate::model::{Blindness, ClusterView, EvidenceKey, RightView, RoomView, Seen, StampName, VaultView};

impl<'a> Context<'a> {
    pub fn vault(&self, stamp: &StampName, gate: Gate, max: Duration) -> Result<&'a VaultView, Box<Reason>> {
        let about = || (Subject::Stamp(stamp.clone()), EvidenceKey::Vault(stamp.clone()));
        self.fresh(gate, max, self.world.vaults.get(stamp), about).map_err(|reason| match &reason.why {
            Why::Blind { blind, .. } if blind.kind == Blindness::Disabled => {
                Box::new(Reason { why: Why::VaultDisabled, ..*reason })
            }
            _ => reason,
        })
    }

    pub fn cluster(
        &self,
        stamp: &StampName,
        gate: Gate,
        max: Duration,
    ) -> Result<&'a ClusterView, Box<Reason>> {
        let about = || (Subject::Stamp(stamp.clone()), EvidenceKey::Cluster(stamp.clone()));
        self.fresh(gate, max, self.world.clusters.get(stamp), about)
    }

    /// The stamp's cluster where nothing but its workloads counts: they may have been listed after the rest.
    pub fn workloads(
        &self,
        stamp: &StampName,
        gate: Gate,
        max: Duration,
    ) -> Result<&'a ClusterView, Box<Reason>> {
        let about = || (Subject::Stamp(stamp.clone()), EvidenceKey::Workloads(stamp.clone()));
        let seen = self.world.clusters.get(stamp);
        self.fresh_at(gate, max, seen, seen.map(Seen::workloads_at), about)
    }

    /// When what is known of the stamp's workloads was so.
    pub fn workloads_seen_at(&self, stamp: &StampName) -> Option<Timestamp> {
        self.world.clusters.get(stamp).map(Seen::workloads_at)
    }

    /// When what is known of the stamp's cluster was so. Waits that it shows are measured up to then: how long ago that
    /// was says nothing of the cluster.
    pub fn cluster_seen_at(&self, stamp: &StampName) -> Timestamp {
        self.world.clusters.get(stamp).map_or(self.now, |seen| seen.at)
    }

    /// Quotas and autoscalers of the stamp's cluster.
    pub fn room(&self, stamp: &StampName, gate: Gate, max: Duration) -> Result<&'a RoomView, Box<Reason>> {
        let about = || (Subject::Stamp(stamp.clone()), EvidenceKey::Room(stamp.clone()));
        self.fresh(gate, max, self.world.rooms.get(stamp), about)
    }

    /// Whether the configured workloads of the stamp may be restarted.
    pub fn rights_in(
        &self,
        stamp: &StampName,
        gate: Gate,
        max: Duration,
    ) -> Result<&'a [RightView], Box<Reason>> {
        let about = || (Subject::Stamp(stamp.clone()), EvidenceKey::RightsIn(stamp.clone()));
        self.fresh(gate, max, self.world.rights_in.get(stamp), about).map(Vec::as_slice)
    }
}
