//! The regeneration that was sent, as the journal has it.

use jiff::Timestamp;

use super::super::attempt::may_have_been_sent;
use super::super::{Fold, Outcome, Phase, Produced, Purpose, Step};
use crate::model::{KeyKind, Operation};

/// The regeneration's operation, as the journal has it.
pub fn operation(fold: &Fold) -> Option<Operation> {
    fold.steps
        .values()
        .filter(|record| matches!(record.intent.step, Step::Regenerate { .. }))
        .max_by_key(|record| record.intended_at)
        .and_then(|record| match &record.outcome {
            Some((_, Outcome::Applied { produced: Produced::Operation(operation) })) => {
                Some(operation.clone())
            }
            _ => None,
        })
}

/// The regeneration that was sent, as far as the journal knows, and whose new key nobody has confirmed: which key, and
/// when. A key that was prepared is out of doubt once the rotation has gone on.
pub fn unconfirmed(fold: &Fold) -> Option<(KeyKind, Timestamp)> {
    let went_on = fold.reached.iter().any(|(_, _, phase)| *phase >= Phase::Propose);
    let open = |step: &Step| match step {
        Step::Regenerate { kind, purpose: Purpose::Retire } => fold.confirmed.is_none().then_some(*kind),
        Step::Regenerate { kind, purpose: Purpose::Prepare } => (!went_on).then_some(*kind),
        _ => None,
    };
    fold.steps
        .values()
        .filter(|record| fold.is_open() && may_have_been_sent(record))
        .find_map(|record| Some((open(&record.intent.step)?, record.intended_at)))
}
