//! The stamps' vaults.

use std::sync::Arc;

use async_trait::async_trait;

use super::super::fault::{Call, Operation};
use super::accounts::AGENT;
use super::hub::{About, Hub};
use crate::model::{Blindness, Salt, StampName, VaultView};
use crate::ports::{Fault, Vaults};

pub(super) struct MemoryVaults(pub Arc<Hub>);

#[async_trait]
impl Vaults for MemoryVaults {
    async fn look(&self, stamp: &StampName, salt: &Salt) -> Result<VaultView, Fault> {
        let about = About { what: "read the vault", subject: stamp.as_str() };
        self.0
            .read(about, Call::on(Operation::ReadVault, stamp), |world| {
                let missing = || about.fault(Blindness::Missing, "there is no such vault");
                let vault = &world.stamp(stamp).ok_or_else(missing)?.vault;
                let id = vault.read(world.now()).ok_or_else(missing)?.id.clone();
                world.visitor_read(stamp, id, "keyslot", AGENT);
                let vault = &world.stamp(stamp).ok_or_else(missing)?.vault;
                let version = vault.read(world.now()).ok_or_else(missing)?;
                Ok(VaultView {
                    version: version.id.clone(),
                    created: version.created,
                    enabled: true,
                    fingerprint: self.0.fingerprint(world, &version.value, salt),
                })
            })
            .await
    }
}
