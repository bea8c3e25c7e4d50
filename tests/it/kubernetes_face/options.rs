//! What lists and watches are asked with, as the code of Kubernetes 1.36 answers it; the texts of what is refused are those of
//! `ValidateListOptions`.

use super::*;

const PODS: &str = "/api/v1/namespaces/workload/pods";

/// A server of this version.
fn server(version: &str) -> Setup {
    let mut config = WorldConfig::default();
    config.kubernetes.cluster.version = version.to_owned();
    setup(config, 1.0)
}

/// The first lines of a watch, as many as there are until one fits, the stream ends, or nothing comes for a while.
async fn events(setup: &Setup, query: &str, until: impl Fn(&Value) -> bool) -> Vec<Value> {
    let request = setup.request("GET", &format!("{PODS}?{query}"), Some(&setup.token));
    let answer = setup.http().open(request, None).await.unwrap();
    assert_eq!(answer.status().as_u16(), 200, "{query}");
    let (mut stream, mut text, mut all) = (answer.bytes_stream(), String::new(), Vec::new());
    loop {
        // The first one comes, however late.
        let patience = Duration::from_millis(if all.is_empty() { 20_000 } else { 500 });
        let Ok(Some(Ok(bytes))) = tokio::time::timeout(patience, stream.next()).await else { break };
        text.push_str(std::str::from_utf8(&bytes).unwrap());
        while let Some((line, rest)) = text.split_once('\n') {
            let event: Value = serde_json::from_str(line).unwrap();
            text = rest.to_owned();
            let fits = until(&event);
            all.push(event);
            if fits {
                return all;
            }
        }
    }
    all
}

fn ends(event: &Value) -> bool {
    event["object"]["metadata"]["annotations"]["k8s.io/initial-events-end"] == "true"
}

#[tokio::test]
async fn what_does_not_go_together_is_refused() {
    let forbidden =
        |field: &str, why: &str| (field.to_owned(), "FieldValueForbidden", format!("Forbidden: {why}"));
    let unsupported =
        |why: &str| ("resourceVersionMatch".to_owned(), "FieldValueNotSupported", why.to_owned());
    let requires = || {
        forbidden(
            "resourceVersionMatch",
            "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan",
        )
    };
    let gate = || {
        let why = "sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled";
        forbidden("sendInitialEvents", why)
    };
    let (on, off) = (server("v1.36.4"), server("v1.33.2"));
    for (setup, query, expected) in [
        (&on, "watch=true&sendInitialEvents=true", vec![requires()]),
        (&on, "watch=true&sendInitialEvents=false&resourceVersion=5", vec![requires()]),
        (
            &on,
            "watch=true&resourceVersionMatch=NotOlderThan",
            vec![forbidden(
                "resourceVersionMatch",
                "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided",
            )],
        ),
        (
            &on,
            "watch=true&resourceVersionMatch=Exact&sendInitialEvents=true",
            vec![requires(), unsupported("Unsupported value: \"Exact\": supported values: \"NotOlderThan\"")],
        ),
        (
            &on,
            "sendInitialEvents=true",
            vec![forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list")],
        ),
        (
            &on,
            "resourceVersionMatch=Exact",
            vec![forbidden(
                "resourceVersionMatch",
                "resourceVersionMatch is forbidden unless resourceVersion is provided",
            )],
        ),
        (
            &on,
            "resourceVersionMatch=Exact&resourceVersion=0",
            vec![forbidden(
                "resourceVersionMatch",
                "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"",
            )],
        ),
        (
            &on,
            "resourceVersionMatch=Newest&resourceVersion=5",
            vec![unsupported(
                "Unsupported value: \"Newest\": supported values: \"Exact\", \"NotOlderThan\", \"\"",
            )],
        ),
        (&off, "watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan", vec![gate()]),
        (&off, "watch=true&sendInitialEvents=true", vec![requires(), gate()]),
    ] {
        let (code, body) = setup.raw("GET", &format!("{PODS}?{query}")).await;
        assert_eq!((code, &body["reason"]), (422, &json!("Invalid")), "{query}: {body}");
        let causes: Vec<Value> = expected
            .iter()
            .map(|(field, reason, message)| json!({"reason": reason, "message": message, "field": field}))
            .collect();
        let details = json!({"group": "meta.k8s.io", "kind": "ListOptions", "causes": causes});
        assert_eq!(body["details"], details, "{query}");
        let told: Vec<String> =
            expected.iter().map(|(field, _, message)| format!("{field}: {message}")).collect();
        let told = if told.len() == 1 { told[0].clone() } else { format!("[{}]", told.join(", ")) };
        assert_eq!(body["message"], format!("ListOptions.meta.k8s.io \"\" is invalid: {told}"), "{query}");
    }
}

#[tokio::test]
async fn a_watch_from_nothing_says_when_all_is_told_on_servers_that_can() {
    for query in ["watch=true&allowWatchBookmarks=true", "watch=1&allowWatchBookmarks=1&resourceVersion=0"] {
        let told = events(&server("v1.36.4"), query, ends).await;
        let (mark, pods) = told.split_last().unwrap();
        assert_eq!((&mark["type"], ends(mark)), (&json!("BOOKMARK"), true), "{query}");
        assert!(!pods.is_empty() && pods.iter().all(|event| event["type"] == "ADDED"), "{query}");
        let told = events(&server("v1.33.2"), query, ends).await;
        assert!(!told.is_empty() && !told.iter().any(ends), "{query}: the feature gate is off");
    }
    let told = events(&server("v1.36.4"), "watch=true", ends).await;
    assert!(!told.is_empty() && !told.iter().any(ends), "nobody asked for bookmarks");
}

#[tokio::test]
async fn what_a_server_has_not_reached_yet_is_told_within_the_stream() {
    let query = "watch=true&allowWatchBookmarks=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan\
                 &resourceVersion=99999999";
    let told = events(&server("v1.36.4"), query, |_| false).await;
    let [error] = told.as_slice() else { panic!("{told:?}") };
    let object = &error["object"];
    assert_eq!(
        (&error["type"], &object["kind"], &object["code"]),
        (&json!("ERROR"), &json!("Status"), &json!(504))
    );
    let message = object["message"].as_str().unwrap();
    assert!(message.starts_with("Timeout: Too large resource version: 99999999, current: "), "{message}");
    assert_eq!(object["details"]["retryAfterSeconds"], 1);
}

#[tokio::test]
async fn a_busy_server_speaks_plainly() {
    let throttle = sim::Trouble::Throttle { retry_after: Duration::from_secs(7) };
    let target = Target::operation(sim::Operation::ReadCluster);
    let setup =
        setup(WorldConfig::default().with_fault(sim::Fault::new(When::First(1), target, throttle)), 1.0);
    let answer = setup.http().send(setup.request("GET", PODS, Some(&setup.token)), None).await.unwrap();
    assert_eq!((answer.status.as_u16(), answer.retry_after()), (429, Some(Duration::from_secs(7))));
    assert_eq!(answer.headers["content-type"], "text/plain; charset=utf-8");
    assert_eq!(&answer.body[..], b"Too many requests, please try again later.\n");
}

#[tokio::test]
async fn custom_resources_say_in_lists_too_what_they_are() {
    let setup = server("v1.36.4");
    let classes = "/apis/secrets-store.csi.x-k8s.io/v1/secretproviderclasses";
    for (path, kind) in [(classes, json!("SecretProviderClass")), (PODS, Value::Null)] {
        let (_, list) = setup.raw("GET", path).await;
        assert_eq!(list["items"][0]["kind"], kind, "{path}");
    }
}
