//! What a rotation would do, and what would be in its way: from evidence, before anything is begun.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::closed::is_closed;
use super::estimate::{Estimate, of_stamp};
use super::note::not_valid_until;
use super::predicate::{Deed, autoscaler, fits, own_region, rollout_failed};
use super::reason::later;
use super::renewal::Renewal;
use super::rollout::{Rollout, rollout};
use super::ruled::Ruled;
use super::{
    Acceptance, Decision, Gate, Leg, Opened, Phase, PhaseReport, PhaseState, Reason, StampRestart, Verdict,
    Why, WorkloadRestart,
};
use crate::model::{
    BranchName, BudgetView, ClusterState, ClusterView, Demand, Extent, KeyKind, Manager, Merging,
    NetworkRules, NodesView, ObjectName, Policy, Promotion, Propagation, Right, RightView, RoomView, Route,
    StampFacts, StampName, Strategy, SyncedSecretView, Term, Unplaced, UnreadRules, UnseenSecret,
    WorkloadKind, WorkloadName, WorkloadView, World, age_of,
};

mod beside;

/// Something to know before beginning. Nothing of it is a gate: gates are told by their reasons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Concern {
    /// The key was never regenerated since Azure keeps note of it, so nobody knows how old it is.
    AgeUnknown,
    /// Azure does not tell when keys were last used: the quiet window proves nothing.
    LastUseUnknown,
    /// Nobody looks for stamps that are not listed.
    NoInventory,
    /// Nobody says where requests are logged: a reader that is not listed is only seen by what else tells, and a stamp that
    /// is refused by the account's metrics alone.
    NoLogs {
        /// Whether the metrics are asked.
        counted: bool,
    },
    /// The account's metrics cannot be read: whether a restarted stamp is refused, they do not tell.
    NoMetrics { why: String },
    /// Which of the account's regions serves it is not known: what any of them refuses counts as its own. With what the
    /// configuration says, where the account is not there.
    RegionUnknown { stamp: StampName, said: Option<String> },
    /// Nobody says from where its pods are seen to come: their requests look like a stranger's.
    AddressesUnknown { stamp: StampName },
    /// Only a part of the cluster is looked at.
    NotLookedAt { stamp: StampName, extent: Extent },
    /// Kubernetes Secrets that pods read, and of which nobody may see whether a class once filled them; and which right is
    /// missing.
    SecretsUnseen { stamp: StampName, secrets: Vec<String>, why: String },
    /// Kubernetes Secrets that its CSI driver fills from the vault and will not fill anew, for its rotation is off.
    NoRotation { stamp: StampName, secrets: Vec<String> },
    /// The same where nobody says whether it is on.
    RotationUnknown { stamp: StampName, secrets: Vec<String> },
    /// Kubernetes Secrets that its CSI driver fills from the vault, and that no specification reads: who does reads them from
    /// the API server, and nobody sees who that is.
    SecretsUnread { stamp: StampName, secrets: Vec<String> },
    /// What holds the key now and nothing restarts: Jobs that run, pods under nothing that can be restarted. What is left of
    /// them once the vault holds the new key holds.
    HeldBeside { stamp: StampName, objects: Vec<ObjectName> },
    /// Azure is at work on its cluster: its restart waits until that is over.
    ClusterChanges { stamp: StampName, state: String },
    /// A cluster that does not run: its pods are made anew when it starts, and begin with what Kubernetes Secrets there hold,
    /// which nobody sees until then.
    NotRunning { stamp: StampName },
    /// Azure knows no such cluster.
    NoCluster { stamp: StampName },
    /// Azure knows neither its cluster nor its vault.
    Closed { stamp: StampName },
    /// The version that its vault holds has an end, which the service does not heed, and others may.
    SecretExpires { stamp: StampName, at: Timestamp },
    /// It is not to be taken before then, which the service does not heed either.
    SecretNotYetValid { stamp: StampName, at: Timestamp },
    /// A single replica: while it is replaced, the second one is only there if there is room to surge.
    OneReplica { stamp: StampName, workload: WorkloadName },
    /// No replica may be added before one is taken away.
    NoSurge { stamp: StampName, workload: WorkloadName },
    /// A rollout of it is under way: a restart waits for its end.
    RollsOut { stamp: StampName, workload: WorkloadName },
    /// It is scaled to zero: there is nothing to restart, and nothing to see the new key work on.
    Scaled { stamp: StampName, workload: WorkloadName },
    /// The account's data plane lets some networks in and this machine is there, now: whoever goes on has to be.
    NetworkRules { rules: NetworkRules },
    /// Nobody may read what quotas leave, or what autoscalers want: whether there is room shows when it is needed.
    RoomUnknown { stamp: StampName, why: String },
    /// Not all the pods that it may surge by fit into a quota: its rollout takes longer.
    LittleRoom { stamp: StampName, workload: WorkloadName, quota: String, fit: u128, surge: u32 },
    /// Its autoscaler has given it all the pods that it may have, and a restart takes some away for a while.
    AtMaximum { stamp: StampName, workload: WorkloadName, most: u32 },
    /// Pods of anybody wait for a node: the new pods of these may have to wait as well, or their restart.
    PodsWait { stamp: StampName, unplaced: Unplaced, workloads: Vec<WorkloadName> },
    /// No node has room for one pod more of it, by what pods request.
    NodesFull {
        stamp: StampName,
        workload: WorkloadName,
        /// How many nodes would take one.
        takers: usize,
        /// Whether something seems to be there that adds nodes.
        grows: bool,
        /// Whether its restart takes pods away before others serve.
        loses: bool,
    },
    /// What nodes have left, nobody knows.
    NodesUnknown { stamp: StampName, why: String },
    /// Budgets that allow no eviction now: a rolling update asks none of them, drains of nodes do.
    TightBudgets { stamp: StampName, budgets: Vec<String> },
    /// The same where Argo restarts a Rollout, which evicts.
    BudgetsHold { stamp: StampName, workload: WorkloadName, budgets: Vec<String> },
    /// Nobody may read budgets of disruption.
    BudgetsUnknown { stamp: StampName, why: String },
    /// The role that lets keyslot regenerate ends before the waits alone are over.
    RightEnds { until: Timestamp },
    /// The account's logs begin so late that whether the old key is unused can be told from then on.
    LogsBegin { begins: Timestamp, from: Timestamp },
    /// They begin so late that who comes by now and then can be told from then on.
    CensusBegins { begins: Timestamp, from: Timestamp },
    /// The audit of these vaults begins only after the census window: who read the secret before, nobody knows.
    AuditsBegin { vaults: Vec<(StampName, Timestamp)> },
    /// A rule of the forge may refuse this; nobody here can tell.
    RuleMayRefuse { branch: BranchName, deed: Deed, demand: Demand },
    /// Some of a branch's rules may not be read.
    RulesUnread { branch: BranchName, what: UnreadRules },
    /// A branch's rules cannot be seen.
    RulesUnseen { branch: BranchName, why: String },
    /// Whether keyslot may do this, which restarts take, its cluster does not say.
    RestartUntold { stamp: StampName, what: String, why: String },
    /// A GitOps tool writes its specification: what a restart puts there it may take away again, which rolls the pods once
    /// more.
    Managed { workload: WorkloadName, by: Manager, stamps: Vec<StampName> },
    /// The named workload does not get the secret.
    DoesNotConsume { stamp: StampName, workload: WorkloadName },
}

