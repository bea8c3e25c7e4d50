//! What there is to know before a rotation: every concern says what to do about it, and rollouts are estimated by what
//! workloads prescribe and how their pods did before.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use keyslot::model::{
    Demand, Extent, Manager, NetworkRules, ObjectName, PodTimes, PodView, ReplicaNumber, Strategy, Unplaced,
    UnreadRules,
};
use keyslot::render::{concern, foresight};
use keyslot::rotation::predicate::Deed;
use keyslot::rotation::{Concern, Course, Foresight};
use keyslot::sim::{Fault, Operation, Target, Trouble, When, WorldConfig};

use crate::live::Live;
use crate::stage::{Stage, opened, stamp, workload};

/// One of each. A new one is counted in `place`, and missed here.
fn every_concern() -> Vec<Concern> {
    let east = || stamp("east");
    let at = Timestamp::UNIX_EPOCH;
    let why = || "403".to_owned();
    let names = || vec!["shop/cosmos".to_owned()];
    let extent = Extent { namespaces: names(), refused: Vec::new(), whole: false };
    let unplaced = Unplaced { count: 5, pods: names(), message: "3 Insufficient cpu".to_owned() };
    let full = |grows, takers| Concern::NodesFull {
        stamp: east(),
        workload: workload(),
        takers,
        grows,
        loses: grows,
    };
    vec![
        Concern::AgeUnknown,
        Concern::LastUseUnknown,
        Concern::NoInventory,
        Concern::NoLogs { counted: true },
        Concern::NoMetrics { why: why() },
        Concern::RegionUnknown { stamp: east(), said: None },
        Concern::RegionUnknown { stamp: east(), said: Some("North Europe".to_owned()) },
        Concern::AddressesUnknown { stamp: east() },
        Concern::NotLookedAt { stamp: east(), extent },
        Concern::SecretsUnseen { stamp: east(), secrets: names(), why: why() },
        Concern::NoRotation { stamp: east(), secrets: names() },
        Concern::RotationUnknown { stamp: east(), secrets: names() },
        Concern::SecretsUnread { stamp: east(), secrets: names() },
        Concern::HeldBeside { stamp: east(), objects: vec![ObjectName::new("Pod", "shop", "shell")] },
        Concern::ClusterChanges { stamp: east(), state: "Upgrading".to_owned() },
        Concern::NotRunning { stamp: east() },
        Concern::NoCluster { stamp: east() },
        Concern::Closed { stamp: east() },
        Concern::SecretExpires { stamp: east(), at },
        Concern::SecretNotYetValid { stamp: east(), at },
        Concern::OneReplica { stamp: east(), workload: workload() },
        Concern::NoSurge { stamp: east(), workload: workload() },
        Concern::RollsOut { stamp: east(), workload: workload() },
        Concern::Scaled { stamp: east(), workload: workload() },
        Concern::NetworkRules { rules: NetworkRules::default() },
        Concern::RoomUnknown { stamp: east(), why: why() },
        Concern::LittleRoom {
            stamp: east(),
            workload: workload(),
            quota: "team".to_owned(),
            fit: 1,
            surge: 2,
        },
        Concern::AtMaximum { stamp: east(), workload: workload(), most: 3 },
        Concern::PodsWait { stamp: east(), unplaced, workloads: vec![workload()] },
        full(true, 3),
        full(false, 0),
        Concern::NodesUnknown { stamp: east(), why: why() },
        Concern::TightBudgets { stamp: east(), budgets: names() },
        Concern::BudgetsHold { stamp: east(), workload: workload(), budgets: names() },
        Concern::BudgetsUnknown { stamp: east(), why: why() },
        Concern::RightEnds { until: at },
        Concern::LogsBegin { begins: at, from: at },
        Concern::CensusBegins { begins: at, from: at },
        Concern::AuditsBegin { vaults: vec![(east(), at)] },
        Concern::RuleMayRefuse { branch: branch_name(), deed: Deed::Push, demand: Demand::NoUpdate },
        Concern::RulesUnread { branch: branch_name(), what: UnreadRules::Rulesets },
        Concern::RulesUnseen { branch: branch_name(), why: why() },
        Concern::RestartUntold { stamp: east(), what: "patch deployments".to_owned(), why: why() },
        Concern::Managed {
            workload: workload(),
            by: Manager::ArgoApplication("shop".to_owned()),
            stamps: vec![east()],
        },
        Concern::DoesNotConsume { stamp: east(), workload: workload() },
    ]
}

