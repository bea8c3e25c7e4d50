//! What makes a rotation stop, and that it says why and leaves everything served.

use std::time::Duration;

use futures::executor::block_on;
use keyslot::drive::TurnEnd;
use keyslot::model::{NetworkRules, Slot, StampName, WorkloadName};
use keyslot::rotation::{Acceptance, Event, Gate, Left, Reason, Subject, Why, left_open};
use keyslot::sim::config::Flavour;
use keyslot::sim::fault::{Fault, Operation, Target, Trouble, When};
use keyslot::sim::kubernetes::{ClassChange, Made};
use keyslot::sim::{Command, DeploymentPatch, World};

use crate::backstage::Deed;
use crate::harm_scenarios::small as config;
use crate::in_memory::{Life, Theatre};
use crate::journey::{events, later};

fn halts(theatre: &mut Theatre) -> Vec<Reason> {
    let life = theatre.live();
    let Life::Ended(TurnEnd::Halted { reasons, .. }) = life else { panic!("{life:?}") };
    let outcome = theatre.world.lock().outcome();
    assert_eq!((outcome.outage.refused, outcome.regenerated.len()), (0, 0), "{reasons:?}");
    reasons
}

#[test]
fn a_pull_request_closed_by_a_person_halts() {
    let fault = Fault::new(When::Nth(1), Target::any(), Trouble::ClosePull);
    let mut theatre = Theatre::new(config().with_fault(fault));
    assert!(halts(&mut theatre).iter().any(|reason| matches!(reason.why, Why::PullClosed { .. })));
    assert_eq!(theatre.world.lock().counters().pulls_opened, 1);
}

#[test]
fn a_forge_whose_list_lags_is_waited_for_and_not_asked_twice() {
    let fault = Fault::new(When::Always, Target::any(), Trouble::ListLag { by: Duration::from_secs(400) });
    let mut theatre = Theatre::new(config().with_fault(fault));
    assert_eq!(theatre.live(), Life::Ended(TurnEnd::Done));
    let asked = events(&theatre).iter().filter(|(_, event)| intends(event, "open-pull/out")).count();
    assert_eq!((asked, theatre.world.lock().counters().pulls_opened), (1, 1));
}

fn intends(event: &Event, key: &str) -> bool {
    let Event::Intended { intents } = event else { return false };
    intents.iter().any(|intent| intent.key.as_str().starts_with(key))
}

#[test]
fn a_target_key_that_one_region_refuses_halts_and_names_the_region() {
    let target = Target::any().and_region("East US 2").and_slot(Slot::Secondary);
    let mut theatre = Theatre::new(config().with_fault(Fault::new(When::Always, target, Trouble::RefuseKey)));
    let reasons = halts(&mut theatre);
    let names =
        |reason: &Reason| matches!(&reason.why, Why::KeyRefused { regions, .. } if regions == &["East US 2"]);
    assert!(reasons.iter().any(names), "{reasons:?}");
    assert_eq!(theatre.world.lock().counters().pulls_opened, 0);
}

#[test]
fn an_unreachable_stamp_is_waited_for_by_name_and_nothing_is_regenerated() {
    let at = When::Window { from: Duration::from_secs(3600), until: Duration::from_secs(24 * 3600) };
    let fault = Fault::new(at, Target::stamp("eastus2"), Trouble::StampUnreachable);
    let mut theatre = Theatre::new(config().with_fault(fault));
    let start = theatre.world.lock().now();
    theatre.backstage.until(later(start, Duration::from_secs(20 * 3600)));
    assert_eq!(theatre.live(), Life::Crashed, "it waits, and nobody waits longer");
    assert!(theatre.world.lock().outcome().regenerated.is_empty());
    theatre.crashes.flag().lower();
    let mut driver = block_on(theatre.driver_as("looks", "looks")).unwrap();
    let report = block_on(driver.report()).unwrap();
    let verdict = format!("{:?}", report.decision.unwrap().verdict);
    assert!(verdict.starts_with("Wait") && verdict.contains("eastus2"), "{verdict}");
    // It answers again, and the same rotation comes to its end.
    theatre.backstage.until(later(start, Duration::from_secs(60 * 3600)));
    theatre.backstage.in_time_again();
    assert_eq!(theatre.live(), Life::Ended(TurnEnd::Done));
    let outcome = theatre.world.lock().outcome();
    assert_eq!((outcome.outage.refused, outcome.regenerated.len()), (0, 1));
}

