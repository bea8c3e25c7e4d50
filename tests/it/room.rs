//! Room for a restart: what quotas and autoscalers hold and what they only let be told, from the decision over the
//! simulated world to the program on the wire.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use keyslot::drive::TurnEnd;
use keyslot::model::{
    Amount, AutoscalerView, Blind, Blindness, DeploymentCondition, PodAsks, QuotaLine, QuotaView,
    ReplicaNumber, RoomView, Seen, Strategy, WorkloadKind, WorkloadName,
};
use keyslot::render;
use keyslot::rotation::{Gate, Reason, Verdict};
use keyslot::sim::config::QuotaConfig;
use keyslot::sim::{Command, Fault, Operation, Target, Trouble, When, WorldConfig};

use crate::backstage::Deed;
use crate::harm_scenarios::small;
use crate::in_memory::{Life, Theatre};
use crate::journey::later;
use crate::live::Live;
use crate::stage::{Stage, stamp, workload};

fn quota(resource: &str, used: &str, hard: &str) -> QuotaView {
    let amount = |text: &str| Amount::parse(text).unwrap();
    let line = QuotaLine { resource: resource.to_owned(), hard: amount(hard), used: amount(used) };
    QuotaView {
        namespace: "workload".to_owned(),
        name: "team".to_owned(),
        scopes: Vec::new(),
        lines: vec![line],
    }
}

fn autoscaler(desired: u32, limited: bool) -> AutoscalerView {
    AutoscalerView { name: "catalog".to_owned(), target: workload(), most: 3, desired, limited }
}

fn room_mut<'a>(stage: &'a mut Stage, name: &str) -> &'a mut RoomView {
    stage.world.rooms.get_mut(&stamp(name)).unwrap().what.as_mut().unwrap()
}

fn with_quota(stage: &mut Stage, quota: QuotaView) {
    room_mut(stage, "east").quotas = Ok(vec![quota]);
}

fn asking(stage: &mut Stage, cpu: &str) {
    let asks = PodAsks { cpu: Amount::parse(cpu), ..PodAsks::default() };
    stage.cluster_mut("east").pods.iter_mut().for_each(|pod| pod.asks = asks);
}

fn rolling(stage: &mut Stage, surge: u32, unavailable: u32) {
    let count = ReplicaNumber::Count;
    stage.cluster_mut("east").workloads[0].strategy =
        Strategy::RollingUpdate { max_surge: count(surge), max_unavailable: count(unavailable) };
}

/// Whether it waits or halts, and why. `None` where it acts.
fn held(stage: &Stage) -> Option<(bool, Vec<Reason>)> {
    match stage.decide().verdict {
        Verdict::Act { .. } => None,
        Verdict::Wait { reasons, .. } => Some((false, reasons)),
        Verdict::Halt { reasons } => Some((true, reasons)),
        other => panic!("{other:?}"),
    }
}

type Spoil = fn(&mut Stage);

