//! Rotations of the other kind of key, and of both slots.

use std::sync::Arc;
use std::time::Duration;

use keyslot::drive::{DriveError, OpenRequest, Opening, TurnEnd};
use keyslot::journal::Journal;
use keyslot::model::{Access, FlipBack, KeyKind, KeyMaterial, Propagation, Slot};
use keyslot::rotation::{Acceptance, Event, Fold, Gate, Pair, Why, later};
use keyslot::sim::{Command, Holds, WorldConfig};

use futures::executor::block_on;

use crate::in_memory::{Life, Theatre};

/// A world whose secret carries the account's read-only key.
fn reading_only() -> WorldConfig {
    let mut config = WorldConfig::default();
    let tree = &config.repository.tree;
    let path =
        tree.iter().map(|(path, _)| path.to_string()).find(|path| path.ends_with("keyvault-secrets.tf"));
    let path = path.unwrap();
    let text = String::from_utf8(tree.get(&path).unwrap().bytes().to_vec()).unwrap();
    let other = text.replace("account.global.primary_key\n", "account.global.primary_readonly_key\n");
    assert_ne!(text, other);
    config.repository.tree = tree.with(&path, other.into_bytes());
    config
}

#[test]
fn a_read_only_key_is_retired_like_any_other() {
    let mut theatre = Theatre::new(reading_only());
    theatre.access = Access::ReadOnly;
    let life = theatre.live();
    let outcome = theatre.world.lock().outcome();
    assert_eq!(life, Life::Ended(TurnEnd::Done), "{outcome:#?}");
    assert_eq!(outcome.outage.refused, 0, "{outcome:#?}");
    let gone: Vec<&str> = outcome.regenerated.iter().map(|it| it.kind).collect();
    assert_eq!(gone, ["primaryReadonly"]);
    assert!(outcome.stamps.iter().all(|stamp| stamp.pods_slot == Holds::Secondary), "{outcome:#?}");
}

/// The slot is right, the key is not: whoever got the other kind would be able to write.
#[test]
fn a_secret_with_the_other_kind_of_key_holds_a_rotation() {
    let mut theatre = Theatre::new(WorldConfig::default());
    theatre.access = Access::ReadOnly;
    theatre.retire = Some(Slot::Primary);
    let life = theatre.live();
    assert!(!matches!(life, Life::Ended(TurnEnd::Done)), "{life:?}");
    assert_eq!(theatre.world.lock().outcome().regenerated.len(), 0);
}

#[test]
fn both_slots_are_two_rotations_and_everybody_ends_where_they_began() {
    let mut theatre = Theatre::new(WorldConfig::default());
    theatre.both = true;
    let life = theatre.live();
    let outcome = theatre.world.lock().outcome();
    assert_eq!(life, Life::Ended(TurnEnd::Done), "{outcome:#?}");
    assert_eq!(outcome.outage.refused, 0);
    let gone: Vec<&str> = outcome.regenerated.iter().map(|it| it.kind).collect();
    assert_eq!(gone, ["primary", "secondary"]);
    assert!(outcome.stamps.iter().all(|stamp| stamp.pods_slot == Holds::Primary));
    // Asked again a moment later, nothing is begun.
    assert_eq!(theatre.live(), Life::Ended(TurnEnd::Done));
    assert_eq!(theatre.world.lock().outcome().regenerated.len(), 2);
}

/// What was asked for stands in the journal, not in the process that was asked.
#[test]
fn whoever_comes_after_the_first_of_two_begins_the_second() {
    let mut theatre = Theatre::new(WorldConfig::default());
    theatre.both = true;
    theatre.approves = false;
    let first = theatre.live();
    assert!(matches!(first, Life::Ended(TurnEnd::Halted { .. })), "{first:?}");
    theatre.both = false;
    theatre.approves = true;
    assert_eq!(theatre.live(), Life::Ended(TurnEnd::Done));
    assert_eq!(theatre.world.lock().outcome().regenerated.len(), 2);
}

