//! Who is restarted beside whom, and how long the canary soaks.

use super::*;

#[test]
fn several_at_once_are_never_all_that_serve() {
    assert_eq!(restarts(&three_to_go(2)), ["north", "south"]);
    assert_eq!(restarts(&three_to_go(3)), ["north", "south", "west"]);
    // The first one is done and serves nobody any more, so that it shows nothing: the next one is the canary.
    let mut dark = three_to_go(3);
    let workload = &mut dark.cluster_mut("east").workloads[0];
    (workload.desired, workload.replicas, workload.updated, workload.available) = (0, 0, 0, 0);
    assert_eq!(restarts(&dark), ["north"]);
    let canary = |stage: &Stage| match stage.decide().verdict {
        Verdict::Act { held, .. } => held.iter().any(|reason| {
            reason.subject == Subject::Stamp(stamp("south"))
                && reason.why == Why::CanaryFirst { canary: stamp("north") }
        }),
        _ => false,
    };
    assert!(canary(&dark), "{:?}", dark.decide());
    // That it was restarted once makes the others' turn no sooner.
    restarted(&mut dark, "east", 1);
    assert!(canary(&dark), "{:?}", dark.decide());
    // It may not even go on with one that it has begun.
    let mut begun = three_to_go(1);
    restarted(&mut begun, "north", 1);
    assert_eq!(restarts(&begun), ["north"]);
    for name in ["east", "south", "west"] {
        let workload = &mut begun.cluster_mut(name).workloads[0];
        (workload.desired, workload.replicas, workload.updated, workload.available) = (0, 0, 0, 0);
        begun.cluster_mut(name).pods.clear();
    }
    assert!(
        restarts(&begun).is_empty() && holding(&begun.decide()).contains(&Gate::Wave),
        "{:?}",
        begun.decide()
    );
}

#[test]
fn while_the_other_stamp_gets_its_pods_back_the_last_healthy_one_waits_and_calls_nobody() {
    let mut stage = Stage::before_restart();
    stage.policy.log_lag = None;
    assert_eq!(restarts(&stage), ["east"]);
    let now = stage.now;
    let north = &mut stage.cluster_mut("north").workloads[0];
    (north.available, north.conditions) = (north.available - 1, vec![rolled_out(now)]);
    let last = |stage: &Stage, recovering| {
        let decision = stage.decide();
        let (Verdict::Wait { reasons, .. } | Verdict::Halt { reasons, .. }) = &decision.verdict else {
            panic!("{decision:?}")
        };
        let why = Why::LastHealthyStamp { recovering };
        assert!(reasons.iter().any(|reason| reason.why == why), "{reasons:?}");
        matches!(decision.verdict, Verdict::Halt { .. })
    };
    assert!(!last(&stage, true), "{:?}", stage.decide());
    // One that has no pods at all gets none back by itself.
    let north = stage.cluster_mut("north");
    let workload = &mut north.workloads[0];
    (workload.desired, workload.replicas, workload.updated, workload.available) = (0, 0, 0, 0);
    north.pods.clear();
    assert!(last(&stage, false), "{:?}", stage.decide());
}

#[test]
fn where_the_last_healthy_stamp_waits_for_one_that_lacks_a_workload_that_is_named() {
    let mut stage = Stage::before_restart();
    stage.policy.log_lag = None;
    stage.cluster_mut("north").workloads.clear();
    let decision = stage.decide();
    let Verdict::Halt { reasons } = &decision.verdict else { panic!("{decision:?}") };
    let last = Why::LastHealthyStamp { recovering: false };
    assert!(reasons.iter().any(|reason| reason.why == last), "{reasons:?}");
    let missing = Subject::Workload(stamp("north"), workload());
    let named = |reason: &Reason| reason.subject == missing && reason.why == Why::WorkloadMissing;
    assert_eq!(reasons.iter().filter(|reason| named(reason)).count(), 1, "{reasons:?}");
    // Where a person says that it is not meant to be there, that stamp serves nobody, and nothing is missing.
    stage.events.push(accepted(Gate::Preflight, "north/workload/catalogservice-deploy"));
    let told = format!("{:?}", stage.decide());
    assert!(told.contains("LastHealthyStamp") && !told.contains("WorkloadMissing"), "{told}");
}

