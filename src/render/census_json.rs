//! `keyslot census --output json`, version 1. Additive within a major version.

use schemars::JsonSchema;
use serde::Serialize;

use super::span;
use crate::rotation::{Census, User};

/// What `keyslot census --output json` prints.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(title = "keyslot census", extend("$id" = "keyslot:census:1"))]
pub struct CensusV1 {
    pub version: u32,
    /// The window's beginning, RFC 3339.
    pub since: String,
    /// The time of the account's newest row, whoever asked; null where there is none.
    pub newest: Option<String>,
    /// By key, the last to use it first.
    pub users: Vec<UserV1>,
    /// Callers whose rows name no key.
    pub unnamed: Vec<UserV1>,
    /// What the logs leave open.
    pub unknown: Vec<String>,
    /// What was not asked.
    pub not_asked: Vec<String>,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct UserV1 {
    /// `primary` or `secondary`; null where no row says the key.
    pub slot: Option<String>,
    /// `read-write` or `read-only`; null where no row says the key.
    pub access: Option<String>,
    /// Empty where the rows have none.
    pub address: String,
    pub agent: String,
    /// The known stamp that the address belongs to.
    pub stamp: Option<String>,
    /// The account's regions that served it.
    pub regions: Vec<String>,
    pub requests: u64,
    pub first: String,
    pub last: String,
    /// `moved`: it was seen with the other slot later. `holds`: it was not. `unknown`: no row says the key.
    pub attachment: String,
}

/// Puts the document together.
pub fn census_json(census: &Census, not_asked: &[&str]) -> CensusV1 {
    CensusV1 {
        version: 1,
        since: span::rfc3339(census.since),
        newest: census.newest.map(span::rfc3339),
        users: census.users.iter().map(user).collect(),
        unnamed: census.unnamed.iter().map(user).collect(),
        unknown: census.unknowns(),
        not_asked: not_asked.iter().map(|text| (*text).to_owned()).collect(),
    }
}

fn user(user: &User) -> UserV1 {
    UserV1 {
        slot: user.kind.map(|kind| kind.slot.to_string()),
        access: user.kind.map(|kind| kind.access.to_string()),
        address: user.caller.address.clone(),
        agent: user.caller.agent.clone(),
        stamp: user.stamp.as_ref().map(ToString::to_string),
        regions: user.regions.iter().cloned().collect(),
        requests: user.count,
        first: span::rfc3339(user.first),
        last: span::rfc3339(user.last),
        attachment: user.kind.map_or("unknown", |_| user.attachment.as_str()).to_owned(),
    }
}