/// An approval is of one rotation: the second one's key stays until somebody says so.
#[test]
fn the_second_of_two_wants_an_approval_of_its_own() {
    let mut theatre = Theatre::new(WorldConfig::default());
    theatre.both = true;
    let ended = block_on(async {
        let mut driver = theatre.driver().await.unwrap();
        driver.open(&theatre.request()).await.unwrap();
        driver.approve("approver", None).await.unwrap();
        assert_eq!(driver.run().await.unwrap(), TurnEnd::Done);
        assert!(driver.open_second().await.unwrap());
        assert!(!driver.open_second().await.unwrap());
        let fold: &Fold = driver.fold();
        assert_eq!(
            fold.rotation().map(|opened| (opened.pair, opened.from)),
            Some((Pair::Second, Slot::Secondary))
        );
        driver.run().await.unwrap()
    });
    assert!(matches!(ended, TurnEnd::Halted { .. }), "{ended:?}");
    assert_eq!(theatre.world.lock().outcome().regenerated.len(), 1);
}

#[test]
fn a_rotation_that_was_begun_alone_is_not_taken_for_one_of_two() {
    let mut theatre = Theatre::new(WorldConfig::default());
    theatre.approves = false;
    theatre.live();
    theatre.both = true;
    let Life::Failed(why) = theatre.live() else { panic!("it went on") };
    assert!(why.contains("primary"), "{why}");
}

/// Teams without a pipeline: keyslot writes what the code reads by then, and starts nothing.
#[test]
fn without_a_pipeline_keyslot_writes_the_vaults_itself() {
    let mut theatre = Theatre::new(WorldConfig::default());
    theatre.policy.propagation = Propagation::Write;
    let life = theatre.live();
    let world = theatre.world.lock();
    let outcome = world.outcome();
    assert_eq!(life, Life::Ended(TurnEnd::Done), "{outcome:#?}");
    assert_eq!(outcome.outage.refused, 0);
    assert!(outcome.stamps.iter().all(|stamp| stamp.pods_slot == Holds::Secondary));
    assert_eq!(world.counters().runs_started, 0);
    // Each vault has the version of the beginning, and ours.
    assert!(world.stamps().all(|stamp| stamp.vault.versions().len() == 2));
}

#[test]
fn a_secret_that_somebody_set_by_hand_is_not_written_over() {
    let mut theatre = Theatre::new(WorldConfig::default());
    theatre.policy.propagation = Propagation::Write;
    theatre.retire = Some(Slot::Primary);
    let stamp = theatre.policy.stamps[1].name.clone();
    let value = KeyMaterial::new("neither of the keys".to_owned());
    theatre.world.lock().apply(Command::SetSecret { stamp: stamp.clone(), value }).unwrap();
    let halted = |theatre: &mut Theatre| {
        let life = theatre.live();
        let Life::Ended(TurnEnd::Halted { reasons, .. }) = life else { panic!("{life:?}") };
        reasons
    };
    let reasons = halted(&mut theatre);
    assert!(reasons.iter().any(|reason| reason.why == Why::VaultHoldsNoKey), "{reasons:?}");
    // Somebody lets it begin all the same.
    let acceptance = Acceptance {
        by: "ada".to_owned(),
        gate: Gate::Preflight,
        subject: stamp.to_string(),
        because: "it is asked who sets it".to_owned(),
        until: "2099-01-01T00:00:00Z".parse().unwrap(),
        why: None,
    };
    let mut driver = block_on(theatre.driver_as("one", "one")).unwrap();
    block_on(driver.accept(acceptance)).unwrap();
    drop(driver);
    let reasons = halted(&mut theatre);
    let by_hand = |why: &Why| *why == Why::VaultByHand { wanted: Slot::Secondary };
    assert!(reasons.iter().any(|reason| by_hand(&reason.why)), "{reasons:?}");
    let world = theatre.world.lock();
    assert_eq!(world.stamp(&stamp).unwrap().vault.versions().len(), 2, "the first, and the one by hand");
    assert_eq!(world.outcome().regenerated.len(), 0);
}

