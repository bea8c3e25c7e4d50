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

/// One of them is a slip that is in use.
const COSMOS: [&str; 3] = ["cosmos", "cosmodb", "documentdb"];

/// Words for services whose keys come in pairs too, or that are reached by a key.
const OTHERS: [&str; 22] = [
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
    "signalr",
    "webpubsub",
    "web_pubsub",
    "cognitive",
    "iot_hub",
    "appconfig",
    "app_config",
    "loganalytics",
    "log_analytics",
    "postgres",
    "apimanagement",
    "api_management",
];

/// The same, of words that stand within others too (`research`, `redistribution`, `apimongo`): they count where a word of a
/// name is made of them.
const SHORT: [&str; 6] = ["search", "redis", "openai", "iothub", "apim", "mysql"];

/// What a word may have before such a one, and after it.
const BEFORE: [&str; 6] = ["", "az", "azure", "cosmos", "cosmosdb", "documentdb"];
const AFTER: [&str; 16] = [
    "",
    "s",
    "account",
    "cache",
    "connection",
    "db",
    "enterprise",
    "flexible",
    "flexibleserver",
    "instance",
    "key",
    "primary",
    "secondary",
    "server",
    "service",
    "services",
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
    last_cosmos(text).is_some()
}

/// Whether a name speaks of another service, and not of Cosmos DB.
pub fn says_another(name: &str) -> bool {
    !says_cosmos(name) && last_other(name).is_some()
}

/// What a name is about: the last service that it speaks of, of those before a `for`.
pub fn service(name: &str) -> Option<Service> {
    let small = name.to_ascii_lowercase();
    let before = ["_for_", "-for-"].iter().find_map(|word| name.get(..small.find(word)?));
    before.and_then(last_service).or_else(|| last_service(name))
}

pub fn is_about_cosmos(name: &str) -> bool {
    service(name) == Some(Service::Cosmos)
}

pub fn is_about_another(name: &str) -> bool {
    service(name) == Some(Service::Another)
}

/// Whether a path, or an address, leads to Cosmos DB: its last part tells, where that speaks of a service, else any.
pub fn leads_to_cosmos(path: &str) -> bool {
    let path = without_query(path);
    match service(module_name(path.strip_suffix("/terragrunt.hcl").unwrap_or(path))) {
        Some(service) => service == Service::Cosmos,
        None => says_cosmos(path),
    }
}

/// What a module is called where it comes from, by its source: `cosmosdb` of `Azure/cosmosdb/azurerm`, of
/// `git::https://HOST/x.git//modules/cosmosdb?ref=v1`. Whoever wrote it may be called anything.
pub fn module_name(source: &str) -> &str {
    let path = without_query(source);
    path.rsplit('/').find(|part| !PROVIDERS.contains(part)).unwrap_or(path)
}

/// Ends of addresses in a registry, which name nothing of their own.
const PROVIDERS: [&str; 3] = ["azurerm", "azapi", "azure"];

fn without_query(path: &str) -> &str {
    path.split_once('?').map_or(path, |(path, _)| path).trim_end_matches('/')
}

fn last_service(name: &str) -> Option<Service> {
    match (last_cosmos(name), last_other(name)) {
        (None, None) => None,
        (cosmos, another) if cosmos >= another => Some(Service::Cosmos),
        _ => Some(Service::Another),
    }
}

/// Where the last word for Cosmos DB starts.
fn last_cosmos(name: &str) -> Option<usize> {
    last(name, &COSMOS)
}

/// Where the last word for another service starts.
fn last_other(name: &str) -> Option<usize> {
    let small = name.to_ascii_lowercase();
    let words: Vec<(usize, &str)> = words(name).collect();
    // `OpenAI`, `MySql`, `IoTHub`: one word, of several by its capitals.
    let spans = words
        .iter()
        .enumerate()
        .flat_map(|(n, (at, _))| words[n..].iter().take(4).map(move |(next, word)| *at..*next + word.len()));
    let short = spans.filter_map(|span| Some(span.start + short_in(small.get(span)?)?)).max();
    last(name, &OTHERS).max(short)
}

