//! CronJobs: what their runs read, how long they keep it, and what they leave behind.

use super::super::config::CronJobConfig;
use super::super::kubernetes::{Cluster, Owner, Phase};
use super::*;
use crate::model::KeyMaterial;

const HOUR: Duration = Duration::from_secs(3600);

fn world(job: CronJobConfig) -> World {
    recorded_with(20, |_| {}, |config| config.cron_jobs = vec![job])
}

fn cluster(world: &World) -> &Cluster {
    &world.stamp(&stamp()).unwrap().cluster
}

/// Whether each Job's pod runs, oldest first.
fn running(world: &World) -> Vec<bool> {
    let of_jobs = cluster(world).pods().filter(|pod| matches!(pod.owner, Owner::Job(_)));
    of_jobs.map(|pod| pod.phase == Phase::Running).collect()
}

fn write(world: &mut World, value: &str) {
    world.apply(Command::SetSecret { stamp: stamp(), value: KeyMaterial::new(value.to_owned()) }).unwrap();
}

#[test]
fn runs_come_when_it_is_time_end_by_themselves_and_are_kept_for_a_while() {
    let mut world = world(CronJobConfig::named("nightly"));
    assert_eq!(running(&world), [false; 0]);
    pass(&mut world, HOUR * 6 + secs(120));
    assert_eq!(running(&world), [true]);
    assert_eq!(cluster(&world).jobs().filter(|job| job.completed.is_none()).count(), 1);
    pass(&mut world, secs(900));
    assert_eq!(running(&world), [false]);
    assert_eq!(cluster(&world).processes().count(), 3, "its process has ended");
    assert!(cluster(&world).jobs().all(|job| job.completed.is_some()));
    pass(&mut world, HOUR * 36);
    assert_eq!(running(&world), [false; 3], "three are kept");
    assert_eq!(cluster(&world).jobs().count(), 3);
    assert_eq!(world.outage().dark, Duration::ZERO, "nothing is dark for want of a Job");
}

#[test]
fn a_suspended_one_never_runs_and_runs_do_not_overlap() {
    let mut idle = world(CronJobConfig { suspended: true, ..CronJobConfig::named("nightly") });
    pass(&mut idle, HOUR * 24);
    assert_eq!(running(&idle), [false; 0]);
    let mut long = CronJobConfig::named("nightly");
    long.workload.ends_in = Span::exactly(HOUR * 20);
    let mut world = world(long);
    pass(&mut world, HOUR * 19);
    assert_eq!(running(&world), [true]);
}

#[test]
fn a_run_keeps_the_key_that_it_began_with() {
    let mut long = CronJobConfig::named("nightly");
    long.workload.ends_in = Span::exactly(HOUR * 5);
    let mut world = world(long);
    pass(&mut world, HOUR * 6 + secs(120));
    let key = |world: &World| {
        let of_job = |id| cluster(world).pod(id).is_some_and(|pod| matches!(pod.owner, Owner::Job(_)));
        cluster(world).processes().find(|process| of_job(process.pod)).map(|process| process.key)
    };
    let before = key(&world).unwrap();
    assert!(before.is_some());
    write(&mut world, "another");
    pass(&mut world, HOUR);
    assert_eq!(key(&world), Some(before), "though its files were refreshed");
    pass(&mut world, HOUR * 6);
    assert_eq!(key(&world), Some(None), "the next run reads what the vault holds now");
}

#[test]
fn a_secret_that_only_ended_pods_mount_keeps_its_content_although_rotation_is_on() {
    let mut world = world(CronJobConfig::named("nightly").reading("cosmos"));
    let held = |world: &World| cluster(world).secrets().next().unwrap().value.clone();
    let before = held(&world);
    pass(&mut world, HOUR * 6 + secs(1200));
    assert_eq!(running(&world), [false]);
    write(&mut world, "another");
    pass(&mut world, HOUR * 5);
    assert!(held(&world) == before, "nobody polls for it");
    pass(&mut world, HOUR * 2);
    assert!(held(&world) != before, "a run was there for long enough to be polled for");
}
