//! Looks at a part: what they list, and how old they are.

use super::*;

/// What a glance asks the API server for, by the last words of the paths.
async fn glance(setup: &Setup, adapter: &Kubernetes, glance: Glance) -> (ClusterView, Duration, Vec<String>) {
    let before = setup.wire.transcript().entries().len();
    let (view, age) = adapter.glance(&setup.stamp, &Salt::new("5a17"), glance).await.unwrap();
    let entries = setup.wire.transcript().entries();
    let asked = entries[before..].iter().filter(|entry| !entry.path.contains("watch=true"));
    let last = |path: &str| path.split('?').next().unwrap().rsplit('/').next().unwrap().to_owned();
    (view, age, asked.map(|entry| last(&entry.path)).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_glance_lists_only_what_is_named_and_is_no_younger_than_the_look_before_it() {
    let setup = setup(WorldConfig::default(), 600.0);
    let adapter = setup.adapter();
    setup.look(&adapter).await;
    while !adapter.follows(&setup.stamp) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let looked = std::time::Instant::now();
    // The API tells creation times in whole seconds, rounded down.
    let before = jiff::Timestamp::from_second(setup.world.clock().now().as_second()).unwrap();
    assert_eq!(setup.restart(&adapter, "2026-01-12T08:01:00Z").await, Effect::Applied(2));

    let (view, _, asked) = glance(&setup, &adapter, Glance::Answer).await;
    let restarted = view.workload(&catalog()).unwrap();
    assert_eq!((restarted.generation, asked), (2, vec![]), "the answer to the restart told it");
    assert!(!rollout(restarted, 2).is_complete());

    while !adapter.changed().await.iter().any(|changed| changed.what == Happening::Rollout) {}
    let at = setup.world.clock().now();
    let (view, age, asked) = glance(&setup, &adapter, Glance::Workloads).await;
    assert!(rollout(view.workload(&catalog()).unwrap(), 2).is_complete(), "{view:?}");
    assert_eq!(asked[0], "deployments");
    // Where an event is late, the pods are listed too.
    let mounts = "secretproviderclasspodstatuses";
    assert!(asked.len() == 1 || asked[1..] == [mounts] || asked[1..] == ["pods", mounts], "{asked:?}");
    let name = catalog();
    let young = view.pods_of(&name).filter(|pod| pod.deleting.is_none() && pod.created >= before);
    assert_eq!(young.count(), 3, "{view:?}");
    let passed = at.duration_since(before).unsigned_abs();
    assert!(age >= passed.saturating_sub(Duration::from_secs(60)) && age > looked.elapsed(), "{age:?}");

    let (view, older, asked) = glance(&setup, &adapter, Glance::Pods).await;
    assert_eq!(asked, ["pods", "secretproviderclasspodstatuses"]);
    assert!(
        older >= age && view.pods_of(&catalog()).all(|pod| pod.mounted.is_some() || pod.deleting.is_some())
    );
}

/// Restarts one workload after the other, each when the watch has told of the end of the one before; what each end asked
/// of the API server.
async fn restart_all(setup: &Setup, adapter: &Kubernetes, workloads: &[WorkloadName]) -> Vec<Vec<String>> {
    let mut asked = Vec::new();
    for workload in workloads {
        let mark =
            RestartMark { restarted_at: "2026-01-12T08:01:00Z".into(), rotation: RotationId::new("r-1") };
        let effect = adapter.restart(&setup.stamp, workload, &mark, &setup.permit()).await;
        assert_eq!(effect, Effect::Applied(2));
        while !adapter.changed().await.iter().any(|changed| changed.what == Happening::Rollout) {}
        let (view, _, end) = glance(setup, adapter, Glance::Told(Happening::Rollout)).await;
        let restarted = view.workload(workload).unwrap();
        assert!(rollout(restarted, 2).is_complete(), "{restarted:?}");
        let alive = view.pods_of(workload).filter(|pod| pod.deleting.is_none());
        assert_eq!(alive.count(), restarted.desired as usize);
        asked.push(end);
    }
    asked
}

#[tokio::test(flavor = "multi_thread")]
async fn between_two_restarts_watches_tell_and_at_the_end_of_the_last_mounts_are_listed() {
    let setup = setup(WorldConfig::default(), 600.0);
    let workloads: Vec<WorkloadName> =
        setup.world.with(|world| world.config().all_workloads().map(|one| one.name.clone()).collect());
    let written = |people: &str| WorkloadName::new("Workload", people.to_uppercase());
    let adapter = setup.adapter().restarting(workloads.iter().map(|name| written(&name.name)));
    let now = setup.world.clock().now();
    let salt = Salt::new("5a17");
    let version = |world: &mut World| world.stamp(&setup.stamp).unwrap().vault.current().unwrap().id.clone();
    let vault = VaultView {
        version: setup.world.with(version),
        created: now,
        expires: None,
        valid_from: None,
        fingerprint: Fingerprint::of(b"", &salt),
    };
    let counted = |from: usize| {
        let entries = setup.wire.transcript().entries();
        entries[from..].iter().filter(|entry| !entry.path.contains("watch=true")).count()
    };
    let view = adapter.holders(&setup.stamp, &salt, Some(&vault)).await.unwrap();
    assert!(view.pods.iter().all(|pod| pod.mounted.is_none()), "they hold an older key whatever they mount");
    assert_eq!(
        counted(0),
        2,
        "classes, what the driver made of Secrets; Deployments and pods come with watches"
    );
    while !adapter.follows(&setup.stamp) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let none: Vec<String> = Vec::new();
    let pods = ["pods", "secretproviderclasspodstatuses"].map(str::to_owned).to_vec();
    let mounts = pods[1..].to_vec();
    let ends = restart_all(&setup, &adapter, &workloads).await;
    let (between, last) = (&ends[..2], &ends[2]);
    // Where one watch is far behind the other, pods are listed too; that they need not be is shown by script.
    assert!(between.iter().all(|end| *end == none || *end == pods), "{ends:?}");
    assert!(*last == mounts || *last == pods, "{ends:?}");

    while !adapter.changed().await.iter().any(|changed| changed.what == Happening::PodsGone) {}
    let (view, _, asked) = glance(&setup, &adapter, Glance::Told(Happening::PodsGone)).await;
    assert_eq!(asked, none, "that the last one has gone was told");
    assert!(
        view.pods.iter().all(|pod| pod.deleting.is_none() && pod.created >= now && pod.mounted.is_some())
    );
    let (view, _, asked) = glance(&setup, &adapter, Glance::Pods).await;
    assert_eq!((view.pods.len(), asked.len()), (9, 2), "who asks for a list gets one");

    let before = setup.wire.transcript().entries().len();
    let view = adapter.holders(&setup.stamp, &salt, Some(&vault)).await.unwrap();
    assert!(view.pods.iter().all(|pod| pod.mounted.is_some()));
    // Ten minutes pass here in a second: what the driver made is asked again then.
    assert!(
        matches!(counted(before), 3 | 4),
        "classes, Deployments, pods: what these mount of the vault's version is known"
    );
    // However often it is looked meanwhile.
    let mut again = false;
    for _ in 0..200 {
        let before = setup.wire.transcript().entries().len();
        adapter.holders(&setup.stamp, &salt, Some(&vault)).await.unwrap();
        again |= counted(before) == 4;
        if again {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(again, "the answer about Secrets stands for ever");
    let view = adapter.look(&setup.stamp, &salt).await.unwrap();
    assert!(view.pods.iter().all(|pod| pod.mounted.as_ref() == Some(&vault.version)), "and it is so");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nothing_was_looked_at_before_a_glance_is_a_whole_look() {
    let mut config = WorldConfig::default();
    config.workloads[0].key = KeySource::SyncedSecret("cosmos".to_owned());
    let setup = setup(config, 60.0);
    let adapter = setup.adapter();
    let (view, age, asked) = glance(&setup, &adapter, Glance::Pods).await;
    assert_eq!((view.workloads.len(), view.synced.len(), age), (3, 1, Duration::ZERO));
    assert!(
        asked.contains(&"secretproviderclasses".to_owned()) && asked.len() == 8,
        "Deployments and pods come with watches: {asked:?}"
    );
    // Another salt, other fingerprints.
    let (_, age) = adapter.glance(&setup.stamp, &Salt::new("b0"), Glance::Answer).await.unwrap();
    assert_eq!(age, Duration::ZERO);
}
