//! What the plan takes where nothing lies between one thing and the next: the same world, driven in memory.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use keyslot::model::StampName;
use keyslot::sim::kubernetes::Deployment;
use keyslot::sim::{Command, DeploymentPatch, Stamp, World};

/// How closely completion is looked for, in the world's time.
const GLANCE: Duration = Duration::from_millis(10);

/// Times from the first restart on.
#[derive(Clone, Copy, Debug)]
pub struct Ideal {
    /// The first stamp by itself.
    pub canary: Duration,
    /// The slowest of the others.
    pub slowest: Duration,
}

impl Ideal {
    /// The canary first, then everybody at once; the benchmark's policy has no soak.
    pub fn plan(&self) -> Duration {
        self.canary + self.slowest
    }
}

/// Restarts one workload after the other in each stamp, each in the moment in which the one before is complete.
pub fn ideal(mut world: World) -> Ideal {
    let stamps: Vec<StampName> = world.stamps().map(|stamp| stamp.name.clone()).collect();
    let (canary, others) = stamps.split_first().unwrap();
    let canary = restart(&mut world, std::slice::from_ref(canary));
    Ideal { canary, slowest: restart(&mut world, others) }
}

fn restart(world: &mut World, stamps: &[StampName]) -> Duration {
    let begun = world.now();
    stamps.iter().for_each(|stamp| patch(world, stamp, 0));
    let mut at_work: BTreeMap<StampName, usize> = stamps.iter().map(|stamp| (stamp.clone(), 0)).collect();
    let mut last = begun;
    while !at_work.is_empty() {
        last = world.next_event().unwrap().max(world.now() + GLANCE);
        world.advance_to(last);
        let complete = |stamp: &&Stamp| {
            at_work.get(&stamp.name).is_some_and(|place| is_complete(&stamp.cluster.deployments()[*place]))
        };
        let complete: Vec<(StampName, usize)> = world
            .stamps()
            .filter(complete)
            .map(|stamp| (stamp.name.clone(), stamp.cluster.deployments().len()))
            .collect();
        for (stamp, workloads) in complete {
            let place = at_work[&stamp] + 1;
            if place < workloads {
                patch(world, &stamp, place);
                at_work.insert(stamp, place);
            } else {
                at_work.remove(&stamp);
            }
        }
    }
    between(begun, last)
}

fn patch(world: &mut World, stamp: &StampName, place: usize) {
    let workload = world.stamp(stamp).unwrap().cluster.deployments()[place].workload.clone();
    let at = world.now().to_string();
    let patch = DeploymentPatch::annotate("kubectl.kubernetes.io/restartedAt", &at);
    world.apply(Command::Patch { stamp: stamp.clone(), workload, patch }).unwrap();
}

/// As `kubectl rollout status` counts.
pub fn is_complete(deployment: &Deployment) -> bool {
    let status = &deployment.status;
    status.observed_generation >= deployment.generation
        && [status.updated, status.replicas, status.available]
            .iter()
            .all(|count| *count == deployment.replicas)
}

pub fn between(from: Timestamp, to: Timestamp) -> Duration {
    to.duration_since(from).try_into().unwrap_or_default()
}
