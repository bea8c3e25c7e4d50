//! `verify` as a user runs it, on a world that answers.

use keyslot::model::{Holding, KeyKind, KeyMaterial, Slot, StampName, SyncedSecretView};
use keyslot::sim::{Command, WorldConfig};
use serde_json::Value;

use crate::live::Live;
use crate::schema::schema_errors;

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
    std::fs::write(&path, settings.replace("-aks\"", "-wrong\"")).unwrap();
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
    use crate::stage::{Stage, stamp};
    let lag = std::time::Duration::from_secs(5);
    let told = |stage: &Stage| {
        let standing = keyslot::rotation::Standing::of(&stage.world, &[stamp("east")], lag);
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
    let synced = crate::consumers::synced(Slot::Secondary);
    stage.cluster_mut("east").synced.push(SyncedSecretView { changed: Some(changed), ..synced });
    let reads = vec!["cosmos".to_owned()];
    stage.cluster_mut("east").pods[0].holding = Holding::Specified { mounts: true, reads };
    assert!(told(&stage)[0].contains("written after they began"), "{:?}", told(&stage));
    let standing = keyslot::rotation::Standing::of(&stage.world, &[stamp("east")], lag);
    assert!(standing.agrees(), "{:?}", standing.differences);
}

#[test]
fn an_old_pod_whose_mount_nobody_asked_for_holds_the_old_key_and_a_young_one_nobody_knows_which() {
    use crate::stage::{Stage, stamp};
    let shown = |stage: &Stage| {
        let lag = std::time::Duration::from_secs(5);
        let access = keyslot::model::Access::ReadWrite;
        let stamps = [stamp("east")];
        keyslot::render::matrix::Matrix::of(&stage.world, &stamps, access, lag, stage.now).table()
    };
    let unmounted = |mut stage: Stage| {
        stage.cluster_mut("east").pods.iter_mut().for_each(|pod| pod.mounted = None);
        stage
    };
    let old = shown(&unmounted(Stage::before_restart()));
    assert!(old.contains("primary") && !old.contains("unknown"), "{old}");
    let young = shown(&unmounted(Stage::ready()));
    assert!(young.contains("unknown"), "{young}");
}