#[test]
fn after_its_soak_the_canary_is_seen_once_more_before_another_follows() {
    let mut stage = three_to_go(1);
    stage.policy.soak = Duration::from_secs(2 * 60);
    let now = stage.now;
    stage
        .cluster_mut("east")
        .pods
        .iter_mut()
        .for_each(|pod| pod.created = now - SignedDuration::from_mins(3));
    assert_eq!(restarts(&stage), ["north"]);
    stage.world.clusters.get_mut(&stamp("east")).unwrap().at = now - SignedDuration::from_secs(90);
    let Verdict::Wait { reasons, .. } = stage.decide().verdict else { panic!("{:?}", stage.decide()) };
    let unseen = Why::NotSeen(EvidenceKey::Cluster(stamp("east")));
    assert!(reasons.iter().all(|reason| reason.why == unseen), "{reasons:?}");
}

#[test]
fn somebody_elses_rollout_takes_a_place_in_the_wave_and_opens_none() {
    // Their pipeline rolls the second workload of every stamp: that is no reason to restart the first one everywhere.
    let mut stage = three_to_go(3);
    let other = WorkloadName::new("workload", "healthservice-deploy");
    stage.policy.workloads.push(other.clone());
    for name in ["east", "north", "south", "west"] {
        let view = WorkloadView { name: other.clone(), updated: 1, ..deployment() };
        stage.cluster_mut(name).workloads.push(view);
    }
    assert!(restarts(&stage).is_empty(), "{:?}", stage.decide());
    assert_eq!(holding(&stage.decide()), [Gate::RolloutSettled].into());
    // Where it is over, the usual order holds.
    for name in ["east", "north"] {
        let other = &mut stage.cluster_mut(name).workloads[1];
        (other.desired, other.replicas, other.updated, other.available) = (0, 0, 0, 0);
    }
    assert_eq!(restarts(&stage), ["north"]);
}

#[test]
fn somebody_elses_rollout_neither_ends_a_soak_nor_counts_as_begun_by_us() {
    // The canary soaks; in another stamp a pipeline begins to roll.
    let mut stage = three_to_go(3);
    assert_eq!(restarts(&stage), ["north", "south", "west"], "where the canary has soaked");
    let now = stage.now;
    for pod in &mut stage.cluster_mut("east").pods {
        pod.created = now - SignedDuration::from_mins(9);
    }
    assert!(restarts(&stage).is_empty(), "it soaks");
    stage.cluster_mut("north").workloads[0].updated = 1;
    assert!(restarts(&stage).is_empty(), "it soaks all the same: {:?}", stage.decide());
    // Accepted or not, that stamp is not ours, and has its turn like any other.
    stage.events.push(accepted(Gate::RolloutSettled, "north/workload/catalogservice-deploy"));
    assert!(restarts(&stage).is_empty(), "{:?}", stage.decide());
}

#[test]
fn a_soak_ends_although_an_hpa_adds_pods_and_jobs_come_and_go() {
    let mut stage = Stage::before_restart();
    stage.policy.log_lag = None;
    let now = stage.now;
    let east = stage.cluster_mut("east");
    east.pods.iter_mut().for_each(|pod| pod.created = now - SignedDuration::from_mins(11));
    let young = PodView { created: now, uid: "more".to_owned(), ..east.pods[0].clone() };
    let job = ObjectName::new("Job", "workload", "nightly-29");
    let of_job = PodView { workload: None, above: Some(job), ..young.clone() };
    east.pods.extend([young, of_job]);
    assert_eq!(restarts(&stage), ["north"], "{:?}", stage.decide());
    // One that had to be replaced is another matter: that may be the new key's doing.
    stage.cluster_mut("east").pods.remove(0);
    assert!(restarts(&stage).is_empty(), "{:?}", stage.decide());
}

