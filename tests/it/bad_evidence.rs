//! What a person finds of whom something of the world is not there, cannot be seen or is gone in mid-rotation: each command
//! says what, where and what to do, and ends as it says; an approved regeneration is not sent, and goes on when it is mended.

use std::time::Duration;

use jiff::SignedDuration;
use keyslot::model::WorkloadName;
use keyslot::sim::fault::{Fault, Operation, Target, Trouble, When};
use keyslot::sim::{Command, Span};

use crate::alone::ran;
use crate::fleet::scene::Scene;
use crate::fleet::set_policy;
use crate::live::Live;

/// How it is put right again.
type Mend = Box<dyn FnOnce(&Live)>;

/// What is wrong, what `advance` and its neighbours end with, and what every command says of it.
struct Case {
    name: &'static str,
    spoil: fn(&Live) -> Mend,
    code: i32,
    says: &'static [&'static str],
    /// `plan`, `verify`, `census`.
    reads: [i32; 3],
}

fn scene() -> Live {
    let live = Live::of(Scene { stamps: 2, seed: 3 }.world(), 120.0);
    set_policy(&live);
    live
}

fn regenerated(live: &Live) -> usize {
    live.stage.simulation.world.with(|world| world.outcome().regenerated.len())
}

fn apply(live: &Live, command: Command) {
    live.stage.simulation.world.with(|world| world.apply(command)).unwrap();
}

/// Of the second stamp, from now on.
fn suffer(live: &Live, operation: Option<Operation>, trouble: Trouble) -> Mend {
    let target = Target { operation, stamp: Some("eastus2".into()), ..Target::default() };
    let fault = Fault::new(When::Always, target, trouble);
    live.stage.simulation.world.with(|world| world.suffer(&[fault]));
    Box::new(|live| live.stage.simulation.world.with(|world| world.suffer(&[])))
}

/// Another text in a file of the stage.
fn replace(live: &Live, file: &str, from: &str, to: &str) -> Mend {
    let path = live.stage.folder.join(file);
    let whole = std::fs::read_to_string(&path).unwrap();
    assert!(whole.contains(from), "{from}: {whole}");
    std::fs::write(&path, whole.replace(from, to)).unwrap();
    Box::new(move |_| std::fs::write(path, whole).unwrap())
}

fn line(live: &Live, file: &str, begins: &str) -> String {
    let whole = std::fs::read_to_string(live.stage.folder.join(file)).unwrap();
    whole.lines().find(|line| line.trim_start().starts_with(begins)).unwrap().trim_start().to_owned()
}

/// This machine's clock is so many seconds late.
fn late_by(live: &Live, seconds: i64) -> Mend {
    let start = live.stage.simulation.world.with(|world| world.now());
    let shown: jiff::Timestamp =
        line(live, "keyslot.toml", "world_start").split('"').nth(1).unwrap().parse().unwrap();
    assert!(shown <= start);
    let moved = shown - SignedDuration::from_secs(seconds);
    replace(
        live,
        "keyslot.toml",
        &format!("world_start = \"{shown}\""),
        &format!("world_start = \"{moved}\""),
    )
}

const KUBECONFIG: &str = "kubeconfig-northeurope.yaml";

const UNSEEN: [Case; 4] = [
    Case {
        name: "a stamp that does not answer",
        spoil: |live| suffer(live, None, Trouble::StampUnreachable),
        code: 3,
        says: &["the vault of eastus2", "afmcprd1-eastus2-kv", "no answer"],
        reads: [3, 5, 5],
    },
    Case {
        name: "a kubeconfig that has expired",
        spoil: |live| replace(live, KUBECONFIG, &line(live, KUBECONFIG, "token:"), "token: expired"),
        code: 4,
        says: &["the cluster of northeurope", "401", "in the kubeconfig is expired", "get new credentials"],
        reads: [4, 5, 5],
    },
    Case {
        name: "a namespace that is missing",
        spoil: |live| replace(live, "keyslot.toml", "\"workload\"", "\"nowhere\""),
        code: 4,
        says: &[
            "cannot find the namespace nowhere",
            "of stamp northeurope",
            "of stamp eastus2",
            "check the name",
        ],
        reads: [4, 5, 5],
    },
    Case {
        name: "a vault without access",
        spoil: |live| suffer(live, Some(Operation::ReadVault), Trouble::Forbidden),
        code: 4,
        says: &["the vault of eastus2", "ForbiddenByRbac", "grant the identity the right to read secrets"],
        reads: [4, 5, 5],
    },
];

/// Everything is so but the approval.
fn ready() -> Live {
    let live = scene();
    let halted = ran(&live, &["rotate", "--retire", "primary"], &[]);
    assert!(halted.code == 4 && halted.talk.contains("nobody has approved"), "{}", halted.talk);
    live
}

