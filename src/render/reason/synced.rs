//! Kubernetes Secrets that the CSI driver fills, and what reads them.

use super::some;
use crate::render::count::counted;
use crate::render::span;
use crate::rotation::{Reason, Why};

/// How a Kubernetes Secret comes to hold what the vault holds.
pub(in crate::render) const FILLED: &str = "the CSI driver fills it only when rotation is on: turn rotation on; or delete the Secret and \
     restart one workload that mounts its class (`kubectl rollout restart`), whose new pods make it. Where a driver from \
     1.6 on runs, pods that are left of other workloads write the old key back within five minutes: turn rotation on there, or \
     restart all that mount the class at once";

/// What nobody sees of a stopped cluster.
pub(in crate::render) const STOPPED: &str = "what Kubernetes Secrets there hold cannot be seen: one that the CSI driver filled may hold \
                                  the old key, and pods read it when the cluster starts again";

/// Why it does not happen yet.
pub(super) fn why(reason: &Reason) -> String {
    let subject = &reason.subject;
    match &reason.why {
        Why::SyncedSecretLags { secret, until } => format!(
            "the Kubernetes Secret {secret} on {subject} does not hold the new key yet; until {} its driver may \
             just not have looked again",
            span::time(*until)
        ),
        Why::SyncedSecretStale { secret } => {
            format!("the Kubernetes Secret {secret} on {subject} does not hold the new key")
        }
        Why::SyncedSecretContested { secret, pods, until } => format!(
            "the Kubernetes Secret {secret} on {subject} holds the new key, and {} mounted another version ({}): a CSI driver \
             from 1.6 on writes what such a pod's files hold into it every five minutes; where it stands as it is until {}, \
             this one does not",
            counted(pods.len(), "pod"),
            some(pods),
            span::time(*until)
        ),
        Why::CronJobReadsStale { secret } => format!(
            "the next run of the CronJob {subject} would start with the old key, which the Kubernetes Secret {secret} \
             still holds"
        ),
        Why::SyncedSecretUnread { secrets } => format!(
            "the cluster of {subject} is stopped, and what its Secret {} holds cannot be read: pods that start begin with it",
            secrets.join(", ")
        ),
        Why::SyncedSecretAbsent { secret, pods } => format!(
            "the Kubernetes Secret {secret} on {subject} does not exist, or lacks the key, and {} that read it hold what it held when they \
             began ({})",
            counted(pods.len(), "pod"),
            pods.join(", ")
        ),
        Why::SyncedSecretUnlooked { secret, pods } => format!(
            "the Kubernetes Secret {secret} on {subject} was not there, or lacked the key, when it was looked at last, and {} \
             that read it began after that ({})",
            counted(pods.len(), "pod"),
            some(pods)
        ),
        Why::SyncedSecretUndated { secret, pods } => format!(
            "the Kubernetes Secret {secret} on {subject} holds the new key, and does not tell since when: {} that read it \
             may have begun before ({})",
            counted(pods.len(), "pod"),
            some(pods)
        ),
        in_other_rooms!(synced) => String::new(),
    }
}

/// What opens it.
pub(super) fn remedy(reason: &Reason) -> String {
    let text = match &reason.why {
        Why::SyncedSecretStale { .. } => FILLED,
        Why::SyncedSecretUnread { .. } => {
            "start the cluster and have the Secret filled anew, or accept that by name"
        }
        Why::SyncedSecretAbsent { .. } => {
            "restart one workload that mounts its class (`kubectl rollout restart`): the new pods make it, and keyslot \
             restarts whoever reads it; one that is optional and never there is accepted by name"
        }
        Why::SyncedSecretUndated { .. } => {
            "have its `managedFields` kept (who takes them away?); or restart what reads it now, and accept the stamp by \
             name"
        }
        Why::CronJobReadsStale { .. } => {
            "delete the Secret, so that the next pod that mounts its class makes it anew (a driver from 1.6 on lets any pod \
             with old files do so: turn rotation on there); or suspend the CronJob"
        }
        Why::SyncedSecretLags { .. }
        | Why::SyncedSecretContested { .. }
        | Why::SyncedSecretUnlooked { .. } => "",
        in_other_rooms!(synced) => "",
    };
    text.to_owned()
}
