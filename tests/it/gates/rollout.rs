//! Rollouts under way, failed or somebody else's, and pods that do not go.

use keyslot::rotation::failed_news;

use super::*;

#[test]
fn a_restart_that_was_sent_and_rolls_nothing_is_not_told_as_one_that_is_to_come() {
    let told = |stage: &Stage| {
        let text = keyslot::render::restarts::restarts(&stage.restarts());
        text.lines().find(|line| line.starts_with("east ")).expect("the stamp").to_owned()
    };
    let mut stage = three_to_go(2);
    for pod in &mut stage.cluster_mut("east").pods {
        (pod.created, pod.mounted) = (at(10), Some(SecretVersion::new("v2")));
    }
    assert!(told(&stage).ends_with("not restarted yet"), "{}", told(&stage));
    restarted(&mut stage, "east", 1);
    let east = stage.cluster_mut("east");
    (east.workloads[0].paused, east.workloads[0].updated) = (true, 0);
    let said = told(&stage);
    assert!(
        said.contains("restart sent at ") && said.contains("still there: ") && said.contains("is paused"),
        "{said}"
    );
    assert!(!said.contains("not answered") && !said.contains("changed by somebody"), "{said}");
    // Somebody has restarted it as well, or taken our mark away.
    let before = stage.clone();
    let workload = &mut stage.cluster_mut("east").workloads[0];
    (workload.generation, workload.observed_generation) = (3, 3);
    assert!(told(&stage).contains("and changed by somebody since, pods"), "{}", told(&stage));
    stage = before;
    assert!(stage.restarts().iter().any(|stamp| !stamp.is_over()));
    // Nobody knows whether it arrived.
    let Some((_, Event::Ended { ends })) = stage.events.last_mut() else { panic!("{:?}", stage.events) };
    ends[0].outcome = Outcome::Unknown { why: "timed out".to_owned() };
    assert!(told(&stage).contains(" and not answered, "), "{}", told(&stage));
}

/// As the remedy says: they are deleted one by one, and then it is run again.
#[test]
fn pods_that_somebody_deleted_by_hand_are_moved_however_they_would_be_restarted() {
    let mut stage = Stage::before_restart();
    stage.reach = Reach::Restart { stamps: [].into(), quiesce: false };
    stage.events.retain(|(_, event)| !matches!(event, Event::Reached { .. }));
    stage.cluster_mut("east").workloads[0].strategy = Strategy::OnDelete;
    let held = |stage: &Stage| match stage.decide().verdict {
        Verdict::Halt { reasons } => reasons.iter().any(|reason| reason.why == Why::OnDelete),
        _ => false,
    };
    assert!(held(&stage), "{:?}", stage.decide());
    let young = stage.now - SignedDuration::from_mins(30);
    stage.cluster_mut("east").pods.iter_mut().for_each(|pod| pod.created = young);
    assert!(!held(&stage), "{:?}", stage.decide());
    // What the pods got is another key there.
    stage.vault_mut("east").fingerprint = key(Slot::Primary);
    assert!(held(&stage), "{:?}", stage.decide());
}

#[test]
fn a_set_whose_pod_never_ends_is_told_by_name_and_halts() {
    let mut stage = Stage::before_restart();
    become_stateful(&mut stage);
    let north = stage.cluster_mut("north");
    (north.workloads[0].updated, north.workloads[0].between_revisions) = (1, true);
    let ends = |stage: &mut Stage, ago: i64| {
        let at = stage.now - SignedDuration::from_mins(ago);
        let pod = &mut stage.cluster_mut("north").pods[0];
        (pod.deleting, pod.node) = (Some(at), Some("node-1".to_owned()));
        stage.decide().verdict
    };
    let verdict = ends(&mut stage, 5);
    assert!(!matches!(verdict, Verdict::Halt { .. }), "it may be late: {verdict:?}");
    let Verdict::Halt { reasons } = ends(&mut stage, 11) else { panic!("{:?}", stage.decide()) };
    let told = keyslot::render::reason::why(&reasons[0]);
    let name = stage.cluster_mut("north").pods[0].name.clone();
    assert!(told.contains(&format!("{name} (on node node-1) should have ended long ago")), "{told}");
}

