//! The credentials in order: the first that gives a token is kept.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};

use super::CredentialSource;
use super::candidate::Candidate;
use super::kept::OfScope;
use super::no_token::{NoToken, sign_in};
use crate::model::Blindness;

/// Credentials in order; the first that works is kept.
#[derive(Debug)]
pub(super) struct Chain {
    pub(super) candidates: Vec<Candidate>,
    pub(super) patience: Duration,
    /// What a person can do where none gives a token.
    pub(super) sign_in: &'static str,
    pub(super) chosen: OnceLock<usize>,
    /// By scope, so that none waits for another's.
    pub(super) kept: Mutex<BTreeMap<String, Arc<OfScope>>>,
}

#[async_trait]
impl TokenCredential for Chain {
    async fn get_token(
        &self,
        scopes: &[&str],
        _options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        let of_scope = self.of_scope(scopes.join(" "));
        let _asking = of_scope.asking.lock().await;
        let known = of_scope.kept().known();
        if let Some(known) = known {
            return known.map_err(NoToken::into_error);
        }
        let answer = self.ask(scopes).await.map_err(|told| NoToken { sign_in: self.sign_in, ..told });
        of_scope.kept().keep(&answer);
        answer.map_err(NoToken::into_error)
    }
}

impl Chain {
    pub(super) fn of(candidates: Vec<Candidate>, patience: Duration) -> Chain {
        let sign_in = sign_in(&CredentialSource::Auto);
        Chain { candidates, patience, sign_in, chosen: OnceLock::new(), kept: Mutex::default() }
    }

    fn of_scope(&self, scope: String) -> Arc<OfScope> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(kept.entry(scope).or_default())
    }

    pub(super) fn refused(&self, token: &str) -> bool {
        let kept: Vec<_> =
            self.kept.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect();
        for of_scope in kept {
            let Some(dropped) = of_scope.kept().drop_refused(token) else { continue };
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
