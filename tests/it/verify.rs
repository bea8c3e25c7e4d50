//! `verify` as a user runs it, on a world that answers.

use keyslot::model::{
    Absent, Access, Blindness, ClassFate, Extent, Fingerprint, Holding, InventoryView, KeyKind, KeyMaterial,
    KeyView, LostClass, ResourceKind, Seen, Slot, StampName, SyncedSecretView, Unlisted,
};
use keyslot::render::matrix::Matrix;
use keyslot::rotation::Standing;
use keyslot::sim::{Command, WorldConfig};
use serde_json::Value;

use crate::consumers::synced;
use crate::live::Live;
use crate::schema::schema_errors;
use crate::stage::{Stage, at, stamp};

fn verify(live: &Live, more: &[&str]) -> (i32, String) {
    let mut arguments = vec!["verify"];
    arguments.extend(more);
    let output = live.command(env!("CARGO_BIN_EXE_keyslot")).args(&arguments).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let text = String::from_utf8(output.stdout).unwrap();
    (output.status.code().unwrap(), if text.is_empty() { said } else { text })
}

fn set_secret(live: &Live, stamp: &StampName, value: KeyMaterial) {
    let command = Command::SetSecret { stamp: stamp.clone(), value };
    live.stage.simulation.world.with(|world| world.apply(command)).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_on_one_key_is_told_and_whoever_differs_is_named() {
    let live = Live::set(WorldConfig::seeded(5), 60.0);
    let (code, text) = verify(&live, &[]);
    assert_eq!((code, text.contains("everybody uses the primary key")), (0, true), "{text}");

    let (last, secondary) = live.stage.simulation.world.with(|world| {
        let last = world.stamps().last().unwrap().name.clone();
        let secondary = world.account().current(KeyKind::read_write(Slot::Secondary)).unwrap();
        (last, (*secondary.material).clone())
    });
    set_secret(&live, &last, secondary);
    let (code, text) = verify(&live, &["--output", "json"]);
    let document: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(schema_errors("verify", &document), [""; 0]);
    assert_eq!((code, &document["agrees"], &document["slot"]), (1, &Value::Bool(false), &Value::Null));
    let kinds: Vec<(&str, &str)> = document["differences"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| (it["stamp"].as_str().unwrap(), it["kind"].as_str().unwrap()))
        .collect();
    assert_eq!(kinds, [(last.as_str(), "other-slot"), (last.as_str(), "old-pods")], "{text}");

    set_secret(&live, &last, KeyMaterial::new("somebody typed this".to_owned()));
    let (code, text) = verify(&live, &[]);
    assert_eq!((code, text.contains("holds neither key of the account")), (1, true), "{text}");
    assert!(!text.contains("somebody typed"), "{text}");
    let (code, text) = verify(&live, &["--output", "json"]);
    let document: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(schema_errors("verify", &document), [""; 0]);
    let first = &document["differences"][0];
    assert_eq!(
        (code, &first["stamp"], &first["kind"]),
        (1, &Value::from(last.as_str()), &Value::from("no-key"))
    );
    assert!(first["message"].as_str().unwrap().contains(last.as_str()), "{text}");
    assert!(!text.contains("somebody typed"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_seen_is_told_and_is_no_agreement() {
    use keyslot::sim::{Fault, Operation, Target, Trouble, When};
    let fault = Fault::new(When::Always, Target::operation(Operation::ReadVault), Trouble::Forbidden);
    let live = Live::set(WorldConfig::seeded(6).with_fault(fault), 60.0);
    let (code, text) = verify(&live, &[]);
    assert_eq!(code, 5, "{text}");
    assert!(text.contains("not seen: the vault of"), "{text}");
    assert!(text.contains("nobody can say which key is used"), "{text}");
    let log = live.stage.simulation.wire.transcript();
    assert_eq!(log.count("DELETE", "/dbs"), 0, "no key is probed");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_keys_may_not_be_listed_nobody_is_said_to_hold_another() {
    use keyslot::sim::{Fault, Operation, Target, Trouble, When};
    let fault = Fault::new(When::Always, Target::operation(Operation::ListKeys), Trouble::Forbidden);
    let live = Live::set(WorldConfig::seeded(6).with_fault(fault), 60.0);
    let (code, text) = verify(&live, &[]);
    assert_eq!(code, 5, "{text}");
    assert!(text.contains("not seen: the account") && text.contains("list the keys"), "{text}");
    assert!(!text.contains("neither key") && !text.contains("disagree"), "{text}");
}

/// The vaults are looked at with `--retire` left out, and in a rotation that waits for them.
#[test]
fn vaults_whose_keys_cannot_be_told_are_unknown_and_hold_nothing_else() {
    use keyslot::model::{Blind, Blindness};
    use keyslot::rotation::{Verdict, Why, restart_target};
    let mut stage = Stage::before_restart();
    let account = stage.account_mut();
    account.keys.values_mut().for_each(|key| key.fingerprint = None);
    let why = "ScopeLocked".to_owned();
    account.keys_hidden = Some(Blind { kind: Blindness::Forbidden, why });
    let Verdict::Halt { reasons } = stage.decide().verdict else { panic!("{:?}", stage.decide()) };
    let of_vaults = |why: &Why| matches!(why, Why::VaultHolds { .. } | Why::VaultHoldsNoKey);
    assert!(!reasons.iter().any(|reason| of_vaults(&reason.why)), "{reasons:?}");
    let told = |why: &Why| matches!(why, Why::Blind { blind, .. } if blind.why == "ScopeLocked");
    assert!(reasons.iter().any(|reason| told(&reason.why)), "{reasons:?}");
    let unclear = restart_target(&stage.world).unwrap_err();
    assert!(unclear.iter().all(|line| line.contains("ScopeLocked")), "{unclear:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_vault_that_cannot_be_seen_leaves_what_the_others_say() {
    use keyslot::sim::{Fault, Operation, Target, Trouble, When};
    let target = Target::operation(Operation::ReadVault).and_stamp("northeurope");
    let fault = Fault::new(When::Always, target, Trouble::Forbidden);
    let live = Live::set(WorldConfig::seeded(6).with_fault(fault), 60.0);
    let (code, text) = verify(&live, &[]);
    assert_eq!(code, 5, "{text}");
    assert!(text.contains("everybody who could be seen uses the primary key"), "{text}");
    let (_, text) = verify(&live, &["--output", "json"]);
    let document: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(document["slot"], Value::Null, "not everybody was seen: {text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_that_azure_does_not_know_is_no_empty_one() {
    let live = Live::set(WorldConfig::seeded(7), 60.0);
    let path = live.stage.settings_path();
    let settings = std::fs::read_to_string(&path).unwrap();
    assert!(settings.contains("-aks\""), "the last stamp is found through Azure");
    // Where the subscription is not told, Azure's word would count for nothing.
    let own = settings.lines().find(|line| line.starts_with("subscription = ")).unwrap();
    std::fs::write(&path, settings.replace("-aks\"", &format!("-wrong\"\n{own}"))).unwrap();
    let (code, text) = verify(&live, &[]);
    assert_eq!(code, 5, "{text}");
    assert!(text.contains("Azure knows no cluster of this name"), "{text}");
    let output = live.command(env!("CARGO_BIN_EXE_keyslot")).arg("plan").output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(4), "{said}");
    assert!(said.contains("Azure knows no cluster of"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stamp_that_has_another_ones_cluster_is_no_agreement() {
    let live = Live::set(WorldConfig::seeded(8), 60.0);
    let kubeconfigs: Vec<_> = std::fs::read_dir(&live.stage.folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("kubeconfig-")))
        .collect();
    std::fs::copy(&kubeconfigs[0], &kubeconfigs[1]).unwrap();
    let (code, text) = verify(&live, &[]);
    assert_eq!(code, 5, "{text}");
    assert!(text.contains("nothing shows which version") && text.contains("unknown ("), "{text}");
    let output = live.command(env!("CARGO_BIN_EXE_keyslot")).arg("plan").output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(4), "{said}");
    assert!(said.contains("have one cluster: it shows the same pods"), "{said}");
}

#[test]
fn pods_that_show_no_version_and_clocks_that_are_apart_leave_it_unseen() {
    let lag = std::time::Duration::from_secs(5);
    let told = |stage: &Stage| {
        let standing = Standing::of(&stage.world, &[stamp("east")], Access::ReadWrite, lag);
        standing.unseen.into_iter().map(|one| one.blind.why).collect::<Vec<_>>()
    };
    let mut stage = Stage::ready();
    assert_eq!(told(&stage), [""; 0]);
    stage.cluster_mut("east").ahead = Some(jiff::SignedDuration::from_secs(-40));
    assert!(told(&stage)[0].contains("its clock is 40s behind"), "{:?}", told(&stage));
    let mut stage = Stage::ready();
    stage.cluster_mut("east").pods[0].mounted = None;
    assert!(told(&stage)[0].contains("nothing shows which version"), "{:?}", told(&stage));
    // The driver's last write may have been of the Secret's owners.
    let mut stage = Stage::ready();
    let changed = stage.cluster_mut("east").pods[0].created + jiff::SignedDuration::from_secs(5);
    let synced = synced(Slot::Secondary);
    stage.cluster_mut("east").synced.push(SyncedSecretView { changed: Some(changed), ..synced });
    let reads = vec!["cosmos".to_owned()];
    stage.cluster_mut("east").pods[0].holding = Holding::Specified { mounts: true, reads };
    assert!(told(&stage)[0].contains("written after they began"), "{:?}", told(&stage));
    let standing = Standing::of(&stage.world, &[stamp("east")], Access::ReadWrite, lag);
    assert!(standing.agrees(), "{:?}", standing.differences);
}

fn shown(stage: &Stage) -> String {
    let (lag, stamps) = (std::time::Duration::from_secs(5), [stamp("east")]);
    Matrix::of(&stage.world, &stamps, Access::ReadWrite, lag, stage.now).table()
}

#[test]
fn an_old_pod_is_told_as_old_whatever_it_mounts_and_of_a_young_one_without_a_mount_nobody_knows() {
    let unmounted = |mut stage: Stage| {
        stage.cluster_mut("east").pods.iter_mut().for_each(|pod| pod.mounted = None);
        stage
    };
    // A vault that was written once more with the same key has old pods, too.
    for stage in [Stage::before_restart(), unmounted(Stage::before_restart())] {
        let old = shown(&stage);
        assert!(old.contains("older (0s) (3 old)"), "{old}");
    }
    let young = shown(&unmounted(Stage::ready()));
    assert!(young.contains("unknown"), "{young}");
    let mut stage = Stage::before_restart();
    stage.cluster_mut("east").pods[0] = Stage::ready().cluster_mut("east").pods[0].clone();
    assert!(shown(&stage).contains("mixed (0s) (2 old)"), "{}", shown(&stage));
}

#[test]
fn young_pods_that_read_a_secret_which_was_left_behind_are_not_told_to_hold_the_vaults_key() {
    let mut stage = Stage::ready();
    assert!(!shown(&stage).contains("mixed"), "{}", shown(&stage));
    stage.cluster_mut("east").synced.push(synced(Slot::Primary));
    assert!(!shown(&stage).contains("mixed"), "nobody reads it: {}", shown(&stage));
    let reads = Holding::Specified { mounts: true, reads: vec!["cosmos".to_owned()] };
    stage.cluster_mut("east").pods[0].holding = reads;
    assert!(shown(&stage).contains("mixed (0s)"), "{}", shown(&stage));
    stage.cluster_mut("east").synced[0] = synced(Slot::Secondary);
    assert!(!shown(&stage).contains("mixed"), "{}", shown(&stage));
}

/// Of both stamps, what differs and what is not seen.
fn judged(stage: &Stage, access: Access) -> (Standing, String) {
    let stamps = [stamp("east"), stamp("north")];
    let standing = Standing::of(&stage.world, &stamps, access, std::time::Duration::from_secs(5));
    let text = keyslot::render::verify::verdict(&standing);
    (standing, text)
}

#[test]
fn a_key_of_the_other_access_is_no_key_of_the_slot() {
    let read_only = Fingerprint::of(b"read-only", &crate::stage::salt());
    let mut stage = Stage::ready();
    let kind = KeyKind { slot: Slot::Secondary, access: Access::ReadOnly };
    let view = KeyView { fingerprint: Some(read_only.clone()), ..KeyView::default() };
    stage.account_mut().keys.insert(kind, view);
    assert!(judged(&stage, Access::ReadWrite).1.contains("everybody uses the secondary key"));
    for name in ["east", "north"] {
        stage.vault_mut(name).fingerprint = read_only.clone();
        let (standing, text) = judged(&stage, Access::ReadWrite);
        assert_eq!((standing.slot, standing.agrees()), (None, false), "{text}");
        let words = format!(
            "{name}: its vault holds the read-only secondary key, and should hold the read-write one"
        );
        assert!(text.contains(&words), "{text}");
        assert!(standing.differences.iter().all(|one| one.kind() == "other-access"), "{standing:?}");
    }
    assert!(shown(&stage).contains("secondary read-only (0s)"), "{}", shown(&stage));
    // For whoever asks for that one, it is as it should be.
    assert_eq!(judged(&stage, Access::ReadOnly).0.slot, Some(Slot::Secondary));
}

#[test]
fn what_azure_lists_and_nobody_configured_is_not_seen() {
    let mut stage = Stage::ready();
    assert!(judged(&stage, Access::ReadWrite).0.unseen.is_empty());
    let unlisted = Unlisted {
        kind: ResourceKind::Vault,
        name: "old-kv".to_owned(),
        resource_group: "rg".to_owned(),
        location: "eastus2".to_owned(),
    };
    let absent = Absent { stamp: stamp("north"), kind: ResourceKind::Vault, name: "north-kv".to_owned() };
    let view = InventoryView {
        unlisted: vec![unlisted],
        absent: vec![absent],
        unlike: [stamp("east")].into(),
        ..InventoryView::default()
    };
    stage.world.inventory = Some(Seen::known(stage.now, view));
    let refused = vec!["batch".to_owned()];
    stage.cluster_mut("north").extent =
        Some(Extent { namespaces: vec!["workload".to_owned()], refused, whole: false });
    let (standing, text) = judged(&stage, Access::ReadWrite);
    assert_eq!((standing.unseen.len(), standing.agrees()), (4, true), "{text}");
    for words in [
        "it shows the Key Vault old-kv (eastus2, resource group rg), which looks like part of a stamp",
        "it does not show the Key Vault north-kv of north, which is there: it is not whole",
        "not seen: Azure's list of stamps: east does not look like a stamp",
        "not seen: the cluster of north: batch may not be listed",
        "everybody who could be seen uses the secondary key",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    stage.world.inventory = Some(Seen::blind(stage.now, Blindness::Forbidden, "403"));
    let text = judged(&stage, Access::ReadWrite).1;
    assert!(text.contains("not seen: Azure's list of stamps: 403"), "{text}");
}

#[test]
fn what_became_of_a_class_is_told_as_it_is() {
    for (fate, words) in [
        (ClassFate::OtherVault, "names another vault than any stamp in keyslot.toml"),
        (ClassFate::Absent, "is gone"),
        (ClassFate::Filled, "filled before it was changed"),
    ] {
        let mut stage = Stage::ready();
        let class = LostClass { name: "cosmos".to_owned(), fate };
        // Older than its vault's version, so that every fate matters.
        let pod = &mut stage.cluster_mut("east").pods[0];
        pod.created = at(-1_000_000);
        pod.mounted = None;
        pod.holding = Holding::Unclear(class);
        let (_, text) = judged(&stage, Access::ReadWrite);
        assert!(text.contains(words), "{fate:?}: {text}");
        assert!(!text.contains("gone or was changed"), "{text}");
    }
}

#[test]
fn a_cluster_that_answers_by_another_way_does_not_prove_its_name() {
    let mut stage = Stage::ready();
    let absent = Absent { stamp: stamp("north"), kind: ResourceKind::Cluster, name: "north-aksx".to_owned() };
    let view = InventoryView { absent: vec![absent], ..InventoryView::default() };
    stage.world.inventory = Some(Seen::known(stage.now, view));
    let (_, text) = judged(&stage, Access::ReadWrite);
    assert!(
        text.contains("the cluster of north answers: correct its name in keyslot.toml (`aks`)"),
        "{text}"
    );
    assert!(!text.contains("which is there"), "{text}");
}

#[test]
fn of_two_that_differ_neither_is_most() {
    let mut stage = Stage::ready();
    stage.vault_mut("north").fingerprint = crate::stage::key(Slot::Primary);
    let (standing, text) = judged(&stage, Access::ReadWrite);
    for (name, slot) in [("east", "secondary"), ("north", "primary")] {
        let words = format!("{name}: its vault holds the {slot} key, as many others the other");
        assert!(text.contains(&words), "{text}");
    }
    assert_eq!(standing.slot, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vault_with_the_read_only_key_is_a_difference_and_a_blind_list_of_stamps_no_agreement() {
    use keyslot::sim::{Fault, Operation, Target, Trouble, When};
    let live = Live::set(WorldConfig::seeded(9), 60.0);
    let (last, read_only) = live.stage.simulation.world.with(|world| {
        let last = world.stamps().last().unwrap().name.clone();
        let kind = KeyKind { slot: Slot::Primary, access: Access::ReadOnly };
        (last, (*world.account().current(kind).unwrap().material).clone())
    });
    set_secret(&live, &last, read_only);
    let (code, text) = verify(&live, &[]);
    let words = "its vault holds the read-only primary key, and should hold the read-write one";
    assert_eq!((code, text.contains(words)), (1, true), "{text}");

    let fault = Fault::new(When::Always, Target::operation(Operation::ReadInventory), Trouble::Forbidden);
    let live = Live::set(WorldConfig::seeded(9).with_fault(fault), 60.0);
    let (code, text) = verify(&live, &[]);
    assert_eq!((code, text.contains("not seen: Azure's list of stamps")), (5, true), "{text}");
}
