//! What is worth knowing, for machines.

use schemars::JsonSchema;
use serde::Serialize;

use super::super::concern as words;
use crate::rotation::Concern;

#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ConcernV1 {
    /// The kind of concern, one word that stays the same.
    pub kind: String,
    /// A stamp, a workload, a branch, `account` or `rotation`.
    pub subject: String,
    /// The stamps that it is about; empty where it is about something that all have in common.
    pub stamps: Vec<String>,
    /// In words, which may change.
    pub what: String,
    /// What to do about it or, where nothing has to be done, what that comes down to.
    pub remedy: String,
}

pub(super) fn concern(one: &Concern) -> ConcernV1 {
    ConcernV1 {
        kind: one.kind().to_owned(),
        subject: one.subject(),
        stamps: one.stamps().into_iter().map(ToString::to_string).collect(),
        what: words::what(one),
        remedy: words::to_do(one),
    }
}
