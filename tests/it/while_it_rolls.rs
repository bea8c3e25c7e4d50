//! What else happens in a cluster while a rollout runs: autoscalers scale, nodes are drained, probes ask the account, somebody
//! deletes a Deployment and applies it anew. The rotation judges it right, and nobody is refused.

use std::time::Duration;

use jiff::Timestamp;
use keyslot::drive::TurnEnd;
use keyslot::model::{ReplicaNumber, Slot};
use keyslot::rotation::{Event, Gate, Phase, Step, Subject, Why};
use keyslot::sim::config::WorkloadConfig;
use keyslot::sim::fault::{Fault, Target, Trouble, When};
use keyslot::sim::{Command, WorldConfig};

use crate::backstage::Deed;
use crate::harm_scenarios::first_restart;
use crate::in_memory::{Life, Theatre};
use crate::journey::{events, later};
use crate::lottery::small_tree;

/// Two stamps with one workload of six pods, of which two may be missing.
fn config() -> WorldConfig {
    let mut config = WorldConfig::default().with_stamps(2);
    config.repository.tree = small_tree(Slot::Primary);
    config.kubernetes.ring = 0;
    config.workloads = vec![WorkloadConfig {
        replicas: 6,
        autoscaler: Some((3, 12)),
        max_unavailable: ReplicaNumber::Count(1),
        ..WorkloadConfig::named("catalogservice-deploy")
    }];
    config
}

fn theatre(config: WorldConfig) -> Theatre {
    let theatre = Theatre::new(config);
    let start = theatre.world.lock().now();
    theatre.backstage.until(later(start, Duration::from_secs(24 * 3600)));
    theatre
}

/// How long after the world's start the first restart is sent.
fn rolls_after(config: &WorldConfig) -> Duration {
    let at = first_restart(&theatre(config.clone()), Duration::ZERO);
    at.duration_since(config.start).try_into().unwrap()
}

fn restarts(theatre: &Theatre) -> usize {
    let restarts = |event: Event| match event {
        Event::Intended { intents } => {
            intents.iter().filter(|intent| matches!(intent.step, Step::Restart { .. })).count()
        }
        _ => 0,
    };
    events(theatre).into_iter().map(|(_, event): (Timestamp, Event)| restarts(event)).sum()
}

/// It is done, with one restart a stamp, and nobody noticed anything.
fn goes_well(theatre: &mut Theatre) {
    assert_eq!(theatre.live(), Life::Ended(TurnEnd::Done));
    assert_eq!(restarts(theatre), 2);
    let world = theatre.world.lock();
    let outcome = world.outcome();
    assert_eq!((outcome.outage.refused, outcome.outage.dark), (0, Duration::ZERO));
    assert_eq!(outcome.regenerated.len(), 1);
}

#[test]
fn an_autoscaler_that_gives_and_takes_pods_in_mid_rollout_neither_ends_it_nor_begins_another() {
    let mut config = config();
    let rolls = rolls_after(&config);
    for (seconds, replicas) in [(1, 9), (20, 12), (45, 5), (400, 4), (420, 10), (900, 3), (1300, 6)] {
        let at = When::from(rolls + Duration::from_secs(seconds));
        config.faults.push(Fault::new(at, Target::any(), Trouble::Scale { replicas }));
    }
    let mut theatre = theatre(config);
    goes_well(&mut theatre);
    let world = theatre.world.lock();
    let raised = world.counters().generations.values().min().copied().unwrap_or(0);
    assert!(raised > 4, "it scaled all the same: {raised}");
}

#[test]
fn nodes_that_are_drained_before_and_while_it_rolls_out_are_waited_for() {
    for (node, begins, lasts) in [(0_u32, 5_u64, 3600_u64), (2, 40, 600), (1, 90, u64::from(u32::MAX))] {
        let mut config = config();
        let from = rolls_after(&config) + Duration::from_secs(begins);
        let at = When::Window { from, until: from + Duration::from_secs(lasts) };
        config.faults.push(Fault::new(at, Target::any(), Trouble::Drain { node }));
        // The one before that is drained long before.
        let early = When::Window { from: Duration::from_secs(60), until: Duration::from_secs(1200) };
        config.faults.push(Fault::new(early, Target::any(), Trouble::Drain { node: (node + 1) % 3 }));
        let mut theatre = theatre(config);
        goes_well(&mut theatre);
        let world = theatre.world.lock();
        let name = format!("aks-workload-{node:08}");
        for cluster in world.stamps().map(|stamp| &stamp.cluster).filter(|cluster| cluster.is_cordoned(&name))
        {
            assert!(cluster.pods().all(|pod| pod.node.as_deref() != Some(&name)), "its pods were evicted");
        }
    }
}

#[test]
fn with_probes_a_rotation_goes_as_without_them() {
    let mut config = config();
    config.workloads[0].probes = true;
    goes_well(&mut theatre(config));
}

#[test]
fn pods_that_are_unready_because_their_key_is_refused_stop_the_rollout_at_the_first_stamp() {
    let mut config = config();
    config.workloads[0].probes = true;
    let from = When::from(rolls_after(&config));
    config.faults.push(Fault::new(from, Target::any(), Trouble::MisreadKey));
    let mut theatre = theatre(config);
    let Life::Ended(TurnEnd::Halted { phase: Phase::Restart, reasons }) = theatre.live() else {
        panic!("it goes on, or waits")
    };
    let canary = theatre.policy.stamps[0].name.clone();
    let of_canary = |subject: &Subject| match subject {
        Subject::Stamp(stamp) | Subject::Workload(stamp, _) => *stamp == canary,
        _ => false,
    };
    assert!(reasons.iter().all(|one| of_canary(&one.subject)), "{reasons:?}");
    assert!(
        reasons.iter().any(|one| matches!(one.gate, Gate::RolloutSettled | Gate::NotRefused | Gate::Wave)),
        "{reasons:?}"
    );
    let world = theatre.world.lock();
    assert_eq!(
        (world.outage().dark, world.stamp_tally(1).refused),
        (Duration::ZERO, 0),
        "the old pods serve"
    );
    assert_eq!(world.outcome().regenerated.len(), 0);
}

#[test]
fn a_deployment_that_is_deleted_and_applied_anew_in_mid_rollout_counts_with_its_new_pods() {
    let config = config();
    let rolls = later(config.start, rolls_after(&config));
    let mut theatre = theatre(config);
    let (stamp, workload) = (theatre.policy.stamps[0].name.clone(), theatre.policy.workloads[0].clone());
    let delete = Command::DeleteDeployment { stamp: stamp.clone(), workload: workload.clone() };
    theatre.backstage.at(later(rolls, Duration::from_secs(30)), Deed::Do(delete));
    let apply = Command::ApplyDeployment { stamp, workload };
    theatre.backstage.at(later(rolls, Duration::from_secs(31)), Deed::Do(apply));
    let Life::Ended(TurnEnd::Halted { reasons, .. }) = theatre.live() else {
        panic!("it goes on without it")
    };
    assert!(reasons.iter().any(|one| one.why == Why::WorkloadMissing), "{reasons:?}");
    // By then it is there again, and a person has it go on.
    theatre.backstage.pass(later(rolls, Duration::from_secs(120)));
    assert_eq!(theatre.live(), Life::Ended(TurnEnd::Done));
    assert_eq!(restarts(&theatre), 2, "its new pods are young enough");
    let world = theatre.world.lock();
    assert_eq!((world.outage().refused, world.outcome().regenerated.len()), (0, 1));
}
