//! The release procedure: how a merged change reaches the vaults.

mod app;
mod forge;
mod pipeline;

use serde::{Deserialize, Serialize};

pub use self::app::{AppName, AppRight, AppSettings};
pub use self::forge::{ForgeKind, ForgeSettings, github_api};
pub use self::pipeline::{
    PipelineKind, PipelineName, PipelineSettings, StageSettings, TokenKind, Trigger, azure_devops,
};
use super::ValidationSettings;
use crate::model::{Promotion, Propagation, PullPolicy, Route, matches};

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
