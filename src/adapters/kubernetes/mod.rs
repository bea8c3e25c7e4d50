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
mod resolve;
mod restart;
mod rights;
mod rollouts;
mod room;
mod scope;
mod sets;
mod skew;
mod stream;
mod symptoms;
mod synced;
mod unfilled;
mod watch;
mod workload;
mod workloads;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::Mutex;
use tokio_util::task::AbortOnDropHandle;

use self::api::Api;
use self::connect::{Connection, PLUGIN, Source};
use self::glance::Base;
use self::kept::Kept;
use self::look::{Looked, Place, Subject};
use self::newest::Newest;
use self::restart::{Known, Sent};
use self::scope::Scope;
use self::stream::Streams;
use self::synced::base64;
use self::watch::{Ears, Signal};
use super::http::{HttpSettings, Turns};
use crate::model::{
    Blindness, BudgetView, ClusterState, ClusterView, Manager, NodesView, Right, RightView, RoomView, Salt,
    StampName, VaultView, WorkloadKind, WorkloadName,
};
use crate::ports::{Changed, Clock, Clusters, Effect, Fault, Glance, Happening, Permit, RestartMark};

pub use self::aks::{AksAccess, AksCluster, AksStanding, Said};
pub use self::connect::KubeconfigPlace;
pub use self::resolve::resolve_workload;
pub use self::workload::{parse_pod, parse_workload};

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
    streams: Streams,
    /// How long a kubeconfig's credential plugin may take.
    patience: Duration,
}

struct Stamp {
    cluster: StampCluster,
    state: Mutex<State>,
    kept: Arc<Kept>,
    /// The nodes that are asked about whatever pods show.
    nodes: std::sync::Mutex<Arc<BTreeSet<String>>>,
}

/// What is kept between two calls. None of it is evidence.
#[derive(Default)]
struct State {
    connection: Option<Connection>,
    /// What the server at this address has told of, where its connection was given up.
    told: Option<(url::Url, Arc<Newest>)>,
    /// Workloads that the last look found paused.
    paused: BTreeSet<WorkloadName>,
    /// Those that Flux applies.
    flux: BTreeSet<WorkloadName>,
    /// Kinds of the workloads that the last look found to get the secret.
    kinds: BTreeSet<WorkloadKind>,
    /// The last look, for glances to build on.
    base: Option<Base>,
    /// How much of the cluster the last look was to see.
    scope: Scope,
    /// The watches, once there was a look for them to follow.
    watches: Vec<AbortOnDropHandle<()>>,
}

impl State {
    /// The file, or Azure, is asked anew. What the server has told of stays: a list from before that is no evidence.
    fn reopen(&mut self) {
        self.told = self.connection.take().map(|old| (old.base, old.newest));
        self.watches.clear();
    }
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
        let stamp = |cluster| Stamp {
            cluster,
            state: Mutex::default(),
            kept: Arc::default(),
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
            streams: Streams::default(),
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

    /// What Azure says of a cluster that is found through it.
    async fn standing_of(&self, name: &StampName, stamp: &Stamp) -> Result<AksStanding, Fault> {
        match (&stamp.cluster.place, &self.aks) {
            (ClusterPlace::Aks(cluster), Some(aks)) => aks.standing(cluster, &subject_of(name)).await,
            (ClusterPlace::Kubeconfig(_), _) | (ClusterPlace::Aks(_), None) => Ok(AksStanding::default()),
        }
    }

    async fn source(&self, stamp: &Stamp, subject: &str) -> Result<Source, Fault> {
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

    fn stamp(&self, name: &StampName) -> Result<&Stamp, Fault> {
        self.stamps.get(name).ok_or_else(|| {
            Fault::new(Blindness::Missing, "find a cluster", format!("stamp {name}"), "it is not configured")
                .remedy("add the stamp to the configuration")
        })
    }

    /// The stamp's API server; the kubeconfig is read where there is no connection yet.
    async fn api(&self, name: &StampName, stamp: &Stamp, state: &mut State) -> Result<Api, Fault> {
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
        let streams = state.watches.is_empty().then(|| self.streams.clone());
        Ok(Api { connection, clock, turns, streams, subject })
    }

    fn watch(
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
    fn subject_of(&self, stamp: &Stamp, state: &State) -> Subject {
        state.base.as_ref().map_or_else(|| self.subject(stamp), |base| base.subject.clone())
    }

    fn subject(&self, stamp: &Stamp) -> Subject {
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

impl State {
    fn note(&mut self, view: &ClusterView) {
        let paused = view.workloads.iter().filter(|workload| workload.paused);
        self.paused = paused.map(|workload| workload.name.clone()).collect();
        let by_flux = |manager: &Manager| matches!(manager, Manager::FluxKustomization(_));
        let flux = view.workloads.iter().filter(|workload| workload.manager.as_ref().is_some_and(by_flux));
        self.flux = flux.map(|workload| workload.name.clone()).collect();
        let consumers = view.workloads.iter().filter(|workload| workload.consumes);
        self.kinds = consumers.map(|workload| workload.name.kind).collect();
    }
}

fn subject_of(stamp: &StampName) -> String {
    format!("cluster of stamp {stamp}")
}

impl Kubernetes {
    async fn look_within(&self, name: &StampName, salt: &Salt, scope: Scope) -> Result<ClusterView, Fault> {
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
