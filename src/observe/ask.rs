//! One look: which port is asked for which evidence.

use futures::future::join;
use jiff::Timestamp;

use super::found::Found;
use super::stamp::dated;
use super::{Breadth, Observer, before, seen};
use crate::model::{CensusView, EvidenceKey, KeyKind, KeyProof, Seen, Slot, World};
use crate::ports::Glance;
use crate::rotation::Unanswered;

impl Observer {
    pub(super) async fn look_at(&self, key: &EvidenceKey, breadth: Breadth, world: &World) -> Found {
        let at = self.ports.clock.now();
        let salt = &self.targets.salt;
        match key {
            EvidenceKey::Account => Found::Account(seen(at, self.ports.accounts.look(salt).await)),
            EvidenceKey::Proof(slot) => Found::Proof(*slot, self.prove(*slot, at, world).await),
            EvidenceKey::Code => Found::Code(Box::new(seen(at, self.code().await))),
            EvidenceKey::Pull(ends) => {
                Found::Pull(ends.clone(), seen(at, self.ports.forge.pull_between(ends).await))
            }
            EvidenceKey::Validation(head) => {
                Found::Validation(head.clone(), seen(at, self.ports.validation.runs_of(head).await))
            }
            EvidenceKey::Rules(branch) => {
                Found::Rules(branch.clone(), seen(at, self.ports.forge.rules(branch).await))
            }
            EvidenceKey::Origin => Found::Origin(Box::new(seen(at, self.origin(world).await))),
            EvidenceKey::Runs => Found::Runs(seen(at, self.ports.pipeline.runs().await)),
            EvidenceKey::Deployments => Found::Deployments(seen(at, self.ports.pipeline.deployments().await)),
            EvidenceKey::Operation => match &self.targets.operation {
                Some(operation) => {
                    Found::Operation(Some(seen(at, self.ports.accounts.poll(operation).await)))
                }
                None => Found::Operation(None),
            },
            EvidenceKey::Traces => match &self.targets.unanswered {
                Some(Unanswered { ids, since }) => {
                    Found::Traces(Some(seen(at, self.ports.logs.traces(ids, *since).await)))
                }
                None => Found::Traces(None),
            },
            EvidenceKey::Vault(stamp) => Found::Vault(stamp.clone(), self.vault(stamp).await),
            EvidenceKey::Cluster(stamp) if breadth == Breadth::Holders => {
                Found::Cluster(stamp.clone(), self.cluster(stamp, world).await)
            }
            EvidenceKey::Cluster(stamp) => {
                let mut found = seen(at, self.ports.clusters.look(stamp, salt).await);
                let vault = world.vaults.get(stamp).and_then(|seen| seen.get());
                dated(&self.ports, &self.held, stamp, vault, &mut found);
                Found::Cluster(stamp.clone(), found)
            }
            EvidenceKey::Workloads(stamp) => {
                Found::Cluster(stamp.clone(), self.glance(stamp, Glance::Workloads).await)
            }
            EvidenceKey::Room(stamp) => {
                Found::Room(stamp.clone(), seen(at, self.ports.clusters.room(stamp).await))
            }
            EvidenceKey::RightsIn(stamp) => {
                let rights = self.ports.clusters.rights_to_restart(stamp).await;
                Found::RightsIn(stamp.clone(), Seen::known(at, rights))
            }
            EvidenceKey::Inventory => Found::Inventory(seen(at, self.ports.inventory.look().await)),
            EvidenceKey::Rights => Found::Rights(seen(at, self.ports.accounts.rights().await)),
            EvidenceKey::Usage => {
                let since = self.targets.refusals_from(before(at, self.targets.log_window));
                Found::Usage(seen(at, self.ports.logs.usage(since).await))
            }
            EvidenceKey::Metrics => {
                let since = self.targets.refusals_from(before(at, self.targets.metrics_window));
                Found::Metrics(seen(at, self.ports.logs.refusals(since).await))
            }
            EvidenceKey::Census => {
                let since = before(at, self.targets.census_window);
                Found::Census(seen(at, Ok(self.census(since).await)))
            }
        }
    }

    /// Each part by itself: where nobody audits the vaults, the account's logs count all the same.
    async fn census(&self, since: Timestamp) -> CensusView {
        let logs = &self.ports.logs;
        let (used, read) = join(logs.usage(since), logs.secret_reads(since)).await;
        CensusView { used: used.map_err(|fault| fault.blind()), read: read.map_err(|fault| fault.blind()) }
    }

    async fn prove(&self, slot: Slot, at: Timestamp, world: &World) -> Seen<KeyProof> {
        let regions = match world.account.as_ref().and_then(|account| account.get()) {
            Some(account) => Ok(account.regions.clone()),
            None => self.ports.accounts.look(&self.targets.salt).await.map(|account| account.regions),
        };
        match regions {
            Ok(regions) => {
                let kind = KeyKind { slot, access: self.targets.access };
                seen(at, self.ports.accounts.prove(kind, &regions, &self.targets.salt).await)
            }
            Err(fault) => seen(at, Err(fault)),
        }
    }
}
