//! The validation pipeline: found, started where that is allowed, else named; and never twice on one head.

use std::time::Duration;

use futures::executor::block_on;
use keyslot::drive::TurnEnd;
use keyslot::model::{
    Blind, Blindness, CommitId, EvidenceKey, PullHead, PullNumber, PullState, PullWait, RunId, RunResult,
    RunState, RunView, Seen, Slot, SlotUse, ValidationPolicy,
};
use keyslot::rotation::{
    Acceptance, Decision, Event, Gate, Outcome, Produced, Reach, Reason, Step, Subject, Verdict, Why,
};
use keyslot::sim::memory::{CrashMoment, Crashes};
use keyslot::sim::{Command, Fault, Operation, Target, Trouble, When, WorldConfig};

use crate::echo::{self, Heard};
use crate::harm_scenarios::small;
use crate::in_memory::{Life, Theatre};
use crate::stage::{Stage, branch, proposal_branch, steps};

const MINUTE: Duration = Duration::from_secs(60);

fn validation(start: bool) -> ValidationPolicy {
    ValidationPolicy {
        checks: vec!["e2e".to_owned()],
        pipeline: "pipeline e2e".to_owned(),
        page: "https://dev.azure.com/acme/app/_build".to_owned(),
        skip: Vec::new(),
        start,
    }
}

/// An open pull request whose check nobody has started.
fn open(start: bool) -> Stage {
    let mut stage = Stage::ready();
    stage.code_mut().base = branch("main", SlotUse::Only(Slot::Primary));
    let head = stage.code_mut().proposals[&proposal_branch()].head.clone();
    let pull = stage.pull_mut();
    pull.state = PullState::Open;
    pull.waits = vec![PullWait::CheckNotStarted { name: "e2e".to_owned() }];
    pull.head = head;
    stage.policy.pulls.validation = Some(validation(start));
    stage
}

fn head(stage: &mut Stage) -> PullHead {
    let pull = stage.pull_mut();
    PullHead { pull: pull.number, branch: pull.head_branch.clone(), commit: pull.head.clone() }
}

/// As if the runs on its head had been looked at now.
fn seen(stage: &mut Stage, runs: Vec<RunView>) {
    let head = head(stage);
    stage.world.validations.insert(head, Seen::known(stage.now, runs));
}

fn run(stage: &mut Stage, state: RunState) -> RunView {
    let head = head(stage);
    RunView {
        id: RunId::new("77"),
        url: "https://run/77".to_owned(),
        branch: head.branch,
        commit: head.commit,
        by: "ada".to_owned(),
        state,
        started: stage.now - MINUTE,
        finished: state.is_over().then_some(stage.now),
        stages: Vec::new(),
        more_before: false,
    }
}

fn reasons(decision: &Decision) -> Vec<Reason> {
    match &decision.verdict {
        Verdict::Wait { reasons, .. } | Verdict::Halt { reasons } => reasons.clone(),
        Verdict::Act { held, .. } => held.clone(),
        other => panic!("{other:?}"),
    }
}

fn says(stage: &Stage, is: impl Fn(&Why) -> bool) -> bool {
    reasons(&stage.decide()).iter().any(|reason| is(&reason.why))
}

fn starts(stage: &Stage) -> bool {
    steps(&stage.decide()).iter().any(|step| matches!(step, Step::StartValidation { .. }))
}

#[test]
fn a_run_is_looked_for_before_anybody_is_told_that_there_is_none() {
    for start in [false, true] {
        let mut stage = open(start);
        let key = EvidenceKey::Validation(head(&mut stage));
        assert!(says(&stage, |why| *why == Why::NotSeen(key.clone())), "{:?}", stage.decide());
        assert!(!starts(&stage), "nothing is started on ignorance");
        let running = run(&mut stage, RunState::Running);
        seen(&mut stage, vec![running.clone()]);
        let since = running.started;
        let found = |why: &Why| matches!(why, Why::ValidationRuns { url, since: at, .. } if *url == running.url && *at == since);
        assert!(says(&stage, found) && !starts(&stage), "{:?}", stage.decide());
        let ended = run(&mut stage, RunState::Completed(RunResult::Canceled));
        seen(&mut stage, vec![ended]);
        assert!(says(&stage, |why| matches!(why, Why::ValidationEnded { .. })) && !starts(&stage));
    }
}