#[test]
fn a_rollout_that_fails_says_what_a_person_would_look_up() {
    let mut stage = three_to_go(2);
    restarted(&mut stage, "north", 1);
    let north = stage.cluster_mut("north");
    north.workloads[0].updated = 1;
    north.workloads[0].available = 2;
    let text = "container app: CrashLoopBackOff, restarted 4 times, last exit code 137 (OOMKilled)";
    let failing = PodView {
        name: "catalogservice-deploy-new".to_owned(),
        created: at(99_900),
        ready: false,
        trouble: Some(PodTrouble::new(true, text)),
        ..north.pods[0].clone()
    };
    north.pods.push(failing);
    let warn = |object: &str, reason: &str, message: &str| Warning::new(object, reason, message, 7, None);
    north.warnings = vec![
        warn("Pod catalogservice-deploy-new", "BackOff", "Back-off restarting failed container"),
        warn("Pod somebody-elses", "FailedMount", "no"),
        warn("ReplicaSet catalogservice-deploy-5d8f", "FailedCreate", "exceeded quota: pods"),
        warn("ReplicaSet catalogservice-deployment-5d8f", "FailedCreate", "another's"),
    ];
    let decision = stage.decide();
    let Verdict::Halt { reasons } = &decision.verdict else { panic!("{decision:?}") };
    let [reason] = &reasons[..] else { panic!("{reasons:?}") };
    let told = keyslot::render::reason::why(reason);
    let lines: Vec<&str> = told.lines().map(str::trim).collect();
    assert_eq!(
        lines,
        [
            "the rollout of north/workload/catalogservice-deploy failed: catalogservice-deploy-new cannot start",
            "catalogservice-deploy-new: container app: CrashLoopBackOff, restarted 4 times, last exit code 137 (OOMKilled)",
            "Pod catalogservice-deploy-new: BackOff (7 times): Back-off restarting failed container",
            "ReplicaSet catalogservice-deploy-5d8f: FailedCreate (7 times): exceeded quota: pods",
        ]
    );
    // Nobody else is begun meanwhile, though the wave has a place; a person may say by name that it shall.
    stage.events.push(accepted(Gate::RolloutSettled, "north/workload/catalogservice-deploy"));
    stage.cluster_mut("north").workloads[0].restarted_at = Some("2027-01-15T08:01:00Z".to_owned());
    let others = ["south", "west"];
    assert_eq!(
        restarts(&stage),
        others,
        "north takes no place, and is not restarted on top of our own restart"
    );
}

/// Its rollout has failed, and a person has looked at it and lets the others go on.
fn failed_and_accepted(stage: &mut Stage, name: &str) {
    let failed = &mut stage.cluster_mut(name).workloads[0];
    failed.updated = 1;
    failed.conditions = vec![restart::out_of_time()];
    stage.events.push(accepted(Gate::RolloutSettled, &format!("{name}/workload/catalogservice-deploy")));
}

#[test]
fn a_failed_rollout_that_was_accepted_takes_no_place_in_the_wave() {
    // Somebody else's, before anything was begun.
    let mut stage = three_to_go(1);
    stage.cluster_mut("east").pods.iter_mut().for_each(|pod| pod.created = at(10));
    failed_and_accepted(&mut stage, "south");
    assert_eq!(restarts(&stage), ["east"], "{:?}", stage.decide());
    // It is no healthy one for all that: where no other takes traffic, the canary is the last.
    for name in ["north", "west"] {
        stage.policy.stamps.iter_mut().find(|facts| facts.name == stamp(name)).unwrap().live_traffic = false;
    }
    let last = format!("{:?}", stage.decide());
    assert!(restarts(&stage).is_empty() && last.contains("LastHealthyStamp"), "{last}");
    // Our own.
    let mut stage = three_to_go(1);
    restarted(&mut stage, "north", 1);
    stage.cluster_mut("north").workloads[0].restarted_at = Some("2027-01-15T08:01:00Z".to_owned());
    failed_and_accepted(&mut stage, "north");
    assert_eq!(restarts(&stage), ["south"], "{:?}", stage.decide());
    // What nothing else is left to do beside is told all the same.
    stage.policy.stamps.truncate(2);
    let decision = stage.decide();
    let Verdict::Halt { reasons } = &decision.verdict else { panic!("{decision:?}") };
    assert!(matches!(&reasons[..], [Reason { why: Why::RolloutFailed { .. }, .. }]), "{reasons:?}");
    // One that gets on is waited for, accepted or not.
    let mut stage = three_to_go(1);
    restarted(&mut stage, "north", 1);
    stage.cluster_mut("north").workloads[0].restarted_at = Some("2027-01-15T08:01:00Z".to_owned());
    failed_and_accepted(&mut stage, "north");
    stage.cluster_mut("north").workloads[0].conditions.clear();
    assert!(matches!(stage.decide().verdict, Verdict::Wait { .. }), "{:?}", stage.decide());
}

