//! The Cosmos DB data plane's face: signatures against the keys that live in a region at that moment, and the
//! few resources that a probe needs.
//!
//! Signature, date and payload are worked out here again, with another library than the client's: two faces of
//! one mistake would agree. The texts are the service's own, for clients decide by them.

use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::{Json, Router};
use http::header::{AUTHORIZATION, DATE, HOST, USER_AGENT};
use http::{HeaderMap, HeaderName, Method, StatusCode, Uri};
use jiff::fmt::rfc2822;
use jiff::{SignedDuration, Timestamp};
use ring::hmac;
use serde_json::{Value, json};

use super::SharedWorld;
use super::answers::{TurnedAway, lost, with_header};
use crate::model::{Access, KeyMaterial};
use crate::sim::{Call, Operation, World};

/// How far a request's date may be off.
const WINDOW: SignedDuration = SignedDuration::from_mins(15);

const DATE_TEXT: &str = "The input date header is invalid format. Please pass in RFC 1123 style date format.";
const MAC_TEXT: &str =
    "The MAC signature found in the HTTP request is not the same as the computed signature.";
const DISABLED_TEXT: &str = "Local Authorization is disabled. Use an AAD token to authorize all requests.";

#[derive(Clone)]
struct Plane {
    world: SharedWorld,
}

/// The face of all hosts of the account.
pub(super) fn face(world: &SharedWorld) -> Router {
    Router::new().fallback(answer).with_state(Plane { world: world.clone() })
}

/// A request, as far as it is signed.
struct Signed<'a> {
    verb: &'a Method,
    resource_type: &'static str,
    link: String,
    date: &'a str,
}

impl Signed<'_> {
    fn payload(&self) -> String {
        let verb = self.verb.as_str().to_ascii_lowercase();
        format!("{verb}\n{}\n{}\n{}\n\n", self.resource_type, self.link, self.date.to_ascii_lowercase())
    }
}

/// Why a request is not served.
struct Refused {
    status: StatusCode,
    substatus: u32,
    code: &'static str,
    text: String,
}

impl Refused {
    fn new(status: StatusCode, substatus: u32, code: &'static str, text: impl Into<String>) -> Refused {
        Refused { status, substatus, code, text: text.into() }
    }

    fn unauthorized(substatus: u32, text: impl Into<String>) -> Refused {
        Refused::new(StatusCode::UNAUTHORIZED, substatus, "Unauthorized", text)
    }
}

async fn answer(
    State(plane): State<Plane>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    _body: Bytes,
) -> Response {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let found = plane.world.with(|world| {
        let place = region_of(world, host)?;
        Some((place, world.account().regions().get(place)?.name.clone()))
    });
    let Some((region, name)) = found else {
        return plane.dress(refuse(Refused::new(
            StatusCode::FORBIDDEN,
            1008,
            "Forbidden",
            "Database Account does not exist at this endpoint",
        )));
    };
    let call = Call::of(Operation::Probe).at(&name);
    let answered = plane.world.call(&call, |world| {
        admitted(world, &method, uri.path(), &headers, &name)?;
        resource(world, &method, uri.path(), &headers, region)
    });
    plane.dress(match answered.await {
        Ok(Ok(body)) => Json(body).into_response(),
        Ok(Err(refused)) => refuse(refused),
        Err(refusal) => turned_away(refusal.into()),
    })
}

/// What the gateway says to a call that it does not let in.
fn turned_away(turned: TurnedAway) -> Response {
    match turned {
        TurnedAway::Throttled(retry_after) => with_header(
            refuse(Refused::new(
                StatusCode::TOO_MANY_REQUESTS,
                3200,
                "TooManyRequests",
                "The request rate is too large. Please retry after sometime.",
            )),
            HeaderName::from_static("x-ms-retry-after-ms"),
            &retry_after.as_millis().to_string(),
        ),
        TurnedAway::Forbidden | TurnedAway::Firewalled => refuse(Refused::new(
            StatusCode::FORBIDDEN,
            0,
            "Forbidden",
            "Request originated from client IP 203.0.113.7 through public internet. This is blocked by your \
             Cosmos DB account firewall settings.",
        )),
        TurnedAway::NoAnswer => lost(false),
    }
}

impl Plane {
    /// The headers that every answer carries. `Date` is world time: clients set their clocks by it.
    fn dress(&self, response: Response) -> Response {
        let now = self.world.with(|world| world.now());
        let date = rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&now).unwrap_or_default();
        let response = with_header(response, DATE, &date);
        let response = with_header(response, HeaderName::from_static("x-ms-request-charge"), "1");
        let id = azure_core::Uuid::new_v4().to_string();
        with_header(response, HeaderName::from_static("x-ms-activity-id"), &id)
    }
}

