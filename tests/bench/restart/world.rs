//! The world in a process of its own: it serves, and at its end tells what truly happened when.

use std::collections::BTreeMap;
use std::io::{BufRead as _, Read as _, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};

use jiff::Timestamp;
use keyslot::cli::stage::{Stage, StageOptions};
use keyslot::model::FlipBack;
use keyslot::sim::kubernetes::{Change, ChangeKind, Object, Pod};
use keyslot::sim::{Stamp, World};
use serde::{Deserialize, Serialize};

use crate::ideal::is_complete;
use crate::scene::Scene;

/// What happened in one stamp, in world time, which passes as fast as ours.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StampStory {
    pub name: String,
    /// Host and port of its API server.
    pub address: String,
    /// Each restart that was written, and when its rollout was complete.
    pub rollouts: Vec<(Timestamp, Option<Timestamp>)>,
    /// When the last pod of before the restarts was gone.
    pub last_old_pod: Option<Timestamp>,
    pub old_pods_left: usize,
}

type Listeners = BTreeMap<String, SocketAddr>;

/// A world that runs, as seen from outside.
pub struct Running {
    child: Child,
    stdin: Option<ChildStdin>,
    folder: PathBuf,
    pub variables: Vec<(String, String)>,
}

impl Running {
    /// Starts this very program as a world, and waits until it answers.
    pub fn start(scene: Scene, folder: &Path) -> Running {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["world", &scene.stamps.to_string(), &scene.seed.to_string(), folder.to_str().unwrap()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdin = child.stdin.take();
        let mut line = String::new();
        std::io::BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let variables = serde_json::from_str(&line).expect("the world says how to reach it");
        Running { child, stdin, folder: folder.to_owned(), variables }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Ends it, and gives what happened.
    pub fn end(mut self) -> Vec<StampStory> {
        drop(self.stdin.take());
        self.child.wait().unwrap();
        serde_json::from_slice(&std::fs::read(self.folder.join("story.json")).unwrap()).unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The world's own process: runs until its standard input ends.
pub fn serve(scene: Scene, folder: &Path) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let world = scene.world();
        let began = (world.now(), world.resource_version());
        let stage = Stage::of(
            world,
            StageOptions {
                config: keyslot::sim::WorldConfig::default(),
                speed: 1.0,
                folder: folder.to_owned(),
                transcript: Some(folder.join("transcript.jsonl")),
                flip_back: FlipBack::No,
            },
        )
        .unwrap_or_else(|error| panic!("{error:?}"));
        println!("{}", serde_json::to_string(&stage.variables.iter().collect::<Vec<_>>()).unwrap());
        std::io::stdout().flush().unwrap();
        tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await.unwrap().unwrap();
        let listeners = stage.simulation.wire.listeners().clone();
        let stories: Vec<StampStory> = stage.simulation.world.with(|world| stories(world, began, &listeners));
        std::fs::write(folder.join("story.json"), serde_json::to_vec(&stories).unwrap()).unwrap();
    });
}

/// From the changes that each cluster remembers.
fn stories(world: &World, began: (Timestamp, u64), listeners: &Listeners) -> Vec<StampStory> {
    let (at, version) = began;
    let story = |stamp: &Stamp| {
        let is_old = |pod: &Pod| pod.meta.created < at;
        let changes: Vec<&Change> = stamp.cluster.changes_since(version).unwrap().collect();
        let gone = changes.iter().filter(|change| change.kind == ChangeKind::Deleted);
        StampStory {
            name: stamp.name.to_string(),
            address: listeners[stamp.name.as_str()].to_string(),
            rollouts: rollouts(&changes),
            last_old_pod: gone
                .filter(|change| matches!(&change.object, Object::Pod(pod) if is_old(pod)))
                .map(|change| change.at)
                .next_back(),
            old_pods_left: stamp.cluster.pods().filter(|pod| is_old(pod)).count(),
        }
    };
    world.stamps().map(story).collect()
}

/// Every restart, and the first status after it that says that it is complete.
fn rollouts(changes: &[&Change]) -> Vec<(Timestamp, Option<Timestamp>)> {
    let mut rollouts = Vec::new();
    let mut newest: BTreeMap<String, (i64, usize)> = BTreeMap::new();
    for change in changes {
        let Object::Deployment(deployment) = &change.object else { continue };
        let name = deployment.workload.to_string();
        let known = newest.get(&name).copied();
        if known.map_or(1, |(generation, _)| generation) < deployment.generation {
            newest.insert(name, (deployment.generation, rollouts.len()));
            rollouts.push((change.at, None));
        } else if let Some((_, place)) = known
            && is_complete(deployment)
        {
            let (_, complete): &mut (Timestamp, Option<Timestamp>) = &mut rollouts[place];
            complete.get_or_insert(change.at);
        }
    }
    rollouts
}
