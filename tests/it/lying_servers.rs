//! API servers that lie, lag or answer with something else: nothing is regenerated, and no stamp is called restarted, on
//! such evidence.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use keyslot::drive::{Opening, Silent, TurnEnd};
use keyslot::model::{Blindness, ClusterView, Salt, StampName};
use keyslot::ports::{Clusters, Effect, Fault, Ports};
use keyslot::sim::config::{SetConfig, WorkloadConfig};
use keyslot::sim::memory::block_on_or_crash;
use keyslot::sim::wire::{Trouble, Which, WireFault};
use keyslot::sim::{Span, WorldConfig};
use serde_json::json;

use crate::between::{self, Between};
use crate::harm_scenarios::small;
use crate::in_memory::Theatre;
use crate::journey::later;
use crate::kubernetes_adapter::{Say, cluster, deployment, mark, setup};
use crate::live::Live;

/// A list whose version is that.
fn at_version(path: &str, version: &str) -> Say {
    match cluster(path) {
        Say::Json(200, mut list) if list["items"].is_array() => {
            list["metadata"]["resourceVersion"] = json!(version);
            Say::Json(200, list)
        }
        other => other,
    }
}

fn collection(path: &str) -> &str {
    path.split('?').next().unwrap().rsplit('/').next().unwrap()
}

#[tokio::test]
async fn a_list_from_before_what_the_server_has_told_of_is_no_evidence() {
    for lying in ["deployments", "pods", "secretproviderclasses", "secretproviderclasspodstatuses"] {
        let looks = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&looks);
        let setup = setup(&["shop"], move |_, path, _| {
            let look = counted.load(Ordering::SeqCst);
            let version = if look == 1 && collection(path) == lying { "999" } else { "1000" };
            at_version(path, version)
        });
        setup.look().await.unwrap();
        looks.store(1, Ordering::SeqCst);
        let fault = setup.look().await.unwrap_err();
        assert_eq!(fault.kind, Blindness::Unintelligible, "{lying}: {fault}");
        assert!(fault.why.contains("its version 999, after it had shown 1000"), "{lying}: {fault}");
        assert!(fault.remedy.contains("cache that is behind"), "{fault}");
        looks.store(2, Ordering::SeqCst);
        assert!(setup.look().await.is_ok(), "{lying}: it has caught up");
    }
}

#[tokio::test]
async fn after_our_own_restart_a_list_from_before_it_is_no_evidence() {
    let setup = setup(&["shop"], |method, path, _| match method {
        "PATCH" => {
            let mut patched = deployment();
            patched["metadata"]["generation"] = json!(8);
            patched["metadata"]["resourceVersion"] = json!("1500");
            patched["spec"]["template"]["metadata"]["annotations"]["kubectl.kubernetes.io/restartedAt"] =
                json!(mark().restarted_at);
            Say::Json(200, patched)
        }
        _ => at_version(path, "1000"),
    });
    setup.look().await.unwrap();
    assert!(matches!(setup.restart().await, Effect::Applied(8)));
    let fault = setup.look().await.unwrap_err();
    assert!(fault.why.contains("its version 1000, after it had shown 1500"), "{fault}");
}

#[tokio::test]
async fn versions_that_are_no_numbers_are_not_compared() {
    let looks = AtomicU64::new(0);
    let setup = setup(&["shop"], move |_, path, _| {
        at_version(path, if looks.fetch_add(1, Ordering::SeqCst) > 20 { "a" } else { "b" })
    });
    for _ in 0..4 {
        setup.look().await.unwrap();
    }
}

