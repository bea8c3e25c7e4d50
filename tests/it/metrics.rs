//! The account's own metrics: whom it refuses, where nobody keeps logs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use futures::executor::block_on;
use jiff::{SignedDuration, Timestamp};
use keyslot::adapters::arm::ArmAccess;
use keyslot::adapters::metrics::Metrics;
use keyslot::drive::{Silent, TurnEnd};
use keyslot::model::{
    ActivityView, AuditView, Blindness, EvidenceKey, Fingerprint, KeyKind, KeyProof, MetricsView, Refusals,
    RefusedMinute, Seen, Slot, TracesView, UsageView,
};
use keyslot::ports::{Clock, Fault as Unseen, Logs, Ports};
use keyslot::rotation::{Event, Gate, Reason, Step, Subject, Verdict, Why};
use keyslot::sim::config::{OutsiderConfig, WorkloadConfig};
use keyslot::sim::fault::{Fault, Operation, Target, Trouble, When};
use keyslot::sim::memory::block_on_or_crash;
use keyslot::sim::{Command, Span, WorldConfig};

use crate::closed_wire::access;
use crate::in_memory::{Life, Theatre};
use crate::journey::later;
use crate::lottery::small_tree;
use crate::stage::{Stage, holding, stamp};
use crate::wire_azure::Rig;

const MINUTE: Duration = Duration::from_secs(60);

fn view(stage: &Stage, refused: &[(&str, i64, u64)]) -> MetricsView {
    let ago = |minutes: i64| stage.now - SignedDuration::from_mins(minutes);
    let minute = |(region, minutes, count): &(&str, i64, u64)| RefusedMinute {
        region: (*region).to_owned(),
        begin: ago(*minutes),
        count: *count,
    };
    let told = ["east", "north"].map(|region| (region.to_owned(), stage.now - SignedDuration::from_mins(2)));
    MetricsView { since: ago(180), refused: refused.iter().map(minute).collect(), told: told.into() }
}

/// Without logs; the canary was replaced so many minutes ago, and soaks for ten.
fn soaked(minutes: i64, refused: &[(&str, i64, u64)]) -> Stage {
    let mut stage = Stage::before_restart();
    (stage.policy.log_lag, stage.world.usage) = (None, None);
    stage.policy.metrics_lag = Some(MINUTE * 5);
    let created = stage.now - SignedDuration::from_mins(minutes);
    stage.cluster_mut("east").pods.iter_mut().for_each(|pod| pod.created = created);
    stage.world.metrics = Some(Seen::known(stage.now, view(&stage, refused)));
    stage
}

fn goes_on(stage: &Stage) -> bool {
    match &stage.decide().verdict {
        Verdict::Act { steps, .. } => {
            matches!(&steps[..], [Step::Restart { stamp: name, .. }] if *name == stamp("north"))
        }
        _ => false,
    }
}

#[test]
fn a_region_that_refuses_after_the_canary_was_replaced_stops_the_wave() {
    let refused = soaked(30, &[("east", 40, 7), ("east", 20, 3), ("east", 91, 100)]);
    let Verdict::Halt { reasons } = refused.decide().verdict else { panic!("{:?}", refused.decide()) };
    let [Reason { gate: Gate::NotRefused, subject, why: Why::RefusedByMetrics { refusals, .. } }] =
        &reasons[..]
    else {
        panic!("{reasons:?}")
    };
    assert_eq!(*subject, Subject::Stamp(stamp("east")));
    let told = Refusals {
        region: "east".to_owned(),
        last: refused.now - SignedDuration::from_mins(20),
        count: 3,
        most: 3,
        before: Some(7),
    };
    assert_eq!(*refusals, told);
    assert!(goes_on(&soaked(30, &[("east", 31, 5), ("north", 5, 5)])), "another time, another region");
    let mut nobody_knows_where = soaked(30, &[("west", 5, 1)]);
    nobody_knows_where.policy.stamps[0].region = None;
    assert_eq!(holding(&nobody_knows_where.decide()), [Gate::NotRefused].into());
    let mut unasked = soaked(30, &[("east", 20, 3)]);
    unasked.policy.metrics_lag = None;
    assert!(goes_on(&unasked));
}

