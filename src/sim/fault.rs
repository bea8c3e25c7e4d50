//! Faults as data: where, when, what.
//!
//! Two families share one type. A *call* fault changes how a service answers one call; the faces ask for it
//! with [`World::admit`](super::World::admit). A *world* fault changes what happens inside: pods that never
//! become ready, somebody who pauses a deployment. Each fault counts the occasions that match its target by
//! itself, so `Nth(1)` is the first matching occasion of that fault. One-off happenings (somebody pauses,
//! re-runs, reverts, closes) take their moment from the beginning of a `Window`.

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use super::seed::Seed;
use super::time::after;
use crate::model::{BranchName, Slot, StampName, WorkloadName};

/// What a call to a service wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum Operation {
    Fetch,
    Push,
    ReadPull,
    OpenPull,
    /// Merging one, or having it merged.
    MergePull,
    /// Labels, requests, comments, statuses.
    MarkPull,
    ReadRuns,
    StartRun,
    /// Runs of the validation pipeline.
    ReadValidations,
    ReadDeployments,
    StartValidation,
    /// Which clusters and vaults there are.
    ReadInventory,
    /// Who asked the account.
    ReadLogs,
    /// Who read the secret from a vault.
    ReadAudit,
    /// How many requests the account refused, minute by minute.
    ReadMetrics,
    /// Who had the account's keys listed.
    ReadActivity,
    /// What Azure Resource Manager knows of a cluster.
    AskForCluster,
    /// The same of a vault.
    AskForVault,
    /// Of Azure, for all vaults of a subscription.
    ListVaults,
    /// The same for all clusters.
    ListClusters,
    /// Of Azure, whether a vault's name is taken, or is one of those that were deleted.
    CheckVaultName,
    ReadCluster,
    /// Quotas, autoscalers and budgets of a cluster.
    ReadRoom,
    Restart,
    Watch,
    ReadVault,
    WriteVault,
    ReadAccount,
    ListKeys,
    Probe,
    Regenerate,
    Poll,
}

/// One call as faults see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call<'a> {
    pub operation: Operation,
    /// The stamp, for calls to a cluster or a vault.
    pub stamp: Option<&'a StampName>,
    pub workload: Option<&'a WorkloadName>,
    /// The account's region, for calls on the data plane.
    pub region: Option<&'a str>,
}

