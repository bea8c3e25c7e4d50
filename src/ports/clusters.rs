//! The stamps' clusters.

use async_trait::async_trait;

use super::{Effect, Fault, Permit};
use crate::model::{ClusterView, RightView, RotationId, Salt, StampName, WorkloadName};

/// What a restart writes into the pod template. The same mark written twice changes nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestartMark {
    /// `kubectl.kubernetes.io/restartedAt`: UTC, whole seconds, fixed when the step was intended.
    pub restarted_at: String,
    pub rotation: RotationId,
}

#[async_trait]
pub trait Clusters: Send + Sync {
    /// Workloads, the pods that mount the secret, and synced secrets, from fresh LISTs.
    async fn look(&self, stamp: &StampName, salt: &Salt) -> Result<ClusterView, Fault>;

    /// What we may do in the stamp's cluster, asked and not tried. Empty where nobody can be asked.
    async fn rights(&self, _stamp: &StampName) -> Vec<RightView> {
        Vec::new()
    }

    /// Patches the pod template as `kubectl rollout restart` does. Returns the generation after the patch.
    async fn restart(
        &self,
        stamp: &StampName,
        workload: &WorkloadName,
        mark: &RestartMark,
        permit: &Permit,
    ) -> Effect<i64>;

    /// Resolves when something in a cluster that was looked at has changed since. May never resolve; a quiet
    /// watch proves nothing.
    async fn changed(&self);
}
