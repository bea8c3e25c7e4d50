//! What a restart alone was halted by, beside a whole rotation that has not come to its restarts.
//!
//! A restart goes ahead of the phases of the code. When it halts, the rotation's own phase says nothing of it: that may
//! be ready to propose. So whoever only looks is told of both, as long as the whole is before its restarts. All stamps are
//! judged, whichever were named: a failed rollout of one stops the others too.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{Decider, Decision, Fold, Phase, Reach, Reason, Verdict, decide};
use crate::model::World;

/// How a restart alone stands; `None` where none was begun on this leg, where the whole has come so far itself, or where it
/// would not get beyond what the whole has before it.
pub fn beside(
    decider: &Decider<'_>,
    fold: &Fold,
    world: &World,
    now: Timestamp,
    whole: &Decision,
) -> Option<Decision> {
    let begun = |least: Phase| {
        fold.reached.iter().any(|(_, leg, phase)| {
            *leg == whole.leg && *phase >= least && matches!(phase, Phase::Restart | Phase::Quiesce)
        })
    };
    if *decider.reach != Reach::Whole || whole.phase >= Phase::Restart || !begun(Phase::Restart) {
        return None;
    }
    let reach = Reach::Restart { stamps: BTreeSet::new(), quiesce: begun(Phase::Quiesce) };
    let decision = decide(&Decider { reach: &reach, ..*decider }, fold, world, now)?;
    matches!(decision.phase, Phase::Restart | Phase::Quiesce).then_some(decision)
}

/// What a person must see to before that restart goes on.
pub fn halted(decision: Decision) -> Option<(Phase, Vec<Reason>)> {
    match decision.verdict {
        Verdict::Halt { reasons } => Some((decision.phase, reasons)),
        Verdict::Act { .. } | Verdict::Record(_) | Verdict::Wait { .. } | Verdict::Done | Verdict::Enough => {
            None
        }
    }
}
