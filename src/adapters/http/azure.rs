//! The transports of both generations of the Azure SDK, over the shared client.
//!
//! Errors keep the `SendError` as their inner error, so that an adapter can still tell “not
//! sent” from “no answer”.

use std::sync::Arc;

use async_trait::async_trait;
use futures::TryStreamExt as _;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use super::{Http, Leave, SendError};
use crate::ports::{Clock, Permit};

/// The transport of one effect: nothing leaves once its permit has run out.
#[derive(Clone)]
pub struct Leaving {
    pub http: Http,
    pub permit: Permit,
    pub clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for Leaving {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Leaving").field("permit", &self.permit).finish_non_exhaustive()
    }
}

#[async_trait]
impl azure_core::http::HttpClient for Leaving {
    async fn execute_request(
        &self,
        request: &azure_core::http::Request,
    ) -> azure_core::Result<azure_core::http::AsyncRawResponse> {
        let leave = Leave { permit: &self.permit, clock: self.clock.as_ref() };
        self.http.execute(request, Some(leave)).await
    }
}

#[async_trait]
impl azure_core::http::HttpClient for Http {
    async fn execute_request(
        &self,
        request: &azure_core::http::Request,
    ) -> azure_core::Result<azure_core::http::AsyncRawResponse> {
        self.execute(request, None).await
    }
}

impl Http {
    async fn execute(
        &self,
        request: &azure_core::http::Request,
        leave: Option<Leave<'_>>,
    ) -> azure_core::Result<azure_core::http::AsyncRawResponse> {
        use azure_core::Error;
        use azure_core::error::ErrorKind;
        use azure_core::http::{AsyncRawResponse, Body, headers};

        let pairs = request.headers().iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let Body::Bytes(body) = request.body().clone() else {
            return Err(Error::with_message(ErrorKind::Other, "streamed request bodies are not supported"));
        };
        let outgoing = outgoing(request.method().as_str(), request.url().clone(), pairs, body)
            .map_err(|error| Error::new(ErrorKind::Other, error))?;
        let response = self.open(outgoing, leave).await.map_err(|error| {
            let kind = if error.nothing_was_sent() { ErrorKind::Connection } else { ErrorKind::Io };
            Error::new(kind, error)
        })?;

        let status = response.status().as_u16().into();
        let mut headers = headers::Headers::new();
        for (name, value) in text_headers(response.headers()) {
            headers.insert(name, value);
        }
        let body = response.bytes_stream().map_err(|error| Error::new(ErrorKind::Io, error.without_url()));
        Ok(AsyncRawResponse::new(status, headers, Box::pin(body)))
    }
}

#[async_trait]
impl azure_core_legacy::HttpClient for Http {
    async fn execute_request(
        &self,
        request: &azure_core_legacy::Request,
    ) -> azure_core_legacy::Result<azure_core_legacy::Response> {
        use azure_core_legacy::error::{Error, ErrorKind};

        let outgoing = legacy_outgoing(request)?;
        let response = self.open(outgoing, None).await.map_err(|error| Error::new(ErrorKind::Io, error))?;
        let (status, headers) = legacy_head(response.status(), response.headers())?;
        let body = response.bytes_stream().map_err(|error| Error::new(ErrorKind::Io, error.without_url()));
        Ok(azure_core_legacy::Response::new(status, headers, Box::pin(body)))
    }
}

/// A request of the older generation as one of the shared client's.
pub(in crate::adapters) fn legacy_outgoing(
    request: &azure_core_legacy::Request,
) -> azure_core_legacy::Result<reqwest::Request> {
    use azure_core_legacy::error::{Error, ErrorKind};

    let pairs = request.headers().iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let azure_core_legacy::Body::Bytes(body) = request.body().clone() else {
        return Err(Error::message(ErrorKind::Other, "streamed request bodies are not supported"));
    };
    outgoing(request.method().as_ref(), request.url().clone(), pairs, body)
        .map_err(|error| Error::new(ErrorKind::Other, error))
}

/// Status and headers as the older generation has them.
pub(in crate::adapters) fn legacy_head(
    status: http::StatusCode,
    headers: &HeaderMap,
) -> azure_core_legacy::Result<(azure_core_legacy::StatusCode, azure_core_legacy::headers::Headers)> {
    use azure_core_legacy::error::{Error, ErrorKind};

    let status = azure_core_legacy::StatusCode::try_from(status.as_u16())
        .map_err(|_| Error::message(ErrorKind::DataConversion, format!("{status} is not known")))?;
    let mut legacy = azure_core_legacy::headers::Headers::new();
    for (name, value) in text_headers(headers) {
        legacy.insert(name, value);
    }
    Ok((status, legacy))
}

fn outgoing<'a>(
    method: &str,
    url: url::Url,
    headers: impl Iterator<Item = (&'a str, &'a str)>,
    body: bytes::Bytes,
) -> Result<reqwest::Request, SendError> {
    let method = reqwest::Method::from_bytes(method.as_bytes())
        .map_err(|_| SendError::Forbidden(format!("{method} is no HTTP method")))?;
    let mut request = reqwest::Request::new(method, url);
    for (name, value) in headers {
        // The value may be a token, so the error names the header only.
        let bad = |_| SendError::Forbidden(format!("the header {name} cannot be sent"));
        let value = HeaderValue::from_str(value).map_err(bad)?;
        let name = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| SendError::Forbidden(format!("{name} is no header name")))?;
        request.headers_mut().insert(name, value);
    }
    *request.body_mut() = Some(body.into());
    Ok(request)
}

fn text_headers(headers: &HeaderMap) -> Vec<(String, String)> {
    headers
        .iter()
        .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())))
        .collect()
}
