//! A base branch that came to read the new slot by other hands than the proposal's: what brought it is found, it is
//! carried on as it is, and where nobody reviewed it, only by a person's word.

use std::time::Duration;

use futures::executor::block_on;
use keyslot::drive::TurnEnd;
use keyslot::model::{
    BranchName, CommitId, OriginView, Promotion, PullNumber, PullState, PullView, Seen, Slot, SlotUse,
};
use keyslot::rotation::{
    Acceptance, Event, Gate, Intent, Leg, Outcome, Phase, Produced, Reach, Reason, Source, Step, Subject,
    Verdict, Why,
};
use keyslot::sim::memory::{CrashMoment, Crashes};
use keyslot::sim::repository::Lookup as _;
use keyslot::sim::{Command, Expected, Fault, Operation, Target, Trouble, When, WorldConfig};

use crate::backstage::Deed;
use crate::harm_scenarios::small;
use crate::in_memory::{Life, Theatre};
use crate::journey::later;
use crate::stage::{Stage, branch, holding, proposal, pull, steps};

const PROMOTES: Reach = Reach::Promote { merge: false, flip: false };

fn brought() -> CommitId {
    CommitId::new("d".repeat(40))
}

/// The base branch reads the new slot, the release the old one, and the proposal is open.
fn pushed(wanted: u32) -> Stage {
    let mut stage = Stage::ready();
    stage.code_mut().release = Some(branch("release/1", SlotUse::Only(Slot::Primary)));
    stage.pull_mut().state = PullState::Open;
    let head = stage.code_mut().base.head.clone();
    let origin =
        OriginView { head, commit: Some(brought()), pull: None, reviews_wanted: wanted, unread: Vec::new() };
    stage.world.origin = Some(Seen::known(stage.now, origin));
    stage
}

fn origin_mut(stage: &mut Stage) -> &mut OriginView {
    stage.world.origin.as_mut().unwrap().what.as_mut().unwrap()
}

fn source(stage: &Stage) -> Source {
    match &steps(&stage.decide())[..] {
        [Step::Promote { source, .. }] => source.clone(),
        other => panic!("{other:?} {:?}", stage.decide()),
    }
}

#[test]
fn a_change_that_nobody_reviewed_is_not_carried_on_until_a_person_accepts_that_very_commit() {
    let mut stage = pushed(1);
    let Verdict::Halt { reasons } = stage.decide().verdict else { panic!("{:?}", stage.decide()) };
    let [Reason { gate: Gate::Validated, subject, why: Why::ChangedByOtherHands { wanted: 1, .. } }] =
        &reasons[..]
    else {
        panic!("{reasons:?}")
    };
    assert_eq!(*subject, Subject::Commit(brought()));
    let acceptance = |subject: &str, stage: &Stage| Acceptance {
        by: "owner".to_owned(),
        gate: Gate::Validated,
        subject: subject.to_owned(),
        because: "it is mine".to_owned(),
        until: stage.now + Duration::from_secs(60),
        why: Some("changed-by-other-hands".to_owned()),
    };
    let other = acceptance("eeeeeee", &stage);
    stage.events.push((stage.now, Event::Accepted(other)));
    assert_eq!(holding(&stage.decide()), [Gate::Validated].into(), "another commit");
    let this = acceptance(&subject.to_string(), &stage);
    stage.events.push((stage.now, Event::Accepted(this)));
    assert_eq!(source(&stage), Source::CherryPick { merged: brought(), proposal: brought() });
}

#[test]
fn where_nobody_wants_reviews_it_is_carried_on_as_it_is_and_where_nobody_can_say_it_is_not() {
    assert_eq!(source(&pushed(0)), Source::CherryPick { merged: brought(), proposal: brought() });
    let mut unread = pushed(0);
    origin_mut(&mut unread).unread = vec!["the protection of main".to_owned()];
    assert_eq!(holding(&unread.decide()), [Gate::Validated].into());
    let mut unknown = pushed(0);
    origin_mut(&mut unknown).commit = None;
    assert_eq!(holding(&unknown.decide()), [Gate::Validated].into(), "nobody knows what brought it");
}

#[test]
fn a_pull_request_of_others_is_judged_by_its_own_reviews_and_checks() {
    let mut stage = pushed(1);
    let theirs = PullView {
        number: PullNumber(9),
        head_branch: "feature/keys".into(),
        head: CommitId::new("9".repeat(40)),
        state: PullState::Merged { commit: brought() },
        ..pull()
    };
    let proposal_head = theirs.head.clone();
    origin_mut(&mut stage).pull = Some(theirs);
    assert_eq!(source(&stage), Source::CherryPick { merged: brought(), proposal: proposal_head });
    origin_mut(&mut stage).pull.as_mut().unwrap().approvals.clear();
    assert_eq!(holding(&stage.decide()), [Gate::Validated].into());
}

