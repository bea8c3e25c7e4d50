//! Somebody between keyslot and the clusters: whoever stands there says what is different, and the rest passes through.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use keyslot::model::{BudgetView, ClusterView, NodesView, RoomView, Salt, StampName, WorkloadName};
use keyslot::ports::{Changed, Clusters, Effect, Fault, Glance, Permit, Ports, RestartMark};

/// Who stands there.
#[async_trait]
pub trait Between: Send + Sync {
    /// What is behind.
    fn behind(&self) -> &dyn Clusters;

    async fn look(&self, stamp: &StampName, salt: &Salt) -> Result<ClusterView, Fault> {
        self.behind().look(stamp, salt).await
    }

    /// A look of now, as the port has it where nothing else is said.
    async fn glance(
        &self,
        stamp: &StampName,
        salt: &Salt,
        _glance: Glance,
    ) -> Result<(ClusterView, Duration), Fault> {
        Ok((self.look(stamp, salt).await?, Duration::ZERO))
    }

    fn follows(&self, _stamp: &StampName) -> bool {
        false
    }

    async fn room(&self, stamp: &StampName) -> Result<RoomView, Fault> {
        self.behind().room(stamp).await
    }

    async fn restart(
        &self,
        stamp: &StampName,
        workload: &WorkloadName,
        mark: &RestartMark,
        permit: &Permit,
    ) -> Effect<i64> {
        self.behind().restart(stamp, workload, mark, permit).await
    }

    async fn changed(&self) -> BTreeSet<Changed> {
        self.behind().changed().await
    }
}

struct Stands<B>(B);

#[async_trait]
impl<B: Between> Clusters for Stands<B> {
    async fn look(&self, stamp: &StampName, salt: &Salt) -> Result<ClusterView, Fault> {
        self.0.look(stamp, salt).await
    }

    async fn glance(
        &self,
        stamp: &StampName,
        salt: &Salt,
        glance: Glance,
    ) -> Result<(ClusterView, Duration), Fault> {
        self.0.glance(stamp, salt, glance).await
    }

    fn follows(&self, stamp: &StampName) -> bool {
        self.0.follows(stamp)
    }

    async fn room(&self, stamp: &StampName) -> Result<RoomView, Fault> {
        self.0.room(stamp).await
    }

    async fn nodes(&self, stamp: &StampName) -> Result<NodesView, Fault> {
        self.0.behind().nodes(stamp).await
    }

    async fn budgets(&self, stamp: &StampName) -> Result<Vec<BudgetView>, Fault> {
        self.0.behind().budgets(stamp).await
    }

    async fn restart(
        &self,
        stamp: &StampName,
        workload: &WorkloadName,
        mark: &RestartMark,
        permit: &Permit,
    ) -> Effect<i64> {
        self.0.restart(stamp, workload, mark, permit).await
    }

    async fn changed(&self) -> BTreeSet<Changed> {
        self.0.changed().await
    }
}

/// The ports with somebody between, who is told what is behind.
pub fn with<B: Between + 'static>(ports: Ports, who: impl FnOnce(Arc<dyn Clusters>) -> B) -> Ports {
    let clusters = Arc::new(Stands(who(Arc::clone(&ports.clusters))));
    Ports { clusters, ..ports }
}
