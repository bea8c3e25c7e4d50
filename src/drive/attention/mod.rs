//! Where to look again, and how much of it: whose waiting may be over, by what watches tell or because its time has come.
//!
//! A stamp that watches follow is looked at when one of them tells that something has come to an end, and at a slow
//! pace besides, because a quiet watch proves nothing. Nothing is decided here: every look only dates and describes.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;

use super::forget::behind_reason;
use crate::model::{EvidenceKey, Pace, StampName, WorkloadKind, World};
use crate::ports::{Changed, Clusters, Glance, Happening};
use crate::rotation::{Gate, Reason, Step, Subject, Why, later};

/// A stamp that watches follow is looked at this often all the same. Two looks fit into the age at which a restart's
/// evidence is too old, and a watch that lost its server is known by then to have ended.
const LISTENING: Duration = Duration::from_secs(120);

/// What was heard of clusters and not looked at since, and when which was looked at.
#[derive(Default)]
pub(super) struct Attention {
    heard: BTreeSet<Changed>,
    looked: BTreeMap<StampName, Timestamp>,
    /// Restarted by us since they were looked at.
    stepped: BTreeSet<StampName>,
    /// Of which a watch told that they turned, and the look at which has not landed.
    coming: BTreeSet<StampName>,
}

/// What to look at now.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Looks {
    pub whole: BTreeSet<EvidenceKey>,
    pub glances: BTreeMap<StampName, Glance>,
}

impl Attention {
    /// After a step that we sent.
    pub fn stepped(&mut self, step: &Step) {
        if let Step::Restart { stamp, .. } = step {
            self.stepped.insert(stamp.clone());
        }
    }

    /// Somebody else has written to the journal: what our own step told is not all.
    pub fn overtaken(&mut self) {
        self.stepped.clear();
    }

    pub fn hear(&mut self, changed: BTreeSet<Changed>) {
        self.heard.extend(changed);
    }

    /// After the step that they tell of, so that nothing else in them has changed by us, the answer tells enough.
    pub fn split(&mut self, keys: BTreeSet<EvidenceKey>) -> Looks {
        let mut looks = Looks::default();
        for key in keys {
            match key {
                EvidenceKey::Cluster(stamp) if self.stepped.remove(&stamp) => {
                    looks.glances.insert(stamp, Glance::Answer);
                }
                other => {
                    looks.whole.insert(other);
                }
            }
        }
        looks
    }

    /// What was heard that one of the reasons waits for, and what nobody expects.
    pub fn heard(&self, reasons: &[Reason]) -> BTreeMap<StampName, Glance> {
        let awaited = reasons.iter().filter_map(awaited);
        let awaited = awaited
            .filter(|(stamp, what)| self.heard.contains(&Changed { stamp: (*stamp).clone(), what: *what }))
            .map(|(stamp, what)| (stamp.clone(), Glance::Told(what)));
        let unsettled = self.unsettled().map(|stamp| (stamp.clone(), Glance::Told(Happening::Unsettled)));
        unsettled.chain(awaited).collect()
    }

    /// Stamps that were well when they were looked at, and of which watches have told since that they are not.
    pub fn unsettled(&self) -> impl Iterator<Item = &StampName> {
        let unsettled = |changed: &&Changed| changed.what == Happening::Unsettled;
        self.heard.iter().filter(unsettled).map(|changed| &changed.stamp)
    }

    /// A look at a stamp that was begun has come to its end.
    pub fn landed(&mut self, stamp: &StampName) {
        self.coming.remove(stamp);
    }

    /// Whether a stamp has turned, and nobody has seen yet how it is now.
    pub fn has_unsettled(&self) -> bool {
        !self.coming.is_empty() || self.unsettled().next().is_some()
    }

    /// When the next reason wants to be looked behind.
    pub fn until(
        &self,
        reasons: &[Reason],
        clusters: &dyn Clusters,
        world: &World,
        now: Timestamp,
        pace: &Pace,
    ) -> Option<Timestamp> {
        reasons.iter().filter_map(|reason| self.due(reason, clusters, world, now, pace)).min()
    }