/// Stamps that are restarted at the same time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wave {
    pub canary: bool,
    pub stamps: Vec<(StampName, Course)>,
}

/// How far something is that the plan names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Course {
    ToCome,
    Running,
    Done,
}

impl Course {
    /// Of several that belong together.
    pub fn of_all(courses: impl IntoIterator<Item = Course>) -> Course {
        let together = |one: Course, other: Course| if one == other { one } else { Course::Running };
        courses.into_iter().reduce(together).unwrap_or(Course::ToCome)
    }

    fn of_phase(state: PhaseState) -> Course {
        match state {
            PhaseState::Done | PhaseState::FoundDone => Course::Done,
            PhaseState::Current | PhaseState::Running => Course::Running,
            PhaseState::Pending => Course::ToCome,
        }
    }

    fn of_stamp(restart: &StampRestart) -> Course {
        if restart.is_over() {
            return Course::Done;
        }
        let begun = |it: &WorkloadRestart| match it {
            WorkloadRestart::Restarted(_) | WorkloadRestart::Sent { .. } => true,
            WorkloadRestart::Held(reason) => matches!(reason.why, Why::RolloutUnderWay { .. }),
            WorkloadRestart::Young | WorkloadRestart::NoPods | WorkloadRestart::Due => false,
        };
        let begun = restart.workloads.iter().any(|(_, it)| begun(it));
        if begun { Course::Running } else { Course::ToCome }
    }
}

