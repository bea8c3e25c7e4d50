//! What holds an open pull request, in typed reasons.
//!
//! No single answer of GitHub says it (`mergeable_state` “blocked” gives no reason), so the reasons that can be seen
//! come first, and the forge's verdict stands in only where none was found. A look beforehand is advice; the merge
//! itself is the authority.

use std::collections::BTreeMap;

use super::pull::{Pull, approvers};
use super::required::{Check, Required};
use crate::model::PullWait;

pub(super) fn of(
    pull: &Pull,
    reviews: &BTreeMap<String, String>,
    required: &Required,
    checks: &[Check],
) -> Vec<PullWait> {
    let state = pull.mergeable_state.as_deref().unwrap_or("unknown");
    let mut waits = Vec::new();
    if pull.draft || state == "draft" {
        waits.push(PullWait::Draft);
    }
    if pull.mergeable == Some(false) || state == "dirty" {
        waits.push(PullWait::Conflict);
    }
    if state == "behind" {
        waits.push(PullWait::Behind);
    }
    let against = reviews.iter().filter(|(_, verdict)| *verdict == "CHANGES_REQUESTED");
    waits.extend(against.map(|(by, _)| PullWait::ChangesRequested { by: by.clone() }));
    let have = u32::try_from(approvers(reviews).len()).unwrap_or(u32::MAX);
    if have < required.reviews {
        waits.push(PullWait::Reviews { have, want: required.reviews });
    }
    waits.extend(checks.iter().filter_map(check));
    if waits.is_empty() {
        waits.push(verdict(pull.mergeable, state));
    }
    waits
}

fn check(check: &Check) -> Option<PullWait> {
    let name = check.name.clone();
    match (check.passed, check.started) {
        (Some(true), _) => None,
        (Some(false), _) => Some(PullWait::CheckFailed { name }),
        (None, true) => Some(PullWait::CheckRunning { name }),
        (None, false) => Some(PullWait::CheckNotStarted { name }),
    }
}

/// The forge's own word, where nothing that can be seen holds the pull request. The values are those of GraphQL's
/// MergeStateStatus in lower case.
fn verdict(mergeable: Option<bool>, state: &str) -> PullWait {
    match (mergeable, state) {
        // This very read has started the computation.
        (None, _) | (_, "unknown") => PullWait::NotComputed,
        (Some(_), "clean" | "unstable" | "has_hooks") => PullWait::Mergeable,
        // “blocked”, and whatever GitHub may come up with.
        (Some(_), _) => PullWait::Blocked,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pull(mergeable: Option<bool>, state: &str) -> Pull {
        let end = json!({ "ref": "b", "sha": "1", "repo": null });
        let pull = json!({
            "number": 1, "state": "open", "head": end, "base": end, "user": null, "merged_at": null,
            "merge_commit_sha": null, "mergeable": mergeable, "mergeable_state": state, "draft": state == "draft",
        });
        serde_json::from_value(pull).unwrap()
    }

    fn reviews(list: &[(&str, &str)]) -> BTreeMap<String, String> {
        list.iter().map(|(by, verdict)| ((*by).to_owned(), (*verdict).to_owned())).collect()
    }

    #[test]
    fn seen_reasons_go_before_the_forges_verdict() {
        let required = Required { reviews: 2, checks: Default::default() };
        let check = |passed, started| Check { name: "e2e".to_owned(), passed, started };
        let name = "e2e".to_owned();
        let approved = reviews(&[("ann", "APPROVED"), ("bob", "APPROVED")]);
        let cases = [
            (
                pull(Some(true), "blocked"),
                reviews(&[("ann", "APPROVED")]),
                vec![],
                vec![PullWait::Reviews { have: 1, want: 2 }],
            ),
            (
                pull(Some(true), "blocked"),
                approved.clone(),
                vec![check(None, false)],
                vec![PullWait::CheckNotStarted { name: name.clone() }],
            ),
            (
                pull(Some(true), "blocked"),
                approved.clone(),
                vec![check(None, true)],
                vec![PullWait::CheckRunning { name: name.clone() }],
            ),
            (
                pull(Some(true), "unstable"),
                approved.clone(),
                vec![check(Some(false), true)],
                vec![PullWait::CheckFailed { name }],
            ),
            (
                pull(Some(true), "blocked"),
                approved.clone(),
                vec![check(Some(true), true)],
                vec![PullWait::Blocked],
            ),
            (
                pull(Some(true), "clean"),
                approved.clone(),
                vec![check(Some(true), true)],
                vec![PullWait::Mergeable],
            ),
            (pull(Some(true), "unstable"), approved.clone(), vec![], vec![PullWait::Mergeable]),
            (pull(None, "unknown"), approved.clone(), vec![], vec![PullWait::NotComputed]),
            (pull(Some(true), "something_new"), approved.clone(), vec![], vec![PullWait::Blocked]),
            (pull(Some(false), "dirty"), approved.clone(), vec![], vec![PullWait::Conflict]),
            (pull(Some(true), "behind"), approved.clone(), vec![], vec![PullWait::Behind]),
            (pull(Some(true), "draft"), approved, vec![], vec![PullWait::Draft]),
            (
                pull(Some(true), "blocked"),
                reviews(&[("ann", "CHANGES_REQUESTED"), ("bob", "APPROVED"), ("eve", "DISMISSED")]),
                vec![],
                vec![
                    PullWait::ChangesRequested { by: "ann".to_owned() },
                    PullWait::Reviews { have: 1, want: 2 },
                ],
            ),
        ];
        for (pull, reviews, checks, expected) in cases {
            assert_eq!(of(&pull, &reviews, &required, &checks), expected, "{:?}", pull.mergeable_state);
        }
    }
}
