//! Quiesce: the last user of the old key is gone. On the way back only the pods matter: the key that they hold
//! stays valid.
//!
//! The census of readers comes last: it is asked of weeks of logs, many of its readers have moved by then, and a person
//! is only called for those who are left.
//!
//! Which pods are old is told by times: with clocks that are apart nobody knows, and none may look like the last one.
//!
//! Of a restart of some stamps only their pods are asked: the others use the old key until their turn comes, so whether
//! it is quiet says nothing yet.

use super::super::predicate::{
    clocks_agree, key_quiet, known_consumers, known_readers, nodes_heard, old_pods_gone, other_runs,
};
use super::super::{Context, Gate, Leg, Reason, Stand};
use crate::model::StampFacts;

pub fn stand(ctx: &Context<'_>) -> Stand {
    let max = ctx.policy.ages.ordinary;
    let stamps = &ctx.policy.stamps;
    let asked: Vec<&StampFacts> = stamps.iter().filter(|facts| ctx.reach.asks_for(&facts.name)).collect();
    let mut reasons: Vec<Reason> =
        asked.iter().flat_map(|stamp| old_pods_gone(ctx, &stamp.name, max)).collect();
    reasons.extend(asked.iter().flat_map(|stamp| nodes_heard(ctx, &stamp.name, max)));
    // That a cluster cannot be seen is told already.
    let clocks = |facts: &&StampFacts| {
        let cluster = ctx.cluster(&facts.name, Gate::Preflight, max).ok()?;
        clocks_agree(&facts.name, cluster).pop()
    };
    reasons.extend(asked.iter().filter_map(clocks));
    let everybody = asked.len() == stamps.len();
    if ctx.leg == Leg::Out {
        reasons.extend(asked.iter().flat_map(|stamp| known_consumers(ctx, &stamp.name, max)));
        if everybody {
            reasons.extend(key_quiet(ctx, ctx.opened.from, max));
        }
    }
    let held = ctx.holding(reasons);
    if !held.is_empty() {
        // Who may put the old slot back meanwhile is told before somebody lets it go on.
        let told = ctx.holding(other_runs(ctx, max));
        return Stand::Held(held.into_iter().chain(told).collect());
    }
    if ctx.leg != Leg::Out || !everybody {
        return Stand::Passed;
    }
    Stand::unless(ctx.holding(known_readers(ctx, ctx.opened.from, max)))
}
