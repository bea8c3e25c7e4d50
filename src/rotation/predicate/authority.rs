//! Who may do it: approval and lease.

use sha2::{Digest, Sha256};

use super::super::{Context, Gate, Reason, Subject, Why};
use crate::model::{SharedStore, Slot};

/// What an approval of this regeneration is bound to: the rotation, the key that goes, and the version that each
/// vault holds. A vault that changes afterwards makes the approval void.
pub fn evidence_digest(ctx: &Context<'_>, slot: Slot) -> String {
    let mut digest = Sha256::new();
    digest.update(ctx.opened.rotation.as_str());
    digest.update(ctx.opened.from.as_str());
    if slot != ctx.opened.from {
        digest.update(format!(" {slot}"));
    }
    digest.update(format!("{:?}", ctx.opened.retired_generation));
    for stamp in &ctx.policy.stamps {
        let version = ctx
            .world
            .vaults
            .get(&stamp.name)
            .and_then(|seen| seen.get())
            .map_or("?", |vault| vault.version.as_str());
        digest.update(format!("\n{}={version}", stamp.name));
    }
    digest.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// A person approved that this key is regenerated, on this evidence. Whoever approves a rotation approves the key that it
/// retires; where the other one is to be made anew before everybody moves to it, that is another approval.
pub fn approved(ctx: &Context<'_>, slot: Slot) -> Vec<Reason> {
    let digest = evidence_digest(ctx, slot);
    let subject = if slot == ctx.opened.from { Subject::Rotation } else { Subject::Key(slot) };
    let hold = |why| vec![Reason::new(Gate::Approved, subject.clone(), why)];
    let all = || ctx.fold.approvals.iter().map(|(_, approval)| approval);
    let mine = || {
        all()
            .filter(|approval| approval.rotation == ctx.opened.rotation)
            .filter(|approval| approval.key.unwrap_or(ctx.opened.from) == slot)
    };
    let binding = || mine().filter(|approval| approval.digest.as_ref().is_none_or(|bound| *bound == digest));
    if binding().next().is_none() {
        return match mine().next() {
            Some(_) => hold(Why::ApprovedOtherEvidence { digest }),
            None => hold(Why::NotApproved { digest }),
        };
    }
    if ctx.policy.approver_differs && binding().all(|approval| approval.by == ctx.opened.by) {
        return hold(Why::ApproverIsProposer { by: ctx.opened.by.clone() });
    }
    Vec::new()
}

/// We hold the lease, and the store is one that can hold a lease.
pub fn lease_held(ctx: &Context<'_>) -> Vec<Reason> {
    let hold = |why| vec![Reason::new(Gate::LeaseHeld, Subject::Rotation, why)];
    // Whoever holds one there, and whether anybody does, proves nothing.
    let unshared = store_shared(ctx);
    if !unshared.is_empty() {
        return unshared;
    }
    match &ctx.fold.lease {
        Some((holder, until)) if holder == ctx.holder && *until > ctx.now => Vec::new(),
        Some((holder, until)) => hold(Why::LeaseOfOther { holder: holder.clone(), until: *until }),
        None => hold(Why::LeaseOfOther { holder: "nobody".to_owned(), until: ctx.now }),
    }
}

/// The journal's store is one that can hold a lease between machines.
pub fn store_shared(ctx: &Context<'_>) -> Vec<Reason> {
    match ctx.policy.store {
        SharedStore::LocalOnly => {
            vec![Reason::new(Gate::LeaseHeld, Subject::Rotation, Why::StoreNotShared)]
        }
        SharedStore::Shared | SharedStore::SingleOperator => Vec::new(),
    }
}
