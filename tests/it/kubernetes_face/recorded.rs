//! The simulated API server against what was recorded from a real control plane.

use super::*;
use crate::recordings::word;

#[tokio::test]
async fn refusals_are_those_of_a_real_server() {
    let setup = setup(WorldConfig::default(), 1.0);
    let name = deployment_path(CATALOG);
    for (path, code, message) in [
        (deployment_path("nosuch"), 404, "deployments.apps \"nosuch\" not found"),
        (
            deployment_path("CatalogService-deploy"),
            404,
            "deployments.apps \"CatalogService-deploy\" not found",
        ),
        ("/apis/apps/v1/namespaces/nosuch/deployments/x".to_owned(), 404, "deployments.apps \"x\" not found"),
        ("/api/v1/namespaces/nosuch".to_owned(), 404, "namespaces \"nosuch\" not found"),
        (
            "/apis/apps/v1/deployments?resourceVersion=1&resourceVersionMatch=Exact".to_owned(),
            410,
            "The resourceVersion for the provided list is too old.",
        ),
    ] {
        let (got, body) = setup.raw("GET", &path).await;
        assert_eq!(
            (got, &body["message"], &body["kind"]),
            (code, &json!(message), &json!("Status")),
            "{path}"
        );
    }
    let (code, body) = setup.raw("GET", "/apis/nosuch.example/v1/things").await;
    assert_eq!((code, body), (404, json!("404 page not found\n")));
    let (code, body) = setup.raw("GET", "/apis/apps/v1/namespaces/nosuch/deployments").await;
    assert_eq!((code, &body["items"]), (200, &json!([])));
    assert_eq!(setup.raw("POST", "/apis/apps/v1/namespaces/workload/deployments").await.0, 405);
    assert_eq!(setup.send(setup.request("GET", &name, Some("wrong"))).await.0, 401);
    let (code, body) = setup.send(setup.request("GET", &name, None)).await;
    assert_eq!(code, 403);
    assert!(body["message"].as_str().unwrap().contains("system:anonymous"), "{body}");

    let restart = r#"{"spec":{"template":{"metadata":{"annotations":{"a":"b"}}}}}"#;
    assert_eq!(setup.patch(CATALOG, "application/json", restart).await.0, 415);
    let merge = "application/merge-patch+json";
    let conflict = r#"{"metadata":{"resourceVersion":"1","annotations":{"a":"b"}}}"#;
    let (code, body) = setup.patch(CATALOG, merge, conflict).await;
    assert_eq!((code, &body["reason"]), (409, &json!("Conflict")));
    let dry = format!("{name}?dryRun=All");
    let mut request = setup.request("PATCH", &dry, Some(&setup.token));
    request.headers_mut().insert("content-type", merge.parse().unwrap());
    *request.body_mut() = Some(restart.into());
    assert_eq!(setup.send(request).await.1["metadata"]["generation"], 2);
    assert_eq!(setup.raised(), 1, "a dry run changes nothing");
    assert!(setup.wire.transcript().changes().is_empty());
}

#[tokio::test]
async fn a_body_in_another_format_is_answered_as_a_real_server_answers_one_that_it_does_not_know() {
    let setup = setup(WorldConfig::default(), 1.0);
    let jobs = "/apis/batch/v1/namespaces/workload/jobs";
    for content_type in ["application/vnd.kubernetes.protobuf", "application/jsonlines; charset=utf-8"] {
        let mut request = setup.request("POST", jobs, Some(&setup.token));
        request.headers_mut().insert("content-type", content_type.parse().unwrap());
        *request.body_mut() = Some(b"k8s\0\x0a".to_vec().into());
        let (code, body) = setup.send(request).await;
        assert_eq!(code, 415, "{content_type}: {body}");
        let told = ["kind", "apiVersion", "status", "reason", "code"].map(|member| body[member].clone());
        let status =
            [json!("Status"), json!("v1"), json!("Failure"), json!("UnsupportedMediaType"), json!(415)];
        assert_eq!(told, status, "{body}");
        let message = body["message"].as_str().unwrap();
        let known = "the body of the request was in an unknown format - accepted media types include: application/json";
        assert!(message.starts_with(known), "{message}");
        assert!(message.contains("kubectl create -f"), "{message}");
    }
    let (_, list) = setup.raw("GET", jobs).await;
    assert_eq!(list["items"], json!([]), "nothing was made");
}

