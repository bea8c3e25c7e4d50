//! All evidence at one moment.
//!
//! Every entry is dated and may be missing: what was never looked at is absent, what could not be seen is a
//! [`Blind`]. Nothing here says how the evidence was obtained.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::Timestamp;

use super::{
    AccountRights, AccountView, Blind, BranchName, BranchRules, BranchView, CensusView, ClusterView,
    CommitId, DeploymentView, InventoryView, KeyProof, MetricsView, Network, OperationState, OriginView,
    PullEnds, PullHead, PullView, RightView, RoomView, RunView, Seen, Slot, StampName, TracesView, UsageView,
    VaultView,
};

/// Names one piece of evidence, for asking to see it (again).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EvidenceKey {
    Account,
    Proof(Slot),
    /// Base branch and live release branch, fetched.
    Code,
    /// Pull requests between these branches.
    Pull(PullEnds),
    /// The runs of the validation pipeline on what a pull request proposes.
    Validation(PullHead),
    /// What the forge's rules say of a branch, which may not exist yet.
    Rules(BranchName),
    /// What brought the base branch to the slot that it reads.
    Origin,
    Runs,
    /// Deployments to the environment, by whatever.
    Deployments,
    /// The regeneration that this rotation started.
    Operation,
    /// What the activity log tells of the regenerations that were sent and never answered.
    Traces,
    Vault(StampName),
    Cluster(StampName),
    /// The workloads of a stamp's cluster: part of the whole look, and listed by themselves where no more is asked.
    Workloads(StampName),
    /// Quotas and autoscalers of a stamp's cluster.
    Room(StampName),
    /// Whether we may restart the configured workloads of a stamp.
    RightsIn(StampName),
    /// What Azure knows beside what is configured.
    Inventory,
    /// Who asked the account with which key, by its logs.
    Usage,
    /// How many requests the account refuses, by its metrics.
    Metrics,
    /// Who used the key or read the secret over the census window.
    Census,
    /// What we may do with the account.
    Rights,
}

impl fmt::Display for EvidenceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EvidenceKey::Account => f.write_str("the account"),
            EvidenceKey::Proof(slot) => write!(f, "a proof of the {slot} key"),
            EvidenceKey::Code => f.write_str("the branches"),
            EvidenceKey::Pull(PullEnds { head, base }) => write!(f, "the pull request of {head} to {base}"),
            EvidenceKey::Validation(PullHead { pull, commit, .. }) => {
                write!(f, "the validation of pull request {pull} at {}", commit.short())
            }
            EvidenceKey::Rules(branch) => write!(f, "the rules of branch {branch}"),
            EvidenceKey::Origin => f.write_str("what brought the base branch to its slot"),
            EvidenceKey::Runs => f.write_str("the pipeline's runs"),
            EvidenceKey::Deployments => f.write_str("the deployments to the environment"),
            EvidenceKey::Operation => f.write_str("the regeneration's state"),
            EvidenceKey::Traces => f.write_str("the activity log's word on the regeneration"),
            EvidenceKey::Vault(stamp) => write!(f, "the vault of {stamp}"),
            EvidenceKey::Cluster(stamp) => write!(f, "the cluster of {stamp}"),
            EvidenceKey::Workloads(stamp) => write!(f, "the workloads of {stamp}"),
            EvidenceKey::Room(stamp) => write!(f, "quotas and autoscalers of {stamp}"),
            EvidenceKey::RightsIn(stamp) => write!(f, "what keyslot may do in the cluster of {stamp}"),
            EvidenceKey::Inventory => f.write_str("Azure's list of stamps"),
            EvidenceKey::Usage => f.write_str("the logs of the data plane"),
            EvidenceKey::Metrics => f.write_str("the account's metrics"),
            EvidenceKey::Census => f.write_str("the census of the key's readers"),
            EvidenceKey::Rights => f.write_str("what keyslot may do with the account"),
        }
    }
}

/// The branches that matter, read from one fetch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReleaseView {
    pub base: BranchView,
    /// The release branch that is live. Absent where base itself is deployed.
    pub release: Option<BranchView>,
    pub live_by: LiveBy,
    /// Of the commits that may or may not have come to the live release when they were pushed, those that lie there.
    pub arrived: BTreeSet<CommitId>,
    /// All branches of the remote that keyslot made for this account, with their heads.
    pub proposals: BTreeMap<BranchName, BranchView>,
}

/// From what it is known which release branch is live.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LiveBy {
    /// The configuration or a person names it, and no tag says otherwise.
    Named,
    /// The tags of the live stamps.
    Tags,
    /// The last run that wrote the vaults.
    Runs,
    /// Its name alone, among so many: the newest may be one that is being prepared.
    Name { among: usize },
    /// What tags and runs say differs from each other, or from the name.
    Contradiction { tags: Vec<BranchName>, run: Option<BranchName> },
    /// The tags are to be asked, and cannot be read.
    TagsUnseen(Blind),
    /// The runs are to say the same as the tags, and cannot be read.
    RunsUnseen(Blind),
}

