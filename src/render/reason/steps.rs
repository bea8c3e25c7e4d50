//! Steps of keyslot's own that were sent, refused, or not asked for.

use crate::render::{span, unanswered};
use crate::rotation::{Phase, Reason, Why};

/// Why it does not happen yet.
pub(super) fn why(reason: &Reason) -> String {
    let subject = &reason.subject;
    match &reason.why {
        Why::OutcomeOpen { step, taken: true, run, until, said: _ } => {
            let run = run.as_ref().map(|run| format!(" (run {run})")).unwrap_or_default();
            format!(
                "“{step}” was taken{run} and is not to be seen; it is looked for until {}",
                span::time(*until)
            )
        }
        Why::OutcomeOpen { step, taken: false, run: _, until, said } => {
            let said = said.as_ref().map(|said| format!(": {said}")).unwrap_or_default();
            format!(
                "whether “{step}” arrived is not known; it is looked for until {}{said}",
                span::time(*until)
            )
        }
        Why::NeverArrives { step, attempts, since, said } => format!(
            "“{step}” was sent {attempts} times since {} and never arrived: {said}",
            span::time(*since)
        ),
        Why::Arrived { step, id, trace } => {
            let shows = unanswered::traced(trace);
            format!(
                "no answer came to “{step}”; the activity log {shows} (request {id}), and its end is waited for"
            )
        }
        Why::Untraced { step, sent, trace, newest } => {
            unanswered::untraced(step, *sent, trace, *newest, subject)
        }
        Why::StepRefused { step, why } => format!("“{step}” was refused: {why}"),
        Why::StepDeferred { step, why, until } => {
            format!("“{step}” is tried again at {}: {why}", span::time(*until))
        }
        Why::NotAsked { phase, step } => {
            format!("the rotation stands in {phase}, and its next step is not what was asked for: {step}")
        }
        in_other_rooms!(steps) => String::new(),
    }
}

/// What opens it.
pub(super) fn remedy(reason: &Reason) -> String {
    let text = match &reason.why {
        Why::NotAsked { phase: Phase::Restart, .. } => "name its stamp with --stamp too, or name none",
        Why::NotAsked { phase: Phase::Propose, .. } => "`keyslot propose` does it",
        Why::NotAsked { phase: Phase::Merge, .. } => "have its pull request merged, then `keyslot promote`",
        Why::NotAsked { phase: Phase::Promote, .. } => "`keyslot promote` does it",
        Why::NotAsked { .. } => "`keyslot rotate` does it",
        Why::Untraced { .. } => unanswered::BY_HAND,
        Why::StepRefused { .. } => "mend the cause: the next run tries it again",
        Why::NeverArrives { .. } => {
            "mend what these words tell of (a webhook that is away, an API server in trouble): the next run tries it again"
        }
        Why::OutcomeOpen { .. } | Why::Arrived { .. } | Why::StepDeferred { .. } => "",
        in_other_rooms!(steps) => "",
    };
    text.to_owned()
}
