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
    let proposer = &ctx.opened.by;
    if !ctx.policy.approver_differs || binding().any(|approval| are_two_people(&approval.by, proposer)) {
        return Vec::new();
    }
    let unknown = is_nobody(proposer) || binding().all(|approval| is_nobody(&approval.by));
    hold(match unknown {
        true => Why::PersonUnknown { proposer: is_nobody(proposer) },
        false => Why::ApproverIsProposer { by: proposer.clone() },
    })
}

/// The name of whoever has none.
pub const NOBODY: &str = "somebody";

/// Whether the name says who it is.
pub fn is_nobody(name: &str) -> bool {
    let name = name.trim();
    name.is_empty() || name.eq_ignore_ascii_case(NOBODY)
}

/// Whether these are known to be the names of two people. Forges do not tell `Ada` from `ada`; of whoever has no name, nobody
/// knows.
pub fn are_two_people(one: &str, other: &str) -> bool {
    let plain = |name: &str| name.trim().to_lowercase();
    !is_nobody(one) && !is_nobody(other) && plain(one) != plain(other)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_people_have_names_that_differ_by_more_than_their_case() {
        assert!(are_two_people("ada", "bob"));
        for (one, other) in [("ada", "Ada"), ("ada", " ada"), ("ada", NOBODY), (NOBODY, NOBODY), ("", "ada")]
        {
            assert!(!are_two_people(one, other) && !are_two_people(other, one), "{one} {other}");
        }
    }
}
