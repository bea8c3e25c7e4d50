//! A stamp's Key Vault with the one secret that matters.
//!
//! The current version of a disabled secret is given to nobody. The dates beside a value are for whoever reads it: the service
//! hands it out before and after them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::account::KeyId;
use super::seed::Seed;
use super::time::{after, whole_second};
use crate::model::{KeyMaterial, SecretVersion};

/// A secret's text, and whose key it is where it is one. Cheap to clone; `Debug` shows no text.
#[derive(Clone)]
pub struct SecretValue {
    text: Arc<KeyMaterial>,
    key: Option<KeyId>,
}

impl SecretValue {
    pub(super) fn new(text: Arc<KeyMaterial>, key: Option<KeyId>) -> SecretValue {
        SecretValue { text, key }
    }

    pub fn text(&self) -> &KeyMaterial {
        &self.text
    }

    /// The account's key that this is, if any.
    pub fn key(&self) -> Option<KeyId> {
        self.key
    }
}

impl fmt::Debug for SecretValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretValue({:?})", self.key)
    }
}

impl PartialEq for SecretValue {
    fn eq(&self, other: &SecretValue) -> bool {
        self.text.expose() == other.text.expose()
    }
}

/// What stands beside a version's value. Each version has its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beside {
    pub enabled: bool,
    pub expires: Option<Timestamp>,
    pub valid_from: Option<Timestamp>,
    pub content_type: Option<String>,
    pub tags: BTreeMap<String, String>,
}

impl Default for Beside {
    fn default() -> Beside {
        Beside { enabled: true, expires: None, valid_from: None, content_type: None, tags: BTreeMap::new() }
    }
}

impl Beside {
    /// As somebody leaves it who disables the version.
    pub fn disabled(self) -> Beside {
        Beside { enabled: false, ..self }
    }
}

/// One version of the secret.
#[derive(Clone, Debug, PartialEq)]
pub struct VaultVersion {
    /// From 1, in order of writing.
    pub number: u64,
    /// As Key Vault writes it: 32 hexadecimal digits.
    pub id: SecretVersion,
    /// Whole seconds.
    pub created: Timestamp,
    pub value: SecretValue,
    pub beside: Beside,
    /// The exact moment of writing; the service does not tell it.
    pub(super) written: Timestamp,
}

/// The vault of one stamp.
#[derive(Clone, Debug)]
pub struct Vault {
    /// Also the first label of its host name.
    pub name: String,
    /// Oldest first; empty where somebody deleted the secret.
    versions: Vec<VaultVersion>,
    /// How many were deleted.
    deleted: u64,
    /// Readers may see the version before until then.
    pub(super) stale_until: Timestamp,
    seed: Seed,
}

impl Vault {
    pub(super) fn new(name: String, seed: Seed, at: Timestamp, value: SecretValue) -> Vault {
        let mut vault = Vault {
            seed: seed.of("vault").of(&name),
            name,
            versions: Vec::new(),
            deleted: 0,
            stale_until: Timestamp::MIN,
        };
        vault.write(at, value, Beside::default(), Duration::ZERO);
        vault
    }

    /// The versions, oldest first.
    pub fn versions(&self) -> &[VaultVersion] {
        &self.versions
    }

    /// The truth. What a reader gets is [`Vault::read`].
    pub fn current(&self) -> Option<&VaultVersion> {
        self.versions.last()
    }

    /// What a reader gets for “the current version” at this moment.
    pub fn read(&self, now: Timestamp) -> Option<&VaultVersion> {
        match self.versions.as_slice() {
            [.., before, _] if now < self.stale_until => Some(before),
            versions => versions.last(),
        }
    }

    pub fn version(&self, id: &SecretVersion) -> Option<&VaultVersion> {
        self.versions.iter().find(|version| &version.id == id)
    }

    /// Gives the current version something else beside its value.
    pub(super) fn edit(&mut self, beside: Beside) {
        if let Some(version) = self.versions.last_mut() {
            version.beside = beside;
        }
    }

    /// Deletes the secret.
    pub(super) fn empty(&mut self) {
        self.deleted += self.versions.len() as u64;
        self.versions.clear();
    }

    /// Makes a new version, as every PUT does, and returns its number.
    pub(super) fn write(
        &mut self,
        now: Timestamp,
        value: SecretValue,
        beside: Beside,
        stale_for: Duration,
    ) -> u64 {
        let number = self.deleted + self.versions.len() as u64 + 1;
        let seed = self.seed.at(number);
        let id = SecretVersion::new(format!("{:016x}{:016x}", seed.at(0).bits(), seed.at(1).bits()));
        let created = whole_second(now);
        self.versions.push(VaultVersion { number, id, created, value, beside, written: now });
        self.stale_until = after(now, stale_for);
        number
    }
}
