//! Kubernetes Secrets that a SecretProviderClass filled, and that none fills any more: the adapter against a script.

use keyslot::model::{ClassFate, Holding, LostClass, PodView, UnseenSecret};
use serde_json::{Value, json};

use crate::kubernetes_adapter::{METADATA, Say, Setup, cluster, list, pod, setup, status, workload};

/// A pod that mounts the class, with an environment from these Secrets.
fn reading(name: &str, secrets: &[&str]) -> Value {
    let mut pod = pod(name, false);
    let from: Vec<Value> = secrets.iter().map(|secret| json!({"secretRef": {"name": secret}})).collect();
    pod["spec"]["containers"] = json!([{"name": "c", "envFrom": from}]);
    pod
}

/// Of somebody else's workload, without the class.
fn strange(name: &str, secrets: &[&str]) -> Value {
    let mut pod = reading(name, secrets);
    pod["spec"]["volumes"] = json!([]);
    pod["metadata"].as_object_mut().unwrap().remove("ownerReferences");
    pod
}

fn secret(labels: Value) -> Say {
    Say::Json(200, json!({"kind": "PartialObjectMetadata", "metadata": {"name": "x", "labels": labels}}))
}

/// Everybody's Secrets, of which only the metadata may be asked for.
fn scene(pods: Value) -> Setup {
    setup(&["shop"], move |_, path, _| {
        let marked = json!({"secrets-store.csi.k8s.io/managed": "true"});
        match path.strip_prefix("/api/v1/namespaces/shop/secrets/") {
            Some("cosmos") | None => match path.contains("/pods?limit") {
                true => list(pods.clone()),
                false => cluster(path),
            },
            Some(asked) => match asked.strip_suffix(METADATA) {
                Some("left") => secret(marked),
                Some("own") => secret(json!({"secrets-store.csi.k8s.io/managed": "false"})),
                Some("bare") => secret(Value::Null),
                Some("hidden") => status(403, "Forbidden", "secrets \"hidden\" is forbidden: cannot get"),
                Some("broken") => status(500, "InternalError", "etcd"),
                Some(_) => status(404, "NotFound", "secrets not found"),
                None => panic!("the bytes of {asked} were asked for"),
            },
        }
    })
}

fn left() -> LostClass {
    LostClass { name: "left".to_owned(), fate: ClassFate::Unfilled }
}

fn by_name<'a>(pods: &'a [PodView], name: &str) -> &'a PodView {
    pods.iter().find(|pod| pod.name == name).unwrap()
}

#[tokio::test]
async fn a_secret_that_the_driver_made_and_no_class_fills_is_told_with_whoever_reads_it() {
    let all = ["cosmos", "own", "bare", "gone", "left", "hidden"];
    let pods = json!([
        reading("one", &all),
        reading("two", &all),
        reading("three", &["own"]),
        strange("four", &["left"]),
        strange("five", &["nobody-asks"])
    ]);
    let setup = scene(pods);
    let view = setup.look().await.unwrap();
    for name in ["one", "two"] {
        let pod = by_name(&view.pods, name);
        assert!(pod.gets_secret() && pod.mounts_secret(), "what it is known to hold stays known: {pod:?}");
        assert_eq!(pod.besides, Some(left()));
    }
    assert_eq!(by_name(&view.pods, "three").besides, None);
    let four = by_name(&view.pods, "four");
    assert_eq!((&four.holding, &four.besides), (&Holding::Unclear(left()), &None));
    assert_eq!(view.pods.len(), 4, "what nobody of ours reads is not asked for: {:?}", view.pods);
    let why = "secrets \"hidden\" is forbidden: cannot get".to_owned();
    let hidden = UnseenSecret { namespace: "shop".to_owned(), name: "hidden".to_owned(), why };
    assert_eq!(view.unseen, [hidden], "and the look is whole");
    let asked =
        |name: &str| setup.wire.transcript().count("GET", &format!("/namespaces/shop/secrets/{name}"));
    assert_eq!(all.map(asked), [1; 6], "once each, whoever reads it");
    assert_eq!(asked("nobody-asks"), 0);
}

#[tokio::test]
async fn a_configured_workload_is_asked_about_although_its_class_names_the_secret_no_more() {
    let mut pod = reading("one", &["left"]);
    pod["spec"]["volumes"] = json!([]);
    let mut setup = scene(json!([pod]));
    setup.clusters = setup.clusters.restarting([workload()]);
    let view = setup.look().await.unwrap();
    assert_eq!(view.pods[0].holding, Holding::Unclear(left()));
}

#[tokio::test]
async fn a_server_that_cannot_say_who_made_a_secret_fails_the_look() {
    let fault = scene(json!([reading("one", &["broken"])])).look().await.unwrap_err();
    assert!(fault.to_string().contains("who made a Secret"), "{fault}");
}
