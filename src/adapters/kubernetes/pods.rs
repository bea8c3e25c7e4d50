//! The pods that hold the secret or may hold it, and those of the configured workloads: listed, with what is above them and
//! what their mounts tell.
//!
//! Mounts are asked for where they tell something: of pods that mount a delivering class, as far as [`Scope`] goes, and of
//! pods whose class is not what it was when they began.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use k8s_openapi::api::apps::v1::ReplicaSet;
use k8s_openapi::api::core::v1::Pod;

use super::api::{Api, POD_STATUSES, PODS, REPLICA_SETS};
use super::consumers::{Gets, class_names, mounted_classes};
use super::csi::{Class, PodId, PodStatus, mounted};
use super::failure::{Failure, Refusal};
use super::holding::{besides, fills, holding, lost_classes, pod_id};
use super::look::{Place, Placed as _, Subject, everywhere, followed};
use super::nodes::{self, Nodes};
use super::owners::{Above, Owners};
use super::rollouts::rollout_of;
use super::scope::{Mounts, Scope, is_same};
use super::{symptoms, workload};
use crate::model::{Holding, OtherMount, PodView, SecretVersion, Unplaced, WorkloadName};
use crate::ports::Fault;

/// A pod that matters, or may.
pub(super) struct Found {
    pub pod: Pod,
    pub above: Above,
    /// Whether its specification gets the secret.
    pub gets: bool,
    /// Whether a class that it mounts is not what it was when it began.
    doubtful: bool,
    /// Whether the driver may write what it mounts into a Kubernetes Secret.
    fills: bool,
    /// Whether it mounts one that reads another stamp's vault: what that mount holds is not kept.
    elsewhere: bool,
}

