//! `keyslot plan` as a user runs it: what it says, what it asks, and that it writes nothing.

use keyslot::sim::{Fault, Operation, Target, Trouble, When, WorldConfig};

use crate::live::Live;

fn plan(config: WorldConfig) -> (Live, i32, String) {
    let live = Live::set(config, 60.0);
    let output = live.command(env!("CARGO_BIN_EXE_keyslot")).arg("plan").output().unwrap();
    let said =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (live, output.status.code().unwrap(), said)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_whole_plan_is_shown_and_nothing_is_done() {
    let (live, code, text) = plan(WorldConfig::seeded(8));
    assert_eq!(code, 0, "{text}");
    for words in [
        "retire the primary key (not begun)",
        "keyvault-secrets.tf:",
        "primary_key → ",
        "wave 1, the canary: northeurope: restart catalogservice-deploy",
        "wave 3: southeastasia",
        "in all; reviews, pipeline runs and rollouts come on top",
        "nothing is in the way: `keyslot rotate` moves everybody to secondary",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(!text.contains("rights that are missing"), "{text}");
    let log = live.stage.simulation.wire.transcript();
    for (method, path) in [("POST", "/regenerateKey"), ("PATCH", "/deployments/"), ("POST", "/pulls")] {
        assert_eq!(log.count(method, path), 0, "{method} {path}");
    }
    assert!(log.count("POST", "/selfsubjectaccessreviews") > 0, "rights are asked for");
    assert_eq!(live.newest_record(), "", "the journal is as it was");
    let proposed = live.stage.simulation.world.with(|world| {
        world.repository().branches().keys().any(|branch| branch.as_str().starts_with("fix/keyslot-"))
    });
    assert!(!proposed, "nothing was pushed");
}

#[tokio::test(flavor = "multi_thread")]
async fn sets_are_in_the_plan_with_what_is_worth_knowing_of_them() {
    let (live, code, text) = plan(WorldConfig::seeded(8).with_sets());
    assert_eq!(code, 0, "{text}");
    for words in ["workload/statefulset/orders-db", "workload/daemonset/relay-agent"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    let said = text.lines().filter(|line| line.contains("orders-db")).collect::<Vec<_>>();
    assert!(said.len() > 1, "no pod is added before one is taken away: {said:?}");
    assert!(!text.contains("rights that are missing"), "{text}");
    assert_eq!(live.stage.simulation.wire.transcript().count("PATCH", ""), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn rights_that_are_missing_are_named_with_what_to_do() {
    let forbid = |operation| Fault::new(When::Always, Target::operation(operation), Trouble::Forbidden);
    let config = WorldConfig::seeded(9)
        .with_fault(forbid(Operation::Regenerate))
        .with_fault(forbid(Operation::Restart));
    let (_live, code, text) = plan(config);
    assert_eq!(code, 4, "{text}");
    for words in [
        "rights that are missing",
        "account: Microsoft.DocumentDB/databaseAccounts/regenerateKey/action",
        "assign the role “DocumentDB Account Contributor”",
        "northeurope: patch deployments in namespace workload",
        "something is in the way",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_would_hold_is_told_with_its_remedy() {
    let unseen = Fault::new(When::Always, Target::operation(Operation::ReadInventory), Trouble::Forbidden);
    let pause = Fault::new(When::Nth(1), Target::default(), Trouble::Pause);
    let (_live, code, text) = plan(WorldConfig::seeded(10).with_fault(unseen).with_fault(pause));
    assert_eq!(code, 4, "{text}");
    assert!(text.contains("in the way"), "{text}");
    assert!(text.contains("all-listed: Azure's list of stamps cannot be seen"), "{text}");
    assert!(text.contains("to do: kubectl rollout resume"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_ends_during_the_rotation_is_told_before_it_begins() {
    let mut config = WorldConfig::seeded(11);
    config.account.role_ends = Some(std::time::Duration::from_secs(3600));
    let (_live, code, text) = plan(config);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("the role that lets keyslot regenerate ends at"), "{text}");
}
