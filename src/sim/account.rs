//! The simulated Cosmos DB account: its keys over time, regenerations, and who may come in with which key.
//!
//! A key is never forgotten: each has a life per region, so what was valid when can be asked at any time, and
//! the outage meter counts without an event per request.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use zeroize::Zeroizing;

use super::config::AccountConfig;
use super::refusal::Refusal;
use super::seed::Seed;
use super::time::{after, elapsed, whole_second};
use crate::model::{KeyKind, KeyMaterial};

/// How long an operation says that it waits in the queue.
const ENQUEUED: Duration = Duration::from_secs(8);

/// Counts the keys that ever existed, in order of their making.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub u32);

/// From when until when a region accepts a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Life {
    pub from: Timestamp,
    pub until: Timestamp,
}

impl Life {
    const ALWAYS: Life = Life { from: Timestamp::MIN, until: Timestamp::MAX };

    pub fn covers(self, at: Timestamp) -> bool {
        self.from <= at && at < self.until
    }
}

/// One key that exists, existed or is about to.
#[derive(Clone, Debug)]
pub struct Key {
    pub id: KeyId,
    pub kind: KeyKind,
    pub material: Arc<KeyMaterial>,
    /// Whole seconds.
    pub generated: Option<Timestamp>,
    /// In the order of the account's regions.
    pub lives: Vec<Life>,
    /// The last use that has been settled; see [`World::last_use`](super::World::last_use).
    pub(super) used: Option<Timestamp>,
}

/// A region of the account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountRegion {
    /// Display name.
    pub name: String,
    pub endpoint: String,
    pub writable: bool,
}

/// What a poll of an operation says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperationStatus {
    Enqueued,
    Dequeued,
    Succeeded,
    Failed,
}

/// One regeneration, running or over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Regeneration {
    pub number: u64,
    pub kind: KeyKind,
    /// The client's request id, as sent.
    pub request_id: String,
    pub started: Timestamp,
    /// When the old key dies in the first region and listKeys shows the new one.
    pub(super) swaps: Timestamp,
    pub(super) ends: Timestamp,
    pub(super) fails: bool,
    pub(super) next: Option<KeyId>,
}

impl Regeneration {
    pub fn status(&self, now: Timestamp) -> OperationStatus {
        if now >= self.ends {
            if self.fails { OperationStatus::Failed } else { OperationStatus::Succeeded }
        } else if elapsed(self.started, now) < ENQUEUED {
            OperationStatus::Enqueued
        } else {
            OperationStatus::Dequeued
        }
    }

    /// When it came to its end, if it has.
    pub fn ended(&self, now: Timestamp) -> Option<Timestamp> {
        (now >= self.ends).then_some(self.ends)
    }
}

/// The account.
#[derive(Clone, Debug)]
pub struct Account {
    config: AccountConfig,
    regions: Vec<AccountRegion>,
    keys: Vec<Key>,
    current: BTreeMap<KeyKind, KeyId>,
    operations: Vec<Regeneration>,
    /// Until then somebody changes the account itself.
    changing: Option<Timestamp>,
    /// Somebody deleted it: nobody reaches it any more.
    deleted: bool,
    seed: Seed,
}

impl Account {
    pub(super) fn new(config: &AccountConfig, seed: Seed, start: Timestamp) -> Account {
        let regions = config.regions.iter().map(|region| AccountRegion {
            endpoint: format!(
                "https://{}-{}.documents.azure.com:443/",
                config.id.name,
                region.name.to_lowercase().replace(' ', "")
            ),
            name: region.name.clone(),
            writable: region.writable,
        });
        let mut account = Account {
            config: config.clone(),
            regions: regions.collect(),
            keys: Vec::new(),
            current: BTreeMap::new(),
            operations: Vec::new(),
            changing: None,
            deleted: false,
            seed: seed.of("account"),
        };
        let ages = &config.key_ages;
        let ages = [ages.primary, ages.secondary, ages.primary_read_only, ages.secondary_read_only];
        for (kind, age) in KeyKind::ALL.into_iter().zip(ages) {
            let generated = age.map(|age| whole_second(super::time::before(start, age)));
            let lives = vec![Life::ALWAYS; account.regions.len()];
            let id = account.make(kind, generated, lives);
            account.current.insert(kind, id);
        }
        account
    }

