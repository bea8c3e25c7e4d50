//! Ports → [`World`]: looks at what is asked for, all at once, and dates what it sees.
//!
//! It judges nothing. What cannot be seen becomes a [`crate::model::Blind`] with its reason. The time of an
//! observation is the time *before* its request was sent: evidence is never younger than it says.

mod claims;
mod flips;
mod held;
mod live;
mod origin;
mod targets;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use futures::future::join;
use futures::stream::{FuturesUnordered, StreamExt as _};
use jiff::{SignedDuration, Timestamp};

use crate::model::{
    AccountRights, AccountView, Blindness, BranchName, BranchRules, BranchView, CensusView, ClusterView,
    CommitId, DeploymentView, EvidenceKey, InventoryView, KeyKind, KeyProof, LiveBy, MetricsView,
    OperationState, OriginView, PullEnds, PullHead, PullView, ReleaseView, RightView, RoomView, RunView,
    Salt, Seen, Slot, SlotUse, StampName, TracesView, TreeClaim, UsageView, VaultView, World,
};
use crate::ports::{Fault, Glance, Ports};
use crate::rotation::Unanswered;

use claims::{Claims, Judged};
pub use held::Held;
pub use targets::{ReleaseRule, Targets};

/// Looks through the ports, and remembers what commits claim: a commit never changes.
pub struct Observer {
    ports: Ports,
    targets: Targets,
    claims: Claims,
    held: Arc<Held>,
}

/// A file that would change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub path: String,
    pub before: Vec<u8>,
    pub after: Vec<u8>,
}

/// How much of a cluster is looked at.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Breadth {
    Whole,
    /// Who may hold an older key.
    Holders,
}

enum Found {
    Account(Seen<AccountView>),
    Proof(Slot, Seen<KeyProof>),
    Code(Box<Seen<ReleaseView>>),
    Pull(PullEnds, Seen<Option<PullView>>),
    Validation(PullHead, Seen<Vec<RunView>>),
    Rules(BranchName, Seen<BranchRules>),
    Origin(Box<Seen<OriginView>>),
    Runs(Seen<Vec<RunView>>),
    Deployments(Seen<Vec<DeploymentView>>),
    Operation(Option<Seen<OperationState>>),
    Traces(Option<Seen<TracesView>>),
    Vault(StampName, Seen<VaultView>),
    Cluster(StampName, Seen<ClusterView>),
    Room(StampName, Seen<RoomView>),
    RightsIn(StampName, Seen<Vec<RightView>>),
    Inventory(Seen<InventoryView>),
    Usage(Seen<UsageView>),
    Metrics(Seen<MetricsView>),
    Census(Seen<CensusView>),
    Rights(Seen<AccountRights>),
}

fn before(at: Timestamp, by: Duration) -> Timestamp {
    let by = SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX);
    at.checked_sub(by).unwrap_or(Timestamp::MIN)
}

fn seen<T>(at: Timestamp, result: Result<T, Fault>) -> Seen<T> {
    Seen { at, what: result.map_err(|fault| fault.blind()) }
}

/// A cluster, as far as it may hold an older key than this vault does.
async fn holders(
    ports: &Ports,
    held: &Held,
    salt: &Salt,
    stamp: &StampName,
    vault: Option<&VaultView>,
) -> Seen<ClusterView> {
    let mut found = seen(ports.clock.now(), ports.clusters.holders(stamp, salt, vault).await);
    dated(ports, held, stamp, vault, &mut found);
    found
}

/// After the look: what was seen was so by then.
fn dated(
    ports: &Ports,
    held: &Held,
    stamp: &StampName,
    vault: Option<&VaultView>,
    seen: &mut Seen<ClusterView>,
) {
    if let Ok(view) = &mut seen.what {
        held.date(stamp, vault, ports.clock.now(), view);
    }
}

impl Observer {
    pub fn new(ports: Ports, targets: Targets) -> Observer {
        Observer { ports, targets, claims: Claims::default(), held: Arc::default() }
    }

