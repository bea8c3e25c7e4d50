//! Settings → a driver with everything behind it. The only place where ports are tied to adapters.

mod pipelines;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use pipelines::{Organizations, Repository};
use secrecy::SecretString;
use url::Url;

use super::azure;
use super::lock::Lock;
use super::settings::{Chosen, CommitBy, CredentialKind, ForgeKind, SignCommits, StampSettings, TokenPlace};
use super::{CliError, ErrorKind};
use crate::adapters::account_logs::AccountLogs;
use crate::adapters::activity_log::ActivityLog;
use crate::adapters::arm::ArmAccess;
use crate::adapters::clock::SystemClock;
use crate::adapters::cosmos::{Cosmos, CosmosSettings, ProbeTarget};
use crate::adapters::credential::{CredentialSettings, CredentialSource, Tokens};
use crate::adapters::git::{Git, GitSettings, Identity, remote_address};
use crate::adapters::github::{CommittedByGitHub, GitHub, GitHubSettings};
use crate::adapters::http::{self, Http, Turns};
use crate::adapters::key_vault::{CurrentKeys, KeyVaultSettings, KeyVaults, VaultResources};
use crate::adapters::kubernetes::{AksAccess, ClusterPlace, KubeconfigPlace, Kubernetes, StampCluster};
use crate::adapters::log_analytics::{self, LogAnalytics};
use crate::adapters::metrics::Metrics;
use crate::adapters::resource_graph::{self, NoInventory, ResourceGraph};
use crate::adapters::token::{FixedToken, TokenSource};
use crate::drive::{Driver, LeaseTerms, Parts, Watcher, access_under_way};
use crate::execute::Sources;
use crate::journal::{Journal, Lease, Record, Remote, StorageTokens, StorePlace, current_lease, open_store};
use crate::model::{Access, Blindness, FlipBack, Propagation, Salt};
use crate::observe::{Observer, ReleaseRule, Targets};
use crate::ports::{Accounts, Clock, Code, Fault, Inventory, Logs, Ports, Vaults};
use crate::render::span;
use crate::rotation::Event;
use crate::sim::wire::WireClock;
use crate::terraform::Syntax;

/// Looks up environment variables; the process's own, or a rehearsal's.
pub type Variables<'a> = &'a (dyn Fn(&str) -> Option<String> + Sync);

