//! Clusters that are reached by kubeconfig, and that Azure knows by a name of their own.
//!
//! Their API servers are asked first, and as long as one answers nobody asks Azure. Of one that cannot be reached only
//! Azure can say that it was stopped or is gone; where Azure does not say so, it stays unreachable.

use super::{AksCluster, ClusterPlace, Kubernetes, Scope, State, subject_of};
use crate::model::{Blindness, ClusterState, ClusterView, Salt, StampName};
use crate::ports::Fault;

impl Kubernetes {
    /// A whole look, or Azure's word for why there is nothing to look at.
    pub(super) async fn look_or_ask(
        &self,
        name: &StampName,
        salt: &Salt,
        scope: Scope,
    ) -> Result<ClusterView, Fault> {
        match self.look_within(name, salt, scope).await {
            Err(fault) if fault.kind == Blindness::Unreachable => self.without_answer(name, fault).await,
            other => other,
        }
    }

    async fn without_answer(&self, name: &StampName, fault: Fault) -> Result<ClusterView, Fault> {
        let Some((stamp, cluster)) = self.known_to_azure(name) else { return Err(fault) };
        let Some(aks) = &self.aks else { return Err(fault) };
        match aks.standing(cluster, &subject_of(name)).await.map(|told| told.state) {
            Ok(state @ (ClusterState::Stopped | ClusterState::Gone)) => {
                *stamp.state.lock().await = State::default();
                Ok(ClusterView { state, ..ClusterView::default() })
            }
            Err(told) if told.kind == Blindness::Missing => {
                Err(fault.remedy(format!("{}; {}", told.why, told.remedy)))
            }
            Ok(ClusterState::Running | ClusterState::Changing { .. }) | Err(_) => Err(fault),
        }
    }

    fn known_to_azure(&self, name: &StampName) -> Option<(&super::Stamp, &AksCluster)> {
        let stamp = self.stamps.get(name)?;
        match stamp.cluster.place {
            ClusterPlace::Kubeconfig(_) => Some((stamp, self.named.get(name)?)),
            // Azure was asked before.
            ClusterPlace::Aks(_) => None,
        }
    }
}
