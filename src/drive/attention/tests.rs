//! What is heard, kept and looked at.

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
    Reason::new(Gate::RolloutSettled, subject, Why::RolloutUnderWay { updated: 1, available: 3, desired: 3 })
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
    let until = |follows| attention.until(&[reason("a")], &Following(follows), &world(&["a"]), at(1), &PACE);
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
