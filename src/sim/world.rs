//! The state machine: time, events, commands, and what can be read.
//!
//! A world does nothing by itself. [`World::advance_to`] lets time pass and events happen in order;
//! [`World::apply`] does one deed at the present moment. Both are synchronous and deterministic: the same
//! configuration and the same calls give the same world.

use std::sync::Arc;

use jiff::Timestamp;

use super::account::{Account, KeyId};
use super::audit::AuditBook;
use super::command::{Command, DeploymentPatch, Reply};
use super::config::WorldConfig;
use super::counters::Counters;
use super::deployment::Deployment;
use super::events::{Event, Queue};
use super::fault::{Admission, Call, CallEnd, Fault, FaultBook, Operation};
use super::forge::CommitStatus;
use super::genesis;
use super::kubernetes::{Cluster, Hand, Task};
use super::logs::{LogBook, Outsider};
use super::meter::Meter;
use super::pipeline::Run;
use super::pull::Pull;
use super::refusal::Refusal;
use super::repository::Repository;
use super::seed::Seed;
use super::stamp::{Stamp, Unit};
use super::time::after;
use super::vault::Beside;
use crate::model::{KeyMaterial, PullNumber, RunId, StampName, WorkloadName};

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

    /// Does one deed now, without a look at faults of calls.
    ///
    /// # Errors
    /// The service's refusal; then nothing has changed.
    pub fn apply(&mut self, command: Command) -> Result<Reply, Refusal> {
        match command {
            Command::Push { branch, expected, commit, objects, by } => {
                let moved = self.repository.push(&branch, &expected, &commit, &objects)?;
                if moved {
                    self.counters.pushed(&branch);
                    self.refresh_pulls_after(&branch, &by);
                    self.pushed_to(&branch, &by);
                }
                Ok(Reply::Pushed { moved })
            }
            Command::OpenPull { head, base, title, body, by } => {
                self.open_pull(&head, &base, &title, &body, &by)
            }
            Command::EditPull { number, title, body } => self.edit_pull(number, title, body),
            Command::ReviewPull { number, approve, by } => self.review(number, approve, &by),
            Command::Comment { number, body, by } => self.comment(number, &body, &by),
            Command::EditComment { comment, body } => self.edit_comment(comment, &body),
            Command::DeleteComment { comment } => self.delete_comment(comment),
            Command::MarkPull { number, mark } => self.mark_pull(number, mark),
            Command::ReportStatus(status) => self.report_status(status),
            Command::AutoMerge { number, head, method, by } => {
                self.enable_auto_merge(number, head.as_ref(), (method, &by))
            }
            Command::NoAutoMerge { number } => self.disable_auto_merge(number),
            Command::Enqueue { number, head } => self.enqueue(number, head.as_ref()),
            Command::StartCheck { number } => self.start_check(number),
            Command::MergePull { number, method, by } => self.merge_pull(number, method, &by),
            Command::ClosePull { number, by } => self.close_pull(number, &by),
            Command::DeleteBranch { branch, by } => self.delete_branch(&branch, &by),
            Command::StartRun { branch, commit, skip, by } => {
                self.start_run(&branch, commit.as_ref(), &skip, &by)
            }
            Command::StartValidation { branch, commit, by } => {
                self.start_validation(&branch, commit.as_ref(), &by)
            }
            Command::ReportDeployment { environment, branch, commit, state, by } => {
                Ok(self.report_deployment(&environment, (&branch, &commit), &state, &by))
            }
            Command::CancelRun { run } => self.cancel_run(&run),
            Command::SwitchPipeline { accepting } => {
                Arc::make_mut(&mut self.config).pipeline.accepting = accepting;
                Ok(Reply::Done)
            }
            Command::RetryRun { run } => self.retry_run(&run),
            Command::ApproveRun { run } => self.approve_run(&run),
            Command::Patch { stamp, workload, patch } => {
                let place = self.alive(&stamp)?;
                self.counters.patches += 1;
                self.patch(place, &workload, &patch)
            }
            Command::Make { stamp, namespace, name, made } => {
                let place = self.alive(&stamp)?;
                self.with_cluster(place, |cluster, hand| cluster.make((&namespace, &name), made, hand))
                    .unwrap_or_else(|| Err(gone(&stamp)))?;
                Ok(Reply::Done)
            }
            Command::DeleteJob { stamp, namespace, name } => {
                let place = self.alive(&stamp)?;
                self.with_cluster(place, |cluster, hand| cluster.delete_job(&namespace, &name, hand))
                    .unwrap_or_else(|| Err(gone(&stamp)))?;
                Ok(Reply::Done)
            }
            Command::DeleteDeployment { stamp, workload } => {
                let place = self.alive(&stamp)?;
                self.with_cluster(place, |cluster, hand| cluster.delete_deployment(&workload, hand))
                    .unwrap_or_else(|| Err(gone(&stamp)))?;
                self.note_all_darkness();
                Ok(Reply::Done)
            }
            Command::ApplyDeployment { stamp, workload } => {
                let place = self.alive(&stamp)?;
                self.with_cluster(place, |cluster, hand| cluster.apply_deployment(&workload, hand))
                    .unwrap_or_else(|| Err(gone(&stamp)))?;
                Ok(Reply::Done)
            }
            Command::DeletePod { stamp, namespace, name } => {
                let place = self.alive(&stamp)?;
                let reply = self
                    .with_cluster(place, |cluster, hand| cluster.delete_named_pod(&namespace, &name, hand))
                    .unwrap_or_else(|| Err(gone(&stamp)));
                self.note_all_darkness();
                reply
            }
            Command::ForcePods { stamp, node } => {
                let place = self.alive(&stamp)?;
                self.with_cluster(place, |cluster, hand| cluster.force_pods_on(node, hand));
                self.note_all_darkness();
                Ok(Reply::Done)
            }
            Command::DeleteNode { stamp, node } => {
                let place = self.alive(&stamp)?;
                self.with_cluster(place, |cluster, hand| cluster.delete_node(node, hand));
                self.note_all_darkness();
                Ok(Reply::Done)
            }
            Command::Regenerate { kind, request_id, by } => {
                let came = self.regenerate(kind, &request_id);
                self.regeneration_came(&came, &by, request_id);
                came
            }
            Command::DeleteAccount => {
                self.account.delete();
                Ok(Reply::Done)
            }
            Command::TellCluster { stamp, state } => {
                let place = self.alive(&stamp)?;
                if let Some(stamp) = self.stamps.get_mut(place) {
                    stamp.azure = state;
                }
                Ok(Reply::Done)
            }
            Command::TakeDown { stamp } => {
                let place = self.alive(&stamp)?;
                self.destroy(place);
                Ok(Reply::Done)
            }
            Command::SetQuota { stamp, quota } => {
                let place = self.alive(&stamp)?;
                self.with_cluster(place, |cluster, _| cluster.set_quota(quota));
                Ok(Reply::Done)
            }
            Command::SetNodes { stamp, nodes } => {
                let place = self.alive(&stamp)?;
                self.with_cluster(place, |cluster, hand| cluster.set_nodes(nodes, hand));
                Ok(Reply::Done)
            }
            Command::ChangeClass { stamp, namespace, name, change } => {
                let place = self.alive(&stamp)?;
                self.with_cluster(place, |cluster, hand| {
                    cluster.change_class((&namespace, &name), change, hand)
                })
                .unwrap_or_else(|| Err(gone(&stamp)))?;
                Ok(Reply::Done)
            }
            Command::OutsiderReads { outsider } => {
                self.outsider_reads(outsider);
                Ok(Reply::Done)
            }
            Command::DeleteSecret { stamp } => {
                let place = self.alive(&stamp)?;
                if let Some(stamp) = self.stamps.get_mut(place) {
                    stamp.vault.empty();
                }
                Ok(Reply::Done)
            }
            Command::SetSecret { stamp, value } => {
                let place = self.alive(&stamp)?;
                Ok(Reply::Version(self.write_text(place, value, Beside::default())))
            }
            Command::PutSecret { stamp, value, beside } => {
                let place = self.alive(&stamp)?;
                Ok(Reply::Version(self.write_text(place, value, beside)))
            }
            Command::EditSecret { stamp, beside } => {
                let place = self.alive(&stamp)?;
                if let Some(stamp) = self.stamps.get_mut(place) {
                    stamp.vault.edit(beside);
                }
                self.with_cluster(place, |cluster, hand| cluster.vault_changed(hand));
                Ok(Reply::Done)
            }
        }
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Cluster(place, task) => self.cluster_task(place, task),
            Event::Review(number, reviewer) => self.review_event(number, reviewer),
            Event::CheckStarts(number, head) => self.check_starts(number, &head),
            Event::CheckEnds(number, head) => self.check_ends(number, &head),
            Event::PressMerge(number) => self.press_merge(number),
            Event::PullPushed(number) => self.push_to_pull(number),
            Event::QueueMerges(number, head) => self.queue_merges(number, &head),
            Event::PullCloses(number) => {
                let _ = self.close_pull(number, "mallory");
            }
            Event::ValidationStarts(run) => self.validation_starts(run),
            Event::RunStarts(run) => self.run_starts(run),
            Event::StageApproved(run, stage) => self.run_stage(run, stage),
            Event::StageActs(run, stage) => self.stage_acts(run, stage),
            Event::VaultWrite(run, stamp) => self.vault_write(run, stamp),
            Event::StageEnds(run, stage) => self.stage_ends(run, stage),
            Event::KeySwap(number) => self.account.swap(number),
            Event::RegenerationEnds(number) => self.regeneration_ends(number),
            Event::Deed(place) => self.deed(place),
        }
    }

    fn cluster_task(&mut self, place: usize, task: Task) {
        match task {
            Task::Probe(pod) => return self.probe(place, pod),
            Task::Autoscale(number) => return self.autoscale(place, number),
            _ => {}
        }
        let Some(happened) = self.with_cluster(place, |cluster, hand| cluster.perform(task, hand)) else {
            return;
        };
        if let Some(process) = happened.ended {
            self.settle(place, &process);
        }
        if let Some(workload) = happened.readiness {
            self.note_darkness(place, workload);
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

    // What can be read.

    pub fn repository(&self) -> &Repository {
        &self.repository
    }

    /// All pull requests, oldest first.
    pub fn pulls(&self) -> &[Pull] {
        &self.pulls
    }

    pub fn pull(&self, number: PullNumber) -> Option<&Pull> {
        self.pulls.iter().find(|pull| pull.number == number)
    }

    /// The pull requests that a list shows now, newest first.
    pub fn listed_pulls(&self) -> impl Iterator<Item = &Pull> {
        self.pulls.iter().rev().filter(|pull| pull.listed_from <= self.now)
    }

    /// All runs, oldest first.
    pub fn runs(&self) -> &[Run] {
        &self.runs
    }

    /// One of the release pipeline or of the validation pipeline.
    pub fn run(&self, id: &RunId) -> Option<&Run> {
        self.runs.iter().chain(&self.validations).find(|run| &run.id() == id)
    }

    pub fn account(&self) -> &Account {
        &self.account
    }

    pub fn units(&self) -> &[Unit] {
        &self.units
    }

    /// All stamps that ever were, in the order of the configuration.
    pub fn stamps(&self) -> impl Iterator<Item = &Stamp> {
        self.stamps.iter()
    }

    /// Whether keyslot may see the stamp in Azure.
    pub fn is_shown(&self, stamp: &Stamp) -> bool {
        !self.config.hidden_groups.iter().any(|hidden| hidden.eq_ignore_ascii_case(&stamp.resource_group))
    }

    /// Whether keyslot may see all of the subscription.
    pub fn is_whole(&self, subscription: &str) -> bool {
        self.stamps
            .iter()
            .filter(|stamp| stamp.subscription.eq_ignore_ascii_case(subscription))
            .all(|stamp| self.is_shown(stamp))
    }

    /// A stamp that exists.
    pub fn stamp(&self, name: &StampName) -> Option<&Stamp> {
        self.stamps.iter().find(|stamp| &stamp.name == name && stamp.destroyed.is_none())
    }

    /// The newest resource version: what a list answers with.
    pub fn resource_version(&self) -> u64 {
        self.version
    }

    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Every key value that ever existed or is about to: what must never be found in an output.
    pub fn all_secrets_ever(&self) -> Vec<&KeyMaterial> {
        self.account.keys().iter().map(|key| &*key.material).collect()
    }

    /// Whose key a text is.
    pub fn whose(&self, text: &str) -> Option<KeyId> {
        self.account.whose(text)
    }
}

fn gone(stamp: &StampName) -> Refusal {
    Refusal::NotFound(format!("the stamp {stamp}"))
}
