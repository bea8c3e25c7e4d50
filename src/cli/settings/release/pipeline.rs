//! What applies the release branch.

use std::collections::BTreeMap;
use std::mem;

use serde::{Deserialize, Serialize};
use url::Url;

use super::super::{SettingsError, TokenPlace, WebAddress};
use crate::model::{RunStart, StageEffect};

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

impl Trigger {
    fn is_usual(&self) -> bool {
        *self == Trigger::Dispatch
    }
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

fn is_guid(text: &str) -> bool {
    text.len() == 36 && text.chars().all(|one| one == '-' || one.is_ascii_hexdigit())
}

/// Azure DevOps Services.
pub fn azure_devops() -> WebAddress {
    WebAddress::of_host("dev.azure.com")
}
