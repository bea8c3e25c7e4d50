//! Where the tokens for GitHub and Azure DevOps come from, when `keyslot.toml` names a place and when it names none.
//!
//! | service | order |
//! | --- | --- |
//! | GitHub | `token` or `app` of keyslot.toml, alone where it stands; else the environment, `gh auth token`, git's credential helpers |
//! | git, for an https remote | `token` under `terraform`, alone where it stands; else, for the forge's own repository, GitHub's; else git's own ways |
//! | Azure DevOps | `token` of keyslot.toml, alone where it stands; else `AZURE_DEVOPS_EXT_PAT`, `SYSTEM_ACCESSTOKEN`, the signed-in Azure identity |
//!
//! For github.com and `*.ghe.com` the environment is `GITHUB_TOKEN`, `GH_TOKEN`; for an own server
//! `GH_ENTERPRISE_TOKEN`, `GITHUB_ENTERPRISE_TOKEN`, as `gh` has it: a token of one is never sent to the other.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use secrecy::{ExposeSecret as _, SecretString};

use super::settings::{AppSettings, Chosen, ForgeSettings, PipelineSettings, TokenKind, WebAddress};
use super::wiring::{Variables, token};
use super::{CliError, ErrorKind};
use crate::adapters::azure_devops::DevOpsCredential;
use crate::adapters::credential::{ScopedTokens, Tokens};
use crate::adapters::git::CredentialHelpers;
use crate::adapters::github::{is_github_com, web_of};
use crate::adapters::http::Http;
use crate::adapters::token::gh::GhProgram;
use crate::adapters::token::github_app::{self, AppKey, GitHubApp};
use crate::adapters::token::search::{Place, Search, Told};
use crate::adapters::token::{FixedToken, TokenSource};
use crate::ports::Clock;

const OF_GITHUB_COM: [&str; 2] = ["GITHUB_TOKEN", "GH_TOKEN"];
const OF_OWN_SERVERS: [&str; 2] = ["GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN"];

/// Azure DevOps as Entra ID knows it.
const DEVOPS_SCOPE: &str = "499b84ac-1321-427f-aa17-267ca6975798/.default";

/// The forge's token.
///
/// # Errors
/// A place that keyslot.toml names and that has none. Other places are looked into at the first use.
pub(super) fn forge(
    chosen: &Chosen<'_>,
    http: &Http,
    clock: &Arc<dyn Clock>,
    variables: Variables<'_>,
) -> Result<Arc<dyn TokenSource>, CliError> {
    let forge = &chosen.environment.release.forge;
    match (&forge.token, &forge.app) {
        (Some(place), _) => token(chosen, place, variables),
        (None, Some(app)) => Ok(Arc::new(app_of(chosen, forge, app, http, clock, variables)?)),
        (None, None) => Ok(Arc::new(search(chosen, forge, variables))),
    }
}

fn search(chosen: &Chosen<'_>, forge: &ForgeSettings, variables: Variables<'_>) -> Search {
    let host = web_host(&forge.api);
    let (ours, others) = match is_github_com(&host) {
        true => (OF_GITHUB_COM, None),
        false => (OF_OWN_SERVERS, Some(OF_GITHUB_COM)),
    };
    let mut places: Vec<Box<dyn Place>> = Vec::new();
    for name in ours {
        places.push(Box::new(Told::variable(name, variables(name))));
    }
    for name in others.iter().flatten().filter(|name| variables(name).is_some()) {
        let why = format!("set, but it is for github.com, and was not sent to {host}");
        places.push(Box::new(Told::passed_over(name, why)));
    }
    places.push(Box::new(GhProgram::new("gh", &host)));
    let repository = format!("{}/{}", forge.owner, forge.repository);
    places.push(Box::new(CredentialHelpers::new("git", chosen.path(Path::new(".")), &host, repository)));
    let remedy = format!(
        "set {}, or sign in with `gh auth login --hostname {host}`, or name a place with `token` or a GitHub App with \
         `app` under [environment.{}.release.forge] in keyslot.toml",
        ours[0], chosen.name
    );
    Search::new(format!("GitHub at {host}"), places, remedy)
}

