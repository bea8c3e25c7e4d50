//! Log Analytics: the workspace that the diagnostic settings of the account and of the vaults send to, asked over its
//! query API.
//!
//! Nobody's text becomes part of a query but the names of account, vaults and secret, which have letters, digits and
//! hyphens or are refused; the window goes beside it, as the API's own time span. Requests that are alike are counted
//! there, not here. A table that does not exist is told from one without rows, and an answer that the service calls
//! partial is none.

mod answer;
mod audit;
mod question;

use std::collections::BTreeMap;

use http::{HeaderName, HeaderValue, StatusCode};
use jiff::Timestamp;
use serde_json::json;
use url::Url;

use super::arm::{ArmAccess, ArmError, ArmFailure};
use super::arm_pages::posting;
use super::http::{Backoff, ReadError};
use crate::model::{AuditView, Blindness, StampName, UsageView};
use crate::ports::Fault;

/// The public cloud's.
pub const PUBLIC_ENDPOINT: &str = "https://api.loganalytics.io";

/// One question: what for, and what is missing where neither table is there.
struct Topic {
    what: &'static str,
    tables: &'static str,
    remedy: &'static str,
}

const USAGE: Topic = Topic {
    what: "ask the logs who used which key",
    tables: "the workspace has neither of the tables for requests to Cosmos DB accounts",
    remedy: "send the account's DataPlaneRequests to this workspace (diagnostic settings), or leave out \
             [environment.NAME.logs]",
};

const READS: Topic = Topic {
    what: "ask the logs who read the secret",
    tables: "the workspace has neither of the tables for the audit of key vaults",
    remedy: "send the vaults' AuditEvent logs to this workspace (diagnostic settings)",
};

/// How the service says that it has no such workspace.
const NO_WORKSPACE: [&str; 2] = ["WorkspaceNotFoundError", "PathNotFoundError"];

const WHICH_WORKSPACE: &str =
    "check `workspace` under [environment.NAME.logs]: it is the workspace's id, a GUID, and not its name";

/// How long the service may work on it, in seconds: below the time that an answer is waited for.
const PREFER: &str = "wait=50";

/// A query is expensive: it is asked thrice at most.
const PATIENCE: Backoff = Backoff { attempts: 3, ..Backoff::USUAL };

/// Where to ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogSettings {
    /// As [`PUBLIC_ENDPOINT`].
    pub endpoint: Url,
    /// The workspace's id, a GUID; not its name.
    pub workspace: String,
    /// The account's name, which no other account in Azure has.
    pub account: String,
    /// The vaults' names, without a domain.
    pub vaults: BTreeMap<StampName, String>,
    pub secret: String,
}

impl LogSettings {
    /// What a token must be for. The newer name of the public host takes the older one's tokens.
    pub fn scope(&self) -> String {
        let origin = match self.endpoint.host_str() {
            Some("api.loganalytics.azure.com") => PUBLIC_ENDPOINT.to_owned(),
            _ => self.endpoint.as_str().trim_end_matches('/').to_owned(),
        };
        format!("{origin}/.default")
    }
}

/// The logs of one account.
pub struct LogAnalytics {
    access: ArmAccess,
    settings: LogSettings,
}

impl LogAnalytics {
    /// `access` brings the token of [`LogSettings::scope`].
    pub fn new(access: ArmAccess, settings: LogSettings) -> LogAnalytics {
        LogAnalytics { access, settings }
    }

    fn fault(&self, topic: &Topic, kind: Blindness, why: impl Into<String>) -> Fault {
        Fault::new(kind, topic.what, &self.settings.workspace, why)
    }

    fn address(&self, topic: &Topic) -> Result<Url, Fault> {
        let plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
        let LogSettings { endpoint, workspace, .. } = &self.settings;
        if workspace.is_empty() || !workspace.chars().all(plain) {
            let why = "a workspace's id has letters, digits and -";
            return Err(self.fault(topic, Blindness::Unintelligible, why));
        }
        endpoint
            .join(&format!("/v1/workspaces/{workspace}/query"))
            .map_err(|error| self.fault(topic, Blindness::Unintelligible, format!("no address: {error}")))
    }

