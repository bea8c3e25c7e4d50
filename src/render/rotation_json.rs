//! What `keyslot status`, `explain`, `propose`, `promote` and `follow` tell machines of a rotation, version 1. Additive
//! within a major version; every moment is RFC 3339.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::explain::address;
use super::{reason, span};
use crate::model::EvidenceKey;
use crate::rotation::{
    Acceptance, Approval, Followed, Leg, Opens, Outlook, Pair, Pause, Reason, Regeneration, Report, Verdict,
};

/// The rotation that is open or, where `closed` is given, was open last.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct RotationV1 {
    pub id: String,
    /// What `--approve` takes for this rotation: the id, and a count where it was begun anew after it was closed.
    pub approve: String,
    pub environment: String,
    pub account: String,
    /// The slot whose key goes: `primary` or `secondary`.
    pub from: String,
    pub to: String,
    /// `read-write` or `read-only`.
    pub access: String,
    pub opened: Option<String>,
    pub by: String,
    /// `alone`, or `first` or `second` of the two rotations by which the keys in both slots go.
    pub pair: String,
    /// The pause that is there for longest.
    pub paused: Option<PausedV1>,
    /// Those of other persons. `keyslot resume` ends all of them.
    #[serde(default)]
    pub paused_too: Vec<PausedV1>,
    /// Who has approved the regeneration.
    pub approvals: Vec<ApprovalV1>,
    /// Whether one of them holds for what is so now.
    pub approved: bool,
    /// What people have accepted; what is over, too.
    #[serde(default)]
    pub acceptances: Vec<AcceptanceV1>,
    pub closed: Option<ClosedV1>,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct PausedV1 {
    pub since: String,
    pub by: String,
    pub because: String,
}

/// It holds until the rotation is done or closed.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ApprovalV1 {
    pub at: String,
    pub by: String,
    /// The digest of what the vaults held, where it is bound to that; null where it holds whatever they hold.
    pub digest: Option<String>,
}

/// One gate that is not to hold for one subject, as a person has said.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct AcceptanceV1 {
    pub gate: String,
    pub subject: String,
    /// What `--withdraw` takes.
    pub withdraw: String,
    pub by: String,
    pub because: String,
    pub until: String,
    /// What it was accepted as; null where it is for whatever comes.
    pub bound_to: Option<String>,
    /// Whether it is over.
    pub over: bool,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ClosedV1 {
    pub at: String,
    /// Whether it had come to its end; else a person closed it.
    pub done: bool,
    pub because: String,
}

/// Where the open rotation stands.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct StandV1 {
    /// `out` or, on the way back, `back`.
    pub leg: String,
    pub phase: String,
    /// Since when the rotation is in this phase; null where the journal has no word of it yet.
    pub since: Option<String>,
    /// `ready` (the next step is due), `waiting`, `halted` (a person must act), `done` or `enough`.
    pub state: String,
    /// When it is worth looking again, where it waits.
    pub look_again: Option<String>,
    /// The steps that are due.
    pub next: Vec<String>,
}

/// Why something does not happen yet.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct HoldV1 {
    pub gate: String,
    /// A stamp, a workload, a branch, a slot, `account`, `rotation`, …
    pub subject: String,
    /// The kind of reason, one word that stays the same.
    pub kind: String,
    /// The reason in words, which may change.
    pub why: String,
    /// What to do; null where time or another look opens it.
    pub remedy: Option<String>,
    /// `looking`, `time` or `person`.
    pub opened_by: String,
    /// Since when it is so, where that is known.
    pub since: Option<String>,
    /// Until when it holds if nothing else happens, where that is known.
    pub until: Option<String>,
    /// What `--accept` takes; null where nobody may accept it, or looking opens it.
    pub accept: Option<String>,
    /// What it was judged from; empty where it stands in the journal, or in what was typed.
    pub evidence: Vec<EvidenceV1>,
}

/// A restart alone that was begun ahead of the rotation's own restarts, and that goes on when a person has acted.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct RestartHaltedV1 {
    /// `restart` or `quiesce`.
    pub phase: String,
    pub holds: Vec<HoldV1>,
}

/// One piece of evidence and its age.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct EvidenceV1 {
    pub what: String,
    /// When it was looked at last; null where it was not.
    pub seen: Option<String>,
    pub age_seconds: Option<u64>,
    /// Why it could not be seen then.
    pub unseen: Option<String>,
}

/// A regeneration that was sent and is not over.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct RegenerationV1 {
    /// As Azure names it: `primary`, `secondary`, `primaryReadonly`, `secondaryReadonly`.
    pub kind: String,
    /// `running`, `unanswered` (whether the request arrived is not known) or `failed`.
    pub state: String,
    pub since: String,
    pub running_seconds: u64,
    /// `operation` (at the address that the service named) or `account` (its state, and the key's generation time).
    pub followed_by: String,
    /// The address, without its signature.
    pub operation: Option<String>,
    pub asked: Option<String>,
    pub asked_again: Option<String>,
    /// Why it failed.
    pub failed: Option<String>,
}

pub(super) fn restart_halted(report: &Report) -> Option<RestartHaltedV1> {
    let (phase, reasons) = report.restart_halted.as_ref()?;
    let holds = reasons.iter().map(|one| hold(one, report)).collect();
    Some(RestartHaltedV1 { phase: phase.to_string(), holds })
}

