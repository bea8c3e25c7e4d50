//! Azure DevOps' “no”, which often looks like a yes.
//!
//! Bad or expired credentials get a sign-in page: status 203, a redirect, or HTML with 200. Real errors carry
//! `typeKey` and a message with a TF or VS number; status and `typeKey` decide.

use http::StatusCode;
use http::header::CONTENT_TYPE;
use serde::Deserialize;

use crate::adapters::http::Answer;
use crate::model::Blindness;
use crate::ports::Fault;

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Body {
    message: String,
    type_key: String,
}

/// The fault that an answer stands for; nothing for an answer to the question.
pub(super) fn of(answer: &Answer, what: &str, subject: &str) -> Option<Fault> {
    let status = answer.status;
    let fault = |kind, why: String, remedy: &str| Some(Fault::new(kind, what, subject, why).remedy(remedy));
    if is_sign_in(answer) {
        return fault(
            Blindness::Forbidden,
            format!("not signed in: Azure DevOps answered {} with its sign-in page", status.as_u16()),
            "the token is missing, expired, or of another organization",
        );
    }
    if status.is_success() {
        return None;
    }
    let why = words(answer);
    match status {
        StatusCode::UNAUTHORIZED if why.contains("expired") => {
            fault(Blindness::Forbidden, why, "the personal access token has expired: make a new one")
        }
        StatusCode::UNAUTHORIZED => {
            fault(Blindness::Forbidden, why, "the token is missing, expired, or of another organization")
        }
        StatusCode::FORBIDDEN => {
            let right = missing_right(&why);
            fault(Blindness::Forbidden, why, right)
        }
        StatusCode::NOT_FOUND => fault(
            Blindness::Missing,
            why,
            "check organization, project and pipeline; missing rights look the same",
        ),
        StatusCode::TOO_MANY_REQUESTS => {
            let when = answer
                .retry_after()
                .map(|wait| format!("the service asks to come back in {} s", wait.as_secs()));
            fault(Blindness::Throttled, why, &when.unwrap_or_default())
        }
        status if status.is_server_error() => fault(Blindness::Unreachable, why, ""),
        _ => fault(Blindness::Unintelligible, why, ""),
    }
}

/// Which right a refusal is about, where its words tell.
fn missing_right(why: &str) -> &'static str {
    if why.contains("Queue builds") || why.contains("QueueBuilds") {
        "its owner needs “Queue builds” on this pipeline (Pipelines, Security), and the token the scope Build (read and execute)"
    } else if why.contains("View builds") || why.contains("ViewBuilds") {
        "its owner needs “View builds” on this pipeline (Pipelines, Security), and the token the scope Build (read)"
    } else {
        "the token needs Build (read and execute), and its owner the right to queue this pipeline"
    }
}

fn is_sign_in(answer: &Answer) -> bool {
    let html = || answer.header(CONTENT_TYPE.as_str()).is_some_and(|kind| kind.starts_with("text/html"));
    match answer.status {
        StatusCode::NON_AUTHORITATIVE_INFORMATION => true,
        status if status.is_redirection() => true,
        status => status.is_success() && html(),
    }
}

fn words(answer: &Answer) -> String {
    const CHARACTERS: usize = 300;
    let body: Body = serde_json::from_slice(&answer.body).unwrap_or_default();
    let status = answer.status.as_u16();
    let said: String = body.message.chars().take(CHARACTERS).collect();
    match (said.is_empty(), body.type_key.is_empty()) {
        (true, _) => format!("Azure DevOps answered {}", answer.status),
        (false, true) => format!("Azure DevOps answered {status}: {said}"),
        (false, false) => format!("Azure DevOps answered {status}: {said} ({})", body.type_key),
    }
}
