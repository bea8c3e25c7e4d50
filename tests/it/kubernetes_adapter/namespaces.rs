//! Namespaces that are there, are missing, or may not be listed.

use super::*;

#[tokio::test]
async fn a_namespace_that_does_not_exist_is_told_from_an_empty_one() {
    let empty = |_: &str, path: &str, _: &str| match path {
        "/api/v1/namespaces/shop" => Say::Json(200, json!({"metadata": {"name": "shop"}})),
        "/api/v1/namespaces/nosuch" => status(404, "NotFound", r#"namespaces "nosuch" not found"#),
        _ => list(json!([])),
    };
    assert!(setup(&["shop"], empty).look().await.unwrap().workloads.is_empty());
    let fault = setup(&["nosuch"], empty).look().await.unwrap_err();
    assert_eq!(fault.kind, Blindness::Missing);
    assert_eq!(fault.subject, "cluster of stamp eastus");
    assert!(fault.to_string().contains("find the namespace nosuch"), "{fault}");

    // Beside one that is there and full, too; and whoever may not ask is believed.
    for (named, may, missing) in [("nosuch", true, true), ("nosuch", false, false), ("empty", true, false)] {
        let beside = setup(&["shop", named], move |_, path, _| match path {
            "/api/v1/namespaces/nosuch" if may => status(404, "NotFound", r#"namespaces "nosuch" not found"#),
            "/api/v1/namespaces/empty" => Say::Json(200, json!({"metadata": {"name": "empty"}})),
            "/api/v1/namespaces/nosuch" => status(403, "Forbidden", "namespaces is forbidden"),
            "/api/v1/namespaces/shop" => panic!("somebody lives there"),
            _ => cluster(path),
        });
        let looked = beside.look().await;
        let kind = looked.as_ref().err().map(|fault| fault.kind);
        assert_eq!(kind, missing.then_some(Blindness::Missing), "{named} {may}: {looked:?}");
    }
}

#[tokio::test]
async fn several_namespaces_are_one_list_where_allowed_and_one_each_where_not() {
    let wide = setup(&["shop", "other"], |_, path, _| cluster(path));
    assert_eq!(wide.look().await.unwrap().workloads.len(), 1);
    assert_eq!(wide.wire.transcript().count("GET", "/apis/apps/v1/deployments?limit"), 1);
    assert_eq!(wide.wire.transcript().count("GET", "/namespaces/shop/deployments?limit"), 0);

    let narrow = setup(&["shop", "other"], |_, path, _| {
        if path.contains("/namespaces/other/") {
            list(json!([]))
        } else if path.contains("/namespaces/") {
            cluster(path)
        } else {
            status(403, "Forbidden", "cannot list at the cluster scope")
        }
    });
    assert_eq!(narrow.look().await.unwrap().pods.len(), 2);
    assert_eq!(narrow.wire.transcript().count("GET", "/namespaces/shop/deployments?limit"), 1);
}

/// A server that lists nothing for all namespaces at once, and of two that there are only one.
fn narrow(path: &str, namespaces: bool) -> Say {
    let (bare, _) = path.split_once('?').unwrap_or((path, ""));
    match bare {
        "/api/v1/namespaces" if namespaces => {
            let named = |name: &str| json!({"metadata": {"name": name}});
            list(json!([named("closed"), named("shop")]))
        }
        _ if bare.contains("/namespaces/shop/") => cluster(path),
        _ => status(403, "Forbidden", r#"pods is forbidden: User "ci" cannot list resource "pods""#),
    }
}

#[tokio::test]
async fn where_not_all_namespaces_may_be_listed_those_that_may_be_are_and_the_others_are_told() {
    let mut all = setup(&[], |_, path, _| narrow(path, true));
    all.clusters = all.clusters.restarting([workload()]);
    let view = all.look().await.unwrap();
    assert_eq!(view.pods.len(), 3);
    let extent = |refused: &[&str], whole: bool| Extent {
        namespaces: vec!["shop".to_owned()],
        refused: refused.iter().map(|name| (*name).to_owned()).collect(),
        whole,
    };
    assert_eq!(view.extent, Some(extent(&["closed"], false)));
    let glance = all.clusters.glance(&stamp(), &Salt::new("5a17"), Glance::Pods).await.unwrap();
    assert_eq!((glance.0.pods.len(), glance.0.extent), (3, Some(extent(&["closed"], false))));

    // Where the namespaces may not be listed either, those of the configured workloads are.
    let mut own = setup(&[], |_, path, _| narrow(path, false));
    own.clusters = own.clusters.restarting([workload()]);
    assert_eq!(own.look().await.unwrap().extent, Some(extent(&[], false)));

    // A right that is missing where a configured workload is, is missing.
    let mut closed = setup(&[], |_, path, _| narrow(path, true));
    closed.clusters = closed.clusters.restarting([workload(), WorkloadName::new("closed", "billing")]);
    let fault = closed.look().await.unwrap_err();
    assert_eq!(fault.kind, Blindness::Forbidden);
    assert!(fault.remedy.contains("grant the right"), "{fault}");

    let configured = setup(&["shop"], |_, path, _| cluster(path)).look().await.unwrap();
    assert_eq!(configured.extent, Some(extent(&[], true)));
    assert_eq!(setup(&[], |_, path, _| cluster(path)).look().await.unwrap().extent, None);
}
