//! Kubernetes Secrets that a SecretProviderClass filled, and that none fills any more: the adapter against a script.

use keyslot::model::{ClassFate, ClusterView, Holding, LostClass, PodView, UnseenSecret};
use serde_json::{Value, json};

use crate::kubernetes_adapter::{METADATA, Say, Setup, cluster, list, pod, slow_setup, status, workload};

/// A pod that mounts the class, with an environment from these Secrets.
fn reading(name: &str, secrets: &[&str]) -> Value {
    let mut pod = pod(name, false);
    pod["spec"]["containers"] = container(secrets);
    pod
}

fn container(secrets: &[&str]) -> Value {
    let from: Vec<Value> = secrets.iter().map(|secret| json!({"secretRef": {"name": secret}})).collect();
    json!([{"name": "c", "envFrom": from}])
}

/// Of somebody else's workload, without the class.
fn strange(name: &str, secrets: &[&str]) -> Value {
    let mut pod = reading(name, secrets);
    pod["spec"]["volumes"] = json!([]);
    pod["metadata"].as_object_mut().unwrap().remove("ownerReferences");
    pod
}

/// A template that mounts nothing.
fn template(secrets: &[&str]) -> Value {
    json!({"spec": {"containers": container(secrets)}})
}

fn secret(name: &str, labels: Value) -> Value {
    json!({"metadata": {"name": name, "namespace": "shop", "labels": labels}})
}

fn marked() -> Value {
    json!({"secrets-store.csi.k8s.io/managed": "true"})
}

/// What is in the cluster besides pods.
#[derive(Clone, Default)]
struct Others {
    cron_jobs: Vec<Value>,
    sets: Vec<Value>,
}

