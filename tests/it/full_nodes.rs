//! Nodes without room: what a restart waits for, what is only told, and what the plan sees ahead, from the decision over
//! the simulated world to the program on the wire.

use std::sync::Arc;
use std::time::Duration;

use keyslot::drive::TurnEnd;
use keyslot::model::{ReplicaNumber, Strategy, Unplaced};
use keyslot::render;
use keyslot::rotation::{Gate, Reason, Verdict};
use keyslot::sim::config::{KeySource, NodeConfig};
use keyslot::sim::kubernetes::{Made, PodTemplate};
use keyslot::sim::{Command, Fault, Operation, Target, Trouble, When, WorldConfig};

use crate::backstage::Deed;
use crate::gates::accepted;
use crate::harm_scenarios::small;
use crate::in_memory::{Life, Theatre};
use crate::journey::later;
use crate::live::Live;
use crate::stage::Stage;

const FULL: &str =
    "0/3 nodes are available: 3 Insufficient cpu. preemption: 0/3 nodes are available: 3 No preemption";

/// Before east is restarted, with a pod of somebody else that waits for a node there.
fn waiting(surge: u32, unavailable: u32) -> Stage {
    let mut stage = Stage::before_restart();
    let east = stage.cluster_mut("east");
    east.workloads[0].strategy = Strategy::RollingUpdate {
        max_surge: ReplicaNumber::Count(surge),
        max_unavailable: ReplicaNumber::Count(unavailable),
    };
    east.unplaced = Unplaced::among([("batch/report-1".to_owned(), FULL)].into_iter());
    stage
}