#[test]
fn what_an_hpa_adds_after_the_restart_begins_no_soak_anew() {
    let mut stage = Stage::before_restart();
    stage.policy.log_lag = None;
    restarted(&mut stage, "east", 1);
    let now = stage.now;
    let ago = |minutes: i64| now - SignedDuration::from_mins(minutes);
    let east = stage.cluster_mut("east");
    east.pods.iter_mut().for_each(|pod| pod.created = ago(12));
    let workload = &mut east.workloads[0];
    (workload.generation, workload.observed_generation) = (2, 2);
    workload.restarted_at = Some("2027-01-15T08:01:00Z".to_owned());
    workload.conditions = vec![rolled_out(ago(11))];
    assert_eq!(restarts(&stage), ["north"], "{:?}", stage.decide());
    // An HPA writes how many there shall be.
    let added = |stage: &mut Stage, generation: i64| {
        let east = stage.cluster_mut("east");
        let workload = &mut east.workloads[0];
        (workload.generation, workload.observed_generation) = (generation, generation);
        let more = workload.desired + 1;
        (workload.desired, workload.replicas, workload.updated) = (more, more, more);
        (workload.ready, workload.available) = (more, more);
        let pod = PodView { created: now, uid: "more".to_owned(), ..east.pods[0].clone() };
        east.pods.push(pod);
    };
    added(&mut stage, 3);
    assert_eq!(restarts(&stage), ["north"], "{:?}", stage.decide());
    // One that came in the place of another, where nobody has changed how many there shall be.
    let east = stage.cluster_mut("east");
    east.pods.remove(0);
    let workload = &mut east.workloads[0];
    (workload.generation, workload.observed_generation) = (2, 2);
    (workload.desired, workload.replicas, workload.updated) = (3, 3, 3);
    (workload.ready, workload.available) = (3, 3);
    assert!(restarts(&stage).is_empty(), "{:?}", stage.decide());
}

#[test]
fn a_soak_counts_from_when_the_last_pod_was_ready_and_says_so() {
    let mut stage = Stage::before_restart();
    stage.policy.log_lag = None;
    let now = stage.now;
    let ago = |minutes| now - SignedDuration::from_mins(minutes);
    for pod in &mut stage.cluster_mut("east").pods {
        (pod.created, pod.ready_since) = (ago(30), Some(ago(29)));
    }
    assert_eq!(restarts(&stage), ["north"], "{:?}", stage.decide());
    // It took long to start.
    stage.cluster_mut("east").pods[2].ready_since = Some(ago(4));
    let decision = stage.decide();
    let Verdict::Wait { reasons, .. } = &decision.verdict else { panic!("{decision:?}") };
    let [reason] = &reasons[..] else { panic!("{reasons:?}") };
    let expected = Why::Soaking { canary: stamp("east"), since: ago(4), until: ago(-6) };
    assert_eq!(reason.why, expected);
    let told = keyslot::render::reason::why(reason);
    assert!(told.contains("its last pod was ready"), "{told}");
    // Where no pod tells, its controller does.
    stage.cluster_mut("east").pods.iter_mut().for_each(|pod| pod.ready_since = None);
    stage.cluster_mut("east").workloads[0].conditions = vec![rolled_out(ago(4))];
    assert!(restarts(&stage).is_empty(), "{:?}", stage.decide());
    stage.cluster_mut("east").workloads[0].conditions = vec![rolled_out(ago(11))];
    assert_eq!(restarts(&stage), ["north"], "{:?}", stage.decide());
    // One that is not ready has not begun to soak, whoever calls the rollout complete.
    stage.cluster_mut("east").pods[2].ready = false;
    assert!(restarts(&stage).is_empty(), "{:?}", stage.decide());
}

#[test]
fn the_canary_goes_first_and_alone_and_soaks() {
    let stage = Stage::before_restart();
    let decision = stage.decide();
    let Verdict::Act { steps, .. } = &decision.verdict else { panic!("{decision:?}") };
    assert_eq!(steps.len(), 1);
    assert!(matches!(&steps[0], Step::Restart { stamp: name, .. } if *name == stamp("east")));
    assert!(holding(&decision).contains(&Gate::Wave), "north waits for the canary");

    let mut soaking = Stage::before_restart();
    soaking.policy.log_lag = None;
    let now = soaking.now;
    for pod in &mut soaking.cluster_mut("east").pods {
        pod.created = now - SignedDuration::from_mins(9);
    }
    let decision = soaking.decide();
    assert!(matches!(decision.verdict, Verdict::Wait { .. }), "{decision:?}");
    assert_eq!(holding(&decision), [Gate::Wave].into());
    soaking.policy.soak = Duration::from_secs(8 * 60);
    let decision = soaking.decide();
    let Verdict::Act { steps, .. } = &decision.verdict else { panic!("{decision:?}") };
    assert!(matches!(&steps[0], Step::Restart { stamp: name, .. } if *name == stamp("north")));
}

