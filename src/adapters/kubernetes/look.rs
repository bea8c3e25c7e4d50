//! One look at a cluster: three to seven lists, one Secret each where values are synced, the metadata of one each that no class
//! fills, and events where pods do not come up.
//!
//! A look is made of fresh lists, never of what a watch has brought: a quiet watch proves nothing. Soon after
//! one, a glance lists again only what matters now; it is no younger than the look before it. Pods are
//! listed after workloads, so that whatever a finished rollout left behind is still seen, and the mounts'
//! status objects after the pods. ReplicaSets are asked for only where names do not tell a pod's Deployment; what else
//! is left out, [`Scope`] says, and why that hides nobody.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use k8s_openapi::Metadata;
use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::de::DeserializeOwned;

use super::api::{Api, Ask, CLASSES, Kind, Listed, Partial};
use super::csi::{Class, PodStatus, RawClass};
use super::failure::{Failure, Refusal};
use super::lines::Lines;
use super::nodes::Nodes;
use super::owners::Owners;
use super::pods::{Found, Pods, RawPods};
use super::scope::{Mounts, Scope, is_same};
use super::stream::Streams;
use super::unfilled::{self, Asked, SecretName};
use super::workloads::Workloads;
use super::{narrow, rollouts, stream, symptoms, synced};
use crate::model::{
    Blindness, ClusterState, ClusterView, CronJobView, Extent, Salt, StampName, WorkloadName, WorkloadView,
};
use crate::ports::Fault;

/// What to look for, and where.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Subject {
    /// The vault's name for the secret.
    pub secret: String,
    /// The stamp's vault, where it is known. A mount from another vault has versions that say nothing here.
    pub vault: Option<String>,
    /// Those of all stamps, in small letters, each with a stamp that has it; empty where they are not all known.
    pub vaults: Arc<BTreeMap<String, StampName>>,
    /// All namespaces where empty.
    pub namespaces: Vec<String>,
    /// The workloads that the configuration names: all their pods are looked at, whatever they get.
    pub configured: Arc<[WorkloadName]>,
    /// The nodes that are asked about whatever pods show.
    pub nodes: Arc<BTreeSet<String>>,
    /// Secrets that were found to have lost their class; empty before a look.
    pub unfilled: Arc<BTreeSet<SecretName>>,
}

impl Subject {
    /// Whether it gets the secret, or is restarted whatever it gets: all its pods are looked at.
    pub fn follows(&self, view: &WorkloadView) -> bool {
        view.consumes || self.configured.iter().any(|one| is_same(one, &view.name))
    }
}

/// A collection that was listed, for a watch to go on from.
pub(super) struct Place {
    pub kind: Kind,
    pub namespace: Option<String>,
    pub version: String,
    /// The watch, where the list came with it.
    pub lines: Option<Lines>,
}

/// What a look brings along.
pub(super) struct Looked {
    pub view: ClusterView,
    pub classes: Vec<Class>,
    /// What was looked for, and where.
    pub subject: Subject,
    /// From where watches can follow.
    pub places: Vec<Place>,
    /// Of the list of pods.
    pub version: Option<u64>,
}

/// Looks at everything that is within the scope, but for those `mounts` that are known to be of the vault's version; where
/// nobody may look everywhere, at what may be looked at.
pub(super) async fn look(
    api: &Api,
    subject: &Subject,
    salt: &Salt,
    scope: &Scope,
    mounts: &Mounts,
) -> Result<Looked, Fault> {
    let whole = look_within(api, subject, salt, scope, mounts).await;
    match whole {
        Err(fault) if fault.kind == Blindness::Forbidden && subject.namespaces.is_empty() => {
            // What stands in the way of that is no news: the right that is missing is.
            let Ok(Some((subject, extent))) = narrow::narrowed(api, subject).await else { return Err(fault) };
            let mut looked = look_within(api, &subject, salt, scope, mounts).await?;
            looked.view.extent = Some(extent);
            Ok(looked)
        }
        Ok(looked) => {
            namespaces_exist(api, subject, &looked.view).await?;
            Ok(looked)
        }
        Err(fault) => Err(fault),
    }
}