#[test]
fn where_nobody_has_started_one_it_is_named_with_its_head_or_started() {
    let mut named = open(false);
    seen(&mut named, Vec::new());
    let of = head(&mut named).commit;
    let told = |why: &Why| {
        matches!(why, Why::ValidationToStart { pipeline, at, page }
            if pipeline == "pipeline e2e" && at.commit == of && page.ends_with("_build"))
    };
    assert!(says(&named, told) && !starts(&named), "{:?}", named.decide());

    let mut stage = open(true);
    seen(&mut stage, Vec::new());
    let head = head(&mut stage);
    let started = steps(&stage.decide());
    let [Step::StartValidation { pull, branch, head: commit, .. }] = &started[..] else {
        panic!("{started:?}")
    };
    assert_eq!((*pull, branch, commit), (head.pull, &head.branch, &head.commit));
    // Another check is for others to start, and what people have to change first will have another head.
    stage.pull_mut().waits = vec![PullWait::CheckNotStarted { name: "lint".to_owned() }];
    assert!(!starts(&stage));
    stage.pull_mut().waits = vec![PullWait::CheckNotStarted { name: "e2e".to_owned() }, PullWait::Conflict];
    assert!(!starts(&stage));
}

#[test]
fn nothing_is_started_on_a_head_that_keyslot_has_not_read_or_that_reads_something_else() {
    let mut stage = open(true);
    stage.pull_mut().head = CommitId::new("f".repeat(40));
    seen(&mut stage, Vec::new());
    assert!(!starts(&stage));
    let mut stage = open(true);
    seen(&mut stage, Vec::new());
    stage.code_mut().proposals.get_mut(&proposal_branch()).unwrap().claim.reads = SlotUse::Mixed;
    assert!(!starts(&stage));
    assert!(says(&stage, |why| matches!(why, Why::BranchReads { .. })), "{:?}", stage.decide());
}

#[test]
fn whoever_has_accepted_that_it_is_missing_wants_none() {
    let mut stage = open(true);
    seen(&mut stage, Vec::new());
    let acceptance = Acceptance {
        by: "owner".to_owned(),
        gate: Gate::Validated,
        subject: PullNumber(7).to_string(),
        because: "the environment is gone".to_owned(),
        until: stage.now + MINUTE,
        why: Some("validation-to-start".to_owned()),
    };
    assert!(starts(&stage));
    stage.events.push((stage.now, Event::Accepted(acceptance)));
    assert!(!starts(&stage));
}

/// As if the step had been tried, and ended so.
fn tried(stage: &mut Stage, outcome: Option<Outcome>) {
    let [step] = &steps(&stage.decide())[..] else { panic!("{:?}", stage.decide()) };
    stage.tried(&step.clone(), outcome);
}

/// The same world, seen again after a while.
fn pass(stage: &mut Stage, by: Duration) {
    stage.now += by;
    stage.world.code.as_mut().unwrap().at = stage.now;
    stage.world.pulls.values_mut().for_each(|seen| seen.at = stage.now);
    stage.world.proofs.values_mut().for_each(|seen| seen.at = stage.now);
    stage.world.account.as_mut().unwrap().at = stage.now;
}

#[test]
fn one_that_was_answered_is_never_asked_for_again_however_long_no_list_shows_it() {
    let mut stage = open(true);
    seen(&mut stage, Vec::new());
    tried(&mut stage, Some(Outcome::Applied { produced: Produced::Run(RunId::new("77")) }));
    let settle = stage.policy.settle;
    for _ in 0..5 {
        pass(&mut stage, settle * 3);
        seen(&mut stage, Vec::new());
        assert!(!starts(&stage));
        let asked =
            |why: &Why| matches!(why, Why::ValidationAsked { run: Some(run), .. } if run.as_str() == "77");
        assert!(says(&stage, asked), "{:?}", stage.decide());
    }
}

#[test]
fn one_of_which_nothing_is_known_is_looked_for_until_a_look_is_late_enough() {
    for outcome in [None, Some(Outcome::Unknown { why: "no answer".to_owned() })] {
        let mut stage = open(true);
        seen(&mut stage, Vec::new());
        tried(&mut stage, outcome);
        assert!(says(&stage, |why| matches!(why, Why::OutcomeOpen { .. })), "{:?}", stage.decide());
        // The list was read before the run had to be on it.
        let settle = stage.policy.settle;
        pass(&mut stage, settle - MINUTE);
        seen(&mut stage, Vec::new());
        assert!(says(&stage, |why| matches!(why, Why::OutcomeOpen { .. })), "{:?}", stage.decide());
        pass(&mut stage, MINUTE * 2);
        let key = EvidenceKey::Validation(head(&mut stage));
        assert!(says(&stage, |why| *why == Why::NotSeen(key.clone())), "{:?}", stage.decide());
        let going = run(&mut stage, RunState::Queued);
        seen(&mut stage, vec![going]);
        assert!(!starts(&stage), "there it is");
        seen(&mut stage, Vec::new());
        assert!(starts(&stage), "it never came");
    }
}

