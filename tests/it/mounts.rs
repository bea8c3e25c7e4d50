//! What pods mount is listed where it tells something: after a stamp's last rollout, and never again of pods that were seen
//! to mount what the vault holds.

use std::sync::{Arc, Mutex};

use keyslot::model::{ClusterView, Salt, SecretVersion};
use keyslot::ports::{Clusters as _, Fault, Glance, Happening};
use serde_json::{Value, json};

use crate::kubernetes_adapter::{
    Say, Setup, asked, ended, list, plain, pod_of, pod_status, setup, stamp, vault, workload,
};

/// A pod that began after the vault's version was made.
fn young(name: &str, version: &str) -> Value {
    let mut pod = pod_of(name, "orders-deploy", "def", version);
    pod["metadata"]["creationTimestamp"] = json!("2026-11-20T09:00:00Z");
    pod
}

fn collection(path: &str) -> &str {
    path.split('?').next().unwrap().rsplit('/').next().unwrap()
}

fn mounted(view: &ClusterView) -> Vec<(&str, Option<&str>)> {
    let mut pods: Vec<(&str, Option<&str>)> = view
        .pods
        .iter()
        .map(|pod| (pod.name.as_str(), pod.mounted.as_ref().map(SecretVersion::as_str)))
        .collect();
    pods.sort_unstable();
    pods
}

fn salt() -> Salt {
    Salt::new("5a17")
}

/// The stamp's only rollout ends, both watches tell of it, and of its new pods these have a mount that tells.
async fn after_the_last_rollout(
    mounts: &'static [&'static str],
) -> (Setup, Result<ClusterView, Fault>, usize) {
    let line = |kind: &str, object: Value| json!({"type": kind, "object": object}).to_string();
    let pods = vec![
        line("ADDED", young("next-a", "1002")),
        line("ADDED", young("next-b", "1003")),
        line("DELETED", pod_of("old", "orders-deploy", "abc", "1005")),
        line("DELETED", pod_of("new", "orders-deploy", "abc", "1006")),
        line("DELETED", pod_of("else", "orders-deploy", "abc", "1007")),
    ];
    let others = move |path: &str| match collection(path) {
        "secretproviderclasspodstatuses" => {
            list(mounts.iter().map(|name| pod_status(name, &format!("uid-{name}"))).collect())
        }
        _ => plain(path),
    };
    let (setup, before) = ended(pods, others, vec![workload()], &[Happening::Rollout]).await;
    let told = Glance::Told(Happening::Rollout);
    let glance = setup.clusters.glance(&stamp(), &salt(), told).await;
    (setup, glance.map(|(view, _)| view), before)
}

#[tokio::test]
async fn after_a_stamps_last_rollout_its_pods_are_as_they_were_told_and_their_mounts_are_listed() {
    let (setup, view, before) = after_the_last_rollout(&["next-a", "next-b"]).await;
    let view = view.unwrap();
    assert_eq!(asked(&setup)[before..], ["secretproviderclasspodstatuses"]);
    assert_eq!(mounted(&view), [("next-a", Some("v2")), ("next-b", Some("v2"))]);
    let gone = Glance::Told(Happening::PodsGone);
    let (view, _) = setup.clusters.glance(&stamp(), &salt(), gone).await.unwrap();
    assert_eq!(asked(&setup).len(), before + 1, "it is known what they mount");
    assert_eq!(mounted(&view), [("next-a", Some("v2")), ("next-b", Some("v2"))]);
}

#[tokio::test]
async fn where_a_running_pods_mount_tells_nothing_the_pods_are_listed_too() {
    // What that list says of its own version is another matter.
    let (setup, _, before) = after_the_last_rollout(&["next-a"]).await;
    assert_eq!(asked(&setup)[before], "secretproviderclasspodstatuses");
    assert_eq!(asked(&setup)[before + 1], "pods", "perhaps it is not the pod that was told of");
}

#[tokio::test]
async fn a_mount_is_listed_once_where_it_is_of_the_version_that_the_vault_holds() {
    let pods = Arc::new(Mutex::new(vec!["a"]));
    let shown = Arc::clone(&pods);
    let mut setup = setup(&["shop"], move |_, path, _| match collection(path) {
        _ if path.contains("watch=true") => Say::Lines(vec![]),
        "pods" => list(shown.lock().unwrap().iter().map(|name| young(name, "900")).collect()),
        "secretproviderclasspodstatuses" => {
            list(["a", "b"].map(|name| pod_status(name, &format!("uid-{name}"))).into_iter().collect())
        }
        _ => plain(path),
    });
    setup.clusters = setup.clusters.restarting([workload()]);
    let look = async |version: &str| {
        let before = asked(&setup).len();
        let view = setup.clusters.holders(&stamp(), &salt(), Some(&vault(version))).await.unwrap();
        let mounts = mounted(&view).into_iter().map(|(_, mounted)| mounted.map(str::to_owned)).collect();
        (asked(&setup)[before..].to_vec(), mounts)
    };
    let known: Vec<Option<String>> = vec![Some("v2".to_owned())];
    let three = ["secretproviderclasses", "deployments", "pods"];
    let four = ["secretproviderclasses", "deployments", "pods", "secretproviderclasspodstatuses"];
    let mut first = four.map(str::to_owned).to_vec();
    first.insert(1, "secrets".to_owned());
    assert_eq!(look("v2").await, (first, known.clone()));
    assert_eq!(look("v2").await, (three.map(str::to_owned).to_vec(), known.clone()), "the pods always are");
    assert_eq!(look("v3").await.0, four, "somebody wrote the vault: the files may have followed");
    assert_eq!(look("v2").await.0, three);
    pods.lock().unwrap().push("b");
    let (asked, mounts): (_, Vec<Option<String>>) = look("v2").await;
    assert_eq!((asked, mounts.len()), (four.map(str::to_owned).to_vec(), 2), "one that nobody has seen");
    assert_eq!(look("v2").await.0, three);
    let before = self::asked(&setup).len();
    setup.look().await.unwrap();
    let whole = self::asked(&setup)[before..].to_vec();
    assert!(whole.contains(&four[3].to_owned()), "people are told what is so now: {whole:?}");
}
