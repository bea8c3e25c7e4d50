//! One phase alone: a restart and a regeneration that do nothing else, and a rotation that finds what they did.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::executor::block_on;
use keyslot::drive::{DriveError, Notice, TurnEnd, Watcher};
use keyslot::model::{KeyKind, Seen, Slot, SlotUse, StampName};
use keyslot::rotation::{Event, Gate, Phase, Reach, Step, Verdict, WorkloadRestart, unconfirmed};
use keyslot::sim::{Fault, Operation, Span, Target, Trouble, When};

use crate::backstage::Deed;
use crate::harm_scenarios::small as config;
use crate::in_memory::{Life, Theatre};
use crate::journey::{events, later};
use crate::stage::{Stage, branch, holding, key, stamp};

/// Takes one piece of evidence away.
type Spoil = fn(&mut Stage);

fn alone() -> Reach {
    Reach::Restart { stamps: BTreeSet::new(), quiesce: false }
}

fn of(names: &[&str]) -> Reach {
    Reach::Restart { stamps: names.iter().map(|name| StampName::new(*name)).collect(), quiesce: false }
}

/// A world in which somebody wrote the other slot's key into every vault by hand.
fn written_by_hand() -> Theatre {
    let theatre = Theatre::new(config());
    let start = theatre.world.lock().now();
    for facts in &theatre.policy.stamps {
        theatre.backstage.at(start, Deed::WriteSlot(facts.name.clone(), Slot::Secondary));
    }
    theatre.backstage.until(later(start, Duration::from_secs(12 * 3600)));
    theatre.backstage.pass(later(start, Duration::from_secs(60)));
    theatre
}

fn steps(theatre: &Theatre) -> Vec<Step> {
    let intents = events(theatre).into_iter().filter_map(|(_, event)| match event {
        Event::Intended { intents } => Some(intents),
        _ => None,
    });
    intents.flatten().map(|intent| intent.step).collect()
}

fn restarted(theatre: &Theatre) -> Vec<String> {
    let steps = steps(theatre);
    let stamps = steps.iter().map(|step| match step {
        Step::Restart { stamp, .. } => stamp.to_string(),
        other => panic!("{other} is no restart"),
    });
    stamps.collect()
}

#[test]
fn a_restart_alone_restarts_every_stamp_that_is_propagated_and_does_nothing_else() {
    let mut theatre = written_by_hand();
    theatre.reach = alone();
    theatre.retire = Some(Slot::Primary);
    assert_eq!(theatre.live(), Life::Ended(TurnEnd::Enough));
    assert_eq!(restarted(&theatre), ["northeurope", "eastus2"], "the canary, then the other");
    let world = theatre.world.lock();
    let counters = world.counters();
    assert_eq!((counters.pulls_opened, counters.runs_started), (0, 0));
    assert!(world.outcome().regenerated.is_empty());
    assert_eq!(world.outage().refused, 0);
}

/// What was seen before a rotation is opened bears fingerprints under another salt: it is seen again, not misread.
#[test]
fn a_plan_before_it_does_not_make_a_rotation_deploy_what_the_vaults_hold() {
    for planned in [false, true] {
        let mut theatre = Theatre::new(config());
        let start = theatre.world.lock().now();
        let repository = theatre.world.lock().config().repository.clone();
        for branch in [repository.base, repository.release] {
            theatre.backstage.at(start, Deed::Flip(branch, Slot::Secondary));
        }
        for facts in &theatre.policy.stamps {
            theatre.backstage.at(start, Deed::WriteSlot(facts.name.clone(), Slot::Secondary));
        }
        theatre.backstage.pass(later(start, Duration::from_secs(60)));
        theatre.retire = Some(Slot::Primary);
        let end = block_on(async {
            let mut driver = theatre.driver().await.unwrap();
            if planned {
                driver.foresee(&theatre.request()).await.unwrap();
            }
            driver.open(&theatre.request()).await.unwrap();
            driver.approve("approver", None).await.unwrap();
            driver.run().await.unwrap()
        });
        assert_eq!(end, TurnEnd::Done, "{planned}");
        let world = theatre.world.lock();
        assert_eq!((world.counters().runs_started, world.outcome().regenerated.len()), (0, 1), "{planned}");
        assert_eq!(world.outage().refused, 0);
    }
}

