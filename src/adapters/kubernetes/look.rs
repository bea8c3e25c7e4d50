//! One look at a cluster: four to seven lists, one Secret each where values are synced, and events where pods do not
//! come up.
//!
//! A look is made of fresh lists, never of what a watch has brought: a quiet watch proves nothing. Soon after
//! one, a glance lists again only what matters now; it is no younger than the look before it. Pods are
//! listed after workloads, so that whatever a finished rollout left behind is still seen, and the mounts'
//! status objects after the pods. ReplicaSets are asked for only where names do not tell a pod's Deployment; what else
//! is left out, [`Scope`] says, and why that hides nobody.

use std::collections::BTreeSet;

use k8s_openapi::Metadata;
use k8s_openapi::api::apps::v1::ReplicaSet;
use k8s_openapi::api::core::v1::{Namespace, Pod};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::de::DeserializeOwned;

use super::api::{Api, CLASSES, Kind, Listed, POD_STATUSES, PODS, REPLICA_SETS};
use super::consumers::{Gets, mounted_classes};
use super::csi::{Class, PodId, PodStatus, RawClass, mounted};
use super::failure::{Failure, Refusal};
use super::owners::{Above, Owners};
use super::scope::Scope;
use super::workloads::Workloads;
use super::{rollouts, symptoms, synced, workload};
use crate::model::{ClusterState, ClusterView, PodView, Salt, SecretVersion, WorkloadName};
use crate::ports::Fault;

/// What to look for, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Subject {
    /// The vault's name for the secret.
    pub secret: String,
    /// The stamp's vault, where it is known. A mount from another vault has versions that say nothing here.
    pub vault: Option<String>,
    /// All namespaces where empty.
    pub namespaces: Vec<String>,
}

/// A collection that was listed, for a watch to go on from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub kind: Kind,
    pub namespace: Option<String>,
    pub version: String,
}

/// What a look brings along.
pub(super) struct Looked {
    pub view: ClusterView,
    pub classes: Vec<Class>,
    /// From where watches can follow.
    pub places: Vec<Place>,
    /// Of the list of pods.
    pub version: Option<u64>,
}

/// Looks at everything that is within the scope.
pub(super) async fn look(api: &Api, subject: &Subject, salt: &Salt, scope: &Scope) -> Result<Looked, Fault> {
    let classes = classes(api, subject).await.map_err(|f| fault(api, f, "list the SecretProviderClasses"))?;
    let mut workloads = Workloads::list(api, subject, &classes, scope).await?;
    if workloads.views.is_empty() {
        namespaces_exist(api, subject).await?;
    }
    let names = workloads.names();
    let Pods { pods, above, statuses, places: more } =
        Pods::list(api, subject, &classes, &names, scope).await?;
    workloads.list_owners(api, subject, &classes, scope, &above).await?;
    let mut above = above;
    let rollouts = rollouts::list(api, subject, &classes, &mut above).await?;
    let version = version_of(&more);
    let pods = Pods { pods, above, statuses, places: Vec::new() }.views(subject, &classes);
    let synced =
        synced::look(api, &classes, salt).await.map_err(|f| fault(api, f, "read a synced Secret"))?;
    let Workloads { mut views, cron_jobs, mut places } = workloads;
    views.extend(rollouts);
    places.extend(more);
    let mut view = ClusterView {
        state: ClusterState::Running,
        workloads: views,
        pods,
        cron_jobs,
        synced,
        ahead: api.connection.skew.ahead(),
        warnings: Vec::new(),
    };
    view.warnings = symptoms::warnings(api, &view).await;
    Ok(Looked { view, classes, places, version })
}

/// The pods that get the secret and their mounts, listed anew; with the version of the list.
pub(super) async fn pods(
    api: &Api,
    subject: &Subject,
    classes: &[Class],
    workloads: &BTreeSet<WorkloadName>,
    scope: &Scope,
) -> Result<(Vec<PodView>, Option<u64>), Fault> {
    let listed = Pods::list(api, subject, classes, workloads, scope).await?;
    let version = version_of(&listed.places);
    Ok((listed.views(subject, classes), version))
}

/// The oldest of them, where they are numbers.
fn version_of(places: &[Place]) -> Option<u64> {
    places.iter().map(|place| place.version.parse().ok()).min().flatten()
}

struct Pods {
    pods: Vec<Pod>,
    /// In their order.
    above: Vec<Above>,
    statuses: Vec<PodStatus>,
    places: Vec<Place>,
}

impl Pods {
    async fn list(
        api: &Api,
        subject: &Subject,
        classes: &[Class],
        workloads: &BTreeSet<WorkloadName>,
        scope: &Scope,
    ) -> Result<Pods, Fault> {
        let (pods, places) =
            everywhere::<Pod>(api, PODS, subject).await.map_err(|f| fault(api, f, "list the pods"))?;
        let pods: Vec<Pod> = pods.into_iter().filter(|pod| pod_consumes(pod, classes)).collect();
        let statuses = statuses(api, subject, &pods, classes, scope)
            .await
            .map_err(|f| fault(api, f, "list the status of secret mounts"))?;
        let above = owners(api, subject, &pods, workloads).await?;
        Ok(Pods { pods, above, statuses, places })
    }

    fn views(self, subject: &Subject, classes: &[Class]) -> Vec<PodView> {
        let Pods { pods, above, statuses, places: _ } = self;
        let view = |(pod, above): (&Pod, Above)| -> Option<PodView> {
            workload::pod(pod, above, version(pod, subject, classes, &statuses))
        };
        pods.iter().zip(above).filter_map(view).collect()
    }
}

