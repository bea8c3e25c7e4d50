//! Whether the old key is used, and by whom.

use super::*;

#[test]
fn with_clocks_that_are_apart_nobody_knows_whether_the_last_old_pod_is_gone() {
    let alone = Reach::Restart { stamps: [].into(), quiesce: true };
    for reach in [Reach::Whole, alone] {
        let mut stage = Stage::ready();
        stage.reach = reach;
        stage.cluster_mut("east").ahead = Some(SignedDuration::from_secs(400));
        let decision = stage.decide();
        let Verdict::Halt { reasons } = &decision.verdict else { panic!("{decision:?}") };
        assert_eq!(decision.phase, Phase::Quiesce);
        assert!(matches!(reasons[0].why, Why::ClocksDiffer { .. }), "{reasons:?}");
    }
}

#[test]
fn who_holds_another_key_or_none_or_is_keyslot_does_not_disturb_the_quiet() {
    let primary = KeyKind::read_write(Slot::Primary);
    let read_only = KeyKind { slot: Slot::Primary, access: Access::ReadOnly };
    let now = Stage::ready().now;
    let before = now - SignedDuration::from_mins(41);
    let of_keyslot = || {
        let mut own = requests(primary, "east", now);
        own.caller.agent = "keyslot/0.1.0".to_owned();
        own
    };
    let mut of_nobody = requests(primary, "east", now);
    of_nobody.credential = Credential::NoKey;
    for harmless in
        [requests(read_only, "east", now), requests(primary, "east", before), of_keyslot(), of_nobody]
    {
        let mut stage = Stage::ready();
        stage.usage_mut().requests.push(harmless.clone());
        assert!(matches!(stage.decide().verdict, Verdict::Act { .. }), "{harmless:?}: {:?}", stage.decide());
    }
    let mut unasked = Stage::ready();
    (unasked.policy.log_lag, unasked.world.usage) = (None, None);
    assert!(matches!(unasked.decide().verdict, Verdict::Act { .. }), "{:?}", unasked.decide());
}

#[test]
fn a_caller_of_whom_no_row_says_the_key_is_accepted_by_its_address_and_no_other_is() {
    let accepted = |address: &str| {
        let mut stage = Stage::ready();
        stage.usage_mut().requests[0].credential = Credential::Unknown;
        let acceptance = Acceptance {
            by: "operator".to_owned(),
            gate: Gate::KeyQuiet,
            subject: address.to_owned(),
            because: "the search indexer, moved last week".to_owned(),
            until: at(200_000),
            why: Some("key-not-named".to_owned()),
        };
        stage.events.push((at(4), Event::Accepted(acceptance)));
        matches!(stage.decide().verdict, Verdict::Act { .. })
    };
    assert!(accepted("192.0.2.1"));
    assert!(!accepted("192.0.2.2"));
}

/// Accepts what holds the quiet of the old key, as `--accept` records it.
fn accept_what_uses_it(stage: &mut Stage) {
    let (Verdict::Wait { reasons, .. } | Verdict::Halt { reasons }) = stage.decide().verdict else {
        panic!("nothing holds")
    };
    for reason in reasons.iter().filter(|reason| reason.gate == Gate::KeyQuiet) {
        let (at, Event::Accepted(mut acceptance)) = accepted(Gate::KeyQuiet, &reason.subject.to_string())
        else {
            panic!()
        };
        acceptance.why = Some(reason.why.accepted_as());
        stage.events.push((at, Event::Accepted(acceptance)));
    }
}

