//! Where every restart stands: what was restarted, what was left as it was and why, and what is still to come. For
//! people; nothing is decided by it.

use jiff::Timestamp;

use super::predicate::{counts_as_propagated, refusals_wanted, workload_ready};
use super::rollout::superseded;
use super::stamps::{WorkloadStand, stand_of};
use super::{Context, Decider, Fold, Opened, Outcome, Produced, Reason, Step, StepRecord, Why};
use crate::model::{StampFacts, StampName, WorkloadName, World};

/// One workload of one stamp.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WorkloadRestart {
    /// By this rotation, whose patch was sent then.
    Restarted(Timestamp),
    /// All its pods are younger than what their vault holds, and nobody had to restart it.
    Young,
    /// Its cluster does not run: there is nothing to restart.
    NoPods,
    /// Its pods are older, and the vault holds the key that they shall read.
    Due,
    /// This rotation's patch was sent then, and older pods are there all the same: nothing rolls, or somebody has taken
    /// the restart back.
    Sent {
        at: Timestamp,
        /// Whether the cluster is known to have taken it.
        answered: bool,
        /// Whether somebody has changed the template since, so that it does not bear our time any more.
        overtaken: bool,
        /// Why nothing rolls, where that is to be seen.
        why: Option<Box<Reason>>,
    },
    /// Why not yet.
    Held(Box<Reason>),
}

/// One stamp, its workloads in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StampRestart {
    pub stamp: StampName,
    /// Whether it is one of those that were asked for.
    pub asked: bool,
    pub workloads: Vec<(WorkloadName, WorkloadRestart)>,
}

impl StampRestart {
    /// Whether anything is left to restart, or cannot be told.
    pub fn is_over(&self) -> bool {
        let is_left = |it: &WorkloadRestart| match it {
            WorkloadRestart::Due | WorkloadRestart::Sent { .. } | WorkloadRestart::Held(_) => true,
            WorkloadRestart::Restarted(_) | WorkloadRestart::Young | WorkloadRestart::NoPods => false,
        };
        !self.workloads.iter().any(|(_, it)| is_left(it))
    }
}

/// Every stamp of the policy, in its order.
pub fn restarts(
    decider: &Decider<'_>,
    fold: &Fold,
    opened: &Opened,
    world: &World,
    now: Timestamp,
) -> Vec<StampRestart> {
    let ctx = decider.present(fold, opened, world, now);
    ctx.policy.stamps.iter().map(|facts| of_stamp(&ctx, facts)).collect()
}

/// From which moment on it must be known whom the account refuses: since the first of the stamps was renewed, whoever did it.
pub fn refusals_since(
    decider: &Decider<'_>,
    fold: &Fold,
    opened: &Opened,
    world: &World,
    now: Timestamp,
) -> Option<Timestamp> {
    refusals_wanted(&decider.present(fold, opened, world, now))
}

fn of_stamp(ctx: &Context<'_>, facts: &StampFacts) -> StampRestart {
    let all =
        |told: WorkloadRestart| ctx.policy.workloads.iter().map(|it| (it.clone(), told.clone())).collect();
    let workloads = match stand_of(ctx, facts) {
        Err(reason) => all(WorkloadRestart::Held(reason)),
        Ok(stand) if !stand.runs => all(WorkloadRestart::NoPods),
        Ok(stand) => {
            // Whatever the command reaches: people are told of every stamp alike.
            let unpropagated = counts_as_propagated(ctx, &facts.name, ctx.target());
            let waits = unpropagated.into_iter().next();
            let told = |(name, stand)| {
                let told = of_workload(ctx, &facts.name, &name, stand, waits.as_ref());
                (name, told)
            };
            stand.workloads.into_iter().map(told).collect()
        }
    };
    StampRestart { stamp: facts.name.clone(), asked: ctx.reach.asks_for(&facts.name), workloads }
}

fn of_workload(
    ctx: &Context<'_>,
    stamp: &StampName,
    workload: &WorkloadName,
    stand: WorkloadStand,
    waits: Option<&Reason>,
) -> WorkloadRestart {
    match (stand, waits) {
        (WorkloadStand::InFlight(reason) | WorkloadStand::Missing(reason), _) => {
            WorkloadRestart::Held(Box::new(reason))
        }
        // Whatever its pods are, they are none that the target key was there for.
        (_, Some(reason)) => WorkloadRestart::Held(Box::new(reason.clone())),
        (WorkloadStand::Todo, None) => match sent(ctx, stamp, workload) {
            Some((at, answered)) => {
                let why = rolls_nothing(ctx, stamp, workload).map(Box::new);
                let overtaken = overtaken(ctx, stamp, workload);
                WorkloadRestart::Sent { at, answered, overtaken, why }
            }
            None => WorkloadRestart::Due,
        },
        (WorkloadStand::Done, None) => sent(ctx, stamp, workload)
            .map_or(WorkloadRestart::Young, |(at, _)| WorkloadRestart::Restarted(at)),
    }
}

/// Why a template that was changed replaces no pod.
fn rolls_nothing(ctx: &Context<'_>, stamp: &StampName, workload: &WorkloadName) -> Option<Reason> {
    let cluster = ctx.world.clusters.get(stamp)?.get()?;
    let nothing = |reason: &Reason| {
        matches!(reason.why, Why::Paused | Why::OnDelete | Why::Partitioned { .. } | Why::ClassMissing { .. })
    };
    workload_ready(stamp, workload, cluster).into_iter().find(nothing)
}

/// Whether the template that our restart made is another one by now.
fn overtaken(ctx: &Context<'_>, stamp: &StampName, workload: &WorkloadName) -> bool {
    let view = ctx.world.clusters.get(stamp).and_then(|seen| seen.get()?.workload(workload));
    let (Some(view), Some(record)) = (view, restart_of(ctx, stamp, workload)) else { return false };
    match (&record.intent.step, &record.outcome) {
        (
            Step::Restart { restarted_at, .. },
            Some((_, Outcome::Applied { produced: Produced::Generation(generation) })),
        ) => superseded(view, *generation, restarted_at),
        _ => false,
    }
}

/// When this rotation last restarted the workload for what its vault holds now, and whether that is known to have
/// arrived.
fn sent(ctx: &Context<'_>, stamp: &StampName, workload: &WorkloadName) -> Option<(Timestamp, bool)> {
    let refused = |outcome: &Outcome| matches!(outcome, Outcome::NotSent { .. } | Outcome::Refused { .. });
    let record = restart_of(ctx, stamp, workload)?;
    let unsent = record.outcome.as_ref().is_some_and(|(_, outcome)| refused(outcome));
    (record.applied || !unsent).then_some((record.intended_at, record.applied))
}

/// This rotation's restart of the workload for what its vault holds now.
fn restart_of<'c>(ctx: &Context<'c>, stamp: &StampName, workload: &WorkloadName) -> Option<&'c StepRecord> {
    let version = &ctx.world.vaults.get(stamp)?.get()?.version;
    let ours = |step: &Step| match step {
        Step::Restart { leg, stamp: on, workload: what, version: read, .. } => {
            *leg == ctx.leg && on == stamp && what == workload && read == version
        }
        _ => false,
    };
    ctx.fold.steps.values().find(|record| ours(&record.intent.step))
}