#[test]
fn an_old_pod_of_a_job_on_a_node_that_does_not_answer_is_told_by_the_node() {
    let mut stage = Stage::ready();
    run_job(&mut stage, at(40));
    let reasons = |stage: &Stage| match stage.decide().verdict {
        Verdict::Wait { reasons, .. } | Verdict::Halt { reasons } => reasons,
        other => panic!("{other:?}"),
    };
    assert!(reasons(&stage).iter().any(|reason| matches!(reason.why, Why::JobRuns { .. })));
    let node = Subject::Object(stamp("north"), ObjectName::new("Node", "", "node-7"));
    // It may come back.
    let cluster = stage.cluster_mut("north");
    cluster.silent.insert("node-7".to_owned(), None);
    let pod = cluster.pods.last_mut().unwrap();
    (pod.node, pod.deleting) = (Some("node-7".to_owned()), Some(at(99_900)));
    let told = reasons(&stage);
    let waits = |reason: &&Reason| reason.subject == node && matches!(reason.why, Why::NodeNotReady { .. });
    assert!(told.iter().any(|reason| waits(&reason)), "{told:?}");
    // It does not.
    stage.cluster_mut("north").pods.last_mut().unwrap().deleting = Some(at(99_000));
    let told = reasons(&stage);
    let silent = |reason: &&Reason| reason.subject == node && matches!(reason.why, Why::NodeSilent { .. });
    assert!(told.iter().any(|reason| silent(&reason)), "{told:?}");
    assert!(!told.iter().any(|reason| matches!(reason.why, Why::JobRuns { .. })), "{told:?}");
    assert!(matches!(stage.decide().verdict, Verdict::Halt { .. }), "{:?}", stage.decide());
}

#[test]
fn a_workload_that_vanishes_in_mid_rollout_halts_and_may_be_accepted_as_gone() {
    let mut stage = three_to_go(1);
    restarted(&mut stage, "north", 1);
    let north = stage.cluster_mut("north");
    north.workloads.clear();
    north.pods.clear();
    let decision = stage.decide();
    assert!(matches!(decision.verdict, Verdict::Halt { .. }), "{decision:?}");
    assert!(holding(&decision).contains(&Gate::Preflight), "{decision:?}");
    stage.events.push(accepted(Gate::Preflight, "north/workload/catalogservice-deploy"));
    assert_eq!(restarts(&stage), ["south"], "{:?}", stage.decide());
}

#[test]
fn a_pod_on_a_node_that_does_not_answer_holds_and_both_are_named() {
    let mut stage = Stage::ready();
    let mut pod = stage.cluster_mut("east").pods[1].clone();
    (pod.created, pod.deleting) = (at(40), Some(at(100_000 - 500)));
    stage.cluster_mut("east").pods.push(pod);
    let told = |stage: &Stage| match stage.decide().verdict {
        Verdict::Wait { reasons, .. } | Verdict::Halt { reasons } => {
            reasons.iter().map(keyslot::render::reason::why).collect::<Vec<_>>().join("\n")
        }
        other => panic!("{other:?}"),
    };
    assert!(told(&stage).contains("catalogservice-deploy-1 (on node node-1)"), "{}", told(&stage));
    stage.now = at(100_000 + 150);
    for seen in stage.world.clusters.values_mut() {
        seen.at = stage.now;
    }
    let silent = told(&stage);
    assert!(silent.contains("node-1 (east/node/node-1) should have ended at"), "{silent}");
    assert!(silent.contains("catalogservice-deploy-1"), "{silent}");
}

#[test]
fn what_was_sent_is_followed_in_a_pause_and_nothing_is_begun() {
    let mut stage = Stage::before_restart();
    stage.events.push((at(5), paused()));
    assert_eq!(holding(&stage.decide()), [Gate::NotPaused].into_iter().chain([Gate::Wave]).collect());
    stage.events.push((at(6), Event::Unpaused { by: "operator".to_owned() }));
    assert_eq!(restarts(&stage), ["east"]);
    // A rollout under way is waited for as ever, with the pause beside it.
    stage.events.push((at(7), paused()));
    stage.cluster_mut("east").workloads[0].updated = 1;
    let decision = stage.decide();
    assert!(matches!(decision.verdict, Verdict::Wait { .. }), "{decision:?}");
    assert!(holding(&decision).contains(&Gate::NotPaused), "{decision:?}");
}