#[test]
fn what_is_known_of_an_older_head_is_looked_at_again_and_what_runs_already_is_not_asked_about() {
    let mut stage = pushed(1);
    origin_mut(&mut stage).head = CommitId::new("0".repeat(40));
    let decision = stage.decide();
    assert!(matches!(&decision.verdict, Verdict::Wait { reasons, .. } if reasons[0].opens_by_looking()));
    let mut there = pushed(1);
    there.code_mut().release = Some(branch("release/1", SlotUse::Only(Slot::Secondary)));
    there.world.origin = None;
    assert!(!holding(&there.decide()).contains(&Gate::Validated), "{:?}", there.decide());
    there.world.pulls.insert(proposal(), Seen::known(there.now, None));
    assert!(!holding(&there.decide()).contains(&Gate::Validated));
}

fn theatre(change: impl FnOnce(&mut WorldConfig)) -> Theatre {
    theatre_until(Crashes::none(), change)
}

fn theatre_until(crashes: Crashes, change: impl FnOnce(&mut WorldConfig)) -> Theatre {
    let mut config = small();
    change(&mut config);
    let mut theatre = Theatre::with_crashes(config, crashes);
    theatre.retire = Some(Slot::Primary);
    theatre
}

/// Proposed; then somebody pushes the change to the base branch.
fn pushed_to_main(change: impl FnOnce(&mut WorldConfig)) -> (Theatre, CommitId) {
    pushed_to_main_until(Crashes::none(), change)
}

fn pushed_to_main_until(crashes: Crashes, change: impl FnOnce(&mut WorldConfig)) -> (Theatre, CommitId) {
    let mut theatre = theatre_until(crashes, change);
    theatre.reach = Reach::Propose { merge: false };
    assert_eq!(theatre.live(), Life::Ended(TurnEnd::Enough));
    let (now, base) = {
        let world = theatre.world.lock();
        (world.now(), world.config().repository.base.clone())
    };
    theatre.backstage.at(later(now, Duration::from_secs(1)), Deed::Flip(base.clone(), Slot::Secondary));
    theatre.backstage.pass(later(now, Duration::from_secs(2)));
    let head = theatre.world.lock().repository().head(&base).cloned().unwrap();
    theatre.reach = PROMOTES;
    (theatre, head)
}

/// What the newest commit of the release branch says, and how often it was pushed to.
fn release(theatre: &Theatre) -> (String, u32) {
    let world = theatre.world.lock();
    let release = &world.config().repository.release;
    let head = world.repository().head(release).unwrap();
    let message = world.repository().commit(head).unwrap().message().to_owned();
    (message, world.counters().pushes_to(release))
}

#[test]
fn a_change_pushed_to_the_base_branch_is_cherry_picked_once_a_person_has_accepted_it() {
    let (mut theatre, head) = pushed_to_main(|_| {});
    let Life::Ended(TurnEnd::Halted { reasons, .. }) = theatre.live() else { panic!("it is carried on") };
    let [Reason { subject, why: Why::ChangedByOtherHands { .. }, .. }] = &reasons[..] else {
        panic!("{reasons:?}")
    };
    assert_eq!((subject, release(&theatre).1), (&Subject::Commit(head.clone()), 0));
    let acceptance = Acceptance {
        by: "owner".to_owned(),
        gate: Gate::Validated,
        subject: subject.to_string(),
        because: "it is mine".to_owned(),
        until: later(theatre.world.lock().now(), Duration::from_secs(3600)),
        why: Some("changed-by-other-hands".to_owned()),
    };
    block_on(async { theatre.driver().await.unwrap().accept(acceptance).await.unwrap() });
    assert_eq!(theatre.live(), Life::Ended(TurnEnd::Enough));
    let (message, pushes) = release(&theatre);
    assert_eq!(pushes, 1);
    assert!(message.contains(&format!("(cherry picked from commit {head})")), "{message}");
}

#[test]
fn where_nobody_wants_reviews_the_pushed_commit_is_cherry_picked_at_once() {
    let (mut theatre, head) = pushed_to_main(|config| config.people.reviews_wanted = 0);
    assert_eq!(theatre.live(), Life::Ended(TurnEnd::Enough));
    assert!(release(&theatre).0.contains(head.as_str()), "{:?}", release(&theatre));
}