#[test]
fn a_lock_on_the_account_halts_and_nothing_is_regenerated() {
    let mut open = Theatre::new(config());
    assert_eq!(open.live(), Life::Ended(TurnEnd::Done));
    let (start, sent) = (open.world.lock().config().start, open.backstage.shots()[0].at);
    let before: Duration = (sent - start).try_into().unwrap();
    // From the beginning on, while the rotation is under way, and just before the key would go.
    for from in [Duration::ZERO, before / 2, before - Duration::from_secs(120)] {
        let mut world = config();
        world.account.lock = Some(("audit".to_owned(), from));
        let mut theatre = Theatre::new(world);
        let text = told(&halts(&mut theatre));
        assert!(text.contains("audit") || text.contains("no lock"), "{from:?}: {text}");
        let world = theatre.world.lock();
        assert_eq!((world.outcome().regenerated.len(), world.outage().refused), (0, 0), "{from:?}");
        assert_eq!(world.counters().pulls_opened, u32::from(!from.is_zero()), "{from:?}");
    }
}

#[test]
fn a_machine_that_the_accounts_network_keeps_out_is_told_before_anything_is_done() {
    let out = |at| Fault::new(at, Target::operation(Operation::Probe), Trouble::Forbidden);
    let mut world = config().with_fault(out(When::Always));
    world.account.network =
        Some(NetworkRules { closed_to_public: true, private_endpoints: 2, ..NetworkRules::default() });
    let mut theatre = Theatre::new(world);
    let reasons = halts(&mut theatre);
    let text = told(&reasons);
    assert!(
        text.contains("this machine cannot ask Cosmos DB whether the secondary key is accepted"),
        "{text}"
    );
    assert!(text.contains("(publicNetworkAccess is off, 2 private endpoints)"), "{text}");
    let remedies: String = reasons.iter().map(keyslot::render::reason::remedy).collect();
    assert!(remedies.contains("run keyslot where the workloads run"), "{remedies}");
    assert_eq!(theatre.world.lock().counters().pulls_opened, 0);
}

#[test]
fn a_network_that_closes_after_the_regeneration_leaves_confirm_to_a_machine_that_is_let_in() {
    // When the key was regenerated: from then on the account lets this machine in no more.
    let mut open = Theatre::new(config());
    assert_eq!(open.live(), Life::Ended(TurnEnd::Done));
    let (start, sent) = (open.world.lock().config().start, open.backstage.shots()[0].at);
    let from: Duration = (sent - start).try_into().unwrap();
    let from = from + Duration::from_secs(60);
    let until = from + Duration::from_secs(4 * 3600);
    let closed = When::Window { from, until };
    let fault = Fault::new(closed, Target::operation(Operation::Probe), Trouble::Forbidden);
    let mut theatre = Theatre::new(config().with_fault(fault));
    let life = theatre.live();
    let Life::Ended(TurnEnd::Halted { reasons, .. }) = life else { panic!("{life:?}") };
    assert_eq!(reasons.iter().map(|one| one.gate).collect::<Vec<_>>(), [Gate::NewKeyAccepted], "{reasons:?}");
    let text = told(&reasons);
    assert!(text.contains("new by its generation time and fingerprint"), "{text}");
    assert_eq!(theatre.world.lock().outcome().regenerated.len(), 1);
    // From a machine that is let in, the same rotation comes to its end, and nothing is regenerated again.
    theatre.crashes.flag().lower();
    theatre.backstage.pass(later(start, until));
    assert_eq!(theatre.live(), Life::Ended(TurnEnd::Done));
    let outcome = theatre.world.lock().outcome();
    assert_eq!((outcome.outage.refused, outcome.regenerated.len()), (0, 1));
}

