//! The world of the benchmark: code and vaults are on the secondary key, every pod still holds the primary one.

use std::sync::Arc;
use std::time::Duration;

use keyslot::model::{BranchName, KeyKind, Slot, StampName};
use keyslot::sim::config::WorkloadConfig;
use keyslot::sim::repository::{Commit, File, Signature, Tree};
use keyslot::sim::{Command, Expected, Span, World, WorldConfig};

/// How one world is made.
#[derive(Clone, Copy, Debug)]
pub struct Scene {
    pub stamps: usize,
    pub seed: u64,
}

pub const WORKLOADS: [&str; 3] =
    ["catalogservice-deploy", "backgroundprocessor-deploy", "healthservice-deploy"];
pub const NAMESPACE: &str = "workload";

/// From a vault's new version until the restart may begin.
const SETTLED: Duration = Duration::from_secs(600);

impl Scene {
    /// The world at the moment at which everything but the restart is done.
    pub fn world(self) -> World {
        self.world_with(|_| {})
    }

    /// The same with workloads that are changed so.
    pub fn world_with(self, change: impl FnMut(&mut WorkloadConfig)) -> World {
        let mut config = self.config();
        config.workloads.iter_mut().for_each(change);
        Scene::of(config)
    }

    /// The same of another configuration.
    pub fn of(config: WorldConfig) -> World {
        let mut world = World::new(config);
        for branch in [world.config().repository.base.clone(), world.config().repository.release.clone()] {
            let push = flip(&world, &branch);
            world.apply(push).unwrap();
        }
        let stamps: Vec<StampName> = world.stamps().map(|stamp| stamp.name.clone()).collect();
        let key = world.account().current(KeyKind::read_write(Slot::Secondary)).unwrap();
        let value = (*key.material).clone();
        for stamp in stamps {
            world.apply(Command::SetSecret { stamp, value: value.clone() }).unwrap();
        }
        let ready = world.now() + SETTLED;
        world.advance_to(ready);
        world
    }

    /// Pods start in four to nine seconds and end in two to eight: a stamp of three workloads takes about a minute.
    pub fn config(self) -> WorldConfig {
        let mut config = WorldConfig::seeded(self.seed).with_stamps(self.stamps);
        config.logs = None;
        config.kubernetes.mounts_in = Span::secs(1, 2);
        config.workloads = WORKLOADS
            .map(|name| WorkloadConfig {
                starts_in: Span::secs(4, 9),
                ends_in: Span::secs(2, 8),
                ..WorkloadConfig::named(name)
            })
            .to_vec();
        config
    }
}

fn flip(world: &World, branch: &BranchName) -> Command {
    let head = world.repository().get(world.repository().head(branch).unwrap()).unwrap();
    let tree: Tree = head.tree().iter().fold(head.tree().clone(), |tree, (path, file): (_, &File)| {
        let text = String::from_utf8_lossy(file.bytes());
        match text.contains("global.primary_key") {
            true => tree.with(path, text.replace("global.primary_key", "global.secondary_key").into_bytes()),
            false => tree,
        }
    });
    let by = Signature::of("somebody", world.now());
    let commit = Commit::new(tree, vec![head.id().clone()], &by, "Read the secondary key\n");
    Command::Push {
        branch: branch.clone(),
        expected: Expected::FastForward,
        commit: commit.id().clone(),
        objects: vec![Arc::new(commit)],
        by: "somebody".to_owned(),
    }
}
