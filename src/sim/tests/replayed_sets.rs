//! Recorded rollouts of StatefulSets and DaemonSets, played again: the same deeds at the same moments, and the statuses
//! compared one by one with those that a real control plane wrote.
//!
//! As in `replays`, what comes within a moment is one step on both sides, whose last line counts; here, how many are updated
//! may change within it, for between a pod and its successor there is hardly any time: the recorded kubelet removed pods
//! with their end, and a DaemonSet's controller counts by a cache that may or may not know of the pod that it has just made.
//! What the recorded machine was like is part of a scenario: pods become ready and end at its kubelet's next round.

use serde_json::Value;

use super::super::config::SetConfig;
use super::super::fault::{Fault, Target, Trouble, When};
use super::super::time::{Span, after};
use super::replays::difference;
use super::*;
use crate::model::{ReplicaNumber, WorkloadKind};

/// Events closer to one another than this are one burst, unless a generation changes between.
const BURST_MS: u64 = 150;

const FIRST: &str = "2026-01-12T08:00:01Z";

/// What somebody did.
#[derive(Clone, Debug)]
enum Deed {
    Patch(Box<DeploymentPatch>),
    /// The set's pod of that ordinal, or on the node of that number.
    Delete(u32),
}

struct Scenario {
    file: &'static str,
    text: &'static str,
    kind: WorkloadKind,
    starts: Span,
    ends: Span,
    /// New pods do not get their mounts before this moment.
    hangs_until: Option<u64>,
    deeds: Vec<(u64, Deed)>,
    /// Lines before are of what was recorded before, and are not played.
    from: u64,
}

fn millis(least: u64, most: u64) -> Span {
    Span { least: Duration::from_millis(least), most: Duration::from_millis(most) }
}

fn restart() -> Deed {
    Deed::Patch(Box::new(DeploymentPatch::annotate("kubectl.kubernetes.io/restartedAt", FIRST)))
}

fn change(patch: DeploymentPatch) -> Deed {
    Deed::Patch(Box::new(patch))
}

fn on_delete(only: bool) -> Deed {
    change(DeploymentPatch { on_delete: Some(only), ..DeploymentPatch::default() })
}

macro_rules! recorded {
    ($name:literal) => {
        ($name, include_str!(concat!("../../../fixtures/recordings/sets/", $name, ".jsonl")))
    };
}

fn scenarios() -> Vec<Scenario> {
    let calm = |(file, text), deeds| Scenario {
        file,
        text,
        kind: if file.starts_with("daemonset") { WorkloadKind::DaemonSet } else { WorkloadKind::StatefulSet },
        starts: millis(3400, 3400),
        ends: millis(5300, 5300),
        hangs_until: None,
        deeds,
        from: 0,
    };
    let partition =
        |partition| change(DeploymentPatch { partition: Some(partition), ..DeploymentPatch::default() });
    let two =
        DeploymentPatch { max_unavailable: Some(ReplicaNumber::Count(2)), ..DeploymentPatch::default() };
    vec![
        calm(recorded!("statefulset-healthy"), vec![(1100, restart())]),
        Scenario {
            hangs_until: Some(20_000),
            ..calm(recorded!("statefulset-stuck"), vec![(1100, restart())])
        },
        calm(
            recorded!("statefulset-on-delete"),
            vec![
                (1090, on_delete(true)),
                (3150, restart()),
                (8220, Deed::Delete(1)),
                (20_290, Deed::Delete(0)),
                (20_293, Deed::Delete(2)),
            ],
        ),
        // It begins with what deletions had left: another current revision than that of every pod.
        Scenario {
            from: 3000,
            ..calm(
                recorded!("statefulset-partition"),
                vec![(1100, partition(2)), (3200, restart()), (17_440, partition(0))],
            )
        },
        calm(recorded!("daemonset-healthy"), vec![(1200, restart())]),
        Scenario { hangs_until: Some(20_000), ..calm(recorded!("daemonset-stuck"), vec![(1140, restart())]) },
        calm(
            recorded!("daemonset-on-delete"),
            vec![
                (1110, on_delete(true)),
                (3260, restart()),
                (8360, Deed::Delete(1)),
                (20_500, Deed::Delete(0)),
                (20_560, Deed::Delete(2)),
            ],
        ),
        calm(recorded!("daemonset-two-at-once"), vec![(1120, change(two)), (3190, restart())]),
    ]
}

/// When a status was written, and the status.
type Told = (u64, Status);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Status {
    /// Of the generations, how far from the first one.
    generation: i64,
    observed: i64,
    updated: u64,
    /// Of a StatefulSet: replicas, ready, current. Of a DaemonSet: scheduled, ready, available, unavailable.
    counts: Vec<u64>,
    /// Of a StatefulSet, whether the current revision is the newest.
    one_revision: bool,
}

impl Status {
    fn firm(&self) -> (i64, i64) {
        (self.generation, self.observed)
    }
}

/// The last of each burst, without the time.
fn steps(told: &[Told]) -> Vec<Status> {
    let mut steps: Vec<Told> = Vec::new();
    for (at, status) in told {
        match steps.last_mut() {
            Some((before, last)) if last.firm() == status.firm() && at - *before < BURST_MS => {
                (*before, *last) = (*at, status.clone());
            }
            _ => steps.push((*at, status.clone())),
        }
    }
    steps.into_iter().map(|(_, status)| status).collect()
}

