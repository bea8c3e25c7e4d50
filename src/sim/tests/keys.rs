//! Keys, regenerations, and what they do to requests.

use super::super::fault::{Fault, Target, Trouble, When};
use super::super::{OperationStatus, Refusal};
use super::*;
use crate::model::{Access, KeyKind, KeyMaterial, Slot};

const PRIMARY: KeyKind = KeyKind { slot: Slot::Primary, access: Access::ReadWrite };
const SECONDARY: KeyKind = KeyKind { slot: Slot::Secondary, access: Access::ReadWrite };

/// Every vault gets the secondary key by hand.
fn move_vaults(world: &mut World) {
    let text = world.account().current(SECONDARY).unwrap().material.expose().to_owned();
    for stamp in stamps(world) {
        let value = KeyMaterial::new(zeroize::Zeroizing::new(text.clone()));
        world.apply(Command::SetSecret { stamp, value }).unwrap();
    }
}

fn restart_all(world: &mut World) {
    for stamp in stamps(world) {
        for workload in world.config().workloads.clone() {
            let patch = DeploymentPatch::annotate("kubectl.kubernetes.io/restartedAt", "now");
            let command = Command::Patch { stamp: stamp.clone(), workload: workload.name, patch };
            world.apply(command).unwrap();
        }
    }
}

fn regenerate(world: &mut World, kind: KeyKind) -> Result<Reply, Refusal> {
    world.apply(Command::Regenerate { kind, request_id: "r".to_owned(), by: "app".to_owned() })
}

/// Lets time pass until every rollout says that it is complete.
fn await_rollouts(world: &mut World) {
    let complete = |world: &World| {
        world.stamps().all(|stamp| {
            stamp.cluster.deployments().iter().all(|deployment| {
                let status = &deployment.status;
                status.observed_generation == deployment.generation
                    && status.updated == deployment.replicas
                    && status.replicas == deployment.replicas
                    && status.available == deployment.replicas
            })
        })
    };
    while !complete(world) {
        pass(world, secs(1));
    }
}

#[test]
fn a_regeneration_while_pods_hold_the_old_key_refuses_requests() {
    let mut world = World::new(WorldConfig::default());
    regenerate(&mut world, PRIMARY).unwrap();
    pass(&mut world, secs(3600));
    let outage = world.outage();
    // 27 pods ask every 5 s; the key dies between a quarter and three quarters of 8 minutes.
    let all = 27 * 3600 / 5;
    assert_eq!(outage.served + outage.refused, all);
    assert!(outage.refused >= 27 * (3600 - 400) / 5, "{outage:?}");
    let first = outage.first_refused_at.unwrap();
    let died = super::super::time::elapsed(world.config().start, first);
    assert!(died >= secs(120) && died <= secs(366), "{died:?}");
    assert_eq!(outage.served_after_regeneration, 0);
}

#[test]
fn with_every_pod_on_the_other_key_nothing_is_refused() {
    let mut world = World::new(WorldConfig::default());
    move_vaults(&mut world);
    restart_all(&mut world);
    pass(&mut world, secs(20 * 60));
    regenerate(&mut world, PRIMARY).unwrap();
    pass(&mut world, secs(8 * 60));
    assert_eq!(world.outage().served_after_regeneration, 0);
    pass(&mut world, secs(3600));
    let outage = world.outage();
    assert_eq!((outage.refused, outage.first_refused_at), (0, None));
    assert_eq!(outage.served_after_regeneration, 27 * 3600 / 5);
    assert_eq!(outage.dark, Duration::ZERO);
    let outcome = world.outcome();
    assert!(outcome.stamps.iter().all(|stamp| stamp.restarted));
    assert!(outcome.stamps.iter().all(|stamp| stamp.vault_slot == crate::sim::Holds::Secondary));
    assert!(outcome.stamps.iter().all(|stamp| stamp.pods_slot == crate::sim::Holds::Secondary));
    assert_eq!(outcome.regenerated.len(), 1);
}

