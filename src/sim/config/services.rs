//! The account, the repository, the people and the pipeline.

use std::time::Duration;

use serde::Serialize;

use super::super::repository::Tree;
use super::super::time::Span;
use super::RulesConfig;
use super::clusters::{location_names, region_of};
use crate::model::{AccountId, BranchName, KeyKind, NetworkRules, StageEffect};

/// A region of the account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RegionConfig {
    /// Display name, as `North Europe`.
    pub name: String,
    pub writable: bool,
}

/// How old each key is when the world begins; `None` for one last regenerated before Azure kept the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct KeyAges {
    pub primary: Option<Duration>,
    pub secondary: Option<Duration>,
    pub primary_read_only: Option<Duration>,
    pub secondary_read_only: Option<Duration>,
}

/// The Cosmos DB account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AccountConfig {
    pub id: AccountId,
    pub regions: Vec<RegionConfig>,
    pub database: String,
    pub container: String,
    pub key_ages: KeyAges,
    pub local_auth_disabled: bool,
    /// From the POST until the operation succeeds.
    pub regeneration: Span,
    /// When in the regeneration the old key dies, in thousandths of it: drawn between the two.
    pub dies_between: (u16, u16),
    /// How long after the old key's death a region other than the first may take to know of the change: once
    /// for refusing the old key, once for accepting the new one.
    pub propagation: Span,
    /// Whether the account tells when keys were last used (preview api-version).
    pub tells_last_use: bool,
    /// To what the time of last use is cut.
    pub last_use_grain: Duration,
    /// Whether the account keeps keys that were used within the last 12 hours (safe key rotation).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub keeps_used_keys: bool,
    /// For how long after it took a regeneration on the account still says that it is idle.
    #[serde(skip_serializing_if = "Duration::is_zero")]
    pub seems_idle: Duration,
    /// How long after the world's start keyslot's role on the account ends; nobody extends it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role_ends: Option<Duration>,
    /// A ReadOnly lock on the account, by its name, from so long after the world's start on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lock: Option<(String, Duration)>,
    /// Whether that lock is on the subscription instead.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub lock_above: bool,
    /// What the account says of its networks. Whom the data plane turns away is for faults to say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network: Option<NetworkRules>,
}

impl Default for AccountConfig {
    fn default() -> AccountConfig {
        const DAY: u64 = 24 * 60 * 60;
        AccountConfig {
            id: AccountId {
                subscription: "6f1f1b52-6d0c-4f1c-9a3e-6f0f5f3b2a10".to_owned(),
                resource_group: "afmcprd-global-rg".to_owned(),
                name: "afmcprd-global-cosmos".to_owned(),
            },
            regions: location_names(3)
                .iter()
                .enumerate()
                .map(|(place, location)| RegionConfig { name: region_of(location), writable: place == 0 })
                .collect(),
            database: "catalogdb".to_owned(),
            container: "catalogItems".to_owned(),
            key_ages: KeyAges {
                primary: Some(Duration::from_secs(200 * DAY)),
                secondary: Some(Duration::from_secs(90 * DAY)),
                primary_read_only: None,
                secondary_read_only: None,
            },
            local_auth_disabled: false,
            regeneration: Span::exactly(Duration::from_secs(8 * 60)),
            dies_between: (250, 750),
            propagation: Span::secs(0, 40),
            tells_last_use: true,
            last_use_grain: Duration::from_secs(60),
            keeps_used_keys: false,
            seems_idle: Duration::ZERO,
            role_ends: None,
            lock: None,
            lock_above: false,
            network: None,
        }
    }
}

/// In which table the data plane's requests are logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum LogTable {
    /// `CDBDataPlaneRequests`.
    OwnTable,
    /// `AzureDiagnostics`, shared with all other resources.
    Diagnostics,
}

/// Which column of a row names the key that a request was signed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum KeyColumn {
    AuthTokenType,
    /// As in direct mode, when the other column is empty.
    KeyType,
    Neither,
}

/// The workspace that the account's diagnostic settings send to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LogsConfig {
    pub workspace: String,
    pub table: LogTable,
    pub key_column: KeyColumn,
    /// From a request until its row can be found.
    pub delay: Duration,
    /// Whether the vaults' diagnostic settings are there, so that reads of the secret are logged.
    pub audit: bool,
    /// How long after the world's start the diagnostic settings are made: the workspace has no row of before. `None`
    /// where they were always there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connected: Option<Duration>,
}