/// Three stamps of which two may be restarted at once: the canary is through, the second was restarted and is not seen at
/// the moment, the third waits for its turn.
fn between_looks() -> Stage {
    let mut stage = soaked();
    let third =
        StampFacts { name: stamp("west"), region: Some("west".into()), ..stage.policy.stamps[1].clone() };
    stage.policy.stamps.push(third);
    stage.policy.wave_size = 2;
    let (vault, cluster) =
        (stage.world.vaults[&stamp("north")].clone(), stage.world.clusters[&stamp("north")].clone());
    stage.world.vaults.insert(stamp("west"), vault);
    stage.world.clusters.insert(stamp("west"), cluster);
    let room = stage.world.rooms[&stamp("north")].clone();
    stage.world.rooms.insert(stamp("west"), room);
    restarted(&mut stage, "north", 1);
    stage.world.clusters.remove(&stamp("north"));
    stage
}

#[test]
fn a_stamp_that_is_not_seen_since_its_restart_takes_its_place_in_the_wave_and_keeps_nobody_else_waiting() {
    let stage = between_looks();
    let decision = stage.decide();
    let Verdict::Act { steps, held } = &decision.verdict else { panic!("{decision:?}") };
    assert!(matches!(&steps[..], [Step::Restart { stamp: name, .. }] if *name == stamp("west")), "{steps:?}");
    let unseen = Why::NotSeen(EvidenceKey::Cluster(stamp("north")));
    assert!(held.iter().all(|reason| reason.why == unseen) && held.len() == 1, "{held:?}");

    let waits: [(&str, Spoil); 6] = [
        ("it is at work there: the wave is full", |s| s.policy.wave_size = 1),
        ("nobody has restarted it, so anything may be going on there", |s| s.events.truncate(4)),
        ("it could not be seen, which is another matter", |s| {
            let blind = Seen::blind(s.now, Blindness::Unreachable, "no connection");
            s.world.clusters.insert(stamp("north"), blind);
        }),
        ("its vault is not seen", |s| drop(s.world.vaults.remove(&stamp("north")))),
        ("its region has refused a request since it was restarted", |s| refused(s, "north", 5)),
        ("the canary is the only healthy one, and is being restarted", |s| {
            s.policy.wave_size = 3;
            s.cluster_mut("east").workloads[0].available = 1;
        }),
    ];
    for (what, spoil) in waits {
        let mut stage = between_looks();
        spoil(&mut stage);
        let decision = stage.decide();
        assert!(matches!(decision.verdict, Verdict::Wait { .. }), "{what}: {decision:?}");
    }
}

/// Accepts what holds at the gate, as `--accept` records it.
fn accept_all(stage: &mut Stage, gate: Gate) {
    let held = match stage.decide().verdict {
        Verdict::Wait { reasons, .. } | Verdict::Halt { reasons } | Verdict::Act { held: reasons, .. } => {
            reasons
        }
        other => panic!("{other:?}"),
    };
    for reason in held.iter().filter(|reason| reason.gate == gate) {
        let (at, Event::Accepted(mut acceptance)) = accepted(gate, &reason.subject.to_string()) else {
            panic!()
        };
        acceptance.why = Some(reason.why.accepted_as());
        stage.events.push((at, Event::Accepted(acceptance)));
    }
}