#[test]
fn a_paused_deployment_halts_until_somebody_resumes_it() {
    let mut theatre = Theatre::new(config());
    let (stamp, workload) = (theatre.policy.stamps[0].name.clone(), theatre.policy.workloads[0].clone());
    let pause = |paused| {
        let patch = DeploymentPatch::pause(paused);
        Command::Patch { stamp: stamp.clone(), workload: workload.clone(), patch }
    };
    let start = theatre.world.lock().now();
    theatre.backstage.at(start, Deed::Do(pause(true)));
    assert!(halts(&mut theatre).iter().any(|reason| reason.why == Why::Paused));
    theatre.world.lock().apply(pause(false)).unwrap();
    assert_eq!(theatre.live(), Life::Ended(TurnEnd::Done));
}

#[test]
fn recreate_halts_and_a_person_who_accepts_the_gap_opens_it() {
    let mut world = config();
    world.workloads[0].flavour = Flavour::Recreate;
    let mut theatre = Theatre::new(world);
    let reasons = halts(&mut theatre);
    let held: Vec<&Reason> = reasons.iter().filter(|reason| reason.why == Why::Recreate).collect();
    assert!(!held.is_empty(), "{reasons:?}");
    let mut driver = block_on(theatre.driver_as("person", "person")).unwrap();
    let until = later(theatre.world.lock().now(), Duration::from_secs(24 * 3600));
    for facts in &theatre.policy.stamps {
        let acceptance = Acceptance {
            by: "operator".to_owned(),
            gate: Gate::Preflight,
            subject: format!("{}/{}", facts.name, theatre.policy.workloads[0]),
            because: "a gap of a minute is agreed".to_owned(),
            until,
            why: Some("recreate".to_owned()),
        };
        block_on(driver.accept(acceptance)).unwrap();
    }
    assert_eq!(theatre.live(), Life::Ended(TurnEnd::Done));
    let outage = theatre.world.lock().outage();
    assert_eq!(outage.refused, 0);
    assert!(outage.dark > Duration::ZERO, "the gap that was accepted is there");
}

#[test]
fn a_failed_regeneration_halts_and_is_tried_again_when_somebody_asks() {
    let fault = Fault::new(When::Nth(1), Target::any(), Trouble::FailRegeneration);
    let mut theatre = Theatre::new(config().with_fault(fault));
    let life = theatre.live();
    let Life::Ended(TurnEnd::Halted { reasons, .. }) = life else { panic!("{life:?}") };
    assert!(reasons.iter().any(|reason| matches!(reason.why, Why::OperationFailed { .. })), "{reasons:?}");
    assert_eq!(theatre.live(), Life::Ended(TurnEnd::Done));
    assert_eq!(theatre.world.lock().outcome().outage.refused, 0);
}

/// Jobs come by all the time and look at nothing; a person who asks while it runs has not seen it fail.
#[test]
fn a_regeneration_that_fails_after_somebody_has_asked_waits_for_a_person_and_no_job_is_one() {
    let fault = Fault::new(When::Always, Target::any(), Trouble::FailRegeneration);
    let theatre = Theatre::new(config().with_fault(fault));
    let shots =
        |theatre: &Theatre| events(theatre).iter().filter(|(_, event)| intends(event, "retire/")).count();
    let mut driver = block_on(theatre.driver()).unwrap();
    block_on(driver.open(&theatre.request())).unwrap();
    block_on(driver.approve("approver", None)).unwrap();
    while shots(&theatre) == 0 {
        let end = block_on(driver.turn()).unwrap();
        assert!(matches!(end, TurnEnd::Waiting { .. }), "{end:?}");
        let now = theatre.world.lock().now();
        theatre.backstage.pass(later(now, Duration::from_secs(20)));
    }
    block_on(driver.resume("a person who asks too early")).unwrap();
    for _ in 0..4 {
        block_on(driver.resume_as_job("job")).unwrap();
        let TurnEnd::Halted { reasons, .. } = block_on(driver.run()).unwrap() else { panic!("no halt") };
        let failed = |reason: &Reason| matches!(reason.why, Why::OperationFailed { .. });
        assert!(reasons.iter().any(failed), "{reasons:?}");
        assert_eq!(shots(&theatre), 1);
    }
    block_on(driver.resume("a person")).unwrap();
    block_on(driver.run()).unwrap();
    assert_eq!(shots(&theatre), 2);
}