    pub fn targets(&self) -> &Targets {
        &self.targets
    }

    /// Since when synced Secrets hold what they hold.
    pub fn held(&self) -> &Held {
        &self.held
    }

    pub fn targets_mut(&mut self) -> &mut Targets {
        &mut self.targets
    }

    /// The branches that the live stamps are tagged with, where this one is not among them. Where no tags can be read, none:
    /// a person's word does without them.
    ///
    /// # Errors
    /// The remote has no such branch (its kind is [`Blindness::Gone`]), or cannot be read.
    pub async fn named(&self, branch: &BranchName) -> Result<Vec<BranchName>, Fault> {
        let heads = self.ports.code.fetch().await?;
        let said = Targets { release: ReleaseRule::Said(branch.clone()), ..self.targets.clone() };
        if said.release.candidates(&heads).is_empty() {
            return Err(said.no_release(&heads));
        }
        Ok(live::tagged_otherwise(&self.ports, &self.targets, branch).await)
    }

    /// Looks at these for somebody who decides, and puts what was seen into the world. Clusters come last: what their
    /// vaults hold tells what of them is worth a request.
    pub async fn look(&self, keys: &BTreeSet<EvidenceKey>, world: &mut World) {
        let of_cluster = |key: &&EvidenceKey| matches!(key, EvidenceKey::Cluster(_));
        let (clusters, others) = keys.iter().partition::<Vec<_>, _>(of_cluster);
        self.look_at_once(others, Breadth::Holders, world).await;
        self.look_at_once(clusters, Breadth::Holders, world).await;
    }

    /// Looks at all there is of these, for people.
    pub async fn look_whole(&self, keys: &BTreeSet<EvidenceKey>, world: &mut World) {
        self.look_at_once(keys.iter().collect(), Breadth::Whole, world).await;
    }

    async fn look_at_once(&self, keys: Vec<&EvidenceKey>, breadth: Breadth, world: &mut World) {
        // All at once: how many calls are at work is their adapters' business, and who waits for silence keeps nobody.
        let looks = keys.into_iter().map(|key| self.look_at(key, breadth, world));
        let found: Vec<Found> = looks.collect::<FuturesUnordered<_>>().collect().await;
        for found in found {
            match found {
                Found::Account(seen) => world.account = Some(seen),
                Found::Proof(slot, seen) => {
                    world.proofs.insert(slot, seen);
                }
                Found::Code(seen) => world.code = Some(*seen),
                Found::Pull(ends, seen) => {
                    world.pulls.insert(ends, seen);
                }
                Found::Validation(head, seen) => {
                    world.validations.insert(head, seen);
                }
                Found::Rules(branch, seen) => {
                    world.rules.insert(branch, seen);
                }
                Found::Origin(seen) => world.origin = Some(*seen),
                Found::Runs(seen) => world.runs = Some(seen),
                Found::Deployments(seen) => world.deployments = Some(seen),
                Found::Operation(seen) => world.operation = seen,
                Found::Traces(seen) => world.traces = seen,
                Found::Vault(stamp, seen) => {
                    world.vaults.insert(stamp, seen);
                }
                Found::Cluster(stamp, seen) => {
                    world.clusters.insert(stamp, seen);
                }
                Found::Room(stamp, seen) => {
                    world.rooms.insert(stamp, seen);
                }
                Found::RightsIn(stamp, seen) => {
                    world.rights_in.insert(stamp, seen);
                }
                Found::Inventory(seen) => world.inventory = Some(seen),
                Found::Usage(seen) => world.usage = Some(seen),
                Found::Metrics(seen) => world.metrics = Some(seen),
                Found::Census(seen) => world.census = Some(seen),
                Found::Rights(seen) => world.rights = Some(seen),
            }
        }
    }

    /// One vault, by itself: whoever waits for it borrows nothing.
    pub fn vault(&self, stamp: &StampName) -> impl Future<Output = Seen<VaultView>> + Send + use<> {
        let (ports, salt, stamp) = (self.ports.clone(), self.targets.salt.clone(), stamp.clone());
        async move { seen(ports.clock.now(), ports.vaults.look(&stamp, &salt).await) }
    }

