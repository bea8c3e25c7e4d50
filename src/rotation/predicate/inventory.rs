//! Whether there is a stamp that nobody listed.

use std::time::Duration;

use super::super::{Context, Gate, Reason, Subject, Why};

/// Every cluster and vault that Azure knows, and that looks like part of a stamp, is configured. Where the
/// configuration does not say what such a thing looks like, nothing is asked.
pub fn all_listed(ctx: &Context<'_>, max: Duration) -> Vec<Reason> {
    if !ctx.policy.inventory {
        return Vec::new();
    }
    let gate = Gate::AllListed;
    match ctx.inventory(gate, max) {
        Err(reason) => vec![*reason],
        Ok(view) => view
            .unlisted
            .iter()
            .map(|unlisted| {
                let why = Why::Unlisted {
                    kind: unlisted.kind,
                    resource_group: unlisted.resource_group.clone(),
                    location: unlisted.location.clone(),
                };
                Reason::new(gate, Subject::Resource(unlisted.name.clone()), why)
            })
            .collect(),
    }
}