fn recorded_of(scenario: &Scenario) -> Vec<Told> {
    let events = scenario.text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let resource = if scenario.kind == WorkloadKind::DaemonSet { "daemonsets" } else { "statefulsets" };
    let mut told: Vec<Told> = Vec::new();
    for event in events.filter(|event| event["kind"] == "watch" && event["resource"] == resource) {
        let (at, object) = (event["t_ms"].as_u64().unwrap(), &event["event"]["object"]);
        let status = &object["status"];
        let count = |name: &str| status[name].as_u64().unwrap_or(0);
        let (updated, counts): (&str, &[&str]) = match scenario.kind {
            WorkloadKind::DaemonSet => (
                "updatedNumberScheduled",
                &["currentNumberScheduled", "numberReady", "numberAvailable", "numberUnavailable"],
            ),
            _ => ("updatedReplicas", &["replicas", "readyReplicas", "currentReplicas"]),
        };
        let known = Status {
            generation: object["metadata"]["generation"].as_i64().unwrap(),
            observed: status["observedGeneration"].as_i64().unwrap(),
            updated: count(updated),
            counts: counts.iter().map(|name| count(name)).collect(),
            one_revision: status["currentRevision"] == status["updateRevision"],
        };
        told.push((at, known));
    }
    let first = told.iter().find(|(at, _)| *at >= scenario.from).unwrap().1.observed;
    told.retain(|(at, _)| *at >= scenario.from);
    for (_, status) in &mut told {
        status.generation -= first;
        status.observed -= first;
    }
    told
}

fn played(scenario: &Scenario) -> Vec<Told> {
    let daemon = scenario.kind == WorkloadKind::DaemonSet;
    let mut set = if daemon { SetConfig::daemon("agent") } else { SetConfig::stateful("orders") };
    (set.workload.starts_in, set.workload.ends_in) = (scenario.starts, scenario.ends);
    let name = set.workload.name.clone();
    let mut world = recorded_with(
        20,
        |_| {},
        |config| {
            config.sets = vec![set];
            if let Some(until) = scenario.hangs_until {
                let at = When::Window { from: Duration::ZERO, until: Duration::from_millis(until) };
                config.faults.push(Fault::new(at, Target::any(), Trouble::CsiFails));
            }
        },
    );
    let (start, since) = (world.now(), world.resource_version());
    for (at, deed) in &scenario.deeds {
        world.advance_to(after(start, Duration::from_millis(*at)));
        let command = match deed {
            Deed::Patch(patch) => {
                Command::Patch { stamp: stamp(), workload: name.clone(), patch: (**patch).clone() }
            }
            Deed::Delete(index) => {
                let cluster = &world.stamp(&stamp()).unwrap().cluster;
                let mut pods = cluster.pods().filter(|pod| pod.workload == name);
                let pod = pods.find(|pod| pod.index == Some(*index)).unwrap();
                let (namespace, name) = (pod.meta.namespace.to_string(), pod.meta.name.to_string());
                Command::DeletePod { stamp: stamp(), namespace, name }
            }
        };
        world.apply(command).unwrap();
    }
    pass(&mut world, secs(180));
    let cluster = &world.stamp(&stamp()).unwrap().cluster;
    let mut told: Vec<Told> = Vec::new();
    for change in cluster.changes_since(since).unwrap() {
        let Object::Set(set) = &change.object else { continue };
        let at = u64::try_from(change.at.duration_since(start).as_millis()).unwrap();
        let status = &set.status;
        let without = set.replicas.saturating_sub(status.available);
        let counts = if daemon {
            vec![status.replicas, status.ready, status.available, without]
        } else {
            vec![status.replicas, status.ready, status.current]
        };
        let known = Status {
            generation: set.generation,
            observed: status.observed_generation,
            updated: u64::from(status.updated),
            counts: counts.into_iter().map(u64::from).collect(),
            one_revision: daemon || status.current_revision == status.update_revision,
        };
        told.push((at, known));
    }
    told.retain(|(at, _)| *at >= scenario.from);
    let first = told.first().map_or(0, |(_, status)| status.observed);
    for (_, status) in &mut told {
        status.generation -= first;
        status.observed -= first;
    }
    told
}

#[test]
fn every_recorded_rollout_of_a_set_is_played_as_it_was_recorded() {
    let mut wrong: Vec<String> = Vec::new();
    for scenario in scenarios() {
        let (recorded, played) = (steps(&recorded_of(&scenario)), steps(&played(&scenario)));
        assert!(recorded.len() >= 6, "{}: {recorded:?}", scenario.file);
        wrong.extend(difference(scenario.file, &recorded, &played));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_set_to_which_less_is_done_is_not_as_it_was_recorded() {
    for mut scenario in scenarios() {
        let recorded = steps(&recorded_of(&scenario));
        scenario.deeds.pop();
        assert_ne!(steps(&played(&scenario)), recorded, "{}", scenario.file);
    }
}
