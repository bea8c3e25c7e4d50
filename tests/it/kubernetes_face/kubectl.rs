//! The simulated API server under the real kubectl.

use super::*;

#[tokio::test]
async fn kubectl_lists_what_the_world_holds() {
    if !kubectl_is_here() {
        return;
    }
    let setup = setup(WorldConfig::default(), 1.0);
    let out = setup.ok(&["get", "deployments"]).await;
    let lines: Vec<Vec<&str>> = out.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(lines[0], ["NAME", "READY", "UP-TO-DATE", "AVAILABLE", "AGE"]);
    assert_eq!(lines[2], [CATALOG, "3/3", "3", "3", "20d"]);
    assert_eq!(lines.len(), 4);

    let wide = setup.ok(&["get", "deploy", CATALOG, "-o", "wide"]).await;
    assert!(wide.contains("CONTAINERS") && wide.contains("app=catalogservice"), "{wide}");
    let pods = setup.ok(&["get", "pods", "-l", "app=catalogservice", "-A"]).await;
    assert_eq!(pods.lines().count(), 4, "{pods}");
    assert!(pods.contains("1/1") && pods.contains("Running"), "{pods}");
    for (kind, count) in [("rs", 3), ("secretproviderclass", 3), ("secretproviderclasspodstatuses", 9)] {
        let out = setup.ok(&["get", kind, "-o", "name"]).await;
        assert_eq!(out.lines().count(), count, "{kind}: {out}");
    }
    assert!(setup.ok(&["get", "ns"]).await.contains("Active"));
    let json: Value =
        serde_json::from_str(&setup.ok(&["get", "deploy", CATALOG, "-o", "json"]).await).unwrap();
    assert_eq!(json["status"]["observedGeneration"], 1);
    assert!(setup.ok(&["version"]).await.contains("Server Version: v1.34"));

    let (code, _, err) = setup.run(&["get", "deploy", "nosuch"]).await;
    assert_eq!(
        (code, err.trim()),
        (1, "Error from server (NotFound): deployments.apps \"nosuch\" not found")
    );
}