/// The host that people and git know, with its port where it has one.
fn web_host(api: &WebAddress) -> String {
    let Ok(web) = api.url().map(|url| web_of(&url)) else { return api.host().to_owned() };
    let host = web.host_str().unwrap_or_default();
    web.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

fn app_of(
    chosen: &Chosen<'_>,
    forge: &ForgeSettings,
    app: &AppSettings,
    http: &Http,
    clock: &Arc<dyn Clock>,
    variables: Variables<'_>,
) -> Result<GitHubApp, CliError> {
    let pem: SecretString = chosen.secret_at(&app.key, "the GitHub App's key", variables)?;
    let key = AppKey::from_pem(pem.expose_secret().as_bytes()).map_err(|why| {
        CliError::new(ErrorKind::Configuration, "the GitHub App's key cannot be used")
            .at(&app.key)
            .because(why)
            .hint("make a new private key on the App's page, and put the whole .pem file there")
    })?;
    let permissions = app.permissions.iter().map(|(name, right)| (name.clone(), right.word().to_owned()));
    let settings = github_app::AppSettings {
        api: forge.api.url()?,
        app: app.id.to_string(),
        installation: app.installation,
        owner: forge.owner.clone(),
        repository: forge.repository.clone(),
        permissions: permissions.collect(),
    };
    Ok(GitHubApp::new(settings, key, http.clone(), Arc::clone(clock)))
}

/// Whether git's remote is the repository's own on the forge's server, so that the forge's token opens it.
pub(super) fn serves(chosen: &Chosen<'_>, remote: &str) -> bool {
    is_remote_of(&chosen.environment.release.forge, remote)
}

/// What GitHub commits to must be what git fetches from. A path says nothing of whose mirror it is.
///
/// # Errors
/// An address of something else.
pub(super) fn same_repository(chosen: &Chosen<'_>, remote: &str) -> Result<(), CliError> {
    let forge = &chosen.environment.release.forge;
    if is_path(remote) || is_remote_of(forge, &over_https(remote)) {
        return Ok(());
    }
    let of_forge = format!("{}/{}/{}", web_host(&forge.api), forge.owner, forge.repository);
    Err(CliError::new(ErrorKind::Configuration, "commits cannot be made through GitHub")
        .at(format!("[environment.{}.terraform] commit", chosen.name))
        .because(format!("git's remote is not the forge's repository, {of_forge}"))
        .hint("correct `repository` or the forge's `owner` and `repository`, or leave out `commit`"))
}

fn is_path(remote: &str) -> bool {
    match url::Url::parse(remote) {
        Ok(url) => url.scheme() == "file",
        Err(_) => !remote.split('/').next().unwrap_or_default().contains(':'),
    }
}

/// An address of ssh as the https one of the same repository. github.com takes ssh through a host of its own, too, where
/// nothing but port 443 is open.
fn over_https(remote: &str) -> String {
    let web = |host: &str| if host == "ssh.github.com" { "github.com".to_owned() } else { host.to_owned() };
    if let Ok(url) = url::Url::parse(remote) {
        let host = url.host_str().filter(|_| url.scheme() == "ssh");
        return host.map_or_else(|| remote.to_owned(), |host| format!("https://{}{}", web(host), url.path()));
    }
    let (place, path) = remote.split_once(':').unwrap_or((remote, ""));
    let host = place.rsplit_once('@').map_or(place, |(_, host)| host);
    format!("https://{}/{}", web(host), path.trim_start_matches('/'))
}

fn is_remote_of(forge: &ForgeSettings, remote: &str) -> bool {
    let Ok(url) = url::Url::parse(remote) else { return false };
    let host = url.host_str().unwrap_or_default();
    let host = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    let path = url.path().trim_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path);
    url.scheme() == "https"
        && host.eq_ignore_ascii_case(&web_host(&forge.api))
        && path.eq_ignore_ascii_case(&format!("{}/{}", forge.owner, forge.repository))
}

