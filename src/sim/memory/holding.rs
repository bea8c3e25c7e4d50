//! By what a pod is taken to hold the secret: as its class and the status of its mount tell it, and by no other truth.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::super::config::KeySource;
use super::super::kubernetes::{Cluster, Pod, PodTemplate, ProviderClass};
use super::super::time::whole_second;
use crate::model::{ClassFate, Holding, LostClass, SecretVersion};

pub(super) fn delivers(class: &ProviderClass, secret: &str) -> bool {
    class.secrets.iter().any(|one| one == secret)
}

pub(super) fn holding(cluster: &Cluster, pod: &Pod, secret: &str) -> Holding {
    let class = cluster.provider_class(&pod.meta.namespace, &pod.template.class);
    let names = cluster.mount_of(pod.id).is_some_and(|mount| mount.secret.is_some());
    let lost = |fate| Holding::Unclear(LostClass { name: pod.template.class.to_string(), fate });
    let reads = matches!(pod.template.key, KeySource::SyncedSecret(_));
    if pod.template.class.is_empty() {
        // Only what it reads of a Secret that is filled from a class.
        let filled = |class: &&std::sync::Arc<ProviderClass>| match (&class.synced, &pod.template.key) {
            (Some((filled, _)), KeySource::SyncedSecret(read)) => filled == read && delivers(class, secret),
            _ => false,
        };
        return match (cluster.provider_classes().iter().find(filled), &pod.template.key) {
            (Some(_), KeySource::SyncedSecret(read)) => {
                Holding::Specified { mounts: false, reads: vec![read.clone()] }
            }
            _ => Holding::Named,
        };
    }
    match class {
        Some(class) if delivers(class, secret) => Holding::Specified {
            mounts: true,
            reads: read(pod).filter(|name| is_filled(cluster, name)).map(str::to_owned).into_iter().collect(),
        },
        _ if names => Holding::Mounted,
        None => lost(ClassFate::Absent),
        Some(class) if reads && class.generation > 1 => lost(ClassFate::Filled),
        Some(class) if whole_second(class.changed) >= whole_second(pod.meta.created) => {
            lost(ClassFate::Changed)
        }
        Some(_) => Holding::Named,
    }
}

fn read(pod: &Pod) -> Option<&str> {
    read_in(&pod.template)
}

fn read_in(template: &PodTemplate) -> Option<&str> {
    match &template.key {
        KeySource::SyncedSecret(secret) => Some(secret),
        KeySource::Mount => None,
    }
}

fn is_filled(cluster: &Cluster, secret: &str) -> bool {
    cluster
        .provider_classes()
        .iter()
        .any(|class| class.synced.as_ref().is_some_and(|(name, _)| name == secret))
}

/// Whether it is there and no class fills it.
fn is_unfilled(cluster: &Cluster, name: &str) -> bool {
    !is_filled(cluster, name) && cluster.secrets().any(|one| &*one.meta.name == name)
}

/// Whether a class that delivers the vault's secret fills the Kubernetes Secret.
pub(super) fn is_synced(cluster: &Cluster, name: &str, secret: &str) -> bool {
    let fills = |class: &ProviderClass| class.synced.as_ref().is_some_and(|(filled, _)| filled == name);
    cluster.provider_classes().iter().any(|class| delivers(class, secret) && fills(class))
}

/// Whether any specification reads the Kubernetes Secret.
pub(super) fn is_read(cluster: &Cluster, name: &str) -> bool {
    let pods = cluster.pods().map(|pod| &pod.template);
    let jobs = cluster.cron_jobs().iter().map(|job| &job.template);
    let sets = cluster.sets().iter().map(|set| &set.template);
    let deployments = cluster.standing().map(|one| &one.template);
    pods.chain(jobs).chain(sets).chain(deployments).any(|template| read_in(template) == Some(name))
}

/// The Kubernetes Secrets that the class it mounts fills with the secret.
pub(super) fn fills(cluster: &Cluster, pod: &Pod, secret: &str) -> Vec<String> {
    let class = cluster.provider_class(&pod.meta.namespace, &pod.template.class);
    let filled = class.filter(|class| delivers(class, secret)).and_then(|class| class.synced.as_ref());
    filled.map(|(name, _)| name.clone()).into_iter().collect()
}

/// What pods of the template read of Secrets that nobody fills with the key any more.
pub(super) fn left(
    cluster: &Cluster,
    namespace: &str,
    template: &PodTemplate,
    secret: &str,
) -> Option<LostClass> {
    let read = read_in(template)?;
    let lost = |name: &str, fate| LostClass { name: name.to_owned(), fate };
    if !is_filled(cluster, read) {
        return is_unfilled(cluster, read).then(|| lost(read, ClassFate::Unfilled));
    }
    let class = cluster.provider_class(namespace, &template.class)?;
    let changed = class.generation > 1 && !delivers(class, secret);
    changed.then(|| lost(&class.meta.name, ClassFate::Filled))
}

/// The Secret that it reads and that no class fills, where it gets the secret by its mount.
pub(super) fn besides(cluster: &Cluster, pod: &Pod, secret: &str) -> Option<LostClass> {
    let known = matches!(holding(cluster, pod, secret), Holding::Specified { .. } | Holding::Mounted);
    let left = read(pod).filter(|name| known && is_unfilled(cluster, name))?;
    Some(LostClass { name: left.to_owned(), fate: ClassFate::Unfilled })
}

/// By uid, pods that began before their class said what it says now, and since when it does.
pub(super) fn overtaken(cluster: &Cluster, secret: &str) -> BTreeMap<String, Timestamp> {
    let at = |pod: &Pod| {
        let class = cluster.provider_class(&pod.meta.namespace, &pod.template.class)?;
        let changed = whole_second(class.changed);
        let under_it = delivers(class, secret) && changed >= whole_second(pod.meta.created);
        under_it.then(|| (pod.meta.uid.to_string(), changed))
    };
    cluster.pods().filter_map(|pod| at(pod)).collect()
}

pub(super) fn mounted(cluster: &Cluster, pod: &Pod) -> Option<SecretVersion> {
    cluster.mount_of(pod.id).filter(|mount| mount.secret.is_some()).map(|mount| mount.version.clone())
}
