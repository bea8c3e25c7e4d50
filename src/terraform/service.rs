//! Which service a name speaks of: Cosmos DB, another, or none.
//!
//! A name may hold words for more than one: `cosmosdb_eventhub` is an event hub beside an account, `eventhub_cosmosdb` an account
//! beside an event hub. The last of them is what the thing is; the words before it say what it is for.

/// What a name is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    Cosmos,
    Another,
}

const COSMOS: [&str; 2] = ["cosmos", "documentdb"];

/// Words for services whose keys come in pairs too, or that are reached by a key.
const OTHERS: [&str; 26] = [
    "storage",
    "eventhub",
    "event-hub",
    "event_hub",
    "eventgrid",
    "event-grid",
    "event_grid",
    "servicebus",
    "service-bus",
    "service_bus",
    "search",
    "redis",
    "signalr",
    "webpubsub",
    "web_pubsub",
    "cognitive",
    "openai",
    "iothub",
    "iot_hub",
    "apim",
    "appconfig",
    "app_config",
    "loganalytics",
    "log_analytics",
    "postgres",
    "mysql",
];

/// How endpoints of accounts are written, and the part of a connection string that holds one, as the words by which a file
/// matters spell them.
const ENDPOINTS: [&str; 4] = ["ccountEndpoint=", "ccountendpoint=", "ocuments.azure.", "cosmos.azure.com"];

/// Whether a text speaks of the endpoint of an account.
pub fn names_endpoint(text: &str) -> bool {
    ENDPOINTS.iter().any(|word| text.contains(word))
}

/// Whether a text speaks of Cosmos DB.
pub fn says_cosmos(text: &str) -> bool {
    COSMOS.iter().any(|word| has_word(text, word))
}

/// Whether a word of small letters stands in a text, whatever the case of that.
fn has_word(text: &str, word: &str) -> bool {
    text.as_bytes().windows(word.len()).any(|part| part.eq_ignore_ascii_case(word.as_bytes()))
}

/// Whether a name speaks of another service, and not of Cosmos DB.
pub fn says_another(name: &str) -> bool {
    !says_cosmos(name) && last(&folded(name), &OTHERS).is_some()
}

/// What a name is about: the last service that it speaks of, of those before a `for`.
pub fn service(name: &str) -> Option<Service> {
    let name = folded(name);
    let before = ["_for_", "-for-"].iter().find_map(|word| name.split_once(word)).map(|(before, _)| before);
    before.and_then(last_service).or_else(|| last_service(&name))
}

pub fn is_about_cosmos(name: &str) -> bool {
    service(name) == Some(Service::Cosmos)
}

pub fn is_about_another(name: &str) -> bool {
    service(name) == Some(Service::Another)
}

/// Whether a path, or an address, leads to Cosmos DB: its last part tells, where that speaks of a service, else any.
pub fn leads_to_cosmos(path: &str) -> bool {
    let path = path.split_once('?').map_or(path, |(path, _)| path).trim_end_matches('/');
    let mut parts = path.rsplit('/').skip_while(|part| NO_NAMES.contains(part));
    match parts.next().and_then(service) {
        Some(service) => service == Service::Cosmos,
        None => says_cosmos(path),
    }
}

/// Ends of paths and addresses that name nothing of their own: files, and providers of a registry.
const NO_NAMES: [&str; 4] = ["terragrunt.hcl", "azurerm", "azapi", "azure"];

fn last_service(name: &str) -> Option<Service> {
    match (last(name, &COSMOS), last(name, &OTHERS)) {
        (None, None) => None,
        (cosmos, another) if cosmos >= another => Some(Service::Cosmos),
        _ => Some(Service::Another),
    }
}

/// Where the last of the words starts.
fn last(name: &str, words: &[&str]) -> Option<usize> {
    words.iter().filter_map(|word| name.rfind(word)).max()
}

/// In small letters, and without a word in which another one stands; as long as it was.
fn folded(name: &str) -> String {
    name.to_ascii_lowercase().replace("research", "--------")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_word_says_what_a_thing_is() {
        for (name, expected) in [
            ("cosmosdb", Some(Service::Cosmos)),
            ("cosmosdb_eventhub", Some(Service::Another)),
            ("eventhub_cosmosdb", Some(Service::Cosmos)),
            ("cosmos_storage_account", Some(Service::Another)),
            ("storage-account-CosmosDb", Some(Service::Cosmos)),
            ("cosmosdb_research", Some(Service::Cosmos)),
            ("cosmosdb_for_search", Some(Service::Cosmos)),
            ("search-for-cosmosdb", Some(Service::Another)),
            ("data_for_cosmosdb", Some(Service::Cosmos)),
            ("redis", Some(Service::Another)),
            ("db", None),
            ("", None),
        ] {
            assert_eq!(service(name), expected, "{name}");
        }
    }

    #[test]
    fn the_last_part_of_a_path_says_where_it_leads() {
        for (path, expected) in [
            ("../cosmosdb/eventhub", false),
            ("../eventhub/cosmosdb", true),
            ("../cosmosdb/eventhub/terragrunt.hcl", false),
            ("cosmos/search-team/account", true),
            ("git::https://example.invalid/cosmos.git//modules/redis?ref=cosmos", false),
            ("git::https://example.invalid/cosmos.git//modules/account?ref=v1", true),
            ("Azure/cosmosdb/azurerm", true),
            ("Azure/cosmosdb-eventhub/azurerm", false),
            ("../db", false),
        ] {
            assert_eq!(leads_to_cosmos(path), expected, "{path}");
        }
    }
}