/// Young pods of a vault with the old key prove nothing of the new one.
#[test]
fn a_canary_whose_vault_holds_the_old_key_is_no_canary_that_is_done() {
    let mut theatre = Theatre::new(config());
    let start = theatre.world.lock().now();
    theatre.backstage.at(start, Deed::WriteSlot(StampName::new("eastus2"), Slot::Secondary));
    theatre.backstage.until(later(start, Duration::from_secs(3600)));
    theatre.backstage.pass(later(start, Duration::from_secs(60)));
    theatre.reach = alone();
    theatre.retire = Some(Slot::Primary);
    assert_eq!(theatre.live(), Life::Crashed, "it waits for the canary's vault, and nobody waits longer");
    assert!(steps(&theatre).is_empty(), "{:?}", steps(&theatre));
}

#[test]
fn a_later_rotation_finds_what_a_restart_alone_did_and_ends_well() {
    let mut theatre = written_by_hand();
    theatre.reach = alone();
    theatre.retire = Some(Slot::Primary);
    assert_eq!(theatre.live(), Life::Ended(TurnEnd::Enough));
    assert_eq!(theatre.live(), Life::Ended(TurnEnd::Enough), "there is nothing left to restart");
    let before: Vec<_> = theatre.world.lock().counters().generations.clone().into_iter().collect();
    theatre.reach = Reach::Whole;
    theatre.retire = None;
    assert_eq!(theatre.live(), Life::Ended(TurnEnd::Done));
    let world = theatre.world.lock();
    let outcome = world.outcome();
    assert_eq!((outcome.outage.refused, outcome.regenerated.len()), (0, 1), "{outcome:?}");
    assert_eq!(world.counters().pulls_opened, 1, "the code was brought along");
    for (which, raised) in before {
        let now = world.counters().generations[&which];
        let writes = world.stamp(&which.0).unwrap().vault.versions().len() as u32;
        assert!(now - raised <= writes - 2, "{which:?} was restarted again for nothing");
    }
}

#[test]
fn a_restart_alone_that_dies_at_every_moment_goes_on_where_it_was() {
    use keyslot::sim::memory::{CrashMoment, Crashes};
    for moment in [CrashMoment::BeforeSending, CrashMoment::AfterApplying] {
        for effect in 1..=2 {
            let mut theatre = Theatre::with_crashes(config(), Crashes::at([(effect, moment)]));
            let start = theatre.world.lock().now();
            for facts in &theatre.policy.stamps {
                theatre.backstage.at(start, Deed::WriteSlot(facts.name.clone(), Slot::Secondary));
            }
            theatre.backstage.until(later(start, Duration::from_secs(12 * 3600)));
            theatre.backstage.pass(later(start, Duration::from_secs(60)));
            (theatre.reach, theatre.retire) = (alone(), Some(Slot::Primary));
            assert_eq!(theatre.live(), Life::Crashed, "{moment:?} {effect}");
            assert_eq!(theatre.live(), Life::Ended(TurnEnd::Enough), "{moment:?} {effect}");
            let world = theatre.world.lock();
            assert!(world.counters().each_rolled_out(1), "{:?}", world.counters());
        }
    }
}

#[test]
fn one_stamp_is_restarted_when_it_was_named_and_the_other_is_left_and_told() {
    let mut theatre = written_by_hand();
    theatre.reach = of(&["northeurope"]);
    theatre.retire = Some(Slot::Primary);
    assert_eq!(theatre.live(), Life::Ended(TurnEnd::Enough));
    assert_eq!(restarted(&theatre), ["northeurope"]);
    let mut driver = block_on(theatre.driver_as("looks", "looks")).unwrap();
    let due = block_on(driver.due(&mut theatre.request())).unwrap();
    let told: Vec<_> = due.iter().map(|stamp| (stamp.asked, &stamp.workloads[0].1)).collect();
    assert!(
        matches!(told[..], [(true, WorkloadRestart::Restarted(_)), (false, WorkloadRestart::Due)]),
        "{told:?}"
    );
}

/// Which stamps' turns were told as what is waited for.
#[derive(Default)]
struct Turns(Mutex<BTreeSet<String>>);

