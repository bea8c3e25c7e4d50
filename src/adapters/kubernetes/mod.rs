//! The clusters of the stamps, over the Kubernetes API.
//!
//! Every whole look is a set of fresh lists; watches say when another look is worth its price, and fill a glance up. A
//! restart is one
//! PATCH that nothing repeats, sent after the permit was checked with the credentials at hand. What a synced
//! Secret holds leaves this room as a fingerprint. Nothing here judges: whether a rollout is complete or a pod
//! too old is for the core.

mod aks;
mod api;
mod azure;
mod clusters;
mod connect;
mod consumers;
mod csi;
mod failure;
mod glance;
mod granted;
mod holding;
mod kept;
mod lines;
mod look;
mod made;
mod managed;
mod manager;
mod narrow;
mod newest;
mod node_room;
mod nodes;
mod owners;
mod pods;
mod reach;
mod resolve;
mod restart;
mod rights;
mod rollouts;
mod room;
mod scope;
mod sets;
mod skew;
mod stamp;
mod stream;
mod symptoms;
mod synced;
mod unfilled;
mod watch;
mod within;
mod workload;
mod workloads;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use tokio::sync::Mutex;

pub use self::aks::{AksAccess, AksCluster, AksStanding, Said};
pub use self::connect::KubeconfigPlace;
use self::connect::PLUGIN;
pub use self::resolve::resolve_workload;
use self::scope::Scope;
use self::stamp::{Stamp, State, subject_of};
use self::stream::Streams;
use self::synced::base64;
use self::watch::Signal;
pub use self::workload::{parse_pod, parse_workload};
use super::http::{HttpSettings, Turns};
use crate::model::{StampName, WorkloadName};
use crate::ports::Clock;

/// The annotation by which `kubectl rollout restart` changes a pod template.
const RESTARTED_AT: &str = "kubectl.kubernetes.io/restartedAt";

/// The annotation by which a restart is known to be ours. Never relied upon: GitOps tools may remove it.
const ROTATION: &str = "keyslot.dev/rotation";

/// How a cluster is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClusterPlace {
    Kubeconfig(KubeconfigPlace),
    Aks(AksCluster),
}

/// A stamp's cluster, as the configuration describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StampCluster {
    pub place: ClusterPlace,
    /// The name of the stamp's Key Vault, where it is known.
    pub vault: Option<String>,
    /// All namespaces where empty.
    pub namespaces: Vec<String>,
}

/// The clusters of one environment.
pub struct Kubernetes {
    /// The vaults' name for the secret.
    secret: String,
    http: HttpSettings,
    /// Azure, where somebody is signed in.
    aks: Option<AksAccess>,
    clock: Arc<dyn Clock>,
    signal: Arc<Signal>,
    turns: Turns,
    stamps: BTreeMap<StampName, Stamp>,
    /// The vaults of all stamps, in small letters, each with a stamp that has it; empty where one is not known.
    vaults: Arc<BTreeMap<String, StampName>>,
    /// What clusters that are reached by kubeconfig are called in Azure, where that is known.
    named: BTreeMap<StampName, AksCluster>,
    /// The workloads that are restarted, where somebody said which.
    restarted: Option<Arc<[WorkloadName]>>,
    /// Whether a server did not tell all rights in a namespace at once: then none is asked that any more.
    partly: AtomicBool,
    /// How long a kubeconfig's credential plugin may take.
    patience: Duration,
}

impl Kubernetes {
    /// Nothing is read or sent before the first call. Trust and client certificates come from each kubeconfig;
    /// the trust of `http` holds where one names no authority.
    pub fn new(
        secret: impl Into<String>,
        stamps: BTreeMap<StampName, StampCluster>,
        http: HttpSettings,
        clock: Arc<dyn Clock>,
    ) -> Kubernetes {
        let vault = |(name, cluster): (&StampName, &StampCluster)| {
            Some((cluster.vault.as_ref()?.to_ascii_lowercase(), name.clone()))
        };
        let vaults: Option<BTreeMap<String, StampName>> = stamps.iter().map(vault).collect();
        let streams = Streams::default();
        let stamp = |cluster| Stamp {
            cluster,
            state: Mutex::default(),
            kept: Arc::default(),
            streams: streams.of_another(),
            nodes: std::sync::Mutex::default(),
        };
        Kubernetes {
            secret: secret.into(),
            http,
            aks: None,
            clock,
            signal: Arc::default(),
            turns: Turns::default(),
            stamps: stamps.into_iter().map(|(name, cluster)| (name, stamp(cluster))).collect(),
            vaults: Arc::new(vaults.unwrap_or_default()),
            named: BTreeMap::new(),
            restarted: None,
            partly: AtomicBool::new(false),
            patience: PLUGIN,
        }
    }

    /// The same with so long a time for a kubeconfig's credential plugin: a minute otherwise.
    pub fn waiting(self, patience: Duration) -> Kubernetes {
        Kubernetes { patience, ..self }
    }

    /// The same with turns that others take too. Watches take none.
    pub fn taking(self, turns: Turns) -> Kubernetes {
        Kubernetes { turns, ..self }
    }

    /// The same for clusters that are reached by kubeconfig, and that Azure can be asked about by these names.
    pub fn named(self, named: BTreeMap<StampName, AksCluster>) -> Kubernetes {
        Kubernetes { named, ..self }
    }

    /// The same for a configuration that names the workloads to restart: who else may hold a key is told by the pods, and
    /// other kinds of workloads are not listed without need.
    pub fn restarting(self, workloads: impl IntoIterator<Item = WorkloadName>) -> Kubernetes {
        Kubernetes { restarted: Some(workloads.into_iter().collect()), ..self }
    }

    /// The same with Azure to ask for clusters, and for tokens where a kubeconfig wants `kubelogin`.
    pub fn asking(self, aks: AksAccess) -> Kubernetes {
        Kubernetes { aks: Some(aks), ..self }
    }
}