fn fault(api: &Api, failure: Failure, what: &str) -> Fault {
    failure.fault(what, &api.subject)
}

/// The classes that deliver the secret. Without the driver's API there are none.
async fn classes(api: &Api, subject: &Subject) -> Result<Vec<Class>, Failure> {
    match everywhere::<RawClass>(api, CLASSES, subject).await {
        Ok((raw, _)) => Ok(raw.into_iter().filter_map(|class| class.delivering(&subject.secret)).collect()),
        Err(failure) if failure.refusal().is_some_and(Refusal::no_such_api) => Ok(Vec::new()),
        Err(failure) => Err(failure),
    }
}

async fn statuses(
    api: &Api,
    subject: &Subject,
    pods: &[Pod],
    classes: &[Class],
    scope: &Scope,
) -> Result<Vec<PodStatus>, Failure> {
    if classes.is_empty() || !pods.iter().any(|pod| scope.wants_mounts_of(&pod.metadata)) {
        return Ok(Vec::new());
    }
    match everywhere(api, POD_STATUSES, subject).await {
        Ok((statuses, _)) => Ok(statuses),
        Err(failure) if failure.refusal().is_some_and(Refusal::no_such_api) => Ok(Vec::new()),
        Err(failure) => Err(failure),
    }
}

/// One list over all namespaces where that is allowed, else one list each; and where watches can go on from.
pub(super) async fn everywhere<T: DeserializeOwned + Placed>(
    api: &Api,
    kind: Kind,
    subject: &Subject,
) -> Result<(Vec<T>, Vec<Place>), Failure> {
    let place = |namespace: Option<&str>, version: String| Place {
        kind,
        namespace: namespace.map(str::to_owned),
        version,
    };
    if let [only] = subject.namespaces.as_slice() {
        let Listed { items, version } = api.list(kind, Some(only)).await?;
        return Ok((items, vec![place(Some(only), version)]));
    }
    match api.list::<T>(kind, None).await {
        Ok(Listed { mut items, version }) => {
            let wanted = &subject.namespaces;
            items.retain(|item| wanted.is_empty() || wanted.iter().any(|name| name == item.namespace()));
            Ok((items, vec![place(None, version)]))
        }
        Err(failure)
            if !subject.namespaces.is_empty() && failure.refusal().is_some_and(|no| no.status == 403) =>
        {
            let (mut all, mut places) = (Vec::new(), Vec::new());
            for namespace in &subject.namespaces {
                let Listed { items, version } = api.list(kind, Some(namespace)).await?;
                places.push(place(Some(namespace), version));
                all.extend(items);
            }
            Ok((all, places))
        }
        Err(failure) => Err(failure),
    }
}

/// An empty list is also what a namespace that does not exist gives. Those who may not ask are believed.
async fn namespaces_exist(api: &Api, subject: &Subject) -> Result<(), Fault> {
    for namespace in &subject.namespaces {
        let path = format!("/api/v1/namespaces/{namespace}");
        match api.get::<Namespace>(&path).await {
            Err(failure) if failure.refusal().is_some_and(|no| no.status == 403) => {}
            Err(failure) => return Err(fault(api, failure, &format!("find the namespace {namespace}"))),
            Ok(_) => {}
        }
    }
    Ok(())
}

pub(super) fn pod_consumes(pod: &Pod, classes: &[Class]) -> bool {
    let spec = pod.spec.as_ref();
    spec.is_some_and(|spec| Gets::of(spec, pod.namespace(), classes).any())
}

/// The version in the pod's mount; `None` where it has none, or one from another vault than the stamp's.
fn version(pod: &Pod, subject: &Subject, classes: &[Class], statuses: &[PodStatus]) -> Option<SecretVersion> {
    let meta = &pod.metadata;
    let id = PodId {
        namespace: pod.namespace(),
        name: meta.name.as_deref()?,
        uid: meta.uid.as_deref().filter(|uid| !uid.is_empty())?,
    };
    let ours =
        |class: &&Class| subject.vault.as_deref().is_none_or(|vault| class.vault.eq_ignore_ascii_case(vault));
    mounted_classes(pod.spec.as_ref()?, id.namespace, classes)
        .filter(ours)
        .find_map(|class| mounted(statuses, id, &class.name, &subject.secret))
}

/// What is above each pod, in their order.
async fn owners(
    api: &Api,
    subject: &Subject,
    pods: &[Pod],
    workloads: &BTreeSet<WorkloadName>,
) -> Result<Vec<Above>, Fault> {
    let by_name = Owners { workloads, replica_sets: None };
    let above: Vec<Above> = pods.iter().map(|pod| by_name.above(&pod.metadata)).collect();
    if !above.contains(&Above::Unclear) {
        return Ok(above);
    }
    let (replica_sets, _) = everywhere::<ReplicaSet>(api, REPLICA_SETS, subject)
        .await
        .map_err(|f| fault(api, f, "list the ReplicaSets"))?;
    let by_list = Owners { workloads, replica_sets: Some(&replica_sets) };
    Ok(pods.iter().map(|pod| by_list.above(&pod.metadata)).collect())
}

/// Something in a namespace.
pub(super) trait Placed {
    fn namespace(&self) -> &str;
}

impl<T: Metadata<Ty = ObjectMeta>> Placed for T {
    fn namespace(&self) -> &str {
        self.metadata().namespace.as_deref().unwrap_or_default()
    }
}

impl Placed for RawClass {
    fn namespace(&self) -> &str {
        &self.metadata.namespace
    }
}

impl Placed for PodStatus {
    fn namespace(&self) -> &str {
        &self.metadata.namespace
    }
}