#[test]
fn what_is_accepted_of_the_canary_makes_the_wave_no_wider() {
    // Nobody asks the account in the canary's region: the metrics tell nothing of its soak.
    let mut silent = three_to_go(1);
    let now = silent.now;
    silent.policy.metrics_lag = Some(Duration::from_secs(5 * 60));
    silent.policy.stamps[0].region = Some("east".to_owned());
    let metrics = MetricsView {
        since: now - SignedDuration::from_hours(8 * 24),
        refused: Vec::new(),
        told: [("north".to_owned(), now)].into(),
    };
    silent.world.metrics = Some(Seen::known(now, metrics));
    assert!(restarts(&silent).is_empty(), "{:?}", silent.decide());
    accept_all(&mut silent, Gate::NotRefused);
    assert_eq!(restarts(&silent), ["north"], "{:?}", silent.decide());

    // It soaks, and two others need not wait for that.
    let mut soaks = three_to_go(1);
    for pod in &mut soaks.cluster_mut("east").pods {
        pod.created = now - SignedDuration::from_mins(9);
    }
    accept_all(&mut soaks, Gate::Wave);
    assert_eq!(restarts(&soaks), ["north"], "{:?}", soaks.decide());

    // The canary is not through yet.
    let mut first = three_to_go(1);
    first.cluster_mut("east").workloads[0].updated = 1;
    accept_all(&mut first, Gate::Wave);
    assert!(restarts(&first).is_empty(), "its rollout takes the one place: {:?}", first.decide());
    // Nor is the last one that serves taken away.
    let mut last = three_to_go(3);
    for pod in &mut last.cluster_mut("east").pods {
        pod.created = now - SignedDuration::from_mins(9);
    }
    for name in ["east", "south", "west"] {
        let workload = &mut last.cluster_mut(name).workloads[0];
        (workload.available, workload.conditions) = (2, vec![rolled_out(now)]);
    }
    let east = &mut last.cluster_mut("east").workloads[0];
    (east.desired, east.available, east.replicas, east.updated) = (3, 3, 3, 3);
    last.policy.stamps[0].live_traffic = false;
    last.events.push(accepted(Gate::NotRefused, "north"));
    assert!(restarts(&last).is_empty(), "{:?}", last.decide());
}

/// Soaks for another minute, and one of the others need not wait for that: it was restarted.
fn one_let_go_on(accepted_as: Option<&str>) -> Stage {
    let mut stage = three_to_go(3);
    let now = stage.now;
    for pod in &mut stage.cluster_mut("east").pods {
        pod.created = now - SignedDuration::from_mins(9);
    }
    let (at, Event::Accepted(acceptance)) = accepted(Gate::Wave, "north") else { panic!() };
    let why = accepted_as.map(str::to_owned);
    stage.events.push((at, Event::Accepted(Acceptance { why, ..acceptance })));
    stage
}

#[test]
fn who_lets_one_stamp_go_on_while_the_canary_soaks_ends_the_soak_for_no_other() {
    for accepted_as in [None, Some("soaking")] {
        let mut stage = one_let_go_on(accepted_as);
        assert_eq!(restarts(&stage), ["north"], "{:?}", stage.decide());
        // Under way, and through.
        restarted(&mut stage, "north", 1);
        stage.cluster_mut("north").workloads[0].updated = 1;
        assert!(restarts(&stage).is_empty(), "{:?}", stage.decide());
        let soaks = |stage: &Stage, name: &str| match stage.decide().verdict {
            Verdict::Wait { reasons, .. } => reasons.iter().any(|reason| {
                reason.subject == Subject::Stamp(stamp(name)) && matches!(reason.why, Why::Soaking { .. })
            }),
            _ => false,
        };
        assert!(soaks(&stage, "south") && soaks(&stage, "west"), "{:?}", stage.decide());
        let now = stage.now;
        let north = stage.cluster_mut("north");
        north.workloads[0].updated = 3;
        north.pods.iter_mut().for_each(|pod| pod.created = now - SignedDuration::from_mins(1));
        assert!(restarts(&stage).is_empty(), "{:?}", stage.decide());
        // Nor does it when its time is over.
        stage.now += SignedDuration::from_secs(30);
        assert!(restarts(&stage).is_empty(), "{:?}", stage.decide());
        stage.policy.soak = Duration::from_secs(8 * 60);
        assert_eq!(restarts(&stage), ["south", "west"], "{:?}", stage.decide());
    }
}

#[test]
fn what_was_accepted_of_the_wave_for_another_reason_makes_nobody_soak_twice() {
    // The canary has soaked, and one of its pods was lost since: another had its turn before that.
    let mut stage = one_let_go_on(Some("wave-full"));
    restarted(&mut stage, "north", 1);
    assert_eq!(restarts(&stage), ["north", "south", "west"], "{:?}", stage.decide());
}