#[test]
fn pods_that_do_not_show_what_they_mounted_are_for_a_person_when_they_have_had_their_time() {
    for (age, person) in [(300, false), (601, true)] {
        let mut stage = Stage::ready();
        for pod in &mut stage.cluster_mut("east").pods {
            (pod.mounted, pod.created) = (None, at(100_000 - age));
        }
        let decision = stage.decide();
        assert_eq!(matches!(decision.verdict, Verdict::Halt { .. }), person, "{decision:?}");
        let (Verdict::Wait { reasons, .. } | Verdict::Halt { reasons }) = &decision.verdict else { panic!() };
        let one = reasons.iter().find(|one| one.gate == Gate::OldPodsGone).unwrap();
        assert_eq!(keyslot::render::reason::remedy(one).contains("this stamp's cluster"), person, "{one:?}");
    }
}

/// Their controller may take so many away at once, and starts no successor beside them.
#[test]
fn a_set_that_may_lose_all_its_pods_at_once_is_not_restarted() {
    let mut stage = Stage::before_restart();
    become_stateful(&mut stage);
    let may_lose = |stage: &mut Stage, many: ReplicaNumber| {
        let workload = &mut stage.cluster_mut("east").workloads[0];
        workload.strategy =
            Strategy::RollingUpdate { max_surge: ReplicaNumber::Count(0), max_unavailable: many };
        workload.desired
    };
    may_lose(&mut stage, ReplicaNumber::Count(1));
    assert!(matches!(stage.decide().verdict, Verdict::Act { .. }), "{:?}", stage.decide());
    let desired = may_lose(&mut stage, ReplicaNumber::Count(3));
    let Verdict::Halt { reasons } = stage.decide().verdict else { panic!("{:?}", stage.decide()) };
    assert!(reasons.iter().any(|reason| reason.why == Why::TakesAll { desired }), "{reasons:?}");
}

#[test]
fn a_cluster_that_azure_works_on_is_not_restarted() {
    check(
        Stage::before_restart,
        &[("an upgrade", Gate::Preflight, End::Waits, |s| {
            for name in ["east", "north"] {
                s.cluster_mut(name).state = ClusterState::Changing { state: "Upgrading".to_owned() };
            }
        })],
    );
}

#[test]
fn pods_that_a_quota_keeps_from_being_made_are_no_scaling_that_ends_by_itself() {
    let mut stage = Stage::before_restart();
    stage.policy.log_lag = None;
    let now = stage.now;
    let refused = |stage: &mut Stage, minutes: i64| {
        let failure = DeploymentCondition {
            kind: "ReplicaFailure".to_owned(),
            status: "True".to_owned(),
            reason: "FailedCreate".to_owned(),
            message: "exceeded quota: pods".to_owned(),
            updated: Some(now - SignedDuration::from_mins(minutes)),
        };
        let workload = &mut stage.cluster_mut("east").workloads[0];
        (workload.desired, workload.unavailable) = (5, 2);
        workload.conditions = vec![rolled_out(at(60)), failure];
    };
    refused(&mut stage, 29);
    assert!(matches!(stage.decide().verdict, Verdict::Wait { .. }), "{:?}", stage.decide());
    refused(&mut stage, 31);
    let decision = stage.decide();
    let Verdict::Halt { reasons } = &decision.verdict else { panic!("{decision:?}") };
    let told = keyslot::render::reason::why(&reasons[0]);
    assert!(told.contains("has not been let make a pod for 30 min"), "{told}");
    assert!(told.contains("FailedCreate: exceeded quota: pods"), "{told}");
}

