//! Mounts, rotation and synced Secrets.

use super::super::config::KeySource;
use super::*;
use crate::model::{KeyKind, KeyMaterial, Slot};

fn set_secondary(world: &mut World) {
    let kind = KeyKind::read_write(Slot::Secondary);
    let text = world.account().current(kind).unwrap().material.expose().to_owned();
    let value = KeyMaterial::new(zeroize::Zeroizing::new(text));
    world.apply(Command::SetSecret { stamp: stamp(), value }).unwrap();
}

fn slots(world: &World) -> Vec<Option<Slot>> {
    let cluster = &world.stamp(&stamp()).unwrap().cluster;
    cluster.processes().map(|process| process.key.and_then(|key| world.slot_of(key))).collect()
}

#[test]
fn files_follow_the_vault_and_processes_do_not() {
    let mut world = recorded(20, |_| {});
    set_secondary(&mut world);
    let versions = |world: &World| -> Vec<u64> {
        let stamp = world.stamp(&stamp()).unwrap();
        let number = |id| stamp.vault.version(id).unwrap().number;
        stamp.cluster.mounts().map(|mount| number(&mount.version)).collect()
    };
    assert_eq!(versions(&world), [1, 1, 1]);
    pass(&mut world, secs(301));
    assert_eq!(versions(&world), [2, 2, 2]);
    assert_eq!(slots(&world), [Some(Slot::Primary); 3]);
    restart(&mut world, CATALOG, "now");
    pass(&mut world, secs(60));
    assert_eq!(slots(&world), [Some(Slot::Secondary); 3]);
}

#[test]
fn without_rotation_files_keep_their_version_and_new_pods_get_the_new_one() {
    let mut world = recorded_with(20, |_| {}, |config| config.kubernetes.csi.rotation = false);
    set_secondary(&mut world);
    pass(&mut world, secs(3600));
    let stamp = world.stamp(&stamp()).unwrap();
    assert!(stamp.cluster.mounts().all(|mount| stamp.vault.version(&mount.version).unwrap().number == 1));
    restart(&mut world, CATALOG, "now");
    pass(&mut world, secs(60));
    assert_eq!(slots(&world), [Some(Slot::Secondary); 3]);
}

#[test]
fn a_synced_secret_without_rotation_keeps_the_old_key_through_a_restart() {
    let synced = |catalog: &mut WorkloadConfig| catalog.key = KeySource::SyncedSecret("cosmos".to_owned());
    let mut world = recorded_with(20, synced, |config| config.kubernetes.csi.rotation = false);
    set_secondary(&mut world);
    restart(&mut world, CATALOG, "now");
    pass(&mut world, secs(120));
    assert_eq!(slots(&world), [Some(Slot::Primary); 3]);
    let found = world.stamp(&stamp()).unwrap();
    let newest = |version: &crate::model::SecretVersion| found.vault.version(version).unwrap().number;
    assert!(found.cluster.mounts().all(|mount| newest(&mount.version) == 2), "the status objects say new");

    let mut world = recorded_with(20, synced, |_| {});
    set_secondary(&mut world);
    pass(&mut world, secs(301));
    restart(&mut world, CATALOG, "now");
    pass(&mut world, secs(120));
    assert_eq!(slots(&world), [Some(Slot::Secondary); 3]);
}

#[test]
fn a_synced_secret_is_refreshed_although_every_pod_was_replaced_before_the_driver_looked() {
    let synced = |catalog: &mut WorkloadConfig| catalog.key = KeySource::SyncedSecret("cosmos".to_owned());
    let mut world = recorded_with(20, synced, |config| config.kubernetes.csi.poll = secs(3600));
    set_secondary(&mut world);
    restart(&mut world, CATALOG, "now");
    pass(&mut world, secs(2 * 3600));
    let found = world.stamp(&stamp()).unwrap();
    let mut held =
        found.cluster.secrets().map(|secret| secret.value.key().and_then(|key| world.slot_of(key)));
    assert!(held.all(|slot| slot == Some(Slot::Secondary)));
}

#[test]
fn a_stale_vault_gives_new_pods_the_old_key_and_readers_the_old_version() {
    use super::super::fault::{Fault, Target, Trouble, When};
    let stale = Fault::new(When::Always, Target::any(), Trouble::StaleVault { by: secs(60) });
    let mut world = recorded_with(20, |_| {}, |config| config.faults.push(stale));
    set_secondary(&mut world);
    let read = |world: &World| world.stamp(&stamp()).unwrap().vault.read(world.now()).unwrap().number;
    assert_eq!(read(&world), 1);
    restart(&mut world, CATALOG, "now");
    pass(&mut world, secs(59));
    assert_eq!(slots(&world), [Some(Slot::Primary); 3]);
    pass(&mut world, secs(2));
    assert_eq!(read(&world), 2);
    let found = world.stamp(&stamp()).unwrap();
    let current = |world: &World| world.stamp(&stamp()).unwrap().vault.current().unwrap().id.clone();
    assert!(found.cluster.mounts().all(|mount| mount.version != current(&world)));
    pass(&mut world, secs(600));
    let found = world.stamp(&stamp()).unwrap();
    assert!(found.cluster.mounts().all(|mount| mount.version == current(&world)));
}