#[test]
fn stamps_between_two_restarts_do_not_wait_for_each_other_when_no_other_one_serves() {
    let mut stage = three_to_go(2);
    let second = WorkloadName::new("workload", "healthservice-deploy");
    stage.policy.workloads.push(second.clone());
    for name in ["east", "north", "south", "west"] {
        let done = name == "east";
        let cluster = stage.cluster_mut(name);
        let pods: Vec<PodView> = cluster
            .pods
            .iter()
            .map(|pod| PodView {
                name: format!("second-{}", pod.name),
                uid: format!("second-{}", pod.uid),
                workload: Some(second.clone()),
                ..pod.clone()
            })
            .collect();
        cluster.workloads.push(WorkloadView { name: second.clone(), ..deployment() });
        if !done {
            cluster.pods.iter_mut().for_each(|pod| pod.created = at(90_000));
        }
        cluster.pods.extend(pods);
    }
    restarted(&mut stage, "north", 1);
    restarted(&mut stage, "south", 1);
    assert_eq!(restarts(&stage), ["north", "south"], "the canary serves: {:?}", stage.decide());
    for name in ["east", "west"] {
        let cluster = stage.cluster_mut(name);
        for workload in &mut cluster.workloads {
            (workload.desired, workload.replicas, workload.updated, workload.available) = (0, 0, 0, 0);
        }
        cluster.pods.clear();
    }
    let decision = stage.decide();
    assert_eq!(restarts(&stage), ["north"], "{decision:?}");
    let Verdict::Act { held, .. } = &decision.verdict else { panic!("{decision:?}") };
    let why = Why::LastHealthyStamp { recovering: true };
    assert!(held.iter().any(|reason| reason.why == why), "{held:?}");
    // While that one rolls, the other is the last one.
    stage.cluster_mut("north").workloads[1].updated = 1;
    assert!(matches!(stage.decide().verdict, Verdict::Wait { .. }), "{:?}", stage.decide());
    // And where there is no other, nothing comes of waiting.
    for workload in &mut stage.cluster_mut("north").workloads {
        (workload.desired, workload.replicas, workload.updated, workload.available) = (0, 0, 0, 0);
    }
    stage.cluster_mut("north").pods.clear();
    assert!(matches!(stage.decide().verdict, Verdict::Halt { .. }), "{:?}", stage.decide());
}

#[test]
fn a_rollout_of_our_own_is_seen_to_its_end_before_a_person_is_called_for_another_stamp() {
    let mut stage = three_to_go(2);
    restarted(&mut stage, "north", 1);
    stage.cluster_mut("north").workloads[0].updated = 1;
    stage.cluster_mut("south").workloads[0].strategy = Strategy::Recreate;
    let decision = stage.decide();
    let Verdict::Wait { reasons, .. } = &decision.verdict else { panic!("{decision:?}") };
    assert!(reasons.iter().any(|reason| reason.why == Why::Recreate), "{reasons:?}");
    for pod in &mut stage.cluster_mut("north").pods {
        pod.created = at(90_000);
    }
    stage.cluster_mut("north").workloads[0].updated = 3;
    stage.policy.stamps.pop();
    assert!(matches!(stage.decide().verdict, Verdict::Halt { .. }), "{:?}", stage.decide());
}

/// Four stamps of which the second was restarted by us half a minute ago, and metrics that tell up to so many minutes ago.
fn just_restarted(wave: usize, told: i64) -> Stage {
    let mut stage = three_to_go(wave);
    restarted(&mut stage, "north", 1);
    let now = stage.now;
    let created = now - SignedDuration::from_secs(30);
    stage.cluster_mut("north").pods.iter_mut().for_each(|pod| pod.created = created);
    stage.policy.metrics_lag = Some(Duration::from_secs(5 * 60));
    let begin = now - SignedDuration::from_mins(told + 1);
    let metrics = MetricsView {
        since: now - SignedDuration::from_hours(8 * 24),
        refused: Vec::new(),
        told: ["east", "north"].map(|region| (region.to_owned(), begin)).into(),
    };
    stage.world.metrics = Some(Seen::known(now, metrics));
    stage
}

/// The same as many minutes later, when everything was looked at again.
fn replaced(stage: &mut Stage, minutes_ago: i64) {
    let created = stage.now - SignedDuration::from_mins(minutes_ago);
    stage.cluster_mut("north").pods.iter_mut().for_each(|pod| pod.created = created);
}

