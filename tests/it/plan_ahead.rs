//! `keyslot plan` as a user runs it: what it says, what it asks, and that it writes nothing.

use keyslot::model::{
    Blindness, ClusterState, ClusterView, Extent, LiveBy, Manager, NetworkRules, RunResult, RunState, Seen,
    Slot, StageView, SyncedSecretView, UnseenSecret,
};
use keyslot::render::foresight::{self, ChangedLine};
use keyslot::rotation::{Decider, Foresight, Leg, Phase, preflight, restarts};
use keyslot::sim::config::KeySource;
use keyslot::sim::{Fault, Operation, Target, Trouble, When, WorldConfig};

use crate::gates::unproposed;
use crate::harm_scenarios::small;
use crate::live::Live;
use crate::stage::{HOLDER, Stage, at, opened, stamp};

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
        "- \"CosmosDb-ApiKey\"",
        "+ \"CosmosDb-ApiKey\"",
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

/// The plan of the stage's open rotation.
fn of_open(stage: &Stage) -> String {
    let decider =
        Decider { policy: &stage.policy, holder: HOLDER, without: &stage.without, reach: &stage.reach };
    let restarts = restarts(&decider, &stage.fold(), &opened(), &stage.world, stage.now);
    let plan = Foresight::of(&opened(), true, &stage.decide(), &stage.world, &stage.policy, Vec::new());
    let report = stage.report();
    let plan = plan.begun_with(&report.phases, &restarts).approved(report.approved);
    let later = preflight(&decider, &stage.fold(), &stage.world, stage.now);
    let [before, after] = ["x.primary_key", "x.secondary_key"].map(str::to_owned);
    let line = ChangedLine { path: "a.tf".to_owned(), line: 1, before, after };
    foresight::plan(&plan.meeting(later), &Ok(vec![line]))
}

#[test]
fn what_would_hold_the_restarts_of_an_open_rotation_is_told_while_others_are_waited_for() {
    let mut stage = unproposed();
    let reached = keyslot::rotation::Event::Reached { leg: Leg::Out, phase: Phase::Propose };
    stage.events.push((at(4), reached));
    assert!(!of_open(&stage).contains("\nin the way"), "{}", of_open(&stage));
    stage.cluster_mut("north").workloads[0].paused = true;
    let disabled = Seen::blind(stage.now, Blindness::Disabled, "403");
    stage.world.vaults.insert(stamp("north"), disabled);
    let text = of_open(&stage);
    assert!(text.contains("\nin the way later\n  preflight: the secret in the vault of north"), "{text}");
    assert!(text.contains("to do: kubectl rollout resume"), "{text}");
    assert!(text.ends_with("something is in the way\n"), "{text}");
    // From the restarts on they are gates of the phase itself.
    let mut stage = Stage::before_restart();
    stage.cluster_mut("east").workloads[0].paused = true;
    let text = of_open(&stage);
    assert!(text.contains("\nin the way\n") && !text.contains("in the way later"), "{text}");
}

#[test]
fn what_would_hold_the_run_is_told_before_anything_is_proposed() {
    type Spoil = fn(&mut Stage);
    let planned = |spoil: Spoil| {
        let mut stage = unproposed();
        for name in ["east", "north"] {
            stage.vault_mut(name).fingerprint = crate::stage::key(Slot::Primary);
        }
        spoil(&mut stage);
        let acts = matches!(stage.decide().verdict, keyslot::rotation::Verdict::Act { .. });
        assert!(acts, "it is proposed all the same: {:?}", stage.decide());
        of_open(&stage)
    };
    let text = planned(|_| {});
    assert!(text.contains("0 of 0 rights are there; nothing is in the way of"), "{text}");
    let cases: [(&str, Spoil); 4] = [
        ("run-ended: the pipeline's runs cannot be seen: no such pipeline", |stage| {
            stage.world.runs = Some(Seen::blind(stage.now, Blindness::Missing, "no such pipeline"));
        }),
        ("declare each under [[environment.NAME.release.pipeline.stage]]", |stage| {
            let ended = RunState::Completed(RunResult::Succeeded);
            let mut run = crate::gates::run(ended, ended);
            run.branch = stage.code_mut().release.as_ref().unwrap().branch.clone();
            run.stages = vec![StageView::new("destroy-old", ended, None)];
            stage.world.runs = Some(Seen::known(stage.now, vec![run]));
        }),
        ("promoted: ", |stage| {
            let tags = vec!["release/0".into()];
            stage.code_mut().live_by = LiveBy::Contradiction { tags, run: None };
        }),
        ("target-proven: ", |stage| stage.account_mut().provisioning = "Updating".to_owned()),
    ];
    for (words, spoil) in cases {
        let text = planned(spoil);
        let later = text.split("in the way later").nth(1).unwrap_or_default();
        assert!(later.contains(words) && text.ends_with("something is in the way\n"), "{words}: {text}");
    }
}

