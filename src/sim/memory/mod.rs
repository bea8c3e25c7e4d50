//! The ports in memory: every trait of [`crate::ports`] straight on a shared world, without a runtime.
//!
//! A call that takes world time lets it pass before it answers; [`Clock::sleep_until`](crate::ports::Clock)
//! jumps. So a whole rotation runs as fast as the world can be computed. Faults of the world's configuration
//! apply, and [`Crashes`] kills the process at chosen effects.

mod accounts;
mod clock;
mod clusters;
mod code;
mod crash;
mod forge;
mod holding;
mod hub;
mod inventory;
mod logs;
mod pipeline;
mod room;
mod rules;
mod validation;
mod vaults;

use std::collections::BTreeSet;
use std::sync::Arc;

pub use crash::{CrashFlag, CrashMoment, Crashes, block_on_or_crash};

use super::shared::SharedWorld;
use crate::model::StampName;
use crate::ports::Ports;

/// Who the ports act as, and when they die.
#[derive(Clone, Debug)]
pub struct MemoryOptions {
    /// The account that pushes, opens pull requests and starts runs.
    pub actor: String,
    /// Author and committer of keyslot's commits.
    pub identity: (String, String),
    pub crashes: Crashes,
    /// The stamps that the configuration lists; all where absent.
    pub listed: Option<BTreeSet<StampName>>,
}

impl Default for MemoryOptions {
    fn default() -> MemoryOptions {
        MemoryOptions {
            actor: "keyslot-bot".to_owned(),
            identity: ("keyslot".to_owned(), "keyslot@users.noreply.example".to_owned()),
            crashes: Crashes::none(),
            listed: None,
        }
    }
}

impl MemoryOptions {
    pub fn with_crashes(crashes: Crashes) -> MemoryOptions {
        MemoryOptions { crashes, ..MemoryOptions::default() }
    }
}

/// All ports of one process on a world. Commits that were built and not pushed live in these ports alone: a
/// process that starts again gets new ports, and none of them.
pub fn ports(world: &SharedWorld, options: MemoryOptions) -> Ports {
    let hub = Arc::new(hub::Hub::new(world.clone(), options));
    Ports {
        code: Arc::new(code::MemoryCode::new(Arc::clone(&hub))),
        forge: Arc::new(forge::MemoryForge(Arc::clone(&hub))),
        pipeline: Arc::new(pipeline::MemoryPipeline(Arc::clone(&hub))),
        validation: Arc::new(validation::MemoryValidation(Arc::clone(&hub))),
        clusters: Arc::new(clusters::MemoryClusters(Arc::clone(&hub))),
        vaults: Arc::new(vaults::MemoryVaults(Arc::clone(&hub))),
        accounts: Arc::new(accounts::MemoryAccounts(Arc::clone(&hub))),
        inventory: Arc::new(inventory::MemoryInventory(Arc::clone(&hub))),
        logs: Arc::new(logs::MemoryLogs(Arc::clone(&hub))),
        clock: Arc::new(clock::MemoryClock(hub)),
    }
}