#[test]
fn a_stamp_keeps_its_place_in_the_wave_until_it_is_known_whom_the_account_refuses_of_it() {
    let mut stage = just_restarted(1, 2);
    let decision = stage.decide();
    let Verdict::Wait { reasons, .. } = &decision.verdict else { panic!("{decision:?}") };
    let settling = Why::WaveSettling { behind: vec![stamp("north")] };
    for name in ["south", "west"] {
        let waits = |one: &&Reason| one.subject == Subject::Stamp(stamp(name)) && one.why == settling;
        assert!(reasons.iter().any(|one| waits(&one)), "{name}: {reasons:?}");
    }
    let untold = |one: &&Reason| matches!(one.why, Why::RefusalsUntold { lasting: false, .. });
    assert!(reasons.iter().any(|one| untold(&one)), "{reasons:?}");
    // One of two places is taken.
    assert_eq!(restarts(&just_restarted(2, 2)), ["south"]);
    // Metrics that tell of requests a lag after its pods were replaced.
    replaced(&mut stage, 7);
    assert_eq!(restarts(&stage), ["south"], "{:?}", stage.decide());
    replaced(&mut stage, 6);
    assert!(restarts(&stage).is_empty(), "{:?}", stage.decide());
    // Logs may tell as well, where metrics do not.
    stage.policy.log_lag = Some(Duration::from_secs(60));
    assert_eq!(restarts(&stage), ["south"], "{:?}", stage.decide());
}

#[test]
fn who_was_not_restarted_by_us_and_who_is_not_asked_keeps_nobody_waiting() {
    let mut unasked = just_restarted(1, 2);
    unasked.policy.metrics_lag = None;
    assert_eq!(restarts(&unasked), ["south"], "{:?}", unasked.decide());
    let mut forbidden = just_restarted(1, 2);
    forbidden.world.metrics = Some(Seen::blind(forbidden.now, Blindness::Forbidden, "no"));
    assert_eq!(restarts(&forbidden), ["south"], "{:?}", forbidden.decide());
    let mut dark = just_restarted(1, 2);
    dark.policy.stamps[1].live_traffic = false;
    assert_eq!(restarts(&dark), ["south"], "{:?}", dark.decide());
    let mut by_hand = just_restarted(1, 2);
    by_hand.events.truncate(4);
    assert_eq!(restarts(&by_hand), ["south"], "{:?}", by_hand.decide());
}

#[test]
fn metrics_that_do_not_come_call_a_person_who_may_accept_the_stamp() {
    // It was restarted long ago, and nobody has told anything of its region since.
    let mut stage = just_restarted(1, 2);
    replaced(&mut stage, 60);
    let told = &mut stage.world.metrics.as_mut().unwrap().what.as_mut().unwrap().told;
    told.remove("north");
    let decision = stage.decide();
    let Verdict::Halt { reasons } = &decision.verdict else { panic!("{decision:?}") };
    let lasting = |one: &&Reason| matches!(one.why, Why::RefusalsUntold { lasting: true, .. });
    let told = reasons.iter().find(lasting).unwrap_or_else(|| panic!("{reasons:?}"));
    assert_eq!(told.subject, Subject::Stamp(stamp("north")));
    assert!(keyslot::render::reason::remedy(told).contains("accept the stamp by name"));
    stage.events.push(accepted(Gate::NotRefused, "north"));
    assert_eq!(restarts(&stage), ["south"], "{:?}", stage.decide());
}

/// Nobody knows yet of the two that were restarted, and one is getting its pods back.
#[test]
fn the_last_stamp_that_serves_for_certain_waits_for_what_is_told_of_the_others() {
    let mut stage = just_restarted(3, 2);
    let now = stage.now;
    restarted(&mut stage, "east", 1);
    let created = now - SignedDuration::from_secs(40);
    stage.cluster_mut("east").pods.iter_mut().for_each(|pod| pod.created = created);
    let west = &mut stage.cluster_mut("west").workloads[0];
    (west.available, west.conditions) = (2, vec![rolled_out(now)]);
    let decision = stage.decide();
    let Verdict::Wait { reasons, .. } = &decision.verdict else { panic!("{decision:?}") };
    let settling = Why::WaveSettling { behind: vec![stamp("east"), stamp("north")] };
    let south = Reason::new(Gate::Wave, Subject::Stamp(stamp("south")), settling);
    assert!(reasons.contains(&south), "{reasons:?}");
    stage.policy.metrics_lag = None;
    assert_eq!(restarts(&stage), ["south"], "{:?}", stage.decide());
}
