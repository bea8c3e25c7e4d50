//! What pods hold: classes, mounts, and the driver's own word.

use super::*;

/// The driver refreshes files and status with what the class says by then; the process keeps what it has read.
#[tokio::test]
async fn pods_that_began_before_their_class_said_what_it_says_are_told() {
    let class_of = |changed: &str| {
        let mut class = class();
        class["metadata"]["generation"] = json!(2);
        class["metadata"]["creationTimestamp"] = json!("2026-11-01T08:00:00Z");
        class["metadata"]["managedFields"] =
            json!([{"time": changed, "fieldsV1": {"f:spec": {"f:parameters": {}}}}]);
        class
    };
    for (changed, overtaken) in [("2026-11-20T08:30:00Z", true), ("2026-11-01T09:00:00Z", false)] {
        let class = class_of(changed);
        let setup = setup(&["shop"], move |_, path, _| with_class(Some(class.clone()), path));
        let view = setup.look().await.unwrap();
        let at: Option<&Timestamp> = view.overtaken.values().next();
        assert_eq!(
            at.map(ToString::to_string),
            overtaken.then(|| changed.to_owned()),
            "{:?}",
            view.overtaken
        );
        let named = |uid: &String| view.pods.iter().any(|pod| pod.uid == *uid && pod.gets_secret());
        assert!(view.overtaken.keys().all(named), "{:?}", view.overtaken);
    }
}

#[tokio::test]
async fn without_the_drivers_api_pods_that_mount_its_volumes_are_not_taken_for_none() {
    let without = |path: &str| {
        if path.contains("secrets-store.csi.x-k8s.io") {
            Say::Text(404, "404 page not found\n")
        } else {
            cluster(path)
        }
    };
    let fault = setup(&["shop"], move |_, path, _| without(path)).look().await.unwrap_err();
    assert_eq!(fault.kind, Blindness::Unintelligible);
    assert!(fault.to_string().contains("2 of its pods mount volumes of that driver"), "{fault}");
    let nobody = setup(&["shop"], move |_, path, _| match path.contains("/pods?limit") {
        true => list(json!([])),
        false => without(path),
    });
    let view = nobody.look().await.unwrap();
    assert!(!view.workloads[0].consumes && view.pods.is_empty() && view.synced.is_empty());
    assert_eq!(view.workloads[0].lacks.as_deref(), Some("kv"), "a new pod could not start");
}

/// The cluster with another class in the place of the first.
fn with_class(class: Option<Value>, path: &str) -> Say {
    match path.split('?').next().unwrap().ends_with("/secretproviderclasses") {
        true => list(class.into_iter().collect()),
        false => cluster(path),
    }
}

async fn held(mut setup: Setup) -> Vec<(String, Holding)> {
    setup.clusters = setup.clusters.restarting([workload()]);
    let view = setup.clusters.holders(&stamp(), &Salt::new("5a17"), None).await.unwrap();
    view.pods.into_iter().map(|pod| (pod.name, pod.holding)).collect()
}

#[tokio::test]
async fn a_pod_holds_what_it_got_whatever_became_of_its_class() {
    let unclear = |fate| Holding::Unclear(LostClass { name: "kv".to_owned(), fate });
    let named = |holdings: [Holding; 3]| -> Vec<(String, Holding)> {
        ["old", "new", "else"].into_iter().map(str::to_owned).zip(holdings).collect()
    };
    // Of the terminating one there is only the status of an earlier pod.
    let gone = held(setup(&["shop"], |_, path, _| with_class(None, path))).await;
    assert_eq!(gone, named([unclear(ClassFate::Absent), Holding::Mounted, Holding::Named]));

    let edited = |at: &str, created: &str| {
        let mut class = class();
        class["spec"]["parameters"]["objects"] = json!("array:\n  - |\n    objectName: Other\n");
        class["metadata"]["generation"] = json!(2);
        class["metadata"]["creationTimestamp"] = json!(created);
        class["metadata"]["managedFields"] =
            json!([{"time": at, "fieldsV1": {"f:spec": {"f:parameters": {}}}}]);
        class
    };
    let since = edited("2026-11-20T08:30:00Z", "2026-11-01T08:00:00Z");
    let changed = held(setup(&["shop"], move |_, path, _| with_class(Some(since.clone()), path))).await;
    assert_eq!(changed, named([unclear(ClassFate::Changed), Holding::Mounted, Holding::Named]));

    let before = edited("2026-11-20T07:30:00Z", "2026-11-01T08:00:00Z");
    let began_with_it = setup(&["shop"], move |_, path, _| with_class(Some(before.clone()), path));
    let began_with_it = held(began_with_it).await;
    assert_eq!(began_with_it, named([Holding::Named, Holding::Named, Holding::Named]));

    let reads = edited("2026-11-20T07:30:00Z", "2026-11-01T08:00:00Z");
    let from_secret = setup(&["shop"], move |_, path, _| match path.contains("/pods?limit") {
        true => {
            let mut pod = pod("env", false);
            pod["metadata"].as_object_mut().unwrap().remove("ownerReferences");
            pod["spec"] =
                json!({"containers": [{"name": "c", "envFrom": [{"secretRef": {"name": "cosmos"}}]}]});
            list(json!([pod]))
        }
        false => with_class(Some(reads.clone()), path),
    });
    assert_eq!(held(from_secret).await, [("env".to_owned(), unclear(ClassFate::Filled))]);
}

