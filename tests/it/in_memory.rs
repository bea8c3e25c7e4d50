//! A process on a world in memory: drivers that can die and start again.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures::executor::block_on;
use keyslot::drive::{Driver, LeaseTerms, OpenRequest, Opening, Parts, Silent, TurnEnd, Watcher};
use keyslot::execute::Sources;
use keyslot::journal::{Journal, MemoryStore};
use keyslot::model::{
    Access, Ages, BranchName, EnvironmentName, FlipBack, Pace, Policy, PullPolicy, Route, RunStart, Salt,
    SharedStore, Slot, StampFacts,
};
use keyslot::observe::{Observer, ReleaseRule, Targets};
use keyslot::ports::Ports;
use keyslot::rotation::{Acceptance, Event, Gate, Reach, Reason};
use keyslot::sim::config::region_of;
use keyslot::sim::memory::{self, Crashes, MemoryOptions, block_on_or_crash};
use keyslot::sim::{SharedWorld, World, WorldConfig};
use keyslot::terraform::Question;

use crate::backstage::Backstage;

/// A world, the journal beside it, and how the next process on it is made.
pub struct Theatre {
    pub world: SharedWorld,
    pub store: MemoryStore,
    pub crashes: Crashes,
    pub policy: Policy,
    pub without: BTreeSet<Gate>,
    /// Everything else that goes on.
    pub backstage: Backstage,
    /// Where the configuration has the base branch, if not where it is.
    pub base: Option<BranchName>,
    /// What `rotate --retire` says.
    pub retire: Option<Slot>,
    /// What `rotate --access` says.
    pub access: Access,
    /// `rotate --both-slots`.
    pub both: bool,
    /// Who is told what the loop says.
    pub watcher: Arc<dyn Watcher>,
    /// Whether a person has approved the regeneration.
    pub approves: bool,
    /// What the processes are asked for.
    pub reach: Reach,
    lives: u32,
}

impl Theatre {
    pub fn new(config: WorldConfig) -> Theatre {
        Theatre::with_crashes(config, Crashes::none())
    }

    pub fn with_crashes(config: WorldConfig, crashes: Crashes) -> Theatre {
        let policy = policy(&config);
        let world = SharedWorld::new(World::new(config));
        Theatre {
            backstage: Backstage::new(&world, crashes.flag()),
            world,
            base: None,
            retire: None,
            access: Access::ReadWrite,
            both: false,
            approves: true,
            reach: Reach::Whole,
            watcher: Arc::new(Silent),
            store: MemoryStore::new(),
            crashes,
            policy,
            without: BTreeSet::new(),
            lives: 0,
        }
    }

    /// How often a process was started.
    pub fn lives(&self) -> u32 {
        self.lives
    }

    /// One process, from start to its end, death included.
    pub fn live(&mut self) -> Life {
        self.lives += 1;
        self.crashes.flag().lower();
        let flag = self.crashes.flag().clone();
        let ended = block_on_or_crash(self.process(), &flag);
        match ended {
            None => Life::Crashed,
            Some(Ok(end)) => Life::Ended(end),
            Some(Err(error)) => Life::Failed(error),
        }
    }

    /// The same, with a person who looks after every halt, and knows what became of a request of which nothing tells.
    pub fn live_with_person(&mut self) -> Life {
        loop {
            let life = self.live();
            match &life {
                Life::Ended(TurnEnd::Halted { reasons, .. }) if self.settles(reasons) => {}
                _ => return life,
            }
        }
    }

    /// Accepts that a regeneration is sent once more where the world knows that it never came. Whether there was one.
    pub fn settles(&self, reasons: &[Reason]) -> bool {
        let came = |id: &str| {
            let world = self.world.lock();
            world.account().operations().iter().any(|operation| operation.request_id == id)
        };
        let lost = reasons.iter().filter(|one| one.gate == Gate::Settled && !came(&one.subject.to_string()));
        let lost: Vec<&Reason> = lost.collect();
        for reason in &lost {
            // Whoever dies over it is asked again.
            self.crashes.flag().lower();
            let flag = self.crashes.flag().clone();
            let _ = block_on_or_crash(self.accept(reason), &flag);
        }
        !lost.is_empty()
    }

