//! `keyslot explain --output json`, version 1. Additive within a major version.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::explain::evidence_of_use;
use super::reason::harm;
use super::rotation_json::{
    HoldV1, RegenerationV1, RestartHaltedV1, RotationV1, StandV1, hold, regeneration, restart_halted,
    rotation, stand,
};
use super::span;
use super::status_json::{NoteV1, noted};
use crate::model::StampName;
use crate::rotation::{Gate, Note, Report};

/// What `keyslot explain --output json` prints.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(title = "keyslot explain", extend("$id" = "keyslot:explain:1"))]
pub struct ExplainV1 {
    pub version: u32,
    /// RFC 3339.
    pub at: String,
    /// The rotation that is open, or was last; null where there was none.
    pub rotation: Option<RotationV1>,
    /// Where it stands; null where none is open.
    pub stand: Option<StandV1>,
    /// The gates that hold, each with what it holds.
    pub gates: Vec<GateV1>,
    /// What a restart was halted by that `keyslot restart` began ahead of the rotation's own; null where none was.
    pub restart_halted: Option<RestartHaltedV1>,
    /// Null where none is under way.
    pub regeneration: Option<RegenerationV1>,
    /// Runs that may still write the vaults or the account, the rotation's own among them.
    pub hazards: Vec<HoldV1>,
    /// Where somebody has to have stopped using the old key: which evidence there is of it, in words.
    pub told_by: Vec<String>,
    pub notes: Vec<NoteV1>,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct GateV1 {
    pub gate: String,
    /// What has to be so.
    pub wants: String,
    /// What would happen without it.
    pub protects_from: String,
    /// Whether no person may open it.
    pub never_accepted: bool,
    pub holds: Vec<HoldV1>,
}

/// Puts the document together.
pub fn explain_json(report: &Report, notes: &BTreeMap<Note, Vec<StampName>>) -> ExplainV1 {
    ExplainV1 {
        version: 1,
        at: span::rfc3339(report.at),
        rotation: rotation(report),
        stand: stand(report),
        gates: gates(report),
        restart_halted: restart_halted(report),
        regeneration: report.regeneration.as_ref().map(|one| regeneration(one, report.at)),
        hazards: report.hazards.iter().map(|one| hold(one, report)).collect(),
        told_by: evidence_of_use(report),
        notes: notes.iter().map(|(note, stamps)| noted(note, stamps)).collect(),
    }
}

fn gates(report: &Report) -> Vec<GateV1> {
    let mut holds: BTreeMap<Gate, (String, Vec<HoldV1>)> = BTreeMap::new();
    for one in report.held() {
        let first = || (harm(one).to_owned(), Vec::new());
        holds.entry(one.gate).or_insert_with(first).1.push(hold(one, report));
    }
    let told = |(gate, (harm, holds)): (Gate, (String, Vec<HoldV1>))| GateV1 {
        gate: gate.to_string(),
        wants: gate.holds_for().to_owned(),
        protects_from: harm,
        never_accepted: gate.never_accepted(),
        holds,
    };
    holds.into_iter().map(told).collect()
}
