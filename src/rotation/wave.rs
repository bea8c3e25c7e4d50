//! Which stamps may be restarted now: the canary by itself, and after its soak as many at once as the policy says, never the
//! last healthy one that takes traffic. The others get a reason.
//!
//! A stamp whose restarts are over keeps its place, and is none that serves meanwhile, until it is known whom the account
//! refuses of it: with a key that does not work there its pods look as healthy as any, and what a container does after its
//! first seconds is seen by then too. Of a stamp that somebody else has restarted nothing more is asked than that it is well.

use std::collections::BTreeMap;

use super::predicate::{logs_reach, metrics_reach, untold_since};
use super::reason::later;
use super::stamps::{StampStand, WorkloadStand};
use super::{Context, Gate, Reason, Subject, Why};
use crate::model::{EvidenceKey, StampFacts, StampName};

/// Stamps by their place in the configuration.
pub struct Wave {
    /// Those that may be worked on now.
    pub admitted: Vec<usize>,
    pub busy: Busy,
    /// Why those that are done keep their places.
    pub untold: Vec<Reason>,
}

/// The stamps that anybody is at work on, the admitted ones included, and what they leave of the rest; counted as it
/// changes, for each of a thousand stamps asks.
pub struct Busy {
    is: Vec<bool>,
    /// Those of them that take a place in the wave: nobody is at work where all that goes on has failed and was accepted.
    places: Vec<bool>,
    count: usize,
    /// Those that take traffic of which a rollout is to come to an end, or is about to be begun.
    moving: usize,
    /// Those of ours that are between two restarts, each with all its pods and taking traffic.
    resting: Vec<usize>,
    /// All that take traffic.
    all_serving: usize,
    /// Those that take traffic, are healthy and left alone.
    steady: usize,
    /// Those that take traffic and are short of pods, which their controllers are bringing back.
    healing: usize,
    /// Whether this rotation has begun on any other than the canary that has pods, in its turn: the soak is over then, whatever
    /// becomes of the canary's pods.
    begun: bool,
    /// Those that are done, and of which it is not known yet whom the account refuses.
    untold: BTreeMap<usize, StampName>,
    /// How many of these would be steady.
    untold_steady: usize,
}

impl Busy {
    fn of(ctx: &Context<'_>, stands: &[StampStand], canary: usize, untold: &BTreeMap<usize, Reason>) -> Busy {
        let begun = stands.iter().enumerate().any(|(other, stand)| {
            other != canary && stand.begun && stand.wants_pods && !is_let_go_on(ctx, &stand.name)
        });
        let serving = || stands.iter().filter(|stand| stand.takes_traffic);
        let rests =
            |(index, stand): (usize, &StampStand)| (is_steady(stand) && stand.rests()).then_some(index);
        let mut busy = Busy {
            is: vec![false; stands.len()],
            places: vec![false; stands.len()],
            count: 0,
            moving: serving().filter(|stand| stand.is_moving()).count(),
            resting: stands.iter().enumerate().filter_map(rests).collect(),
            all_serving: serving().count(),
            steady: serving().filter(|stand| stand.healthy).count(),
            healing: serving().filter(|stand| stand.is_healing()).count(),
            begun,
            untold: BTreeMap::new(),
            untold_steady: 0,
        };
        for (index, stand) in stands.iter().enumerate().filter(|(_, stand)| stand.is_busy()) {
            busy.take(index, stand);
            if !is_given_up(ctx, stand) {
                busy.place(index);
            }
        }
        for index in untold.keys() {
            if let Some(stand) = stands.get(*index).filter(|_| !busy.is(*index)) {
                busy.untold.insert(*index, stand.name.clone());
                busy.untold_steady += usize::from(is_steady(stand));
                busy.take(*index, stand);
                busy.place(*index);
            }
        }
        busy
    }

    /// It is no steady one any more.
    fn take(&mut self, index: usize, stand: &StampStand) {
        if let Some(is) = self.is.get_mut(index).filter(|is| !**is) {
            *is = true;
            self.steady -= usize::from(is_steady(stand));
        }
    }

    fn place(&mut self, index: usize) {
        if let Some(placed) = self.places.get_mut(index).filter(|placed| !**placed) {
            *placed = true;
            self.count += 1;
        }
    }

    /// The same of one that is begun now.
    fn begin(&mut self, index: usize, stand: &StampStand) {
        if !self.is(index) {
            self.take(index, stand);
            self.moving += usize::from(stand.takes_traffic);
        }
        self.place(index);
    }

    fn has_place(&self, index: usize) -> bool {
        self.places.get(index).copied().unwrap_or_default()
    }

    pub fn is(&self, index: usize) -> bool {
        self.is.get(index).copied().unwrap_or_default()
    }

    /// Once it is known whom the account refuses of these, there is a place again, or one that serves.
    fn settling(&self) -> Why {
        Why::WaveSettling { behind: self.untold.values().cloned().collect() }
    }
}

