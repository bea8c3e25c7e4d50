//! A world that several faces share.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::config::WorldConfig;
use super::world::World;

/// One world behind a lock. Clones are the same world.
#[derive(Clone, Debug)]
pub struct SharedWorld(Arc<Mutex<World>>);

impl SharedWorld {
    pub fn new(world: World) -> SharedWorld {
        SharedWorld(Arc::new(Mutex::new(world)))
    }

    pub fn create(config: WorldConfig) -> SharedWorld {
        SharedWorld::new(World::new(config))
    }

    /// The world for one short, synchronous use. A panic elsewhere while it was held does not close it: a
    /// world's own steps leave it whole.
    pub fn lock(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