    fn make(&mut self, kind: KeyKind, generated: Option<Timestamp>, lives: Vec<Life>) -> KeyId {
        let id = KeyId(u32::try_from(self.keys.len()).unwrap_or(u32::MAX));
        let text = base64(&self.seed.of("key").at(u64::from(id.0)).bytes(64));
        let material = Arc::new(KeyMaterial::new(Zeroizing::new(text)));
        self.keys.push(Key { id, kind, material, generated, lives, used: None });
        id
    }

    pub fn config(&self) -> &AccountConfig {
        &self.config
    }

    /// The endpoint that stands for the whole account.
    pub fn endpoint(&self) -> String {
        format!("https://{}.documents.azure.com:443/", self.config.id.name)
    }

    pub fn regions(&self) -> &[AccountRegion] {
        &self.regions
    }

    /// The place of a region, by its display name.
    pub fn region(&self, name: &str) -> Option<usize> {
        self.regions.iter().position(|region| region.name == name)
    }

    /// Every key that ever existed, in order.
    pub fn keys(&self) -> &[Key] {
        &self.keys
    }

    pub fn key(&self, id: KeyId) -> Option<&Key> {
        self.keys.get(id.0 as usize)
    }

    /// What listKeys answers for the kind.
    pub fn current(&self, kind: KeyKind) -> Option<&Key> {
        self.current.get(&kind).and_then(|id| self.key(*id))
    }

    /// Whose text this is, among all keys that ever existed.
    pub fn whose(&self, text: &str) -> Option<KeyId> {
        self.keys.iter().find(|key| key.material.expose() == text).map(|key| key.id)
    }

    /// All regenerations, oldest first.
    pub fn operations(&self) -> &[Regeneration] {
        &self.operations
    }

    pub fn operation(&self, number: u64) -> Option<&Regeneration> {
        self.operations.iter().find(|operation| operation.number == number)
    }

