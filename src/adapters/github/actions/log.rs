//! What a failed job printed last.
//!
//! GitHub answers with an address of the log that is signed by itself and good for a minute, as a rule on another host:
//! the token does not go there.

use super::super::client::About;
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
        let (subject, path) = (self.subject(), self.path(&format!("actions/jobs/{job}/logs")));
        let about = About { what: "read the log of a failed job", subject: &subject };
        let place = self.client.leads_to(about, &path).await?;
        let request = reqwest::Request::new(http::Method::GET, place);
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
