//! Which stamps there are, whoever listed them.

use std::sync::Arc;

use async_trait::async_trait;

use super::super::fault::{Call, Operation};
use super::super::stamp::Stamp;
use super::hub::{About, Hub};
use crate::model::{Blindness, InventoryView, ResourceKind, Unlisted};
use crate::ports::{Fault, Inventory};

pub(super) struct MemoryInventory(pub Arc<Hub>);

#[async_trait]
impl Inventory for MemoryInventory {
    async fn look(&self) -> Result<InventoryView, Fault> {
        let about = About { what: "ask Azure which stamps there are", subject: "the subscription" };
        self.0
            .read(about, Call::of(Operation::ReadInventory), |world| {
                if let Some(hidden) = world.stamps().find(|stamp| !world.is_shown(stamp)) {
                    let Stamp { subscription, .. } = hidden;
                    let why = format!("not all of the subscription {subscription} may be seen");
                    let fault = Fault::new(Blindness::Forbidden, about.what, about.subject, why);
                    return Err(fault.remedy(format!("assign “Reader” on the subscription {subscription}")));
                }
                let alive: Vec<_> = world.stamps().filter(|stamp| stamp.destroyed.is_none()).collect();
                let listed = self.0.options.listed.as_ref();
                let unlisted =
                    alive.iter().filter(|stamp| listed.is_some_and(|names| !names.contains(&stamp.name)));
                let unlisted = unlisted.map(|stamp| Unlisted {
                    kind: ResourceKind::Vault,
                    name: stamp.vault.name.clone(),
                    resource_group: stamp.resource_group.clone(),
                    location: stamp.location.clone(),
                });
                let branch =
                    |stamp: &&Stamp| world.units().get(stamp.unit).map(|unit| unit.branch.to_string());
                let branches = alive.iter().copied().filter_map(|stamp| branch(&stamp)).collect();
                Ok(InventoryView {
                    alike: alive.len(),
                    unlisted: unlisted.collect(),
                    branches,
                    ..InventoryView::default()
                })
            })
            .await
    }
}
