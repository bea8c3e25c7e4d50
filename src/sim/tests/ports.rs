//! The ports in memory, driven as keyslot drives them.

use std::future::Future;

use super::super::fault::{Fault, Operation, Target, Trouble, When};
use super::super::memory::{CrashFlag, CrashMoment, Crashes, MemoryOptions, block_on_or_crash, ports};
use super::super::{Holds, SharedWorld};
use super::*;
use crate::model::{
    Blindness, BranchName, ClusterState, CommitId, KeyKind, OperationState, PullEnds, PullState, RotationId,
    Salt, Slot,
};
use crate::ports::{
    CommitText, Conflict, Effect, Expect, FileEdit, NewPull, Permit, Picked, Ports, Recall, RestartMark,
    Wanted,
};

const SKIP: [&str; 4] = ["build-images", "deploy-workload", "switch-traffic", "destroy-previous"];

fn wait<F: Future>(future: F) -> F::Output {
    block_on_or_crash(future, &CrashFlag::default()).unwrap()
}

fn salt() -> Salt {
    Salt::new("5a17")
}

fn permit() -> Permit {
    Permit {
        subject: "a test".to_owned(),
        evidence: String::new(),
        wall_deadline: jiff::Timestamp::MAX,
        monotonic_deadline: Duration::MAX,
        lease: None,
        recall: Recall::default(),
    }
}

fn applied<T: std::fmt::Debug>(effect: Effect<T>) -> T {
    match effect {
        Effect::Applied(value) => value,
        other => panic!("{other:?}"),
    }
}

async fn sleep(ports: &Ports, seconds: u64) {
    ports.clock.sleep_until(super::super::time::after(ports.clock.now(), secs(seconds))).await;
}

/// Flips the branch's tree with a plain replacement, and pushes.
async fn propose(ports: &Ports) -> CommitId {
    let main = ports.code.fetch().await.unwrap()[&BranchName::from("main")].clone();
    let wanted = Wanted { below: "src/infra/releaseunit".to_owned(), ..Wanted::default() };
    let files = ports.code.tree(&main, &wanted).await.unwrap().files;
    let file = files.iter().find(|file| file.path.ends_with("keyvault-secrets.tf")).unwrap();
    let text = String::from_utf8(file.bytes.to_vec()).unwrap();
    let bytes = text.replace("global.primary_key", "global.secondary_key").into_bytes();
    let text = CommitText { message: "Flip\n".to_owned(), at: ports.clock.now() };
    let edit = FileEdit { path: file.path.clone(), bytes };
    let commit = ports.code.commit(&main, &[edit], &text).await.unwrap();
    applied(ports.code.push(&commit, &BranchName::from("fix/flip"), &Expect::Absent).await);
    commit
}

fn new_pull() -> NewPull {
    NewPull {
        head: BranchName::from("fix/flip"),
        base: BranchName::from("main"),
        title: "Flip".to_owned(),
        body: String::new(),
        draft: false,
    }
}

/// The whole hotfix route by hand; `quiesce` waits for old pods to be gone.
async fn rotate(ports: &Ports, stamps: &[StampName], quiesce: bool) {
    propose(ports).await;
    applied(ports.forge.open_pull(&new_pull()).await);
    sleep(ports, 1800).await;
    let pull = ports
        .forge
        .pull_between(&PullEnds { head: "fix/flip".into(), base: "main".into() })
        .await
        .unwrap()
        .unwrap();
    let PullState::Merged { commit } = pull.state else { panic!("{pull:?}") };
    let release = BranchName::from("release/2026.1.0");
    let head = ports.code.fetch().await.unwrap()[&release].clone();
    let Picked::Commit(picked) = ports.code.cherry_pick(&commit, &head, ports.clock.now()).await.unwrap()
    else {
        panic!()
    };
    applied(ports.code.push(&picked, &release, &Expect::At(head)).await);
    applied(ports.pipeline.start(&release, &picked, &SKIP.map(str::to_owned)).await);
    sleep(ports, 1800).await;
    assert!(ports.pipeline.runs().await.unwrap()[0].state.succeeded());
    let account = ports.accounts.look(&salt()).await.unwrap();
    let secondary = account.key(KeyKind::read_write(Slot::Secondary));
    let mark = RestartMark { restarted_at: "now".to_owned(), rotation: RotationId::from("r") };
    let begun = ports.clock.now();
    for stamp in stamps {
        assert_eq!(Some(ports.vaults.look(stamp, &salt()).await.unwrap().fingerprint), secondary.fingerprint);
        for workload in ports.clusters.look(stamp, &salt()).await.unwrap().workloads {
            assert_eq!(applied(ports.clusters.restart(stamp, &workload.name, &mark, &permit()).await), 2);
        }
    }
    for stamp in stamps {
        let rolled = |view: &crate::model::ClusterView| {
            view.workloads.iter().all(|workload| {
                workload.observed_generation == workload.generation
                    && workload.updated == workload.desired
                    && workload.replicas == workload.desired
                    && workload.available == workload.desired
            }) && (!quiesce || view.pods.iter().all(|pod| pod.created >= begun))
        };
        while !rolled(&ports.clusters.look(stamp, &salt()).await.unwrap()) {
            sleep(ports, 5).await;
        }
    }
    let primary = KeyKind::read_write(Slot::Primary);
    let operation = applied(ports.accounts.regenerate(primary, "id", &permit()).await).unwrap();
    while matches!(ports.accounts.poll(&operation).await.unwrap(), OperationState::Running(_)) {
        sleep(ports, 15).await;
    }
    sleep(ports, 1800).await;
}

