//! Whole rotations where requests are logged: who else uses the old key, and how often the logs are asked.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use keyslot::drive::{Silent, TurnEnd};
use keyslot::model::{ActivityView, AuditView, KeyKind, MetricsView, Slot, TracesView, UsageView};
use keyslot::ports::{Fault, Logs, Ports};
use keyslot::rotation::{Gate, Phase, Reason, Subject, Why};
use keyslot::sim::config::{KeyColumn, OutsiderConfig, WorkloadConfig};
use keyslot::sim::memory::block_on_or_crash;
use keyslot::sim::{Fault as WorldFault, Span, Target, Trouble, When, WorldConfig};

use crate::in_memory::{Life, Theatre};
use crate::journey::later;
use crate::lottery::small_tree;

const MINUTE: Duration = Duration::from_secs(60);
const FUNCTION: &str = "198.51.100.77";

/// Two stamps whose account does not note when keys are used: only the logs tell.
fn theatre(change: impl FnOnce(&mut WorldConfig)) -> Theatre {
    let mut config = WorldConfig::default().with_stamps(2);
    config.repository.tree = small_tree(Slot::Primary);
    config.kubernetes.ring = 0;
    config.workloads = vec![WorkloadConfig::named("catalogservice-deploy")];
    config.account.tells_last_use = false;
    change(&mut config);
    let mut theatre = Theatre::new(config);
    theatre.policy.log_lag = Some(MINUTE * 5);
    let start = theatre.world.lock().now();
    theatre.backstage.until(later(start, MINUTE * 60 * 12));
    theatre
}

fn function(until: Duration) -> OutsiderConfig {
    let primary = KeyKind::read_write(Slot::Primary);
    OutsiderConfig { until, ..OutsiderConfig::function(primary, "East US 2") }
}

struct Counted(Arc<dyn Logs>, Arc<AtomicUsize>);

#[async_trait]
impl Logs for Counted {
    async fn usage(&self, since: Timestamp) -> Result<UsageView, Fault> {
        self.1.fetch_add(1, Ordering::Relaxed);
        self.0.usage(since).await
    }

    async fn refusals(&self, since: Timestamp) -> Result<MetricsView, Fault> {
        self.0.refusals(since).await
    }

    async fn secret_reads(&self, since: Timestamp) -> Result<AuditView, Fault> {
        self.0.secret_reads(since).await
    }

    async fn key_deeds(&self, since: Timestamp) -> Result<ActivityView, Fault> {
        self.0.key_deeds(since).await
    }

    async fn traces(&self, ids: &[String], since: Timestamp) -> Result<TracesView, Fault> {
        self.0.traces(ids, since).await
    }
}

/// One process to its end, its reads of the logs counted.
fn counted(theatre: &Theatre) -> (Option<TurnEnd>, usize) {
    let reads = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&reads);
    let around = |ports: Ports| Ports { logs: Arc::new(Counted(ports.logs.clone(), count)), ..ports };
    let life = async {
        let mut driver = theatre.driver_with("life", "life", Arc::new(Silent), around).await.unwrap();
        driver.open(&theatre.request()).await.unwrap();
        driver.approve("approver", None).await.unwrap();
        driver.run().await.unwrap()
    };
    let end = block_on_or_crash(life, &theatre.crashes.flag().clone());
    (end, reads.load(Ordering::Relaxed))
}

#[test]
fn a_rotation_asks_the_logs_a_few_times_an_hour_and_nobody_is_refused() {
    let theatre = theatre(|_| {});
    let start = theatre.world.lock().now();
    let (end, reads) = counted(&theatre);
    assert_eq!(end, Some(TurnEnd::Done));
    let world = theatre.world.lock();
    assert_eq!(world.outage().refused, 0);
    let minutes = world.now().duration_since(start).as_mins();
    // Once before the first effect, once every few minutes of restarts, and while the window passes.
    assert!((4..=60).contains(&reads), "{reads} in {minutes} minutes");
}

