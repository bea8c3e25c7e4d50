//! Faults of the world itself.

use super::super::config::StageConfig;
use super::super::fault::{Call, CallEnd, Fault, Operation, Target, Trouble, When};
use super::super::kubernetes::Phase;
use super::*;
use crate::model::{BranchName, KeyKind, KeyMaterial, RunState, Slot, StageEffect};

#[test]
fn a_crash_looping_pod_is_never_ready_and_holds_no_key() {
    let target = Target::workload(workload(CATALOG)).and_stamp("northeurope");
    let fault = Fault::new(When::First(1), target, Trouble::CrashLoop);
    let mut world = recorded_with(5, |_| {}, |config| config.faults.push(fault));
    restart(&mut world, CATALOG, "now");
    pass(&mut world, secs(300));
    let cluster = &world.stamp(&stamp()).unwrap().cluster;
    let looping: Vec<_> =
        cluster.pods().filter(|pod| pod.waiting == Some("CrashLoopBackOff") && pod.restarts > 0).collect();
    assert_eq!(looping.len(), 1);
    assert!(!looping[0].ready && looping[0].phase == Phase::Running);
    assert!(cluster.processes().all(|process| process.pod != looping[0].id));
    assert_eq!(cluster.pods().count(), 4, "the rollout does not get past it");
}

#[test]
fn somebody_pauses_one_deployment_of_one_stamp() {
    let target = Target::workload(workload(CATALOG)).and_stamp("eastus2");
    let fault = Fault::new(When::from(secs(60)), target, Trouble::Pause);
    let mut world = World::new(WorldConfig::default().with_fault(fault));
    let paused = |world: &World| {
        let stamps = world.stamps().flat_map(|stamp| stamp.cluster.deployments());
        stamps.filter(|deployment| deployment.paused).count()
    };
    pass(&mut world, secs(59));
    assert_eq!(paused(&world), 0);
    pass(&mut world, secs(2));
    assert_eq!(paused(&world), 1);
}

#[test]
fn mounts_may_follow_late() {
    let fault = Fault::new(When::Always, Target::any(), Trouble::CsiLag { by: secs(1000) });
    let mut world = recorded_with(5, |_| {}, |config| config.faults.push(fault));
    let value = KeyMaterial::new("x".to_owned());
    world.apply(Command::SetSecret { stamp: stamp(), value }).unwrap();
    let behind = |world: &World| {
        let stamp = world.stamp(&stamp()).unwrap();
        let current = stamp.vault.current().unwrap().id.clone();
        stamp.cluster.mounts().filter(|mount| mount.version != current).count()
    };
    pass(&mut world, secs(999));
    assert_eq!(behind(&world), 3);
    pass(&mut world, secs(302));
    assert_eq!(behind(&world), 0);
}

#[test]
fn a_secret_that_is_no_key_lets_pods_run_and_refuses_everything_they_ask() {
    let mut world = recorded(5, |_| {});
    let value = KeyMaterial::new("no key at all".to_owned());
    world.apply(Command::SetSecret { stamp: stamp(), value }).unwrap();
    restart(&mut world, CATALOG, "now");
    pass(&mut world, secs(60));
    let before = world.outage();
    pass(&mut world, secs(600));
    let after = world.outage();
    assert_eq!(after.served, before.served);
    assert_eq!(after.refused - before.refused, 3 * 600 / 5);
    let stamp = world.stamp(&stamp()).unwrap();
    assert!(stamp.cluster.pods().all(|pod| pod.ready), "no readiness probe tells");
    assert_eq!(world.outcome().stamps[0].pods_slot, crate::sim::Holds::Unknown);
}