/// How to sign in to Azure DevOps. A personal token and a bearer token are sent in different ways, so the place decides
/// the way; `token_kind` speaks of the configured place alone.
///
/// # Errors
/// A place that keyslot.toml names and that has none.
pub(super) fn devops(
    chosen: &Chosen<'_>,
    pipeline: &PipelineSettings,
    azure: &Tokens,
    variables: Variables<'_>,
) -> Result<DevOpsCredential, CliError> {
    if let Some(place) = &pipeline.token {
        let token = token(chosen, place, variables)?;
        return Ok(match pipeline.token_kind {
            TokenKind::Personal => DevOpsCredential::Pat(token),
            TokenKind::Bearer => DevOpsCredential::Bearer(token),
        });
    }
    let found = |name: &str| {
        let text = variables(name)?;
        let token = text.trim();
        let place = format!("the environment variable {name}");
        (!token.is_empty()).then(|| Arc::new(FixedToken::new(SecretString::from(token)).from(place)))
    };
    let [personal, job] = OF_DEVOPS;
    if let Some(token) = found(personal) {
        return Ok(DevOpsCredential::Pat(token));
    }
    if let Some(token) = found(job) {
        return Ok(DevOpsCredential::Bearer(token));
    }
    let mut places: Vec<Box<dyn Place>> = Vec::new();
    for name in OF_DEVOPS {
        places.push(Box::new(Told::variable(name, variables(name))));
    }
    places.push(Box::new(AzureIdentity(azure.scoped(DEVOPS_SCOPE))));
    let remedy = format!(
        "set {personal} (a personal access token), or hand {job} to the job's step, or sign in with `az login`, or name a \
         place with `token` beside the pipeline under [environment.{}.release] in keyslot.toml",
        chosen.name
    );
    Ok(DevOpsCredential::Bearer(Arc::new(Search::new("Azure DevOps", places, remedy))))
}

/// A personal access token, then the token of a pipeline's job.
const OF_DEVOPS: [&str; 2] = ["AZURE_DEVOPS_EXT_PAT", "SYSTEM_ACCESSTOKEN"];

struct AzureIdentity(ScopedTokens);

#[async_trait]
impl Place for AzureIdentity {
    fn name(&self) -> String {
        "the signed-in Azure identity".to_owned()
    }

    async fn look(&self) -> Result<SecretString, String> {
        self.0.token().await.map_err(|fault| fault.why)
    }

