//! A regeneration that the service puts off is asked for again when the service wants to be asked, whoever asks.

use std::time::Duration;

use futures::executor::block_on;
use jiff::{SignedDuration, Timestamp};
use keyslot::drive::TurnEnd;
use keyslot::model::{Access, KeyKind, Respite, Slot};
use keyslot::rotation::{Intent, Outcome, Purpose, Step, Verdict, Why};
use keyslot::sim::fault::{Fault, Operation, Target, Trouble, When};

use crate::harm_scenarios::small;
use crate::in_memory::{Life, Theatre};
use crate::journey::later;
use crate::stage::{Stage, at, steps};

const HOUR: Duration = Duration::from_secs(3600);
const PRIMARY: KeyKind = KeyKind { slot: Slot::Primary, access: Access::ReadWrite };

fn refused(respite: Respite) -> Outcome {
    Outcome::Refused { why: "429".to_owned(), later: true, respite }
}

/// So many refusals, a minute apart, the last of them so long ago.
fn put_off(times: u32, respite: Respite, ago: SignedDuration) -> Stage {
    let mut stage = Stage::ready();
    let step = Step::Regenerate { kind: PRIMARY, purpose: Purpose::Retire };
    let key = step.key();
    for attempt in 1..=times {
        let when = stage.now - ago - SignedDuration::from_mins(i64::from(times - attempt));
        let intent = Intent {
            key: key.clone(),
            attempt,
            step: step.clone(),
            generation_before: Some(at(-1_000_000)),
            evidence: String::new(),
            commit: None,
            secrets: Vec::new(),
        };
        stage.recorded(when, intent, Some((when, refused(respite))));
    }
    stage
}

/// Until when nothing is sent; nothing where it is sent now.
fn until(stage: &Stage) -> Option<Timestamp> {
    let decision = stage.decide();
    if let Verdict::Wait { reasons, .. } = &decision.verdict
        && let [reason] = &reasons[..]
        && let Why::StepDeferred { until, .. } = &reason.why
    {
        return Some(*until);
    }
    assert_eq!(steps(&decision).len(), 1, "{decision:?}");
    None
}

#[test]
fn what_the_service_asked_for_is_waited_for() {
    let ago = SignedDuration::from_mins(10);
    let stage = put_off(1, Respite::of(HOUR), ago);
    assert_eq!(until(&stage), Some(stage.now + SignedDuration::from_mins(50)));
    assert_eq!(until(&put_off(1, Respite::of(HOUR), SignedDuration::from_mins(61))), None);
    assert_eq!(until(&put_off(1, Respite::Unsaid, ago)), None);
}

#[test]
fn each_refusal_makes_the_next_pause_longer() {
    let ago = SignedDuration::from_secs(20);
    for (times, seconds) in [(1, 30), (2, 60), (4, 240), (20, 1800)] {
        let stage = put_off(times, Respite::Unsaid, ago);
        let expected = stage.now - ago + SignedDuration::from_secs(seconds);
        assert_eq!(until(&stage), Some(expected), "{times}");
    }
}

#[test]
fn a_key_that_the_service_keeps_because_it_was_used_is_left_alone_for_twelve_hours_after_that() {
    let mut stage = put_off(1, Respite::KeyInUse, SignedDuration::from_mins(20));
    let used = stage.now - SignedDuration::from_hours(5);
    stage.account_mut().keys.get_mut(&PRIMARY).unwrap().last_used = Some(used);
    assert_eq!(until(&stage), Some(used + SignedDuration::from_mins(12 * 60 + 5)));
    stage.account_mut().keys.get_mut(&PRIMARY).unwrap().last_used = None;
    assert_eq!(until(&stage), None, "nobody says when: the usual pause");
}

#[test]
fn a_journal_keeps_it_and_one_from_before_says_nothing_of_it() {
    let written = serde_json::to_string(&refused(Respite::of(HOUR))).unwrap();
    assert_eq!(serde_json::from_str::<Outcome>(&written).unwrap(), refused(Respite::of(HOUR)));
    let before = r#"{"end":"refused","why":"429","later":true}"#;
    assert_eq!(serde_json::from_str::<Outcome>(before).unwrap(), refused(Respite::Unsaid));
    assert_eq!(serde_json::to_string(&refused(Respite::Unsaid)).unwrap(), before);
}

fn throttled(times: u32) -> Fault {
    let what = Trouble::Throttle { retry_after: HOUR };
    Fault::new(When::First(times), Target::operation(Operation::Regenerate), what)
}

/// As a job that runs every minute, each time as another process.
#[test]
fn processes_that_come_and_go_wait_as_long_as_the_one_that_asked() {
    let mut theatre = Theatre::new(small().with_fault(throttled(2)));
    theatre.approves = false;
    let mut driver = block_on(theatre.driver()).unwrap();
    block_on(driver.open(&theatre.request())).unwrap();
    block_on(driver.approve("approver", None)).unwrap();
    for minute in 0..60 * 24 {
        let name = format!("job-{minute}");
        let mut job = block_on(theatre.driver_as(&name, &name)).unwrap();
        block_on(job.resume("job")).unwrap_or_default();
        match block_on(job.turn()) {
            Ok(TurnEnd::Done) => break,
            Ok(TurnEnd::Waiting { .. }) => {}
            other => panic!("{other:?}"),
        }
        block_on(job.release()).unwrap();
        let next = later(theatre.world.lock().now(), Duration::from_secs(60));
        theatre.backstage.pass(next);
    }
    let shots = theatre.backstage.shots();
    assert_eq!(shots.len(), 3, "two refusals, and one that was taken: {shots:?}");
    let apart = |one: usize| shots[one + 1].at.duration_since(shots[one].at).unsigned_abs();
    assert!(apart(0) >= HOUR && apart(1) >= HOUR, "{shots:?}");
    assert_eq!(theatre.world.lock().outcome().regenerated.len(), 1);
}

#[test]
fn a_key_that_was_used_lately_is_asked_for_twice_where_the_account_keeps_it() {
    let mut config = small();
    config.account.keeps_used_keys = true;
    let mut theatre = Theatre::new(config);
    assert_eq!(theatre.live(), Life::Ended(TurnEnd::Done));
    assert_eq!(theatre.backstage.shots().len(), 2);
    assert_eq!(theatre.world.lock().outcome().outage.refused, 0);
}
