//! One script of commands and waits, run on both faces of the world: through the ports in memory, and through the
//! production adapters over TLS. Both worlds end alike.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use keyslot::cli::settings::SettingsFile;
use keyslot::cli::stage::ENVIRONMENT;
use keyslot::cli::wiring;
use keyslot::model::{
    Access, BranchName, CommitId, KeyKind, PullState, RotationId, Salt, Slot, StampName, WorkloadName,
};
use keyslot::ports::{
    CommitText, Expect, FileEdit, NewPull, OperationState, Permit, Picked, Ports, Recall, RestartMark, Wanted,
};
use keyslot::sim::memory::{self, Crashes, MemoryOptions, block_on_or_crash};
use keyslot::sim::{Counters, SharedWorld, StampOutcome, World, WorldConfig};

use crate::in_memory::policy;
use crate::live::Live;
use crate::runs::{applied, started};

/// More looks than this, and what is waited for never comes.
const LOOKS: usize = 5_000;

/// What both worlds must agree on: everything but times and names made of times.
#[derive(Debug, PartialEq)]
struct End {
    counters: Counters,
    stamps: Vec<StampOutcome>,
    regenerated: Vec<&'static str>,
    refused: u64,
    /// Branch → tree.
    trees: BTreeMap<BranchName, String>,
    pulls: Vec<(String, bool)>,
}

impl End {
    fn of(world: &World) -> End {
        let outcome = world.outcome();
        // A proof is as many requests as it takes: over the wire a read everywhere and a write where writes go.
        assert!(world.counters().probes_accepted > 0, "the key to be was proven");
        let counters = Counters { probes_accepted: 0, ..world.counters().clone() };
        let tree = |commit: &CommitId| {
            world.repository().get(commit).map(|commit| format!("{:?}", commit.tree_id()))
        };
        let branches = world.repository().branches().iter();
        End {
            counters,
            stamps: outcome.stamps,
            regenerated: outcome.regenerated.iter().map(|one| one.kind).collect(),
            refused: outcome.outage.refused,
            trees: branches.filter_map(|(name, head)| Some((name.clone(), tree(head)?))).collect(),
            pulls: world
                .pulls()
                .iter()
                .map(|pull| (pull.title.clone(), matches!(pull.state, PullState::Merged { .. })))
                .collect(),
        }
    }
}

struct Script<'a> {
    ports: &'a Ports,
    base: BranchName,
    release: BranchName,
    root: String,
    skip: Vec<String>,
    stamps: Vec<StampName>,
    workloads: Vec<WorkloadName>,
}

fn salt() -> Salt {
    Salt::new("both")
}

