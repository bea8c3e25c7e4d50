//! What classes tell beside the workloads that mount them: versions that never change, and Secrets that nobody reads.

use keyslot::model::PinnedClass;

use super::*;

/// Another class like the first, with one version of the secret.
fn pinned_class() -> Value {
    let mut class = class();
    class["metadata"]["name"] = json!("kv-pinned");
    class["spec"]["parameters"]["objects"] =
        json!("array:\n  - |\n    objectName: CosmosDb-ApiKey\n    objectVersion: v1\n");
    class["spec"].as_object_mut().unwrap().remove("secretObjects");
    class
}

fn collection(path: &str) -> &str {
    path.split('?').next().unwrap().rsplit('/').next().unwrap()
}

#[tokio::test]
async fn a_pinned_class_is_told_though_nothing_that_is_listed_mounts_it() {
    let setup = setup(&["shop"], |_, path, _| match collection(path) {
        "secretproviderclasses" => list(json!([class(), pinned_class()])),
        _ => cluster(path),
    });
    let view = setup.look().await.unwrap();
    let (namespace, name, version) = ("shop".to_owned(), "kv-pinned".to_owned(), SecretVersion::new("v1"));
    assert_eq!(view.pinned, [PinnedClass { namespace, name, version }]);
    assert!(view.workloads.iter().all(|workload| workload.pinned.is_none()), "{view:?}");
}

#[tokio::test]
async fn of_a_pod_with_several_mounts_each_version_is_told() {
    let two_classes = |_: &str, path: &str, _: &str| match collection(path) {
        _ if path.contains("watch=true") => cluster(path),
        "secretproviderclasses" => list(json!([class(), pinned_class()])),
        "secretproviderclasspodstatuses" => {
            let mut other = pod_status("new", "uid-new");
            other["status"]["secretProviderClassName"] = json!("kv-pinned");
            other["status"]["objects"][0]["version"] = json!("v1");
            list(json!([pod_status("new", "uid-new"), other]))
        }
        "pods" => {
            let mut both = pod("new", false);
            let mut volume = both["spec"]["volumes"][0].clone();
            volume["name"] = json!("pinned");
            volume["csi"]["volumeAttributes"]["secretProviderClass"] = json!("kv-pinned");
            both["spec"]["volumes"].as_array_mut().unwrap().push(volume);
            list(json!([both]))
        }
        _ => cluster(path),
    };
    let object_twice = |_: &str, path: &str, _: &str| match collection(path) {
        "secretproviderclasspodstatuses" => {
            let mut status = pod_status("new", "uid-new");
            let older = json!({"id": "secret/CosmosDb-ApiKey", "version": "v1"});
            status["status"]["objects"].as_array_mut().unwrap().push(older);
            list(json!([status]))
        }
        _ => cluster(path),
    };
    for setup in [setup(&["shop"], two_classes), setup(&["shop"], object_twice)] {
        let mut setup = setup;
        setup.clusters = setup.clusters.restarting([workload()]);
        for _ in 0..2 {
            // What was seen of it is not taken for all that it mounts.
            let salt = Salt::new("5a17");
            let view = setup.clusters.holders(&stamp(), &salt, Some(&vault("v2"))).await.unwrap();
            let pod = view.pods.iter().find(|pod| pod.name == "new").unwrap();
            assert_eq!((&pod.mounted, &pod.mounted_besides), (&Some("v2".into()), &vec!["v1".into()]));
            assert!(pod.mounts_other(&"v2".into()), "{pod:?}");
        }
    }
}

#[tokio::test]
async fn a_secret_that_no_specification_reads_is_told_with_the_pods_whose_class_fills_it() {
    let view = setup(&["shop"], |_, path, _| cluster(path)).look().await.unwrap();
    assert!(view.synced.iter().all(|secret| secret.unread) && view.synced.len() == 1, "{view:?}");
    let fills = |pod: &PodView| pod.fills == ["cosmos"];
    let mounting = view.pods.iter().filter(|pod| pod.mounts_secret());
    assert!(mounting.clone().count() > 0 && mounting.clone().all(fills), "{view:?}");
    let dated = |pod: &PodView| pod.is_dated_by(&view.synced[0]);
    assert!(mounting.clone().all(dated), "{view:?}");
    // A CronJob reads it.
    let view = setup(&["shop"], |_, path, _| many_kinds(path)).look().await.unwrap();
    assert!(view.synced.iter().all(|secret| !secret.unread), "{view:?}");
    assert!(!view.pods.iter().any(|pod| pod.is_dated_by(&view.synced[0])), "{view:?}");
}
