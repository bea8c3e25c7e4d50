//! By what a pod is taken to hold the secret.
//!
//! What a specification and today's SecretProviderClasses say tells what a new pod would get. A pod that runs keeps what
//! it got when it began, whatever has become of its class since: a class may be deleted, renamed or edited under it.

/// What speaks for a pod holding the secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holding {
    /// Its specification: it mounts a class that delivers the secret, or reads Kubernetes Secrets that one fills.
    Specified {
        mounts: bool,
        /// The synced Secrets that it reads.
        reads: Vec<String>,
    },
    /// The status of its own mount names the secret, although its class does not deliver it today.
    Mounted,
    /// What it got is not known: its class is not what it was when the pod began.
    Unclear(LostClass),
    /// Nothing but the configuration, which names its workload.
    Named,
}

/// A SecretProviderClass that cannot tell what pods got from it earlier.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LostClass {
    /// Its own; of a class that nothing tells of, the Kubernetes Secret's that it once filled.
    pub name: String,
    pub fate: ClassFate,
}

/// What has become of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ClassFate {
    Absent,
    /// It was changed after the pod began, and does not deliver the secret today.
    Changed,
    /// The same, and the pod reads a Kubernetes Secret that it fills: what stands there from before is read for ever.
    Filled,
    /// It does not name a Kubernetes Secret any more that the driver made and that the pod reads, or is gone: what stands
    /// there is read for ever, and nobody fills it.
    Unfilled,
    /// It delivers a secret of that name from a vault that is no stamp's, and has done so since before the pod began.
    OtherVault,
}

impl ClassFate {
    /// Whether it matters however late the pod begins: it reads what stood in a Kubernetes Secret before, or what another
    /// vault holds.
    pub fn outlasts_restarts(self) -> bool {
        match self {
            ClassFate::Filled | ClassFate::Unfilled | ClassFate::OtherVault => true,
            ClassFate::Absent | ClassFate::Changed => false,
        }
    }
}
