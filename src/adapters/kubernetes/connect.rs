//! From a kubeconfig to a connection: address, trust, credentials.
//!
//! Where the plugin is `kubelogin` and it is not installed, or the kubeconfig came from Azure itself, the token is
//! asked of the credential that everything else uses, anew for each request: whoever renews it, it is a living one.
//! kube reads the kubeconfig and obtains tokens (static, from a file, from a plugin such as kubelogin); what
//! is sent goes through keyslot's own HTTP client, because kube's would repeat a refused PATCH up to fifteen
//! times, take its TLS provider from a process-wide default, and match NO_PROXY against the proxy's own
//! address. A kubeconfig that switches certificate checks off is refused: Secrets travel on this connection.

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue, Request, Response};
use kube::client::{AuthError, ConfigExt as _};
use kube::config::{AuthInfo, Cluster, ExecConfig, ExecInteractiveMode, Kubeconfig, KubeconfigError};
use secrecy::ExposeSecret as _;
use tower::util::BoxCloneSyncService;
use tower::{BoxError, ServiceBuilder, ServiceExt as _};
use url::Url;
use zeroize::Zeroizing;

use super::super::credential::{Tokens, tells_of_the_network};
use super::super::http::{self as transport, Http, HttpSettings, Identity, Proxies, Trust};
use super::made::Made;
use super::newest::Newest;
use super::skew::Skew;
use crate::model::Blindness;
use crate::ports::Fault;

/// Longer than the minute between two bookmarks of a quiet watch; ordinary calls have a timeout of their own.
const WATCH_SILENCE: Duration = Duration::from_secs(100);

/// The application that AKS clusters with Entra take tokens for, where the kubeconfig names no other.
const AKS_SERVER: &str = "6dae42f8-4368-4678-94ff-3960e28e3630";

/// How long a file may be half written.
const REWRITTEN: Duration = Duration::from_secs(1);

/// Who asks.
#[derive(Clone)]
enum Credentials {
    /// As the kubeconfig says.
    Kube(BoxCloneSyncService<Request<reqwest::Body>, Response<()>, BoxError>),
    /// The signed-in Azure identity.
    Entra { tokens: Tokens, scope: String },
}

/// An API server, and how to speak to it.
#[derive(Clone)]
pub(super) struct Connection {
    pub http: Http,
    pub base: Url,
    credentials: Credentials,
    pub skew: Arc<Skew>,
    pub newest: Arc<Newest>,
    pub made: Arc<Made>,
    plugin: Plugin,
}

/// Where a stamp's kubeconfig lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KubeconfigPlace {
    pub path: PathBuf,
    /// The file's current context where absent.
    pub context: Option<String>,
}

/// A kubeconfig, wherever it comes from.
pub(super) enum Source {
    File(KubeconfigPlace),
    /// As Azure gave it.
    Text(Zeroizing<Vec<u8>>),
}

impl Connection {
    /// Reads the kubeconfig and prepares the client; nothing is sent. Plugins may run, so this is made on a
    /// blocking thread.
    pub async fn open(
        source: Source,
        http: HttpSettings,
        tokens: Option<Tokens>,
        subject: String,
        patience: Duration,
    ) -> Result<Connection, Fault> {
        let about = match &source {
            Source::File(place) => format!("{} of {subject}", place.path.display()),
            Source::Text(_) => format!("from Azure, {subject}"),
        };
        let fault = move |kind: Blindness, why: String| {
            Fault::new(kind, "use the kubeconfig", about, why)
                .remedy("check the file, the context and the user that it names")
        };
        let plugin = Plugin { patience, ..Plugin::default() };
        let named = plugin.clone();
        let prepared = tokio::task::spawn_blocking(move || {
            let read = read(&source).or_else(|_| {
                // Whoever writes the file may be half way through.
                std::thread::sleep(REWRITTEN);
                read(&source)
            });
            let read = read.map_err(|why| (Blindness::Misconfigured, why))?;
            // A plugin may be refused for reasons that pass.
            named.is(&read.1);
            prepare(&source, read, http, tokens, named).map_err(|why| (Blindness::Unintelligible, why))
        });
        match tokio::time::timeout(patience, prepared).await {
            Ok(Ok(Ok(connection))) => Ok(connection),
            Ok(Ok(Err((kind, why)))) => Err(fault(kind, why)),
            Ok(Err(error)) => {
                let why = format!("the credential plugin did not come back: {error}");
                Err(fault(Blindness::Unintelligible, why))
            }
            Err(_) => Err(fault(Blindness::Forbidden, plugin.silent())),
        }
    }