/// How long it takes at least, by the waits that the policy prescribes. Reviews, runs and rollouts come on top.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waits {
    /// Until the target key has been unused for long enough to be made anew, where it is made anew first.
    pub renewal: Duration,
    pub settling: Duration,
    pub soak: Duration,
    /// Until it is known of each wave whom the account refuses, before the next one.
    pub judging: Duration,
    pub quiet: Duration,
    pub confirm: Duration,
}

impl Waits {
    pub fn total(&self) -> Duration {
        self.renewal + self.settling + self.soak + self.judging + self.quiet + self.confirm
    }
}

/// The whole plan.
#[derive(Clone, Debug, PartialEq)]
pub struct Foresight {
    pub opened: Opened,
    /// Whether the rotation is open already.
    pub begun: bool,
    pub phase: Phase,
    /// How far each phase is, of a rotation that is open.
    pub courses: Vec<(Phase, Course)>,
    /// What would hold it now.
    pub holds: Vec<Reason>,
    /// What does not hold it now and would before anything is restarted, as things are.
    pub later: Vec<Reason>,
    /// How far somebody's approval of the regeneration is.
    pub approval: Course,
    /// What people have accepted and what is not over, of a rotation that is open.
    pub acceptances: Vec<Acceptance>,
    pub concerns: Vec<Concern>,
    pub waves: Vec<Wave>,
    pub workloads: Vec<WorkloadName>,
    /// Who merges the pull request.
    pub merging: Merging,
    /// How the change reaches the live release branch.
    pub promotion: Promotion,
    /// Who writes the vaults.
    pub propagation: Propagation,
    pub waits: Waits,
    /// How long the restarts of each stamp may take that is to be restarted; of those that are not seen nobody knows.
    pub rollouts: BTreeMap<StampName, Estimate>,
    /// The target key is made anew first.
    pub renewal: Option<Renewal>,
    /// What is yet to be done with branches, and what the forge's rules make of it.
    pub ruled: Vec<Ruled>,
    /// By whom they are told: the account, or a stamp.
    pub rights: Vec<(String, RightView)>,
}

impl Foresight {
    /// Puts the plan together from the decision that would be made.
    pub fn of(
        opened: &Opened,
        begun: bool,
        decision: &Decision,
        world: &World,
        policy: &Policy,
        rights: Vec<(String, RightView)>,
    ) -> Foresight {
        let holds = match &decision.verdict {
            Verdict::Wait { reasons, .. } | Verdict::Halt { reasons } => reasons.clone(),
            Verdict::Act { held, .. } => held.clone(),
            Verdict::Record(_) | Verdict::Done | Verdict::Enough => Vec::new(),
        };
        // On the way of the next release nothing is restarted: units that are built anew begin with the new key.
        let waves = match opened.route {
            Route::NextRelease => Vec::new(),
            Route::Hotfix | Route::VaultFirst => waves(policy, world),
        };
        let soaks = waves.len() > 1;
        let lag = policy.log_lag.unwrap_or_default();
        let told = lag.max(policy.metrics_lag.unwrap_or_default());
        let between = u32::try_from(waves.len().saturating_sub(2)).unwrap_or(u32::MAX);
        let judging = policy.metrics_lag.or(policy.log_lag).unwrap_or_default();
        Foresight {
            opened: opened.clone(),
            begun,
            acceptances: Vec::new(),
            phase: decision.phase,
            courses: Vec::new(),
            holds,
            later: Vec::new(),
            approval: Course::ToCome,
            concerns: concerns(opened, world, policy, decision.phase < Phase::Restart),
            waits: Waits {
                renewal: Duration::ZERO,
                settling: policy.vault_lag,
                soak: if soaks { policy.soak + told } else { Duration::ZERO },
                judging: judging.saturating_mul(between),
                quiet: policy.quiet_window + lag,
                confirm: policy.confirm_window,
            },
            rollouts: rollouts(&waves, policy, world),
            waves,
            workloads: policy.workloads.clone(),
            merging: policy.pulls.merging,
            promotion: policy.promotion,
            propagation: policy.propagation,
            renewal: None,
            ruled: Vec::new(),
            rights,
        }
    }

