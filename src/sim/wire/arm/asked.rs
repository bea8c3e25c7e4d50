//! What is asked for, by method, path and version.

use axum::response::Response;
use http::{Method, StatusCode, Uri};

use super::super::rights;
use super::operation::{no_operation, operation_number};
use super::refused::nested;
use crate::model::AccountId;

const STABLE: [&str; 2] = ["2024-08-15", "2026-03-15"];

/// Of permissions and roles, of locks, and of assignments.
const AUTHORIZATION: [&str; 3] = ["2022-04-01", "2020-05-01", "2020-10-01"];

pub(super) const PREVIEW: &str = "2026-04-01-preview";

/// What was asked, once path and method are understood.
pub(super) enum Asked {
    Get,
    ListKeys,
    Permissions,
    /// At the account or its group; or at the subscription.
    Locks {
        subscription: bool,
    },
    Assignments,
    Role,
    Regenerate,
    /// A poll of `operationsStatus`.
    Status(u64),
    /// A poll of `operationResults`.
    Result(u64),
}

/// Understands a path. The account's own name is compared without regard to case, too.
pub(super) fn asked(method: &Method, path: &str, account: &AccountId) -> Result<Asked, Box<Response>> {
    let path = path.trim_matches('/').to_lowercase();
    let own = account.resource_id().trim_matches('/').to_lowercase();
    let not_found = || {
        let message = "The resource was not found, or this world does not serve its type.";
        Box::new(nested(StatusCode::NOT_FOUND, "ResourceNotFound", message))
    };
    let operation = |id: &str| operation_number(id).ok_or_else(|| Box::new(no_operation()));
    if let Some(rest) = path.strip_prefix(&own) {
        return match (method, rest) {
            (&Method::GET, "") => Ok(Asked::Get),
            (&Method::GET, "/providers/microsoft.authorization/permissions") => Ok(Asked::Permissions),
            (&Method::GET, "/providers/microsoft.authorization/locks") => {
                Ok(Asked::Locks { subscription: false })
            }
            (&Method::GET, "/providers/microsoft.authorization/roleassignmentscheduleinstances") => {
                Ok(Asked::Assignments)
            }
            (&Method::POST, "/listkeys") => Ok(Asked::ListKeys),
            (&Method::POST, "/regeneratekey") => Ok(Asked::Regenerate),
            (&Method::GET, rest) => match rest.strip_prefix("/regeneratekey/operationresults/") {
                Some(id) => Ok(Asked::Result(operation(id)?)),
                None => Err(not_found()),
            },
            _ => Err(not_found()),
        };
    }
    if let Some(scope) = path.strip_suffix("/providers/microsoft.authorization/locks")
        && method == Method::GET
    {
        let subscription = format!("subscriptions/{}", account.subscription.to_lowercase());
        let group = format!("{subscription}/resourcegroups/{}", account.resource_group.to_lowercase());
        if scope == subscription || scope == group {
            return Ok(Asked::Locks { subscription: scope == subscription });
        }
    }
    if method == Method::GET && format!("/{path}") == rights::role_id(account).to_lowercase() {
        return Ok(Asked::Role);
    }
    let locations = format!(
        "subscriptions/{}/providers/microsoft.documentdb/locations/",
        account.subscription.to_lowercase()
    );
    match path.strip_prefix(&locations).and_then(|rest| rest.split_once("/operationsstatus/")) {
        Some((_, id)) if method == Method::GET => Ok(Asked::Status(operation(id)?)),
        _ => Err(not_found()),
    }
}

/// The api-version, if it is one that this world knows.
pub(super) fn version(uri: &Uri, knows_preview: bool) -> Result<String, Box<Response>> {
    let query = uri.query().unwrap_or_default();
    let version = url::form_urlencoded::parse(query.as_bytes())
        .find(|(name, _)| name == "api-version")
        .map(|(_, value)| value.into_owned());
    match version {
        None => Err(Box::new(nested(
            StatusCode::BAD_REQUEST,
            "MissingApiVersionParameter",
            "The api-version query parameter (?api-version=) is required for all requests.",
        ))),
        Some(version) if AUTHORIZATION.contains(&version.as_str()) => Ok(version),
        Some(version) if STABLE.contains(&version.as_str()) || (knows_preview && version == PREVIEW) => {
            Ok(version)
        }
        Some(_) => Err(Box::new(nested(
            StatusCode::BAD_REQUEST,
            "NoRegisteredProviderFound",
            "No registered resource provider was found for this api-version.",
        ))),
    }
}
