//! One piece of evidence at a time is taken away from a regeneration that nothing else holds, over the wire: the program names
//! what is missing, regenerates nothing although it is approved, and goes on when it is back.

use keyslot::cli::Exit;
use keyslot::sim::fault::{Fault, Operation, Target, Trouble, When};
use serde_json::Value;

use crate::alone::ran;
use crate::fleet::scene::Scene;
use crate::fleet::set_policy;
use crate::live::Live;

/// Calls that get no answer, those of the second stamp where they are of a stamp; and the gate, the subject and the kind of
/// the reason that must be told, each of them any where it is empty.
type Case = (&'static str, Operation, Trouble, &'static str, &'static str, &'static str);

fn cases() -> Vec<Case> {
    let no = || Trouble::Forbidden;
    let dead = || Trouble::Unreachable;
    vec![
        ("the account may not be read", Operation::ReadAccount, no(), "keys-allowed", "account", "blind"),
        ("its keys may not be listed", Operation::ListKeys, no(), "propagated", "account", "blind"),
        ("no region answers to the new key", Operation::Probe, dead(), "target-proven", "", ""),
        ("a vault may not be read", Operation::ReadVault, no(), "propagated", "STAMP", "blind"),
        ("a vault does not answer", Operation::ReadVault, dead(), "propagated", "STAMP", "blind"),
        ("a cluster may not be read", Operation::ReadCluster, no(), "rollout-settled", "STAMP", "blind"),
        ("a cluster does not answer", Operation::ReadCluster, dead(), "rollout-settled", "STAMP", "blind"),
        ("nobody lists stamps", Operation::ReadInventory, no(), "all-listed", "", "blind"),
        ("runs may not be read", Operation::ReadRuns, no(), "no-hazard", "", "blind"),
        ("a regeneration is not allowed", Operation::Regenerate, no(), "may-regenerate", "", ""),
    ]
}

fn regenerated(live: &Live) -> usize {
    live.stage.simulation.world.with(|world| world.outcome().regenerated.len())
}

/// Every hold that `keyslot explain` tells of, as gate, subject and kind.
fn told(live: &Live) -> Vec<(String, String, String, String)> {
    let ran = ran(live, &["explain", "--output", "json"], &[]);
    let json: Value = serde_json::from_str(&ran.data).unwrap_or_else(|_| panic!("{} {}", ran.data, ran.talk));
    let text = |value: &Value, key: &str| value[key].as_str().unwrap_or_default().to_owned();
    let gates = json["gates"].as_array().unwrap().iter();
    let holds = gates.flat_map(|gate| gate["holds"].as_array().unwrap());
    holds.map(|one| (text(one, "gate"), text(one, "subject"), text(one, "kind"), text(one, "why"))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_missing_holds_an_approved_regeneration_by_its_name_until_it_is_back() {
    let live = Live::of(Scene { stamps: 2, seed: 3 }.world(), 6.0);
    set_policy(&live);
    let mut process = live.keyslot(&["rotate", "--retire", "primary"]);
    let code = process.end().await;
    assert_eq!(code, i32::from(Exit::Halted.code()), "nobody has approved: {}", process.talk());
    let unspoilt = told(&live);
    assert!(unspoilt.iter().all(|hold| hold.0 == "approved"), "nothing else holds: {unspoilt:?}");
    let stamp = live.stage.simulation.world.with(|world| world.stamps().nth(1).unwrap().name.clone());
    let mut wrong = Vec::new();
    for (name, operation, trouble, gate, subject, kind) in cases() {
        let of_stamp = matches!(operation, Operation::ReadVault | Operation::ReadCluster);
        let operation = Some(operation);
        let target = Target { operation, stamp: of_stamp.then(|| stamp.clone()), ..Target::default() };
        let fault = Fault::new(When::Always, target, trouble);
        live.stage.simulation.world.with(|world| world.suffer(&[fault]));
        let ran = ran(&live, &["advance", "--approve"], &[]);
        let holds = told(&live);
        let subject = subject.replace("STAMP", stamp.as_str());
        let is = |hold: &&(String, String, String, String)| {
            (gate.is_empty() || hold.0 == gate)
                && (subject.is_empty() || hold.1 == subject)
                && (kind.is_empty() || hold.2 == kind)
        };
        if ran.code == 0 || regenerated(&live) > 0 || !holds.iter().any(|hold| is(&hold)) {
            wrong.push(format!("{name}: {} {}\n  {holds:#?}", ran.code, ran.talk));
        }
        live.stage.simulation.world.with(|world| world.suffer(&[]));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let path = live.stage.settings_path();
    let whole = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, whole.replace("origin.git", "gone.git")).unwrap();
    let blind = ran(&live, &["advance", "--approve"], &[]);
    assert!(blind.code != 0 && blind.talk.contains("gone.git"), "no code: {} {}", blind.code, blind.talk);
    assert_eq!(regenerated(&live), 0, "no code: {}", blind.talk);
    std::fs::write(&path, whole).unwrap();
    let mut process = live.keyslot(&["advance", "--approve"]);
    process.end().await;
    assert_eq!(regenerated(&live), 1, "it goes on: {}", process.talk());
}