#[test]
fn where_nothing_else_is_to_be_seen_the_pods_that_are_not_ready_are_named() {
    let mut stage = Stage::before_restart();
    let cluster = stage.cluster_mut("east");
    cluster.workloads[0].updated = 1;
    cluster.workloads[0].conditions = vec![restart::out_of_time()];
    cluster.pods[0].ready = false;
    cluster.pods[0].node = Some("node-1".to_owned());
    let ended = PodView { deleting: Some(at(50)), ..cluster.pods[0].clone() };
    let name = cluster.pods[0].name.clone();
    cluster.pods.push(ended);
    let lines = |stage: &Stage| {
        let decision = stage.decide();
        let (Verdict::Wait { reasons, .. } | Verdict::Halt { reasons }) = decision.verdict else { panic!() };
        reasons.into_iter().find_map(|reason| match reason.why {
            Why::RolloutFailed { symptoms, .. } => Some(symptoms),
            _ => None,
        })
    };
    let told = format!("{name} (on node node-1): Running, and not ready");
    assert_eq!(lines(&stage), Some(vec![told]));
    let trouble = PodTrouble::new(true, "container app: CrashLoopBackOff");
    stage.cluster_mut("east").pods[0].trouble = Some(trouble);
    assert_eq!(lines(&stage), Some(vec![format!("{name}: container app: CrashLoopBackOff")]));
}

/// One pod of three is missing in the stamp, and nobody has written anything of its workload for so many minutes.
fn short_of_one(stage: &mut Stage, minutes: i64) {
    let written = stage.now - SignedDuration::from_mins(minutes);
    let north = stage.cluster_mut("north");
    north.pods.truncate(2);
    let set = &mut north.workloads[0];
    (set.replicas, set.updated, set.ready, set.available, set.unavailable) = (2, 0, 2, 2, 1);
    (set.between_revisions, set.written) = (true, Some(written));
}

#[test]
fn a_set_that_may_not_make_its_pods_is_told_with_what_the_events_say() {
    for kind in [WorkloadKind::StatefulSet, WorkloadKind::DaemonSet, WorkloadKind::Rollout] {
        let mut stage = Stage::before_restart();
        become_stateful(&mut stage);
        let name = WorkloadName { kind, ..stage.policy.workloads[0].clone() };
        stage.policy.workloads = vec![name.clone()];
        for stamp in ["east", "north"] {
            let cluster = stage.cluster_mut(stamp);
            cluster.workloads[0].name = name.clone();
            cluster.pods.iter_mut().for_each(|pod| pod.workload = Some(name.clone()));
        }
        let asked = Warning::new(
            &format!("{kind} {}", name.name),
            "FailedCreate",
            "create Pod orders-db-2 failed error: exceeded quota: team",
            9,
            None,
        );
        stage.cluster_mut("north").warnings = vec![asked];
        let halts = |stage: &Stage| matches!(stage.decide().verdict, Verdict::Halt { .. });
        short_of_one(&mut stage, 9);
        assert!(!halts(&stage), "{kind}: {:?}", stage.decide());
        short_of_one(&mut stage, 11);
        let decision = stage.decide();
        let Verdict::Halt { reasons } = &decision.verdict else { panic!("{kind}: {decision:?}") };
        let told = keyslot::render::reason::why(&reasons[0]);
        assert!(told.contains("has not made 1 of its 3 pods for 10 min, and none is coming"), "{told}");
        assert!(told.contains("FailedCreate (9 times): create Pod orders-db-2 failed"), "{told}");
        let others: [(&str, Spoil); 6] = [
            ("one ends, and its successor waits", |s| {
                s.cluster_mut("north").pods[0].deleting = Some(at(99_999))
            }),
            ("one is about to serve", |s| {
                let now = s.now;
                let pod = &mut s.cluster_mut("north").pods[0];
                (pod.ready, pod.unready_since) = (false, Some(now));
            }),
            ("one has become ready since", |s| {
                let now = s.now;
                s.cluster_mut("north").pods[0].ready_since = Some(now);
            }),
            ("the list of the pods shows it already", |s| {
                one_more(s, "north").uid = "u-new".to_owned();
            }),
            ("its controller has not seen what is wanted", |s| {
                s.cluster_mut("north").workloads[0].generation = 2;
            }),
            ("nobody tells since when", |s| s.cluster_mut("north").workloads[0].written = None),
        ];
        for (what, spoil) in others {
            let mut stage = stage.clone();
            spoil(&mut stage);
            assert!(!halts(&stage), "{kind}: {what}: {:?}", stage.decide());
        }
    }
}

