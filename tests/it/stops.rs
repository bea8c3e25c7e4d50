//! What makes a rotation stop, and that it says why and leaves everything served.

use std::time::Duration;

use futures::executor::block_on;
use keyslot::drive::TurnEnd;
use keyslot::model::Slot;
use keyslot::rotation::{Acceptance, Event, Gate, Reason, Why};
use keyslot::sim::config::{Flavour, WorkloadConfig};
use keyslot::sim::fault::{Fault, Operation, Target, Trouble, When};
use keyslot::sim::{Command, DeploymentPatch, WorldConfig};

use crate::backstage::Deed;
use crate::in_memory::{Life, Theatre};
use crate::journey::{events, later};
use crate::lottery::small_tree;

fn config() -> WorldConfig {
    let mut config = WorldConfig::default().with_stamps(2);
    config.repository.tree = small_tree(Slot::Primary);
    config.kubernetes.ring = 0;
    config.workloads = vec![WorkloadConfig::named("catalogservice-deploy")];
    config
}

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
