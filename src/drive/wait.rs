//! Looking, and waiting for whatever comes first: a landing, the news of a watch, or the time.
//!
//! Looks at single stamps are begun here and land by themselves; everything else is looked at on the spot. Nothing is
//! decided: whoever waited decides anew, on all that is known then.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures::future::{Either, FutureExt as _, select};
use jiff::Timestamp;

use super::attention::Looks;
use super::flight::Landed;
use super::{DriveError, Driver};
use crate::model::{ClusterView, EvidenceKey, StampName, VaultView};
use crate::ports::{Changed, Glance};
use crate::rotation::{Fold, Reason, Why, later, refusals_since};

/// A wait lets some time pass, whatever the moment that it waits for.
const SHORTEST_WAIT: Duration = Duration::from_secs(1);

/// Where something is under way and nothing else is waited for, it is decided anew this often all the same.
const LONGEST_FLIGHT: Duration = Duration::from_secs(60);

/// What ended a wait.
enum News {
    Landed(Landed),
    Changed(BTreeSet<Changed>),
    Time,
}

/// What new pods mount that the vault was not seen to hold was written since: a glance is as old as its base, so the order
/// of the two looks does not tell.
fn mounts_something_newer(vault: Option<&VaultView>, cluster: Option<&ClusterView>) -> bool {
    let (Some(vault), Some(cluster)) = (vault, cluster) else { return false };
    cluster.pods.iter().any(|pod| pod.created > vault.created && pod.mounts_other(&vault.version))
}

/// Whether it is one stamp's, and is looked at by itself.
pub(super) fn is_of_stamp(key: &EvidenceKey) -> bool {
    matches!(key, EvidenceKey::Cluster(_) | EvidenceKey::Workloads(_) | EvidenceKey::Vault(_))
}

/// Whether it is asked of a window that begins where the first stamp was renewed.
fn tells_refusals(key: &EvidenceKey) -> bool {
    matches!(key, EvidenceKey::Usage | EvidenceKey::Metrics)
}

/// Where the whole is looked at, its parts are not looked at by themselves.
fn without_parts(mut keys: BTreeSet<EvidenceKey>) -> BTreeSet<EvidenceKey> {
    let parts = keys.iter().filter_map(|key| match key {
        EvidenceKey::Cluster(stamp) => Some(EvidenceKey::Workloads(stamp.clone())),
        _ => None,
    });
    for part in parts.collect::<Vec<_>>() {
        keys.remove(&part);
    }
    keys
}

impl Driver {
    /// Sleeps until then, or until something lands or happens in a cluster that a reason waits for; where nothing of that
    /// comes first, the evidence behind those reasons is looked at again. Where watches follow, what they tell comes
    /// before the time.
    ///
    /// # Errors
    /// The outcome of what landed could not be written.
    pub(super) async fn wait(&mut self, reasons: &[Reason], until: Timestamp) -> Result<(), DriveError> {
        let clock = Arc::clone(&self.ports.clock);
        let clusters = Arc::clone(&self.ports.clusters);
        let now = clock.now();
        let pace = self.policy.pace;
        let due = self.attention.until(reasons, clusters.as_ref(), &self.world, now, &pace);
        // What opens this very moment, to the instant, may need the next one to be seen open.
        let until = due.unwrap_or(until).max(later(now, SHORTEST_WAIT));
        loop {
            let heard = self.attention.heard(reasons);
            self.begin(Looks { glances: heard, ..Looks::default() });
            if self.flight.is_empty() && clock.now() >= until {
                break;
            }
            match self.news(until).await {
                News::Landed(landed) => return self.land(Some(landed)).await,
                News::Changed(changed) => self.attention.hear(changed),
                News::Time => break,
            }
        }
        let at = (now, clock.now());
        let looks = self.attention.due_at(reasons, clusters.as_ref(), &self.world, at, &pace);
        self.look(looks).await;
        Ok(())
    }

