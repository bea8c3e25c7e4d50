//! Unanswered: what became of a regeneration to which no answer came. It may be under way, so it is never sent blindly
//! once more.
//!
//! The account's state and the key's generation time tell when it was done. Azure's activity log tells, late, that it
//! arrived, or that it failed. Where neither says anything in time, a person has to: silence proves nothing.

use std::time::Duration;

use jiff::Timestamp;

use super::super::attempt::may_have_been_sent;
use super::super::reason::later;
use super::super::{Context, Fold, Gate, Reason, Stand, Step, StepRecord, Subject, Why, request_id};
use crate::model::{EvidenceKey, KeyKind, RotationId, Trace, TracesView};

/// By when the activity log shows what it will show: Azure speaks of 3 to 20 minutes.
const LOG_LAG: Duration = Duration::from_secs(30 * 60);

/// By how much the clock of a service may be behind ours.
const SKEW: Duration = Duration::from_secs(10 * 60);

/// What was taken on has shown itself by then: Azure speaks of several hours.
pub(super) const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// What is to be looked for in the activity log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unanswered {
    /// Of every attempt: one that was given up may have arrived late.
    pub ids: Vec<String>,
    pub since: Timestamp,
}

/// The last regeneration, if no answer came to it, or none that tells how it ended.
pub fn unanswered(fold: &Fold) -> Option<Unanswered> {
    let rotation = fold.rotation()?.request_name();
    let record = fold
        .steps
        .values()
        .filter(|record| matches!(record.intent.step, Step::Regenerate { .. }))
        .max_by_key(|record| record.intended_at)
        .filter(|record| may_have_been_sent(record))?;
    let since = record.first_intended_at.checked_sub(SKEW).unwrap_or(Timestamp::MIN);
    Some(Unanswered { ids: ids(&rotation, record), since })
}

fn ids(rotation: &RotationId, record: &StepRecord) -> Vec<String> {
    let of = |attempt| request_id(rotation, &record.intent.key, attempt);
    (1..=record.intent.attempt).map(of).collect()
}

/// Where it stands, while the account is idle and has the key of before. `None` when it is known to have changed
/// nothing, or a person has taken that upon them: then it may be sent once more, under all gates.
pub fn settle(ctx: &Context<'_>, record: &StepRecord, kind: KeyKind) -> Option<Stand> {
    let ids = ids(&ctx.opened.request_name(), record);
    let last = ids.last().cloned().unwrap_or_default();
    // What left last may have left when its permit ended.
    let until = later(record.intended_at, ctx.policy.settle.max(LOG_LAG + ctx.policy.ages.regenerate));
    let open = Open { ctx, record, key: Subject::Key(kind.slot), request: Subject::Request(last), until };
    let (at, view) = match ctx.traces(&open.request, ctx.policy.ages.ordinary) {
        Ok(seen) => seen,
        Err(reason) if reason.opens_by_looking() => return Some(Stand::Held(vec![*reason])),
        Err(reason) => return open.by_time(reason.why),
    };
    match furthest(view, &ids) {
        None => open.looks(EvidenceKey::Traces),
        Some(Trace::Failed { .. }) => None,
        Some(trace @ (Trace::Accepted { .. } | Trace::Succeeded { .. }))
            if ctx.now < later(record.intended_at, LONGEST) =>
        {
            open.arrived(trace)
        }
        Some(_) if at < until && until <= ctx.now => open.looks(EvidenceKey::Traces),
        Some(trace) => open.untraced(trace, view.newest),
    }
}

/// Of all attempts the one that is known to have been taken on; else the last. `None` where the log was asked for others.
fn furthest<'v>(view: &'v TracesView, ids: &[String]) -> Option<&'v Trace> {
    let traces = ids.iter().map(|id| view.traces.get(id)).collect::<Option<Vec<&Trace>>>()?;
    let taken = |trace: &&Trace| matches!(trace, Trace::Accepted { .. } | Trace::Succeeded { .. });
    traces.iter().copied().find(taken).or(traces.last().copied())
}

/// A request of which nothing is known.
struct Open<'c> {
    ctx: &'c Context<'c>,
    record: &'c StepRecord,
    key: Subject,
    request: Subject,
    /// When what would tell has had its time.
    until: Timestamp,
}

impl Open<'_> {
    fn step(&self) -> String {
        self.record.intent.step.to_string()
    }

    fn waits(&self, why: Why) -> Option<Stand> {
        Some(Stand::Held(vec![Reason::new(Gate::Regenerated, self.key.clone(), why)]))
    }

    fn looks(&self, evidence: EvidenceKey) -> Option<Stand> {
        self.waits(Why::NotSeen(evidence))
    }

    fn arrived(&self, trace: &Trace) -> Option<Stand> {
        let id = self.request.to_string();
        self.waits(Why::Arrived { step: self.step(), id, trace: trace.clone() })
    }

    fn untraced(&self, trace: &Trace, newest: Option<Timestamp>) -> Option<Stand> {
        let (step, sent) = (self.step(), self.record.intended_at);
        self.by_time(Why::Untraced { step, sent, trace: trace.clone(), newest })
    }

    /// First time may tell; then a person has to.
    fn by_time(&self, why: Why) -> Option<Stand> {
        let (ctx, until) = (self.ctx, self.until);
        if ctx.now < until {
            return self.waits(Why::OutcomeOpen {
                step: self.step(),
                taken: false,
                run: None,
                until,
                said: self.record.said().map(str::to_owned),
            });
        }
        if ctx.world.account.as_ref().is_none_or(|seen| seen.at < until) {
            return self.looks(EvidenceKey::Account);
        }
        let reasons = ctx.holding(vec![Reason::new(Gate::Settled, self.request.clone(), why)]);
        (!reasons.is_empty()).then_some(Stand::Held(reasons))
    }
}
