//! The release procedure: how a merged change reaches the vaults.

use std::collections::BTreeMap;
use std::{fmt, mem};

use serde::{Deserialize, Serialize};
use url::Url;

use super::{SettingsError, TokenPlace, ValidationSettings, WebAddress};
use crate::adapters::github::web_of;
use crate::model::{
    MergeMethod, Merging, Promotion, Propagation, PullDress, PullPolicy, Route, RunStart, StageEffect,
    matches,
};

/// `[environment.NAME.release]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReleaseSettings {
    #[serde(default)]
    pub route: Route,
    /// The live release branch, or a pattern with `*` for its candidates. Without it, the base branch itself
    /// is deployed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// How the cherry-pick reaches the release branch.
    #[serde(default)]
    pub promote: Promotion,
    /// Who writes the vaults.
    #[serde(default)]
    pub propagate: Propagation,
    /// The Markdown of pull requests, instead of keyslot's own; names in braces are filled in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// The title of pull requests, one line, filled in alike.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What commits say, filled in alike; the rotation's id is added.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit_message: Option<String>,
    pub forge: ForgeSettings,
    pub pipeline: PipelineSettings,
    /// What reports the checks that `validation` of the forge names; without it, people start that, and nobody looks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation: Option<ValidationSettings>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ForgeKind {
    #[default]
    Github,
}

/// `[environment.NAME.release.forge]`: where pull requests are opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ForgeSettings {
    #[serde(default)]
    pub kind: ForgeKind,
    #[serde(default = "github_api")]
    pub api: WebAddress,
    pub owner: String,
    pub repository: String,
    /// Without it and without an App, the places where people have tokens are looked into; see `cli::tokens`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<TokenPlace>,
    /// Tokens of a GitHub App instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<AppSettings>,
    /// Checks that must pass besides those that the forge requires: a validation pipeline that no branch rule
    /// names.
    #[serde(default)]
    pub validation: Vec<String>,
    /// Who merges.
    #[serde(default)]
    pub merge: Merging,
    #[serde(default)]
    pub merge_method: MergeMethod,
    /// Whether pull requests are opened as drafts.
    #[serde(default)]
    pub draft: bool,
    /// Given once, after opening.
    #[serde(default)]
    pub labels: Vec<String>,
    #[serde(default)]
    pub reviewers: Vec<String>,
    /// Teams whose review is requested, by their short names.
    #[serde(default)]
    pub teams: Vec<String>,
    #[serde(default)]
    pub assignees: Vec<String>,
    /// Whether the pull request is told how the rotation stands.
    #[serde(default = "yes")]
    pub board: bool,
}

impl ForgeSettings {
    /// A repository on GitHub, with everything else as it is where nothing is said.
    pub fn github(owner: &str, repository: &str, token: TokenPlace) -> ForgeSettings {
        ForgeSettings {
            kind: ForgeKind::Github,
            api: github_api(),
            owner: owner.to_owned(),
            repository: repository.to_owned(),
            token: Some(token),
            app: None,
            validation: Vec::new(),
            merge: Merging::default(),
            merge_method: MergeMethod::default(),
            draft: false,
            labels: Vec::new(),
            reviewers: Vec::new(),
            teams: Vec::new(),
            assignees: Vec::new(),
            board: true,
        }
    }

    /// What the decision core and the drivers need of it.
    pub fn pulls(&self) -> PullPolicy {
        let Self { labels, reviewers, teams, assignees, .. } = self.clone();
        PullPolicy {
            merging: self.merge,
            method: self.merge_method,
            draft: self.draft,
            dress: PullDress { labels, reviewers, teams, assignees },
            board: self.board,
            validation: None,
        }
    }

    /// Where its pages are: GitHub's own, or those of the server whose API it is.
    ///
    /// # Errors
    /// An address that is none; never for settings that were read.
    pub fn web(&self) -> Result<Url, SettingsError> {
        Ok(web_of(&self.api.url()?))
    }
}

