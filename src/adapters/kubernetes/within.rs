//! One look at a whole cluster: what is seen of it, and kept for the glances after it.

use super::glance::Base;
use super::look::{self, Looked};
use super::scope::Scope;
use super::stamp::State;
use super::{ClusterPlace, Kubernetes};
use crate::model::{Blindness, ClusterState, ClusterView, Salt, StampName};
use crate::ports::Fault;

impl Kubernetes {
    pub(super) async fn look_within(
        &self,
        name: &StampName,
        salt: &Salt,
        scope: Scope,
    ) -> Result<ClusterView, Fault> {
        let stamp = self.stamp(name)?;
        let mut state = stamp.state.lock().await;
        let standing = self.standing_of(name, stamp).await?;
        if matches!(standing.state, ClusterState::Stopped | ClusterState::Gone) {
            // It has no API server to ask. When it is back, it may be another one.
            *state = State::default();
            return Ok(ClusterView { state: standing.state, ..ClusterView::default() });
        }
        let api = self.api(name, stamp, &mut state).await?;
        let since = self.clock.now();
        self.signal.clear(name);
        stamp.kept.listing();
        stamp.kept.listing_workloads();
        let mounts = state.base.as_ref().map(Base::mounts).unwrap_or_default();
        let own = self.subject(stamp);
        let looked = look::look(&api, &own, salt, &scope, &mounts);
        let (looked, beside) = tokio::join!(looked, self.beside(name));
        let told = match stamp.cluster.place {
            ClusterPlace::Aks(_) => standing,
            ClusterPlace::Kubeconfig(_) => beside,
        };
        match looked {
            Ok(Looked { view, classes, subject, places, version }) => {
                state.note(&view);
                let view = ClusterView { state: told.state, rotates: told.rotates, ..view };
                let base = Base {
                    since,
                    salt: salt.clone(),
                    classes,
                    subject,
                    view: view.clone(),
                    scope: scope.clone(),
                    unanswered: false,
                    // Which pods were there when we restarted something, no later look changes.
                    before: state.base.take().map(|base| base.before).unwrap_or_default(),
                };
                stamp.kept.know(base.classes.clone(), base.names(), base.subject.clone());
                stamp.kept.listed(&view.pods, version);
                state.base = Some(base);
                state.scope = scope;
                if state.watches.is_empty() {
                    state.watches = self.watch(name, stamp, &api, places);
                }
                Ok(view)
            }
            Err(fault) => {
                // The credentials may have been renewed in the file meanwhile.
                if fault.kind == Blindness::Forbidden {
                    *state = State::default();
                }
                // The server may have moved, or have a new certificate.
                if fault.kind == Blindness::Unreachable {
                    state.reopen();
                }
                // Of one that is reached by kubeconfig Azure is asked once more, for a clearer word.
                Err(if matches!(stamp.cluster.place, ClusterPlace::Aks(_)) {
                    told.beside(fault)
                } else {
                    fault
                })
            }
        }
    }
}
