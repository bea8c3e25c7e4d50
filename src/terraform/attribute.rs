//! The attributes through which Terraform reads the keys of a Cosmos DB account.
//!
//! The table is data: a row is a pair of names, one for each slot. Source: the documentation of
//! `azurerm_cosmosdb_account`, resource and data source, of azurerm 2 to 5; the `*_master_key` names ended with
//! 3.0, `connection_strings` with 4.0.

use crate::model::{Access, Slot};

/// The resource type, and that of the data source.
pub const COSMOSDB_ACCOUNT: &str = "azurerm_cosmosdb_account";

/// The legacy list attribute; its elements are told apart by index alone.
pub const CONNECTION_STRINGS: &str = "connection_strings";

/// One attribute in both slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Pair {
    primary: &'static str,
    secondary: &'static str,
    access: Access,
}

const fn pair(primary: &'static str, secondary: &'static str, access: Access) -> Pair {
    Pair { primary, secondary, access }
}

const PAIRS: &[Pair] = &[
    pair("primary_key", "secondary_key", Access::ReadWrite),
    pair("primary_readonly_key", "secondary_readonly_key", Access::ReadOnly),
    pair("primary_sql_connection_string", "secondary_sql_connection_string", Access::ReadWrite),
    pair(
        "primary_readonly_sql_connection_string",
        "secondary_readonly_sql_connection_string",
        Access::ReadOnly,
    ),
    pair("primary_mongodb_connection_string", "secondary_mongodb_connection_string", Access::ReadWrite),
    pair(
        "primary_readonly_mongodb_connection_string",
        "secondary_readonly_mongodb_connection_string",
        Access::ReadOnly,
    ),
    pair("primary_table_connection_string", "secondary_table_connection_string", Access::ReadWrite),
    pair(
        "primary_readonly_table_connection_string",
        "secondary_readonly_table_connection_string",
        Access::ReadOnly,
    ),
    pair("primary_master_key", "secondary_master_key", Access::ReadWrite),
    pair("primary_readonly_master_key", "secondary_readonly_master_key", Access::ReadOnly),
];

/// What an attribute, or an element of [`CONNECTION_STRINGS`], hands out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyAttribute {
    pub slot: Slot,
    pub access: Access,
    /// The same of the other slot.
    pub other: String,
}

/// Absent for attributes that hold no key.
pub fn key_attribute(name: &str) -> Option<KeyAttribute> {
    of_pairs(PAIRS, name)
}

/// Whether an account's attribute hands out a key by its name, one that the table may not have: `secondary_X_key`,
/// `primary_X_connection_string`.
pub fn may_be_key(name: &str) -> bool {
    let slot = ["primary_", "secondary_"].iter().any(|slot| name.starts_with(slot));
    slot && ["_key", "_connection_string"].iter().any(|end| name.ends_with(end))
}

/// The element of `connection_strings` at an index. Above 3 the order is not documented.
pub fn connection_string(index: u64) -> Option<KeyAttribute> {
    let (slot, access) = match index {
        0 => (Slot::Primary, Access::ReadWrite),
        1 => (Slot::Secondary, Access::ReadWrite),
        2 => (Slot::Primary, Access::ReadOnly),
        3 => (Slot::Secondary, Access::ReadOnly),
        4.. => return None,
    };
    Some(KeyAttribute { slot, access, other: (index ^ 1).to_string() })
}

/// What `listKeys` calls the keys. Source: `DatabaseAccountListKeysResult` of Azure Resource Manager.
const LISTED: &[Pair] = &[
    pair("primaryMasterKey", "secondaryMasterKey", Access::ReadWrite),
    pair("primaryReadonlyMasterKey", "secondaryReadonlyMasterKey", Access::ReadOnly),
];

/// What a key is called in the answer of `listKeys`.
pub fn listed_name(slot: Slot, access: Access) -> Option<&'static str> {
    let pair = LISTED.iter().find(|pair| pair.access == access)?;
    Some(match slot {
        Slot::Primary => pair.primary,
        Slot::Secondary => pair.secondary,
    })
}

/// A key in the answer of `listKeys`.
pub fn listed_key(name: &str) -> Option<KeyAttribute> {
    of_pairs(LISTED, name)
}

fn of_pairs(pairs: &[Pair], name: &str) -> Option<KeyAttribute> {
    pairs.iter().find_map(|pair| {
        let (slot, other) = match name {
            _ if name == pair.primary => (Slot::Primary, pair.secondary),
            _ if name == pair.secondary => (Slot::Secondary, pair.primary),
            _ => return None,
        };
        Some(KeyAttribute { slot, access: pair.access, other: other.to_owned() })
    })
}

/// Whether text could name a key attribute at all. Soundness: every name above holds one of these words.
pub fn may_name_key(text: &str) -> bool {
    ["primary", "secondary", CONNECTION_STRINGS].iter().any(|word| text.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_leads_to_its_other_slot_and_back() {
        for pair in PAIRS {
            for name in [pair.primary, pair.secondary] {
                let here = key_attribute(name).unwrap();
                let there = key_attribute(&here.other).unwrap();
                assert_eq!(there.slot, here.slot.other());
                assert_eq!(there.access, here.access);
                assert_eq!(there.other, name);
            }
        }
    }

    #[test]
    fn read_only_names_say_so() {
        for pair in PAIRS {
            assert_eq!(pair.primary.contains("readonly"), pair.access == Access::ReadOnly, "{pair:?}");
        }
    }

    #[test]
    fn connection_strings_pair_up_by_index() {
        for index in 0..4 {
            let here = connection_string(index).unwrap();
            let there = connection_string(here.other.parse().unwrap()).unwrap();
            assert_eq!((there.slot, there.access), (here.slot.other(), here.access));
            assert_eq!(there.other, index.to_string());
        }
        assert_eq!(connection_string(4), None);
    }

    #[test]
    fn look_alikes_are_not_in_the_table() {
        for name in ["primary_connection_string", "primary_access_key", "endpoint", "read_endpoints"] {
            assert_eq!(key_attribute(name), None, "{name}");
        }
    }
}