/// Whether somebody has said, at any time, that the stamp need not wait for the canary. That it was begun says nothing of the
/// soak then, and nobody else goes on by it.
fn is_let_go_on(ctx: &Context<'_>, stamp: &StampName) -> bool {
    let behind = |why: &str| matches!(why, "soaking" | "canary-first");
    ctx.fold.acceptances.iter().any(|accepted| {
        accepted.gate == Gate::Wave
            && accepted.subject == stamp.as_str()
            && accepted.why.as_deref().is_none_or(behind)
    })
}

/// Whether all that goes on there has failed, and somebody has said that it may: what is next there is none of its other
/// workloads, where it is ours.
fn is_given_up(ctx: &Context<'_>, stand: &StampStand) -> bool {
    let next = stand.workloads.iter().find(|(_, workload)| *workload != WorkloadStand::Done);
    let rolls = matches!(next, Some((_, WorkloadStand::InFlight(_))));
    let mut in_flight = stand.in_flight();
    let accepted = |reason: &Reason| reason.is_given_up(ctx);
    (rolls || !stand.is_ours()) && in_flight.next().is_some_and(accepted) && in_flight.all(accepted)
}

fn is_steady(stand: &StampStand) -> bool {
    stand.takes_traffic && stand.healthy
}

/// The first that has pods and takes traffic; without pods a stamp shows nothing, whatever is done to it.
fn canary(stands: &[StampStand]) -> usize {
    let first = |wanted: &dyn Fn(&StampStand) -> bool| stands.iter().position(wanted);
    first(&|stand| stand.takes_traffic && stand.wants_pods)
        .or_else(|| first(&|stand| stand.wants_pods))
        .or_else(|| first(&|stand| stand.runs))
        .unwrap_or(0)
}

/// Which stamps may be worked on now; the others get a reason.
pub fn admitted(ctx: &Context<'_>, stands: &[StampStand], reasons: &mut Vec<Reason>) -> Wave {
    let canary = canary(stands);
    let ours = stands.iter().enumerate().filter(|(_, stand)| stand.is_ours()).map(|(index, _)| index);
    let untold = untold(ctx, stands);
    let busy = Busy::of(ctx, stands, canary, &untold);
    let mut wave = Wave { admitted: ours.collect(), busy, untold: untold.into_values().collect() };
    for (index, stand) in stands.iter().enumerate() {
        if stand.is_done() || stand.is_ours() {
            continue;
        }
        // Somebody else rolls it out: whatever becomes of that, it is judged afterwards.
        let mut holds = ctx.holding(stand.in_flight().cloned().collect());
        if holds.is_empty() {
            holds = wave_holds(ctx, stands, canary, index, &wave.busy);
        }
        if holds.is_empty() {
            wave.admitted.push(index);
            wave.busy.begin(index, stand);
        } else {
            reasons.extend(holds);
        }
    }
    wave
}

/// Those of ours that are done and take traffic, and of which nobody could tell yet whom the account refuses. Once the old key
/// is gone restarts end refusals, and wait for nobody.
fn untold(ctx: &Context<'_>, stands: &[StampStand]) -> BTreeMap<usize, Reason> {
    if ctx.old_key_is_gone() {
        return BTreeMap::new();
    }
    let done = |stand: &StampStand| stand.begun && stand.takes_traffic && stand.is_done();
    let judged = |(index, (stand, facts)): (usize, (&StampStand, &StampFacts))| {
        let since = stand.renewed.filter(|_| done(stand))?;
        let reason = untold_since(ctx, facts, since)?;
        Some((index, ctx.holding(vec![reason]).pop()?))
    };
    stands.iter().zip(&ctx.policy.stamps).enumerate().filter_map(judged).collect()
}

/// Whether what these restarts rest on besides their own stamps was seen lately enough for a restart: the canary before
/// the first that follows it, every stamp that is being worked on, because a failure there stops all, and one stamp that
/// serves meanwhile, the one seen last. The stands of all others only count, as they were seen last: whoever watches them
/// sees them when they turn, and the regeneration wants all of them listed anew.
pub fn rests(ctx: &Context<'_>, stands: &[StampStand], wave: &Wave, restarted: &[usize]) -> Vec<Reason> {
    let serves = |index: &usize| stands.get(*index).is_some_and(|stand| stand.takes_traffic);
    let first = canary(stands);
    let beyond = !wave.busy.begun && restarted.iter().any(|index| *index != first);
    let witness = restarted.iter().any(serves).then(|| witness(ctx, stands, &wave.busy)).flatten();
    let ours = stands.iter().filter(|stand| stand.is_ours() && !stand.between_looks);
    let rested =
        stands.get(first).filter(|stand| beyond && stand.runs).into_iter().chain(witness).chain(ours);
    let fresh = |stand: &StampStand| ctx.workloads(&stand.name, Gate::Wave, ctx.policy.ages.restart).err();
    rested.filter_map(fresh).map(|reason| *reason).collect()
}

