//! A regeneration to which no answer came: followed by what tells of it, and never sent blindly once more.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use keyslot::drive::TurnEnd;
use keyslot::model::{
    Blindness, EvidenceKey, KeyKind, OWN_REQUEST, Operation as Taken, OperationState, RotationId, Seen, Slot,
    Trace, TracesView,
};
use keyslot::rotation::{
    Acceptance, Event, Gate, Intent, Outcome, Produced, Purpose, Reason, Step, Verdict, Why, request_id,
};
use keyslot::sim::Span;
use keyslot::sim::fault::{Fault, Operation, Target, Trouble, When};
use keyslot::sim::memory::{CrashMoment, Crashes};

use crate::harm_scenarios::small;
use crate::in_memory::{Life, Theatre};
use crate::stage::{Stage, at, opened, steps};

const MINUTE: Duration = Duration::from_secs(60);

fn step() -> Step {
    Step::Regenerate { kind: KeyKind::read_write(Slot::Primary), purpose: Purpose::Retire }
}

fn id(attempt: u32) -> String {
    request_id(&opened().rotation, &step().key(), attempt)
}

/// So many attempts, the last of them so long ago, and none of them was answered.
fn sent(attempts: u32, ago: SignedDuration) -> Stage {
    let mut stage = Stage::ready();
    let key = step().key();
    for attempt in 1..=attempts {
        let when = stage.now - ago - SignedDuration::from_hours(i64::from(attempts - attempt));
        let generation_before = Some(at(-1_000_000));
        let intent = Intent {
            key: key.clone(),
            attempt,
            step: step(),
            generation_before,
            evidence: String::new(),
            commit: None,
            secrets: Vec::new(),
        };
        let outcome = Outcome::Unknown { why: "no answer".to_owned() };
        stage.recorded(when, intent, Some((when, outcome)));
    }
    stage
}

/// What the log tells of each attempt, in order.
fn told(mut stage: Stage, traces: &[Trace]) -> Stage {
    let traces = (1..).zip(traces).map(|(attempt, trace)| (id(attempt), trace.clone())).collect();
    let view = TracesView { newest: Some(stage.now), traces };
    stage.world.traces = Some(Seen::known(stage.now, view));
    stage
}

fn accepted(mut stage: Stage, subject: &str) -> Stage {
    let acceptance = Acceptance {
        by: "operator".to_owned(),
        gate: Gate::Settled,
        subject: subject.to_owned(),
        because: "it is nowhere in the portal".to_owned(),
        until: at(200_000),
        why: None,
    };
    stage.events.push((stage.now, Event::Accepted(acceptance)));
    stage
}

/// Why it is not sent, and whether a person is called.
fn held(stage: &Stage) -> (bool, Vec<Reason>) {
    match stage.decide().verdict {
        Verdict::Wait { reasons, .. } => (false, reasons),
        Verdict::Halt { reasons } => (true, reasons),
        other => panic!("{other:?}"),
    }
}

fn sends(stage: &Stage) -> bool {
    steps(&stage.decide()) == [step()]
}

const LONG: SignedDuration = SignedDuration::from_mins(40);

fn when(stage: &Stage) -> Timestamp {
    stage.now - LONG
}

#[test]
fn what_nothing_tells_of_is_looked_for_in_time_and_then_is_for_a_person() {
    let (person, reasons) = held(&sent(1, LONG));
    assert!(!person && reasons[0].why == Why::NotSeen(EvidenceKey::Traces), "{reasons:?}");
    let (person, reasons) = held(&told(sent(1, SignedDuration::from_mins(25)), &[Trace::Absent]));
    assert!(!person && matches!(reasons[0].why, Why::OutcomeOpen { .. }), "the log comes late: {reasons:?}");
    let silent = told(sent(1, LONG), &[Trace::Absent]);
    let (person, reasons) = held(&silent);
    assert!(person && matches!(reasons[0].why, Why::Untraced { .. }), "{reasons:?}");
    let text = keyslot::render::reason::why(&reasons[0]);
    assert!(text.contains(&id(1)) && text.contains("shows nothing of it"), "{text}");
    assert!(keyslot::render::reason::remedy(&reasons[0]).contains("Regenerate Keys"));
    assert!(sends(&accepted(silent.clone(), &id(1))));
    assert!(!sends(&accepted(silent, "primary")), "the word is for one request");
}

#[test]
fn each_word_of_a_person_lets_it_be_sent_once() {
    let again = told(sent(2, LONG), &[Trace::Absent, Trace::Absent]);
    let (person, reasons) = held(&accepted(again.clone(), &id(1)));
    assert!(person && reasons[0].subject.to_string() == id(2), "{reasons:?}");
    assert!(sends(&accepted(again, &id(2))));
}

