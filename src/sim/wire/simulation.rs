//! A world put on the wire with all its faces. Its repository on disk is [`super::git::mirror`]'s, for who wants one.

use jiff::Timestamp;
use secrecy::ExposeSecret as _;

use super::aks::Servers;
use super::kubernetes::{Kubeconfig, User};
use super::{Directory, SharedWorld, Tickets, Wire, WireBuilder, WireClock, WireError, WireOptions, faces};
use crate::model::StampName;
use crate::sim::World;

/// A world that answers, with the means to look into it from the side.
pub struct Simulation {
    pub wire: Wire,
    pub world: SharedWorld,
    /// Who may sign in.
    pub directory: Directory,
    /// For the forge, the pipeline and the clusters.
    pub tickets: Tickets,
    /// Wall time at which the world's clock started.
    pub started: Timestamp,
}

impl Simulation {
    /// Puts a world on the wire; its time passes `speed` times as fast as the wall's from now on. Must be
    /// called within a tokio runtime.
    ///
    /// # Errors
    /// When a port is taken, the transcript cannot be created, or certificates cannot be made.
    pub fn start(world: World, speed: f64, options: WireOptions) -> Result<Simulation, WireError> {
        let started = Timestamp::now();
        let clock = WireClock::since(started, world.now(), speed);
        let world = SharedWorld::new(world, clock.clone());
        let builder = WireBuilder::new(clock, options)?;
        let (directory, tickets) = (Directory::new(), Tickets::new());
        let servers = Servers::default();
        let builder = faces::azure(builder, &world, &directory, &servers);
        let builder = faces::release(builder, &world, &directory, &tickets);
        let builder = faces::clusters(builder, &world, &directory, &tickets)?;
        let turning = world.clone().run(builder.stopped());
        builder.spawn(turning);
        let wire = builder.start()?;
        servers.are(wire.listeners().clone(), wire.ca_pem(), &tickets.kubernetes);
        Ok(Simulation { wire, world, directory, tickets, started })
    }

    /// The kubeconfig of a stamp's cluster, for kubectl and keyslot; it holds the token. `None` where the world
    /// began without such a stamp.
    pub fn kubeconfig(&self, stamp: &StampName) -> Option<String> {
        let address = self.wire.listeners().get(stamp.as_str())?;
        let namespace = self.world.with(|world| {
            let first = world.config().workloads.first();
            first.map_or_else(|| "default".to_owned(), |workload| workload.name.namespace.clone())
        });
        let config = Kubeconfig {
            name: stamp.as_str(),
            server: &format!("https://{address}"),
            ca_pem: self.wire.ca_pem(),
            user: User::Token(self.tickets.kubernetes.expose_secret()),
            namespace: &namespace,
        };
        Some(config.render())
    }
}
