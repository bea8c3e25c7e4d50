//! Why a text is no plan that can be read. Nothing of the text is repeated: it may be a secret.

use std::fmt;

/// What the text is instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlanError {
    Empty,
    /// The file that `terraform plan -out` writes.
    SavedPlan,
    /// UTF-16, as some shells write what they redirect.
    Utf16,
    NotUtf8,
    NotJson {
        line: usize,
        column: usize,
    },
    /// The stream of messages that `terraform plan -json` prints.
    MessageStream,
    /// What `terraform show -json` prints of a state.
    State,
    /// JSON, and no plan.
    Other,
    /// A format that is not known; with what it calls itself, where that is a version at all.
    Version(Option<String>),
    /// A plan of a known version in which something is not where it belongs.
    Shape {
        line: usize,
        column: usize,
    },
}

impl PlanError {
    /// What to do about it.
    pub fn remedy(&self) -> &'static str {
        match self {
            PlanError::Empty
            | PlanError::SavedPlan
            | PlanError::NotJson { .. }
            | PlanError::MessageStream
            | PlanError::State
            | PlanError::Other => {
                "make it so: terraform plan -out=tfplan && terraform show -json tfplan > plan.json"
            }
            PlanError::Utf16 | PlanError::NotUtf8 => {
                "write it as UTF-8, or hand it over a pipe: terraform show -json tfplan | keyslot check --plan -"
            }
            PlanError::Version(_) => "keyslot reads format 1; make the plan with a program that writes it",
            PlanError::Shape { .. } => {
                "make the plan anew; if it stays so, please report it without the plan itself"
            }
        }
    }
}

impl fmt::Display for PlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PlanError::Empty => f.write_str("it is empty"),
            PlanError::SavedPlan => f.write_str("it is a saved plan, not the JSON of one"),
            PlanError::Utf16 => f.write_str("it is UTF-16"),
            PlanError::NotUtf8 => f.write_str("it is not UTF-8"),
            PlanError::NotJson { line, column } => write!(f, "it is no JSON (line {line}, column {column})"),
            PlanError::MessageStream => f.write_str("it is what `terraform plan -json` prints, not a plan"),
            PlanError::State => f.write_str("it is a state, not a plan"),
            PlanError::Other => f.write_str("it is JSON, but no plan"),
            PlanError::Version(Some(version)) => {
                write!(f, "its format is {version}, which is not known here")
            }
            PlanError::Version(None) => f.write_str("it does not say which format it has"),
            PlanError::Shape { line, column } => {
                write!(f, "something is not as in a plan (line {line}, column {column})")
            }
        }
    }
}

impl std::error::Error for PlanError {}