#[test]
fn an_accepted_use_of_the_old_key_is_of_that_caller_and_of_a_stamp_it_is_that_use() {
    let used = |stage: &mut Stage, address: &str, minutes: i64| {
        let last = stage.now - SignedDuration::from_mins(minutes);
        let mut used = requests(KeyKind::read_write(Slot::Primary), "east", last);
        used.caller.address = address.to_owned();
        stage.usage_mut().requests.push(used);
    };
    let acts = |stage: &Stage| matches!(stage.decide().verdict, Verdict::Act { .. });
    let quiet_holds = |stage: &Stage| holding(&stage.decide()).contains(&Gate::KeyQuiet);
    let mut stage = Stage::ready();
    used(&mut stage, "198.51.100.7", 20);
    assert!(quiet_holds(&stage));
    accept_what_uses_it(&mut stage);
    assert!(acts(&stage), "{:?}", stage.decide());
    used(&mut stage, "198.51.100.7", 3);
    assert!(acts(&stage), "it is the same one: {:?}", stage.decide());
    used(&mut stage, "198.51.100.8", 0);
    assert!(quiet_holds(&stage), "this one, nobody has looked at: {:?}", stage.decide());

    let mut stage = Stage::ready();
    used(&mut stage, &crate::stage::address(0), 20);
    accept_what_uses_it(&mut stage);
    assert!(acts(&stage), "{:?}", stage.decide());
    used(&mut stage, &crate::stage::address(1), 0);
    assert!(quiet_holds(&stage), "a stamp that uses it since: {:?}", stage.decide());

    // The account's own note names nobody.
    let mut stage = Stage::ready();
    let noted = |stage: &mut Stage, minutes: i64| {
        let last = stage.now - SignedDuration::from_mins(minutes);
        let kind = KeyKind::read_write(Slot::Primary);
        stage.account_mut().keys.get_mut(&kind).unwrap().last_used = Some(last);
    };
    noted(&mut stage, 20);
    accept_what_uses_it(&mut stage);
    assert!(acts(&stage), "{:?}", stage.decide());
    noted(&mut stage, 3);
    assert!(quiet_holds(&stage), "{:?}", stage.decide());
}

#[test]
fn logs_that_are_younger_than_the_quiet_window_are_waited_for() {
    let mut stage = Stage::ready();
    let begun = |stage: &mut Stage, minutes: i64| {
        let first = stage.now - SignedDuration::from_mins(minutes);
        stage.usage_mut().requests.iter_mut().for_each(|requests| requests.first = first);
    };
    // The window of half an hour ends where the logs do, ten minutes ago; so much may be between two requests, too.
    begun(&mut stage, 30);
    assert!(matches!(stage.decide().verdict, Verdict::Act { .. }), "{:?}", stage.decide());
    begun(&mut stage, 29);
    let decision = stage.decide();
    let Verdict::Wait { reasons, .. } = &decision.verdict else { panic!("{decision:?}") };
    let until = stage.now + SignedDuration::from_mins(11);
    assert!(
        matches!(&reasons[..], [Reason { gate: Gate::KeyQuiet, why: Why::LogsYoung { until: Some(told), .. }, .. }] if *told == until),
        "{reasons:?}"
    );
}

/// The notes of last use are approximate: how far they have come, the key that everybody uses tells.
#[test]
fn a_key_is_quiet_by_its_note_once_another_one_was_noted_after_its_window() {
    let noted = |from: i64, to: Option<i64>| {
        let mut stage = Stage::ready();
        let ago = |minutes: i64| stage.now - SignedDuration::from_mins(minutes);
        let (from, to) = (ago(from), to.map(ago));
        let keys = &mut stage.account_mut().keys;
        keys.get_mut(&KeyKind::read_write(Slot::Primary)).unwrap().last_used = Some(from);
        keys.get_mut(&KeyKind::read_write(Slot::Secondary)).unwrap().last_used = to;
        stage
    };
    let waits = |stage: &Stage| {
        let decision = stage.decide();
        let Verdict::Wait { reasons, .. } = &decision.verdict else { panic!("{decision:?}") };
        reasons.iter().any(|one| matches!(one.why, Why::NotesBehind { lasting: false, .. }))
    };
    assert!(waits(&noted(31, Some(180))), "both notes may be hours behind");
    assert!(waits(&noted(31, Some(2))), "not a whole window between them");
    assert!(waits(&noted(31, None)));
    let enough = noted(33, Some(2));
    assert!(matches!(enough.decide().verdict, Verdict::Act { .. }), "{:?}", enough.decide());
    // No note of anything for half a day is for a person, who may accept it.
    let mut long = noted(13 * 60, Some(14 * 60));
    let Verdict::Halt { reasons } = long.decide().verdict else { panic!("{:?}", long.decide()) };
    let [Reason { why: why @ Why::NotesBehind { lasting: true, .. }, .. }] = &reasons[..] else {
        panic!("{reasons:?}")
    };
    assert!(!keyslot::render::reason::remedy(&reasons[0]).is_empty());
    let (at, Event::Accepted(mut acceptance)) = accepted(Gate::KeyQuiet, "primary") else { panic!() };
    acceptance.why = Some(why.accepted_as());
    long.events.push((at, Event::Accepted(acceptance)));
    assert!(matches!(long.decide().verdict, Verdict::Act { .. }), "{:?}", long.decide());
}

