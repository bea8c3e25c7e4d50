//! Which lists a look asks for, their pages, and what may not be listed.

use super::*;

#[tokio::test]
async fn a_look_is_eight_lists_one_secret_and_a_question_for_argos_kinds() {
    let setup = setup(&["shop"], |_, path, _| cluster(path));
    let view = setup.look().await.unwrap();

    let workload = view.workload(&workload()).unwrap();
    assert!(workload.consumes);
    assert_eq!(workload.rotation.as_deref(), Some("r-0"));
    let pods: Vec<_> = view
        .pods
        .iter()
        .map(|pod| (pod.name.as_str(), pod.deleting.is_some(), pod.mounted.clone(), pod.workload.is_some()))
        .collect();
    let mounted = Some(SecretVersion::new("v2"));
    assert_eq!(pods, [("old", true, None, true), ("new", false, mounted, true)]);
    assert_eq!(view.synced[0].fingerprint, Fingerprint::of(KEY, &Salt::new("5a17")));

    let lists = setup.wire.transcript().entries();
    let lists = lists.iter().filter(|entry| !entry.path.contains("watch=true")).count();
    assert_eq!(lists, 10);
    assert_eq!(
        setup.wire.transcript().count("GET", "argoproj.io"),
        1,
        "they are not there, and are not listed"
    );
    setup.followed().await;
    assert_eq!(watches(&setup), ["deployments", "pods"], "nothing of another kind gets the secret");
}

async fn holders(mut setup: Setup) -> (keyslot::model::ClusterView, Vec<String>) {
    setup.clusters = setup.clusters.restarting([workload()]);
    let view = setup.clusters.holders(&stamp(), &Salt::new("5a17"), None).await.unwrap();
    (view, asked(&setup))
}

#[tokio::test]
async fn kinds_that_nobody_restarts_and_that_no_pod_belongs_to_are_not_listed_where_they_can_hold_nothing() {
    let five = ["secretproviderclasses", "secrets", "deployments", "pods", "secretproviderclasspodstatuses"];
    let (view, asked) = holders(setup(&["shop"], |_, path, _| plain(path))).await;
    assert_eq!((view.workloads.len(), view.pods.len()), (1, 3), "every pod of what is restarted");
    assert_eq!(asked, five);

    let (view, asked) = holders(setup(&["shop"], |_, path, _| many_kinds(path))).await;
    assert_eq!(
        (view.workloads.len(), view.cron_jobs.len()),
        (4, 2),
        "a pinned class: whoever may start with it"
    );
    assert!(asked.contains(&"daemonsets".to_owned()), "{asked:?}");

    let of_set = |path: &str| {
        let collection = path.split('?').next().unwrap().rsplit('/').next().unwrap();
        match collection {
            "pods" if !path.contains("watch=true") => list(json!([
                owned("orders-db-0", "apps/v1", "StatefulSet", "orders-db"),
                owned("nightly-28-x", "batch/v1", "Job", "nightly-28")
            ])),
            "secretproviderclasses" => plain(path),
            _ => many_kinds(path),
        }
    };
    let (view, asked) = holders(setup(&["shop"], move |_, path, _| of_set(path))).await;
    assert_eq!(asked[5..], ["statefulsets", "cronjobs"], "what the pods belong to");
    assert!(view.workloads.iter().any(|one| one.name.kind == WorkloadKind::StatefulSet && one.consumes));

    let (view, asked) = holders(setup(&["shop"], |_, path, _| cluster(path))).await;
    assert_eq!(view.synced.len(), 1);
    assert!(
        asked.contains(&"cronjobs".to_owned()),
        "who reads a synced Secret next is told by name: {asked:?}"
    );
}