    async fn accept(&self, reason: &Reason) -> Result<(), String> {
        let now = self.world.lock().now();
        let name = format!("person-{}-{}", self.lives, reason.subject);
        let acceptance = Acceptance {
            by: "person".to_owned(),
            gate: reason.gate,
            subject: reason.subject.to_string(),
            because: "it is nowhere in the portal".to_owned(),
            until: now + Duration::from_secs(24 * 3600),
            why: Some(reason.why.accepted_as()),
        };
        let mut driver = self.driver_as(&name, &name).await?;
        driver.accept(acceptance).await.map_err(|error| error.to_string())
    }

    /// What is asked for.
    pub fn request(&self) -> OpenRequest {
        OpenRequest {
            environment: EnvironmentName::new("prod"),
            account: self.world.lock().config().account.id.clone(),
            access: Some(self.access),
            retire: self.retire,
            route: self.policy.route,
            flip_back: None,
            by: "tester".to_owned(),
            again: false,
            both: self.both,
        }
    }

    async fn process(&self) -> Result<TurnEnd, String> {
        let mut driver = self.driver().await?;
        match driver.open(&self.request()).await.map_err(|error| error.to_string())? {
            Opening::JustDone { .. } => return Ok(TurnEnd::Done),
            Opening::Opened | Opening::Continued => {}
        }
        loop {
            if self.approves {
                approve_all(&mut driver).await?;
            }
            let end = driver.run().await.map_err(|error| error.to_string())?;
            let done = end == TurnEnd::Done;
            if !done || !driver.open_second().await.map_err(|error| error.to_string())? {
                return Ok(end);
            }
        }
    }

    pub async fn driver(&self) -> Result<Driver, String> {
        let name = format!("life-{}", self.lives);
        self.driver_as(&name, &name).await
    }

    /// A process under this name in the lease, writing to the journal under a name used once.
    pub async fn driver_as(&self, name: &str, writer: &str) -> Result<Driver, String> {
        self.driver_with(name, writer, Arc::clone(&self.watcher), |ports| ports).await
    }

    /// The same with a watcher of its own, and something around its ports.
    pub async fn driver_with(
        &self,
        name: &str,
        writer: &str,
        watcher: Arc<dyn Watcher>,
        around: impl FnOnce(Ports) -> Ports,
    ) -> Result<Driver, String> {
        let listed = self.policy.stamps.iter().map(|stamp| stamp.name.clone()).collect();
        let options =
            MemoryOptions { listed: Some(listed), ..MemoryOptions::with_crashes(self.crashes.clone()) };
        let ports = around(self.backstage.around(memory::ports(&self.world, options)));
        let store = self.backstage.around_store(Arc::new(self.store.clone()));
        let journal: Journal<Event> =
            Journal::open_as(store, writer).await.map_err(|error| error.to_string())?;
        let observer = Observer::new(ports.clone(), self.targets());
        Driver::new(Parts {
            ports,
            observer,
            journal,
            policy: self.policy.clone(),
            holder: name.to_owned(),
            lease_terms: LeaseTerms::default(),
            alone: false,
            watcher,
        })
        .map(|driver| driver.without_gates(self.without.iter().copied()).reaching(self.reach.clone()))
        .map_err(|error| error.to_string())
    }

    /// A whole rotation, approved, with something around its ports.
    pub fn rotated(&self, around: impl FnOnce(Ports) -> Ports) {
        let mut driver = block_on(self.driver_with("one", "one", Arc::new(Silent), around)).unwrap();
        block_on(driver.open(&self.request())).unwrap();
        block_on(approve_all(&mut driver)).unwrap();
        let end = block_on_or_crash(driver.run(), &self.crashes.flag().clone());
        assert_eq!(end.expect("it hangs").unwrap(), TurnEnd::Done);
    }

