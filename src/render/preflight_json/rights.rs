//! What services say of keyslot's rights, for machines.

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::{Right, RightView};

#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct RightsV1 {
    /// How many were asked for.
    pub asked: usize,
    /// How many of them are there.
    pub allowed: usize,
    pub missing: Vec<RightV1>,
    /// Those that could not be asked for.
    pub unknown: Vec<RightV1>,
    /// Those that are not there and that nothing needs: with them more would be told.
    pub unneeded: Vec<RightV1>,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct RightV1 {
    /// By whom it is told: `account`, `subscription` or a stamp.
    pub subject: String,
    /// What one may do by it, in words, which may change.
    pub what: String,
    /// Why it is not known; null where it is.
    pub why: Option<String>,
    pub remedy: Option<String>,
}

pub(super) fn rights(told: &[(String, RightView)]) -> RightsV1 {
    let mut rights = RightsV1 {
        asked: told.len(),
        allowed: 0,
        missing: Vec::new(),
        unknown: Vec::new(),
        unneeded: Vec::new(),
    };
    for (by, view) in told {
        let one = |why: Option<&String>| RightV1 {
            subject: by.clone(),
            what: view.what.clone(),
            why: why.cloned(),
            remedy: Some(view.remedy.clone()).filter(|remedy| !remedy.is_empty()),
        };
        match &view.right {
            Right::Allowed => rights.allowed += 1,
            Right::Denied => rights.missing.push(one(None)),
            Right::Unneeded => rights.unneeded.push(one(None)),
            Right::Unknown(why) => rights.unknown.push(one(Some(why))),
        }
    }
    rights
}