#[test]
fn a_restart_without_room_is_held_and_says_what_is_missing() {
    let cases: &[(&str, bool, &str, Spoil)] = &[
        ("no-room", true, "the quota team has 9 of 9 pods in use, and a pod takes 1", |s| {
            with_quota(s, quota("pods", "9", "9"));
        }),
        ("no-room", true, "has 3500m of 4 requests.cpu in use, and a pod takes 750m", |s| {
            asking(s, "750m");
            with_quota(s, quota("requests.cpu", "3500m", "4"));
        }),
        ("no-room", true, "has 5 of 5 count/replicasets.apps in use", |s| {
            with_quota(s, quota("count/replicasets.apps", "5", "5"));
        }),
        ("no-room", true, "it counts limits.memory, and the pods do not say how much they take", |s| {
            with_quota(s, quota("limits.memory", "0", "4Gi"));
        }),
        // Without a surge the successor needs what the pod had; a quota that was lowered refuses even that.
        ("no-room", true, "has 9 of 8 pods in use", |s| {
            rolling(s, 0, 1);
            with_quota(s, quota("pods", "9", "8"));
        }),
        // What ends gives its room back.
        ("no-room", false, "has 9 of 9 pods in use", |s| {
            with_quota(s, quota("pods", "9", "9"));
            let mut ending = s.cluster_mut("east").pods[0].clone();
            ending.deleting = Some(s.now);
            s.cluster_mut("east").pods.push(ending);
        }),
        ("at-limit", false, "the autoscaler catalog would give", |s| {
            rolling(s, 1, 1);
            room_mut(s, "east").autoscalers = Ok(vec![autoscaler(3, true)]);
        }),
        ("not-seen", false, "quotas and autoscalers of east has not been looked at yet", |s| {
            s.world.rooms.clear();
        }),
        ("blind", false, "quotas and autoscalers of east cannot be seen: 503", |s| {
            s.world.rooms.insert(stamp("east"), Seen::blind(s.now, Blindness::Unreachable, "503"));
        }),
    ];
    assert_eq!(held(&Stage::before_restart()), None);
    for (kind, halts, words, spoil) in cases {
        let mut stage = Stage::before_restart();
        spoil(&mut stage);
        let (halted, reasons) = held(&stage).unwrap_or_else(|| panic!("{words}: acts all the same"));
        let reason = reasons.iter().find(|reason| reason.why.kind() == *kind);
        let reason = reason.unwrap_or_else(|| panic!("{words}: {reasons:?}"));
        assert_eq!(reason.gate, Gate::Preflight, "{words}");
        assert_eq!(halted, *halts, "{words}: {reasons:?}");
        let said = render::reason::why(reason);
        assert!(said.contains(words), "{said}");
        let to_do = render::reason::remedy(reason);
        assert_eq!(to_do.is_empty(), matches!(*kind, "not-seen" | "blind"), "{words}: {to_do}");
    }
}

#[test]
fn quotas_that_have_room_or_count_others_hold_nothing() {
    let cases: &[(&str, Spoil)] = &[
        ("room for one", |s| with_quota(s, quota("pods", "8", "9"))),
        ("another namespace's", |s| {
            with_quota(s, QuotaView { namespace: "other".to_owned(), ..quota("pods", "9", "9") });
        }),
        ("of pods that end by a deadline", |s| {
            with_quota(s, QuotaView { scopes: vec!["Terminating".to_owned()], ..quota("pods", "9", "9") });
        }),
        ("of something that a restart does not take", |s| with_quota(s, quota("services", "5", "5"))),
        ("full, and nothing is added", |s| {
            rolling(s, 0, 1);
            with_quota(s, quota("pods", "9", "9"));
        }),
        ("a pod takes none of it", |s| {
            asking(s, "0");
            with_quota(s, quota("requests.cpu", "4", "4"));
        }),
        ("an autoscaler at its limit, and no pod is missed", |s| {
            rolling(s, 1, 0);
            room_mut(s, "east").autoscalers = Ok(vec![autoscaler(3, true)]);
        }),
        ("an autoscaler that has all it may and wants no more", |s| {
            rolling(s, 1, 1);
            room_mut(s, "east").autoscalers = Ok(vec![autoscaler(3, false)]);
        }),
        ("what nobody may read", |s| {
            let blind = || Blind { kind: Blindness::Forbidden, why: "403".to_owned() };
            *room_mut(s, "east") = RoomView { quotas: Err(blind()), autoscalers: Err(blind()) };
        }),
        ("seen a while ago", |s| {
            s.world.rooms.get_mut(&stamp("east")).unwrap().at = s.now - jiff::SignedDuration::from_mins(14);
        }),
    ];
    for (name, spoil) in cases {
        let mut stage = Stage::before_restart();
        spoil(&mut stage);
        assert_eq!(held(&stage), None, "{name}");
    }
}

