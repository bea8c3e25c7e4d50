//! `check --max-age` as a scheduled job runs it, on a world that answers.

use keyslot::model::{KeyKind, Slot};
use keyslot::sim::{Fault, Operation, Target, Trouble, When, WorldConfig};
use serde_json::Value;

use crate::live::Live;
use crate::schema::schema_errors;
use crate::tool::Folder;

fn check(live: &Live, more: &[&str]) -> (i32, String) {
    let arguments = [&["check", "--max-age"], more].concat();
    let output = live.command(env!("CARGO_BIN_EXE_keyslot")).args(&arguments).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let text = String::from_utf8(output.stdout).unwrap();
    (output.status.code().unwrap(), text + &said)
}

/// The age of the key that the vaults of a new world hold, in whole days, if Azure tells it.
fn days(live: &Live) -> Option<i64> {
    live.stage.simulation.world.with(|world| {
        let key = world.account().current(KeyKind::read_write(Slot::Primary)).unwrap();
        let generated = key.generated?;
        Some(world.now().duration_since(generated).as_hours() / 24)
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_in_use_that_is_too_old_is_found_and_the_spare_one_is_not() {
    let live = Live::set(WorldConfig::seeded(5), 60.0);
    // Neither the forge's nor the pipeline's token is needed.
    std::fs::remove_dir_all(live.stage.folder.join("tokens")).unwrap();
    let days = days(&live).expect("Azure tells the age of the key in use");
    let younger = format!("{}d", days + 2);
    let (code, text) = check(&live, &[&younger]);
    assert_eq!((code, text.contains("no key in use is older")), (0, true), "{text}");
    assert!(text.contains("asked Azure"), "{text}");

    let (code, text) = check(&live, &["1h"]);
    assert_eq!((code, text.contains("OLDER than 1h")), (1, true), "{text}");
    assert_eq!(text.matches("OLDER").count(), 1, "the spare key is nobody's: {text}");
    let (code, text) = check(&live, &["1h", "--fail-on", "never"]);
    assert_eq!(code, 0, "{text}");

    let (code, text) = check(&live, &["1h", "--output", "json"]);
    let document: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(schema_errors("age", &document), [""; 0]);
    let told: Vec<(&str, &str, bool)> = document["keys"]
        .as_array()
        .unwrap()
        .iter()
        .map(|key| {
            let word = |name: &str| key[name].as_str().unwrap();
            (word("slot"), word("verdict"), key["used_by"].as_array().unwrap().is_empty())
        })
        .collect();
    assert_eq!(
        (code, told),
        (1, vec![("primary", "too-old", false), ("secondary", "spare", true)]),
        "{text}"
    );

    let (code, text) = check(&live, &["1h", "--output", "github"]);
    assert_eq!((code, text.lines().count()), (1, 1), "{text}");
    assert!(text.starts_with("::error title=key-age::primary key: generated "), "{text}");
    let (code, text) = check(&live, &["1h", "--output", "sarif"]);
    assert_eq!((code, text.contains("has no place in a file")), (2, true), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_age_that_azure_does_not_tell_is_unknown_and_a_finding() {
    let mut config = WorldConfig::seeded(5);
    config.account.key_ages.primary = None;
    let live = Live::set(config, 60.0);
    assert_eq!(days(&live), None, "the world tells no generation time");
    let (code, text) = check(&live, &["60d"]);
    assert_eq!((code, text.contains("primary key: age unknown")), (1, true), "{text}");
    assert!(text.contains("not regenerated since the account was created"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vault_that_cannot_be_seen_leaves_no_key_known_to_be_spare() {
    let target = Target::operation(Operation::ReadVault).and_stamp("northeurope");
    let fault = Fault::new(When::Always, target, Trouble::Forbidden);
    let live = Live::set(WorldConfig::seeded(6).with_fault(fault), 60.0);
    let (code, text) = check(&live, &["3650d"]);
    assert_eq!((code, text.contains("not seen: the vault of northeurope")), (5, true), "{text}");
    assert!(text.contains("secondary key") && text.contains("perhaps in use"), "{text}");
    let (code, text) = check(&live, &["1h"]);
    assert_eq!(code, 1, "what is known to be too old is a finding whatever else is unseen: {text}");
}

#[test]
fn without_it_check_asks_nobody_and_with_it_nothing_else_is_checked() {
    let folder = Folder::of(&[("a.tf", "locals {\n  a = azurerm_cosmosdb_account.x.primary_key\n}\n")]);
    for beside in ["a.tf", "--against=main", "--plan=-", "--trace", "--baseline=x.json"] {
        let ran = folder.run(&["check", "--max-age", "60d", beside]);
        assert_eq!(
            (ran.code, ran.stderr.contains("cannot be used with")),
            (2, true),
            "{beside}: {}",
            ran.stderr
        );
    }
    let ran = folder.run(&["check", "--max-age", "soon"]);
    assert!(ran.code == 2 && ran.stderr.contains("is no duration"), "{}", ran.stderr);
    let ran = folder.run(&["check", "--environment", "prod"]);
    assert!(ran.code == 2 && ran.stderr.contains("--max-age"), "{}", ran.stderr);
}
