//! The account: what ARM tells, and what the data plane lets in.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::super::account::{Key, OperationStatus};
use super::super::command::{Command, Reply};
use super::super::fault::{Call, Operation as Asked};
use super::super::world::World;
use super::clock::MemoryClock;
use super::hub::{About, Hub};
use crate::model::{
    Access, AccountRights, AccountView, Blindness, KeyKind, KeyProof, KeyView, Operation, OperationState,
    ProofVerdict, Region, RegionProof, Right, RightView, Salt, Term,
};
use crate::ports::{Accounts, Effect, Fault, Permit};

/// Stands before the number of an operation where Azure Resource Manager has its address.
const OPERATIONS: &str = "memory://operations/";

/// What keyslot calls itself.
pub(super) const AGENT: &str = concat!("keyslot/", env!("CARGO_PKG_VERSION"));

pub(super) struct MemoryAccounts(pub Arc<Hub>);

#[async_trait]
impl Accounts for MemoryAccounts {
    async fn look(&self, salt: &Salt) -> Result<AccountView, Fault> {
        let about = About { what: "read the account", subject: "Cosmos DB" };
        self.0
            .read(about, Call::of(Asked::ReadAccount), |world| {
                there(world, about)?;
                Ok(self.view(world, salt))
            })
            .await
    }

    async fn prove(&self, kind: KeyKind, regions: &[Region], salt: &Salt) -> Result<KeyProof, Fault> {
        let about = About { what: "list the keys", subject: "Cosmos DB" };
        let listed = self.0.read(about, Call::of(Asked::ListKeys), |world| {
            there(world, about)?;
            unlocked(world, about)?;
            let key = world.account().current(kind).cloned();
            key.ok_or_else(|| about.fault(Blindness::Missing, "the slot has no key"))
        });
        let key = listed.await?;
        let mut reads = Vec::new();
        for region in regions {
            reads.push((region, self.probe(&key, region).await));
        }
        // Where a region takes no writes, the write is proven where one does.
        let elsewhere = reads.iter().find(|(region, _)| region.writable).map_or_else(
            || ProofVerdict::NoEvidence("no region takes writes".to_owned()),
            |(_, read)| read.clone(),
        );
        let proof = |(region, read): (&Region, ProofVerdict)| {
            let write = match (region.writable, &read) {
                (true, read) => read.clone(),
                (false, ProofVerdict::Accepted) => elsewhere.clone(),
                (false, _) => ProofVerdict::NoEvidence("the read was not accepted".to_owned()),
            };
            let write = Some(write).filter(|_| kind.access == Access::ReadWrite);
            (region.name.clone(), RegionProof { read, write })
        };
        Ok(KeyProof {
            fingerprint: Some(self.0.key_fingerprint(key.id, &key.material, salt)),
            regions: reads.into_iter().map(proof).collect(),
        })
    }

    async fn regenerate(
        &self,
        kind: KeyKind,
        request_id: &str,
        permit: &Permit,
    ) -> Effect<Option<Operation>> {
        let about = About { what: "regenerate a key", subject: kind.azure_name() };
        if let Err(why) = permit.check(&MemoryClock(Arc::clone(&self.0))) {
            return Effect::NotSent(about.fault(Blindness::Forbidden, why));
        }
        let refused = {
            let world = self.0.world.lock();
            there(&world, about).and_then(|()| unlocked(&world, about))
        };
        if let Err(fault) = refused {
            return Effect::Refused(fault);
        }
        let command = Command::Regenerate { kind, request_id: request_id.to_owned(), by: AGENT.to_owned() };
        self.0
            .effect(about, Call::of(Asked::Regenerate), command, |reply| match reply {
                Reply::Operation(number) => Some(Some(Operation { url: format!("{OPERATIONS}{number}") })),
                _ => None,
            })
            .await
    }

    async fn rights(&self) -> Result<AccountRights, Fault> {
        let about = About { what: "ask for rights", subject: "Cosmos DB" };
        self.0
            .read(about, Call::of(Asked::ReadAccount), |world| {
                there(world, about)?;
                Ok(rights(world))
            })
            .await
    }

