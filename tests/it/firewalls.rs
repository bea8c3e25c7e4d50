//! Firewalls of the services: a vault and an account that do not let this machine in are unknown by that name, and are not
//! taken for rights that are missing.

use std::time::Duration;

use keyslot::sim::fault::{Fault, Operation, Target, Trouble, When};
use keyslot::sim::{Holds, World, WorldConfig};

use crate::alone::ran;
use crate::live::Live;

const SPEED: f64 = 600.0;

const VAULT: [&str; 2] = ["ForbiddenByFirewall", "the vault's firewall refuses this address"];
const ACCOUNT: [&str; 2] =
    ["this machine cannot ask Cosmos DB whether the secondary key is accepted", "`ipRules`"];

fn closed(operation: Operation) -> Fault {
    Fault::new(When::Always, Target::operation(operation), Trouble::Firewalled)
}

/// How it ended and everything that it said.
fn said(live: &Live, arguments: &[&str]) -> (i32, String) {
    let ran = ran(live, arguments, &[]);
    (ran.code, format!("{}{}", ran.data, ran.talk))
}

fn tells(live: &Live, arguments: &[&str], code: i32, says: &[&str]) {
    let (ended, said) = said(live, arguments);
    let unsaid: Vec<&&str> = says.iter().filter(|says| !said.contains(**says)).collect();
    assert!(
        ended == code && unsaid.is_empty(),
        "{arguments:?}: {ended} for {code}, without {unsaid:?}: {said}"
    );
    assert!(!said.contains("grant the identity the right"), "{arguments:?}: {said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_vault_behind_a_firewall_is_named_by_verify_by_plan_and_by_the_gate_of_what_vaults_hold() {
    let mut config = WorldConfig::seeded(8).with_stamps(2);
    config.faults = vec![closed(Operation::ReadVault)];
    config.faults[0].target.stamp = Some("eastus2".into());
    let faults = config.faults.clone();
    let live = Live::set(config, SPEED);
    let suffer = |faults: &[Fault]| live.stage.simulation.world.with(|world| world.suffer(faults));
    tells(&live, &["verify"], 5, &[&["not seen: the vault of eastus2"], &VAULT[..]].concat());
    tells(&live, &["plan", "--retire", "primary"], 4, &[&["the vault of eastus2"], &VAULT[..]].concat());

    suffer(&[]);
    for command in [&["propose", "--wait"][..], &["promote", "--wait"]] {
        let (code, said) = said(&live, command);
        assert_eq!(code, 0, "{command:?}: {said}");
    }
    let mut following = live.keyslot(&["follow"]);
    while live.stage.simulation.world.with(|world| world.runs().is_empty()) {
        assert_eq!(following.ended(), None, "{}", following.talk());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    suffer(&faults);
    let (code, talk) = (following.end().await, following.talk());
    assert!(code == 4 && VAULT.iter().all(|says| talk.contains(says)), "{code}: {talk}");
    let written =
        |world: &mut World| world.outcome().stamps.iter().all(|stamp| stamp.vault_slot == Holds::Secondary);
    while !live.stage.simulation.world.with(written) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let (_, json) = said(&live, &["explain", "--output", "json"]);
    let explained: serde_json::Value = serde_json::from_str(&json).unwrap_or_else(|_| panic!("{json}"));
    let holds =
        explained["gates"].as_array().unwrap().iter().flat_map(|gate| gate["holds"].as_array().unwrap());
    let of_vault = |hold: &&serde_json::Value| {
        hold["gate"] == "propagated" && hold["subject"] == "eastus2" && hold["kind"] == "blind"
    };
    assert!(holds.clone().any(|hold| of_vault(&hold)), "{json}");
    tells(&live, &["restart"], 4, &VAULT);
    let restarted = |live: &Live| {
        live.stage.simulation.world.with(|world| world.outcome().stamps.iter().any(|stamp| stamp.restarted))
    };
    assert!(!restarted(&live), "nothing is restarted onto a key that nobody has seen");

    suffer(&[]);
    let (code, said) = said(&live, &["restart"]);
    assert!(code == 0 && restarted(&live), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_behind_a_firewall_proves_no_key_and_is_not_asked_to_show_one() {
    let mut config = WorldConfig::seeded(8).with_stamps(2);
    config.faults = vec![closed(Operation::Probe)];
    let live = Live::set(config, SPEED);
    // It asks for no proof.
    tells(&live, &["verify"], 0, &["everybody uses the primary key"]);
    tells(&live, &["plan"], 4, &ACCOUNT);
    tells(&live, &["rotate", "--retire", "primary"], 4, &ACCOUNT);
    live.stage.simulation.world.with(|world| {
        assert_eq!(world.counters().pulls_opened, 0, "nothing is begun");
        world.suffer(&[]);
    });
    let (code, said) = said(&live, &["plan"]);
    assert!(code == 0 && !said.contains("ipRules"), "{code}: {said}");
}