#[test]
fn regenerating_when_rollouts_call_themselves_complete_refuses_requests() {
    let mut world = World::new(WorldConfig::default());
    move_vaults(&mut world);
    restart_all(&mut world);
    await_rollouts(&mut world);
    regenerate(&mut world, PRIMARY).unwrap();
    pass(&mut world, secs(3600));
    let outage = world.outage();
    assert!(outage.refused > 0, "the background processor still drains: {outage:?}");
    assert!(outage.served > 5 * outage.refused, "{outage:?}");
}

#[test]
fn restarting_before_the_vaults_have_moved_changes_no_key() {
    let mut world = World::new(WorldConfig::default());
    restart_all(&mut world);
    pass(&mut world, secs(20 * 60));
    let outcome = world.outcome();
    assert!(outcome.stamps.iter().all(|stamp| stamp.restarted));
    assert!(outcome.stamps.iter().all(|stamp| stamp.pods_slot == crate::sim::Holds::Primary));
}

#[test]
fn the_meter_counts_what_counting_one_by_one_counts() {
    let mut world = World::new(WorldConfig::default().with_stamps(2));
    restart_all(&mut world);
    regenerate(&mut world, PRIMARY).unwrap();
    let (mut served, mut refused) = (0_u64, 0_u64);
    for _ in 0..(30 * 60 * 20) {
        let from = world.now();
        let until = super::super::time::after(from, Duration::from_millis(50));
        for stamp in world.stamps() {
            for process in stamp.cluster.processes() {
                let start = process.first_request.as_millisecond();
                let period = i64::try_from(process.period.as_millis()).unwrap();
                let due = (from.as_millisecond()..until.as_millisecond())
                    .find(|at| *at >= start && (at - start) % period == 0);
                if let Some(at) = due {
                    let at = jiff::Timestamp::from_millisecond(at).unwrap();
                    let open = process.key.is_some_and(|key| world.account().lives(key, stamp.region, at));
                    *(if open { &mut served } else { &mut refused }) += 1;
                }
            }
        }
        world.advance_to(until);
    }
    let outage = world.outage();
    // A process that begins or ends within a step may be counted on one side only.
    let close = |a: u64, b: u64| a.abs_diff(b) <= 4;
    assert!(close(outage.served, served) && close(outage.refused, refused), "{outage:?} {served} {refused}");
    assert!(refused > 1000);
}

#[test]
fn one_regeneration_at_a_time_and_each_makes_another_key() {
    let mut world = World::new(WorldConfig::default());
    let first = world.account().current(PRIMARY).unwrap().id;
    let Reply::Operation(number) = regenerate(&mut world, PRIMARY).unwrap() else { panic!() };
    assert!(matches!(regenerate(&mut world, SECONDARY), Err(Refusal::Busy(_))));
    let status = |world: &World| world.account().operation(number).unwrap().status(world.now());
    assert_eq!(status(&world), OperationStatus::Enqueued);
    assert_eq!(world.account().provisioning(world.now()), "Updating");
    assert_eq!(world.account().current(PRIMARY).unwrap().id, first, "listKeys still shows the old one");
    pass(&mut world, secs(60));
    assert_eq!(status(&world), OperationStatus::Dequeued);
    pass(&mut world, secs(7 * 60));
    assert_eq!(status(&world), OperationStatus::Succeeded);
    assert_eq!(world.account().provisioning(world.now()), "Succeeded");
    let second = world.account().current(PRIMARY).unwrap().clone();
    assert_ne!(second.id, first);
    assert!(second.generated.unwrap() > world.config().start);
    regenerate(&mut world, PRIMARY).unwrap();
    pass(&mut world, secs(8 * 60));
    assert_ne!(world.account().current(PRIMARY).unwrap().id, second.id);
    assert_eq!(world.all_secrets_ever().len(), 6);
    assert_eq!(world.counters().regenerations_refused, 1);
}

