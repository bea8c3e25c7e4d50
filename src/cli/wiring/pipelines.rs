//! The pipelines that apply a release and validate a change, from their settings.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use url::Url;

use super::{Variables, token};
use crate::adapters::azure_devops::{AzureDevOps, AzureDevOpsSettings, Manners, PipelineRef};
use crate::adapters::credential::Tokens;
use crate::adapters::github::GitHub;
use crate::adapters::github::actions::{Actions, ActionsSettings};
use crate::adapters::http::Http;
use crate::adapters::manual::{ManualPipeline, ManualValidation};
use crate::adapters::token::TokenSource;
use crate::cli::settings::{
    Chosen, PipelineKind, PipelineName, PipelineSettings, Trigger, ValidationSettings,
};
use crate::cli::{CliError, ErrorKind, tokens};
use crate::ports::{Clock, Code, Pipeline, Validation};

/// The repository with the code, as the ports before have it, and what clients are made of.
#[derive(Clone, Copy)]
pub(super) struct Repository<'a> {
    pub code: &'a Arc<dyn Code>,
    pub github: &'a GitHub,
    pub token: &'a Arc<dyn TokenSource>,
    pub http: &'a Http,
    pub clock: &'a Arc<dyn Clock>,
    pub azure: &'a Tokens,
    pub organizations: &'a Organizations,
    pub variables: Variables<'a>,
}

/// Organizations of Azure DevOps that are asked, by their addresses: one token or two, the limits are one person's.
#[derive(Default)]
pub(super) struct Organizations(Mutex<BTreeMap<Url, Arc<Manners>>>);

impl Organizations {
    fn manners(&self, organization: &Url) -> Arc<Manners> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(known.entry(organization.clone()).or_default())
    }
}

pub(super) fn pipeline(
    chosen: &Chosen<'_>,
    repository: Repository<'_>,
) -> Result<Arc<dyn Pipeline>, CliError> {
    let settings = &chosen.environment.release.pipeline;
    Ok(match settings.kind {
        PipelineKind::Manual => Arc::new(ManualPipeline),
        PipelineKind::GithubActions => Arc::new(actions(chosen, settings, false, repository)?),
        PipelineKind::AzureDevops => Arc::new(devops(chosen, settings, false, repository)?),
    })
}

pub(super) fn validation(
    chosen: &Chosen<'_>,
    repository: Repository<'_>,
) -> Result<Arc<dyn Validation>, CliError> {
    let settings = chosen.environment.release.validation.as_ref().map(ValidationSettings::as_pipeline);
    let Some(settings) = settings else { return Ok(Arc::new(ManualValidation)) };
    Ok(match settings.kind {
        PipelineKind::Manual => Arc::new(ManualValidation),
        PipelineKind::GithubActions => Arc::new(actions(chosen, &settings, true, repository)?),
        PipelineKind::AzureDevops => Arc::new(devops(chosen, &settings, true, repository)?),
    })
}

/// What settings that were read have.
fn missing<'a>(chosen: &'a Chosen<'_>, validates: bool) -> impl Fn(&str) -> CliError + use<'a> {
    let table = if validates { "validation" } else { "pipeline" };
    move |what: &str| {
        CliError::new(ErrorKind::Configuration, format!("the {table} has no {what}"))
            .hint(format!("say `{what} = …` under [environment.{}.release.{table}]", chosen.name))
    }
}

/// The release pipeline, where another one is wired that validates and is of the same kind.
fn released<'a>(chosen: &'a Chosen<'_>, validates: bool) -> Option<&'a PipelineSettings> {
    let release = &chosen.environment.release;
    let kind = release.validation.as_ref().map(|validation| validation.kind);
    Some(&release.pipeline).filter(|pipeline| validates && kind == Some(pipeline.kind))
}

fn workflow_of(pipeline: &PipelineSettings) -> Option<String> {
    pipeline.pipeline.as_ref().map(PipelineName::bare)
}

fn pipeline_of(pipeline: &PipelineSettings) -> Option<PipelineRef> {
    Some(match pipeline.pipeline.as_ref()? {
        PipelineName::Number(id) => PipelineRef::Id(*id),
        PipelineName::Name(name) => PipelineRef::Name(name.clone()),
    })
}

/// How many runs back it is looked for the one that moved traffic last.
const LOOK_BACK: usize = 400;

fn actions(
    chosen: &Chosen<'_>,
    pipeline: &PipelineSettings,
    validates: bool,
    repository: Repository<'_>,
) -> Result<Actions, CliError> {
    let missing = missing(chosen, validates);
    let forge = &chosen.environment.release.forge;
    let same_token = pipeline.token.is_none() || pipeline.token == forge.token;
    let workflow = workflow_of(pipeline).ok_or_else(|| missing("pipeline"))?;
    let declared = pipeline.stages.iter().map(|stage| (stage.name.clone(), stage.effects.clone()));
    let settings = ActionsSettings {
        api: forge.api.url()?,
        owner: forge.owner.clone(),
        repository: forge.repository.clone(),
        workflow,
        token: match &pipeline.token {
            Some(place) if !same_token => token(chosen, place, repository.variables)?,
            Some(_) | None => Arc::clone(repository.token),
        },
        stages: declared.collect(),
        validates,
        release: released(chosen, validates).and_then(workflow_of),
        accepted: pipeline.accept.clone(),
        skip_input: pipeline.skip_input.clone(),
        environments: pipeline.environments.clone(),
        inputs: pipeline.parameters.clone(),
        dispatches: pipeline.trigger == Trigger::Dispatch,
        look_back: LOOK_BACK,
    };
    let Repository { code, github, http, clock, .. } = repository;
    let actions = Actions::new(settings, Arc::clone(code), http, Arc::clone(clock));
    // One token is one person to GitHub, whatever it is used for.
    Ok(if same_token { actions.beside(github) } else { actions })
}

fn devops(
    chosen: &Chosen<'_>,
    pipeline: &PipelineSettings,
    validates: bool,
    repository: Repository<'_>,
) -> Result<AzureDevOps, CliError> {
    let missing = missing(chosen, validates);
    let Repository { code, github, http, clock, azure, organizations, variables, .. } = repository;
    let forge = &chosen.environment.release.forge;
    let declared = pipeline.stages.iter().map(|stage| (stage.name.clone(), stage.effects.clone()));
    let organization = pipeline.organization_url()?;
    let settings = AzureDevOpsSettings {
        organization: organization.clone(),
        project: pipeline.project.clone().ok_or_else(|| missing("project"))?,
        pipeline: pipeline_of(pipeline).ok_or_else(|| missing("pipeline"))?,
        credential: tokens::devops(chosen, pipeline, azure, variables)?,
        stages: declared.collect(),
        validates,
        release: released(chosen, validates).filter(|of| of.may_share(pipeline)).and_then(pipeline_of),
        accepted: pipeline.accept.clone(),
        parameters: pipeline.parameters.clone(),
        repository: format!("{}/{}", forge.owner, forge.repository),
        recent: 50,
        look_back: LOOK_BACK,
    };
    let devops = AzureDevOps::new(settings, Arc::clone(code), http, Arc::clone(clock));
    Ok(devops.beside(Arc::new(github.clone())).sharing(&organizations.manners(&organization)))
}