/// Of the stamps that take traffic, are healthy and left alone, the one whose workloads were seen last.
fn witness<'s>(ctx: &Context<'_>, stands: &'s [StampStand], busy: &Busy) -> Option<&'s StampStand> {
    let steady = stands.iter().enumerate().filter(|(index, stand)| is_steady(stand) && !busy.is(*index));
    steady.map(|(_, stand)| stand).max_by_key(|stand| ctx.workloads_seen_at(&stand.name))
}

/// What was accepted of the canary opens no place in the wave, and a place in the wave does not end the last stamp that
/// serves: each is asked by itself.
fn wave_holds(
    ctx: &Context<'_>,
    stands: &[StampStand],
    canary: usize,
    index: usize,
    busy: &Busy,
) -> Vec<Reason> {
    let (Some(stand), Some(first)) = (stands.get(index), stands.get(canary)) else { return Vec::new() };
    let follows = if index == canary { Vec::new() } else { follows(ctx, stand, first, busy) };
    if !follows.is_empty() {
        return follows;
    }
    let at_once = ctx.policy.wave_size.max(1);
    let others = busy.count - usize::from(busy.has_place(index));
    if others >= at_once {
        let at_work =
            |other: &usize| *other != index && busy.has_place(*other) && !busy.untold.contains_key(other);
        let at_work = stands.iter().enumerate().filter(|(other, _)| at_work(other));
        let why = match others - busy.untold.len() >= at_once {
            true => Why::WaveFull { busy: at_work.map(|(_, stand)| stand.name.clone()).collect() },
            false => busy.settling(),
        };
        let full = ctx.holding(vec![Reason::new(Gate::Wave, Subject::Stamp(stand.name.clone()), why)]);
        if !full.is_empty() {
            return full;
        }
    }
    ctx.holding(last_healthy(index, stand, busy).into_iter().collect())
}

/// Why it does not follow the canary yet, without what was accepted. That somebody looks at the canary first is not
/// accepted by anybody.
fn follows(ctx: &Context<'_>, stand: &StampStand, first: &StampStand, busy: &Busy) -> Vec<Reason> {
    let reason = |why| vec![Reason::new(Gate::Wave, Subject::Stamp(stand.name.clone()), why)];
    if !first.is_done() || (first.wants_pods && first.renewed.is_none()) {
        return ctx.holding(reason(Why::CanaryFirst { canary: first.name.clone() }));
    }
    let Some(since) = first.renewed.filter(|_| !busy.begun) else { return Vec::new() };
    let until = later(since, ctx.policy.soak);
    let (told, unseen) = metrics_reach(ctx, &first.name, until, ctx.policy.ages.ordinary);
    if told > ctx.now {
        return ctx.holding(reason(Why::Soaking { canary: first.name.clone(), since, until: told }));
    }
    // Whatever became of it meanwhile is seen first.
    if ctx.cluster_seen_at(&first.name) < told {
        return reason(Why::NotSeen(EvidenceKey::Cluster(first.name.clone())));
    }
    let unknown = logs_reach(ctx, &first.name, until, ctx.policy.ages.ordinary);
    ctx.holding(unknown.into_iter().chain(unseen).collect())
}

/// The workloads that are missing where stamps take traffic, when the last healthy one waits for another to be so again: that
/// does not come by itself.
pub fn missing(stands: &[StampStand], reasons: &[Reason]) -> Vec<Reason> {
    let waits = |reason: &Reason| reason.why == Why::LastHealthyStamp { recovering: false };
    if !reasons.iter().any(waits) {
        return Vec::new();
    }
    let serving = stands.iter().filter(|stand| stand.takes_traffic);
    let missing = serving.flat_map(StampStand::missing).filter(|reason| !reasons.contains(reason));
    missing.cloned().collect()
}

/// Whether no other stamp that takes traffic is healthy and left alone: one that is being restarted may not be healthy
/// in a moment. Where all that serve are our own, between two of their restarts, they would wait for each other: then the
/// first of them goes on, and the others are left alone meanwhile.
pub fn last_healthy(index: usize, stand: &StampStand, busy: &Busy) -> Option<Reason> {
    if !stand.takes_traffic || busy.all_serving < 2 {
        return None;
    }
    let others_rest = busy.resting.len() > 1;
    let own = usize::from(is_steady(stand) && !busy.is(index));
    let stays = busy.steady > own || (others_rest && busy.resting.first() == Some(&index));
    let recovering = busy.moving > usize::from(stand.is_moving())
        || busy.healing > usize::from(stand.is_healing())
        || others_rest;
    let why = match busy.steady + busy.untold_steady > own {
        true => busy.settling(),
        false => Why::LastHealthyStamp { recovering },
    };
    (!stays).then(|| Reason::new(Gate::Wave, Subject::Stamp(stand.name.clone()), why))
}
