//! What code and vaults name.

use std::time::Duration;

use super::super::{Context, Gate, Reason, Subject, Why};
use crate::model::{EvidenceKey, LiveBy, ReleaseView, Slot, SlotUse};

/// More than its name says that the release branch is the live one.
pub fn release_known(code: &ReleaseView) -> Vec<Reason> {
    let Some(release) = &code.release else { return Vec::new() };
    match &code.live_by {
        LiveBy::Named | LiveBy::Tags | LiveBy::Runs => Vec::new(),
        LiveBy::Name { .. } | LiveBy::Contradiction { .. } => {
            let why = Why::ReleaseUnclear { live_by: code.live_by.clone() };
            vec![Reason::new(Gate::Promoted, Subject::Branch(release.branch.clone()), why)]
        }
        LiveBy::TagsUnseen(blind) | LiveBy::RunsUnseen(blind) => {
            let why = Why::Blind { evidence: EvidenceKey::Code, blind: blind.clone() };
            vec![Reason::new(Gate::Promoted, Subject::Branch(release.branch.clone()), why)]
        }
    }
}

/// Whether it says that the live release is a guess. What just cannot be seen is no such word.
pub fn is_guess(reason: &Reason) -> bool {
    matches!(reason.why, Why::ReleaseUnclear { .. })
}

/// Neither base branch, live release nor any vault stands on the slot that is to be regenerated.
pub fn slot_unused(ctx: &Context<'_>, slot: Slot, max: Duration) -> Vec<Reason> {
    let gate = Gate::SlotUnused;
    let mut reasons = Vec::new();
    match ctx.code(gate, max) {
        Err(reason) => reasons.push(*reason),
        Ok(code) => {
            for view in [Some(&code.base), code.release.as_ref()].into_iter().flatten() {
                if !view.claim.reads.is(slot.other()) && view.claim.reads != SlotUse::None {
                    let subject = Subject::Branch(view.branch.clone());
                    let why = Why::BranchReads { reads: view.claim.reads, wanted: slot.other() };
                    reasons.push(Reason::new(gate, subject, why));
                }
            }
        }
    }
    let account = match ctx.account_keys(gate, max) {
        Ok(account) => account,
        Err(reason) => {
            reasons.push(*reason);
            return reasons;
        }
    };
    for stamp in &ctx.policy.stamps {
        match ctx.live_vault(&stamp.name, gate, max) {
            Err(reason) => reasons.push(*reason),
            Ok(Some(vault)) if account.slot_of(&vault.fingerprint) == Some(slot) => {
                let why = Why::SlotNamed { by: format!("the vault of {}", stamp.name) };
                reasons.push(Reason::new(gate, Subject::Stamp(stamp.name.clone()), why));
            }
            Ok(_) => {}
        }
    }
    reasons
}
