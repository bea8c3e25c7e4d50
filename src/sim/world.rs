//! The state machine: time, events, commands, and what can be read.
//!
//! A world does nothing by itself. [`World::advance_to`] lets time pass and events happen in order;
//! [`World::apply`] does one deed at the present moment. Both are synchronous and deterministic: the same
//! configuration and the same calls give the same world.

mod apply;
mod read;

use std::sync::Arc;

use jiff::Timestamp;

use super::account::Account;
use super::audit::AuditBook;
use super::command::{Command, DeploymentPatch, Reply};
use super::config::WorldConfig;
use super::counters::Counters;
use super::deployment::Deployment;
use super::events::Queue;
use super::fault::{Admission, Call, CallEnd, Fault, FaultBook, Operation};
use super::forge::CommitStatus;
use super::genesis;
use super::kubernetes::{Cluster, Hand};
use super::logs::{LogBook, Outsider};
use super::meter::Meter;
use super::pipeline::Run;
use super::pull::Pull;
use super::refusal::Refusal;
use super::repository::Repository;
use super::seed::Seed;
use super::stamp::{Stamp, Unit};
use super::time::after;
use crate::model::{StampName, WorkloadName};

/// One simulated world.
#[derive(Clone, Debug)]
pub struct World {
    pub(super) config: Arc<WorldConfig>,
    pub(super) seed: Seed,
    pub(super) now: Timestamp,
    pub(super) queue: Queue,
    pub(super) faults: FaultBook,
    pub(super) repository: Repository,
    pub(super) pulls: Vec<Pull>,
    pub(super) statuses: Vec<CommitStatus>,
    pub(super) runs: Vec<Run>,
    pub(super) validations: Vec<Run>,
    /// Those that no run makes.
    pub(super) deployments: Vec<Deployment>,
    pub(super) account: Account,
    pub(super) units: Vec<Unit>,
    pub(super) stamps: Vec<Stamp>,
    /// The newest resource version in any cluster.
    pub(super) version: u64,
    pub(super) meter: Meter,
    pub(super) logs: LogBook,
    pub(super) audit: AuditBook,
    pub(super) outsiders: Vec<Outsider>,
    pub(super) counters: Counters,
    pub(super) digest: String,
}

impl World {
    /// A world at its beginning. Where the live branch's Terraform cannot be evaluated, its vaults hold the
    /// primary key.
    pub fn new(config: WorldConfig) -> World {
        genesis::create(config)
    }

    pub fn config(&self) -> &WorldConfig {
        &self.config
    }

    pub(super) fn config_arc(&self) -> Arc<WorldConfig> {
        Arc::clone(&self.config)
    }

    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// SHA-256 over the configuration and the state at the beginning, in hexadecimal: equal for equal worlds,
    /// whoever drives them.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// When something will happen by itself next. Later commands may bring something earlier.
    pub fn next_event(&self) -> Option<Timestamp> {
        self.queue.next_at()
    }

    /// Lets time pass until `until`; going back does nothing.
    pub fn advance_to(&mut self, until: Timestamp) {
        while let Some((at, event)) = self.queue.pop_due(until) {
            self.now = self.now.max(at);
            self.happen(event);
        }
        self.now = self.now.max(until);
    }

    /// How the service behind a call takes it, faults considered. Faces ask once a call, wait for the delay,
    /// and then act: also where the answer will be lost.
    pub fn admit(&mut self, call: &Call<'_>) -> Admission {
        let admission = self.faults.admit(call, self.now);
        if self.is_beyond_role(call) { Admission { end: CallEnd::Forbidden, ..admission } } else { admission }
    }

    /// From now on calls meet these troubles, and no others.
    pub fn suffer(&mut self, troubles: &[Fault]) {
        self.faults.replace(troubles);
    }

    /// Whether a service would say that such a call is not allowed.
    pub fn forbids(&self, call: &Call<'_>) -> bool {
        self.faults.forbids(call) || self.is_beyond_role(call)
    }

    /// Whether the role that such a call takes has ended.
    fn is_beyond_role(&self, call: &Call<'_>) -> bool {
        let takes_role = matches!(call.operation, Operation::ListKeys | Operation::Regenerate);
        takes_role && self.role_end().is_some_and(|end| end <= self.now)
    }

    /// When keyslot's role on the account ends.
    pub fn role_end(&self) -> Option<Timestamp> {
        Some(after(self.config.start, self.config.account.role_ends?))
    }

    /// The name of the ReadOnly lock that is on the account now.
    pub fn account_lock(&self) -> Option<&str> {
        let (name, from) = self.config.account.lock.as_ref()?;
        (after(self.config.start, *from) <= self.now).then_some(name)
    }

    /// [`World::admit`] and [`World::apply`] in one, letting the delay pass in between.
    ///
    /// # Errors
    /// The service's refusal, or the fault's; after [`Refusal::AnswerLost`] the deed is done.
    pub fn call(&mut self, call: &Call<'_>, command: Command) -> Result<Reply, Refusal> {
        let admission = self.admit(call);
        self.advance_to(after(self.now, admission.delay));
        match admission.end {
            CallEnd::Normal => self.apply(command),
            CallEnd::AnswerLost => {
                let _ = self.apply(command);
                Err(Refusal::AnswerLost)
            }
            CallEnd::Throttled { retry_after } => Err(Refusal::Throttled { retry_after }),
            CallEnd::Unreachable => Err(Refusal::Unreachable),
            CallEnd::Forbidden => Err(Refusal::Forbidden),
            CallEnd::Firewalled => Err(Refusal::Firewalled),
        }
    }

    /// Runs `act` on a stamp's cluster with its surroundings; `None` where there is no such stamp any more.
    pub(super) fn with_cluster<T>(
        &mut self,
        place: usize,
        act: impl FnOnce(&mut Cluster, &mut Hand<'_>) -> T,
    ) -> Option<T> {
        let World { config, now, queue, faults, stamps, version, .. } = self;
        let Stamp { name, vault, cluster, destroyed: None, seed, .. } = stamps.get_mut(place)? else {
            return None;
        };
        let mut hand =
            Hand { now: *now, config, seed: *seed, place, stamp: name, vault, version, queue, faults };
        Some(act(cluster, &mut hand))
    }

    pub(super) fn patch(
        &mut self,
        place: usize,
        workload: &WorkloadName,
        patch: &DeploymentPatch,
    ) -> Result<Reply, Refusal> {
        let stamp = self.stamp_at(place).map(|stamp| stamp.name.clone());
        let stamp = stamp.ok_or_else(|| Refusal::NotFound("the cluster".to_owned()))?;
        let before = self.generation(place, workload);
        let reply = self
            .with_cluster(place, |cluster, hand| cluster.patch(workload, patch, hand))
            .unwrap_or_else(|| Err(gone(&stamp)))?;
        if self.generation(place, workload) != before {
            self.counters.raised(&stamp, workload);
        }
        Ok(reply)
    }

    fn generation(&self, place: usize, workload: &WorkloadName) -> Option<i64> {
        let stamp = self.stamp_at(place)?;
        stamp.cluster.generation(workload)
    }

    fn alive(&self, name: &StampName) -> Result<usize, Refusal> {
        self.stamps
            .iter()
            .position(|stamp| &stamp.name == name && stamp.destroyed.is_none())
            .ok_or_else(|| gone(name))
    }

    pub(super) fn stamp_at(&self, place: usize) -> Option<&Stamp> {
        self.stamps.get(place)
    }
}

fn gone(stamp: &StampName) -> Refusal {
    Refusal::NotFound(format!("the stamp {stamp}"))
}
