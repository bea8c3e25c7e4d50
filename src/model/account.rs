//! The account: who it is, what its keys are known to be, and whether a key works.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::service::RESOURCE_TYPE;
use super::usage::same_region;
use super::{Blind, Blindness, Fingerprint, KeyKind, Slot};

/// An account's place in Azure.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AccountId {
    pub subscription: String,
    pub resource_group: String,
    pub name: String,
}

impl AccountId {
    /// The ARM resource id, with a leading slash.
    pub fn resource_id(&self) -> String {
        format!(
            "/subscriptions/{}/resourceGroups/{}/providers/{RESOURCE_TYPE}/{}",
            self.subscription, self.resource_group, self.name
        )
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// A region of the account, with its own data plane endpoint (never built, always taken from the account).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Region {
    pub name: String,
    /// Absolute URL, as the account gives it.
    pub endpoint: String,
    pub writable: bool,
}

/// What may be known of one key without showing it.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct KeyView {
    /// When it was generated; absent for keys last regenerated before 2022-06-18.
    pub generated: Option<Timestamp>,
    /// The service's approximate last use, where the account's api-version tells it.
    pub last_used: Option<Timestamp>,
    /// Absent where listKeys was refused.
    pub fingerprint: Option<Fingerprint>,
}

/// Whom the account's data plane lets in, by its own rules. Nobody can tell from them whether this machine is: that is
/// for the data plane to answer.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize)]
pub struct NetworkRules {
    /// Requests from public networks are refused, whoever sends them.
    pub closed_to_public: bool,
    /// How many addresses and networks alone are let in.
    pub addresses: usize,
    /// How many virtual networks are let in besides.
    pub virtual_networks: usize,
    /// These are let in whatever the rules say, and close nothing by themselves.
    pub private_endpoints: usize,
}

impl NetworkRules {
    /// Whether anybody is kept out.
    pub fn restrict(&self) -> bool {
        self.closed_to_public || self.addresses > 0 || self.virtual_networks > 0
    }
}

/// The account at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountView {
    /// ARM's provisioning state, verbatim; anything but `Succeeded` means that an operation runs, or may: empty where
    /// the account says nothing of it.
    pub provisioning: String,
    /// `true` means that keys open nothing.
    pub local_auth_disabled: bool,
    pub regions: Vec<Region>,
    pub network: NetworkRules,
    pub keys: BTreeMap<KeyKind, KeyView>,
    /// What kept us from listing the keys, where the account alone was seen.
    pub keys_hidden: Option<Blind>,
    /// Whether the answer can tell when keys were last used.
    pub tells_last_use: bool,
}

impl AccountView {
    pub fn idle(&self) -> bool {
        self.provisioning.eq_ignore_ascii_case("Succeeded")
    }

    /// Whether the account notes when keys are used: some key has such a note. Where it could and none has one, nothing is
    /// written there, and that a key has no note says nothing of it.
    pub fn notes_uses(&self) -> bool {
        self.tells_last_use && self.keys.values().any(|key| key.last_used.is_some())
    }

    /// Whether the account is in the region, by its display name or its location.
    pub fn has_region(&self, name: &str) -> bool {
        self.regions.iter().any(|region| same_region(&region.name, name))
    }

    /// Whether it is one that writes: it serves the account's global name, which every client asks first.
    pub fn writes_in(&self, name: &str) -> bool {
        self.regions.iter().any(|region| region.writable && same_region(&region.name, name))
    }

    /// Why no key can be told from another: they may not be listed, or none of them was. A value that is none of the keys
    /// cannot be told from one that is, then.
    pub fn keys_untold(&self) -> Option<Blind> {
        let untold = self.keys.values().all(|key| key.fingerprint.is_none());
        let none =
            || Blind { kind: Blindness::Unintelligible, why: "no key of the account was listed".to_owned() };
        untold.then(|| self.keys_hidden.clone().unwrap_or_else(none))
    }

    /// What is known of one key; nothing, where the account does not show it.
    pub fn key(&self, kind: KeyKind) -> &KeyView {
        static UNKNOWN: KeyView = KeyView { generated: None, last_used: None, fingerprint: None };
        self.keys.get(&kind).unwrap_or(&UNKNOWN)
    }

