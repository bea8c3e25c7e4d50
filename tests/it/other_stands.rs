//! What a restart rests on besides its own stamp: the canary, a stamp that serves meanwhile, and those that are being worked
//! on. It is as fresh as restarts ask, and a list of the workloads alone makes it so.

use jiff::SignedDuration;
use keyslot::model::EvidenceKey;
use keyslot::rotation::{Event, Gate, Leg, Phase, Verdict, Why};

use crate::gates::{restarted, restarts, three_to_go};
use crate::stage::{Stage, stamp};

/// As if nobody had looked at the stamp for three minutes: a restart wants two, everything else five.
fn unseen_for_long(stage: &mut Stage, name: &str) {
    stage.world.clusters.get_mut(&stamp(name)).unwrap().at = stage.now - SignedDuration::from_mins(3);
}

fn listed_just_now(stage: &mut Stage, name: &str) {
    let now = stage.now;
    stage.cluster_mut(name).workloads_seen = Some(now);
}

/// Nothing is restarted, and nothing but these stamps' workloads has to be seen.
fn waits_for_workloads(stage: &Stage, names: &[&str]) {
    let decision = stage.decide();
    let Verdict::Wait { reasons, .. } = &decision.verdict else { panic!("{decision:?}") };
    let old = |reason: &keyslot::rotation::Reason| match &reason.why {
        Why::TooOld { evidence: EvidenceKey::Workloads(name), .. } => Some(name.to_string()),
        _ => None,
    };
    let mut told: Vec<String> = reasons.iter().filter_map(old).collect();
    told.sort();
    assert_eq!(told, names, "{reasons:?}");
    let rest = reasons.iter().filter(|reason| old(reason).is_none());
    assert!(rest.into_iter().all(|reason| reason.gate == Gate::Wave && !reason.opens_by_looking()));
}

#[test]
fn the_canary_was_seen_lately_before_the_first_that_follows_it() {
    let mut stage = three_to_go(1);
    assert_eq!(restarts(&stage), ["north"]);
    unseen_for_long(&mut stage, "east");
    waits_for_workloads(&stage, &["east"]);
    listed_just_now(&mut stage, "east");
    assert_eq!(restarts(&stage), ["north"], "{:?}", stage.decide());
}

#[test]
fn one_stamp_that_serves_meanwhile_was_seen_lately_and_all_others_may_be_older() {
    // The canary is not the first to be followed any more.
    let mut stage = three_to_go(1);
    restarted(&mut stage, "north", 1);
    let north = stage.cluster_mut("north");
    north.pods.iter_mut().for_each(|pod| pod.created = crate::stage::at(95_000));
    assert_eq!(restarts(&stage), ["south"]);
    ["east", "west"].iter().for_each(|name| unseen_for_long(&mut stage, name));
    assert_eq!(restarts(&stage), ["south"], "north serves, and was seen just now: {:?}", stage.decide());
    unseen_for_long(&mut stage, "north");
    waits_for_workloads(&stage, &["west"]);
    listed_just_now(&mut stage, "east");
    assert_eq!(restarts(&stage), ["south"], "{:?}", stage.decide());
    // One that takes no traffic takes none away.
    let mut dark = three_to_go(1);
    restarted(&mut dark, "north", 1);
    dark.cluster_mut("north").pods.iter_mut().for_each(|pod| pod.created = crate::stage::at(95_000));
    dark.policy.stamps[2].live_traffic = false;
    ["east", "north", "west"].iter().for_each(|name| unseen_for_long(&mut dark, name));
    assert_eq!(restarts(&dark), ["south"], "{:?}", dark.decide());
}

#[test]
fn those_that_are_being_worked_on_were_seen_lately_for_a_failure_there_stops_all() {
    let mut stage = three_to_go(2);
    restarted(&mut stage, "north", 1);
    stage.cluster_mut("north").workloads[0].updated = 1;
    assert_eq!(restarts(&stage), ["south"], "{:?}", stage.decide());
    unseen_for_long(&mut stage, "north");
    let decision = stage.decide();
    assert!(restarts(&stage).is_empty(), "{decision:?}");
    listed_just_now(&mut stage, "north");
    assert_eq!(restarts(&stage), ["south"]);
}