pub(super) fn rotation(report: &Report) -> Option<RotationV1> {
    let opened = report.opened.as_ref()?;
    Some(RotationV1 {
        id: opened.rotation.to_string(),
        approve: opened.approval_name(),
        environment: opened.environment.to_string(),
        account: opened.account.to_string(),
        from: opened.from.to_string(),
        to: opened.to().to_string(),
        access: opened.access.as_str().to_owned(),
        opened: report.opened_at.map(span::rfc3339),
        by: opened.by.clone(),
        pair: match opened.pair {
            Pair::Alone => "alone",
            Pair::First => "first",
            Pair::Second => "second",
        }
        .to_owned(),
        paused: report.paused.first().map(paused),
        paused_too: report.paused.iter().skip(1).map(paused).collect(),
        approvals: report.approvals.iter().map(approval).collect(),
        approved: report.approved,
        acceptances: report.acceptances.iter().map(|one| acceptance(one, report.at)).collect(),
        closed: report.closed.as_ref().map(|(at, done, because)| ClosedV1 {
            at: span::rfc3339(*at),
            done: *done,
            because: because.clone(),
        }),
    })
}

fn paused((since, by, because): &Pause) -> PausedV1 {
    PausedV1 { since: span::rfc3339(*since), by: by.clone(), because: because.clone() }
}

fn approval((at, given): &(Timestamp, Approval)) -> ApprovalV1 {
    ApprovalV1 { at: span::rfc3339(*at), by: given.by.clone(), digest: given.digest.clone() }
}

pub(super) fn acceptance(one: &Acceptance, at: Timestamp) -> AcceptanceV1 {
    AcceptanceV1 {
        gate: one.gate.to_string(),
        subject: one.subject.clone(),
        withdraw: one.name(),
        by: one.by.clone(),
        because: one.because.clone(),
        until: span::rfc3339(one.until),
        bound_to: one.why.as_ref().map(|why| why.trim().to_owned()),
        over: one.is_over(at),
    }
}

pub(super) fn stand(report: &Report) -> Option<StandV1> {
    let (decision, outlook) = (report.decision.as_ref()?, report.outlook()?);
    let (state, look_again) = match outlook {
        Outlook::Ready => ("ready", None),
        Outlook::Waits(until) => ("waiting", Some(until)),
        Outlook::Halted => ("halted", None),
        Outlook::Done => ("done", None),
        Outlook::Enough => ("enough", None),
    };
    let next = match &decision.verdict {
        Verdict::Act { steps, .. } => steps.iter().map(ToString::to_string).collect(),
        Verdict::Record(_)
        | Verdict::Wait { .. }
        | Verdict::Halt { .. }
        | Verdict::Done
        | Verdict::Enough => Vec::new(),
    };
    Some(StandV1 {
        leg: leg(decision.leg),
        phase: decision.phase.to_string(),
        since: report.current().and_then(|phase| phase.started).map(span::rfc3339),
        state: state.to_owned(),
        look_again: look_again.map(span::rfc3339),
        next,
    })
}

pub(super) fn leg(leg: Leg) -> String {
    leg.as_str().to_owned()
}

pub(super) fn hold(one: &Reason, report: &Report) -> HoldV1 {
    let opens = one.why.opens();
    let acceptable = !one.gate.never_accepted() && opens != Opens::ByLooking;
    HoldV1 {
        gate: one.gate.to_string(),
        subject: one.subject.to_string(),
        kind: one.why.kind().to_owned(),
        why: reason::why(one),
        remedy: Some(reason::remedy(one)).filter(|remedy| !remedy.is_empty()),
        opened_by: match opens {
            Opens::ByLooking => "looking",
            Opens::ByWaiting => "time",
            Opens::ByPerson => "person",
        }
        .to_owned(),
        since: one.why.since().map(span::rfc3339),
        until: one.why.until().map(span::rfc3339),
        accept: acceptable.then(|| format!("{}:{}", one.gate, one.subject)),
        evidence: one.rests_on(&report.world).iter().map(|key| evidence(key, report)).collect(),
    }
}

fn evidence(key: &EvidenceKey, report: &Report) -> EvidenceV1 {
    let sight = report.world.sight(key);
    EvidenceV1 {
        what: key.to_string(),
        seen: sight.map(|sight| span::rfc3339(sight.at)),
        age_seconds: sight.map(|sight| seconds(sight.at, report.at)),
        unseen: sight.and_then(|sight| sight.blind).map(|blind| blind.why.clone()),
    }
}

pub(super) fn regeneration(one: &Regeneration, at: Timestamp) -> RegenerationV1 {
    let state = match (&one.failed, &one.followed) {
        (Some(_), _) => "failed",
        (None, Followed::Unanswered) => "unanswered",
        (None, Followed::Operation { .. } | Followed::Account) => "running",
    };
    let (followed_by, operation, asked) = match &one.followed {
        Followed::Operation { url, asked } => ("operation", Some(address(url).to_owned()), *asked),
        Followed::Account | Followed::Unanswered => ("account", None, None),
    };
    RegenerationV1 {
        kind: one.kind.azure_name().to_owned(),
        state: state.to_owned(),
        since: span::rfc3339(one.sent),
        running_seconds: seconds(one.sent, at),
        followed_by: followed_by.to_owned(),
        operation,
        asked: asked.map(span::rfc3339),
        asked_again: one.again.map(span::rfc3339),
        failed: one.failed.clone(),
    }
}

fn seconds(from: Timestamp, to: Timestamp) -> u64 {
    span::between(from, to).as_secs()
}
