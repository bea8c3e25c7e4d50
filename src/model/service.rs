//! The one table of what the core knows of the service whose keys are rotated: Cosmos DB. Another service with accounts of two
//! keys brings a table like this one, an adapter, and its names in Terraform.
//!
//! Nothing else that judges a rotation, and nothing that drives, acts or keeps the journal, names the service: a test reads
//! them for it. What reads Terraform (`terraform`, `check`) has tables of its own, of attributes and of words in names, and
//! `render` says the service's name to people.

use std::time::Duration;

use super::{Access, KeyDeed, KeyKind, Slot};

/// What Azure Resource Manager calls an account.
pub const RESOURCE_TYPE: &str = "Microsoft.DocumentDB/databaseAccounts";

/// What Azure calls one key of an account.
#[derive(Clone, Copy, Debug)]
pub struct KeyNames {
    pub kind: KeyKind,
    /// The `keyKind` of regenerateKey.
    pub regenerate: &'static str,
    /// The member of listKeys' answer and of `keysMetadata`.
    pub member: &'static str,
}

/// The keys of an account: a pair that writes and a pair that reads. In the order of
/// [`KeyKind::ALL`].
pub static KEYS: [KeyNames; 4] = [
    key(Slot::Primary, Access::ReadWrite, "primary", "primaryMasterKey"),
    key(Slot::Secondary, Access::ReadWrite, "secondary", "secondaryMasterKey"),
    key(Slot::Primary, Access::ReadOnly, "primaryReadonly", "primaryReadonlyMasterKey"),
    key(Slot::Secondary, Access::ReadOnly, "secondaryReadonly", "secondaryReadonlyMasterKey"),
];

const fn key(slot: Slot, access: Access, regenerate: &'static str, member: &'static str) -> KeyNames {
    KeyNames { kind: KeyKind { slot, access }, regenerate, member }
}

/// The operations on an account that give out keys, or make new ones, in small letters.
pub const DEEDS: [(&str, KeyDeed); 4] = [
    ("listkeys", KeyDeed::List),
    ("listconnectionstrings", KeyDeed::List),
    ("readonlykeys", KeyDeed::ListReadOnly),
    ("regeneratekey", KeyDeed::Regenerate),
];

/// For so long nobody may have used a key that the service's safe key rotation lets go: 12 hours, and the time of last use is
/// told approximately.
pub const UNUSED: Duration = Duration::from_secs(12 * 3600 + 300);

/// How long regions may refuse a new key before a person is called: the service's documentation speaks of anything from seconds
/// to days.
pub const SPREADS: Duration = Duration::from_secs(24 * 3600);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_key_has_names_of_its_own() {
        for (kind, names) in KeyKind::ALL.into_iter().zip(&KEYS) {
            assert_eq!((names.kind, names.member), (kind, kind.azure_member()));
            assert_eq!(
                KEYS.iter().filter(|names| names.regenerate == kind.azure_name()).count(),
                1,
                "{kind}"
            );
            assert_eq!(KEYS.iter().filter(|names| names.member == kind.azure_member()).count(), 1, "{kind}");
        }
    }
}
