//! Who a new rotation is: which key goes, as the account shows it.

use ring::rand::{SecureRandom, SystemRandom};

use super::act::hex;
use super::{DriveError, Driver, OpenRequest};
use crate::model::{Blindness, FlipBack, KeyKind, Salt, Seen, Slot, StampName, VaultView};
use crate::rotation::{Opened, Pair, default_retire, is_closed, rotation_id};

impl Driver {
    pub(super) fn identify(&self, request: &OpenRequest) -> Result<Opened, DriveError> {
        let seen = self.world.account.as_ref();
        let account = match seen.map(|seen| &seen.what) {
            Some(Ok(account)) => account,
            Some(Err(blind)) => return Err(DriveError::AccountUnseen(blind.why.clone())),
            None => return Err(DriveError::AccountUnseen("it was not looked at".to_owned())),
        };
        let from = match request.retire {
            Some(slot) => slot,
            None => self.default_retire()?,
        };
        let access = self.observer.targets().access;
        let kind = KeyKind { slot: from, access };
        let key = account.key(kind);
        Ok(Opened {
            rotation: rotation_id(&request.account, kind, key.generated),
            environment: request.environment.clone(),
            account: request.account.clone(),
            from,
            access,
            retired_generation: key.generated,
            retired_fingerprint: key.fingerprint.clone(),
            salt: self.observer.targets().salt.clone(),
            route: request.route,
            // The second of two goes back by itself.
            flip_back: match request.both {
                true => FlipBack::No,
                false => request.flip_back.unwrap_or(self.policy.flip_back),
            },
            by: request.by.clone(),
            pair: if request.both { Pair::First } else { Pair::Alone },
            round: 1,
            opening: 1,
            stamps: self.policy.stamps.iter().map(|facts| facts.name.clone()).collect(),
        })
    }

    /// The slot that everybody is on. Code that is not there is no matter of which slot.
    fn default_retire(&self) -> Result<Slot, DriveError> {
        if let Some(Err(blind)) = self.world.code.as_ref().map(|seen| &seen.what)
            && (blind.kind.is_refusal() || matches!(blind.kind, Blindness::Gone | Blindness::Misconfigured))
        {
            return Err(DriveError::CodeUnseen(blind.why.clone()));
        }
        default_retire(&self.world).map_err(|says| self.unclear(says))
    }

    /// Nobody can say which slot is in use: the vaults that could not be read, or else what is told of it.
    pub(super) fn unclear(&self, says: Vec<String>) -> DriveError {
        let blind = |(stamp, seen): (&StampName, &Seen<VaultView>)| {
            let blind = seen.what.as_ref().err().filter(|_| !is_closed(&self.world, stamp))?;
            Some(format!("the vault of {stamp}: {}", blind.why))
        };
        let unseen: Vec<String> = self.world.vaults.iter().filter_map(blind).collect();
        if unseen.is_empty() { DriveError::Unclear(says) } else { DriveError::VaultsUnseen(unseen) }
    }
}

/// Random bytes under which fingerprints of one look, or of one rotation, are made.
///
/// # Errors
/// A system that gives none.
pub fn fresh_salt() -> Result<Salt, DriveError> {
    let mut bytes = [0_u8; 16];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| DriveError::AccountUnseen("the system gave no random bytes for a salt".to_owned()))?;
    Ok(Salt::new(hex(&bytes, bytes.len())))
}