#[test]
fn a_refusal_is_told_and_people_start_it() {
    let mut stage = open(true);
    seen(&mut stage, Vec::new());
    let why = "it has stages that are not declared: deploy".to_owned();
    let respite = keyslot::model::Respite::Unsaid;
    tried(&mut stage, Some(Outcome::Refused { why: why.clone(), later: false, respite }));
    pass(&mut stage, MINUTE);
    let decision = stage.decide();
    assert!(matches!(decision.verdict, Verdict::Wait { .. }), "{decision:?}");
    assert!(says(&stage, |it| matches!(it, Why::ValidationRefused { why: told, .. } if *told == why)));
    assert!(!starts(&stage));
}

/// A world in which nobody starts the check.
fn unstarted() -> WorldConfig {
    let mut config = small();
    config.people.check.started_after = None;
    config.people.check.queue = keyslot::sim::Span::exactly(MINUTE);
    config
}

fn theatre(config: WorldConfig, crashes: Crashes, reach: Reach) -> Theatre {
    let checks = vec![config.people.check.name.clone()];
    let mut theatre = Theatre::with_crashes(config, crashes);
    theatre.policy.pulls.validation = Some(ValidationPolicy { checks, ..validation(true) });
    theatre.reach = reach;
    theatre
}

fn validations(theatre: &Theatre) -> u32 {
    theatre.world.lock().counters().validations_started
}

#[test]
fn the_world_itself_starts_two_when_asked_twice() {
    let theatre = theatre(unstarted(), Crashes::none(), Reach::Whole);
    let mut world = theatre.world.lock();
    let branch = world.config().repository.base.clone();
    for _ in 0..2 {
        let (branch, by) = (branch.clone(), "keyslot-bot".to_owned());
        world.apply(Command::StartValidation { branch, commit: None, by }).unwrap();
    }
    assert_eq!((world.counters().validations_started, world.validations().len()), (2, 2));
}

#[test]
fn a_whole_rotation_comes_through_though_nobody_starts_the_check() {
    let mut theatre = theatre(unstarted(), Crashes::none(), Reach::Whole);
    assert_eq!(theatre.live(), Life::Ended(TurnEnd::Done));
    assert_eq!(validations(&theatre), 1);
}

#[test]
fn a_proposal_alone_starts_it_too_and_once() {
    let mut theatre = theatre(unstarted(), Crashes::none(), Reach::Propose { merge: false });
    for _ in 0..3 {
        assert_eq!(theatre.live(), Life::Ended(TurnEnd::Enough));
        assert_eq!(validations(&theatre), 1);
    }
}

#[test]
fn one_that_somebody_has_started_is_found_and_no_other_is_started() {
    let mut theatre =
        theatre(unstarted(), Crashes::at([(3, CrashMoment::BeforeSending)]), Reach::Propose { merge: false });
    assert_eq!(theatre.live(), Life::Crashed, "before the validation is asked for");
    let started = {
        let mut world = theatre.world.lock();
        let branch = world.pulls()[0].head_branch.clone();
        world.apply(Command::StartValidation { branch, commit: None, by: "ada".to_owned() }).unwrap();
        world.counters().validations_started
    };
    theatre.reach = Reach::Whole;
    assert_eq!(theatre.live(), Life::Ended(TurnEnd::Done));
    assert_eq!((started, validations(&theatre)), (1, 1));
}

#[test]
fn killed_at_any_effect_it_is_started_once() {
    for reach in [Reach::Propose { merge: false }, Reach::Propose { merge: true }] {
        let mut undisturbed = theatre(unstarted(), Crashes::none(), reach.clone());
        assert_eq!(undisturbed.live(), Life::Ended(TurnEnd::Enough));
        for number in 1..=undisturbed.crashes.effects() {
            for moment in [CrashMoment::BeforeSending, CrashMoment::AfterApplying] {
                let mut theatre = theatre(unstarted(), Crashes::at([(number, moment)]), reach.clone());
                assert_eq!(theatre.live(), Life::Crashed, "effect {number}, {moment:?}");
                // Once the lease of the dead one has run out.
                let after = theatre.world.lock().now() + MINUTE * 11;
                theatre.world.lock().advance_to(after);
                assert_eq!(theatre.live(), Life::Ended(TurnEnd::Enough), "effect {number}, {moment:?}");
                assert_eq!(validations(&theatre), 1, "effect {number}, {moment:?}, {reach:?}");
            }
        }
    }
}

