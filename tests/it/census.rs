//! `census` as a user runs it, on a world that answers.

use keyslot::model::{KeyKind, Slot};
use keyslot::sim::WorldConfig;
use keyslot::sim::config::{KeyColumn, OutsiderConfig};
use serde_json::{Value, json};

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
    assert!(text.contains("northeurope") && text.contains("not asked"), "{text}");

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

    let live = Live::set(WorldConfig { logs: None, ..WorldConfig::seeded(7) }, 60.0);
    let (code, text) = census(&live, &[]);
    assert_eq!((code, text.contains("[environment.prod.logs]")), (2, true), "{text}");
    let (code, _) = census(&live, &["--window", "0s"]);
    assert_eq!(code, 2);
}
