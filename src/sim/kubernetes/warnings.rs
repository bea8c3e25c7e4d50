//! Events of type Warning: what kubelets and controllers would have written of what is there.
//!
//! They are derived and kept nowhere: an event has no other use here than to be read.

use std::sync::Arc;

use jiff::Timestamp;

use super::Cluster;
use super::limits::Failing;
use super::object::{Meta, Owner, Pod};

/// One event about an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WarningEvent {
    pub namespace: Arc<str>,
    /// Of the object.
    pub kind: &'static str,
    pub name: Arc<str>,
    pub uid: Arc<str>,
    pub reason: &'static str,
    pub message: String,
    pub count: u32,
    pub since: Timestamp,
    pub last: Timestamp,
}

impl Cluster {
    pub fn warnings(&self) -> impl Iterator<Item = WarningEvent> {
        let refused = self.failing.iter().filter_map(|(owner, failing)| self.refused(*owner, failing));
        self.pods.values().filter_map(|pod| self.warning(pod)).chain(refused)
    }

    fn warning(&self, pod: &Pod) -> Option<WarningEvent> {
        let (reason, message, count) = if self.is_lost(pod.id) {
            ("NodeNotReady", "Node is not ready".to_owned(), 1)
        } else if pod.waiting == Some("CrashLoopBackOff") {
            let (app, name) = (&pod.template.app, &pod.meta.name);
            ("BackOff", format!("Back-off restarting failed container {app} in pod {name}"), pod.restarts)
        } else if self.unmounted.contains(&pod.id) {
            ("FailedMount", self.unmounted_because(pod), 3)
        } else if let Some(why) = &pod.unplaced {
            ("FailedScheduling", why.to_string(), 1)
        } else {
            return None;
        };
        let created = pod.meta.created;
        Some(WarningEvent { reason, message, count, ..about(&pod.meta, "Pod", created, created) })
    }

    /// As the driver says it: without a class it asks no vault.
    fn unmounted_because(&self, pod: &Pod) -> String {
        let (namespace, class) = (&pod.meta.namespace, &pod.template.class);
        match self.provider_class(namespace, class) {
            Some(_) => UNMOUNTED.to_owned(),
            None => format!(
                "MountVolume.SetUp failed for volume \"secrets-store\": rpc error: code = Unknown desc = failed to get \
                 secretproviderclass {namespace}/{class}, error: SecretProviderClass.secrets-store.csi.x-k8s.io \"{class}\" not \
                 found"
            ),
        }
    }

    fn refused(&self, owner: Owner, failing: &Failing) -> Option<WarningEvent> {
        let (meta, kind) = match owner {
            Owner::ReplicaSet(id) => (&self.replica_sets.get(&id)?.meta, "ReplicaSet"),
            Owner::Set(place) => {
                let set = self.sets.get(place)?;
                (&set.meta, set.workload.kind.as_str())
            }
            Owner::Job(id) => (&self.jobs.get(&id)?.meta, "Job"),
            Owner::Nobody => return None,
        };
        Some(WarningEvent {
            reason: "FailedCreate",
            message: format!("Error creating: {}", failing.message),
            count: failing.count,
            ..about(meta, kind, failing.since, failing.last)
        })
    }
}

fn about(meta: &Meta, kind: &'static str, since: Timestamp, last: Timestamp) -> WarningEvent {
    WarningEvent {
        namespace: Arc::clone(&meta.namespace),
        kind,
        name: Arc::clone(&meta.name),
        uid: Arc::clone(&meta.uid),
        reason: "",
        message: String::new(),
        count: 1,
        since,
        last,
    }
}

const UNMOUNTED: &str = "MountVolume.SetUp failed for volume \"secrets-store\": rpc error: failed to mount secrets \
                         store objects for pod: the vault refused the identity (403)";
