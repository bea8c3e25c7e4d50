//! Whole rotations beside somebody whom nobody listed: who comes by now and then, who has read the secret.

use std::time::Duration;

use keyslot::drive::TurnEnd;
use keyslot::model::{KeyKind, SignOff, Slot};
use keyslot::rotation::{Gate, Phase, Reason, Subject, Why};
use keyslot::sim::config::{OutsiderConfig, VaultReads};
use keyslot::sim::{Command, WorldConfig};

use crate::backstage::Deed;
use crate::harm_scenarios::small;
use crate::in_memory::{Life, Theatre};
use crate::journey::later;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const ADDRESS: &str = "198.51.100.77";
const SEARCH: &str = "7a5e0000-search-indexer";

/// Two stamps, logs, and whatever else.
fn theatre(change: impl FnOnce(&mut WorldConfig)) -> Theatre {
    let mut config = small();
    change(&mut config);
    let mut theatre = Theatre::new(config);
    theatre.policy.log_lag = Some(MINUTE * 5);
    let start = theatre.world.lock().now();
    theatre.backstage.until(later(start, HOUR * 12));
    theatre
}

/// Somebody who asks every eight hours.
fn now_and_then() -> OutsiderConfig {
    let primary = KeyKind::read_write(Slot::Primary);
    OutsiderConfig { period: HOUR * 8, ..OutsiderConfig::function(primary, "East US 2") }
}

/// Somebody who read the secret last week, and has a use for it ten hours from now at the earliest.
fn reader() -> OutsiderConfig {
    OutsiderConfig {
        from: HOUR * 10,
        reads: Some(VaultReads {
            stamp: 0,
            identity: SEARCH.to_owned(),
            agent: "azsdk-net-Security.KeyVault.Secrets/4.3.0".to_owned(),
            ago: HOUR * 24 * 7,
        }),
        ..now_and_then()
    }
}

/// How many requests are refused within a day of the world's beginning.
fn refused_in_a_day(theatre: &Theatre) -> u64 {
    let mut world = theatre.world.lock();
    let day = later(world.config().start, HOUR * 24);
    world.advance_to(day);
    world.outage().refused
}

fn halted(life: Life) -> Vec<Reason> {
    match life {
        Life::Ended(TurnEnd::Halted { phase: Phase::Quiesce, reasons }) => reasons,
        other => panic!("{other:?}"),
    }
}

#[test]
fn who_comes_by_three_times_a_day_holds_by_name_though_the_key_is_quiet() {
    let mut kept = theatre(|config| config.outsiders.push(now_and_then()));
    let reasons = halted(kept.live());
    let [Reason { gate: Gate::Readers, subject: Subject::Client(address), why: Why::UsedByStranger { .. } }] =
        &reasons[..]
    else {
        panic!("{reasons:?}")
    };
    assert_eq!(address, ADDRESS);
    assert_eq!(refused_in_a_day(&kept), 0);

    let mut unasked = theatre(|config| config.outsiders.push(now_and_then()));
    unasked.policy.census_window = Duration::ZERO;
    assert_eq!(unasked.live(), Life::Ended(TurnEnd::Done));
    assert!(refused_in_a_day(&unasked) > 0, "without a census it is refused at its next visit");
}

#[test]
fn a_sign_off_lets_the_rotation_go_on_and_a_later_use_takes_it_back() {
    let signed = |gone: Duration| {
        let mut theatre = theatre(|config| {
            config.outsiders.push(OutsiderConfig { until: MINUTE, ..now_and_then() });
        });
        let start = theatre.world.lock().now();
        theatre.policy.sign_offs.push(SignOff {
            identity: None,
            address: Some(ADDRESS.parse().unwrap()),
            agent: None,
            because: "switched off".to_owned(),
            by: "ada".to_owned(),
            gone: start - jiff::SignedDuration::from_hours(1) + gone,
            until: later(start, HOUR * 24 * 7),
        });
        theatre
    };
    let mut good = signed(HOUR * 2);
    assert_eq!(good.live(), Life::Ended(TurnEnd::Done));
    assert_eq!(refused_in_a_day(&good), 0);
    let mut void = signed(Duration::ZERO);
    let reasons = halted(void.live());
    assert_eq!(reasons[0].gate, Gate::Readers, "{reasons:?}");
}