/// As if nobody had looked at the stamp's vault and cluster for three hours.
fn unseen_for_hours(stage: &mut Stage, name: &str) {
    let before = stage.now - SignedDuration::from_hours(3);
    stage.world.clusters.get_mut(&stamp(name)).unwrap().at = before;
    stage.world.vaults.get_mut(&stamp(name)).unwrap().at = before;
}

/// Two of four are through, and the restarts have begun.
fn two_through() -> Stage {
    let mut stage = three_to_go(1);
    restarted(&mut stage, "north", 1);
    let north = stage.cluster_mut("north");
    north.pods.iter_mut().for_each(|pod| pod.created = crate::stage::at(95_000));
    stage.events.push((crate::stage::at(59), Event::Reached { leg: Leg::Out, phase: Phase::Restart }));
    stage
}

#[test]
fn those_that_are_through_and_those_to_come_count_as_they_were_seen_last() {
    let mut stage = two_through();
    ["north", "west"].iter().for_each(|name| unseen_for_hours(&mut stage, name));
    assert_eq!(restarts(&stage), ["south"], "{:?}", stage.decide());
    // Before the first restart nothing is old.
    let mut before = stage.clone();
    before.events.pop();
    let Verdict::Wait { reasons, .. } = before.decide().verdict else { panic!("{:?}", before.decide()) };
    let old = |of: EvidenceKey| {
        let is_old = |why: &Why| matches!(why, Why::TooOld { evidence, .. } if *evidence == of);
        reasons.iter().any(|reason| is_old(&reason.why))
    };
    assert!(old(EvidenceKey::Vault(stamp("north"))), "{reasons:?}");
    // What is restarted now is seen now.
    unseen_for_hours(&mut stage, "south");
    assert!(restarts(&stage).is_empty(), "{:?}", stage.decide());
}

#[test]
fn one_that_is_through_and_turned_holds_the_next_wave_and_only_by_a_new_look() {
    let mut stage = two_through();
    stage.cluster_mut("north").workloads[0].available = 2;
    let Verdict::Wait { reasons, .. } = stage.decide().verdict else { panic!("{:?}", stage.decide()) };
    let full = |reason: &keyslot::rotation::Reason| {
        reason.subject == keyslot::rotation::Subject::Stamp(stamp("south"))
            && reason.why == Why::WaveFull { busy: vec![stamp("north")] }
    };
    assert!(reasons.iter().any(full), "{reasons:?}");
    let rolls = |why: &Why| matches!(why, Why::RolloutUnderWay { available: 2, .. });
    assert!(reasons.iter().any(|reason| rolls(&reason.why)), "{reasons:?}");
    unseen_for_hours(&mut stage, "north");
    let Verdict::Wait { reasons, .. } = stage.decide().verdict else { panic!("{:?}", stage.decide()) };
    assert!(reasons.iter().all(keyslot::rotation::Reason::opens_by_looking), "{reasons:?}");
    assert!(!reasons.iter().any(|reason| rolls(&reason.why)), "it was seen hours ago");
}

#[test]
fn a_vault_that_was_seen_with_another_key_is_looked_at_again_before_anything_follows() {
    let mut stage = two_through();
    let fingerprint = stage.world.account.as_ref().unwrap().get().unwrap();
    let old = fingerprint.key(keyslot::model::KeyKind::read_write(keyslot::model::Slot::Primary));
    let old = old.fingerprint.clone().unwrap();
    stage.vault_mut("west").fingerprint = old;
    unseen_for_hours(&mut stage, "west");
    let Verdict::Wait { reasons, .. } = stage.decide().verdict else { panic!("{:?}", stage.decide()) };
    let key = EvidenceKey::Vault(stamp("west"));
    let looked = |why: &Why| matches!(why, Why::TooOld { evidence, .. } if *evidence == key);
    assert!(reasons.iter().any(|reason| looked(&reason.why)), "{reasons:?}");
}
