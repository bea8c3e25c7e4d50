//! Who a rotation is, and what it retires when nobody says.

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::closed::is_closed;
use crate::model::{
    Access, AccountId, EvidenceKey, KeyKind, OWN_REQUEST, RotationId, Slot, SlotUse, StepKey, World,
};

/// The id: a digest of the account, the kind and the generation time of the key that goes. The next rotation of
/// the same slot has another one; the same rotation, begun twice, has the same.
pub fn rotation_id(account: &AccountId, kind: KeyKind, retired_generation: Option<Timestamp>) -> RotationId {
    let mut digest = Sha256::new();
    digest.update(account.resource_id().to_ascii_lowercase());
    digest.update("\n");
    digest.update(kind.slot.as_str());
    if kind.access == Access::ReadOnly {
        digest.update(" read-only");
    }
    digest.update("\n");
    digest.update(retired_generation.map_or_else(|| "unknown".to_owned(), |at| at.to_string()));
    RotationId::new(digest.finalize().iter().take(5).map(|byte| format!("{byte:02x}")).collect::<String>())
}

/// By what a service's log knows a request: a UUID that begins as all of ours do, and ends in a digest. The same attempt
/// asks with the same id, whichever process looks for it.
pub fn request_id(rotation: &RotationId, step: &StepKey, attempt: u32) -> String {
    let mut digest = Sha256::new();
    digest.update(rotation.as_str());
    digest.update(step.as_str());
    digest.update(attempt.to_be_bytes());
    let hex: String = digest.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    format!("{OWN_REQUEST}8{}-{}", part(0, 3), part(3, 15))
}

/// The slot that base branch, live release and every vault agree on; that one is retired.
///
/// # Errors
/// What disagrees or cannot be seen, one sentence each.
pub fn default_retire(world: &World) -> Result<Slot, Vec<String>> {
    let mut voices = Voices::default();
    voices.hear_code(world);
    voices.hear_vaults(world);
    voices.agreed()
}

/// The slot that every vault holds: the one that a restart alone brings everybody to.
///
/// # Errors
/// What disagrees or cannot be seen, one sentence each.
pub fn restart_target(world: &World) -> Result<Slot, Vec<String>> {
    let mut voices = Voices::default();
    voices.hear_vaults(world);
    voices.agreed()
}

/// Who is on which slot, and what cannot be seen.
#[derive(Default)]
struct Voices {
    says: Vec<(String, Option<Slot>)>,
    blind: Vec<String>,
}

impl Voices {
    fn hear_code(&mut self, world: &World) {
        match world.code.as_ref().map(|seen| &seen.what) {
            Some(Ok(code)) => {
                for view in [Some(&code.base), code.release.as_ref()].into_iter().flatten() {
                    let slot = match view.claim.reads {
                        SlotUse::Only(slot) => Some(slot),
                        SlotUse::Mixed | SlotUse::None | SlotUse::Unknown => None,
                    };
                    self.says.push((format!("branch {}", view.branch), slot));
                }
            }
            Some(Err(why)) => self.blind.push(format!("{}: {}", EvidenceKey::Code, why.why)),
            None => self.blind.push(format!("{} were not looked at", EvidenceKey::Code)),
        }
    }

    fn hear_vaults(&mut self, world: &World) {
        let account = match world.account.as_ref().map(|seen| &seen.what) {
            Some(Ok(account)) => {
                if let Some(hidden) = account.keys_untold() {
                    self.blind.push(format!("{}: {}", EvidenceKey::Account, hidden.why));
                    return;
                }
                Some(account)
            }
            Some(Err(why)) => {
                self.blind.push(format!("{}: {}", EvidenceKey::Account, why.why));
                None
            }
            None => None,
        };
        for (stamp, seen) in world.vaults.iter().filter(|(stamp, _)| !is_closed(world, stamp)) {
            match &seen.what {
                Ok(vault) => {
                    let slot = account.and_then(|account| account.slot_of(&vault.fingerprint));
                    self.says.push((format!("the vault of {stamp}"), slot));
                }
                Err(why) => self.blind.push(format!("the vault of {stamp}: {}", why.why)),
            }
        }
    }

    fn agreed(self) -> Result<Slot, Vec<String>> {
        let Voices { says, blind } = self;
        let first = says.first().and_then(|(_, slot)| *slot);
        match first {
            Some(slot) if blind.is_empty() && says.iter().all(|(_, said)| *said == Some(slot)) => Ok(slot),
            _ => {
                let line = |(who, slot): (String, Option<Slot>)| match slot {
                    Some(slot) => format!("{who} is on {slot}"),
                    None => format!("{who} is on neither slot alone"),
                };
                Err(says.into_iter().map(line).chain(blind).collect())
            }
        }
    }
}