    /// The server has refused these credentials: whether others are to be asked for, as for a token of the signed-in Azure
    /// identity. A kubeconfig is read again by whoever opens the connection anew.
    pub async fn refused(&self, headers: &HeaderMap) -> bool {
        let Credentials::Entra { tokens, .. } = &self.credentials else { return false };
        let bearer = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        match bearer.and_then(|text| text.strip_prefix("Bearer ")) {
            Some(token) => tokens.refused(token).await,
            None => false,
        }
    }

    /// The headers that a request needs: `Authorization` and impersonation.
    ///
    /// # Errors
    /// In words; and whether it is a refusal, or a token service that is away.
    pub async fn credentials(&self) -> Result<HeaderMap, (Blindness, String)> {
        let service = match &self.credentials {
            Credentials::Kube(service) => service.clone(),
            Credentials::Entra { tokens, scope } => return bearer(tokens, scope).await,
        };
        let bare = Request::new(reqwest::Body::default());
        match tokio::time::timeout(self.plugin.patience, service.oneshot(bare)).await {
            Ok(Ok(response)) => Ok(response.into_parts().0.headers),
            Ok(Err(error)) => {
                let why = without_secrets(error.as_ref());
                let away = tells_of_the_network(&why);
                Err((if away { Blindness::Unreachable } else { Blindness::Forbidden }, why))
            }
            Err(_) => Err((Blindness::Forbidden, self.plugin.silent())),
        }
    }
}

/// How long a plugin may take. One that wants a person to log in waits for ever.
pub(super) const PLUGIN: Duration = Duration::from_secs(60);

/// The credential plugin of a kubeconfig's user, where there is one.
#[derive(Clone, Debug, Default)]
struct Plugin {
    /// Its program, without folder and arguments, once the kubeconfig is read.
    program: Arc<OnceLock<String>>,
    patience: Duration,
}

impl Plugin {
    fn is(&self, user: &AuthInfo) {
        let command = user.exec.as_ref().and_then(|exec| exec.command.as_deref());
        if let Some(program) = command.and_then(|command| command.rsplit(['/', '\\']).next()) {
            let _ = self.program.set(program.to_owned());
        }
    }

    fn silent(&self) -> String {
        let which = self.program.get().map(|program| format!(" ({program})")).unwrap_or_default();
        let limit = self.patience.as_secs_f64();
        format!(
            "the credential plugin{which} gave no answer within {limit} s: it may wait for somebody to log in"
        )
    }
}

async fn bearer(tokens: &Tokens, scope: &str) -> Result<HeaderMap, (Blindness, String)> {
    let token = tokens.token(scope).await.map_err(|fault| (fault.kind, fault.to_string()))?;
    let mut value = HeaderValue::from_str(&format!("Bearer {}", token.expose_secret()))
        .map_err(|_| (Blindness::Unintelligible, "the token cannot be sent as a header".to_owned()))?;
    value.set_sensitive(true);
    Ok(HeaderMap::from_iter([(AUTHORIZATION, value)]))
}

/// What the kubeconfig says of its context.
fn read(source: &Source) -> Result<(Cluster, AuthInfo), String> {
    let (file, context) = match source {
        Source::File(place) => (
            Kubeconfig::read_from(&place.path).map_err(|error| without_secrets(&error))?,
            place.context.as_deref(),
        ),
        Source::Text(bytes) => {
            let text = std::str::from_utf8(bytes).map_err(|_| "it is no UTF-8 text".to_owned())?;
            (Kubeconfig::from_yaml(text).map_err(|error| without_secrets(&error))?, None)
        }
    };
    select(&file, context)
}