    async fn news(&mut self, until: Timestamp) -> News {
        let clock = Arc::clone(&self.ports.clock);
        let clusters = Arc::clone(&self.ports.clusters);
        // What has landed comes first: a clock that is simulated jumps when it is asked to sleep.
        let landing = std::pin::pin!(self.flight.next());
        let happening = std::pin::pin!(async {
            let (changed, sleep) = (clusters.changed(), clock.sleep_until(until));
            futures::pin_mut!(changed, sleep);
            match select(changed, sleep).await {
                Either::Left((changed, _)) => News::Changed(changed),
                Either::Right(_) => News::Time,
            }
        });
        match select(landing, happening).await {
            Either::Left((landed, _)) => News::Landed(landed),
            Either::Right((news, _)) => news,
        }
    }

    /// Waits while something is under way, for that and for whatever else the reasons wait for.
    pub(super) async fn attend(&mut self, reasons: &[Reason]) -> Result<(), DriveError> {
        let others: Vec<Reason> =
            reasons.iter().filter(|reason| !reason.opens_by_looking()).cloned().collect();
        let until = later(self.ports.clock.now(), LONGEST_FLIGHT);
        self.wait(&others, until).await
    }

    /// Until nothing is under way.
    pub(super) async fn land_all(&mut self) -> Result<(), DriveError> {
        while !self.flight.is_empty() {
            let landed = self.flight.next().await;
            self.land(Some(landed)).await?;
        }
        Ok(())
    }

    /// Looks at what the reasons say is missing or stale; single stamps are looked at by and by. Whether there was
    /// anything to begin.
    pub(super) async fn look_behind(&mut self, reasons: &[Reason]) -> bool {
        let keys: BTreeSet<EvidenceKey> = reasons
            .iter()
            .flat_map(|reason| match &reason.why {
                Why::NotSeen(key)
                | Why::TooOld { evidence: key, .. }
                | Why::WindowShort { evidence: key, .. } => vec![key.clone()],
                // Either of the two may be the older one.
                Why::ProofOfAnotherKey { slot } => vec![EvidenceKey::Account, EvidenceKey::Proof(*slot)],
                _ => Vec::new(),
            })
            .filter(|key| !self.flight.awaits(key))
            .collect();
        let anything = !keys.is_empty();
        let looks = self.attention.split(keys);
        self.look(looks).await;
        anything
    }

    /// Begins looks at stamps, and looks at the rest.
    pub(super) async fn look(&mut self, looks: Looks) {
        let rest = self.begin(looks);
        self.look_now(&rest).await;
    }

    /// Looks at all there is, for people, when nothing is under way.
    pub(super) async fn look_at_everything(&mut self) -> Result<(), DriveError> {
        self.land_all().await?;
        // Each is waited for once: a cluster that did not answer just now is not asked again for the same question.
        let silent = self.silent();
        let asked = |key: &EvidenceKey| !matches!(key, EvidenceKey::Cluster(stamp) if silent.contains(stamp));
        let everything = self.observer.everything().into_iter().filter(asked);
        let (of_refusals, rest): (BTreeSet<_>, BTreeSet<_>) = everything.partition(tells_refusals);
        self.observer.look_whole(&rest, Arc::make_mut(&mut self.world)).await;
        self.aim();
        self.observer.look_whole(&of_refusals, Arc::make_mut(&mut self.world)).await;
        self.glanced.clear();
        self.digests.renew_all();
        Ok(())
    }

    /// Whom the account refuses is asked from the moment on from which it must be known, by what is known of the stamps.
    fn aim(&mut self) {
        // What is only foreseen has aimed for itself.
        if self.fold.rotation().is_some() {
            self.observer.targets_mut().refusals_since = self.wanted_by(&self.fold);
        }
    }

    /// The same for what is judged without being open.
    pub(super) fn aim_for(&mut self, fold: &Fold) {
        self.observer.targets_mut().refusals_since = self.wanted_by(fold);
    }

    fn wanted_by(&self, fold: &Fold) -> Option<Timestamp> {
        refusals_since(&self.decider(), fold, fold.rotation()?, &self.world, self.ports.clock.now())
    }

