//! The Azure faces against the services' own descriptions, where these are at hand.

use std::path::PathBuf;
use std::time::Duration;

use keyslot::model::{KeyKind, Slot};
use keyslot::sim::wire::{HostPattern, Simulation, WireOptions};
use keyslot::sim::{Command, World, WorldConfig};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use crate::wire_azure::Rig;
use crate::wire_core::client;

/// A contract, or `None` (said aloud) where the shared folder is not there.
#[allow(clippy::print_stderr)]
fn contract(name: &str) -> Option<Value> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/contracts").join(name);
    match std::fs::read(&path) {
        Ok(bytes) => Some(serde_json::from_slice(&bytes).unwrap()),
        Err(_) => {
            eprintln!("skipped: the contract {name} is not at hand");
            None
        }
    }
}

/// Fails unless the body is valid for a definition of an OpenAPI 2 document, and has no member that it does
/// not declare at its top or below `properties`.
fn check(contract: &Value, definition: &str, body: &Value) {
    let schema = json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$ref": format!("#/definitions/{definition}"),
        "definitions": contract["definitions"],
    });
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> =
        validator.iter_errors(body).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{definition}: {errors:#?}");
    let unknown = unknown_members(contract, definition, body);
    assert!(unknown.is_empty(), "{definition} has no {unknown:?}");
}

fn unknown_members(contract: &Value, definition: &str, body: &Value) -> Vec<String> {
    let mut known = serde_json::Map::new();
    collect(contract, &contract["definitions"][definition], &mut known);
    let mut unknown = Vec::new();
    for (name, value) in body.as_object().unwrap() {
        match known.get(name) {
            None => unknown.push(name.clone()),
            Some(schema) => {
                if let (Some(inner), true) = (reference(schema), value.is_object()) {
                    unknown.extend(unknown_members(contract, inner, value));
                }
            }
        }
    }
    unknown
}

/// The properties of a definition and of everything that it is made of.
fn collect(contract: &Value, schema: &Value, known: &mut serde_json::Map<String, Value>) {
    if let Some(properties) = schema["properties"].as_object() {
        known.extend(properties.clone());
    }
    if let Some(inner) = reference(schema) {
        collect(contract, &contract["definitions"][inner], known);
    }
    for part in schema["allOf"].as_array().into_iter().flatten() {
        collect(contract, part, known);
    }
}

fn reference(schema: &Value) -> Option<&str> {
    schema["$ref"].as_str()?.strip_prefix("#/definitions/")
}

async fn fetch(rig: &Rig, method: &str, url: &str, scope: &str, body: Option<Value>) -> Value {
    let token = rig.tokens.token(scope).await.unwrap();
    let http = client(&rig.simulation.wire);
    let mut request = http.reqwest().request(method.parse().unwrap(), url).bearer_auth(token.expose_secret());
    request = match body {
        Some(body) => request.json(&body),
        None => request.header("content-length", "0"),
    };
    request.send().await.unwrap().error_for_status().unwrap().json().await.unwrap()
}

const ARM: &str = "https://management.azure.com/.default";

fn account_url(rig: &Rig, tail: &str, version: &str) -> String {
    let id = rig.simulation.world.with(|world| world.account().config().id.resource_id());
    format!("https://management.azure.com{id}{tail}?api-version={version}")
}

#[tokio::test]
async fn the_account_is_as_every_version_of_its_contract_says() {
    let rig = Rig::new(WorldConfig::default());
    for version in ["2024-08-15", "2026-03-15", "2026-04-01-preview"] {
        let Some(contract) = contract(&format!("azure-cosmosdb-{version}.json")) else { return };
        let body = fetch(&rig, "GET", &account_url(&rig, "", version), ARM, None).await;
        check(&contract, "DatabaseAccountGetResults", &body);
        let used = &body["properties"]["keysMetadata"]["primaryMasterKey"]["approximateLastUsageTime"];
        assert_eq!(used.is_string(), version.ends_with("preview"), "{version}: {used}");
        let keys = fetch(&rig, "POST", &account_url(&rig, "/listKeys", version), ARM, None).await;
        check(&contract, "DatabaseAccountListKeysResult", &keys);
    }
}

#[tokio::test]
async fn what_our_client_sends_and_polls_is_in_the_contract() {
    let rig = Rig::at(WorldConfig::default(), 1.0, |clock| clock);
    let Some(contract) = contract("azure-cosmosdb-2024-08-15.json") else { return };
    for kind in KeyKind::ALL {
        check(&contract, "DatabaseAccountRegenerateKeyParameters", &json!({ "keyKind": kind.azure_name() }));
    }
    let Some(schema) = self::contract("azure-cosmosdb-operation-status.schema.json") else { return };
    let validator = jsonschema::validator_for(&schema).unwrap();
    let kind = KeyKind::read_write(Slot::Primary);
    let command = Command::Regenerate { kind, request_id: "r".to_owned(), by: "app".to_owned() };
    rig.simulation.world.with(|world| world.apply(command)).unwrap();
    let subscription = rig.simulation.world.with(|world| world.account().config().id.subscription.clone());
    let url = format!(
        "https://northeurope.management.azure.com/subscriptions/{subscription}/providers/Microsoft.DocumentDB/\
         locations/northeurope/operationsStatus/7c0fe5aa-0000-4000-8000-000000000001?api-version=2024-08-15"
    );
    for word in ["Enqueued", "Dequeued", "Succeeded"] {
        let body = fetch(&rig, "GET", &url, ARM, None).await;
        assert!(validator.is_valid(&body), "{body}");
        assert_eq!(body["status"], word);
        rig.pass(Duration::from_secs(if word == "Enqueued" { 60 } else { 3600 }));
    }
}