/// Everybody's Secrets, of which only the metadata may be asked for, in a list of those with the driver's mark or, where nobody
/// may list them, by name.
fn scene(pods: Value, others: Others, may_list: bool) -> Setup {
    slow_setup(&["shop"], move |_, path, _| {
        let collection = |name: &str| path.contains(&format!("/{name}?limit"));
        let Some(asked) = path.strip_prefix("/api/v1/namespaces/shop/secrets") else {
            return match path {
                _ if path.contains("watch=true") => cluster(path),
                _ if collection("pods") => list(pods.clone()),
                _ if collection("cronjobs") => list(json!(others.cron_jobs)),
                _ if collection("statefulsets") => list(json!(others.sets)),
                _ => cluster(path),
            };
        };
        if let Some(query) = asked.strip_prefix('?') {
            let narrow = "limit=250&labelSelector=secrets-store.csi.k8s.io%2Fmanaged%3Dtrue";
            assert_eq!(query, format!("{narrow}{METADATA}"), "nothing else of Secrets is listed");
            return match may_list {
                true => list(json!([
                    secret("left", marked()),
                    secret("cosmos", marked()),
                    secret("far", marked())
                ])),
                false => status(403, "Forbidden", "secrets is forbidden: cannot list"),
            };
        }
        match asked.trim_start_matches('/') {
            "cosmos" => cluster(path),
            asked => match asked.strip_suffix(METADATA) {
                Some("left") => Say::Json(200, secret("left", marked())),
                Some("own") => {
                    Say::Json(200, secret("own", json!({"secrets-store.csi.k8s.io/managed": "false"})))
                }
                Some("bare") => Say::Json(200, secret("bare", Value::Null)),
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

/// Requests about Secrets whose bytes are not asked for.
fn asked(setup: &Setup) -> usize {
    let entries = setup.wire.transcript().entries();
    let about = |path: &str| path.contains("/shop/secrets") && !path.ends_with("/secrets/cosmos");
    entries.iter().filter(|entry| about(&entry.path)).count()
}

fn assert_told(view: &ClusterView) {
    for name in ["one", "two"] {
        let pod = by_name(&view.pods, name);
        assert!(pod.gets_secret() && pod.mounts_secret(), "what it is known to hold stays known: {pod:?}");
        assert_eq!(pod.besides, Some(left()));
    }
    assert_eq!(by_name(&view.pods, "three").besides, None);
    let four = by_name(&view.pods, "four");
    assert_eq!((&four.holding, &four.besides), (&Holding::Unclear(left()), &None));
    assert_eq!(view.pods.len(), 4, "what is nobody's of ours is left out: {:?}", view.pods);
}

fn pods() -> Value {
    let all = ["cosmos", "own", "bare", "gone", "left", "hidden"];
    json!([
        reading("one", &all),
        reading("two", &all),
        reading("three", &["own"]),
        strange("four", &["left"]),
        strange("five", &["nobody-asks"])
    ])
}

#[tokio::test]
async fn a_secret_that_the_driver_made_and_no_class_fills_is_told_with_whoever_reads_it() {
    let setup = scene(pods(), Others::default(), true);
    let view = setup.look().await.unwrap();
    assert_told(&view);
    assert_eq!(view.unseen, []);
    assert_eq!(asked(&setup), 1, "one list, however many Secrets are read");
    setup.look().await.unwrap();
    assert_eq!(asked(&setup), 2, "one that holds is looked at again, so that its mending shows");
}

#[tokio::test]
async fn where_secrets_may_not_be_listed_each_is_asked_for_by_its_name_and_once() {
    let setup = scene(pods(), Others::default(), false);
    let view = setup.look().await.unwrap();
    assert_told(&view);
    let why = "secrets \"hidden\" is forbidden: cannot get".to_owned();
    let hidden = UnseenSecret { namespace: "shop".to_owned(), name: "hidden".to_owned(), why };
    assert_eq!(view.unseen, [hidden], "and the look is whole");
    let of = |name: &str| setup.wire.transcript().count("GET", &format!("/namespaces/shop/secrets/{name}"));
    assert_eq!(["own", "bare", "gone", "left", "hidden", "nobody-asks"].map(of), [1, 1, 1, 1, 1, 0]);
    assert_eq!(asked(&setup), 6, "and one list that was refused");
    setup.look().await.unwrap();
    assert_eq!(["own", "bare", "gone", "left", "hidden"].map(of), [1, 1, 1, 2, 2], "others are as they were");
    assert_eq!(asked(&setup), 8);
}

#[tokio::test]
async fn what_was_told_of_secrets_stands_as_long_as_no_class_is_another_and_for_ten_minutes() {
    let stands = [true, false].map(|may_list| async move {
        let edited = std::sync::Arc::new(std::sync::atomic::AtomicI64::new(1));
        let generation = edited.clone();
        let pods = json!([reading("one", &["own", "bare", "gone"])]);
        let setup = slow_setup(&["shop"], move |_, path, _| match path {
            _ if path.contains("/secrets?") && !may_list => status(403, "Forbidden", "cannot list"),
            _ if path.contains("/secrets?") => list(json!([secret("cosmos", marked())])),
            _ if path.ends_with(METADATA) => Say::Json(200, secret("bare", Value::Null)),
            _ if path.contains("/pods?limit") => list(pods.clone()),
            _ if path.contains("/secretproviderclasses?limit") => {
                let Say::Json(_, mut classes) = cluster(path) else { panic!() };
                let generation = generation.load(std::sync::atomic::Ordering::SeqCst);
                classes["items"][0]["metadata"]["generation"] = json!(generation);
                Say::Json(200, classes)
            }
            _ => cluster(path),
        });
        let first = if may_list { 1 } else { 4 };
        for _ in 0..2 {
            setup.look().await.unwrap();
            assert_eq!(asked(&setup), first, "may list: {may_list}");
        }
        edited.store(2, std::sync::atomic::Ordering::SeqCst);
        setup.look().await.unwrap();
        let again = if may_list { 1 } else { 3 };
        assert_eq!(asked(&setup), first + again, "a class was edited; may list: {may_list}");
        // The clock here passes sixty times as fast.
        tokio::time::sleep(std::time::Duration::from_millis(10_500)).await;
        setup.look().await.unwrap();
        assert_eq!(asked(&setup), 2 * first + again, "it is too long ago; may list: {may_list}");
    });
    futures::future::join_all(stands).await;
}

#[tokio::test]
async fn templates_without_pods_that_read_such_a_secret_are_told_of_every_kind() {
    let ephemeral = {
        let mut pod = strange("six", &[]);
        pod["spec"]["ephemeralContainers"] =
            json!([{"name": "debug", "envFrom": [{"secretRef": {"name": "left"}}]}]);
        pod
    };
    let volume = {
        let mut pod = strange("seven", &[]);
        pod["spec"]["volumes"] =
            json!([{"name": "v", "projected": {"sources": [{"secret": {"name": "left"}}]}}]);
        pod
    };
    let init = {
        let mut pod = strange("eight", &[]);
        pod["spec"]["initContainers"] = json!([{"name": "i", "env": [{"name": "K", "valueFrom":
            {"secretKeyRef": {"name": "left", "key": "k"}}}]}]);
        pod
    };
    let job = |name: &str, secrets: &[&str]| {
        json!({"metadata": {"name": name, "namespace": "shop"}, "spec": {"schedule": "@daily", "suspend": name == "paused",
            "jobTemplate": {"spec": {"template": template(secrets)}}}})
    };
    let set = json!({"metadata": {"name": "reports", "namespace": "shop", "uid": "s"},
        "spec": {"replicas": 0, "selector": {}, "serviceName": "", "template": template(&["left"])},
        "status": {"replicas": 0}});
    let others = Others {
        cron_jobs: vec![job("nightly", &["left"]), job("paused", &["left"]), job("other", &["bare"])],
        sets: vec![set],
    };
    for may_list in [true, false] {
        let pods = json!([pod("one", false), ephemeral.clone(), volume.clone(), init.clone()]);
        let setup = scene(pods, others.clone(), may_list);
        let view = setup.look().await.unwrap();
        let reports = view.workloads.iter().find(|view| view.name.name == "reports").unwrap();
        assert_eq!((reports.left.clone(), reports.consumes), (Some(left()), false), "may list: {may_list}");
        let jobs: Vec<_> =
            view.cron_jobs.iter().map(|job| (&*job.name, job.suspended, job.left.clone())).collect();
        assert_eq!(jobs, [("nightly", false, Some(left())), ("paused", true, Some(left()))]);
        for name in ["six", "seven", "eight"] {
            assert_eq!(by_name(&view.pods, name).holding, Holding::Unclear(left()), "{name}");
        }
    }
}

#[tokio::test]
async fn a_configured_workload_is_asked_about_although_its_class_names_the_secret_no_more() {
    for may_list in [true, false] {
        let mut pod = reading("one", &["left"]);
        pod["spec"]["volumes"] = json!([]);
        let mut setup = scene(json!([pod]), Others::default(), may_list);
        setup.clusters = setup.clusters.restarting([workload()]);
        let view = setup.look().await.unwrap();
        assert_eq!(view.pods[0].holding, Holding::Unclear(left()), "may list: {may_list}");
    }
}

#[tokio::test]
async fn a_server_that_cannot_say_who_made_a_secret_fails_the_look() {
    let fault =
        scene(json!([reading("one", &["broken"])]), Others::default(), false).look().await.unwrap_err();
    assert!(fault.to_string().contains("who made the Secrets"), "{fault}");
}
