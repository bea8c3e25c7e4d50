//! The production adapter against the simulated API server.

use super::*;
use crate::log::Log;

#[tokio::test]
async fn the_adapter_sees_sets_restarts_them_and_is_woken_when_they_are_done() {
    let setup = setup(WorldConfig::default().with_sets(), 600.0);
    let adapter = setup.adapter();
    let view = setup.look(&adapter).await;
    assert_eq!(view.workloads.len(), 5);
    assert!(view.workloads.iter().all(|workload| workload.consumes));
    assert!(view.pods.iter().all(|pod| pod.workload.is_some() && pod.mounted.is_some()));
    for kind in [WorkloadKind::StatefulSet, WorkloadKind::DaemonSet] {
        let name = view.workloads.iter().find(|workload| workload.name.kind == kind).unwrap().name.clone();
        assert_eq!(view.pods_of(&name).count(), 3, "{name}");
        let before: Vec<String> = view.pods_of(&name).map(|pod| pod.uid.clone()).collect();
        let mark =
            RestartMark { restarted_at: "2026-01-12T08:01:00Z".into(), rotation: RotationId::new("r-1") };
        let effect = adapter.restart(&setup.stamp, &name, &mark, &setup.permit()).await;
        assert_eq!(effect, Effect::Applied(2));
        loop {
            adapter.changed().await;
            let view = setup.look(&adapter).await;
            let workload = view.workload(&name).unwrap();
            if rollout(workload, 2).is_complete() {
                assert_eq!(workload.rotation.as_deref(), Some("r-1"));
                assert!(view.pods_of(&name).all(|pod| !before.contains(&pod.uid)), "nobody is left");
                break;
            }
        }
    }
    assert!(setup.wire.transcript().count("GET", "watch=true") <= 8, "four watches");
}

#[tokio::test]
async fn the_adapter_sees_the_world_and_restarts_it_once() {
    let mut config = WorldConfig::default();
    let synced = WorkloadName::new("workload", "healthservice-deploy");
    config.workload_mut(&synced).unwrap().key = KeySource::SyncedSecret("cosmos".into());
    let setup = setup(config, 600.0);
    let adapter = setup.adapter();
    let view = setup.look(&adapter).await;
    assert!(view.workloads.iter().all(|workload| workload.consumes && workload.observed_generation == 1));
    assert_eq!(view.pods_of(&catalog()).count(), 3);
    let (version, key) = setup.world.with(|world| {
        let current = world.stamp(&setup.stamp).unwrap().vault.current().unwrap().clone();
        (current.id, current.value.text().fingerprint(&Salt::new("5a17")))
    });
    assert!(view.pods.iter().all(|pod| pod.mounted.as_ref() == Some(&version)), "{:?}", view.pods);
    assert_eq!((view.synced.len(), &view.synced[0].fingerprint), (1, &key));

    assert_eq!(setup.restart(&adapter, "2026-01-12T08:01:00Z").await, Effect::Applied(2));
    assert_eq!(setup.restart(&adapter, "2026-01-12T08:01:00Z").await, Effect::Applied(2));
    assert_eq!(setup.raised(), 2);
    assert_eq!(setup.wire.transcript().changes().len(), 1);
    let view = setup.look(&adapter).await;
    let workload = view.workload(&catalog()).unwrap();
    assert_eq!(workload.rotation.as_deref(), Some("r-1"));
    assert_eq!(workload.restarted_at.as_deref(), Some("2026-01-12T08:01:00Z"));
}

#[tokio::test]
async fn a_watch_leads_to_the_end_of_a_rollout_and_of_its_old_pods() {
    let mut config = WorldConfig::default();
    // Until it was seen that the rollout is over and they are there.
    let ends_in = Duration::from_secs(12 * 3600);
    config.workload_mut(&catalog()).unwrap().ends_in = sim::Span::exactly(ends_in);
    let setup = setup(config, 600.0);
    let adapter = setup.adapter();
    setup.look(&adapter).await;
    // The API tells creation times in whole seconds, rounded down.
    let restarted = jiff::Timestamp::from_second(setup.world.clock().now().as_second()).unwrap();
    assert_eq!(setup.restart(&adapter, "2026-01-12T08:01:00Z").await, Effect::Applied(2));
    let mut seen_complete_with_old_pods = false;
    loop {
        adapter.changed().await;
        let view = setup.look(&adapter).await;
        let complete = rollout(view.workload(&catalog()).unwrap(), 2).is_complete();
        let old = view.pods_of(&catalog()).filter(|pod| pod.created < restarted).count();
        if complete && old > 0 && !seen_complete_with_old_pods {
            seen_complete_with_old_pods = true;
            setup.pass(ends_in);
        }
        if complete && old == 0 {
            break;
        }
    }
    assert!(seen_complete_with_old_pods);
    assert!(setup.wire.transcript().count("GET", "watch=true") <= 4, "two watches, hardly ever begun again");
}

