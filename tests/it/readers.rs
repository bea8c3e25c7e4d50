//! The gate of the key's readers: everybody who is known to have read the old key has moved, is signed off or accepted.

use jiff::{SignedDuration, Timestamp};
use keyslot::model::{
    Access, Blind, Blindness, Delivery, Identity, KeyKind, Requests, Seen, SignOff, Slot, StampName, Taker,
    UsageView, Validity,
};
use keyslot::rotation::{Acceptance, Decision, Event, Gate, Opens, Reason, Subject, Verdict, Why};

use crate::stage::{Stage, address, at, holding, reads, requests};

const STRANGER: &str = "192.0.2.1";

fn primary() -> KeyKind {
    KeyKind::read_write(Slot::Primary)
}

fn days_ago(stage: &Stage, days: i64) -> Timestamp {
    stage.now - SignedDuration::from_hours(24 * days)
}

fn used(stage: &mut Stage) -> &mut UsageView {
    stage.census_mut().used.as_mut().unwrap()
}

fn saw(stage: &mut Stage, requests: Requests) {
    used(stage).requests.push(requests);
}

/// The stage with somebody who used the key three days ago, and nothing since.
fn with_stranger() -> Stage {
    let mut stage = Stage::ready();
    let last = days_ago(&stage, 3);
    saw(&mut stage, requests(primary(), "east", last));
    stage
}

fn last_use(stage: &Stage) -> Timestamp {
    days_ago(stage, 3)
}

/// The stage with somebody who read the old version before the vault turned.
fn with_reader(version: &str, last: Timestamp) -> Stage {
    let mut stage = Stage::ready();
    stage.census_mut().read.as_mut().unwrap().reads.push(reads("east", "search", version, last));
    stage
}

fn acts(stage: &Stage) -> bool {
    matches!(stage.decide().verdict, Verdict::Act { .. })
}

/// What the gate says; nothing else may hold.
fn held(decision: &Decision) -> Vec<Reason> {
    assert_eq!(holding(decision), [Gate::Readers].into(), "{decision:?}");
    match &decision.verdict {
        Verdict::Halt { reasons } | Verdict::Wait { reasons, .. } => reasons.clone(),
        other => panic!("{other:?}"),
    }
}

fn halts(stage: &Stage) -> Reason {
    let decision = stage.decide();
    assert!(matches!(decision.verdict, Verdict::Halt { .. }), "{decision:?}");
    let [reason] = &held(&decision)[..] else { panic!("{decision:?}") };
    reason.clone()
}

fn sign_off(gone: Timestamp, until: Timestamp) -> SignOff {
    SignOff {
        identity: None,
        address: Some(STRANGER.parse().unwrap()),
        agent: None,
        because: "the old indexer was switched off".to_owned(),
        by: "ada".to_owned(),
        gone,
        until,
    }
}

#[test]
fn whoever_used_the_key_in_the_census_window_holds_by_name_however_quiet() {
    let reason = halts(&with_stranger());
    assert_eq!(reason.subject, Subject::Client(STRANGER.to_owned()));
    let Why::UsedByStranger { slot: Slot::Primary, count: 7, void: None, .. } = reason.why else {
        panic!("{reason:?}")
    };
    let words = keyslot::render::reason::why(&reason);
    assert!(words.contains(STRANGER) && words.contains("no known stamp"), "{words}");
}

#[test]
fn somebody_who_may_still_move_is_waited_for_and_a_person_is_called_after_the_quiet_window() {
    for (minutes, waits) in [(39, true), (41, false)] {
        let mut stage = Stage::ready();
        let last = stage.now - SignedDuration::from_mins(minutes);
        saw(&mut stage, requests(primary(), "east", last));
        let decision = stage.decide();
        assert_eq!(matches!(decision.verdict, Verdict::Wait { .. }), waits, "{minutes}: {decision:?}");
        held(&decision);
    }
}

