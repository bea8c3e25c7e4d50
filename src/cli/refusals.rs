//! Refusals of steps, each told once: with what is waited for or why it ends, or by itself where nothing is held up by it.

use crate::render::reason;
use crate::rotation::{Outcome, Reason, Step};

/// Those that were not told yet: the step, and the first line of why.
#[derive(Default)]
pub struct Refusals(Vec<(String, String)>);

impl Refusals {
    pub fn note(&mut self, step: &Step, outcome: &Outcome) {
        if let Outcome::Refused { why, .. } = outcome {
            let first = why.lines().next().unwrap_or_default();
            self.0.push((step.to_string(), first.to_owned()));
        }
    }

    /// Those of which these reasons, which are told next, say nothing.
    pub fn untold(&mut self, reasons: &[Reason]) -> Vec<String> {
        let whys: Vec<String> = reasons.iter().map(reason::why).collect();
        let told = |step: &str, first: &str| whys.iter().any(|why| why.contains(step) && why.contains(first));
        let untold = std::mem::take(&mut self.0).into_iter().filter(|(step, first)| !told(step, first));
        untold.map(|(step, first)| format!("{step} was refused: {first}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{PullDress, PullNumber, Respite};
    use crate::rotation::{Gate, Leg, Subject, Why};

    #[test]
    fn a_refusal_is_told_by_itself_only_where_no_reason_tells_it() {
        let step = Step::DressPull { leg: Leg::Out, pull: PullNumber(7), dress: PullDress::default() };
        let why = "GitHub answered 403: no\nmore".to_owned();
        let refused = Outcome::Refused { why: why.clone(), later: false, respite: Respite::Unsaid };
        let mut refusals = Refusals::default();
        refusals.note(&step, &refused);
        let reason = Reason::new(
            Gate::Merged,
            Subject::Pull(PullNumber(7)),
            Why::StepRefused { step: step.to_string(), why },
        );
        assert!(refusals.untold(&[reason]).is_empty());
        refusals.note(&step, &refused);
        let told = refusals.untold(&[]);
        assert_eq!(told, [format!("{step} was refused: GitHub answered 403: no")]);
        assert!(refusals.untold(&[]).is_empty(), "once");
    }
}