#[tokio::test]
async fn an_answer_lost_on_either_side_is_unknown_and_the_generation_is_raised_once() {
    let fault =
        sim::Fault::new(When::First(1), Target::operation(sim::Operation::Restart), sim::Trouble::LoseAnswer);
    let setup = setup(WorldConfig::default().with_fault(fault), 1.0);
    let adapter = setup.adapter();
    // The first answer is lost in the world, the second on the wire.
    setup.wire.faults().add(WireFault::once(Which { skip: 1, ..Which::default() }, Trouble::DropAnswer));
    assert!(matches!(setup.restart(&adapter, "2026-01-12T08:01:00Z").await, Effect::Unknown(_)));
    assert!(matches!(setup.restart(&adapter, "2026-01-12T08:01:00Z").await, Effect::Unknown(_)));
    assert_eq!(setup.restart(&adapter, "2026-01-12T08:01:00Z").await, Effect::Applied(2));
    assert_eq!(setup.raised(), 2);
    assert_eq!(setup.wire.transcript().changes().len(), 1);
}

#[tokio::test]
async fn the_worlds_own_faults_are_spoken_in_kubernetes() {
    use sim::{Fault, Operation, Trouble};
    let read = |n, what| Fault::new(When::Nth(n), Target::operation(Operation::ReadCluster), what);
    let config = WorldConfig::default()
        .with_fault(read(1, Trouble::Forbidden))
        .with_fault(read(2, Trouble::Throttle { retry_after: Duration::from_secs(7) }))
        .with_fault(read(3, Trouble::Unreachable));
    let setup = setup(config, 1.0);
    let list = "/apis/apps/v1/namespaces/workload/deployments";
    let (code, body) = setup.raw("GET", list).await;
    assert_eq!((code, &body["reason"]), (403, &json!("Forbidden")));
    let message = r#"deployments.apps is forbidden: User "keyslot" cannot list resource "deployments" in API group "apps" in the namespace "workload""#;
    assert_eq!(body["message"], message);
    let answer = setup.http().send(setup.request("GET", list, Some(&setup.token)), None).await.unwrap();
    assert_eq!((answer.status.as_u16(), answer.retry_after()), (429, Some(Duration::from_secs(7))));
    assert!(setup.http().send(setup.request("GET", list, Some(&setup.token)), None).await.is_err());
    assert_eq!(setup.raw("GET", list).await.0, 200);
}

#[tokio::test]
async fn permissions_can_be_asked_for() {
    let setup = setup(WorldConfig::default(), 1.0);
    for (verb, resource, allowed) in
        [("patch", "deployments", true), ("delete", "replicasets", false), ("list", "nodes", false)]
    {
        let attributes =
            json!({"verb": verb, "group": "apps", "resource": resource, "namespace": "workload"});
        let path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
        let mut request = setup.request("POST", path, Some(&setup.token));
        *request.body_mut() = Some(json!({"spec": {"resourceAttributes": attributes}}).to_string().into());
        let (code, body) = setup.send(request).await;
        assert_eq!((code, &body["status"]["allowed"]), (201, &json!(allowed)), "{verb} {resource}");
    }
}

#[tokio::test]
async fn a_deployment_that_is_deleted_is_gone_at_once_and_its_pods_are_told_to_end() {
    let setup = setup(WorldConfig::default(), 1.0);
    let list = "/apis/apps/v1/namespaces/workload/deployments";
    let one = format!("{list}/catalogservice-deploy");
    let deleted = setup.send(setup.request("DELETE", &one, Some(&setup.token))).await;
    assert_eq!((deleted.0, &deleted.1["metadata"]["name"]), (200, &json!("catalogservice-deploy")));
    assert_eq!((setup.raw("GET", &one).await.0, setup.raw("GET", list).await.0), (404, 200));
    let again = setup.send(setup.request("DELETE", &one, Some(&setup.token))).await;
    assert_eq!(again.0, 404);
    let (_, pods) = setup.raw("GET", "/api/v1/namespaces/workload/pods").await;
    let ends = |pod: &Value| pod["metadata"]["deletionTimestamp"].is_string();
    let of = |pod: &&Value| {
        pod["metadata"]["name"].as_str().is_some_and(|name| name.starts_with("catalogservice-deploy-"))
    };
    let pods: Vec<_> = pods["items"].as_array().unwrap().iter().filter(of).collect();
    assert!(!pods.is_empty() && pods.into_iter().all(ends));
}

