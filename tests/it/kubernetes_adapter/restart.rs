//! A restart over the wire, and what comes back.

use super::*;

#[tokio::test]
async fn a_restart_is_one_patch_whatever_comes_back() {
    type Expect = fn(&Effect<i64>) -> bool;
    let cases: [(u16, &str, Expect); 8] = [
        (200, "", |effect| matches!(effect, Effect::Applied(8))),
        (403, "Forbidden", |effect| matches!(effect, Effect::Refused(_))),
        (404, "NotFound", |effect| matches!(effect, Effect::Refused(_))),
        (409, "Conflict", |effect| matches!(effect, Effect::Refused(_))),
        (422, "Invalid", |effect| matches!(effect, Effect::Refused(_))),
        (500, "InternalError", |effect| matches!(effect, Effect::Unknown(_))),
        (503, "ServiceUnavailable", |effect| matches!(effect, Effect::Unknown(_))),
        (504, "Timeout", |effect| matches!(effect, Effect::Unknown(_))),
    ];
    for (code, reason, expected) in cases {
        let setup = setup(&["shop"], move |method, path, _| {
            assert_eq!(method, "PATCH");
            assert_eq!(
                path,
                "/apis/apps/v1/namespaces/shop/deployments/orders-deploy?fieldManager=kubectl-rollout"
            );
            if code == 200 { taken() } else { status(code, reason, "no") }
        });
        let effect = setup.restart().await;
        assert!(expected(&effect), "{code}: {effect:?}");
        assert_eq!(setup.wire.transcript().entries().len(), 1, "{code} must not be repeated");
    }
}

#[tokio::test]
async fn what_is_not_known_to_have_arrived_is_not_called_sent_and_the_reverse() {
    let setup = setup(&["shop"], |_, _, _| taken());
    let late = permit(setup.clock.as_ref(), -1);
    let effect = setup.clusters.restart(&stamp(), &workload(), &mark(), &late).await;
    assert!(matches!(&effect, Effect::NotSent(fault) if fault.why.contains("was good until")), "{effect:?}");
    assert!(setup.wire.transcript().entries().is_empty());

    for trouble in [Trouble::DropRequest, Trouble::DropAnswer] {
        setup.wire.faults().add(WireFault::once(Which::default(), trouble));
        let effect = setup.restart().await;
        assert!(matches!(effect, Effect::Unknown(_)), "{effect:?}");
    }

    let Setup { wire, clusters, clock, .. } = setup;
    wire.shutdown().await;
    let permit = permit(clock.as_ref(), 86_400);
    let effect = clusters.restart(&stamp(), &workload(), &mark(), &permit).await;
    assert!(matches!(&effect, Effect::NotSent(fault) if fault.kind == Blindness::Unreachable), "{effect:?}");
}

#[tokio::test]
async fn a_read_whose_connection_ended_is_repeated_once_and_at_once() {
    let setup = setup(&["shop"], |_, path, _| cluster(path));
    let classes = || Which { path: "/secretproviderclasses".to_owned(), ..Which::default() };
    let ends = || setup.wire.faults().add(WireFault::once(classes(), Trouble::DropRequest));
    ends();
    setup.look().await.expect("a server that closed a connection is not away");
    ends();
    ends();
    let fault = setup.look().await.unwrap_err();
    assert_eq!(fault.kind, Blindness::Unreachable, "twice is no accident: {fault}");
}

#[tokio::test]
async fn a_deployment_that_was_seen_paused_is_not_restarted() {
    let setup = setup(&["shop"], |_, path, _| {
        if path.contains("/deployments?limit") {
            let mut paused = deployment();
            paused["spec"]["paused"] = json!(true);
            return list(json!([paused]));
        }
        cluster(path)
    });
    setup.look().await.unwrap();
    let effect = setup.restart().await;
    assert!(matches!(&effect, Effect::Refused(fault) if fault.why.contains("paused")), "{effect:?}");
    assert_eq!(setup.wire.transcript().count("PATCH", ""), 0);
}

#[tokio::test]
async fn a_patch_whose_mark_is_taken_away_on_its_way_is_no_restart() {
    let mutated =
        || Say::Json(200, json!({"metadata": {"generation": 7}, "spec": {"template": {"metadata": {}}}}));
    let setup = setup(&["shop"], move |_, _, _| mutated());
    let fault = crate::runs::refused(setup.restart().await);
    assert_eq!(fault.kind, Blindness::Forbidden, "sent again it would be taken away again: {fault}");
    assert!(fault.remedy.contains("mutating webhook"), "{fault}");
}

#[tokio::test]
async fn what_flux_applies_is_patched_by_a_name_whose_fields_it_leaves_alone() {
    let script = |flux: bool| {
        move |method: &str, path: &str, _: &str| match path
            .split('?')
            .next()
            .unwrap()
            .rsplit('/')
            .next()
            .unwrap()
        {
            _ if method == "PATCH" => taken(),
            "deployments" if flux && !path.contains("watch=") => {
                let mut deployment = deployment();
                deployment["metadata"]["labels"] = json!({"kustomize.toolkit.fluxcd.io/name": "apps"});
                list(json!([deployment]))
            }
            _ => cluster(path),
        }
    };
    for (flux, manager) in [(true, "flux-client-side-apply"), (false, "kubectl-rollout")] {
        let setup = setup(&["shop"], script(flux));
        setup.look().await.unwrap();
        assert_eq!(setup.restart().await, Effect::Applied(8));
        let sent = format!("/deployments/orders-deploy?fieldManager={manager}");
        assert_eq!(setup.wire.transcript().count("PATCH", &sent), 1, "{manager}");
    }
}