impl Default for LogsConfig {
    fn default() -> LogsConfig {
        LogsConfig {
            workspace: "4f9c1d6e-2b57-4a0e-9a53-6b8f0d2c7e11".to_owned(),
            table: LogTable::OwnTable,
            key_column: KeyColumn::AuthTokenType,
            delay: Duration::from_secs(3 * 60),
            audit: true,
            connected: None,
        }
    }
}

/// Somebody outside of all stamps who has a key and uses it: a function, a laptop. The key is the one that its slot
/// held when the world began.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OutsiderConfig {
    pub kind: KeyKind,
    pub address: String,
    pub agent: String,
    /// By display name.
    pub region: String,
    pub period: Duration,
    /// From the world's beginning on.
    pub from: Duration,
    pub until: Duration,
    /// How it got the key, where it read it from a vault.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reads: Option<VaultReads>,
}

/// How somebody outside of all stamps reads the secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct VaultReads {
    /// The place of the stamp whose vault it is.
    pub stamp: usize,
    /// The application that signs in.
    pub identity: String,
    pub agent: String,
    /// How long before the world's beginning it did.
    pub ago: Duration,
}

/// A person who had the account's keys listed before the world began.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ListerConfig {
    pub name: String,
    pub address: String,
    pub ago: Duration,
}

impl OutsiderConfig {
    /// A function that asks every quarter of an hour, for ever.
    pub fn function(kind: KeyKind, region: &str) -> OutsiderConfig {
        OutsiderConfig {
            kind,
            address: "198.51.100.77".to_owned(),
            agent: "documentdb-python-sdk/2.3.0".to_owned(),
            region: region.to_owned(),
            period: Duration::from_secs(15 * 60),
            from: Duration::ZERO,
            until: Duration::MAX,
            reads: None,
        }
    }
}

/// How pull requests end in the base branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum MergeMethod {
    MergeCommit,
    Squash,
    Rebase,
}

impl From<crate::model::MergeMethod> for MergeMethod {
    fn from(method: crate::model::MergeMethod) -> MergeMethod {
        match method {
            crate::model::MergeMethod::Merge => MergeMethod::MergeCommit,
            crate::model::MergeMethod::Squash => MergeMethod::Squash,
            crate::model::MergeMethod::Rebase => MergeMethod::Rebase,
        }
    }
}

/// The check that every pull request needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ChecksConfig {
    pub name: String,
    /// From opening (or a new head) until somebody starts it; `None`: nobody does.
    pub started_after: Option<Duration>,
    pub takes: Span,
    /// In how many of a thousand runs it fails.
    pub fails_per_mille: u16,
    /// Of the pipeline that reports it: from asking for a run until that begins, and the check with it.
    #[serde(skip_serializing_if = "Span::is_zero")]
    pub queue: Span,
    /// Its stages.
    #[serde(skip)]
    pub stages: Vec<String>,
    #[serde(skip)]
    pub accepting: Accepting,
}

impl ChecksConfig {
    /// Where the pipeline's file lies in the repository, as a workflow.
    pub fn workflow_path(&self) -> String {
        format!(".github/workflows/{}.yml", self.name)
    }

    /// One job for each stage, that anybody can ask for.
    pub fn workflow(&self) -> String {
        let mut text = format!("name: {}\non:\n  workflow_dispatch:\njobs:\n", self.name);
        for stage in &self.stages {
            text.push_str(&format!(
                "  {stage}:\n    runs-on: ubuntu-latest\n    steps:\n    - run: ./validate\n"
            ));
        }
        text
    }
}

/// Reviewers and those who press buttons.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PeopleConfig {
    pub reviewers: Vec<String>,
    pub reviews_wanted: u32,
    /// From opening until the reviewer approves.
    pub review: Span,
    pub check: ChecksConfig,
    /// From “approved and checked” until somebody merges; `None`: nobody does.
    pub merge_press: Option<Duration>,
    pub merge_method: MergeMethod,
    #[serde(skip_serializing_if = "RulesConfig::is_default")]
    pub rules: RulesConfig,
}

