//! The regeneration that was sent and whose end is not known yet: since when, and how it is followed. For people;
//! nothing is decided by it.

use jiff::Timestamp;

use super::attempt::may_have_been_sent;
use super::phases::regeneration_under_way;
use super::{Context, Outcome, Phase, Produced, Purpose, Stand, Step, StepRecord};
use crate::model::{EvidenceKey, KeyKind, OperationState};

/// A regeneration that is under way, as far as anybody knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Regeneration {
    pub kind: KeyKind,
    pub purpose: Purpose,
    /// When its request was about to leave.
    pub sent: Timestamp,
    pub followed: Followed,
    /// When the service is asked again, where that is not at once.
    pub again: Option<Timestamp>,
    /// Why it failed, where the service says so: then a person must act.
    pub failed: Option<String>,
}

/// By what its end will be known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Followed {
    /// The service named an address that tells how far it is, asked last then.
    Operation { url: String, asked: Option<Timestamp> },
    /// It took the request and named no address: by the account's state and the key's generation time.
    Account,
    /// Whether the request arrived is not known: the same two will tell.
    Unanswered,
}

impl Regeneration {
    /// The one of the open rotation, if any.
    pub(super) fn of(ctx: &Context<'_>) -> Option<Regeneration> {
        if ctx.fold.confirmed.is_some() {
            return None;
        }
        let records = ctx.fold.steps.values().filter(|record| may_have_been_sent(record));
        records.filter_map(|record| under_way(ctx, record)).max_by_key(|one| one.sent)
    }

    /// The phase that waits for it.
    pub fn phase(&self) -> Phase {
        match self.purpose {
            Purpose::Prepare => Phase::Prepare,
            Purpose::Retire => Phase::Regenerate,
        }
    }
}

fn under_way(ctx: &Context<'_>, record: &StepRecord) -> Option<Regeneration> {
    let step = &record.intent.step;
    let Step::Regenerate { kind, purpose } = step else { return None };
    if *purpose == Purpose::Prepare && ctx.has_reached(Phase::Propose) {
        return None;
    }
    // Passed: it has come to its end. `None`: it never arrived.
    match regeneration_under_way(ctx, record, step)? {
        Stand::Passed => return None,
        Stand::Act(_) | Stand::Record(_) | Stand::Held(_) | Stand::ActAndHeld(..) => {}
    }
    let said = ctx.world.operation.as_ref();
    let (followed, again, failed) = match &record.outcome {
        Some((_, Outcome::Applied { produced: Produced::Operation(operation) })) => {
            let asked = ctx.world.sight(&EvidenceKey::Operation).map(|sight| sight.at);
            let followed = Followed::Operation { url: operation.url.clone(), asked };
            let state = said.and_then(|seen| seen.get());
            let pause = match state {
                Some(OperationState::Running(pause)) => *pause,
                _ => None,
            };
            let again = asked.zip(pause).map(|(asked, pause)| super::later(asked, pause));
            let failed = match state {
                Some(OperationState::Failed(why)) => Some(why.clone()),
                _ => None,
            };
            (followed, again.filter(|again| *again > ctx.now), failed)
        }
        Some((_, Outcome::Applied { .. })) => (Followed::Account, None, None),
        _ => (Followed::Unanswered, None, None),
    };
    Some(Regeneration { kind: *kind, purpose: *purpose, sent: record.intended_at, followed, again, failed })
}
