//! What went wrong with one call to an API server, and what a person can do about it.
//!
//! A refusal is told apart from silence by the answer's status, never by its text. API servers answer with a
//! `Status` object; an API group that is not installed answers in plain text, and a proxy in between in HTML.

use std::time::Duration;

use serde::Deserialize;

use super::super::http::{Answer, SendError};
use crate::model::{Blindness, Respite};
use crate::ports::{Effect, Fault};

/// Why a call did not give what was asked for.
#[derive(Debug)]
pub(super) enum Failure {
    /// The kubeconfig, the credentials or the permit stood in the way; nothing was sent.
    Before(Fault),
    /// No connection, or no answer to what was sent.
    Silence(SendError),
    /// The server answered with something else than 200.
    Refused(Refusal),
    /// 200, and a body that cannot be read.
    Garbled(String),
    /// A list of a version that lies before what the server has told of.
    Past { version: u64, floor: u64 },
}

/// An answer that says no.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub status: u16,
    /// `Status.reason`, as `NotFound`; empty where the answer was no `Status` object.
    pub reason: String,
    pub message: String,
    /// How long the server wants to be left alone.
    pub retry_after: Option<Duration>,
}

#[derive(Deserialize)]
struct Status {
    #[serde(default)]
    reason: String,
    #[serde(default)]
    message: String,
}

impl Refusal {
    pub fn of(answer: &Answer) -> Refusal {
        let (status, retry_after) = (answer.status.as_u16(), answer.retry_after());
        match serde_json::from_slice::<Status>(&answer.body) {
            Ok(Status { reason, message }) => Refusal { status, reason, message, retry_after },
            Err(_) => {
                let message = first_line(&answer.body);
                Refusal { status, reason: String::new(), message, retry_after }
            }
        }
    }

    /// The whole API group is unknown to the server (its custom resource definitions are not installed): plain
    /// text instead of a `Status` object.
    pub fn no_such_api(&self) -> bool {
        self.status == 404 && self.reason.is_empty()
    }

    /// Whether it came from what the API server asks before it stores anything, by its words: the status may be any.
    pub fn admission(&self) -> Option<Admission> {
        admission(&self.message)
    }

    /// The list that was being paged, or the version that was asked for, is no longer kept.
    pub fn expired(&self) -> bool {
        self.status == 410
    }
}

impl Failure {
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Failure::Refused(refusal) => Some(refusal),
            Failure::Before(_) | Failure::Silence(_) | Failure::Garbled(_) | Failure::Past { .. } => None,
        }
    }

    /// As a fault: `what` as “list the pods”, `subject` as “cluster of stamp eastus”.
    pub fn fault(self, what: &str, subject: &str) -> Fault {
        match self {
            Failure::Before(fault) => fault,
            Failure::Silence(error) => error.fault(what, subject),
            Failure::Refused(refusal) => refusal.fault(what, subject),
            Failure::Garbled(why) => Fault::new(Blindness::Unintelligible, what, subject, why),
            Failure::Past { version, floor } => {
                let why = format!("the API server shows its version {version}, after it had shown {floor}");
                Fault::new(Blindness::Unintelligible, what, subject, why).remedy(PAST)
            }
        }
    }

    /// As the end of a write. A client error means that the server looked at it and changed nothing; anything
    /// above may have come after the change.
    pub fn effect<T>(self, what: &str, subject: &str) -> Effect<T> {
        // Credentials are renewed, webhooks come back: that passes.
        if self.refusal().is_some_and(|no| no.status == 401 || no.admission() == Some(Admission::Silent)) {
            return Effect::Refused(Fault { kind: Blindness::Throttled, ..self.fault(what, subject) });
        }
        let end: fn(Fault) -> Effect<T> = match &self {
            Failure::Before(_) => Effect::NotSent,
            Failure::Silence(error) if error.nothing_was_sent() => Effect::NotSent,
            Failure::Silence(_) | Failure::Garbled(_) | Failure::Past { .. } => Effect::Unknown,
            // Admission comes before anything is stored, whatever its status.
            Failure::Refused(refusal) if refusal.admission().is_some() => Effect::Refused,
            // 408 comes from something that gave up waiting, which is no verdict.
            Failure::Refused(refusal) if (400..500).contains(&refusal.status) && refusal.status != 408 => {
                Effect::Refused
            }
            Failure::Refused(_) => Effect::Unknown,
        };
        end(self.fault(what, subject))
    }
}

