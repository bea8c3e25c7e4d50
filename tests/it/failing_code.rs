//! Commits that cannot be made: a signing key that waits for somebody who is not there, longer than any permit lasts; and
//! what was merged and is nowhere any more.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::executor::block_on;
use jiff::Timestamp;
use keyslot::drive::{Silent, TurnEnd};
use keyslot::model::{Blindness, BranchName, CommitId};
use keyslot::ports::{
    Code, CodeTree, CommitText, Conflict, Effect, Expect, Fault, FileEdit, Picked, Ports, Wanted,
};
use keyslot::rotation::{Reach, Reason, Why};
use keyslot::sim::SharedWorld;
use keyslot::sim::memory::block_on_or_crash;

use crate::harm_scenarios::small;
use crate::in_memory::{Life, Theatre};
use crate::journey::later;

#[derive(Clone, Copy, PartialEq)]
enum Fails {
    /// To sign, which takes that long to be said.
    Signing,
    /// To find what was merged.
    Finding,
    /// To pick it: both sides have changed the same lines.
    Picking,
    /// To bring the change along with what it picks.
    Changing,
}

/// A key as it may stand in a file.
fn key() -> String {
    format!("{}==", "Ab3".repeat(29).split_at(86).0)
}

struct Failing {
    inner: Arc<dyn Code>,
    world: SharedWorld,
    what: Fails,
}

impl Failing {
    fn refusal(&self) -> Fault {
        let mut world = self.world.lock();
        let until = later(world.now(), Duration::from_secs(601));
        world.advance_to(until);
        Fault::new(Blindness::Forbidden, "sign a commit", "commit 1234567", "nobody typed the passphrase")
    }
}

#[async_trait]
impl Code for Failing {
    async fn fetch(&self) -> Result<BTreeMap<BranchName, CommitId>, Fault> {
        self.inner.fetch().await
    }

    async fn tree(&self, commit: &CommitId, wanted: &Wanted) -> Result<CodeTree, Fault> {
        self.inner.tree(commit, wanted).await
    }

    async fn contains(&self, descendant: &CommitId, ancestor: &CommitId) -> Result<bool, Fault> {
        self.inner.contains(descendant, ancestor).await
    }

    async fn parted(&self, one: &CommitId, other: &CommitId) -> Result<Option<CommitId>, Fault> {
        self.inner.parted(one, other).await
    }

    async fn line(&self, head: &CommitId, most: usize) -> Result<Vec<CommitId>, Fault> {
        self.inner.line(head, most).await
    }

    async fn file(&self, commit: &CommitId, path: &str) -> Result<Option<Arc<[u8]>>, Fault> {
        self.inner.file(commit, path).await
    }

    async fn message(&self, commit: &CommitId) -> Result<String, Fault> {
        self.inner.message(commit).await
    }

    async fn commit(
        &self,
        parent: &CommitId,
        edits: &[FileEdit],
        text: &CommitText,
    ) -> Result<CommitId, Fault> {
        match self.what {
            Fails::Signing => Err(self.refusal()),
            Fails::Finding | Fails::Picking | Fails::Changing => self.inner.commit(parent, edits, text).await,
        }
    }

    async fn brought(&self, merged: &CommitId, proposal: &CommitId) -> Result<Vec<CommitId>, Fault> {
        match self.what {
            Fails::Signing | Fails::Picking | Fails::Changing => self.inner.brought(merged, proposal).await,
            Fails::Finding => {
                Err(Fault::new(Blindness::Missing, "find a commit", merged.short(), "it is gone"))
            }
        }
    }

    async fn changed(&self, from: &CommitId, to: &CommitId) -> Result<Vec<String>, Fault> {
        self.inner.changed(from, to).await
    }