#[test]
fn who_has_moved_is_ours_holds_another_key_or_used_one_that_is_dead_holds_nothing() {
    let mut moved = with_stranger();
    let now = moved.now;
    saw(&mut moved, requests(KeyKind::read_write(Slot::Secondary), "east", now));
    assert!(acts(&moved), "{:?}", moved.decide());

    let mut back = moved.clone();
    used(&mut back).requests.retain(|requests| requests.last != now || requests.caller.address != STRANGER);
    let before = days_ago(&back, 4);
    saw(&mut back, requests(KeyKind::read_write(Slot::Secondary), "east", before));
    halts(&back);

    // Two programs behind one address: one uses the new key all the time, the other comes by now and then.
    let mut both = with_stranger();
    let mut all_the_time = requests(KeyKind::read_write(Slot::Secondary), "east", now);
    all_the_time.first = days_ago(&both, 10);
    saw(&mut both, all_the_time);
    let words = keyslot::render::reason::why(&halts(&both));
    assert!(words.contains("uses both keys"), "{words}");
    // The other one's key of today was made only after that.
    both.account_mut().keys.get_mut(&KeyKind::read_write(Slot::Secondary)).unwrap().generated =
        Some(last_use(&both));
    assert!(acts(&both), "{:?}", both.decide());

    let mut ours = Stage::ready();
    ours.policy.stamps[1].addresses.push("192.0.2.0/24".parse().unwrap());
    let last = days_ago(&ours, 3);
    saw(&mut ours, requests(primary(), "east", last));
    assert!(acts(&ours), "{:?}", ours.decide());

    let mut read_only = Stage::ready();
    saw(&mut read_only, requests(KeyKind { access: Access::ReadOnly, ..primary() }, "east", last));
    assert!(acts(&read_only), "{:?}", read_only.decide());

    let mut of_the_key_before = with_stranger();
    of_the_key_before.account_mut().keys.get_mut(&primary()).unwrap().generated =
        Some(last + SignedDuration::from_secs(1));
    let fold_says = &mut of_the_key_before.events[0].1;
    let Event::Opened(opened) = fold_says else { panic!("{fold_says:?}") };
    opened.retired_generation = Some(last + SignedDuration::from_secs(1));
    assert!(acts(&of_the_key_before), "{:?}", of_the_key_before.decide());
}

#[test]
fn a_sign_off_counts_by_name_until_its_time_and_until_the_next_use() {
    let stage = with_stranger();
    let last = days_ago(&stage, 3);
    let (earlier, later) = (days_ago(&stage, 4), days_ago(&stage, 1));
    let next_week = stage.now + SignedDuration::from_hours(24 * 7);
    let signed = |sign_off: SignOff| {
        let mut stage = stage.clone();
        stage.policy.sign_offs = vec![sign_off];
        stage
    };
    assert!(acts(&signed(sign_off(last, next_week))));
    let void = |stage: &Stage| match halts(stage).why {
        Why::UsedByStranger { void, .. } => void,
        other => panic!("{other:?}"),
    };
    assert_eq!(void(&signed(sign_off(last, later))), Some(Validity::Expired));
    assert_eq!(void(&signed(sign_off(earlier, next_week))), Some(Validity::SeenSince));
    let of_another = SignOff { agent: Some("java*".to_owned()), ..sign_off(last, next_week) };
    assert_eq!(void(&signed(of_another)), None);
}

#[test]
fn a_person_may_accept_one_reader_and_no_other() {
    let accepted = |gate: Gate, subject: &str| {
        let mut stage = with_stranger();
        let acceptance = Acceptance {
            by: "operator".to_owned(),
            gate,
            subject: subject.to_owned(),
            because: "a laptop, wiped".to_owned(),
            until: at(200_000),
            why: None,
        };
        stage.events.push((at(4), Event::Accepted(acceptance)));
        acts(&stage)
    };
    assert!(accepted(Gate::Readers, STRANGER));
    assert!(!accepted(Gate::Readers, "192.0.2.2"));
    assert!(!accepted(Gate::KeyQuiet, "primary"), "that the key is quiet says nothing of who comes by");
}

#[test]
fn a_reader_of_the_secret_holds_if_its_last_read_was_of_the_version_before() {
    let ready = Stage::ready();
    let reason = halts(&with_reader("v1", at(40)));
    assert_eq!(reason.subject, Subject::Client("search".to_owned()));
    let words = keyslot::render::reason::why(&reason);
    assert!(words.contains("search") && words.contains("the vault of east"), "{words}");

    assert!(acts(&with_reader("v2", at(60))), "it has the new key");
    halts(&with_reader("v1", at(60)));
    let mut twice = with_reader("v1", at(52));
    twice.census_mut().read.as_mut().unwrap().reads.push(reads("east", "search", "v2", at(53)));
    assert!(acts(&twice), "it read again: {:?}", twice.decide());
    let mut pinned = with_reader("v1", at(99_000));
    pinned.census_mut().read.as_mut().unwrap().reads.push(reads("east", "search", "v2", ready.now));
    halts(&pinned);
}

