//! `keyslot verify --output json`, version 1. Additive within a major version.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::matrix::{Cell, Holds, Matrix, Row};
use super::status_json::{NoteV1, noted};
use super::{span, verify};
use crate::model::{Slot, StampName};
use crate::rotation::{Note, Standing, Unseen};

/// What `keyslot verify --output json` prints.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(title = "keyslot verify", extend("$id" = "keyslot:verify:1"))]
pub struct VerifyV1 {
    pub version: u32,
    /// RFC 3339.
    pub at: String,
    /// Whether everybody who could be seen uses the same key.
    pub agrees: bool,
    /// The slot that every vault holds: `primary` or `secondary`; null where they differ or are not all known.
    pub slot: Option<String>,
    pub stamps: Vec<StampV1>,
    pub differences: Vec<DifferenceV1>,
    /// What could not be seen.
    pub unseen: Vec<UnseenV1>,
    /// Stamps of which Azure knows neither cluster nor vault.
    pub closed: Vec<String>,
    /// Branches whose code reads something else than the vaults hold.
    pub ahead: Vec<BranchV1>,
    pub last_used: Vec<LastUsedV1>,
    pub notes: Vec<NoteV1>,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct StampV1 {
    pub name: String,
    pub base_branch: CellV1,
    pub release: CellV1,
    pub key_vault: CellV1,
    pub pods: CellV1,
    /// Pods that may hold an older key than the vault, terminating ones included.
    pub old_pods: usize,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct CellV1 {
    /// `primary`, `secondary`, `mixed`, `none` or `unknown`; of a vault or pods with a key of the other access `primary
    /// read-only` or the like; of pods that all began before their vault's version, and of which nobody has seen with which
    /// key, `older`.
    pub holds: String,
    /// When it was looked at; null where it was not seen.
    pub seen: Option<String>,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct DifferenceV1 {
    pub stamp: String,
    /// `other-slot`, `other-access`, `no-key`, `disabled`, `old-pods` or `stale-secret`.
    pub kind: String,
    pub message: String,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct UnseenV1 {
    pub what: String,
    pub why: String,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct BranchV1 {
    pub branch: String,
    /// `primary`, `secondary`, `mixed`, `none` or `unknown`.
    pub reads: String,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct LastUsedV1 {
    pub slot: String,
    /// As Azure saw it; null where it does not tell.
    pub at: Option<String>,
}

/// Puts the document together.
pub fn verify_json(matrix: &Matrix, standing: &Standing, notes: &BTreeMap<Note, Vec<StampName>>) -> VerifyV1 {
    VerifyV1 {
        version: 1,
        at: span::rfc3339(matrix.at),
        agrees: standing.agrees(),
        slot: standing.slot.map(|slot| slot.to_string()),
        stamps: stamps(matrix),
        differences: standing
            .differences
            .iter()
            .map(|difference| DifferenceV1 {
                stamp: difference.stamp().to_string(),
                kind: difference.kind().to_owned(),
                message: verify::difference(difference),
            })
            .collect(),
        unseen: unseen(&standing.unseen),
        closed: standing.closed.iter().map(ToString::to_string).collect(),
        ahead: standing
            .ahead
            .iter()
            .map(|(branch, reads)| BranchV1 {
                branch: branch.clone(),
                reads: Holds::from(*reads).as_str().to_owned(),
            })
            .collect(),
        last_used: last_used(matrix),
        notes: notes.iter().map(|(note, stamps)| noted(note, stamps)).collect(),
    }
}

pub(super) fn stamps(matrix: &Matrix) -> Vec<StampV1> {
    let row = |row: &Row| StampV1 {
        name: row.stamp.to_string(),
        base_branch: cell(row.base),
        release: cell(row.release),
        key_vault: cell(row.vault),
        pods: cell(row.pods),
        old_pods: row.old_pods,
    };
    matrix.rows.iter().map(row).collect()
}

pub(super) fn last_used(matrix: &Matrix) -> Vec<LastUsedV1> {
    let told = |(slot, at): &(Slot, Option<Timestamp>)| LastUsedV1 {
        slot: slot.to_string(),
        at: at.map(span::rfc3339),
    };
    matrix.last_used.iter().map(told).collect()
}

pub(super) fn unseen(unseen: &[Unseen]) -> Vec<UnseenV1> {
    let told = |one: &Unseen| UnseenV1 { what: one.what.to_string(), why: one.blind.why.clone() };
    unseen.iter().map(told).collect()
}

fn cell(cell: Cell) -> CellV1 {
    CellV1 { holds: cell.holds.as_str().to_owned(), seen: cell.seen.map(span::rfc3339) }
}
