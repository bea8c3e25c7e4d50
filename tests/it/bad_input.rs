//! What a person finds who has configured something that is not there: a halt at once, with what there is, and going on
//! from there when it is mended.

use std::time::Duration;

use keyslot::sim::WorldConfig;

use crate::live::Live;

/// What keyslot ended with and said, and how long that took in the world.
fn run(live: &Live, arguments: &[&str]) -> (i32, String, Duration) {
    let now = || live.stage.simulation.world.with(|world| world.now());
    let before = now();
    let ran = crate::alone::ran(live, arguments, &[]);
    (ran.code, ran.data + &ran.talk, now().duration_since(before).unsigned_abs())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_branch_that_the_remote_does_not_have_is_a_halt_at_once_and_no_wait() {
    let live = Live::set(WorldConfig::seeded(5).with_stamps(1), 20.0);
    let cases = [
        (
            "base_branch",
            "\"main\"",
            "\"trunk\"",
            "cannot read the branch (trunk): the remote has no such branch; it has main, ",
        ),
        (
            "branch",
            "\"release/2026.1.0\"",
            "\"release/1\"",
            "cannot find the live release branch (release/1): it has main, ",
        ),
    ];
    for (key, right, wrong, says) in cases {
        live.set_first(key, wrong);
        // Once as it begins, and once as it goes on.
        for _ in 0..2 {
            let (code, said, took) = run(&live, &["propose", "--retire", "primary"]);
            assert_eq!(code, 4, "{said}");
            assert!(said.contains("a person must act") && said.contains(says), "{said}");
            // Looks take seconds; a right that may yet be granted is waited for for ten minutes.
            assert!(took < Duration::from_secs(300), "{took:?}");
        }
        live.set_first(key, right);
    }
    let (code, said, _) = run(&live, &["propose"]);
    assert_eq!(code, 0, "{said}");
    assert_eq!(live.stage.simulation.world.with(|world| world.counters().pulls_opened), 1);
}

/// Writes another token where the world's is, and puts that back.
fn with_token(live: &Live, service: &str, token: &str) -> String {
    let path = live.stage.folder.join("tokens").join(service);
    let right = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, token).unwrap();
    right
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_was_never_taken_is_told_at_once_and_by_its_place() {
    let live = Live::set(WorldConfig::seeded(5).with_stamps(1), 20.0);
    let right = with_token(&live, "github", "expired-since-last-week");
    let (code, said, took) = run(&live, &["propose", "--retire", "primary"]);
    assert_eq!(code, 4, "{said}");
    assert!(said.contains("a person must act") && said.contains("(the token from"), "{said}");
    assert!(said.contains("tokens/github"), "{said}");
    assert!(took < Duration::from_secs(300), "a right may yet be granted, and this is none: {took:?}");
    with_token(&live, "github", &right);
    let (code, said, _) = run(&live, &["propose"]);
    assert_eq!(code, 0, "{said}");
    assert_eq!(live.stage.simulation.world.with(|world| world.counters().pulls_opened), 1);
}