#[test]
fn a_deployment_whose_pods_are_not_made_fails_though_no_condition_says_so() {
    let mut stage = Stage::before_restart();
    stage.policy.log_lag = None;
    let halts = |stage: &mut Stage, minutes: i64| {
        let written = stage.now - SignedDuration::from_mins(minutes);
        stage.cluster_mut("north").workloads[0].written = Some(written);
        matches!(stage.decide().verdict, Verdict::Halt { .. })
    };
    // Nothing is taken away before another serves, and there is no deadline.
    stage.cluster_mut("north").workloads[0].updated = 0;
    assert!(!halts(&mut stage, 29) && halts(&mut stage, 31), "{:?}", stage.decide());
    // One that was lost after a rollout.
    let mut stage = Stage::before_restart();
    stage.policy.log_lag = None;
    short_of_one(&mut stage, 0);
    let north = &mut stage.cluster_mut("north").workloads[0];
    (north.updated, north.between_revisions, north.conditions) = (2, false, vec![rolled_out(at(60))]);
    assert!(!halts(&mut stage, 29) && halts(&mut stage, 31), "{:?}", stage.decide());
    let Verdict::Halt { reasons } = stage.decide().verdict else { panic!() };
    let told = keyslot::render::reason::why(&reasons[0]);
    assert!(
        told.contains("it was over, and since then its controller has not made 1 of its 3 pods"),
        "{told}"
    );
    // Somebody has paused it.
    stage.cluster_mut("north").workloads[0].paused = true;
    let told = format!("{:?}", stage.decide());
    assert!(!told.contains("RolloutFailed"), "{told}");
}

/// Whatever made it fail may be there still, and the class that was missing is not seen in the cluster.
#[test]
fn a_restart_that_failed_and_was_taken_back_is_for_a_person_before_it_is_begun_again() {
    let mut stage = Stage::before_restart();
    restarted(&mut stage, "east", 1);
    assert_eq!(
        restarts(&stage),
        ["east"],
        "taken back in its middle, it is begun again: {:?}",
        stage.decide()
    );
    let mark = "2027-01-15T08:01:00Z";
    let failed = |mark: &str| Event::RolloutFailed {
        leg: Leg::Out,
        stamp: stamp("east"),
        workload: workload(),
        restarted_at: mark.to_owned(),
    };
    stage.events.push((at(62), failed("2027-01-15T07:00:00Z")));
    assert_eq!(restarts(&stage), ["east"], "another one failed");
    stage.events.push((at(62), failed(mark)));
    let Verdict::Halt { reasons } = stage.decide().verdict else { panic!("{:?}", stage.decide()) };
    let why = Why::FailedRestartUndone { restarted_at: mark.to_owned() };
    let one = reasons.iter().find(|one| one.why == why).unwrap_or_else(|| panic!("{reasons:?}"));
    let Event::Accepted(acceptance) = accepted(Gate::RolloutSettled, &one.subject.to_string()).1 else {
        panic!()
    };
    for (accepts, opens) in [(one.why.accepted_as(), true), ("failed-restart-undone x".to_owned(), false)] {
        let mut tried = stage.clone();
        let acceptance = Acceptance { why: Some(accepts), ..acceptance.clone() };
        tried.events.push((at(70), Event::Accepted(acceptance)));
        assert_eq!(restarts(&tried) == ["east"], opens, "{:?}", tried.decide());
    }
}

#[test]
fn a_rollout_of_ours_that_failed_is_written_down_once() {
    let mut stage = Stage::before_restart();
    let news = |stage: &Stage| {
        let Verdict::Halt { reasons } = stage.decide().verdict else { panic!("{:?}", stage.decide()) };
        failed_news(&stage.fold(), Leg::Out, &stage.world, &reasons)
    };
    restarted(&mut stage, "east", 1);
    let workload = &mut stage.cluster_mut("east").workloads[0];
    workload.updated = 1;
    workload.conditions = vec![DeploymentCondition {
        status: "False".to_owned(),
        reason: "ProgressDeadlineExceeded".to_owned(),
        ..rolled_out(at(100))
    }];
    workload.restarted_at = Some("2027-01-15T07:00:00Z".to_owned());
    assert!(news(&stage).is_empty(), "it is somebody else's");
    stage.cluster_mut("east").workloads[0].restarted_at = Some("2027-01-15T08:01:00Z".to_owned());
    let told = news(&stage);
    assert!(matches!(&told[..], [Event::RolloutFailed { .. }]), "{told:?}");
    stage.events.push((at(70), told[0].clone()));
    assert!(news(&stage).is_empty());
}