#[tokio::test]
async fn secrets_and_their_versions_are_as_the_contract_says() {
    let rig = Rig::new(WorldConfig::default());
    let Some(contract) = contract("azure-keyvault-secrets-7.5.json") else { return };
    let (vault, secret) = rig.simulation.world.with(|world| {
        (world.stamps().next().unwrap().vault.name.clone(), world.config().secret_name.clone())
    });
    let scope = "https://vault.azure.net/.default";
    let url = |tail: &str| format!("https://{vault}.vault.azure.net/secrets/{secret}{tail}?api-version=7.5");
    let first = fetch(&rig, "GET", &url("/"), scope, None).await;
    check(&contract, "SecretBundle", &first);
    let parameters = json!({ "value": "another" });
    check(&contract, "SecretSetParameters", &parameters);
    let second = fetch(&rig, "PUT", &url(""), scope, Some(parameters)).await;
    check(&contract, "SecretBundle", &second);
    assert_ne!(first["id"], second["id"]);
    let all = fetch(&rig, "GET", &url("/versions"), scope, None).await;
    check(&contract, "SecretListResult", &all);
    assert_eq!(all["value"].as_array().unwrap().len(), 2);
    let version = first["id"].as_str().unwrap().rsplit('/').next().unwrap();
    let old = fetch(&rig, "GET", &url(&format!("/{version}")), scope, None).await;
    assert_eq!(old, first);
    assert_eq!(rig.simulation.wire.transcript().changes().len(), 1, "the PUT");
}

#[tokio::test]
async fn tokens_and_refusals_of_tokens_are_as_the_contract_says() {
    let Some(schema) = contract("entra-token.schema.json") else { return };
    let validator = jsonschema::validator_for(&schema).unwrap();
    let simulation =
        Simulation::start(World::new(WorldConfig::default()), 60.0, WireOptions::default()).unwrap();
    let directory = &simulation.directory;
    let url = format!("https://login.microsoftonline.com/{}/oauth2/v2.0/token", directory.tenant());
    let http = client(&simulation.wire);
    let secret = directory.secret().expose_secret().to_owned();
    for (secret, scope, status) in [
        (secret.as_str(), "https://vault.azure.net/.default", 200),
        ("wrong", "https://vault.azure.net/.default", 401),
        (secret.as_str(), "https://vault.azure.net", 400),
    ] {
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", directory.client()),
            ("client_secret", secret),
            ("scope", scope),
        ];
        let response = http.reqwest().post(&url).form(&form).send().await.unwrap();
        assert_eq!(response.status(), status);
        let body: Value = response.json().await.unwrap();
        let whole = json!({ "response": body });
        assert!(validator.is_valid(&whole), "{whole}");
        assert_eq!(body["error"].is_string(), status != 200);
    }
    assert!(simulation.wire.hosts().contains(&HostPattern::name("login.microsoftonline.com")));
}

