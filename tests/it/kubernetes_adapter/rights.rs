//! What a role may do, where it names what it grants.

use super::*;

/// A role that grants what needs no name in the whole namespace, and these objects by name.
async fn missing(granted: &'static [&'static str], synced: bool) -> Vec<String> {
    let mut setup = setup(&["shop"], move |_, path, _| {
        let Some((_, attributes)) = path.split_once("selfsubjectaccessreviews#") else {
            return if synced { many_kinds(path) } else { plain(path) };
        };
        let attributes: Value = serde_json::from_str(attributes).unwrap();
        let allowed = match attributes["name"].as_str() {
            Some(name) => granted.contains(&name),
            None => {
                !matches!(attributes["verb"].as_str(), Some("patch" | "get"))
                    && attributes["resource"] != "events"
            }
        };
        Say::Json(201, json!({"status": {"allowed": allowed}}))
    });
    setup.clusters = setup.clusters.restarting([WorkloadName::new("shop", "Orders-deploy")]);
    setup.look().await.unwrap();
    let rights = setup.clusters.rights(&stamp()).await;
    assert!(rights.iter().any(|right| right.what == "patch deployments in namespace shop"), "{rights:?}");
    let more: Vec<&str> =
        rights.iter().filter(|one| one.right == Right::Unneeded).map(|one| one.what.as_str()).collect();
    assert_eq!(more, ["get nodes", "list events in namespace shop"], "told, and in nobody's way");
    let denied = rights.into_iter().filter(|right| right.right == Right::Denied);
    denied.map(|right| right.what).collect()
}

#[tokio::test]
async fn a_role_that_names_the_secrets_and_the_workloads_lacks_nothing() {
    assert_eq!(
        missing(&["orders-deploy"], false).await,
        [""; 0],
        "nothing is synced: no Secret is asked for"
    );
    assert_eq!(missing(&["orders-deploy", "cosmos"], true).await, [""; 0]);
    assert_eq!(missing(&["orders-deploy"], true).await, ["get the secret cosmos in namespace shop"]);
    assert_eq!(missing(&["billing-deploy"], false).await, ["patch deployments in namespace shop"]);
}

/// What is asked, and what comes of it, where a role grants this in the namespace; `incomplete`: and where something else may
/// grant more.
async fn to_restart(granted: Value, incomplete: bool, asked_alone: bool) -> (Vec<String>, Vec<RightView>) {
    let asked: Arc<Mutex<Vec<String>>> = Arc::default();
    let noted = Arc::clone(&asked);
    let mut setup = setup(&["shop"], move |method, path, _| {
        if method == "POST" {
            let word = path.split('#').next().unwrap().rsplit('/').next().unwrap().to_owned();
            noted.lock().unwrap().push(word);
        }
        if path.ends_with("selfsubjectrulesreviews") {
            return Say::Json(201, json!({"status": {"resourceRules": granted, "incomplete": incomplete}}));
        }
        if path.contains("selfsubjectaccessreviews#") {
            return Say::Json(201, json!({"status": {"allowed": asked_alone}}));
        }
        plain(path)
    });
    let names = ["Orders-deploy", "billing-deploy"];
    setup.clusters = setup.clusters.restarting(names.map(|name| WorkloadName::new("shop", name)));
    setup.look().await.unwrap();
    let mut rights = setup.clusters.rights_to_restart(&stamp()).await;
    // A server that does not tell all is known after the first time.
    rights.extend(setup.clusters.rights_to_restart(&stamp()).await);
    let asked = asked.lock().unwrap().clone();
    (asked, rights)
}

#[tokio::test]
async fn rights_to_restart_are_one_request_a_namespace_where_the_server_tells_all_of_them() {
    let by_name = |names: &[&str]| {
        json!([{ "verbs": ["get", "patch"], "apiGroups": ["apps"], "resources": ["deployments"],
            "resourceNames": names }])
    };
    let (all, alone) = ("selfsubjectrulesreviews".to_owned(), "selfsubjectaccessreviews".to_owned());
    for (granted, right) in [
        (json!([{ "verbs": ["*"], "apiGroups": ["*"], "resources": ["*"] }]), Right::Allowed),
        (by_name(&["orders-deploy", "billing-deploy"]), Right::Allowed),
        (by_name(&["orders-deploy"]), Right::Denied),
        (json!([]), Right::Denied),
    ] {
        let (asked, rights) = to_restart(granted.clone(), false, false).await;
        assert_eq!(asked, [all.clone(), all.clone()], "{granted}");
        assert!(rights.iter().all(|one| one.right == right), "{granted}: {rights:?}");
        assert_eq!(rights[0].what, "patch deployments in namespace shop");
    }
    // Azure RBAC for Kubernetes answers one by one.
    let (asked, rights) = to_restart(json!([]), true, true).await;
    assert_eq!(asked, [all, alone.clone(), alone]);
    assert!(rights.iter().all(|one| one.right == Right::Allowed), "{rights:?}");
}
