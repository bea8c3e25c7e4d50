//! Credentials: from Azure, or from a program that the kubeconfig names.

use std::io::IsTerminal as _;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue, Request, Response};
use kube::client::{AuthError, ConfigExt as _};
use kube::config::{AuthInfo, ExecConfig, ExecInteractiveMode, KubeconfigError};
use secrecy::ExposeSecret as _;
use tower::util::BoxCloneSyncService;
use tower::{BoxError, ServiceBuilder};

use super::super::super::credential::Tokens;
use super::chain;
use crate::model::Blindness;

/// The application that AKS clusters with Entra take tokens for, where the kubeconfig names no other.
const AKS_SERVER: &str = "6dae42f8-4368-4678-94ff-3960e28e3630";

/// Who asks.
#[derive(Clone)]
pub(super) enum Credentials {
    /// As the kubeconfig says.
    Kube(BoxCloneSyncService<Request<reqwest::Body>, Response<()>, BoxError>),
    /// The signed-in Azure identity.
    Entra { tokens: Tokens, scope: String },
}

/// How long a plugin may take. One that wants a person to log in waits for ever.
pub const PLUGIN: Duration = Duration::from_secs(60);

/// The credential plugin of a kubeconfig's user, where there is one.
#[derive(Clone, Debug, Default)]
pub(super) struct Plugin {
    /// Its program, without folder and arguments, once the kubeconfig is read.
    pub(super) program: Arc<OnceLock<String>>,
    pub(super) patience: Duration,
}

impl Plugin {
    pub(super) fn is(&self, user: &AuthInfo) {
        let command = user.exec.as_ref().and_then(|exec| exec.command.as_deref());
        if let Some(program) = command.and_then(|command| command.rsplit(['/', '\\']).next()) {
            let _ = self.program.set(program.to_owned());
        }
    }

    pub(super) fn silent(&self) -> String {
        let which = self.program.get().map(|program| format!(" ({program})")).unwrap_or_default();
        let limit = self.patience.as_secs_f64();
        format!(
            "the credential plugin{which} gave no answer within {limit} s: it may wait for somebody to log in"
        )
    }
}

pub(super) async fn bearer(tokens: &Tokens, scope: &str) -> Result<HeaderMap, (Blindness, String)> {
    let token = tokens.token(scope).await.map_err(|fault| (fault.kind, fault.to_string()))?;
    let mut value = HeaderValue::from_str(&format!("Bearer {}", token.expose_secret()))
        .map_err(|_| (Blindness::Unintelligible, "the token cannot be sent as a header".to_owned()))?;
    value.set_sensitive(true);
    Ok(HeaderMap::from_iter([(AUTHORIZATION, value)]))
}

/// kube's own layers, around a service that hands the finished headers back instead of sending them.
pub(super) fn credentials(
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
pub(super) fn without_secrets(error: &(dyn std::error::Error + 'static)) -> String {
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
