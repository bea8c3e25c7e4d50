//! Ports → [`World`]: looks at what is asked for, all at once, and dates what it sees.
//!
//! It judges nothing. What cannot be seen becomes a [`crate::model::Blind`] with its reason. The time of an
//! observation is the time *before* its request was sent: evidence is never younger than it says.

mod ask;
mod claims;
mod code;
mod flips;
mod found;
mod held;
mod live;
mod origin;
mod stamp;
mod targets;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures::stream::{FuturesUnordered, StreamExt as _};
use jiff::{SignedDuration, Timestamp};

use crate::model::{BranchName, EvidenceKey, Seen, World};
use crate::ports::{Fault, Ports};

use claims::Claims;
pub use code::Change;
use found::Found;
pub use held::Held;
pub use targets::{ReleaseRule, Targets};

/// Looks through the ports, and remembers what commits claim: a commit never changes.
pub struct Observer {
    ports: Ports,
    targets: Targets,
    claims: Claims,
    held: Arc<Held>,
}

/// How much of a cluster is looked at.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Breadth {
    Whole,
    /// Who may hold an older key.
    Holders,
}

fn before(at: Timestamp, by: Duration) -> Timestamp {
    let by = SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX);
    at.checked_sub(by).unwrap_or(Timestamp::MIN)
}

fn seen<T>(at: Timestamp, result: Result<T, Fault>) -> Seen<T> {
    Seen { at, what: result.map_err(|fault| fault.blind()) }
}

impl Observer {
    pub fn new(ports: Ports, targets: Targets) -> Observer {
        Observer { ports, targets, claims: Claims::default(), held: Arc::default() }
    }

    pub fn targets(&self) -> &Targets {
        &self.targets
    }

    /// Since when synced Secrets hold what they hold.
    pub fn held(&self) -> &Held {
        &self.held
    }

    pub fn targets_mut(&mut self) -> &mut Targets {
        &mut self.targets
    }

    /// The branches that the live stamps are tagged with, where this one is not among them. Where no tags can be read, none:
    /// a person's word does without them.
    ///
    /// # Errors
    /// The remote has no such branch (its kind is [`Gone`](crate::model::Blindness::Gone)), or cannot be read.
    pub async fn named(&self, branch: &BranchName) -> Result<Vec<BranchName>, Fault> {
        let heads = self.ports.code.fetch().await?;
        let said = Targets { release: ReleaseRule::Said(branch.clone()), ..self.targets.clone() };
        if said.release.candidates(&heads).is_empty() {
            return Err(said.no_release(&heads));
        }
        Ok(live::tagged_otherwise(&self.ports, &self.targets, branch).await)
    }

    /// Looks at these for somebody who decides, and puts what was seen into the world. Clusters come last: what their
    /// vaults hold tells what of them is worth a request.
    pub async fn look(&self, keys: &BTreeSet<EvidenceKey>, world: &mut World) {
        let of_cluster = |key: &&EvidenceKey| matches!(key, EvidenceKey::Cluster(_));
        let (clusters, others) = keys.iter().partition::<Vec<_>, _>(of_cluster);
        self.look_at_once(others, Breadth::Holders, world).await;
        self.look_at_once(clusters, Breadth::Holders, world).await;
    }

    /// Looks at all there is of these, for people.
    pub async fn look_whole(&self, keys: &BTreeSet<EvidenceKey>, world: &mut World) {
        self.look_at_once(keys.iter().collect(), Breadth::Whole, world).await;
    }

    async fn look_at_once(&self, keys: Vec<&EvidenceKey>, breadth: Breadth, world: &mut World) {
        // All at once: how many calls are at work is their adapters' business, and who waits for silence keeps nobody.
        let looks = keys.into_iter().map(|key| self.look_at(key, breadth, world));
        let found: Vec<Found> = looks.collect::<FuturesUnordered<_>>().collect().await;
        for found in found {
            found.put(world);
        }
    }

    /// Everything there is to see: for `status`, and for choosing what to retire. Not the census, which is asked of
    /// weeks of logs, and only by who needs it.
    pub fn everything(&self) -> BTreeSet<EvidenceKey> {
        let mut keys = BTreeSet::from([EvidenceKey::Account, EvidenceKey::Code, EvidenceKey::Runs]);
        if self.targets.inventory {
            keys.insert(EvidenceKey::Inventory);
        }
        if !self.targets.log_window.is_zero() {
            keys.insert(EvidenceKey::Usage);
        }
        for stamp in &self.targets.stamps {
            keys.insert(EvidenceKey::Vault(stamp.clone()));
            keys.insert(EvidenceKey::Cluster(stamp.clone()));
        }
        keys
    }
}
