//! `keyslot check --plan FILE --output json`, version 1.
//!
//! Names only: no value of a plan is in a judgement, so none can be here. Within version 1 fields are only added.

use serde::Serialize;

use crate::check::plan::{Judgement, Problem, Touched, Unexpected, Why};

/// The version that is written.
pub const VERSION: u32 = 1;

#[derive(Debug, Serialize)]
pub struct PlanJson {
    pub version: u32,
    /// Whether it changes nothing but the expected secrets.
    pub clean: bool,
    /// Whether it changes nothing at all.
    pub idle: bool,
    pub expected: Vec<TouchedJson>,
    pub to_confirm: Vec<TouchedJson>,
    pub unexpected: Vec<UnexpectedJson>,
    pub problems: Vec<ProblemJson>,
    /// Expected secrets that it leaves as they are.
    pub untouched: Vec<String>,
    pub read: Vec<TouchedJson>,
    pub drift: Vec<TouchedJson>,
    pub sensitive_outputs: Vec<String>,
}

#[derive(Debug, Serialize)]
pub struct TouchedJson {
    pub address: String,
    pub actions: Vec<String>,
    pub attributes: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub moved_from: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub imported: bool,
}

#[derive(Debug, Serialize)]
pub struct UnexpectedJson {
    #[serde(flatten)]
    pub touched: TouchedJson,
    pub reason: &'static str,
}

#[derive(Debug, Serialize)]
pub struct ProblemJson {
    pub problem: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Terraform's word for why it is deferred.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// The document for a judgement.
pub fn plan_json(judgement: &Judgement) -> PlanJson {
    PlanJson {
        version: VERSION,
        clean: judgement.is_clean(),
        idle: judgement.is_idle(),
        expected: judgement.expected.iter().map(touched_json).collect(),
        to_confirm: judgement.to_confirm.iter().map(touched_json).collect(),
        unexpected: judgement.unexpected.iter().map(unexpected_json).collect(),
        problems: judgement.problems.iter().map(problem_json).collect(),
        untouched: judgement.untouched.iter().map(ToString::to_string).collect(),
        read: judgement.read.iter().map(touched_json).collect(),
        drift: judgement.drift.iter().map(touched_json).collect(),
        sensitive_outputs: judgement.sensitive_outputs.clone(),
    }
}

fn touched_json(touched: &Touched) -> TouchedJson {
    TouchedJson {
        address: touched.address.clone(),
        actions: touched.actions.clone(),
        attributes: touched.attributes.iter().map(|attribute| attribute.path.clone()).collect(),
        moved_from: touched.moved_from.clone(),
        imported: touched.imported,
    }
}

fn unexpected_json(unexpected: &Unexpected) -> UnexpectedJson {
    let reason = match unexpected.why {
        Why::OtherResource => "other-resource",
        Why::OtherSecret => "other-secret",
        Why::SecretCreated => "secret-created",
        Why::SecretRemoved => "secret-removed",
        Why::BesideValue => "beside-value",
        Why::StateOnly => "state-only",
        Why::Output => "output",
        Why::Invocation => "invocation",
    };
    UnexpectedJson { touched: touched_json(&unexpected.touched), reason }
}

fn problem_json(problem: &Problem) -> ProblemJson {
    let plain = |problem| ProblemJson { problem, address: None, reason: None };
    match problem {
        Problem::Errored => plain("errored"),
        Problem::Incomplete => plain("incomplete"),
        Problem::NotApplyable => plain("not-applyable"),
        Problem::Deferred { address, reason } => {
            ProblemJson { problem: "deferred", address: Some(address.clone()), reason: Some(reason.clone()) }
        }
    }
}