#[test]
fn a_rollout_that_gets_on_is_told_and_one_that_does_not_is_in_the_way() {
    let mut stage = unproposed();
    assert!(!of_open(&stage).contains("is rolling out"), "{}", of_open(&stage));
    let workload = &mut stage.cluster_mut("north").workloads[0];
    (workload.replicas, workload.updated) = (4, 1);
    let text = of_open(&stage);
    assert!(
        text.contains("catalogservice-deploy is rolling out: its restart waits until that is over"),
        "{text}"
    );
    assert!(text.contains("nothing is in the way of"), "{text}");
    // By what its controller says it will not come up.
    stage.cluster_mut("north").workloads[0].conditions.push(crate::gates::restart::out_of_time());
    let text = of_open(&stage);
    assert!(!text.contains("is rolling out") && text.contains("it has timed out progressing"), "{text}");
    stage.vault_mut("north").expires = Some(at(500_000));
    assert!(of_open(&stage).contains("north: the secret's current version expires at 2027-01-"));
    stage.vault_mut("north").valid_from = Some(at(500_000));
    assert!(of_open(&stage).contains("north: the secret's current version is not valid before 2027-01-"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_that_would_be_refused_later_says_so_and_proposes_nothing() {
    let forbid = |operation| Fault::new(When::Always, Target::operation(operation), Trouble::Forbidden);
    let config = WorldConfig::seeded(9)
        .with_fault(forbid(Operation::Regenerate))
        .with_fault(forbid(Operation::Restart));
    let live = Live::set(config, 600.0);
    let output = live.command(env!("CARGO_BIN_EXE_keyslot")).arg("rotate").output().unwrap();
    let said =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(4), "{said}");
    for words in [
        "northeurope: by what its cluster says keyslot may not patch deployments in namespace workload",
        "may-regenerate",
        "assign the role “DocumentDB Account Contributor”",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert_eq!(live.stage.simulation.wire.transcript().count("POST", "/pulls"), 0, "{said}");
}

#[test]
fn what_was_never_proposed_is_not_told_as_done_because_something_later_was_reached() {
    let mut stage = unproposed();
    for phase in [Phase::Propose, Phase::Restart, Phase::Quiesce] {
        stage.events.push((at(4), keyslot::rotation::Event::Reached { leg: Leg::Out, phase }));
    }
    stage.world.account = Some(Seen::blind(stage.now, Blindness::Unreachable, "no answer"));
    let text = of_open(&stage);
    assert!(text.contains("to come  a pull request changes the code"), "{text}");
    assert!(!text.contains("done     a pull request changes the code"), "{text}");
}

#[test]
fn an_approval_is_a_thing_of_its_own_and_waits_that_are_over_are_not_counted() {
    let text = of_open(&Stage::before_restart());
    for words in ["  done     somebody approves that it is regenerated", "1h 30m are left in all"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    let mut stage = Stage::ready();
    let text = of_open(&stage);
    for words in
        ["  done     somebody approves", "  now      the primary key is regenerated", "30m are left in all"]
    {
        assert!(text.contains(words), "{words}: {text}");
    }
    stage.events.retain(|(_, event)| !matches!(event, keyslot::rotation::Event::Approved(_)));
    let text = of_open(&stage);
    for words in [
        "  done     no pod is left that could hold the primary key",
        "  now      somebody approves",
        "  to come  the primary key is regenerated",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
}

#[test]
fn of_an_account_that_cannot_be_read_nobody_says_where_it_is() {
    let mut stage = Stage::ready();
    stage.policy.stamps[0].region = Some("uksouth".to_owned());
    stage.world.account = Some(Seen::blind(stage.now, Blindness::Unreachable, "no answer"));
    assert!(!of_open(&stage).contains("the account is not in"), "{}", of_open(&stage));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vault_that_is_named_wrongly_is_told_by_the_plan_and_nothing_is_proposed() {
    let live = Live::set(WorldConfig::seeded(14), 60.0);
    let path = live.stage.settings_path();
    live.set_first("key_vault", "\"nowhere-kv\"");
    for command in [
        &["plan", "--retire", "primary"][..],
        &["rotate", "--retire", "primary"],
        &["propose", "--retire", "primary"],
    ] {
        let output = live.command(env!("CARGO_BIN_EXE_keyslot")).args(command).output().unwrap();
        let said =
            format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.status.code(), Some(4), "{command:?}: {said}");
        assert!(
            said.contains("no such vault") && said.contains("correct `key_vault`"),
            "{command:?}: {said}"
        );
    }
    // Nobody says which slot: that is no matter of what was typed.
    let output =
        live.command(env!("CARGO_BIN_EXE_keyslot")).args(["plan", "--config"]).arg(&path).output().unwrap();
    assert_eq!(output.status.code(), Some(4), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(live.stage.simulation.wire.transcript().count("POST", "/pulls"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn which_slot_is_in_use_nobody_says_while_a_vault_cannot_be_read() {
    let fault = Fault::new(When::Always, Target::operation(Operation::ReadVault), Trouble::Forbidden);
    let (_live, code, text) = plan(WorldConfig::seeded(15).with_fault(fault));
    assert_eq!(code, 5, "{text}");
    assert!(text.contains("mend that first"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kubeconfig_that_is_not_there_is_for_a_person() {
    let live = Live::set(WorldConfig::seeded(16), 60.0);
    live.set_first("kubeconfig", "\"nowhere.yaml\"");
    let output = live.command(env!("CARGO_BIN_EXE_keyslot")).arg("plan").output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(4), "{said}");
    assert!(said.contains("nowhere.yaml"), "{said}");
}

#[test]
fn the_plan_of_an_open_rotation_says_what_is_done_what_runs_and_what_is_to_come() {
    // The first stamp has been restarted, the second rolls out, and for the third it is yet to come.
    let mut stage = Stage::before_restart();
    let third = stage.policy.stamps[1].clone();
    stage.policy.stamps.push(keyslot::model::StampFacts { name: stamp("west"), ..third });
    let (north, west) = (stamp("north"), stamp("west"));
    let (vault, cluster) = (stage.world.vaults[&north].clone(), stage.world.clusters[&north].clone());
    stage.world.vaults.insert(west.clone(), vault);
    stage.world.clusters.insert(west, cluster);
    stage.cluster_mut("east").pods.iter_mut().for_each(|pod| pod.created = at(60));
    stage.cluster_mut("north").workloads[0].updated = 1;
    let text = of_open(&stage);
    for words in [
        "  done     the secondary key is proven",
        "  done     a pull request changes the code:",
        "  done     it is merged by people",
        "  done     wave 1, the canary: east: restart",
        "  now      wave 2: north: restart",
        "  to come  wave 3: west: restart",
        "  to come  no pod is left",
        "  to come  the primary key is regenerated",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    // Two at once, of which one is over.
    stage.policy.wave_size = 2;
    stage.cluster_mut("west").pods.iter_mut().for_each(|pod| pod.created = at(60));
    let text = of_open(&stage);
    assert!(text.contains("now      wave 2: north (now), west (done): restart"), "{text}");
    // A vault that lags behind: whatever its pods are, they are not done.
    stage.vault_mut("east").fingerprint = crate::stage::key(Slot::Primary);
    let text = of_open(&stage);
    assert!(text.contains("to come  wave 1, the canary: east"), "{text}");

    let text = of_open(&Stage::ready());
    assert!(text.contains("done     wave 2: north"), "{text}");
    assert!(text.contains("now      the primary key is regenerated"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_networks_that_an_account_lets_in_are_told_and_whoever_is_kept_out_is_stopped() {
    let mut config = WorldConfig::seeded(12);
    config.account.network = Some(NetworkRules { addresses: 3, ..NetworkRules::default() });
    let (_live, code, text) = plan(config.clone());
    assert_eq!(code, 0, "{text}");
    assert!(
        text.contains("does not let everybody in (3 address rules), and this machine is let in"),
        "{text}"
    );

    let out = Fault::new(When::Always, Target::operation(Operation::Probe), Trouble::Forbidden);
    let (_live, code, text) = plan(config.with_fault(out));
    assert_eq!(code, 4, "{text}");
    for words in [
        "target-proven: this machine cannot ask Cosmos DB whether the secondary key is accepted: the account's network \
         rules keep it out of",
        "(3 address rules); nor could it ask that of the new key later",
        "to do: run keyslot where the workloads run",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(!text.contains("this machine is let in"), "{text}");
}

#[test]
fn of_a_stopped_cluster_it_is_told_what_nobody_sees_until_it_starts() {
    let mut stage = Stage::ready();
    for name in ["east", "north"] {
        *stage.cluster_mut(name) = ClusterView { state: ClusterState::Stopped, ..ClusterView::default() };
    }
    let text = of_open(&stage);
    for stamp in ["east", "north"] {
        let words = format!(
            "{stamp}: its cluster does not run: its vault has to hold the new key, and what Kubernetes \
            Secrets there hold cannot be seen: one that the CSI driver filled may hold the old key, and pods read it when"
        );
        assert!(text.contains(&words), "{text}");
    }
}

#[test]
fn what_the_configuration_leaves_open_of_a_stamp_is_told() {
    let mut stage = Stage::ready();
    assert!(!of_open(&stage).contains("to know"), "{}", of_open(&stage));
    stage.policy.stamps[0].region = Some("uksouth".to_owned());
    stage.policy.stamps[1].region = None;
    stage.policy.stamps[1].addresses = Vec::new();
    let (namespaces, refused) = (vec!["workload".to_owned()], vec!["closed".to_owned()]);
    stage.cluster_mut("north").extent = Some(Extent { namespaces, refused, whole: true });
    let (namespace, name) = ("workload".to_owned(), "billing".to_owned());
    let why = "secrets \"billing\" is forbidden: User \"u\" cannot get resource \"secrets\"".to_owned();
    stage.cluster_mut("north").unseen.push(UnseenSecret { namespace, name, why });
    let text = of_open(&stage);
    for words in [
        "north: whether a SecretProviderClass filled workload/billing before, which pods read and none fills now, nobody may \
         see: secrets \"billing\" is forbidden: User \"u\" cannot get resource \"secrets\"",
        "east: the account is not in uksouth",
        "north: nobody says which of the account's regions serves it",
        "north: of its cluster only the namespace workload is looked at; closed may not be listed: whoever gets the secret",
        "of a release unit, `outbound_addresses` to its object in the Terraform output",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_that_the_driver_would_leave_as_they_are_are_told_before_anything_is_begun() {
    for rotation in [false, true] {
        let mut config = WorldConfig::seeded(18);
        config.kubernetes.csi.rotation = rotation;
        config.workloads[0].key = KeySource::SyncedSecret("cosmos".to_owned());
        let (_live, code, text) = plan(config);
        assert_eq!(code, 0, "{text}");
        // The sandbox's last stamp is reached through Azure, the others by a kubeconfig, with their names in Azure beside it.
        let off = "its CSI driver has rotation off: the old key stays in the Kubernetes Secret workload/cosmos \
                   when the vault holds the new one, which holds the rotation then\n      to do: the CSI driver fills it only when \
                   rotation is on: turn rotation on; or delete the Secret and restart one workload that mounts its class";
        for stamp in ["southeastasia", "northeurope"] {
            assert_eq!(text.contains(&format!("{stamp}: {off}")), !rotation, "{text}");
        }
        assert!(!text.contains("nobody says whether its CSI"), "{text}");
    }
}

#[test]
fn who_else_writes_what_is_restarted_is_told_once() {
    let mut stage = Stage::ready();
    let by = Manager::ArgoApplication("shop".to_owned());
    assert!(!of_open(&stage).contains("manages"), "{}", of_open(&stage));
    stage.cluster_mut("north").workloads[0].manager = Some(by.clone());
    let words = "Argo CD (Application shop) manages workload/catalogservice-deploy (north)";
    assert!(of_open(&stage).contains(words), "{}", of_open(&stage));
    stage.cluster_mut("east").workloads[0].manager = Some(by);
    let text = of_open(&stage);
    assert_eq!(text.matches("Argo CD").count(), 1, "{text}");
    assert!(text.contains("catalogservice-deploy (2 stamps)"), "{text}");
}

#[test]
fn a_driver_that_fills_no_secret_need_not_rotate() {
    let mut stage = Stage::ready();
    for rotates in [None, Some(false)] {
        stage.cluster_mut("north").rotates = rotates;
        assert!(!of_open(&stage).contains("CSI driver"), "{rotates:?}: {}", of_open(&stage));
    }
    let fingerprint = stage.vault_mut("north").fingerprint.clone();
    for name in ["orders", "billing"] {
        let (namespace, name, fingerprint) = ("workload".to_owned(), name.to_owned(), fingerprint.clone());
        let secret = SyncedSecretView {
            namespace,
            name,
            fingerprint,
            changed: None,
            owners: Vec::new(),
            said_since: None,
            unread: false,
        };
        stage.cluster_mut("north").synced.push(secret);
    }
    let words = "north: its CSI driver has rotation off: the old key stays in the Kubernetes Secrets workload/orders, \
                 workload/billing when";
    assert!(of_open(&stage).contains(words), "{}", of_open(&stage));
    stage.cluster_mut("north").rotates = None;
    let words = "north: nobody says whether its CSI driver has rotation on";
    assert!(of_open(&stage).contains(words), "{}", of_open(&stage));
    stage.cluster_mut("north").rotates = Some(true);
    assert!(!of_open(&stage).contains("CSI driver"), "{}", of_open(&stage));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_that_does_not_answer_is_not_asked_for_its_rights_and_budgets() {
    let fault = Fault::new(When::Always, Target::operation(Operation::ReadCluster), Trouble::Unreachable);
    let (live, code, text) = plan(WorldConfig::seeded(17).with_fault(fault));
    assert_eq!(code, 3, "{text}");
    assert!(text.contains("use the cluster: its cluster does not answer"), "{text}");
    let log = live.stage.simulation.wire.transcript();
    assert_eq!(log.count("POST", "/selfsubjectaccessreviews"), 0, "{text}");
}

/// Code that gives the key to a web app past the secret.
const WEB_APP: &str = "src/infra/releaseunit/modules/stamp/web-app.tf";

fn with_web_app(mut config: WorldConfig) -> WorldConfig {
    let app = "resource \"azurerm_linux_web_app\" \"shop\" {\n  app_settings = {\n    COSMOS_KEY = \
               data.azurerm_cosmosdb_account.global.primary_key\n  }\n}\n";
    config.repository.tree = config.repository.tree.with(WEB_APP, app.as_bytes());
    config
}

#[tokio::test(flavor = "multi_thread")]
async fn what_takes_the_key_past_the_secret_is_told_before_anything_is_begun() {
    let (live, code, text) = plan(with_web_app(WorldConfig::seeded(8)));
    assert_eq!(code, 4, "{text}");
    for words in [
        "in the way later",
        "azurerm_linux_web_app.shop (app_settings.COSMOS_KEY)",
        WEB_APP,
        "accept it by name",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert_eq!(live.newest_record(), "", "the journal is as it was");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_takes_the_key_past_the_secret_halts_the_program_until_it_is_accepted_by_name() {
    let live = Live::set(with_web_app(small()), 2000.0);
    let regenerated = || live.stage.simulation.world.with(|world| world.outcome().regenerated.len());
    let mut held = live.keyslot(&["rotate", "--approve"]);
    assert_eq!(held.end().await, 4, "{}", held.talk());
    assert!(held.talk().contains("azurerm_linux_web_app.shop"), "{}", held.talk());
    assert_eq!(regenerated(), 0, "the old key opens as before");

    let rest = ["--because", "it was applied", "--until", "2100-01-01T00:00:00Z"];
    let accept = |subject: &'static str| [&["rotate", "--accept", subject][..], &rest].concat();
    let mut other = live.keyslot(&accept("readers:azurerm_linux_web_app.other"));
    assert_eq!(other.end().await, 2, "{}", other.talk());
    let mut accepted = live.keyslot(&accept("readers:azurerm_linux_web_app.shop"));
    assert_eq!(accepted.end().await, 0, "{}", accepted.talk());
    assert_eq!(regenerated(), 1);
}
