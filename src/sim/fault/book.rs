//! The faults that are to come, and those that have struck.

use std::time::Duration;

use jiff::Timestamp;

use super::super::seed::Seed;
use super::super::time::after;
use super::call::Call;
use super::trouble::Trouble;
use super::{Fault, When};
use crate::model::Slot;

/// How a service takes one call.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Admission {
    /// World time that passes before the service acts.
    pub delay: Duration,
    pub end: CallEnd,
}

/// How a call ends, as far as faults decide it.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum CallEnd {
    /// As the service will have it.
    #[default]
    Normal,
    /// The service acts, and the answer is lost.
    AnswerLost,
    Throttled {
        retry_after: Duration,
    },
    Unreachable,
    Forbidden,
    Firewalled,
}

/// The faults of one world with their counters.
#[derive(Clone, Debug)]
pub struct FaultBook {
    start: Timestamp,
    seed: Seed,
    faults: std::sync::Arc<[Fault]>,
    occasions: Vec<u32>,
}

impl FaultBook {
    pub fn new(start: Timestamp, seed: Seed, faults: &[Fault]) -> FaultBook {
        FaultBook { start, seed: seed.of("faults"), faults: faults.into(), occasions: vec![0; faults.len()] }
    }

    /// These and no others strike from now on.
    pub fn replace(&mut self, faults: &[Fault]) {
        (self.faults, self.occasions) = (faults.into(), vec![0; faults.len()]);
    }

    pub fn all(&self) -> &[Fault] {
        &self.faults
    }

    /// The moments at which a window begins and ends.
    pub fn window(&self, at: When) -> (Timestamp, Timestamp) {
        match at {
            When::Window { from, until } => (after(self.start, from), after(self.start, until)),
            When::Always | When::Nth(_) | When::First(_) | When::Chance { .. } => {
                (Timestamp::MIN, Timestamp::MAX)
            }
        }
    }

    /// Counts an occasion for the fault at `place` and says whether it strikes.
    fn strikes(&mut self, place: usize, now: Timestamp) -> bool {
        let (Some(fault), Some(count)) = (self.faults.get(place), self.occasions.get_mut(place)) else {
            return false;
        };
        *count += 1;
        let count = *count;
        match fault.at {
            When::Always => true,
            When::Nth(n) => count == n,
            When::First(n) => count <= n,
            When::Window { .. } => {
                let (from, until) = self.window(fault.at);
                from <= now && now < until
            }
            When::Chance { per_mille } => self.seed.at(place as u64).at(u64::from(count)).chance(per_mille),
        }
    }

    /// Whether calls like this are always forbidden: what a service says when it is asked for rights.
    pub fn forbids(&self, call: &Call<'_>) -> bool {
        let always = |fault: &Fault| fault.at == When::Always && fault.what == Trouble::Forbidden;
        self.faults.iter().any(|fault| always(fault) && fault.target.matches(call))
    }

    /// How a call is taken. Every fault that strikes has its say; the worst ending wins.
    pub fn admit(&mut self, call: &Call<'_>, now: Timestamp) -> Admission {
        let mut admission = Admission::default();
        if self.faults.is_empty() {
            return admission;
        }
        for place in 0..self.faults.len() {
            let Some(fault) = self.faults.get(place) else { continue };
            let silent = fault.what == Trouble::StampUnreachable && call.stamp.is_some();
            if !(fault.what.is_call() || silent) || !fault.target.matches(call) {
                continue;
            }
            let what = fault.what.clone();
            if self.strikes(place, now) {
                worsen(&mut admission, what);
            }
        }
        admission
    }

    /// The first world fault for which `pick` finds something to say and that strikes now.
    pub fn befall<T>(&mut self, now: Timestamp, pick: impl Fn(&Fault) -> Option<T>) -> Option<T> {
        let mut found = None;
        for place in 0..self.faults.len() {
            let Some(picked) = self.faults.get(place).and_then(&pick) else { continue };
            if self.strikes(place, now) && found.is_none() {
                found = Some(picked);
            }
        }
        found
    }

    /// Since when the account's metrics tell nothing, where they do not at this moment.
    pub fn metrics_stalled_since(&self, now: Timestamp) -> Option<Timestamp> {
        self.stalled_since(&Trouble::MetricsStall, None, now)
    }

    /// Since when no row of the region has come to the workspace, where none does at this moment; of any region, where none
    /// is given.
    pub fn logs_stalled_since(&self, region: Option<&str>, now: Timestamp) -> Option<Timestamp> {
        self.stalled_since(&Trouble::LogsStall, region, now)
    }

    fn stalled_since(&self, what: &Trouble, region: Option<&str>, now: Timestamp) -> Option<Timestamp> {
        let stalls = self.faults.iter().filter(|fault| {
            let of = fault.target.region.as_deref();
            fault.what == *what && (of.is_none() || of == region)
        });
        let windows = stalls.map(|fault| self.window(fault.at));
        windows.filter(|(from, until)| *from <= now && now < *until).map(|(from, _)| from).min()
    }

    /// Windows in which a slot's key is refused in a region.
    pub fn refusals(&self, slot: Slot, region: &str) -> impl Iterator<Item = (Timestamp, Timestamp)> {
        self.faults
            .iter()
            .filter(move |fault| {
                fault.what == Trouble::RefuseKey
                    && fault.target.slot.is_none_or(|wanted| wanted == slot)
                    && fault.target.region.as_deref().is_none_or(|wanted| wanted == region)
            })
            .map(|fault| self.window(fault.at))
    }
}

fn worsen(admission: &mut Admission, what: Trouble) {
    match what {
        Trouble::Delay { by } => admission.delay += by,
        Trouble::LoseAnswer if admission.end == CallEnd::Normal => admission.end = CallEnd::AnswerLost,
        Trouble::Throttle { retry_after } => admission.end = CallEnd::Throttled { retry_after },
        Trouble::Forbidden => admission.end = CallEnd::Forbidden,
        Trouble::Firewalled => admission.end = CallEnd::Firewalled,
        Trouble::Unreachable | Trouble::StampUnreachable => admission.end = CallEnd::Unreachable,
        // The rest are no matter of calls, and `admit` asks for none of them.
        _ => {}
    }
}
