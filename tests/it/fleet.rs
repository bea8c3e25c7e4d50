//! Many stamps at once: a slow one keeps no other waiting, and what a restart asks of the clusters is counted.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use async_trait::async_trait;
use futures::executor::block_on;
use keyslot::cli::Exit;
use keyslot::drive::Silent;
use keyslot::model::{
    ClusterView, KeyKind, KeyMaterial, RoomView, Salt, SecretVersion, Slot, StampName, VaultView,
    WorkloadName,
};
use keyslot::ports::{
    Changed, Clock, Clusters, Effect, Fault, Glance, Happening, Permit, Ports, RestartMark, Vaults,
};
use keyslot::sim::config::QuotaConfig;
use keyslot::sim::{Command, SharedWorld, WorldConfig};

use crate::between::{self, Between};
use crate::in_memory::Theatre;
use crate::journey::later;
use crate::live::Live;

#[path = "../bench/restart/scene.rs"]
pub mod scene;

use scene::{NAMESPACE, Scene, WORKLOADS};

/// Which calls of the slow stamp take their time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Slow {
    Restart,
    LookAfterRestart,
}

/// Clusters of which one answers its first restart, or the first look after that, long after everybody else.
struct Sluggish {
    inner: Arc<dyn Clusters>,
    clock: Arc<dyn Clock>,
    world: SharedWorld,
    stamp: StampName,
    slow: Slow,
    /// Restarts sent to the slow stamp, and how many of the others had everything restarted when it answered.
    told: Arc<Mutex<(usize, Option<usize>)>>,
}

const PATIENCE: Duration = Duration::from_secs(25 * 60);

