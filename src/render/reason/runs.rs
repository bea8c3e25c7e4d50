//! Runs of the pipeline, its stages, and deployments by others.

use crate::model::{DeploymentState, DeploymentView};
use crate::render::span;
use crate::rotation::{FailedStage, Reason, Subject, Waiting, Why};

/// Why it does not happen yet.
pub(super) fn why(reason: &Reason) -> String {
    let subject = &reason.subject;
    match &reason.why {
        Why::RunUnderWay { branch, commit, url } => {
            format!("run {subject} of {branch} at {} is under way ({url})", commit.short())
        }
        Why::RunWaitsForApproval { branch, commit, url, waiting } => {
            let Waiting { stages, who, ours: _ } = &**waiting;
            let who = match who.as_slice() {
                [] => String::new(),
                who => format!(", by {}", who.join(" or ")),
            };
            let stages = stages.join(", ");
            format!(
                "run {subject} of {branch} at {} waits for approval of {stages}{who} ({url})",
                commit.short()
            )
        }
        Why::RunJustEnded { until } => {
            let what = match subject {
                Subject::Commit(_) => format!("a deployment of {subject}"),
                _ => format!("run {subject}, or what of it writes the vaults,"),
            };
            format!(
                "{what} has just ended, and what that may have written is not to be seen for certain before {}",
                span::time(*until)
            )
        }
        Why::RunFailed { url, failed: None } => format!("run {subject} did not succeed ({url})"),
        Why::RunFailed { url, failed: Some(failed) } => {
            let FailedStage { stage, step, lines } = &**failed;
            let step = if step.is_empty() { String::new() } else { format!(" at “{step}”") };
            let lines: String = lines.iter().map(|line| format!("\n      | {line}")).collect();
            format!("run {subject} did not succeed: the stage {stage} failed{step} ({url}){lines}")
        }
        Why::RunCanceled { url } => format!("somebody cancelled run {subject} ({url})"),
        Why::RunOfOtherCommit { commit, asked, url } => format!(
            "run {subject} was started, but on commit “{}” and not on {}{}",
            commit.short(),
            asked.short(),
            if url.is_empty() { String::new() } else { format!(" ({url})") }
        ),
        Why::StagesUndeclared { stages, url } => format!(
            "the pipeline has stages of which the configuration does not say what they do: {} (seen in {url})",
            stages.join(", ")
        ),
        Why::StagesNotSkipped { stages } => format!(
            "a run would move traffic or destroy a release unit with {}, which is neither skipped nor accepted",
            stages.join(", ")
        ),
        Why::DeploymentUnderWay { deployment } => {
            let DeploymentView { environment, of, commit: _, by, state, since, url } = &**deployment;
            let what = match state {
                DeploymentState::Running => "is being deployed",
                _ => "is about to be deployed",
            };
            let by = if by.is_empty() { String::new() } else { format!(" by {by}") };
            format!("{of} at {subject} {what} to {environment}{by} since {} ({url})", span::time(*since))
        }
        Why::RunAwaited { commit } => {
            format!("no run of {subject} at {} is to be seen yet; the push starts it", commit.short())
        }
        Why::RunByHand { commit, skip } => {
            let without = match skip.as_slice() {
                [] => String::new(),
                skip => format!(", without {}", skip.join(", ")),
            };
            format!("a person starts the pipeline on {subject} at {commit}{without}; the vaults will tell")
        }
        Why::RunDidNotWrite { url } => {
            format!("run {subject} ended well ({url}), yet not every vault holds the key")
        }
        Why::RunLeftVaultsOut { stages, url } => format!(
            "run {subject}, which keyslot asked for, ended well and left out what writes the vaults: {} ({url})",
            stages.join(", ")
        ),
        Why::RunUnlisted { since } => format!(
            "run {subject} was asked for and taken at {}, and the pipeline does not list it",
            span::time(*since)
        ),
        in_other_rooms!(runs) => String::new(),
    }
}

/// What opens it.
pub(super) fn remedy(reason: &Reason) -> String {
    let text = match &reason.why {
        Why::RunFailed { .. } => {
            "mend what failed; then retry the stage, or run the pipeline again on the same commit with the same stages left \
             out"
        }
        Why::RunCanceled { .. } => {
            "ask who cancelled it, and why; when it may run, run it again on the same commit with the same stages left out"
        }
        Why::RunOfOtherCommit { .. } => {
            "cancel it, and find out why the pipeline does not run the commit that it is given; then start the run by hand \
             with the same stages left out, or accept this one by name to have another one asked for"
        }
        Why::StagesUndeclared { .. } => {
            "declare each under [[environment.NAME.release.pipeline.stage]], with its effects or none"
        }
        Why::StagesNotSkipped { .. } => {
            "add it to `skip` under [environment.NAME.release.pipeline], or to `accept` there, with `because`"
        }
        Why::DeploymentUnderWay { .. } => {
            "wait for its end, or stop it: it may put the old slot back; or accept it by name"
        }
        Why::RunAwaited { .. } => "see that the workflow is triggered by pushes to this branch",
        Why::RunByHand { .. } => "start it; nothing else is needed here",
        Why::RunDidNotWrite { .. } => {
            "see whether Terraform ignores the value (`ignore_changes`) or the run left the stage out"
        }
        Why::RunLeftVaultsOut { .. } => {
            "see what left the stage out: a condition on how a run began, or an approval that timed out; then run the stage \
             again, or `keyslot resume` to have another run asked for"
        }
        Why::RunUnlisted { .. } => {
            "the list may be late, and is looked at again; where the run is not to be found in the pipeline either, \
             `keyslot resume` has another one asked for"
        }
        Why::RunWaitsForApproval { waiting, .. } if waiting.ours => {
            "approve it, or turn it down: it is a run of the very code that the rotation deploys"
        }
        Why::RunWaitsForApproval { .. } => {
            "turn it down or cancel it: it may put the old slot back, also by a plan that it has saved. Where it holds the \
             rotation, nothing goes on before it is over; do not approve it before the new key is confirmed"
        }
        Why::RunUnderWay { .. } | Why::RunJustEnded { .. } => "",
        in_other_rooms!(runs) => "",
    };
    text.to_owned()
}
