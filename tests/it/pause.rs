//! The program is paused by another one beside it, and goes on when it may; and it is asked for things out of turn.

use std::time::Duration;

use keyslot::sim::wire::{Trouble, Which, WireFault, github};
use keyslot::sim::{Command, Span, WorldConfig};

use crate::live::Live;

#[tokio::test(flavor = "multi_thread")]
async fn a_running_rotation_is_paused_from_beside_and_ends_when_it_may_go_on() {
    let mut config = WorldConfig::default().with_stamps(1);
    // Nobody reviews before it is paused, however long that takes.
    config.people.review = Span::exactly(Duration::from_secs(1_000_000_000));
    let live = Live::set(config, 1000.0);
    let early = live.keyslot(&["resume"]).end().await;
    assert_eq!(early, 2, "there is nothing to resume");
    let mut rotate = live.keyslot(&["rotate", "--approve"]);
    while live.stage.simulation.world.with(|world| world.counters().pulls_opened) == 0 {
        assert_eq!(rotate.ended(), None, "{}", rotate.talk());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let mut pause = live.keyslot(&["pause", "--because", "an incident is on"]);
    assert_eq!(pause.end().await, 0, "{}", pause.talk());
    live.stage.simulation.world.with(|world| {
        let (number, by) = (world.pulls()[0].number, "ada".to_owned());
        world.apply(Command::ReviewPull { number, approve: true, by }).unwrap();
    });
    assert_eq!(rotate.end().await, 4);
    let said = rotate.talk();
    assert!(said.contains("paused the rotation at") && said.contains("an incident is on"), "{said}");
    let restarted =
        |live: &Live| live.stage.simulation.world.with(|world| world.counters().generations.len());
    assert_eq!(restarted(&live), 0);
    for command in ["explain", "status"] {
        let mut looks = live.keyslot(&[command]);
        let code = looks.end().await;
        let told = format!("{}{}", looks.data(), looks.talk());
        assert_eq!(code, 4, "{command}: {told}");
        assert!(told.contains("paused by ") && told.contains(": an incident is on"), "{command}: {told}");
        assert!(told.contains("`keyslot resume` lets it go on"), "{command}: {told}");
    }
    assert_eq!(live.keyslot(&["resume"]).end().await, 0);
    let mut again = live.keyslot(&["rotate", "--approve"]);
    assert_eq!(again.end().await, 0, "{}", again.talk());
    // It is done: there is nothing left to promote, to follow or to close.
    for command in [&["promote"][..], &["follow"], &["rotate"]] {
        let mut late = live.keyslot(command);
        let code = late.end().await;
        assert_eq!(code, 0, "{command:?}: {}", late.talk());
        assert!(late.talk().contains("nothing to do: the primary key was retired at "), "{}", late.talk());
    }
    for command in [&["close", "--because", "over"][..], &["pause", "--because", "over"], &["resume"]] {
        let mut late = live.keyslot(command);
        assert_eq!(late.end().await, 2, "{command:?}");
        let told = late.talk();
        assert!(told.contains("no rotation is open") && !told.contains("keyslot rotate"), "{told}");
    }
    assert!(restarted(&live) > 0);
    assert_eq!(live.stage.simulation.world.with(|world| world.outage().refused), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_for_out_of_turn_is_answered_with_what_comes_first() {
    let live = Live::set(WorldConfig::default().with_stamps(1), 60.0);
    let ran = async |arguments: &[&str]| {
        let mut process = live.keyslot(arguments);
        let code = process.end().await;
        (code, format!("{}{}", process.data(), process.talk()))
    };
    let (code, said) = ran(&["regenerate", "--retire", "primary", "--approve"]).await;
    assert_eq!(code, 3, "{said}");
    assert!(said.contains("`keyslot rotate` first") && !said.contains("--stamp"), "{said}");
    assert!(said.contains("the regeneration of the primary key is approved by "), "{said}");
    assert!(said.contains("it stays so until this rotation is done or closed"), "{said}");
    let (code, said) = ran(&["plan", "--retire", "secondary"]).await;
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("another rotation is open"), "{said}");
    let (code, said) = ran(&["close", "--because", "another day"]).await;
    assert_eq!((code, said.contains("left as it is")), (0, false), "nothing was done: {said}");
    let (_, said) = ran(&["status"]).await;
    assert!(said.contains("the last rotation was closed at ") && said.contains(": another day"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_finds_it_paused_is_told_that_a_person_must_act_whatever_is_waited_for() {
    let live = Live::set(WorldConfig::default().with_stamps(1), 60.0);
    let begun = live.keyslot(&["propose", "--retire", "primary"]).end().await;
    assert_eq!(begun, 0);
    assert_eq!(live.keyslot(&["pause", "--because", "an incident is on"]).end().await, 0);
    let mut advance = live.keyslot(&["advance"]);
    assert_eq!(advance.end().await, 4, "{}", advance.talk());
    for command in ["status", "explain"] {
        let mut looks = live.keyslot(&[command]);
        assert_eq!(looks.end().await, 4, "{command}: {}", looks.data());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_pauses_what_another_has_paused_is_told_and_takes_nothing_from_them() {
    let live = Live::set(WorldConfig::default().with_stamps(1), 60.0);
    assert_eq!(live.keyslot(&["propose", "--retire", "primary"]).end().await, 0);
    for (who, because) in [("alice", "incident 4711"), ("bob", "lunch"), ("bob", "a long lunch")] {
        let mut pause = live.keyslot_as(who, &["pause", "--because", because]);
        assert_eq!(pause.end().await, 0, "{}", pause.talk());
        assert_eq!(pause.talk().contains("by alice too"), who == "bob", "{}", pause.talk());
    }
    let mut looks = live.keyslot(&["explain"]);
    looks.end().await;
    let told = format!("{}{}", looks.data(), looks.talk());
    assert!(told.contains("paused by alice at ") && told.contains("paused by bob at "), "{told}");
    assert!(told.contains(": a long lunch;") && !told.contains(": lunch;"), "{told}");
    let mut resume = live.keyslot(&["resume"]);
    assert_eq!(resume.end().await, 0);
    let told = format!("{}{}", resume.data(), resume.talk());
    assert!(told.contains("by alice") && told.contains("by bob"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_is_not_closed_over_a_pull_request_that_can_still_be_merged() {
    let live = Live::set(WorldConfig::default().with_stamps(1), 60.0);
    let ran = async |arguments: &[&str]| {
        let mut process = live.keyslot(arguments);
        let code = process.end().await;
        (code, format!("{}{}", process.data(), process.talk()))
    };
    let close = ["close", "--because", "another day"];
    assert_eq!(ran(&["propose", "--retire", "primary"]).await.0, 0);
    let number = live.stage.simulation.world.with(|world| world.pulls()[0].number);
    let (code, said) = ran(&close).await;
    assert_eq!(code, 4, "{said}");
    for word in ["can still be merged", "/pull/1", "close it there", "--leave-open"] {
        assert!(said.contains(word), "{word}: {said}");
    }
    assert!(!said.contains("by itself"), "nobody has asked the forge: {said}");
    assert_ne!(live.newest_record(), "closed");
    live.stage
        .simulation
        .world
        .with(|world| world.apply(Command::ClosePull { number, by: "ada".to_owned() }))
        .unwrap();
    let (code, said) = ran(&close).await;
    assert_eq!((code, said.contains("left as it is")), (0, false), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_is_not_closed_over_a_pull_request_that_nobody_can_see() {
    let live = Live::set(WorldConfig::default().with_stamps(1), 600.0);
    assert_eq!(live.keyslot(&["propose", "--retire", "primary"]).end().await, 0);
    let which = Which { host: github::HOST.to_owned(), ..Which::default() };
    let what = Trouble::Answer { status: 503, retry_after_seconds: None };
    live.stage.simulation.wire.faults().add(WireFault { which, what, times: 1_000 });
    let mut close = live.keyslot(&["close", "--because", "another day"]);
    assert_eq!(close.end().await, 5, "{}", close.talk());
    let said = close.talk();
    assert!(said.contains("cannot see whether") && said.contains("--leave-open"), "{said}");
    assert_ne!(live.newest_record(), "closed");
    let mut close = live.keyslot(&["close", "--because", "another day", "--leave-open"]);
    assert_eq!(close.end().await, 0, "{}", close.talk());
    let said = format!("{}{}", close.data(), close.talk());
    assert!(said.contains("close it, unless it is closed"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_closed_rotation_leaves_is_told_as_the_forge_has_it() {
    for merged in [false, true] {
        let mut config = WorldConfig::default().with_stamps(1);
        config.people.review = Span::exactly(Duration::from_secs(1_000_000));
        config.people.rules.optional_check = merged;
        let live = Live::set(config, 60.0);
        let asked = ["propose", "--retire", "primary", "--auto-merge"];
        let mut propose = live.keyslot(if merged { &asked[..3] } else { &asked });
        assert_eq!(propose.end().await, 0, "{}", propose.talk());
        if merged {
            live.stage.simulation.world.with(|world| {
                let (number, by) = (world.pulls()[0].number, "ada".to_owned());
                world.apply(Command::ReviewPull { number, approve: true, by: by.clone() }).unwrap();
                world.apply(Command::MergePull { number, method: None, by }).unwrap();
            });
        } else {
            let mut refused = live.keyslot(&["close", "--because", "no"]);
            assert_eq!(refused.end().await, 4);
            assert!(refused.talk().contains("asked to merge it by itself"), "{}", refused.talk());
        }
        let mut close = live.keyslot(&["close", "--because", "no", "--leave-open"]);
        assert_eq!(close.end().await, 0, "{}", close.talk());
        let word = if merged { "it was merged as " } else { "it can still be merged" };
        let said = format!("{}{}", close.data(), close.talk());
        assert!(said.contains(word) && said.matches("left as it is").count() == 1, "{said}");
    }
}
