//! Tokens from Entra ID, by the credentials of `azure_identity`.
//!
//! Order of [`CredentialSource::Auto`]: a client secret in the environment, workload identity (a federated token
//! file in the environment), the Azure CLI, the machine's managed identity. The last comes last because asking
//! for it on a machine without one costs a timeout. The first that gives a token is kept. Tokens are kept here, one a
//! scope, until five minutes before they expire, in wall time: the crate keeps those of most credentials, and starts
//! the Azure CLI anew for each. One that a service refuses is dropped, and another one is asked for: access may have been
//! revoked and granted again, or somebody has signed in anew. They are handed out as secrets; the older
//! SDK's stack, which would log them, only ever sees a placeholder (see `arm`).

mod candidate;
mod no_token;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use azure_core::cloud::{CloudConfiguration, CustomConfiguration};
use azure_core::credentials::{AccessToken, Secret, TokenCredential, TokenRequestOptions};
use azure_core::http::{ClientOptions, RetryOptions, Transport};
use azure_identity::{
    AzureCliCredential, AzureCliCredentialOptions, ClientAssertionCredentialOptions, ClientSecretCredential,
    ClientSecretCredentialOptions, ManagedIdentityCredential, ManagedIdentityCredentialOptions,
    UserAssignedId, WorkloadIdentityCredential, WorkloadIdentityCredentialOptions,
};
use secrecy::{ExposeSecret as _, SecretString};

use self::candidate::Candidate;
pub use self::no_token::no_token;
pub(super) use self::no_token::tells_of_the_network;
use self::no_token::{NoToken, sign_in};
use super::http::Http;
use crate::model::Blindness;
use crate::ports::Fault;

/// Entra ID of the public cloud.
pub const PUBLIC_AUTHORITY: &str = "https://login.microsoftonline.com";

/// Where tokens come from.
#[derive(Clone, Debug, Default)]
pub enum CredentialSource {
    /// The first that works; the order stands in the module's documentation.
    #[default]
    Auto,
    ClientSecret {
        tenant: String,
        client: String,
        secret: SecretString,
    },
    /// Federation, as `AZURE_FEDERATED_TOKEN_FILE` and its neighbours say.
    WorkloadIdentity,
    AzureCli,
    /// Of the machine; with `AZURE_CLIENT_ID` a user-assigned one.
    ManagedIdentity,
}

/// What tokens are asked with.
#[derive(Clone, Debug)]
pub struct CredentialSettings {
    pub source: CredentialSource,
    /// Base URL of Entra ID.
    pub authority: String,
    /// How long each source may take to give a token.
    pub patience: Duration,
}

impl Default for CredentialSettings {
    fn default() -> Self {
        CredentialSettings {
            source: CredentialSource::Auto,
            authority: PUBLIC_AUTHORITY.to_owned(),
            patience: PATIENCE,
        }
    }
}

/// Hands out tokens. Clones share the cache.
#[derive(Clone, Debug)]
pub struct Tokens(Arc<Chain>);

