//! From a kubeconfig to a connection: address, trust, credentials.
//!
//! Where the plugin is `kubelogin` and it is not installed, or the kubeconfig came from Azure itself, the token is
//! asked of the credential that everything else uses, anew for each request: whoever renews it, it is a living one.
//! kube reads the kubeconfig and obtains tokens (static, from a file, from a plugin such as kubelogin); what
//! is sent goes through keyslot's own HTTP client, because kube's would repeat a refused PATCH up to fifteen
//! times, take its TLS provider from a process-wide default, and match NO_PROXY against the proxy's own
//! address. A kubeconfig that switches certificate checks off is refused: Secrets travel on this connection.

mod kubeconfig;
mod plugin;

use std::sync::Arc;
use std::time::Duration;

use http::header::AUTHORIZATION;
use http::{HeaderMap, Request};
use tower::ServiceExt as _;
use url::Url;

pub use self::kubeconfig::KubeconfigPlace;
pub(super) use self::kubeconfig::Source;
use self::kubeconfig::{REWRITTEN, prepare, read};
pub(super) use self::plugin::PLUGIN;
use self::plugin::{Credentials, Plugin, bearer, without_secrets};
use super::super::credential::{Tokens, tells_of_the_network};
use super::super::http::{Http, HttpSettings};
use super::made::Made;
use super::newest::Newest;
use super::skew::Skew;
use crate::model::Blindness;
use crate::ports::Fault;

/// Longer than the minute between two bookmarks of a quiet watch; ordinary calls have a timeout of their own.
const WATCH_SILENCE: Duration = Duration::from_secs(100);

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
    pub fn refused(&self, headers: &HeaderMap) -> bool {
        let Credentials::Entra { tokens, .. } = &self.credentials else { return false };
        let bearer = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        match bearer.and_then(|text| text.strip_prefix("Bearer ")) {
            Some(token) => tokens.refused(token),
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
