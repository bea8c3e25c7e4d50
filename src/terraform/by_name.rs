//! Keys that are known by their name alone: outputs of code that is not in the tree.
//!
//! Modules from a registry or from git, terragrunt dependencies on them, remote state and ARM outputs hand out keys
//! under free names. A name is taken for a key only where something of it, or of the place that it comes from, says
//! Cosmos DB; its slot and access are what its words say.

use super::attribute::{CONNECTION_STRINGS, KeyAttribute, key_attribute};
use super::facts::Step;
use super::key_read::{KeyRead, family, found, key_read};
use super::role::counterpart;
use super::service::{is_about_cosmos, says_another, says_cosmos};
use crate::model::{Access, Slot};

/// Whether a key goes by a name that the provider gives to keys of Cosmos DB alone.
pub fn is_of_cosmos(name: &str) -> bool {
    let own = ["master_key", "readonly_key", "mongodb_connection_string", "sql_connection_string"];
    key_attribute(name).is_some() && own.iter().any(|word| name.ends_with(word))
}

/// What a name says of the key that it stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedKey {
    /// Absent where the name does not tell.
    pub slot: Option<Slot>,
    pub access: Access,
}

/// Words of names that speak of something beside a key, or of a key to something else.
const OTHER_WORDS: [&str; 11] = [
    "vault",
    "endpoint",
    "location",
    "host",
    "_id",
    "object",
    "partition",
    "unique",
    "keyspace",
    "key_path",
    "secret_name",
];

/// How names of Cosmos DB end that stand for a connection string without saying so.
const CONNECTIONS: [&str; 4] = ["conn", "connection", "connectionstr", "connstr"];
/// Words of connections that no key opens.
const OTHER_CONNECTIONS: [&str; 6] = ["api", "network", "peering", "private", "service", "vnet"];

/// Absent for names that stand for no key.
pub fn named_key(name: &str) -> Option<NamedKey> {
    let name: String = name.to_ascii_lowercase().chars().filter(|c| *c != '-').collect();
    let plain = name.replace('_', "");
    let key = ["key", "connectionstring", "password", "mongouri", "mongourl"]
        .iter()
        .any(|word| plain.contains(word));
    // A connection of an account is one by its key, where it is none of a network or of another resource to it.
    let key = key
        || says_cosmos(&name)
            && CONNECTIONS.iter().any(|word| plain.ends_with(word))
            && !OTHER_CONNECTIONS.iter().any(|word| plain.contains(word));
    if !key || OTHER_WORDS.iter().any(|word| name.contains(word)) {
        return None;
    }
    let slot = slot_of(&plain);
    let access = if plain.contains("readonly") { Access::ReadOnly } else { Access::ReadWrite };
    Some(NamedKey { slot, access })
}

/// What the steps from such a place lead to. `known` says whether the place itself speaks of Cosmos DB.
pub fn key_by_name(steps: &[Step], known: bool) -> KeyRead {
    let named = steps.iter().enumerate().find_map(|(at, step)| Some((at, step.name()?)));
    let Some((at, name)) = named else {
        return if known { KeyRead::Whole } else { KeyRead::Nothing };
    };
    if !known && !is_about_cosmos(name) && !is_of_cosmos(name) || says_another(name) {
        return KeyRead::Nothing;
    }
    if key_attribute(name).is_some() || name == CONNECTION_STRINGS {
        return key_read(&steps[at..]);
    }
    // A whole account, or a map of them, may be handed out under any name, and within other objects.
    let of_another = |step: &Step| step.name().is_some_and(says_another);
    let below = (at + 1..steps.len()).take_while(|from| !steps[at + 1..*from].iter().any(of_another));
    let key = below.map(|from| key_read(&steps[from..])).find(|read| matches!(read, KeyRead::Key(_)));
    if let Some(key) = key {
        return key;
    }
    let Some(NamedKey { slot, access }) = named_key(name) else { return KeyRead::Nothing };
    let Some(slot) = slot else {
        return told_below(&steps[at + 1..], name, access).unwrap_or_else(|| {
            KeyRead::Opaque(format!("`{name}` hands out a key, and its name does not say of which slot"))
        });
    };
    // A name of which only a part would turn says nothing clear of the other slot.
    let turned = Some(NamedKey { slot: Some(slot.other()), access });
    let other = counterpart(name).filter(|other| named_key(other) == turned).unwrap_or_default();
    let key = KeyAttribute { slot, access, other };
    found(&steps[at].token, name.to_owned(), family(name, &key), key)
}