#[test]
fn a_change_that_others_have_proposed_and_merged_is_carried_on_like_keyslot_s_own() {
    let mut theatre = theatre(|_| {});
    let theirs = BranchName::new("feature/keys");
    let (now, base, head) = {
        let world = theatre.world.lock();
        let base = world.config().repository.base.clone();
        (world.now(), base.clone(), world.repository().head(&base).cloned().unwrap())
    };
    let by = || "ada".to_owned();
    let (branch, expected) = (theirs.clone(), Expected::Absent);
    let push = Command::Push { branch, expected, commit: head, objects: Vec::new(), by: by() };
    theatre.world.lock().apply(push).unwrap();
    let at = |second| later(now, Duration::from_secs(second));
    theatre.backstage.at(at(1), Deed::Flip(theirs.clone(), Slot::Secondary));
    let (title, body) = ("Keys".to_owned(), String::new());
    let open = Command::OpenPull { head: theirs, base, title, body, by: by() };
    theatre.backstage.at(at(2), Deed::Do(open));
    theatre.backstage.pass(at(24 * 3600));
    let merged = match &theatre.world.lock().pulls()[0].state {
        PullState::Merged { commit } => commit.clone(),
        other => panic!("{other:?}"),
    };
    theatre.reach = PROMOTES;
    assert_eq!(theatre.live(), Life::Ended(TurnEnd::Enough));
    assert!(release(&theatre).0.contains(merged.as_str()), "{:?}", release(&theatre));
    assert_eq!(theatre.world.lock().pulls().len(), 1, "nothing is proposed once more");
}

/// Whoever takes it back from the live branch means it: it is not pushed again until a person says so.
#[test]
fn a_release_branch_that_somebody_takes_back_is_not_pushed_to_again() {
    let mut stage = pushed(0);
    let step = steps(&stage.decide())[0].clone();
    stage.tried(&step, Some(Outcome::Applied { produced: Produced::Nothing }));
    let taken_back = |stage: &Stage| match stage.decide().verdict {
        Verdict::Halt { reasons } => matches!(reasons[..], [Reason { why: Why::TakenBack { .. }, .. }]),
        _ => false,
    };
    assert!(!taken_back(&stage), "what is fetched may lag behind the push");
    // Until then it is not pushed again either, and then not on what was fetched before.
    let waits = |stage: &Stage| match stage.decide().verdict {
        Verdict::Wait { reasons, .. } => reasons.into_iter().next().map(|reason| reason.why),
        other => panic!("{other:?}"),
    };
    let mut soon = stage.clone();
    soon.policy.settle = Duration::from_secs(180);
    soon.now = later(soon.now, soon.policy.pace.people + Duration::from_secs(30));
    assert!(matches!(waits(&soon), Some(Why::OutcomeOpen { taken: true, .. })), "{:?}", soon.decide());
    soon.now = later(stage.now, Duration::from_secs(210));
    assert!(matches!(waits(&soon), Some(Why::NotSeen(_))), "{:?}", soon.decide());
    let mut reset = stage.clone();
    reset.policy.settle = Duration::ZERO;
    reset.now = later(reset.now, Duration::from_secs(1));
    reset.world.code.as_mut().unwrap().at = reset.now;
    assert!(taken_back(&reset), "to the very head on which it was put: {:?}", reset.decide());
    stage.code_mut().release.as_mut().unwrap().head = CommitId::new("7".repeat(40));
    assert!(taken_back(&stage), "{:?}", stage.decide());
    stage.reach = Reach::Promote { merge: false, flip: true };
    assert!(matches!(steps(&stage.decide())[..], [Step::Promote { source: Source::Flip, .. }]));
}

/// The answer to the push was lost, or whoever pushed died of it: that it was there is known all the same.
#[test]
fn what_was_promoted_without_an_answer_and_taken_back_later_is_not_pushed_again() {
    let lost = Outcome::Unknown { why: "no answer".to_owned() };
    let commit = CommitId::new("e".repeat(40));
    let unsent = Outcome::NotSent { why: "no name for the host".to_owned() };
    let of = |outcome: Option<Outcome>, went_on: bool, lies_there: bool| {
        let mut stage = pushed(0);
        let step = steps(&stage.decide())[0].clone();
        let key = step.key();
        let (generation_before, evidence, made) = (None, String::new(), Some(commit.clone()));
        let intent =
            Intent { key, attempt: 1, step, generation_before, evidence, commit: made, secrets: Vec::new() };
        stage.recorded(stage.now, intent, outcome.map(|outcome| (stage.now, outcome)));
        if went_on {
            stage.events.push((stage.now, Event::Reached { leg: Leg::Out, phase: Phase::Deploy }));
        }
        let code = stage.code_mut();
        code.arrived.extend(lies_there.then(|| commit.clone()));
        code.release.as_mut().unwrap().head = CommitId::new("7".repeat(40));
        let decision = stage.decide();
        match &decision.verdict {
            Verdict::Halt { reasons } => matches!(reasons[..], [Reason { why: Why::TakenBack { .. }, .. }]),
            Verdict::Act { .. } => false,
            other => panic!("{other:?}"),
        }
    };
    for outcome in [None, Some(lost)] {
        assert!(of(outcome.clone(), true, false), "it read the slot since: {outcome:?}");
        assert!(of(outcome.clone(), false, true), "the commit lies there: {outcome:?}");
        assert!(!of(outcome, false, false), "nothing says that it came");
    }
    assert!(!of(Some(unsent), true, true), "others have put it there");
}