    /// Tells what is done of an open rotation, and what is under way. The waves are those of the way out.
    pub fn begun_with(mut self, phases: &[PhaseReport], restarts: &[StampRestart]) -> Foresight {
        let out = phases.iter().filter(|one| one.leg == Leg::Out);
        self.courses = out.map(|one| (one.phase, Course::of_phase(one.state))).collect();
        let returns = phases.iter().any(|one| one.leg == Leg::Back);
        for (name, course) in self.waves.iter_mut().flat_map(|wave| &mut wave.stamps) {
            let restart = restarts.iter().find(|restart| restart.stamp == *name);
            *course = match restart {
                _ if returns => Course::Done,
                Some(restart) => Course::of_stamp(restart),
                None => Course::ToCome,
            };
        }
        self.waits = self.waits_left();
        self
    }

    /// The waits that are not over. Of one that is under way nothing is taken off: what it waits for may begin anew.
    fn waits_left(&self) -> Waits {
        let over = |phases: &[Phase]| self.course(phases) == Course::Done;
        let next =
            self.waves.get(1).is_none_or(|wave| wave.stamps.iter().any(|(_, it)| *it != Course::ToCome));
        let unless = |over: bool, wait: Duration| if over { Duration::ZERO } else { wait };
        let Waits { renewal, settling, soak, judging, quiet, confirm } = self.waits;
        Waits {
            renewal: unless(over(&[Phase::Prepare]), renewal),
            settling: unless(over(&[Phase::Restart]), settling),
            soak: unless(next || over(&[Phase::Restart]), soak),
            judging: unless(over(&[Phase::Restart]), judging),
            quiet: unless(over(&[Phase::Quiesce]), quiet),
            confirm: unless(over(&[Phase::Confirm]), confirm),
        }
    }

    /// Notes whether an approval holds: without one, the regeneration is not what is done now.
    pub fn approved(mut self, yes: bool) -> Foresight {
        let sent = self.course(&[Phase::Regenerate]) == Course::Done || self.phase > Phase::Regenerate;
        self.approval = match (yes || sent, self.phase == Phase::Regenerate) {
            (true, _) => Course::Done,
            (false, true) => Course::Running,
            (false, false) => Course::ToCome,
        };
        if self.approval == Course::Running {
            let regenerate = self.courses.iter_mut().filter(|(phase, _)| *phase == Phase::Regenerate);
            regenerate.for_each(|(_, course)| *course = Course::ToCome);
        }
        self
    }

    /// Notes what would hold later, as far as it does not hold now.
    pub fn meeting(mut self, later: Vec<Reason>) -> Foresight {
        self.later = later.into_iter().filter(|one| !self.holds.contains(one)).collect();
        self
    }

    /// How long the restarts of a wave may take, of those that are not over; its stamps are restarted at the same time.
    pub fn rollout_of(&self, wave: &Wave) -> Estimate {
        let left = wave.stamps.iter().filter(|(_, course)| *course != Course::Done);
        let estimates = left.filter_map(|(stamp, _)| self.rollouts.get(stamp).copied());
        estimates.fold(Estimate::NOTHING, Estimate::beside)
    }

    /// How far these phases are together.
    pub fn course(&self, phases: &[Phase]) -> Course {
        let all = self.courses.iter().filter(|(phase, _)| phases.contains(phase));
        Course::of_all(all.map(|(_, course)| *course))
    }