    async fn poll(&self, operation: &Operation) -> Result<OperationState, Fault> {
        let about = About { what: "ask for the operation", subject: &operation.url };
        self.0
            .read(about, Call::of(Asked::Poll), |world| {
                let number = operation.url.strip_prefix(OPERATIONS).and_then(|number| number.parse().ok());
                let found = number.and_then(|number| world.account().operation(number));
                let found =
                    found.ok_or_else(|| about.fault(Blindness::Forbidden, "no operation of this account"))?;
                Ok(match found.status(world.now()) {
                    OperationStatus::Enqueued | OperationStatus::Dequeued => {
                        OperationState::Running(Some(Duration::from_secs(15)))
                    }
                    OperationStatus::Succeeded => OperationState::Succeeded,
                    OperationStatus::Failed => OperationState::Failed("the operation failed".to_owned()),
                })
            })
            .await
    }
}

/// What a list of permissions, a list of locks and a list of assignments say.
fn rights(world: &World) -> AccountRights {
    let right = |what: &str, allowed: bool| RightView {
        what: what.to_owned(),
        right: if allowed { Right::Allowed } else { Right::Denied },
        remedy: "ask for it".to_owned(),
    };
    AccountRights {
        rights: vec![
            right("listKeys", !world.forbids(&Call::of(Asked::ListKeys))),
            right("regenerateKey", !world.forbids(&Call::of(Asked::Regenerate))),
            right("no lock", world.account_lock().is_none()),
        ],
        term: world.role_end().map_or(Term::Lasting, Term::Until),
    }
}

fn there(world: &World, about: About<'_>) -> Result<(), Fault> {
    match world.account().is_deleted() {
        true => Err(about.fault(Blindness::Missing, "somebody deleted the account")),
        false => Ok(()),
    }
}

/// A ReadOnly lock refuses every POST, whoever sends it.
fn unlocked(world: &World, about: About<'_>) -> Result<(), Fault> {
    match world.account_lock() {
        Some(lock) => Err(about.fault(Blindness::Forbidden, format!("the lock {lock} forbids it"))),
        None => Ok(()),
    }
}

impl MemoryAccounts {
    fn view(&self, world: &World, salt: &Salt) -> AccountView {
        let account = world.account();
        let config = account.config();
        let mut regions: Vec<Region> = account
            .regions()
            .iter()
            .map(|region| Region {
                name: region.name.clone(),
                endpoint: region.endpoint.clone(),
                writable: region.writable,
            })
            .collect();
        regions.sort();
        let tells = config.tells_last_use;
        let view = |key: &Key| KeyView {
            generated: key.generated,
            last_used: tells.then(|| world.last_use(key.id)).flatten().map(|at| account.grain(at)),
            fingerprint: Some(self.0.key_fingerprint(key.id, &key.material, salt)),
        };
        AccountView {
            provisioning: account.provisioning(world.now()).to_owned(),
            local_auth_disabled: config.local_auth_disabled,
            regions,
            network: config.network.clone().unwrap_or_default(),
            keys: KeyKind::ALL
                .into_iter()
                .filter_map(|kind| account.current(kind).map(|key| (kind, view(key))))
                .collect(),
            keys_hidden: None,
            tells_last_use: tells,
        }
    }

    /// One signed request at a region.
    async fn probe(&self, key: &Key, region: &Region) -> ProofVerdict {
        let about = About { what: "probe a key", subject: &region.name };
        let call = Call::of(Asked::Probe).at(&region.name);
        let answer = self.0.read(about, call, |world| {
            if world.account().region(&region.name).is_none() {
                return Err(about.fault(Blindness::Missing, "the account has no such region"));
            }
            Ok(world.authenticate(&region.name, AGENT, |material| material.expose() == key.material.expose()))
        });
        match answer.await {
            Ok(Some(_)) => ProofVerdict::Accepted,
            Ok(None) => ProofVerdict::Refused,
            Err(fault) if fault.kind == Blindness::Forbidden => ProofVerdict::KeptOut(fault.to_string()),
            Err(fault) => ProofVerdict::NoEvidence(fault.to_string()),
        }
    }
}
