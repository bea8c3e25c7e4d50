//! Clusters that are reached by kubeconfig, and that Azure knows by a name of their own.
//!
//! Their API servers are what counts. Beside a look at one Azure is asked whether it is at work on the cluster, and how
//! its driver is set; where Azure does not tell, the server has answered all the same. Of one that cannot be reached only
//! Azure can say that it was stopped or is gone; where Azure does not say so, it stays unreachable.

use std::time::Duration;

use super::{AksCluster, AksStanding, ClusterPlace, Kubernetes, Scope, State, subject_of};
use crate::model::{Blindness, ClusterState, ClusterView, Salt, StampName};
use crate::ports::Fault;

/// How long a look at an API server waits for Azure's word, in wall time.
const BESIDE: Duration = Duration::from_secs(10);

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

    /// What Azure says of a cluster while its API server is asked.
    pub(super) async fn beside(&self, name: &StampName) -> AksStanding {
        let (Some((_, cluster)), Some(aks)) = (self.known_to_azure(name), &self.aks) else {
            return AksStanding::default();
        };
        match tokio::time::timeout(BESIDE, aks.standing(cluster, &subject_of(name))).await {
            Ok(Ok(told @ AksStanding { state: ClusterState::Changing { .. }, .. })) => told,
            Ok(Ok(told)) => AksStanding { state: ClusterState::Running, ..told },
            Ok(Err(_)) | Err(_) => AksStanding::default(),
        }
    }

    async fn without_answer(&self, name: &StampName, fault: Fault) -> Result<ClusterView, Fault> {
        let Some((stamp, cluster)) = self.known_to_azure(name) else { return Err(fault) };
        let Some(aks) = &self.aks else { return Err(fault) };
        match aks.standing(cluster, &subject_of(name)).await {
            Ok(AksStanding { state: state @ (ClusterState::Stopped | ClusterState::Gone), .. }) => {
                *stamp.state.lock().await = State::default();
                Ok(ClusterView { state, ..ClusterView::default() })
            }
            Err(told) if told.kind == Blindness::Missing => {
                Err(fault.remedy(format!("{}; {}", told.why, told.remedy)))
            }
            Ok(told) => Err(told.beside(fault)),
            Err(_) => Err(fault),
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
