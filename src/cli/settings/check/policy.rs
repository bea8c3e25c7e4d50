//! The policy: how old evidence may be, and how long anything waits.

use super::{Checked, Problem, keys};
use crate::cli::settings::places::Step;
use crate::cli::settings::{Environment, Span};

/// Ages and waits have a limit: for so long something may change unseen before a step is taken all the same.
pub(super) fn waits(environment: &Environment, speed: f64) -> Checked {
    let policy = &environment.policy;
    if policy.wave_size == 0 {
        let what = "a wave has at least one stamp";
        return Err(Problem::new(keys(["policy", "wave_size"]), what, "write 1 or more"));
    }
    if policy.restart_budget == 0 {
        let what = "a rotation restarts every workload once";
        return Err(Problem::new(keys(["policy", "restart_budget"]), what, "write 1 or more"));
    }
    let (ages, pace) = (&policy.ages, &policy.pace);
    let (hour, day, quarter) = (Span::minutes(60), Span::minutes(24 * 60), Span::minutes(90 * 24 * 60));
    if policy.log_lag < Span::minutes(1) {
        let what =
            "rows of a log come minutes after what they tell of: without a lag every log looks stalled";
        return Err(Problem::new(keys(["policy", "log_lag"]), what, "write \"10m\", or a minute at least"));
    }
    let spans: [(&[&str], Span, Span); 16] = [
        (&["ages", "ordinary"], ages.ordinary, hour),
        (&["ages", "restart"], ages.restart, Span::minutes(30)),
        (&["ages", "regenerate"], ages.regenerate, Span::minutes(10)),
        (&["ages", "proof"], ages.proof, hour),
        (&["pace", "people"], pace.people, hour),
        (&["pace", "pipeline"], pace.pipeline, hour),
        (&["pace", "rollout"], pace.rollout, hour),
        (&["pace", "pods"], pace.pods, hour),
        (&["pace", "account"], pace.account, hour),
        (&["soak"], policy.soak, quarter),
        (&["quiet_window"], policy.quiet_window, quarter),
        (&["confirm_window"], policy.confirm_window, quarter),
        (&["vault_lag"], policy.vault_lag, day),
        (&["log_lag"], policy.log_lag, day),
        (&["metrics_lag"], policy.metrics_lag, day),
        (&["settle"], policy.settle, day),
    ];
    for (below, span, most) in spans {
        let path = || ["policy"].iter().chain(below).map(|key| Step::from(*key)).collect();
        // A clock that runs fast needs as many more of its seconds for the same look.
        if span.0.as_secs_f64() > most.0.as_secs_f64() * speed.max(1.0) {
            let (what, remedy) = match below {
                ["ages", _] => (
                    format!("evidence that is {span} old tells what was so, not what is so"),
                    format!("write \"{most}\" or less: what has become too old is looked at again by itself"),
                ),
                _ => {
                    (format!("{span} is longer than any rotation waits"), format!("write \"{most}\" or less"))
                }
            };
            return Err(Problem::new(path(), what, remedy));
        }
        // Windows may be empty.
        if below.len() == 2 && span < Span::seconds(1) {
            return Err(Problem::new(path(), "it is at least one second", "write a longer time"));
        }
    }
    Ok(())
}