    async fn cherry_pick(&self, commit: &CommitId, onto: &CommitId, at: Timestamp) -> Result<Picked, Fault> {
        match self.what {
            Fails::Signing => Err(self.refusal()),
            Fails::Finding => self.inner.cherry_pick(commit, onto, at).await,
            Fails::Picking => {
                let lines: Vec<String> = (1..=13).map(|line| format!("theirs {line}")).collect();
                let lines = format!("AccountKey={}\n{}\n", key(), lines.join("\n"));
                Ok(Picked::Conflict(vec![Conflict { path: "main.tf".to_owned(), lines }]))
            }
            Fails::Changing => {
                let edit = FileEdit { path: "NOTES.md".to_owned(), bytes: b"x".to_vec() };
                let text = CommitText { message: "Something else\n".to_owned(), at };
                self.inner.commit(onto, &[edit], &text).await.map(Picked::Commit)
            }
        }
    }

    async fn joined(&self, into: &CommitId, head: &CommitId) -> Result<Picked, Fault> {
        self.inner.joined(into, head).await
    }

    async fn push(&self, commit: &CommitId, branch: &BranchName, expect: &Expect) -> Effect<()> {
        self.inner.push(commit, branch, expect).await
    }
}

/// The words of the refusal that halts it, and how many seconds that took.
fn halts(theatre: &Theatre, what: Fails) -> (String, i64) {
    let start = theatre.world.lock().now();
    theatre.backstage.until(later(start, Duration::from_secs(6 * 3600)));
    let world = theatre.world.clone();
    let around = |ports: Ports| Ports { code: Arc::new(Failing { inner: ports.code, world, what }), ..ports };
    let mut driver = block_on(theatre.driver_with("two", "two", Arc::new(Silent), around)).unwrap();
    block_on(driver.open(&theatre.request())).unwrap();
    let end = block_on_or_crash(driver.run(), theatre.crashes.flag()).expect("it tries without end").unwrap();
    let TurnEnd::Halted { reasons, .. } = end else { panic!("{end:?}") };
    let [Reason { why: Why::StepRefused { why, .. }, .. }] = &reasons[..] else { panic!("{reasons:?}") };
    (why.clone(), theatre.world.lock().now().duration_since(start).as_secs())
}

#[test]
fn a_signature_that_nobody_gives_is_told_at_once_and_calls_a_person() {
    let mut theatre = Theatre::new(small());
    theatre.reach = Reach::Propose { merge: false };
    let (why, seconds) = halts(&theatre, Fails::Signing);
    assert!(why.contains("nobody typed the passphrase"), "{why}");
    assert!(seconds < 30 * 60, "asked once: {seconds}");
}

/// The words with which a promotion halts.
fn promotes(what: Fails) -> String {
    let mut theatre = Theatre::new(small());
    theatre.reach = Reach::Propose { merge: true };
    assert_eq!(theatre.live(), Life::Ended(TurnEnd::Enough));
    theatre.reach = Reach::Promote { merge: true, flip: false };
    let (why, _) = halts(&theatre, what);
    assert!(why.contains("keyslot promote --flip"), "{why}");
    why
}

#[test]
fn what_was_merged_and_is_nowhere_any_more_calls_a_person_instead_of_being_waited_for() {
    let why = promotes(Fails::Finding);
    assert!(why.contains("it is gone"), "{why}");
}

#[test]
fn a_conflict_is_told_with_the_lines_of_both_sides_and_without_keys() {
    let why = promotes(Fails::Picking);
    for words in [
        "onto release/2026.1.0 conflicts\n  main.tf\n    AccountKey=****",
        "\n    theirs 11\n    … 2 more lines",
    ] {
        assert!(why.contains(words), "{why}");
    }
    assert!(!why.contains("theirs 12") && !why.contains(&key()[..8]), "{why}");
}

#[test]
fn what_does_not_bring_the_change_is_not_promoted() {
    let why = promotes(Fails::Changing);
    assert!(
        why.contains("after the cherry-pick release/2026.1.0 would not read the secondary key alone"),
        "{why}"
    );
}
