//! A Deployment's status and conditions, computed as the real controller does.

use jiff::Timestamp;

use super::super::time::after;
use super::object::{Condition, Deployment, DeploymentStatus, ReplicaSet};
use crate::sim::config::Flavour;

pub(super) const AVAILABLE: &str = "Available";
pub(super) const PROGRESSING: &str = "Progressing";
pub(super) const REPLICA_FAILURE: &str = "ReplicaFailure";
pub(super) const NEW_AVAILABLE: &str = "NewReplicaSetAvailable";
pub(super) const NEW_CREATED: &str = "NewReplicaSetCreated";
pub(super) const UPDATED: &str = "ReplicaSetUpdated";
pub(super) const DEADLINE: &str = "ProgressDeadlineExceeded";
pub(super) const PAUSED: &str = "DeploymentPaused";
pub(super) const RESUMED: &str = "DeploymentResumed";

/// How many pods above and below the desired number a rolling update may use. Where both come to zero, one may
/// be unavailable.
pub(super) fn surge_and_unavailable(deployment: &Deployment) -> (u32, u32) {
    if deployment.flavour == Flavour::Recreate {
        return (0, 0);
    }
    let surge = deployment.max_surge.of(deployment.replicas, true);
    let unavailable = deployment.max_unavailable.of(deployment.replicas, false);
    match (surge, unavailable) {
        (0, 0) => (0, 1),
        (surge, unavailable) => (surge, unavailable.min(deployment.replicas)),
    }
}

/// The counts and the `Available` condition, from what the ReplicaSets say of themselves.
pub(super) fn calculate(
    deployment: &Deployment,
    new: Option<&ReplicaSet>,
    all: &[&ReplicaSet],
    now: Timestamp,
) -> DeploymentStatus {
    let sum = |count: fn(&ReplicaSet) -> u32| all.iter().map(|set| count(set)).sum::<u32>();
    let available = sum(|set| set.status.available);
    let mut status = DeploymentStatus {
        observed_generation: deployment.generation,
        replicas: sum(|set| set.status.replicas),
        updated: new.map_or(0, |set| set.status.replicas),
        ready: sum(|set| set.status.ready),
        available,
        unavailable: sum(|set| set.replicas).saturating_sub(available),
        terminating: sum(|set| set.status.terminating),
        conditions: deployment.status.conditions.clone(),
    };
    let (_, unavailable) = surge_and_unavailable(deployment);
    let enough = available >= deployment.replicas.saturating_sub(unavailable);
    let condition = if enough {
        make(AVAILABLE, "True", "MinimumReplicasAvailable", "Deployment has minimum availability.", now)
    } else {
        make(
            AVAILABLE,
            "False",
            "MinimumReplicasUnavailable",
            "Deployment does not have minimum availability.",
            now,
        )
    };
    set(&mut status, condition);
    status
}

pub(super) fn make(
    kind: &'static str,
    status: &'static str,
    reason: &'static str,
    message: &str,
    now: Timestamp,
) -> Condition {
    Condition { kind, status, reason, message: message.to_owned(), updated: now, transitioned: now }
}

/// Puts a condition at the end, unless one of the same status and reason stands there already.
pub(super) fn set(status: &mut DeploymentStatus, mut condition: Condition) {
    if let Some(current) = status.condition(condition.kind) {
        if current.status == condition.status && current.reason == condition.reason {
            return;
        }
        if current.status == condition.status {
            condition.transitioned = current.transitioned;
        }
    }
    replace(status, condition);
}

fn replace(status: &mut DeploymentStatus, condition: Condition) {
    status.conditions.retain(|other| other.kind != condition.kind);
    status.conditions.push(condition);
}

/// The `ReplicaFailure` condition: the new ReplicaSet's, else that of any.
pub(super) fn judge_failure(
    new: Option<&ReplicaSet>,
    all: &[&ReplicaSet],
    status: &mut DeploymentStatus,
    now: Timestamp,
) {
    let failure = |set: &ReplicaSet| set.status.failure.clone();
    match new.and_then(failure).or_else(|| all.iter().find_map(|set| failure(set))) {
        Some(message) => set(status, make(REPLICA_FAILURE, "True", "FailedCreate", &message, now)),
        None => status.conditions.retain(|condition| condition.kind != REPLICA_FAILURE),
    }
}

/// The `Progressing` condition after the counts are known.
pub(super) fn judge_progress(
    deployment: &Deployment,
    new: Option<&ReplicaSet>,
    status: &mut DeploymentStatus,
    now: Timestamp,
) {
    let current = deployment.status.condition(PROGRESSING).cloned();
    let settled = status.replicas == status.updated
        && current.as_ref().is_some_and(|condition| condition.reason == NEW_AVAILABLE);
    if settled {
        return;
    }
    let name = new.map_or_else(|| deployment.meta.name.to_string(), |set| set.meta.name.to_string());
    if complete(deployment, status) {
        let message = format!("ReplicaSet \"{name}\" has successfully progressed.");
        set(status, make(PROGRESSING, "True", NEW_AVAILABLE, &message, now));
    } else if progressing(&deployment.status, status) {
        let message = format!("ReplicaSet \"{name}\" is progressing.");
        let mut condition = make(PROGRESSING, "True", UPDATED, &message, now);
        if let Some(current) = current.filter(|current| current.status == "True") {
            condition.transitioned = current.transitioned;
        }
        replace(status, condition);
    } else if timed_out(deployment, now) {
        let message = format!("ReplicaSet \"{name}\" has timed out progressing.");
        set(status, make(PROGRESSING, "False", DEADLINE, &message, now));
    }
}

/// Every replica is of the new revision, available, and no other is left.
pub(super) fn complete(deployment: &Deployment, status: &DeploymentStatus) -> bool {
    status.updated == deployment.replicas
        && status.replicas == deployment.replicas
        && status.available == deployment.replicas
        && status.observed_generation >= deployment.generation
}

fn progressing(old: &DeploymentStatus, new: &DeploymentStatus) -> bool {
    let old_ones = |status: &DeploymentStatus| status.replicas.saturating_sub(status.updated);
    new.updated > old.updated
        || old_ones(new) < old_ones(old)
        || new.ready > old.ready
        || new.available > old.available
}

fn timed_out(deployment: &Deployment, now: Timestamp) -> bool {
    match deployment.status.condition(PROGRESSING) {
        Some(condition) if condition.reason == NEW_AVAILABLE => false,
        Some(condition) if condition.reason == DEADLINE => true,
        Some(condition) => after(condition.updated, deployment.progress_deadline) < now,
        None => false,
    }
}