/// The lag is 10 minutes: rows may be missing for three of them, and those of one region for a quiet window more.
#[test]
fn logs_that_have_stopped_in_one_region_are_behind_whatever_comes_from_the_others() {
    let behind = |stage: &Stage| {
        let decision = stage.decide();
        let Verdict::Wait { reasons, .. } = decision.verdict else { return None };
        let of_logs = reasons.into_iter().find(|one| matches!(one.why, Why::LogsBehind { .. }))?;
        assert_eq!(of_logs.gate, Gate::KeyQuiet);
        let words = keyslot::render::reason::why(&of_logs);
        let Why::LogsBehind { region, reached, .. } = of_logs.why else { panic!() };
        assert!(words.contains(region.as_deref()?), "{words}");
        Some((region?, reached))
    };
    let ready = || {
        let mut stage = Stage::ready();
        let long_ago = stage.now - SignedDuration::from_hours(12);
        let usage = stage.usage_mut();
        usage.requests.iter_mut().for_each(|one| one.first = long_ago);
        stage
    };
    let mut stage = ready();
    let ago = |minutes: i64| stage.now - SignedDuration::from_mins(minutes);
    let window = i64::try_from(stage.policy.quiet_window.as_secs() / 60).unwrap();
    let (in_time, late) = (ago(30 + window), ago(31 + window));
    stage.usage_mut().requests[0].last = in_time;
    assert!(matches!(stage.decide().verdict, Verdict::Act { .. }), "{:?}", stage.decide());
    stage.usage_mut().requests[0].last = late;
    assert_eq!(behind(&stage), Some(("East".to_owned(), Some(late))));
    // Where nobody but keyslot asks, its own rows have to come.
    let mut stage = ready();
    stage.usage_mut().requests[1].last = late;
    assert_eq!(behind(&stage), Some(("North Europe".to_owned(), Some(late))));
    stage.usage_mut().requests.remove(1);
    assert_eq!(behind(&stage), Some(("North Europe".to_owned(), None)));
    // A region that nobody has asked has no rows.
    stage.world.proofs.get_mut(&Slot::Secondary).unwrap().what.as_mut().unwrap().regions.clear();
    assert_eq!(behind(&stage), None);
}

#[test]
fn a_use_of_the_old_key_is_in_the_window_that_ends_where_the_last_region_does() {
    let mut stage = Stage::ready();
    let ago = |minutes: i64| stage.now - SignedDuration::from_mins(minutes);
    let (last, used) = (ago(25), ago(50));
    stage.usage_mut().requests[2].last = last;
    stage.usage_mut().requests.push(requests(KeyKind::read_write(Slot::Primary), "north", used));
    assert!(holding(&stage.decide()).contains(&Gate::KeyQuiet), "{:?}", stage.decide());
    // A proof leaves a row, and is made anew where the last one is too old to be waited for.
    let wanted = |stage: &Stage| {
        let decision = stage.decide();
        let Verdict::Wait { reasons, .. } = decision.verdict else { panic!("{decision:?}") };
        reasons.iter().any(|one| {
            matches!(&one.why, Why::TooOld { evidence: EvidenceKey::Proof(Slot::Secondary), .. } if one.gate == Gate::KeyQuiet)
        })
    };
    assert!(!wanted(&stage));
    stage.policy.ages.regenerate = Duration::from_secs(3600);
    let old = stage.now - SignedDuration::from_mins(21);
    stage.world.proofs.get_mut(&Slot::Secondary).unwrap().at = old;
    assert!(wanted(&stage), "{:?}", stage.decide());
}
