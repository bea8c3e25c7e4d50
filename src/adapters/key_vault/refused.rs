//! The transport of a vault's client, which hears of tokens that the vault refuses.
//!
//! The SDK asks for a token again where a vault answers with a challenge, once a call. Without a word from here it would get
//! the same one.

use std::sync::Arc;

use async_trait::async_trait;
use azure_core::http::headers::AUTHORIZATION;
use azure_core::http::{AsyncRawResponse, HttpClient, Request, StatusCode};

use super::super::credential::Tokens;

pub(super) struct Hearing {
    pub transport: Arc<dyn HttpClient>,
    pub tokens: Tokens,
}

impl std::fmt::Debug for Hearing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Hearing")
    }
}

#[async_trait]
impl HttpClient for Hearing {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let answer = self.transport.execute_request(request).await?;
        // The first request of a client has no token: it asks for the challenge.
        let bearer = request.headers().get_optional_str(&AUTHORIZATION);
        if answer.status() == StatusCode::Unauthorized
            && let Some(token) = bearer.and_then(|text| text.strip_prefix("Bearer "))
        {
            self.tokens.refused(token);
        }
        Ok(answer)
    }
}