/// In capitals or not. Most names hold none of the words: to make a search ready for each would cost more than it finds.
fn last(name: &str, words: &[&str]) -> Option<usize> {
    let bytes = name.as_bytes();
    let is_at = |at: usize, word: &str| {
        let found = bytes.get(at..at + word.len());
        bytes[at].eq_ignore_ascii_case(&word.as_bytes()[0])
            && found.is_some_and(|found| found.eq_ignore_ascii_case(word.as_bytes()))
    };
    (0..bytes.len()).rev().find(|at| words.iter().any(|word| is_at(*at, word)))
}

/// Where a short word for another service stands in a word of small letters that is made of it.
fn short_in(word: &str) -> Option<usize> {
    let found = |short: &&str| {
        let (before, after) = word.split_once(*short)?;
        (BEFORE.contains(&before) && AFTER.contains(&after)).then_some(before.len())
    };
    SHORT.iter().find_map(found)
}

/// The words of a name, and where they start: what stands between marks and digits, `CosmosApiMongo` by its capitals.
fn words(name: &str) -> impl Iterator<Item = (usize, &str)> {
    let bytes = name.as_bytes();
    let starts = |at: usize| {
        let (before, here) = (at.checked_sub(1).map(|at| bytes[at]), bytes[at]);
        let small = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_lowercase);
        let turns = |before: u8| {
            !before.is_ascii_alphabetic()
                || here.is_ascii_uppercase() && (before.is_ascii_lowercase() || small(at + 1))
        };
        here.is_ascii_alphabetic() && before.is_none_or(turns)
    };
    let first: Vec<usize> = (0..bytes.len()).filter(|at| starts(*at)).collect();
    let end = move |at: usize, next: Option<&usize>| {
        let marks = bytes[at..].iter().position(|byte| !byte.is_ascii_alphabetic()).map(|marks| at + marks);
        marks.unwrap_or(bytes.len()).min(next.copied().unwrap_or(bytes.len()))
    };
    let ends: Vec<usize> = first.iter().enumerate().map(|(n, at)| end(*at, first.get(n + 1))).collect();
    first.into_iter().zip(ends).map(|(at, end)| (at, name.get(at..end).unwrap_or_default()))
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
            ("cosmosdb_redistribution", Some(Service::Cosmos)),
            ("cosmosapimongo", Some(Service::Cosmos)),
            ("CosmosApiMongo", Some(Service::Cosmos)),
            ("cosmos_APIMKey", Some(Service::Another)),
            ("cosmosApim", Some(Service::Another)),
            ("cosmosdb_rediscache2", Some(Service::Another)),
            ("cosmosredis", Some(Service::Another)),
            ("AzureSearchService", Some(Service::Another)),
            ("cosmosOpenAIKey", Some(Service::Another)),
            ("CosmosMySql", Some(Service::Another)),
            ("cosmosIoTHub", Some(Service::Another)),
            ("ApiManagement", Some(Service::Another)),
            ("mysqlflexibleserver", Some(Service::Another)),
            ("redistribution", None),
            ("cosmosdb-mysqlserver", Some(Service::Another)),
            ("cosmosdb_storageaccount", Some(Service::Another)),
            ("db", None),
            ("", None),
        ] {
            assert_eq!(service(name), expected, "{name}");
        }
    }

    #[test]
    fn modules_are_called_by_what_they_are_and_not_by_who_made_them() {
        for (source, name) in [
            ("Azure/storage/azurerm", "storage"),
            ("app.terraform.io/search/db/azurerm", "db"),
            ("git::https://example.invalid/storage/modules.git//az/cosmos?ref=v1", "cosmos"),
            ("git@example.invalid:acme/terraform-azurerm-storage.git", "terraform-azurerm-storage.git"),
            ("", ""),
        ] {
            assert_eq!(module_name(source), name);
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