    /// One cluster, by itself, as far as it may hold an older key than its vault was seen to hold.
    pub fn cluster(
        &self,
        stamp: &StampName,
        world: &World,
    ) -> impl Future<Output = Seen<ClusterView>> + Send + use<> {
        let (ports, salt, stamp) = (self.ports.clone(), self.targets.salt.clone(), stamp.clone());
        let vault = world.vaults.get(&stamp).and_then(|seen| seen.get()).cloned();
        let held = Arc::clone(&self.held);
        async move { holders(&ports, &held, &salt, &stamp, vault.as_ref()).await }
    }

    /// One stamp's vault, and then its cluster: what the one holds tells what of the other is worth a request.
    pub fn stamp(
        &self,
        stamp: &StampName,
    ) -> impl Future<Output = (Seen<VaultView>, Seen<ClusterView>)> + Send + use<> {
        let (ports, salt, vault) = (self.ports.clone(), self.targets.salt.clone(), self.vault(stamp));
        let (stamp, held) = (stamp.clone(), Arc::clone(&self.held));
        async move {
            let vault = vault.await;
            let cluster = holders(&ports, &held, &salt, &stamp, vault.get()).await;
            (vault, cluster)
        }
    }

    /// One cluster that was looked at before, only at what is named; what was seen is dated by the oldest part of it.
    pub fn glance(
        &self,
        stamp: &StampName,
        glance: Glance,
    ) -> impl Future<Output = Seen<ClusterView>> + Send + use<> {
        let (ports, salt, stamp) = (self.ports.clone(), self.targets.salt.clone(), stamp.clone());
        let held = Arc::clone(&self.held);
        async move {
            let at = ports.clock.now();
            let mut found = match ports.clusters.glance(&stamp, &salt, glance).await {
                Ok((view, age)) => Seen::known(before(at, age), view),
                Err(fault) => Seen { at, what: Err(fault.blind()) },
            };
            dated(&ports, &held, &stamp, None, &mut found);
            found
        }
    }

    /// Everything there is to see: for `status`, and for choosing what to retire. Not the census, which is asked of
    /// weeks of logs, and only by who needs it.
    pub fn everything(&self) -> BTreeSet<EvidenceKey> {
        let mut keys = BTreeSet::from([EvidenceKey::Account, EvidenceKey::Code, EvidenceKey::Runs]);
        if self.targets.inventory {
            keys.insert(EvidenceKey::Inventory);
        }
        if !self.targets.log_window.is_zero() {
            keys.insert(EvidenceKey::Usage);
        }
        for stamp in &self.targets.stamps {
            keys.insert(EvidenceKey::Vault(stamp.clone()));
            keys.insert(EvidenceKey::Cluster(stamp.clone()));
        }
        keys
    }