#[test]
fn somebody_whom_only_the_logs_know_holds_the_regeneration_until_gone() {
    let mut unlogged = theatre(|config| config.outsiders.push(function(Duration::MAX)));
    unlogged.policy.log_lag = None;
    unlogged.live();
    assert!(unlogged.world.lock().outage().refused > 0, "without the logs it is refused");

    let mut kept = theatre(|config| config.outsiders.push(function(Duration::MAX)));
    kept.live();
    assert!(kept.backstage.out_of_time());
    assert!(kept.backstage.shots().is_empty(), "nothing was regenerated");

    // Where no census is taken, whoever is quiet is gone.
    let mut gone = theatre(|config| config.outsiders.push(function(MINUTE * 60 * 4)));
    gone.policy.census_window = Duration::ZERO;
    assert_eq!(gone.live(), Life::Ended(TurnEnd::Done));
    let world = gone.world.lock();
    assert_eq!(world.outage().refused, 0);
    let quiet = MINUTE * (60 * 4 - 15 + 30);
    assert!(gone.backstage.shots()[0].at >= later(world.config().start, quiet));
}

/// What holds after so much of the world's time.
fn holds_after(theatre: &Theatre, hours: u32) -> (Phase, Vec<Reason>) {
    let start = theatre.world.lock().now();
    theatre.backstage.until(later(start, MINUTE * 60 * hours));
    counted(theatre);
    theatre.crashes.flag().lower();
    theatre.backstage.in_time_again();
    theatre.backstage.until(later(start, MINUTE * 60 * (hours + 2)));
    let life = async {
        let mut driver = theatre.driver_as("looker", "looker").await.unwrap();
        driver.turn().await.unwrap()
    };
    match block_on_or_crash(life, &theatre.crashes.flag().clone()) {
        Some(TurnEnd::Waiting { phase, reasons, .. } | TurnEnd::Halted { phase, reasons }) => {
            (phase, reasons)
        }
        other => panic!("{other:?}"),
    }
}

/// As where the workspace's ingestion is late for one region's rows: nobody knows who asks there.
#[test]
fn somebody_who_begins_while_the_rows_of_one_region_do_not_come_is_not_refused() {
    let quiet = |change: &dyn Fn(&mut WorldConfig)| {
        let mut theatre = theatre(change);
        theatre.policy.census_window = Duration::ZERO;
        theatre
    };
    let mut undisturbed = quiet(&|_| {});
    assert_eq!(undisturbed.live(), Life::Ended(TurnEnd::Done));
    let begun = undisturbed.world.lock().config().start;
    let regenerated = undisturbed.backstage.shots()[0].at.duration_since(begun).unsigned_abs();
    let from = regenerated - MINUTE * 20;
    let theatre = quiet(&|config| {
        config.faults.push(WorldFault::new(
            When::Window { from, until: MINUTE * 60 * 11 },
            Target::any().and_region("East US 2"),
            Trouble::LogsStall,
        ));
        config.outsiders.push(OutsiderConfig { from: from + MINUTE, ..function(Duration::MAX) });
    });
    let (_, reasons) = holds_after(&theatre, 6);
    let behind = |reason: &Reason| match &reason.why {
        Why::LogsBehind { region: Some(region), .. } => region == "East US 2",
        _ => false,
    };
    assert!(reasons.iter().any(behind), "{reasons:?}");
    assert!(theatre.backstage.shots().is_empty(), "nothing was regenerated");
    assert_eq!(theatre.world.lock().outage().refused, 0);
}

#[test]
fn the_reason_names_who_it_is_and_when() {
    let theatre = theatre(|config| config.outsiders.push(function(Duration::MAX)));
    let (phase, reasons) = holds_after(&theatre, 6);
    assert_eq!(phase, Phase::Quiesce);
    let [Reason { gate: Gate::KeyQuiet, subject: Subject::Client(client), why }] = &reasons[..] else {
        panic!("{reasons:?}")
    };
    assert_eq!(client, FUNCTION);
    let Why::SeenInLogs { at, by, .. } = why else { panic!("{why:?}") };
    assert_eq!((by.address.as_str(), by.agent.as_str()), (FUNCTION, "documentdb-python-sdk/2.3.0"));
    assert!(*at <= theatre.world.lock().now());
    let words = keyslot::render::reason::why(&reasons[0]);
    assert!(words.contains(FUNCTION) && words.contains("logs"), "{words}");
}