fn branch_name() -> keyslot::model::BranchName {
    keyslot::model::BranchName::new("main")
}

const KINDS: usize = 43;

fn place(concern: &Concern) -> usize {
    match concern {
        Concern::AgeUnknown => 0,
        Concern::LastUseUnknown => 1,
        Concern::NoInventory => 2,
        Concern::NoLogs { .. } => 3,
        Concern::NoMetrics { .. } => 4,
        Concern::RegionUnknown { .. } => 5,
        Concern::AddressesUnknown { .. } => 6,
        Concern::NotLookedAt { .. } => 7,
        Concern::SecretsUnseen { .. } => 8,
        Concern::NoRotation { .. } => 9,
        Concern::RotationUnknown { .. } => 10,
        Concern::NotRunning { .. } => 11,
        Concern::NoCluster { .. } => 12,
        Concern::Closed { .. } => 13,
        Concern::SecretExpires { .. } => 14,
        Concern::SecretNotYetValid { .. } => 15,
        Concern::OneReplica { .. } => 16,
        Concern::NoSurge { .. } => 17,
        Concern::RollsOut { .. } => 18,
        Concern::Scaled { .. } => 19,
        Concern::NetworkRules { .. } => 20,
        Concern::RoomUnknown { .. } => 21,
        Concern::LittleRoom { .. } => 22,
        Concern::AtMaximum { .. } => 23,
        Concern::PodsWait { .. } => 24,
        Concern::NodesFull { .. } => 25,
        Concern::NodesUnknown { .. } => 26,
        Concern::TightBudgets { .. } => 27,
        Concern::BudgetsHold { .. } => 28,
        Concern::BudgetsUnknown { .. } => 29,
        Concern::RightEnds { .. } => 30,
        Concern::LogsBegin { .. } => 31,
        Concern::CensusBegins { .. } => 32,
        Concern::AuditsBegin { .. } => 33,
        Concern::RuleMayRefuse { .. } => 34,
        Concern::RulesUnread { .. } => 35,
        Concern::RulesUnseen { .. } => 36,
        Concern::RestartUntold { .. } => 37,
        Concern::Managed { .. } => 38,
        Concern::DoesNotConsume { .. } => 39,
        Concern::SecretsUnread { .. } => 40,
        Concern::HeldBeside { .. } => 41,
        Concern::ClusterChanges { .. } => 42,
    }
}

#[test]
fn every_concern_says_what_to_do_about_it() {
    let all = every_concern();
    let places: BTreeSet<usize> = all.iter().map(place).collect();
    assert_eq!(places, (0..KINDS).collect(), "one of each");
    for one in &all {
        let (what, to_do) = (concern::what(one), concern::to_do(one));
        assert!(to_do.len() > 10 && !to_do.ends_with('.'), "{one:?}: {to_do}");
        assert!(!what.contains(&to_do), "said once: {what}");
    }
}

/// Scripts go by them.
#[test]
fn every_concern_has_a_kind_of_its_own_and_a_subject() {
    let all = every_concern();
    let kinds: BTreeSet<(usize, &str)> = all.iter().map(|one| (place(one), one.kind())).collect();
    let names: BTreeSet<&str> = all.iter().map(Concern::kind).collect();
    assert_eq!((kinds.len(), names.len()), (KINDS, KINDS), "{kinds:?}");
    for one in &all {
        let plain = |letter: char| letter.is_ascii_lowercase() || letter == '-';
        assert!(one.kind().chars().all(plain), "{one:?}");
        let (subject, stamps) = (one.subject(), one.stamps());
        let of_stamp = subject.starts_with("east");
        assert!(!subject.is_empty() && (!of_stamp || stamps == [&stamp("east")]), "{one:?}: {subject}");
    }
}