async fn look_within(
    api: &Api,
    subject: &Subject,
    salt: &Salt,
    scope: &Scope,
    mounts: &Mounts,
) -> Result<Looked, Fault> {
    let (classes, served) =
        classes(api, subject).await.map_err(|f| fault(api, f, "list the SecretProviderClasses"))?;
    let unseeing = |failure| fault(api, failure, "see who made the Secrets that pods read");
    let left = unfilled::list(api, subject, &classes).await.map_err(unseeing)?;
    let is_listed = left.is_some();
    let left = left.unwrap_or_default();
    let unfilled = Arc::new(unfilled::ours(left.clone(), &[], subject, &classes));
    let subject = &Subject { unfilled, ..subject.clone() };
    // Whoever reads what was left behind may be of any kind, and have no pod today.
    let scope = &scope.telling_of(!is_listed || !left.is_empty());
    let mut workloads = Workloads::list(api, subject, &classes, scope).await?;
    let names = workloads.names();
    let raw = RawPods::list(api, subject).await?;
    let owners = Owners { workloads: &names, replica_sets: None };
    let Asked { unfilled, unseen } = match is_listed {
        true => Asked { unfilled: unfilled::ours(left, &raw.pods, subject, &classes), unseen: Vec::new() },
        false => {
            let wanted = unfilled::wanted(&raw.pods, &workloads.reads(), subject, &classes, &owners);
            unfilled::ask(api, wanted, &classes).await.map_err(unseeing)?
        }
    };
    // What was found to be left behind is asked about with every look.
    if !unfilled.is_empty() {
        api.connection.made.forget();
    }
    let subject = &Subject { unfilled: Arc::new(unfilled), ..subject.clone() };
    workloads.leave(subject);
    let mut pods = Pods::of(raw, api, subject, &classes, &names, scope, mounts).await?;
    if !served {
        driver_unseen(api, &pods)?;
    }
    workloads.list_owners(api, subject, &classes, scope, &pods.found).await?;
    let rollouts =
        rollouts::list(api, subject, &classes, scope, &mut workloads.views, &mut pods.found).await?;
    let (version, more) = (pods.version(), std::mem::take(&mut pods.places));
    let overtaken = pods.overtaken(&classes);
    let unplaced = pods.unplaced.take();
    let Nodes { silent, heard } = pods.nodes(api, subject).await;
    let pods = pods.views(subject, &classes);
    let mut synced =
        synced::look(api, &classes, salt).await.map_err(|f| fault(api, f, "read a synced Secret"))?;
    let read = std::mem::take(&mut workloads.gets);
    let Workloads { mut views, mut cron_jobs, mut places, .. } = workloads;
    cron_jobs.retain(CronJobView::counts);
    synced::note_unread(&mut synced, &pods, &cron_jobs, &read);
    views.extend(rollouts);
    places.extend(more);
    let mut view = ClusterView {
        state: ClusterState::Running,
        workloads: views,
        workloads_seen: None,
        pods,
        cron_jobs,
        pinned: classes.iter().flat_map(Class::pins).collect(),
        synced,
        rotates: None,
        unseen,
        overtaken,
        silent,
        heard,
        unplaced,
        ahead: api.connection.skew.ahead(),
        extent: extent(subject),
        warnings: Vec::new(),
    };
    view.warnings = symptoms::warnings(api, &view).await;
    Ok(Looked { view, classes, subject: subject.clone(), places, version })
}

/// By the configuration.
fn extent(subject: &Subject) -> Option<Extent> {
    let namespaces = subject.namespaces.clone();
    (!namespaces.is_empty()).then(|| Extent { namespaces, refused: Vec::new(), whole: true })
}

fn fault(api: &Api, failure: Failure, what: &str) -> Fault {
    failure.fault(what, &api.subject)
}

/// The classes, and whether the driver's API is there. Without it there are none; that nobody mounts one, only the pods
/// tell.
async fn classes(api: &Api, subject: &Subject) -> Result<(Vec<Class>, bool), Failure> {
    match everywhere::<RawClass>(api, CLASSES, subject).await {
        Ok((raw, _)) => Ok((
            raw.into_iter().map(|class| class.read_for(&subject.secret).among(&subject.vaults)).collect(),
            true,
        )),
        Err(failure) if failure.refusal().is_some_and(Refusal::no_such_api) => Ok((Vec::new(), false)),
        Err(failure) => Err(failure),
    }
}

