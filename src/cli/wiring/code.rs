//! The repository with the code: git, and GitHub.

use std::path::Path;
use std::sync::Arc;

use url::Url;

use super::{Variables, token};
use crate::adapters::git::{Git, GitSettings, Identity, remote_address};
use crate::adapters::github::{CommittedByGitHub, GitHub, GitHubSettings};
use crate::adapters::http::Http;
use crate::adapters::token::TokenSource;
use crate::cli::settings::{Chosen, CommitBy, ForgeKind, SignCommits};
use crate::cli::{CliError, ErrorKind, own_folder, tokens};
use crate::model::Blindness;
use crate::ports::{Clock, Code, Fault};
use crate::terraform::Syntax;

/// git, and where the settings say so GitHub in place of its pushes.
pub(super) async fn code(
    chosen: &Chosen<'_>,
    github: &GitHub,
    forge: &Arc<dyn TokenSource>,
    variables: Variables<'_>,
) -> Result<Arc<dyn Code>, CliError> {
    let git = git(chosen, forge, variables).await?;
    Ok(match chosen.environment.terraform.commit {
        CommitBy::Git => Arc::new(git),
        CommitBy::Api => Arc::new(CommittedByGitHub::new(git, github.clone())),
    })
}

async fn git(
    chosen: &Chosen<'_>,
    forge: &Arc<dyn TokenSource>,
    variables: Variables<'_>,
) -> Result<Git, CliError> {
    let terraform = &chosen.environment.terraform;
    let remote = match &terraform.repository {
        Some(address) => address.clone(),
        None => {
            let found = remote_address(Path::new("git"), chosen.folder(), "origin").await;
            found.map_err(|fault| no_remote(chosen, fault))?
        }
    };
    if terraform.commit == CommitBy::Api {
        tokens::same_repository(chosen, &remote)?;
    }
    let identity = Identity { name: terraform.author.name.clone(), email: terraform.author.email.clone() };
    let cache = chosen.cache();
    // Where it cannot be made, git says so, and better.
    let _ = own_folder::make(&cache);
    let mut settings = GitSettings::new(cache.join("repository.git"), remote, identity);
    settings.is_source = |path| Syntax::of(path).is_some();
    let signs = terraform.sign.unwrap_or_default() == SignCommits::AsGit;
    if signs && terraform.commit == CommitBy::Git {
        settings.signing = Some(chosen.path(Path::new(".")));
    }
    if let Some(place) = &terraform.token {
        settings.token = Some(token(chosen, place, variables)?);
    } else if tokens::serves(chosen, &settings.remote) {
        settings.token = Some(Arc::clone(forge));
        let places = &chosen.environment.release.forge;
        settings.or_gits_own = places.token.is_none() && places.app.is_none();
    }
    let endpoints = chosen.endpoints;
    settings.trust_root = endpoints.trust_root.as_ref().map(|path| chosen.path(path));
    let host = Url::parse(&settings.remote).ok().and_then(|url| url.host_str().map(str::to_owned));
    settings.host_at = host.and_then(|host| endpoints.hosts().lookup(&host));
    Ok(Git::new(settings))
}

/// A repository without a remote is a matter of the configuration; git that does not run, of the machine.
fn no_remote(chosen: &Chosen<'_>, fault: Fault) -> CliError {
    let missing = fault.kind == Blindness::Missing;
    let told = CliError::from(fault);
    match missing {
        true => CliError { kind: ErrorKind::Configuration, ..told }
            .hint(format!("its key is `repository` under [environment.{}.terraform]", chosen.name)),
        false => told,
    }
}

pub(super) fn github(
    chosen: &Chosen<'_>,
    http: &Http,
    clock: &Arc<dyn Clock>,
    token: &Arc<dyn TokenSource>,
) -> Result<GitHub, CliError> {
    let forge = &chosen.environment.release.forge;
    match forge.kind {
        ForgeKind::Github => Ok(GitHub::new(
            GitHubSettings {
                api: forge.api.url()?,
                owner: forge.owner.clone(),
                repository: forge.repository.clone(),
                token: Arc::clone(token),
                validation: forge.validation.clone(),
                board: forge.board,
            },
            http,
            Arc::clone(clock),
        )),
    }
}