    async fn forget(&self) {
        self.0.forget().await;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::adapters::credential::{CredentialSettings, CredentialSource};
    use crate::adapters::http::{self, Hosts, HttpSettings, Others};
    use crate::cli::settings::{Settings, SettingsFile};

    /// The annotated example without places of tokens, on an own server.
    fn nothing_named() -> SettingsFile {
        let text = include_str!("../../fixtures/keyslot.example.toml")
            .replace("\ntoken = {", "\n# token = {")
            .replace("https://api.github.com", "https://ghe.acme.example/api/v3");
        let path = std::env::temp_dir().join("keyslot.toml");
        SettingsFile { settings: Settings::parse(&text, &path).unwrap(), path }
    }

    /// An identity that reaches nobody.
    fn identity() -> Tokens {
        let hosts = Hosts::default().others(Others::Refused);
        let http = http::client(&HttpSettings { hosts, ..HttpSettings::default() }).unwrap();
        let source = CredentialSource::ClientSecret {
            tenant: "11111111-1111-1111-1111-111111111111".to_owned(),
            client: "22222222-2222-2222-2222-222222222222".to_owned(),
            secret: "CANARY".into(),
        };
        Tokens::new(&http, &CredentialSettings { source, ..CredentialSettings::default() }, &|_| None)
            .unwrap()
    }

    fn given<const N: usize>(set: [(&str, &str); N]) -> impl Fn(&str) -> Option<String> + Sync {
        let set: BTreeMap<String, String> =
            set.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        move |name| set.get(name).cloned()
    }

    /// How a token is sent to Azure DevOps, and which.
    async fn sent<const N: usize>(set: [(&str, &str); N]) -> Result<String, String> {
        let file = nothing_named();
        let chosen = file.choose(None).unwrap();
        let credential =
            devops(&chosen, &chosen.environment.release.pipeline, &identity(), &given(set)).unwrap();
        let (way, source) = match &credential {
            DevOpsCredential::Pat(source) => ("basic", source),
            DevOpsCredential::Bearer(source) => ("bearer", source),
        };
        let token = source.token().await.map_err(|fault| fault.to_string())?;
        Ok(format!("{way} {} from {}", token.expose_secret(), source.place()))
    }

    #[tokio::test]
    async fn the_place_decides_how_a_token_is_sent_to_azure_devops() {
        let [personal, job] = OF_DEVOPS;
        let said = |way: &str, name: &str| format!("{way} from the environment variable {name}");
        assert_eq!(sent([(personal, "p"), (job, "j")]).await.unwrap(), said("basic p", personal));
        assert_eq!(sent([(personal, " "), (job, "j")]).await.unwrap(), said("bearer j", job));
        let said = sent([]).await.unwrap_err();
        for place in [
            "the environment variable AZURE_DEVOPS_EXT_PAT: not set",
            "the environment variable SYSTEM_ACCESSTOKEN: not set",
            "the signed-in Azure identity: ",
            "az login",
        ] {
            assert!(said.contains(place), "{place}: {said}");
        }
        assert!(!said.contains("CANARY"), "{said}");
    }

    #[tokio::test]
    async fn a_token_of_github_com_is_never_sent_to_an_own_server() {
        let file = nothing_named();
        let chosen = file.choose(None).unwrap();
        let forge = &chosen.environment.release.forge;
        let said = search(&chosen, forge, &given([("GITHUB_TOKEN", "CANARY")])).token().await.unwrap_err();
        let passed = "GITHUB_TOKEN: set, but it is for github.com, and was not sent to ghe.acme.example";
        assert!(said.why.contains(passed) && !said.why.contains("CANARY"), "{said}");
        let both = given([("GITHUB_TOKEN", "CANARY"), ("GITHUB_ENTERPRISE_TOKEN", "ours")]);
        let token = search(&chosen, forge, &both).token().await.unwrap();
        assert_eq!(token.expose_secret(), "ours");
    }

    #[test]
    fn an_apps_token_goes_to_its_own_repository_and_nowhere_else() {
        let forge: ForgeSettings = toml::from_str("owner = \"acme\"\nrepository = \"platform\"").unwrap();
        for remote in ["https://github.com/acme/platform.git", "https://github.com/Acme/platform/"] {
            assert!(is_remote_of(&forge, remote), "{remote}");
        }
        for remote in [
            "http://github.com/acme/platform",
            "https://github.com/acme/other",
            "https://github.com.evil.example/acme/platform",
            "https://github.com:8443/acme/platform",
            "git@github.com:acme/platform.git",
            "/srv/acme/platform",
        ] {
            assert!(!is_remote_of(&forge, remote), "{remote}");
        }
    }

    #[test]
    fn what_github_commits_to_is_what_git_fetches_from() {
        let text = include_str!("../../fixtures/keyslot.example.toml");
        let path = std::env::temp_dir().join("keyslot.toml");
        let file = SettingsFile { settings: Settings::parse(text, &path).unwrap(), path };
        let chosen = file.choose(None).unwrap();
        let forge = &chosen.environment.release.forge;
        let own = format!("{}/{}", forge.owner, forge.repository);
        for same in [
            "git@github.com:OWN.git",
            "ssh://git@github.com/OWN.git",
            "ssh://git@ssh.github.com:443/OWN.git",
            "https://github.com/OWN",
            "/srv/x.git",
        ] {
            assert!(same_repository(&chosen, &same.replace("OWN", &own)).is_ok(), "{same}");
        }
        for other in
            ["git@github.com:acme/other.git", "ssh://git@ghe.example/OWN.git", "https://dev.azure.com/OWN"]
        {
            let said = format!("{:?}", same_repository(&chosen, &other.replace("OWN", &own)).unwrap_err());
            assert!(said.contains("not the forge's repository") && said.contains(&own), "{other}: {said}");
        }
    }

    #[test]
    fn the_host_that_people_know_is_told_from_the_api() {
        for (api, web, of_github_com) in [
            ("https://api.github.com", "github.com", true),
            ("https://api.acme.ghe.com", "acme.ghe.com", true),
            ("https://ghe.acme.example/api/v3", "ghe.acme.example", false),
            ("https://ghe.acme.example:8443/api/v3", "ghe.acme.example:8443", false),
            ("https://api.acme.example", "api.acme.example", false),
            ("https://notgithub.com", "notgithub.com", false),
        ] {
            let host = web_host(&WebAddress::try_from(api.to_owned()).unwrap());
            assert_eq!((host.as_str(), is_github_com(&host)), (web, of_github_com), "{api}");
        }
    }
}
