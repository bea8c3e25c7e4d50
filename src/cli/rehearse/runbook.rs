//! The written runbook, literally: flip, review, release, `rollout restart`, `rollout status`, regenerate.
//!
//! It drives the same world through the same ports as keyslot, and asks what the runbook asks: whether the pipeline
//! run succeeded, and whether each rollout is complete. Old pods that still terminate are not in that.

use std::time::Duration;

use jiff::Timestamp;

use super::result::Rotation;
use crate::cli::settings::{Chosen, SettingsFile};
use crate::cli::stage::{ENVIRONMENT, Stage};
use crate::cli::{CliError, Exit, Terminal, wiring};
use crate::execute::Sources;
use crate::model::{
    Access, BranchName, CommitId, KeyKind, PullState, RotationId, Salt, Slot, StampName, WorkloadName,
};
use crate::ports::{
    CommitText, Effect, Expect, Fault, FileEdit, NewPull, OperationState, Permit, Picked, Ports, Recall,
    RestartMark,
};
use crate::render::rehearse_json::{RotationV1, StepV1};
use crate::render::span::{rfc3339, time};
use crate::rotation::rollout::rollout;

/// When the runbook takes a restart for finished.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// As `kubectl rollout status` does.
    RolloutStatus,
    /// When the pods that were there before are gone, too.
    OldPodsGone,
}

/// Follows the runbook to its end, and lets the world run on until the last old pod is gone.
///
/// # Errors
/// What would stop a person at it.
pub async fn drive(
    stage: &Stage,
    patience: Patience,
    terminal: &mut Terminal,
) -> Result<(Rotation, Exit), CliError> {
    let settings = SettingsFile::load(&stage.settings_path())?;
    let chosen = settings.choose(Some(ENVIRONMENT))?;
    let variables = |name: &str| stage.variables.get(name).cloned();
    let ports = wiring::ports_of(&chosen, &variables).await?;
    let mut reader = Reader { ports: &ports, terminal, steps: Vec::new() };
    let merged = reader.step("change Terraform", change(&ports, &chosen)).await?;
    let head = reader.step("cherry-pick onto the release", promote(&ports, &chosen, &merged)).await?;
    reader.step("run the pipeline", deploy(&ports, &chosen, &head)).await?;
    reader.step("restart every workload", restart(&ports, &chosen, patience)).await?;
    reader.step("regenerate the primary key", regenerate(&ports)).await?;
    reader.step("look on", look_on(&ports)).await?;
    let steps = reader.steps;
    let told = RotationV1 {
        id: "runbook".to_owned(),
        state: "done".to_owned(),
        from: Slot::Primary.to_string(),
        to: Slot::Secondary.to_string(),
        steps,
    };
    Ok((Rotation { driver: "runbook", told }, Exit::Done))
}

struct Reader<'a> {
    ports: &'a Ports,
    terminal: &'a mut Terminal,
    steps: Vec<StepV1>,
}

impl Reader<'_> {
    async fn step<T>(
        &mut self,
        name: &str,
        doing: impl Future<Output = Result<T, CliError>>,
    ) -> Result<T, CliError> {
        let started = self.ports.clock.now();
        self.terminal.say(&format!("{}  {name}", time(started)));
        let done = doing.await?;
        self.steps.push(StepV1 {
            step: name.replace(' ', "-").to_lowercase(),
            outcome: "done".to_owned(),
            started: Some(rfc3339(started)),
            ended: Some(rfc3339(self.ports.clock.now())),
        });
        Ok(done)
    }
}

async fn pause(ports: &Ports, seconds: u64) {
    let until = crate::rotation::later(ports.clock.now(), Duration::from_secs(seconds));
    ports.clock.sleep_until(until).await;
}

fn applied<T>(effect: Effect<T>) -> Result<T, CliError> {
    match effect {
        Effect::Applied(value) => Ok(value),
        Effect::NotSent(fault) | Effect::Refused(fault) | Effect::Unknown(fault) => Err(fault.into()),
    }
}

async fn flipped(ports: &Ports, chosen: &Chosen<'_>, parent: &CommitId) -> Result<CommitId, CliError> {
    let sources = Sources { root: chosen.environment.terraform.root.clone(), ..Sources::default() };
    let edits = sources
        .at(ports.code.as_ref(), parent)
        .await?
        .flip(Access::ReadWrite, Slot::Secondary)
        .map_err(|reasons| {
            reasons.iter().fold(CliError::refused("cannot change the Terraform"), CliError::because)
        })?
        .into_iter()
        .map(|(path, bytes)| FileEdit { path, bytes })
        .collect::<Vec<_>>();
    let text = CommitText { message: "Read the secondary key\n".to_owned(), at: ports.clock.now() };
    Ok(ports.code.commit(parent, &edits, &text).await?)
}

fn missing(branch: &BranchName) -> CliError {
    CliError::world("the remote has no such branch").at(branch)
}