    /// Notes a right that ends too early, as far as its end is told.
    pub fn lasting(mut self, term: &Term, now: Timestamp) -> Foresight {
        if let Term::Until(until) = term
            && *until < later(now, self.waits.total())
        {
            self.concerns.push(Concern::RightEnds { until: *until });
        }
        self
    }

    /// Notes that the target key is made anew first, and when its last use is long enough ago for that, as far as it is told.
    pub fn renewing(mut self, renewal: Option<Renewal>, now: Timestamp) -> Foresight {
        let waits = renewal.as_ref().is_some_and(|renewal| renewal.course == Course::ToCome);
        let of_key = |one: &&Reason| matches!(one.gate, Gate::KeyQuiet | Gate::Readers);
        let untils = self.holds.iter().filter(of_key).filter_map(|one| one.why.until());
        let last = untils.max().filter(|_| waits && self.phase == Phase::Prepare);
        self.waits.renewal = last.map_or(Duration::ZERO, |until| age_of(now, until));
        self.renewal = renewal;
        self
    }

    /// Notes what the forge's rules make of what is done with branches.
    pub fn ruled_by(mut self, ruled: Vec<Ruled>) -> Foresight {
        self.concerns.extend(ruled.iter().flat_map(Ruled::concerns));
        self.ruled = ruled;
        self
    }

    /// Notes budgets of disruption. They are a note: what a restart deletes is no eviction.
    pub fn knowing(mut self, stamp: &StampName, budgets: Result<Vec<BudgetView>, String>) -> Foresight {
        let stamp = stamp.clone();
        let tight: Vec<BudgetView> = match budgets {
            Ok(budgets) => budgets.into_iter().filter(|budget| budget.allowed == 0).collect(),
            Err(why) => {
                self.concerns.push(Concern::BudgetsUnknown { stamp, why });
                return self;
            }
        };
        let named = |budget: &BudgetView| format!("{}/{}", budget.namespace, budget.name);
        for workload in self.workloads.iter().filter(|name| name.kind == WorkloadKind::Rollout) {
            let near = tight.iter().filter(|budget| budget.namespace == workload.namespace);
            let budgets: Vec<String> = near.map(named).collect();
            if !budgets.is_empty() {
                let (stamp, workload) = (stamp.clone(), workload.clone());
                self.concerns.push(Concern::BudgetsHold { stamp, workload, budgets });
            }
        }
        if !tight.is_empty() {
            let budgets = tight.iter().map(named).collect();
            self.concerns.push(Concern::TightBudgets { stamp, budgets });
        }
        self
    }

    /// Notes nodes without room for the pods that a restart adds. One that adds none uses what its own pods had.
    pub fn placing(
        mut self,
        stamp: &StampName,
        nodes: Result<NodesView, String>,
        world: &World,
    ) -> Foresight {
        let Some(view) = world.clusters.get(stamp).and_then(|seen| seen.get()) else { return self };
        let added = |name: &WorkloadName| {
            view.workload(name).filter(|workload| workload.desired > 0 && workload.surge() > 0)
        };
        let restarted = !self.waves.is_empty() && self.workloads.iter().any(|name| added(name).is_some());
        if !restarted || !view.state.has_pods() {
            return self;
        }
        let NodesView { rooms, grows } = match nodes {
            Ok(nodes) => nodes,
            Err(why) => {
                self.concerns.push(Concern::NodesUnknown { stamp: stamp.clone(), why });
                return self;
            }
        };
        for room in rooms.into_iter().filter(|room| room.roomy == 0) {
            let Some(workload) = added(&room.workload) else { continue };
            let (loses, takers) = (workload.loses_pods(), room.takers);
            let (stamp, workload) = (stamp.clone(), room.workload);
            self.concerns.push(Concern::NodesFull { stamp, workload, takers, grows, loses });
        }
        self
    }

    /// Whether it could begin now: nothing holds and no right is known to be missing.
    pub fn may_begin(&self) -> bool {
        self.holds.is_empty()
            && self.later.is_empty()
            && !self.rights.iter().any(|(_, right)| right.right == Right::Denied)
    }
}