    async fn ask(&self, topic: &Topic, query: &str, since: Timestamp) -> Result<Vec<u8>, Fault> {
        let url = self.address(topic)?;
        let now = self.access.clock.now();
        let body = json!({ "query": query, "timespan": format!("{since}/{now}") }).to_string();
        let once = || async {
            let mut request = posting(&url, &body);
            request.headers_mut().insert(HeaderName::from_static("prefer"), HeaderValue::from_static(PREFER));
            self.access.send(request, None).await.map_err(|failure| self.failed(topic, &failure))
        };
        let answer = PATIENCE.read(self.access.clock.as_ref(), once).await?;
        if answer.status == StatusCode::NO_CONTENT {
            return Err(self.nothing_logged(topic, "the workspace is empty"));
        }
        if answer.body.is_empty() {
            return Err(self.fault(topic, Blindness::Unintelligible, "the answer is empty"));
        }
        Ok(answer.body.to_vec())
    }

    fn nothing_logged(&self, topic: &Topic, why: &str) -> Fault {
        self.fault(topic, Blindness::Missing, why).remedy(topic.remedy)
    }

    /// Whoever names a code is the service itself; anything else that knows no such path stands in between. Neither says that
    /// nobody logs.
    fn no_workspace(&self, topic: &Topic, error: &ArmError) -> Fault {
        match NO_WORKSPACE.iter().any(|code| error.says(code)) {
            true => self.fault(topic, Blindness::Gone, error.to_string()).remedy(WHICH_WORKSPACE),
            false => self.fault(topic, Blindness::Unreachable, error.to_string()),
        }
    }

    fn failed(&self, topic: &Topic, failure: &ArmFailure) -> ReadError {
        match failure {
            ArmFailure::Answer(error) if names_no_table(error) => {
                ReadError::Final(self.nothing_logged(topic, topic.tables))
            }
            ArmFailure::Answer(error) if error.status == StatusCode::NOT_FOUND => {
                ReadError::Final(self.no_workspace(topic, error))
            }
            ArmFailure::Answer(error) if error.status == StatusCode::GATEWAY_TIMEOUT => {
                ReadError::Final(self.fault(topic, Blindness::Unreachable, "the query took too long"))
            }
            ArmFailure::Answer(error) if error.status == StatusCode::FORBIDDEN => {
                let fault = self.fault(topic, Blindness::Forbidden, error.to_string());
                let remedy =
                    "assign “Log Analytics Reader” on the workspace (it takes up to an hour to work)";
                ReadError::Final(fault.remedy(remedy))
            }
            other => other.read_error(topic.what, &self.settings.workspace),
        }
    }
}

/// SEM0100: a name in the query that nothing has. Columns are asked for by a function that takes missing ones.
fn names_no_table(error: &ArmError) -> bool {
    error.status == StatusCode::BAD_REQUEST && error.inner.iter().any(|code| code == "SEM0100")
}

impl LogAnalytics {
    /// The account's requests since then.
    ///
    /// # Errors
    /// No answer, no table, or only a part of one.
    pub async fn usage(&self, since: Timestamp) -> Result<UsageView, Fault> {
        let unclear = |why: String| self.fault(&USAGE, Blindness::Unintelligible, why);
        let query = question::usage(&self.settings.account).map_err(unclear)?;
        let body = self.ask(&USAGE, &query, since).await?;
        answer::usage(&body, since).map_err(unclear)
    }

    /// The reads of the secret since then.
    ///
    /// # Errors
    /// As above.
    pub async fn secret_reads(&self, since: Timestamp) -> Result<AuditView, Fault> {
        let unclear = |why: String| self.fault(&READS, Blindness::Unintelligible, why);
        let LogSettings { vaults, secret, .. } = &self.settings;
        let query = question::secret_reads(vaults.values().map(String::as_str), secret).map_err(unclear)?;
        let body = self.ask(&READS, &query, since).await?;
        audit::secret_reads(&body, since, vaults).map_err(unclear)
    }
}