#[tokio::test]
async fn recorded_refusals_are_answered_alike() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/recordings/errors.jsonl");
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!("skipped: {} is not at hand", path.display());
        return;
    };
    let setup = setup(WorldConfig::default(), 1.0);
    let mut compared = 0;
    for line in text.lines() {
        let recorded: Value = serde_json::from_str(line).unwrap();
        let (name, method) = (recorded["name"].as_str().unwrap(), recorded["method"].as_str().unwrap());
        // Nothing can be created or replaced here, and one token may do everything.
        let other_user = !matches!(recorded["identity"].as_str(), Some("admin" | "none"));
        if matches!(method, "POST" | "PUT") || other_user || name.contains("anonymous") {
            continue;
        }
        let token = if name == "token-401" { "wrong" } else { setup.token.as_str() };
        let mut request = setup.request(method, recorded["path"].as_str().unwrap(), Some(token));
        if let Some(content_type) = recorded["content_type"].as_str() {
            request.headers_mut().insert("content-type", content_type.parse().unwrap());
        }
        if let Some(body) = recorded["request_body"].as_str() {
            *request.body_mut() = Some(body.to_owned().into());
        }
        let (code, body) = setup.send(request).await;
        let body = body
            .as_str()
            .map_or(body.clone(), |text| serde_json::from_str(text.trim()).unwrap_or_else(|_| json!(text)));
        let expected: Value = recorded["response_body"]
            .as_str()
            .map(|text| serde_json::from_str(text.trim()).unwrap_or_else(|_| json!(text)))
            .unwrap();
        assert_eq!(json!(code), recorded["http_status"], "{name}: {body}");
        for member in ["kind", "status", "reason", "code", "type"] {
            assert_eq!(body[member], expected[member], "{name}: {member}: {body}");
        }
        if matches!(code, 401 | 404 | 415) {
            assert_eq!(body["message"], expected["message"], "{name}");
            assert_eq!(body["details"], expected["details"], "{name}");
        }
        compared += 1;
    }
    assert!(compared >= 15, "{compared}");
}

#[tokio::test]
async fn pages_make_up_the_list_and_an_old_token_expires() {
    let mut config = WorldConfig::default();
    config.kubernetes.ring = 8;
    let setup = setup(config, 600.0);
    let all = setup.raw("GET", "/api/v1/namespaces/workload/pods").await.1;
    let names = |list: &Value| -> Vec<String> {
        let items = list["items"].as_array().unwrap().iter();
        items.map(|item| item["metadata"]["name"].as_str().unwrap().to_owned()).collect()
    };
    let (mut seen, mut token) = (Vec::new(), String::new());
    loop {
        let path = format!("/api/v1/namespaces/workload/pods?limit=4&continue={token}");
        let (code, page) = setup.raw("GET", &path).await;
        assert_eq!(code, 200);
        assert_eq!(page["metadata"]["resourceVersion"], all["metadata"]["resourceVersion"]);
        seen.extend(names(&page));
        match page["metadata"]["continue"].as_str() {
            Some(rest) => token = url::form_urlencoded::byte_serialize(rest.as_bytes()).collect(),
            None => break,
        }
    }
    assert_eq!(seen, names(&all));

    let first = setup.raw("GET", "/api/v1/namespaces/workload/pods?limit=4").await.1;
    setup.world.with(|world| {
        world
            .apply(Command::Patch {
                stamp: setup.stamp.clone(),
                workload: catalog(),
                patch: DeploymentPatch::annotate("a", "b"),
            })
            .unwrap();
        // Within a minute more has happened than this cluster remembers.
        world.advance_to(world.now() + jiff::SignedDuration::from_mins(1));
    });
    let token: String =
        url::form_urlencoded::byte_serialize(first["metadata"]["continue"].as_str().unwrap().as_bytes())
            .collect();
    let (code, body) =
        setup.raw("GET", &format!("/api/v1/namespaces/workload/pods?limit=4&continue={token}")).await;
    assert_eq!((code, &body["reason"]), (410, &json!("Expired")));
    assert!(body["metadata"]["continue"].is_string(), "a token to go on with");
    let message = body["message"].as_str().unwrap();
    assert!(message.ends_with("was returned and now may show up in the list."), "{message}");

    let version = &all["metadata"]["resourceVersion"].as_str().unwrap();
    let watch = format!("/api/v1/namespaces/workload/pods?watch=1&resourceVersion={version}");
    let answer = setup.http().send(setup.request("GET", &watch, Some(&setup.token)), None).await.unwrap();
    assert_eq!(answer.status.as_u16(), 200, "the error is in the stream");
    let event: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!((&event["type"], &event["object"]["code"]), (&json!("ERROR"), &json!(410)));
}

