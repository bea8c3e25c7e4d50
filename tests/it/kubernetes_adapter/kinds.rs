//! Every kind of workload, and what is above a pod.

use super::*;

#[tokio::test]
async fn consumers_of_every_kind_are_found_and_what_is_above_a_pod_is_told() {
    let setup = setup(&["shop"], |_, path, _| many_kinds(path));
    let view = setup.look().await.unwrap();
    let workloads: Vec<_> =
        view.workloads.iter().map(|workload| (workload.name.to_string(), workload.consumes)).collect();
    let expected = [
        ("shop/orders-deploy", true),
        ("shop/statefulset/orders-db", true),
        ("shop/daemonset/agent", false),
        ("shop/rollout/canary", true),
    ];
    assert_eq!(workloads, expected.map(|(name, consumes)| (name.to_owned(), consumes)));
    let set = &view.workloads[1];
    assert_eq!(set.strategy, Strategy::Ordinals { partition: 1 });
    assert_eq!(set.manager, Some(Manager::FluxKustomization("apps".into())));
    assert_eq!(set.pinned, Some(SecretVersion::new("v1")));

    let above = |pod: &PodView| match (&pod.workload, &pod.above) {
        (Some(workload), None) => workload.to_string(),
        (None, Some(object)) => object.to_string(),
        (None, None) => String::new(),
        (Some(_), Some(_)) => panic!("{pod:?}"),
    };
    let pods: Vec<_> = view.pods.iter().map(|pod| (pod.name.as_str(), above(pod))).collect();
    let expected = [
        ("new", "shop/orders-deploy"),
        ("orders-db-0", "shop/statefulset/orders-db"),
        ("nightly-28-x", "shop/job/nightly-28"),
        ("canary-1-x", "shop/rollout/canary"),
        ("bare", ""),
    ];
    assert_eq!(pods, expected.map(|(pod, above)| (pod, above.to_owned())));

    let pinned = Some(SecretVersion::new("v1"));
    let job = |name: &str, suspended, mounts, reads: &[&str]| CronJobView {
        namespace: "shop".into(),
        name: name.into(),
        suspended,
        mounts,
        reads: reads.iter().map(|name| (*name).to_owned()).collect(),
        pinned: pinned.clone(),
        left: None,
    };
    assert_eq!(
        view.cron_jobs,
        [job("nightly", false, false, &["cosmos"]), job("mounts", true, true, &[])],
        "a CronJob is found when no pod of it is there"
    );
    assert_eq!(view.synced.len(), 1);
    setup.followed().await;
    assert_eq!(watches(&setup), ["deployments", "pods", "statefulsets"]);
}

#[tokio::test]
async fn a_configured_rollout_without_a_pod_is_there_and_a_cluster_without_argo_has_none() {
    let named = WorkloadName::of_kind(WorkloadKind::Rollout, "shop", "canary");
    let look = async |installed: bool| {
        let mut setup = setup(&["shop"], move |_, path, _| match path.contains("/rollouts?limit") {
            true if installed => list(json!([{
                "metadata": {"name": "canary", "namespace": "shop", "uid": "c", "generation": 2},
                "spec": {"replicas": 0, "template": deployment()["spec"]["template"]},
                "status": {"observedGeneration": "2"},
            }])),
            _ => cluster(path),
        });
        setup.clusters = setup.clusters.restarting([named.clone()]);
        setup.look().await.unwrap().workload(&named).map(|workload| (workload.desired, workload.consumes))
    };
    assert_eq!(look(true).await, Some((0, true)));
    assert_eq!(look(false).await, None);
}

#[tokio::test]
async fn a_rollout_without_a_pod_that_nobody_configured_is_found_where_templates_matter() {
    // The class of the other kinds is pinned.
    let look = async |say: fn(&str) -> Option<Say>| {
        let setup = setup(&["shop"], move |_, path, _| say(path).unwrap_or_else(|| many_kinds(path)));
        let found = setup.clusters.holders(&stamp(), &Salt::new("5a17"), Some(&vault("v2"))).await;
        found.map(|view| view.workloads.iter().filter(|one| one.name.kind == WorkloadKind::Rollout).count())
    };
    let bare = |path: &str| match path.contains("/rollouts?limit") {
        true => Some(list(json!([{
            "metadata": {"name": "reports", "namespace": "shop", "uid": "r", "generation": 2},
            "spec": {"replicas": 0, "template": deployment()["spec"]["template"]},
            "status": {"observedGeneration": "2"},
        }]))),
        false => path.contains("/pods?").then(|| list(json!([]))),
    };
    assert_eq!(look(bare).await.unwrap(), 1);
    let closed = |path: &str| match () {
        () if path.contains("/rollouts?limit") => Some(status(403, "Forbidden", "rollouts is forbidden")),
        () if path == "/apis/argoproj.io" => Some(Say::Json(200, json!({"kind": "APIGroup"}))),
        () => path.contains("/pods?").then(|| list(json!([]))),
    };
    assert_eq!(
        look(closed).await.unwrap_err().kind,
        Blindness::Forbidden,
        "nobody may see whether there are any"
    );
    let without = |path: &str| match () {
        () if path.contains("/rollouts?limit") => Some(status(403, "Forbidden", "rollouts is forbidden")),
        () if path == "/apis/argoproj.io" => Some(status(404, "NotFound", "the server could not find it")),
        () => path.contains("/pods?").then(|| list(json!([]))),
    };
    assert_eq!(look(without).await.unwrap(), 0, "who may not ask is told the same where there is no Argo");
}

#[tokio::test]
async fn each_kind_is_patched_where_it_lives() {
    for (kind, plural) in [
        (WorkloadKind::Deployment, "deployments"),
        (WorkloadKind::StatefulSet, "statefulsets"),
        (WorkloadKind::DaemonSet, "daemonsets"),
        (WorkloadKind::Rollout, "rollouts"),
    ] {
        let setup = setup(&["shop"], |_, _, _| taken());
        let name = WorkloadName::of_kind(kind, "shop", "orders");
        let permit = permit(setup.clock.as_ref(), 86_400);
        let effect = setup.clusters.restart(&stamp(), &name, &mark(), &permit).await;
        assert_eq!(effect, Effect::Applied(8));
        let group = if kind == WorkloadKind::Rollout { "argoproj.io/v1alpha1" } else { "apps/v1" };
        let path = format!("/apis/{group}/namespaces/shop/{plural}/orders?fieldManager=kubectl-rollout");
        assert_eq!(setup.wire.transcript().count("PATCH", &path), 1);
    }
}