#[tokio::test]
async fn a_secret_of_the_same_name_from_a_vault_that_is_no_stamps_is_told_as_that_and_not_as_the_stamps_own()
{
    let of_vault = |vault: &str, generation: i64| {
        let mut class = class();
        class["metadata"]["generation"] = json!(generation);
        class["metadata"]["creationTimestamp"] = json!("2026-11-01T08:00:00Z");
        class["spec"]["parameters"]["keyvaultName"] = json!(vault);
        let setup = setup(&["shop"], move |_, path, _| with_class(Some(class.clone()), path));
        async move { setup.look().await.unwrap() }
    };
    let ours = of_vault("kv-STAMP", 1).await;
    assert!(ours.pods.iter().all(PodView::gets_secret) && ours.workloads[0].consumes);
    let other = of_vault("other-kv", 1).await;
    let lost = |fate| Holding::Unclear(LostClass { name: "kv".into(), fate });
    assert!(!other.pods.is_empty() && other.synced.is_empty(), "{other:?}");
    assert!(other.pods.iter().all(|pod| pod.holding == lost(ClassFate::OtherVault)), "{other:?}");
    assert!(!other.pods.iter().any(|pod| pod.gets_secret() || pod.mounts_secret()));
    // One that was changed since a pod began may have named the stamp's vault then; its status names a secret.
    let edited = of_vault("other-kv", 2).await;
    assert!(edited.pods.iter().any(|pod| pod.holding == Holding::Mounted), "{edited:?}");
    let told = |pod: &PodView| [lost(ClassFate::Changed), Holding::Mounted].contains(&pod.holding);
    assert!(edited.pods.iter().all(told), "{edited:?}");
}

/// Both vaults hold the account's key, and the process may use either.
#[tokio::test]
async fn what_a_pod_mounts_of_another_stamps_vault_is_told_beside_its_own() {
    let script = |_: &str, path: &str, _: &str| {
        let west = |mut object: Value, class: &str| {
            object["metadata"]["name"] = json!(class);
            object
        };
        let collection = path.split('?').next().unwrap().rsplit('/').next().unwrap();
        match collection {
            _ if path.contains("watch=true") => cluster(path),
            "secretproviderclasses" => {
                let mut other = west(class(), "kv-west");
                other["spec"]["parameters"]["keyvaultName"] = json!("kv-west");
                list(json!([class(), other]))
            }
            "secretproviderclasspodstatuses" => {
                let mut other = west(pod_status("new", "uid-new"), "y");
                other["status"]["secretProviderClassName"] = json!("kv-west");
                other["status"]["objects"][0]["version"] = json!("w1");
                list(json!([pod_status("new", "uid-new"), other]))
            }
            "pods" => {
                let mut both = pod("new", false);
                let mut volume = both["spec"]["volumes"][0].clone();
                volume["name"] = json!("w");
                volume["csi"]["volumeAttributes"]["secretProviderClass"] = json!("kv-west");
                both["spec"]["volumes"].as_array_mut().unwrap().push(volume);
                list(json!([both]))
            }
            _ => cluster(path),
        }
    };
    let setup = setup(&["shop"], script);
    let cluster = |vault: &str| StampCluster {
        place: ClusterPlace::Kubeconfig(KubeconfigPlace { path: setup.kubeconfig.clone(), context: None }),
        vault: Some(vault.to_owned()),
        namespaces: vec!["shop".to_owned()],
    };
    let west = StampName::new("westus");
    let stamps = BTreeMap::from([(stamp(), cluster("KV-stamp")), (west.clone(), cluster("KV-West"))]);
    let settings = HttpSettings { proxies: Proxies::Off, hosts: Hosts::default(), ..HttpSettings::default() };
    let clusters = Kubernetes::new("CosmosDb-ApiKey", stamps, settings, setup.clock.clone());
    let view = clusters.look(&stamp(), &Salt::new("5a17")).await.unwrap();
    let [pod] = view.pods.as_slice() else { panic!("{:?}", view.pods) };
    assert_eq!(pod.mounted, Some("v2".into()));
    assert_eq!(pod.elsewhere, [OtherMount { stamp: west, version: Some("w1".into()) }]);
}