#[tokio::test]
async fn kubectl_restarts_and_calls_it_done_while_old_pods_still_terminate() {
    if !kubectl_is_here() {
        return;
    }
    let mut config = WorldConfig::default();
    let slow = config.workload_mut(&catalog()).unwrap();
    // So long that it is seen under way.
    slow.starts_in = sim::Span::exactly(Duration::from_secs(120));
    slow.ends_in = sim::Span::exactly(Duration::from_secs(24 * 3600));
    let setup = setup(config, 60.0);
    let out = setup.ok(&["rollout", "restart", "deployment", CATALOG]).await;
    assert_eq!(out.trim(), format!("deployment.apps/{CATALOG} restarted"));
    let out = setup.ok(&["rollout", "status", "deployment", CATALOG, "--timeout=150s"]).await;
    assert!(out.ends_with(&format!("deployment \"{CATALOG}\" successfully rolled out\n")), "{out}");
    assert!(out.contains("Waiting for deployment"), "{out}");
    let pods = setup.ok(&["get", "pods", "-l", "app=catalogservice"]).await;
    assert_eq!(pods.matches("Terminating").count(), 3, "{pods}");
    assert_eq!(pods.matches("Running").count(), 3, "{pods}");
    assert_eq!(setup.wire.transcript().changes().len(), 1);

    setup.ok(&["rollout", "pause", "deployment", CATALOG]).await;
    let (code, _, err) = setup.run(&["rollout", "restart", "deployment", CATALOG]).await;
    assert_eq!(code, 1);
    assert!(err.contains("can't restart paused deployment"), "{err}");
    setup.ok(&["rollout", "resume", "deployment", CATALOG]).await;
    setup.ok(&["scale", "deployment", CATALOG, "--replicas=4"]).await;
    setup.ok(&["set", "image", &format!("deployment/{CATALOG}"), "catalogservice=x:2"]).await;
    setup
        .ok(&["patch", "deployment", CATALOG, "--type=merge", "-p", r#"{"spec":{"minReadySeconds":1}}"#])
        .await;
    assert_eq!(setup.raised(), 7, "restart, pause, resume, scale, image, patch");
}

#[tokio::test]
async fn kubectl_restarts_sets_and_follows_them_to_their_end() {
    if !kubectl_is_here() {
        return;
    }
    let mut config = WorldConfig::default().with_sets();
    for set in &mut config.sets {
        // So long that it is seen under way.
        set.workload.starts_in = sim::Span::exactly(Duration::from_secs(120));
    }
    let setup = setup(config, 60.0);
    let out = setup.ok(&["get", "statefulsets"]).await;
    let lines: Vec<Vec<&str>> = out.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!((&lines[0][..], &lines[1][..2]), (&["NAME", "READY", "AGE"][..], &["orders-db", "3/3"][..]));
    let out = setup.ok(&["get", "ds"]).await;
    assert!(out.contains("UP-TO-DATE") && out.contains("relay-agent"), "{out}");
    assert!(setup.ok(&["get", "pods"]).await.contains("orders-db-2"));
    for (target, said) in [
        ("statefulset/orders-db", "partitioned roll out complete: 3 new pods have been updated"),
        ("daemonset/relay-agent", "daemon set \"relay-agent\" successfully rolled out"),
    ] {
        let restarted = setup.ok(&["rollout", "restart", target]).await;
        assert!(restarted.trim().ends_with("restarted"), "{restarted}");
        let out = setup.ok(&["rollout", "status", target, "--timeout=150s"]).await;
        assert!(out.contains(said), "{out}");
        assert!(out.contains("Waiting for"), "it was seen under way: {out}");
    }
    let merge = r#"{"spec":{"updateStrategy":{"rollingUpdate":{"partition":2}}}}"#;
    setup.ok(&["patch", "sts", "orders-db", "--type=merge", "-p", merge]).await;
    let name = WorkloadName::of_kind(WorkloadKind::StatefulSet, "workload", "orders-db");
    let view = setup.look(&setup.adapter()).await;
    assert_eq!(view.workload(&name).unwrap().strategy, Strategy::Ordinals { partition: 2 });
    let (code, _, err) = setup.run(&["rollout", "restart", "statefulset/nosuch"]).await;
    assert_eq!(code, 1, "{err}");
}

#[tokio::test]
async fn a_cron_job_and_its_running_job_are_seen_by_kubectl_and_by_the_adapter() {
    let mut config = WorldConfig::default();
    let hourly = CronJobConfig { every: 1, ..CronJobConfig::named("hourly") };
    config.cron_jobs = vec![hourly.reading("cosmos"), CronJobConfig::named("later")];
    config.cron_jobs[1].suspended = true;
    let setup = setup(config, 60.0);
    setup.world.with(|world| world.advance_to(world.now() + jiff::SignedDuration::from_secs(3700)));
    let view = setup.look(&setup.adapter()).await;
    let told: Vec<_> =
        view.cron_jobs.iter().map(|job| (job.name.as_str(), job.suspended, &job.reads[..])).collect();
    assert_eq!(told, [("hourly", false, &["cosmos".to_owned()][..]), ("later", true, &[])]);
    let jobs: Vec<_> = view.pods.iter().filter_map(|pod| pod.above.as_ref()).collect();
    assert_eq!(jobs.len(), 1, "{:?}", view.pods);
    assert!(jobs[0].is_job() && jobs[0].name.starts_with("hourly-"), "{jobs:?}");
    assert_eq!(view.synced.len(), 1);
    if !kubectl_is_here() {
        return;
    }
    let out = setup.ok(&["get", "cronjobs"]).await;
    let lines: Vec<Vec<&str>> = out.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(lines[1][..9], ["hourly", "0", "*/1", "*", "*", "*", "<none>", "False", "1"]);
    assert!(lines[2].contains(&"True"), "{out}");
    let out = setup.ok(&["get", "jobs,pods", "-l", "app=hourly"]).await;
    assert!(out.contains("Running"), "{out}");
    let out = setup.ok(&["get", "jobs"]).await;
    assert!(out.contains("0/1"), "{out}");
}

#[tokio::test]
async fn kubectl_watches() {
    if !kubectl_is_here() {
        return;
    }
    let setup = setup(WorldConfig::default(), 600.0);
    let mut child =
        setup.kubectl(&["get", "pods", "-w"]).stdout(std::process::Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let header = lines.next_line().await.unwrap().unwrap();
    assert!(header.starts_with("NAME"), "{header}");
    let first = lines.next_line().await.unwrap().unwrap();
    let name = first.split_whitespace().next().unwrap().to_owned();
    setup.ok(&["delete", "pod", &name]).await;
    loop {
        let line = lines.next_line().await.unwrap().unwrap();
        if line.starts_with(&name) && line.contains("Terminating") {
            break;
        }
    }
    child.kill().await.unwrap();
}