impl Tokens {
    /// `environment` looks up environment variables; the process's own are not read here, except that the
    /// Azure CLI, started as a program, inherits them.
    ///
    /// # Errors
    /// When a named source is not configured, or nothing at all is.
    pub fn new(
        http: &Http,
        settings: &CredentialSettings,
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Tokens, Fault> {
        let maker = Maker { http, authority: &settings.authority, environment };
        let candidates = maker.candidates(&settings.source)?;
        let chain = Chain { sign_in: sign_in(&settings.source), ..Chain::of(candidates, settings.patience) };
        Ok(Tokens(Arc::new(chain)))
    }

    /// A token for one resource, as `https://management.azure.com/.default`.
    ///
    /// # Errors
    /// When no source gives one; with what each said.
    pub async fn token(&self, scope: &str) -> Result<SecretString, Fault> {
        match self.0.get_token(&[scope], None).await {
            Ok(token) => Ok(SecretString::from(token.token.secret().to_owned())),
            Err(error) => Err(NoToken::told(&error).fault(scope)),
        }
    }

    /// A service has refused this token: it is not handed out again where another one can be had, and the answer says whether
    /// another one is asked for. One that takes its place and is refused, too, stands for a while, so that whom nobody lets in
    /// does not ask for tokens all the time.
    pub async fn refused(&self, token: &str) -> bool {
        self.0.refused(token).await
    }

    /// For clients of the SDK's current generation.
    pub fn sdk(&self) -> Arc<dyn TokenCredential> {
        self.0.clone()
    }
}

/// How long one may take to give a token: a program that hangs, or asks somebody, keeps all others waiting.
const PATIENCE: Duration = Duration::from_secs(60);

/// Credentials in order; the first that works is kept.
#[derive(Debug)]
struct Chain {
    candidates: Vec<Candidate>,
    patience: Duration,
    /// What a person can do where none gives a token.
    sign_in: &'static str,
    chosen: OnceLock<usize>,
    /// By scope, so that none waits for another's.
    kept: Mutex<BTreeMap<String, Arc<tokio::sync::Mutex<Kept>>>>,
}

/// Of one scope. Held while a token is asked for: who comes meanwhile gets the same.
#[derive(Debug, Default)]
struct Kept {
    token: Option<AccessToken>,
    refused: Option<(Instant, NoToken)>,
    /// When a token was dropped last.
    dropped: Option<Instant>,
}

impl Kept {
    /// What is said without asking.
    fn known(&self) -> Option<Result<AccessToken, NoToken>> {
        let now = azure_core::time::OffsetDateTime::now_utc();
        let living = self.token.as_ref().filter(|token| token.expires_on - now > BEFORE_ITS_END);
        let refused = self.refused.as_ref().filter(|(at, _)| at.elapsed() < STILL_REFUSED);
        let refusal = || refused.map(|(_, told)| Err(told.clone()));
        living.cloned().map(Ok).or_else(refusal)
    }

    /// Drops the token, if it is this one. `None` where it is another one's.
    fn drop_refused(&mut self, token: &str) -> Option<bool> {
        self.token.as_ref().filter(|kept| kept.token.secret() == token)?;
        let is_due = self.dropped.is_none_or(|at| at.elapsed() >= STILL_DROPPED);
        if is_due {
            (self.token, self.dropped) = (None, Some(Instant::now()));
        }
        Some(is_due)
    }

    fn keep(&mut self, answer: &Result<AccessToken, NoToken>) {
        match answer {
            Ok(token) => self.token = Some(token.clone()),
            Err(told) => self.refused = Some((Instant::now(), told.clone())),
        }
    }
}

/// For how long a refusal stands: sixty clusters that want one token ask for it once.
const STILL_REFUSED: Duration = Duration::from_secs(5);

/// For how long no other token is dropped after one was.
const STILL_DROPPED: Duration = Duration::from_secs(60);

/// How long before its end a token is no longer handed out.
const BEFORE_ITS_END: azure_core::time::Duration = azure_core::time::Duration::minutes(5);

#[async_trait]
impl TokenCredential for Chain {
    async fn get_token(
        &self,
        scopes: &[&str],
        _options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        let of_scope = self.of_scope(scopes.join(" "));
        let mut kept = of_scope.lock().await;
        if let Some(known) = kept.known() {
            return known.map_err(NoToken::into_error);
        }
        let answer = self.ask(scopes).await.map_err(|told| NoToken { sign_in: self.sign_in, ..told });
        kept.keep(&answer);
        answer.map_err(NoToken::into_error)
    }
}

impl Chain {
    fn of(candidates: Vec<Candidate>, patience: Duration) -> Chain {
        let sign_in = sign_in(&CredentialSource::Auto);
        Chain { candidates, patience, sign_in, chosen: OnceLock::new(), kept: Mutex::default() }
    }

    fn of_scope(&self, scope: String) -> Arc<tokio::sync::Mutex<Kept>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(kept.entry(scope).or_default())
    }

    async fn refused(&self, token: &str) -> bool {
        let kept: Vec<_> =
            self.kept.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect();
        for of_scope in kept {
            let Some(dropped) = of_scope.lock().await.drop_refused(token) else { continue };
            if dropped && let Some(chosen) = self.chosen.get().and_then(|place| self.candidates.get(*place)) {
                chosen.renew();
            }
            return dropped;
        }
        // Somebody was quicker.
        true
    }