impl Sluggish {
    async fn take_time(&self) {
        let until = later(self.clock.now(), PATIENCE);
        std::future::poll_fn(|context| {
            if self.clock.now() >= until {
                return Poll::Ready(());
            }
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
        let others =
            self.world.lock().stamps().filter(|one| one.name != self.stamp && is_restarted(one)).count();
        self.told.lock().unwrap().1.get_or_insert(others);
    }
}

fn is_restarted(stamp: &keyslot::sim::Stamp) -> bool {
    stamp.cluster.deployments().iter().all(|deployment| deployment.generation > 1)
}

#[async_trait]
impl Between for Sluggish {
    fn behind(&self) -> &dyn Clusters {
        self.inner.as_ref()
    }

    async fn look(&self, stamp: &StampName, salt: &Salt) -> Result<ClusterView, Fault> {
        let view = self.inner.look(stamp, salt).await;
        let first = *self.told.lock().unwrap() == (1, None);
        if self.slow == Slow::LookAfterRestart && *stamp == self.stamp && first {
            self.take_time().await;
        }
        view
    }

    async fn restart(
        &self,
        stamp: &StampName,
        workload: &WorkloadName,
        mark: &RestartMark,
        permit: &Permit,
    ) -> Effect<i64> {
        let effect = self.inner.restart(stamp, workload, mark, permit).await;
        if *stamp == self.stamp {
            let count = {
                let mut told = self.told.lock().unwrap();
                told.0 += 1;
                told.0
            };
            if self.slow == Slow::Restart && count == 1 {
                self.take_time().await;
            }
        }
        effect
    }
}

#[test]
fn a_stamp_that_answers_slowly_keeps_no_other_waiting_for_its_next_step() {
    for slow in [Slow::Restart, Slow::LookAfterRestart] {
        let mut theatre = Theatre::new(WorldConfig::default().with_stamps(4));
        theatre.policy.wave_size = 4;
        let told: Arc<Mutex<(usize, Option<usize>)>> = Arc::default();
        let stamp = theatre.policy.stamps[3].name.clone();
        let sluggish = |ports: Ports| {
            let clock = Arc::clone(&ports.clock);
            between::with(ports, |inner| Sluggish {
                inner,
                clock,
                world: theatre.world.clone(),
                stamp: stamp.clone(),
                slow,
                told: Arc::clone(&told),
            })
        };
        theatre.rotated(sluggish);
        let (_, others) = *told.lock().unwrap();
        assert_eq!(others, Some(3), "{slow:?}: every other stamp was through when the slow one answered");
        let world = theatre.world.lock();
        let (outcome, counters) = (world.outcome(), world.counters());
        assert_eq!((outcome.outage.refused, outcome.regenerated.len()), (0, 1), "{slow:?}");
        assert!(counters.each_rolled_out(1), "{slow:?}: {counters:?}");
    }
}

/// A world whose watches tell at once: time passes until a rollout has ended. Somebody writes the vault anew when the first
/// restart was sent; glances are older than anything.
struct Watched {
    inner: Arc<dyn Clusters>,
    world: SharedWorld,
    calls: Calls,
    waits: AtomicBool,
}

type Calls = Arc<Mutex<Vec<&'static str>>>;

struct Vaulted(Arc<dyn Vaults>, Calls);

fn note(calls: &Calls, call: &'static str) {
    calls.lock().unwrap().push(call);
}

#[async_trait]
impl Vaults for Vaulted {
    async fn look(&self, stamp: &StampName, salt: &Salt) -> Result<VaultView, Fault> {
        note(&self.1, "vault");
        self.0.look(stamp, salt).await
    }

    async fn write(
        &self,
        stamp: &StampName,
        kind: KeyKind,
        replaces: &SecretVersion,
        permit: &Permit,
    ) -> Effect<()> {
        self.0.write(stamp, kind, replaces, permit).await
    }
}

#[async_trait]
impl Between for Watched {
    fn behind(&self) -> &dyn Clusters {
        self.inner.as_ref()
    }

    async fn glance(
        &self,
        stamp: &StampName,
        salt: &Salt,
        glance: Glance,
    ) -> Result<(ClusterView, Duration), Fault> {
        let view = self.inner.look(stamp, salt).await?;
        if matches!(glance, Glance::Told(Happening::Rollout)) {
            note(&self.calls, "told");
        }
        Ok((view, Duration::from_secs(100)))
    }

    fn follows(&self, _: &StampName) -> bool {
        self.waits.load(Ordering::SeqCst)
    }

    async fn restart(
        &self,
        stamp: &StampName,
        workload: &WorkloadName,
        mark: &RestartMark,
        permit: &Permit,
    ) -> Effect<i64> {
        let effect = self.inner.restart(stamp, workload, mark, permit).await;
        let mut world = self.world.lock();
        if !self.calls.lock().unwrap().contains(&"restart") {
            let key = world.account().current(KeyKind::read_write(Slot::Secondary)).unwrap();
            let value = KeyMaterial::clone(&key.material);
            world.apply(Command::SetSecret { stamp: stamp.clone(), value }).unwrap();
        }
        note(&self.calls, "restart");
        self.waits.store(true, Ordering::SeqCst);
        effect
    }

    async fn changed(&self) -> BTreeSet<Changed> {
        if !self.waits.swap(false, Ordering::SeqCst) {
            return std::future::pending().await;
        }
        let mut world = self.world.lock();
        // Long enough for any rollout, and for its pods to mount what the vault holds now.
        let until = later(world.now(), Duration::from_secs(90));
        world.advance_to(until);
        let stamps = world.stamps();
        stamps.map(|one| Changed { stamp: one.name.clone(), what: Happening::Rollout }).collect()
    }
}

#[test]
fn a_vault_is_looked_at_again_when_a_glance_shows_pods_that_mount_what_it_was_not_seen_to_hold() {
    let mut config = WorldConfig::default().with_stamps(1);
    config.workloads.truncate(1);
    let theatre = Theatre::new(config);
    let calls: Calls = Arc::default();
    let around = |ports: Ports| {
        let vaults = Arc::new(Vaulted(Arc::clone(&ports.vaults), Arc::clone(&calls)));
        let (world, calls) = (theatre.world.clone(), Arc::clone(&calls));
        let waits = AtomicBool::new(false);
        between::with(Ports { vaults, ..ports }, |inner| Watched { inner, world, calls, waits })
    };
    theatre.rotated(around);
    let calls = calls.lock().unwrap().clone();
    let told = calls.iter().position(|call| *call == "told").expect("a rollout's end was told");
    assert_eq!(calls.get(told + 1), Some(&"vault"), "before the pods are blamed: {calls:?}");
}

/// What the clusters were asked, watches apart, by the last words of the paths.
fn asked(live: &Live) -> Vec<String> {
    let hosts: BTreeSet<String> =
        live.stage.simulation.wire.listeners().values().map(ToString::to_string).collect();
    let entries = live.stage.simulation.wire.transcript().entries();
    entries
        .iter()
        .filter(|entry| hosts.contains(&entry.host) && !entry.path.contains("watch="))
        .map(|entry| {
            let path = entry.path.split('?').next().unwrap_or_default();
            format!("{} {}", entry.method, path.rsplit('/').next().unwrap_or_default())
        })
        .collect()
}

/// Secrets that every pod reads and no class fills.
fn others() -> Vec<String> {
    ["registry", "database", "certificates", "telemetry"].map(str::to_owned).to_vec()
}

/// What the clusters were asked in a run that halts for its approval, every workload restarted.
async fn asked_in_a_run(scene: Scene) -> Vec<String> {
    let live = Live::of(scene.world_with(|workload| workload.others = others()), 6.0);
    set_policy(&live);
    let mut process = live.keyslot(&["rotate", "--retire", "primary"]);
    let code = process.end().await;
    assert_eq!(code, i32::from(Exit::Halted.code()), "nobody has approved: {}", process.talk());
    let moved = live.stage.simulation.world.with(|world| world.stamps().all(is_restarted));
    assert!(moved, "{}", process.talk());
    for name in WORKLOADS {
        let path = format!("/namespaces/{NAMESPACE}/deployments/{name}");
        let patches = live.stage.simulation.wire.transcript().count("PATCH", &path);
        assert_eq!(patches, scene.stamps, "each workload is patched once");
    }
    asked(&live)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_asks_four_requests_a_workload_with_all_that_is_listed_before_regenerate() {
    let scene = Scene { stamps: 5, seed: 3 };
    // Eleven for three workloads.
    let limit = 4 * scene.stamps * WORKLOADS.len() - scene.stamps;
    let mut counts = Vec::new();
    // Where the machine is so slow that a watch tells too late, pods are listed once more.
    for _ in 0..3 {
        let asked = asked_in_a_run(scene).await;
        let of = |what: &str| asked.iter().filter(|one| one.ends_with(what)).count();
        for nobody in ["statefulsets", "daemonsets", "cronjobs", "rollouts", "replicasets"] {
            assert_eq!(of(nobody), 0, "nobody has any of those, and nobody is configured: {nobody}");
        }
        // Before the restarts and before regenerate; what is watched is listed by the watch at first.
        assert_eq!(of("secretproviderclasses"), 2 * scene.stamps);
        assert_eq!(of("deployments"), scene.stamps);
        assert_eq!(
            of("selfsubjectrulesreviews"),
            scene.stamps,
            "each is asked for rights once a rotation, however many it restarts"
        );
        // A vault is looked at before its cluster: what pods mount that hold the older key in any case tells nothing.
        assert!(of("secretproviderclasspodstatuses") >= scene.stamps);
        assert_eq!(of("resourcequotas"), scene.stamps);
        assert_eq!(of("horizontalpodautoscalers"), 0, "no restart here takes pods away");
        assert_eq!(of("secrets"), scene.stamps, "one list for all that pods read and no class fills");
        assert!(!asked.iter().any(|one| others().iter().any(|name| one.ends_with(name))), "and none by name");
        counts.push(asked.len());
        if asked.len() <= limit {
            return;
        }
    }
    panic!("{counts:?} requests in three runs, none within {limit}");
}

/// Waves as wide as they go, no soak, and nothing that waits for logs, metrics or last use.
pub fn set_policy(live: &Live) {
    let path = live.stage.settings_path();
    let mut settings: toml::Table = std::fs::read_to_string(&path).unwrap().parse().unwrap();
    let environment = settings["environment"]["prod"].as_table_mut().unwrap();
    environment["account"].as_table_mut().unwrap().insert("ask_last_use".to_owned(), false.into());
    let policy = environment["policy"].as_table_mut().unwrap();
    policy.insert("wave_size".to_owned(), toml::Value::Integer(100));
    policy.insert("soak".to_owned(), "1s".into());
    policy.insert("metrics_lag".to_owned(), "0s".into());
    // However slow the machine is, nothing grows old on the way. That of the regeneration stays the stage's: some seconds of
    // the wall.
    let ages = [("ordinary", "60m"), ("restart", "30m"), ("proof", "60m")];
    let ages = ages.map(|(age, span)| (age.to_owned(), toml::Value::String(span.to_owned())));
    policy["ages"].as_table_mut().unwrap().extend(ages);
    std::fs::write(path, toml::to_string(&settings).unwrap()).unwrap();
}

/// Notes what is asked of clusters.
struct Noting {
    inner: Arc<dyn Clusters>,
    calls: Calls,
}

#[async_trait]
impl Between for Noting {
    fn behind(&self) -> &dyn Clusters {
        self.inner.as_ref()
    }

    async fn look(&self, stamp: &StampName, salt: &Salt) -> Result<ClusterView, Fault> {
        note(&self.calls, "look");
        self.inner.look(stamp, salt).await
    }

    async fn room(&self, stamp: &StampName) -> Result<RoomView, Fault> {
        note(&self.calls, "room");
        self.inner.room(stamp).await
    }

    async fn restart(
        &self,
        stamp: &StampName,
        workload: &WorkloadName,
        mark: &RestartMark,
        permit: &Permit,
    ) -> Effect<i64> {
        note(&self.calls, "restart");
        self.inner.restart(stamp, workload, mark, permit).await
    }
}

/// How often clusters and vaults are asked from the first restart to the last of a fleet, one stamp after the other.
fn asked_one_by_one(stamps: usize) -> usize {
    let mut config = WorldConfig::default().with_stamps(stamps);
    config.workloads.truncate(1);
    // A stamp takes three minutes and more, so that the fleet takes many times what evidence is good for.
    config.workloads[0].starts_in = keyslot::sim::time::Span::secs(55, 60);
    let theatre = Theatre::new(config);
    assert_eq!(theatre.policy.wave_size, 1);
    let calls: Calls = Arc::default();
    let around = |ports: Ports| {
        let vaults = Arc::new(Vaulted(Arc::clone(&ports.vaults), Arc::clone(&calls)));
        let ports = Ports { vaults, ..ports };
        between::with(ports, |inner| Noting { inner, calls: Arc::clone(&calls) })
    };
    theatre.rotated(around);
    let world = theatre.world.lock();
    assert_eq!(world.outage().refused, 0);
    assert!(world.counters().each_rolled_out(1), "{:?}", world.counters());
    let calls = calls.lock().unwrap();
    let is_restart = |call: &&str| *call == "restart";
    let first = calls.iter().position(is_restart).unwrap();
    calls.iter().rposition(is_restart).unwrap() - first + 1
}

#[test]
fn what_a_fleet_is_asked_grows_with_it_and_not_with_its_square() {
    let (some, more) = (asked_one_by_one(12), asked_one_by_one(24));
    assert!(more < 2 * some + some / 4, "{some} for 12 stamps, {more} for 24");
}

/// Somebody's pod is lost in a stamp that is through, while the next one rolls out, and comes back when there is room again;
/// a watch tells.
struct Turning {
    inner: Arc<dyn Clusters>,
    world: SharedWorld,
    through: StampName,
    next: StampName,
    told: Arc<AtomicBool>,
    /// Whether a watch is open on it.
    followed: bool,
}

#[async_trait]
impl Between for Turning {
    fn behind(&self) -> &dyn Clusters {
        self.inner.as_ref()
    }

    async fn restart(
        &self,
        stamp: &StampName,
        workload: &WorkloadName,
        mark: &RestartMark,
        permit: &Permit,
    ) -> Effect<i64> {
        let effect = self.inner.restart(stamp, workload, mark, permit).await;
        if *stamp == self.next {
            let mut world = self.world.lock();
            let quota = QuotaConfig::pods(0);
            world.apply(Command::SetQuota { stamp: self.through.clone(), quota }).unwrap();
            let cluster = &world.stamp(&self.through).unwrap().cluster;
            let pod = cluster.pods().find(|pod| pod.deleting.is_none()).unwrap();
            let (namespace, name) = (pod.meta.namespace.to_string(), pod.meta.name.to_string());
            world.apply(Command::DeletePod { stamp: self.through.clone(), namespace, name }).unwrap();
        }
        effect
    }

    fn follows(&self, stamp: &StampName) -> bool {
        self.followed && *stamp == self.through
    }

    async fn changed(&self) -> BTreeSet<Changed> {
        if !self.told.swap(false, Ordering::SeqCst) {
            return std::future::pending().await;
        }
        [Changed { stamp: self.through.clone(), what: Happening::Unsettled }].into()
    }
}

/// A rotation whose first stamp turns when the second one is restarted, as far as the second one's restart.
struct Turned {
    theatre: Theatre,
    driver: keyslot::drive::Driver,
    names: Vec<StampName>,
    told: Arc<AtomicBool>,
}

impl Turned {
    fn with(config: WorldConfig, followed: bool) -> Turned {
        let theatre = Theatre::new(config);
        let names: Vec<StampName> = theatre.policy.stamps.iter().map(|facts| facts.name.clone()).collect();
        let told = Arc::new(AtomicBool::new(false));
        let around = |ports: Ports| {
            between::with(ports, |inner| Turning {
                inner,
                world: theatre.world.clone(),
                through: names[0].clone(),
                next: names[1].clone(),
                told: Arc::clone(&told),
                followed,
            })
        };
        let mut driver = block_on(theatre.driver_with("one", "one", Arc::new(Silent), around)).unwrap();
        block_on(driver.open(&theatre.request())).unwrap();
        block_on(driver.approve("approver", None)).unwrap();
        let mut turned = Turned { theatre, driver, names, told };
        while turned.generation(1) == 1 {
            turned.go_on(1);
        }
        turned
    }

    fn generation(&self, place: usize) -> i64 {
        let world = self.theatre.world.lock();
        world.stamp(&self.names[place]).unwrap().cluster.deployments()[0].generation
    }

    fn go_on(&mut self, minutes: u64) {
        for _ in 0..minutes {
            block_on(self.driver.turn()).unwrap();
            let next = later(self.theatre.world.lock().now(), Duration::from_secs(60));
            self.theatre.world.lock().advance_to(next);
        }
    }

    fn make_room(&mut self) {
        let room = Command::SetQuota { stamp: self.names[0].clone(), quota: QuotaConfig::pods(100) };
        self.theatre.world.lock().apply(room).unwrap();
    }
}

#[test]
fn a_stamp_that_is_through_and_turns_holds_the_next_one_until_it_is_well_again() {
    for told in [true, false] {
        let mut config = WorldConfig::default().with_stamps(3);
        config.workloads.truncate(1);
        let mut turned = Turned::with(config, true);
        turned.told.store(told, Ordering::SeqCst);
        turned.go_on(40);
        if !told {
            assert_eq!(turned.generation(2), 2, "nobody tells, and it is not looked at for a count");
            continue;
        }
        assert_eq!(turned.generation(2), 1, "a watch told that the first one does not serve as it should");
        turned.make_room();
        turned.go_on(40);
        assert_eq!(turned.generation(2), 2, "it is well again");
    }
}

#[test]
fn of_stamps_that_nobody_watches_one_is_looked_at_with_each_step() {
    let mut config = WorldConfig::default().with_stamps(6);
    config.workloads.truncate(1);
    config.workloads[0].starts_in = keyslot::sim::time::Span::secs(55, 60);
    let mut turned = Turned::with(config, false);
    turned.go_on(120);
    assert_eq!(turned.generation(5), 1, "the first one does not serve as it should");
    turned.make_room();
    turned.go_on(60);
    assert_eq!(turned.generation(5), 2, "it is well again");
}
