//! Azure's activity log: who had the account's keys listed, or made anew.
//!
//! It keeps 90 days and comes minutes late, so what it does not show proves nothing. One action gives several events
//! with one correlation id; one that failed gave out no key. The service's filter knows the account and the time only:
//! everything else is filtered here. It tells no agent, so keyslot marks its own requests by their ids.

mod traces;

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use url::Url;

use super::arm::ArmAccess;
use super::arm_pages::Asking;
use crate::model::{AccountId, ActivityView, Blindness, Identity, KeyDeed, KeyDeeds, OWN_REQUEST};
use crate::ports::Fault;

const VERSION: &str = "2015-04-01";

const WHAT: &str = "ask the activity log who had the keys listed";

const MAY_READ: &str = "assign “Monitoring Reader” or “Reader” on the subscription, for it takes \
                        Microsoft.Insights/eventtypes/values/read";

/// A day less than the log keeps: what is asked for beyond that is refused.
const KEPT: Duration = Duration::from_secs(89 * 24 * 3600);

/// The members that are read; the service leaves out the others.
const SELECT: &str = "eventTimestamp,operationName,status,subStatus,claims,httpRequest,correlationId";

const UPN: &str = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn";
const OBJECT: &str = "http://schemas.microsoft.com/identity/claims/objectidentifier";

/// The activity log of one account.
pub struct ActivityLog {
    access: ArmAccess,
    /// As `https://management.azure.com`.
    endpoint: Url,
    account: AccountId,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    #[serde(default, deserialize_with = "or_nothing")]
    operation_name: Text,
    #[serde(default, deserialize_with = "or_nothing")]
    status: Text,
    #[serde(default, deserialize_with = "or_nothing")]
    sub_status: Text,
    event_timestamp: Timestamp,
    #[serde(default, deserialize_with = "or_nothing")]
    correlation_id: String,
    #[serde(default)]
    caller: Option<String>,
    #[serde(default)]
    claims: Option<BTreeMap<String, serde_json::Value>>,
    #[serde(default)]
    http_request: Option<Request>,
}

#[derive(Deserialize, Default)]
struct Text {
    #[serde(default, deserialize_with = "or_nothing")]
    value: String,
}

/// Events of other categories than those that are looked for (alerts, service health) have `null` here and there.
fn or_nothing<'de, D: serde::Deserializer<'de>, T: Deserialize<'de> + Default>(
    from: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Request {
    client_request_id: Option<String>,
    client_ip_address: Option<String>,
}

impl ActivityLog {
    /// `access` brings the token of Azure Resource Manager.
    pub fn new(access: ArmAccess, endpoint: Url, account: AccountId) -> ActivityLog {
        ActivityLog { access, endpoint, account }
    }

    fn first(&self, since: Timestamp, until: Timestamp) -> Result<Url, Fault> {
        let subscription = &self.account.subscription;
        let path = format!(
            "/subscriptions/{subscription}/providers/Microsoft.Insights/eventtypes/management/values"
        );
        let mut url =
            self.endpoint.join(&path).map_err(|error| self.asking(WHAT).unclear(error.to_string()))?;
        let filter = format!(
            "eventTimestamp ge '{since}' and eventTimestamp le '{until}' and resourceUri eq '{}'",
            self.account.resource_id()
        );
        url.query_pairs_mut()
            .append_pair("api-version", VERSION)
            .append_pair("$filter", &filter)
            .append_pair("$select", SELECT);
        Ok(url)
    }

    fn asking<'a>(&'a self, what: &'a str) -> Asking<'a> {
        Asking { access: &self.access, what, subject: &self.account.name }
    }

    /// Everything since then, or since the log goes back.
    ///
    /// # Errors
    /// No answer, or one that is not understood.
    pub async fn key_deeds(&self, since: Timestamp) -> Result<ActivityView, Fault> {
        let (since, events) = self.events(since, WHAT).await?;
        Ok(ActivityView { since, deeds: deeds(&events) })
    }

    /// All events of the account since then, or since the log goes back.
    async fn events(&self, since: Timestamp, what: &str) -> Result<(Timestamp, Vec<Event>), Fault> {
        let now = self.access.clock.now();
        let kept = SignedDuration::try_from(KEPT).unwrap_or(SignedDuration::MAX);
        let since = since.max(now.checked_sub(kept).unwrap_or(Timestamp::MIN));
        let events = self.asking(what).all(self.first(since, now)?).await;
        let events = events.map_err(|fault| match fault.kind {
            Blindness::Forbidden => fault.remedy(MAY_READ),
            _ => fault,
        })?;
        Ok((since, events))
    }
}

impl Event {
    fn deed(&self) -> Option<KeyDeed> {
        KeyDeed::of_operation(&self.operation_name.value)
    }

    fn claim(&self, names: &[&str]) -> String {
        let claims = self.claims.as_ref();
        let found = names.iter().find_map(|name| claims?.get(*name)?.as_str());
        found.unwrap_or_default().to_owned()
    }

    fn identity(&self) -> Identity {
        let name = self.claim(&[UPN, "upn"]);
        let application = self.claim(&["appid"]);
        let caller = self.caller.clone().filter(|_| name.is_empty() && application.is_empty());
        Identity { name: caller.unwrap_or(name), application, object: self.claim(&[OBJECT, "oid"]) }
    }

    /// As the client named its request.
    fn request_id(&self) -> Option<&str> {
        self.http_request.as_ref()?.client_request_id.as_deref()
    }

