//! Whole rotations of a world that has StatefulSets and DaemonSets too: in memory, and by the program over the wire.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use keyslot::drive::{Notice, TurnEnd, Watcher};
use keyslot::model::{ReplicaNumber, Slot, WorkloadKind};
use keyslot::render;
use keyslot::rotation::Gate;
use keyslot::sim::config::{CronJobConfig, KeySource, SetConfig};
use keyslot::sim::memory::{CrashMoment, Crashes};
use keyslot::sim::{Command, DeploymentPatch, Fault, Holds, Span, Target, Trouble, When, World, WorldConfig};

use crate::in_memory::{Life, Theatre};
use crate::live::Live;

fn world() -> WorldConfig {
    WorldConfig::default().with_sets().with_stamps(2)
}

/// Everything was restarted once, ends on the new key, and nothing was refused.
fn everybody_moved(world: &World, workloads: usize) {
    let counters = world.counters();
    assert_eq!(counters.generations.len(), workloads * 2, "{:?}", counters.generations);
    assert!(counters.each_rolled_out(1), "{:?}", counters.generations);
    let outcome = world.outcome();
    assert_eq!(outcome.outage.refused, 0);
    assert_eq!(outcome.regenerated.len(), 1);
    for stamp in &outcome.stamps {
        assert_eq!((stamp.vault_slot, stamp.pods_slot), (Holds::Secondary, Holds::Secondary));
        assert!(stamp.restarted, "{}", stamp.name);
    }
}

#[test]
fn a_world_with_every_kind_is_rotated_whole() {
    let mut config = world();
    // One of them reads a synced Secret.
    config.sets[0].workload.key = KeySource::SyncedSecret("cosmos".to_owned());
    let mut theatre = Theatre::new(config);
    assert_eq!(theatre.policy.workloads.len(), 5);
    assert!(matches!(theatre.live(), Life::Ended(TurnEnd::Done)));
    everybody_moved(&theatre.world.lock(), 5);
    assert_eq!(theatre.world.lock().outage().dark, Duration::ZERO);
}

/// Everything reads one Secret, and a CronJob makes a new owner of it once an hour.
fn all_reading() -> WorldConfig {
    let mut config = world();
    config.sets.truncate(1);
    let read = || KeySource::SyncedSecret("cosmos".to_owned());
    config.workloads.iter_mut().for_each(|workload| workload.key = read());
    config.sets.iter_mut().for_each(|set| set.workload.key = read());
    config.cron_jobs = vec![CronJobConfig { every: 1, ..CronJobConfig::named("hourly").reading("cosmos") }];
    config
}

#[test]
fn no_pod_is_made_old_by_the_owners_that_a_restart_gives_to_a_synced_secret() {
    let mut undisturbed = Theatre::new(all_reading());
    assert!(matches!(undisturbed.live(), Life::Ended(TurnEnd::Done)));
    everybody_moved(&undisturbed.world.lock(), 4);
    let effects = undisturbed.crashes.effects();
    // Whoever comes after a process that died knows of the Secrets what the journal tells.
    for effect in (1..=effects).step_by(2) {
        let mut theatre =
            Theatre::with_crashes(all_reading(), Crashes::at([(effect, CrashMoment::AfterApplying)]));
        assert!(matches!(theatre.live(), Life::Crashed), "{effect}");
        let life = theatre.live_with_person();
        assert!(matches!(life, Life::Ended(TurnEnd::Done)), "{effect}: {life:?}");
        everybody_moved(&theatre.world.lock(), 4);
    }
}

#[test]
fn sets_that_the_configuration_leaves_out_hold_by_name_before_anything_is_done() {
    let mut theatre = Theatre::new(world());
    theatre.policy.workloads.retain(|workload| workload.kind == WorkloadKind::Deployment);
    let life = theatre.live();
    let Life::Ended(TurnEnd::Halted { reasons, .. }) = &life else { panic!("{life:?}") };
    let held: Vec<String> = reasons.iter().map(|reason| reason.subject.to_string()).collect();
    for name in ["workload/statefulset/orders-db", "workload/daemonset/relay-agent"] {
        assert!(held.iter().any(|subject| subject.ends_with(name)), "{held:?}");
    }
    assert!(reasons.iter().all(|reason| reason.gate == Gate::Consumers), "{reasons:?}");
    assert_eq!(theatre.world.lock().counters().pulls_opened, 0);
}

#[test]
fn a_set_whose_pods_are_replaced_on_deletion_halts_and_never_loses_its_key() {
    let mut config = world();
    config.sets[1].on_delete = true;
    let mut theatre = Theatre::new(config);
    let life = theatre.live();
    let Life::Ended(TurnEnd::Halted { reasons, .. }) = &life else { panic!("{life:?}") };
    assert!(reasons.iter().all(|reason| reason.why.kind() == "on-delete"), "{reasons:?}");
    let outcome = theatre.world.lock().outcome();
    assert_eq!((outcome.outage.refused, outcome.regenerated.len()), (0, 0));
    assert!(outcome.stamps.iter().all(|stamp| stamp.pods_slot == Holds::from(Slot::Primary)));
}