    /// What is due at `at` of what was decided at `now`.
    pub fn due_at(
        &self,
        reasons: &[Reason],
        clusters: &dyn Clusters,
        world: &World,
        (now, at): (Timestamp, Timestamp),
        pace: &Pace,
    ) -> Looks {
        let mut looks = Looks::default();
        for reason in reasons {
            let due = self.due(reason, clusters, world, now, pace);
            match followed(reason, clusters) {
                // Nobody has told anything: that proves nothing, so it is listed.
                Some((stamp, what)) => {
                    if due.is_some_and(|due| due <= at) {
                        looks.glances.insert(stamp.clone(), listing(what));
                    }
                }
                // Time alone opens it: whatever wakes meanwhile is no cause to look.
                None if matches!(reason.why, Why::VaultSettling { until } if until > at) => {}
                None if matches!(reason.why, Why::RefusalsUntold { .. })
                    && due.is_some_and(|due| due > at) => {}
                None => looks.whole.extend(behind_reason(world, reason)),
            }
        }
        let glanced = |key: &EvidenceKey| matches!(key, EvidenceKey::Cluster(stamp) if looks.glances.contains_key(stamp));
        let twice: Vec<EvidenceKey> = looks.whole.iter().filter(|key| glanced(key)).cloned().collect();
        for key in &twice {
            if let EvidenceKey::Cluster(stamp) = key {
                looks.glances.remove(stamp);
            }
        }
        looks
    }

    /// `None` where the reason only follows from another one that is followed.
    fn due(
        &self,
        reason: &Reason,
        clusters: &dyn Clusters,
        world: &World,
        now: Timestamp,
        pace: &Pace,
    ) -> Option<Timestamp> {
        let usual = reason.look_again(now, pace);
        if let Why::CanaryFirst { canary } = &reason.why
            && clusters.follows(canary)
        {
            return None;
        }
        if let Why::WaveFull { busy } = &reason.why
            && busy.iter().all(|stamp| clusters.follows(stamp))
        {
            return None;
        }
        let Some((stamp, _)) = followed(reason, clusters) else { return Some(usual) };
        let seen = world.clusters.get(stamp).map(|seen| seen.at);
        let looked = seen.max(self.looked.get(stamp).copied())?;
        Some(later(looked, LISTENING).max(usual))
    }

    /// When looks begin: what is heard from now on is news.
    pub fn looked(&mut self, looks: &Looks, at: Timestamp) {
        let whole = looks.whole.iter().filter_map(|key| match key {
            EvidenceKey::Cluster(stamp) => Some((stamp, None)),
            _ => None,
        });
        let glances = looks.glances.iter().map(|(stamp, glance)| (stamp, Some(*glance)));
        for (stamp, glance) in whole.chain(glances) {
            self.looked.insert(stamp.clone(), at);
            let turned = Changed { stamp: stamp.clone(), what: Happening::Unsettled };
            if !keeps(glance, Happening::Unsettled) && self.heard.contains(&turned) {
                self.coming.insert(stamp.clone());
            }
            self.heard.retain(|changed| changed.stamp != *stamp || keeps(glance, changed.what));
        }
    }
}

/// What a look does not answer stays heard.
fn keeps(glance: Option<Glance>, what: Happening) -> bool {
    match (glance, what) {
        (None, _) => false,
        (Some(Glance::Answer), _) => true,
        (Some(Glance::Told(Happening::Rollout | Happening::Unsettled) | Glance::Workloads), what) => {
            what == Happening::PodsGone
        }
        (Some(Glance::Told(of)), what) => of != what,
        (Some(Glance::Pods), what) => what != Happening::PodsGone,
    }
}

/// What lists that of which a watch tells.
fn listing(what: Happening) -> Glance {
    match what {
        Happening::Rollout | Happening::Unsettled => Glance::Workloads,
        Happening::PodsGone => Glance::Pods,
    }
}

/// What of which cluster a reason waits for.
fn awaited(reason: &Reason) -> Option<(&StampName, Happening)> {
    let what = match (reason.gate, &reason.why) {
        // No watch follows Rollouts, nor the mounts.
        (Gate::RolloutSettled, Why::RolloutUnderWay { .. } | Why::Scaling { .. })
            if !is_rollout(&reason.subject) =>
        {
            Happening::Rollout
        }
        // Before anything is begun.
        (Gate::Preflight, Why::Unhealthy { .. }) if !is_rollout(&reason.subject) => Happening::Rollout,
        (Gate::OldPodsGone, Why::OldPods { .. } | Why::NodeNotReady { .. }) => Happening::PodsGone,
        _ => return None,
    };
    Some((reason.subject.stamp()?, what))
}

fn is_rollout(subject: &Subject) -> bool {
    matches!(subject, Subject::Workload(_, name) if name.kind == WorkloadKind::Rollout)
}

fn followed<'a>(reason: &'a Reason, clusters: &dyn Clusters) -> Option<(&'a StampName, Happening)> {
    awaited(reason).filter(|(stamp, _)| clusters.follows(stamp))
}