fn rotated(quiesce: bool) -> SharedWorld {
    let world = SharedWorld::create(WorldConfig::default());
    let stamps = stamps(&world.lock());
    wait(rotate(&ports(&world, MemoryOptions::default()), &stamps, quiesce));
    world
}

#[test]
fn a_rotation_through_the_ports_refuses_nothing_and_is_counted_once() {
    let world = rotated(true);
    let world = world.lock();
    let outcome = world.outcome();
    assert_eq!(outcome.outage.refused, 0);
    assert!(outcome.outage.served > 10_000, "{:?}", outcome.outage);
    assert!(outcome.outage.served_after_regeneration > 1_000, "{:?}", outcome.outage);
    let secondary = |holds| holds == Holds::Secondary;
    assert!(outcome.stamps.iter().all(|stamp| secondary(stamp.vault_slot) && secondary(stamp.pods_slot)));
    assert_eq!(outcome.regenerated.len(), 1);
    let counters = world.counters();
    assert_eq!((counters.pulls_opened, counters.runs_started), (1, 1));
    assert_eq!(counters.pushes_to(&BranchName::from("release/2026.1.0")), 1);
    assert_eq!(counters.generations.len(), 9);
    assert!(counters.each_rolled_out(1));
}

#[test]
fn the_same_without_waiting_for_old_pods_is_an_outage() {
    assert!(rotated(false).lock().outage().refused > 0);
}

#[test]
fn the_target_key_is_proven_in_every_region() {
    let world = SharedWorld::create(WorldConfig::default());
    let ports = ports(&world, MemoryOptions::default());
    let view = wait(ports.accounts.look(&salt())).unwrap();
    assert!(view.idle() && view.tells_last_use);
    assert_eq!(view.regions.len(), 3);
    let secondary = KeyKind::read_write(Slot::Secondary);
    assert_eq!(view.key(secondary).last_used, None);
    let proof =
        wait(ports.accounts.prove(KeyKind::read_write(Slot::Secondary), &view.regions, &salt())).unwrap();
    assert!(proof.holds());
    assert_eq!(proof.fingerprint, view.key(secondary).fingerprint);
    let after = wait(ports.accounts.look(&salt())).unwrap();
    assert!(after.key(secondary).last_used.is_some(), "a proof is a use");
    assert_eq!(
        wait(ports.accounts.poll(&crate::model::Operation { url: "https://x".to_owned() })).unwrap_err().kind,
        Blindness::Forbidden
    );
}

#[test]
fn a_refused_key_speaks_against_the_proof() {
    let target = Target::any().and_region("Southeast Asia").and_slot(Slot::Secondary);
    let fault = Fault::new(When::Always, target, Trouble::RefuseKey);
    let world = SharedWorld::create(WorldConfig::default().with_fault(fault));
    let ports = ports(&world, MemoryOptions::default());
    let regions = wait(ports.accounts.look(&salt())).unwrap().regions;
    let proof = wait(ports.accounts.prove(KeyKind::read_write(Slot::Secondary), &regions, &salt())).unwrap();
    assert_eq!(proof.refusing(), ["Southeast Asia"]);
}

#[test]
fn faults_of_calls_come_out_as_what_they_are() {
    let on = |trouble| Fault::new(When::Nth(1), Target::operation(Operation::OpenPull), trouble);
    type Right = fn(&Effect<crate::model::PullNumber>) -> bool;
    let cases: [(Trouble, Right, usize); 4] = [
        (Trouble::Unreachable, |effect| matches!(effect, Effect::NotSent(_)), 0),
        (Trouble::LoseAnswer, |effect| matches!(effect, Effect::Unknown(_)), 1),
        (Trouble::Throttle { retry_after: secs(5) }, |effect| matches!(effect, Effect::Refused(_)), 0),
        (Trouble::Delay { by: secs(60) }, |effect| matches!(effect, Effect::Applied(_)), 1),
    ];
    for (trouble, right, opened) in cases {
        let world = SharedWorld::create(WorldConfig::default().with_fault(on(trouble.clone())));
        let ports = ports(&world, MemoryOptions::default());
        wait(propose(&ports));
        let effect = wait(ports.forge.open_pull(&new_pull()));
        assert!(right(&effect), "{trouble:?}: {effect:?}");
        assert_eq!(world.lock().pulls().len(), opened);
        let again = wait(ports.forge.open_pull(&new_pull()));
        assert_eq!(matches!(again, Effect::Applied(_)), opened == 0, "{again:?}");
    }
}

