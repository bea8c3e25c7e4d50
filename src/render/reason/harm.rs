//! What would happen if a gate did not hold, in words.

use crate::rotation::{Gate, Reason, Why};

/// As the gate says of itself, unless the reason has an end of its own.
pub fn harm(reason: &Reason) -> &'static str {
    match (reason.gate, &reason.why) {
        (Gate::RolloutSettled, Why::RolloutFailed { .. }) => {
            "stamp after stamp is restarted into what made this rollout fail"
        }
        (gate, _) => gate.harm(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{StampName, WorkloadName};
    use crate::rotation::Subject;

    #[test]
    fn a_rollout_that_failed_is_nobody_elses() {
        let subject = Subject::Workload(StampName::new("east"), WorkloadName::new("ns", "app"));
        let of = |why| harm(&Reason::new(Gate::RolloutSettled, subject.clone(), why));
        let failed = Why::RolloutFailed { message: "timed out".to_owned(), symptoms: Vec::new() };
        assert!(!of(failed).contains("somebody else"));
        assert!(of(Why::RolloutUnderWay { updated: 1, available: 1, desired: 2 }).contains("somebody else"));
    }
}