    fn is_own(&self) -> bool {
        self.request_id().is_some_and(|id| id.get(..OWN_REQUEST.len()).is_some_and(is_ours))
    }

    fn address(&self) -> String {
        let address = self.http_request.as_ref().and_then(|request| request.client_ip_address.clone());
        address.unwrap_or_default()
    }
}

fn is_ours(beginning: &str) -> bool {
    beginning.eq_ignore_ascii_case(OWN_REQUEST)
}

/// One deed an action, and those that are alike in one.
fn deeds(events: &[Event]) -> Vec<KeyDeeds> {
    let mut actions: BTreeMap<(KeyDeed, &str, usize), Vec<&Event>> = BTreeMap::new();
    for (place, event) in events.iter().enumerate() {
        let Some(deed) = event.deed() else { continue };
        // Without an id each is an action of its own.
        let alone = if event.correlation_id.is_empty() { place } else { 0 };
        actions.entry((deed, &event.correlation_id, alone)).or_default().push(event);
    }
    let mut alike: BTreeMap<(KeyDeed, Identity, String), (u64, Timestamp, Timestamp)> = BTreeMap::new();
    for ((deed, _, _), events) in actions {
        // Not every event of an action names its request.
        let ours = events.iter().any(|event| event.is_own());
        let any = |status: &str| events.iter().any(|event| event.status.value.eq_ignore_ascii_case(status));
        // Terraform's whole run has one id: what failed in it and was asked for again has given out the keys.
        if ours || (any("Failed") && !any("Succeeded")) {
            continue;
        }
        // Not every event of an action has all that is known of who did it.
        let Some(event) =
            events.iter().max_by_key(|event| (event.claims.is_some(), event.http_request.is_some()))
        else {
            continue;
        };
        let times = || events.iter().map(|event| event.event_timestamp);
        let first = times().min().unwrap_or(event.event_timestamp);
        let last = times().max().unwrap_or(event.event_timestamp);
        let entry = alike.entry((deed, event.identity(), event.address())).or_insert((0, first, last));
        *entry = (entry.0 + 1, entry.1.min(first), entry.2.max(last));
    }
    alike
        .into_iter()
        .map(|((deed, identity, address), (count, first, last))| KeyDeeds {
            deed,
            identity,
            address,
            count,
            first,
            last,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn an_alert_among_them_hides_nothing() {
        let alert = json!({
            "operationName": { "value": "Microsoft.Insights/AlertRules/Activated/action" },
            "status": { "value": "Activated" },
            "subStatus": { "value": null },
            "eventTimestamp": "2026-01-12T09:00:00Z",
            "correlationId": null,
            "claims": null,
            "httpRequest": null,
        });
        let listing = event("listKeys/action", "Succeeded", "1", json!({ "appid": "app" }), "x");
        let events: Vec<Event> = serde_json::from_value(json!([alert, listing])).unwrap();
        assert_eq!(deeds(&events).len(), 1);
    }

    fn event(operation: &str, status: &str, correlation: &str, caller: Value, id: &str) -> Value {
        json!({
            "operationName": { "value": format!("Microsoft.DocumentDB/databaseAccounts/{operation}") },
            "status": { "value": status },
            "eventTimestamp": "2026-01-12T08:00:00.1234567Z",
            "correlationId": correlation,
            "claims": caller,
            "httpRequest": { "clientRequestId": id, "clientIpAddress": "192.0.2.7", "method": "POST" },
        })
    }

    #[test]
    fn an_action_counts_once_and_not_where_it_failed_or_was_ours() {
        let ada = json!({ UPN: "ada@acme.example", "appid": "portal", OBJECT: "ada-oid" });
        let app = json!({ "appid": "app", OBJECT: "app-oid" });
        let tried_again = json!({ "appid": "terraform", OBJECT: "terraform-oid" });
        let own = format!("{OWN_REQUEST}a000-000000000000");
        let events = json!([
            event("listKeys/action", "Started", "1", ada.clone(), "x"),
            event("listKeys/action", "Succeeded", "1", ada.clone(), "x"),
            event("listKeys/action", "Succeeded", "2", ada.clone(), "y"),
            event("listKeys/action", "Started", "3", app.clone(), "z"),
            event("listKeys/action", "Failed", "3", app.clone(), "z"),
            event("listKeys/action", "Succeeded", "4", app.clone(), &own),
            event("listKeys/action", "Failed", "8", tried_again.clone(), "t"),
            event("listKeys/action", "Succeeded", "8", tried_again, "t"),
            event("regenerateKey/action", "Accepted", "5", app, "r"),
            event("regenerateKey/action", "Accepted", "7", json!({}), &own.to_uppercase()),
            event("regenerateKey/action", "Succeeded", "7", json!({}), ""),
            event("write", "Succeeded", "6", ada, "w"),
        ]);
        let events: Vec<Event> = serde_json::from_value(events).unwrap();
        let told: Vec<(KeyDeed, String, u64)> =
            deeds(&events).iter().map(|it| (it.deed, it.identity.to_string(), it.count)).collect();
        assert_eq!(
            told,
            [
                (KeyDeed::List, "terraform".to_owned(), 1),
                (KeyDeed::List, "ada@acme.example".to_owned(), 2),
                (KeyDeed::Regenerate, "app".to_owned(), 1)
            ]
        );
    }
}