#[test]
fn a_set_whose_new_pods_do_not_start_halts_at_the_canary() {
    for set in 0..2 {
        let mut config = world();
        let name = config.sets[set].workload.name.clone();
        config.faults.push(Fault::new(When::Always, Target::workload(name.clone()), Trouble::CrashLoop));
        let mut theatre = Theatre::new(config);
        let life = theatre.live();
        let Life::Ended(TurnEnd::Halted { reasons, .. }) = &life else { panic!("{life:?}") };
        let failed = reasons.iter().find(|reason| reason.why.kind() == "rollout-failed");
        assert!(
            failed.is_some_and(|failed| failed.subject.to_string().ends_with(&name.to_string())),
            "{life:?}"
        );
        let world = theatre.world.lock();
        let rolled = world.counters().generations.keys().filter(|(_, workload)| *workload == name).count();
        assert_eq!((rolled, world.outage().refused), (1, 0), "the canary only");
        assert_eq!(world.outage().dark, Duration::ZERO, "the other pods serve on");
    }
}

/// A Job that begins before the vaults are written and works for longer than everything else takes, while all other
/// pods end soon.
fn with_a_long_job() -> WorldConfig {
    let mut config = world();
    let mut nightly = CronJobConfig { every: 1, ..CronJobConfig::named("nightly") };
    nightly.workload.ends_in = Span::exactly(Duration::from_secs(5 * 3600));
    config.cron_jobs = vec![nightly];
    config.people.review = Span::exactly(Duration::from_secs(3600));
    config.account.tells_last_use = false;
    for workload in &mut config.workloads {
        workload.ends_in = Span::exactly(Duration::from_secs(10));
    }
    config
}

#[test]
fn a_job_that_began_with_the_old_key_is_waited_for_by_name() {
    let mut theatre = Theatre::new(with_a_long_job());
    let told: Arc<Told> = Arc::default();
    theatre.watcher = told.clone();
    assert!(matches!(theatre.live(), Life::Ended(TurnEnd::Done)));
    let waited = told.0.lock().unwrap().clone();
    assert!(waited.iter().any(|subject| subject.contains("/workload/job/nightly-")), "{waited:?}");
    let outcome = theatre.world.lock().outcome();
    assert_eq!((outcome.outage.refused, outcome.regenerated.len()), (0, 1));
}

#[test]
fn without_the_gate_a_running_job_is_refused() {
    let mut theatre = Theatre::new(with_a_long_job());
    theatre.without.insert(Gate::OldPodsGone);
    theatre.live();
    assert!(theatre.world.lock().outage().refused > 0);
}

#[test]
fn a_cron_job_whose_next_run_would_read_the_old_key_halts_by_name() {
    let mut config = world();
    config.cron_jobs = vec![CronJobConfig { every: 24, ..CronJobConfig::named("nightly") }.reading("cosmos")];
    let mut theatre = Theatre::new(config);
    let life = theatre.live();
    let Life::Ended(TurnEnd::Halted { reasons, .. }) = &life else { panic!("{life:?}") };
    let held = reasons.iter().find(|reason| reason.why.kind() == "cron-job-reads-stale");
    let held = held.unwrap_or_else(|| panic!("{reasons:?}"));
    assert!(held.subject.to_string().ends_with("/workload/cronjob/nightly"), "{held:?}");
    let outcome = theatre.world.lock().outcome();
    assert_eq!((outcome.outage.refused, outcome.regenerated.len()), (0, 0));
}

/// What was waited for, by subject.
#[derive(Default)]
struct Told(Mutex<BTreeSet<String>>);

impl Watcher for Told {
    fn notice(&self, _: Timestamp, notice: &Notice<'_>) {
        if let Notice::Waiting { reasons, .. } = notice {
            self.0.lock().unwrap().extend(reasons.iter().map(|reason| reason.subject.to_string()));
        }
    }
}