/// Neither the regeneration's end nor a process that begins with an empty world lets a dead key pass.
#[test]
fn what_is_set_back_to_the_dead_key_while_keyslot_writes_the_vaults_is_put_right_before_the_end() {
    let mut theatre = Theatre::new(WorldConfig::default());
    theatre.policy.propagation = Propagation::Write;
    let dead =
        theatre.world.lock().account().current(KeyKind::read_write(Slot::Primary)).unwrap().material.clone();
    let start = theatre.world.lock().now();
    // Long after everything before the confirmation, and long before its end.
    let stamp = theatre.policy.stamps[1].name.clone();
    let mut set_back = false;
    for minutes in (10..2000).step_by(10) {
        theatre.backstage.until(later(start, Duration::from_secs(minutes * 60)));
        let life = theatre.live();
        theatre.crashes.flag().lower();
        if !set_back && !theatre.world.lock().outcome().regenerated.is_empty() {
            set_back = true;
            let value = KeyMaterial::clone(&dead);
            theatre.world.lock().apply(Command::SetSecret { stamp: stamp.clone(), value }).unwrap();
        }
        if life == Life::Ended(TurnEnd::Done) {
            break;
        }
    }
    let outcome = theatre.world.lock().outcome();
    assert!(set_back && outcome.regenerated.len() == 1, "{outcome:#?}");
    assert!(outcome.stamps.iter().all(|stamp| stamp.vault_slot == Holds::Secondary), "{outcome:#?}");
}

/// The same command may be given again at any moment: it goes on, and never begins a third rotation.
#[test]
fn both_slots_with_the_slot_named_may_be_asked_for_again_at_any_moment() {
    let mut theatre = Theatre::new(WorldConfig::default());
    theatre.both = true;
    theatre.retire = Some(Slot::Primary);
    block_on(async {
        let mut driver = theatre.driver().await.unwrap();
        driver.open(&theatre.request()).await.unwrap();
        driver.approve("approver", None).await.unwrap();
        assert_eq!(driver.run().await.unwrap(), TurnEnd::Done);
        // Anything else is refused as long as the second is due.
        let alone = OpenRequest { both: false, again: true, ..theatre.request() };
        let refused = driver.open(&alone).await.unwrap_err().to_string();
        assert!(refused.contains("secondary"), "{refused}");
        let other = OpenRequest { access: Some(Access::ReadOnly), ..theatre.request() };
        assert!(driver.open(&other).await.is_err());
        let back = OpenRequest { flip_back: Some(FlipBack::Deploy), ..theatre.request() };
        let due = driver.open(&back).await;
        assert_eq!(driver.open(&theatre.request()).await.unwrap(), Opening::Opened);
        for refused in [due, driver.open(&back).await] {
            let refused = refused.unwrap_err();
            assert!(matches!(&refused, DriveError::Settled { .. }), "{refused}");
            assert!(refused.to_string().contains("everybody ends where they began"), "{refused}");
        }
        assert_eq!(driver.open(&theatre.request()).await.unwrap(), Opening::Continued);
    });
    assert_eq!(theatre.live(), Life::Ended(TurnEnd::Done));
    assert_eq!(theatre.world.lock().outcome().regenerated.len(), 2);
    assert_eq!(theatre.live(), Life::Ended(TurnEnd::Done));
    assert_eq!(theatre.world.lock().outcome().regenerated.len(), 2);
}

#[test]
fn a_second_that_is_due_can_be_closed() {
    let mut theatre = Theatre::new(WorldConfig::default());
    theatre.both = true;
    block_on(async {
        let mut driver = theatre.driver().await.unwrap();
        driver.open(&theatre.request()).await.unwrap();
        driver.approve("approver", None).await.unwrap();
        assert_eq!(driver.run().await.unwrap(), TurnEnd::Done);
        driver.close("one is enough").await.unwrap();
        assert!(!driver.open_second().await.unwrap());
    });
}