/// A client that is refused as it starts is so by the account's global name, which is served where the account writes.
#[test]
fn what_the_region_that_writes_refuses_is_told_of_the_stamp_that_was_renewed_last() {
    let subjects = |stage: &Stage| match stage.decide().verdict {
        Verdict::Halt { reasons } => {
            reasons.iter().map(|reason| reason.subject.to_string()).collect::<Vec<_>>().join(" ")
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(subjects(&soaked(30, &[("North Europe", 20, 3)])), "east");
    let mut both = soaked(30, &[("North Europe", 20, 3)]);
    let created = both.now - SignedDuration::from_mins(10);
    both.cluster_mut("north").pods.iter_mut().for_each(|pod| pod.created = created);
    assert_eq!(subjects(&both), "east");
    both.world.metrics = Some(Seen::known(both.now, view(&both, &[("North Europe", 5, 3)])));
    assert_eq!(subjects(&both), "north");
}

#[test]
fn a_soak_lasts_until_the_metrics_of_its_last_minute_have_come_and_were_looked_at() {
    let early = soaked(14, &[]).decide();
    assert_eq!(holding(&early), [Gate::Wave].into(), "{early:?}");
    assert!(goes_on(&soaked(15, &[])));
    // Nobody has looked since they have come.
    let mut before = soaked(16, &[]);
    before.world.metrics.as_mut().unwrap().at = before.now - SignedDuration::from_mins(2);
    let Verdict::Wait { reasons, .. } = before.decide().verdict else { panic!("{:?}", before.decide()) };
    assert!(reasons.iter().any(|reason| reason.why == Why::NotSeen(EvidenceKey::Metrics)), "{reasons:?}");
}

#[test]
fn metrics_that_nobody_may_read_are_no_evidence_and_those_that_do_not_answer_hold() {
    for (kind, open) in
        [(Blindness::Forbidden, true), (Blindness::Missing, true), (Blindness::Unreachable, false)]
    {
        let mut stage = soaked(12, &[]);
        stage.world.metrics = Some(Seen::blind(stage.now, kind, "no"));
        assert_eq!(goes_on(&stage), open, "{kind:?}: {:?}", stage.decide());
    }
    let mut ready = Stage::ready();
    ready.policy.metrics_lag = Some(MINUTE * 5);
    ready.world.metrics = Some(Seen::known(ready.now, view(&ready, &[("east", 0, 1)])));
    assert!(holding(&ready.decide()).contains(&Gate::NotRefused), "{:?}", ready.decide());
}

#[test]
fn metrics_that_tell_of_no_request_tell_of_no_refusal_either() {
    let silent = |stage: &Stage| match stage.decide().verdict {
        Verdict::Wait { reasons, .. } | Verdict::Halt { reasons } => {
            let silent = |reason: &Reason| match reason.why {
                Why::MetricsSilent { lasting, .. } => Some((reason.subject.clone(), lasting)),
                _ => None,
            };
            reasons.iter().find_map(silent)
        }
        _ => None,
    };
    let tells = |stage: &mut Stage, told: &[(&str, i64)]| {
        let ago = |minutes: i64| stage.now - SignedDuration::from_mins(minutes);
        let told = told.iter().map(|(region, minutes)| ((*region).to_owned(), ago(*minutes))).collect();
        stage.world.metrics.as_mut().unwrap().what.as_mut().unwrap().told = told;
    };
    // The soak ended six minutes ago; since then its region was told of, or was not.
    let mut soaked_now = soaked(16, &[]);
    tells(&mut soaked_now, &[("east", 6)]);
    assert!(goes_on(&soaked_now), "{:?}", soaked_now.decide());
    tells(&mut soaked_now, &[("east", 9), ("north", 2)]);
    let east = Subject::Stamp(stamp("east"));
    assert_eq!(silent(&soaked_now), Some((east.clone(), false)), "{:?}", soaked_now.decide());
    tells(&mut soaked_now, &[]);
    assert_eq!(silent(&soaked_now), Some((east.clone(), false)));
    let mut long = soaked(60, &[]);
    tells(&mut long, &[("east", 59)]);
    assert_eq!(silent(&long), Some((east.clone(), true)), "{:?}", long.decide());
    let Verdict::Halt { reasons } = long.decide().verdict else { panic!("{:?}", long.decide()) };
    let remedy = keyslot::render::reason::remedy(&reasons[0]);
    assert!(remedy.contains("metrics_lag = \"0s\""), "{remedy}");
    // Nobody wants them, or nobody is served there.
    long.policy.metrics_lag = None;
    assert!(goes_on(&long), "{:?}", long.decide());
    // Before the regeneration too.
    let mut ready = Stage::ready();
    (ready.policy.log_lag, ready.world.usage) = (None, None);
    ready.policy.metrics_lag = Some(MINUTE * 5);
    let mut clean = view(&ready, &[]);
    clean.since = ready.now - SignedDuration::from_hours(8 * 24);
    ready.world.metrics = Some(Seen::known(ready.now, clean));
    let before = holding(&ready.decide());
    tells(&mut ready, &[("east", 18), ("north", 2)]);
    assert_eq!((silent(&ready), before.contains(&Gate::NotRefused)), (Some((east, false)), false));
    tells(&mut ready, &[("east", 50), ("north", 2)]);
    assert_eq!(silent(&ready), Some((Subject::Stamp(stamp("east")), true)), "nothing for so long is no lag");
    // Logs are the better evidence where they tell of the region's requests, and none where they do not.
    ready.policy.log_lag = Some(MINUTE * 4);
    let usage = crate::stage::usage(ready.now);
    ready.world.usage = Some(Seen::known(ready.now, usage.clone()));
    assert_eq!(silent(&ready), None, "{:?}", ready.decide());
    let elsewhere = usage.requests.iter().filter(|requests| requests.region != "east").cloned().collect();
    ready.world.usage = Some(Seen::known(ready.now, UsageView { requests: elsewhere, ..usage }));
    assert_eq!(
        silent(&ready),
        Some((Subject::Stamp(stamp("east")), true)),
        "they have come, and not of there"
    );
    ready.policy.stamps[0].live_traffic = false;
    assert_eq!(silent(&ready), None, "{:?}", ready.decide());
}

/// Our own requests with the new key are refused on its way to every region, and nothing tells them from others.
#[test]
fn a_key_that_takes_its_time_to_every_region_is_waited_for_and_nobody_is_called() {
    let mut theatre = theatre(|config| config.account.propagation = Span::exactly(MINUTE * 20));
    assert_eq!(theatre.live(), Life::Ended(TurnEnd::Done));
    assert_eq!(theatre.world.lock().outage().refused, 0);
}

/// Once the old key is gone, restarts end what the account refuses.
#[test]
fn refusals_do_not_stop_the_restarts_that_end_them_once_the_old_key_is_gone() {
    let mut stage = soaked(30, &[("east", 20, 3)]);
    assert!(!goes_on(&stage));
    let kind = KeyKind::read_write(Slot::Primary);
    let made = stage.now - SignedDuration::from_mins(60);
    stage.account_mut().keys.get_mut(&kind).unwrap().generated = Some(made);
    // Every region took the new key before that, so they count.
    let fingerprint = stage.account_mut().keys[&kind].fingerprint.clone().unwrap();
    let since = stage.now - SignedDuration::from_mins(40);
    stage.events.push((since, Event::Proven { fingerprint, accepted: true, probed: None }));
    let decision = stage.decide();
    let Verdict::Act { steps, .. } = &decision.verdict else { panic!("{decision:?}") };
    assert!(matches!(&steps[..], [Step::Restart { stamp: on, .. }] if *on == stamp("north")), "{decision:?}");
}

/// What an HPA adds later is no renewal: a refusal before it counts.
#[test]
fn pods_that_are_added_later_hide_no_refusal_once_the_old_key_is_gone() {
    let refused = |added: bool| {
        let mut stage = Stage::ready();
        (stage.policy.log_lag, stage.world.usage) = (None, None);
        stage.policy.metrics_lag = Some(MINUTE * 5);
        let kind = KeyKind::read_write(Slot::Primary);
        let ago = |stage: &Stage, minutes: i64| stage.now - SignedDuration::from_mins(minutes);
        stage.account_mut().keys.get_mut(&kind).unwrap().generated = Some(ago(&stage, 60));
        let fingerprint = stage.account_mut().keys[&kind].fingerprint.clone().unwrap();
        stage.events.push((ago(&stage, 40), Event::Proven { fingerprint, accepted: true, probed: None }));
        let mut view = view(&stage, &[("east", 5, 3)]);
        view.since = stage.now - SignedDuration::from_hours(8 * 24);
        stage.world.metrics = Some(Seen::known(stage.now, view));
        if added {
            let now = ago(&stage, 0);
            let pod = crate::consumers::one_more(&mut stage, "east");
            (pod.uid, pod.created) = ("hpa".to_owned(), now);
            // That is how it adds one.
            let workload = &mut stage.cluster_mut("east").workloads[0];
            let more = workload.desired + 1;
            (workload.desired, workload.replicas, workload.updated) = (more, more, more);
            (workload.ready, workload.available) = (more, more);
            workload.conditions = vec![crate::gates::rolled_out(crate::stage::at(70))];
        }
        holding(&stage.decide()).contains(&Gate::NotRefused)
    };
    assert_eq!((refused(false), refused(true)), (true, true));
}

/// The old key is gone since an hour, and every region has taken the new one since forty minutes, or so many.
fn past_return(proven: i64, refused: &[(&str, i64, u64)]) -> Stage {
    let mut stage = Stage::ready();
    (stage.policy.log_lag, stage.world.usage) = (None, None);
    stage.policy.metrics_lag = Some(MINUTE * 5);
    let kind = KeyKind::read_write(Slot::Primary);
    let now = stage.now;
    let ago = |minutes: i64| now - SignedDuration::from_mins(minutes);
    let generated = ago(60);
    let fingerprint = Fingerprint::of(b"new", &crate::stage::salt());
    let key = stage.account_mut().keys.get_mut(&kind).unwrap();
    (key.generated, key.fingerprint) = (Some(generated), Some(fingerprint.clone()));
    let proof = KeyProof { fingerprint: Some(fingerprint.clone()), ..crate::stage::proof(Slot::Primary) };
    stage.world.proofs.insert(Slot::Primary, Seen::known(stage.now, proof));
    for minutes in (0..=proven).rev().step_by(5) {
        let proven = Event::Proven { fingerprint: fingerprint.clone(), accepted: true, probed: None };
        stage.events.push((ago(minutes), proven));
    }
    let mut view = view(&stage, refused);
    view.since = stage.now - SignedDuration::from_hours(8 * 24);
    stage.world.metrics = Some(Seen::known(stage.now, view));
    stage
}

#[test]
fn whom_the_account_refuses_since_the_new_key_was_accepted_is_not_forgotten_when_that_is_confirmed() {
    let stage = |refused: &[(&str, i64, u64)]| {
        let mut stage = past_return(40, refused);
        stage.events.push((stage.now - SignedDuration::from_mins(2), Event::Confirmed));
        stage.decide()
    };
    let decision = stage(&[("east", 5, 3)]);
    assert!(holding(&decision).contains(&Gate::NotRefused), "{decision:?}");
    let decision = stage(&[("east", 45, 3)]);
    assert!(!holding(&decision).contains(&Gate::NotRefused), "its own way to every region: {decision:?}");
}

#[test]
fn nothing_is_confirmed_while_the_account_refuses_a_stamp_or_nobody_knows_it_yet() {
    let decision = past_return(31, &[]).decide();
    assert_eq!(decision.verdict, Verdict::Record(Box::new(Event::Confirmed)));
    let decision = past_return(31, &[("east", 5, 3)]).decide();
    let Verdict::Halt { reasons } = &decision.verdict else { panic!("{decision:?}") };
    let refused = reasons.iter().filter(|one| matches!(one.why, Why::RefusedByMetrics { .. }));
    assert_eq!(refused.count(), 1, "{reasons:?}");
    // The minutes before the end of the window have not come.
    let mut early = past_return(31, &[]);
    for begin in early.world.metrics.as_mut().unwrap().what.as_mut().unwrap().told.values_mut() {
        *begin -= SignedDuration::from_mins(2);
    }
    let decision = early.decide();
    assert!(matches!(decision.verdict, Verdict::Wait { .. }), "{decision:?}");
    assert!(holding(&decision).contains(&Gate::NotRefused), "{decision:?}");
}

#[test]
fn a_rotation_whose_metrics_stop_coming_stops_after_the_canary_and_goes_on_when_they_come() {
    let stall = Fault::new(
        When::Window { from: MINUTE * 10, until: MINUTE * 60 * 10 },
        Target::any(),
        Trouble::MetricsStall,
    );
    let mut theatre = theatre(|config| config.faults.push(stall));
    let Life::Ended(TurnEnd::Halted { reasons, .. }) = theatre.live() else { panic!("it does not halt") };
    assert!(reasons.iter().all(|one| one.why.kind() == "metrics-silent"), "{reasons:?}");
    let moved = |theatre: &Theatre| {
        let world = theatre.world.lock();
        world.stamps().filter(|one| one.cluster.deployments()[0].generation > 1).count()
    };
    assert_eq!(moved(&theatre), 1, "the canary alone");
    let later = later(theatre.world.lock().now(), MINUTE * 60 * 10);
    theatre.backstage.until(crate::journey::later(later, MINUTE * 60 * 12));
    theatre.backstage.pass(later);
    assert_eq!(theatre.live(), Life::Ended(TurnEnd::Done));
    assert_eq!((moved(&theatre), theatre.world.lock().outage().refused), (2, 0));
}

/// Two stamps of an account of which nobody keeps logs.
fn theatre(change: impl FnOnce(&mut WorldConfig)) -> Theatre {
    let mut config = WorldConfig::default().with_stamps(2);
    config.repository.tree = small_tree(Slot::Primary);
    config.kubernetes.ring = 0;
    config.workloads = vec![WorkloadConfig::named("catalogservice-deploy")];
    config.logs = None;
    change(&mut config);
    let mut theatre = Theatre::new(config);
    theatre.policy.metrics_lag = Some(MINUTE * 5);
    let start = theatre.world.lock().now();
    theatre.backstage.until(later(start, MINUTE * 60 * 12));
    theatre
}

fn misread(config: &mut WorldConfig) {
    config.faults.push(Fault::new(When::from(MINUTE * 10), Target::any(), Trouble::MisreadKey));
}

#[test]
fn without_logs_too_the_first_stamp_that_is_refused_is_the_last_that_is_restarted() {
    let mut seen = theatre(misread);
    seen.live();
    let world = seen.world.lock();
    assert!(world.stamp_tally(0).refused > 0);
    assert_eq!(world.stamp_tally(1).refused, 0);
    drop(world);
    let mut unseen = theatre(misread);
    unseen.policy.metrics_lag = None;
    unseen.live();
    assert!(unseen.world.lock().stamp_tally(1).refused > 0, "nobody tells, so the next one follows");
}

/// No stamp is where the account writes: whoever is refused as it starts is so there, and comes no further.
#[test]
fn a_canary_that_is_refused_by_the_global_name_is_the_last_that_is_restarted() {
    let mut theatre = theatre(|config| {
        misread(config);
        for (place, region) in config.account.regions.iter_mut().enumerate() {
            region.writable = place == 2;
        }
    });
    let Life::Ended(TurnEnd::Halted { reasons, .. }) = theatre.live() else { panic!("it does not halt") };
    assert!(reasons.iter().any(|one| matches!(one.why, Why::RefusedByMetrics { .. })), "{reasons:?}");
    let world = theatre.world.lock();
    assert!(world.stamp_tally(0).refused > 0);
    let minutes = world.refused_minutes(world.now() - SignedDuration::from_hours(2));
    let regions: BTreeSet<&str> = minutes.keys().map(|(region, _)| region.as_str()).collect();
    assert_eq!(regions, [world.account().regions()[2].name.as_str()].into());
    assert_eq!(world.stamp_tally(1).refused, 0);
}

/// Each stamp is judged before the next one follows, and not only the canary.
#[test]
fn a_later_stamp_that_is_refused_is_the_last_that_is_restarted() {
    let four = |config: &mut WorldConfig| *config = config.clone().with_stamps(4);
    let second = theatre(four).policy.stamps[1].name.clone();
    let mut theatre = theatre(|config| {
        four(config);
        config.faults.push(Fault::new(When::from(MINUTE * 10), Target::stamp(second), Trouble::MisreadKey));
    });
    let Life::Ended(TurnEnd::Halted { reasons, .. }) = theatre.live() else { panic!("it does not halt") };
    assert!(reasons.iter().any(|one| one.gate == Gate::NotRefused), "{reasons:?}");
    let world = theatre.world.lock();
    let generations: Vec<i64> = world.stamps().map(|one| one.cluster.deployments()[0].generation).collect();
    assert!(world.stamp_tally(1).refused > 0 && generations[1] > 1, "{generations:?}");
    assert_eq!(generations[2..], [1, 1]);
}

#[test]
fn a_rotation_without_trouble_ends_and_one_that_may_not_ask_does_too() {
    for forbidden in [false, true] {
        let mut theatre = theatre(|config| {
            if forbidden {
                let what = Target::operation(Operation::ReadMetrics);
                config.faults.push(Fault::new(When::Always, what, Trouble::Forbidden));
            }
        });
        assert_eq!(theatre.live(), Life::Ended(TurnEnd::Done), "forbidden: {forbidden}");
        assert_eq!(theatre.world.lock().outage().refused, 0);
    }
}

/// Goes with a world in which so much time has passed at once.
struct Ahead(Arc<dyn Clock>, Duration);

#[async_trait]
impl Clock for Ahead {
    fn now(&self) -> Timestamp {
        self.0.now() + self.1
    }

    fn monotonic(&self) -> Duration {
        self.0.monotonic()
    }

    async fn sleep_until(&self, until: Timestamp) {
        self.0.sleep_until(until).await;
    }
}

pub fn metrics(rig: &Rig) -> Metrics {
    metrics_at(rig, MINUTE * 60 * 13)
}

fn metrics_at(rig: &Rig, ahead: Duration) -> Metrics {
    let access = ArmAccess { clock: Arc::new(Ahead(rig.clock.clone(), ahead)), ..access(rig) };
    let account = rig.simulation.world.with(|world| world.account().config().id.clone());
    Metrics::new(access, "https://management.azure.com".parse().unwrap(), account)
}

#[tokio::test]
async fn over_the_wire_they_tell_what_the_world_refused_and_nothing_else() {
    let primary = KeyKind::read_write(Slot::Primary);
    let mut config = WorldConfig::default();
    config.outsiders.push(OutsiderConfig::function(primary, "East US 2"));
    let rig = Rig::new(config);
    let (start, served) = rig.simulation.world.with(|world| {
        let start = world.now();
        world.advance_to(start + SignedDuration::from_mins(30));
        (start, world.outage().served)
    });
    assert!(served > 0);
    let none = MetricsView { since: start, refused: vec![], told: BTreeMap::new() };
    assert_eq!(metrics(&rig).refusals(start).await.unwrap(), none, "of the last hour there is nothing yet");
    let told = metrics_at(&rig, MINUTE * 30).refusals(start).await.unwrap().told;
    let (minute, region) = ((start + SignedDuration::from_mins(27)).as_second() / 60 * 60, "East US 2");
    let told: BTreeMap<String, i64> =
        told.into_iter().map(|(region, begin)| (region, begin.as_second())).collect();
    assert_eq!(told.get(region), Some(&minute), "the newest whole minute that has come: {told:?}");
    rig.simulation.world.with(|world| {
        let (request_id, by) = ("r".to_owned(), "app".to_owned());
        world.apply(Command::Regenerate { kind: primary, request_id, by }).unwrap();
    });
    rig.pass(MINUTE * 60 * 12);
    let all = metrics(&rig).refusals(start).await.unwrap().refused;
    let regions: BTreeSet<&str> = all.iter().map(|minute| minute.region.as_str()).collect();
    assert!(regions.contains("East US 2") && regions.len() > 1, "{regions:?}");
    let count = |from: Timestamp| -> u64 {
        let since = all.iter().filter(|minute| minute.begin >= from);
        since.map(|minute| minute.count).sum()
    };
    // The world's own count has no outsiders in it, and goes on to the present minute.
    let refused = rig.simulation.world.with(|world| world.outage().refused);
    let late = rig.simulation.world.with(|world| world.now()) - SignedDuration::from_mins(4);
    assert!(
        count(start) >= refused - refused / 20 && count(late) < count(start),
        "{} {refused}",
        count(start)
    );
    let later = all[all.len() / 2].begin;
    let some = metrics(&rig).refusals(later).await.unwrap().refused;
    assert!(!some.is_empty() && some.len() < all.len());
}

#[tokio::test]
async fn whoever_may_not_read_them_is_told_which_right_it_takes() {
    let mut config = WorldConfig::default();
    let what = Target::operation(Operation::ReadMetrics);
    config.faults.push(Fault::new(When::Always, what, Trouble::Forbidden));
    let rig = Rig::new(config);
    let fault = metrics(&rig).refusals(rig.clock.now()).await.unwrap_err();
    assert_eq!(fault.kind, Blindness::Forbidden);
    assert!(fault.to_string().contains("Microsoft.Insights/metrics/read"), "{fault}");
}

#[test]
fn metrics_that_were_read_from_after_the_restart_on_are_not_all_that_there_is_to_know() {
    let mut stage = soaked(30, &[]);
    assert!(goes_on(&stage));
    let begins = stage.now - SignedDuration::from_mins(29);
    stage.world.metrics.as_mut().unwrap().what.as_mut().unwrap().since = begins;
    let Verdict::Wait { reasons, .. } = stage.decide().verdict else { panic!("{:?}", stage.decide()) };
    let short = |reason: &Reason| match &reason.why {
        Why::WindowShort { evidence: EvidenceKey::Metrics, begins: told, wanted } => {
            *told == begins && *wanted == stage.now - SignedDuration::from_mins(30)
        }
        _ => false,
    };
    assert!(reasons.iter().any(short), "{reasons:?}");
    // A stamp that was renewed weeks ago is judged by the last days.
    let mut old = soaked(30 * 24 * 60, &[]);
    old.vault_mut("east").created = old.now - SignedDuration::from_hours(31 * 24);
    assert!(!goes_on(&old), "{:?}", old.decide());
    let week = old.now - SignedDuration::from_hours(7 * 24);
    old.world.metrics.as_mut().unwrap().what.as_mut().unwrap().since = week;
    assert!(goes_on(&old), "{:?}", old.decide());
}

/// Notes from when on the metrics are asked.
struct Asked {
    inner: Arc<dyn Logs>,
    since: Arc<Mutex<Vec<Timestamp>>>,
}

#[async_trait]
impl Logs for Asked {
    async fn usage(&self, since: Timestamp) -> Result<UsageView, Unseen> {
        self.inner.usage(since).await
    }

    async fn refusals(&self, since: Timestamp) -> Result<MetricsView, Unseen> {
        self.since.lock().unwrap().push(since);
        self.inner.refusals(since).await
    }

    async fn secret_reads(&self, since: Timestamp) -> Result<AuditView, Unseen> {
        self.inner.secret_reads(since).await
    }

    async fn key_deeds(&self, since: Timestamp) -> Result<ActivityView, Unseen> {
        self.inner.key_deeds(since).await
    }

    async fn traces(&self, ids: &[String], since: Timestamp) -> Result<TracesView, Unseen> {
        self.inner.traces(ids, since).await
    }
}

#[test]
fn whoever_was_away_for_days_asks_from_the_first_restart_on() {
    let theatre = theatre(|_| {});
    let generation = |theatre: &Theatre| {
        let world = theatre.world.lock();
        let stamp = world.stamps().next().unwrap();
        stamp.cluster.deployments()[0].generation
    };
    let mut first = block_on(theatre.driver_as("one", "one")).unwrap();
    block_on(first.open(&theatre.request())).unwrap();
    block_on(first.approve("approver", None)).unwrap();
    while generation(&theatre) == 1 {
        block_on(first.turn()).unwrap();
        let next = later(theatre.world.lock().now(), MINUTE);
        theatre.world.lock().advance_to(next);
    }
    drop(first);
    let restarted = theatre.world.lock().now();
    theatre.backstage.until(later(restarted, MINUTE * 60 * 24 * 6));
    theatre.world.lock().advance_to(later(restarted, MINUTE * 60 * 24 * 4));
    let since: Arc<Mutex<Vec<Timestamp>>> = Arc::default();
    let around = |ports: Ports| Ports {
        logs: Arc::new(Asked { inner: Arc::clone(&ports.logs), since: Arc::clone(&since) }),
        ..ports
    };
    let mut second = block_on(theatre.driver_with("two", "two", Arc::new(Silent), around)).unwrap();
    let end = block_on_or_crash(second.run(), &theatre.crashes.flag().clone()).expect("it hangs").unwrap();
    assert_eq!(end, TurnEnd::Done);
    let since = since.lock().unwrap();
    let first = since.iter().min().unwrap();
    assert!(*first < restarted, "{restarted}: {since:?}");
}