fn held(stage: &Stage) -> Option<Vec<Reason>> {
    match stage.decide().verdict {
        Verdict::Act { .. } => None,
        Verdict::Wait { reasons, .. } => Some(reasons),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_restart_that_takes_pods_away_waits_while_others_wait_for_a_node() {
    for (surge, unavailable) in [(1, 1), (0, 1)] {
        let mut stage = waiting(surge, unavailable);
        let reasons = held(&stage).expect("it acts all the same");
        let reason = reasons.iter().find(|reason| reason.why.kind() == "nodes-full");
        let reason = reason.unwrap_or_else(|| panic!("{reasons:?}"));
        assert_eq!(reason.gate, Gate::Preflight);
        let said = render::reason::why(reason);
        for words in
            ["1 pod (batch/report-1)", "0/3 nodes are available: 3 Insufficient cpu", "takes pods away"]
        {
            assert!(said.contains(words), "{said}");
        }
        assert!(render::reason::remedy(reason).contains("add nodes"), "{reason:?}");
        stage.events.push(accepted(Gate::Preflight, "east/workload/catalogservice-deploy"));
        assert_eq!(held(&stage), None, "a person may let it lose some");
    }
    assert_eq!(held(&waiting(1, 0)), None, "whoever serves stays until another does");
}

/// Works for so long, and gets no key.
fn stranger(theatre: &Theatre, works: Duration) -> Arc<PodTemplate> {
    let world = theatre.world.lock();
    let template = &world.stamps().next().unwrap().cluster.deployments()[0].template;
    Arc::new(PodTemplate {
        class: "".into(),
        app: "report".into(),
        key: KeySource::Mount,
        works: Some(works),
        ..(**template).clone()
    })
}

#[test]
fn room_that_somebody_waits_for_is_not_made_by_a_restart() {
    let mut config = small();
    config.workloads[0].max_surge = ReplicaNumber::Count(1);
    config.workloads[0].max_unavailable = ReplicaNumber::Count(1);
    config.kubernetes.node = NodeConfig::pods(1);
    let mut theatre = Theatre::new(config);
    let start = theatre.world.lock().now();
    theatre.backstage.until(later(start, Duration::from_secs(12 * 3600)));
    // In the place of each pod that a restart takes away one of these would begin, and stay for three hours.
    let report = stranger(&theatre, Duration::from_secs(3 * 3600));
    let stamps: Vec<_> = theatre.policy.stamps.iter().map(|facts| facts.name.clone()).collect();
    for stamp in &stamps {
        for number in 0..4 {
            let made = Made::Job(Arc::clone(&report), None);
            let (namespace, name) = ("batch".to_owned(), format!("report-{number}"));
            let make = Command::Make { stamp: stamp.clone(), namespace, name, made };
            theatre.backstage.at(later(start, Duration::from_secs(1)), Deed::Do(make));
        }
    }
    // Somebody makes room for all.
    let room = later(start, Duration::from_secs(4 * 3600));
    for stamp in &stamps {
        let set = Command::SetNodes { stamp: stamp.clone(), nodes: NodeConfig::pods(9) };
        theatre.backstage.at(room, Deed::Do(set));
    }
    assert_eq!(theatre.live(), Life::Ended(TurnEnd::Done));
    let world = theatre.world.lock();
    let outcome = world.outcome();
    assert_eq!((outcome.regenerated.len(), outcome.outage.refused), (1, 0));
    assert!(world.counters().each_rolled_out(1), "{:?}", world.counters());
    let first =
        world.stamps().flat_map(|stamp| stamp.cluster.pods()).filter(|pod| &*pod.template.app != "report");
    let first = first.map(|pod| pod.meta.created).filter(|at| *at > start).min().unwrap();
    assert!(first > room, "nothing was restarted before there was room: {first}");
}

fn plan(config: WorldConfig) -> (i32, String) {
    let live = Live::set(config, 60.0);
    live.set_first("namespaces", "[]");
    let output = live.command(env!("CARGO_BIN_EXE_keyslot")).arg("plan").output().unwrap();
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap(), said(&output.stdout) + &said(&output.stderr))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_plan_tells_where_no_node_has_room_for_one_pod_more() {
    let mut config = WorldConfig::seeded(12).with_stamps(1);
    config.workloads.iter_mut().for_each(|workload| workload.cpu = Some(500));
    let (code, text) = plan(config.clone());
    assert_eq!(code, 0, "{text}");
    assert!(!text.contains("none of the 3 nodes"), "{text}");
    config.kubernetes.node = NodeConfig::cpu(400);
    config.workloads[1].max_unavailable = ReplicaNumber::Count(1);
    let (code, text) = plan(config.clone());
    assert_eq!(code, 0, "a note: {text}");
    for words in [
        "none of the 3 nodes that take its pods has room for one pod more of workload/catalogservice-deploy",
        "its rollout stops, and the pods that serve stay, until there is room\n      to do: add a node",
        "its restart takes pods away all the same",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    let forbidden = Fault::new(When::Always, Target::operation(Operation::ReadRoom), Trouble::Forbidden);
    let (code, text) = plan(config.with_fault(forbidden));
    assert_eq!(code, 0, "{text}");
    let unknown = "whether a node has room for the pods that a restart adds is not known: ";
    assert!(text.contains(unknown) && text.contains("resource \"nodes\""), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_plan_is_told_of_pods_that_wait_over_the_wire() {
    let mut config = WorldConfig::seeded(12).with_stamps(1);
    config.workloads[0].max_unavailable = ReplicaNumber::Count(1);
    config.kubernetes.node = NodeConfig::pods(1);
    let theatre = Theatre::new(config);
    let start = theatre.world.lock().now();
    let report = stranger(&theatre, Duration::from_secs(3 * 3600));
    let stamp = theatre.policy.stamps[0].name.clone();
    let (namespace, name) = ("batch".to_owned(), "report".to_owned());
    let make = Command::Make { stamp, namespace, name, made: Made::Job(report, None) };
    theatre.world.lock().apply(make).unwrap();
    theatre.backstage.pass(later(start, Duration::from_secs(60)));
    let world = theatre.world.lock().clone();
    let live = Live::of(world, 60.0);
    live.set_first("namespaces", "[]");
    let output = live.command(env!("CARGO_BIN_EXE_keyslot")).arg("plan").output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(3), "that passes: {text}");
    for words in [
        "no node has room for 1 pod (batch/report-",
        "0/3 nodes are available: 3 Too many pods",
        "the new pods of workload/backgroundprocessor-deploy, workload/healthservice-deploy may wait as well",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
}
