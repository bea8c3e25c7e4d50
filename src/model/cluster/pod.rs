//! A pod: what it holds of the secret, and how it stands.

use jiff::Timestamp;

use super::{Holding, LostClass, PodAsks, PodTrouble, SyncedSecretView};
use crate::model::{ObjectName, SecretVersion, StampName, WorkloadName};

/// A pod that holds the secret or may hold it, or whose workload the configuration names; however late in its life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodView {
    pub name: String,
    pub uid: String,
    pub namespace: String,
    pub created: Timestamp,
    /// Set once it is told to end: when its time for that is over. It runs on, with its old key, until it is gone.
    pub deleting: Option<Timestamp>,
    /// The node that runs it, once it has one.
    pub node: Option<String>,
    /// The workload above it, where there is one that can be restarted.
    pub workload: Option<WorkloadName>,
    /// What else is above it: a Job, a bare ReplicaSet, a controller of a kind that is not known here.
    pub above: Option<ObjectName>,
    /// `Pending`, `Running`, `Succeeded`, `Failed`, `Unknown`.
    pub phase: String,
    pub ready: bool,
    /// Since when it is ready, where it is and its status says so. Whole seconds.
    pub ready_since: Option<Timestamp>,
    /// Since when it is not, where it is not and its status says so. Whole seconds.
    pub unready_since: Option<Timestamp>,
    pub holding: Holding,
    /// What it reads besides of Kubernetes Secrets that nobody fills with the key any more, where it is known to get the
    /// secret by something else.
    pub besides: Option<LostClass>,
    /// The vault version that its mount holds by SecretProviderClassPodStatus. It says what the files hold,
    /// not what the process has read.
    pub mounted: Option<SecretVersion>,
    /// Other versions of it, of the same vault, that its other mounts hold: any of them is the key that it may use.
    pub mounted_besides: Vec<SecretVersion>,
    /// The Kubernetes Secrets that the classes it mounts fill with the secret: whoever is in it may read them from the API
    /// server when it begins.
    pub fills: Vec<String>,
    /// What it mounts besides from the vaults of other stamps.
    pub elsewhere: Vec<OtherMount>,
    /// What it takes of quotas, by its own specification: what a LimitRange has filled in is in it.
    pub asks: PodAsks,
    /// What keeps it from serving, as far as its own status says.
    pub trouble: Option<PodTrouble>,
}

/// A mount of the secret from the vault of another stamp.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherMount {
    pub stamp: StampName,
    /// The version of that vault that it holds; `None` where its status does not show it.
    pub version: Option<SecretVersion>,
}

impl PodView {
    /// Its containers have ended, and hold nothing any more.
    pub fn has_ended(&self) -> bool {
        matches!(self.phase.as_str(), "Succeeded" | "Failed")
    }

    /// Whether it is known to have got the secret.
    pub fn gets_secret(&self) -> bool {
        matches!(self.holding, Holding::Specified { .. } | Holding::Mounted)
    }

    /// What makes it doubtful what it holds, whatever else it is known to hold.
    pub fn doubt(&self) -> Option<&LostClass> {
        match &self.holding {
            Holding::Unclear(class) => Some(class),
            Holding::Specified { .. } | Holding::Mounted | Holding::Named => self.besides.as_ref(),
        }
    }

    /// Whether it reads this synced Secret.
    pub fn reads(&self, secret: &SyncedSecretView) -> bool {
        let Holding::Specified { reads, .. } = &self.holding else { return false };
        self.namespace == secret.namespace && reads.contains(&secret.name)
    }

    /// Whether its age tells by this synced Secret what it got: it reads it; or nobody is seen to, and it mounts a class that
    /// fills it, which is what a pod does whose Secret is read from the API server.
    pub fn is_dated_by(&self, secret: &SyncedSecretView) -> bool {
        let may = secret.unread && self.namespace == secret.namespace && self.fills.contains(&secret.name);
        may || self.reads(secret)
    }

    /// Whether one of its mounts holds another version of its vault's secret than this.
    pub fn mounts_other(&self, version: &SecretVersion) -> bool {
        self.mounted.iter().chain(&self.mounted_besides).any(|mounted| mounted != version)
    }

    /// Whether its own mount has to show which version it got.
    pub fn mounts_secret(&self) -> bool {
        matches!(self.holding, Holding::Specified { mounts: true, .. } | Holding::Mounted)
    }
}