#[tokio::test]
async fn what_is_no_list_is_never_taken_for_an_empty_one() {
    const PAGE: &str = "<!DOCTYPE html><html><body>Sign in to go on.</body></html>";
    type Lie = fn() -> Say;
    let lies: [(&str, Lie); 5] = [
        ("a sign-in page", || Say::Text(200, PAGE)),
        ("nothing", || Say::Text(200, "")),
        ("half a list", || Say::Text(200, r#"{"metadata": {"resourceVersion": "1000"}, "items": [{"meta"#)),
        ("an object without anything", || Say::Json(200, json!({}))),
        ("a Status", || {
            let told = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"});
            Say::Json(200, told)
        }),
    ];
    for (name, lie) in lies {
        for lying in ["deployments", "statefulsets", "pods", "secretproviderclasses"] {
            let setup = setup(&["shop"], move |_, path, _| match collection(path) == lying {
                true => lie(),
                false => cluster(path),
            });
            let fault = setup.look().await.expect_err(name);
            assert_eq!(fault.kind, Blindness::Unintelligible, "{name}, {lying}: {fault}");
        }
    }
}

#[tokio::test]
async fn a_server_that_is_out_of_order_is_asked_again_as_it_says_and_then_told_of() {
    let setup = setup(&["shop"], |_, path, _| cluster(path));
    let pods = || Which { path: "/pods?limit".into(), ..Which::default() };
    let busy = |status, seconds| Trouble::Answer { status, retry_after_seconds: seconds };
    let before = keyslot::ports::Clock::now(setup.clock.as_ref());
    let twice = WireFault { which: pods(), what: busy(503, Some(7)), times: 2 };
    setup.wire.faults().add(twice);
    setup.look().await.unwrap();
    let waited = keyslot::ports::Clock::now(setup.clock.as_ref()).duration_since(before);
    assert!(waited >= jiff::SignedDuration::from_secs(14), "{waited}");

    for (what, kind) in [
        (busy(500, None), Blindness::Unreachable),
        (busy(503, None), Blindness::Unreachable),
        (busy(429, Some(3600)), Blindness::Throttled),
        (busy(403, None), Blindness::Forbidden),
        (Trouble::DropAnswer, Blindness::Unreachable),
        (Trouble::CutAnswer, Blindness::Unintelligible),
        (Trouble::SignInPage, Blindness::Unintelligible),
    ] {
        let fault = WireFault { which: pods(), what: what.clone(), times: 4 };
        let handle = setup.wire.faults().add(fault);
        let mut seen = None;
        while handle.count() < 4 {
            match setup.look().await {
                Err(fault) => seen = Some(fault.kind),
                Ok(_) => panic!("{what:?}"),
            }
        }
        assert_eq!(seen, Some(kind), "{what:?}");
        assert!(setup.look().await.is_ok(), "{what:?}: it is well again");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_rotation_with_servers_that_fail_in_every_way_refuses_nothing_and_restarts_once() {
    let mut config = WorldConfig::seeded(21).with_stamps(2);
    config.people.review = Span::exactly(Duration::from_secs(600));
    let live = Live::set(config, 1200.0);
    let faults = live.stage.simulation.wire.faults();
    let troubles = [
        Trouble::CutAnswer,
        Trouble::SignInPage,
        Trouble::Answer { status: 500, retry_after_seconds: None },
        Trouble::Answer { status: 503, retry_after_seconds: Some(2) },
        Trouble::DropAnswer,
        Trouble::DropRequest,
    ];
    let mut handles = Vec::new();
    for (place, what) in troubles.into_iter().enumerate() {
        for (path, skip) in [
            ("/pods?", 3),
            ("/deployments?", 5),
            ("podstatuses?", 2),
            ("/resourcequotas?", 1),
            ("watch=true", 1),
        ] {
            let which = Which { path: path.into(), skip: skip + 5 * place as u32, ..Which::default() };
            handles.push((path, faults.add(WireFault { which, what: what.clone(), times: 2 })));
        }
    }
    // Two restarts of which nobody knows whether they arrived, and one that an answer in HTML seems to have taken.
    let mut restarts = Vec::new();
    for (skip, what) in [(0, Trouble::DropAnswer), (2, Trouble::CutAnswer), (4, Trouble::SignInPage)] {
        let which = Which { method: "PATCH".into(), path: "/deployments/".into(), skip, ..Which::default() };
        restarts.push(faults.add(WireFault { which, what, times: 1 }));
    }
    let mut process = live.keyslot(&["rotate", "--approve"]);
    assert_eq!(process.end().await, 0, "{}", process.talk());
    live.stage.simulation.world.with(|world| {
        let outcome = world.outcome();
        assert_eq!((outcome.outage.refused, outcome.regenerated.len()), (0, 1));
        let generations = &world.counters().generations;
        assert!(generations.len() == 6 && world.counters().each_rolled_out(1), "{generations:?}");
    });
    let struck: Vec<u32> = restarts.iter().map(|handle| handle.count()).collect();
    assert_eq!(struck, [1, 1, 1], "each restart that was to be spoilt was");
    // What is watched is listed once, and little else often: late ones of a kind find nothing to strike.
    for path in ["/pods?", "/deployments?", "podstatuses?", "/resourcequotas?", "watch=true"] {
        let struck = handles.iter().filter(|(of, handle)| *of == path && handle.count() > 0).count();
        assert!(struck > 0, "none struck {path}");
    }
}

/// What a server says instead of the truth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lie {
    /// What it said before, as if it were so now.
    Stale,
    /// Everything but a pod that lives.
    OneLess,
    /// Everything but the pods that are told to end.
    NoneEnds,
    /// The controller has not seen the newest generation yet.
    Behind,
    /// Something that is no answer.
    Nonsense,
}

/// A cluster whose API server tells a lie in one of two looks, by its number.
struct Liar {
    inner: Arc<dyn Clusters>,
    lies: &'static [Lie],
    seed: u64,
    looks: AtomicU64,
    said: Mutex<BTreeMap<StampName, Vec<ClusterView>>>,
}

impl Liar {
    fn dice(&self) -> u64 {
        let number = self.looks.fetch_add(1, Ordering::SeqCst);
        // SplitMix64.
        let mut bits = (self.seed << 32 | number).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^ (bits >> 31)
    }

    fn tell(&self, stamp: &StampName, mut truth: ClusterView) -> Result<ClusterView, Fault> {
        let dice = self.dice();
        let mut said = self.said.lock().unwrap();
        let said = said.entry(stamp.clone()).or_default();
        said.push(truth.clone());
        if dice.is_multiple_of(2) {
            return Ok(truth);
        }
        let pick = |many: usize| (dice >> 8) as usize % many.max(1);
        match self.lies[(dice >> 4) as usize % self.lies.len()] {
            Lie::Stale => {
                let back = pick(8).min(said.len() - 1);
                Ok(said[said.len() - 1 - back].clone())
            }
            Lie::OneLess => {
                let living: Vec<usize> =
                    (0..truth.pods.len()).filter(|at| truth.pods[*at].deleting.is_none()).collect();
                if !living.is_empty() {
                    truth.pods.remove(living[pick(living.len())]);
                }
                Ok(truth)
            }
            Lie::NoneEnds => {
                truth.pods.retain(|pod| pod.deleting.is_none());
                Ok(truth)
            }
            Lie::Behind => {
                truth.workloads.iter_mut().for_each(|workload| workload.observed_generation -= 1);
                Ok(truth)
            }
            Lie::Nonsense => {
                Err(Fault::new(Blindness::Unintelligible, "list the pods", "cluster", "a page in HTML"))
            }
        }
    }
}

#[async_trait]
impl Between for Liar {
    fn behind(&self) -> &dyn Clusters {
        self.inner.as_ref()
    }

    async fn look(&self, stamp: &StampName, salt: &Salt) -> Result<ClusterView, Fault> {
        let truth = self.inner.look(stamp, salt).await?;
        self.tell(stamp, truth)
    }
}

/// Two Deployments, one of which drains for longer than a regeneration takes.
fn world(seed: u64) -> WorldConfig {
    let mut config = small();
    config.seed = seed;
    config.account.tells_last_use = false;
    let drains = Span::exactly(Duration::from_secs(1500));
    let worker = WorkloadConfig { ends_in: drains, ..WorkloadConfig::named("backgroundprocessor-deploy") };
    config.workloads.push(worker);
    config
}

/// How often somebody asks again.
const LIVES: usize = 40;

fn rotate(config: WorldConfig, lies: &'static [Lie], seed: u64) -> (Option<TurnEnd>, u64, usize, String) {
    let theatre = Theatre::new(config);
    let start = theatre.world.lock().now();
    theatre.backstage.until(later(start, Duration::from_secs(36 * 3600)));
    let flag = theatre.crashes.flag().clone();
    let around = |ports: Ports| {
        let said = Mutex::default();
        between::with(ports, |inner| Liar { inner, lies, seed, looks: AtomicU64::new(0), said })
    };
    // A lie may look like what only a person can help against; whoever asks again gets on.
    let mut end = None;
    for life in 0..LIVES {
        let name = format!("life-{life}");
        let run = async {
            let mut driver = theatre.driver_with(&name, &name, Arc::new(Silent), around).await.unwrap();
            if matches!(driver.open(&theatre.request()).await.unwrap(), Opening::JustDone { .. }) {
                return TurnEnd::Done;
            }
            driver.approve("approver", None).await.unwrap();
            driver.run().await.unwrap()
        };
        end = block_on_or_crash(run, &flag);
        if matches!(end, Some(TurnEnd::Done) | None) {
            break;
        }
    }
    let world = theatre.world.lock();
    let outcome = world.outcome();
    let raised = format!("{:?}", world.counters().generations);
    (end, outcome.outage.refused, outcome.regenerated.len(), raised)
}

#[test]
fn whatever_lies_are_told_of_pods_and_workloads_nothing_is_refused() {
    const ALL: &[Lie] = &[Lie::Stale, Lie::OneLess, Lie::NoneEnds, Lie::Behind, Lie::Nonsense];
    for (lies, seeds) in [
        (&[Lie::Stale] as &[Lie], 6),
        (&[Lie::OneLess], 6),
        (&[Lie::NoneEnds], 6),
        (&[Lie::Behind], 3),
        (ALL, 12),
    ] {
        for seed in 0..seeds {
            let (end, refused, regenerated, raised) = rotate(world(seed + 1), lies, seed);
            assert_eq!(refused, 0, "{lies:?} {seed}: {raised}");
            assert_eq!((end, regenerated), (Some(TurnEnd::Done), 1), "{lies:?} {seed}: {raised}");
            // A list from before our restart may cause another one; a list that is not whole does not.
            let once = raised.matches("): 1").count() == 4;
            assert!(once || lies.contains(&Lie::Stale), "{lies:?} {seed}: {raised}");
        }
    }
}

#[test]
fn the_same_with_sets_whose_controllers_count_until_a_pod_is_gone() {
    for seed in 0..4 {
        let mut config = world(seed + 1);
        config.sets = vec![SetConfig::stateful("orders-db"), SetConfig::rollout("checkout")];
        for set in &mut config.sets {
            set.workload.ends_in = Span::secs(30, 900);
        }
        let (end, refused, regenerated, raised) =
            rotate(config, &[Lie::Stale, Lie::OneLess, Lie::Behind], seed);
        assert_eq!((end, refused, regenerated), (Some(TurnEnd::Done), 0, 1), "{seed}: {raised}");
    }
}
