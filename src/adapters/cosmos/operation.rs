//! Following a regeneration by the address that the service named.
//!
//! Tokens go to that address, so only addresses under the configured endpoint or the ARM suffix are followed.
//! “Enqueued”, “Dequeued” and every other word that ARM does not know mean running; an empty `error` while
//! running is no failure; a Location poll answers 202 until it is over. Sources: Azure/azure-resource-manager-rpc,
//! async-api-reference.md; recordings of the service.

use http::StatusCode;
use serde::Deserialize;
use url::Url;

use crate::adapters::http::Answer;
use crate::model::OperationState;

#[derive(Deserialize, Default)]
#[serde(default)]
struct StatusBody {
    status: Option<String>,
    error: Option<OperationError>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct OperationError {
    code: String,
    message: String,
}

/// Whether a token may be sent to this address.
pub(super) fn may_follow(url: &Url, endpoint: &Url, suffixes: &[String]) -> bool {
    let Some(host) = url.host_str() else { return false };
    let under_endpoint = url.origin() == endpoint.origin();
    let under_suffix = url.port_or_known_default() == Some(443)
        && suffixes.iter().any(|suffix| {
            host.strip_suffix(suffix.as_str()).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        });
    url.scheme() == "https" && url.username().is_empty() && (under_endpoint || under_suffix)
}

/// What a successful poll says.
pub(super) fn state(answer: &Answer) -> OperationState {
    let running = OperationState::Running(answer.retry_after());
    let body: StatusBody = serde_json::from_slice(&answer.body).unwrap_or_default();
    match body.status.as_deref() {
        Some(end) if end.eq_ignore_ascii_case("Succeeded") => OperationState::Succeeded,
        Some(end) if ["Failed", "Canceled"].iter().any(|word| end.eq_ignore_ascii_case(word)) => {
            let error = body.error.unwrap_or_default();
            OperationState::Failed(format!("{end} {}: {}", error.code, error.message))
        }
        Some(_) => running,
        None if answer.status == StatusCode::ACCEPTED => running,
        // What the synchronous call would have answered: it is over.
        None => OperationState::Succeeded,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::{HeaderMap, HeaderValue};
    use zeroize::Zeroizing;

    use super::*;

    fn state_of(status: u16, body: &str) -> OperationState {
        let mut headers = HeaderMap::new();
        headers.insert("retry-after", HeaderValue::from_static("15"));
        let status = StatusCode::from_u16(status).unwrap();
        state(&Answer { status, headers, body: Zeroizing::new(body.as_bytes().to_vec()) })
    }

    #[test]
    fn only_arms_own_three_words_end_an_operation() {
        let running = OperationState::Running(Some(Duration::from_secs(15)));
        assert_eq!(state_of(200, r#"{"status":"Enqueued","error":{}}"#), running);
        assert_eq!(state_of(200, r#"{"status":"Dequeued"}"#), running);
        assert_eq!(state_of(202, r#"{"status":"Dequeued"}"#), running);
        assert_eq!(state_of(202, ""), running);
        assert_eq!(state_of(200, r#"{"status":"Succeeded"}"#), OperationState::Succeeded);
        assert_eq!(state_of(204, ""), OperationState::Succeeded);
        assert_eq!(state_of(200, ""), OperationState::Succeeded);
        let failed = state_of(200, r#"{"status":"Failed","error":{"code":"X","message":"y"}}"#);
        assert_eq!(failed, OperationState::Failed("Failed X: y".to_owned()));
        assert!(matches!(state_of(200, r#"{"status":"Canceled"}"#), OperationState::Failed(_)));
        assert!(matches!(state_of(200, r#"{"status":"failed"}"#), OperationState::Failed(_)));
        assert_eq!(state_of(200, r#"{"status":"succeeded"}"#), OperationState::Succeeded);
    }

    #[test]
    fn tokens_are_sent_to_azure_resource_manager_only() {
        let endpoint = Url::parse("https://management.azure.com").unwrap();
        let suffixes = ["management.azure.com".to_owned()];
        let follow = |url: &str| may_follow(&Url::parse(url).unwrap(), &endpoint, &suffixes);
        assert!(follow("https://management.azure.com/subscriptions/x"));
        assert!(follow("https://northeurope.management.azure.com/subscriptions/x?api-version=1"));
        assert!(!follow("https://evilmanagement.azure.com/x"));
        assert!(!follow("https://management.azure.com.evil.com/x"));
        assert!(!follow("https://northeurope.management.azure.com:8443/x"));
        assert!(!follow("http://management.azure.com/x"));
        assert!(!follow("https://user@management.azure.com/x"));
    }
}