fn yes() -> bool {
    true
}

/// `[environment.NAME.release.forge.app]`: a GitHub App whose tokens are used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AppSettings {
    pub id: AppName,
    /// Without it, GitHub is asked for the installation that the repository is in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub installation: Option<u64>,
    /// Where the private key is found, as GitHub handed it out.
    pub key: TokenPlace,
    /// What its tokens may do, by GitHub's names; no more than what keyslot needs where nothing else is said.
    #[serde(default = "least_rights")]
    pub permissions: BTreeMap<String, AppRight>,
}

/// How GitHub knows an App.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, expecting = "an App is its id (a number) or its client id")]
pub enum AppName {
    Id(u64),
    ClientId(String),
}

impl fmt::Display for AppName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AppName::Id(id) => write!(f, "{id}"),
            AppName::ClientId(id) => f.write_str(id),
        }
    }
}

/// How far a right of an App goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AppRight {
    Read,
    Write,
}

impl AppRight {
    /// As GitHub writes it.
    pub fn word(self) -> &'static str {
        match self {
            AppRight::Read => "read",
            AppRight::Write => "write",
        }
    }
}

/// Branches and commits, pull requests with their labels and comments, statuses, and the checks of others.
fn least_rights() -> BTreeMap<String, AppRight> {
    [
        ("checks", AppRight::Read),
        ("contents", AppRight::Write),
        ("pull_requests", AppRight::Write),
        ("statuses", AppRight::Write),
    ]
    .map(|(name, right)| (name.to_owned(), right))
    .into()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PipelineKind {
    AzureDevops,
    /// A workflow of the forge's repository.
    GithubActions,
    /// A person starts it; keyslot watches the vaults.
    Manual,
}

/// What starts a run of a GitHub workflow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trigger {
    /// keyslot does (`workflow_dispatch`).
    #[default]
    Dispatch,
    /// The push to the release branch does, and keyslot waits for its run.
    Push,
}

/// Which pipeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, expecting = "a pipeline is its number or its name")]
pub enum PipelineName {
    /// `definitionId` in its address; a workflow's id.
    Number(u32),
    /// A workflow's file name. For Azure DevOps the pipeline's name, with its folder where the name alone is not
    /// unique: `\\release\\prod`.
    Name(String),
}

impl PipelineName {
    /// As addresses have it: the number, a workflow's file without its folders, a pipeline's name without the leading stroke
    /// of the root folder.
    pub fn bare(&self) -> String {
        match self {
            PipelineName::Number(number) => number.to_string(),
            PipelineName::Name(name) => {
                name.rsplit('/').next().unwrap_or(name).trim_start_matches('\\').to_owned()
            }
        }
    }

    fn is_same(&self, other: &PipelineName) -> bool {
        mem::discriminant(self) == mem::discriminant(other) && self.bare().eq_ignore_ascii_case(&other.bare())
    }
}

/// How Azure DevOps takes the token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TokenKind {
    /// A personal access token.
    #[default]
    Personal,
    /// An Entra token, or a pipeline job's `System.AccessToken`.
    Bearer,
}

/// `[environment.NAME.release.pipeline]`: what applies the release branch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PipelineSettings {
    pub kind: PipelineKind,
    #[serde(default = "azure_devops")]
    pub url: WebAddress,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pipeline: Option<PipelineName>,
    /// Without it, the places where people have tokens are looked into, and the signed-in Azure identity is asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<TokenPlace>,
    #[serde(default)]
    pub token_kind: TokenKind,
    /// GitHub Actions only.
    #[serde(default, skip_serializing_if = "Trigger::is_usual")]
    pub trigger: Trigger,
    /// GitHub Actions only: the workflow's input that takes the jobs to leave out, with commas between them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skip_input: Option<String>,
    /// GitHub Actions only: the repository's environments that it deploys to. Their deployments are looked at, by whatever
    /// they are made.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub environments: Vec<String>,
    /// Stages that a run started by keyslot leaves out.
    #[serde(default)]
    pub skip: Vec<String>,
    /// What a run is given besides: the pipeline's parameters, the workflow's inputs.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, String>,
    /// Stages that move traffic or destroy a unit, and may run all the same.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accept: Vec<String>,
    /// Why they may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
    #[serde(default, rename = "stage")]
    pub stages: Vec<StageSettings>,
}