#[tokio::test]
async fn events_are_listed_only_where_pods_do_not_come_up() {
    let crash = sim::Fault::new(When::Always, Target::workload(catalog()), sim::Trouble::CrashLoop);
    let setup = setup(WorldConfig::default().with_fault(crash), 600.0);
    let adapter = setup.adapter();
    let before = setup.look(&adapter).await;
    assert!(before.pods.iter().all(|pod| pod.trouble.is_none() && pod.node.is_some()), "{before:?}");
    assert_eq!(setup.wire.transcript().count("GET", "/events"), 0);
    assert!(matches!(setup.restart(&adapter, "2026-01-12T08:01:00Z").await, Effect::Applied(_)));
    let after = loop {
        let view = setup.look(&adapter).await;
        if view.pods.iter().any(|pod| pod.trouble.is_some()) {
            break view;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    let failing = after.pods.iter().find(|pod| pod.trouble.is_some()).unwrap();
    let trouble = failing.trouble.as_ref().unwrap();
    assert!(trouble.hopeless, "{trouble:?}");
    assert_eq!(trouble.text, "container catalogservice: CrashLoopBackOff, restarted 4 times");
    let warning = &after.warnings[0];
    assert_eq!(
        (warning.object.as_str(), warning.reason.as_str()),
        (&*format!("Pod {}", failing.name), "BackOff")
    );
    assert!(setup.wire.transcript().count("GET", "/events?limit=250&fieldSelector=type%3DWarning") > 0);
    let why = keyslot::rotation::predicate::rollout_failed(
        after.workload(&catalog()).unwrap(),
        &after,
        setup.world.clock().now(),
    );
    assert!(format!("{why:?}").contains("Back-off restarting failed container"), "{why:?}");
}

#[tokio::test]
async fn watches_that_are_cut_off_are_begun_again_and_wake_all_the_same() {
    let setup = setup(WorldConfig::default(), 600.0);
    let which = Which { path: "watch=true".into(), ..Which::default() };
    let cut = setup.wire.faults().add(WireFault { which, what: Trouble::DropRequest, times: 4 });
    let adapter = setup.adapter();
    setup.look(&adapter).await;
    cut.struck().await;
    assert!(matches!(setup.restart(&adapter, "2026-01-12T08:01:00Z").await, Effect::Applied(2)));
    tokio::time::timeout(Duration::from_secs(20), adapter.changed()).await.expect("it wakes");
    assert!(cut.count() >= 2, "both watches were cut off");
}

#[tokio::test]
async fn a_clock_that_differs_from_the_servers_is_seen() {
    let setup = setup(WorldConfig::default(), 1.0);
    let ahead = |view: ClusterView| view.ahead.map(|ahead| ahead.as_secs());
    assert_eq!(ahead(setup.look(&setup.adapter()).await), Some(0));
    let behind = setup.world.clock().now() - jiff::SignedDuration::from_mins(10);
    let adapter = setup.adapter_at(WireClock::start(behind, 1.0));
    let seen = ahead(setup.look(&adapter).await).unwrap();
    assert!((590..=601).contains(&seen), "{seen}");
}

#[tokio::test(flavor = "current_thread")]
async fn neither_side_of_the_wire_logs_a_token_or_a_key() {
    let (log, _guard) = Log::listening();
    let mut config = WorldConfig::default();
    config.workload_mut(&catalog()).unwrap().key = KeySource::SyncedSecret("cosmos".into());
    let setup = setup(config, 600.0);
    let adapter = setup.adapter();
    setup.look(&adapter).await;
    let effect = setup.restart(&adapter, "2026-01-12T08:01:00Z").await;
    adapter.changed().await;
    let view = setup.look(&adapter).await;

    let mut said = log.text();
    assert!(said.len() > 1000, "the libraries below do log");
    said.push_str(&format!("{effect:?} {view:?} {:?}", setup.wire.transcript().entries()));
    let keys: Vec<String> = setup
        .world
        .with(|world| world.all_secrets_ever().iter().map(|key| key.expose().to_owned()).collect());
    for secret in keys.iter().map(String::as_str).chain([setup.token.as_str()]) {
        assert!(!said.contains(secret), "a secret was logged");
    }
}
