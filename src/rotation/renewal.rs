//! The target key where it is made anew before anybody moves to it: for the plan.

use std::time::Duration;

use jiff::Timestamp;

use super::foresight::Course;
use super::{Decider, Fold, Gate, Phase, Purpose, Reason, Step, Subject, Why};
use crate::model::{KeyKind, World, age_of};

/// A regeneration of the key that everybody is to move to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Renewal {
    /// How old it is; absent where nobody knows.
    pub age: Option<Duration>,
    /// How old it may be, by the policy.
    pub max: Duration,
    pub course: Course,
}

/// Whether the rotation begins, or has begun, with one. Nothing where no rotation is open, the account was not seen, or somebody
/// has accepted the key's age.
pub fn renewal(decider: &Decider<'_>, fold: &Fold, world: &World, now: Timestamp) -> Option<Renewal> {
    let opened = fold.rotation()?;
    let max = decider.policy.max_target_age?;
    let ctx = decider.context(fold, opened, world, now);
    let kind = KeyKind { slot: opened.to(), access: opened.access };
    let account = world.account.as_ref()?.get()?;
    let generated = account.key(kind).generated;
    let age = generated.map(|at| age_of(at, now));
    let told = |course| Some(Renewal { age, max, course });
    if let Some(record) = ctx.record(&Step::Regenerate { kind, purpose: Purpose::Prepare }) {
        let is_made = generated > record.intent.generation_before && account.idle();
        return told(if is_made { Course::Done } else { Course::Running });
    }
    let young = age.is_some_and(|age| age <= max);
    if young || ctx.has_reached(Phase::Propose) {
        return None;
    }
    let old = Reason::new(Gate::TargetYoung, Subject::Key(kind.slot), Why::TargetTooOld { age, max });
    if ctx.holding(vec![old]).is_empty() {
        return None;
    }
    told(Course::ToCome)
}