#[test]
fn what_the_log_shows_is_followed_and_only_a_failure_lets_it_be_sent_again() {
    let stage = sent(1, LONG);
    let at = when(&stage);
    for trace in [Trace::Accepted { at }, Trace::Succeeded { at }] {
        let (person, reasons) = held(&told(stage.clone(), &[trace]));
        assert!(!person && matches!(reasons[0].why, Why::Arrived { .. }), "{reasons:?}");
        assert_eq!(reasons[0].gate, Gate::Regenerated, "nobody may open that");
    }
    let (person, reasons) = held(&told(stage.clone(), &[Trace::Started { at }]));
    assert!(person && matches!(reasons[0].why, Why::Untraced { .. }), "it has no end: {reasons:?}");
    let failed = Trace::Failed { at, why: "TooManyRequests".to_owned() };
    assert!(sends(&told(stage, std::slice::from_ref(&failed))));
    // A person was wrong about the first one: it comes late, and whatever became of the second does not matter.
    let twice = sent(2, LONG);
    let (_, reasons) = held(&told(twice, &[Trace::Accepted { at }, failed]));
    assert!(matches!(reasons[0].why, Why::Arrived { .. }), "{reasons:?}");
    // Azure speaks of hours.
    let old = sent(1, SignedDuration::from_hours(25));
    assert!(held(&told(old, &[Trace::Accepted { at }])).0, "after a day a person looks");
}

#[test]
fn a_log_that_may_not_be_read_is_for_a_person_and_one_that_does_not_answer_is_asked_again() {
    for (kind, person) in [(Blindness::Forbidden, true), (Blindness::Unreachable, false)] {
        let mut stage = sent(1, LONG);
        stage.world.traces = Some(Seen::blind(stage.now, kind, "it takes eventtypes/values/read"));
        let (halted, reasons) = held(&stage);
        assert_eq!((halted, reasons[0].gate), (person, Gate::Settled), "{reasons:?}");
        assert!(sends(&accepted(stage, &id(1))));
    }
}

#[test]
fn nothing_is_settled_by_an_account_that_is_busy_or_does_not_say() {
    for state in ["Updating", ""] {
        let mut stage = accepted(told(sent(1, LONG), &[Trace::Absent]), &id(1));
        stage.account_mut().provisioning = state.to_owned();
        let (_, reasons) = held(&stage);
        assert!(matches!(reasons[0].why, Why::AccountBusy { .. }), "{reasons:?}");
    }
}

/// The service took it on and named an address, where it is forgotten by the time that somebody asks again.
#[test]
fn an_operation_that_its_address_tells_nothing_of_is_settled_by_the_log() {
    let taken = || {
        let mut stage = sent(1, LONG);
        let last = stage.events.last_mut().unwrap();
        let Event::Ended { ends } = &mut last.1 else { panic!() };
        let operation = Taken { url: "https://management.azure.com/operations/7".to_owned() };
        ends[0].outcome = Outcome::Applied { produced: Produced::Operation(operation) };
        let missing = Seen::blind(stage.now, Blindness::Missing, "404");
        stage.world.operation = Some(missing);
        stage
    };
    let (person, reasons) = held(&taken());
    assert!(!person && reasons[0].why == Why::NotSeen(EvidenceKey::Traces), "{reasons:?}");
    let failed = Trace::Failed { at: when(&taken()), why: "TooManyRequests".to_owned() };
    assert!(sends(&told(taken(), &[failed])));
    let silent = told(taken(), &[Trace::Absent]);
    let (person, reasons) = held(&silent);
    assert!(person && matches!(reasons[0].why, Why::Untraced { .. }), "{reasons:?}");
    assert!(sends(&accepted(silent, &id(1))));
    // While the account is at work, nobody asks the log.
    let mut busy = taken();
    busy.account_mut().provisioning = "Updating".to_owned();
    assert!(!held(&busy).0, "{:?}", busy.decide());
    // Nor is a person called, where the address may not be read.
    busy.world.operation = Some(Seen::blind(busy.now, Blindness::Forbidden, "403"));
    let (person, reasons) = held(&busy);
    assert!(!person && matches!(reasons[0].why, Why::AccountBusy { .. }), "{reasons:?}");
}