#[test]
fn the_doorkeeper_knows_which_key_opens_which_region_when() {
    let mut world = World::new(WorldConfig::default());
    let old = world.account().current(PRIMARY).unwrap().material.expose().to_owned();
    let enter = |world: &mut World, region: &str, text: &str| {
        world.authenticate(region, "curl", |material| material.expose() == text)
    };
    assert_eq!(enter(&mut world, "East US 2", &old), Some(PRIMARY));
    assert_eq!(enter(&mut world, "Nowhere", &old), None);
    assert_eq!(enter(&mut world, "East US 2", "no key"), None);
    regenerate(&mut world, PRIMARY).unwrap();
    pass(&mut world, secs(3600));
    let new = world.account().current(PRIMARY).unwrap().material.expose().to_owned();
    for region in ["North Europe", "East US 2", "Southeast Asia"] {
        assert_eq!(enter(&mut world, region, &old), None);
        assert_eq!(enter(&mut world, region, &new), Some(PRIMARY));
    }
}

#[test]
fn there_is_no_moment_without_a_valid_key_where_the_account_lives() {
    for seed in 0..50 {
        let mut world = World::new(WorldConfig::seeded(seed).with_stamps(1));
        let old = world.account().current(PRIMARY).unwrap().id;
        regenerate(&mut world, PRIMARY).unwrap();
        let new = world.account().keys().last().unwrap().clone();
        let dies = world.account().key(old).unwrap().lives[0].until;
        assert!(new.lives[0].from <= dies);
        assert!(new.lives.iter().all(|life| life.from >= world.now()));
    }
}

#[test]
fn a_key_that_nobody_uses_has_no_last_use_and_a_used_one_has_a_fresh_one() {
    let mut world = World::new(WorldConfig::default());
    pass(&mut world, secs(600));
    let last = |world: &World, kind| world.last_use(world.account().current(kind).unwrap().id);
    assert_eq!(last(&world, SECONDARY), None);
    let at = last(&world, PRIMARY).unwrap();
    assert!(super::super::time::elapsed(at, world.now()) <= secs(5));
    move_vaults(&mut world);
    restart_all(&mut world);
    pass(&mut world, secs(3600));
    let at = last(&world, PRIMARY).unwrap();
    let quiet = super::super::time::elapsed(at, world.now());
    assert!(quiet > secs(40 * 60) && quiet < secs(46 * 60), "14 min drain after some minutes: {quiet:?}");
    assert!(last(&world, SECONDARY).is_some());
}

#[test]
fn a_key_can_be_refused_in_one_region_only() {
    let target = Target::any().and_region("East US 2").and_slot(Slot::Primary);
    let window = When::Window { from: secs(60), until: secs(120) };
    let mut world =
        World::new(WorldConfig::default().with_fault(Fault::new(window, target, Trouble::RefuseKey)));
    pass(&mut world, secs(90));
    let text = world.account().current(PRIMARY).unwrap().material.expose().to_owned();
    assert_eq!(world.authenticate("East US 2", "curl", |material| material.expose() == text), None);
    assert!(world.authenticate("North Europe", "curl", |material| material.expose() == text).is_some());
    pass(&mut world, secs(90));
    assert_eq!(world.outage().refused, 9 * 60 / 5);
    assert_eq!(world.stamp_tally(1).refused, 9 * 60 / 5);
    assert_eq!(world.stamp_tally(0).refused, 0);
}

#[test]
fn a_regeneration_can_fail_or_take_its_time() {
    let slow = Fault::new(When::Nth(1), Target::any(), Trouble::SlowRegeneration { factor: 10 });
    let fails = Fault::new(When::Nth(2), Target::any(), Trouble::FailRegeneration);
    let mut world = World::new(WorldConfig::default().with_fault(slow).with_fault(fails));
    regenerate(&mut world, PRIMARY).unwrap();
    pass(&mut world, secs(79 * 60));
    assert_eq!(world.account().provisioning(world.now()), "Updating");
    pass(&mut world, secs(60));
    let key = world.account().current(PRIMARY).unwrap().id;
    regenerate(&mut world, PRIMARY).unwrap();
    pass(&mut world, secs(3600));
    assert_eq!(world.account().operations()[1].status(world.now()), OperationStatus::Failed);
    assert_eq!(world.account().current(PRIMARY).unwrap().id, key);
}
