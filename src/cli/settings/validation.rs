//! The pipeline that validates what a pull request proposes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use url::Url;

use super::release::azure_devops;
use super::{
    ForgeSettings, PipelineKind, PipelineName, PipelineSettings, SettingsError, StageSettings, TokenKind,
    TokenPlace, Trigger, WebAddress,
};
use crate::model::ValidationPolicy;

/// `[environment.NAME.release.validation]`: what reports the checks that `validation` of the forge names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ValidationSettings {
    /// azure-devops or github-actions.
    pub kind: PipelineKind,
    #[serde(default = "azure_devops")]
    pub url: WebAddress,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pipeline: Option<PipelineName>,
    /// Without it: the forge's token for GitHub Actions; for Azure DevOps it is looked for as that of a release pipeline is
    /// that names none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<TokenPlace>,
    #[serde(default)]
    pub token_kind: TokenKind,
    /// Whether keyslot starts a run where nobody has. A run costs, and what it touches is for the team to know.
    #[serde(default)]
    pub start: bool,
    /// GitHub Actions only: the workflow's input that takes the jobs to leave out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skip_input: Option<String>,
    /// Stages that a run started by keyslot leaves out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skip: Vec<String>,
    /// What a run is given besides.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, String>,
    /// The stages that it has. One that does anything to the environment must be left out.
    #[serde(default, rename = "stage", skip_serializing_if = "Vec::is_empty")]
    pub stages: Vec<StageSettings>,
}

impl ValidationSettings {
    /// The same as a pipeline of which nothing dangerous is accepted.
    pub fn as_pipeline(&self) -> PipelineSettings {
        let Self { kind, url, organization, project, pipeline, token, token_kind, .. } = self.clone();
        let Self { skip_input, skip, parameters, stages, .. } = self.clone();
        PipelineSettings {
            kind,
            url,
            organization,
            project,
            pipeline,
            token,
            token_kind,
            trigger: Trigger::Dispatch,
            skip_input,
            environments: Vec::new(),
            skip,
            parameters,
            accept: Vec::new(),
            because: None,
            stages,
        }
    }

    /// What the decision core needs of it.
    pub fn policy(&self, forge: &ForgeSettings) -> ValidationPolicy {
        let name = self.pipeline.as_ref().map(PipelineName::bare).unwrap_or_default();
        let pipeline = match self.kind {
            PipelineKind::GithubActions => format!("workflow {name}"),
            PipelineKind::AzureDevops | PipelineKind::Manual => format!("pipeline {name}"),
        };
        ValidationPolicy {
            checks: forge.validation.clone(),
            pipeline,
            page: self.page(forge, &name).map(String::from).unwrap_or_default(),
            skip: self.skip.clone(),
            start: self.start,
        }
    }

    /// Where a person starts it.
    fn page(&self, forge: &ForgeSettings, name: &str) -> Result<Url, SettingsError> {
        let (mut url, parts): (Url, Vec<&str>) = match self.kind {
            PipelineKind::GithubActions => {
                let parts = vec![forge.owner.as_str(), &forge.repository, "actions", "workflows", name];
                (forge.web()?, parts)
            }
            PipelineKind::AzureDevops | PipelineKind::Manual => {
                let project = self.project.as_deref().unwrap_or_default();
                (self.as_pipeline().organization_url()?, vec![project, "_build"])
            }
        };
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(parts);
        }
        if let (PipelineKind::AzureDevops, Some(PipelineName::Number(_))) = (self.kind, &self.pipeline) {
            url.set_query(Some(&format!("definitionId={name}")));
        }
        Ok(url)
    }
}
