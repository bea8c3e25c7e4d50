//! The world around the account: the data plane's doorkeeper, regenerations, what vaults get.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::account::{Key, KeyId};
use super::command::Reply;
use super::events::Event;
use super::fault::Trouble;
use super::kubernetes::Process;
use super::meter::{Outage, Tally, tally};
use super::refusal::Refusal;
use super::time::elapsed;
use super::vault::{Beside, SecretValue};
use super::world::World;
use crate::model::{KeyKind, KeyMaterial, Slot};

impl World {
    /// The keys that the region (by display name) accepts now. Empty for a region that does not exist and
    /// where keys open nothing.
    pub fn accepted_keys(&self, region: &str) -> Vec<&Key> {
        let Some(place) = self.account.region(region) else { return Vec::new() };
        if self.account.config().local_auth_disabled {
            return Vec::new();
        }
        let refused = |slot: Slot| {
            self.faults.refusals(slot, region).any(|(from, until)| from <= self.now && self.now < until)
        };
        let mut keys: Vec<&Key> = self.account.keys().iter().collect();
        keys.retain(|key| self.account.lives(key.id, place, self.now) && !refused(key.kind.slot));
        keys
    }

    /// A signed request from outside of the pods: `fits` says whether the request was signed with the key, `agent` is
    /// what the client calls itself. Whoever comes in leaves a trace in the key's last use, and everybody one in the
    /// logs. `None` is a 401.
    pub fn authenticate(
        &mut self,
        region: &str,
        agent: &str,
        fits: impl Fn(&KeyMaterial) -> bool,
    ) -> Option<KeyKind> {
        let found = self
            .accepted_keys(region)
            .into_iter()
            .find(|key| fits(&key.material))
            .map(|key| (key.id, key.kind));
        self.logs.visited(self.now, region, agent, found.map(|(_, kind)| kind));
        match found {
            Some((id, kind)) => {
                self.counters.probes_accepted += 1;
                self.account.touch(id, self.now);
                Some(kind)
            }
            None => {
                self.counters.probes_refused += 1;
                None
            }
        }
    }

    /// When a key was last used, uncut; [`Account::grain`](super::account::Account::grain) gives what the
    /// account tells.
    pub fn last_use(&self, key: KeyId) -> Option<Timestamp> {
        let settled = self.account.key(key).and_then(|key| key.used);
        let here = |process: &Process| process.key == Some(key);
        let pods = self.stamps.iter().flat_map(|stamp| {
            let processes = stamp.cluster.processes().filter(|process| here(process));
            processes.map(|process| self.tally_pod(stamp.region, process, self.now))
        });
        let outside = self.outsiders.iter().flat_map(|outsider| {
            let processes = outsider.processes().filter(|process| here(process));
            processes.map(|process| {
                let until = self.now.min(process.until);
                tally(process, &self.account, &self.faults, outsider.region, until)
            })
        });
        pods.chain(outside).map(|tally| tally.last_served).fold(settled, Option::max)
    }

    /// What the outage meter says now.
    pub fn outage(&self) -> Outage {
        let mut sum = Tally::default();
        for place in 0..self.stamps.len() {
            sum.add(&self.stamp_tally(place));
        }
        for outsider in &self.outsiders {
            for process in outsider.processes() {
                let until = self.now.min(process.until);
                sum.add(&tally(process, &self.account, &self.faults, outsider.region, until));
            }
        }
        Outage {
            served: sum.served,
            refused: sum.refused,
            first_refused_at: sum.first_refused,
            served_after_regeneration: self.meter.mark.map_or(0, |mark| sum.served.saturating_sub(mark)),
            dark: self.meter.dark(self.now),
        }
    }

    /// The requests of one stamp, by its place.
    pub fn stamp_tally(&self, place: usize) -> Tally {
        let mut sum = self.meter.stamps.get(place).copied().unwrap_or_default();
        if let Some(stamp) = self.stamps.get(place) {
            for process in stamp.cluster.processes() {
                sum.add(&self.tally_pod(stamp.region, process, self.now));
            }
        }
        sum
    }

    /// Takes the requests of a process that has ended into the meter.
    pub(super) fn settle(&mut self, place: usize, process: &Process) {
        let Some(region) = self.stamps.get(place).map(|stamp| stamp.region) else { return };
        let counted = self.tally_pod(region, process, self.now);
        if let Some(sum) = self.meter.stamps.get_mut(place) {
            sum.add(&counted);
        }
        if let (Some(key), Some(at)) = (process.key, counted.last_served) {
            self.account.touch(key, at);
        }
        // What nobody was refused, and no log keeps, is not asked for again.
        if self.config.logs.is_some() || counted.refused > 0 {
            self.logs.ended.push((place, Process { until: self.now, ..*process }));
        }
    }