impl Default for PeopleConfig {
    fn default() -> PeopleConfig {
        PeopleConfig {
            reviewers: vec!["ada".to_owned(), "grace".to_owned()],
            reviews_wanted: 1,
            review: Span::exactly(Duration::from_secs(20 * 60)),
            check: ChecksConfig {
                name: "e2e-validation".to_owned(),
                started_after: Some(Duration::from_secs(2 * 60)),
                takes: Span::exactly(Duration::from_secs(15 * 60)),
                fails_per_mille: 0,
                queue: Span::ZERO,
                stages: vec!["validate".to_owned()],
                accepting: Accepting::Enabled,
            },
            merge_press: Some(Duration::from_secs(5 * 60)),
            merge_method: MergeMethod::MergeCommit,
            rules: RulesConfig::default(),
        }
    }
}

/// One stage of the release pipeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StageConfig {
    pub name: String,
    pub takes: Span,
    pub effects: Vec<StageEffect>,
    /// For how long it waits until somebody approves it; `None`: it needs no approval.
    pub approved_after: Option<Duration>,
    /// Who is asked to; a name of several words is a team's.
    pub approvers: Vec<String>,
    /// How many attempts fail before one does what it is for.
    pub fails: u32,
}

impl StageConfig {
    fn new(name: &str, least_minutes: u64, most_minutes: u64, effects: &[StageEffect]) -> StageConfig {
        StageConfig {
            name: name.to_owned(),
            takes: Span::secs(least_minutes * 60, most_minutes * 60),
            effects: effects.to_vec(),
            approved_after: None,
            approvers: vec!["Release managers".to_owned()],
            fails: 0,
        }
    }
}

/// What starts runs, besides whoever asks for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize)]
pub enum PipelineTrigger {
    #[default]
    Asked,
    /// Every push to the release branch.
    Push,
}

/// Whether the pipeline takes runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize)]
pub enum Accepting {
    #[default]
    Enabled,
    Paused,
    Disabled,
}

/// The release pipeline. Runs of one branch do not wait for each other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PipelineConfig {
    pub name: String,
    /// The application as which its runs sign in.
    pub identity: String,
    /// From asking until the first stage begins.
    pub queue: Span,
    pub trigger: PipelineTrigger,
    pub accepting: Accepting,
    /// As a workflow: the input that takes the jobs to leave out.
    pub skip_input: Option<String>,
    /// Its runs are of the commit before the one that was asked for.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub runs_astray: bool,
    /// What its definition in Azure Pipelines says otherwise: members that replace the usual ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub definition: Option<serde_json::Value>,
    /// The environment of the forge that its stages with effects deploy to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// For how long after it was asked for a run is on no list of the workflow's.
    pub list_lag: Duration,
    pub stages: Vec<StageConfig>,
}

impl Default for PipelineConfig {
    fn default() -> PipelineConfig {
        PipelineConfig {
            name: "release".to_owned(),
            identity: "c2a9e7d0-0000-4000-8000-00000000c1c1".to_owned(),
            queue: Span::secs(20, 60),
            trigger: PipelineTrigger::Asked,
            accepting: Accepting::Enabled,
            skip_input: Some("skip".to_owned()),
            runs_astray: false,
            definition: None,
            environment: None,
            list_lag: Duration::from_secs(3),
            stages: vec![
                StageConfig::new("validate-infra", 3, 5, &[]),
                StageConfig::new("deploy-infrastructure", 12, 18, &[StageEffect::WritesVaults]),
                StageConfig::new("build-images", 8, 12, &[]),
                StageConfig::new("deploy-workload", 6, 10, &[StageEffect::RollsPods]),
                StageConfig::new("switch-traffic", 4, 6, &[StageEffect::SwitchesTraffic]),
                StageConfig::new("destroy-previous", 10, 15, &[StageEffect::Destroys]),
            ],
        }
    }
}

/// The repository with the Terraform.
#[derive(Clone, Debug, Serialize)]
pub struct RepositoryConfig {
    pub owner: String,
    pub name: String,
    pub base: BranchName,
    /// The release branch that is live.
    pub release: BranchName,
    /// A release branch from before, that nobody has deleted.
    pub previous_release: BranchName,
    /// The folder of Terraform whose secrets map the pipeline applies; `""` for all.
    pub terraform_root: String,
    /// The files of the first commit.
    pub tree: Tree,
}

impl Default for RepositoryConfig {
    fn default() -> RepositoryConfig {
        RepositoryConfig {
            owner: "afmc".to_owned(),
            name: "platform".to_owned(),
            base: BranchName::new("main"),
            release: BranchName::new("release/2026.1.0"),
            previous_release: BranchName::new("release/2025.12.0"),
            terraform_root: String::new(),
            tree: Tree::example(),
        }
    }
}
