//! The cluster's objects, one by one, in the API's terms: where they stand, and their JSON.

use std::collections::BTreeMap;

use serde_json::Value;

use super::encode;
use super::resource::Resource;
use super::selector::{Selected, Selector};
use crate::model::WorkloadKind;
use crate::sim::Stamp;
use crate::sim::kubernetes::{Change, Cluster, Object};

/// An object as lists and watches pass it around.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub namespace: String,
    pub name: String,
    pub labels: BTreeMap<String, String>,
    pub json: Value,
}

/// A collection, narrowed.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub resource: Resource,
    /// `None` for all.
    pub namespace: Option<String>,
    pub selector: Selector,
}

impl Item {
    fn of(json: Value) -> Item {
        let text = |key: &str| json["metadata"][key].as_str().unwrap_or_default().to_owned();
        let labels = json["metadata"]["labels"].as_object();
        let labels = labels
            .into_iter()
            .flatten()
            .map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned()));
        Item { namespace: text("namespace"), name: text("name"), labels: labels.collect(), json }
    }
}

impl Item {
    /// The collection's order, which is that of the store's keys.
    pub fn place(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }
}

impl Wanted {
    pub fn admits(&self, item: &Item) -> bool {
        let here = self.namespace.as_ref().is_none_or(|namespace| *namespace == item.namespace);
        let (namespace, name, labels) = (&item.namespace, &item.name, &item.labels);
        here && self.selector.admits(Selected { namespace, name, labels })
    }

    /// The objects of the collection as they are now, in order.
    pub fn list(&self, stamp: &Stamp) -> Vec<Item> {
        let (cluster, key) = (&stamp.cluster, key_of(stamp));
        let items: Vec<Value> = match self.resource {
            Resource::Namespaces => encode::namespaces(stamp),
            Resource::Nodes => {
                let born = encode::born(stamp);
                let node = |(name, silent): (std::sync::Arc<str>, Option<jiff::Timestamp>)| {
                    let since = silent.or(cluster.heard_since(&name)).unwrap_or(born);
                    let (ready, cordoned) = (silent.is_none(), cluster.is_cordoned(&name));
                    encode::node(&name, (ready, since), cordoned, born, cluster.allocatable())
                };
                cluster.nodes().map(node).collect()
            }
            Resource::Pods => cluster.pods().map(|pod| encode::pod(pod, key)).collect(),
            Resource::Events => cluster.warnings().map(|one| encode::event(&one)).collect(),
            Resource::Secrets => cluster.secrets().map(|secret| encode::secret(secret)).collect(),
            Resource::Deployments => cluster.standing().map(|one| encode::deployment(one, key)).collect(),
            Resource::ReplicaSets => {
                let own = cluster.replica_sets().map(|set| encode::replica_set(set, key));
                let rollouts = cluster.sets().iter().filter(|set| set.workload.kind == WorkloadKind::Rollout);
                own.chain(rollouts.flat_map(|set| encode::revisions(set, cluster, key))).collect()
            }
            Resource::StatefulSets => sets(cluster, WorkloadKind::StatefulSet, key),
            Resource::DaemonSets => sets(cluster, WorkloadKind::DaemonSet, key),
            Resource::Rollouts => sets(cluster, WorkloadKind::Rollout, key),
            Resource::CronJobs => {
                cluster.cron_jobs().iter().map(|job| encode::cron_job(job, cluster, key)).collect()
            }
            Resource::Jobs => cluster.jobs().map(|job| encode::job(job, key)).collect(),
            Resource::Quotas => cluster.quotas().iter().map(|one| encode::quota(one, cluster)).collect(),
            Resource::Autoscalers => {
                cluster.autoscalers().iter().filter_map(|one| encode::autoscaler(one, cluster)).collect()
            }
            Resource::Budgets => {
                cluster.budgets().iter().filter_map(|one| encode::budget(one, cluster)).collect()
            }
            Resource::Classes => {
                cluster.provider_classes().iter().map(|class| encode::provider_class(class)).collect()
            }
            Resource::PodStatuses => cluster.mounts().map(|mount| encode::mount_status(mount)).collect(),
        };
        let mut items: Vec<Item> = items.into_iter().map(Item::of).filter(|item| self.admits(item)).collect();
        items.sort_by_cached_key(Item::place);
        items
    }

    /// One object.
    pub fn get(&self, stamp: &Stamp, name: &str) -> Option<Item> {
        self.list(stamp).into_iter().find(|item| item.name == name)
    }

    /// A change of an object that belongs here, with the object at that version.
    pub fn changed(&self, change: &Change, stamp: &Stamp) -> Option<Item> {
        let key = key_of(stamp);
        let mut json = match (&change.object, self.resource) {
            (Object::Deployment(object), Resource::Deployments) => encode::deployment(object, key),
            (Object::ReplicaSet(object), Resource::ReplicaSets) => encode::replica_set(object, key),
            (Object::Set(object), resource) if resource.workload() == Some(object.workload.kind) => {
                encode::pod_set(object, key)
            }
            (Object::CronJob(object), Resource::CronJobs) => encode::cron_job(object, &stamp.cluster, key),
            (Object::Job(object), Resource::Jobs) => encode::job(object, key),
            (Object::Pod(object), Resource::Pods) => encode::pod(object, key),
            (Object::MountStatus(object), Resource::PodStatuses) => encode::mount_status(object),
            (Object::Secret(object), Resource::Secrets) => encode::secret(object),
            _ => return None,
        };
        // A deleted object bears the version of its deletion.
        json["metadata"]["resourceVersion"] = Value::String(change.version.to_string());
        let item = Item::of(json);
        self.admits(&item).then_some(item)
    }
}

fn sets(cluster: &Cluster, kind: WorkloadKind, key: &str) -> Vec<Value> {
    let sets = cluster.sets().iter().filter(|set| set.workload.kind == kind);
    sets.map(|set| encode::pod_set(set, key)).collect()
}

/// The place of the account's key in synced Secrets.
fn key_of(stamp: &Stamp) -> &str {
    stamp.cluster.secrets().next().map_or("", |secret| &secret.key)
}