    pub(super) fn note_darkness(&mut self, place: usize, workload: usize) {
        let Some(stamp) = self.stamps.get(place) else { return };
        let traffic = self.units.get(stamp.unit).is_some_and(|unit| unit.traffic);
        let dark = traffic && stamp.destroyed.is_none() && !stamp.cluster.any_ready(workload);
        self.meter.set_dark(place, workload, dark, self.now);
    }

    pub(super) fn note_all_darkness(&mut self) {
        for place in 0..self.stamps.len() {
            for workload in 0..self.config.all_workloads().count() {
                self.note_darkness(place, workload);
            }
        }
    }

    pub(super) fn regenerate(&mut self, kind: KeyKind, request_id: &str) -> Result<Reply, Refusal> {
        let now = self.now;
        if self.account.running(now).is_some() {
            self.counters.regenerations_refused += 1;
            return Err(Refusal::Busy(self.account.config().id.name.clone()));
        }
        if self.account.config().keeps_used_keys && self.was_used_lately(kind) {
            return Err(Refusal::KeyInUse);
        }
        let fits = |slot: Option<Slot>| slot.is_none_or(|slot| slot == kind.slot);
        let factor = self.faults.befall(now, |fault| match fault.what {
            Trouble::SlowRegeneration { factor } if fits(fault.target.slot) => Some(factor),
            _ => None,
        });
        let fails = self.faults.befall(now, |fault| {
            (fault.what == Trouble::FailRegeneration && fits(fault.target.slot)).then_some(())
        });
        let regeneration =
            self.account.regenerate(kind, request_id, now, factor.unwrap_or(1), fails.is_some())?;
        if !regeneration.fails {
            self.queue.push(regeneration.swaps, Event::KeySwap(regeneration.number));
        }
        self.queue.push(regeneration.ends, Event::RegenerationEnds(regeneration.number));
        Ok(Reply::Operation(regeneration.number))
    }

    /// Within the last 12 hours.
    fn was_used_lately(&self, kind: KeyKind) -> bool {
        let used = self.account.current(kind).and_then(|key| self.last_use(key.id));
        used.is_some_and(|used| elapsed(used, self.now) < Duration::from_secs(12 * 3600))
    }

    pub(super) fn regeneration_ends(&mut self, number: u64) {
        if self.account.operation(number).is_some_and(|operation| !operation.fails) {
            self.meter.mark = Some(self.outage().served);
        }
    }

    pub(super) fn write_text(&mut self, place: usize, text: KeyMaterial, beside: Beside) -> u64 {
        let key = self.account.whose(text.expose());
        self.write_secret(place, SecretValue::new(Arc::new(text), key), beside)
    }

    /// A new version in a stamp's vault, and the driver hears of it at its next poll.
    pub(super) fn write_secret(&mut self, place: usize, value: SecretValue, beside: Beside) -> u64 {
        let now = self.now;
        let Some(name) = self.stamps.get(place).map(|stamp| stamp.name.clone()) else { return 0 };
        let stale = self.faults.befall(now, |fault| match fault.what {
            Trouble::StaleVault { by }
                if fault.target.stamp.as_ref().is_none_or(|wanted| *wanted == name) =>
            {
                Some(by)
            }
            _ => None,
        });
        let usual = match self.config.vault_staleness {
            Duration::ZERO => Duration::ZERO,
            most => {
                let room = u64::try_from(most.as_millis()).unwrap_or(u64::MAX);
                let seed = self.seed.of("stale").of(name.as_str()).at(u64::from(self.counters.vault_writes));
                Duration::from_millis(seed.below(room))
            }
        };
        self.counters.vault_writes += 1;
        let Some(stamp) = self.stamps.get_mut(place) else { return 0 };
        let number = stamp.vault.write(now, value, beside, stale.unwrap_or(usual));
        self.with_cluster(place, |cluster, hand| cluster.vault_changed(hand));
        number
    }

    /// Front Door sends everything to one unit.
    pub(super) fn set_traffic(&mut self, unit: usize) {
        for (place, each) in self.units.iter_mut().enumerate() {
            each.traffic = place == unit;
        }
        self.note_all_darkness();
    }

    /// A stamp's vault and cluster go away, and every process with them.
    pub(super) fn destroy(&mut self, place: usize) {
        let Some(stamp) = self.stamps.get_mut(place) else { return };
        stamp.destroyed = Some(self.now);
        let ended = stamp.cluster.vanish();
        for process in ended {
            self.settle(place, &process);
        }
        for workload in 0..self.config.workloads.len() {
            self.note_darkness(place, workload);
        }
    }
}