fn planned(stage: &Stage) -> Foresight {
    Foresight::of(&opened(), false, &stage.decide(), &stage.world, &stage.policy, Vec::new())
}

/// Its pods took so many seconds to become ready.
fn took(stage: &mut Stage, name: &str, seconds: &[i64]) {
    let ready = |pod: &mut PodView, seconds: i64| {
        pod.ready_since = Some(pod.created + SignedDuration::from_secs(seconds));
    };
    let pods = stage.cluster_mut(name).pods.iter_mut().zip(seconds);
    pods.for_each(|(pod, seconds)| ready(pod, *seconds));
}

#[test]
fn rollouts_are_estimated_by_stamp_and_along_the_waves() {
    let seconds = Duration::from_secs;
    let mut stage = Stage::before_restart();
    for name in ["east", "north"] {
        let workload = &mut stage.cluster_mut(name).workloads[0];
        (workload.desired, workload.replicas) = (6, 6);
        workload.strategy = Strategy::RollingUpdate {
            max_surge: ReplicaNumber::Count(1),
            max_unavailable: ReplicaNumber::Count(1),
        };
        workload.times = PodTimes { min_ready: seconds(10), grace: seconds(600), probe_delay: seconds(30) };
    }
    took(&mut stage, "east", &[20, 50, 4000]);
    let plan = planned(&stage);
    // Three rounds of two pods: 30 s of the probe and 10 s at least; the half of the pods took 50 s.
    let east = plan.rollouts[&stamp("east")];
    assert_eq!((east.least, east.most), (seconds(120), Some(seconds(180))));
    let north = plan.rollouts[&stamp("north")];
    assert_eq!((north.least, north.most), (seconds(120), None), "nothing tells how long its pods take");
    let text = foresight::plan(&plan, &Ok(Vec::new()));
    for words in [
        "how long the rollouts may take, estimated\n",
        "  wave 1: 2m to 3m\n",
        "  wave 2: at least 2m\n",
        "  at least 4m in all, and with the waits above at least",
        "made of replicas, `maxSurge` and `maxUnavailable`, `minReadySeconds`",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    // Where a pod ends before its successor begins, and one after the other, each of them may take its time to end.
    stage.cluster_mut("east").workloads[0].strategy = Strategy::Ordinals { partition: 2 };
    let east = planned(&stage).rollouts[&stamp("east")];
    assert_eq!((east.least, east.most), (seconds(160), Some(seconds(4 * 660))));
    // What is over is not waited for once more.
    let mut plan = planned(&stage);
    plan.waves[0].stamps[0].1 = Course::Done;
    let text = foresight::plan(&plan, &Ok(Vec::new()));
    assert!(!text.contains("wave 1: 2m"), "{text}");
    assert!(text.contains("  at least 2m in all"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_without_the_right_to_watch_lacks_nothing_and_estimates_over_the_wire() {
    let blind = Fault::new(When::Always, Target::operation(Operation::Watch), Trouble::Forbidden);
    let live = Live::set(WorldConfig::seeded(12).with_stamps(1).with_fault(blind), 60.0);
    let output = live.command(env!("CARGO_BIN_EXE_keyslot")).arg("plan").output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(!text.contains("rights that are missing"), "{text}");
    let (helping, told) = (text.find("rights that would tell more"), text.find("watch pods in"));
    assert!(helping.is_some() && helping < told, "{text}");
    assert!(text.contains("how long the rollouts may take, estimated\n  wave 1: "), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_activity_log_that_is_refused_is_a_right_that_would_tell_more() {
    let refused = Fault::new(When::Always, Target::operation(Operation::ReadActivity), Trouble::Forbidden);
    let live = Live::set(WorldConfig::seeded(12).with_stamps(1).with_fault(refused), 60.0);
    let output = live.command(env!("CARGO_BIN_EXE_keyslot")).arg("plan").output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(0), "{text}");
    let (helping, told) = (text.find("rights that would tell more"), text.find("read the activity log"));
    assert!(helping.is_some() && helping < told && text.contains("“Monitoring Reader”"), "{text}");
    assert!(!text.contains("rights that could not be asked for"), "{text}");
}
