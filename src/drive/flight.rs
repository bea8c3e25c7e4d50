//! What is under way: steps that were sent, and looks at single stamps; each by itself, so that no stamp waits for the
//! news of another, and what was sent is not lost with whoever waits for it.
//!
//! Nothing is decided here. What lands is put into the world by the loop, one after the other, and decided on together.
//! No step is begun for a stamp that is being looked at: whoever acts has the newest there is. A look that was under way
//! while somebody's step touched its stamp is void when it lands.

use std::collections::{BTreeMap, VecDeque};
use std::convert::Infallible;

use futures::future::{BoxFuture, FutureExt as _};
use futures::stream::{FuturesUnordered, StreamExt as _};

use crate::model::{ClusterView, EvidenceKey, Seen, StampName, StepKey, VaultView};
use crate::rotation::{Intent, Outcome, Step};

/// As much as is under way at the same time; the rest waits for its turn.
const AT_ONCE: usize = 256;

/// What came of one of them.
pub(super) enum Landed {
    /// Steps that were begun together, each with its end; by the name of the opening
    /// ([`Opened::approval_name`](crate::rotation::Opened::approval_name)) that sent them.
    Steps(String, Vec<(Intent, Outcome)>),
    /// By lists that were made for it.
    Cluster(StampName, Box<Seen<ClusterView>>),
    /// By what has happened since. The vault too, where what the pods mount called for it.
    Glance(StampName, Box<Seen<ClusterView>>, Option<Seen<VaultView>>),
    Vault(StampName, Seen<VaultView>),
    /// Both, one look after the other.
    Stamp(StampName, Box<(Seen<VaultView>, Seen<ClusterView>)>),
}

#[derive(Default)]
pub(super) struct Flight {
    under_way: FuturesUnordered<BoxFuture<'static, Landed>>,
    queued: VecDeque<BoxFuture<'static, Landed>>,
    /// What has landed while something else was waited for.
    arrived: VecDeque<Landed>,
    /// What was sent; a restart with its stamp.
    steps: BTreeMap<StepKey, Option<StampName>>,
    /// Whether what each look will have seen still counts.
    looks: BTreeMap<EvidenceKey, bool>,
}

impl Flight {
    pub fn is_empty(&self) -> bool {
        self.under_way.is_empty() && self.queued.is_empty() && self.arrived.is_empty()
    }

    pub fn restart(&mut self, stamp: StampName, key: StepKey, future: BoxFuture<'static, Landed>) {
        self.steps.insert(key, Some(stamp));
        self.start(future);
    }

    /// Steps that are no restarts, and land together.
    pub fn steps(&mut self, keys: impl IntoIterator<Item = StepKey>, future: BoxFuture<'static, Landed>) {
        self.steps.extend(keys.into_iter().map(|key| (key, None)));
        self.start(future);
    }

    /// The steps that were sent and have not landed.
    pub fn sent(&self) -> impl Iterator<Item = &StepKey> {
        self.steps.keys()
    }

    pub fn has_sent(&self, key: &StepKey) -> bool {
        self.steps.contains_key(key)
    }

    pub fn look(&mut self, key: EvidenceKey, future: BoxFuture<'static, Landed>) {
        self.looks.insert(key, true);
        self.start(future);
    }

    /// A look at a stamp's vault and its cluster.
    pub fn look_at_both(&mut self, stamp: &StampName, future: BoxFuture<'static, Landed>) {
        self.looks.insert(EvidenceKey::Vault(stamp.clone()), true);
        self.look(EvidenceKey::Cluster(stamp.clone()), future);
    }

    fn start(&mut self, future: BoxFuture<'static, Landed>) {
        if self.under_way.len() < AT_ONCE {
            self.under_way.push(future);
        } else {
            self.queued.push_back(future);
        }
    }

