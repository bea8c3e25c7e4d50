//! Tokens for one resource.

use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use secrecy::{ExposeSecret as _, SecretString};

use super::Tokens;
use crate::ports::Fault;

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
impl super::super::token::TokenSource for ScopedTokens {
    async fn token(&self) -> Result<SecretString, Fault> {
        let token = self.tokens.token(&self.scope).await?;
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(token.clone());
        Ok(token)
    }

    async fn forget(&self) {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(last) = last {
            self.tokens.refused(last.expose_secret());
        }
    }
}
