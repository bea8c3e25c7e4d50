//! Keys that are known by their name alone: outputs of code that is not in the tree.
//!
//! Modules from a registry or from git, terragrunt dependencies on them, remote state and ARM outputs hand out keys
//! under free names. A name is taken for a key only where something of it, or of the place that it comes from, says
//! Cosmos DB; its slot and access are what its words say.

use super::attribute::{CONNECTION_STRINGS, KeyAttribute, key_attribute};
use super::facts::Step;
use super::key_read::{KeyRead, family, found, key_read};
use super::role::counterpart;
use super::service::{is_about_cosmos, says_another};
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

/// Absent for names that stand for no key.
pub fn named_key(name: &str) -> Option<NamedKey> {
    let name: String = name.to_ascii_lowercase().chars().filter(|c| *c != '-').collect();
    let plain = name.replace('_', "");
    let key = ["key", "connectionstring", "password", "mongouri", "mongourl"]
        .iter()
        .any(|word| plain.contains(word));
    if !key || OTHER_WORDS.iter().any(|word| name.contains(word)) {
        return None;
    }
    let slot = match (plain.contains("primary"), plain.contains("secondary")) {
        (true, false) => Some(Slot::Primary),
        (false, true) => Some(Slot::Secondary),
        (true, true) | (false, false) => None,
    };
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
        return KeyRead::Opaque(format!("`{name}` hands out a key, and its name does not say of which slot"));
    };
    // A name of which only a part would turn says nothing clear of the other slot.
    let turned = Some(NamedKey { slot: Some(slot.other()), access });
    let other = counterpart(name).filter(|other| named_key(other) == turned).unwrap_or_default();
    let key = KeyAttribute { slot, access, other };
    found(&steps[at].token, name.to_owned(), family(name, &key), key)
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
    fn something_has_to_say_cosmos() {
        assert_eq!(read(&["primary_key"], false), None);
        assert_eq!(read(&["cosmos_primary_key"], false), Some((Slot::Primary, Access::ReadWrite)));
    }
}
