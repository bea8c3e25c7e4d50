//! How far the logs have come in every region of the account. Rows come region by region, and those of one tell nothing of
//! another, where they may have stopped.
//!
//! The proofs of the new key go to every region, and leave a row in each: where nobody else asks, they are the
//! sign that rows still come. So a region counts where there are rows of it, and where a proof was answered; and a proof is
//! asked for anew where the last one says too little.

use std::time::Duration;

use jiff::Timestamp;

use super::super::{Context, Gate, Reason, Why};
use crate::model::{Region, RegionProof, UsageView};

/// How far they have come.
pub(super) struct Reached {
    /// `None` where a region should have rows and has none, or where there is no row at all.
    pub at: Option<Timestamp>,
    /// The region that is the last one, where the others have come further.
    pub region: Option<String>,
}

/// By what was seen of the account and of the proofs, however long ago. Where no row names a region of the account, nothing
/// can be told of regions.
pub(super) fn reached(ctx: &Context<'_>, view: &UsageView, seen: Timestamp, lag: Duration) -> Reached {
    let all = Reached { at: view.reached(seen, lag), region: None };
    let account = ctx.world.account.as_ref().and_then(|seen| seen.get());
    let proof = ctx.world.proofs.get(&ctx.opened.to()).and_then(|seen| seen.get());
    let newest = |region: &&Region| view.newest_in(&region.name);
    let regions = || account.into_iter().flat_map(|account| &account.regions);
    if !regions().any(|region| newest(&region).is_some()) {
        return all;
    }
    let was_asked = |region: &Region| {
        let proof = proof.and_then(|proof| proof.regions.get(&region.name));
        proof.is_some_and(RegionProof::is_answered)
    };
    let counting = regions().filter(|region| newest(region).is_some() || was_asked(region));
    let Some(last) = counting.min_by_key(newest) else { return all };
    let at = newest(&last);
    match at >= all.at {
        true => all,
        false => Reached { at, region: Some(last.name.clone()) },
    }
}

/// That a proof should be made: the last one is too old for its rows to say that rows still come. Where one cannot be had, its
/// own gate says so.
pub(super) fn proof_wanted(ctx: &Context<'_>, gate: Gate, lag: Duration) -> Option<Reason> {
    let reason = ctx.proof(ctx.opened.to(), gate, lag * 2).err()?;
    matches!(reason.why, Why::NotSeen(_) | Why::TooOld { .. }).then_some(*reason)
}
