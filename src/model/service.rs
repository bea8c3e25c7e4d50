//! The one table of what the core knows of the service whose keys are rotated: Cosmos DB. Another service with accounts of two
//! keys brings a table like this one, an adapter, and its names in Terraform.
//!
//! Nothing else of the core, and nothing that drives, acts or keeps the journal, names the service: a test reads them for it.

use std::time::Duration;

use super::KeyDeed;

/// What Azure Resource Manager calls an account.
pub const RESOURCE_TYPE: &str = "Microsoft.DocumentDB/databaseAccounts";

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
