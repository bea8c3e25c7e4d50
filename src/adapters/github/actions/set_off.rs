//! What the coming of a commit sets off: the push, the new branch, the pull request and its merge, each an event that a
//! workflow may wait for.
//!
//! What the push, the new branch, the pull request and the queue start is the workflow as it is at the commit. Runs of
//! `pull_request_target` and `workflow_run` are of the file at the tip of the default branch, which the commit becomes where
//! it ends there.

use serde_json::Value;

use super::pushes::may_start;
use crate::ports::Arrival;

/// What would start the workflow as it is at the commit, in words. `is_silent`: the commit's message says that its push and
/// its pull request start nothing; what a merge says, nobody knows before.
pub(super) fn causes(on: &Value, arrival: &Arrival<'_>, is_silent: bool) -> Vec<String> {
    let Arrival { branch, into, .. } = arrival;
    let mut causes = Vec::new();
    let mut add = |event: &str, branch: &str, silent: bool, words: String| {
        if !silent && may_start(on, event, branch) {
            causes.push(words);
        }
    };
    add("push", branch.as_str(), is_silent, format!("the push to {branch}"));
    if let Some(into) = into {
        add("create", branch.as_str(), false, format!("the new branch {branch}"));
        let pull = format!("the pull request to {into} (pull_request)");
        add("pull_request", into.as_str(), is_silent, pull);
        add("merge_group", into.as_str(), false, format!("the merge queue of {into}, if it has one"));
        add("push", into.as_str(), false, format!("the merge into {into}"));
    }
    causes
}

/// What would start the workflow as it is at the tip of the default branch.
pub(super) fn causes_by_default(on: &Value, arrival: &Arrival<'_>) -> Vec<String> {
    let mut causes: Vec<String> = cause_by_base(on, arrival).into_iter().collect();
    let branches = [Some(arrival.branch), arrival.into].into_iter().flatten();
    if let Some(branch) = branches.into_iter().find(|branch| may_start(on, "workflow_run", branch.as_str())) {
        causes.push(format!("another workflow that ends on {branch} (workflow_run)"));
    }
    causes
}

/// What would start it where the base branch's own file is taken, as servers of one's own do that are not of 2026.
pub(super) fn cause_by_base(on: &Value, arrival: &Arrival<'_>) -> Option<String> {
    let into = arrival.into.filter(|into| may_start(on, "pull_request_target", into.as_str()))?;
    Some(format!("the pull request to {into} (pull_request_target)"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{BranchName, CommitId};

    fn causes_of(on: &str, into: Option<&str>, is_silent: bool) -> String {
        let commit = CommitId::new("a".repeat(40));
        let (branch, into) = (BranchName::new("fix/keyslot"), into.map(BranchName::new));
        let arrival = Arrival {
            commit: &commit,
            beneath: &commit,
            branch: &branch,
            into: into.as_ref(),
            deployed: false,
        };
        let on = serde_saphyr::from_str(on).unwrap();
        [causes(&on, &arrival, is_silent), causes_by_default(&on, &arrival)].concat().join("; ")
    }

    #[test]
    fn each_event_of_a_proposal_is_told() {
        for (on, told) in [
            ("workflow_dispatch", ""),
            ("pull_request", "the pull request to main (pull_request)"),
            ("{ pull_request: { branches: [release/*] } }", ""),
            ("{ pull_request: { types: [closed] } }", "the pull request to main (pull_request)"),
            (
                "{ pull_request_target: { branches: [main] } }",
                "the pull request to main (pull_request_target)",
            ),
            ("create", "the new branch fix/keyslot"),
            ("merge_group", "the merge queue of main, if it has one"),
            ("{ push: { branches: [main] } }", "the merge into main"),
            ("{ push: { branches: ['fix/**'] } }", "the push to fix/keyslot"),
            (
                "{ workflow_run: { workflows: [ci], branches: [main] } }",
                "another workflow that ends on main (workflow_run)",
            ),
            ("{ workflow_run: { workflows: [ci], branches-ignore: ['**'] } }", ""),
        ] {
            assert_eq!(causes_of(on, Some("main"), false), told, "{on}");
        }
        assert_eq!(
            causes_of("[create, pull_request, merge_group]", None, false),
            "",
            "pushed to where it belongs"
        );
    }

    #[test]
    fn a_commit_that_is_to_start_nothing_is_believed_for_its_push_and_its_pull_request_alone() {
        assert_eq!(causes_of("[push, pull_request]", Some("main"), true), "the merge into main");
        assert_eq!(causes_of("push", None, true), "");
        let of_others = causes_of("[pull_request_target, workflow_run, create]", Some("main"), true);
        assert_eq!(of_others.matches("; ").count(), 2, "{of_others}");
    }
}