    async fn look_at(&self, key: &EvidenceKey, breadth: Breadth, world: &World) -> Found {
        let at = self.ports.clock.now();
        let salt = &self.targets.salt;
        match key {
            EvidenceKey::Account => Found::Account(seen(at, self.ports.accounts.look(salt).await)),
            EvidenceKey::Proof(slot) => Found::Proof(*slot, self.prove(*slot, at, world).await),
            EvidenceKey::Code => Found::Code(Box::new(seen(at, self.code().await))),
            EvidenceKey::Pull(ends) => {
                Found::Pull(ends.clone(), seen(at, self.ports.forge.pull_between(ends).await))
            }
            EvidenceKey::Validation(head) => {
                Found::Validation(head.clone(), seen(at, self.ports.validation.runs_of(head).await))
            }
            EvidenceKey::Rules(branch) => {
                Found::Rules(branch.clone(), seen(at, self.ports.forge.rules(branch).await))
            }
            EvidenceKey::Origin => Found::Origin(Box::new(seen(at, self.origin(world).await))),
            EvidenceKey::Runs => Found::Runs(seen(at, self.ports.pipeline.runs().await)),
            EvidenceKey::Deployments => Found::Deployments(seen(at, self.ports.pipeline.deployments().await)),
            EvidenceKey::Operation => match &self.targets.operation {
                Some(operation) => {
                    Found::Operation(Some(seen(at, self.ports.accounts.poll(operation).await)))
                }
                None => Found::Operation(None),
            },
            EvidenceKey::Traces => match &self.targets.unanswered {
                Some(Unanswered { ids, since }) => {
                    Found::Traces(Some(seen(at, self.ports.logs.traces(ids, *since).await)))
                }
                None => Found::Traces(None),
            },
            EvidenceKey::Vault(stamp) => Found::Vault(stamp.clone(), self.vault(stamp).await),
            EvidenceKey::Cluster(stamp) if breadth == Breadth::Holders => {
                Found::Cluster(stamp.clone(), self.cluster(stamp, world).await)
            }
            EvidenceKey::Cluster(stamp) => {
                let mut found = seen(at, self.ports.clusters.look(stamp, salt).await);
                let vault = world.vaults.get(stamp).and_then(|seen| seen.get());
                dated(&self.ports, &self.held, stamp, vault, &mut found);
                Found::Cluster(stamp.clone(), found)
            }
            EvidenceKey::Workloads(stamp) => {
                Found::Cluster(stamp.clone(), self.glance(stamp, Glance::Workloads).await)
            }
            EvidenceKey::Room(stamp) => {
                Found::Room(stamp.clone(), seen(at, self.ports.clusters.room(stamp).await))
            }
            EvidenceKey::RightsIn(stamp) => {
                let rights = self.ports.clusters.rights_to_restart(stamp).await;
                Found::RightsIn(stamp.clone(), Seen::known(at, rights))
            }
            EvidenceKey::Inventory => Found::Inventory(seen(at, self.ports.inventory.look().await)),
            EvidenceKey::Rights => Found::Rights(seen(at, self.ports.accounts.rights().await)),
            EvidenceKey::Usage => {
                let since = self.targets.refusals_from(before(at, self.targets.log_window));
                Found::Usage(seen(at, self.ports.logs.usage(since).await))
            }
            EvidenceKey::Metrics => {
                let since = self.targets.refusals_from(before(at, self.targets.metrics_window));
                Found::Metrics(seen(at, self.ports.logs.refusals(since).await))
            }
            EvidenceKey::Census => {
                let since = before(at, self.targets.census_window);
                Found::Census(seen(at, Ok(self.census(since).await)))
            }
        }
    }

    /// Each part by itself: where nobody audits the vaults, the account's logs count all the same.
    async fn census(&self, since: Timestamp) -> CensusView {
        let logs = &self.ports.logs;
        let (used, read) = join(logs.usage(since), logs.secret_reads(since)).await;
        CensusView { used: used.map_err(|fault| fault.blind()), read: read.map_err(|fault| fault.blind()) }
    }

    async fn prove(&self, slot: Slot, at: Timestamp, world: &World) -> Seen<KeyProof> {
        let regions = match world.account.as_ref().and_then(|account| account.get()) {
            Some(account) => Ok(account.regions.clone()),
            None => self.ports.accounts.look(&self.targets.salt).await.map(|account| account.regions),
        };
        match regions {
            Ok(regions) => {
                let kind = KeyKind { slot, access: self.targets.access };
                seen(at, self.ports.accounts.prove(kind, &regions, &self.targets.salt).await)
            }
            Err(fault) => seen(at, Err(fault)),
        }
    }