/// Another step that was refused for good is one that whoever asks may have tried again; the regeneration is not.
#[test]
fn a_job_that_asks_about_a_refused_step_does_not_ask_about_a_failed_regeneration() {
    let fails = Fault::new(When::Always, Target::any(), Trouble::FailRegeneration);
    let refused = Fault::new(When::First(1), Target::operation(Operation::Restart), Trouble::Forbidden);
    let mut theatre = Theatre::new(config().with_fault(fails).with_fault(refused));
    theatre.approves = true;
    let Life::Ended(TurnEnd::Halted { reasons, .. }) = theatre.live() else { panic!("no halt") };
    // A person restarts what we were not allowed to.
    let refused = reasons.iter().find_map(|reason| match &reason.subject {
        Subject::Workload(stamp, workload) => Some((stamp.clone(), workload.clone())),
        _ => None,
    });
    let (stamp, workload) = refused.unwrap_or_else(|| panic!("{reasons:?}"));
    let now = theatre.world.lock().now();
    theatre.backstage.at(now, Deed::Restart(stamp, workload));
    theatre.backstage.pass(later(now, Duration::from_secs(20 * 60)));
    let mut driver = block_on(theatre.driver_as("goes-on", "goes-on")).unwrap();
    let shots = || events(&theatre).iter().filter(|(_, event)| intends(event, "retire/")).count();
    for _ in 0..3 {
        let TurnEnd::Halted { reasons, .. } = block_on(driver.run()).unwrap() else { panic!("no halt") };
        let failed = |reason: &Reason| matches!(reason.why, Why::OperationFailed { .. });
        assert!(reasons.iter().any(failed), "{reasons:?}");
        assert_eq!(shots(), 1);
        block_on(driver.resume_as_job("job")).unwrap();
    }
    let resumed = events(&theatre).iter().filter(|(_, event)| matches!(event, Event::Resumed { .. })).count();
    assert_eq!(resumed, 1, "the step that was refused is asked about once");
}

#[test]
fn a_step_that_is_refused_again_is_tried_once_for_each_time_that_somebody_asks() {
    let fault = Fault::new(When::Always, Target::operation(Operation::Restart), Trouble::Forbidden);
    let mut theatre = Theatre::new(config().with_fault(fault));
    // No time passes between a refusal and the next asking: the journal's order tells them apart, not the clock.
    for asked in 1..=3 {
        assert!(halts(&mut theatre).iter().any(|reason| matches!(reason.why, Why::StepRefused { .. })));
        let tries = events(&theatre).iter().filter(|(_, event)| intends(event, "restart/")).count();
        assert_eq!(tries, asked);
    }
}

#[test]
fn a_refused_restart_halts_and_goes_on_once_the_right_is_granted() {
    let fault = Fault::new(When::First(1), Target::operation(Operation::Restart), Trouble::Forbidden);
    let mut theatre = Theatre::new(config().with_fault(fault));
    assert!(halts(&mut theatre).iter().any(|reason| matches!(reason.why, Why::StepRefused { .. })));
    assert_eq!(theatre.live(), Life::Ended(TurnEnd::Done));
}

