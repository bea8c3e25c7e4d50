//! How the API server of a stamp is reached, and followed from there.

use std::sync::{Arc, PoisonError};

use tokio_util::task::AbortOnDropHandle;

use super::aks::AksStanding;
use super::api::Api;
use super::connect::{Connection, Source};
use super::look::{Place, Subject};
use super::stamp::{Stamp, State, subject_of};
use super::watch::{self, Ears};
use super::{ClusterPlace, Kubernetes};
use crate::model::{Blindness, StampName};
use crate::ports::Fault;

impl Kubernetes {
    /// What Azure says of a cluster that is found through it.
    pub(super) async fn standing_of(&self, name: &StampName, stamp: &Stamp) -> Result<AksStanding, Fault> {
        match (&stamp.cluster.place, &self.aks) {
            (ClusterPlace::Aks(cluster), Some(aks)) => aks.standing(cluster, &subject_of(name)).await,
            (ClusterPlace::Kubeconfig(_), _) | (ClusterPlace::Aks(_), None) => Ok(AksStanding::default()),
        }
    }

    pub(super) async fn source(&self, stamp: &Stamp, subject: &str) -> Result<Source, Fault> {
        match (&stamp.cluster.place, &self.aks) {
            (ClusterPlace::Kubeconfig(place), _) => Ok(Source::File(place.clone())),
            (ClusterPlace::Aks(cluster), Some(aks)) => {
                aks.kubeconfig(cluster, subject).await.map(Source::Text)
            }
            (ClusterPlace::Aks(_), None) => {
                let why = "nobody is signed in to Azure";
                Err(Fault::new(Blindness::Forbidden, "get the cluster's kubeconfig from Azure", subject, why))
            }
        }
    }

    pub(super) fn stamp(&self, name: &StampName) -> Result<&Stamp, Fault> {
        self.stamps.get(name).ok_or_else(|| {
            Fault::new(Blindness::Missing, "find a cluster", format!("stamp {name}"), "it is not configured")
                .remedy("add the stamp to the configuration")
        })
    }

    /// The stamp's API server; the kubeconfig is read where there is no connection yet.
    pub(super) async fn api(&self, name: &StampName, stamp: &Stamp, state: &mut State) -> Result<Api, Fault> {
        let subject = subject_of(name);
        let connection = match &state.connection {
            Some(connection) => connection.clone(),
            None => {
                let source = self.source(stamp, &subject).await?;
                let tokens = self.aks.as_ref().map(|aks| aks.access.tokens.clone());
                let mut opened =
                    Connection::open(source, self.http.clone(), tokens, subject.clone(), self.patience)
                        .await?;
                if let Some((_, newest)) = state.told.take().filter(|(base, _)| *base == opened.base) {
                    opened.newest = newest;
                }
                state.connection.insert(opened).clone()
            }
        };
        let (clock, turns) = (Arc::clone(&self.clock), self.turns.clone());
        // Only what is listed before watches are open comes with them.
        let streams = state.watches.is_empty().then(|| stamp.streams.clone());
        Ok(Api { connection, clock, turns, streams, subject })
    }

    pub(super) fn watch(
        &self,
        name: &StampName,
        stamp: &Stamp,
        api: &Api,
        places: Vec<Place>,
    ) -> Vec<AbortOnDropHandle<()>> {
        stamp.kept.expect(places.len());
        let ears =
            || Ears { stamp: name.clone(), signal: Arc::clone(&self.signal), kept: Arc::clone(&stamp.kept) };
        let follow = |place| AbortOnDropHandle::new(tokio::spawn(watch::follow(api.clone(), place, ears())));
        places.into_iter().map(follow).collect()
    }

    /// As the last look had to narrow it.
    pub(super) fn subject_of(&self, stamp: &Stamp, state: &State) -> Subject {
        state.base.as_ref().map_or_else(|| self.subject(stamp), |base| base.subject.clone())
    }

    pub(super) fn subject(&self, stamp: &Stamp) -> Subject {
        Subject {
            secret: self.secret.clone(),
            vault: stamp.cluster.vault.clone(),
            vaults: Arc::clone(&self.vaults),
            namespaces: stamp.cluster.namespaces.clone(),
            configured: self.restarted.clone().unwrap_or_default(),
            nodes: Arc::clone(&stamp.nodes.lock().unwrap_or_else(PoisonError::into_inner)),
            unfilled: Arc::default(),
        }
    }
}