async fn change(ports: &Ports, chosen: &Chosen<'_>) -> Result<CommitId, CliError> {
    let base = BranchName::new(chosen.environment.terraform.base_branch.as_str());
    let heads = ports.code.fetch().await?;
    let parent = heads.get(&base).ok_or_else(|| missing(&base))?;
    let commit = flipped(ports, chosen, parent).await?;
    let branch = BranchName::new("fix/use-secondary-cosmos-key");
    applied(ports.code.push(&commit, &branch, &Expect::Absent).await)?;
    let new = NewPull {
        head: branch.clone(),
        base,
        title: "Read the secondary key".to_owned(),
        body: "Key rotation by the runbook.".to_owned(),
        draft: false,
    };
    applied(ports.forge.open_pull(&new).await)?;
    loop {
        if let Some(pull) = ports.forge.pull_between(&new.ends()).await?
            && let PullState::Merged { commit } = pull.state
        {
            ports.code.fetch().await?;
            return Ok(commit);
        }
        pause(ports, 60).await;
    }
}

async fn promote(ports: &Ports, chosen: &Chosen<'_>, merged: &CommitId) -> Result<CommitId, CliError> {
    let release = release_branch(chosen);
    let heads = ports.code.fetch().await?;
    let head = heads.get(&release).ok_or_else(|| missing(&release))?;
    match ports.code.cherry_pick(merged, head, ports.clock.now()).await? {
        Picked::Commit(commit) => {
            applied(ports.code.push(&commit, &release, &Expect::At(head.clone())).await)?;
            Ok(commit)
        }
        Picked::AlreadyThere => Ok(head.clone()),
        Picked::Conflict(conflicts) => {
            let paths: Vec<String> = conflicts.into_iter().map(|conflict| conflict.path).collect();
            Err(CliError::refused("the cherry-pick conflicts").because(paths.join(", ")))
        }
    }
}

fn release_branch(chosen: &Chosen<'_>) -> BranchName {
    BranchName::new(chosen.environment.release.branch.as_deref().unwrap_or("main"))
}

async fn deploy(ports: &Ports, chosen: &Chosen<'_>, commit: &CommitId) -> Result<(), CliError> {
    let skip = chosen.environment.release.pipeline.skip.clone();
    let started = applied(ports.pipeline.start(&release_branch(chosen), commit, &skip).await)?;
    loop {
        let runs = ports.pipeline.runs().await?;
        match runs.iter().find(|seen| seen.id == started.run) {
            Some(seen) if seen.state.succeeded() => return Ok(()),
            Some(seen) if seen.state.is_over() => {
                return Err(CliError::world("the pipeline run did not succeed").at(&seen.url));
            }
            Some(_) | None => pause(ports, 60).await,
        }
    }
}

async fn restart(ports: &Ports, chosen: &Chosen<'_>, patience: Patience) -> Result<(), CliError> {
    for stamp in &chosen.environment.stamps {
        let stamp = stamp.stamp_name();
        for workload in chosen.environment.workloads.names() {
            let before = pods(ports, &stamp, &workload).await?;
            let at = ports.clock.now();
            let mark = RestartMark { restarted_at: rfc3339(at), rotation: RotationId::new("runbook") };
            let generation =
                applied(ports.clusters.restart(&stamp, &workload, &mark, &no_limit(ports)).await)?;
            while !rolled_out(ports, &stamp, &workload, generation).await? {
                pause(ports, 5).await;
            }
            if patience == Patience::OldPodsGone {
                while pods(ports, &stamp, &workload).await?.iter().any(|pod| before.contains(pod)) {
                    pause(ports, 15).await;
                }
            }
        }
    }
    Ok(())
}

async fn pods(ports: &Ports, stamp: &StampName, workload: &WorkloadName) -> Result<Vec<String>, Fault> {
    let cluster = ports.clusters.look(stamp, &salt()).await?;
    Ok(cluster.pods_of(workload).map(|pod| pod.uid.clone()).collect())
}

async fn rolled_out(
    ports: &Ports,
    stamp: &StampName,
    workload: &WorkloadName,
    generation: i64,
) -> Result<bool, Fault> {
    let cluster = ports.clusters.look(stamp, &salt()).await?;
    Ok(cluster.workload(workload).is_some_and(|view| rollout(view, generation).is_complete()))
}

fn salt() -> Salt {
    Salt::new("runbook")
}

/// A runbook knows no permits.
fn no_limit(ports: &Ports) -> Permit {
    Permit {
        subject: "runbook".to_owned(),
        evidence: String::new(),
        wall_deadline: Timestamp::MAX,
        monotonic_deadline: ports.clock.monotonic() + Duration::from_secs(86_400),
        lease: None,
        recall: Recall::default(),
    }
}

async fn regenerate(ports: &Ports) -> Result<(), CliError> {
    let kind = KeyKind::read_write(Slot::Primary);
    let id = "00000000-0000-4000-8000-000000000001";
    let Some(operation) = applied(ports.accounts.regenerate(kind, id, &no_limit(ports)).await)? else {
        return Ok(());
    };
    loop {
        match ports.accounts.poll(&operation).await? {
            OperationState::Succeeded => return Ok(()),
            OperationState::Failed(why) => {
                return Err(CliError::world("the regeneration failed").because(why));
            }
            OperationState::Running(_) => pause(ports, 30).await,
        }
    }
}

/// What happens after the runbook's last line happens all the same.
async fn look_on(ports: &Ports) -> Result<(), CliError> {
    pause(ports, 20 * 60).await;
    Ok(())
}
