//! Who is asked for a token, how often, and what is said where there is none.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use async_trait::async_trait;
use azure_core::credentials::{AccessToken, TokenRequestOptions};
use azure_core::time::{Duration, OffsetDateTime};
use secrecy::ExposeSecret as _;

use super::candidate::Candidate;
use super::*;
use crate::model::Blindness;

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
        assert!(tokens.refused(&first));
    }
    let second = of("a").await;
    assert_ne!(second, first);
    assert_eq!((of("b").await, made.load(Ordering::SeqCst)), (other, 2), "another one's stays");
    // Who was late to hear of it drops nothing, and a second one stands for a while.
    assert!(tokens.refused(&first) && !tokens.refused(&second));
    assert_eq!((of("a").await, made.load(Ordering::SeqCst)), (second, 2));
}

/// Gives tokens, but those of `a` never.
#[derive(Debug)]
struct Stalls;

#[async_trait]
impl TokenCredential for Stalls {
    async fn get_token(
        &self,
        scopes: &[&str],
        _options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        if scopes == ["a"] {
            std::future::pending::<()>().await;
        }
        Ok(AccessToken::new(scopes[0].to_owned(), OffsetDateTime::now_utc() + Duration::minutes(60)))
    }
}

#[tokio::test]
async fn a_refusal_is_heard_while_another_scope_waits_for_its_token() {
    let tokens = Tokens(Arc::new(Chain::of(vec![candidate("test", &Arc::new(Stalls))], PATIENCE)));
    let token = tokens.token("b").await.unwrap();
    let mut asking = std::pin::pin!(tokens.token("a"));
    assert!(futures::poll!(asking.as_mut()).is_pending(), "it has none");
    assert!(tokens.refused(token.expose_secret()));
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
    let source = CredentialSource::ClientSecret { tenant: "t".to_owned(), client: "c".to_owned(), secret };
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
    let answered =
        |status: u16| ErrorKind::HttpResponse { status: status.into(), error_code: None, raw_response: None };
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
