//! The program against servers that cut the answer to a regeneration, or put it off: how often it is asked for is counted
//! on the wire.

use jiff::SignedDuration;
use keyslot::model::OWN_REQUEST;
use keyslot::sim::wire::{Trouble, Which, WireFault};

use crate::harm_scenarios::small;
use crate::live::Live;

fn regenerations() -> Which {
    Which { method: "POST".to_owned(), path: "/regenerateKey".to_owned(), ..Which::default() }
}

/// Over the wire, as a proxy does it that closes the connection.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_cuts_every_answer_gets_one_request_for_each_word_of_a_person() {
    for (what, arrives) in [(Trouble::DropRequest, false), (Trouble::DropAnswer, true)] {
        let live = Live::set(small(), 2000.0);
        let wire = &live.stage.simulation.wire;
        wire.faults().add(WireFault { which: regenerations(), what, times: 100 });
        let posts = || wire.transcript().count("POST", "/regenerateKey");
        let mut rotation = live.keyslot(&["rotate", "--approve"]);
        let (code, talk) = (rotation.end().await, rotation.talk());
        assert_eq!((code, posts()), (if arrives { 0 } else { 4 }, 1), "{talk}");
        if arrives {
            // The key's own date tells.
            continue;
        }
        assert!(wire.transcript().count("GET", "eventtypes") > 0, "{talk}");
        assert!(talk.contains("Regenerate Keys"), "{talk}");
        // A job that runs every few minutes does not send it again.
        let mut job = live.keyslot(&["advance"]);
        assert_eq!((job.end().await, posts()), (4, 1), "{}", job.talk());
        let found = talk.find(OWN_REQUEST).map(|from| talk[from..from + 36].to_owned()).unwrap();
        let accept = format!("settled:{found}");
        let accepting = [
            "rotate",
            "--accept",
            &accept,
            "--because",
            "not in the portal",
            "--until",
            "2099-01-01T00:00:00Z",
        ];
        let mut once_more = live.keyslot(&accepting);
        assert_eq!((once_more.end().await, posts()), (4, 2), "{}", once_more.talk());
        let mut again = live.keyslot(&accepting);
        let code = again.end().await;
        assert_eq!(posts(), 2, "the word was for the first one: {code} {}", again.talk());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn over_the_wire_retry_after_is_kept() {
    let live = Live::set(small(), 4000.0);
    let what = Trouble::Answer { status: 429, retry_after_seconds: Some(3600) };
    let wire = &live.stage.simulation.wire;
    wire.faults().add(WireFault { which: regenerations(), what, times: 3 });
    let start = live.stage.simulation.world.with(|world| world.now());
    let mut rotation = live.keyslot(&["rotate", "--approve"]);
    let code = rotation.end().await;
    let posts = wire.transcript().count("POST", "/regenerateKey");
    assert_eq!((code, posts), (0, 4), "{}", rotation.talk());
    let lasted = live.stage.simulation.world.with(|world| world.now()).duration_since(start);
    assert!(lasted >= SignedDuration::from_hours(3), "{lasted}");
}
