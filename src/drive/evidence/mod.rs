//! The digest of the evidence behind a step: of what was seen and relied on, in a form that depends on nothing else.
//!
//! Two looks that saw the same give the same digest, whenever they were; what the step did not rely on does not
//! count. Key material cannot be in it: evidence has fingerprints only. Every view is taken apart member by member,
//! so that a new one does not compile until it is decided whether it counts.

mod account;
mod code;
mod facts;
mod stamps;

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::act::hex;
use crate::model::{EvidenceKey, World};
use crate::rotation::{Opened, Relied, Step};

use account::{account, census, metrics, operation, proof, right, rights, traces, usage};
use code::{code, deployment, origin, pull, rules, run};
use facts::Facts;
use stamps::{cluster, inventory, room, vault, workload};

/// The digests of what was seen, each made when it is first relied on: of a thousand stamps it is megabytes, and one
/// stamp's news leave the others as they were.
#[derive(Default)]
pub(super) struct Digests(BTreeMap<EvidenceKey, [u8; 32]>);

impl Digests {
    /// What was relied on, for all the steps that rest on it.
    pub fn relied_on(&mut self, relied: &Relied, world: &World) -> [u8; 32] {
        let mut digest = Sha256::new();
        for key in relied.keys() {
            let known = self.0.entry(key.clone()).or_insert_with(|| {
                let mut facts = Facts::default();
                facts.word(key);
                of(&mut facts, key, world);
                Sha256::digest(facts.0.as_bytes()).into()
            });
            digest.update(known);
        }
        digest.finalize().into()
    }

    /// After a look at it.
    pub fn renew(&mut self, key: &EvidenceKey) {
        self.0.remove(key);
        if let EvidenceKey::Cluster(stamp) = key {
            self.0.remove(&EvidenceKey::Workloads(stamp.clone()));
        }
    }

    /// After looks at anything.
    pub fn renew_all(&mut self) {
        self.0.clear();
    }

    /// After a step, whose traces are in what was seen of its stamp; of what has no stamp nothing is kept.
    pub fn forget(&mut self, step: &Step) {
        match step {
            Step::Restart { stamp, .. } | Step::WriteSecret { stamp, .. } => {
                self.renew(&EvidenceKey::Cluster(stamp.clone()));
                self.renew(&EvidenceKey::Vault(stamp.clone()));
            }
            _ => self.renew_all(),
        }
    }
}

/// The digest as intents and permits carry it.
pub(super) fn digest(opened: &Opened, step: &Step, relied_on: &[u8; 32]) -> String {
    let mut facts = Facts::default();
    facts.text(opened.rotation.as_str()).text(step.key().as_str());
    let mut digest = Sha256::new();
    digest.update(facts.0.as_bytes());
    digest.update(relied_on);
    hex(&digest.finalize(), 8)
}

fn of(facts: &mut Facts, key: &EvidenceKey, world: &World) {
    match key {
        EvidenceKey::Account => facts.seen(world.account.as_ref(), account),
        EvidenceKey::Proof(slot) => facts.seen(world.proofs.get(slot), proof),
        EvidenceKey::Code => facts.seen(world.code.as_ref(), code),
        EvidenceKey::Pull(ends) => {
            facts.seen(world.pulls.get(ends), |facts, view| facts.maybe(view.as_ref(), pull));
        }
        EvidenceKey::Validation(head) => {
            facts.seen(world.validations.get(head), |facts, runs| facts.list(runs, run));
        }
        EvidenceKey::Rules(branch) => facts.seen(world.rules.get(branch), rules),
        EvidenceKey::Origin => facts.seen(world.origin.as_ref(), origin),
        EvidenceKey::Runs => facts.seen(world.runs.as_ref(), |facts, runs| facts.list(runs, run)),
        EvidenceKey::Deployments => {
            facts.seen(world.deployments.as_ref(), |facts, all| facts.list(all, deployment));
        }
        EvidenceKey::Operation => facts.seen(world.operation.as_ref(), operation),
        EvidenceKey::Traces => facts.seen(world.traces.as_ref(), traces),
        EvidenceKey::Vault(stamp) => facts.seen(world.vaults.get(stamp), vault),
        EvidenceKey::Cluster(stamp) => facts.seen(world.clusters.get(stamp), cluster),
        EvidenceKey::Workloads(stamp) => {
            facts.seen(world.clusters.get(stamp), |facts, view| facts.list(&view.workloads, workload));
        }
        EvidenceKey::Room(stamp) => facts.seen(world.rooms.get(stamp), room),
        EvidenceKey::RightsIn(stamp) => {
            facts.seen(world.rights_in.get(stamp), |facts, all| facts.list(all, right));
        }
        EvidenceKey::Inventory => facts.seen(world.inventory.as_ref(), inventory),
        EvidenceKey::Usage => facts.seen(world.usage.as_ref(), usage),
        EvidenceKey::Metrics => facts.seen(world.metrics.as_ref(), metrics),
        EvidenceKey::Census => facts.seen(world.census.as_ref(), census),
        EvidenceKey::Rights => facts.seen(world.rights.as_ref(), rights),
    }
}