/// The verdicts of the rollout predicate over a watch of the catalog service, begun before `deed`, until one of
/// them is the last.
async fn verdicts(setup: &Setup, last: &str, deed: DeploymentPatch) -> Vec<&'static str> {
    let before = setup.raw("GET", "/apis/apps/v1/namespaces/workload/deployments").await.1;
    let version = before["metadata"]["resourceVersion"].as_str().unwrap();
    let path = format!(
        "/apis/apps/v1/namespaces/workload/deployments?watch=1&allowWatchBookmarks=true\
         &fieldSelector=metadata.name%3D{CATALOG}&resourceVersion={version}"
    );
    let response = setup.http().open(setup.request("GET", &path, Some(&setup.token)), None).await.unwrap();
    let ours = setup.world.with(|world| {
        let (stamp, workload) = (setup.stamp.clone(), catalog());
        match world.apply(Command::Patch { stamp, workload, patch: deed }).unwrap() {
            sim::Reply::Patched { generation, .. } => generation,
            other => panic!("{other:?}"),
        }
    });
    let mut words: Vec<&'static str> = Vec::new();
    let mut rest = Vec::new();
    let mut body = response.bytes_stream();
    while let Some(chunk) = body.next().await {
        rest.extend_from_slice(&chunk.unwrap());
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = rest.drain(..=end).collect();
            let event: Value = serde_json::from_slice(&line).unwrap();
            if event["type"] == "BOOKMARK" {
                continue;
            }
            let view = parse_workload(event["object"].to_string().as_bytes(), true).unwrap();
            let word = word(&rollout(&view, ours));
            if words.last() != Some(&word) {
                words.push(word);
            }
            if word == last {
                return words;
            }
        }
    }
    panic!("the watch ended after {words:?}")
}

#[tokio::test]
async fn the_worlds_rollouts_are_judged_as_the_recorded_ones() {
    let restart = || DeploymentPatch::annotate("kubectl.kubernetes.io/restartedAt", "2026-01-12T08:01:00Z");
    let healthy = setup(WorldConfig::default(), 600.0);
    assert_eq!(verdicts(&healthy, "complete", restart()).await, ["unseen", "progressing", "complete"]);

    let hang = sim::Fault::new(When::Always, Target::workload(catalog()), sim::Trouble::NeverReady);
    let stuck = setup(WorldConfig::default().with_fault(hang), 1200.0);
    assert_eq!(verdicts(&stuck, "deadline", restart()).await, ["unseen", "progressing", "deadline"]);

    let mut config = WorldConfig::default();
    config.workload_mut(&catalog()).unwrap().flavour = Flavour::Recreate;
    let recreate = setup(config, 600.0);
    assert_eq!(verdicts(&recreate, "complete", restart()).await, ["unseen", "progressing", "complete"]);

    let mut paused = restart();
    paused.paused = Some(true);
    let resumed = setup(WorldConfig::default(), 600.0);
    assert_eq!(verdicts(&resumed, "paused", paused).await, ["unseen", "paused"]);
    let resume = DeploymentPatch::pause(false);
    assert_eq!(verdicts(&resumed, "complete", resume).await, ["unseen", "progressing", "complete"]);

    let none = setup(WorldConfig::default(), 600.0);
    assert_eq!(
        verdicts(&none, "complete", DeploymentPatch::scale(0)).await,
        ["unseen", "scaling", "complete"]
    );
    assert_eq!(verdicts(&none, "complete", restart()).await, ["unseen", "complete"]);
}

#[tokio::test]
async fn whoever_asks_for_metadata_alone_gets_no_byte_of_a_secret() {
    let mut config = WorldConfig::default();
    config.workloads[0].key = KeySource::SyncedSecret("cosmos".to_owned());
    let setup = setup(config, 60.0);
    let ask = async |name: &str, kind: &str| {
        let path = format!("/api/v1/namespaces/workload/secrets{name}");
        let mut request = setup.request("GET", &path, Some(&setup.token));
        let accept = format!("application/json;as={kind};v=v1;g=meta.k8s.io");
        request.headers_mut().insert("accept", accept.parse().unwrap());
        setup.send(request).await
    };
    let (status, whole) = setup.raw("GET", "/api/v1/namespaces/workload/secrets/cosmos").await;
    assert_eq!(status, 200);
    let (status, object) = ask("/cosmos", "PartialObjectMetadata").await;
    let partial = json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1",
        "metadata": whole["metadata"]});
    assert_eq!((status, &object), (200, &partial));
    assert_eq!(object["metadata"]["labels"]["secrets-store.csi.k8s.io/managed"], "true");
    let (status, list) = ask("", "PartialObjectMetadataList").await;
    assert_eq!((status, &list["kind"]), (200, &json!("PartialObjectMetadataList")));
    assert_eq!(list["items"], json!([partial]));
    let (status, gone) = ask("/nobody", "PartialObjectMetadata").await;
    assert_eq!((status, &gone["reason"]), (404, &json!("NotFound")));
}
