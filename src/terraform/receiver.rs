//! What the names say under which a value is received: an argument, an input, an entry of a map, an output, a secret.
//!
//! Where a key comes from code that is not here, under a name that any service could use, they may be all that says Cosmos
//! DB, or the text does that they are put into, beside an account's endpoint. The nearest name that speaks of a service decides. Names of resources say nothing: an application may be called
//! anything; that of a secret names its value.

use std::borrow::Cow;

use super::by_name::{key_by_name, named_key};
use super::facts::{Block, Read, Step, Token};
use super::key_read::KeyRead;
use super::service::{Service, says_another, says_cosmos, service};
use super::value::Value;

/// What they say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Says {
    /// Cosmos DB; and whether they speak of a key, too.
    Cosmos {
        key: bool,
    },
    /// Another service, or more than one.
    Another,
    Nothing,
}

/// Arguments that hold the one value of their resource.
const OWN_VALUES: [&str; 6] =
    ["value", "value_wo", "plaintext_value", "secret_value", "secret_string", "secret_data"];

/// Arguments that name such a value, beside it: the first of them that is there goes before the others.
pub const NAMING: [&str; 3] = ["name", "secret_name", "key"];

/// How the types of resources end whose own name is that of their value.
const SECRET: &str = "_secret";

/// Words for keys by which a service encrypts what it stores.
const ENCRYPTION: [&str; 3] = ["encrypt", "cmk", "customer"];

/// Words of names that other services alone give to their keys.
const ELSEWHERE: [&str; 5] = ["access_key", "shared_key", "blob", "default_primary", "default_secondary"];

/// Whether an argument of this name holds the one value of its block.
pub fn is_value(argument: &str) -> bool {
    OWN_VALUES.contains(&argument)
}

/// What is said of a read where it is received: by the text that it stands in, and by the names there. `block` gives the
/// block of these words.
pub fn received_as<'b>(read: &Read, block: impl FnOnce(&[String]) -> Option<&'b Block>) -> Says {
    match read.beside_endpoint {
        true => Says::Cosmos { key: true },
        false => named(&read.binding, read.called.as_deref(), block),
    }
}

fn named<'b>(
    binding: &[String],
    called: Option<&str>,
    block: impl FnOnce(&[String]) -> Option<&'b Block>,
) -> Says {
    let names = names(binding, called, block);
    match names.iter().any(|name| says_cosmos(name)) {
        true => decided(&names),
        false if names.iter().any(|name| says_another(name)) => Says::Another,
        false => Says::Nothing,
    }
}

/// The nearest first.
fn names<'a, 'b>(
    binding: &'a [String],
    called: Option<&'a str>,
    block: impl FnOnce(&[String]) -> Option<&'b Block>,
) -> Vec<Cow<'a, str>> {
    let Some(length) = words(binding) else { return Vec::new() };
    let (words, within) = binding.split_at(length.min(binding.len()));
    // A nested block says by its own name what its value is.
    let called = called.filter(|_| within.len() > 1).into_iter();
    let mut names: Vec<Cow<'a, str>> =
        called.chain(within.iter().rev().map(String::as_str)).map(Cow::Borrowed).collect();
    if let ([_, kind, label], [argument]) = (words, within)
        && OWN_VALUES.contains(&argument.as_str())
    {
        let block = block(words);
        let named = NAMING.iter().filter_map(|name| block?.argument(name));
        names.extend(named.map(|argument| Cow::Owned(written(&argument.value))));
        names.extend(kind.ends_with(SECRET).then_some(Cow::Borrowed(label.as_str())));
    }
    // What belongs to an account has no key of one among its arguments.
    let kind = words.get(1).filter(|kind| kind.contains("cosmosdb") && !kind.starts_with("azurerm_cosmosdb"));
    names.extend(kind.filter(|_| words.len() == 3).map(|kind| Cow::Borrowed(kind.as_str())));
    names
}