fn cluster_seen_at(world: &World, stamp: &StampFacts) -> Timestamp {
    world.clusters.get(&stamp.name).map_or(Timestamp::MIN, |seen| seen.at)
}

fn cluster<'w>(world: &'w World, stamp: &StampFacts) -> Option<&'w ClusterView> {
    world.clusters.get(&stamp.name)?.get()
}

fn rollouts(waves: &[Wave], policy: &Policy, world: &World) -> BTreeMap<StampName, Estimate> {
    let stamps = waves.iter().flat_map(|wave| &wave.stamps);
    let estimate = |stamp: &StampName| {
        let view = world.clusters.get(stamp).and_then(|seen| seen.get());
        view.map_or(Estimate::UNKNOWN, |view| of_stamp(policy, view))
    };
    stamps.map(|(stamp, _)| (stamp.clone(), estimate(stamp))).collect()
}

/// The stamp that would be restarted first, of those that run.
pub(super) fn canary<'p>(policy: &'p Policy, world: &World) -> Option<&'p StampFacts> {
    let runs = |stamp: &&StampFacts| cluster(world, stamp).is_none_or(|view| view.state.has_pods());
    let stamps: Vec<&StampFacts> = policy.stamps.iter().filter(runs).collect();
    let has_pods = |stamp: &StampFacts| {
        // Of a workload that is missing nobody knows.
        let wanted =
            |view: &ClusterView, name| view.workload(name).is_none_or(|workload| workload.desired > 0);
        let wants = |view: &ClusterView| policy.workloads.iter().any(|name| wanted(view, name));
        cluster(world, stamp).is_none_or(wants)
    };
    let first = |wanted: &dyn Fn(&StampFacts) -> bool| stamps.iter().copied().find(|stamp| wanted(stamp));
    first(&|stamp| stamp.live_traffic && has_pods(stamp))
        .or_else(|| first(&has_pods))
        .or_else(|| stamps.first().copied())
}

/// The canary alone, then the others as the policy's wave size says, in the configured order.
fn waves(policy: &Policy, world: &World) -> Vec<Wave> {
    let Some(first) = canary(policy, world) else { return Vec::new() };
    let runs = |stamp: &&StampFacts| cluster(world, stamp).is_none_or(|view| view.state.has_pods());
    let others = policy.stamps.iter().filter(runs).filter(|stamp| stamp.name != first.name);
    let rest: Vec<(StampName, Course)> = others.map(|stamp| (stamp.name.clone(), Course::ToCome)).collect();
    let mut waves = vec![Wave { canary: true, stamps: vec![(first.name.clone(), Course::ToCome)] }];
    waves.extend(
        rest.chunks(policy.wave_size.max(1)).map(|stamps| Wave { canary: false, stamps: stamps.to_vec() }),
    );
    waves
}