impl Found {
    fn of(pod: Pod, subject: &Subject, classes: &[Class], by_name: &Owners<'_>) -> Option<Found> {
        let spec = pod.spec.as_ref();
        let gets = spec.is_some_and(|spec| Gets::of(spec, pod.namespace(), classes).any());
        let doubtful = lost_classes(&pod, subject, classes).next().is_some();
        let above = by_name.above(&pod.metadata);
        let matters = gets || doubtful || may_be_configured(&above, pod.namespace(), &subject.configured);
        let fills = spec.is_some_and(|spec| {
            mounted_classes(spec, pod.namespace(), classes).any(|class| !class.synced.is_empty())
        });
        let elsewhere = spec.is_some_and(|spec| {
            mounted_classes(spec, pod.namespace(), classes).any(|class| !is_ours(class, subject))
        });
        matters.then_some(Found { pod, above, gets, doubtful, fills, elsewhere })
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

    fn is_known(&self, scope: &Scope, mounts: &Mounts) -> bool {
        !self.elsewhere && scope.known_mount(&self.pod.metadata, mounts).is_some()
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
    /// By uid, what the mounts of pods were seen to hold before, where they were not listed again.
    mounts: Mounts,
    pub places: Vec<Place>,
    /// Of all pods that were listed, those that wait for room.
    pub unplaced: Option<Unplaced>,
}

/// All pods that are looked at.
pub(super) struct RawPods {
    pub pods: Vec<Pod>,
    places: Vec<Place>,
}

impl RawPods {
    pub async fn list(api: &Api, subject: &Subject) -> Result<RawPods, Fault> {
        let listed = followed::<Pod>(api, PODS, subject).await;
        let (pods, places) = listed.map_err(|failure| failure.fault("list the pods", &api.subject))?;
        Ok(RawPods { pods, places })
    }
}

impl Pods {
    /// With what is above them and what their mounts tell.
    pub async fn of(
        RawPods { pods, places }: RawPods,
        api: &Api,
        subject: &Subject,
        classes: &[Class],
        workloads: &BTreeSet<WorkloadName>,
        scope: &Scope,
        mounts: &Mounts,
    ) -> Result<Pods, Fault> {
        let fault = |failure: Failure, what: &str| failure.fault(what, &api.subject);
        let by_name = Owners { workloads, replica_sets: None };
        let unplaced = symptoms::unplaced(&pods);
        let found = pods.into_iter().filter_map(|pod| Found::of(pod, subject, classes, &by_name));
        let mut found: Vec<Found> = found.collect();
        let of = |pod: &Found| tells(pod, scope) && (pod.doubtful || !pod.is_known(scope, mounts));
        let wanted = found.iter().any(of);
        let listed = if wanted { statuses(api, subject).await } else { Ok(Vec::new()) };
        let statuses = listed.map_err(|f| fault(f, "list the status of secret mounts"))?;
        let known = found.iter().filter(|pod| !wanted && tells(pod, scope));
        let mounts = known.filter_map(|pod| {
            let version = scope.known_mount(&pod.pod.metadata, mounts)?;
            Some((pod.pod.metadata.uid.clone()?, version.clone()))
        });
        let mounts = mounts.collect();
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
        Ok(Pods { found, statuses, mounts, places, unplaced })
    }

    /// How the nodes are that pods give cause to ask about, and those of which it is not known what became of their pods.
    pub async fn nodes(&self, api: &Api, subject: &Subject) -> Nodes {
        let mut suspects = nodes::suspects(self.found.iter().map(|found| &found.pod), api.clock.now());
        suspects.extend(subject.nodes.iter().cloned());
        nodes::ask(api, suspects).await
    }

    /// The oldest of the lists, where they are numbers.
    pub fn version(&self) -> Option<u64> {
        self.places.iter().map(|place| place.version.parse().ok()).min().flatten()
    }

    /// By uid, those that began before a delivering class of theirs said what it says now, and since when it does.
    pub fn overtaken(&self, classes: &[Class]) -> BTreeMap<String, Timestamp> {
        let at = |found: &Found| {
            let (meta, spec) = (&found.pod.metadata, found.pod.spec.as_ref()?);
            let began = meta.creation_timestamp.as_ref()?.0;
            let changed =
                mounted_classes(spec, found.pod.namespace(), classes).filter_map(|class| class.changed);
            Some((meta.uid.clone()?, changed.max().filter(|at| *at >= began)?))
        };
        self.found.iter().filter_map(at).collect()
    }

    pub fn views(self, subject: &Subject, classes: &[Class]) -> Vec<PodView> {
        let Pods { found, statuses, mounts, places: _, unplaced: _ } = self;
        let known = |pod: &Pod| mounts.get(pod.metadata.uid.as_deref()?).cloned();
        let view = |Found { pod, above, .. }: Found| -> Option<PodView> {
            let holding = holding(&pod, subject, classes, &statuses).unwrap_or(Holding::Named);
            let (told, mounted_besides) = versions(&pod, subject, classes, &statuses);
            let mounted = told.or_else(|| known(&pod));
            let besides = besides(&pod, subject, classes, &holding);
            let (others, fills) = (elsewhere(&pod, subject, classes, &statuses), fills(&pod, classes));
            let view = workload::pod(&pod, above, holding, besides, mounted)?;
            Some(PodView { elsewhere: others, mounted_besides, fills, ..view })
        };
        found.into_iter().filter_map(view).collect()
    }
}

/// The pods and their mounts, listed anew.
pub(super) struct Relisted {
    pub views: Vec<PodView>,
    /// Of the list.
    pub version: Option<u64>,
    /// What was told of nodes.
    pub nodes: Nodes,
    pub unplaced: Option<Unplaced>,
}

pub(super) async fn list(
    api: &Api,
    subject: &Subject,
    classes: &[Class],
    workloads: &BTreeSet<WorkloadName>,
    scope: &Scope,
) -> Result<Relisted, Fault> {
    let raw = RawPods::list(api, subject).await?;
    let mut listed = Pods::of(raw, api, subject, classes, workloads, scope, &Mounts::new()).await?;
    let version = listed.version();
    let nodes = listed.nodes(api, subject).await;
    let unplaced = listed.unplaced.take();
    Ok(Relisted { views: listed.views(subject, classes), version, nodes, unplaced })
}

/// Whether what the pod mounts tells anything.
fn tells(pod: &Found, scope: &Scope) -> bool {
    pod.doubtful || pod.fills || (pod.gets && scope.wants_mounts_of(&pod.pod.metadata))
}

/// The mounts alone, listed anew for pods of which a watch has told. Whether there is nothing that they leave open: pods
/// that are taken to hold the secret by anything but their specification are to be listed with them.
pub(super) async fn list_mounts(
    api: &Api,
    subject: &Subject,
    classes: &[Class],
    pods: &mut [PodView],
) -> Result<bool, Fault> {
    let plain = |pod: &PodView| matches!(pod.holding, Holding::Specified { .. } | Holding::Named);
    if !pods.iter().all(plain) {
        return Ok(false);
    }
    let statuses = statuses(api, subject)
        .await
        .map_err(|failure| failure.fault("list the status of secret mounts", &api.subject))?;
    for pod in pods.iter_mut().filter(|pod| pod.mounts_secret()) {
        let id = PodId { namespace: &pod.namespace, name: &pod.name, uid: &pod.uid };
        // Statuses of other classes than the pod mounts are of other pods.
        let near = |class: &&Class| class.delivers && class.namespace == pod.namespace;
        let here = classes.iter().filter(near).filter(|class| is_ours(class, subject));
        let versions = here.flat_map(|class| mounted(&statuses, id, &class.name, &subject.secret));
        let (told, besides) = first_and_others(versions);
        if told.is_some() {
            (pod.mounted, pod.mounted_besides) = (told, besides);
        }
        let others = classes.iter().filter(near).filter(|class| !is_ours(class, subject));
        let told = others.flat_map(|class| {
            let versions = mounted(&statuses, id, &class.name, &subject.secret);
            versions.filter_map(|version| other_mount(class, subject, Some(version)))
        });
        let told: Vec<OtherMount> = told.collect();
        if !told.is_empty() {
            pod.elsewhere = told;
        }
    }
    Ok(pods.iter().all(is_seen))
}

/// Whether what it mounts is known, or tells nothing: a pod that is terminating counts as old whatever it mounts.
pub(super) fn is_seen(pod: &PodView) -> bool {
    pod.mounted.is_some() || !pod.mounts_secret() || pod.deleting.is_some() || pod.phase != "Running"
}

async fn statuses(api: &Api, subject: &Subject) -> Result<Vec<PodStatus>, Failure> {
    match everywhere(api, POD_STATUSES, subject).await {
        Ok((statuses, _)) => Ok(statuses),
        Err(failure) if failure.refusal().is_some_and(Refusal::no_such_api) => Ok(Vec::new()),
        Err(failure) => Err(failure),
    }
}

/// Whether it reads the stamp's vault, as far as that is known.
fn is_ours(class: &Class, subject: &Subject) -> bool {
    subject.vault.as_deref().is_none_or(|vault| class.vault.eq_ignore_ascii_case(vault))
}

/// What it mounts of classes that read another stamp's vault.
fn elsewhere(pod: &Pod, subject: &Subject, classes: &[Class], statuses: &[PodStatus]) -> Vec<OtherMount> {
    let (Some(id), Some(spec)) = (pod_id(pod), pod.spec.as_ref()) else { return Vec::new() };
    let others = mounted_classes(spec, id.namespace, classes).filter(|class| !is_ours(class, subject));
    let mounts = |class: &Class| -> Vec<OtherMount> {
        let (first, besides) = first_and_others(mounted(statuses, id, &class.name, &subject.secret));
        let versions = std::iter::once(first).chain(besides.into_iter().map(Some));
        versions.filter_map(|version| other_mount(class, subject, version)).collect()
    };
    others.flat_map(mounts).collect()
}

fn other_mount(class: &Class, subject: &Subject, version: Option<SecretVersion>) -> Option<OtherMount> {
    let stamp = subject.vaults.get(&class.vault.to_ascii_lowercase())?.clone();
    Some(OtherMount { stamp, version })
}

/// The version in the pod's mount, and those in its others; none where it has none, or one from another vault than the
/// stamp's.
fn versions(
    pod: &Pod,
    subject: &Subject,
    classes: &[Class],
    statuses: &[PodStatus],
) -> (Option<SecretVersion>, Vec<SecretVersion>) {
    let (Some(id), Some(spec)) = (pod_id(pod), pod.spec.as_ref()) else { return (None, Vec::new()) };
    let specified = mounted_classes(spec, id.namespace, classes).filter(|class| is_ours(class, subject));
    let specified = specified.flat_map(|class| mounted(statuses, id, &class.name, &subject.secret));
    if let (Some(first), besides) = first_and_others(specified) {
        return (Some(first), besides);
    }
    let mut lost = lost_classes(pod, subject, classes);
    let told = lost.find_map(|class| mounted(statuses, id, &class.name, &subject.secret).next());
    (told, Vec::new())
}

/// The first version, and what differs from it.
fn first_and_others(
    mut versions: impl Iterator<Item = SecretVersion>,
) -> (Option<SecretVersion>, Vec<SecretVersion>) {
    let first = versions.next();
    let others: BTreeSet<SecretVersion> =
        versions.filter(|version| Some(version) != first.as_ref()).collect();
    (first, others.into_iter().collect())
}