    /// Whether a look would be one too many: the same is under way, or a restart of which the answer tells more.
    pub fn awaits(&self, key: &EvidenceKey) -> bool {
        if let EvidenceKey::Workloads(stamp) = key {
            return self.awaits(&EvidenceKey::Cluster(stamp.clone()));
        }
        let restarts = |stamp: &StampName| self.steps.values().flatten().any(|at_work| at_work == stamp);
        self.looks.contains_key(key) || matches!(key, EvidenceKey::Cluster(stamp) if restarts(stamp))
    }

    /// Whether the step has to wait: one is under way in its stamp, or a look at it.
    pub fn holds(&self, step: &Step) -> bool {
        let (Step::Restart { stamp, .. } | Step::WriteSecret { stamp, .. }) = step else { return false };
        self.awaits(&EvidenceKey::Cluster(stamp.clone())) || self.awaits(&EvidenceKey::Vault(stamp.clone()))
    }

    /// After a step: looks that began before it tell nothing.
    pub fn void(&mut self, step: &Step) {
        if let Step::Restart { stamp, .. } | Step::WriteSecret { stamp, .. } = step {
            for key in [EvidenceKey::Cluster(stamp.clone()), EvidenceKey::Vault(stamp.clone())] {
                self.looks.entry(key).and_modify(|counts| *counts = false);
            }
        }
    }

    /// Nothing of what is being looked at counts any more.
    pub fn void_all(&mut self) {
        self.looks.values_mut().for_each(|counts| *counts = false);
    }

    /// What lands next; never, where nothing is under way.
    pub async fn next(&mut self) -> Landed {
        if let Some(landed) = self.arrived.pop_front() {
            return landed;
        }
        match self.under_way.next().await {
            Some(landed) => landed,
            None => std::future::pending().await,
        }
    }

    /// Carries on with all of it and never ends: beside whatever else is waited for, which may need what one of them holds.
    pub async fn carry_on(&mut self) -> Infallible {
        while let Some(landed) = self.under_way.next().await {
            self.arrived.push_back(landed);
        }
        std::future::pending().await
    }

    /// What has landed already.
    pub fn landed(&mut self) -> Option<Landed> {
        self.next().now_or_never()
    }

    fn looked_at(&mut self, key: EvidenceKey) -> bool {
        self.looks.remove(&key).unwrap_or_default()
    }

