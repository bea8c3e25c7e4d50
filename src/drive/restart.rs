//! What a restart alone needs besides the loop: where to, where no rotation is open, and what is due. Only looks.

use std::collections::BTreeSet;

use super::{DriveError, Driver, OpenRequest, fresh_salt};
use crate::model::EvidenceKey;
use crate::rotation::{Event, Fold, StampRestart, restart_target, restarts};

impl Driver {
    /// Where every restart stands, for the open rotation or for the one that would be opened; the request then says
    /// what that one retires: not what the vaults hold.
    ///
    /// # Errors
    /// Vaults that do not hold the same slot, where none was named; an account that cannot be read; the journal.
    pub async fn due(&mut self, request: &mut OpenRequest) -> Result<Vec<StampRestart>, DriveError> {
        self.journal.refresh().await?;
        self.refold()?;
        if self.fold.rotation().is_none() {
            self.salt_with(fresh_salt()?);
        }
        let stamps = self.observer.targets().stamps.iter();
        let keys =
            stamps.flat_map(|stamp| [EvidenceKey::Vault(stamp.clone()), EvidenceKey::Cluster(stamp.clone())]);
        let keys: BTreeSet<EvidenceKey> = keys.chain([EvidenceKey::Account]).collect();
        self.look_now(&keys).await;
        if self.fold.rotation().is_some() {
            return Ok(self.restarts());
        }
        if request.retire.is_none() {
            request.retire = Some(restart_target(&self.world).map_err(|says| self.unclear(says))?.other());
        }
        let opened = self.identify(request)?;
        let now = self.ports.clock.now();
        let fold = Fold::of([(1, now, &Event::Opened(opened.clone()))])?;
        Ok(restarts(&self.decider(), &fold, &opened, &self.world, now))
    }

    /// Where every restart of the open rotation stands, from what has been seen already.
    pub fn restarts(&self) -> Vec<StampRestart> {
        let Some(opened) = self.fold.rotation() else { return Vec::new() };
        restarts(&self.decider(), &self.fold, opened, &self.world, self.ports.clock.now())
    }
}
