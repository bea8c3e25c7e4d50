//! One phase a file. Each answers where it stands, from evidence alone: what is already so in the world has
//! passed, whoever did it.

mod agree;
mod confirm;
mod deploy;
mod merge;
mod merging;
mod origin;
mod own;
mod prepare;
mod promote;
mod propagate;
mod propose;
mod quiesce;
mod reconcile;
mod regenerate;
mod restart;
mod running;
mod taken_back;
mod unanswered;
mod validating;

pub use deploy::foreseen as run_ahead;
pub use merging::merge_is_asked;
pub use prepare::preflight as stands_ready;
pub use regenerate::under_way as regeneration_under_way;
pub use restart::restarted;
pub use taken_back::promoted;
pub use unanswered::{Unanswered, unanswered};

use super::{Context, Phase, Stand};

/// Asks one phase of the context's leg.
pub fn stand(phase: Phase, ctx: &Context<'_>) -> Stand {
    match phase {
        Phase::Prepare => prepare::stand(ctx),
        Phase::Propose => propose::stand(ctx),
        Phase::Merge => merge::stand(ctx),
        Phase::Promote => promote::stand(ctx),
        Phase::Deploy => deploy::stand(ctx),
        Phase::Propagate => propagate::stand(ctx),
        Phase::Restart => restart::stand(ctx),
        Phase::Quiesce => quiesce::stand(ctx),
        Phase::Regenerate => regenerate::stand(ctx),
        Phase::Confirm => confirm::stand(ctx),
        Phase::Reconcile => reconcile::stand(ctx),
        // A leg of its own: `decide` walks its phases.
        Phase::FlipBack => Stand::Passed,
    }
}
