//! One environment: its account, code, secret, stamps and workloads.

use serde::{Deserialize, Serialize};

use super::{
    InventorySettings, LogSettings, PolicySettings, ReaderSettings, ReleaseSettings, StampSettings,
    TokenPlace, UnitSettings,
};
use crate::cli::own_folder;
use crate::model::{AccountId, WorkloadName};

/// `[environment.NAME]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Environment {
    /// Where the journal lies: a folder, relative to this file, or the address of a shared store
    /// (`abfss://`, `az://`, `s3://`, `gs://`).
    #[serde(default = "default_state")]
    pub state: String,
    /// Says that nobody else rotates this environment, so that a folder may hold the lease.
    #[serde(default)]
    pub single_operator: bool,
    pub account: AccountSettings,
    pub terraform: TerraformSettings,
    pub secret: SecretSettings,
    pub release: ReleaseSettings,
    pub workloads: WorkloadSettings,
    #[serde(default)]
    pub policy: PolicySettings,
    /// How stamps are recognised in Azure, so that one that nobody listed is found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inventory: Option<InventorySettings>,
    /// Where the account's requests are logged, and the reads of the secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logs: Option<LogSettings>,
    /// Readers of the key that are signed off as gone.
    #[serde(rename = "reader", default, skip_serializing_if = "Vec::is_empty")]
    pub readers: Vec<ReaderSettings>,
    /// Once a file is loaded, those of the release units are among them.
    #[serde(rename = "stamp", default)]
    pub stamps: Vec<StampSettings>,
    /// Release units whose stamps `terraform output -json` lists.
    #[serde(rename = "release_unit", default, skip_serializing_if = "Vec::is_empty")]
    pub units: Vec<UnitSettings>,
}

fn default_state() -> String {
    own_folder::NAME.to_owned()
}

/// `[environment.NAME.account]`: the Cosmos DB account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountSettings {
    pub subscription: String,
    pub resource_group: String,
    pub name: String,
    /// What to prove keys on. Without it, the account is asked for its databases.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probe: Option<ProbeSettings>,
    /// Whether to ask with the preview api-version, which alone tells when keys were last used. Where Azure
    /// does not know it, the stable one is asked.
    #[serde(default = "yes")]
    pub ask_last_use: bool,
}

fn yes() -> bool {
    true
}

impl AccountSettings {
    pub fn id(&self) -> AccountId {
        AccountId {
            subscription: self.subscription.clone(),
            resource_group: self.resource_group.clone(),
            name: self.name.clone(),
        }
    }
}

/// A container that keys may be proven on: one document is read and one that does not exist is deleted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProbeSettings {
    pub database: String,
    pub container: String,
}

/// `[environment.NAME.terraform]`: the code that decides the slot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TerraformSettings {
    /// What `git fetch` takes: an https, ssh or file address, or a path. Without it, the remote of the
    /// repository around this file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<String>,
    /// The folder with the roots, from the repository's top; empty for all of it.
    #[serde(default)]
    pub root: String,
    #[serde(default = "default_base")]
    pub base_branch: String,
    /// Known findings that hold no proposal: the baseline that `keyslot check --baseline` takes, from the repository's top,
    /// as it is at the commit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<String>,
    /// For an https remote; without it, the forge's token where the remote is the forge's own repository, else git's
    /// own credential helpers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<TokenPlace>,
    /// Who keyslot's commits are by.
    #[serde(default)]
    pub author: AuthorSettings,
    /// Whether keyslot's commits are signed; as git does it, where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sign: Option<SignCommits>,
    /// Who makes the commits that leave.
    #[serde(default)]
    pub commit: CommitBy,
}

impl TerraformSettings {
    /// Whether keyslot's commits are signed, where git's own configuration has no say in it.
    pub fn signs(&self) -> Option<bool> {
        match (self.commit, self.sign.unwrap_or_default()) {
            (CommitBy::Api, _) => Some(true),
            (CommitBy::Git, SignCommits::Never) => Some(false),
            (CommitBy::Git, SignCommits::AsGit) => None,
        }
    }
}

/// `commit` under `[environment.NAME.terraform]`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CommitBy {
    /// keyslot, with git.
    #[default]
    Git,
    /// GitHub, through its API, so that they show as verified.
    Api,
}

/// `sign` under `[environment.NAME.terraform]`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SignCommits {
    /// Where git is set up to sign the commits of this repository (`commit.gpgsign`), with its key.
    #[default]
    AsGit,
    Never,
}

fn default_base() -> String {
    "main".to_owned()
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthorSettings {
    pub name: String,
    pub email: String,
}

impl Default for AuthorSettings {
    /// A name that says what it is and an address that reaches nobody (RFC 2606).
    fn default() -> AuthorSettings {
        AuthorSettings { name: "keyslot".to_owned(), email: "keyslot@noreply.invalid".to_owned() }
    }
}

/// `[environment.NAME.secret]`: the Key Vault secret that carries the key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecretSettings {
    pub name: String,
    /// The secret that carries the read-only key, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_only: Option<String>,
}

/// `[environment.NAME.workloads]`: who mounts the secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkloadSettings {
    /// For names without one of their own.
    pub namespace: String,
    /// Workloads, in the order in which they are restarted: `name` or `namespace/name` of a Deployment, with the
    /// kind before the name for another one. Written as the runbook writes them; the cluster's spelling is found
    /// without regard to case.
    pub order: Vec<String>,
}

impl WorkloadSettings {
    /// What is not written as a workload's name is taken for a Deployment's: checking refuses it, and no cluster
    /// has such a one.
    pub fn names(&self) -> Vec<WorkloadName> {
        let name = |text: &String| match WorkloadName::split(text) {
            Some((namespace, kind, name)) => {
                WorkloadName::of_kind(kind, namespace.unwrap_or(self.namespace.as_str()), name)
            }
            None => WorkloadName::new(self.namespace.as_str(), text.as_str()),
        };
        self.order.iter().map(name).collect()
    }
}
