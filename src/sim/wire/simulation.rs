//! A world put on the wire with all its faces. Its repository on disk is [`super::git::mirror`]'s, for who wants one.

use jiff::Timestamp;

use super::{Directory, SharedWorld, Tickets, Wire, WireBuilder, WireClock, WireError, WireOptions, faces};
use crate::sim::World;

/// A world that answers, with the means to look into it from the side.
pub struct Simulation {
    pub wire: Wire,
    pub world: SharedWorld,
    /// Who may sign in.
    pub directory: Directory,
    /// For the forge and the pipeline.
    pub tickets: Tickets,
}

impl Simulation {
    /// Puts a world on the wire; its time passes `speed` times as fast as the wall's from now on. Must be
    /// called within a tokio runtime.
    ///
    /// # Errors
    /// When a port is taken, the transcript cannot be created, or certificates cannot be made.
    pub fn start(world: World, speed: f64, options: WireOptions) -> Result<Simulation, WireError> {
        let clock = WireClock::since(Timestamp::now(), world.now(), speed);
        let world = SharedWorld::new(world, clock.clone());
        let builder = WireBuilder::new(clock, options)?;
        let (directory, tickets) = (Directory::new(), Tickets::new());
        let builder = faces::azure(builder, &world, &directory);
        let builder = faces::release(builder, &world, &directory, &tickets);
        let turning = world.clone().run(builder.stopped());
        builder.spawn(turning);
        Ok(Simulation { wire: builder.start()?, world, directory, tickets })
    }
}