/// Whoever paused the first of two has not let the second go on.
#[test]
fn a_pause_between_two_rotations_holds_the_second() {
    let mut theatre = Theatre::new(WorldConfig::default());
    theatre.both = true;
    block_on(async {
        let mut driver = theatre.driver().await.unwrap();
        driver.open(&theatre.request()).await.unwrap();
        let release = theatre.world.lock().config().repository.release.clone();
        driver.name_release(&release, "ada").await.unwrap();
        driver.approve("approver", None).await.unwrap();
        while driver.fold().proven.is_none() {
            assert!(matches!(driver.turn().await.unwrap(), TurnEnd::Waiting { .. }));
            let now = theatre.world.lock().now();
            theatre.backstage.pass(later(now, Duration::from_secs(60)));
        }
        driver.pause("ada", "an incident").await.unwrap();
        assert_eq!(driver.run().await.unwrap(), TurnEnd::Done, "what is left of the first is no step");
        assert!(driver.open_second().await.unwrap());
        assert!(driver.fold().release.is_some(), "the branch that was named is the live one still");
        driver.approve("approver", None).await.unwrap();
        let before = theatre.world.lock().pulls().len();
        let TurnEnd::Halted { reasons, .. } = driver.run().await.unwrap() else { panic!("it goes on") };
        assert!(reasons.iter().all(|reason| reason.gate == Gate::NotPaused), "{reasons:?}");
        assert_eq!(theatre.world.lock().pulls().len(), before);
        assert_eq!(driver.unpause("ada").await.unwrap().len(), 1);
        assert_eq!(driver.run().await.unwrap(), TurnEnd::Done);
    });
    assert_eq!(theatre.world.lock().outcome().regenerated.len(), 2);
}

/// Not whoever happens to come by when it is due.
#[test]
fn who_asked_for_both_has_proposed_the_second() {
    let mut theatre = Theatre::new(WorldConfig::default());
    theatre.both = true;
    theatre.policy.approver_differs = true;
    block_on(async {
        let mut driver = theatre.driver().await.unwrap();
        driver.open(&OpenRequest { by: "ada".to_owned(), ..theatre.request() }).await.unwrap();
        driver.approve("bob", None).await.unwrap();
        assert_eq!(driver.run().await.unwrap(), TurnEnd::Done);
        let bobs = OpenRequest { by: "bob".to_owned(), ..theatre.request() };
        assert_eq!(driver.open(&bobs).await.unwrap(), Opening::Opened);
        assert_eq!(driver.fold().rotation().unwrap().by, "ada");
        driver.approve("ada", None).await.unwrap();
        assert!(matches!(driver.run().await.unwrap(), TurnEnd::Halted { .. }), "she has proposed it herself");
        driver.approve("bob", None).await.unwrap();
        assert_eq!(driver.run().await.unwrap(), TurnEnd::Done);
    });
}

/// The account is gone when the second is due, and keyslot.toml names another one.
#[test]
fn the_second_of_two_is_ended_where_its_account_is_not_there_to_be_seen() {
    let theatre = Theatre::new(WorldConfig::default().with_stamps(1));
    let mut opened = {
        let elsewhere = Theatre::new(WorldConfig::default().with_stamps(1));
        let mut driver = block_on(elsewhere.driver_as("one", "one")).unwrap();
        block_on(driver.open(&elsewhere.request())).unwrap();
        driver.fold().rotation().unwrap().clone()
    };
    (opened.pair, opened.account.name) = (Pair::First, "gone".to_owned());
    let at = theatre.world.lock().now();
    let mut journal: Journal<Event> =
        block_on(Journal::open_as(Arc::new(theatre.store.clone()), "before")).unwrap();
    for event in [Event::Opened(opened), Event::Closed { done: true, reason: "done".to_owned() }] {
        block_on(journal.append(event, at)).unwrap();
    }
    let mut driver = block_on(theatre.driver_as("two", "two")).unwrap();
    assert!(driver.fold().second_is_due());
    assert!(matches!(block_on(driver.open(&theatre.request())), Err(DriveError::AnotherAccount { .. })));
    block_on(driver.close("the account was deleted")).unwrap();
    assert!(!driver.fold().second_is_due());
    assert!(matches!(block_on(driver.close("again")), Err(DriveError::NoneOpen)));
    let request = OpenRequest { again: true, ..theatre.request() };
    assert_eq!(block_on(driver.open(&request)).unwrap(), Opening::Opened);
}