    /// Where none gives a token, the first one's error says what it is: the others are tried in case.
    async fn ask(&self, scopes: &[&str]) -> Result<AccessToken, NoToken> {
        if let Some(candidate) = self.chosen.get().and_then(|place| self.candidates.get(*place)) {
            return candidate.token(scopes, self.patience).await;
        }
        let (mut refusals, mut first) = (Vec::new(), None);
        for (place, candidate) in self.candidates.iter().enumerate() {
            match candidate.token(scopes, self.patience).await {
                Ok(token) => {
                    let _ = self.chosen.set(place);
                    return Ok(token);
                }
                Err(NoToken { kind, why, .. }) => {
                    first.get_or_insert(kind);
                    refusals.push(format!("{}: {why}", candidate.name));
                }
            }
        }
        let (kind, why) = (first.unwrap_or(Blindness::Forbidden), refusals.join("; "));
        Err(NoToken { kind, why, sign_in: self.sign_in })
    }
}

struct Maker<'a> {
    http: &'a Http,
    authority: &'a str,
    environment: &'a dyn Fn(&str) -> Option<String>,
}

impl Maker<'_> {
    fn candidates(&self, source: &CredentialSource) -> Result<Vec<Candidate>, Fault> {
        match source {
            CredentialSource::Auto => self.all(),
            CredentialSource::ClientSecret { tenant, client, secret } => {
                Ok(vec![self.client_secret(tenant, client, secret)?])
            }
            CredentialSource::WorkloadIdentity => {
                Ok(vec![self.workload_identity()?.ok_or_else(|| unset("AZURE_FEDERATED_TOKEN_FILE"))?])
            }
            CredentialSource::AzureCli => Ok(vec![self.azure_cli()?]),
            CredentialSource::ManagedIdentity => Ok(vec![self.managed_identity()?]),
        }
    }

    fn all(&self) -> Result<Vec<Candidate>, Fault> {
        let mut all = Vec::new();
        if let (Some(tenant), Some(client), Some(secret)) =
            (self.read("AZURE_TENANT_ID"), self.read("AZURE_CLIENT_ID"), self.read("AZURE_CLIENT_SECRET"))
        {
            all.push(self.client_secret(&tenant, &client, &SecretString::from(secret))?);
        }
        all.extend(self.workload_identity()?);
        all.push(self.azure_cli()?);
        all.push(self.managed_identity()?);
        Ok(all)
    }

    fn read(&self, name: &str) -> Option<String> {
        (self.environment)(name).filter(|value| !value.is_empty())
    }

    fn client_secret(&self, tenant: &str, client: &str, secret: &SecretString) -> Result<Candidate, Fault> {
        let client_options = self.client_options();
        let (tenant, client, secret) = (tenant.to_owned(), client.to_owned(), secret.clone());
        Candidate::new("client secret", move || {
            let secret = Secret::new(secret.expose_secret().to_owned());
            let options = ClientSecretCredentialOptions { client_options: client_options.clone() };
            ClientSecretCredential::new(&tenant, client.clone(), secret, Some(options))
        })
    }

    fn workload_identity(&self) -> Result<Option<Candidate>, Fault> {
        let Some(file) = self.read("AZURE_FEDERATED_TOKEN_FILE") else { return Ok(None) };
        let client_options = self.client_options();
        let (client, tenant) = (self.read("AZURE_CLIENT_ID"), self.read("AZURE_TENANT_ID"));
        let make = move || {
            let client_options = client_options.clone();
            WorkloadIdentityCredential::new(Some(WorkloadIdentityCredentialOptions {
                credential_options: ClientAssertionCredentialOptions { client_options },
                client_id: client.clone(),
                tenant_id: tenant.clone(),
                token_file_path: Some(PathBuf::from(file.clone())),
            }))
        };
        Candidate::new("workload identity", make).map(Some)
    }

    fn azure_cli(&self) -> Result<Candidate, Fault> {
        let options = AzureCliCredentialOptions {
            tenant_id: self.read("AZURE_TENANT_ID"),
            ..AzureCliCredentialOptions::default()
        };
        Candidate::new("Azure CLI (az)", move || AzureCliCredential::new(Some(options.clone())))
    }

    fn managed_identity(&self) -> Result<Candidate, Fault> {
        let endpoint = self.read("IDENTITY_ENDPOINT").and_then(|endpoint| endpoint.parse().ok());
        let http = match endpoint.map(|endpoint| self.http.asking_identity(&endpoint)).transpose() {
            Ok(http) => http.unwrap_or_else(|| self.http.clone()),
            Err(error) => {
                let why = super::chain(&error);
                return Err(Fault::new(Blindness::Forbidden, "set up a credential", "managed identity", why));
            }
        };
        let options = ManagedIdentityCredentialOptions {
            user_assigned_id: self.read("AZURE_CLIENT_ID").map(UserAssignedId::ClientId),
            client_options: self.options_over(http),
        };
        Candidate::new("managed identity", move || ManagedIdentityCredential::new(Some(options.clone())))
    }

    fn client_options(&self) -> ClientOptions {
        self.options_over(self.http.clone())
    }

    fn options_over(&self, http: Http) -> ClientOptions {
        let mut cloud = CustomConfiguration::default();
        cloud.authority_host = self.authority.to_owned();
        ClientOptions {
            transport: Some(Transport::new(Arc::new(http))),
            retry: RetryOptions::none(),
            cloud: Some(Arc::new(CloudConfiguration::Custom(cloud))),
            ..ClientOptions::default()
        }
    }
}

