//! Checks of a pull request, and the pipeline that reports them.

use crate::model::{PullHead, RunState};
use crate::render::span;
use crate::rotation::{Reason, Why};

/// Why it does not happen yet.
pub(super) fn why(reason: &Reason) -> String {
    let subject = &reason.subject;
    match &reason.why {
        Why::CheckNotPassed { name, passed: Some(_), .. } => format!("check {name} failed on {subject}"),
        Why::CheckNotPassed { name, passed: None, .. } => format!("check {name} has no result on {subject}"),
        Why::ValidationRuns { pipeline, url, state, since } => {
            let doing = match state {
                RunState::Queued => "waits in its queue",
                RunState::WaitsForApproval => "waits for an approval",
                RunState::Running | RunState::Completed(_) => "is running",
            };
            format!(
                "{pipeline} {doing} on the head of pull request {subject} since {} ({url})",
                span::time(*since)
            )
        }
        Why::ValidationEnded { pipeline, url, state, at } => {
            let ended = at.map(|at| format!(" at {}", span::time(at))).unwrap_or_default();
            let how = match state.went_through() {
                true => "went through",
                false => "did not go through",
            };
            format!(
                "{pipeline} {how}{ended} on the head of pull request {subject} ({url}), and its check is not reported there"
            )
        }
        Why::ValidationAsked { pipeline, run, elsewhere } => {
            let run = run.as_ref().map(|run| format!(" (run {run})")).unwrap_or_default();
            match elsewhere {
                None => {
                    format!("{pipeline} was started by keyslot on the head of pull request {subject}{run}")
                }
                Some(commit) => format!(
                    "{pipeline} was started by keyslot for pull request {subject}{run}, and runs on {}, which is not its \
                     head: its check says nothing here",
                    commit.short()
                ),
            }
        }
        Why::ValidationToStart { pipeline, at, page } => {
            let PullHead { branch, commit, .. } = &**at;
            format!(
                "nobody has started {pipeline} on pull request {subject}: branch {branch} at {commit} ({page})"
            )
        }
        Why::ValidationRefused { step, why } => {
            format!("“{step}” was refused, so somebody has to start it: {why}")
        }
        in_other_rooms!(validation) => String::new(),
    }
}

/// What opens it.
pub(super) fn remedy(reason: &Reason) -> String {
    let text = match &reason.why {
        Why::CheckNotPassed { .. } => "run the check on this head, or accept it by name",
        Why::ValidationRuns { .. } | Why::ValidationAsked { .. } => {
            "wait for its check, or see what its run waits for"
        }
        Why::ValidationEnded { .. } => {
            "look at the run; start it again on the same branch, or correct `validation` under [environment.NAME.release.forge]"
        }
        Why::ValidationToStart { .. } => {
            "start it there; or let keyslot, with `start = true` under [environment.NAME.release.validation]"
        }
        Why::ValidationRefused { .. } => {
            "start it by hand, or mend the cause; `start = false` under [environment.NAME.release.validation] asks for no more"
        }
        in_other_rooms!(validation) => "",
    };
    text.to_owned()
}