    fn targets(&self) -> Targets {
        let world = self.world.lock();
        let config = world.config();
        Targets {
            account: config.account.id.clone(),
            salt: Salt::new(""),
            access: self.access,
            sources: Sources {
                question: Question {
                    secrets: Access::ALL.map(|access| (access, config.secret_name.clone())).into(),
                    ..Question::default()
                },
                ..Sources::default()
            },
            base_branch: self.base.clone().unwrap_or_else(|| config.repository.base.clone()),
            release: ReleaseRule::Branch(config.repository.release.clone()),
            stamps: world.stamps().map(|stamp| stamp.name.clone()).collect(),
            inventory: self.policy.inventory,
            refusals_since: None,
            metrics_window: self.policy.metrics_window().unwrap_or_default(),
            log_window: self.policy.log_window().unwrap_or_default(),
            census_window: self.policy.census().unwrap_or_default(),
            operation: None,
            unanswered: None,
            promoted: BTreeSet::new(),
        }
    }
}

/// How one process ended.
#[derive(Debug, PartialEq)]
pub enum Life {
    Ended(TurnEnd),
    Crashed,
    Failed(String),
}

/// The usual policy for a world: everything it has, one stamp at a time.
pub fn policy(config: &WorldConfig) -> Policy {
    let minutes = |count: u64| Duration::from_secs(count * 60);
    let seconds = Duration::from_secs;
    Policy {
        route: Route::Hotfix,
        flip_back: FlipBack::No,
        base_branch: config.repository.base.clone(),
        pulls: PullPolicy { board: false, ..PullPolicy::default() },
        signs: None,
        run_start: RunStart::Asked,
        accepted_stages: Vec::new(),
        deployments: false,
        moves_traffic: true,
        skip_stages: config
            .pipeline
            .stages
            .iter()
            .filter(|stage| !stage.name.contains("infra"))
            .map(|stage| stage.name.clone())
            .collect(),
        stamps: config
            .units
            .iter()
            .flat_map(|unit| {
                unit.stamps.iter().map(|stamp| StampFacts {
                    name: stamp.name.clone(),
                    unit: unit.name.clone(),
                    live_traffic: unit.traffic,
                    region: Some(region_of(&stamp.location)),
                    addresses: Vec::new(),
                    identities: Vec::new(),
                })
            })
            .enumerate()
            .map(|(place, facts)| StampFacts {
                addresses: vec![World::egress(place).parse().unwrap()],
                identities: vec![World::identity(place)],
                ..facts
            })
            .collect(),
        workloads: config.all_workloads().map(|workload| workload.name.clone()).collect(),
        wave_size: 1,
        restart_budget: 3,
        soak: minutes(10),
        quiet_window: minutes(30),
        confirm_window: minutes(30),
        vault_lag: minutes(5),
        max_target_age: None,
        settle: minutes(15),
        approver_differs: false,
        propagation: keyslot::model::Propagation::Pipeline,
        promotion: keyslot::model::Promotion::Push,
        same_account: Vec::new(),
        words: keyslot::model::Wording::default(),
        inventory: true,
        log_lag: None,
        metrics_lag: None,
        census_window: minutes(14 * 24 * 60),
        automation: vec![config.pipeline.identity.clone()],
        sign_offs: Vec::new(),
        store: SharedStore::Shared,
        ages: Ages { ordinary: minutes(5), restart: minutes(2), regenerate: minutes(2), proof: minutes(10) },
        pace: Pace {
            people: seconds(60),
            pipeline: seconds(30),
            rollout: seconds(5),
            pods: seconds(15),
            account: seconds(30),
        },
    }
}

/// A person approves what this rotation regenerates: the key that it retires, and the other one where policy has it made anew
/// first.
pub async fn approve_all(driver: &mut Driver) -> Result<(), String> {
    let prepares = driver.policy().max_target_age.is_some();
    let slots = [Slot::Primary, Slot::Secondary].into_iter().filter(|_| prepares).map(Some);
    for slot in slots.chain([None]) {
        driver.approve_key("approver", None, slot).await.map_err(|error| error.to_string())?;
    }
    Ok(())
}
