//! What the activity log shows of single requests, found by the ids that their sender gave them.
//!
//! Not every event of an action names the request: those with its correlation id belong to it, too. A status that is
//! not known counts as a beginning, because a request of which anything is shown has arrived.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{ActivityLog, Event};
use crate::model::{KeyDeed, Trace, TracesView};
use crate::ports::Fault;

const WHAT: &str = "ask the activity log what became of the regeneration";

impl ActivityLog {
    /// The regenerations that were asked for under these ids since then.
    ///
    /// # Errors
    /// No answer, or one that is not understood.
    pub async fn traces(&self, ids: &[String], since: Timestamp) -> Result<TracesView, Fault> {
        let (_, events) = self.events(since, WHAT).await?;
        let traces = ids.iter().map(|id| (id.clone(), trace(&events, id))).collect::<BTreeMap<_, _>>();
        Ok(TracesView { newest: events.iter().map(|event| event.event_timestamp).max(), traces })
    }
}

fn trace(events: &[Event], id: &str) -> Trace {
    let regenerations = || events.iter().filter(|event| event.deed() == Some(KeyDeed::Regenerate));
    let named = |event: &&Event| event.request_id().is_some_and(|own| own.eq_ignore_ascii_case(id));
    let actions: BTreeSet<&str> = regenerations()
        .filter(named)
        .map(|event| event.correlation_id.as_str())
        .filter(|action| !action.is_empty())
        .collect();
    let of_it = |event: &&Event| named(event) || actions.contains(event.correlation_id.as_str());
    let told: Vec<&Event> = regenerations().filter(of_it).collect();
    let accepted = told.iter().any(|event| matches!(event.trace(), Trace::Accepted { .. }));
    // What has an end is told by it; a success outweighs everything else.
    match told.iter().map(|event| event.trace()).max_by_key(weight).unwrap_or(Trace::Absent) {
        Trace::Failed { at, why } if !accepted && !says_that_nothing_was_done(&why) => Trace::Started { at },
        trace => trace,
    }
}

/// Only a refusal of what was asked says that. A server's trouble in answering, a client that left, and no word at all
/// leave open what happened behind it.
fn says_that_nothing_was_done(status: &str) -> bool {
    const REFUSED: [&str; 10] = [
        "BadRequest",
        "Unauthorized",
        "Forbidden",
        "NotFound",
        "MethodNotAllowed",
        "Conflict",
        "PreconditionFailed",
        "UnprocessableEntity",
        "Locked",
        "TooManyRequests",
    ];
    REFUSED.iter().any(|refused| refused.eq_ignore_ascii_case(status))
}

fn weight(trace: &Trace) -> u8 {
    match trace {
        Trace::Absent => 0,
        Trace::Started { .. } => 1,
        Trace::Accepted { .. } => 2,
        Trace::Failed { .. } => 3,
        Trace::Succeeded { .. } => 4,
    }
}

impl Event {
    fn trace(&self) -> Trace {
        let at = self.event_timestamp;
        let is = |status: &str| self.status.value.eq_ignore_ascii_case(status);
        if is("Succeeded") {
            return Trace::Succeeded { at };
        }
        if is("Failed") {
            return Trace::Failed { at, why: self.sub_status.value.clone() };
        }
        if is("Accepted") { Trace::Accepted { at } } else { Trace::Started { at } }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn event(status: &str, correlation: &str, id: Option<&str>) -> Value {
        json!({
            "operationName": { "value": "Microsoft.DocumentDB/databaseAccounts/regenerateKey/action" },
            "status": { "value": status },
            "subStatus": { "value": "TooManyRequests" },
            "eventTimestamp": "2026-01-12T08:00:00Z",
            "correlationId": correlation,
            "httpRequest": id.map(|id| json!({ "clientRequestId": id })),
        })
    }

    fn told(events: Value) -> Trace {
        let events: Vec<Event> = serde_json::from_value(events).unwrap();
        trace(&events, "id-1")
    }

    #[test]
    fn a_request_is_as_far_as_the_furthest_of_its_events() {
        let at = "2026-01-12T08:00:00Z".parse().unwrap();
        let (started, accepted) = (event("Started", "c", Some("ID-1")), event("Accepted", "c", None));
        let others = [event("Succeeded", "d", Some("id-2")), event("Succeeded", "", None)];
        assert_eq!(told(json!(others)), Trace::Absent, "another request's, and one of nobody's");
        assert_eq!(told(json!([started, others[0]])), Trace::Started { at });
        assert_eq!(told(json!([accepted, started])), Trace::Accepted { at });
        assert_eq!(told(json!([started, accepted, event("Succeeded", "c", None)])), Trace::Succeeded { at });
        let why = "TooManyRequests".to_owned();
        assert_eq!(told(json!([event("Failed", "c", None), started])), Trace::Failed { at, why });
        assert_eq!(told(json!([event("In progress", "", Some("id-1"))])), Trace::Started { at });
    }

    #[test]
    fn what_is_no_refusal_says_nothing_of_what_went_on_behind_it_unless_it_was_taken_on() {
        let failed = |status: Value| {
            let mut failed = event("Failed", "c", Some("id-1"));
            failed["subStatus"] = status;
            failed
        };
        let gateway = || failed(json!({ "value": "GatewayTimeout" }));
        for open in
            [gateway(), failed(json!({ "value": "ClientClosedRequest" })), failed(json!({ "value": "" }))]
        {
            assert!(matches!(told(json!([open])), Trace::Started { .. }), "{open}");
        }
        for open in [failed(json!({ "value": null })), failed(Value::Null)] {
            assert!(matches!(told(json!([open])), Trace::Started { .. }), "{open}");
        }
        assert!(matches!(told(json!([failed(json!({ "value": "Conflict" }))])), Trace::Failed { .. }));
        assert!(matches!(told(json!([event("Accepted", "c", None), gateway()])), Trace::Failed { .. }));
    }

    #[test]
    fn another_operation_under_the_same_id_is_none_of_it() {
        let mut listing = event("Succeeded", "c", Some("id-1"));
        listing["operationName"]["value"] = json!("Microsoft.DocumentDB/databaseAccounts/listKeys/action");
        assert_eq!(told(json!([listing])), Trace::Absent);
    }
}