/// The process's environment.
pub fn process_variables(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The clock that the settings ask for: the machine's, or a loopback world's.
pub fn clock(chosen: &Chosen<'_>) -> Arc<dyn Clock> {
    match &chosen.endpoints.clock {
        // Reading the settings refused it unless every endpoint is on loopback.
        Some(clock) => Arc::new(WireClock::since(clock.wall_start, clock.world_start, clock.speed)),
        None => Arc::new(SystemClock::start()),
    }
}

/// Everything for one environment.
///
/// # Errors
/// Settings that lead nowhere, a missing token, a journal that cannot be read.
pub async fn driver(
    chosen: &Chosen<'_>,
    flip_back: Option<FlipBack>,
    variables: Variables<'_>,
    watcher: Arc<dyn Watcher>,
) -> Result<Driver, CliError> {
    let holder = holder();
    let lock = match super::lock::take(&chosen.journal()?, &holder)? {
        Lock::Held(file) => Some(file),
        Lock::None => None,
        Lock::Of(other) => return Err(at_work(chosen, &other, variables).await?),
    };
    let alone = lock.is_some();
    let driver = build(chosen, flip_back, variables, watcher, Process { alone, holder }).await?;
    Ok(driver.keeping(Box::new(lock)))
}

/// Another process at work on the same local journal: who, and until when its lease is.
async fn at_work(chosen: &Chosen<'_>, other: &str, variables: Variables<'_>) -> Result<CliError, CliError> {
    let journal = journal(chosen, &https(chosen)?, variables).await?;
    let lease = current_lease(journal.records());
    let until = who_holds(lease.as_ref(), clock(chosen).now());
    Ok(CliError::new(ErrorKind::Waiting, "another keyslot is at work on this rotation")
        .at(other)
        .because(until)
        .hint("wait for it to end, or end it; whatever it leaves half done is taken up again"))
}

/// The lock tells that it is alive; the lease, until when nobody else may act.
fn who_holds(lease: Option<&Lease>, now: jiff::Timestamp) -> String {
    let Some(Lease { holder, until, .. }) = lease else {
        return "it waits, and holds no lease now".to_owned();
    };
    let time = span::rfc3339(*until);
    match *until > now {
        true => format!("{holder} holds the lease until {time}"),
        false => format!("it is alive and holds the lock; the lease of {holder} lapsed at {time}"),
    }
}

async fn journal(
    chosen: &Chosen<'_>,
    http: &Http,
    variables: Variables<'_>,
) -> Result<Journal<Event>, CliError> {
    let place = chosen.journal()?;
    let store = open_store(&place, remote(chosen, &place, http, variables)?.as_ref())?;
    Journal::open(store).await.map_err(CliError::from)
}

/// What the environment's journal holds, for whoever only looks: without a lock, a lease or a record of its own. A store without
/// records is an empty one.
///
/// # Errors
/// A store that does not answer or may not be read; records that this version does not know.
pub(super) async fn records(
    chosen: &Chosen<'_>,
    variables: Variables<'_>,
) -> Result<Vec<Record<Event>>, CliError> {
    Ok(journal(chosen, &https(chosen)?, variables).await?.records().to_vec())
}

/// Who we are, and whether nobody else can be at work.
struct Process {
    alone: bool,
    holder: String,
}

/// The same without the lock, beside a process that may be at work: for looking, and for a person's word, which the
/// journal takes from anybody.
///
/// # Errors
/// As [`driver`].
pub async fn onlooker(
    chosen: &Chosen<'_>,
    variables: Variables<'_>,
    watcher: Arc<dyn Watcher>,
) -> Result<Driver, CliError> {
    build(chosen, None, variables, watcher, Process { alone: false, holder: holder() }).await
}

/// The ports alone, for whoever drives without a journal.
///
/// # Errors
/// As [`driver`].
pub async fn ports_of(chosen: &Chosen<'_>, variables: Variables<'_>) -> Result<Ports, CliError> {
    ports(chosen, &https(chosen)?, &clock(chosen), variables).await
}

fn https(chosen: &Chosen<'_>) -> Result<Http, CliError> {
    http::client(&chosen.http()?)
        .map_err(|error| CliError::new(ErrorKind::Configuration, "cannot set up HTTPS").caused_by(&error))
}

async fn build(
    chosen: &Chosen<'_>,
    flip_back: Option<FlipBack>,
    variables: Variables<'_>,
    watcher: Arc<dyn Watcher>,
    process: Process,
) -> Result<Driver, CliError> {
    let clock = clock(chosen);
    let http = https(chosen)?;
    let journal = journal(chosen, &http, variables).await?;
    // What is under way decides which secret is looked at, whatever was asked for.
    let chosen = &chosen.about(access_under_way(&journal)?.unwrap_or(chosen.access));
    let ports = ports(chosen, &http, &clock, variables).await?;
    let Process { alone, holder } = process;
    Driver::new(Parts {
        observer: Observer::new(ports.clone(), targets(chosen)),
        ports,
        journal,
        policy: chosen.policy(flip_back),
        holder,
        lease_terms: lease_terms(chosen),
        alone,
        watcher,
    })
    .map_err(CliError::from)
}

/// A term that is long against a round of observation in wall time too.
fn lease_terms(chosen: &Chosen<'_>) -> LeaseTerms {
    let usual = LeaseTerms::default();
    let Some(clock) = &chosen.endpoints.clock else { return usual };
    let floor = |wall_seconds: f64| std::time::Duration::from_secs_f64(wall_seconds * clock.speed.max(1.0));
    LeaseTerms { term: usual.term.max(floor(10.0)), margin: usual.margin.max(floor(0.5)) }
}

/// One process, one name: a lease left by a process that died is somebody else's.
fn holder() -> String {
    let user = process_variables("USER").unwrap_or_else(|| "somebody".to_owned());
    let host = process_variables("HOSTNAME").unwrap_or_else(|| "this machine".to_owned());
    let moment = jiff::Timestamp::now().as_millisecond();
    format!("{user} on {host} ({}-{:x})", std::process::id(), moment & 0xff_ffff)
}

fn remote(
    chosen: &Chosen<'_>,
    place: &StorePlace,
    http: &Http,
    variables: Variables<'_>,
) -> Result<Option<Remote>, CliError> {
    if !place.is_shared() {
        return Ok(None);
    }
    let environment: BTreeMap<String, String> = std::env::vars()
        .filter(|(name, _)| variables(name).is_some())
        .filter(|(name, _)| ["AZURE_", "AWS_", "GOOGLE_"].iter().any(|prefix| name.starts_with(prefix)))
        .collect();
    let azure = match place.is_azure() {
        true => Some(Arc::new(StorageIdentity(tokens(chosen, http, variables)?)) as Arc<dyn StorageTokens>),
        false => None,
    };
    Ok(Some(Remote { client: http.reqwest().clone(), environment, azure }))
}

/// The Azure identity of all adapters, before the journal's store.
#[derive(Debug)]
struct StorageIdentity(Tokens);

#[async_trait]
impl StorageTokens for StorageIdentity {
    async fn token(&self) -> Result<SecretString, Fault> {
        self.0.token("https://storage.azure.com/.default").await
    }
}

/// What to look at, before a rotation brings a salt along.
pub(super) fn targets(chosen: &Chosen<'_>) -> Targets {
    let environment = chosen.environment;
    let release = match environment.release.branch.as_deref() {
        None => ReleaseRule::BaseItself,
        Some(pattern) if pattern.contains('*') => ReleaseRule::Like { pattern: pattern.to_owned() },
        Some(branch) => ReleaseRule::Branch(branch.into()),
    };
    Targets {
        account: environment.account.id(),
        salt: Salt::new(""),
        access: chosen.access,
        sources: Sources {
            question: chosen.question(),
            root: environment.terraform.root.clone(),
            baseline: environment.terraform.baseline.clone(),
        },
        base_branch: environment.terraform.base_branch.as_str().into(),
        release,
        stamps: environment.stamps.iter().map(StampSettings::stamp_name).collect(),
        inventory: environment.inventory.is_some(),
        log_window: chosen.policy(None).log_window().unwrap_or_default(),
        refusals_since: None,
        metrics_window: chosen.policy(None).metrics_window().unwrap_or_default(),
        census_window: chosen.policy(None).census().unwrap_or_default(),
        operation: None,
        unanswered: None,
        promoted: BTreeSet::new(),
    }
}

/// Where nothing says what stamps look like in Azure, nobody asks.
fn inventory(chosen: &Chosen<'_>, access: &ArmAccess) -> Result<Arc<dyn Inventory>, CliError> {
    let environment = chosen.environment;
    let Some(settings) = &environment.inventory else { return Ok(Arc::new(NoInventory)) };
    let account = &environment.account.subscription;
    let aks = || environment.stamps.iter().filter_map(|stamp| stamp.aks.as_ref());
    let mut subscriptions: BTreeSet<String> = settings.subscriptions.iter().cloned().collect();
    if subscriptions.is_empty() {
        subscriptions.extend(aks().filter_map(|aks| aks.subscription.clone()));
        subscriptions.insert(account.clone());
    }
    let stamps = environment.stamps.iter();
    Ok(Arc::new(ResourceGraph::new(
        access.clone(),
        resource_graph::InventorySettings {
            endpoint: chosen.endpoints.arm.url()?,
            subscriptions: subscriptions.into_iter().collect(),
            names: settings.names.clone(),
            tags: settings.tags.clone(),
            branch_tag: settings.branch_tag.clone().unwrap_or_else(|| "Branch".to_owned()),
            stamps: stamps.map(|stamp| azure::listed(&environment.account, stamp)).collect(),
        },
    )))
}

fn arm(
    chosen: &Chosen<'_>,
    http: &Http,
    clock: &Arc<dyn Clock>,
    variables: Variables<'_>,
) -> Result<ArmAccess, CliError> {
    let tokens = tokens(chosen, http, variables)?;
    let scope = arm_scope(chosen.endpoints.arm.host());
    Ok(ArmAccess { http: http.clone(), tokens, clock: Arc::clone(clock), scope })
}

fn account(chosen: &Chosen<'_>, access: &ArmAccess) -> Result<Cosmos, CliError> {
    let environment = chosen.environment;
    let settings = CosmosSettings {
        account: environment.account.id(),
        endpoint: chosen.endpoints.arm.url()?,
        operation_suffixes: vec![chosen.endpoints.arm.host().to_owned()],
        ask_last_use: environment.account.ask_last_use,
        probe: environment.account.probe.as_ref().map(|probe| ProbeTarget {
            database: probe.database.clone(),
            container: probe.container.clone(),
        }),
    };
    Ok(Cosmos::new(access.clone(), settings))
}

fn vaults(chosen: &Chosen<'_>, access: &ArmAccess) -> Result<KeyVaults, CliError> {
    let vault = |stamp: &StampSettings| {
        let host = chosen.endpoints.vault_host(&stamp.key_vault);
        (stamp.stamp_name(), format!("https://{host}"))
    };
    let settings = KeyVaultSettings {
        vaults: chosen.environment.stamps.iter().map(vault).collect(),
        secret: chosen.secret()?.to_owned(),
    };
    let vaults = KeyVaults::new(&access.http, &access.tokens, Arc::clone(&access.clock), &settings)?;
    Ok(vaults.asking(VaultResources {
        access: access.clone(),
        endpoint: chosen.endpoints.arm.url()?,
        places: azure::vaults(chosen.environment),
    }))
}

/// The account and the vaults alone, the latter by the access of the key that their secret carries: for whoever has
/// rights on Azure and needs no forge, no pipeline and no cluster.
pub(super) struct Keys {
    pub accounts: Arc<dyn Accounts>,
    pub vaults: Vec<(Access, Arc<dyn Vaults>)>,
    pub clock: Arc<dyn Clock>,
}

/// # Errors
/// As [`driver`].
pub(super) fn keys_of(chosen: &Chosen<'_>, variables: Variables<'_>) -> Result<Keys, CliError> {
    let clock = clock(chosen);
    let access = arm(chosen, &https(chosen)?, &clock, variables)?;
    let accesses = Access::ALL.into_iter().filter(|access| chosen.about(*access).secret().is_ok());
    let vaults = accesses
        .map(|of| Ok((of, Arc::new(vaults(&chosen.about(of), &access)?) as Arc<dyn Vaults>)))
        .collect::<Result<_, CliError>>()?;
    Ok(Keys { accounts: Arc::new(account(chosen, &access)?), vaults, clock })
}

/// Where nobody says where requests are logged, the activity log and the account's metrics alone can be asked.
fn logs(chosen: &Chosen<'_>, access: &ArmAccess) -> Result<Arc<dyn Logs>, CliError> {
    let environment = chosen.environment;
    let activity = ActivityLog::new(access.clone(), chosen.endpoints.arm.url()?, environment.account.id());
    let metrics = Metrics::new(access.clone(), chosen.endpoints.arm.url()?, environment.account.id());
    let Some(logs) = &environment.logs else {
        return Ok(Arc::new(AccountLogs { workspace: None, activity, metrics }));
    };
    let vault = |stamp: &StampSettings| (stamp.stamp_name(), stamp.key_vault.clone());
    let settings = log_analytics::LogSettings {
        endpoint: chosen.endpoints.logs.url()?,
        workspace: logs.workspace.clone(),
        account: environment.account.name.clone(),
        vaults: environment.stamps.iter().map(vault).collect(),
        secret: environment.secret.name.clone(),
    };
    let access = ArmAccess { scope: settings.scope(), ..access.clone() };
    let workspace = Some(LogAnalytics::new(access, settings));
    Ok(Arc::new(AccountLogs { workspace, activity, metrics }))
}

async fn ports(
    chosen: &Chosen<'_>,
    http: &Http,
    clock: &Arc<dyn Clock>,
    variables: Variables<'_>,
) -> Result<Ports, CliError> {
    let environment = chosen.environment;
    super::files::enough_for(environment.stamps.len())?;
    let access = arm(chosen, http, clock, variables)?;
    let clusters = environment
        .stamps
        .iter()
        .map(|stamp| {
            let cluster = StampCluster {
                place: cluster_place(chosen, stamp),
                vault: Some(stamp.key_vault.clone()),
                namespaces: stamp.namespaces.clone(),
            };
            (stamp.stamp_name(), cluster)
        })
        .collect();
    let accounts = Arc::new(account(chosen, &access)?);
    let vaults = vaults(chosen, &access)?;
    let forge = super::tokens::forge(chosen, http, clock, variables)?;
    let github = github(chosen, http, clock, &forge)?;
    let code = code(chosen, &github, &forge, variables).await?;
    let organizations = Organizations::default();
    let repository = Repository {
        code: &code,
        github: &github,
        token: &forge,
        http,
        clock,
        azure: &access.tokens,
        organizations: &organizations,
        variables,
    };
    let pipeline = pipelines::pipeline(chosen, repository)?;
    let validation = pipelines::validation(chosen, repository)?;
    // All clusters and vaults of the fleet together.
    let turns = Turns::default();
    let vaults = vaults.taking(turns.clone());
    Ok(Ports {
        code,
        forge: Arc::new(github),
        pipeline,
        validation,
        clusters: Arc::new(
            Kubernetes::new(chosen.secret()?, clusters, chosen.http()?, Arc::clone(clock))
                .taking(turns)
                .restarting(environment.workloads.names())
                .named(azure::clusters(environment))
                .asking(AksAccess { access: access.clone(), endpoint: chosen.endpoints.arm.url()? }),
        ),
        vaults: Arc::new(match environment.release.propagate {
            Propagation::Pipeline => vaults,
            Propagation::Write => vaults.writing(Arc::clone(&accounts) as Arc<dyn CurrentKeys>),
        }),
        inventory: inventory(chosen, &access)?,
        logs: logs(chosen, &access)?,
        accounts,
        clock: Arc::clone(clock),
    })
}

fn cluster_place(chosen: &Chosen<'_>, stamp: &StampSettings) -> ClusterPlace {
    let account = &chosen.environment.account;
    match (&stamp.kubeconfig, azure::cluster(account, stamp)) {
        (None, Some(cluster)) => ClusterPlace::Aks(cluster),
        // Settings that were read have at least one of the two; a kubeconfig goes first.
        (path, _) => ClusterPlace::Kubeconfig(KubeconfigPlace {
            path: chosen.path(path.as_deref().unwrap_or(Path::new("kubeconfig"))),
            context: stamp.context.clone(),
        }),
    }
}

/// What a token for Azure Resource Manager must be for. Each cloud has a name of its own for it.
fn arm_scope(host: &str) -> String {
    let audience = match host.to_ascii_lowercase().as_str() {
        "management.usgovcloudapi.net" => "https://management.core.usgovcloudapi.net".to_owned(),
        "management.chinacloudapi.cn" => "https://management.core.chinacloudapi.cn".to_owned(),
        host => format!("https://{host}"),
    };
    format!("{audience}/.default")
}

fn tokens(chosen: &Chosen<'_>, http: &Http, variables: Variables<'_>) -> Result<Tokens, CliError> {
    let needed = |name: &str| {
        variables(name).ok_or_else(|| {
            CliError::new(ErrorKind::Configuration, "a credential is not complete")
                .at(name)
                .because(
                    "`credential = \"client-secret\"` wants this environment variable, and it is not set",
                )
                .hint("set it, or choose another `credential` under [endpoints] in keyslot.toml")
        })
    };
    let source = match chosen.endpoints.credential {
        CredentialKind::Auto => CredentialSource::Auto,
        CredentialKind::ClientSecret => CredentialSource::ClientSecret {
            tenant: needed("AZURE_TENANT_ID")?,
            client: needed("AZURE_CLIENT_ID")?,
            secret: SecretString::from(needed("AZURE_CLIENT_SECRET")?),
        },
        CredentialKind::WorkloadIdentity => CredentialSource::WorkloadIdentity,
        CredentialKind::AzureCli => CredentialSource::AzureCli,
        CredentialKind::ManagedIdentity => CredentialSource::ManagedIdentity,
    };
    let authority = chosen.endpoints.login.as_base().to_owned();
    let settings = CredentialSettings { source, authority, ..CredentialSettings::default() };
    Ok(Tokens::new(http, &settings, &|name| variables(name))?)
}

/// A token from the place that the settings name.
pub(super) fn token(
    chosen: &Chosen<'_>,
    place: &TokenPlace,
    variables: Variables<'_>,
) -> Result<Arc<dyn TokenSource>, CliError> {
    let secret = chosen.secret_at(place, "the token", variables)?;
    Ok(Arc::new(FixedToken::new(secret).from(place.to_string())))
}

/// git, and where the settings say so GitHub in place of its pushes.
async fn code(
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
        super::tokens::same_repository(chosen, &remote)?;
    }
    let identity = Identity { name: terraform.author.name.clone(), email: terraform.author.email.clone() };
    let cache = chosen.cache();
    // Where it cannot be made, git says so, and better.
    let _ = super::own_folder::make(&cache);
    let mut settings = GitSettings::new(cache.join("repository.git"), remote, identity);
    settings.is_source = |path| Syntax::of(path).is_some();
    let signs = terraform.sign.unwrap_or_default() == SignCommits::AsGit;
    if signs && terraform.commit == CommitBy::Git {
        settings.signing = Some(chosen.path(Path::new(".")));
    }
    if let Some(place) = &terraform.token {
        settings.token = Some(token(chosen, place, variables)?);
    } else if super::tokens::serves(chosen, &settings.remote) {
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

fn github(
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_that_has_lapsed_is_not_told_as_one_that_holds() {
        let at = |second| jiff::Timestamp::from_second(second).unwrap();
        let term = std::time::Duration::from_secs(600);
        let lease = Lease { holder: "ada".to_owned(), until: at(1_000), seq: crate::journal::Seq(1), term };
        assert!(who_holds(Some(&lease), at(999)).contains("holds the lease until"));
        let lapsed = who_holds(Some(&lease), at(1_000));
        assert!(lapsed.contains("holds the lock") && lapsed.contains("lapsed at"), "{lapsed}");
        assert!(who_holds(None, at(1_000)).contains("no lease"));
    }

    #[test]
    fn each_cloud_has_a_name_of_its_own_for_its_resource_manager() {
        for (host, scope) in [
            ("management.azure.com", "https://management.azure.com/.default"),
            ("management.usgovcloudapi.net", "https://management.core.usgovcloudapi.net/.default"),
            ("Management.chinacloudapi.cn", "https://management.core.chinacloudapi.cn/.default"),
        ] {
            assert_eq!(arm_scope(host), scope);
        }
    }
}
