//! `keyslot check --max-age AGE --output json`, version 1. Additive within a major version.

use schemars::JsonSchema;
use serde::Serialize;

use super::age::Ages;
use super::span;
use crate::rotation::{AgeVerdict, Holders, KeyAge};

/// What `keyslot check --max-age AGE --output json` prints.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(title = "keyslot check --max-age", extend("$id" = "keyslot:age:1"))]
pub struct AgeV1 {
    /// `age`: tells the document from that of a check of code.
    pub kind: String,
    pub version: u32,
    /// RFC 3339.
    pub at: String,
    pub account: String,
    pub max_age_seconds: u64,
    pub keys: Vec<KeyAgeV1>,
    pub unseen: Vec<UnseenAgeV1>,
    /// How many keys are a finding.
    pub findings: usize,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct KeyAgeV1 {
    /// `primary` or `secondary`.
    pub slot: String,
    /// `read_write` or `read_only`.
    pub access: String,
    /// RFC 3339; null where Azure does not tell: not regenerated since the account was created, or last before 2022-06-18.
    pub generated: Option<String>,
    pub age_seconds: Option<u64>,
    /// Stamps whose vaults hold it.
    pub used_by: Vec<String>,
    /// `young`, `too-old`, `unknown` (in use, age untold), `spare` (not in use) or `unseen` (use not seen).
    pub verdict: String,
    pub finding: bool,
    pub message: String,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct UnseenAgeV1 {
    pub what: String,
    pub why: String,
}

/// The document.
pub fn age_json(ages: &Ages) -> AgeV1 {
    AgeV1 {
        kind: "age".to_owned(),
        version: 1,
        at: span::rfc3339(ages.at),
        account: ages.account.name.clone(),
        max_age_seconds: ages.most.as_secs(),
        keys: ages.keys.iter().map(|key| key_json(ages, key)).collect(),
        unseen: ages
            .unseen
            .iter()
            .map(|unseen| UnseenAgeV1 { what: unseen.what.to_string(), why: unseen.blind.why.clone() })
            .collect(),
        findings: ages.findings().count(),
    }
}

fn key_json(ages: &Ages, key: &KeyAge) -> KeyAgeV1 {
    let verdict = key.verdict(ages.most, ages.at);
    KeyAgeV1 {
        slot: key.kind.slot.to_string(),
        access: match key.kind.access {
            crate::model::Access::ReadWrite => "read_write",
            crate::model::Access::ReadOnly => "read_only",
        }
        .to_owned(),
        generated: key.generated.map(span::rfc3339),
        age_seconds: key.age(ages.at).map(|age| age.as_secs()),
        used_by: match &key.holders {
            Holders::Stamps(stamps) => stamps.iter().map(ToString::to_string).collect(),
            Holders::Nobody | Holders::Unknown => Vec::new(),
        },
        verdict: word(verdict).to_owned(),
        finding: verdict.is_finding(),
        message: ages.line(key),
    }
}

fn word(verdict: AgeVerdict) -> &'static str {
    match verdict {
        AgeVerdict::Young => "young",
        AgeVerdict::TooOld => "too-old",
        AgeVerdict::Unknown => "unknown",
        AgeVerdict::Spare => "spare",
        AgeVerdict::Unseen => "unseen",
    }
}