/// The region that a host stands for: its own, or for the account's global name the one that writes.
fn region_of(world: &World, host: &str) -> Option<usize> {
    let host = host.split(':').next().unwrap_or_default().to_ascii_lowercase();
    let account = world.account();
    if account.is_deleted() {
        return None;
    }
    let is = |endpoint: &str| {
        endpoint.strip_prefix("https://").and_then(|rest| rest.split(':').next()) == Some(host.as_str())
    };
    if is(&account.endpoint()) {
        return account.regions().iter().position(|region| region.writable);
    }
    account.regions().iter().position(|region| is(&region.endpoint))
}

/// Whether the request may come in.
fn admitted(
    world: &mut World,
    method: &Method,
    path: &str,
    headers: &HeaderMap,
    region: &str,
) -> Result<(), Refused> {
    if world.account().config().local_auth_disabled {
        return Err(Refused::unauthorized(5202, DISABLED_TEXT));
    }
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let date = text("x-ms-date").unwrap_or_default();
    check_date(date, world.now())?;
    let (resource_type, link) = signed_resource(path);
    let payload = Signed { verb: method, resource_type, link, date }.payload();
    let cannot_serve = || {
        let text = format!(
            "The input authorization token can't serve the request. Please check that the expected payload \
             is built as per the protocol, and check the key being used. Server used the following payload \
             to sign: '{payload}'"
        );
        Refused::unauthorized(0, text)
    };
    let signature = text(AUTHORIZATION.as_str()).and_then(signature).ok_or_else(cannot_serve)?;
    let fits = |key: &KeyMaterial| signs(key, &signature, &payload);
    let agent = text(USER_AGENT.as_str()).unwrap_or_default();
    match world.authenticate(region, agent, fits) {
        Some(kind) if kind.access == Access::ReadOnly && method != Method::GET => {
            Err(Refused::unauthorized(0, MAC_TEXT))
        }
        Some(_) => Ok(()),
        // Both wordings are seen for a wrong key; this one also while regions do not agree yet.
        None if world.account().keys().iter().any(|key| fits(&key.material)) => {
            Err(Refused::unauthorized(0, MAC_TEXT))
        }
        None => Err(cannot_serve()),
    }
}

fn check_date(date: &str, now: Timestamp) -> Result<(), Refused> {
    let parsed = rfc2822::DateTimeParser::new().parse_timestamp(date);
    let (Ok(at), true) = (parsed, date.ends_with(" GMT")) else {
        return Err(Refused::unauthorized(0, DATE_TEXT));
    };
    if at.duration_since(now).abs() > WINDOW {
        return Err(Refused::new(
            StatusCode::FORBIDDEN,
            0,
            "Forbidden",
            "The authorization token is not valid at the current time: the authorization token expired or is \
             not valid yet.",
        ));
    }
    Ok(())
}

/// The signature in the header, percent-encoding undone.
fn signature(header: &str) -> Option<Vec<u8>> {
    // As a query string, a plus sign that was not encoded would be a blank; the service does not mind it.
    let header = header.replace('+', "%2B");
    let text: String = url::form_urlencoded::parse(format!("x={header}").as_bytes())
        .next()
        .map(|(_, text)| text.into_owned())?;
    let signature = text.strip_prefix("type=master&ver=1.0&sig=")?;
    azure_core::base64::decode(signature).ok()
}

/// Whether the key made the signature.
fn signs(key: &KeyMaterial, signature: &[u8], payload: &str) -> bool {
    let Ok(bytes) = azure_core::base64::decode(key.expose()) else { return false };
    let mac = hmac::Key::new(hmac::HMAC_SHA256, &bytes);
    hmac::verify(&mac, payload.as_bytes(), signature).is_ok()
}

/// Resource type and link as they are signed: a list is signed by its parent.
fn signed_resource(path: &str) -> (&'static str, String) {
    let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    let kind = |name: &str| match name {
        "dbs" => "dbs",
        "colls" => "colls",
        "docs" => "docs",
        _ => "",
    };
    let named = segments.len().is_multiple_of(2);
    let place = if named { segments.len().checked_sub(2) } else { segments.len().checked_sub(1) };
    let resource_type = place.and_then(|place| segments.get(place)).map_or("", |name| kind(name));
    let link = if named { segments.join("/") } else { segments[..segments.len() - 1].join("/") };
    (resource_type, link)
}