impl Refusal {
    fn fault(self, what: &str, subject: &str) -> Fault {
        let Refusal { status, reason, message, retry_after } = self;
        let why = if message.is_empty() { format!("HTTP {status}") } else { format!("{message} ({status})") };
        let fault = |kind| Fault::new(kind, what, subject, why.clone());
        match admission(&message) {
            Some(Admission::Denied) => {
                return fault(Blindness::Forbidden).remedy(
                    "a policy of the cluster refuses the change: have the workload made to meet it, or exempt it",
                );
            }
            Some(Admission::Silent) => {
                return fault(Blindness::Unreachable).remedy(
                    "nothing was changed: see to the webhook that the message names, which the API server asks first",
                );
            }
            None => {}
        }
        match (status, reason.as_str()) {
            (401, _) => fault(Blindness::Forbidden).remedy(
                "the token or certificate in the kubeconfig is expired or not this cluster's: get new credentials",
            ),
            // The message names verb, resource and namespace.
            (403, _) => fault(Blindness::Forbidden)
                .remedy("grant the right that the message names to the user that it names, in that namespace"),
            (404, "") => fault(Blindness::Missing).remedy("the API is not installed in this cluster"),
            // No time and no right changes what the server was built with.
            (404, _) if message == NOT_SERVED => fault(Blindness::Misconfigured).remedy(
                "this cluster does not serve that version of the API: keyslot needs Kubernetes 1.23 or newer",
            ),
            (404, _) => fault(Blindness::Missing)
                .remedy("check the name and the namespace against the cluster; names are lower case"),
            (409, _) => fault(Blindness::Changed).remedy("something else changed it meanwhile: look again"),
            (429, _) => {
                fault(Blindness::Throttled).respite(retry_after.map_or(Respite::Unsaid, Respite::of))
            }
            (500.., _) => fault(Blindness::Unreachable),
            _ => fault(Blindness::Unintelligible),
        }
    }
}

/// What is asked before a change is stored: so nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Admission {
    Denied,
    /// A webhook without which nothing is let in did not answer.
    Silent,
}

/// By the words of an API server: a refusal has the status that the webhook or the policy chose.
fn admission(message: &str) -> Option<Admission> {
    if message.contains("failed calling webhook") {
        return Some(Admission::Silent);
    }
    let denied = message.starts_with("admission webhook ") || message.contains("ValidatingAdmissionPolicy ");
    denied.then_some(Admission::Denied)
}

/// What an API server says of a kind, or a version of it, that it does not have; of an object it says the name.
const NOT_SERVED: &str = "the server could not find the requested resource";

const PAST: &str = "it reads from a cache that is behind: wait, or see to its health; after a restore from a backup, \
                    start keyslot again";

fn first_line(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(200)]);
    text.lines().next().unwrap_or_default().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(status: u16, retry_after: Option<Duration>) -> Fault {
        let (reason, message) = ("Reason".to_owned(), "no".to_owned());
        let failure = Failure::Refused(Refusal { status, reason, message, retry_after });
        match failure.effect::<()>("restart it", "cluster of stamp eastus") {
            Effect::Refused(fault) => fault,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_passes_by_itself_is_told_from_what_a_person_mends() {
        for (status, kind) in [
            (401, Blindness::Throttled),
            (409, Blindness::Changed),
            (429, Blindness::Throttled),
            (403, Blindness::Forbidden),
            (404, Blindness::Missing),
            (422, Blindness::Unintelligible),
        ] {
            assert_eq!(refused(status, None).kind, kind, "{status}");
        }
        assert!(refused(401, None).remedy.contains("new credentials"), "what to do is said all the same");
    }

    #[test]
    fn an_api_version_that_the_server_does_not_serve_is_no_refusal_that_a_right_would_end() {
        let (reason, message) = ("NotFound".to_owned(), NOT_SERVED.to_owned());
        let failure = Failure::Refused(Refusal { status: 404, reason, message, retry_after: None });
        let fault = failure.fault("list the CronJobs", "cluster of stamp eastus");
        assert!(!fault.kind.is_refusal(), "{fault}");
        assert_eq!(fault.kind, Blindness::Misconfigured);
        assert!(fault.remedy.contains("1.23"), "{fault}");
    }

    #[test]
    fn what_admission_refuses_is_no_missing_right_and_what_it_does_not_answer_changed_nothing() {
        let told = |status: u16, message: &str| {
            let (reason, message) = ("Forbidden".to_owned(), message.to_owned());
            let refusal = Refusal { status, reason, message, retry_after: None };
            match Failure::Refused(refusal).effect::<()>("restart it", "cluster of stamp eastus") {
                Effect::Refused(fault) => fault,
                other => panic!("{other:?}"),
            }
        };
        let gatekeeper =
            "admission webhook \"validation.gatekeeper.sh\" denied the request: [limits] no limits";
        let policy = "deployments.apps \"d\" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request";
        for (status, message) in [(403, gatekeeper), (422, policy), (400, gatekeeper), (500, gatekeeper)] {
            let fault = told(status, message);
            assert_eq!(fault.kind, Blindness::Forbidden, "{message}");
            assert!(fault.remedy.contains("policy"), "{fault}");
        }
        let away =
            "Internal error occurred: failed calling webhook \"validate.kyverno.svc-fail\": no endpoints";
        let fault = told(500, away);
        assert_eq!(fault.kind, Blindness::Throttled, "it is tried again");
        assert!(fault.why.contains("kyverno") && fault.remedy.contains("webhook"), "{fault}");
    }

    #[test]
    fn how_long_the_server_wants_to_be_left_alone_is_kept() {
        let seven = Duration::from_secs(7);
        assert_eq!(refused(429, Some(seven)).respite, Respite::of(seven));
        assert_eq!(refused(429, None).respite, Respite::Unsaid);
    }
}