    /// Which of the account's current keys has this fingerprint.
    pub fn kind_of(&self, fingerprint: &Fingerprint) -> Option<KeyKind> {
        let mut keys = self.keys.iter();
        keys.find(|(_, key)| key.fingerprint.as_ref() == Some(fingerprint)).map(|(kind, _)| *kind)
    }

    /// The slot whose current read-write or read-only key has this fingerprint.
    pub fn slot_of(&self, fingerprint: &Fingerprint) -> Option<Slot> {
        self.kind_of(fingerprint).map(|kind| kind.slot)
    }
}

/// What one probe said of a key. Only a 401 with the service's signature texts speaks against a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProofVerdict {
    Accepted,
    Refused,
    /// Throttled, unreachable, not a region that writes: nothing was learnt.
    NoEvidence(String),
    /// There is nothing there that it could be tried on, and time will not change that: nothing was learnt.
    NothingToTry(String),
    /// The account's network rules keep this machine out: nothing was learnt, and time will not change that.
    KeptOut(String),
}

impl ProofVerdict {
    /// The name of the kind of verdict.
    pub fn kind(&self) -> &'static str {
        match self {
            ProofVerdict::Accepted => "accepted",
            ProofVerdict::Refused => "refused",
            ProofVerdict::NoEvidence(_) => "no-evidence",
            ProofVerdict::NothingToTry(_) => "nothing-to-try",
            ProofVerdict::KeptOut(_) => "kept-out",
        }
    }
}

/// The probes at one region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegionProof {
    pub read: ProofVerdict,
    /// Absent for a read-only key: it has no right to write, and nobody asks.
    pub write: Option<ProofVerdict>,
}

impl RegionProof {
    fn verdicts(&self) -> impl Iterator<Item = &ProofVerdict> {
        std::iter::once(&self.read).chain(&self.write)
    }

    /// Whether the key did here all that it is for.
    pub fn holds(&self) -> bool {
        self.verdicts().all(|verdict| *verdict == ProofVerdict::Accepted)
    }

    /// Whether the account's network rules kept a probe out.
    fn keeps_out(&self) -> bool {
        self.verdicts().any(|verdict| matches!(verdict, ProofVerdict::KeptOut(_)))
    }

    fn has_nothing_to_try(&self) -> bool {
        self.verdicts().any(|verdict| matches!(verdict, ProofVerdict::NothingToTry(_)))
    }

    fn refuses(&self) -> bool {
        self.verdicts().any(|verdict| *verdict == ProofVerdict::Refused)
    }

    /// Whether the region judged the key, one way or the other: so a request has come there.
    pub fn is_answered(&self) -> bool {
        self.verdicts().any(|verdict| matches!(verdict, ProofVerdict::Accepted | ProofVerdict::Refused))
    }
}

/// A signed read, and for a key that may write a signed write, with one key in every region of the account.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct KeyProof {
    /// Which key was proven; a later regeneration makes the proof void.
    pub fingerprint: Option<Fingerprint>,
    pub regions: BTreeMap<String, RegionProof>,
}

impl KeyProof {
    /// Accepted for all that the key is for everywhere, and somewhere at all.
    pub fn holds(&self) -> bool {
        !self.regions.is_empty() && self.regions.values().all(RegionProof::holds)
    }

    /// The regions whose network rules kept the probes out.
    pub fn keeping_out(&self) -> Vec<&str> {
        self.regions.iter().filter(|(_, region)| region.keeps_out()).map(|(name, _)| name.as_str()).collect()
    }

    /// Whether it cannot be tried, now or later.
    pub fn has_nothing_to_try(&self) -> bool {
        self.regions.values().any(RegionProof::has_nothing_to_try)
    }

    /// The regions that spoke against the key.
    pub fn refusing(&self) -> Vec<&str> {
        self.regions.iter().filter(|(_, region)| region.refuses()).map(|(name, _)| name.as_str()).collect()
    }
}

/// A long-running operation of Azure Resource Manager, followed by the address that the service named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operation {
    pub url: String,
}

/// Where a long-running operation stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OperationState {
    /// With the time after which the server wants to be asked again.
    Running(Option<Duration>),
    Succeeded,
    Failed(String),
}
