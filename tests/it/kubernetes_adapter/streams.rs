//! Lists that come with the watches that follow them.

use super::*;

fn streaming(script: impl Fn(&str, &str, &str) -> Say + Send + Sync + 'static) -> Setup {
    set_up(&["shop"], server(Arc::new(script), true))
}

/// What a server tells from the beginning, and goes on to tell.
fn streamed(objects: &[Value], later: &[String]) -> Say {
    let end = json!({"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": "990",
        "annotations": {"k8s.io/initial-events-end": "true"}}}});
    let added = objects.iter().map(|object| json!({"type": "ADDED", "object": object}));
    Say::Lines(added.chain([end]).map(|event| event.to_string()).chain(later.iter().cloned()).collect())
}

fn all_but_streams(path: &str, later: &[String]) -> Say {
    match path.contains("sendInitialEvents=true") {
        true if path.contains("/pods?") => streamed(&[pod("old", true), pod("new", false)], &[]),
        true => streamed(&[deployment()], later),
        false => cluster(path),
    }
}

/// How often a kind was listed by itself, and how often it was watched.
fn counts(setup: &Setup, kind: &str) -> (usize, usize) {
    let transcript = setup.wire.transcript();
    (
        transcript.count("GET", &format!("/{kind}?limit=")),
        transcript.count("GET", &format!("/{kind}?watch=true")),
    )
}

#[tokio::test]
async fn what_is_watched_is_listed_by_the_watch_which_goes_on() {
    let mut after = restarted(8);
    after["metadata"]["resourceVersion"] = json!("995");
    let end = json!({"type": "MODIFIED", "object": after}).to_string();
    let setup = streaming(move |_, path, _| all_but_streams(path, std::slice::from_ref(&end)));
    let view = setup.look().await.unwrap();
    let pods: Vec<&str> = view.pods.iter().map(|pod| pod.name.as_str()).collect();
    assert_eq!((view.workloads.len(), pods), (1, vec!["new", "old"]));
    assert!(view.workload(&workload()).unwrap().consumes);
    let heard = setup.clusters.changed().await;
    assert!(heard.iter().any(|changed| changed.what == Happening::Rollout), "{heard:?}");
    setup.followed().await;
    for kind in ["deployments", "pods"] {
        assert_eq!(counts(&setup, kind), (0, 1), "{kind}");
    }
    // Where a watch is open, a look asks for lists of their own: it proves something.
    setup.look().await.unwrap();
    for kind in ["deployments", "pods"] {
        assert_eq!(counts(&setup, kind), (1, 1), "{kind}");
    }
}

#[tokio::test]
async fn a_server_that_does_not_do_it_is_asked_once() {
    let setup = setup(&["shop"], |_, path, _| cluster(path));
    setup.look().await.unwrap();
    setup.followed().await;
    assert_eq!(counts(&setup, "deployments"), (1, 2), "refused, and from where the list ended");
    assert_eq!(counts(&setup, "pods"), (1, 1), "not asked any more");
}

/// The clusters of two stamps behind one server, which knows them by their tokens.
fn two_stamps(setup: &Setup) -> Kubernetes {
    let cluster = |token: &str| {
        let path = setup.kubeconfig.with_file_name(token);
        write_kubeconfig(&path, &setup.wire, token);
        let place = ClusterPlace::Kubeconfig(KubeconfigPlace { path, context: None });
        StampCluster { place, vault: Some("KV-stamp".into()), namespaces: vec!["shop".into()] }
    };
    let stamps = [(stamp(), cluster(TOKEN)), (StampName::new("westeurope"), cluster("other"))];
    let settings = HttpSettings { proxies: Proxies::Off, hosts: Hosts::default(), ..HttpSettings::default() };
    Kubernetes::new("CosmosDb-ApiKey", BTreeMap::from(stamps), settings, setup.clock.clone())
}

/// How often deployments and pods were listed and watched, for two stamps of which the first answers a stream of deployments
/// with this.
async fn where_the_first_answers(status: u16) -> [(usize, usize); 2] {
    let setup = streaming(move |_, path, bearer| {
        let is_stream = path.contains("sendInitialEvents=true") && path.contains("/deployments?");
        match is_stream && bearer.ends_with(TOKEN) {
            true => Say::Json(status, json!({"kind": "Status", "code": status})),
            false => all_but_streams(path, &[]),
        }
    });
    let clusters = two_stamps(&setup);
    for name in [stamp(), StampName::new("westeurope")] {
        let view = clusters.look(&name, &Salt::new("5a17")).await.unwrap();
        assert_eq!(view.workloads.len(), 1);
        while !clusters.follows(&name) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
    [counts(&setup, "deployments"), counts(&setup, "pods")]
}

#[tokio::test]
async fn a_right_that_one_stamp_lacks_for_one_kind_holds_for_nothing_else() {
    assert_eq!(where_the_first_answers(403).await, [(1, 3), (0, 2)]);
}

#[tokio::test]
async fn a_server_that_does_not_know_the_question_stands_for_all() {
    for status in [400, 422] {
        assert_eq!(where_the_first_answers(status).await, [(2, 3), (2, 2)], "{status}");
    }
}

#[tokio::test]
async fn an_answer_that_ends_before_its_mark_is_no_list() {
    let setup = streaming(|_, path, _| match path.contains("sendInitialEvents=true") {
        true => Say::Json(200, json!({"type": "ADDED", "object": deployment()})),
        false => cluster(path),
    });
    let view = setup.look().await.unwrap();
    assert_eq!((view.workloads.len(), view.pods.len()), (1, 2), "as the lists have them");
}
