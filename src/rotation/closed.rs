//! Which stamps are closed: the one place that says so, for every predicate about stamps.
//!
//! A stamp lives as long as its cluster or its vault exists, with traffic or without. It is closed when Azure Resource
//! Manager has answered that there is neither. Silence never closes one: no answer, no connection, a name that is not
//! resolved and a missing right are all alike unknown. A cluster that is stopped may start again, and reads its vault
//! then, but for Secrets that it has kept (gate `synced`); one that is gone beside a vault that is there may only be named
//! wrongly; and a vault that is gone leaves pods with what they have read. All these are live.

use std::time::Duration;

use super::{Context, Gate, Reason, Why};
use crate::model::{Blindness, ClusterState, EvidenceKey, StampName, VaultView, World};

/// Whether the stamp is closed, by what was seen last of both.
pub fn is_closed(world: &World, stamp: &StampName) -> bool {
    let vault = world.vaults.get(stamp).and_then(|seen| seen.what.as_ref().err());
    let cluster = world.clusters.get(stamp).and_then(|seen| seen.get());
    vault.is_some_and(|blind| blind.kind == Blindness::Gone)
        && cluster.is_some_and(|cluster| cluster.state == ClusterState::Gone)
}

impl<'a> Context<'a> {
    /// What the vault of a live stamp holds; nothing where the stamp is closed. The cluster is only asked for where the
    /// vault is gone, by evidence of the same age.
    ///
    /// # Errors
    /// The evidence that is missing, too old, or could not be had.
    pub fn live_vault(
        &self,
        stamp: &StampName,
        gate: Gate,
        max: Duration,
    ) -> Result<Option<&'a VaultView>, Box<Reason>> {
        match self.vault(stamp, gate, max) {
            Ok(vault) => Ok(Some(vault)),
            Err(reason) if !is_gone(&reason) => Err(reason),
            Err(reason) => {
                self.cluster(stamp, gate, max)?;
                if is_closed(self.world, stamp) { Ok(None) } else { Err(reason) }
            }
        }
    }
}

/// Whether Azure says that there is no such vault.
pub fn is_gone(reason: &Reason) -> bool {
    match &reason.why {
        Why::Blind { evidence: EvidenceKey::Vault(_), blind } => blind.kind == Blindness::Gone,
        _ => false,
    }
}
