//! What keyslot asks of the outside, one trait an outside system.
//!
//! Ports speak in [`crate::model`]'s words and are made for one environment. Reads answer with a value or a
//! [`Fault`]; effects answer with an [`Effect`], which may be “unknown”. **Key material never crosses a port**:
//! adapters compare and sign on their own side and hand out fingerprints. Whether `adapters` or `sim` stands
//! behind a port cannot be told from here.

mod accounts;
mod clock;
mod clusters;
mod code;
mod effect;
mod forge;
mod inventory;
mod logs;
mod permit;
mod pipeline;
mod validation;
mod vaults;

use std::sync::Arc;

pub use crate::model::OperationState;

pub use accounts::Accounts;
pub use clock::Clock;
pub use clusters::{Changed, Clusters, Glance, Happening, RestartMark};
pub use code::{Code, CodeTree, CommitText, Conflict, Expect, FileEdit, Picked, SourceFile, Wanted};
pub use effect::{Effect, Fault};
pub use forge::{Bringing, Bulletin, BulletinState, Forge, NewPull, Showing};
pub use inventory::Inventory;
pub use logs::Logs;
pub use permit::{LeaseTerm, Permit, Recall};
pub use pipeline::{Arrival, Pipeline, Started};
pub use validation::Validation;
pub use vaults::Vaults;

/// All ports of one environment.
#[derive(Clone)]
pub struct Ports {
    pub code: Arc<dyn Code>,
    pub forge: Arc<dyn Forge>,
    pub pipeline: Arc<dyn Pipeline>,
    pub validation: Arc<dyn Validation>,
    pub clusters: Arc<dyn Clusters>,
    pub vaults: Arc<dyn Vaults>,
    pub accounts: Arc<dyn Accounts>,
    pub inventory: Arc<dyn Inventory>,
    pub logs: Arc<dyn Logs>,
    pub clock: Arc<dyn Clock>,
}
