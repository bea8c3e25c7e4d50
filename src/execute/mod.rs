//! Step → [`Outcome`]: one effect each, through one port call, with nothing left to decide.
//!
//! Execution never retries and never looks whether the effect arrived; that is for the next observation. What it
//! may refuse by itself is what it can see to be wrong before anything is sent.

mod code;
mod examined;
mod sources;

use jiff::Timestamp;

pub use self::sources::{Sources, SourcesAt};
use crate::model::{Access, BranchName, CommitId, RotationId};
use crate::ports::{Effect, Expect, Fault, NewPull, Permit, Ports, RestartMark, Started};
use crate::rotation::{Outcome, Produced, Step};

/// What execution needs besides the step.
#[derive(Clone, Debug)]
pub struct Workshop {
    pub rotation: RotationId,
    pub access: Access,
    pub sources: Sources,
    /// The intent's time: commits bear it, so that the same intent makes the same commit.
    pub intended_at: Timestamp,
    /// `x-ms-client-request-id` of this attempt.
    pub request_id: String,
    pub title: String,
    pub body: String,
    pub commit_message: String,
    /// What is pushed, where it was made already.
    pub commit: Option<CommitId>,
    /// Whether pull requests are opened as drafts.
    pub draft: bool,
    pub base: BranchName,
    /// Whether the base branch itself is deployed: what is proposed to it is what its pipeline runs.
    pub base_is_deployed: bool,
}

/// Does one step, as long as its permit lasts. Steps that cannot be taken back have it checked once more when
/// everything else is at hand, just before the bytes leave.
pub async fn execute(step: &Step, ports: &Ports, shop: &Workshop, permit: &Permit) -> Outcome {
    if let Err(why) = permit.check(ports.clock.as_ref()) {
        return Outcome::NotSent { why };
    }
    match step {
        Step::PushProposal { branch, .. }
        | Step::PushAgreement { branch, .. }
        | Step::PushPromotion { branch, .. } => code::push(step, ports, shop, branch, &Expect::Absent).await,
        Step::OpenPull { branch, base, .. }
        | Step::OpenPromotion { branch, base, .. }
        | Step::OpenAgreement { branch, base, .. } => {
            let new = NewPull {
                head: branch.clone(),
                base: base.clone(),
                title: shop.title.clone(),
                body: shop.body.clone(),
                draft: shop.draft,
            };
            outcome(ports.forge.open_pull(&new).await, Produced::Pull)
        }
        Step::DressPull { pull, dress, .. } => {
            outcome(ports.forge.dress(*pull, dress).await, |()| Produced::Nothing)
        }
        Step::AutoMerge { pull, head, method, .. } => {
            outcome(ports.forge.merge_when_ready(*pull, head, *method).await, |()| Produced::Nothing)
        }
        Step::StartValidation { branch, head, skip, .. } => {
            outcome(ports.validation.start(branch, head, skip).await, |started| run_of(started, head))
        }
        Step::WithdrawMerge { pull, .. } => {
            outcome(ports.forge.withdraw_merge(*pull).await, |()| Produced::Nothing)
        }
        Step::MergePull { pull, head, method, .. } => {
            outcome(ports.forge.merge(*pull, head, *method, permit).await, Produced::Commit)
        }
        Step::Promote { onto, head, .. } => {
            code::push(step, ports, shop, onto, &Expect::At(head.clone())).await
        }
        Step::Deploy { branch, commit, skip, .. } => {
            outcome(ports.pipeline.start(branch, commit, skip).await, |started| run_of(started, commit))
        }
        Step::WriteSecret { stamp, kind, replaces, .. } => {
            outcome(ports.vaults.write(stamp, *kind, replaces, permit).await, |()| Produced::Nothing)
        }
        Step::Restart { stamp, workload, restarted_at, .. } => {
            let mark = RestartMark { restarted_at: restarted_at.clone(), rotation: shop.rotation.clone() };
            let effect = ports.clusters.restart(stamp, workload, &mark, permit).await;
            outcome(effect, Produced::Generation)
        }
        Step::Regenerate { kind, .. } => {
            let effect = ports.accounts.regenerate(*kind, &shop.request_id, permit).await;
            outcome(effect, |operation| operation.map_or(Produced::Nothing, Produced::Operation))
        }
    }
}

/// The commit that the step pushes, or how the step ends where it cannot be made; nothing where it pushes none. Nothing leaves
/// the machine.
pub async fn commit_of(step: &Step, ports: &Ports, shop: &Workshop) -> Option<Result<CommitId, Outcome>> {
    code::made(step, ports, shop).await
}

/// What a start has made: the run that was asked for, or one of other code.
fn run_of(started: Started, asked: &CommitId) -> Produced {
    let Started { run, commit } = started;
    match commit {
        Some(commit) if !commit.as_str().eq_ignore_ascii_case(asked.as_str()) => {
            Produced::RunElsewhere { run, commit }
        }
        _ => Produced::Run(run),
    }
}

/// An effect's end as the journal keeps it.
pub(crate) fn outcome<T>(effect: Effect<T>, produced: impl FnOnce(T) -> Produced) -> Outcome {
    match effect {
        Effect::Applied(value) => Outcome::Applied { produced: produced(value) },
        Effect::NotSent(fault) => Outcome::NotSent { why: fault.to_string() },
        Effect::Refused(fault) => {
            Outcome::Refused { later: is_for_later(&fault), why: fault.to_string(), respite: fault.respite }
        }
        Effect::Unknown(fault) => Outcome::Unknown { why: fault.to_string() },
    }
}

/// Whether a refusal says “come again” rather than “no”.
fn is_for_later(fault: &Fault) -> bool {
    match fault.kind {
        crate::model::Blindness::Throttled
        | crate::model::Blindness::Unreachable
        | crate::model::Blindness::Changed => true,
        crate::model::Blindness::Forbidden
        | crate::model::Blindness::Missing
        | crate::model::Blindness::Gone
        | crate::model::Blindness::Misconfigured
        | crate::model::Blindness::Disabled
        | crate::model::Blindness::Unintelligible => false,
    }
}
