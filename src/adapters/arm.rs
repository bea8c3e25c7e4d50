//! Azure Resource Manager: its errors, and the transport under the older SDK generation.
//!
//! `azure_core` 0.21 logs requests with their authorization header. So its credential hands out a placeholder,
//! and [`ArmTransport`] puts the real token in below everything that logs. One transport serves one call and
//! sends at most one request: whatever a policy above it believes about retries, no effect goes out twice, and a read only
//! where its token was refused.

mod error;
mod transport;

use std::sync::Arc;

use http::StatusCode;
use reqwest::header::{AUTHORIZATION, HeaderValue};
use secrecy::{ExposeSecret as _, SecretString};

use self::error::success;
pub use self::error::{ArmError, ArmFailure};
pub use self::transport::{ArmTransport, Placeholder};
use super::credential::Tokens;
use super::http::{Answer, Http, Leave};
use crate::ports::{Clock, Permit};

/// What a call needs besides its request.
#[derive(Clone)]
pub struct ArmAccess {
    pub http: Http,
    pub tokens: Tokens,
    /// As `https://management.azure.com/.default`.
    pub scope: String,
    pub clock: Arc<dyn Clock>,
}

impl ArmAccess {
    /// Sends one request with a token. Where that is refused, another one is asked for, and what is only read (without a
    /// permit) is asked once more with it.
    ///
    /// # Errors
    /// Everything but a success.
    pub async fn send(
        &self,
        request: reqwest::Request,
        permit: Option<&Permit>,
    ) -> Result<Answer, ArmFailure> {
        let again = if permit.is_none() { request.try_clone() } else { None };
        let token = self.token().await?;
        let answer = self.send_with(request, &token, permit).await?;
        if answer.status == StatusCode::UNAUTHORIZED
            && self.tokens.refused(token.expose_secret())
            && let Some(request) = again
        {
            let next = self.token().await?;
            if next.expose_secret() != token.expose_secret() {
                return success(self.send_with(request, &next, None).await?);
            }
        }
        success(answer)
    }

    async fn token(&self) -> Result<SecretString, ArmFailure> {
        self.tokens.token(&self.scope).await.map_err(ArmFailure::Token)
    }

    async fn send_with(
        &self,
        mut request: reqwest::Request,
        token: &SecretString,
        permit: Option<&Permit>,
    ) -> Result<Answer, ArmFailure> {
        let mut value = HeaderValue::from_str(&format!("Bearer {}", token.expose_secret()))
            .map_err(|_| ArmFailure::Sdk("the token cannot be sent as a header".to_owned()))?;
        value.set_sensitive(true);
        request.headers_mut().insert(AUTHORIZATION, value);
        let leave = permit.map(|permit| Leave { permit, clock: self.clock.as_ref() });
        Ok(self.http.send(request, leave).await?)
    }
}
