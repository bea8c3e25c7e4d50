//! How much of a cluster is listed: everything there is, or what can hold an older key.
//!
//! A key is held by pods, so the pods of every namespace are always listed, with the classes that tell which of them get
//! the secret. A workload of a kind that nobody restarts here counts by its pods: with none, it holds nothing, and what
//! it starts later reads what the vault or the synced Secret holds then, which other gates look at by themselves. Only a
//! class that is pinned to a version could give an older one, or a Kubernetes Secret that nobody fills any more: where there is one,
//! every kind is listed. CronJobs
//! matter besides where Secrets are synced, to name whose next run reads a stale one. A pod that was there before the
//! vault's version was written holds an older key whatever it mounts; mounts are asked for as soon as one is younger
//! and was not seen yet to mount the vault's version, where a pod's class is not what it was when the pod began, and
//! where it fills a Kubernetes Secret, into which the driver may write what the pod mounts. What
//! was seen of a mount is kept by the pod's uid: files that change later change no process, so that the earlier look
//! says more of what a pod began with than a later one would.
//! People who ask what there is (`status`, `plan`, `verify`) are told everything.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::csi::Class;
use crate::model::{PodView, SecretVersion, WorkloadKind, WorkloadName};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Scope {
    #[default]
    Everything,
    Holders {
        /// Those that are restarted, as the configuration writes them.
        restarted: Arc<[WorkloadName]>,
        /// When the vault's version was made, where that is known.
        written: Option<Timestamp>,
        /// The vault's version, where that is known.
        version: Option<SecretVersion>,
        /// Whether workloads of every kind are listed all the same, and CronJobs.
        every_kind: bool,
    },
}

/// What pods were seen to mount, by uid.
pub(super) type Mounts = BTreeMap<String, SecretVersion>;

impl Scope {
    /// The same where templates of any kind may matter: then all are listed.
    pub fn telling_of(&self, templates: bool) -> Scope {
        let mut scope = self.clone();
        if let Scope::Holders { every_kind, .. } = &mut scope {
            *every_kind |= templates;
        }
        scope
    }

    /// Whether the kind is listed whoever the pods belong to.
    pub fn lists(&self, kind: WorkloadKind, classes: &[Class]) -> bool {
        match self {
            Scope::Everything => true,
            Scope::Holders { restarted, every_kind, .. } => {
                *every_kind
                    || kind == WorkloadKind::Deployment
                    || restarted.iter().any(|name| name.kind == kind)
                    || is_any_pinned(classes)
            }
        }
    }

    /// Whether a workload without pods may give the next one an older key.
    pub fn rests_on_templates(&self, classes: &[Class]) -> bool {
        let every_kind = matches!(self, Scope::Holders { every_kind: true, .. });
        every_kind || is_any_pinned(classes)
    }

    pub fn lists_cron_jobs(&self, classes: &[Class]) -> bool {
        match self {
            Scope::Everything => true,
            Scope::Holders { every_kind, .. } => {
                *every_kind || is_any_pinned(classes) || classes.iter().any(|class| !class.synced.is_empty())
            }
        }
    }

    /// Whether what the pod mounts tells anything.
    pub fn wants_mounts_of(&self, pod: &ObjectMeta) -> bool {
        match self {
            Scope::Holders { written: Some(written), .. } => {
                let young = pod.creation_timestamp.as_ref().is_none_or(|created| created.0 > *written);
                young || pod.deletion_timestamp.is_some()
            }
            Scope::Everything | Scope::Holders { written: None, .. } => true,
        }
    }

    /// The pod's mount, where it is known already that it is of the vault's version.
    pub fn known_mount<'a>(&self, pod: &ObjectMeta, mounts: &'a Mounts) -> Option<&'a SecretVersion> {
        let Scope::Holders { version: Some(version), .. } = self else { return None };
        mounts.get(pod.uid.as_deref()?).filter(|mounted| *mounted == version)
    }

    /// Whether a restart of one of these pods' workloads is still to come, as far as their ages tell.
    pub fn has_more_to_restart(&self, pods: &[PodView]) -> bool {
        let Scope::Holders { restarted, written: Some(written), .. } = self else { return false };
        let is_restarted = |name: &WorkloadName| restarted.iter().any(|one| is_same(one, name));
        pods.iter().any(|pod| {
            pod.created <= *written
                && pod.deleting.is_none()
                && pod.workload.as_ref().is_some_and(is_restarted)
        })
    }
}

/// People write capital letters where Kubernetes has none.
pub(super) fn is_same(written: &WorkloadName, name: &WorkloadName) -> bool {
    written.kind == name.kind
        && written.name.eq_ignore_ascii_case(&name.name)
        && written.namespace.eq_ignore_ascii_case(&name.namespace)
}

fn is_any_pinned(classes: &[Class]) -> bool {
    classes.iter().any(|class| !class.pinned.is_empty())
}