    /// Looks at these on the spot. What is under way goes on meanwhile: one look at a cluster waits for another.
    pub(super) async fn look_now(&mut self, keys: &BTreeSet<EvidenceKey>) {
        let keys = &without_parts(keys.clone());
        if keys.iter().any(tells_refusals) {
            self.aim();
        }
        {
            let Driver { observer, world, flight, .. } = self;
            let look = std::pin::pin!(observer.look(keys, Arc::make_mut(world)));
            let others = std::pin::pin!(flight.carry_on());
            match select(look, others).await {
                Either::Left(_) => {}
                Either::Right((never, _)) => match never {},
            }
        }
        for key in keys {
            self.digests.renew(key);
            match key {
                EvidenceKey::Cluster(stamp) => {
                    self.glanced.remove(stamp);
                }
                EvidenceKey::Workloads(stamp) => {
                    self.digests.renew(&EvidenceKey::Cluster(stamp.clone()));
                    self.glanced.insert(stamp.clone());
                }
                _ => {}
            }
        }
    }

    /// Begins looks at stamps that nobody is looking at, and leaves what is no single stamp's.
    pub(super) fn begin(&mut self, looks: Looks) -> BTreeSet<EvidenceKey> {
        let at = self.ports.clock.now();
        let free = |key: &EvidenceKey| !self.flight.awaits(key);
        let Looks { whole, mut glances } = looks;
        let (parts, whole): (BTreeSet<_>, BTreeSet<_>) =
            without_parts(whole).into_iter().partition(|key| matches!(key, EvidenceKey::Workloads(_)));
        for part in parts {
            if let EvidenceKey::Workloads(stamp) = part {
                glances.insert(stamp, Glance::Workloads);
            }
        }
        let (stamps, rest): (BTreeSet<_>, BTreeSet<_>) = whole.into_iter().partition(is_of_stamp);
        let looks = Looks {
            whole: stamps.into_iter().filter(free).collect(),
            glances: glances
                .into_iter()
                .filter(|(stamp, _)| free(&EvidenceKey::Cluster(stamp.clone())))
                .collect(),
        };
        self.attention.looked(&looks, at);
        for (stamp, glance) in looks.glances {
            self.glance(stamp, glance);
        }
        let together = self.together(&looks.whole);
        for key in looks.whole {
            let look = match &key {
                EvidenceKey::Cluster(stamp) if together.contains(stamp) => {
                    let (both, name) = (self.observer.stamp(stamp), stamp.clone());
                    let look = async move { Landed::Stamp(name, Box::new(both.await)) };
                    self.flight.look_at_both(stamp, look.boxed());
                    continue;
                }
                EvidenceKey::Vault(stamp) if together.contains(stamp) => continue,
                EvidenceKey::Cluster(stamp) => {
                    let (seen, stamp) = (self.observer.cluster(stamp, &self.world), stamp.clone());
                    async move { Landed::Cluster(stamp, Box::new(seen.await)) }.boxed()
                }
                EvidenceKey::Vault(stamp) => {
                    let (seen, stamp) = (self.observer.vault(stamp), stamp.clone());
                    async move { Landed::Vault(stamp, seen.await) }.boxed()
                }
                _ => continue,
            };
            self.flight.look(key, look);
        }
        rest
    }

    /// The stamps whose clusters are to be looked at after their vaults: those that are called for together, and those
    /// whose vault nobody has seen.
    fn together(&self, keys: &BTreeSet<EvidenceKey>) -> BTreeSet<StampName> {
        let clusters = keys.iter().filter_map(|key| match key {
            EvidenceKey::Cluster(stamp) => Some(stamp),
            _ => None,
        });
        clusters
            .filter(|stamp| {
                let vault = EvidenceKey::Vault((*stamp).clone());
                let unseen = !self.world.vaults.contains_key(*stamp) && !self.flight.awaits(&vault);
                unseen || keys.contains(&vault)
            })
            .cloned()
            .collect()
    }

    fn glance(&mut self, stamp: StampName, glance: Glance) {
        let known = self.world.vaults.get(&stamp).and_then(|seen| seen.get()).cloned();
        let (seen, vault) = (self.observer.glance(&stamp, glance), self.observer.vault(&stamp));
        let key = EvidenceKey::Cluster(stamp.clone());
        let look = async move {
            let seen = seen.await;
            let vault = match mounts_something_newer(known.as_ref(), seen.get()) {
                true => Some(vault.await),
                false => None,
            };
            Landed::Glance(stamp, Box::new(seen), vault)
        };
        self.flight.look(key, look.boxed());
    }
}