#[test]
fn what_is_scaled_is_no_rollout_of_somebody_else() {
    let mut stage = Stage::before_restart();
    let north = &mut stage.cluster_mut("north").workloads[0];
    north.conditions.push(DeploymentCondition {
        kind: "Progressing".to_owned(),
        status: "True".to_owned(),
        reason: "NewReplicaSetAvailable".to_owned(),
        message: String::new(),
        updated: None,
    });
    // An autoscaler has asked for two more, and they are starting: north is busy with nothing, and the one place in the
    // wave is east's. It is not that which serves, all the same.
    (north.desired, north.replicas, north.updated) = (5, 5, 5);
    let extra = stage.cluster_mut("north").pods[0].clone();
    stage.cluster_mut("north").pods.extend([extra.clone(), extra]);
    stage.policy.stamps[0].live_traffic = false;
    stage.policy.stamps[1].live_traffic = false;
    let Verdict::Act { steps, held: others } = stage.decide().verdict else { panic!("{:?}", stage.decide()) };
    assert!(steps[0].to_string().contains("east"), "{steps:?}");
    let said: Vec<String> = others.iter().map(render::reason::why).collect();
    assert!(said.iter().any(|said| said.contains("is being scaled: 3 of 5 pods available")), "{said:?}");
    // While the rollout itself is under way, the same numbers are a rollout.
    stage.cluster_mut("north").workloads[0].conditions.clear();
    assert!(held(&stage).is_some(), "{:?}", stage.decide());
}

#[test]
fn a_list_that_leaves_pods_out_proves_nothing() {
    let cases: &[(&str, Spoil)] = &[
        ("one that lives", |s| {
            s.cluster_mut("north").pods.pop();
        }),
        ("one that is told to end", |s| s.cluster_mut("north").workloads[0].terminating = Some(1)),
    ];
    assert_eq!(held(&Stage::ready()), None);
    for (name, spoil) in cases {
        let mut stage = Stage::ready();
        spoil(&mut stage);
        let (halted, reasons) = held(&stage).unwrap_or_else(|| panic!("{name}: regenerates all the same"));
        assert!(!halted, "{name}: {reasons:?}");
        let said: Vec<String> = reasons.iter().map(render::reason::why).collect();
        let words = "and its controller counts 1 more";
        assert!(said.iter().any(|said| said.contains(words)), "{name}: {said:?}");
    }
    // Of every kind.
    for kind in WorkloadKind::ALL {
        let name = WorkloadName::of_kind(kind, "workload", "catalogservice-deploy");
        let mut stage = Stage::ready();
        stage.policy.workloads = vec![name.clone()];
        for stamp in ["east", "north"] {
            let cluster = stage.cluster_mut(stamp);
            cluster.workloads[0].name = name.clone();
            cluster.pods.iter_mut().for_each(|pod| pod.workload = Some(name.clone()));
        }
        assert_eq!(held(&stage), None, "{kind}");
        stage.cluster_mut("east").pods.pop();
        let (_, reasons) = held(&stage).unwrap_or_else(|| panic!("{kind}: regenerates all the same"));
        let left_out = reasons.iter().find(|reason| reason.why.kind() == "pods-left-out");
        assert!(
            left_out.is_some_and(|one| one.subject.to_string().ends_with(&name.to_string())),
            "{reasons:?}"
        );
    }
    // Nor is a stamp called restarted by it: the next one is not begun.
    let mut stage = Stage::before_restart();
    stage.policy.log_lag = None;
    let long_ago = stage.now - jiff::SignedDuration::from_mins(60);
    stage.cluster_mut("east").pods.iter_mut().for_each(|pod| pod.created = long_ago);
    assert_eq!(held(&stage), None, "east is done, and north has its turn");
    stage.cluster_mut("east").pods.pop();
    let (_, reasons) = held(&stage).expect("east is not known to be done");
    assert!(reasons.iter().any(|reason| reason.why.kind() == "pods-left-out"), "{reasons:?}");
}

fn theatre(config: WorldConfig) -> Theatre {
    let theatre = Theatre::new(config);
    let start = theatre.world.lock().now();
    theatre.backstage.until(later(start, Duration::from_secs(12 * 3600)));
    theatre
}