#[test]
fn an_answer_that_is_lost_is_settled_by_looking() {
    let fault = Fault::new(When::Nth(1), Target::operation(Operation::StartValidation), Trouble::LoseAnswer);
    let mut theatre = theatre(unstarted().with_fault(fault), Crashes::none(), Reach::Propose { merge: true });
    assert_eq!(theatre.live(), Life::Ended(TurnEnd::Enough));
    assert_eq!(validations(&theatre), 1);
}

#[test]
fn where_its_runs_may_not_be_seen_people_start_it_as_before() {
    let target = Target::operation(Operation::ReadValidations);
    let mut config = small().with_fault(Fault::new(When::Always, target, Trouble::Forbidden));
    config.people.check.started_after = Some(MINUTE * 2);
    let mut theatre = theatre(config, Crashes::none(), Reach::Propose { merge: true });
    assert_eq!(theatre.live(), Life::Ended(TurnEnd::Enough));
    assert_eq!(validations(&theatre), 0);
}

#[test]
fn a_validation_pipeline_that_cannot_be_seen_is_told_by_who_only_proposes() {
    for kind in [Blindness::Missing, Blindness::Misconfigured, Blindness::Forbidden] {
        let mut stage = open(false);
        stage.reach = Reach::Propose { merge: false };
        let key = head(&mut stage);
        let blind = Blind { kind, why: "there is none of that name".to_owned() };
        stage.world.validations.insert(key, Seen { at: stage.now, what: Err(blind) });
        let Verdict::Halt { reasons } = stage.decide().verdict else { panic!("{:?}", stage.decide()) };
        assert!(matches!(&reasons[..], [Reason { why: Why::Blind { .. }, .. }]), "{reasons:?}");
        stage.reach = Reach::Whole;
        let halts = matches!(stage.decide().verdict, Verdict::Halt { .. });
        assert_eq!(halts, kind != Blindness::Forbidden, "people start it, but no time brings a pipeline");
    }
}

#[test]
fn a_run_of_another_commit_is_not_said_to_be_of_the_head() {
    let asked = |elsewhere| {
        let why = Why::ValidationAsked {
            pipeline: "workflow e2e.yml".to_owned(),
            run: Some(RunId::new("77")),
            elsewhere,
        };
        keyslot::render::reason::why(&Reason::new(Gate::Validated, Subject::Pull(PullNumber(7)), why))
    };
    assert!(asked(None).contains("on the head of pull request") && asked(None).contains("(run 77)"));
    let other = asked(Some(CommitId::new("d".repeat(40))));
    assert!(other.contains("ddddddd") && other.contains("is not its head"), "{other}");
}

#[test]
fn a_promotion_by_pull_request_is_validated_too() {
    let mut theatre = theatre(unstarted(), Crashes::none(), Reach::Whole);
    theatre.policy.promotion = keyslot::model::Promotion::PullRequest;
    assert_eq!(theatre.live(), Life::Ended(TurnEnd::Done));
    assert_eq!(validations(&theatre), 2, "one for each pull request");
}

#[test]
fn a_look_starts_nothing() {
    let mut theatre =
        theatre(unstarted(), Crashes::at([(3, CrashMoment::BeforeSending)]), Reach::Propose { merge: false });
    assert_eq!(theatre.live(), Life::Crashed);
    theatre.crashes.flag().lower();
    let mut driver = block_on(theatre.driver_as("looks", "looks")).unwrap();
    block_on(driver.report()).unwrap();
    assert_eq!(validations(&theatre), 0);
}

#[test]
fn a_request_that_arrives_twice_is_two_runs_and_keyslot_sends_one() {
    let mut undisturbed = theatre(unstarted(), Crashes::none(), Reach::Propose { merge: false });
    assert_eq!(undisturbed.live(), Life::Ended(TurnEnd::Enough));
    let echoed = std::sync::Arc::new(std::sync::Mutex::new(None));
    let theatre = theatre(unstarted(), Crashes::none(), Reach::Propose { merge: false });
    let (note, watcher) = (std::sync::Arc::clone(&echoed), std::sync::Arc::clone(&theatre.watcher));
    let mut driver = block_on(
        theatre.driver_with("echo", "echo", watcher, |ports| echo::around(ports, 3, Heard::First, note)),
    )
    .unwrap();
    block_on(driver.open(&theatre.request())).unwrap();
    block_on(driver.run()).unwrap();
    assert_eq!(echoed.lock().unwrap().as_deref(), Some("start a validation"));
    assert_eq!((validations(&undisturbed), validations(&theatre)), (1, 2));
}
