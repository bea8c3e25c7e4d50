//! What of the options of a list or a watch goes together, by the rules and in the words of a real server
//! (`ValidateListOptions` of Kubernetes 1.36).

use serde_json::{Value, json};

use super::answer::Refused;
use super::query::Query;

const MATCH: &str = "resourceVersionMatch";
const INITIAL: &str = "sendInitialEvents";
const MATCHES: [&str; 3] = ["Exact", "NotOlderThan", ""];

/// One rule that is broken.
struct Cause {
    field: &'static str,
    reason: &'static str,
    message: String,
}

fn forbidden(field: &'static str, why: &str) -> Cause {
    Cause { field, reason: "FieldValueForbidden", message: format!("Forbidden: {why}") }
}

fn unsupported(value: &str, supported: &[&str]) -> Cause {
    let supported: Vec<String> = supported.iter().map(|one| format!("{one:?}")).collect();
    let message = format!("Unsupported value: {value:?}: supported values: {}", supported.join(", "));
    Cause { field: MATCH, reason: "FieldValueNotSupported", message }
}

/// Refuses what does not go together; `streams` says whether the server sends lists with watches.
pub(super) fn check(query: &Query, streams: bool) -> Result<(), Refused> {
    let causes = if query.watch { of_watch(query, streams) } else { of_list(query) };
    let told: Vec<String> =
        causes.iter().map(|cause| format!("{}: {}", cause.field, cause.message)).collect();
    let told = match told.as_slice() {
        [] => return Ok(()),
        [one] => one.clone(),
        more => format!("[{}]", more.join(", ")),
    };
    let mut refused =
        Refused::new(422, "Invalid", format!("ListOptions.meta.k8s.io \"\" is invalid: {told}"));
    let cause =
        |Cause { field, reason, message }| json!({ "reason": reason, "message": message, "field": field });
    let causes: Vec<Value> = causes.into_iter().map(cause).collect();
    refused.details = Some(json!({ "group": "meta.k8s.io", "kind": "ListOptions", "causes": causes }));
    Err(refused)
}

fn of_list(query: &Query) -> Vec<Cause> {
    let mut causes = Vec::new();
    let wanted = query.version_match.as_str();
    if !wanted.is_empty() {
        if query.resource_version.is_none() {
            causes.push(forbidden(
                MATCH,
                "resourceVersionMatch is forbidden unless resourceVersion is provided",
            ));
        }
        if query.rest.is_some() {
            causes.push(forbidden(MATCH, "resourceVersionMatch is forbidden when continue is provided"));
        }
        if !MATCHES.contains(&wanted) {
            causes.push(unsupported(wanted, &MATCHES));
        }
        if wanted == "Exact" && query.resource_version == Some(0) {
            let why = "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"";
            causes.push(forbidden(MATCH, why));
        }
    }
    if query.initial_events.is_some() {
        causes.push(forbidden(INITIAL, "sendInitialEvents is forbidden for list"));
    }
    causes
}

fn of_watch(query: &Query, streams: bool) -> Vec<Cause> {
    let mut causes = Vec::new();
    let (wanted, asked) = (query.version_match.as_str(), query.initial_events.is_some());
    if asked {
        if wanted != "NotOlderThan" {
            let why = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan";
            causes.push(forbidden(MATCH, why));
        }
        if !streams {
            let why = "sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled";
            causes.push(forbidden(INITIAL, why));
        }
    }
    if !wanted.is_empty() {
        if !asked {
            let why = "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided";
            causes.push(forbidden(MATCH, why));
        }
        if wanted != "NotOlderThan" {
            causes.push(unsupported(wanted, &["NotOlderThan"]));
        }
        if query.rest.is_some() {
            causes.push(forbidden(MATCH, "resourceVersionMatch is forbidden when continue is provided"));
        }
    }
    causes
}