fn halts(theatre: &mut Theatre) -> Vec<Reason> {
    let life = theatre.live();
    let Life::Ended(TurnEnd::Halted { reasons, .. }) = life else { panic!("{life:?}") };
    reasons
}

fn regenerated(theatre: &Theatre) -> (usize, u64) {
    let outcome = theatre.world.lock().outcome();
    (outcome.regenerated.len(), outcome.outage.refused)
}

#[test]
fn a_full_quota_halts_before_anything_is_done_and_a_raised_one_lets_it_go_on() {
    let mut config = small();
    config.quotas = vec![QuotaConfig::pods(3)];
    let mut theatre = theatre(config);
    let reasons = halts(&mut theatre);
    assert!(reasons.iter().all(|reason| reason.why.kind() == "no-room"), "{reasons:?}");
    assert_eq!(theatre.world.lock().counters().pulls_opened, 0);
    for stamp in theatre.policy.stamps.iter().map(|facts| facts.name.clone()) {
        let raise = Command::SetQuota { stamp, quota: QuotaConfig::pods(4) };
        theatre.world.lock().apply(raise).unwrap();
    }
    assert_eq!(theatre.live(), Life::Ended(TurnEnd::Done));
    assert_eq!(regenerated(&theatre), (1, 0));
}

#[test]
fn where_quotas_may_not_be_read_the_rollout_stops_and_the_five_lines_name_it() {
    let mut config = small();
    config.quotas = vec![QuotaConfig::pods(3)];
    let forbidden = Fault::new(When::Always, Target::operation(Operation::ReadRoom), Trouble::Forbidden);
    let mut theatre = theatre(config.with_fault(forbidden));
    let reasons = halts(&mut theatre);
    let said: String = reasons.iter().map(render::reason::why).collect();
    for words in [
        "has timed out progressing",
        "exceeded quota: team, requested: pods=1, used: pods=3, limited: pods=3",
    ] {
        assert!(said.contains(words), "{said}");
    }
    assert!(said.contains("FailedCreate"), "{said}");
    let world = theatre.world.lock();
    assert_eq!((world.outage().refused, world.outage().dark), (0, Duration::ZERO), "the old pods serve on");
    assert_eq!(world.counters().generations.len(), 1, "the canary alone");
}

#[test]
fn a_set_whose_pods_a_quota_refuses_halts_at_the_canary_and_the_events_name_it() {
    for set in 0..2 {
        let mut config = WorldConfig::default().with_sets().with_stamps(2);
        config.workloads.clear();
        config.sets = vec![config.sets[set].clone()];
        // As many are there as before it was lowered: none comes in the place of one that is gone.
        config.quotas = vec![QuotaConfig::pods(config.sets[0].workload.replicas - 1)];
        let forbidden = Fault::new(When::Always, Target::operation(Operation::ReadRoom), Trouble::Forbidden);
        let mut theatre = theatre(config.with_fault(forbidden));
        let reasons = halts(&mut theatre);
        let said: String = reasons.iter().map(render::reason::why).collect();
        for words in ["has not made 1 of its 3 pods for 10 min", "FailedCreate", "exceeded quota: team"] {
            assert!(said.contains(words), "{said}");
        }
        let world = theatre.world.lock();
        assert_eq!((world.outage().refused, world.outage().dark), (0, Duration::ZERO), "the others serve on");
        assert_eq!(world.counters().generations.len(), 1, "the canary alone");
    }
}

#[test]
fn pods_that_still_end_are_waited_for_where_they_fill_the_quota() {
    // Room for one pod more, and two workloads: the first one's old pods drain for a quarter of an hour.
    let mut config = small();
    config.workloads.push(keyslot::sim::config::WorkloadConfig::named("healthservice-deploy"));
    config.workloads[0].ends_in = keyslot::sim::Span::exactly(Duration::from_secs(900));
    config.quotas = vec![QuotaConfig::pods(9)];
    let mut theatre = theatre(config);
    assert_eq!(theatre.live(), Life::Ended(TurnEnd::Done));
    assert_eq!(regenerated(&theatre), (1, 0));
    let world = theatre.world.lock();
    assert!(world.counters().each_rolled_out(1), "{:?}", world.counters());
}

