//! Kubeconfigs, tokens and plugins, and that nothing of them is logged.

use super::*;
use crate::log::Log;

#[tokio::test]
async fn a_server_that_has_moved_is_found_where_the_kubeconfig_says_it_is_now() {
    let setup = setup(&["shop"], |_, path, _| cluster(path));
    setup.look().await.unwrap();
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let there = std::fs::read_to_string(&setup.kubeconfig).unwrap();
    let server = setup.wire.listeners()["stamp"].to_string();
    std::fs::write(&setup.kubeconfig, there.replace(&server, &nobody.to_string())).unwrap();
    // Another process, or this one after its first failure.
    let moved = clusters(&setup.kubeconfig, &["shop"], setup.clock.clone());
    let fault = moved.look(&stamp(), &Salt::new("5a17")).await.unwrap_err();
    assert_eq!(fault.kind, Blindness::Unreachable, "{fault}");
    std::fs::write(&setup.kubeconfig, there).unwrap();
    assert!(moved.look(&stamp(), &Salt::new("5a17")).await.is_ok());
}

#[tokio::test]
async fn a_missing_right_is_named_and_renewed_credentials_are_picked_up() {
    let setup = setup(&["shop"], |_, path, bearer| {
        if bearer != "Bearer renewed" {
            return status(401, "Unauthorized", "Unauthorized");
        }
        if path.starts_with("/api/v1/namespaces/shop/pods") {
            let message = r#"pods is forbidden: User "ci" cannot list resource "pods" in API group "" in the namespace "shop""#;
            return status(403, "Forbidden", message);
        }
        cluster(path)
    });
    let fault = setup.look().await.unwrap_err();
    assert_eq!(fault.kind, Blindness::Forbidden);
    assert!(fault.remedy.contains("new credentials"), "{fault}");

    write_kubeconfig(&setup.kubeconfig, &setup.wire, "renewed");
    let fault = setup.look().await.unwrap_err();
    assert_eq!(fault.kind, Blindness::Forbidden);
    assert!(fault.to_string().contains(r#"cannot list resource "pods""#), "{fault}");
}

#[tokio::test]
async fn credentials_that_end_between_two_restarts_are_read_anew_and_the_refusal_passes() {
    let setup = setup(&["shop"], |method, _, bearer| match (method, bearer) {
        ("PATCH", "Bearer renewed") => taken(),
        ("PATCH", _) => status(401, "Unauthorized", "Unauthorized"),
        other => panic!("{other:?}"),
    });
    let fault = crate::runs::refused(setup.restart().await);
    assert_eq!(fault.kind, Blindness::Throttled, "it is tried again: {fault}");
    assert!(fault.remedy.contains("new credentials"), "{fault}");
    write_kubeconfig(&setup.kubeconfig, &setup.wire, "renewed");
    assert_eq!(setup.restart().await, Effect::Applied(8));
    assert_eq!(setup.wire.transcript().count("PATCH", "orders-deploy"), 2);
}

#[tokio::test(flavor = "current_thread")]
async fn neither_token_nor_key_is_ever_logged() {
    let (log, _guard) = Log::listening();

    let setup = setup(&["shop"], |method, path, _| match method {
        "PATCH" => status(403, "Forbidden", "no"),
        // A body that cannot be parsed must not be quoted either.
        _ if path.ends_with("/secrets/cosmos") => {
            let data = serde_json::to_value(k8s_openapi::ByteString(KEY.to_vec())).unwrap();
            Say::Json(200, json!({"metadata": 7, "data": {"k": data}}))
        }
        _ => cluster(path),
    });
    let fault = setup.look().await.unwrap_err();
    let effect = setup.restart().await;
    std::fs::write(&setup.kubeconfig, format!("users: [{{name: x, user: {{token: {TOKEN}}} ]: broken"))
        .unwrap();
    let broken = clusters(&setup.kubeconfig, &["shop"], setup.clock.clone());
    let unreadable = broken.look(&stamp(), &Salt::new("5a17")).await.unwrap_err();

    let mut said = log.text();
    assert!(said.len() > 1000, "the libraries below do log: {said}");
    said.push_str(&format!("{fault} {fault:?} {effect:?} {unreadable} {unreadable:?}"));
    let key = serde_json::to_value(k8s_openapi::ByteString(KEY.to_vec())).unwrap();
    for secret in [TOKEN, std::str::from_utf8(KEY).unwrap(), key.as_str().unwrap()] {
        let at = said.find(secret).map(|at| &said[at.saturating_sub(200)..at]);
        assert_eq!(at, None, "{secret} was logged");
    }
}

/// Plugins take secrets as arguments and variables, and kubeconfigs say which.
#[tokio::test]
async fn what_a_credential_plugin_says_is_told_and_never_how_it_was_called() {
    let setup = setup(&["shop"], |_, path, _| cluster(path));
    let good = std::fs::read_to_string(&setup.kubeconfig).unwrap();
    let token = good.lines().find(|line| line.contains("token:")).unwrap();
    let indent = &token[..token.len() - token.trim_start().len()];
    let plugin = format!(
        "{indent}exec: {{apiVersion: client.authentication.k8s.io/v1beta1, command: sh, interactiveMode: IfAvailable, \
         args: [\"-c\", \"echo boom >&2; exit 1\", CANARY-ARGUMENT], env: [{{name: P, value: CANARY-VARIABLE}}]}}"
    );
    std::fs::write(&setup.kubeconfig, good.replace(token, &plugin)).unwrap();
    let clusters = clusters(&setup.kubeconfig, &["shop"], setup.clock.clone());
    let fault = clusters.look(&stamp(), &Salt::new("5a17")).await.unwrap_err();
    assert!(fault.why.contains("boom"), "{fault}");
    assert!(!format!("{fault} {fault:?}").contains("CANARY"), "{fault:?}");
}

/// As one that opens a browser and waits.
#[tokio::test]
async fn a_credential_plugin_that_hangs_is_named_and_not_waited_for_longer_than_it_may_take() {
    let setup = setup(&["shop"], |_, path, _| cluster(path));
    let program = setup.kubeconfig.with_file_name("corp-login");
    crate::tool::program(&program, "#!/bin/sh\nexec sleep 8\n");
    let good = std::fs::read_to_string(&setup.kubeconfig).unwrap();
    let token = good.lines().find(|line| line.contains("token:")).unwrap();
    let indent = &token[..token.len() - token.trim_start().len()];
    let plugin = format!(
        "{indent}exec: {{apiVersion: client.authentication.k8s.io/v1beta1, command: {}, interactiveMode: Never, \
         args: [CANARY-ARGUMENT]}}",
        program.display()
    );
    std::fs::write(&setup.kubeconfig, good.replace(token, &plugin)).unwrap();
    let clusters = clusters(&setup.kubeconfig, &["shop"], setup.clock.clone());
    let clusters = clusters.waiting(Duration::from_secs(2));
    let fault = clusters.look(&stamp(), &Salt::new("5a17")).await.unwrap_err();
    assert_eq!(fault.kind, Blindness::Forbidden);
    // Waited for, it would have ended without credentials, and other words.
    assert!(fault.why.contains("plugin (corp-login) gave no answer within 2 s"), "{fault}");
    assert!(!format!("{fault} {fault:?}").contains("CANARY"), "{fault:?}");
}

#[tokio::test]
async fn kubeconfigs_that_cannot_be_used_say_why() {
    let setup = setup(&["shop"], |_, path, _| cluster(path));
    let good = std::fs::read_to_string(&setup.kubeconfig).unwrap();
    let cases = [
        (good.replace("current-context: stamp", ""), "no current context"),
        (good.replace("current-context: stamp", "current-context: nosuch"), "no context nosuch"),
        (good.replace("    cluster: stamp", "    cluster: nosuch"), "no cluster nosuch"),
        (
            good.replace("    server:", "    insecure-skip-tls-verify: true\n    server:"),
            "insecure-skip-tls-verify",
        ),
        (good.replace("    token:", "    client-certificate-data: AAAA\n    token:"), "needs both"),
        (good.replace("certificate-authority-data: ", "certificate-authority-data: x*"), "base64"),
    ];
    for (text, why) in cases {
        std::fs::write(&setup.kubeconfig, text).unwrap();
        let clusters = clusters(&setup.kubeconfig, &["shop"], setup.clock.clone());
        let fault = clusters.look(&stamp(), &Salt::new("5a17")).await.unwrap_err();
        assert!(fault.why.contains(why), "{why}: {fault}");
    }
    std::fs::remove_file(&setup.kubeconfig).unwrap();
    let clusters = clusters(&setup.kubeconfig, &["shop"], setup.clock.clone());
    let fault = clusters.look(&stamp(), &Salt::new("5a17")).await.unwrap_err();
    assert!(fault.to_string().contains("kubeconfig of cluster of stamp eastus"), "{fault}");
    assert!(setup.wire.transcript().entries().is_empty(), "nothing was sent");
}