#[test]
fn an_operation_that_runs_for_longer_than_any_is_for_a_person_once_the_account_is_idle() {
    let taken = |hours: i64, state: OperationState| {
        let mut stage = sent(1, SignedDuration::from_hours(hours));
        let Some((_, Event::Ended { ends })) = stage.events.last_mut() else { panic!() };
        let operation = Taken { url: "https://management.azure.com/operations/7".to_owned() };
        ends[0].outcome = Outcome::Applied { produced: Produced::Operation(operation) };
        stage.world.operation = Some(Seen::known(stage.now, state));
        told(stage, &[Trace::Accepted { at: at(0) }])
    };
    for state in [OperationState::Running(None), OperationState::Succeeded] {
        let (halts, reasons) = held(&taken(23, state.clone()));
        assert!(!halts && reasons[0].gate == Gate::Regenerated, "{reasons:?}");
        let (halts, reasons) = held(&taken(25, state.clone()));
        assert!(halts && reasons[0].gate == Gate::Settled, "{reasons:?}");
        let mut busy = taken(25, state);
        busy.account_mut().provisioning = "Updating".to_owned();
        assert!(!held(&busy).0, "{:?}", held(&busy));
    }
}

#[test]
fn the_ids_of_requests_are_uuids_that_begin_as_all_of_ours() {
    assert!(id(1).starts_with(OWN_REQUEST) && id(1) != id(2));
    let groups: Vec<usize> = id(1).split('-').map(str::len).collect();
    assert_eq!(groups, [8, 4, 4, 4, 12]);
}

/// What was closed and is opened anew is another question: what became of the first opening's request says nothing of it.
#[test]
fn a_second_openings_requests_have_names_of_their_own() {
    let mut stage = sent(1, LONG);
    let Some((_, Event::Opened(again))) = stage.events.first_mut() else { panic!("no opening") };
    again.opening = 2;
    let name = again.approval_name();
    let failed = Trace::Failed { at: when(&stage), why: "TooManyRequests".to_owned() };
    let of = |stage: &Stage, id: String| {
        let mut stage = stage.clone();
        let view = TracesView { newest: Some(stage.now), traces: [(id, failed.clone())].into() };
        stage.world.traces = Some(Seen::known(stage.now, view));
        stage
    };
    assert!(!sends(&of(&stage, id(1))), "of the first opening: {:?}", of(&stage, id(1)).decide());
    let own = request_id(&RotationId::new(name), &step().key(), 1);
    assert!(sends(&of(&stage, own.clone())), "{:?}", of(&stage, own).decide());
}

#[test]
fn in_a_world_that_loses_the_answer_one_request_is_sent() {
    let lost = Fault::new(When::Always, Target::operation(Operation::Regenerate), Trouble::LoseAnswer);
    let mut theatre = Theatre::new(small().with_fault(lost));
    assert_eq!(theatre.live(), Life::Ended(TurnEnd::Done));
    assert_eq!(theatre.backstage.shots().len(), 1);
}

/// The account takes hours and says nothing of it; its log alone tells.
#[test]
fn what_the_log_alone_tells_is_waited_for() {
    let lost = Fault::new(When::Always, Target::operation(Operation::Regenerate), Trouble::LoseAnswer);
    let mut config = small().with_fault(lost);
    config.account.regeneration = Span::exactly(MINUTE * 180);
    config.account.seems_idle = MINUTE * 180;
    config.account.dies_between = (990, 1000);
    let mut theatre = Theatre::new(config);
    assert_eq!(theatre.live(), Life::Ended(TurnEnd::Done));
    let world = theatre.world.lock();
    assert_eq!((theatre.backstage.shots().len(), world.counters().regenerations_refused), (1, 0));
}

#[test]
fn a_process_that_died_before_it_sent_leaves_the_question_to_a_person_whoever_comes_next() {
    let mut effects = Theatre::new(small());
    assert_eq!(effects.live(), Life::Ended(TurnEnd::Done));
    let last = effects.crashes.effects();
    let mut theatre = Theatre::with_crashes(small(), Crashes::at([(last, CrashMoment::BeforeSending)]));
    assert_eq!(theatre.live(), Life::Crashed);
    // Whoever runs it again does not answer the question by that.
    for _ in 0..3 {
        let Life::Ended(TurnEnd::Halted { reasons, .. }) = theatre.live() else { panic!("it goes on") };
        assert_eq!(reasons.iter().map(|one| one.gate).collect::<Vec<_>>(), [Gate::Settled], "{reasons:?}");
        assert!(theatre.backstage.shots().len() <= 1);
    }
    assert_eq!(theatre.live_with_person(), Life::Ended(TurnEnd::Done));
    assert_eq!(theatre.world.lock().outcome().regenerated.len(), 1);
}
