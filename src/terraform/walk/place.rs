//! What a place in a file is, by the words that lead there: whether it speaks of addresses, orders work, is only
//! tested, or may be asked for.

use super::super::attribute;
use super::super::facts::{AZAPI_ACTION, AZAPI_RESOURCE, DEPLOYMENT, DEPLOYMENTS, REMOTE_STATE, UPSTREAM};
use super::KEY_VAULT_SECRET;

/// Blocks that speak of addresses, not of values.
const ADDRESSES: &[&str] = &["import", "moved", "removed"];

/// Arguments of `import` that are values.
const IMPORTED_BY: &[&str] = &["id", "identity"];

/// Whether an argument of this name orders Terraform's work instead of giving a value. Elsewhere the same names are free.
pub fn is_meta(block: &[String], name: &str) -> bool {
    let words: Vec<&str> = block.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["resource" | "data" | "ephemeral" | "action", _, _] => matches!(name, "depends_on" | "provider"),
        ["check", _, "data", _, _] => matches!(name, "depends_on" | "provider"),
        ["module", _] => matches!(name, "depends_on" | "providers"),
        ["output", _] => name == "depends_on",
        ["resource" | "data" | "ephemeral", _, _, "lifecycle"] => name == "ignore_changes",
        _ => false,
    }
}

/// Blocks whose condition holds or does not.
const CONDITIONS: [&str; 4] = ["assert", "postcondition", "precondition", "validation"];

/// Whether only a number or a truth is taken there: how many blocks there are, whether a condition holds.
pub(super) fn is_test(binding: &[String]) -> bool {
    // A JSON file may have several of them in a list.
    let words: Vec<&str> =
        binding.iter().map(String::as_str).filter(|it| it.parse::<u64>().is_err()).collect();
    match words.as_slice() {
        ["resource" | "data" | "ephemeral", _, _, "count"] | ["module", _, "count"] => true,
        [_, .., block, "condition"] => CONDITIONS.contains(block),
        _ => false,
    }
}

pub(super) fn is_address(block: &str) -> bool {
    ADDRESSES.contains(&block)
}

/// Whether what stands at these words speaks of addresses. By what id a thing is imported is a value.
pub fn is_of_addresses(words: &[&str]) -> bool {
    let mut words = words.iter().filter(|word| word.parse::<u64>().is_err());
    match (words.next(), words.next()) {
        (Some(&"import"), Some(name)) => !IMPORTED_BY.contains(name),
        (Some(block), _) => is_address(block),
        (None, _) => false,
    }
}

/// Whether others may ask for the arguments of such a block, also where no key is read in it.
pub(super) fn is_asked_for(words: &[String]) -> bool {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["locals" | "terraform" | "include" | "remote_state"] => true,
        ["variable" | "output" | "module" | "provider" | "dependency" | "include", _] => true,
        [UPSTREAM | DEPLOYMENT, _] => true,
        ["resource" | "data" | "ephemeral", kind, _] => {
            [attribute::COSMOSDB_ACCOUNT, KEY_VAULT_SECRET, AZAPI_ACTION, AZAPI_RESOURCE, REMOTE_STATE]
                .contains(kind)
                || DEPLOYMENTS.contains(kind)
        }
        _ => false,
    }
}

/// Whether what stands there can be read under a name: a local value, an output, a module's input.
pub fn can_be_read(binding: &[String]) -> bool {
    let words: Vec<&str> = binding.iter().map(String::as_str).collect();
    matches!(words.as_slice(), ["locals", _] | ["output", _, "value"] | ["module", _, _] | ["inputs", _])
}
