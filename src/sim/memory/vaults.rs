//! The stamps' vaults.

use std::sync::Arc;

use async_trait::async_trait;

use super::super::command::{Command, Reply};
use super::super::fault::{Call, Operation};
use super::accounts::AGENT;
use super::clock::MemoryClock;
use super::hub::{About, Hub};
use crate::model::{Blindness, KeyKind, KeyMaterial, Salt, SecretVersion, StampName, VaultView};
use crate::ports::{Effect, Fault, Permit, Vaults};

pub(super) struct MemoryVaults(pub Arc<Hub>);

#[async_trait]
impl Vaults for MemoryVaults {
    async fn look(&self, stamp: &StampName, salt: &Salt) -> Result<VaultView, Fault> {
        let about = About { what: "read the vault", subject: stamp.as_str() };
        self.0
            .read(about, Call::on(Operation::ReadVault, stamp), |world| {
                let gone = || about.fault(Blindness::Gone, "there is no such vault");
                let missing = || about.fault(Blindness::Missing, "the vault has no such secret");
                let vault = &world.stamp(stamp).ok_or_else(gone)?.vault;
                let id = vault.read(world.now()).ok_or_else(missing)?.id.clone();
                world.visitor_read(stamp, id, "keyslot", AGENT);
                let vault = &world.stamp(stamp).ok_or_else(missing)?.vault;
                let version = vault.read(world.now()).ok_or_else(missing)?;
                let beside = &version.beside;
                if !beside.enabled {
                    return Err(about.fault(Blindness::Disabled, "its current version is disabled"));
                }
                Ok(VaultView {
                    version: version.id.clone(),
                    created: version.created,
                    expires: beside.expires,
                    valid_from: beside.valid_from,
                    fingerprint: self.0.fingerprint(world, &version.value, salt),
                })
            })
            .await
    }

    async fn write(
        &self,
        stamp: &StampName,
        kind: KeyKind,
        replaces: &SecretVersion,
        permit: &Permit,
    ) -> Effect<()> {
        let about = About { what: "write the secret", subject: stamp.as_str() };
        if let Err(why) = permit.check(&MemoryClock(Arc::clone(&self.0))) {
            return Effect::NotSent(about.fault(Blindness::Forbidden, why));
        }
        let known = self.0.read(about, Call::on(Operation::ReadVault, stamp), |world| {
            let vault = world.stamp(stamp).map(|stamp| &stamp.vault);
            let current = vault.and_then(|vault| vault.read(world.now()));
            let Some(current) = current.filter(|version| version.id == *replaces) else {
                return Err(about.fault(Blindness::Unintelligible, "it has another version by now"));
            };
            let key = world.account().current(kind).map(|key| key.material.clone());
            let key = key.ok_or_else(|| about.fault(Blindness::Missing, "there is no such key"))?;
            Ok((key, current.beside.clone()))
        });
        match known.await {
            Err(fault) => Effect::NotSent(fault),
            Ok((value, beside)) => {
                let value = KeyMaterial::clone(&value);
                let command = Command::PutSecret { stamp: stamp.clone(), value, beside };
                let call = Call::on(Operation::WriteVault, stamp);
                self.0
                    .effect(about, call, command, |reply| matches!(reply, Reply::Version(_)).then_some(()))
                    .await
            }
        }
    }
}
