//! The pods that hold the secret or may hold it, and those of the configured workloads: listed, with what is above them and
//! what their mounts tell.
//!
//! Mounts are asked for where they tell something: of pods that mount a delivering class, as far as [`Scope`] goes, and of
//! pods whose class is not what it was when they began.

use std::collections::BTreeSet;

use k8s_openapi::api::apps::v1::ReplicaSet;
use k8s_openapi::api::core::v1::Pod;

use super::api::{Api, POD_STATUSES, PODS, REPLICA_SETS};
use super::consumers::{Gets, class_names, mounted_classes};
use super::csi::{Class, PodStatus, mounted};
use super::failure::{Failure, Refusal};
use super::holding::{holding, lost_classes, pod_id};
use super::look::{Place, Placed as _, Subject, everywhere};
use super::owners::{Above, Owners};
use super::rollouts::rollout_of;
use super::scope::{Scope, is_same};
use super::workload;
use crate::model::{Holding, PodView, SecretVersion, WorkloadName};
use crate::ports::Fault;

/// A pod that matters, or may.
pub(super) struct Found {
    pub pod: Pod,
    pub above: Above,
    /// Whether its specification gets the secret.
    pub gets: bool,
    /// Whether a class that it mounts is not what it was when it began.
    doubtful: bool,
}

impl Found {
    fn of(pod: Pod, subject: &Subject, classes: &[Class], by_name: &Owners<'_>) -> Option<Found> {
        let spec = pod.spec.as_ref();
        let gets = spec.is_some_and(|spec| Gets::of(spec, pod.namespace(), classes).any());
        let doubtful = lost_classes(&pod, subject, classes).next().is_some();
        let above = by_name.above(&pod.metadata);
        let matters = gets || doubtful || may_be_configured(&above, pod.namespace(), &subject.configured);
        matters.then_some(Found { pod, above, gets, doubtful })
    }

    pub fn name(&self) -> Option<&str> {
        self.pod.metadata.name.as_deref()
    }

    /// Whether it has not ended, and mounts a volume of the driver.
    pub fn is_left(&self) -> bool {
        let phase = self.pod.status.as_ref().and_then(|status| status.phase.as_deref());
        let ended = matches!(phase, Some("Succeeded" | "Failed"));
        !ended && self.pod.spec.as_ref().is_some_and(|spec| class_names(spec).next().is_some())
    }

    fn speaks(&self) -> bool {
        self.gets || self.doubtful
    }
}

/// Whether it belongs to one of these workloads.
pub(super) fn is_configured(above: &Above, configured: &[WorkloadName]) -> bool {
    let rollout = rollout_of(above);
    let name = match above {
        Above::Workload(name) => Some(name),
        Above::Other(_) | Above::Unclear | Above::Nothing => rollout.as_ref(),
    };
    name.is_some_and(|name| configured.iter().any(|one| is_same(one, name)))
}

/// A ReplicaSet that its name does not tell the owner of may be one of theirs, where they are.
pub(super) fn may_be_configured(above: &Above, namespace: &str, configured: &[WorkloadName]) -> bool {
    let near = || configured.iter().any(|name| name.namespace.eq_ignore_ascii_case(namespace));
    is_configured(above, configured) || (*above == Above::Unclear && near())
}

pub(super) struct Pods {
    pub found: Vec<Found>,
    statuses: Vec<PodStatus>,
    pub places: Vec<Place>,
}

impl Pods {
    pub async fn list(
        api: &Api,
        subject: &Subject,
        classes: &[Class],
        workloads: &BTreeSet<WorkloadName>,
        scope: &Scope,
    ) -> Result<Pods, Fault> {
        let fault = |failure: Failure, what: &str| failure.fault(what, &api.subject);
        let (pods, places) =
            everywhere::<Pod>(api, PODS, subject).await.map_err(|f| fault(f, "list the pods"))?;
        let by_name = Owners { workloads, replica_sets: None };
        let found = pods.into_iter().filter_map(|pod| Found::of(pod, subject, classes, &by_name));
        let mut found: Vec<Found> = found.collect();
        let statuses = statuses(api, subject, &found, scope)
            .await
            .map_err(|f| fault(f, "list the status of secret mounts"))?;
        let unclear = |pod: &Found| pod.above == Above::Unclear;
        if found.iter().any(unclear) {
            let (sets, _) = everywhere::<ReplicaSet>(api, REPLICA_SETS, subject)
                .await
                .map_err(|f| fault(f, "list the ReplicaSets"))?;
            let by_list = Owners { workloads, replica_sets: Some(&sets) };
            let resolve = |pod: &mut Found| pod.above = by_list.above(&pod.pod.metadata);
            found.iter_mut().filter(|pod| unclear(pod)).for_each(resolve);
        }
        found.retain(|pod| pod.speaks() || is_configured(&pod.above, &subject.configured));
        Ok(Pods { found, statuses, places })
    }

    /// The oldest of the lists, where they are numbers.
    pub fn version(&self) -> Option<u64> {
        self.places.iter().map(|place| place.version.parse().ok()).min().flatten()
    }

    pub fn views(self, subject: &Subject, classes: &[Class]) -> Vec<PodView> {
        let Pods { found, statuses, places: _ } = self;
        let view = |Found { pod, above, .. }: Found| -> Option<PodView> {
            let holding = holding(&pod, subject, classes, &statuses).unwrap_or(Holding::Named);
            let mounted = version(&pod, subject, classes, &statuses);
            workload::pod(&pod, above, holding, mounted)
        };
        found.into_iter().filter_map(view).collect()
    }
}

/// The pods and their mounts, listed anew; with the version of the list.
pub(super) async fn list(
    api: &Api,
    subject: &Subject,
    classes: &[Class],
    workloads: &BTreeSet<WorkloadName>,
    scope: &Scope,
) -> Result<(Vec<PodView>, Option<u64>), Fault> {
    let listed = Pods::list(api, subject, classes, workloads, scope).await?;
    let version = listed.version();
    Ok((listed.views(subject, classes), version))
}

async fn statuses(
    api: &Api,
    subject: &Subject,
    found: &[Found],
    scope: &Scope,
) -> Result<Vec<PodStatus>, Failure> {
    let tells = |pod: &Found| pod.doubtful || (pod.gets && scope.wants_mounts_of(&pod.pod.metadata));
    if !found.iter().any(tells) {
        return Ok(Vec::new());
    }
    match everywhere(api, POD_STATUSES, subject).await {
        Ok((statuses, _)) => Ok(statuses),
        Err(failure) if failure.refusal().is_some_and(Refusal::no_such_api) => Ok(Vec::new()),
        Err(failure) => Err(failure),
    }
}

/// The version in the pod's mount; `None` where it has none, or one from another vault than the stamp's.
fn version(pod: &Pod, subject: &Subject, classes: &[Class], statuses: &[PodStatus]) -> Option<SecretVersion> {
    let id = pod_id(pod)?;
    let ours =
        |class: &&Class| subject.vault.as_deref().is_none_or(|vault| class.vault.eq_ignore_ascii_case(vault));
    let specified = mounted_classes(pod.spec.as_ref()?, id.namespace, classes)
        .filter(ours)
        .find_map(|class| mounted(statuses, id, &class.name, &subject.secret));
    let lost = lost_classes(pod, subject, classes);
    specified
        .or_else(|| lost.into_iter().find_map(|class| mounted(statuses, id, &class.name, &subject.secret)))
}
