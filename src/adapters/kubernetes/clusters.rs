//! The port: what everybody else asks of clusters.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use async_trait::async_trait;

use super::glance::Base;
use super::restart::{self, Known, Sent};
use super::scope::Scope;
use super::{ClusterPlace, Kubernetes, node_room, rights, room};
use crate::model::{
    BudgetView, ClusterView, NodesView, Right, RightView, RoomView, Salt, StampName, VaultView, WorkloadName,
};
use crate::ports::{Changed, Clusters, Effect, Fault, Glance, Happening, Permit, RestartMark};

#[async_trait]
impl Clusters for Kubernetes {
    async fn look(&self, name: &StampName, salt: &Salt) -> Result<ClusterView, Fault> {
        self.look_or_ask(name, salt, Scope::Everything).await
    }

    async fn holders(
        &self,
        name: &StampName,
        salt: &Salt,
        vault: Option<&VaultView>,
    ) -> Result<ClusterView, Fault> {
        let scope = match &self.restarted {
            Some(restarted) => Scope::Holders {
                restarted: Arc::clone(restarted),
                written: vault.map(|vault| vault.created),
                version: vault.map(|vault| vault.version.clone()),
                every_kind: false,
            },
            None => Scope::Everything,
        };
        self.look_or_ask(name, salt, scope).await
    }

    async fn glance(
        &self,
        name: &StampName,
        salt: &Salt,
        glance: Glance,
    ) -> Result<(ClusterView, Duration), Fault> {
        let stamp = self.stamp(name)?;
        let mut state = stamp.state.lock().await;
        let base = state.base.take().filter(|base| base.is_salted(salt) && base.can_be_built_on());
        let Some(mut base) = base else {
            let scope = state.scope.clone();
            drop(state);
            return Ok((self.look_or_ask(name, salt, scope).await?, Duration::ZERO));
        };
        let api = self.api(name, stamp, &mut state).await?;
        base.glance(&api, &stamp.kept, glance).await?;
        let of_pods = matches!(glance, Glance::Pods | Glance::Told(Happening::PodsGone));
        if stamp.kept.none_ends() && !of_pods {
            // Whoever comes to wait for that need not wait.
            self.signal.raise(name, Happening::PodsGone);
        }
        let age = self.clock.now().duration_since(base.since).unsigned_abs();
        let view = base.view.clone();
        state.note(&view);
        state.base = Some(base);
        Ok((view, age))
    }

    fn ask_about(&self, name: &StampName, nodes: BTreeSet<String>) {
        if let Some(stamp) = self.stamps.get(name) {
            *stamp.nodes.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(nodes);
        }
    }

    fn follows(&self, stamp: &StampName) -> bool {
        self.stamps.get(stamp).is_some_and(|stamp| stamp.kept.follows())
    }

    async fn room(&self, name: &StampName) -> Result<RoomView, Fault> {
        let stamp = self.stamp(name)?;
        let mut state = stamp.state.lock().await;
        let api = self.api(name, stamp, &mut state).await?;
        // By what was last seen of them; before that, nobody knows.
        let loses = state.base.as_ref().is_none_or(Base::loses_pods);
        room::look(&api, &self.subject_of(stamp, &state), loses).await
    }

    async fn budgets(&self, name: &StampName) -> Result<Vec<BudgetView>, Fault> {
        let stamp = self.stamp(name)?;
        if !self.standing_of(name, stamp).await?.state.has_pods() {
            return Ok(Vec::new());
        }
        let mut state = stamp.state.lock().await;
        let api = self.api(name, stamp, &mut state).await?;
        room::budgets(&api, &self.subject_of(stamp, &state)).await
    }

    async fn nodes(&self, name: &StampName) -> Result<NodesView, Fault> {
        let stamp = self.stamp(name)?;
        let standing = match stamp.cluster.place {
            ClusterPlace::Aks(_) => self.standing_of(name, stamp).await?,
            ClusterPlace::Kubeconfig(_) => self.beside(name).await,
        };
        if !standing.state.has_pods() {
            return Ok(NodesView::default());
        }
        let mut state = stamp.state.lock().await;
        let api = self.api(name, stamp, &mut state).await?;
        let subject = self.subject_of(stamp, &state);
        drop(state);
        let seen = node_room::look(&api, &subject).await?;
        Ok(NodesView { grows: seen.grows || standing.grows, ..seen })
    }

    async fn rights_to_restart(&self, name: &StampName) -> Vec<RightView> {
        let Ok(stamp) = self.stamp(name) else { return Vec::new() };
        let mut state = stamp.state.lock().await;
        let api = match self.api(name, stamp, &mut state).await {
            Ok(api) => api,
            Err(fault) => {
                let what = "restart the configured workloads".to_owned();
                return vec![RightView { what, right: Right::Unknown(fault.why), remedy: fault.remedy }];
            }
        };
        let configured = self.subject_of(stamp, &state).configured;
        drop(state);
        rights::to_restart(&api, &configured, &self.partly).await
    }

    async fn rights(&self, name: &StampName) -> Vec<RightView> {
        let unknown = |why: String| {
            let what = "use the cluster".to_owned();
            vec![RightView { what, right: Right::Unknown(why), remedy: String::new() }]
        };
        let stamp = match self.stamp(name) {
            Ok(stamp) => stamp,
            Err(fault) => return unknown(fault.why),
        };
        if self.standing_of(name, stamp).await.is_ok_and(|told| !told.state.has_pods()) {
            return Vec::new();
        }
        let mut state = stamp.state.lock().await;
        match self.api(name, stamp, &mut state).await {
            Ok(api) => {
                let namespaces = self.subject_of(stamp, &state).namespaces;
                let secrets = state.base.as_ref().map(|base| base.view.synced.as_slice()).unwrap_or_default();
                let restarted = self.restarted.as_deref().unwrap_or_default();
                let named = rights::Named { secrets, restarted };
                rights::rights(&api, &namespaces, &state.kinds, named).await
            }
            Err(fault) => unknown(fault.why),
        }
    }

    async fn restart(
        &self,
        name: &StampName,
        workload: &WorkloadName,
        mark: &RestartMark,
        permit: &Permit,
    ) -> Effect<i64> {
        let stamp = match self.stamp(name) {
            Ok(stamp) => stamp,
            Err(fault) => return Effect::NotSent(fault),
        };
        let (api, known) = {
            let mut state = stamp.state.lock().await;
            let api = match self.api(name, stamp, &mut state).await {
                Ok(api) => api,
                Err(fault) => return Effect::NotSent(fault),
            };
            if let Some(base) = &mut state.base {
                base.restarts(workload, &stamp.kept);
            }
            let (paused, flux) = (state.paused.contains(workload), state.flux.contains(workload));
            (api, Known { paused, flux })
        };
        let Sent { effect, answer, worn } = restart::restart(&api, workload, mark, permit, known).await;
        let mut state = stamp.state.lock().await;
        if let Some(base) = &mut state.base {
            base.answered(workload, answer.as_deref());
        }
        // The credentials may have been renewed meanwhile.
        if worn {
            state.reopen();
        }
        effect
    }

    async fn changed(&self) -> BTreeSet<Changed> {
        self.signal.changed().await
    }
}