#[test]
fn an_autoscaler_that_would_want_more_is_waited_for_and_one_that_scales_meanwhile_is_no_rollout() {
    let mut config = small();
    config.workloads[0].autoscaler = Some((3, 6));
    config.workloads[0].max_unavailable = ReplicaNumber::Count(1);
    // More than it may have from the beginning, for three hours; then less, and up and down.
    let scale = |minutes: u64, replicas| {
        let at = When::from(Duration::from_secs(60 * minutes));
        Fault::new(at, Target::any(), Trouble::Scale { replicas })
    };
    config.faults.extend([scale(0, 9), scale(180, 4)]);
    config.faults.extend((0..30).map(|turn| scale(190 + turn * 7, 3 + (turn % 4) as u32)));
    let mut theatre = theatre(config);
    assert_eq!(theatre.live(), Life::Ended(TurnEnd::Done));
    assert_eq!(regenerated(&theatre), (1, 0));
    let shots = theatre.backstage.shots();
    let start = theatre.world.lock().config().start;
    let waited = shots[0].at.duration_since(start);
    assert!(waited > jiff::SignedDuration::from_hours(3), "{waited}");
    assert_eq!(theatre.world.lock().outage().dark, Duration::ZERO);
}

#[test]
fn a_quota_that_fills_up_between_the_look_and_the_restart_stops_the_rollout_and_takes_nothing() {
    let mut config = small();
    config.quotas = vec![QuotaConfig::pods(4)];
    let mut theatre = theatre(config.clone());
    let rehearsal = {
        let mut rehearsal = Theatre::new(config);
        rehearsal.live();
        let world = rehearsal.world.lock();
        let first = world.stamps().next().unwrap();
        first.cluster.pods().map(|pod| pod.meta.created).min().unwrap()
    };
    // Just before the first pod of the restart is made.
    let stamp = theatre.policy.stamps[0].name.clone();
    let lower = Command::SetQuota { stamp: stamp.clone(), quota: QuotaConfig::pods(3) };
    let at = rehearsal - jiff::SignedDuration::from_millis(40);
    theatre.backstage.at(at, Deed::Do(lower));
    let reasons = halts(&mut theatre);
    assert!(reasons.iter().any(|reason| reason.why.kind() == "rollout-failed"), "{reasons:?}");
    assert_eq!(theatre.world.lock().outage().dark, Duration::ZERO);
    // Once there is room, the controller goes on by itself, and so does the rotation.
    theatre.world.lock().apply(Command::SetQuota { stamp, quota: QuotaConfig::pods(4) }).unwrap();
    let now = theatre.world.lock().now();
    theatre.backstage.pass(later(now, Duration::from_secs(1800)));
    assert_eq!(theatre.live(), Life::Ended(TurnEnd::Done));
    assert_eq!(regenerated(&theatre), (1, 0));
}

fn plan(config: WorldConfig) -> (i32, String) {
    let live = Live::set(config, 60.0);
    let output = live.command(env!("CARGO_BIN_EXE_keyslot")).arg("plan").output().unwrap();
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap(), said(&output.stdout) + &said(&output.stderr))
}

/// Takes every connection, counts it, and never says a word.
fn silent_server() -> (std::net::SocketAddr, Arc<AtomicUsize>) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let taken = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&taken);
    std::thread::spawn(move || {
        let count = |_: &_| {
            counted.fetch_add(1, Ordering::SeqCst);
        };
        let kept: Vec<_> = listener.incoming().inspect(count).collect();
        drop(kept);
    });
    (address, taken)
}

