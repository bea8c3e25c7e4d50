//! What a team has decided: waits, ages, waves. All plain durations in world time.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{BranchName, EnvironmentName, PullPolicy, SignOff, StampFacts, StampName, WorkloadName};

/// What may lie between the restart of one stamp and that of the next, besides soak and lag.
const ROLLOUTS: Duration = Duration::from_secs(3600);

/// How the new slot reaches the vaults.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub enum Route {
    /// Merge to base, cherry-pick onto the live release branch, run its pipeline.
    #[default]
    Hotfix,
    /// Merge to base and wait until every unit built from older code is gone.
    NextRelease,
    /// Emergency: write the vaults directly, reconcile the code afterwards.
    VaultFirst,
}

/// How the change reaches the live release branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub enum Promotion {
    /// Pushed to it.
    #[default]
    Push,
    /// Proposed to it by a pull request, which people merge.
    PullRequest,
}

/// Who writes the vaults.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub enum Propagation {
    /// A run of the release pipeline, which applies the Terraform.
    #[default]
    Pipeline,
    /// keyslot itself, for teams without a pipeline: the key of the slot that the code reads by then.
    Write,
}

/// Who starts a run of the release pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub enum RunStart {
    /// keyslot asks for one, on exactly the commit that carries the change.
    #[default]
    Asked,
    /// The push to the release branch does; a second one is never asked for.
    Push,
    /// A person, where keyslot cannot see; what the vaults hold tells.
    Hand,
}

/// What happens to the code after the old key is retired.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub enum FlipBack {
    /// Stay; the next rotation goes the other way.
    #[default]
    No,
    /// A pull request to the old slot's name, for future releases.
    Propose,
    /// Proposed, merged, deployed and restarted too. Never regenerates.
    Deploy,
}

impl fmt::Display for FlipBack {
    /// As it is typed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            FlipBack::No => "no",
            FlipBack::Propose => "propose",
            FlipBack::Deploy => "deploy",
        })
    }
}

/// Whether the journal's store can hold a lease between machines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SharedStore {
    Shared,
    /// A local folder, and the committed configuration says that there is one operator.
    SingleOperator,
    /// A local folder: no lease between two laptops.
    LocalOnly,
}

/// How old evidence may be before a dangerous step wants it fresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ages {
    /// For steps that only cost time when wrong.
    pub ordinary: Duration,
    /// For restart.
    pub restart: Duration,
    /// For regenerate: every piece.
    pub regenerate: Duration,
    /// For the data plane proof of a key.
    pub proof: Duration,
}

/// How often to look again, where nothing tells us of change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    pub people: Duration,
    pub pipeline: Duration,
    pub rollout: Duration,
    pub pods: Duration,
    pub account: Duration,
}

/// What commits and pull requests say, where a team wants other words than keyslot's: texts with names in braces.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wording {
    /// One line.
    pub title: Option<String>,
    /// Markdown.
    pub body: Option<String>,
    pub commit: Option<String>,
}

/// Everything a decision depends on besides evidence and journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    pub route: Route,
    pub flip_back: FlipBack,
    pub propagation: Propagation,
    pub promotion: Promotion,
    pub base_branch: BranchName,
    pub pulls: PullPolicy,
    /// Whether the commits that keyslot makes bear a signature; `None` where git's own configuration decides.
    pub signs: Option<bool>,
    pub run_start: RunStart,
    pub words: Wording,
    /// Stages that a run must leave out.
    pub skip_stages: Vec<String>,
    /// Whether it is said which environments of the forge are deployed to: then their deployments are looked at.
    pub deployments: bool,
    /// Whether any stage is declared to move traffic: then a run of which nobody knows what it did may have.
    pub moves_traffic: bool,
    /// Stages that move traffic or destroy a unit and may run all the same: a person accepted them by name.
    pub accepted_stages: Vec<String>,
    pub stamps: Vec<StampFacts>,
    /// Other environments of the configuration that name the same account: their stamps are not among these.
    pub same_account: Vec<EnvironmentName>,
    /// In the order in which they are restarted within a stamp; all are consumers.
    pub workloads: Vec<WorkloadName>,
    /// Stamps restarted at once after the canary.
    pub wave_size: usize,
    /// How many restarts of one workload of a stamp a leg of the rotation may cause.
    pub restart_budget: usize,
    /// How long the canary stamp runs on the new key before the rest follows.
    pub soak: Duration,
    /// How long the old key must be unused, where Azure tells.
    pub quiet_window: Duration,
    /// How long the new key must be accepted everywhere after the regeneration.
    pub confirm_window: Duration,
    /// How long after a new version was made a vault may still answer with the one before. A pod that is created
    /// sooner counts as one that holds the older key.
    pub vault_lag: Duration,
    /// A slot older than this is regenerated before traffic moves to it.
    pub max_target_age: Option<Duration>,
    /// After an unknown answer to an effect that cannot be repeated: how long to look before judging.
    pub settle: Duration,
    /// Whether the approver must be another person than the proposer.
    pub approver_differs: bool,
    /// Whether Azure is asked for stamps that nobody listed.
    pub inventory: bool,
    /// After how long the row of a request is taken to have come, where the account's requests are logged; `None` where
    /// nobody says so.
    pub log_lag: Option<Duration>,
    /// After how long the metrics of a minute are taken to have come; `None` where nobody asks for them.
    pub metrics_lag: Option<Duration>,
    /// How far back readers of the key are looked for, where it is logged; zero where nobody does.
    pub census_window: Duration,
    /// Identities that read the secret or list the keys and keep neither: keyslot, a pipeline.
    pub automation: Vec<String>,
    pub sign_offs: Vec<SignOff>,
    pub store: SharedStore,
    pub ages: Ages,
    pub pace: Pace,
}

impl Policy {
    /// How far back the logs are asked: over the quiet window and over the restarts, with what may still be on its way.
    pub fn log_window(&self) -> Option<Duration> {
        let lag = self.log_lag?;
        Some(self.quiet_window.max(self.soak + ROLLOUTS) + 4 * lag)
    }

    /// How far back the metrics are asked: over the restarts, and an hour before them to compare with.
    pub fn metrics_window(&self) -> Option<Duration> {
        self.metrics_lag.map(|lag| self.soak + 2 * ROLLOUTS + lag)
    }

    /// The same for the census.
    pub fn census(&self) -> Option<Duration> {
        self.log_lag.map(|_| self.census_window).filter(|window| !window.is_zero())
    }

    /// How much of the confirmation's window one probe of the new key counts for at most.
    pub fn confirm_reach(&self) -> Duration {
        self.confirm_window / 3
    }

    /// The stamp whose pods come from there.
    pub fn stamp_at(&self, address: &str) -> Option<&StampName> {
        let here = |stamp: &&StampFacts| stamp.addresses.iter().any(|network| network.holds(address));
        self.stamps.iter().find(here).map(|stamp| &stamp.name)
    }
}
