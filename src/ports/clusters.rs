//! The stamps' clusters.

use std::collections::BTreeSet;
use std::time::Duration;

use super::{Effect, Fault, Permit};
use crate::model::{
    BudgetView, ClusterView, NodesView, RightView, RoomView, RotationId, Salt, StampName, VaultView,
    WorkloadName,
};
use async_trait::async_trait;

/// What a restart writes into the pod template. The same mark written twice changes nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestartMark {
    /// `kubectl.kubernetes.io/restartedAt`: UTC, whole seconds, fixed when the step was intended.
    pub restarted_at: String,
    pub rotation: RotationId,
}

/// What of a cluster may have changed so that somebody's waiting is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Happening {
    /// A rollout has come to its end, is stuck or paused, or a pod of it cannot start.
    Rollout,
    /// No pod that gets the secret is terminating any more.
    PodsGone,
    /// A workload whose rollout was over has fewer pods that serve than it wants, and nobody has changed it; or it is
    /// gone, or something may have been missed.
    Unsettled,
}

/// Something that happened in a stamp's cluster.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Changed {
    pub stamp: StampName,
    pub what: Happening,
}

/// What to look at anew, soon after a whole look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Glance {
    /// Nothing but what the answer to our own restart told.
    Answer,
    /// What watches have told of this; lists only where they have not told all of it.
    Told(Happening),
    /// The workloads.
    Workloads,
    /// The pods and their mounts.
    Pods,
}

#[async_trait]
pub trait Clusters: Send + Sync {
    /// Workloads, the pods that mount the secret, and synced secrets, from fresh LISTs.
    async fn look(&self, stamp: &StampName, salt: &Salt) -> Result<ClusterView, Fault>;

    /// Who may hold an older key than the stamp's vault was seen to hold, and what restarts need, from fresh LISTs too; left
    /// out is what can hold none. The mounts of pods that were there when the vault's version was made tell nothing: those
    /// pods hold an older key whatever they mount. Nor does a second look at the mount of a pod that was seen to mount
    /// that version: only its files can have changed since.
    async fn holders(
        &self,
        stamp: &StampName,
        salt: &Salt,
        _vault: Option<&VaultView>,
    ) -> Result<ClusterView, Fault> {
        self.look(stamp, salt).await
    }

    /// Lists only what `glance` names; all else in the view is as the last whole look saw it, pods perhaps as watches
    /// have brought them since. With the age of the oldest part, by which the whole view is to be dated: a glance
    /// makes evidence more complete, never younger.
    async fn glance(
        &self,
        stamp: &StampName,
        salt: &Salt,
        _glance: Glance,
    ) -> Result<(ClusterView, Duration), Fault> {
        Ok((self.look(stamp, salt).await?, Duration::ZERO))
    }

    /// Has these nodes asked about with every look at the stamp from now on, besides those that pods give cause to ask about.
    fn ask_about(&self, _stamp: &StampName, _nodes: BTreeSet<String>) {}

    /// Whether watches tell of this stamp's changes now, so that looking at a pace tells nothing more.
    fn follows(&self, _stamp: &StampName) -> bool {
        false
    }

    /// What quotas leave and autoscalers want. A part that may not be read is unknown by itself.
    async fn room(&self, stamp: &StampName) -> Result<RoomView, Fault>;

    /// Budgets of disruption, for a note to people: a rolling update asks none of them. Empty where nobody can be asked.
    async fn budgets(&self, _stamp: &StampName) -> Result<Vec<BudgetView>, Fault> {
        Ok(Vec::new())
    }

    /// What the nodes have left for one pod more of each configured workload, for a note to people. Empty where nobody can be
    /// asked.
    async fn nodes(&self, _stamp: &StampName) -> Result<NodesView, Fault> {
        Ok(NodesView::default())
    }

    /// Whether we may restart the configured workloads there, with as few questions as that takes. Empty where nobody can be
    /// asked.
    async fn rights_to_restart(&self, _stamp: &StampName) -> Vec<RightView> {
        Vec::new()
    }

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

    /// Resolves when something has happened in clusters that were looked at, with all of it, once. May never resolve; a
    /// quiet watch proves nothing.
    async fn changed(&self) -> BTreeSet<Changed>;
}