#[tokio::test(flavor = "multi_thread")]
async fn clusters_that_never_answer_are_waited_for_once_and_side_by_side() {
    let config = WorldConfig::seeded(12).with_stamps(6);
    let stamps = config.units.iter().flat_map(|unit| &unit.stamps);
    let names: Vec<String> = stamps.map(|stamp| stamp.name.to_string()).collect();
    let live = Live::set(config, 6.0);
    let (server, connections) = silent_server();
    // The first ones that are asked how names are spelt, and one more.
    for name in &names[..5] {
        let path = live.folder().join(format!("stage/kubeconfig-{name}.yaml"));
        let text = std::fs::read_to_string(&path).unwrap();
        let own = text.lines().find_map(|line| line.trim().strip_prefix("server: ")).unwrap();
        std::fs::write(&path, text.replace(own, &format!("https://{server}"))).unwrap();
    }
    let begun = std::time::Instant::now();
    let output = live.command(env!("CARGO_BIN_EXE_keyslot")).arg("plan").output().unwrap();
    let waited = begun.elapsed();
    let text =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    for name in &names[..5] {
        assert!(text.contains(&format!("the cluster of {name} cannot be seen")), "{name}: {text}");
    }
    assert_eq!(output.status.code(), Some(3), "it may answer by and by: {text}");
    // Ten seconds for the first four, ten for the one that is only asked with all others.
    assert_eq!(connections.load(Ordering::SeqCst), 5, "each is asked once");
    assert!(waited > Duration::from_secs(9) && waited < Duration::from_secs(45), "{waited:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workload_that_does_not_exist_is_told_once() {
    let live = Live::set(WorldConfig::seeded(12).with_stamps(2), 60.0);
    live.configure("\"healthservice-deploy\"", "\"healthservice\"");
    for command in ["plan", "status", "rotate"] {
        let output = live.command(env!("CARGO_BIN_EXE_keyslot")).arg(command).output().unwrap();
        let text =
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert_eq!(text.matches("workload/healthservice;").count(), 1, "{command}: {text}");
        assert_eq!(output.status.code(), Some(2), "{command}: {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_plan_tells_of_quotas_autoscalers_and_budgets() {
    let mut config = WorldConfig::seeded(12).with_stamps(1);
    config.workloads[0].autoscaler = Some((3, 3));
    config.workloads[0].max_unavailable = ReplicaNumber::Count(1);
    config.workloads[0].max_surge = ReplicaNumber::Count(3);
    config.workloads[2].disruption_budget = Some(ReplicaNumber::Count(3));
    config.quotas = vec![QuotaConfig::pods(11)];
    let (code, text) = plan(config.clone());
    assert_eq!(code, 0, "{text}");
    for words in [
        "the quota team has room for 2 of the 3 pods that a restart of workload/catalogservice-deploy may add",
        "workload/catalogservice-deploy has all the 3 pods that its autoscaler may give it",
        "the PodDisruptionBudget workload/healthservice-deploy allows no eviction now: a rolling update does not ask PodDisruptionBudgets",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    config.quotas = vec![QuotaConfig::pods(9)];
    let (code, text) = plan(config.clone());
    assert_eq!(code, 4, "{text}");
    assert!(text.contains("preflight: northeurope/workload/catalogservice-deploy has no room"), "{text}");
    assert!(text.contains("to do: raise the quota"), "{text}");
    let forbidden = Fault::new(When::Always, Target::operation(Operation::ReadRoom), Trouble::Forbidden);
    let (code, text) = plan(config.with_fault(forbidden));
    assert_eq!(code, 0, "what nobody may read holds nothing: {text}");
    for words in [
        "whether there is room for a restart is not known: cannot list the ResourceQuotas",
        "cannot list resource \"resourcequotas\" in API group \"\"",
        "cannot list resource \"horizontalpodautoscalers\" in API group \"autoscaling\"",
        "PodDisruptionBudgets, which would hold a drain and no restart, cannot be seen",
        "grant the right that the message names",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
}
