//! One piece of evidence at a time is taken away from a regeneration that nothing else holds, over the wire: the program names
//! what is missing, regenerates nothing although it is approved, and goes on when it is back.

mod logs;
mod unanswered;

use keyslot::cli::Exit;
use keyslot::model::StampName;
use keyslot::sim::fault::{Fault, Operation, Target, Trouble, When};
use keyslot::sim::wire::{Trouble as LineTrouble, Which, WireFault};
use serde_json::Value;

use crate::alone::ran;
use crate::fleet::scene::Scene;
use crate::fleet::set_policy;
use crate::live::Live;

/// How what was taken away comes back.
type Mend = Box<dyn FnOnce(&Live)>;

/// What is taken away, and the gate, the subject and the kind of the reason that must be told, with a part of its words; each
/// of them any where it is empty.
struct Case {
    name: &'static str,
    away: fn(&Live) -> Mend,
    told: [&'static str; 4],
}

const CASES: [Case; 15] = [
    Case {
        name: "the account may not be read",
        away: |live| forbidden(live, Operation::ReadAccount),
        told: ["keys-allowed", "account", "blind", ""],
    },
    Case {
        name: "its keys may not be listed",
        away: |live| forbidden(live, Operation::ListKeys),
        told: ["propagated", "account", "blind", ""],
    },
    Case {
        name: "no region answers to the new key",
        away: |live| silent(live, Operation::Probe),
        told: ["target-proven", "", "", ""],
    },
    Case {
        name: "the account's firewall refuses this address",
        away: |live| suffer(live, Operation::Probe, Trouble::Firewalled),
        told: ["target-proven", "secondary", "kept-out", "network rules keep it out"],
    },
    Case {
        name: "a vault may not be read",
        away: |live| forbidden(live, Operation::ReadVault),
        told: ["propagated", "STAMP", "blind", ""],
    },
    Case {
        name: "a vault does not answer",
        away: |live| silent(live, Operation::ReadVault),
        told: ["propagated", "STAMP", "blind", ""],
    },
    Case {
        name: "a vault's firewall refuses this address",
        away: |live| suffer(live, Operation::ReadVault, Trouble::Firewalled),
        told: ["propagated", "STAMP", "blind", "the vault's firewall refuses this address"],
    },
    Case {
        name: "a cluster may not be read",
        away: |live| forbidden(live, Operation::ReadCluster),
        told: ["rollout-settled", "STAMP", "blind", ""],
    },
    Case {
        name: "a cluster does not answer",
        away: |live| silent(live, Operation::ReadCluster),
        told: ["rollout-settled", "STAMP", "blind", ""],
    },
    Case {
        name: "nobody lists stamps",
        away: |live| forbidden(live, Operation::ReadInventory),
        told: ["all-listed", "", "blind", ""],
    },
    Case {
        name: "runs may not be read",
        away: |live| forbidden(live, Operation::ReadRuns),
        told: ["no-hazard", "", "blind", ""],
    },
    Case {
        name: "a regeneration is not allowed",
        away: |live| forbidden(live, Operation::Regenerate),
        told: ["may-regenerate", "", "right-missing", ""],
    },
    Case {
        name: "what keyslot may do is not told",
        away: |live| answer(live, PERMISSIONS, 403),
        told: ["may-regenerate", "", "right-unknown", ""],
    },
    Case {
        name: "nobody answers for what keyslot may do",
        away: |live| answer(live, PERMISSIONS, 503),
        told: ["may-regenerate", "account", "blind", ""],
    },
    Case {
        name: "whether the account is locked is not told",
        away: |live| answer(live, LOCKS, 403),
        told: ["may-regenerate", "", "right-unknown", ""],
    },
];

const PERMISSIONS: &str = "/providers/Microsoft.Authorization/permissions";
/// The account's own; those of what is above it are beside that.
const LOCKS: &str = "-cosmos/providers/Microsoft.Authorization/locks";

fn forbidden(live: &Live, operation: Operation) -> Mend {
    suffer(live, operation, Trouble::Forbidden)
}

fn silent(live: &Live, operation: Operation) -> Mend {
    suffer(live, operation, Trouble::Unreachable)
}

fn second(live: &Live) -> StampName {
    live.stage.simulation.world.with(|world| world.stamps().nth(1).unwrap().name.clone())
}

/// Every call of this kind, those of the second stamp where they are of a stamp.
fn suffer(live: &Live, operation: Operation, trouble: Trouble) -> Mend {
    let of_stamp = matches!(operation, Operation::ReadVault | Operation::ReadCluster);
    let stamp = of_stamp.then(|| second(live));
    let target = Target { stamp, ..Target::operation(operation) };
    befall(live, &[Fault::new(When::Always, target, trouble)])
}

fn befall(live: &Live, faults: &[Fault]) -> Mend {
    live.stage.simulation.world.with(|world| world.suffer(faults));
    Box::new(|live| live.stage.simulation.world.with(|world| world.suffer(&[])))
}

/// Something answers so whatever is asked below that path.
fn answer(live: &Live, path: &str, status: u16) -> Mend {
    let which = Which { path: path.to_owned(), ..Which::default() };
    let what = LineTrouble::Answer { status, retry_after_seconds: None };
    let fault = live.stage.simulation.wire.faults().add(WireFault { which, what, times: u32::MAX });
    Box::new(move |_| {
        assert!(fault.count() > 0, "nobody asked");
        fault.end();
    })
}

fn regenerated(live: &Live) -> usize {
    live.stage.simulation.world.with(|world| world.outcome().regenerated.len())
}

/// Every hold that `keyslot explain` tells of, as gate, subject, kind and words.
fn told(live: &Live) -> Vec<[String; 4]> {
    let ran = ran(live, &["explain", "--output", "json"], &[]);
    let json: Value = serde_json::from_str(&ran.data).unwrap_or_else(|_| panic!("{} {}", ran.data, ran.talk));
    let text = |value: &Value, key: &str| value[key].as_str().unwrap_or_default().to_owned();
    let gates = json["gates"].as_array().unwrap().iter();
    let holds = gates.flat_map(|gate| gate["holds"].as_array().unwrap());
    holds.map(|one| ["gate", "subject", "kind", "why"].map(|key| text(one, key))).collect()
}

/// The rotation comes to where nothing but the approval holds.
async fn only_unapproved(live: &Live) {
    let mut process = live.keyslot(&["rotate", "--retire", "primary"]);
    let code = process.end().await;
    assert_eq!(code, i32::from(Exit::Halted.code()), "nobody has approved: {}", process.talk());
    let unspoilt = told(live);
    assert!(unspoilt.iter().all(|hold| hold[0] == "approved"), "nothing else holds: {unspoilt:?}");
}

fn each(live: &Live, cases: &[Case]) {
    let stamp = second(live);
    let mut wrong = Vec::new();
    for Case { name, away, told: wanted } in cases {
        let mend = away(live);
        let ran = ran(live, &["advance", "--approve"], &[]);
        let holds = told(live);
        let wanted = wanted.map(|part| part.replace("STAMP", stamp.as_str()));
        let is = |hold: &&[String; 4]| {
            let is = |(wanted, told): (&String, &String)| wanted.is_empty() || wanted == told;
            hold[3].contains(&wanted[3]) && wanted.iter().zip(*hold).take(3).all(is)
        };
        if ran.code == 0 || regenerated(live) > 0 || !holds.iter().any(|hold| is(&hold)) {
            wrong.push(format!("{name}: {} {}\n  {holds:#?}", ran.code, ran.talk));
        }
        mend(live);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_missing_holds_an_approved_regeneration_by_its_name_until_it_is_back() {
    let live = Live::of(Scene { stamps: 2, seed: 3 }.world(), 6.0);
    set_policy(&live);
    only_unapproved(&live).await;
    each(&live, &CASES);
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