/// `[[environment.NAME.release.pipeline.stage]]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StageSettings {
    /// As the pipeline's YAML calls it.
    pub name: String,
    #[serde(default)]
    pub effects: Vec<StageEffect>,
}

impl Trigger {
    fn is_usual(&self) -> bool {
        *self == Trigger::Dispatch
    }
}

impl PipelineSettings {
    /// Whether a stage is declared to move traffic.
    pub fn moves_traffic(&self) -> bool {
        self.stages.iter().any(|stage| stage.effects.contains(&StageEffect::SwitchesTraffic))
    }

    /// Who starts runs.
    pub fn run_start(&self) -> RunStart {
        match (self.kind, self.trigger) {
            (PipelineKind::Manual, _) => RunStart::Hand,
            (PipelineKind::GithubActions, Trigger::Push) => RunStart::Push,
            (PipelineKind::GithubActions | PipelineKind::AzureDevops, _) => RunStart::Asked,
        }
    }

    /// Whether it may be in the same project of Azure DevOps: a project has a name and an id.
    pub fn may_share(&self, other: &PipelineSettings) -> bool {
        let same = |one: &Option<String>, two: &Option<String>| match (one, two) {
            (Some(one), Some(two)) => one.eq_ignore_ascii_case(two),
            _ => false,
        };
        let is_id = |project: &Option<String>| project.as_deref().is_some_and(is_guid);
        let project = same(&self.project, &other.project) || is_id(&self.project) || is_id(&other.project);
        self.url == other.url && same(&self.organization, &other.organization) && project
    }

    /// Whether it is the very same pipeline as another one, as far as what is written tells.
    pub fn is_same(&self, other: &PipelineSettings) -> bool {
        let (Some(one), Some(two)) = (&self.pipeline, &other.pipeline) else { return false };
        if self.kind != other.kind {
            return false;
        }
        one.is_same(two) && (self.kind == PipelineKind::GithubActions || self.may_share(other))
    }

    /// The organization's address, as `https://dev.azure.com/ORGANIZATION`.
    ///
    /// # Errors
    /// Without an organization; never for settings that were read with kind `azure-devops`.
    pub fn organization_url(&self) -> Result<Url, SettingsError> {
        let missing = || SettingsError::new("the pipeline has no organization");
        let organization = self.organization.as_deref().ok_or_else(missing)?;
        let mut url = self.url.url()?;
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().push(organization);
        }
        Ok(url)
    }
}

impl ReleaseSettings {
    /// What the decision core and the drivers need of the forge and the validation.
    pub fn pulls(&self) -> PullPolicy {
        let validation = self.validation.as_ref().map(|validation| validation.policy(&self.forge));
        PullPolicy { validation, ..self.forge.pulls() }
    }

    /// Whether a branch may be the live release branch by its name.
    pub fn is_candidate(&self, branch: &str) -> bool {
        self.branch.as_deref().is_some_and(|pattern| matches(pattern, branch))
    }
}

fn is_guid(text: &str) -> bool {
    text.len() == 36 && text.chars().all(|one| one == '-' || one.is_ascii_hexdigit())
}

/// GitHub's own API.
pub fn github_api() -> WebAddress {
    WebAddress::of_host("api.github.com")
}

/// Azure DevOps Services.
pub fn azure_devops() -> WebAddress {
    WebAddress::of_host("dev.azure.com")
}