/// What is not as it should be of what each command ends with and says.
fn wrong(live: &Live, case: &Case) -> Vec<String> {
    let Case { name, spoil: _, code, says, reads: [plan, verify, census] } = case;
    let commands: [(&[&str], i32, bool); 6] = [
        (&["advance", "--approve"], *code, true),
        (&["regenerate", "--approve"], *code, true),
        (&["explain"], *code, true),
        (&["plan"], *plan, true),
        (&["verify"], *verify, true),
        // Nothing of stamps is asked for it.
        (&["census"], *census, false),
    ];
    let mut all = Vec::new();
    for (command, code, told) in commands {
        let ran = ran(live, command, &[]);
        let said = format!("{}{}", ran.data, ran.talk);
        let unsaid: Vec<&&str> = says.iter().filter(|says| told && !said.contains(**says)).collect();
        if ran.code != code || !unsaid.is_empty() || regenerated(live) > 0 {
            all.push(format!(
                "{name}: {command:?} ended with {} for {code}, without {unsaid:?}:\n{said}",
                ran.code
            ));
        }
    }
    all
}

fn each(live: &Live, cases: &[Case]) {
    let mut all = Vec::new();
    for case in cases {
        let mend = (case.spoil)(live);
        all.extend(wrong(live, case));
        mend(live);
    }
    assert!(all.is_empty(), "{}", all.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_seen_of_a_stamp_holds_an_approved_regeneration_until_it_is_mended() {
    let live = ready();
    each(&live, &UNSEEN);
    let ended = ran(&live, &["advance", "--approve"], &[]);
    assert_eq!(regenerated(&live), 1, "{}", ended.talk);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_is_wrong_is_told_with_by_how_much_and_nothing_is_sent_by_it() {
    let live = ready();
    let says = &["northeurope", "eastus2", "clock"];
    let cases = [
        Case { name: "late", spoil: |live| late_by(live, 1200), code: 4, says, reads: [4, 5, 5] },
        Case { name: "early", spoil: |live| late_by(live, -1200), code: 4, says, reads: [4, 5, 5] },
    ];
    each(&live, &cases);
    let mend = late_by(&live, 1200);
    let told = ran(&live, &["explain"], &[]).data;
    assert!(
        told.contains("ahead of this machine's") && told.contains("set the clock that is wrong"),
        "{told}"
    );
    mend(&live);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_without_versions_and_then_an_account_that_is_deleted_call_a_person() {
    let live = ready();
    let cases = [
        Case {
            name: "a secret without versions",
            spoil: |live| {
                apply(live, Command::DeleteSecret { stamp: "eastus2".into() });
                Box::new(|_| {})
            },
            code: 4,
            says: &["the vault of eastus2", "404 SecretNotFound", "check the secret's name"],
            reads: [4, 5, 5],
        },
        Case {
            name: "an account that is deleted",
            spoil: |live| {
                apply(live, Command::DeleteAccount);
                Box::new(|_| {})
            },
            code: 4,
            says: &["afmcprd-global-cosmos", "404 Not Found ResourceNotFound"],
            reads: [4, 5, 5],
        },
    ];
    each(&live, &cases);
    let told = ran(&live, &["explain"], &[]).data;
    assert!(
        told.contains("whether the account was deleted") && told.contains("keyslot close --because"),
        "{told}"
    );
}

/// How often anything was changed in the clusters.
fn patches(live: &Live) -> usize {
    live.stage.simulation.wire.transcript().count("PATCH", "/")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_halts_before_it_changes_anything_and_goes_on_when_it_is_mended() {
    let live = scene();
    let late = Case {
        name: "late",
        spoil: |live| late_by(live, 1200),
        code: 4,
        says: &["the clock of", "ahead of this machine's", "set the clock that is wrong"],
        reads: [0; 3],
    };
    for Case { name, spoil, code, says, .. } in UNSEEN.iter().filter(|case| case.code == 4).chain([&late]) {
        let mend = spoil(&live);
        let ran = ran(&live, &["restart", "--retire", "primary"], &[]);
        let said = format!("{}{}", ran.data, ran.talk);
        assert_eq!((ran.code, patches(&live)), (*code, 0), "{name}: {said}");
        says.iter().for_each(|says| assert!(said.contains(says), "{name}: {says}: {said}"));
        mend(&live);
    }
    let mended = ran(&live, &["restart"], &[]);
    assert_eq!((mended.code, patches(&live)), (0, 6), "{}", mended.talk);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stamp_that_does_not_answer_is_waited_for_by_a_restart_that_knows_where_to() {
    let live = scene();
    let mend = suffer(&live, None, Trouble::StampUnreachable);
    for command in ["plan", "restart"] {
        let ran = ran(&live, &[command], &[]);
        assert_eq!(ran.code, 5, "{}", ran.talk);
        for says in ["not every vault can be read", "the vault of eastus2", "no answer", "--retire SLOT"] {
            assert!(ran.talk.contains(says), "{command}: {says}: {}", ran.talk);
        }
        assert_eq!(live.newest_record(), "", "nothing is begun");
    }
    let mut process = live.keyslot(&["restart", "--retire", "primary"]);
    // Twenty minutes of the world.
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!((process.ended(), patches(&live)), (None, 0), "it waits");
    mend(&live);
    let (code, said) = (process.end().await, process.talk());
    assert!(
        code == 0 && said.contains("waits: the vault of eastus2") && said.contains("no answer"),
        "{said}"
    );
    assert_eq!(patches(&live), 6, "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_workload_that_vanishes_in_mid_rollout_stops_every_stamp_and_is_told_by_name() {
    // Whichever of the two comes first by name.
    for stamp in ["northeurope", "eastus2"] {
        vanishes_on(stamp).await;
    }
}

async fn vanishes_on(stamp: &str) {
    // So slow that it vanishes while it rolls.
    let live = Live::of(Scene { stamps: 2, seed: 3 }.world(), 30.0);
    set_policy(&live);
    let workload = WorkloadName::new("workload", "backgroundprocessor-deploy");
    let mut process = live.keyslot(&["restart"]);
    let rolls = || {
        live.stage.simulation.world.with(|world| {
            let canary = world.stamps().next().unwrap();
            canary.cluster.deployment(&workload).is_some_and(|one| one.generation > 1)
        })
    };
    while !rolls() {
        assert_eq!(process.ended(), None);
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    apply(&live, Command::DeleteDeployment { stamp: stamp.into(), workload: workload.clone() });
    let ended = (process.end().await, process.talk());
    let again = ran(&live, &["restart"], &[]);
    let approved = ran(&live, &["regenerate", "--approve"], &[]);
    let says = match stamp {
        "northeurope" => "northeurope/workload/backgroundprocessor-deploy does not exist",
        // The canary goes no further beside a stamp that is not healthy.
        _ => "northeurope is the last healthy stamp",
    };
    let told = ran(&live, &["explain"], &[]);
    assert!(told.data.contains(says), "{}{}", told.data, told.talk);
    for (code, said) in [ended, (again.code, again.talk), (approved.code, approved.talk)] {
        assert_eq!(code, 4, "{said}");
        assert!(said.contains(says), "{said}");
        assert!(
            stamp != "northeurope" || said.contains("correct `workloads` in keyslot.toml, or deploy it"),
            "{said}"
        );
        assert!(!said.contains("a workload does not exist"), "{said}");
    }
    let untouched = live.stage.simulation.world.with(|world| {
        let second = world.stamps().nth(1).unwrap();
        second.cluster.deployments().iter().all(|one| one.generation == 1)
    });
    assert!(untouched && regenerated(&live) == 0);
}

/// Node 0 of the second stamp is lost for ever: so many seconds after the beginning, ten minutes of which are over.
fn node_lost(from: u64, ends_in: Option<Span>, speed: f64) -> Live {
    let fault = Fault::new(
        When::from(Duration::from_secs(from)),
        Target::stamp("eastus2"),
        Trouble::NodeLost { node: 0 },
    );
    let mut config = Scene { stamps: 2, seed: 3 }.config().with_fault(fault);
    for workload in &mut config.workloads {
        workload.ends_in = ends_in.unwrap_or(workload.ends_in);
    }
    let live = Live::of(Scene::of(config), speed);
    set_policy(&live);
    live
}

const NODE: &str = "aks-workload-00000000";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_is_lost_is_named_and_waited_for_until_its_pods_are_replaced() {
    let live = node_lost(600, None, 40.0);
    let ran = ran(&live, &["restart"], &[]);
    let says =
        format!("waits: node {NODE} is not ready and has pods of eastus2/workload/catalogservice-deploy");
    assert!(ran.code == 0 && ran.talk.contains(&says) && !ran.talk.contains("failed"), "{}", ran.talk);
    assert_eq!(patches(&live), 6, "{}", ran.talk);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_never_comes_back_holds_the_key_with_the_old_pods_that_are_on_it() {
    // All is restarted by then, and the old pods have yet to end.
    let live = node_lost(830, Some(Span::secs(400, 500)), 120.0);
    let ended = ran(&live, &["restart", "--quiesce"], &[]);
    let approved = ran(&live, &["regenerate", "--approve"], &[]);
    let told = ran(&live, &["explain"], &[]);
    for (code, said) in [ended, approved, told].map(|ran| (ran.code, ran.data + &ran.talk)) {
        for says in [NODE, "eastus2", "should have ended at", "kubectl get node", "delete the Node"] {
            assert!(code == 4 && said.contains(says), "{says}: {code}: {said}");
        }
    }
    assert_eq!(regenerated(&live), 0);
}
