//! Events of type Warning: what kubelets and controllers would have written of the pods that are there.
//!
//! They are derived from the pods and kept nowhere: an event has no other use here than to be read.

use std::sync::Arc;

use jiff::Timestamp;

use super::Cluster;
use super::object::Pod;

/// One event about a pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WarningEvent {
    pub namespace: Arc<str>,
    pub pod: Arc<str>,
    pub pod_uid: Arc<str>,
    pub reason: &'static str,
    pub message: String,
    pub count: u32,
    pub since: Timestamp,
}

impl Cluster {
    pub fn warnings(&self) -> impl Iterator<Item = WarningEvent> {
        self.pods.values().filter_map(|pod| self.warning(pod))
    }

    fn warning(&self, pod: &Pod) -> Option<WarningEvent> {
        let (reason, message, count) = if self.is_lost(pod.id) {
            ("NodeNotReady", "Node is not ready".to_owned(), 1)
        } else if pod.waiting == Some("CrashLoopBackOff") {
            let (app, name) = (&pod.template.app, &pod.meta.name);
            ("BackOff", format!("Back-off restarting failed container {app} in pod {name}"), pod.restarts)
        } else if self.unmounted.contains(&pod.id) {
            ("FailedMount", UNMOUNTED.to_owned(), 3)
        } else {
            return None;
        };
        Some(WarningEvent {
            namespace: Arc::clone(&pod.meta.namespace),
            pod: Arc::clone(&pod.meta.name),
            pod_uid: Arc::clone(&pod.meta.uid),
            reason,
            message,
            count,
            since: pod.meta.created,
        })
    }
}

const UNMOUNTED: &str = "MountVolume.SetUp failed for volume \"secrets-store\": rpc error: failed to mount secrets \
                         store objects for pod: the vault refused the identity (403)";
