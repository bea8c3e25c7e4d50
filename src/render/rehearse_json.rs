//! `rehearse --output json`, version 1: one object at the end.
//!
//! Times are world time (RFC 3339). What stands under `outage`, `stamps` and `account` was counted by the world,
//! never by keyslot. Additive within a major version.

use schemars::JsonSchema;
use serde::Serialize;

/// What `keyslot rehearse --output json` prints.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(title = "keyslot rehearse", extend("$id" = "keyslot:rehearse:1"))]
pub struct RehearsalV1 {
    pub version: u32,
    pub world_digest: String,
    /// `keyslot` or `runbook`.
    pub driver: String,
    pub rotation: RotationV1,
    pub outage: OutageV1,
    pub stamps: Vec<StampV1>,
    pub account: AccountV1,
    pub wall_seconds: f64,
    pub simulated_seconds: f64,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct RotationV1 {
    pub id: String,
    /// `done`, `waiting`, `halted` or `failed`.
    pub state: String,
    pub from: String,
    pub to: String,
    pub steps: Vec<StepV1>,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct StepV1 {
    pub step: String,
    /// `done`, `found-done` (it was so, or others did it), `current` or `pending`.
    pub outcome: String,
    pub started: Option<String>,
    pub ended: Option<String>,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct OutageV1 {
    pub served: u64,
    pub refused: u64,
    pub first_refused_at: Option<String>,
    pub served_after_regeneration: u64,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct StampV1 {
    pub name: String,
    /// `primary`, `secondary`, `mixed` or `unknown`.
    pub vault_slot: String,
    pub pods_slot: String,
    pub restarted: bool,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct AccountV1 {
    pub regenerated: Vec<RegeneratedV1>,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct RegeneratedV1 {
    /// As Azure names it: `primary`, `secondary`, `primaryReadonly`, `secondaryReadonly`.
    pub kind: String,
    pub at: String,
}