#[tokio::test]
async fn clusters_rights_locks_and_the_inventory_are_as_their_contracts_say() {
    let rig = Rig::new(WorldConfig::default());
    let cluster = rig.simulation.world.with(|world| {
        let stamp = world.stamps().next().unwrap();
        let subscription = &world.account().config().id.subscription;
        format!(
            "https://management.azure.com/subscriptions/{subscription}/resourceGroups/{}/providers/\
             Microsoft.ContainerService/managedClusters/{}",
            stamp.resource_group, stamp.cluster.name
        )
    });
    if let Some(contract) = contract("azure-aks-2024-09-01.json") {
        let url = format!("{cluster}?api-version=2024-09-01");
        check(&contract, "ManagedCluster", &fetch(&rig, "GET", &url, ARM, None).await);
        for list in ["listClusterUserCredential", "listClusterAdminCredential"] {
            let url = format!("{cluster}/{list}?api-version=2024-09-01");
            check(&contract, "CredentialResults", &fetch(&rig, "POST", &url, ARM, None).await);
        }
    }
    if let Some(contract) = contract("azure-keyvault-vaults-2023-07-01.json") {
        let vault = rig.simulation.world.with(|world| world.stamps().next().unwrap().vault.name.clone());
        let (group, _) = cluster.split_once("/providers/").unwrap();
        let url = format!("{group}/providers/Microsoft.KeyVault/vaults/{vault}?api-version=2023-07-01");
        check(&contract, "Vault", &fetch(&rig, "GET", &url, ARM, None).await);
    }
    if let Some(contract) = contract("azure-authorization-permissions-2022-04-01.json") {
        let url = account_url(&rig, "/providers/Microsoft.Authorization/permissions", "2022-04-01");
        check(&contract, "PermissionGetResult", &fetch(&rig, "GET", &url, ARM, None).await);
    }
    if let Some(contract) = contract("azure-locks-2020-05-01.json") {
        let url = account_url(&rig, "/providers/Microsoft.Authorization/locks", "2020-05-01");
        check(&contract, "ManagementLockListResult", &fetch(&rig, "GET", &url, ARM, None).await);
    }
    if let Some(contract) = contract("azure-resourcegraph-2024-04-01.json") {
        let subscription =
            rig.simulation.world.with(|world| world.account().config().id.subscription.clone());
        let asked = json!({ "subscriptions": [subscription], "query": "resources | project id, name",
            "options": { "resultFormat": "objectArray", "$top": 2 } });
        check(&contract, "QueryRequest", &asked);
        let url =
            "https://management.azure.com/providers/Microsoft.ResourceGraph/resources?api-version=2024-04-01";
        let body = fetch(&rig, "POST", url, ARM, Some(asked)).await;
        assert_eq!((body["count"].as_u64(), body["data"].as_array().map(Vec::len)), (Some(2), Some(2)));
        // The contract calls rows an object; the official examples show a list.
        let mut row = body.clone();
        row["data"] = json!({});
        check(&contract, "QueryResponse", &row);
    }
}

#[tokio::test]
async fn the_activity_log_is_as_its_contract_says() {
    let Some(contract) = contract("azure-activitylog-2015-04-01.json") else { return };
    let rig = Rig::new(WorldConfig::default());
    fetch(&rig, "POST", &account_url(&rig, "/listKeys", "2024-08-15"), ARM, None).await;
    let (id, now) = rig.simulation.world.with(|world| {
        let now = world.now() + jiff::SignedDuration::from_mins(10);
        world.advance_to(now);
        (world.account().config().id.clone(), now)
    });
    let filter = format!(
        "eventTimestamp ge '2026-01-01T00:00:00Z' and eventTimestamp le '{now}' and resourceUri eq '{}'",
        id.resource_id()
    );
    let filter = filter.replace(' ', "%20");
    let url = format!(
        "https://management.azure.com/subscriptions/{}/providers/Microsoft.Insights/eventtypes/management/values?\
         api-version=2015-04-01&$filter={filter}",
        id.subscription
    );
    let body = fetch(&rig, "GET", &url, ARM, None).await;
    check(&contract, "EventDataCollection", &body);
    assert_eq!(body["value"].as_array().unwrap().len(), 2, "begun and succeeded: {body}");
}

#[tokio::test]
async fn the_metrics_are_as_their_contract_says() {
    let Some(contract) = contract("azure-metrics-2024-02-01.json") else { return };
    let rig = Rig::new(WorldConfig::default());
    let (id, since, now) = rig.simulation.world.with(|world| {
        let since = world.now();
        let kind = KeyKind::read_write(Slot::Primary);
        let command = Command::Regenerate { kind, request_id: "r".to_owned(), by: "app".to_owned() };
        world.apply(command).unwrap();
        world.advance_to(since + jiff::SignedDuration::from_hours(12));
        (world.account().config().id.resource_id(), since, world.now())
    });
    let url = |tail: &str| {
        format!(
            "https://management.azure.com{id}/providers/Microsoft.Insights/metrics?api-version=2024-02-01\
             &metricnames=TotalRequests&timespan={since}/{now}&interval=PT1M&aggregation=Count{tail}"
        )
    };
    let filter = "&$filter=StatusCode%20eq%20'401'%20and%20Region%20eq%20'*'";
    let body = fetch(&rig, "GET", &url(filter), ARM, None).await;
    check(&contract, "Response", &body);
    assert!(body["value"][0]["timeseries"][0]["data"][0]["count"].as_u64() > Some(0), "{body}");
    // Whatever keyslot's client sends is a parameter that the contract knows.
    let operation = &contract["paths"]["/{resourceUri}/providers/Microsoft.Insights/metrics"]["get"];
    let named = |reference: &Value| {
        let name = reference["$ref"].as_str().and_then(|text| text.rsplit('/').next())?;
        contract["parameters"][name]["name"].as_str().map(str::to_owned)
    };
    let known: Vec<String> = operation["parameters"].as_array().unwrap().iter().filter_map(named).collect();
    crate::metrics::metrics(&rig).refusals(since).await.unwrap();
    let entries = rig.simulation.wire.transcript().entries();
    let sent = entries.iter().rfind(|entry| entry.path.contains("/metrics?")).unwrap();
    let query = sent.path.split_once('?').unwrap().1;
    let names: Vec<String> =
        url::form_urlencoded::parse(query.as_bytes()).map(|(name, _)| name.into_owned()).collect();
    assert!(names.len() > 5 && names.iter().all(|name| known.contains(name)), "{names:?} {known:?}");
}
