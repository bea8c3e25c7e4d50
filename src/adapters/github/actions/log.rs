//! What a failed job printed last.
//!
//! GitHub answers with the address of the log on another host, good for a minute and signed by itself: the token does not
//! go there.

use http::header::{ACCEPT, AUTHORIZATION, HeaderValue, LOCATION, USER_AGENT};
use secrecy::ExposeSecret as _;
use url::Url;

use super::super::client::API_VERSION;
use super::Actions;
use super::jobs::{self, Job};
use crate::adapters::log_tail;
use crate::model::StageFailure;

/// How a runner marks an error. What comes after the last one is the cleaning up.
const ERROR: &str = "##[error]";

impl Actions {
    /// It helps and decides nothing, so what it printed may be missing.
    pub(super) async fn failure(&self, listed: &[Job], stage: &str) -> Option<StageFailure> {
        let (job, step) = jobs::failed(listed, &self.settings.stages, stage)?;
        let text = self.log(job.id).await.unwrap_or_default();
        Some(StageFailure { step, lines: log_tail::tail(up_to_last_error(&text)) })
    }

    async fn log(&self, job: u64) -> Option<String> {
        let api = self.settings.api.as_str().trim_end_matches('/');
        let url = format!("{api}{}", self.path(&format!("actions/jobs/{job}/logs"))).parse().ok()?;
        let mut request = reqwest::Request::new(http::Method::GET, url);
        let token = self.settings.token.token().await.ok()?;
        let headers = request.headers_mut();
        let mut bearer = HeaderValue::from_str(&format!("Bearer {}", token.expose_secret())).ok()?;
        bearer.set_sensitive(true);
        headers.insert(AUTHORIZATION, bearer);
        headers.insert(ACCEPT, HeaderValue::from_static("application/vnd.github+json"));
        headers.insert("x-github-api-version", HeaderValue::from_static(API_VERSION));
        let answer = self.http.send(request, None).await.ok()?;
        let place: Url = answer.header(LOCATION.as_str())?.parse().ok()?;
        let mut request = reqwest::Request::new(http::Method::GET, place);
        request.headers_mut().insert(USER_AGENT, HeaderValue::from_static("keyslot"));
        let answer = self.http.send(request, None).await.ok().filter(|answer| answer.status.is_success())?;
        Some(String::from_utf8_lossy(&answer.body).into_owned())
    }
}

fn up_to_last_error(text: &str) -> &str {
    let Some(last) = text.rfind(ERROR) else { return text };
    let end = text.get(last..).and_then(|rest| rest.find('\n')).map_or(text.len(), |length| last + length);
    text.get(..end).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::up_to_last_error;

    #[test]
    fn what_comes_after_the_last_error_is_cleaning_up() {
        let text =
            "apply\n##[error]first\nmore\n##[error]Process completed with exit code 1.\nPost job cleanup.\n";
        assert!(up_to_last_error(text).ends_with("exit code 1."));
        assert_eq!(up_to_last_error("no error\n"), "no error\n");
    }
}