    async fn code(&self) -> Result<ReleaseView, Fault> {
        let heads = self.ports.code.fetch().await?;
        let base = &self.targets.base_branch;
        let Some(base_head) = heads.get(base) else {
            return Err(self.targets.no_branch(base, &heads));
        };
        let Judged { mut claim, errors } = self.judged(base_head, true).await?;
        if claim.problems.is_empty() {
            claim.problems = errors.unwrap_or_default();
        }
        let base = BranchView::of(base.clone(), base_head.clone(), claim);
        let (release, live_by) = match live::live(&self.ports, &self.targets, &heads).await? {
            Some((branch, head, live_by)) => (Some(self.branch(branch, head).await?), live_by),
            None => (None, LiveBy::Named),
        };
        let mut proposals = BTreeMap::new();
        for (branch, head) in heads {
            if branch.as_str().starts_with("fix/keyslot-") {
                let view = match self.branch(branch.clone(), head.clone()).await {
                    // It may be of before the code was moved there, or of anybody: that is told of this branch alone.
                    Err(fault) if fault.kind == Blindness::Missing => {
                        let problems = vec![fault.why];
                        let claim = TreeClaim::unknown(problems);
                        BranchView::of(branch.clone(), head, claim)
                    }
                    view => view?,
                };
                let (is_flip, brings) = match view.claim.reads {
                    SlotUse::Only(slot) => (
                        self.is_flip(&view.head, slot).await?,
                        self.brings(&view.head, slot, [Some(&base), release.as_ref()]).await?,
                    ),
                    SlotUse::Mixed | SlotUse::None | SlotUse::Unknown => (false, BTreeMap::new()),
                };
                proposals.insert(branch, BranchView { is_flip, brings, ..view });
            }
        }
        let arrived = self.arrived(release.as_ref()).await?;
        Ok(ReleaseView { base, release, live_by, arrived, proposals })
    }

    /// Which of the pushes that nobody knows the end of came to the live release, whatever was made of it since.
    async fn arrived(&self, release: Option<&BranchView>) -> Result<BTreeSet<CommitId>, Fault> {
        let mut arrived = BTreeSet::new();
        let Some(release) = release else { return Ok(arrived) };
        for commit in &self.targets.promoted {
            match self.ports.code.contains(&release.head, commit).await {
                Ok(true) => drop(arrived.insert(commit.clone())),
                // Whoever does not have it with all branches fetched asks for one that no branch has.
                Ok(false) => {}
                Err(fault) if fault.kind == Blindness::Missing => {}
                Err(fault) => return Err(fault),
            }
        }
        Ok(arrived)
    }

    async fn branch(&self, branch: BranchName, head: CommitId) -> Result<BranchView, Fault> {
        let claim = self.claim(&head).await?;
        Ok(BranchView::of(branch, head, claim))
    }

    /// The files of a commit that change when its tree moves to a slot: path, before, after.
    ///
    /// # Errors
    /// In words: the tree cannot be read, or why it cannot be changed.
    pub async fn would_change(&self, commit: &CommitId, to: Slot) -> Result<Vec<Change>, Vec<String>> {
        let sources = self.targets.sources.at(self.ports.code.as_ref(), commit).await;
        let sources = sources.map_err(|fault| vec![fault.to_string()])?;
        let changed = sources.flip(self.targets.access, to);
        let changed =
            changed.map_err(|refusals| refusals.iter().map(ToString::to_string).collect::<Vec<_>>())?;
        let before = |path: &str| sources.content(path).map(<[u8]>::to_vec);
        Ok(changed
            .into_iter()
            .map(|(path, after)| Change { before: before(&path).unwrap_or_default(), path, after })
            .collect())
    }

    /// What a commit's tree claims.
    ///
    /// # Errors
    /// The commit's tree cannot be read.
    pub async fn claim(&self, commit: &CommitId) -> Result<TreeClaim, Fault> {
        Ok(self.judged(commit, false).await?.claim)
    }

    async fn judged(&self, commit: &CommitId, with_errors: bool) -> Result<Judged, Fault> {
        if let Some(known) = self.claims.known(commit).filter(|known| !with_errors || known.errors.is_some())
        {
            return Ok(known);
        }
        let sources = self.targets.sources.at(self.ports.code.as_ref(), commit).await?;
        let judged = Judged {
            claim: sources.claim(self.targets.access),
            errors: with_errors.then(|| sources.errors()),
        };
        self.claims.keep(commit, judged.clone());
        Ok(judged)
    }
}