fn decided(names: &[Cow<'_, str>]) -> Says {
    let says = |name: &Cow<'_, str>| {
        service(name).map(|service| match service {
            Service::Cosmos => Says::Cosmos { key: names.iter().any(|name| named_key(name).is_some()) },
            Service::Another => Says::Another,
        })
    };
    let encrypts = |name: &Cow<'_, str>| {
        let name = name.to_ascii_lowercase();
        ENCRYPTION.iter().any(|word| name.contains(word))
    };
    match names.iter().find_map(says) {
        Some(Says::Cosmos { .. }) if names.iter().any(encrypts) => Says::Nothing,
        found => found.unwrap_or(Says::Nothing),
    }
}

/// How many words of a binding name the block; absent where nothing is received by a name of its own.
fn words(binding: &[String]) -> Option<usize> {
    match binding.first().map(String::as_str)? {
        "resource" | "data" | "ephemeral" => Some(3),
        "module" | "provider" => Some(2),
        "locals" | "inputs" | "output" => Some(1),
        _ => None,
    }
}

/// What of a text is written out.
fn written(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        Value::Template(parts) | Value::Call(_, parts) => parts.iter().map(written).collect(),
        _ => String::new(),
    }
}

/// Whether what is read by these names is a key, where its receiver says Cosmos DB. `directly` says that it is read there
/// without another name in between.
pub fn is_taken_for_key(steps: &[Step], says: Says, directly: bool) -> bool {
    let Says::Cosmos { key } = says else { return false };
    let at_hand = |step: &Step| Step { token: Token::Here(0..0), ..step.clone() };
    let steps: Vec<Step> = steps.iter().map(at_hand).collect();
    let elsewhere = |name: &str| ELSEWHERE.iter().any(|word| name.to_ascii_lowercase().contains(word));
    match key_by_name(&steps, true) {
        KeyRead::Key(found) => (directly || key) && !elsewhere(&found.attribute),
        KeyRead::Opaque(_) => key && !steps.iter().filter_map(Step::name).any(elsewhere),
        KeyRead::Nothing | KeyRead::Whole => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn says(binding: &[&str]) -> Says {
        let binding: Vec<String> = binding.iter().map(|word| (*word).to_owned()).collect();
        named(&binding, None, |_| None)
    }

    #[test]
    fn the_nearest_name_that_speaks_of_a_service_decides() {
        let key = Says::Cosmos { key: true };
        for (binding, expected) in [
            (&["locals", "secrets", "CosmosDb-ApiKey"] as &[&str], key),
            (&["locals", "cosmos", "primary_key"], key),
            (&["inputs", "cosmosdb_primary_key"], key),
            (&["module", "app", "cosmosdb"], Says::Cosmos { key: false }),
            (&["output", "cosmos_key", "value"], key),
            (&["resource", "azurerm_key_vault_secret", "cosmos_key", "value"], key),
            (&["resource", "azurerm_data_factory_linked_service_cosmosdb", "x", "account_key"], key),
            (&["locals", "cosmos", "search_key"], Says::Another),
            (&["locals", "cosmos_backup_storage_key"], Says::Another),
            (&["locals", "search_cosmos_key"], key),
            (&["locals", "cosmos_encryption_key"], Says::Nothing),
            (&["module", "cosmos", "key"], Says::Nothing),
            (&["resource", "azurerm_linux_web_app", "cosmos", "app_settings", "API_KEY"], Says::Nothing),
            (&["resource", "azurerm_linux_web_app", "cosmos_key", "value"], Says::Nothing),
            (&["resource", "azurerm_cosmosdb_postgresql_cluster", "x", "password"], Says::Nothing),
            (&["check", "cosmos_key", "assert", "condition"], Says::Nothing),
            (&["locals"], Says::Nothing),
            (&[], Says::Nothing),
        ] {
            assert_eq!(says(binding), expected, "{binding:?}");
        }
    }
}