fn unset(variable: &str) -> Fault {
    Fault::new(
        Blindness::Forbidden,
        "set up a credential",
        "workload identity",
        format!("{variable} is not set"),
    )
}

/// Tokens for one resource, for adapters that only want “a token” (git over https, Azure DevOps).
pub struct ScopedTokens {
    tokens: Tokens,
    scope: String,
    /// The one that was handed out last.
    last: Mutex<Option<SecretString>>,
}

impl Tokens {
    pub fn scoped(&self, scope: &str) -> ScopedTokens {
        ScopedTokens { tokens: self.clone(), scope: scope.to_owned(), last: Mutex::default() }
    }
}

#[async_trait]
impl super::token::TokenSource for ScopedTokens {
    async fn token(&self) -> Result<SecretString, Fault> {
        let token = self.tokens.token(&self.scope).await?;
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(token.clone());
        Ok(token)
    }

    async fn forget(&self) {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(last) = last {
            self.tokens.refused(last.expose_secret()).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use azure_core::time::{Duration, OffsetDateTime};

    use super::*;

    /// Gives tokens that last so long, and counts.
    #[derive(Debug)]
    struct Counts(Duration, AtomicUsize);

    #[async_trait]
    impl TokenCredential for Counts {
        async fn get_token(
            &self,
            scopes: &[&str],
            _options: Option<TokenRequestOptions<'_>>,
        ) -> azure_core::Result<AccessToken> {
            let count = self.1.fetch_add(1, Ordering::SeqCst);
            Ok(AccessToken::new(format!("{}-{count}", scopes[0]), OffsetDateTime::now_utc() + self.0))
        }
    }

    fn candidate<C: TokenCredential + 'static>(name: &'static str, credential: &Arc<C>) -> Candidate {
        let credential = Arc::clone(credential);
        Candidate::new(name, move || Ok(Arc::clone(&credential))).unwrap()
    }

    async fn asked(life: Duration, scopes: &[&str]) -> usize {
        let credential = Arc::new(Counts(life, AtomicUsize::new(0)));
        let chain = Chain::of(vec![candidate("test", &credential)], PATIENCE);
        let tokens = Tokens(Arc::new(chain));
        for scope in scopes {
            assert!(tokens.token(scope).await.unwrap().expose_secret().starts_with(scope));
        }
        credential.1.load(Ordering::SeqCst)
    }

    /// A program that waits for a person.
    #[derive(Debug)]
    struct Hangs;

    #[async_trait]
    impl TokenCredential for Hangs {
        async fn get_token(
            &self,
            _scopes: &[&str],
            _options: Option<TokenRequestOptions<'_>>,
        ) -> azure_core::Result<AccessToken> {
            std::future::pending().await
        }
    }

    #[tokio::test]
    async fn a_source_that_hangs_is_named_and_keeps_the_next_one_waiting_for_no_longer_than_it_may() {
        let named = |http: &Http| {
            let maker = Maker { http, authority: PUBLIC_AUTHORITY, environment: &|_| None };
            maker.azure_cli().unwrap().name
        };
        let http = super::super::http::client(&super::super::http::HttpSettings::default()).unwrap();
        let hangs = || candidate(named(&http), &Arc::new(Hangs));
        let within = std::time::Duration::from_millis(200);
        let tokens = Tokens(Arc::new(Chain::of(vec![hangs()], within)));
        let begun = Instant::now();
        let fault = tokens.token("a").await.unwrap_err();
        assert!(begun.elapsed() < PATIENCE, "{:?}", begun.elapsed());
        assert!(fault.why.contains("(az) gave no answer within 0.2 s"), "{fault}");
        let next = Arc::new(Counts(Duration::minutes(60), AtomicUsize::new(0)));
        let next = candidate("next", &next);
        let tokens = Tokens(Arc::new(Chain::of(vec![hangs(), next], within)));
        assert!(tokens.token("a").await.is_ok());
    }

    #[tokio::test]
    async fn a_token_is_asked_for_once_a_scope_and_again_shortly_before_its_end() {
        assert_eq!(asked(Duration::minutes(6), &["a", "b", "a", "b", "a"]).await, 2);
        assert_eq!(asked(Duration::minutes(4), &["a", "a"]).await, 2);
    }

    #[tokio::test]
    async fn a_token_that_was_refused_is_dropped_once_and_its_source_made_anew() {
        let made = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&made);
        let credential = Arc::new(Counts(Duration::minutes(60), AtomicUsize::new(0)));
        let source = Candidate::new("test", move || {
            counted.fetch_add(1, Ordering::SeqCst);
            Ok(Arc::clone(&credential))
        });
        let tokens = Tokens(Arc::new(Chain::of(vec![source.unwrap()], PATIENCE)));
        let of = async |scope| tokens.token(scope).await.unwrap().expose_secret().to_owned();
        let (first, other) = (of("a").await, of("b").await);
        for _ in 0..60 {
            assert!(tokens.refused(&first).await);
        }
        let second = of("a").await;
        assert_ne!(second, first);
        assert_eq!((of("b").await, made.load(Ordering::SeqCst)), (other, 2), "another one's stays");
        // Who was late to hear of it drops nothing, and a second one stands for a while.
        assert!(tokens.refused(&first).await && !tokens.refused(&second).await);
        assert_eq!((of("a").await, made.load(Ordering::SeqCst)), (second, 2));
    }