#[test]
fn a_stage_may_wait_for_an_approval() {
    let mut config = WorldConfig::default();
    let infrastructure = |stage: &&mut StageConfig| stage.effects.contains(&StageEffect::WritesVaults);
    config.pipeline.stages.iter_mut().find(infrastructure).unwrap().approved_after = Some(secs(7200));
    let mut world = World::new(config);
    let start = Command::StartRun {
        branch: BranchName::from("release/2026.1.0"),
        commit: None,
        skip: Vec::new(),
        by: "x".to_owned(),
    };
    world.apply(start).unwrap();
    pass(&mut world, secs(1800));
    assert_eq!(world.runs()[0].state, RunState::WaitsForApproval);
    assert_eq!(world.runs()[0].stages[1].state, RunState::WaitsForApproval);
    let mut patient = world.clone();
    let run = world.runs()[0].id();
    world.apply(Command::ApproveRun { run: run.clone() }).unwrap();
    assert_eq!(world.runs()[0].stages[1].state, RunState::Running);
    assert!(world.apply(Command::ApproveRun { run }).is_err());
    pass(&mut world, secs(2 * 3600));
    assert!(world.runs()[0].state.succeeded());
    pass(&mut patient, secs(7200));
    assert_eq!(patient.runs()[0].state, RunState::Running);
}

#[test]
fn changes_of_the_account_and_regenerations_keep_each_other_out() {
    let mut config = WorldConfig::default();
    let infrastructure = |stage: &&mut StageConfig| stage.effects.contains(&StageEffect::WritesVaults);
    config.pipeline.stages.iter_mut().find(infrastructure).unwrap().effects.push(StageEffect::ChangesAccount);
    let mut world = World::new(config);
    let start = || Command::StartRun {
        branch: BranchName::from("release/2026.1.0"),
        commit: None,
        skip: Vec::new(),
        by: "x".to_owned(),
    };
    let regenerate = || Command::Regenerate {
        kind: KeyKind::read_write(Slot::Secondary),
        request_id: "r".to_owned(),
        by: "app".to_owned(),
    };
    world.apply(start()).unwrap();
    let idle = |world: &World| world.account().provisioning(world.now()) == "Succeeded";
    while idle(&world) {
        pass(&mut world, secs(10));
        assert!(!world.runs()[0].state.is_over(), "the stage never came to the account");
    }
    assert!(world.apply(regenerate()).is_err());
    pass(&mut world, secs(3600));
    assert!(idle(&world) && world.runs()[0].state.succeeded());
    // The other way round.
    let mut meets = world.clone();
    meets.apply(start()).unwrap();
    while meets.runs()[1].stages[1].state != RunState::Running {
        pass(&mut meets, secs(1));
    }
    meets.apply(regenerate()).unwrap();
    pass(&mut meets, secs(3600));
    let run = &meets.runs()[1];
    assert!(!run.state.succeeded() && run.state.is_over(), "{:?}", run.state);
    assert!(run.problem.as_ref().is_some_and(|problem| problem.contains("412")), "{:?}", run.problem);
}

#[test]
fn faults_of_calls_count_the_calls_that_they_match() {
    let operation = Operation::ReadVault;
    let target = Target { operation: Some(operation), ..Target::stamp("eastus2") };
    let mut world = World::new(
        WorldConfig::default()
            .with_fault(Fault::new(When::Nth(2), target.clone(), Trouble::Forbidden))
            .with_fault(Fault::new(When::First(1), target, Trouble::Delay { by: secs(9) }))
            .with_fault(Fault::new(
                When::Chance { per_mille: 500 },
                Target::operation(Operation::Poll),
                Trouble::Unreachable,
            )),
    );
    let (near, far) = (StampName::from("northeurope"), StampName::from("eastus2"));
    let first = world.admit(&Call::on(operation, &far));
    assert_eq!((first.delay, first.end), (secs(9), CallEnd::Normal));
    assert_eq!(world.admit(&Call::on(operation, &near)).end, CallEnd::Normal);
    assert_eq!(world.admit(&Call::on(operation, &far)).end, CallEnd::Forbidden);
    assert_eq!(world.admit(&Call::on(operation, &far)).end, CallEnd::Normal);
    let lost = (0..1000).filter(|_| world.admit(&Call::of(Operation::Poll)).end != CallEnd::Normal).count();
    assert!((400..600).contains(&lost), "{lost}");
}
