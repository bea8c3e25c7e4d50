//! Who read the secret from a vault, and who had the keys listed.
//!
//! A reader of the secret has moved when the last that it got was the vault's present version and that is the other
//! slot's key: it had to ask again to get it, and has no reason to keep the one before. One whose last read was of an
//! older version, or before the vault turned, has the old key and may use it any day, however quiet it is. A read of an
//! older version after the vault has settled is one by number: whoever does that stays on it, whatever else it reads.
//!
//! Whoever lists the keys gets all of them at once, and every `terraform plan` and every look at the portal does. That
//! tells who could have the key, not who does, so it is for people to see and holds nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::super::reason::later;
use super::judge::{Attachment, Known, Lens, Signed, attachment};
use crate::model::{
    ActivityView, AuditView, Caller, Identity, KeyDeed, KeyDeeds, SecretReads, Seen, Slot, StampName,
    VaultView,
};

/// What a reader got last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Got {
    /// The vault's present version.
    Current,
    Older,
    /// The vault cannot be seen.
    Unknown,
}

impl Got {
    pub fn as_str(self) -> &'static str {
        match self {
            Got::Current => "current",
            Got::Older => "older",
            Got::Unknown => "unknown",
        }
    }
}

/// One identity's reads of one vault, from one address with one agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretReader {
    pub identity: Identity,
    pub caller: Caller,
    /// The stamp whose vault it is.
    pub vault: StampName,
    pub known: Option<Known>,
    pub got: Got,
    /// Of the key that it got, where that is known.
    pub slot: Option<Slot>,
    pub count: u64,
    pub first: Timestamp,
    pub last: Timestamp,
    pub attachment: Attachment,
    pub signed: Option<Signed>,
}

impl SecretReader {
    pub fn is_stranger(&self) -> bool {
        self.known.is_none() && self.attachment == Attachment::Holds
    }
}

/// The vaults as they are now.
pub type Vaults = BTreeMap<StampName, Seen<VaultView>>;

/// The last to read first. `retires` is the slot whose key is to die; without it, nobody has moved away from anything.
pub fn secret_readers(
    view: &AuditView,
    vaults: &Vaults,
    retires: Option<Slot>,
    lens: Lens<'_>,
) -> Vec<SecretReader> {
    let mut groups: BTreeMap<(&StampName, &Identity, &Caller), Vec<&SecretReads>> = BTreeMap::new();
    for reads in view.of_others() {
        groups.entry((&reads.stamp, &reads.identity, &reads.caller)).or_default().push(reads);
    }
    let reader =
        |((stamp, identity, caller), all): (&(&StampName, &Identity, &Caller), &Vec<&SecretReads>)| {
            let vault = vaults.get(*stamp).and_then(Seen::get);
            let got = vault.map_or(Got::Unknown, |vault| got(all, vault, lens.policy.vault_lag));
            let slot = vault
                .filter(|_| got == Got::Current)
                .and_then(|vault| lens.account?.slot_of(&vault.fingerprint));
            let last = all.iter().map(|reads| reads.last).max()?;
            let signed = lens.signed(Some(identity), caller, last);
            Some(SecretReader {
                identity: (*identity).clone(),
                caller: (*caller).clone(),
                vault: (*stamp).clone(),
                known: lens.known(identity, &caller.address),
                got,
                slot,
                count: all.iter().map(|reads| reads.count).sum(),
                first: all.iter().map(|reads| reads.first).min()?,
                last,
                attachment: attachment(retires.is_some_and(|retired| slot == Some(retired.other())), signed),
                signed,
            })
        };
    let mut readers: Vec<SecretReader> = groups.iter().filter_map(reader).collect();
    readers.sort_by_key(|reader| std::cmp::Reverse(reader.last));
    readers
}

fn got(all: &[&SecretReads], vault: &VaultView, lag: Duration) -> Got {
    let settled = later(vault.created, lag);
    // A row that does not say what it got is judged by its time.
    let current = |reads: &&&SecretReads| match &reads.version {
        Some(version) => *version == vault.version,
        None => reads.last >= settled,
    };
    let last =
        |wanted: bool| all.iter().filter(|reads| current(reads) == wanted).map(|reads| reads.last).max();
    match (last(true), last(false)) {
        (Some(_), Some(older)) if older >= settled => Got::Older,
        (current, older) if current > older => Got::Current,
        _ => Got::Older,
    }
}

/// One identity that had the keys listed, or a new one made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lister {
    pub deeds: KeyDeeds,
    pub known: Option<Known>,
    /// `None` for who had a key made: that gives out none.
    pub attachment: Option<Attachment>,
    pub signed: Option<Signed>,
}

impl Lister {
    pub fn is_stranger(&self) -> bool {
        self.known.is_none() && self.attachment == Some(Attachment::MayHold)
    }
}

/// The last to do so first.
pub fn listers(view: &ActivityView, lens: Lens<'_>) -> Vec<Lister> {
    let lister = |deeds: &KeyDeeds| {
        let caller = Caller { address: deeds.address.clone(), agent: String::new() };
        let signed = lens.signed(Some(&deeds.identity), &caller, deeds.last);
        Lister {
            known: lens.known(&deeds.identity, &deeds.address),
            attachment: (deeds.deed != KeyDeed::Regenerate).then(|| match attachment(false, signed) {
                Attachment::Holds => Attachment::MayHold,
                other => other,
            }),
            signed,
            deeds: deeds.clone(),
        }
    };
    let mut listers: Vec<Lister> = view.deeds.iter().map(lister).collect();
    listers.sort_by_key(|lister| std::cmp::Reverse(lister.deeds.last));
    listers
}