fn prepare(
    source: &Source,
    (cluster, user): (Cluster, AuthInfo),
    settings: HttpSettings,
    tokens: Option<Tokens>,
    plugin: Plugin,
) -> Result<Connection, String> {
    let server = cluster.server.as_deref().ok_or("the cluster has no server address")?;
    let base: Url = server.parse().map_err(|error| format!("{server} is no address: {error}"))?;
    if cluster.insecure_skip_tls_verify == Some(true) {
        return Err("insecure-skip-tls-verify is set: the cluster could be anybody".to_owned());
    }
    if let Some(name) = &cluster.tls_server_name {
        return Err(format!("tls-server-name ({name}) is not supported: name the server by that name"));
    }
    let http = transport::client(&HttpSettings {
        trust: trust(&cluster)?.unwrap_or(settings.trust),
        identity: identity(&user)?,
        proxies: if is_loopback(&base) { Proxies::Off } else { settings.proxies },
        proxy: cluster.proxy_url.clone().filter(|proxy| !proxy.is_empty()),
        read_timeout: settings.read_timeout.max(WATCH_SILENCE),
        ..settings
    })
    .map_err(|error| chain(&error))?;
    let in_process = matches!(source, Source::Text(_));
    Ok(Connection {
        http,
        credentials: credentials(server, user, tokens, in_process)?,
        base,
        skew: Arc::default(),
        newest: Arc::default(),
        made: Arc::default(),
        plugin,
    })
}

/// The cluster and the user of a context. A context without a user is allowed, as kubectl allows it.
fn select(file: &Kubeconfig, context: Option<&str>) -> Result<(Cluster, AuthInfo), String> {
    let name = context
        .or(file.current_context.as_deref())
        .ok_or("it has no current context, and the configuration names none")?;
    let context = file
        .contexts
        .iter()
        .find(|entry| entry.name == name)
        .and_then(|entry| entry.context.as_ref())
        .ok_or_else(|| format!("it has no context {name}"))?;
    let cluster = file
        .clusters
        .iter()
        .find(|entry| entry.name == context.cluster)
        .and_then(|entry| entry.cluster.clone())
        .ok_or_else(|| format!("it has no cluster {}, which the context {name} names", context.cluster))?;
    let user = context.user.as_deref().unwrap_or_default();
    let found = file.auth_infos.iter().find(|entry| entry.name == user);
    let mut user = found.and_then(|entry| entry.auth_info.clone()).unwrap_or_default();
    if let Some(exec) = &mut user.exec
        && exec.provide_cluster_info
    {
        exec.cluster = Some((&cluster).try_into().map_err(|error| chain(&error))?);
    }
    Ok((cluster, user))
}

/// Only the kubeconfig's own authority, where it names one.
fn trust(cluster: &Cluster) -> Result<Option<Trust>, String> {
    let data = cluster.certificate_authority_data.as_deref();
    let pem = pem(data, cluster.certificate_authority.as_deref(), "certificate-authority")?;
    Ok(pem.map(|pem| Trust::Only(pem.to_vec())))
}

fn identity(user: &AuthInfo) -> Result<Option<Identity>, String> {
    let key = user.client_key_data.as_ref().map(|key| key.expose_secret());
    let data = user.client_certificate_data.as_deref();
    let chain = pem(data, user.client_certificate.as_deref(), "client-certificate")?;
    let key = pem(key, user.client_key.as_deref(), "client-key")?;
    match (chain, key) {
        (Some(chain), Some(key)) => Ok(Some(Identity { chain: chain.to_vec(), key })),
        (None, None) => Ok(None),
        _ => Err("it has one of client-certificate and client-key, and needs both".to_owned()),
    }
}

/// The value of a `…-data` member (base64) or of the file that is named instead.
fn pem(data: Option<&str>, file: Option<&str>, what: &str) -> Result<Option<Zeroizing<Vec<u8>>>, String> {
    match (data.filter(|data| !data.is_empty()), file.filter(|file| !file.is_empty())) {
        (Some(data), _) => match super::base64(data) {
            Some(bytes) => Ok(Some(bytes)),
            None => Err(format!("{what}-data is no base64")),
        },
        (None, Some(file)) => std::fs::read(file)
            .map(|bytes| Some(Zeroizing::new(bytes)))
            .map_err(|error| format!("{what} {file} cannot be read: {error}")),
        (None, None) => Ok(None),
    }
}

