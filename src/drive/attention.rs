//! Where to look again, and how much of it: whose waiting may be over, by what watches tell or because its time has come.
//!
//! A stamp that watches follow is looked at when one of them tells that something has come to an end, and at a slow
//! pace besides, because a quiet watch proves nothing. Nothing is decided here: every look only dates and describes.

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ClusterView, RoomView, Salt, Seen, WorkloadName};
    use crate::ports::{Effect, Fault, Permit, RestartMark};

    /// Follows every stamp, or none.
    struct Following(bool);

    #[async_trait::async_trait]
    impl Clusters for Following {
        async fn look(&self, _: &StampName, _: &Salt) -> Result<ClusterView, Fault> {
            Ok(ClusterView::default())
        }

        async fn room(&self, _: &StampName) -> Result<RoomView, Fault> {
            Ok(RoomView::default())
        }

        fn follows(&self, _: &StampName) -> bool {
            self.0
        }

        async fn restart(&self, _: &StampName, _: &WorkloadName, _: &RestartMark, _: &Permit) -> Effect<i64> {
            Effect::Applied(1)
        }

        async fn changed(&self) -> BTreeSet<Changed> {
            BTreeSet::new()
        }
    }

    const PACE: Pace = Pace {
        people: Duration::from_secs(60),
        pipeline: Duration::from_secs(30),
        rollout: Duration::from_secs(10),
        pods: Duration::from_secs(15),
        account: Duration::from_secs(30),
    };

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn rolling(stamp: &str) -> Reason {
        let subject = Subject::Workload(StampName::new(stamp), WorkloadName::new("n", "w"));
        Reason::new(
            Gate::RolloutSettled,
            subject,
            Why::RolloutUnderWay { updated: 1, available: 3, desired: 3 },
        )
    }

    fn old_pods(stamp: &str) -> Reason {
        let why = Why::OldPods { pods: vec!["p".into()], terminating: 1, ends: None };
        Reason::new(Gate::OldPodsGone, Subject::Stamp(StampName::new(stamp)), why)
    }

    fn changed(stamp: &str, what: Happening) -> BTreeSet<Changed> {
        [Changed { stamp: StampName::new(stamp), what }].into()
    }

    fn world(stamps: &[&str]) -> World {
        let mut world = World::default();
        for stamp in stamps {
            world.clusters.insert(StampName::new(*stamp), Seen::known(at(100), ClusterView::default()));
        }
        world
    }

    #[test]
    fn only_what_a_reason_waits_for_is_heard_and_the_rest_is_kept_for_later() {
        let mut attention = Attention::default();
        attention.hear(changed("a", Happening::PodsGone));
        attention.hear(changed("b", Happening::Rollout));
        assert_eq!(attention.heard(&[rolling("a")]), BTreeMap::new());
        let heard = attention.heard(&[rolling("a"), rolling("b")]);
        assert_eq!(heard, [(StampName::new("b"), Glance::Told(Happening::Rollout))].into());
        attention.looked(&Looks { glances: heard, ..Looks::default() }, at(100));
        assert!(attention.heard(&[rolling("b")]).is_empty(), "it was looked at");
        let gone = [(StampName::new("a"), Glance::Told(Happening::PodsGone))].into();
        assert_eq!(attention.heard(&[old_pods("a")]), gone);
        let whole = Looks { whole: [EvidenceKey::Cluster("a".into())].into(), ..Looks::default() };
        attention.looked(&whole, at(101));
        assert!(attention.heard(&[old_pods("a")]).is_empty());
    }

    #[test]
    fn what_nobody_expects_is_heard_whatever_is_waited_for() {
        let mut attention = Attention::default();
        attention.hear(changed("done", Happening::Unsettled));
        let heard = attention.heard(&[rolling("other")]);
        assert_eq!(heard, [(StampName::new("done"), Glance::Told(Happening::Unsettled))].into());
        assert_eq!(attention.unsettled().count(), 1);
        attention.looked(&Looks { glances: heard, ..Looks::default() }, at(100));
        assert_eq!((attention.unsettled().count(), attention.has_unsettled()), (0, true), "it is looked at");
        attention.landed(&StampName::new("done"));
        assert!(!attention.has_unsettled());
        attention.hear(changed("done", Happening::Unsettled));
        attention.hear(changed("done", Happening::Rollout));
        let both = attention.heard(&[rolling("done")]);
        assert_eq!(both, [(StampName::new("done"), Glance::Told(Happening::Rollout))].into());
        attention.looked(&Looks { glances: both, ..Looks::default() }, at(101));
        assert_eq!(attention.unsettled().count(), 0, "one look answers both");
    }

    #[test]
    fn a_followed_stamp_is_left_in_peace_and_yet_looked_at_by_and_by() {
        let mut attention = Attention::default();
        let (world, reasons) = (world(&["a", "b"]), [rolling("a"), rolling("b")]);
        let until = |attention: &Attention, follows| {
            attention.until(&reasons, &Following(follows), &world, at(101), &PACE)
        };
        assert_eq!(until(&attention, false), Some(at(111)), "nobody tells: the usual pace");
        assert_eq!(until(&attention, true), Some(at(220)));
        let one = [("a".into(), Glance::Workloads)].into();
        attention.looked(&Looks { glances: one, ..Looks::default() }, at(150));
        assert_eq!(until(&attention, true), Some(at(220)), "the other one");
        let due = attention.due_at(&reasons, &Following(true), &world, (at(160), at(220)), &PACE);
        let other = [(StampName::new("b"), Glance::Workloads)].into();
        assert_eq!(due, Looks { glances: other, ..Looks::default() });
        let due = attention.due_at(&reasons, &Following(false), &world, (at(101), at(111)), &PACE);
        assert_eq!((due.whole.len(), due.glances.len()), (2, 0));
    }

    #[test]
    fn a_workload_that_is_short_of_pods_before_anything_is_begun_is_followed_and_not_listed_at_each_pace() {
        let mut attention = Attention::default();
        let short = Reason {
            gate: Gate::Preflight,
            why: Why::Unhealthy { available: 2, desired: 3, silent: Vec::new() },
            ..rolling("a")
        };
        let (world, reasons) = (world(&["a"]), [short]);
        let until = |follows| attention.until(&reasons, &Following(follows), &world, at(101), &PACE);
        assert_eq!((until(false), until(true)), (Some(at(161)), Some(at(220))));
        let due = attention.due_at(&reasons, &Following(true), &world, (at(101), at(161)), &PACE);
        assert_eq!(due, Looks::default(), "nobody has told anything yet");
        attention.hear(changed("a", Happening::Rollout));
        let told = [(StampName::new("a"), Glance::Told(Happening::Rollout))].into();
        assert_eq!(attention.heard(&reasons), told);
    }

    #[test]
    fn what_is_told_is_taken_as_told_and_what_is_only_due_is_listed() {
        let mut attention = Attention::default();
        let reasons = [old_pods("a")];
        attention.hear(changed("a", Happening::PodsGone));
        let told = [(StampName::new("a"), Glance::Told(Happening::PodsGone))].into();
        assert_eq!(attention.heard(&reasons), told);
        let due = attention.due_at(&reasons, &Following(true), &world(&["a"]), (at(101), at(220)), &PACE);
        assert_eq!(due.glances, [(StampName::new("a"), Glance::Pods)].into(), "a quiet watch proves nothing");
        attention.looked(&Looks { glances: told, ..Looks::default() }, at(230));
        assert!(attention.heard(&reasons).is_empty());
    }

    #[test]
    fn a_vault_that_settles_is_looked_at_when_its_time_has_come_and_not_at_every_turn_before() {
        let why = Why::VaultSettling { until: at(400) };
        let reasons = [Reason::new(Gate::Propagated, Subject::Stamp(StampName::new("a")), why)];
        let (attention, world) = (Attention::default(), world(&["a"]));
        let following = Following(true);
        let turn = attention.until(&reasons, &following, &world, at(100), &PACE);
        assert_eq!(turn, Some(at(130)), "somebody may pause it meanwhile");
        let looks = |now, then| attention.due_at(&reasons, &following, &world, (at(now), at(then)), &PACE);
        assert_eq!(looks(100, 130), Looks::default());
        assert_eq!(looks(370, 399), Looks::default());
        let both = [EvidenceKey::Cluster("a".into()), EvidenceKey::Vault("a".into())];
        assert_eq!(looks(390, 400), Looks { whole: both.into(), ..Looks::default() });
    }

    #[test]
    fn who_waits_for_a_canary_that_is_followed_keeps_no_time() {
        let reason = |canary: &str| {
            let why = Why::CanaryFirst { canary: StampName::new(canary) };
            Reason::new(Gate::Wave, Subject::Stamp(StampName::new("b")), why)
        };
        let attention = Attention::default();
        let until =
            |follows| attention.until(&[reason("a")], &Following(follows), &world(&["a"]), at(1), &PACE);
        assert_eq!((until(true), until(false)), (None, Some(at(11))));
    }

    #[test]
    fn the_answer_to_our_own_restart_is_enough_unless_somebody_else_has_written() {
        let step = Step::Restart {
            leg: crate::rotation::Leg::Out,
            stamp: "a".into(),
            workload: WorkloadName::new("n", "w"),
            version: crate::model::SecretVersion::new("v"),
            restarted_at: String::new(),
        };
        let keys = || BTreeSet::from([EvidenceKey::Cluster("a".into()), EvidenceKey::Vault("a".into())]);
        let mut attention = Attention::default();
        attention.stepped(&step);
        let looks = attention.split(keys());
        assert_eq!(looks.glances, [(StampName::new("a"), Glance::Answer)].into());
        assert_eq!(looks.whole, [EvidenceKey::Vault("a".into())].into());
        assert_eq!(attention.split(keys()).whole.len(), 2, "only once");
        attention.stepped(&step);
        attention.overtaken();
        assert_eq!(attention.split(keys()).whole.len(), 2);
    }
}