/// The answer to a request that came in.
fn resource(
    world: &World,
    method: &Method,
    path: &str,
    headers: &HeaderMap,
    region: usize,
) -> Result<Value, Refused> {
    let config = world.account().config();
    let (db, coll) = (config.database.as_str(), config.container.as_str());
    let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    let missing = |sub: u32| {
        let text = "Entity with the specified id does not exist in the system.";
        Refused::new(StatusCode::NOT_FOUND, sub, "NotFound", text)
    };
    match (method, segments.as_slice()) {
        (&Method::GET, []) => Ok(account(world)),
        (&Method::GET, ["dbs"]) => Ok(json!({ "_rid": "", "Databases": [database(db)], "_count": 1 })),
        (_, ["dbs", name, ..]) if *name != db => Err(missing(if segments.len() == 2 { 0 } else { 1003 })),
        (&Method::GET, ["dbs", _]) => Ok(database(db)),
        (&Method::GET, ["dbs", _, "colls"]) => {
            Ok(json!({ "_rid": "kS0tAA==", "DocumentCollections": [container(coll)], "_count": 1 }))
        }
        (_, ["dbs", _, "colls", name, ..]) if *name != coll => {
            Err(missing(if segments.len() == 4 { 0 } else { 1003 }))
        }
        (&Method::GET, ["dbs", _, "colls", _]) => Ok(container(coll)),
        (&Method::GET | &Method::DELETE, ["dbs", _, "colls", _, "docs", _]) => {
            check_partition_key(headers)?;
            if method == Method::DELETE
                && !world.account().regions().get(region).is_some_and(|it| it.writable)
            {
                let text = "The requested operation cannot be performed at this region";
                return Err(Refused::new(StatusCode::FORBIDDEN, 3, "Forbidden", text));
            }
            Err(missing(0))
        }
        _ => Err(Refused::new(StatusCode::METHOD_NOT_ALLOWED, 0, "MethodNotAllowed", "not served here")),
    }
}

/// One element per path; the container has one path.
fn check_partition_key(headers: &HeaderMap) -> Result<(), Refused> {
    let header = headers.get("x-ms-documentdb-partitionkey").and_then(|value| value.to_str().ok());
    let values: Option<Vec<Value>> = header.and_then(|text| serde_json::from_str(text).ok());
    if values.is_some_and(|values| values.len() == 1) {
        return Ok(());
    }
    let text = "PartitionKey extracted from document doesn't match the one specified in the header.";
    Err(Refused::new(StatusCode::BAD_REQUEST, 1001, "BadRequest", text))
}

fn account(world: &World) -> Value {
    let account = world.account();
    let locations = |writing_only: bool| -> Vec<Value> {
        let regions = account.regions().iter().filter(|region| region.writable || !writing_only);
        regions
            .map(|region| json!({ "name": region.name, "databaseAccountEndpoint": region.endpoint }))
            .collect()
    };
    let writable = locations(true);
    json!({
        "id": account.config().id.name,
        "enableMultipleWriteLocations": writable.len() > 1,
        "writableLocations": writable,
        "readableLocations": locations(false),
    })
}

fn database(id: &str) -> Value {
    json!({ "id": id, "_rid": "kS0tAA==", "_self": "dbs/kS0tAA==/", "_colls": "colls/", "_users": "users/" })
}

fn container(id: &str) -> Value {
    json!({
        "id": id,
        "_rid": "kS0tAJ8h-Rc=",
        "_self": "dbs/kS0tAA==/colls/kS0tAJ8h-Rc=/",
        "partitionKey": { "paths": ["/id"], "kind": "Hash", "version": 2 },
    })
}

fn refuse(refused: Refused) -> Response {
    let id = azure_core::Uuid::new_v4();
    let message = format!("{}\r\nActivityId: {id}, Microsoft.Azure.Documents.Common/2.14.0", refused.text);
    let response =
        (refused.status, Json(json!({ "code": refused.code, "message": message }))).into_response();
    with_header(response, HeaderName::from_static("x-ms-substatus"), &refused.substatus.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_signed_by_their_parent_and_resources_by_themselves() {
        assert_eq!(signed_resource("/"), ("", String::new()));
        assert_eq!(signed_resource("/dbs"), ("dbs", String::new()));
        assert_eq!(signed_resource("/dbs/D"), ("dbs", "dbs/D".to_owned()));
        assert_eq!(signed_resource("/dbs/D/colls"), ("colls", "dbs/D".to_owned()));
        assert_eq!(signed_resource("/dbs/D/colls/C"), ("colls", "dbs/D/colls/C".to_owned()));
        assert_eq!(signed_resource("/dbs/D/colls/C/docs"), ("docs", "dbs/D/colls/C".to_owned()));
    }

    #[test]
    fn the_published_header_is_understood() {
        // Microsoft's example; its hexadecimal digits are in lower case.
        let header = "type%3dmaster%26ver%3d1.0%26sig%3dc09PEVJrgp2uQRkr934kFbTqhByc7TVr3OHyqlu%2bc%2bc%3d";
        let date = "Thu, 27 Apr 2017 00:51:12 GMT";
        let key = "dsZQi3KtZmCv1ljt3VNWNm7sQUF1y5rJfC6kv5JiwvW0EndXdDku/dkKBp8/ufDToSxLzR4y+O/0H/t4bQtVNw==";
        let (resource_type, link) = signed_resource("/dbs/ToDoList");
        let payload = Signed { verb: &Method::GET, resource_type, link, date }.payload();
        let mac = hmac::Key::new(hmac::HMAC_SHA256, &azure_core::base64::decode(key).unwrap());
        hmac::verify(&mac, payload.as_bytes(), &signature(header).unwrap()).unwrap();
    }
}
