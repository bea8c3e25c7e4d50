//! A proof of another key than the account shows: one of both is older, and both are looked at anew.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use keyslot::model::{
    AccountRights, AccountView, Fingerprint, KeyKind, KeyProof, Operation, OperationState, Region, Salt, Slot,
};
use keyslot::ports::{Accounts, Effect, Fault, Permit, Ports};
use keyslot::rotation::{Opens, Verdict, Why};
use keyslot::sim::WorldConfig;

use crate::in_memory::Theatre;
use crate::stage::Stage;

#[test]
fn a_proof_of_a_key_that_the_account_does_not_show_is_none_of_it_and_opens_by_looking() {
    for foreign in [None, Some(Fingerprint::of(b"another", &Salt::new("5a17")))] {
        let mut stage = Stage::ready();
        let proof = stage.world.proofs.get_mut(&Slot::Secondary).unwrap();
        proof.what.as_mut().unwrap().fingerprint = foreign;
        let Verdict::Wait { reasons, .. } = stage.decide().verdict else { panic!("{:?}", stage.decide()) };
        let [reason] = &reasons[..] else { panic!("{reasons:?}") };
        assert_eq!(reason.why, Why::ProofOfAnotherKey { slot: Slot::Secondary });
        assert_eq!(reason.why.opens(), Opens::ByLooking);
    }
}

/// Proves another key than the account has, the first time that it is asked.
struct Mistaken {
    inner: Arc<dyn Accounts>,
    looks: Arc<AtomicUsize>,
    proofs: Arc<AtomicUsize>,
}

#[async_trait]
impl Accounts for Mistaken {
    async fn look(&self, salt: &Salt) -> Result<AccountView, Fault> {
        self.looks.fetch_add(1, Ordering::Relaxed);
        self.inner.look(salt).await
    }

    async fn prove(&self, kind: KeyKind, regions: &[Region], salt: &Salt) -> Result<KeyProof, Fault> {
        let proof = self.inner.prove(kind, regions, salt).await?;
        match self.proofs.fetch_add(1, Ordering::Relaxed) {
            0 => Ok(KeyProof { fingerprint: Some(Fingerprint::of(b"of before", salt)), ..proof }),
            _ => Ok(proof),
        }
    }

    async fn regenerate(
        &self,
        kind: KeyKind,
        request_id: &str,
        permit: &Permit,
    ) -> Effect<Option<Operation>> {
        self.inner.regenerate(kind, request_id, permit).await
    }

    async fn rights(&self) -> Result<AccountRights, Fault> {
        self.inner.rights().await
    }

    async fn poll(&self, operation: &Operation) -> Result<OperationState, Fault> {
        self.inner.poll(operation).await
    }
}

#[test]
fn account_and_proof_are_both_looked_at_once_more_and_the_rotation_goes_on() {
    let looks_until_the_second_proof = |mistaken: bool| {
        let mut config = WorldConfig::default().with_stamps(1);
        config.workloads.truncate(1);
        let theatre = Theatre::new(config);
        let (looks, proofs) = (Arc::default(), Arc::new(AtomicUsize::new(usize::from(!mistaken))));
        let around = |ports: Ports| {
            let (inner, looks) = (Arc::clone(&ports.accounts), Arc::clone(&looks));
            Ports { accounts: Arc::new(Mistaken { inner, looks, proofs: Arc::clone(&proofs) }), ..ports }
        };
        theatre.rotated(around);
        (looks.load(Ordering::Relaxed), proofs.load(Ordering::Relaxed) - usize::from(!mistaken))
    };
    let (plain, mistaken) = (looks_until_the_second_proof(false), looks_until_the_second_proof(true));
    assert_eq!((mistaken.0 - plain.0, mistaken.1 - plain.1), (1, 1), "one look more at each of both");
}