impl Watcher for Turns {
    fn notice(&self, _at: jiff::Timestamp, notice: &Notice<'_>) {
        let Notice::Waiting { reasons, .. } = notice else { return };
        let waves = reasons.iter().filter(|reason| reason.gate == Gate::Wave);
        self.0.lock().unwrap().extend(waves.map(|reason| reason.subject.to_string()));
    }
}

#[test]
fn the_turns_of_stamps_that_were_not_named_are_nothing_to_wait_for() {
    let waited_for = |reach: Reach| {
        let turns = Arc::new(Turns::default());
        let mut theatre = written_by_hand();
        theatre.watcher = Arc::clone(&turns) as Arc<dyn Watcher>;
        theatre.reach = reach;
        theatre.retire = Some(Slot::Primary);
        assert_eq!(theatre.live(), Life::Ended(TurnEnd::Enough));
        turns.0.lock().unwrap().clone()
    };
    assert!(waited_for(alone()).contains("eastus2"), "it waits for the canary");
    assert_eq!(waited_for(of(&["northeurope"])), BTreeSet::new());
}

#[test]
fn a_stamp_that_is_named_does_not_jump_the_canary() {
    let mut theatre = written_by_hand();
    theatre.reach = of(&["eastus2"]);
    theatre.retire = Some(Slot::Primary);
    let life = theatre.live();
    let Life::Ended(TurnEnd::Halted { phase: Phase::Restart, reasons }) = life else { panic!("{life:?}") };
    let gates: BTreeSet<Gate> = reasons.iter().map(|reason| reason.gate).collect();
    assert_eq!(gates, [Gate::Asked, Gate::Wave].into(), "{reasons:?}");
    assert!(steps(&theatre).is_empty());
}

#[test]
fn a_restart_alone_quiesces_when_that_was_asked_for() {
    let mut theatre = written_by_hand();
    theatre.reach = Reach::Restart { stamps: BTreeSet::new(), quiesce: true };
    theatre.retire = Some(Slot::Primary);
    assert_eq!(theatre.live(), Life::Ended(TurnEnd::Enough));
    let world = theatre.world.lock();
    let old = world.account().current(KeyKind::read_write(Slot::Primary)).unwrap().id;
    assert_eq!(crate::backstage::holders(&world, old), [""; 0]);
}

