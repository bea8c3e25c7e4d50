//! What is held of one stamp: its connection, its watches, and what was last seen of it.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::sync::Mutex;
use tokio_util::task::AbortOnDropHandle;

use super::StampCluster;
use super::connect::Connection;
use super::glance::Base;
use super::kept::Kept;
use super::newest::Newest;
use super::scope::Scope;
use super::stream::Streams;
use crate::model::{ClusterView, Manager, StampName, WorkloadKind, WorkloadName};

pub(super) struct Stamp {
    pub(super) cluster: StampCluster,
    pub(super) state: Mutex<State>,
    pub(super) kept: Arc<Kept>,
    pub(super) streams: Streams,
    /// The nodes that are asked about whatever pods show.
    pub(super) nodes: std::sync::Mutex<Arc<BTreeSet<String>>>,
}

/// What is kept between two calls. None of it is evidence.
#[derive(Default)]
pub(super) struct State {
    pub(super) connection: Option<Connection>,
    /// What the server at this address has told of, where its connection was given up.
    pub(super) told: Option<(url::Url, Arc<Newest>)>,
    /// Workloads that the last look found paused.
    pub(super) paused: BTreeSet<WorkloadName>,
    /// Those that Flux applies.
    pub(super) flux: BTreeSet<WorkloadName>,
    /// Kinds of the workloads that the last look found to get the secret.
    pub(super) kinds: BTreeSet<WorkloadKind>,
    /// The last look, for glances to build on.
    pub(super) base: Option<Base>,
    /// How much of the cluster the last look was to see.
    pub(super) scope: Scope,
    /// The watches, once there was a look for them to follow.
    pub(super) watches: Vec<AbortOnDropHandle<()>>,
}

impl State {
    /// The file, or Azure, is asked anew. What the server has told of stays: a list from before that is no evidence.
    pub(super) fn reopen(&mut self) {
        self.told = self.connection.take().map(|old| (old.base, old.newest));
        self.watches.clear();
    }

    pub(super) fn note(&mut self, view: &ClusterView) {
        let paused = view.workloads.iter().filter(|workload| workload.paused);
        self.paused = paused.map(|workload| workload.name.clone()).collect();
        let by_flux = |manager: &Manager| matches!(manager, Manager::FluxKustomization(_));
        let flux = view.workloads.iter().filter(|workload| workload.manager.as_ref().is_some_and(by_flux));
        self.flux = flux.map(|workload| workload.name.clone()).collect();
        let consumers = view.workloads.iter().filter(|workload| workload.consumes);
        self.kinds = consumers.map(|workload| workload.name.kind).collect();
    }
}

pub(super) fn subject_of(stamp: &StampName) -> String {
    format!("cluster of stamp {stamp}")
}
