//! The program is paused by another one beside it, and goes on when it may; and it is asked for things out of turn.

use std::time::Duration;

use keyslot::sim::WorldConfig;

use crate::live::Live;

#[tokio::test(flavor = "multi_thread")]
async fn a_running_rotation_is_paused_from_beside_and_ends_when_it_may_go_on() {
    let live = Live::set(WorldConfig::default().with_stamps(1), 1000.0);
    let early = live.keyslot(&["resume"]).end().await;
    assert_eq!(early, 2, "there is nothing to resume");
    let mut rotate = live.keyslot(&["rotate", "--approve"]);
    while live.stage.simulation.world.with(|world| world.counters().pulls_opened) == 0 {
        assert_eq!(rotate.ended(), None, "{}", rotate.talk());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let mut pause = live.keyslot(&["pause", "--because", "an incident is on"]);
    assert_eq!(pause.end().await, 0, "{}", pause.talk());
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
}