/// `before`: nothing is restarted yet, so what rolls out is somebody else's doing.
fn concerns(opened: &Opened, world: &World, policy: &Policy, before: bool) -> Vec<Concern> {
    let mut concerns = Vec::new();
    let account = world.account.as_ref().and_then(|seen| seen.get());
    if let Some(account) = account {
        let target = KeyKind { slot: opened.from.other(), access: opened.access };
        if account.key(target).generated.is_none() {
            concerns.push(Concern::AgeUnknown);
        }
        let proven = world.proofs.get(&target.slot).and_then(|seen| seen.get());
        // Where it keeps this machine out, that is in the way, and no concern.
        if account.network.restrict() && proven.is_some_and(|proof| proof.keeping_out().is_empty()) {
            concerns.push(Concern::NetworkRules { rules: account.network.clone() });
        }
        if !account.notes_uses() && policy.log_lag.is_none() {
            concerns.push(Concern::LastUseUnknown);
        }
    }
    if !policy.inventory {
        concerns.push(Concern::NoInventory);
    }
    if policy.log_lag.is_none() {
        concerns.push(Concern::NoLogs { counted: policy.metrics_lag.is_some() });
    }
    if policy.metrics_lag.is_some()
        && let Some(Err(blind)) = world.metrics.as_ref().map(|seen| &seen.what)
    {
        concerns.push(Concern::NoMetrics { why: blind.why.clone() });
    }
    for stamp in &policy.stamps {
        if is_closed(world, &stamp.name) {
            concerns.push(Concern::Closed { stamp: stamp.name.clone() });
            continue;
        }
        let vault = world.vaults.get(&stamp.name).and_then(|seen| seen.get());
        concerns.extend(vault.and_then(|vault| vault.expires).map(|at| {
            let stamp = stamp.name.clone();
            Concern::SecretExpires { stamp, at }
        }));
        concerns.extend(not_valid_until(world, &stamp.name).map(|at| {
            let stamp = stamp.name.clone();
            Concern::SecretNotYetValid { stamp, at }
        }));
        let is_told = policy.log_lag.is_some() || policy.metrics_lag.is_some();
        // Of an account that cannot be read nobody knows where it is.
        let elsewhere = account.is_some() || stamp.region.is_none();
        if is_told && elsewhere && own_region(account, stamp).is_none() {
            let (stamp, said) = (stamp.name.clone(), stamp.region.clone());
            concerns.push(Concern::RegionUnknown { stamp, said });
        }
        if policy.census().is_some() && stamp.addresses.is_empty() {
            concerns.push(Concern::AddressesUnknown { stamp: stamp.name.clone() });
        }
        let Some(view) = cluster(world, stamp) else { continue };
        if !view.state.has_pods() {
            let stamp = stamp.name.clone();
            concerns.push(match view.state == ClusterState::Stopped {
                true => Concern::NotRunning { stamp },
                false => Concern::NoCluster { stamp },
            });
            continue;
        }
        if let Some(first) = view.unseen.first() {
            let full = |secret: &UnseenSecret| format!("{}/{}", secret.namespace, secret.name);
            let secrets = view.unseen.iter().map(full).collect();
            concerns.push(Concern::SecretsUnseen {
                stamp: stamp.name.clone(),
                secrets,
                why: first.why.clone(),
            });
        }
        concerns.extend(of_synced(&stamp.name, view));
        concerns.extend(beside::unread(&stamp.name, view));
        concerns.extend(view.extent.iter().map(|extent| {
            let (stamp, extent) = (stamp.name.clone(), extent.clone());
            Concern::NotLookedAt { stamp, extent }
        }));
        concerns.extend(policy.workloads.iter().filter_map(|name| of_workload(&stamp.name, name, view)));
        if before {
            concerns.extend(beside::held(&stamp.name, view, cluster_seen_at(world, stamp)));
            concerns.extend(beside::changes(world, policy, &stamp.name, view));
            concerns.extend(rolling_out(world, policy, &stamp.name, view));
        }
        concerns.extend(of_waiting(&stamp.name, policy, world, view));
        let room = world.rooms.get(&stamp.name).and_then(|seen| seen.get());
        concerns.extend(room.into_iter().flat_map(|room| of_room(&stamp.name, policy, view, room)));
    }
    concerns.extend(managed(world, policy));
    concerns
}

/// Secrets that may keep the old key once the vault holds the new one: what would hold then is told before anything is begun.
fn of_synced(stamp: &StampName, view: &ClusterView) -> Option<Concern> {
    let full = |secret: &SyncedSecretView| format!("{}/{}", secret.namespace, secret.name);
    let secrets: Vec<String> = view.synced.iter().map(full).collect();
    let stamp = stamp.clone();
    match view.rotates {
        _ if secrets.is_empty() => None,
        Some(true) => None,
        Some(false) => Some(Concern::NoRotation { stamp, secrets }),
        None => Some(Concern::RotationUnknown { stamp, secrets }),
    }
}

/// Pods that wait for a node, where that holds nothing before the stamp's own restart: a new pod may wait behind them.
fn of_waiting(stamp: &StampName, policy: &Policy, world: &World, view: &ClusterView) -> Option<Concern> {
    let unplaced = view.unplaced.clone()?;
    let first = canary(policy, world).is_none_or(|first| first.name == *stamp);
    let adds = |workload: &&WorkloadView| workload.desired > 0 && !(first && workload.loses_pods());
    let named = policy.workloads.iter().filter_map(|name| view.workload(name)).filter(adds);
    let workloads: Vec<WorkloadName> = named.map(|workload| workload.name.clone()).collect();
    (!workloads.is_empty()).then(|| Concern::PodsWait { stamp: stamp.clone(), unplaced, workloads })
}