impl<'a> Script<'a> {
    fn on(ports: &'a Ports, config: &WorldConfig) -> Script<'a> {
        let policy = policy(config);
        Script {
            ports,
            base: config.repository.base.clone(),
            release: config.repository.release.clone(),
            root: config.repository.terraform_root.clone(),
            skip: policy.skip_stages,
            stamps: policy.stamps.into_iter().map(|stamp| stamp.name).collect(),
            workloads: policy.workloads,
        }
    }

    async fn play(&self) {
        let account = self.ports.accounts.look(&salt()).await.unwrap();
        self.ports
            .accounts
            .prove(KeyKind::read_write(Slot::Secondary), &account.regions, &salt())
            .await
            .unwrap();
        let merged = self.propose().await;
        let promoted = self.promote(&merged).await;
        self.deploy(&promoted).await;
        for stamp in &self.stamps {
            self.restart(stamp).await;
        }
        self.regenerate().await;
    }

    async fn pause(&self, seconds: i64) {
        let clock = &self.ports.clock;
        clock.sleep_until(clock.now() + SignedDuration::from_secs(seconds)).await;
    }

    fn permit(&self) -> Permit {
        Permit {
            subject: "the script".to_owned(),
            evidence: String::new(),
            wall_deadline: Timestamp::MAX,
            monotonic_deadline: self.ports.clock.monotonic() + Duration::from_secs(86_400),
            lease: None,
            recall: Recall::default(),
        }
    }

    async fn propose(&self) -> CommitId {
        let code = &self.ports.code;
        let parent = code.fetch().await.unwrap()[&self.base].clone();
        let wanted = Wanted { below: self.root.clone(), ..Wanted::default() };
        let files = code.tree(&parent, &wanted).await.unwrap().files;
        let tree: Vec<(&str, &[u8])> =
            files.iter().map(|file| (file.path.as_str(), file.bytes.as_ref())).collect();
        let edits: Vec<FileEdit> = keyslot::terraform::flip(&tree, None, Access::ReadWrite, Slot::Secondary)
            .unwrap()
            .into_iter()
            .map(|(path, bytes)| FileEdit { path, bytes })
            .collect();
        let text = CommitText { message: "Read the secondary key\n".to_owned(), at: self.ports.clock.now() };
        let commit = code.commit(&parent, &edits, &text).await.unwrap();
        let branch = BranchName::new("fix/both-faces");
        applied(code.push(&commit, &branch, &Expect::Absent).await);
        let new = NewPull {
            head: branch.clone(),
            base: self.base.clone(),
            title: "Read the secondary key".to_owned(),
            body: "One script.".to_owned(),
            draft: false,
        };
        applied(self.ports.forge.open_pull(&new).await);
        for _ in 0..LOOKS {
            let pull = self.ports.forge.pull_between(&new.ends()).await.unwrap();
            if let Some(PullState::Merged { commit }) = pull.map(|pull| pull.state) {
                code.fetch().await.unwrap();
                return commit;
            }
            self.pause(60).await;
        }
        panic!("nobody merges");
    }

    async fn promote(&self, merged: &CommitId) -> CommitId {
        let code = &self.ports.code;
        let head = code.fetch().await.unwrap()[&self.release].clone();
        let picked = code.cherry_pick(merged, &head, self.ports.clock.now()).await.unwrap();
        let Picked::Commit(commit) = picked else { panic!("{picked:?}") };
        applied(code.push(&commit, &self.release, &Expect::At(head)).await);
        commit
    }

    async fn deploy(&self, commit: &CommitId) {
        let run = started(self.ports.pipeline.start(&self.release, commit, &self.skip).await);
        for _ in 0..LOOKS {
            let runs = self.ports.pipeline.runs().await.unwrap();
            let state = runs.into_iter().find(|seen| seen.id == run).map(|seen| seen.state);
            if state.as_ref().is_some_and(|state| state.is_over()) {
                assert!(state.is_some_and(|state| state.succeeded()));
                return;
            }
            self.pause(60).await;
        }
        panic!("the run does not end");
    }

    async fn restart(&self, stamp: &StampName) {
        let before: Vec<String> = self.pods(stamp).await;
        for workload in &self.workloads {
            let at = self.ports.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
            let mark = RestartMark { restarted_at: at, rotation: RotationId::new("both") };
            applied(self.ports.clusters.restart(stamp, workload, &mark, &self.permit()).await);
        }
        for _ in 0..LOOKS {
            if !self.pods(stamp).await.iter().any(|pod| before.contains(pod)) {
                return;
            }
            self.pause(30).await;
        }
        panic!("old pods stay in {stamp}");
    }

    async fn pods(&self, stamp: &StampName) -> Vec<String> {
        let cluster = self.ports.clusters.look(stamp, &salt()).await.unwrap();
        cluster.pods.into_iter().map(|pod| pod.uid).collect()
    }

    async fn regenerate(&self) {
        let kind = KeyKind::read_write(Slot::Primary);
        let id = "00000000-0000-4000-8000-000000000002";
        let effect = self.ports.accounts.regenerate(kind, id, &self.permit()).await;
        let operation = applied(effect).expect("the operation has an address");
        for _ in 0..LOOKS {
            match self.ports.accounts.poll(&operation).await.unwrap() {
                OperationState::Succeeded => return,
                OperationState::Failed(why) => panic!("{why}"),
                OperationState::Running(_) => self.pause(30).await,
            }
        }
        panic!("the regeneration does not end");
    }
}

fn in_memory(config: &WorldConfig) -> End {
    let world = SharedWorld::create(config.clone());
    let ports = memory::ports(&world, MemoryOptions::default());
    block_on_or_crash(Script::on(&ports, config).play(), Crashes::none().flag()).unwrap();
    End::of(&world.lock())
}

async fn over_the_wire(config: &WorldConfig) -> End {
    let live = Live::set(config.clone(), 1000.0);
    let settings = SettingsFile::load(&live.stage.settings_path()).unwrap();
    let chosen = settings.choose(Some(ENVIRONMENT)).unwrap();
    let variables = |name: &str| live.stage.variables.get(name).cloned();
    let ports = wiring::ports_of(&chosen, &variables).await.unwrap_or_else(|error| panic!("{error:?}"));
    Script::on(&ports, config).play().await;
    live.stage.simulation.world.with(|world| End::of(world))
}

#[tokio::test(flavor = "multi_thread")]
async fn one_script_ends_alike_on_both_faces() {
    let config = WorldConfig::seeded(5);
    let wire = over_the_wire(&config).await;
    let copy = config.clone();
    let memory = tokio::task::spawn_blocking(move || in_memory(&copy)).await.unwrap();
    assert_eq!(wire, memory);

    // And it is an end worth comparing.
    assert_eq!(memory.regenerated, ["primary"]);
    assert_eq!(memory.refused, 0);
    assert_eq!(
        (memory.counters.pulls_opened, memory.counters.runs_started, memory.counters.patches),
        (1, 1, 9)
    );
    assert!(memory.stamps.iter().all(|stamp| stamp.restarted), "{:?}", memory.stamps);
}
