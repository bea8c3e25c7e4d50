//! The older SDK's way through the shared client: the real token is put in below it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use azure_core_legacy as legacy;
use reqwest::header::{HeaderName, HeaderValue};

use super::super::http::{Answer, legacy_head, legacy_outgoing};
use super::ArmAccess;
use super::error::ArmFailure;
use crate::ports::Permit;

/// The transport of one call of the older SDK.
pub struct ArmTransport {
    access: ArmAccess,
    permit: Option<Permit>,
    request_id: Option<String>,
    used: AtomicBool,
    answer: Mutex<Option<Answer>>,
}

impl std::fmt::Debug for ArmTransport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ArmTransport")
    }
}

impl ArmTransport {
    /// For a read.
    pub fn reading(access: ArmAccess) -> ArmTransport {
        ArmTransport::new(access, None, None)
    }

    /// For a read that is to be known by its id in the activity log.
    pub fn reading_as(access: ArmAccess, request_id: &str) -> ArmTransport {
        ArmTransport::new(access, None, Some(request_id.to_owned()))
    }

    /// For an effect, under a permit, named by `request_id` in `x-ms-client-request-id`.
    pub fn acting(access: ArmAccess, permit: Permit, request_id: &str) -> ArmTransport {
        ArmTransport::new(access, Some(permit), Some(request_id.to_owned()))
    }

    pub(super) fn new(access: ArmAccess, permit: Option<Permit>, request_id: Option<String>) -> ArmTransport {
        let (used, answer) = (AtomicBool::new(false), Mutex::new(None));
        ArmTransport { access, permit, request_id, used, answer }
    }

    /// The answer to the one request. The SDK sees only its head: bodies may hold keys, and its buffers are
    /// not wiped.
    ///
    /// # Errors
    /// When the SDK said that it succeeded without having sent anything.
    pub fn take(&self) -> Result<Answer, ArmFailure> {
        let answer = self.answer.lock().unwrap_or_else(PoisonError::into_inner).take();
        answer.ok_or_else(|| ArmFailure::Sdk("nothing was sent".to_owned()))
    }

    pub(super) async fn once(&self, request: &legacy::Request) -> Result<Answer, ArmFailure> {
        if self.used.swap(true, Ordering::SeqCst) {
            return Err(ArmFailure::Sdk("the SDK tried to send a request again; it was stopped".to_owned()));
        }
        let mut outgoing = legacy_outgoing(request).map_err(ArmFailure::from)?;
        if let Some(id) = &self.request_id {
            let id = HeaderValue::from_str(id)
                .map_err(|_| ArmFailure::Sdk("the request id cannot be sent as a header".to_owned()))?;
            outgoing.headers_mut().insert(HeaderName::from_static("x-ms-client-request-id"), id);
        }
        self.access.send(outgoing, self.permit.as_ref()).await
    }
}

#[async_trait]
impl legacy::HttpClient for ArmTransport {
    async fn execute_request(&self, request: &legacy::Request) -> legacy::Result<legacy::Response> {
        match self.once(request).await {
            Ok(answer) => {
                let (status, headers) = legacy_head(answer.status, &answer.headers)?;
                *self.answer.lock().unwrap_or_else(PoisonError::into_inner) = Some(answer);
                Ok(legacy::Response::new(status, headers, Box::pin(futures::stream::empty())))
            }
            Err(failure) => Err(legacy::Error::new(legacy::error::ErrorKind::Other, failure)),
        }
    }
}

/// The credential that the older SDK sees.
#[derive(Debug)]
pub struct Placeholder;

#[async_trait]
impl legacy::auth::TokenCredential for Placeholder {
    async fn get_token(&self, _scopes: &[&str]) -> legacy::Result<legacy::auth::AccessToken> {
        let expires = azure_core::time::OffsetDateTime::now_utc() + azure_core::time::Duration::HOUR;
        Ok(legacy::auth::AccessToken::new("placeholder", expires))
    }

    async fn clear_cache(&self) -> legacy::Result<()> {
        Ok(())
    }
}