/// No proxy is ever used for these.
fn is_loopback(base: &Url) -> bool {
    match base.host() {
        Some(url::Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// kube's own layers, around a service that hands the finished headers back instead of sending them.
fn credentials(
    server: &str,
    mut user: AuthInfo,
    tokens: Option<Tokens>,
    in_process: bool,
) -> Result<Credentials, String> {
    // Where nobody can be asked, what the plugin says is kept for the error, and not written to ours.
    if let Some(exec) = &mut user.exec
        && exec.interactive_mode != Some(ExecInteractiveMode::Always)
        && !std::io::stdin().is_terminal()
    {
        exec.interactive_mode = Some(ExecInteractiveMode::Never);
    }
    let has_plugin = user.exec.is_some();
    let entra = user.exec.as_ref().and_then(server_application).zip(tokens);
    let entra =
        entra.map(|(server, tokens)| Credentials::Entra { tokens, scope: format!("{server}/.default") });
    if let Some(entra) = entra.clone().filter(|_| in_process) {
        return Ok(entra);
    }
    let server = server.parse().map_err(|error| format!("{server} is no address: {error}"))?;
    let mut config = kube::Config::new(server);
    config.auth_info = user;
    let auth = match (config.auth_layer(), entra) {
        (Err(error), Some(entra)) if is_not_installed(&error) => return Ok(entra),
        (auth, _) => auth.map_err(|error| without_secrets(&error))?,
    };
    if has_plugin && auth.is_none() {
        return Err(
            "the credential plugin gave a certificate, and only tokens are supported from plugins".into()
        );
    }
    let extra = config.extra_headers_layer().map_err(|error| chain(&error))?;
    let hand_back = tower::service_fn(|request: Request<reqwest::Body>| async move {
        let mut response = Response::new(());
        *response.headers_mut() = request.into_parts().0.headers;
        Ok::<_, BoxError>(response)
    });
    let service =
        ServiceBuilder::new().map_err(BoxError::from).option_layer(auth).layer(extra).service(hand_back);
    Ok(Credentials::Kube(BoxCloneSyncService::new(service)))
}

/// The application that a `kubelogin` plugin asks tokens for.
fn server_application(exec: &ExecConfig) -> Option<String> {
    let command = exec.command.as_deref()?;
    let program = command.rsplit(['/', '\\']).next()?.trim_end_matches(".exe");
    if program != "kubelogin" {
        return None;
    }
    let mut arguments = exec.args.iter().flatten();
    let named = arguments.find(|argument| *argument == "--server-id").and_then(|_| arguments.next());
    Some(named.cloned().unwrap_or_else(|| AKS_SERVER.to_owned()))
}

fn is_not_installed(error: &kube::Error) -> bool {
    matches!(error, kube::Error::Auth(AuthError::AuthExecStart(error)) if error.kind() == std::io::ErrorKind::NotFound)
}

/// A kubeconfig or a plugin's answer that does not parse is never quoted: the piece that the parser would show
/// may be a token.
fn without_secrets(error: &(dyn std::error::Error + 'static)) -> String {
    if let Some(KubeconfigError::Parse(_)) = error.downcast_ref() {
        return "it is not readable as a kubeconfig (YAML)".to_owned();
    }
    // Which file it is, is said beside it.
    if let Some(KubeconfigError::ReadConfig(error, _)) = error.downcast_ref() {
        return error.to_string();
    }
    if let Some(kube::Error::Auth(error)) = error.downcast_ref() {
        return without_secrets(error);
    }
    match error.downcast_ref::<AuthError>() {
        // Its command line is not quoted: arguments and variables of plugins hold secrets.
        Some(AuthError::AuthExecRun { out, .. }) => {
            let said = String::from_utf8_lossy(&out.stderr);
            let said = said.lines().find(|line| !line.trim().is_empty()).unwrap_or("it said nothing");
            format!("the credential plugin failed ({}): {said}", out.status)
        }
        Some(AuthError::AuthExecParse(_)) => "the credential plugin's answer is not readable".to_owned(),
        _ => chain(error),
    }
}

/// The causes of an error in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(this) = cause {
        let next = this.to_string();
        if !text.contains(&next) {
            text.push_str(": ");
            text.push_str(&next);
        }
        cause = this.source();
    }
    text
}