/// A world after the program has moved so many workloads of each stamp in it.
async fn over_the_wire(config: WorldConfig, workloads: usize) -> Live {
    let live = Live::set(config, 1200.0);
    let mut process = live.keyslot(&["rotate", "--approve"]);
    assert_eq!(process.end().await, 0, "{}", process.talk());
    live.stage.simulation.world.with(|world| everybody_moved(world, workloads));
    live
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_restarts_every_kind_over_the_wire() {
    let live = over_the_wire(world(), 5).await;
    let changes = live.stage.simulation.wire.transcript().changes();
    for plural in ["statefulsets/orders-db", "daemonsets/relay-agent"] {
        let patches = changes.iter().filter(|entry| entry.path.contains(plural));
        assert_eq!(patches.count(), 2, "{changes:#?}");
    }
}

#[test]
fn whatever_the_kinds_and_their_pace_nothing_is_ever_refused() {
    for seed in 1..=8_u64 {
        let mut config = WorldConfig::seeded(seed).with_sets().with_stamps(1 + (seed % 2) as usize);
        config.account.tells_last_use = seed % 3 == 0;
        let [stateful, daemon] = config.sets.as_mut_slice() else { panic!("two sets") };
        stateful.workload.replicas = 2 + (seed % 3) as u32;
        // Longer than a regeneration now and then, and later than the rollout's own end.
        stateful.workload.ends_in = Span::secs(5 * seed, 200 * seed);
        daemon.workload.max_unavailable = ReplicaNumber::Count(1 + (seed % 2) as u32);
        daemon.workload.min_ready = Duration::from_secs(seed % 2 * 20);
        daemon.workload.starts_in = Span::secs(5, 100);
        if seed % 2 == 0 {
            daemon.workload.key = KeySource::SyncedSecret("cosmos".to_owned());
        }
        let mut job = CronJobConfig { every: 1 + (seed % 3) as u32, ..CronJobConfig::named("nightly") };
        job.workload.ends_in = Span::secs(60, 3000 * seed);
        config.cron_jobs = vec![job];
        let mut theatre = Theatre::new(config);
        let life = theatre.live();
        assert!(matches!(life, Life::Ended(TurnEnd::Done)), "{seed}: {life:?}");
        let outcome = theatre.world.lock().outcome();
        assert_eq!((outcome.outage.refused, outcome.regenerated.len()), (0, 1), "{seed}");
        assert!(
            outcome.stamps.iter().all(|stamp| stamp.pods_slot == Holds::Secondary),
            "{seed}: {outcome:?}"
        );
    }
}

/// A Rollout of Argo beside the Deployments.
fn with_argo() -> WorldConfig {
    let mut config = WorldConfig::default().with_stamps(2);
    config.sets = vec![SetConfig::rollout("checkout")];
    config.sets[0].workload.ends_in = Span::exactly(Duration::from_secs(600));
    config
}

#[test]
fn a_rollout_of_argo_is_restarted_in_place_and_its_old_pods_are_waited_for() {
    let mut theatre = Theatre::new(with_argo());
    assert!(matches!(theatre.live(), Life::Ended(TurnEnd::Done)));
    let world = theatre.world.lock();
    everybody_moved(&world, 4);
    for stamp in world.stamps() {
        assert_eq!(stamp.cluster.sets()[0].revisions.len(), 1, "no new template");
    }
}

#[test]
fn a_rollout_of_argo_whose_pods_may_not_be_evicted_halts_and_says_so() {
    let mut config = with_argo();
    let replicas = config.sets[0].workload.replicas;
    config.sets[0].workload.disruption_budget = Some(ReplicaNumber::Count(replicas));
    let mut theatre = Theatre::new(config);
    let life = theatre.live();
    let Life::Ended(TurnEnd::Halted { reasons, .. }) = &life else { panic!("{life:?}") };
    let failed = reasons.iter().find(|reason| reason.why.kind() == "rollout-failed");
    let told = render::reason::why(failed.unwrap_or_else(|| panic!("{reasons:?}")));
    assert!(told.contains("no pod was replaced for 30 min"), "{told}");
    assert!(told.contains("does a PodDisruptionBudget refuse the evictions"), "{told}");
    let outcome = theatre.world.lock().outcome();
    assert_eq!((outcome.outage.refused, outcome.regenerated.len()), (0, 0));
}

#[test]
fn a_rollout_that_waits_between_two_steps_halts_and_says_who_can_promote_it() {
    let mut theatre = Theatre::new(with_argo());
    let workload = theatre.policy.workloads[3].clone();
    let of = |stamp: &keyslot::model::StampName, patch| Command::Patch {
        stamp: stamp.clone(),
        workload: workload.clone(),
        patch,
    };
    let stamp = theatre.policy.stamps[1].name.clone();
    let image = DeploymentPatch { image: Some("checkout:2".to_owned()), ..DeploymentPatch::default() };
    theatre.world.lock().apply(of(&stamp, image)).unwrap();
    let life = theatre.live();
    let Life::Ended(TurnEnd::Halted { reasons, .. }) = &life else { panic!("{life:?}") };
    let paused =
        reasons.iter().find(|reason| reason.why.kind() == "paused").unwrap_or_else(|| panic!("{reasons:?}"));
    assert!(paused.subject.to_string().ends_with("workload/rollout/checkout"), "{paused:?}");
    assert!(render::reason::remedy(paused).contains("kubectl argo rollouts promote"));
    theatre.world.lock().apply(of(&stamp, DeploymentPatch::pause(false))).unwrap();
    assert!(matches!(theatre.live(), Life::Ended(TurnEnd::Done)));
    assert_eq!(theatre.world.lock().outcome().outage.refused, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_finds_and_restarts_a_rollout_of_argo_over_the_wire() {
    let live = over_the_wire(with_argo(), 4).await;
    let changes = live.stage.simulation.wire.transcript().changes();
    let path = "/apis/argoproj.io/v1alpha1/namespaces/workload/rollouts/checkout";
    assert_eq!(changes.iter().filter(|entry| entry.path.contains(path)).count(), 2, "{changes:#?}");
}
