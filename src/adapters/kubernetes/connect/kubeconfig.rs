//! The kubeconfig: where it is read, and what of it is taken.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use kube::config::{AuthInfo, Cluster, Kubeconfig};
use secrecy::ExposeSecret as _;
use url::Url;
use zeroize::Zeroizing;

use super::super::super::credential::Tokens;
use super::super::super::http::{self as transport, HttpSettings, Identity, Proxies, Trust};
use super::plugin::{Plugin, credentials, without_secrets};
use super::{Connection, WATCH_SILENCE, chain};

/// How long a file may be half written.
pub(super) const REWRITTEN: Duration = Duration::from_secs(1);

/// Where a stamp's kubeconfig lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KubeconfigPlace {
    pub path: PathBuf,
    /// The file's current context where absent.
    pub context: Option<String>,
}

/// A kubeconfig, wherever it comes from.
pub enum Source {
    File(KubeconfigPlace),
    /// As Azure gave it.
    Text(Zeroizing<Vec<u8>>),
}

/// What the kubeconfig says of its context.
pub(super) fn read(source: &Source) -> Result<(Cluster, AuthInfo), String> {
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

pub(super) fn prepare(
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
        (Some(data), _) => match super::super::base64(data) {
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
