//! Readers whom the code itself names: whatever takes the key beside the secret that is looked at.
//!
//! They keep the old key until their own apply, or their own next look, and no vault, Secret or pod tells of either. So they
//! hold by name, until a person who has seen to one of them accepts it. They are the base branch's and the live release's:
//! what is deployed came of either.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::super::{Context, Gate, Reason, Subject, Why};
use crate::model::{Delivery, Slot, Taker};

type Texts<'a> = BTreeSet<&'a String>;

/// Nothing takes the slot's key beside the secret. That the code cannot be seen holds elsewhere.
pub fn delivered_elsewhere(ctx: &Context<'_>, slot: Slot, max: Duration) -> Vec<Reason> {
    let gate = Gate::Readers;
    let Ok(code) = ctx.code(gate, max) else { return Vec::new() };
    let branches = [Some(&code.base), code.release.as_ref()].into_iter().flatten();
    let takes = |delivery: &&Delivery| delivery.slot.is_none_or(|only| only == slot);
    let mut found: BTreeMap<(Taker, &String), (Texts<'_>, Texts<'_>)> = BTreeMap::new();
    for delivery in branches.flat_map(|branch| &branch.claim.elsewhere).filter(takes) {
        let (arguments, files) = found.entry((delivery.taker, &delivery.name)).or_default();
        arguments.extend(&delivery.arguments);
        files.extend(&delivery.files);
    }
    let owned = |texts: Texts<'_>| texts.into_iter().cloned().collect();
    let reason = |((taker, name), (arguments, files)): ((Taker, &String), (Texts<'_>, Texts<'_>))| {
        let why = Why::DeliveredElsewhere { slot, taker, arguments: owned(arguments), files: owned(files) };
        Reason::new(gate, Subject::Resource(name.clone()), why)
    };
    found.into_iter().map(reason).collect()
}
