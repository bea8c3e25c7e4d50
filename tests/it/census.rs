//! `census` as a user runs it, on a world that answers.

use std::time::Duration;

use keyslot::model::{Access, KeyKind, Slot};
use keyslot::sim::config::{KeyColumn, ListerConfig, OutsiderConfig, VaultReads};
use keyslot::sim::{Command, WorldConfig};
use serde_json::{Value, json};

use crate::harm_scenarios::small;
use crate::live::Live;
use crate::schema::schema_errors;

fn census(live: &Live, more: &[&str]) -> (i32, String) {
    let mut arguments = vec!["census"];
    arguments.extend(more);
    let output = live.command(env!("CARGO_BIN_EXE_keyslot")).args(&arguments).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let text = String::from_utf8(output.stdout).unwrap();
    (output.status.code().unwrap(), if text.is_empty() { said } else { text })
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_uses_a_key_outside_of_the_stamps_is_named_with_how_often_and_when() {
    let live = Live::set(WorldConfig::seeded(5), 60.0);
    let (code, text) = census(&live, &[]);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("northeurope") && text.contains("KNOWN AS"), "{text}");

    let mut config = WorldConfig::seeded(5);
    config.outsiders.push(OutsiderConfig::function(KeyKind::read_write(Slot::Primary), "East US 2"));
    let live = Live::set(config, 60.0);
    let (code, text) = census(&live, &["--slot", "primary", "--output", "json"]);
    let document: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(schema_errors("census", &document), [""; 0]);
    let strangers: Vec<&Value> =
        document["users"].as_array().unwrap().iter().filter(|user| user["stamp"].is_null()).collect();
    assert_eq!((code, strangers.len()), (1, 1), "{text}");
    assert_eq!(strangers[0]["address"], "198.51.100.77");
    assert_eq!((&strangers[0]["slot"], &strangers[0]["attachment"]), (&json!("primary"), &json!("holds")));
    // Four an hour for two weeks.
    let requests = strangers[0]["requests"].as_u64().unwrap();
    assert!((1343..=1346).contains(&requests), "{requests}");
    let (code, text) = census(&live, &["--slot", "secondary"]);
    assert_eq!(code, 0, "nobody uses that one: {text}");
    let (code, text) = census(&live, &["--window", "2h", "--slot", "primary"]);
    assert_eq!((code, text.contains("belongs to no known stamp")), (1, true), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_logs_do_not_tell_is_no_all_clear() {
    let mut config = WorldConfig::seeded(6);
    config.outsiders.push(OutsiderConfig::function(KeyKind::read_write(Slot::Primary), "East US 2"));
    config.logs.as_mut().unwrap().key_column = KeyColumn::Neither;
    let live = Live::set(config, 60.0);
    let (code, text) = census(&live, &[]);
    assert_eq!((code, text.contains("name no key")), (5, true), "{text}");

    // Nobody logs requests and reads; the activity log is there all the same.
    let live = Live::set(WorldConfig { logs: None, listers: vec![ada()], ..WorldConfig::seeded(7) }, 60.0);
    let (code, text) = census(&live, &[]);
    assert_eq!(code, 1, "{text}");
    for words in [
        "ada@acme.example had the keys listed",
        "not known: who used the account's keys",
        "not known: who read the secret",
        "[environment.NAME.logs]",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(text.contains("may-hold") && !text.contains("holds"), "no gate waits for her: {text}");
    let (code, _) = census(&live, &["--window", "0s"]);
    assert_eq!(code, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn keyslots_own_regeneration_is_nobodys_business_and_everybody_elses_is() {
    let live = Live::set(small(), 2000.0);
    let mut rotation = live.keyslot(&["rotate", "--approve"]);
    assert_eq!(rotation.end().await, 0, "{}", rotation.talk());
    let kind = KeyKind { slot: Slot::Secondary, access: Access::ReadOnly };
    let by_hand = Command::Regenerate { kind, request_id: "r".to_owned(), by: "portal".to_owned() };
    live.stage.simulation.world.with(|world| world.apply(by_hand)).unwrap();
    // The log shows nothing of the last minutes.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let (_, text) = census(&live, &["--output", "json"]);
    let document: Value = serde_json::from_str(&text).unwrap();
    let listers = document["listers"].as_array().unwrap().iter();
    let regenerated: Vec<&Value> = listers.filter(|one| one["deed"] == "regenerate").collect();
    assert_eq!(regenerated.len(), 1, "{text}");
    assert_eq!(
        (&regenerated[0]["identity"], &regenerated[0]["times"]),
        (&json!("portal"), &json!(1)),
        "{text}"
    );
}

const DAY: Duration = Duration::from_secs(24 * 3600);
const SEARCH: &str = "7a5e0000-search-indexer";

/// Somebody who opened the account in the portal.
fn ada() -> ListerConfig {
    ListerConfig { name: "ada@acme.example".to_owned(), address: "203.0.113.200".to_owned(), ago: DAY * 2 }
}

/// A world with a search indexer that read the secret last week and asks the account now and then.
fn with_reader(audit: bool) -> WorldConfig {
    let mut config = WorldConfig::seeded(8);
    let function = OutsiderConfig::function(KeyKind::read_write(Slot::Primary), "East US 2");
    let agent = "azsdk-net-Security.KeyVault.Secrets/4.3.0".to_owned();
    let reads = VaultReads { stamp: 1, identity: SEARCH.to_owned(), agent, ago: DAY * 7 };
    config.outsiders.push(OutsiderConfig { reads: Some(reads), period: DAY / 2, ..function });
    config.logs.as_mut().unwrap().audit = audit;
    config
}

#[tokio::test(flavor = "multi_thread")]
async fn who_read_the_secret_and_who_had_the_keys_listed_are_told_by_name() {
    let live = Live::set(WorldConfig { listers: vec![ada()], ..with_reader(true) }, 60.0);
    // keyslot itself reads and lists; that is nobody's business.
    let (code, _) = census(&live, &[]);
    assert_eq!(code, 1);
    let (code, text) = census(&live, &["--slot", "primary", "--output", "json"]);
    let document: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((code, schema_errors("census", &document)), (1, Vec::new()));
    let strangers = |list: &str| -> Vec<Value> {
        let all = document[list].as_array().unwrap().iter();
        all.filter(|one| one["known"].is_null()).cloned().collect()
    };
    let readers = strangers("readers");
    assert_eq!(readers.len(), 1, "{text}");
    let reader = &readers[0];
    assert_eq!((&reader["identity"], &reader["reads"]), (&json!(SEARCH), &json!(1)));
    assert_eq!(
        (&reader["got"], &reader["slot"], &reader["attachment"]),
        (&json!("current"), &json!("primary"), &json!("holds"))
    );
    assert_eq!(reader["address"], "198.51.100.77");
    let drivers = document["readers"].as_array().unwrap().iter().filter(|one| one["known"] == one["vault"]);
    assert_eq!(drivers.count(), 3, "a driver for each stamp: {text}");
    let listers = strangers("listers");
    assert_eq!(listers.len(), 1, "{text}");
    assert_eq!((&listers[0]["identity"], &listers[0]["deed"]), (&json!("ada@acme.example"), &json!("list")));
    assert_eq!(document["unknown"], json!([]));

    let live = Live::set(with_reader(false), 60.0);
    let (_, text) = census(&live, &[]);
    assert!(text.contains("not known: who read the secret") && text.contains("AuditEvent"), "{text}");
    assert!(!text.contains(SEARCH), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn sign_offs_are_shown_with_their_reason_and_by_whom_and_unused_ones_are_told() {
    let live = Live::set(with_reader(true), 60.0);
    let config = live.folder().join("stage/keyslot.toml");
    let written = std::fs::read_to_string(&config).unwrap();
    let reader = |whom: &str, gone: &str, until: &str| {
        format!(
            "\n[[environment.prod.reader]]\n{whom}\nbecause = \"switched off\"\nby = \"ada\"\ngone = \"{gone}\"\n\
             until = \"{until}\"\n"
        )
    };
    let (gone, until) = ("2026-01-10T00:00:00Z", "2099-01-01T00:00:00Z");
    let more = [
        reader(&format!("identity = \"{SEARCH}\""), gone, until),
        reader("address = \"198.51.100.77\"\nagent = \"documentdb*\"", gone, until),
        reader("address = \"192.0.2.0/24\"", gone, until),
        reader("agent = \"java*\"", gone, "2026-01-11T00:00:00Z"),
    ];
    std::fs::write(&config, format!("{written}{}", more.concat())).unwrap();
    let (code, text) = census(&live, &["--output", "json"]);
    let document: Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text}"));
    let states: Vec<&str> =
        document["sign_offs"].as_array().unwrap().iter().map(|one| one["state"].as_str().unwrap()).collect();
    assert_eq!(
        states,
        ["good", "seen-since", "unused", "expired"],
        "it reads no more, and uses the key: {text}"
    );
    assert_eq!(code, 1, "who uses it after it was gone holds again");
    let search =
        document["readers"].as_array().unwrap().iter().find(|one| one["identity"] == SEARCH).unwrap();
    assert_eq!((&search["attachment"], &search["sign_off"]), (&json!("gone"), &json!(0)));
    let (_, text) = census(&live, &[]);
    for words in ["by ada", "switched off", "matches nobody: take it out", "is void"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    std::fs::write(&config, format!("{written}{}", reader("", gone, until))).unwrap();
    let (code, text) = census(&live, &[]);
    assert_eq!((code, text.contains("nothing names")), (2, true), "{text}");
}
