//! Each wait from what GitHub shows of it.

use serde_json::json;

use super::*;
use crate::model::CommitId;

const HEAD: &str = "1";

fn pull(mergeable: Option<bool>, state: &str) -> Pull {
    let end = json!({ "ref": "b", "sha": HEAD, "repo": null });
    let pull = json!({
        "number": 1, "state": "open", "head": end, "base": end, "user": null, "merged_at": null,
        "merge_commit_sha": null, "mergeable": mergeable, "mergeable_state": state, "draft": state == "draft",
        "requested_reviewers": [{ "login": "zoe" }], "requested_teams": [{ "slug": "sre" }],
    });
    serde_json::from_value(pull).unwrap()
}

/// What is seen, to be changed case by case.
struct Seen {
    pull: Pull,
    reviews: Vec<Review>,
    approvals: Vec<PullApproval>,
    demands: Demands,
    checks: Vec<Check>,
    asked: Option<Asked>,
}

impl Seen {
    /// Two reviews are wanted and given.
    fn of(state: &str) -> Seen {
        let seen = Seen {
            pull: pull(Some(state != "dirty"), state),
            reviews: Vec::new(),
            approvals: Vec::new(),
            demands: Demands { reviews: 2, ..Demands::default() },
            checks: Vec::new(),
            asked: None,
        };
        seen.review("ann", "APPROVED", HEAD).review("bob", "APPROVED", HEAD)
    }

    fn review(mut self, by: &str, state: &str, head: &str) -> Seen {
        self.reviews.retain(|review| review.by != by);
        self.approvals.retain(|approval| approval.by != by);
        let review = Review { by: by.to_owned(), state: state.to_owned(), head: head.to_owned() };
        if review.approves() {
            let (by, head) = (by.to_owned(), CommitId::new(head));
            let same_change = head.as_str() == HEAD;
            self.approvals.push(PullApproval { by, head, same_change });
        }
        self.reviews.push(review);
        self
    }

    fn check(mut self, passed: Option<bool>, started: bool) -> Seen {
        self.checks = vec![Check { name: "e2e".to_owned(), passed, started, url: Some("u".to_owned()) }];
        self
    }

    fn demanding(mut self, change: impl FnOnce(&mut Demands)) -> Seen {
        change(&mut self.demands);
        self
    }

    fn asked(mut self, asked: Asked) -> Seen {
        self.asked = Some(asked);
        self
    }

    fn waits(&self) -> Vec<PullWait> {
        of(&Sight {
            pull: &self.pull,
            owner: "acme",
            reviews: &self.reviews,
            approvals: &self.approvals,
            demands: &self.demands,
            checks: &self.checks,
            asked: self.asked.as_ref(),
        })
    }
}

fn from() -> Vec<String> {
    vec!["zoe".to_owned(), "acme/sre".to_owned()]
}

fn blocked(rules: &[&str], unread: &[&str]) -> PullWait {
    let text = |list: &[&str]| list.iter().map(|name| (*name).to_owned()).collect();
    PullWait::Blocked { rules: text(rules), unread: text(unread) }
}

#[test]
fn seen_reasons_go_before_the_forges_verdict() {
    let (name, url) = ("e2e".to_owned(), Some("u".to_owned()));
    let fine = || Asked { approved: true, ..Asked::default() };
    let cases = [
        (Seen::of("clean").check(Some(true), true), vec![PullWait::Mergeable]),
        (Seen::of("unstable"), vec![PullWait::Mergeable]),
        (Seen::of("dirty"), vec![PullWait::Conflict]),
        (Seen::of("behind"), vec![PullWait::Behind]),
        (Seen::of("draft"), vec![PullWait::Draft]),
        (Seen::of("unknown"), vec![PullWait::NotComputed]),
        (Seen::of("blocked").check(None, false), vec![PullWait::CheckNotStarted { name: name.clone() }]),
        (
            Seen::of("blocked").check(None, true),
            vec![PullWait::CheckRunning { name: name.clone(), url: url.clone() }],
        ),
        (Seen::of("unstable").check(Some(false), true), vec![PullWait::CheckFailed { name, url }]),
        (
            Seen::of("blocked").review("ann", "CHANGES_REQUESTED", HEAD),
            vec![
                PullWait::ChangesRequested { by: "ann".to_owned() },
                PullWait::Reviews { have: 1, want: 2, from: from() },
            ],
        ),
        (
            Seen::of("blocked").demanding(|demands| demands.code_owners = true).asked(Asked::default()),
            vec![PullWait::CodeOwners { from: from() }],
        ),
        (
            Seen::of("blocked")
                .demanding(|demands| demands.conversations = true)
                .asked(Asked { open_conversations: 3, ..fine() }),
            vec![PullWait::Conversations { open: 3 }],
        ),
        (
            Seen::of("blocked").demanding(|demands| demands.queue = true).asked(fine()),
            vec![PullWait::Queue { queued: false }],
        ),
        (
            Seen::of("clean")
                .demanding(|demands| demands.queue = true)
                .asked(Asked { queued: true, ..fine() }),
            vec![PullWait::Queue { queued: true }],
        ),
        (Seen::of("blocked"), vec![blocked(&[], &[])]),
        (Seen::of("something_new"), vec![blocked(&[], &[])]),
        (
            Seen::of("blocked").demanding(|demands| {
                demands.others.insert("required_signatures".to_owned());
                demands.unread.push("the protection of main".to_owned());
            }),
            vec![blocked(&["required_signatures"], &["the protection of main"])],
        ),
    ];
    for (seen, expected) in cases {
        assert_eq!(seen.waits(), expected, "{:?}", seen.pull.mergeable_state);
    }
}

#[test]
fn an_approval_of_what_was_there_before_the_last_push_is_named() {
    let stale = |by: &[&str]| PullWait::StaleApprovals { by: by.iter().map(|by| (*by).to_owned()).collect() };
    // GitHub counts it still: it could be merged, and whoever merges is told.
    let kept = Seen::of("clean").review("ann", "APPROVED", "0");
    assert_eq!(kept.waits(), [stale(&["ann"]), PullWait::Mergeable]);
    let enough = Seen::of("clean").review("eve", "APPROVED", "0");
    assert_eq!(enough.waits(), [PullWait::Mergeable], "two others have approved what is there");
    let dismissed = Seen::of("blocked").review("ann", "DISMISSED", "0").review("bob", "DISMISSED", "0");
    let reviews = PullWait::Reviews { have: 0, want: 2, from: from() };
    assert_eq!(dismissed.waits(), [stale(&["ann", "bob"]), reviews]);
    let by_a_person = Seen::of("blocked").review("ann", "DISMISSED", HEAD);
    let reviews = PullWait::Reviews { have: 1, want: 2, from: from() };
    assert_eq!(by_a_person.waits(), [reviews], "taken back, and not by a push");
    let last_push = Seen::of("blocked").review("ann", "APPROVED", "0").review("bob", "APPROVED", "0");
    let last_push = last_push.demanding(|demands| demands.last_push = true);
    assert_eq!(last_push.waits(), [stale(&["ann", "bob"])], "that is what blocks it");
}