    /// Refuses, after a while, and counts.
    #[derive(Debug)]
    struct Refuses(azure_core::error::ErrorKind, AtomicUsize);

    #[async_trait]
    impl TokenCredential for Refuses {
        async fn get_token(
            &self,
            scopes: &[&str],
            _options: Option<TokenRequestOptions<'_>>,
        ) -> azure_core::Result<AccessToken> {
            if scopes == ["b"] {
                return Ok(AccessToken::new("b", OffsetDateTime::now_utc() + Duration::minutes(60)));
            }
            self.1.fetch_add(1, Ordering::SeqCst);
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            let inner = azure_core::Error::with_message(self.0.clone(), "no");
            Err(azure_core::Error::with_error(azure_core::error::ErrorKind::Credential, inner, "failed"))
        }
    }

    /// A program that gives up with these words.
    #[derive(Debug)]
    struct Says(&'static str);

    #[async_trait]
    impl TokenCredential for Says {
        async fn get_token(
            &self,
            _scopes: &[&str],
            _options: Option<TokenRequestOptions<'_>>,
        ) -> azure_core::Result<AccessToken> {
            Err(azure_core::Error::with_message(azure_core::error::ErrorKind::Credential, self.0))
        }
    }

    fn refuses(kind: azure_core::error::ErrorKind) -> (Arc<Refuses>, Tokens) {
        let credential = Arc::new(Refuses(kind, AtomicUsize::new(0)));
        let chain = Chain::of(vec![candidate("test", &credential)], PATIENCE);
        (credential, Tokens(Arc::new(chain)))
    }

    #[tokio::test]
    async fn a_token_that_cannot_be_had_is_asked_for_once_by_all_and_keeps_no_other_scope_waiting() {
        let (credential, tokens) = refuses(azure_core::error::ErrorKind::Credential);
        let refused = futures::future::join_all((0..60).map(|_| tokens.token("a")));
        let begun = Instant::now();
        let other = async {
            tokio::task::yield_now().await;
            assert!(tokens.token("b").await.is_ok());
            begun.elapsed()
        };
        let (refused, waited) = tokio::join!(refused, other);
        assert!(refused.iter().all(Result::is_err));
        assert_eq!(credential.1.load(Ordering::SeqCst), 1);
        assert!(waited < std::time::Duration::from_millis(80), "{waited:?}");
    }

    #[tokio::test]
    async fn a_source_that_was_named_is_what_is_put_right_and_all_is_said_in_one_line() {
        let secret = SecretString::from("s".to_owned());
        let source =
            CredentialSource::ClientSecret { tenant: "t".to_owned(), client: "c".to_owned(), secret };
        let says =
            vec![candidate("test", &Arc::new(Says("AADSTS7000215: Invalid client secret.\r\nTrace ID: 1")))];
        let chain = Chain { sign_in: sign_in(&source), ..Chain::of(says, PATIENCE) };
        let fault = Tokens(Arc::new(chain)).token("a").await.unwrap_err();
        assert!(!fault.remedy.contains("az login"), "{fault}");
        assert!(fault.remedy.contains("the secret has not expired"), "{fault}");
        assert!(fault.why.contains("secret. Trace ID: 1") && !fault.why.contains('\n'), "{fault}");
    }

    #[tokio::test]
    async fn a_token_service_that_is_away_is_no_missing_right() {
        use azure_core::error::ErrorKind;
        let answered = |status: u16| ErrorKind::HttpResponse {
            status: status.into(),
            error_code: None,
            raw_response: None,
        };
        for (kind, told) in [
            (answered(401), Blindness::Forbidden),
            (answered(400), Blindness::Forbidden),
            (answered(429), Blindness::Throttled),
            (answered(503), Blindness::Unreachable),
            (ErrorKind::DataConversion, Blindness::Unreachable),
            (ErrorKind::Credential, Blindness::Forbidden),
        ] {
            let fault = refuses(kind).1.token("a").await.unwrap_err();
            assert_eq!(fault.kind, told, "{fault}");
            assert_eq!(fault.remedy.contains("az login"), told == Blindness::Forbidden, "{fault}");
            // As clients of the SDK tell it.
            let error = NoToken { kind: told, why: String::new(), sign_in: "" }.into_error();
            let wrapped = azure_core::Error::with_error(ErrorKind::Credential, error, "failed");
            assert_eq!(no_token(&wrapped).map(|(kind, _)| kind), Some(told));
        }
        // A program tells it in words alone.
        for (words, told) in [
            (
                "ERROR: HTTPSConnectionPool(host='login.microsoftonline.com', port=443): Max retries exceeded with url: \
                 /organizations/v2.0/.well-known/openid-configuration (Caused by NameResolutionError(\"[Errno -3] Temporary \
                 failure in name resolution\"))",
                Blindness::Unreachable,
            ),
            (
                "ERROR: <urllib3.connection.HTTPSConnection object>: [Errno 101] Network is unreachable",
                Blindness::Unreachable,
            ),
            ("ERROR: Please run 'az login' to setup account.", Blindness::Forbidden),
            ("ERROR: AADSTS700082: The refresh token has expired due to inactivity.", Blindness::Forbidden),
            ("az was not found", Blindness::Forbidden),
        ] {
            let says = vec![candidate("az", &Arc::new(Says(words)))];
            let fault = Tokens(Arc::new(Chain::of(says, PATIENCE))).token("a").await.unwrap_err();
            assert_eq!(fault.kind, told, "{fault}");
        }
        let hangs = vec![candidate("test", &Arc::new(Hangs))];
        let tokens = Tokens(Arc::new(Chain::of(hangs, std::time::Duration::from_millis(20))));
        assert_eq!(tokens.token("a").await.unwrap_err().kind, Blindness::Unreachable);
    }
}
