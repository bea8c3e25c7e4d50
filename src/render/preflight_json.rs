//! `keyslot plan --output json`, version 1. Additive within a major version; durations are whole seconds, and every moment is
//! RFC 3339.
//!
//! It is called `preflight`, because `plan` is the document of `keyslot check --plan FILE`.

mod concerns;
mod rights;
mod times;
mod way;

use schemars::JsonSchema;
use serde::Serialize;

use super::foresight::Code;
use super::rotation_json::{AcceptanceV1, HoldV1, acceptance, hold};
use super::span;
use crate::rotation::{Foresight, Report};
use concerns::{ConcernV1, concern};
use rights::{RightsV1, rights};
use times::{EstimateV1, WaitsV1, estimate, waits};
use way::{CodeV1, CourseV1, PhaseCourseV1, RenewalV1, RouteV1, WaveV1, code, phases, renewal, route, waves};

/// What `keyslot plan --output json` prints.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(title = "keyslot plan", extend("$id" = "keyslot:preflight:1"))]
pub struct PreflightV1 {
    pub kind: KindV1,
    pub version: u32,
    /// RFC 3339.
    pub at: String,
    pub rotation: ForeseenV1,
    pub verdict: VerdictV1,
    /// With which the command ends: 0 `ready`, 3 `waiting`, 4 `halted`.
    pub exit_code: u8,
    /// How far each phase of the way out is; empty where no rotation is open.
    pub phases: Vec<PhaseCourseV1>,
    /// That the key of the slot to move to is made anew first; null where it is not.
    pub renewal: Option<RenewalV1>,
    pub code: CodeV1,
    pub route: RouteV1,
    /// In their order; empty where nothing is restarted.
    pub waves: Vec<WaveV1>,
    /// How far somebody's approval of the regeneration is.
    pub approval: CourseV1,
    /// What the policy prescribes, as far as it is not over.
    pub waits: WaitsV1,
    /// How long the restarts that are left may take in all; null where none is left.
    pub rollouts: Option<EstimateV1>,
    /// The same and all waits together. Reviews and pipeline runs come on top.
    pub in_all: Option<EstimateV1>,
    /// What is in the way now.
    pub holds: Vec<HoldV1>,
    /// What is not in the way now and would be before anything is restarted, as things are.
    pub holds_later: Vec<HoldV1>,
    /// What people have accepted and what is not over.
    pub acceptances: Vec<AcceptanceV1>,
    pub rights: RightsV1,
    /// What is worth knowing and holds nothing.
    pub concerns: Vec<ConcernV1>,
}

/// Tells the document from that of `keyslot check --plan FILE`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum KindV1 {
    Preflight,
}

/// The rotation that is open, or that would be opened now.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ForeseenV1 {
    pub id: String,
    /// What `--approve` takes for this rotation: the id, and a count where it was begun anew after it was closed.
    pub approve: String,
    /// Whether it is open.
    pub open: bool,
    /// Since when it is open; null where it is not.
    pub opened: Option<String>,
    pub environment: String,
    pub account: String,
    /// The slot whose key goes: `primary` or `secondary`.
    pub from: String,
    pub to: String,
    /// `read-write` or `read-only`.
    pub access: String,
    /// The key that goes, as Azure names it: `primary`, `secondary`, `primaryReadonly`, `secondaryReadonly`.
    pub retires: String,
    /// In which phase it is, or would begin.
    pub phase: String,
}

/// Whether it could begin, or go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum VerdictV1 {
    /// Nothing is in the way.
    Ready,
    /// Something is that time opens.
    Waiting,
    /// Something is that a person must see to.
    Halted,
}

/// Puts the document together. `report` is of the same moment: what is in the way is told with the evidence in it.
pub fn preflight_json(
    foresight: &Foresight,
    code_changes: &Code,
    report: &Report,
    verdict: VerdictV1,
    exit_code: u8,
) -> PreflightV1 {
    PreflightV1 {
        kind: KindV1::Preflight,
        version: 1,
        at: span::rfc3339(report.at),
        rotation: foreseen(foresight, report),
        verdict,
        exit_code,
        phases: phases(foresight),
        renewal: renewal(foresight),
        code: code(code_changes),
        route: route(foresight),
        waves: waves(foresight),
        approval: foresight.approval.into(),
        waits: waits(&foresight.waits),
        rollouts: foresight.rollout_left().map(estimate),
        in_all: foresight.time_left().map(estimate),
        holds: foresight.holds.iter().map(|one| hold(one, report)).collect(),
        holds_later: foresight.later.iter().map(|one| hold(one, report)).collect(),
        acceptances: foresight.acceptances.iter().map(|one| acceptance(one, report.at)).collect(),
        rights: rights(&foresight.rights),
        concerns: foresight.concerns.iter().map(concern).collect(),
    }
}

fn foreseen(foresight: &Foresight, report: &Report) -> ForeseenV1 {
    let opened = &foresight.opened;
    ForeseenV1 {
        id: opened.rotation.to_string(),
        approve: opened.approval_name(),
        open: foresight.begun,
        opened: report.opened_at.filter(|_| foresight.begun).map(span::rfc3339),
        environment: opened.environment.to_string(),
        account: opened.account.to_string(),
        from: opened.from.to_string(),
        to: opened.to().to_string(),
        access: opened.access.as_str().to_owned(),
        retires: opened.retires().azure_name().to_owned(),
        phase: foresight.phase.to_string(),
    }
}