    /// Takes note of a landing. Whether it counts.
    pub fn over(&mut self, landed: &Landed) -> bool {
        while self.under_way.len() < AT_ONCE
            && let Some(next) = self.queued.pop_front()
        {
            self.under_way.push(next);
        }
        match landed {
            Landed::Steps(_, ended) => {
                ended.iter().for_each(|(intent, _)| drop(self.steps.remove(&intent.key)));
                true
            }
            Landed::Cluster(stamp, _) | Landed::Glance(stamp, ..) => {
                self.looked_at(EvidenceKey::Cluster(stamp.clone()))
            }
            Landed::Vault(stamp, _) => self.looked_at(EvidenceKey::Vault(stamp.clone())),
            Landed::Stamp(stamp, _) => {
                let vault = self.looked_at(EvidenceKey::Vault(stamp.clone()));
                self.looked_at(EvidenceKey::Cluster(stamp.clone())) && vault
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::model::{Blindness, SecretVersion, WorkloadName};
    use crate::rotation::Leg;

    fn key(stamp: &str) -> EvidenceKey {
        EvidenceKey::Vault(StampName::new(stamp))
    }

    fn look(flight: &mut Flight, stamp: &str) {
        let landed = Landed::Vault(stamp.into(), Seen::blind(Timestamp::UNIX_EPOCH, Blindness::Missing, ""));
        flight.look(key(stamp), async move { landed }.boxed());
    }

    fn restart(stamp: &str) -> Step {
        Step::Restart {
            leg: Leg::Out,
            stamp: stamp.into(),
            workload: WorkloadName::new("n", "w"),
            version: SecretVersion::new("v"),
            restarted_at: String::new(),
        }
    }

    #[test]
    fn a_look_that_a_step_has_overtaken_does_not_count_and_no_step_overtakes_a_look_of_ours() {
        let mut flight = Flight::default();
        look(&mut flight, "a");
        look(&mut flight, "b");
        assert!(flight.holds(&restart("a")) && !flight.holds(&restart("c")));
        flight.void(&restart("b"));
        let mut counts = BTreeMap::new();
        while let Some(landed) = flight.landed() {
            let Landed::Vault(stamp, _) = &landed else { panic!("a look") };
            counts.insert(stamp.to_string(), flight.over(&landed));
        }
        assert_eq!(counts, [("a".to_owned(), true), ("b".to_owned(), false)].into());
        assert!(flight.is_empty() && !flight.holds(&restart("a")));
    }

    #[test]
    fn a_look_at_a_vault_and_its_cluster_is_both_until_it_lands_and_counts_as_a_whole() {
        for voided in [false, true] {
            let mut flight = Flight::default();
            let vault = Seen::blind(Timestamp::UNIX_EPOCH, Blindness::Missing, "");
            let cluster = Seen::blind(Timestamp::UNIX_EPOCH, Blindness::Missing, "");
            let both = Box::new((vault, cluster));
            flight.look_at_both(&"a".into(), async move { Landed::Stamp("a".into(), both) }.boxed());
            assert!(flight.awaits(&key("a")) && flight.awaits(&EvidenceKey::Cluster("a".into())));
            if voided {
                flight.void(&restart("a"));
            }
            let landed = flight.landed().unwrap();
            assert_eq!(flight.over(&landed), !voided);
            assert!(!flight.awaits(&key("a")) && !flight.awaits(&EvidenceKey::Cluster("a".into())));
        }
    }

    #[test]
    fn after_the_clock_was_set_back_no_look_that_was_under_way_counts() {
        let mut flight = Flight::default();
        look(&mut flight, "a");
        flight.void_all();
        look(&mut flight, "b");
        let mut counts = BTreeMap::new();
        while let Some(landed) = flight.landed() {
            let Landed::Vault(stamp, _) = &landed else { panic!("a look") };
            counts.insert(stamp.to_string(), flight.over(&landed));
        }
        assert_eq!(counts, [("a".to_owned(), false), ("b".to_owned(), true)].into());
    }

    #[test]
    fn while_a_restart_is_under_way_nobody_looks_at_its_cluster() {
        let mut flight = Flight::default();
        let step = restart("a");
        flight.restart("a".into(), step.key(), std::future::pending().boxed());
        let cluster = |stamp: &str| EvidenceKey::Cluster(stamp.into());
        assert!(flight.awaits(&cluster("a")) && flight.holds(&step));
        assert!(!flight.awaits(&cluster("b")) && !flight.awaits(&key("a")));
    }

    /// A look at one part of a stamp may hold what a look at another part of it waits for.
    #[test]
    fn what_is_under_way_goes_on_beside_what_is_waited_for() {
        let mut flight = Flight::default();
        let (done, told) = futures::channel::oneshot::channel();
        let landed = Landed::Vault("a".into(), Seen::blind(Timestamp::UNIX_EPOCH, Blindness::Missing, ""));
        let look = async move {
            let _ = done.send(());
            landed
        };
        flight.look(key("a"), look.boxed());
        let was_told = {
            let carried = std::pin::pin!(flight.carry_on());
            let first = futures::executor::block_on(futures::future::select(told, carried));
            matches!(first, futures::future::Either::Left((Ok(()), _)))
        };
        assert!(was_told);
        assert!(!flight.is_empty() && flight.landed().is_some() && flight.is_empty());
    }

    #[test]
    fn what_is_more_than_may_be_under_way_waits_for_its_turn_and_lands_too() {
        let mut flight = Flight::default();
        (0..AT_ONCE + 3).for_each(|number| look(&mut flight, &number.to_string()));
        assert_eq!((flight.under_way.len(), flight.queued.len()), (AT_ONCE, 3));
        let mut landings = 0;
        while let Some(landed) = flight.landed() {
            assert!(flight.over(&landed));
            landings += 1;
        }
        assert_eq!((landings, flight.is_empty()), (AT_ONCE + 3, true));
    }
}