#[test]
fn a_stamp_out_of_reach_answers_neither_for_vault_nor_for_cluster() {
    let window = When::Window { from: secs(0), until: secs(100) };
    let fault = Fault::new(window, Target::stamp("eastus2"), Trouble::StampUnreachable);
    let world = SharedWorld::create(WorldConfig::default().with_fault(fault));
    let ports = ports(&world, MemoryOptions::default());
    let (near, far) = (StampName::from("northeurope"), StampName::from("eastus2"));
    assert!(wait(ports.vaults.look(&near, &salt())).is_ok());
    assert_eq!(wait(ports.vaults.look(&far, &salt())).unwrap_err().kind, Blindness::Unreachable);
    assert_eq!(wait(ports.clusters.look(&far, &salt())).unwrap_err().kind, Blindness::Unreachable);
    wait(sleep(&ports, 100));
    assert!(wait(ports.clusters.look(&far, &salt())).is_ok());
    let nowhere = StampName::from("nowhere");
    assert_eq!(wait(ports.vaults.look(&nowhere, &salt())).unwrap_err().kind, Blindness::Gone);
    assert_eq!(wait(ports.clusters.look(&nowhere, &salt())).unwrap().state, ClusterState::Gone);
}

#[test]
fn an_expired_permit_sends_nothing() {
    let world = SharedWorld::create(WorldConfig::default());
    let ports = ports(&world, MemoryOptions::default());
    let late = Permit { wall_deadline: jiff::Timestamp::UNIX_EPOCH, ..permit() };
    let effect = wait(ports.accounts.regenerate(KeyKind::read_write(Slot::Primary), "id", &late));
    assert!(matches!(effect, Effect::NotSent(_)));
    assert!(world.lock().account().operations().is_empty());
}

#[test]
fn a_crash_takes_everything_in_flight_and_the_local_clone_with_it() {
    for moment in [CrashMoment::BeforeSending, CrashMoment::AfterApplying] {
        let world = SharedWorld::create(WorldConfig::default());
        let crashes = Crashes::at([(1, moment)]);
        let process = ports(&world, MemoryOptions::with_crashes(crashes.clone()));
        assert!(block_on_or_crash(propose(&process), crashes.flag()).is_none());
        assert!(crashes.flag().is_up());
        let done = moment == CrashMoment::AfterApplying;
        let branch = BranchName::from("fix/flip");
        assert_eq!(world.lock().repository().head(&branch).is_some(), done);
        assert!(block_on_or_crash(process.code.fetch(), crashes.flag()).is_none(), "the dead do not fetch");
        crashes.flag().lower();
        let process = ports(&world, MemoryOptions::with_crashes(crashes.clone()));
        let branches = block_on_or_crash(process.code.fetch(), crashes.flag()).unwrap().unwrap();
        assert_eq!(branches.contains_key(&branch), done);
        assert_eq!(crashes.effects(), 1);
    }
}

#[test]
fn a_commit_that_was_not_pushed_is_lost_with_its_process() {
    let world = SharedWorld::create(WorldConfig::default());
    let process = ports(&world, MemoryOptions::default());
    let main = wait(process.code.fetch()).unwrap()[&BranchName::from("main")].clone();
    let text = CommitText { message: "x\n".to_owned(), at: process.clock.now() };
    let edit = FileEdit { path: "x".to_owned(), bytes: b"y".to_vec() };
    let commit = wait(process.code.commit(&main, &[edit], &text)).unwrap();
    assert!(wait(process.code.contains(&commit, &main)).unwrap());
    let next = ports(&world, MemoryOptions::default());
    assert_eq!(wait(next.code.tree(&commit, &Wanted::default())).unwrap_err().kind, Blindness::Missing);
}

#[test]
fn picking_twice_finds_it_there_and_picking_against_a_change_conflicts() {
    let world = SharedWorld::create(WorldConfig::default());
    let ports = ports(&world, MemoryOptions::default());
    let commit = wait(propose(&ports));
    let release = wait(ports.code.fetch()).unwrap()[&BranchName::from("release/2026.1.0")].clone();
    let at = ports.clock.now();
    let Picked::Commit(picked) = wait(ports.code.cherry_pick(&commit, &release, at)).unwrap() else {
        panic!()
    };
    assert_eq!(wait(ports.code.cherry_pick(&commit, &release, at)).unwrap(), Picked::Commit(picked.clone()));
    assert_eq!(wait(ports.code.cherry_pick(&commit, &picked, at)).unwrap(), Picked::AlreadyThere);
    let path = "src/infra/releaseunit/modules/stamp/keyvault-secrets.tf";
    let edit = FileEdit { path: path.to_owned(), bytes: b"# other\n".to_vec() };
    let text = CommitText { message: "x\n".to_owned(), at };
    let other = wait(ports.code.commit(&release, &[edit], &text)).unwrap();
    let conflict = wait(ports.code.cherry_pick(&commit, &other, at)).unwrap();
    assert_eq!(conflict, Picked::Conflict(vec![Conflict { path: path.to_owned(), lines: String::new() }]));
}