/// What of the room is not as it should be and holds nothing.
fn of_room(stamp: &StampName, policy: &Policy, view: &ClusterView, room: &RoomView) -> Vec<Concern> {
    let blind = room.quotas.as_ref().err().into_iter().chain(room.autoscalers.as_ref().err());
    let mut concerns: Vec<Concern> =
        blind.map(|blind| Concern::RoomUnknown { stamp: stamp.clone(), why: blind.why.clone() }).collect();
    for workload in policy.workloads.iter().filter_map(|name| view.workload(name)) {
        let (stamp, named) = (stamp.clone(), workload.name.clone());
        let surge = workload.surge();
        let least = fits(workload, view, room).min_by_key(|fits| fits.count);
        if let Some(fits) = least.filter(|fits| fits.count > 0 && fits.count < u128::from(surge)) {
            let quota = fits.quota.name.clone();
            let (stamp, workload) = (stamp.clone(), named.clone());
            concerns.push(Concern::LittleRoom { stamp, workload, quota, fit: fits.count, surge });
        }
        let full = autoscaler(&named, room).filter(|one| !one.limited && one.desired >= one.most);
        if let Some(one) = full.filter(|_| workload.loses_pods()) {
            concerns.push(Concern::AtMaximum { stamp, workload: named, most: one.most });
        }
    }
    concerns
}

/// Rollouts that get on. Those that do not hold by themselves.
fn rolling_out(world: &World, policy: &Policy, stamp: &StampName, view: &ClusterView) -> Vec<Concern> {
    let seen = world.clusters.get(stamp).map_or(Timestamp::MIN, |seen| seen.at);
    let gets_on = |workload: &&WorkloadView| {
        matches!(
            rollout(workload, workload.generation),
            Rollout::NotYetObserved { .. } | Rollout::Progressing(_)
        ) && rollout_failed(workload, view, seen).is_none()
    };
    let named = policy.workloads.iter().filter_map(|name| view.workload(name));
    let concern =
        |workload: &WorkloadView| Concern::RollsOut { stamp: stamp.clone(), workload: workload.name.clone() };
    named.filter(gets_on).map(concern).collect()
}

/// Who else writes the workloads that are to be restarted; what is so in several stamps is told once.
fn managed(world: &World, policy: &Policy) -> Vec<Concern> {
    let mut by: BTreeMap<(WorkloadName, Manager), Vec<StampName>> = BTreeMap::new();
    for stamp in &policy.stamps {
        let Some(view) = cluster(world, stamp) else { continue };
        for workload in policy.workloads.iter().filter_map(|name| view.workload(name)) {
            let Some(manager) = workload.manager.clone() else { continue };
            by.entry((workload.name.clone(), manager)).or_default().push(stamp.name.clone());
        }
    }
    let concern = |((workload, by), stamps)| Concern::Managed { workload, by, stamps };
    by.into_iter().map(concern).collect()
}

/// The weightiest concern about one workload.
fn of_workload(stamp: &StampName, name: &WorkloadName, view: &ClusterView) -> Option<Concern> {
    let workload = view.workload(name)?;
    let (stamp, named) = (stamp.clone(), name.clone());
    if !workload.consumes {
        return Some(Concern::DoesNotConsume { stamp, workload: named });
    }
    if workload.desired == 0 {
        return Some(Concern::Scaled { stamp, workload: named });
    }
    // These are held by gates.
    if matches!(workload.strategy, Strategy::Recreate | Strategy::OnDelete) {
        return None;
    }
    match (workload.surge(), workload.desired) {
        (0, _) => Some(Concern::NoSurge { stamp, workload: named }),
        (_, 1) => Some(Concern::OneReplica { stamp, workload: named }),
        _ => None,
    }
}