impl ReleaseView {
    /// The branch whose code the pipeline deploys.
    pub fn deployed(&self) -> &BranchView {
        self.release.as_ref().unwrap_or(&self.base)
    }
}

/// What the configuration says of a stamp; not evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StampFacts {
    pub name: StampName,
    /// The release unit it belongs to.
    pub unit: String,
    /// Whether it takes traffic.
    pub live_traffic: bool,
    /// The account's region that serves its pods, where the configuration says it.
    pub region: Option<String>,
    /// From where its pods are seen to come.
    pub addresses: Vec<Network>,
    /// As whom they, and what mounts the secret for them, sign in: names or ids.
    pub identities: Vec<String>,
}

/// All evidence at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct World {
    pub account: Option<Seen<AccountView>>,
    pub proofs: BTreeMap<Slot, Seen<KeyProof>>,
    pub code: Option<Seen<ReleaseView>>,
    /// The newest pull request between these branches, if any.
    pub pulls: BTreeMap<PullEnds, Seen<Option<PullView>>>,
    /// Newest first.
    pub validations: BTreeMap<PullHead, Seen<Vec<RunView>>>,
    pub rules: BTreeMap<BranchName, Seen<BranchRules>>,
    pub origin: Option<Seen<OriginView>>,
    /// Newest first.
    pub runs: Option<Seen<Vec<RunView>>>,
    /// Newest first.
    pub deployments: Option<Seen<Vec<DeploymentView>>>,
    pub operation: Option<Seen<OperationState>>,
    pub traces: Option<Seen<TracesView>>,
    pub vaults: BTreeMap<StampName, Seen<VaultView>>,
    pub clusters: BTreeMap<StampName, Seen<ClusterView>>,
    pub rooms: BTreeMap<StampName, Seen<RoomView>>,
    pub rights_in: BTreeMap<StampName, Seen<Vec<RightView>>>,
    pub inventory: Option<Seen<InventoryView>>,
    pub usage: Option<Seen<UsageView>>,
    pub metrics: Option<Seen<MetricsView>>,
    pub census: Option<Seen<CensusView>>,
    pub rights: Option<Seen<AccountRights>>,
}

impl World {
    /// The branch whose code is deployed, where the code was seen.
    pub fn deployed(&self) -> Option<&BranchView> {
        Some(self.code.as_ref()?.get()?.deployed())
    }

    /// When a piece was looked at, and what kept it from being seen; `None` where nobody has looked.
    pub fn sight(&self, key: &EvidenceKey) -> Option<Sight<'_>> {
        match key {
            EvidenceKey::Account => self.account.as_ref().map(Sight::of),
            EvidenceKey::Proof(slot) => self.proofs.get(slot).map(Sight::of),
            EvidenceKey::Code => self.code.as_ref().map(Sight::of),
            EvidenceKey::Pull(ends) => self.pulls.get(ends).map(Sight::of),
            EvidenceKey::Validation(head) => self.validations.get(head).map(Sight::of),
            EvidenceKey::Rules(branch) => self.rules.get(branch).map(Sight::of),
            EvidenceKey::Origin => self.origin.as_ref().map(Sight::of),
            EvidenceKey::Runs => self.runs.as_ref().map(Sight::of),
            EvidenceKey::Deployments => self.deployments.as_ref().map(Sight::of),
            EvidenceKey::Operation => self.operation.as_ref().map(Sight::of),
            EvidenceKey::Traces => self.traces.as_ref().map(Sight::of),
            EvidenceKey::Vault(stamp) => self.vaults.get(stamp).map(Sight::of),
            EvidenceKey::Cluster(stamp) => self.clusters.get(stamp).map(Sight::of),
            EvidenceKey::Workloads(stamp) => {
                let seen = self.clusters.get(stamp)?;
                Some(Sight { at: seen.workloads_at(), ..Sight::of(seen) })
            }
            EvidenceKey::Room(stamp) => self.rooms.get(stamp).map(Sight::of),
            EvidenceKey::RightsIn(stamp) => self.rights_in.get(stamp).map(Sight::of),
            EvidenceKey::Inventory => self.inventory.as_ref().map(Sight::of),
            EvidenceKey::Usage => self.usage.as_ref().map(Sight::of),
            EvidenceKey::Metrics => self.metrics.as_ref().map(Sight::of),
            EvidenceKey::Census => self.census.as_ref().map(Sight::of),
            EvidenceKey::Rights => self.rights.as_ref().map(Sight::of),
        }
    }
}

/// The date of one piece of evidence, without what it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sight<'w> {
    pub at: Timestamp,
    /// Why it could not be seen then.
    pub blind: Option<&'w Blind>,
}

impl<'w> Sight<'w> {
    fn of<T>(seen: &'w Seen<T>) -> Sight<'w> {
        Sight { at: seen.at, blind: seen.what.as_ref().err() }
    }
}