#[test]
fn a_row_that_does_not_say_what_was_read_is_judged_by_its_time() {
    for (second, moved) in [(49, false), (54, false), (55, true)] {
        let mut stage = with_reader("?", at(second));
        let audit = stage.census_mut().read.as_mut().unwrap();
        audit.reads.last_mut().unwrap().version = None;
        assert_eq!(acts(&stage), moved, "{second}: {:?}", stage.decide());
    }
}

#[test]
fn pipelines_keyslot_and_whoever_is_signed_off_may_have_read_the_secret() {
    let last = at(40);
    let named = |name: &str| {
        let mut stage = with_reader("v1", last);
        let audit = stage.census_mut().read.as_mut().unwrap();
        audit.reads.last_mut().unwrap().identity =
            Identity { object: name.to_owned(), ..Identity::default() };
        stage
    };
    assert!(acts(&named("PIPELINE")));
    assert!(acts(&named("driver-north")), "one stamp's driver at another's vault is ours all the same");
    let mut own = with_reader("v1", last);
    own.census_mut().read.as_mut().unwrap().reads.last_mut().unwrap().caller.agent =
        "keyslot azsdk-rust-x/1".to_owned();
    assert!(acts(&own));
    let mut signed = with_reader("v1", last);
    let next_week = signed.now + SignedDuration::from_hours(24 * 7);
    let whom = SignOff { identity: Some("sea*".to_owned()), address: None, ..sign_off(last, next_week) };
    signed.policy.sign_offs = vec![whom];
    assert!(acts(&signed));
    halts(&named("somebody"));
}

#[test]
fn absent_logs_hold_nothing_and_unreadable_ones_do() {
    let blind = |kind: Blindness| Blind { kind, why: "so it is".to_owned() };
    let mut absent = with_reader("v1", at(40));
    let census = absent.census_mut();
    (census.used, census.read) = (Err(blind(Blindness::Missing)), Err(blind(Blindness::Missing)));
    assert!(acts(&absent), "{:?}", absent.decide());
    for part in 0..2 {
        let mut unreadable = Stage::ready();
        let census = unreadable.census_mut();
        match part {
            0 => census.used = Err(blind(Blindness::Throttled)),
            _ => census.read = Err(blind(Blindness::Unreachable)),
        }
        let decision = unreadable.decide();
        assert!(matches!(decision.verdict, Verdict::Wait { .. }), "{decision:?}");
        assert_eq!(held(&decision)[0].subject, Subject::Account);
    }
    let mut silent = Stage::ready();
    let audit = silent.census_mut().read.as_mut().unwrap();
    (audit.newest, audit.reads) = (Default::default(), Vec::new());
    assert!(acts(&silent), "{:?}", silent.decide());
}

#[test]
fn an_audit_that_ends_before_the_vault_turned_is_waited_for() {
    let mut behind = Stage::ready();
    let audit = behind.census_mut().read.as_mut().unwrap();
    audit.newest.insert(StampName::new("north"), at(49));
    let decision = behind.decide();
    assert!(matches!(decision.verdict, Verdict::Wait { .. }), "{decision:?}");
    let [reason] = &held(&decision)[..] else { panic!("{decision:?}") };
    assert_eq!(reason.subject, Subject::Stamp(StampName::new("north")));
    assert!(matches!(reason.why, Why::LogsBehind { .. }), "{reason:?}");
}

#[test]
fn the_census_is_looked_at_again_once_it_is_older_than_the_quiet_window() {
    let mut older = Stage::ready();
    older.world.census.as_mut().unwrap().at = older.now - SignedDuration::from_mins(29);
    assert!(acts(&older), "the logs of the quiet window tell the rest: {:?}", older.decide());
    older.world.census.as_mut().unwrap().at = older.now - SignedDuration::from_mins(31);
    held(&older.decide());
    older.world.census = Some(Seen::blind(older.now, Blindness::Throttled, "later"));
    held(&older.decide());
    (older.world.census, older.policy.census_window) = (None, std::time::Duration::ZERO);
    assert!(acts(&older), "nobody takes a census");
}

