//! Whether keyslot may restart the configured workloads of a stamp, as its cluster says when it is asked.

use std::time::Duration;

use super::super::{Context, Gate, Reason, Subject, Why};
use crate::model::{Right, StampName};

/// Nothing that the restarts of a stamp take is known to be refused. What does not tell holds nothing: a rotation that
/// cannot be ended is not begun, and one that perhaps cannot is a matter for the plan's words.
pub fn may_restart(ctx: &Context<'_>, stamp: &StampName, max: Duration) -> Vec<Reason> {
    let gate = Gate::Preflight;
    let rights = match ctx.rights_in(stamp, gate, max) {
        Ok(rights) => rights,
        Err(reason) if reason.opens_by_looking() => return vec![*reason],
        Err(_) => return Vec::new(),
    };
    let denied = rights.iter().filter(|right| right.right == Right::Denied);
    let why =
        |what: &str, remedy: &str| Why::MayNotRestart { what: what.to_owned(), remedy: remedy.to_owned() };
    denied
        .map(|right| Reason::new(gate, Subject::Stamp(stamp.clone()), why(&right.what, &right.remedy)))
        .collect()
}
