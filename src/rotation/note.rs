//! What is worth knowing of the consumers, and of runs beside the rotation, although it holds nothing: for `status`
//! and `explain`.
//!
//! Nothing is decided by a note. The same one of several stamps is one note.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::closed::is_closed;
use crate::model::{
    BranchName, ClusterState, ClusterView, CommitId, CronJobView, LostClass, Manager, ObjectName, Policy,
    ReleaseView, RunId, RunView, StageEffect, StageView, StampName, WorkloadName, World,
};

/// One thing worth knowing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Note {
    /// The configuration names it, and its template does not get the secret.
    NotConsuming(WorkloadName),
    /// Each of its runs reads the vault, so nothing need be done.
    CronJobMounts(ObjectName),
    /// Each of its runs starts with what synced Secrets hold.
    CronJobReads(ObjectName, Vec<String>),
    /// It gets the secret again when somebody resumes it.
    CronJobSuspended(ObjectName),
    /// It is suspended, and its next run would begin with what stands in a Kubernetes Secret that nobody fills any more.
    CronJobLeft(ObjectName, LostClass),
    /// The version that the vault holds has an end. (The service goes on handing it out; others may not take it.)
    SecretExpires(Timestamp),
    /// It is not to be taken before then. (The service hands it out all the same.)
    SecretNotYetValid(Timestamp),
    /// Somebody else writes the workload, and may take the mark of a restart away again.
    Managed(WorkloadName, Manager),
    /// Its cluster is stopped: what Kubernetes Secrets there hold, which pods begin with when it starts, nobody sees.
    ClusterStopped,
    /// Azure knows neither cluster nor vault of the stamp any more.
    StampClosed,
    /// A run of other code than the rotation's may put the old slot back.
    RunBeside(RunBeside),
    /// Whether other code is being deployed is not to be seen, for this reason; nothing is held by it.
    DeploymentsUnseen(String),
    /// The account's metrics, by which it shows whom it refuses, may not be read, for this reason; nothing is held by it.
    MetricsUnseen(String),
    /// Since when Kubernetes Secrets hold their key only their dates tell: the journal cannot be read, for this reason.
    JournalUnread(String),
}

/// How a run may come to write the vaults.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ahead {
    Runs,
    /// Somebody has to let it on.
    Waits,
    /// It has ended before it came to that. Whoever has the stage tried again has it apply what was planned then.
    Again,
}

/// A run that may yet write the vaults, and is none of the rotation's.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RunBeside {
    pub ahead: Ahead,
    pub run: RunId,
    pub branch: BranchName,
    pub commit: CommitId,
    pub url: String,
    /// Stages that wait for an approval, or might be tried again.
    pub stages: Vec<String>,
    pub who: Vec<String>,
}

/// The notes on what was seen, each with the stamps that it is about.
pub fn notes(policy: &Policy, world: &World) -> BTreeMap<Note, Vec<StampName>> {
    let mut notes: BTreeMap<Note, Vec<StampName>> = BTreeMap::new();
    notes.extend(runs_beside(world).map(|run| (Note::RunBeside(run), Vec::new())));
    let deployments = world.deployments.as_ref().filter(|_| policy.deployments);
    if let Some(Err(blind)) = deployments.map(|seen| &seen.what) {
        notes.entry(Note::DeploymentsUnseen(blind.why.clone())).or_default();
    }
    let metrics = world.metrics.as_ref().filter(|_| policy.metrics_lag.is_some());
    if let Some(Err(blind)) = metrics.map(|seen| &seen.what)
        && blind.kind.is_refusal()
    {
        notes.entry(Note::MetricsUnseen(blind.why.clone())).or_default();
    }
    for stamp in &policy.stamps {
        if is_closed(world, &stamp.name) {
            notes.entry(Note::StampClosed).or_default().push(stamp.name.clone());
        }
        let vault = world.vaults.get(&stamp.name).and_then(|seen| seen.get());
        if let Some(at) = vault.and_then(|vault| vault.expires) {
            notes.entry(Note::SecretExpires(at)).or_default().push(stamp.name.clone());
        }
        if let Some(at) = not_valid_until(world, &stamp.name) {
            notes.entry(Note::SecretNotYetValid(at)).or_default().push(stamp.name.clone());
        }
        let seen = world.clusters.get(&stamp.name).and_then(|seen| seen.get());
        let Some(cluster) = seen else { continue };
        for note in of_cluster(policy, cluster) {
            notes.entry(note).or_default().push(stamp.name.clone());
        }
    }
    notes
}

/// When the version that the stamp's vault holds may be taken, where that is yet to come.
pub fn not_valid_until(world: &World, stamp: &StampName) -> Option<Timestamp> {
    world.vaults.get(stamp).and_then(|seen| seen.get()?.not_valid_until(seen.at))
}

fn runs_beside(world: &World) -> impl Iterator<Item = RunBeside> {
    let runs = world.runs.as_ref().and_then(|seen| seen.get()).into_iter().flatten();
    let deployed = world.code.as_ref().and_then(|seen| seen.get()).map(ReleaseView::deployed);
    let others = runs.filter(move |run| !deployed.is_some_and(|code| code.is_run_by(run)));
    others.filter_map(run_beside)
}

fn run_beside(run: &RunView) -> Option<RunBeside> {
    let name = |stage: &StageView| stage.name.clone();
    let again: Vec<String> = run.left_undone(StageEffect::WritesVaults).map(name).collect();
    let waiting: Vec<String> = run.asks_somebody().map(name).collect();
    let (ahead, stages) = match run.effect_ahead(StageEffect::WritesVaults) {
        true if waiting.is_empty() => (Ahead::Runs, waiting),
        true => (Ahead::Waits, waiting),
        false if again.is_empty() => return None,
        false => (Ahead::Again, again),
    };
    Some(RunBeside {
        ahead,
        run: run.id.clone(),
        branch: run.branch.clone(),
        commit: run.commit.clone(),
        url: run.url.clone(),
        stages,
        who: run.asks_somebody().flat_map(|stage| &stage.holds).flat_map(|hold| hold.who.clone()).collect(),
    })
}

fn of_cluster(policy: &Policy, cluster: &ClusterView) -> Vec<Note> {
    let mut notes: Vec<Note> = cluster.cron_jobs.iter().filter_map(of_cron_job).collect();
    notes.extend((cluster.state == ClusterState::Stopped).then_some(Note::ClusterStopped));
    for workload in policy.workloads.iter().filter_map(|name| cluster.workload(name)) {
        if !workload.consumes {
            notes.push(Note::NotConsuming(workload.name.clone()));
        }
        if let Some(manager) = &workload.manager {
            notes.push(Note::Managed(workload.name.clone(), manager.clone()));
        }
    }
    notes
}

/// `None` of one that only gets what was left behind: that holds.
fn of_cron_job(job: &CronJobView) -> Option<Note> {
    Some(match (job.suspended, &job.left) {
        (true, Some(left)) => Note::CronJobLeft(job.object(), left.clone()),
        (true, None) => Note::CronJobSuspended(job.object()),
        (false, _) if !job.reads.is_empty() => Note::CronJobReads(job.object(), job.reads.clone()),
        (false, Some(_)) if !job.mounts => return None,
        (false, _) => Note::CronJobMounts(job.object()),
    })
}
