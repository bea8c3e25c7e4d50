//! One stamp by itself, its vault and its cluster: whoever waits for it borrows nothing.

use std::sync::Arc;

use super::{Held, Observer, before, seen};
use crate::model::{ClusterView, Salt, Seen, StampName, VaultView, World};
use crate::ports::{Glance, Ports};

impl Observer {
    /// One vault, by itself: whoever waits for it borrows nothing.
    pub fn vault(&self, stamp: &StampName) -> impl Future<Output = Seen<VaultView>> + Send + use<> {
        let (ports, salt, stamp) = (self.ports.clone(), self.targets.salt.clone(), stamp.clone());
        async move { seen(ports.clock.now(), ports.vaults.look(&stamp, &salt).await) }
    }

    /// One cluster, by itself, as far as it may hold an older key than its vault was seen to hold.
    pub fn cluster(
        &self,
        stamp: &StampName,
        world: &World,
    ) -> impl Future<Output = Seen<ClusterView>> + Send + use<> {
        let (ports, salt, stamp) = (self.ports.clone(), self.targets.salt.clone(), stamp.clone());
        let vault = world.vaults.get(&stamp).and_then(|seen| seen.get()).cloned();
        let held = Arc::clone(&self.held);
        async move { holders(&ports, &held, &salt, &stamp, vault.as_ref()).await }
    }

    /// One stamp's vault, and then its cluster: what the one holds tells what of the other is worth a request.
    pub fn stamp(
        &self,
        stamp: &StampName,
    ) -> impl Future<Output = (Seen<VaultView>, Seen<ClusterView>)> + Send + use<> {
        let (ports, salt, vault) = (self.ports.clone(), self.targets.salt.clone(), self.vault(stamp));
        let (stamp, held) = (stamp.clone(), Arc::clone(&self.held));
        async move {
            let vault = vault.await;
            let cluster = holders(&ports, &held, &salt, &stamp, vault.get()).await;
            (vault, cluster)
        }
    }

    /// One cluster that was looked at before, only at what is named; what was seen is dated by the oldest part of it.
    pub fn glance(
        &self,
        stamp: &StampName,
        glance: Glance,
    ) -> impl Future<Output = Seen<ClusterView>> + Send + use<> {
        let (ports, salt, stamp) = (self.ports.clone(), self.targets.salt.clone(), stamp.clone());
        let held = Arc::clone(&self.held);
        async move {
            let at = ports.clock.now();
            let mut found = match ports.clusters.glance(&stamp, &salt, glance).await {
                Ok((view, age)) => Seen::known(before(at, age), view),
                Err(fault) => Seen { at, what: Err(fault.blind()) },
            };
            dated(&ports, &held, &stamp, None, &mut found);
            found
        }
    }
}

/// A cluster, as far as it may hold an older key than this vault does.
async fn holders(
    ports: &Ports,
    held: &Held,
    salt: &Salt,
    stamp: &StampName,
    vault: Option<&VaultView>,
) -> Seen<ClusterView> {
    let mut found = seen(ports.clock.now(), ports.clusters.holders(stamp, salt, vault).await);
    dated(ports, held, stamp, vault, &mut found);
    found
}

/// After the look: what was seen was so by then.
pub(super) fn dated(
    ports: &Ports,
    held: &Held,
    stamp: &StampName,
    vault: Option<&VaultView>,
    seen: &mut Seen<ClusterView>,
) {
    if let Ok(view) = &mut seen.what {
        held.date(stamp, vault, ports.clock.now(), view);
    }
}