#[test]
fn an_explanation_says_which_evidence_of_use_there_is() {
    for (change, words) in [
        (
            (|config: &mut WorldConfig| config.account.tells_last_use = true) as fn(&mut WorldConfig),
            "is told by the account's own note and by the logs, whose newest row is of",
        ),
        (|_: &mut WorldConfig| {}, "is told by the logs, whose newest"),
    ] {
        let theatre = theatre(|config| {
            change(config);
            config.outsiders.push(function(Duration::MAX));
        });
        let text = explained(&theatre);
        assert!(text.contains(words), "{text}");
    }
    let mut unlogged = theatre(|config| config.workloads[0].ends_in = Span::exactly(MINUTE * 60 * 20));
    unlogged.policy.log_lag = None;
    let text = explained(&unlogged);
    assert!(text.contains("nobody tells whether the old key is used"), "{text}");
}

/// What `explain` says of a rotation that has come to quiesce.
fn explained(theatre: &Theatre) -> String {
    assert_eq!(holds_after(theatre, 6).0, Phase::Quiesce);
    let life = async {
        let mut driver = theatre.driver_as("looker", "looker").await.unwrap();
        driver.turn().await.unwrap();
        keyslot::render::explain::reasons(&driver.report().await.unwrap())
    };
    block_on_or_crash(life, &theatre.crashes.flag().clone()).unwrap()
}

#[test]
fn rows_that_name_no_key_hold_by_address() {
    let theatre = theatre(|config| config.logs.as_mut().unwrap().key_column = KeyColumn::Neither);
    let (phase, reasons) = holds_after(&theatre, 6);
    assert_eq!(phase, Phase::Quiesce);
    let named: Vec<String> = reasons
        .iter()
        .filter(|reason| matches!(reason.why, Why::KeyNotNamed { .. }))
        .map(|reason| reason.subject.to_string())
        .collect();
    assert_eq!(named, ["20.50.0.1", "20.50.0.2"], "{reasons:?}");
    let words: String = reasons.iter().map(keyslot::render::reason::why).collect();
    for stamp in &theatre.policy.stamps {
        assert!(words.contains(&format!("from where the pods of {} come", stamp.name)), "{words}");
    }
}

#[test]
fn logs_that_nobody_keeps_are_told_before_anything_is_done() {
    let theatre = theatre(|config| config.logs = None);
    let (phase, reasons) = holds_after(&theatre, 1);
    assert_eq!(phase, Phase::Prepare);
    assert!(reasons.iter().any(|reason| reason.gate == Gate::Preflight), "{reasons:?}");
    assert_eq!(theatre.world.lock().counters().pulls_opened, 0);
}

#[test]
fn the_first_stamp_that_is_refused_is_the_last_that_is_restarted() {
    let at = When::from(MINUTE * 10);
    let theatre = theatre(|config| {
        config.faults.push(WorldFault::new(at, Target::any(), Trouble::MisreadKey));
    });
    let (end, _) = counted(&theatre);
    let Some(TurnEnd::Halted { phase: Phase::Restart, reasons }) = end else { panic!("{end:?}") };
    let canary = theatre.policy.stamps[0].name.clone();
    assert_eq!(reasons.len(), 1, "{reasons:?}");
    assert_eq!((reasons[0].gate, &reasons[0].subject), (Gate::NotRefused, &Subject::Stamp(canary)));
    assert!(matches!(reasons[0].why, Why::RefusedSince { .. }), "{reasons:?}");
    let world = theatre.world.lock();
    assert!(world.stamp_tally(0).refused > 0);
    assert_eq!(world.stamp_tally(1).refused, 0);
}
