//! `keyslot check --plan FILE --output json`: a document of its own kind, version 1.
//!
//! Names only: no value of a plan is in a judgement, so none can be here. Within version 1 fields are only added. The
//! schema that `keyslot schema plan` prints comes from these structs and their comments.

use schemars::JsonSchema;
use serde::Serialize;

use crate::check::plan::{Judgement, Problem, Touched, Unexpected, Why};

/// The version that is written.
pub const VERSION: u32 = 1;

/// What `keyslot check --plan FILE --output json` prints.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "keyslot check --plan", extend("$id" = "keyslot:plan:1"))]
pub struct PlanJson {
    pub kind: KindJson,
    /// Of this format. Within a version fields are only added.
    pub version: u32,
    /// Whether it changes the expected secrets and nothing else. Where not, the command ends with 1.
    pub clean: bool,
    /// Whether it changes nothing at all.
    pub idle: bool,
    /// Secrets whose new value is what the rotation is about.
    pub expected: Vec<TouchedJson>,
    /// Secrets whose value changes while nobody said which are meant to.
    pub to_confirm: Vec<TouchedJson>,
    /// What no rotation changes.
    pub unexpected: Vec<UnexpectedJson>,
    /// What keeps the plan from being taken at its word.
    pub problems: Vec<ProblemJson>,
    /// Expected secrets that it leaves as they are.
    pub untouched: Vec<String>,
    /// Those of them that had to change: all that `--secret` names, those that the plan knows and leaves as they are though
    /// another secret with the same key changes, and every one where none changes.
    pub missed: Vec<String>,
    /// Whether the code names no secret that carries a key, and nobody named one: then every change is unexpected, and
    /// a plan that changes nothing shows nothing.
    pub nothing_expected: bool,
    /// Data sources that are read while applying.
    pub read: Vec<TouchedJson>,
    /// What changed outside of Terraform.
    pub drift: Vec<TouchedJson>,
    /// Sensitive outputs that get another value.
    pub sensitive_outputs: Vec<String>,
}

/// Tells the document from that of Terraform code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum KindJson {
    Plan,
}

/// One object and what happens to it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct TouchedJson {
    pub address: String,
    /// In Terraform's words.
    pub actions: Vec<String>,
    /// Paths of what changes in it.
    pub attributes: Vec<String>,
    /// The address that the state knows it by; null where that is the same.
    pub moved_from: Option<String>,
    /// Whether it would be taken into the state.
    pub imported: bool,
}

#[derive(Debug, Serialize, JsonSchema)]
pub struct UnexpectedJson {
    #[serde(flatten)]
    pub touched: TouchedJson,
    pub reason: WhyJson,
}

/// Why no rotation makes this change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum WhyJson {
    /// Something else than a secret.
    OtherResource,
    /// A secret, and not one that was expected.
    OtherSecret,
    SecretCreated,
    SecretRemoved,
    /// An expected secret changes in more than its value.
    BesideValue,
    /// A move or an import.
    StateOnly,
    /// An output that is more than a sensitive one with a new value.
    Output,
    /// An action of a provider.
    Invocation,
}

#[derive(Debug, Serialize, JsonSchema)]
pub struct ProblemJson {
    pub problem: ProblemKindJson,
    /// Of what is deferred; else null.
    pub address: Option<String>,
    /// Terraform's word for why it is deferred; else null.
    pub reason: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ProblemKindJson {
    /// Planning ended in an error.
    Errored,
    /// It is not all that the code wants.
    Incomplete,
    NotApplyable,
    /// A change is put off to a later plan.
    Deferred,
}

/// The document for a judgement.
pub fn plan_json(judgement: &Judgement) -> PlanJson {
    PlanJson {
        kind: KindJson::Plan,
        version: VERSION,
        clean: judgement.is_clean(),
        idle: judgement.is_idle(),
        expected: judgement.expected.iter().map(touched_json).collect(),
        to_confirm: judgement.to_confirm.iter().map(touched_json).collect(),
        unexpected: judgement.unexpected.iter().map(unexpected_json).collect(),
        problems: judgement.problems.iter().map(problem_json).collect(),
        untouched: judgement.untouched.iter().map(ToString::to_string).collect(),
        missed: judgement.missed.iter().map(ToString::to_string).collect(),
        nothing_expected: judgement.nothing_expected,
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
        Why::OtherResource => WhyJson::OtherResource,
        Why::OtherSecret => WhyJson::OtherSecret,
        Why::SecretCreated => WhyJson::SecretCreated,
        Why::SecretRemoved => WhyJson::SecretRemoved,
        Why::BesideValue => WhyJson::BesideValue,
        Why::StateOnly => WhyJson::StateOnly,
        Why::Output => WhyJson::Output,
        Why::Invocation => WhyJson::Invocation,
    };
    UnexpectedJson { touched: touched_json(&unexpected.touched), reason }
}

fn problem_json(problem: &Problem) -> ProblemJson {
    let plain = |problem| ProblemJson { problem, address: None, reason: None };
    match problem {
        Problem::Errored => plain(ProblemKindJson::Errored),
        Problem::Incomplete => plain(ProblemKindJson::Incomplete),
        Problem::NotApplyable => plain(ProblemKindJson::NotApplyable),
        Problem::Deferred { address, reason } => ProblemJson {
            address: Some(address.clone()),
            reason: Some(reason.clone()),
            ..plain(ProblemKindJson::Deferred)
        },
    }
}