/// A key of a map of keys, by the first name in it that says a slot.
fn told_below(steps: &[Step], map: &str, access: Access) -> Option<KeyRead> {
    let names = steps.iter().filter_map(|step| Some((step, step.name()?)));
    let mut names = names.take_while(|(_, name)| !says_another(name));
    let (step, name, slot) = names.find_map(|(step, name)| Some((step, name, slot_of(name)?)))?;
    let small = name.to_ascii_lowercase();
    if OTHER_WORDS.iter().any(|word| small.contains(word)) {
        return None;
    }
    let read_only = small.replace(['_', '-'], "").contains("readonly");
    let access = if read_only { Access::ReadOnly } else { access };
    let other = counterpart(name).filter(|other| slot_of(other) == Some(slot.other())).unwrap_or_default();
    let key = KeyAttribute { slot, access, other };
    // Keys and connection strings may go by the same names, each in a map of its own.
    let family = format!("{map}.{}", family(name, &key));
    Some(found(&step.token, name.to_owned(), family, key))
}

/// The slot that a name says, if it says one.
fn slot_of(name: &str) -> Option<Slot> {
    let name = name.to_ascii_lowercase();
    match (name.contains("primary"), name.contains("secondary")) {
        (true, false) => Some(Slot::Primary),
        (false, true) => Some(Slot::Secondary),
        (true, true) | (false, false) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::facts::{StepKind, Token};
    use super::*;

    fn read(names: &[&str], known: bool) -> Option<(Slot, Access)> {
        let step = |name: &&str| Step {
            kind: StepKind::Attribute((*name).to_owned()),
            token: Token::Here(0..name.len()),
        };
        match key_by_name(&names.iter().map(step).collect::<Vec<_>>(), known) {
            KeyRead::Key(key) => Some((key.slot, key.access)),
            KeyRead::Nothing | KeyRead::Whole | KeyRead::Opaque(_) => None,
        }
    }

    #[test]
    fn names_tell_slot_and_access() {
        for (name, key) in [
            ("primary_key", (Slot::Primary, Access::ReadWrite)),
            ("cosmosdb_secondary_master_key", (Slot::Secondary, Access::ReadWrite)),
            ("primary_readonly_key", (Slot::Primary, Access::ReadOnly)),
            ("db_secondary_read_only_connection_string", (Slot::Secondary, Access::ReadOnly)),
            ("cosmosPrimaryKey", (Slot::Primary, Access::ReadWrite)),
        ] {
            assert_eq!(read(&[name], true), Some(key), "{name}");
        }
    }

    #[test]
    fn a_key_may_lie_several_names_below_an_output() {
        let primary = Some((Slot::Primary, Access::ReadWrite));
        assert_eq!(read(&["cosmosdb_properties", "cosmosdb", "primary_master_key"], false), primary);
        assert_eq!(read(&["properties", "account", "primary_key"], true), primary);
        assert_eq!(read(&["properties", "account", "primary_key"], false), None);
        assert_eq!(read(&["cosmosdb", "storage_account", "keys", "primary_key"], false), None, "another's");
    }

    #[test]
    fn other_names_are_no_keys() {
        for name in ["primary_endpoint", "key_vault_id", "primary_location", "partition_key", "name", "id"] {
            assert_eq!(read(&[name], true), None, "{name}");
        }
        assert_eq!(read(&["secret_name_primary_key"], true), None, "what the key is called in a vault");
    }

    #[test]
    fn keys_of_other_services_are_none_whatever_they_come_from() {
        for name in
            ["storage_primary_access_key", "search_primary_key", "servicebus_primary_connection_string"]
        {
            assert_eq!(read(&[name], true), None, "{name}");
        }
        assert_eq!(read(&["cosmos_storage_primary_key"], true), Some((Slot::Primary, Access::ReadWrite)));
        for name in ["cosmos_storage_primary_key", "cosmosdb_eventhub_primary_connection_string"] {
            assert_eq!(read(&[name], false), None, "{name}: nothing but its first word says Cosmos DB");
        }
        assert_eq!(read(&["eventhub_cosmos_primary_key"], false), Some((Slot::Primary, Access::ReadWrite)));
        assert_eq!(read(&["research_primary_key"], true), Some((Slot::Primary, Access::ReadWrite)));
    }

    #[test]
    fn a_map_of_keys_is_read_by_the_name_in_it_that_says_a_slot() {
        let primary = Some((Slot::Primary, Access::ReadWrite));
        for names in [
            ["cosmosdb_gremlin_connection_strings", "primary_gremlin_connection_string"],
            ["cosmos_db_connection_strings", "primary"],
            ["cosmosdb_keys", "primary"],
            ["keys", "primary"],
        ] {
            assert_eq!(read(&names, true), primary, "{names:?}");
        }
        assert_eq!(
            read(&["cosmosdb_keys", "orders", "secondary"], false),
            Some((Slot::Secondary, Access::ReadWrite))
        );
        for names in [["cosmosdb_keys", "primary_readonly"], ["cosmosdb_readonly_keys", "primary"]] {
            assert_eq!(read(&names, true), Some((Slot::Primary, Access::ReadOnly)), "{names:?}");
        }
        for names in [
            ["cosmosdb_keys", "orders"],
            ["cosmosdb_keys", "primary_or_secondary"],
            ["cosmosdb_keys", "primary_endpoint"],
            ["cosmosdb_keys", "storage_primary"],
            ["cosmosdb_names", "primary"],
        ] {
            assert_eq!(read(&names, true), None, "{names:?}");
        }
        let families = ["cosmosdb_keys", "cosmosdb_connection_strings"].map(|map| {
            let steps = [map, "secondary"]
                .map(|name| Step { kind: StepKind::Key(name.to_owned()), token: Token::Here(0..name.len()) });
            match key_by_name(&steps, true) {
                KeyRead::Key(key) => (key.attribute, key.other, key.family),
                other => panic!("{other:?}"),
            }
        });
        let told = |map: &str| ("secondary".to_owned(), "primary".to_owned(), format!("{map}.primary"));
        assert_eq!(families, [told("cosmosdb_keys"), told("cosmosdb_connection_strings")]);
    }

    #[test]
    fn connections_of_cosmos_are_keys_and_those_of_networks_are_none() {
        for name in [
            "cosmosdb_conn",
            "cosmos_conn_str",
            "cosmos_connection",
            "cosmosConnStr",
            "cosmodb_connection_string",
        ] {
            let told = named_key(name);
            assert_eq!(told, Some(NamedKey { slot: None, access: Access::ReadWrite }), "{name}");
        }
        let primary = Some((Slot::Primary, Access::ReadWrite));
        assert_eq!(read(&["cosmos_primary_connection_str"], false), primary);
        assert_eq!(read(&["cosmodb_primary_key"], false), primary);
        for name in [
            "connection",
            "db_conn",
            "cosmos_connection_name",
            "cosmos_private_service_connection",
            "cosmos_api_connection",
            "cosmos_vnet_connection",
        ] {
            assert_eq!(named_key(name), None, "{name}");
        }
    }

    #[test]
    fn something_has_to_say_cosmos() {
        assert_eq!(read(&["primary_key"], false), None);
        assert_eq!(read(&["cosmos_primary_key"], false), Some((Slot::Primary, Access::ReadWrite)));
    }
}
