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
    denied
        .map(|right| right.what)
        .filter(|what| !what.contains("statefulsets") && !what.contains("rollouts"))
        .collect()
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