#[test]
fn a_promotion_whose_process_died_is_not_repeated_after_a_revert() {
    for moment in [CrashMoment::AfterApplying, CrashMoment::BeforeSending] {
        // Push, open, promote.
        let (mut theatre, _) = pushed_to_main_until(Crashes::at([(3, moment)]), |config| {
            config.people.reviews_wanted = 0;
            config.people.merge_press = None;
        });
        theatre.policy.promotion = Promotion::Push;
        assert_eq!(theatre.live(), Life::Crashed);
        let branch = theatre.world.lock().config().repository.release.clone();
        let came = moment == CrashMoment::AfterApplying;
        assert_eq!(theatre.world.lock().counters().pushes_to(&branch), u32::from(came));
        let now = theatre.world.lock().now();
        if came {
            theatre
                .backstage
                .at(later(now, Duration::from_secs(5)), Deed::Flip(branch.clone(), Slot::Primary));
        }
        theatre.backstage.pass(later(now, Duration::from_secs(3600)));
        let life = theatre.live();
        match (came, life) {
            (true, Life::Ended(TurnEnd::Halted { reasons, .. })) => {
                assert!(matches!(reasons[..], [Reason { why: Why::TakenBack { .. }, .. }]), "{reasons:?}");
            }
            (false, Life::Ended(TurnEnd::Enough)) => {}
            (came, other) => panic!("{came}: {other:?}"),
        }
    }
}

#[test]
fn a_promotion_outlasts_minutes_without_the_remote_and_says_so_after_ten() {
    let hour = Duration::from_secs(3600);
    for (away, ends) in [(60, true), (3600, false)] {
        let window = When::Window { from: hour, until: hour + Duration::from_secs(away) };
        let (mut theatre, _) = pushed_to_main(|config| {
            config.people.reviews_wanted = 0;
            config.people.merge_press = None;
            config.faults.push(Fault::new(window, Target::operation(Operation::Fetch), Trouble::Unreachable));
        });
        theatre.policy.promotion = Promotion::Push;
        let start = theatre.world.lock().config().start;
        theatre.backstage.pass(later(start, hour + Duration::from_secs(5)));
        let life = theatre.live();
        let took = theatre.world.lock().now().duration_since(later(start, hour)).as_secs();
        match (ends, life) {
            (true, Life::Ended(TurnEnd::Enough)) => assert!((60..600).contains(&took), "{took}"),
            (false, Life::Ended(TurnEnd::Waiting { .. })) => assert!((600..1800).contains(&took), "{took}"),
            (_, other) => panic!("{away}: {other:?}"),
        }
    }
}

#[test]
fn a_revert_on_the_live_branch_halts_after_one_push() {
    let mut theatre = theatre(|_| {});
    theatre.policy.promotion = Promotion::Push;
    let start = theatre.world.lock().now();
    let branch = theatre.world.lock().config().repository.release.clone();
    let mut pushed = None;
    let reasons = (1..=600).find_map(|minute| {
        let mut driver = block_on(theatre.driver()).unwrap();
        let end = block_on(async {
            driver.open(&theatre.request()).await.unwrap();
            driver.turn().await.unwrap()
        });
        if pushed.is_none() && theatre.world.lock().counters().pushes_to(&branch) == 1 {
            pushed = Some(minute);
            let now = theatre.world.lock().now();
            theatre
                .backstage
                .at(later(now, Duration::from_secs(5)), Deed::Flip(branch.clone(), Slot::Primary));
        }
        theatre.backstage.pass(later(start, Duration::from_secs(60 * minute)));
        match end {
            TurnEnd::Halted { reasons, .. } => Some(reasons),
            _ => None,
        }
    });
    let reasons = reasons.expect("it halts");
    assert!(
        matches!(reasons[..], [Reason { gate: Gate::Promoted, why: Why::TakenBack { .. }, .. }]),
        "{reasons:?}"
    );
    // Ours, and theirs.
    assert_eq!(release(&theatre).1, 2);
}
