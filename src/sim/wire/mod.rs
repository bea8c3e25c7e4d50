//! The simulated world over the wire: TLS on loopback, real host names, the services' own protocols.
//!
//! This is the core: certificates, listeners, routing by host, faults on the line, the transcript, the clock.
//! What is spoken is the faces' business; each is an [`axum::Router`] for a host, or for a listener of its own
//! (one Kubernetes API a stamp). A face decodes a request, takes the world's lock once, and encodes the reply.
//! Nothing here decides anything about the world. Nothing listens on any address but loopback.

mod account_body;
mod activity;
mod aks;
mod answers;
mod arm;
pub mod azure_devops;
mod certificates;
mod clock;
mod data_plane;
mod entra;
mod faces;
mod faults;
pub mod git;
pub mod github;
mod graph;
pub mod kubernetes;
mod log_analytics;
mod metrics;
mod places;
mod rights;
mod route;
mod server;
mod shared;
mod simulation;
mod tickets;
mod transcript;
mod vault;
mod vault_resource;

use std::collections::BTreeMap;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;

use axum::Router;
use thiserror::Error;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use clock::WireClock;
pub use entra::{AKS_SERVER, Directory, MANAGEMENT, VAULT};
pub use faults::{FaultHandle, Faults, Trouble, Which, WireFault};
pub use route::HostPattern;
pub use server::{Changed, Lost};
pub use shared::{Mirror, SharedWorld};
pub use simulation::Simulation;
pub use tickets::Tickets;
pub use transcript::{Entry, Transcript};

use certificates::Authority;
use route::Faces;
use server::{Core, bind};

/// Why no wire could be put up.
#[derive(Debug, Error)]
pub enum WireError {
    #[error("cannot listen on 127.0.0.1:{port}")]
    Listen { port: u16, source: io::Error },
    #[error("cannot write the transcript {}", path.display())]
    Transcript { path: PathBuf, source: io::Error },
    #[error("cannot make certificates")]
    Certificate(#[from] rcgen::Error),
    #[error("cannot set up TLS")]
    Tls(#[from] rustls::Error),
}

/// How the wire is put up.
#[derive(Clone, Debug, Default)]
pub struct WireOptions {
    /// The port of the listener for all named hosts; 0 takes a free one.
    pub port: u16,
    /// Also write the transcript here, one JSON object a line.
    pub transcript: Option<PathBuf>,
    /// Faults from the start.
    pub faults: Vec<WireFault>,
}

/// Sockets are bound, addresses are known, nothing is served yet: the time to make faces.
pub struct WireBuilder {
    core: Core,
    main: (TcpListener, SocketAddr),
    faces: Faces,
    others: Vec<(String, TcpListener, SocketAddr, Router)>,
}

impl WireBuilder {
    /// Binds the listener for all named hosts.
    ///
    /// # Errors
    /// When the port is taken or the transcript cannot be created.
    pub fn new(clock: WireClock, options: WireOptions) -> Result<WireBuilder, WireError> {
        let transcript = match options.transcript {
            Some(path) => Transcript::to_file(&path)
                .map_err(|source| WireError::Transcript { path: path.clone(), source })?,
            None => Transcript::default(),
        };
        let faults = Faults::default();
        for fault in options.faults {
            faults.add(fault);
        }
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        Ok(WireBuilder {
            core: Core { clock, transcript, faults, stop, tasks },
            main: bind(options.port)?,
            faces: Faces::default(),
            others: Vec::new(),
        })
    }

    /// Where all named hosts will be found.
    pub fn address(&self) -> SocketAddr {
        self.main.1
    }

    pub fn clock(&self) -> &WireClock {
        &self.core.clock
    }

    /// Ends when the wire is shut down; for a face's own tasks.
    pub fn stopped(&self) -> CancellationToken {
        self.core.stop.clone()
    }

    /// Runs a task of a face as part of the wire; it should end when [`WireBuilder::stopped`] does.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.core.tasks.spawn(task);
    }

    /// Adds the face of a named host.
    pub fn face(mut self, host: HostPattern, router: Router) -> WireBuilder {
        self.faces.add(host, router);
        self
    }

    /// Adds a listener of its own, on a free port, for one service that is called by address.
    ///
    /// # Errors
    /// When no port is free.
    pub fn listener(
        mut self,
        name: &str,
        make: impl FnOnce(SocketAddr) -> Router,
    ) -> Result<WireBuilder, WireError> {
        let (listener, address) = bind(0)?;
        self.others.push((name.to_owned(), listener, address, make(address)));
        Ok(self)
    }

    /// Makes the certificates and serves. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// When certificates cannot be made or a socket cannot be served.
    pub fn start(self) -> Result<Wire, WireError> {
        let hosts = self.faces.patterns();
        let authority = Authority::new(&hosts)?;
        let mut listeners = BTreeMap::new();
        for (name, listener, address, router) in self.others {
            self.core.serve(listener, &authority.server, Faces::any(router))?;
            listeners.insert(name, address);
        }
        let (listener, address) = self.main;
        self.core.serve(listener, &authority.server, self.faces)?;
        Ok(Wire { core: self.core, address, hosts, listeners, ca_pem: authority.ca_pem })
    }
}

/// A world that answers. Dropping it without [`Wire::shutdown`] stops it too, without waiting.
pub struct Wire {
    core: Core,
    address: SocketAddr,
    hosts: Vec<HostPattern>,
    listeners: BTreeMap<String, SocketAddr>,
    ca_pem: String,
}

impl Wire {
    /// Where all named hosts are found.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The named hosts.
    pub fn hosts(&self) -> &[HostPattern] {
        &self.hosts
    }

    /// The listeners of their own, by name.
    pub fn listeners(&self) -> &BTreeMap<String, SocketAddr> {
        &self.listeners
    }

    /// The certificate of the authority that vouches for all listeners.
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    pub fn clock(&self) -> &WireClock {
        &self.core.clock
    }

    pub fn transcript(&self) -> &Transcript {
        &self.core.transcript
    }

    pub fn faults(&self) -> &Faults {
        &self.core.faults
    }

    /// Stops listening, lets running answers end for a moment, and returns when all tasks are over.
    pub async fn shutdown(self) {
        self.core.stop.cancel();
        self.core.tasks.close();
        self.core.tasks.wait().await;
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.core.stop.cancel();
    }
}
