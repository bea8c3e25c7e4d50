//! The merge queue, wishes that somebody takes back, and rulesets beside classic protection, as the program meets them over
//! the wire.

use std::time::{Duration, Instant};

use keyslot::model::{PullNumber, PullState};
use keyslot::sim::config::{ClassicConfig, RulesConfig};
use keyslot::sim::{Command, Mark, Pull, Span, WorldConfig};
use tokio::time::sleep;

use crate::follow::run;
use crate::live::{Live, Process};

const SPEED: f64 = 600.0;

fn world(rules: RulesConfig) -> WorldConfig {
    let mut config = WorldConfig::seeded(5).with_stamps(1);
    config.people.rules = rules;
    config.people.review = Span::exactly(Duration::from_secs(120));
    config.people.check.started_after = Some(Duration::from_secs(10));
    config.people.merge_press = None;
    config
}

/// Until the only pull request is so.
async fn until(live: &Live, process: &mut Process, wanted: impl Fn(&Pull) -> bool) -> PullNumber {
    let begun = Instant::now();
    loop {
        let pull = live.stage.simulation.world.with(|world| world.pulls().first().cloned());
        if let Some(pull) = pull.filter(&wanted) {
            return pull.number;
        }
        let waits = process.ended().is_none() && begun.elapsed().as_secs() < 60;
        assert!(waits, "{}", process.talk());
        sleep(Duration::from_millis(5)).await;
    }
}

/// Until another process, which only looks, says so.
async fn until_told(live: &Live, words: &str) -> String {
    let begun = Instant::now();
    loop {
        let (_, out, talk) = run(live, &["explain"]).await;
        if out.contains(words) {
            return out;
        }
        assert!(begun.elapsed().as_secs() < 60, "{words}: {out}\n{talk}");
    }
}

fn apply(live: &Live, command: Command) {
    live.stage.simulation.world.with(|world| world.apply(command)).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_queue_is_waited_for_and_merges() {
    for merge in ["auto", "keyslot"] {
        let queue = Some(Duration::from_secs(2 * 3_600));
        let live = Live::set(world(RulesConfig { queue, ..RulesConfig::default() }), SPEED);
        live.configure("merge = \"people\"", &format!("merge = \"{merge}\""));
        let mut process = live.keyslot(&["propose", "--wait"]);
        let number = until(&live, &mut process, |pull| pull.queued).await;
        until_told(&live, "it is in the merge queue").await;
        assert_eq!(process.end().await, 0, "{merge}: {}", process.talk());
        let pull = live.stage.simulation.world.with(|world| world.pull(number).cloned()).unwrap();
        assert!(matches!(pull.state, PullState::Merged { .. }), "{merge}");
        assert_eq!(pull.ended.unwrap().1, "merge-queue[bot]", "{merge}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_leaves_the_queue_unmerged_is_told_and_not_put_back() {
    let queue = Some(Duration::from_secs(3_600));
    let live = Live::set(world(RulesConfig { queue, ..RulesConfig::default() }), SPEED);
    live.configure("merge = \"people\"", "merge = \"keyslot\"");
    let mut process = live.keyslot(&["propose", "--wait"]);
    let number = until(&live, &mut process, |pull| pull.queued).await;
    apply(&live, Command::MarkPull { number, mark: Mark::Dequeue });
    until_told(&live, "was put into the merge queue at").await;
    until_told(&live, "put it back into the queue").await;
    // Half an hour more: the same commit is never put there twice.
    sleep(Duration::from_secs(3)).await;
    let queued = || live.stage.simulation.world.with(|world| world.pull(number).unwrap().queued);
    assert!(!queued(), "{}", process.talk());
    apply(&live, Command::Enqueue { number, head: None });
    let (code, talk) = (process.end().await, process.talk());
    assert_eq!(code, 0, "{talk}");
    assert!(talk.contains("was put into the merge queue at"), "it says so itself: {talk}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wish_that_somebody_takes_back_is_not_uttered_again() {
    let mut config = world(RulesConfig::default());
    config.people.review = Span::exactly(Duration::from_secs(1_000_000));
    let live = Live::set(config, SPEED);
    live.configure("merge = \"people\"", "merge = \"auto\"");
    let mut process = live.keyslot(&["propose", "--wait"]);
    let number = until(&live, &mut process, |pull| pull.auto_merge.is_some()).await;
    apply(&live, Command::MarkPull { number, mark: Mark::NoAutoMerge });
    until_told(&live, "somebody has taken that back").await;
    sleep(Duration::from_secs(2)).await;
    let pull = live.stage.simulation.world.with(|world| world.pull(number).cloned()).unwrap();
    assert_eq!(pull.auto_merge, None, "{}", process.talk());
    for by in ["ada", "grace"] {
        apply(&live, Command::ReviewPull { number, approve: true, by: by.to_owned() });
    }
    apply(&live, Command::MergePull { number, method: None, by: "ada".to_owned() });
    assert_eq!(process.end().await, 0, "{}", process.talk());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rulesets_and_classic_protection_are_told_together() {
    let others = ["required_linear_history", "required_signatures", "creation"].map(str::to_owned).to_vec();
    let classic = Some(ClassicConfig { reviews: 2, checks: Vec::new(), readable: true });
    let mut config = world(RulesConfig { others, classic, ..RulesConfig::default() });
    // Nobody reviews until the wait has been told, however slow the machine is.
    config.people.review = Span::exactly(Duration::from_secs(1_000_000));
    let live = Live::set(config, SPEED);
    let mut process = live.keyslot(&["propose", "--wait"]);
    // Both want reviews, and the strictest counts.
    until_told(&live, "of 2 reviews").await;
    let number = until(&live, &mut process, |_| true).await;
    for by in ["ada", "grace"] {
        apply(&live, Command::ReviewPull { number, approve: true, by: by.to_owned() });
    }
    // When they are there, what else may hold it is told by its name; what is of pushes alone holds no merge.
    let said = until_told(&live, "required_linear_history, required_signatures").await;
    assert!(!said.contains("creation"), "{said}");
    process.kill();
}
