//! What the adapter must know.

use std::collections::BTreeMap;
use std::sync::Arc;

use url::Url;

use super::super::token::TokenSource;
use crate::model::StageEffect;

/// Which pipeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PipelineRef {
    Id(u32),
    /// By its exact name, with its folder where the name alone is not unique: `\release\prod`.
    Name(String),
}

/// How to sign in.
#[derive(Clone)]
pub enum DevOpsCredential {
    /// A personal access token, sent as basic authorization.
    Pat(Arc<dyn TokenSource>),
    /// An Entra token, or a pipeline job's `System.AccessToken`.
    Bearer(Arc<dyn TokenSource>),
}

/// What the adapter must know.
#[derive(Clone)]
pub struct AzureDevOpsSettings {
    /// `https://dev.azure.com/ORGANIZATION`, or a collection's address on an own server.
    pub organization: Url,
    pub project: String,
    pub pipeline: PipelineRef,
    pub credential: DevOpsCredential,
    /// What each stage does, by the stage's name in the YAML.
    pub stages: BTreeMap<String, Vec<StageEffect>>,
    /// Whether it validates pull requests: then nothing dangerous can be accepted.
    pub validates: bool,
    /// The release pipeline, where this one validates and may be the very same: in its project. It is never started as a
    /// validation.
    pub release: Option<PipelineRef>,
    /// Stages that move traffic or destroy a unit, and may run all the same.
    pub accepted: Vec<String>,
    /// What a run is given besides, by the names of the pipeline's parameters.
    pub parameters: BTreeMap<String, String>,
    /// The repository on GitHub that the code is in: `owner/name`.
    pub repository: String,
    /// How many runs back a look goes, unless none of them has moved traffic; runs that are still going are seen however old.
    pub recent: usize,
    /// How many runs back it is looked for the one that moved traffic last.
    pub look_back: usize,
}

pub(super) fn moves_traffic(effect: &StageEffect) -> bool {
    *effect == StageEffect::SwitchesTraffic
}
