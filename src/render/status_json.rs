//! `keyslot status --output json`, version 1. Additive within a major version.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::matrix::Matrix;
use super::rotation_json::{
    HoldV1, RegenerationV1, RestartHaltedV1, RotationV1, StandV1, hold, leg, regeneration, restart_halted,
    rotation, stand,
};
use super::verify_json::{LastUsedV1, StampV1, UnseenV1, last_used, stamps, unseen};
use super::{note, span};
use crate::model::StampName;
use crate::rotation::{Note, Outcome, PhaseReport, PhaseState, Report, StepReport, Unseen};

/// What `keyslot status --output json` prints.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(title = "keyslot status", extend("$id" = "keyslot:status:1"))]
pub struct StatusV1 {
    pub version: u32,
    /// RFC 3339.
    pub at: String,
    /// The rotation that is open, or was last; null where there was none.
    pub rotation: Option<RotationV1>,
    /// Where it stands; null where none is open.
    pub stand: Option<StandV1>,
    /// Why it does not go on.
    pub holds: Vec<HoldV1>,
    /// What a restart was halted by that `keyslot restart` began ahead of the rotation's own; null where none was.
    pub restart_halted: Option<RestartHaltedV1>,
    /// In their order.
    pub phases: Vec<PhaseV1>,
    /// What was done, in its order.
    pub steps: Vec<StepV1>,
    /// Null where none is under way.
    pub regeneration: Option<RegenerationV1>,
    /// Runs that may still write the vaults or the account, the rotation's own among them.
    pub hazards: Vec<HoldV1>,
    pub stamps: Vec<StampV1>,
    pub last_used: Vec<LastUsedV1>,
    /// What could not be seen.
    pub unseen: Vec<UnseenV1>,
    pub notes: Vec<NoteV1>,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct PhaseV1 {
    /// `out` or, on the way back, `back`.
    pub leg: String,
    pub phase: String,
    /// `done`, `found-done` (it was so, or others did it), `current`, `running` (sent, and its end is waited for) or
    /// `pending`.
    pub state: String,
    pub started: Option<String>,
    pub ended: Option<String>,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct StepV1 {
    pub step: String,
    pub attempts: u32,
    /// When it was first about to be done.
    pub intended: String,
    /// When its outcome was noted; null while there is none.
    pub ended: Option<String>,
    /// `applied`, `not-sent`, `refused`, `unknown`, or `open` where nothing is noted yet.
    pub outcome: String,
    /// Why it was not applied.
    pub why: Option<String>,
}

/// Worth knowing, and holding nothing.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct NoteV1 {
    pub message: String,
    pub stamps: Vec<String>,
}

/// Puts the document together.
pub fn status_json(
    report: &Report,
    matrix: &Matrix,
    blind: &[Unseen],
    notes: &BTreeMap<Note, Vec<StampName>>,
) -> StatusV1 {
    StatusV1 {
        version: 1,
        at: span::rfc3339(report.at),
        rotation: rotation(report),
        stand: stand(report),
        holds: report.held().into_iter().map(|one| hold(one, report)).collect(),
        restart_halted: restart_halted(report),
        phases: report.phases.iter().map(phase).collect(),
        steps: report.steps.iter().map(step).collect(),
        regeneration: report.regeneration.as_ref().map(|one| regeneration(one, report.at)),
        hazards: report.hazards.iter().map(|one| hold(one, report)).collect(),
        stamps: stamps(matrix),
        last_used: last_used(matrix),
        unseen: unseen(blind),
        notes: notes.iter().map(|(note, stamps)| noted(note, stamps)).collect(),
    }
}

fn phase(one: &PhaseReport) -> PhaseV1 {
    PhaseV1 {
        leg: leg(one.leg),
        phase: one.phase.to_string(),
        state: match one.state {
            PhaseState::Done => "done",
            PhaseState::FoundDone => "found-done",
            PhaseState::Current => "current",
            PhaseState::Running => "running",
            PhaseState::Pending => "pending",
        }
        .to_owned(),
        started: one.started.map(span::rfc3339),
        ended: one.ended.map(span::rfc3339),
    }
}

fn step(one: &StepReport) -> StepV1 {
    let (outcome, why) = match one.outcome.as_ref().map(|(_, outcome)| outcome) {
        None => ("open", None),
        Some(Outcome::Applied { .. }) => ("applied", None),
        Some(Outcome::NotSent { why }) => ("not-sent", Some(why)),
        Some(Outcome::Refused { why, later: _, respite: _ }) => ("refused", Some(why)),
        Some(Outcome::Unknown { why }) => ("unknown", Some(why)),
    };
    StepV1 {
        step: one.step.to_string(),
        attempts: one.attempts,
        intended: span::rfc3339(one.intended),
        ended: one.outcome.as_ref().map(|(at, _)| span::rfc3339(*at)),
        outcome: outcome.to_owned(),
        why: why.cloned(),
    }
}

pub(super) fn noted(note: &Note, stamps: &[StampName]) -> NoteV1 {
    NoteV1 { message: note::words(note), stamps: stamps.iter().map(ToString::to_string).collect() }
}