impl<'a> Call<'a> {
    pub fn of(operation: Operation) -> Call<'a> {
        Call { operation, stamp: None, workload: None, region: None }
    }

    pub fn on(operation: Operation, stamp: &'a StampName) -> Call<'a> {
        Call { stamp: Some(stamp), ..Call::of(operation) }
    }

    pub fn about(self, workload: &'a WorkloadName) -> Call<'a> {
        Call { workload: Some(workload), ..self }
    }

    pub fn at(self, region: &'a str) -> Call<'a> {
        Call { region: Some(region), ..self }
    }
}

/// What a fault applies to; every member that is given must match. All absent: everything.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize)]
pub struct Target {
    pub operation: Option<Operation>,
    pub stamp: Option<StampName>,
    pub workload: Option<WorkloadName>,
    pub region: Option<String>,
    pub slot: Option<Slot>,
}

impl Target {
    pub fn any() -> Target {
        Target::default()
    }

    pub fn operation(operation: Operation) -> Target {
        Target { operation: Some(operation), ..Target::default() }
    }

    pub fn stamp(stamp: impl Into<StampName>) -> Target {
        Target { stamp: Some(stamp.into()), ..Target::default() }
    }

    pub fn workload(workload: WorkloadName) -> Target {
        Target { workload: Some(workload), ..Target::default() }
    }

    pub fn and_stamp(mut self, stamp: impl Into<StampName>) -> Target {
        self.stamp = Some(stamp.into());
        self
    }

    pub fn and_region(mut self, region: impl Into<String>) -> Target {
        self.region = Some(region.into());
        self
    }

    pub fn and_slot(mut self, slot: Slot) -> Target {
        self.slot = Some(slot);
        self
    }

    fn matches(&self, call: &Call<'_>) -> bool {
        fn fits<T: PartialEq + ?Sized>(wanted: Option<&T>, given: Option<&T>) -> bool {
            wanted.is_none() || wanted == given
        }
        self.operation.is_none_or(|operation| operation == call.operation)
            && fits(self.stamp.as_ref(), call.stamp)
            && fits(self.workload.as_ref(), call.workload)
            && fits(self.region.as_deref(), call.region)
    }

    /// Whether it covers this stamp and workload.
    pub fn covers(&self, stamp: &StampName, workload: &WorkloadName) -> bool {
        self.stamp.as_ref().is_none_or(|wanted| wanted == stamp)
            && self.workload.as_ref().is_none_or(|wanted| wanted == workload)
    }
}

/// When a fault strikes. Offsets count from the world's start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum When {
    Always,
    /// Only the n-th matching occasion, from 1.
    Nth(u32),
    /// The first n matching occasions.
    First(u32),
    Window {
        from: Duration,
        until: Duration,
    },
    /// In so many of a thousand matching occasions, by the seed.
    Chance {
        per_mille: u16,
    },
}

impl When {
    /// From this offset on, for ever; the form for one-off happenings.
    pub fn from(offset: Duration) -> When {
        When::Window { from: offset, until: Duration::MAX }
    }
}

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Trouble {
    // Calls.
    /// The service asks to come later.
    Throttle { retry_after: Duration },
    /// No connection; nothing was received.
    Unreachable,
    /// The service says that the caller may not.
    Forbidden,
    /// The service's firewall turns the caller's address away.
    Firewalled,
    /// It is done, and the answer never arrives.
    LoseAnswer,
    /// The answer takes this long; the world goes on meanwhile.
    Delay { by: Duration },
    // The world.
    /// Neither vault nor cluster of the stamp answers (the stamp itself runs on).
    StampUnreachable,
    /// New pods hang before their containers run.
    NeverReady,
    /// New pods' containers end again and again.
    CrashLoop,
    /// What new pods' processes read of the key is none of the account's: they run and are ready, and every request of
    /// theirs is refused.
    MisreadKey,
    /// The driver cannot mount the secret for new pods: they wait until it can.
    CsiFails,
    /// In a window: the node stops answering. Its pods run on, with the key that they have, whatever the cluster tells
    /// them; after five minutes they are told to end. When the node is back, they hear it.
    NodeLost { node: u32 },
    /// In a window: somebody drains the node. Nothing is scheduled on it, and its pods are evicted as soon as budgets of
    /// disruption let them go.
    Drain { node: u32 },
    /// Somebody pauses the deployment.
    Pause,
    /// From now on the load takes so many pods: autoscalers give their Deployments as many, within their limits, and take none
    /// away before it has been less for five minutes.
    Scale { replicas: u32 },
    /// Somebody runs the whole pipeline of this branch, leaving out the stages named.
    RunPipeline { branch: BranchName, skip: Vec<String> },
    /// Somebody puts the first commit's file back on this branch, undoing what was merged to it.
    Revert { branch: BranchName },
    /// Somebody closes the pull request; the n-th occasion is the n-th one opened. In a window: all open then.
    ClosePull,
    /// Somebody pushes a commit of their own to the pull request's branch, so long after it was opened; the n-th occasion
    /// is the n-th one opened. In a window: to all open then.
    PushToPull { after: Duration },
    /// The account refuses the slot's read-write key in the region, valid or not.
    RefuseKey,
    /// Regenerations take this many times as long.
    SlowRegeneration { factor: u32 },
    /// The regeneration's operation ends as failed and changes no key.
    FailRegeneration,
    /// Mounted files follow the vault this much later.
    CsiLag { by: Duration },
    /// For this long after a write, the vault still answers with the version before.
    StaleVault { by: Duration },
    /// A pull request is not in any list for this long after it was opened.
    ListLag { by: Duration },
    /// In a window: the account's metrics tell nothing of what happens from its beginning on, as long as it lasts.
    MetricsStall,
    /// In a window: no row of what happens from its beginning on comes to the workspace, as long as it lasts; in the region
    /// that is named, or in all.
    LogsStall,
}

impl Trouble {
    fn is_call(&self) -> bool {
        match self {
            Trouble::Throttle { .. }
            | Trouble::Unreachable
            | Trouble::Forbidden
            | Trouble::Firewalled
            | Trouble::LoseAnswer
            | Trouble::Delay { .. } => true,
            Trouble::StampUnreachable
            | Trouble::NeverReady
            | Trouble::CrashLoop
            | Trouble::MisreadKey
            | Trouble::CsiFails
            | Trouble::NodeLost { .. }
            | Trouble::Drain { .. }
            | Trouble::Pause
            | Trouble::Scale { .. }
            | Trouble::RunPipeline { .. }
            | Trouble::Revert { .. }
            | Trouble::ClosePull
            | Trouble::PushToPull { .. }
            | Trouble::RefuseKey
            | Trouble::SlowRegeneration { .. }
            | Trouble::FailRegeneration
            | Trouble::CsiLag { .. }
            | Trouble::StaleVault { .. }
            | Trouble::ListLag { .. }
            | Trouble::MetricsStall
            | Trouble::LogsStall => false,
        }
    }

    /// Whether it is something that somebody does at one moment.
    pub(super) fn is_deed(&self) -> bool {
        matches!(
            self,
            Trouble::Pause
                | Trouble::Scale { .. }
                | Trouble::RunPipeline { .. }
                | Trouble::Revert { .. }
                | Trouble::ClosePull
                | Trouble::PushToPull { .. }
                | Trouble::NodeLost { .. }
                | Trouble::Drain { .. }
        )
    }
}

/// One fault: when, where, what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    pub at: When,
    pub target: Target,
    pub what: Trouble,
}

impl Fault {
    pub fn new(at: When, target: Target, what: Trouble) -> Fault {
        Fault { at, target, what }
    }
}

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
pub(super) struct FaultBook {
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
