//! Argo Rollouts, where the cluster has them: they are asked for when a pod that gets the secret belongs to one, and where
//! every kind is listed.
//!
//! Facts of the controller: a restart is `spec.restartAt`; every pod older than that is evicted in place, without a new
//! ReplicaSet (so a PodDisruptionBudget does hold it), and when none is left the status gets the same `restartedAt`.
//! The observed generation is a number in a string. The pod template may stand in another object (`workloadRef`):
//! whether the secret is got is therefore told by the pods too.

use k8s_openapi::api::core::v1::PodTemplateSpec;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::ROTATION;
use super::api::{Api, Kind};
use super::consumers::Gets;
use super::csi::Class;
use super::failure::{Failure, Refusal};
use super::look::{Placed, Subject, everywhere};
use super::owners::Above;
use super::pods::Found;
use super::scope::Scope;
use super::workload::{count, outline, replica_number, times};
use crate::model::{DeploymentCondition, ReplicaNumber, Strategy, WorkloadKind, WorkloadName, WorkloadView};
use crate::ports::Fault;

/// A Rollout, as far as a restart goes.
#[derive(Deserialize)]
pub(super) struct Rollout {
    metadata: ObjectMeta,
    #[serde(default)]
    spec: Spec,
    #[serde(default)]
    status: Status,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Spec {
    replicas: Option<i32>,
    paused: bool,
    restart_at: Option<String>,
    min_ready_seconds: Option<i32>,
    template: PodTemplateSpec,
    /// Where the template stands in another object.
    workload_ref: Option<Reference>,
    strategy: Strategies,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Reference {
    kind: String,
    name: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Strategies {
    canary: Option<Canary>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Canary {
    max_unavailable: Option<IntOrString>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Status {
    observed_generation: String,
    replicas: Option<i32>,
    updated_replicas: Option<i32>,
    ready_replicas: Option<i32>,
    available_replicas: Option<i32>,
    restarted_at: Option<String>,
    pause_conditions: Option<Vec<IgnoredAny>>,
    /// What is rolled out was given up: pods of the stable revision serve, and so it stays until the next release.
    abort: bool,
    conditions: Vec<Condition>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Condition {
    #[serde(rename = "type")]
    kind: String,
    status: String,
    reason: String,
    message: String,
}

impl Status {
    /// What its controller says of a rollout that does not get on. What it says of one that does is of another revision: a
    /// restart makes none.
    fn failures(&self) -> Vec<DeploymentCondition> {
        let fails = |one: &&Condition| {
            one.kind == "Progressing" && one.status == "False" && one.reason == "ProgressDeadlineExceeded"
        };
        let told = |one: &Condition| DeploymentCondition {
            kind: one.kind.clone(),
            status: one.status.clone(),
            reason: one.reason.clone(),
            message: one.message.clone(),
            updated: None,
        };
        self.conditions.iter().filter(fails).map(told).collect()
    }
}

impl Placed for Rollout {
    fn namespace(&self) -> &str {
        self.metadata.namespace.as_deref().unwrap_or_default()
    }
}

/// Whether Argo's kinds are known there, as far as that is told: everybody may ask.
async fn is_there(api: &Api) -> bool {
    let answer = api.get::<IgnoredAny>("/apis/argoproj.io").await;
    !answer.is_err_and(|failure| failure.refusal().is_some_and(|no| no.status == 404))
}

/// The Rollouts, where a pod belongs to one, or where templates of any kind matter; and what is above the pods with them known.
pub(super) async fn list(
    api: &Api,
    subject: &Subject,
    classes: &[Class],
    scope: &Scope,
    workloads: &mut [WorkloadView],
    found: &mut [Found],
) -> Result<Vec<WorkloadView>, Fault> {
    let owns = found.iter().any(|pod| rollout_of(&pod.above).is_some());
    // One without pods is there all the same.
    let named = subject.configured.iter().any(|name| name.kind == WorkloadKind::Rollout);
    if !owns && !named && !scope.lists(WorkloadKind::Rollout, classes) {
        return Ok(Vec::new());
    }
    let listed = everywhere::<Rollout>(api, Kind::of(WorkloadKind::Rollout), subject).await;
    let refusal = listed.as_ref().err().and_then(Failure::refusal);
    let (absent, forbidden) =
        (refusal.is_some_and(Refusal::no_such_api), refusal.is_some_and(|no| no.status == 403));
    if absent && !owns {
        return Ok(Vec::new());
    }
    // Who may do nothing with a group that is not there is told the same as with one that is.
    let matters = owns || named || scope.rests_on_templates(classes);
    if forbidden && (!matters || (!owns && !named && !is_there(api).await)) {
        return Ok(Vec::new());
    }
    let (rollouts, _) = listed.map_err(|failure| failure.fault("list the Rollouts", &api.subject))?;
    let mut views = Vec::new();
    for rollout in &rollouts {
        let mut view = view(rollout, subject, classes);
        if let Some(bearer) =
            rollout.bearer().and_then(|name| workloads.iter_mut().find(|one| one.name == name))
        {
            take_template(&mut view, bearer);
        }
        views.push(view);
    }
    for pod in found {
        let Some(name) = rollout_of(&pod.above) else { continue };
        if let Some(view) = views.iter_mut().find(|view| view.name == name) {
            view.consumes |= pod.gets;
            pod.above = Above::Workload(name);
        }
    }
    Ok(views)
}

impl Rollout {
    /// The Deployment whose template it takes.
    fn bearer(&self) -> Option<WorkloadName> {
        let reference = self.spec.workload_ref.as_ref().filter(|one| one.kind == "Deployment")?;
        Some(WorkloadName::of_kind(WorkloadKind::Deployment, self.namespace(), &*reference.name))
    }
}

/// What the template gets, the Rollout's pods get. A Deployment that only bears it has none, and gets nothing itself.
fn take_template(rollout: &mut WorkloadView, bearer: &mut WorkloadView) {
    rollout.consumes |= bearer.consumes;
    rollout.pinned = rollout.pinned.take().or_else(|| bearer.pinned.clone());
    rollout.lacks = rollout.lacks.take().or_else(|| bearer.lacks.clone());
    rollout.left = rollout.left.take().or_else(|| bearer.left.clone());
    if bearer.desired == 0 && bearer.replicas == 0 {
        (bearer.consumes, bearer.pinned, bearer.lacks, bearer.left) = (false, None, None, None);
    }
}

pub(super) fn rollout_of(above: &Above) -> Option<WorkloadName> {
    let Above::Other(object) = above else { return None };
    let rollout = || WorkloadName::of_kind(WorkloadKind::Rollout, &*object.namespace, &*object.name);
    (object.kind == "Rollout").then(rollout)
}

fn view(rollout: &Rollout, subject: &Subject, classes: &[Class]) -> WorkloadView {
    let Rollout { metadata, spec, status } = rollout;
    let gets =
        spec.template.spec.as_ref().map(|pod| Gets::with_left(pod, rollout.namespace(), subject, classes));
    let canary = spec.strategy.canary.as_ref();
    let unavailable = canary.and_then(|canary| canary.max_unavailable.clone());
    let desired = count(spec.replicas.or(Some(1)));
    let available = count(status.available_replicas);
    let annotations = metadata.annotations.as_ref();
    // Its restarts go on all the same, and its pods are those of the revision that it went back to.
    let of_newest = if status.abort { status.replicas } else { status.updated_replicas };
    WorkloadView {
        observed_generation: status.observed_generation.parse().unwrap_or_default(),
        // One that waits between two steps of its strategy is not restarted either.
        paused: spec.paused || status.pause_conditions.as_ref().is_some_and(|waits| !waits.is_empty()),
        strategy: Strategy::RollingUpdate {
            max_surge: ReplicaNumber::Count(0),
            max_unavailable: replica_number(unavailable, ReplicaNumber::Percent(25)),
        },
        desired,
        replicas: count(status.replicas),
        updated: count(of_newest),
        ready: count(status.ready_replicas),
        available,
        unavailable: desired.saturating_sub(available),
        between_revisions: spec.restart_at.is_some() && spec.restart_at != status.restarted_at,
        conditions: status.failures(),
        restarted_at: spec.restart_at.clone(),
        rotation: annotations.and_then(|annotations| annotations.get(ROTATION)).cloned(),
        times: times(&spec.template, spec.min_ready_seconds),
        ..outline(WorkloadKind::Rollout, metadata, &spec.template, gets.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(restart: &str, restarted: &str, status: Value) -> WorkloadView {
        let mut rollout = json!({
            "metadata": {"name": "checkout", "namespace": "shop", "uid": "r", "generation": 5,
                "annotations": {"keyslot.dev/rotation": "r-1"}},
            "spec": {"replicas": 3, "restartAt": restart, "strategy": {"canary": {"maxUnavailable": 1}},
                "workloadRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "checkout"}},
            "status": {"observedGeneration": "5", "replicas": 3, "updatedReplicas": 3, "readyReplicas": 3,
                "availableReplicas": 3, "restartedAt": restarted},
        });
        for (key, value) in status.as_object().unwrap() {
            rollout["status"][key] = value.clone();
        }
        view(&serde_json::from_value(rollout).unwrap(), &Subject::default(), &[])
    }

    #[test]
    fn one_that_was_given_up_is_as_its_stable_pods_are() {
        let at = "2026-11-20T09:15:00Z";
        let conditions = json!([{"type": "Progressing", "status": "False", "reason": "RolloutAborted"}]);
        let aborted = read(at, at, json!({"abort": true, "updatedReplicas": 0, "conditions": conditions}));
        assert_eq!((aborted.updated, aborted.conditions.len()), (3, 0));
        let going = read(at, at, json!({"updatedReplicas": 0}));
        assert_eq!(going.updated, 0);
    }

    #[test]
    fn a_template_in_a_deployment_is_the_rollouts_own() {
        let mut rollout = read("", "", json!({}));
        let mut bearer = WorkloadView { consumes: true, desired: 2, ..rollout.clone() };
        bearer.pinned = Some(crate::model::SecretVersion::new("v1"));
        take_template(&mut rollout, &mut bearer);
        assert!(
            rollout.consumes && rollout.pinned.is_some() && bearer.consumes,
            "while it has pods of its own"
        );
        (bearer.desired, bearer.replicas) = (0, 0);
        take_template(&mut rollout, &mut bearer);
        assert!(rollout.consumes && !bearer.consumes && bearer.pinned.is_none());
    }

    #[test]
    fn a_rollout_has_restarted_when_its_status_says_the_same_time_as_its_specification() {
        let (first, second) = ("2026-11-20T09:15:00Z", "2026-11-20T09:20:00Z");
        let done = read(first, first, json!({}));
        assert_eq!((done.observed_generation, done.between_revisions, done.paused), (5, false, false));
        assert_eq!((done.restarted_at.as_deref(), done.rotation.as_deref()), (Some(first), Some("r-1")));
        assert_eq!(done.name.to_string(), "shop/rollout/checkout");
        assert!(read(second, first, json!({})).between_revisions);
        assert!(read(first, first, json!({"pauseConditions": [{"reason": "CanaryPauseStep"}]})).paused);
        let late = json!([{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded",
            "message": "ReplicaSet has timed out progressing."}, {"type": "Available", "status": "True"}]);
        let late = read(second, first, json!({"conditions": late})).conditions;
        assert_eq!((late.len(), late[0].message.as_str()), (1, "ReplicaSet has timed out progressing."));
        // Very old controllers wrote a hash there: it is never taken for having seen the newest generation.
        let hash = read(first, first, json!({"observedGeneration": "7d9bc"}));
        assert_eq!(hash.observed_generation, 0);
    }
}
