//! What we may do in a cluster: asked with SelfSubjectAccessReview, which everybody may, and which changes nothing.

use std::collections::BTreeSet;

use futures::future::join_all;
use reqwest::Method;
use serde::Deserialize;
use serde_json::json;

use super::api::{
    Api, CLASSES, CRON_JOBS, DAEMON_SETS, DEPLOYMENTS, Kind, POD_STATUSES, PODS, REPLICA_SETS, ROLLOUTS,
    SECRETS, STATEFUL_SETS,
};
use super::failure::Failure;
use crate::model::{Right, RightView, WorkloadKind, WorkloadName};

/// Everything that a look and the restart of a Deployment do.
const NEEDED: [(&str, Kind); 11] = [
    ("list", DEPLOYMENTS),
    ("watch", DEPLOYMENTS),
    ("patch", DEPLOYMENTS),
    ("list", STATEFUL_SETS),
    ("list", DAEMON_SETS),
    ("list", CRON_JOBS),
    ("list", PODS),
    ("watch", PODS),
    ("list", CLASSES),
    ("list", POD_STATUSES),
    ("get", SECRETS),
];

const REVIEWS: &str = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";

#[derive(Deserialize)]
struct Review {
    status: Option<Status>,
}

#[derive(Deserialize)]
struct Status {
    #[serde(default)]
    allowed: bool,
}

/// Asks whether these workloads may be restarted: once for each kind in each of their namespaces.
pub(super) async fn to_restart(api: &Api, workloads: &[WorkloadName]) -> Vec<RightView> {
    let places: BTreeSet<(WorkloadKind, &str)> =
        workloads.iter().map(|name| (name.kind, name.namespace.as_str())).collect();
    let asked =
        places.into_iter().map(|(kind, namespace)| ask(api, Some(namespace), "patch", Kind::of(kind)));
    join_all(asked).await
}

/// Asks for every right in every namespace; empty means all namespaces at once. What other kinds than Deployments need
/// to be restarted is asked for the kinds that get the secret.
pub(super) async fn rights(
    api: &Api,
    namespaces: &[String],
    kinds: &BTreeSet<WorkloadKind>,
) -> Vec<RightView> {
    let needed: Vec<(&str, Kind)> = NEEDED.into_iter().chain(kinds.iter().flat_map(of_kind)).collect();

    let places: Vec<Option<&str>> = match namespaces {
        [] => vec![None],
        some => some.iter().map(|name| Some(name.as_str())).collect(),
    };
    let asked = places.iter().flat_map(|place| needed.iter().map(move |(verb, kind)| (*place, *verb, *kind)));
    join_all(asked.map(|(place, verb, kind)| ask(api, place, verb, kind))).await
}

async fn ask(api: &Api, place: Option<&str>, verb: &str, kind: Kind) -> RightView {
    let within = place.map_or_else(|| "all namespaces".to_owned(), |name| format!("namespace {name}"));
    RightView {
        what: format!("{verb} {} in {within}", kind.plural),
        right: review(api, place, verb, kind).await,
        remedy: format!("bind a Role with `{verb}` on `{}` to this identity in {within}", kind.plural),
    }
}

/// What a kind takes besides. A Rollout is found through its ReplicaSets, and no watch follows it.
fn of_kind(kind: &WorkloadKind) -> Vec<(&'static str, Kind)> {
    match kind {
        WorkloadKind::Deployment => Vec::new(),
        WorkloadKind::StatefulSet | WorkloadKind::DaemonSet => {
            vec![("watch", Kind::of(*kind)), ("patch", Kind::of(*kind))]
        }
        WorkloadKind::Rollout => vec![("list", REPLICA_SETS), ("list", ROLLOUTS), ("patch", ROLLOUTS)],
    }
}

async fn review(api: &Api, namespace: Option<&str>, verb: &str, kind: Kind) -> Right {
    let mut attributes = json!({ "verb": verb, "group": kind.group_name(), "resource": kind.plural });
    if let Some(namespace) = namespace {
        attributes["namespace"] = json!(namespace);
    }
    let body = json!({
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": { "resourceAttributes": attributes },
    });
    let body = Some(("application/json", body.to_string().into_bytes()));
    match api.call(Method::POST, REVIEWS, body, None).await {
        Ok(answer) => match serde_json::from_slice::<Review>(&answer.body) {
            Ok(Review { status: Some(status) }) if status.allowed => Right::Allowed,
            Ok(Review { status: Some(_) }) => Right::Denied,
            Ok(Review { status: None }) | Err(_) => Right::Unknown("the answer tells nothing".to_owned()),
        },
        Err(failure) => Right::Unknown(why(failure, &api.subject)),
    }
}

fn why(failure: Failure, subject: &str) -> String {
    failure.fault("ask for rights", subject).why
}

#[cfg(test)]
mod tests {
    use super::super::api::{AUTOSCALERS, BUDGETS, EVENTS, NAMESPACES, NODES, QUOTAS};
    use super::*;

    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Rule {
        api_groups: Vec<String>,
        resources: Vec<String>,
        verbs: Vec<String>,
    }

    #[derive(Deserialize)]
    struct Role {
        rules: Vec<Rule>,
    }

    /// The role that the guide hands out grants what is asked for, and nothing else.
    #[test]
    fn the_role_of_the_fixtures_is_what_is_needed() {
        let role: Role = serde_saphyr::from_str(include_str!("../../../fixtures/cluster-role.yaml")).unwrap();
        let granted: BTreeSet<(String, String, String)> = role
            .rules
            .iter()
            .flat_map(|rule| {
                rule.api_groups.iter().flat_map(move |group| {
                    rule.resources.iter().flat_map(move |resource| {
                        rule.verbs.iter().map(move |verb| (verb.clone(), group.clone(), resource.clone()))
                    })
                })
            })
            .collect();
        let kinds = [WorkloadKind::StatefulSet, WorkloadKind::DaemonSet, WorkloadKind::Rollout];
        let tells = [EVENTS, QUOTAS, AUTOSCALERS, BUDGETS, NAMESPACES].map(|kind| ("list", kind));
        let needed: BTreeSet<(String, String, String)> = NEEDED
            .into_iter()
            .chain(kinds.iter().flat_map(of_kind))
            .chain(tells)
            .chain([("get", NODES), ("get", NAMESPACES)])
            .map(|(verb, kind)| (verb.to_owned(), kind.group_name().to_owned(), kind.plural.to_owned()))
            .collect();
        assert_eq!(granted, needed);
    }
}