/// Pods that mount the driver's volumes got them from classes that nobody can see.
fn driver_unseen(api: &Api, pods: &Pods) -> Result<(), Fault> {
    let mounting: Vec<&str> = pods.found.iter().filter(|pod| pod.is_left()).filter_map(Found::name).collect();
    let Some(first) = mounting.first() else { return Ok(()) };
    let why = format!(
        "the API server knows no {}, and {} of its pods mount volumes of that driver ({first})",
        CLASSES.plural,
        mounting.len()
    );
    let what = "list the SecretProviderClasses";
    Err(Fault::new(Blindness::Unintelligible, what, &*api.subject, why).remedy(
        "install the Secrets Store CSI driver's custom resources again (was the add-on switched off?), or restart those pods \
         without the volume",
    ))
}

/// One list over all namespaces where that is allowed, else one list each; and where watches can go on from.
pub(super) async fn everywhere<T: DeserializeOwned + Placed>(
    api: &Api,
    kind: Kind,
    subject: &Subject,
) -> Result<(Vec<T>, Vec<Place>), Failure> {
    everywhere_as(api, Ask::WHOLE, None, kind, subject).await
}

/// The same, of what a watch is to follow.
pub(super) async fn followed<T: DeserializeOwned + Placed>(
    api: &Api,
    kind: Kind,
    subject: &Subject,
) -> Result<(Vec<T>, Vec<Place>), Failure> {
    everywhere_as(api, Ask::WHOLE, api.streams.as_ref(), kind, subject).await
}

/// The same, of less.
pub(super) async fn everywhere_as<T: DeserializeOwned + Placed>(
    api: &Api,
    ask: Ask,
    streams: Option<&Streams>,
    kind: Kind,
    subject: &Subject,
) -> Result<(Vec<T>, Vec<Place>), Failure> {
    if let [only] = subject.namespaces.as_slice() {
        let (items, place) = here(api, ask, streams, kind, Some(only)).await?;
        return Ok((items, vec![place]));
    }
    match here::<T>(api, ask, streams, kind, None).await {
        Ok((mut items, place)) => {
            let wanted = &subject.namespaces;
            items.retain(|item| wanted.is_empty() || wanted.iter().any(|name| name == item.namespace()));
            Ok((items, vec![place]))
        }
        Err(failure)
            if !subject.namespaces.is_empty() && failure.refusal().is_some_and(|no| no.status == 403) =>
        {
            let (mut all, mut places) = (Vec::new(), Vec::new());
            for namespace in &subject.namespaces {
                let (items, place) = here(api, ask, streams, kind, Some(namespace)).await?;
                places.push(place);
                all.extend(items);
            }
            Ok((all, places))
        }
        Err(failure) => Err(failure),
    }
}

/// One list in one place.
async fn here<T: DeserializeOwned>(
    api: &Api,
    ask: Ask,
    streams: Option<&Streams>,
    kind: Kind,
    namespace: Option<&str>,
) -> Result<(Vec<T>, Place), Failure> {
    let streamed = match streams {
        Some(streams) => stream::list(api, streams, kind, namespace).await,
        None => None,
    };
    let (Listed { items, version }, lines) = match streamed {
        Some((listed, lines)) => (listed, Some(lines)),
        None => (api.list_as(ask, kind, namespace).await?, None),
    };
    Ok((items, Place { kind, namespace: namespace.map(str::to_owned), version, lines }))
}

/// An empty list is also what a namespace that does not exist gives: each in which nothing lives is asked for. Those who may
/// not ask are believed.
async fn namespaces_exist(api: &Api, subject: &Subject, view: &ClusterView) -> Result<(), Fault> {
    let lived_in = |name: &str| {
        view.workloads.iter().any(|workload| workload.name.namespace == name)
            || view.pods.iter().any(|pod| pod.namespace == name)
    };
    for namespace in subject.namespaces.iter().filter(|name| !lived_in(name.as_str())) {
        let path = format!("/api/v1/namespaces/{namespace}");
        match api.get::<Namespace>(&path).await {
            Err(failure) if failure.refusal().is_some_and(|no| no.status == 403 || no.no_such_api()) => {}
            Err(failure) => return Err(fault(api, failure, &format!("find the namespace {namespace}"))),
            Ok(_) => {}
        }
    }
    Ok(())
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

impl Placed for Partial {
    fn namespace(&self) -> &str {
        self.metadata.namespace.as_deref().unwrap_or_default()
    }
}

impl Placed for PodStatus {
    fn namespace(&self) -> &str {
        &self.metadata.namespace
    }
}