/// Why it halted, in words.
fn told(reasons: &[Reason]) -> String {
    reasons.iter().map(keyslot::render::reason::why).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_canary_whose_pods_crash_halts_at_once_with_what_they_show_and_nobody_else_is_touched() {
    let mut theatre =
        Theatre::new(config().with_fault(Fault::new(When::Always, Target::any(), Trouble::CrashLoop)));
    theatre.policy.wave_size = 2;
    let reasons = halts(&mut theatre);
    let text = told(&reasons);
    for part in
        ["CrashLoopBackOff, restarted 4 times", "BackOff (4 times): Back-off restarting failed container"]
    {
        assert!(text.contains(part), "{text}");
    }
    let world = theatre.world.lock();
    assert_eq!(world.counters().generations.len(), 1, "the canary only");
    assert_eq!(world.outage().dark, Duration::ZERO, "the other pods serve on");
}

#[test]
fn a_driver_that_cannot_mount_the_secret_is_named_when_the_rollout_runs_out_of_time() {
    let fault = Fault::new(When::Always, Target::any(), Trouble::CsiFails);
    let mut theatre = Theatre::new(config().with_fault(fault));
    let text = told(&halts(&mut theatre));
    assert!(text.contains("FailedMount (3 times): MountVolume.SetUp failed"), "{text}");
}

#[test]
fn a_class_that_is_gone_is_named_by_the_driver_and_no_vault_is_blamed() {
    let mut world = World::new(config());
    let name = world.stamps().next().unwrap().name.clone();
    let stamp = || name.clone();
    let (namespace, class) = ("workload".to_owned(), "catalogservice-keyvault".to_owned());
    let change = ClassChange::Delete;
    world.apply(Command::ChangeClass { stamp: stamp(), namespace, name: class, change }).unwrap();
    let workload = WorkloadName::new("workload", "catalogservice-deploy");
    let patch = DeploymentPatch::annotate("kubectl.kubernetes.io/restartedAt", "now");
    world.apply(Command::Patch { stamp: stamp(), workload, patch }).unwrap();
    world.advance_to(later(world.now(), Duration::from_secs(300)));
    let cluster = &world.stamp(&name).unwrap().cluster;
    let told: Vec<String> = cluster.warnings().map(|event| event.message).collect();
    assert!(told.iter().any(|text| text.contains("failed to get secretproviderclass")), "{told:?}");
    assert!(!told.iter().any(|text| text.contains("403")), "{told:?}");
    let made = Made::Class {
        vault: "any".to_owned(),
        secrets: vec![world.config().secret_name.clone()],
        synced: None,
    };
    let (namespace, class) = ("workload".to_owned(), "catalogservice-keyvault".to_owned());
    world.apply(Command::Make { stamp: stamp(), namespace, name: class, made }).unwrap();
    world.advance_to(later(world.now(), Duration::from_secs(900)));
    let cluster = &world.stamp(&name).unwrap().cluster;
    assert!(cluster.warnings().all(|event| event.reason != "FailedMount"), "the remedy can be played");
}

#[test]
fn a_driver_that_mounts_late_is_waited_for() {
    let at = When::Window { from: Duration::ZERO, until: Duration::from_secs(24 * 3600) };
    let fault = |at| Fault::new(at, Target::any(), Trouble::CsiFails);
    let mut theatre = Theatre::new(config().with_fault(fault(When::First(4))));
    assert_eq!(theatre.live(), Life::Ended(TurnEnd::Done));
    assert!(theatre.world.lock().outcome().outage.refused == 0);
    let mut never = Theatre::new(config().with_fault(fault(at)));
    halts(&mut never);
}

/// A node is lost from the first hour on, for so long.
fn with_a_lost_node(hours: u64) -> Theatre {
    let mut config = config();
    config.account.tells_last_use = false;
    config.workloads[0].replicas = 6;
    let from = Duration::from_secs(1800);
    let at = When::Window { from, until: from + Duration::from_secs(3600 * hours) };
    config.faults.push(Fault::new(at, Target::stamp("eastus2"), Trouble::NodeLost { node: 1 }));
    Theatre::new(config)
}

#[test]
fn pods_on_a_node_that_never_comes_back_hold_and_pod_and_node_are_named() {
    let mut theatre = with_a_lost_node(1000);
    let text = told(&halts(&mut theatre));
    assert!(text.contains("on node aks-workload-00000001 (eastus2/node/aks-workload-00000001)"), "{text}");
    assert!(text.contains("catalogservice-deploy-"), "{text}");
    // A cloud provider that deletes the Node takes its pods along; without that they hold for ever.
    let again = halts(&mut theatre);
    assert!(again.iter().any(|reason| matches!(reason.why, Why::NodeSilent { .. })), "{again:?}");
}

#[test]
fn a_node_that_comes_back_hears_that_its_pods_shall_end_and_the_rotation_goes_on() {
    let mut theatre = with_a_lost_node(6);
    let start = theatre.world.lock().now();
    while let Life::Ended(TurnEnd::Halted { .. }) = theatre.live() {
        let now = theatre.world.lock().now();
        assert!(now < later(start, Duration::from_secs(24 * 3600)));
        theatre.backstage.pass(later(now, Duration::from_secs(1200)));
    }
    let outcome = theatre.world.lock().outcome();
    assert_eq!((outcome.outage.refused, outcome.regenerated.len()), (0, 1));
}

/// What everybody does with pods that do not end; the machine is only cut off, and its processes run on.
fn deletions() -> [Command; 2] {
    let stamp = || StampName::new("eastus2");
    [Command::ForcePods { stamp: stamp(), node: 1 }, Command::DeleteNode { stamp: stamp(), node: 1 }]
}

#[test]
fn old_pods_that_are_deleted_on_a_node_that_does_not_answer_hold_by_its_name_until_somebody_accepts_it() {
    for deletion in deletions() {
        let mut theatre = with_a_lost_node(1000);
        halts(&mut theatre);
        theatre.world.lock().apply(deletion.clone()).unwrap();
        // Another process, which has never seen them: the journal has.
        let reasons = halts(&mut theatre);
        let held: Vec<&Reason> = reasons.iter().filter(|one| one.gate == Gate::NodesHeard).collect();
        let [held] = held.as_slice() else { panic!("{deletion:?}: {reasons:?}") };
        assert_eq!(held.subject.to_string(), "eastus2/node/aks-workload-00000001");
        let text = told(&reasons);
        assert!(text.contains("deleted while the node did not answer"), "{text}");
        assert!(text.contains("catalogservice-deploy-"), "{text}");
        assert!(keyslot::render::reason::remedy(held).contains("accept it by the Node's name"));
        theatre.crashes.flag().lower();
        let mut person = block_on(theatre.driver_as("person", "person")).unwrap();
        let acceptance = Acceptance {
            by: "ada".to_owned(),
            gate: Gate::NodesHeard,
            subject: held.subject.to_string(),
            because: "the machine was shut down".to_owned(),
            until: later(theatre.world.lock().now(), Duration::from_secs(24 * 3600)),
            why: Some(held.why.accepted_as()),
        };
        block_on(person.accept(acceptance)).unwrap();
        assert_eq!(theatre.live(), Life::Ended(TurnEnd::Done), "{deletion:?}");
        assert!(theatre.world.lock().outage().refused > 0, "it was not shut down");
    }
}

#[test]
fn a_node_that_answers_again_after_its_pods_were_deleted_ends_what_is_left_and_the_rotation_goes_on() {
    for deletion in deletions() {
        let mut theatre = with_a_lost_node(6);
        let start = theatre.world.lock().now();
        halts(&mut theatre);
        theatre.world.lock().apply(deletion.clone()).unwrap();
        let text = told(&halts(&mut theatre));
        assert!(text.contains("has not answered since"), "{deletion:?}: {text}");
        while let Life::Ended(TurnEnd::Halted { .. }) = theatre.live() {
            let now = theatre.world.lock().now();
            assert!(now < later(start, Duration::from_secs(24 * 3600)), "{deletion:?}");
            theatre.backstage.pass(later(now, Duration::from_secs(1200)));
        }
        let outcome = theatre.world.lock().outcome();
        assert_eq!((outcome.outage.refused, outcome.regenerated.len()), (0, 1), "{deletion:?}");
    }
}

#[test]
fn without_the_gate_pods_on_a_lost_node_are_refused() {
    let mut theatre = with_a_lost_node(1000);
    theatre.without.insert(Gate::OldPodsGone);
    theatre.live();
    assert!(theatre.world.lock().outcome().outage.refused > 0);
}

#[test]
fn what_an_hpa_scales_meanwhile_is_restarted_all_the_same() {
    let mut theatre = Theatre::new(config());
    let start = theatre.world.lock().now();
    let (stamps, workload) = (theatre.policy.stamps.clone(), theatre.policy.workloads[0].clone());
    // Up and down every few minutes, for as long as a rotation takes.
    for turn in 0..60 {
        for facts in &stamps {
            let patch = DeploymentPatch::scale(3 + turn % 5);
            let command = Command::Patch { stamp: facts.name.clone(), workload: workload.clone(), patch };
            let at = later(start, Duration::from_secs(u64::from(turn) * 300 + 7));
            theatre.backstage.at(at, Deed::Do(command));
        }
    }
    assert_eq!(theatre.live(), Life::Ended(TurnEnd::Done));
    let outcome = theatre.world.lock().outcome();
    assert_eq!((outcome.outage.refused, outcome.regenerated.len()), (0, 1));
    let restarts = events(&theatre).iter().filter(|(_, event)| intends(event, "restart/out")).count();
    assert_eq!(restarts, stamps.len());
}

#[test]
fn a_restart_that_somebody_rolls_back_needs_no_second_one() {
    // Pods of the template before are new pods all the same, and read what the vault holds.
    let mut theatre = Theatre::new(config());
    let restarted = first_restart_of(&theatre);
    let (stamp, workload) = (theatre.policy.stamps[0].name.clone(), theatre.policy.workloads[0].clone());
    let mut patch = DeploymentPatch::default();
    for mark in ["kubectl.kubernetes.io/restartedAt", "keyslot.dev/rotation"] {
        patch.template_annotations.insert(mark.to_owned(), None);
    }
    let undo = Command::Patch { stamp, workload, patch };
    theatre.backstage.at(later(restarted, Duration::from_secs(8)), Deed::Do(undo));
    assert_eq!(theatre.live(), Life::Ended(TurnEnd::Done));
    let world = theatre.world.lock();
    assert_eq!((world.outcome().outage.refused, world.outcome().regenerated.len()), (0, 1));
    let raised = world.counters().generations.values().copied().max();
    assert!(
        matches!(raised, Some(2..=3)),
        "ours, theirs, and one more where old pods had been left: {raised:?}"
    );
}

fn first_restart_of(theatre: &Theatre) -> jiff::Timestamp {
    let mut rehearsal = Theatre::new(theatre.world.lock().config().clone());
    rehearsal.live();
    let restarts = events(&rehearsal).into_iter().find(|(_, event)| intends(event, "restart/"));
    restarts.expect("a restart").0
}

#[test]
fn a_paused_rotation_begins_nothing_until_somebody_lets_it_go_on() {
    let mut theatre = Theatre::new(config());
    let mut person = block_on(theatre.driver_as("person", "person")).unwrap();
    block_on(person.open(&theatre.request())).unwrap();
    block_on(person.pause("operator", "an incident is on")).unwrap();
    let text = told(&halts(&mut theatre));
    assert!(text.contains("operator paused the rotation at") && text.contains("an incident is on"), "{text}");
    assert_eq!(theatre.world.lock().counters().pulls_opened, 0);
    theatre.crashes.flag().lower();
    let mut looks = block_on(theatre.driver_as("looks", "looks")).unwrap();
    let seen = keyslot::render::explain::reasons(&block_on(looks.report()).unwrap());
    assert!(
        seen.contains("paused by operator at ") && seen.contains("`keyslot resume` lets it go on"),
        "{seen}"
    );
    let mut person = block_on(theatre.driver_as("person-2", "person-2")).unwrap();
    assert_eq!(block_on(person.unpause("operator")).unwrap().len(), 1);
    assert!(block_on(person.unpause("operator")).unwrap().is_empty(), "it was not paused any more");
    assert_eq!(theatre.live(), Life::Ended(TurnEnd::Done));
}

#[test]
fn the_lease_that_nobody_has_yet_is_no_hold_for_whoever_looks_at_a_paused_rotation() {
    let mut theatre = Theatre::new(config());
    theatre.approves = false;
    halts(&mut theatre);
    theatre.crashes.flag().lower();
    let mut person = block_on(theatre.driver_as("person", "person")).unwrap();
    block_on(person.approve("approver", None)).unwrap();
    let seen = |theatre: &Theatre, name: &str| {
        let mut looks = block_on(theatre.driver_as(name, name)).unwrap();
        let report = block_on(looks.report()).unwrap();
        (report.held().is_empty(), keyslot::render::explain::reasons(&report))
    };
    let (nothing_holds, text) = seen(&theatre, "looks");
    assert!(nothing_holds && text.starts_with("regenerate: ready"), "{text}");
    block_on(person.pause("operator", "an incident is on")).unwrap();
    let (nothing_holds, text) = seen(&theatre, "looks-again");
    assert!(nothing_holds && text.starts_with("regenerate: halted"), "{text}");
    assert!(text.contains("paused by operator at ") && !text.contains("lease-held"), "{text}");
}

#[test]
fn what_a_rotation_leaves_open_when_it_is_closed_is_named() {
    let fault = Fault::new(When::Nth(1), Target::any(), Trouble::ClosePull);
    let mut theatre = Theatre::new(config().with_fault(fault));
    halts(&mut theatre);
    theatre.crashes.flag().lower();
    let mut person = block_on(theatre.driver_as("person", "person")).unwrap();
    let left = left_open(person.fold());
    assert!(matches!(left[..], [Left::Pull { .. }]), "its list says more than the journal: {left:?}");
    block_on(person.close("another day")).unwrap();
    let report = block_on(person.report()).unwrap();
    let told = keyslot::render::explain::closed(&report).unwrap();
    assert!(told.starts_with("the last rotation was closed at ") && told.contains(": another day"), "{told}");

    let mut theatre = Theatre::new(config());
    theatre.approves = false;
    halts(&mut theatre);
    theatre.crashes.flag().lower();
    let person = block_on(theatre.driver_as("person", "person")).unwrap();
    assert_eq!(left_open(person.fold()), [], "merged, and the run has ended");
}

#[test]
fn evidence_that_is_refused_for_good_halts_by_name_and_nothing_is_regenerated() {
    // An expired kubeconfig; a vault that lets nobody in; an account that may not be read any more.
    let cases = [
        (Operation::ReadCluster, "the cluster of eastus2"),
        (Operation::ReadVault, "the vault of eastus2"),
        (Operation::ReadAccount, "the account"),
    ];
    for (operation, named) in cases {
        let at = When::from(Duration::from_secs(3600));
        let target = match operation {
            Operation::ReadAccount => Target::operation(operation),
            _ => Target::operation(operation).and_stamp("eastus2"),
        };
        let mut theatre = Theatre::new(config().with_fault(Fault::new(at, target, Trouble::Forbidden)));
        let start = theatre.world.lock().now();
        theatre.backstage.until(later(start, Duration::from_secs(20 * 3600)));
        let life = theatre.live();
        assert!(matches!(life, Life::Ended(TurnEnd::Halted { .. })), "{operation:?}: {life:?}");
        let outcome = theatre.world.lock().outcome();
        assert_eq!((outcome.regenerated.len(), outcome.outage.refused), (0, 0), "{operation:?}");
        theatre.crashes.flag().lower();
        let mut driver = block_on(theatre.driver_as("looks", "looks")).unwrap();
        let report = block_on(driver.report()).unwrap();
        let text = keyslot::render::explain::reasons(&report);
        assert!(text.contains(named) && text.contains("cannot be seen"), "{operation:?}: {text}");
    }
}