#[test]
fn who_read_the_secret_before_the_vault_turned_holds_where_vaults_are_audited() {
    let mut kept = theatre(|config| config.outsiders.push(reader()));
    let reasons = halted(kept.live());
    let [Reason { gate: Gate::Readers, subject: Subject::Client(who), why: Why::SecretRead { .. } }] =
        &reasons[..]
    else {
        panic!("{reasons:?}")
    };
    assert_eq!(who, SEARCH);
    assert_eq!(refused_in_a_day(&kept), 0);

    let mut unaudited = theatre(|config| {
        config.outsiders.push(reader());
        config.logs.as_mut().unwrap().audit = false;
    });
    assert_eq!(unaudited.live(), Life::Ended(TurnEnd::Done), "what nobody logs holds nothing");
    assert!(refused_in_a_day(&unaudited) > 0, "and nobody can know it");
}

#[test]
fn who_reads_the_secret_again_after_the_vault_turned_has_moved() {
    let mut moved = theatre(|config| config.outsiders.push(reader()));
    let start = moved.world.lock().now();
    // By then the vaults have turned, and the quiet window is not over.
    let turned = {
        let mut rehearsal = theatre(|config| config.outsiders.push(reader()));
        halted(rehearsal.live());
        let world = rehearsal.world.lock();
        world.stamps().filter_map(|stamp| Some(stamp.vault.current()?.created)).max().unwrap()
    };
    assert!(turned > start);
    moved.backstage.at(later(turned, MINUTE * 10), Deed::Do(Command::OutsiderReads { outsider: 0 }));
    assert_eq!(moved.live(), Life::Ended(TurnEnd::Done));
    assert_eq!(refused_in_a_day(&moved), 0);
}

#[test]
fn an_explanation_says_who_tells_of_readers() {
    for (audit, words) in [(true, "by the audit of 2 vaults"), (false, "not by the vaults' audit")] {
        let mut theatre = theatre(|config| {
            config.outsiders.push(now_and_then());
            config.logs.as_mut().unwrap().audit = audit;
        });
        halted(theatre.live());
        let life = async {
            let mut driver = theatre.driver_as("looker", "looker").await.unwrap();
            driver.turn().await.unwrap();
            keyslot::render::explain::reasons(&driver.report().await.unwrap())
        };
        let text = keyslot::sim::memory::block_on_or_crash(life, &theatre.crashes.flag().clone()).unwrap();
        assert!(text.contains(words) && text.contains(ADDRESS), "{text}");
        assert!(text.contains(&format!("keyslot rotate --accept 'readers:{ADDRESS}'")), "{text}");
    }
}

/// The code gives the key to a web app, which uses it ten hours from now at the earliest, and writes a second secret with it.
fn with_takers(config: &mut WorldConfig) {
    const STAMP: &str = "src/infra/releaseunit/modules/stamp";
    let secrets = format!("{STAMP}/keyvault-secrets.tf");
    let file = config.repository.tree.get(&secrets).unwrap();
    let entry =
        "    \"CosmosDb-Connection\" = data.azurerm_cosmosdb_account.global.primary_sql_connection_string\n";
    let text = String::from_utf8(file.bytes().to_vec()).unwrap();
    let text = text.replace("    \"CosmosDb-Database\"", &format!("{entry}    \"CosmosDb-Database\""));
    let app = "resource \"azurerm_linux_web_app\" \"shop\" {\n  app_settings = {\n    COSMOS_KEY = \
               data.azurerm_cosmosdb_account.global.primary_key\n  }\n}\n";
    let tree = config.repository.tree.with(&secrets, text.into_bytes());
    config.repository.tree = tree.with(&format!("{STAMP}/web-app.tf"), app.as_bytes());
    config.outsiders.push(OutsiderConfig { from: HOUR * 10, ..now_and_then() });
}

#[test]
fn what_the_code_gives_the_key_to_past_the_secret_holds_by_name() {
    let mut kept = theatre(with_takers);
    let reasons = match kept.live() {
        Life::Ended(TurnEnd::Halted { phase: Phase::Regenerate, reasons }) => reasons,
        other => panic!("{other:?}"),
    };
    let names: Vec<String> =
        reasons.iter().map(|reason| format!("{}:{}", reason.gate, reason.subject)).collect();
    assert_eq!(names, ["readers:CosmosDb-Connection", "readers:azurerm_linux_web_app.shop"]);
    let words = keyslot::render::reason::why(&reasons[1]);
    for part in ["web-app.tf", "azurerm_linux_web_app.shop (app_settings.COSMOS_KEY)", "until its own apply"]
    {
        assert!(words.contains(part), "{part}: {words}");
    }
    assert_eq!(refused_in_a_day(&kept), 0);

    // The same reader, of whom the code does not tell.
    let mut untold = theatre(|config| {
        let tree = config.repository.tree.clone();
        with_takers(config);
        config.repository.tree = tree;
    });
    assert_eq!(untold.live(), Life::Ended(TurnEnd::Done));
    assert!(refused_in_a_day(&untold) > 0);
}