#[tokio::test]
async fn the_workloads_alone_are_one_list_that_is_dated_by_itself() {
    let mut setup = setup(&["shop"], |_, path, _| match path.contains("watch=true") {
        true => Say::Lines(Vec::new()),
        false => plain(path),
    });
    setup.clusters = setup.clusters.restarting([workload()]);
    let whole = setup.look().await.unwrap();
    assert_eq!(whole.workloads_seen, None, "as the rest");
    setup.followed().await;
    let (before, at) = (asked(&setup).len(), setup.clock.now());
    let (view, age) = setup.clusters.glance(&stamp(), &Salt::new("5a17"), Glance::Workloads).await.unwrap();
    let now = setup.clock.now();
    assert_eq!(asked(&setup)[before..], ["deployments"]);
    assert!(view.workloads_seen.is_some_and(|seen| seen >= at && seen <= now), "{view:?}");
    let seen = Seen::known(now - SignedDuration::try_from(age).unwrap(), view);
    assert!(seen.workloads_at() >= at && seen.at <= at, "the rest is as old as it was");
}

#[tokio::test]
async fn a_kind_that_may_not_be_listed_is_never_taken_for_none_of_it() {
    const CSI: &str = "secrets-store.csi.x-k8s.io";
    for (plural, group) in [
        ("deployments", "apps"),
        ("statefulsets", "apps"),
        ("daemonsets", "apps"),
        ("replicasets", "apps"),
        ("rollouts", "argoproj.io"),
        ("cronjobs", "batch"),
        ("pods", ""),
        ("secretproviderclasses", CSI),
        ("secretproviderclasspodstatuses", CSI),
    ] {
        let setup = setup(&["shop"], move |_, path, _| {
            if path.contains(&format!("/{plural}?")) {
                let message = format!(
                    r#"{plural}.{group} is forbidden: User "ci" cannot list resource "{plural}" in API group "{group}""#
                );
                return status(403, "Forbidden", &message);
            }
            many_kinds(path)
        });
        let fault = setup.look().await.expect_err(plural);
        assert_eq!(fault.kind, Blindness::Forbidden, "{plural}");
        assert!(fault.to_string().contains(&format!(r#"cannot list resource "{plural}""#)), "{fault}");
        assert!(fault.remedy.contains("grant the right"), "{fault}");
    }
}

#[tokio::test]
async fn quotas_and_autoscalers_that_may_not_be_listed_are_unknown_and_the_rest_is_known() {
    let lists = |path: &str| {
        let quota = json!({"metadata": {"name": "team", "namespace": "shop"}, "spec": {"hard": {"pods": "4"}},
            "status": {"hard": {"pods": "4"}, "used": {"pods": "3"}}});
        match path.split('?').next().unwrap().rsplit('/').next().unwrap() {
            "resourcequotas" => list(json!([quota])),
            "horizontalpodautoscalers" => list(json!([])),
            _ => cluster(path),
        }
    };
    let whole = setup(&["shop"], move |_, path, _| lists(path));
    let room = whole.clusters.room(&stamp()).await.unwrap();
    assert_eq!(room.quotas.unwrap()[0].lines[0].resource, "pods");
    assert_eq!(whole.wire.transcript().entries().len(), 2, "one list each");
    for (refused, quotas, autoscalers) in
        [("resourcequotas", false, true), ("horizontalpodautoscalers", true, false)]
    {
        let setup = setup(&["shop"], move |_, path, _| match path.contains(refused) {
            true => status(403, "Forbidden", &format!("cannot list resource \"{refused}\"")),
            false => lists(path),
        });
        let room = setup.clusters.room(&stamp()).await.unwrap();
        assert_eq!((room.quotas.is_ok(), room.autoscalers.is_ok()), (quotas, autoscalers));
        let blind = room.quotas.err().or(room.autoscalers.err()).unwrap();
        assert!(blind.why.contains(refused) && blind.why.contains("grant the right"), "{}", blind.why);
    }
    let ill = setup(&["shop"], |_, _, _| status(500, "InternalError", "etcd is away"));
    assert!(ill.clusters.room(&stamp()).await.is_err(), "what may pass is asked for again");
}

#[tokio::test]
async fn pages_are_followed_and_a_list_that_expires_is_begun_again() {
    let expired = Mutex::new(false);
    let setup = setup(&["shop"], move |_, path, _| match path {
        "/apis/apps/v1/namespaces/shop/deployments?limit=250" => Say::Json(
            200,
            json!({"metadata": {"resourceVersion": "9", "continue": "a+b/c="}, "items": [deployment()]}),
        ),
        "/apis/apps/v1/namespaces/shop/deployments?limit=250&continue=a%2Bb%2Fc%3D" => {
            if !std::mem::replace(&mut *expired.lock().unwrap(), true) {
                return status(410, "Expired", "The provided continue parameter is too old");
            }
            let mut second = deployment();
            second["metadata"]["name"] = json!("second-deploy");
            list(json!([second]))
        }
        _ => cluster(path),
    });
    let view = setup.look().await.unwrap();
    let names: Vec<_> = view.workloads.iter().map(|workload| workload.name.name.as_str()).collect();
    assert_eq!(names, ["orders-deploy", "second-deploy"]);
}

#[tokio::test]
async fn pages_without_an_end_are_no_list() {
    let setup = setup(&["shop"], move |_, path, _| match path.contains("/deployments?limit") {
        true => {
            Say::Json(200, json!({"metadata": {"resourceVersion": "9", "continue": "again"}, "items": []}))
        }
        false => cluster(path),
    });
    let fault = setup.look().await.unwrap_err();
    assert_eq!(fault.kind, Blindness::Unintelligible);
    assert!(fault.why.contains("the list of deployments has more than 1000 pages"), "{fault}");
}

/// Looks at three dozen clusters that take connections and say nothing, four calls at a time.
async fn wait_for_silence(held: Duration) -> Duration {
    let setup = setup(&["shop"], |_, _, _| Say::Text(404, "no"));
    let listeners: Vec<_> = (0..36).map(|_| std::net::TcpListener::bind("127.0.0.1:0").unwrap()).collect();
    let dir = tempfile::tempdir().unwrap();
    let mut stamps = BTreeMap::new();
    for (number, listener) in listeners.iter().enumerate() {
        let path = dir.path().join(format!("kubeconfig-{number}"));
        let server = format!("https://{}", listener.local_addr().unwrap());
        let config = Kubeconfig {
            name: "stamp",
            server: &server,
            ca_pem: setup.wire.ca_pem(),
            user: User::Token(TOKEN),
            namespace: "shop",
        };
        std::fs::write(&path, config.render()).unwrap();
        let place = ClusterPlace::Kubeconfig(KubeconfigPlace { path, context: None });
        let cluster = StampCluster { place, vault: None, namespaces: vec!["shop".to_owned()] };
        stamps.insert(StampName::new(format!("stamp-{number:02}")), cluster);
    }
    let names: Vec<StampName> = stamps.keys().cloned().collect();
    let settings = HttpSettings {
        proxies: Proxies::Off,
        connect_timeout: Duration::from_secs(1),
        ..HttpSettings::default()
    };
    let clusters =
        Kubernetes::new("CosmosDb-ApiKey", stamps, settings, setup.clock.clone()).taking(Turns::new(4, held));
    let salt = Salt::new("00");
    let begun = std::time::Instant::now();
    let looks = futures::future::join_all(names.iter().map(|name| clusters.look(name, &salt))).await;
    for (name, look) in names.iter().zip(looks) {
        assert_eq!(look.unwrap_err().kind, Blindness::Unreachable, "{name}");
    }
    begun.elapsed()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fleet_that_never_answers_is_waited_for_side_by_side() {
    let (side_by_side, in_batches) =
        tokio::join!(wait_for_silence(Duration::from_millis(50)), wait_for_silence(Duration::from_secs(60)));
    assert!(in_batches > Duration::from_secs(8), "nine batches of a second: {in_batches:?}");
    assert!(side_by_side + Duration::from_secs(3) < in_batches, "{side_by_side:?} {in_batches:?}");
}