    /// ARM's provisioning state.
    pub fn provisioning(&self, now: Timestamp) -> &'static str {
        let told = |it: &Regeneration| elapsed(it.started, now) >= self.config.seems_idle;
        let busy = self.running(now).is_some_and(told) || self.is_changing(now);
        if busy { "Updating" } else { "Succeeded" }
    }

    fn is_changing(&self, now: Timestamp) -> bool {
        self.changing.is_some_and(|until| until > now)
    }

    /// Somebody changes the account itself, which keeps it at work until then.
    ///
    /// # Errors
    /// [`Refusal::Busy`] while a key is regenerated.
    pub(super) fn change(&mut self, now: Timestamp, until: Timestamp) -> Result<(), Refusal> {
        if self.running(now).is_some() {
            return Err(Refusal::Busy(self.config.id.name.clone()));
        }
        self.changing = self.changing.max(Some(until));
        Ok(())
    }

    pub fn running(&self, now: Timestamp) -> Option<&Regeneration> {
        self.operations.iter().rev().find(|operation| operation.ends > now)
    }

    /// Whether the region (by place) accepts the key by its life alone.
    pub fn lives(&self, key: KeyId, region: usize, at: Timestamp) -> bool {
        self.key(key).and_then(|key| key.lives.get(region)).is_some_and(|life| life.covers(at))
    }

    /// Cuts a time of use to what the account tells.
    pub fn grain(&self, at: Timestamp) -> Timestamp {
        let grain = i64::try_from(self.config.last_use_grain.as_secs()).unwrap_or(1).max(1);
        let second = at.as_second();
        Timestamp::from_second(second - second.rem_euclid(grain)).unwrap_or(at)
    }

    pub(super) fn touch(&mut self, key: KeyId, at: Timestamp) {
        if let Some(key) = self.keys.get_mut(key.0 as usize) {
            key.used = key.used.max(Some(at));
        }
    }

    pub(super) fn delete(&mut self) {
        self.deleted = true;
    }

    /// Whether somebody deleted it.
    pub fn is_deleted(&self) -> bool {
        self.deleted
    }

    /// Starts a regeneration. The lives of the old and the new key are fixed here; listKeys changes when
    /// [`Account::swap`] is called at the moment that the answer names.
    ///
    /// # Errors
    /// [`Refusal::Busy`] while another one runs, or somebody changes the account itself.
    pub(super) fn regenerate(
        &mut self,
        kind: KeyKind,
        request_id: &str,
        now: Timestamp,
        factor: u32,
        fails: bool,
    ) -> Result<Regeneration, Refusal> {
        if self.running(now).is_some() || self.is_changing(now) {
            return Err(Refusal::Busy(self.config.id.name.clone()));
        }
        let number = self.operations.len() as u64 + 1;
        let seed = self.seed.of("regeneration").at(number);
        let length = self.config.regeneration.times(factor).pick(seed.of("length"));
        let (least, most) = self.config.dies_between;
        let share = u64::from(least) + seed.of("share").below(u64::from(most.saturating_sub(least)) + 1);
        let swaps = after(now, length.mul_f64(share as f64 / 1000.0));
        let mut regeneration = Regeneration {
            number,
            kind,
            request_id: request_id.to_owned(),
            started: now,
            swaps,
            ends: after(now, length),
            fails,
            next: None,
        };
        if !fails {
            regeneration.next = Some(self.schedule_lives(kind, now, swaps, seed));
        }
        self.operations.push(regeneration.clone());
        Ok(regeneration)
    }

    fn schedule_lives(&mut self, kind: KeyKind, now: Timestamp, swaps: Timestamp, seed: Seed) -> KeyId {
        let spread = self.config.propagation;
        let mut lives = Vec::new();
        let old = self.current.get(&kind).copied();
        for place in 0..self.regions.len() {
            let seed = seed.at(place as u64);
            let (dies, begins) = if place == 0 {
                // Where the account lives, the new key opens shortly before the old one stops.
                let early = Duration::from_millis(seed.of("early").below(2_000));
                (swaps, super::time::before(swaps, early).max(now))
            } else {
                (after(swaps, spread.pick(seed.of("dies"))), after(swaps, spread.pick(seed.of("begins"))))
            };
            lives.push(Life { from: begins, until: Timestamp::MAX });
            if let Some(life) =
                old.and_then(|old| self.keys.get_mut(old.0 as usize)).and_then(|key| key.lives.get_mut(place))
            {
                life.until = dies;
            }
        }
        self.make(kind, Some(whole_second(swaps)), lives)
    }

    /// Lets listKeys show the key that the operation made.
    pub(super) fn swap(&mut self, number: u64) {
        let Some((kind, Some(next))) =
            self.operation(number).map(|operation| (operation.kind, operation.next))
        else {
            return;
        };
        self.current.insert(kind, next);
    }
}

/// The standard alphabet with padding.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let word =
            chunk.iter().fold(0_u32, |word, byte| word << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let letter = (word >> (18 - 6 * place)) & 63;
            match ALPHABET.get(letter as usize) {
                Some(letter) if place <= chunk.len() => text.push(char::from(*letter)),
                _ => text.push('='),
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_material_is_base64_of_64_bytes() {
        assert_eq!(base64(b"any carnal pleas"), "YW55IGNhcm5hbCBwbGVhcw==");
        assert_eq!(base64(b"any carnal pleasu"), "YW55IGNhcm5hbCBwbGVhc3U=");
        assert_eq!(base64(b"any carnal pleasur"), "YW55IGNhcm5hbCBwbGVhc3Vy");
        assert_eq!(base64(&[0xff; 64]).len(), 88);
    }
}