/// The stage with code that hands the key to a web app, and to whoever takes a slot by its name.
fn with_delivery(slot: Option<Slot>) -> Stage {
    let mut stage = Stage::ready();
    let delivery = Delivery {
        taker: Taker::Resource,
        name: "azurerm_linux_web_app.shop".to_owned(),
        arguments: vec!["app_settings.KEY".to_owned()],
        files: vec!["app/main.tf".to_owned()],
        slot,
    };
    stage.code_mut().base.claim.elsewhere.push(delivery.clone());
    stage.code_mut().release.as_mut().unwrap().claim.elsewhere.push(delivery);
    stage
}

#[test]
fn what_the_code_gives_the_key_to_beside_the_secret_holds_until_somebody_accepts_it_by_name() {
    let reason = halts(&with_delivery(None));
    assert_eq!(reason.subject.to_string(), "azurerm_linux_web_app.shop", "once, whichever branches name it");
    assert_eq!(reason.why.opens(), Opens::ByPerson);
    assert!(keyslot::render::reason::remedy(&reason).contains("accept it by name"));
    halts(&with_delivery(Some(Slot::Primary)));
    assert!(acts(&with_delivery(Some(Slot::Secondary))), "it takes the key that stays");

    let accepted = |subject: &str, why: Option<String>, change: fn(&mut Stage)| {
        let mut stage = with_delivery(None);
        let acceptance = Acceptance {
            by: "operator".to_owned(),
            gate: Gate::Readers,
            subject: subject.to_owned(),
            because: "applied, and looked at".to_owned(),
            until: at(200_000),
            why,
        };
        stage.events.push((at(4), Event::Accepted(acceptance)));
        change(&mut stage);
        acts(&stage)
    };
    let name = "azurerm_linux_web_app.shop";
    let why = || Some(reason.why.accepted_as());
    assert!(accepted(name, None, |_| {}) && accepted(name, why(), |_| {}));
    assert!(!accepted("azurerm_linux_web_app.other", None, |_| {}));
    let one_more = |stage: &mut Stage| {
        stage.code_mut().base.claim.elsewhere[0].arguments.push("app_settings.OTHER".to_owned());
    };
    assert!(!accepted(name, why(), one_more), "what it takes now is another thing than what was accepted");
}

#[test]
fn logs_that_do_not_go_back_over_the_window_hold_until_a_person_says_that_they_are_enough() {
    let mut stage = Stage::ready();
    let begins = stage.now - SignedDuration::from_hours(5);
    used(&mut stage).requests.iter_mut().for_each(|requests| requests.first = begins);
    used(&mut stage).requests.retain(|requests| requests.last > begins);
    let reason = halts(&stage);
    let wanted = days_ago(&stage, 14);
    assert_eq!(reason.subject, Subject::Account);
    assert_eq!(reason.why, Why::LogsYoung { begins, wanted, until: None });
    let words = keyslot::render::reason::why(&reason);
    assert!(words.contains("their first row is of"), "{words}");
    // Before that there was another key in the slot.
    let mut made = stage.clone();
    let later = begins + SignedDuration::from_secs(1);
    made.account_mut().keys.get_mut(&primary()).unwrap().generated = Some(later);
    let Event::Opened(opened) = &mut made.events[0].1 else { panic!() };
    opened.retired_generation = Some(later);
    assert!(acts(&made), "{:?}", made.decide());
    let accepted = Event::Accepted(Acceptance {
        by: "operator".to_owned(),
        gate: Gate::Readers,
        subject: "account".to_owned(),
        because: "the account is of last week".to_owned(),
        until: at(200_000),
        why: Some(reason.why.accepted_as()),
    });
    stage.events.push((at(4), accepted));
    assert!(acts(&stage), "{:?}", stage.decide());
}

/// Whatever else runs beside a stamp's pods signs in as itself, and no SecretProviderClass shows it.
#[test]
fn who_signs_in_as_somebody_else_at_a_stamps_address_is_not_its_driver() {
    let beside = |application: &str| {
        let mut stage = with_reader("v1", at(40));
        let read = stage.census_mut().read.as_mut().unwrap().reads.last_mut().unwrap();
        read.caller.address = address(0);
        read.identity.application = application.to_owned();
        stage
    };
    let reason = halts(&beside("search"));
    assert!(matches!(reason.why, Why::SecretRead { .. }), "{reason:?}");
    assert!(acts(&beside("driver-east")), "as its pods do");
    assert!(acts(&beside("")), "the row names nobody: {:?}", beside("").decide());
    let mut unsaid = beside("search");
    unsaid.policy.stamps[0].identities.clear();
    assert!(acts(&unsaid), "nobody says as whom its pods sign in: {:?}", unsaid.decide());
}
