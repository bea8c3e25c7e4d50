//! What the stamps' vaults hold.

use crate::render::span;
use crate::rotation::{Reason, Why};

/// Why it does not happen yet.
pub(super) fn why(reason: &Reason) -> String {
    let subject = &reason.subject;
    match &reason.why {
        Why::VaultHolds { slot: Some(slot), wanted } if slot == wanted => {
            format!("the vault of {subject} holds the {slot} key with the other access")
        }
        Why::VaultHolds { slot: Some(slot), wanted } => {
            format!("the vault of {subject} holds the {slot} key, not the {wanted} key")
        }
        Why::VaultHolds { slot: None, wanted } => format!(
            "the vault of {subject} holds none of the account's keys, and should hold the {wanted} key"
        ),
        Why::VaultByHand { wanted } => format!(
            "the vault of {subject} holds what somebody else has set, again or by hand, and keyslot does not write the \
             {wanted} key over that"
        ),
        Why::VaultDisabled => format!(
            "the secret in the vault of {subject} is disabled: its current version is given to nobody, and new pods do not start"
        ),
        Why::VaultMissing { why } => format!("{subject} has no such vault, or no such secret in it: {why}"),
        Why::VaultHoldsNoKey => format!(
            "the vault of {subject} holds neither key of the account: set by hand, or regenerated away"
        ),
        Why::VaultHoldsOtherAccess { kind } => format!(
            "the vault of {subject} holds the {} {} key, and {} keys are rotated: set by hand, or written from the wrong \
             attribute",
            kind.access,
            kind.slot,
            kind.access.other()
        ),
        Why::VaultSettling { until } => format!(
            "the vault of {subject} holds the new key for so short a time that pods may still get the one before; \
             it counts as settled at {}",
            span::time(*until)
        ),
        Why::SlotNamed { by } => format!("{by} still holds the key that is to go"),
        in_other_rooms!(vaults) => String::new(),
    }
}

/// What opens it.
pub(super) fn remedy(reason: &Reason) -> String {
    let text = match &reason.why {
        Why::VaultByHand { .. } => {
            "find out who sets it and who reads it; then set the secret to the key yourself, or remove the stamp"
        }
        Why::VaultDisabled => {
            "enable the secret's current version, or have a new one written: Terraform cannot read one that is disabled, so an \
             apply does not mend it"
        }
        Why::VaultMissing { .. } => {
            "correct `key_vault` of the stamp, or `name` under [environment.NAME.secret], in keyslot.toml; if it is still to \
             be made, or is gone for good, accept the stamp by name"
        }
        Why::VaultHoldsNoKey => {
            "find out who sets it and who reads it; where the next run of the pipeline writes it anyway, accept the stamp by \
             name"
        }
        Why::VaultHoldsOtherAccess { .. } => {
            "set the secret to the key of the right access, or correct the attribute that is written into it; where the next \
             run of the pipeline writes it anyway, accept the stamp by name"
        }
        Why::VaultHolds { .. } | Why::VaultSettling { .. } | Why::SlotNamed { .. } => "",
        in_other_rooms!(vaults) => "",
    };
    text.to_owned()
}