/// The code is as it was, so the rotation's own next step is a proposal, whatever became of the restarts.
#[test]
fn what_a_restart_alone_was_halted_by_is_told_to_whoever_looks_though_the_rotation_is_about_to_propose() {
    let mut theatre = Theatre::new(config().with_fault(Fault::new(
        When::Always,
        Target::stamp("northeurope"),
        Trouble::CrashLoop,
    )));
    let start = theatre.world.lock().now();
    for facts in &theatre.policy.stamps {
        theatre.backstage.at(start, Deed::WriteSlot(facts.name.clone(), Slot::Secondary));
    }
    theatre.backstage.until(later(start, Duration::from_secs(12 * 3600)));
    theatre.backstage.pass(later(start, Duration::from_secs(60)));
    (theatre.reach, theatre.retire) = (alone(), Some(Slot::Primary));
    let life = theatre.live();
    let Life::Ended(TurnEnd::Halted { phase: Phase::Restart, reasons }) = life else { panic!("{life:?}") };
    let failed = reasons.iter().find(|reason| reason.why.kind() == "rollout-failed").unwrap();
    theatre.reach = Reach::Whole;
    let mut driver = block_on(theatre.driver_as("looks", "looks")).unwrap();
    let report = block_on(driver.report()).unwrap();
    assert_eq!(report.decision.as_ref().unwrap().phase, Phase::Propose);
    let (phase, told) = report.restart_halted.as_ref().expect("it is told");
    assert_eq!(*phase, Phase::Restart);
    assert!(told.iter().any(|reason| (reason.gate, &reason.subject) == (failed.gate, &failed.subject)));
    let text = keyslot::render::explain::reasons(&report);
    for part in
        ["propose: ready", "restart, by `keyslot restart` ahead of the rest: halted", "the rollout of"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(text.contains("or accept it: keyslot restart --accept 'rollout-settled:"), "{text}");
    let line = keyslot::render::explain::restart(&report);
    assert!(line.contains("a person must act") && line.contains("[rollout-settled]"), "{line}");
}

#[test]
fn a_restart_of_one_stamp_quiesces_there_and_leaves_the_other_with_the_old_key() {
    let left = |quiesce: bool| {
        let mut config = config();
        config.workloads[0].ends_in = Span::exactly(Duration::from_secs(1800));
        let mut theatre = Theatre::new(config);
        let start = theatre.world.lock().now();
        theatre.backstage.at(start, Deed::WriteSlot(StampName::new("northeurope"), Slot::Secondary));
        theatre.backstage.until(later(start, Duration::from_secs(12 * 3600)));
        theatre.backstage.pass(later(start, Duration::from_secs(60)));
        let stamps = [StampName::new("northeurope")].into();
        (theatre.reach, theatre.retire) = (Reach::Restart { stamps, quiesce }, Some(Slot::Primary));
        assert_eq!(theatre.live(), Life::Ended(TurnEnd::Enough), "{quiesce}");
        let world = theatre.world.lock();
        let old = world.account().current(KeyKind::read_write(Slot::Primary)).unwrap().id;
        let holders = crate::backstage::holders(&world, old);
        let on = |stamp: &str| holders.iter().filter(|holder| holder.contains(stamp)).count();
        (on("northeurope"), on("eastus2"))
    };
    let (there, elsewhere) = left(true);
    assert!(there == 0 && elsewhere > 0, "{there} and {elsewhere}");
    assert!(left(false).0 > 0, "they take half an hour to end");
}

#[test]
fn where_no_rotation_is_open_a_restart_brings_everybody_to_what_the_vaults_hold() {
    let theatre = written_by_hand();
    let mut driver = block_on(theatre.driver_as("looks", "looks")).unwrap();
    let mut request = theatre.request();
    let due = block_on(driver.due(&mut request)).unwrap();
    assert_eq!(request.retire, Some(Slot::Primary));
    assert!(due.iter().all(|stamp| !stamp.is_over()), "{due:?}");
    assert!(events(&theatre).is_empty(), "nothing is written by looking");

    let untouched = Theatre::new(config());
    let mut driver = block_on(untouched.driver_as("looks", "looks")).unwrap();
    let mut request = untouched.request();
    let due = block_on(driver.due(&mut request)).unwrap();
    assert_eq!(request.retire, Some(Slot::Secondary));
    assert!(due.iter().all(|stamp| stamp.is_over()), "everybody is young enough: {due:?}");
}

#[test]
fn a_plan_of_another_key_than_the_open_rotation_retires_is_refused() {
    let theatre = Theatre::new(config());
    let mut driver = block_on(theatre.driver_as("looks", "looks")).unwrap();
    let mut request = theatre.request();
    request.retire = Some(Slot::Primary);
    block_on(driver.open(&request)).unwrap();
    assert!(block_on(driver.foresee(&request)).unwrap().begun);
    request.access = Some(keyslot::model::Access::ReadOnly);
    let error = block_on(driver.foresee(&request)).unwrap_err();
    assert!(matches!(error, DriveError::AnotherIsOpen { .. }), "{error}");
    request.access = None;
    request.retire = Some(Slot::Secondary);
    let error = block_on(driver.foresee(&request)).unwrap_err();
    assert!(matches!(error, DriveError::AnotherIsOpen { .. }), "{error}");
}

#[test]
fn vaults_that_disagree_are_named_and_a_slot_must_be_said() {
    let theatre = Theatre::new(config());
    let start = theatre.world.lock().now();
    theatre.backstage.at(start, Deed::WriteSlot(theatre.policy.stamps[0].name.clone(), Slot::Secondary));
    theatre.backstage.pass(later(start, Duration::from_secs(1)));
    let mut driver = block_on(theatre.driver_as("looks", "looks")).unwrap();
    let mut request = theatre.request();
    let error = block_on(driver.due(&mut request)).unwrap_err().to_string();
    assert!(
        error.contains("northeurope is on secondary") && error.contains("eastus2 is on primary"),
        "{error}"
    );
    request.retire = Some(Slot::Primary);
    let due = block_on(driver.due(&mut request)).unwrap();
    let told: Vec<_> = due.iter().map(|stamp| &stamp.workloads[0].1).collect();
    let [WorkloadRestart::Due, WorkloadRestart::Held(held)] = told[..] else { panic!("{told:?}") };
    assert_eq!(held.gate, Gate::Propagated, "{held:?}");
}

#[test]
fn a_restart_alone_has_every_gate_of_a_restart() {
    let spoilt: [(Gate, Spoil); 4] = [
        (Gate::Propagated, |s| {
            for name in ["east", "north"] {
                s.vault_mut(name).fingerprint = key(Slot::Primary);
            }
        }),
        (Gate::Preflight, |s| s.cluster_mut("east").workloads[0].paused = true),
        (Gate::TargetProven, |s| {
            let mut refused = crate::stage::proof(Slot::Secondary);
            for region in refused.regions.values_mut() {
                region.read = keyslot::model::ProofVerdict::Refused;
            }
            s.world.proofs.insert(Slot::Secondary, Seen::known(s.now, refused));
        }),
        (Gate::KeysAllowed, |s| s.account_mut().local_auth_disabled = true),
    ];
    let mut base = Stage::before_restart();
    base.reach = alone();
    // The code is somebody else's business.
    base.code_mut().base = branch("main", SlotUse::Only(Slot::Primary));
    let Verdict::Act { steps, .. } = base.decide().verdict else { panic!("{:?}", base.decide()) };
    assert!(matches!(&steps[..], [Step::Restart { stamp: name, .. }] if *name == stamp("east")), "{steps:?}");
    for (gate, spoil) in spoilt {
        let mut stage = base.clone();
        spoil(&mut stage);
        let decision = stage.decide();
        assert!(holding(&decision).contains(&gate), "{gate}: {decision:?}");
        assert!(!matches!(decision.verdict, Verdict::Act { .. }), "{gate}: {decision:?}");
    }
}

#[test]
fn a_regeneration_alone_holds_with_the_reason_of_what_comes_before_and_does_none_of_it() {
    let mut theatre = Theatre::new(config());
    theatre.reach = Reach::Regenerate;
    let life = theatre.live();
    let Life::Ended(TurnEnd::Halted { phase: Phase::Propose, reasons }) = life else { panic!("{life:?}") };
    assert_eq!(reasons.iter().map(|reason| reason.gate).collect::<Vec<_>>(), [Gate::Asked]);
    assert!(keyslot::render::reason::why(&reasons[0]).contains("push fix/keyslot-"), "{reasons:?}");
    assert!(steps(&theatre).is_empty());

    // It does not wait for other people's work either.
    let mut waiting = Stage::before_restart();
    waiting.reach = Reach::Regenerate;
    let decision = waiting.decide();
    assert_eq!(decision.phase, Phase::Restart);
    assert!(holding(&decision).contains(&Gate::Asked), "{decision:?}");
}

/// Whoever promotes alone passes over the preparation: what it has sent and what takes hours is not over by that.
#[test]
fn a_promotion_alone_does_not_forget_that_the_target_is_being_regenerated() {
    for reach in [Reach::Promote { merge: false, flip: false }, Reach::Follow] {
        let hours = Duration::from_secs(120 * 60);
        let mut config = config();
        (config.account.regeneration, config.account.seems_idle) = (Span::exactly(hours), hours);
        let mut theatre = Theatre::new(config);
        theatre.policy.max_target_age = Some(Duration::from_secs(30 * 24 * 3600));
        let mut first = block_on(theatre.driver_as("first", "first")).unwrap();
        block_on(first.open(&theatre.request())).unwrap();
        block_on(crate::in_memory::approve_all(&mut first)).unwrap();
        let mut turns = 0;
        while theatre.world.lock().account().operations().is_empty() {
            let end = block_on(first.turn()).unwrap();
            turns += 1;
            assert!(turns < 400, "{end:?}");
            let now = theatre.world.lock().now();
            theatre.backstage.pass(later(now, Duration::from_secs(20)));
        }
        block_on(first.release()).unwrap();
        theatre.reach = reach.clone();
        let mut second = block_on(theatre.driver_as("second", "second")).unwrap();
        block_on(second.turn()).unwrap();
        assert!(unconfirmed(second.fold()).is_some(), "{reach:?}: it is forgotten");
        block_on(second.release()).unwrap();
        theatre.reach = Reach::Whole;
        assert_eq!(theatre.live(), Life::Ended(TurnEnd::Done), "{reach:?}");
        let world = theatre.world.lock();
        let secondary = KeyKind::read_write(Slot::Secondary);
        let sent = world.account().operations().iter().filter(|operation| operation.kind == secondary);
        assert_eq!((world.outage().refused, sent.count()), (0, 1), "{reach:?}");
    }
}

#[test]
fn a_regeneration_alone_leaves_the_waiting_for_earlier_phases_to_others() {
    let mut theatre = Theatre::new(config());
    // Whoever rotates is stopped while the pull request waits for its review.
    let mut first = block_on(theatre.driver_as("first", "first")).unwrap();
    block_on(first.open(&theatre.request())).unwrap();
    assert!(matches!(block_on(first.turn()).unwrap(), TurnEnd::Waiting { phase: Phase::Merge, .. }));
    block_on(first.release()).unwrap();
    theatre.reach = Reach::Regenerate;
    let before = theatre.world.lock().now();
    let life = theatre.live();
    assert!(matches!(life, Life::Ended(TurnEnd::Waiting { phase: Phase::Merge, .. })), "{life:?}");
    let waited = theatre.world.lock().now().duration_since(before);
    assert!(waited < jiff::SignedDuration::from_mins(1), "{waited:?}");
}

#[test]
fn a_regeneration_alone_regenerates_confirms_and_leaves_the_rest_open() {
    let mut theatre = Theatre::new(config());
    theatre.approves = false;
    let life = theatre.live();
    assert!(matches!(life, Life::Ended(TurnEnd::Halted { phase: Phase::Regenerate, .. })), "{life:?}");
    // The next release is cut from code that somebody has changed back: that holds the end, not the regeneration.
    let base = theatre.world.lock().config().repository.base.clone();
    (theatre.reach, theatre.approves) = (Reach::Regenerate, true);
    let at = later(theatre.world.lock().now(), Duration::from_secs(20 * 60));
    theatre.backstage.at(at, Deed::Flip(base, Slot::Primary));
    assert_eq!(theatre.live(), Life::Ended(TurnEnd::Enough));
    {
        let world = theatre.world.lock();
        assert_eq!((world.outage().refused, world.outcome().regenerated.len()), (0, 1));
    }
    let confirmed = events(&theatre).iter().any(|(_, event)| matches!(event, Event::Confirmed));
    let closed = events(&theatre).iter().any(|(_, event)| matches!(event, Event::Closed { .. }));
    assert!(confirmed && !closed);
}

#[test]
fn a_regeneration_alone_that_leaves_nothing_to_do_ends_the_rotation() {
    let mut theatre = Theatre::new(config());
    theatre.approves = false;
    theatre.live();
    (theatre.reach, theatre.approves) = (Reach::Regenerate, true);
    assert_eq!(theatre.live(), Life::Ended(TurnEnd::Done));
}

#[test]
fn whoever_is_refused_is_waited_for_as_long_as_a_grant_takes_and_then_a_person_is_called() {
    let minutes = |count: u64| Duration::from_secs(count * 60);
    let refused = |until| {
        let at = When::Window { from: minutes(20), until };
        Theatre::new(config().with_fault(Fault::new(
            at,
            Target::operation(Operation::ReadAccount),
            Trouble::Forbidden,
        )))
    };
    let mut granted = refused(minutes(27));
    assert_eq!(granted.live(), Life::Ended(TurnEnd::Done));
    let mut never = refused(minutes(60 * 24));
    let life = never.live();
    let Life::Ended(TurnEnd::Halted { reasons, .. }) = life else { panic!("{life:?}") };
    assert!(reasons.iter().any(|reason| reason.why.kind() == "blind"), "{reasons:?}");
    let world = never.world.lock();
    let stood = world.now().duration_since(world.config().start);
    assert!(stood < jiff::SignedDuration::from_hours(2), "{stood:?}");
}
