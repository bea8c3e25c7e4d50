//! Tests of the world as a whole, and the small tools that they share.

mod code;
mod controller;
mod csi;
mod drains;
mod jobs;
mod keys;
mod ports;
mod probes;
mod quotas;
mod replayed_sets;
mod replays;
mod rollouts;
mod runs;
mod same;
mod sets;
mod troubles;

use std::time::Duration;

use super::config::{UnitConfig, WorkloadConfig};
use super::kubernetes::{Deployment, Object};
use super::{Command, DeploymentPatch, Reply, Span, World, WorldConfig};
use crate::model::{StampName, WorkloadName};

pub(super) const CATALOG: &str = "catalogservice-deploy";

pub(super) fn workload(name: &str) -> WorkloadName {
    WorkloadName::new("workload", name)
}

pub(super) fn stamp() -> StampName {
    StampName::from("northeurope")
}

/// One stamp with the catalog service alone, as in the recordings: pods start in 3 s and end in `ends` seconds.
pub(super) fn recorded(ends: u64, change: impl FnOnce(&mut WorkloadConfig)) -> World {
    recorded_with(ends, change, |_| {})
}

pub(super) fn recorded_with(
    ends: u64,
    change: impl FnOnce(&mut WorkloadConfig),
    more: impl FnOnce(&mut WorldConfig),
) -> World {
    let mut catalog = WorkloadConfig::named(CATALOG);
    catalog.starts_in = Span::secs(3, 3);
    catalog.ends_in = Span::exactly(Duration::from_secs(ends));
    change(&mut catalog);
    let mut config = WorldConfig { workloads: vec![catalog], ..WorldConfig::default() };
    config.units = vec![UnitConfig::live(1)];
    config.kubernetes.mounts_in = Span::secs(1, 1);
    more(&mut config);
    World::new(config)
}

pub(super) fn stamps(world: &World) -> Vec<StampName> {
    world.stamps().filter(|stamp| stamp.destroyed.is_none()).map(|stamp| stamp.name.clone()).collect()
}

pub(super) fn patch(world: &mut World, name: &str, patch: DeploymentPatch) -> Reply {
    world.apply(Command::Patch { stamp: stamp(), workload: workload(name), patch }).unwrap()
}

pub(super) fn restart(world: &mut World, name: &str, at: &str) -> Reply {
    patch(world, name, DeploymentPatch::annotate("kubectl.kubernetes.io/restartedAt", at))
}

pub(super) fn pass(world: &mut World, time: Duration) {
    world.advance_to(super::time::after(world.now(), time));
}

pub(super) fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A Deployment's status in one line: generation/observed, the counts, and why it progresses.
pub(super) fn line(deployment: &Deployment) -> String {
    let status = &deployment.status;
    let reason = status.condition("Progressing").map_or("", |condition| condition.reason);
    format!(
        "{}/{} r{} u{} r{} a{} n{} t{} {reason}",
        deployment.generation,
        status.observed_generation,
        status.replicas,
        status.updated,
        status.ready,
        status.available,
        status.unavailable,
        status.terminating
    )
}

/// The Deployment's changes since a version, one line each.
pub(super) fn history(world: &World, since: u64) -> Vec<String> {
    let stamp = world.stamp(&stamp()).unwrap();
    let changes = stamp.cluster.changes_since(since).unwrap();
    let line = |object: &Object| match object {
        Object::Deployment(deployment) => Some(line(deployment)),
        _ => None,
    };
    changes.filter_map(|change| line(&change.object)).collect()
}
