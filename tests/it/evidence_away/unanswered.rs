//! A regeneration that no answer came to, while the activity log may not be read: nobody knows whether it arrived.

use std::time::Duration;

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_regeneration_of_which_nobody_can_say_whether_it_arrived_is_not_sent_again() {
    let live = Live::of(Scene { stamps: 2, seed: 3 }.world(), 600.0);
    set_policy(&live);
    only_unapproved(&live).await;
    let log = Target::operation(Operation::ReadActivity);
    let mend = befall(&live, &[Fault::new(When::Always, log, Trouble::Forbidden)]);
    let which = Which { path: "/regenerateKey".to_owned(), ..Which::default() };
    let lost = live.stage.simulation.wire.faults().add(WireFault::once(which, LineTrouble::DropRequest));
    let sent = ran(&live, &["advance", "--approve"], &[]);
    assert_eq!((lost.count(), regenerated(&live)), (1, 0), "{}", sent.talk);
    // By then the activity log would have shown it.
    let wall = Duration::from_secs(2 * 3600).div_f64(live.stage.speed);
    tokio::time::sleep(wall).await;
    for command in [&["advance", "--approve"][..], &["regenerate", "--approve"], &["rotate", "--approve"]] {
        let ran = ran(&live, command, &[]);
        assert_eq!(ran.code, i32::from(Exit::Halted.code()), "{command:?}: {}", ran.talk);
        assert_eq!(regenerated(&live), 0, "{command:?}: {}", ran.talk);
    }
    let holds = told(&live);
    let by_log =
        |hold: &[String; 4]| hold[0] == "settled" && hold[2] == "blind" && hold[3].contains("activity log");
    assert!(holds.iter().any(by_log), "{holds:?}");
    let posts = live.stage.simulation.wire.transcript().count("POST", "/regenerateKey");
    assert!(posts <= 1, "{posts}");
    mend(&live);
}
