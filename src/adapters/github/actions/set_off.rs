//! What the coming of a commit sets off: the push, the new branch, the pull request and its merge, each an event that a
//! workflow may wait for.
//!
//! The workflow is read at the commit. Runs of `pull_request_target` and `workflow_run` are of the default branch's file, which
//! is the same one where the proposal goes to that branch.

use serde_json::Value;

use super::pushes::may_start;
use crate::ports::Arrival;

/// What would start the workflow, in words. `is_silent`: the commit's message says that its push and its pull request start
/// nothing; what a merge says, nobody knows before.
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
        for (event, silent) in [("pull_request", is_silent), ("pull_request_target", false)] {
            add(event, into.as_str(), silent, format!("the pull request to {into} ({event})"));
        }
        add("merge_group", into.as_str(), false, format!("the merge queue of {into}, if it has one"));
        add("push", into.as_str(), false, format!("the merge into {into}"));
    }
    let branches = [Some(*branch), *into].into_iter().flatten();
    if let Some(branch) = branches.into_iter().find(|branch| may_start(on, "workflow_run", branch.as_str())) {
        causes.push(format!("another workflow that ends on {branch} (workflow_run)"));
    }
    causes
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
        causes(&serde_saphyr::from_str(on).unwrap(), &arrival, is_silent).join("; ")
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
