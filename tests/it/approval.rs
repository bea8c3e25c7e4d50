//! The approval that a person types: asked for when nothing else is missing, with what it rests on.

use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use futures::executor::block_on;
use keyslot::cli::approval::{Answers, run};
use keyslot::cli::{Color, Terminal};
use keyslot::drive::{Driver, TurnEnd};
use keyslot::model::Slot;
use keyslot::render::approval::evidence;
use keyslot::rotation::{Approval, Event, Gate};

use crate::backstage::Deed;
use crate::harm_scenarios::small;
use crate::in_memory::Theatre;
use crate::journey::{events, later};

/// Somebody with answers ready, who notes what was asked and may do something first.
struct Ready<'a> {
    answers: Mutex<Vec<&'a str>>,
    asked: Mutex<Vec<String>>,
    first: Box<dyn Fn() + Send + Sync + 'a>,
}

impl<'a> Ready<'a> {
    fn with(answers: &[&'a str]) -> Ready<'a> {
        let answers = Mutex::new(answers.iter().rev().copied().collect());
        Ready { answers, asked: Mutex::default(), first: Box::new(|| {}) }
    }

    fn times(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

#[async_trait]
impl Answers for Ready<'_> {
    async fn answer(&self, question: &str) -> Option<String> {
        self.asked.lock().unwrap().push(question.to_owned());
        (self.first)();
        self.answers.lock().unwrap().pop().map(|answer| format!("{answer}\n"))
    }
}

fn theatre() -> Theatre {
    Theatre::new(small())
}

fn opened(theatre: &Theatre) -> Driver {
    let mut driver = block_on(theatre.driver_as("one", "one")).unwrap();
    block_on(driver.open(&theatre.request())).unwrap();
    driver
}

fn ends(driver: &mut Driver, by: &str, person: &Ready<'_>) -> TurnEnd {
    block_on(run(driver, by, Some(person), &mut Terminal::new(Color::Never))).unwrap()
}

fn approvals(theatre: &Theatre) -> Vec<Approval> {
    let found = events(theatre).into_iter().filter_map(|(_, event)| match event {
        Event::Approved(approval) => Some(approval),
        _ => None,
    });
    found.collect()
}

const ACCOUNT: &str = "afmcprd-global-cosmos";

#[test]
fn typing_the_accounts_name_approves_on_just_this_evidence() {
    let theatre = theatre();
    let person = Ready::with(&[ACCOUNT]);
    assert_eq!(ends(&mut opened(&theatre), "ada", &person), TurnEnd::Done);
    assert_eq!(person.times(), 1, "once, at the end");
    let question = person.asked.lock().unwrap()[0].clone();
    assert!(question.contains(ACCOUNT) && question.contains("primary"), "{question}");
    let [approval] = &approvals(&theatre)[..] else { panic!() };
    assert!(approval.by == "ada" && approval.digest.is_some(), "{approval:?}");
    assert_eq!(theatre.world.lock().outage().refused, 0);
}

#[test]
fn anything_else_and_silence_approve_nothing() {
    for answers in [&["yes"][..], &["primary"], &[""], &[]] {
        let theatre = theatre();
        let person = Ready::with(answers);
        let end = ends(&mut opened(&theatre), "ada", &person);
        assert!(matches!(end, TurnEnd::Halted { .. }), "{answers:?}: {end:?}");
        assert!(approvals(&theatre).is_empty());
        assert!(theatre.world.lock().outcome().regenerated.is_empty());
    }
}

#[test]
fn a_mistyped_name_is_asked_for_again_and_not_for_ever() {
    let person = Ready::with(&["afmcprd", "afmcprd-global-cosmo", ACCOUNT]);
    assert_eq!(ends(&mut opened(&theatre()), "ada", &person), TurnEnd::Done);
    assert_eq!(person.times(), 3);
    for (answers, times) in [(&["a", "b", "c", ACCOUNT][..], 3), (&["a", "", ACCOUNT], 2)] {
        let person = Ready::with(answers);
        let end = ends(&mut opened(&theatre()), "ada", &person);
        assert!(matches!(end, TurnEnd::Halted { .. }), "{answers:?}: {end:?}");
        assert_eq!(person.times(), times, "{answers:?}");
    }
}

#[test]
fn nobody_is_asked_while_something_else_holds_or_where_the_proposer_may_not() {
    let mut proposer = theatre();
    proposer.policy.approver_differs = true;
    let person = Ready::with(&[ACCOUNT]);
    let by = proposer.request().by;
    let end = ends(&mut opened(&proposer), &by, &person);
    assert!(matches!(end, TurnEnd::Halted { .. }), "{end:?}");
    assert_eq!(person.times(), 0, "what the proposer says opens nothing");

    let mut unshared = theatre();
    unshared.policy.store = keyslot::model::SharedStore::LocalOnly;
    let person = Ready::with(&[ACCOUNT]);
    let end = ends(&mut opened(&unshared), "ada", &person);
    let TurnEnd::Halted { reasons, .. } = end else { panic!("{end:?}") };
    assert!(reasons.iter().any(|reason| reason.gate == Gate::LeaseHeld), "{reasons:?}");
    assert_eq!(person.times(), 0, "an approval is not all that is missing");
}

#[test]
fn a_vault_that_is_written_while_somebody_thinks_makes_the_answer_void() {
    let theatre = theatre();
    let mut driver = opened(&theatre);
    let stamp = theatre.policy.stamps[0].name.clone();
    let mut person = Ready::with(&[ACCOUNT]);
    person.first = Box::new(|| {
        let now = theatre.world.lock().now();
        theatre.backstage.at(now, Deed::WriteSlot(stamp.clone(), Slot::Secondary));
        theatre.backstage.pass(later(now, Duration::from_secs(600)));
    });
    let end = ends(&mut driver, "ada", &person);
    assert_eq!(person.times(), 2, "the new evidence wants a new answer");
    assert!(matches!(end, TurnEnd::Halted { .. }), "{end:?}");
    assert!(theatre.world.lock().outcome().regenerated.is_empty());
}

#[test]
fn what_an_approval_rests_on_is_shown() {
    let theatre = theatre();
    let mut driver = opened(&theatre);
    ends(&mut driver, "ada", &Ready::with(&[]));
    let text = evidence(&driver.report_as_seen(), driver.policy(), "d1", Slot::Primary);
    for words in [
        "northeurope",
        "regenerates the primary key",
        ACCOUNT,
        "evidence d1",
        "told by",
        "right to regenerate",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
}

#[test]
fn what_is_begun_anew_after_it_was_closed_is_approved_by_another_name() {
    let theatre = theatre();
    let mut driver = opened(&theatre);
    let first = driver.fold().rotation().unwrap().approval_name();
    block_on(driver.close("not today")).unwrap();
    block_on(driver.open(&theatre.request())).unwrap();
    let again = driver.fold().rotation().unwrap();
    assert_eq!(again.rotation.as_str(), first, "it is the same rotation");
    assert_eq!(again.approval_name(), format!("{first}.2"));
}
