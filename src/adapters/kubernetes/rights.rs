//! What we may do in a cluster: asked with SelfSubjectAccessReview and SelfSubjectRulesReview, which everybody may, and
//! which change nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};

use futures::future::join_all;
use reqwest::Method;
use serde::Deserialize;
use serde_json::json;

use super::api::{
    Api, CLASSES, CRON_JOBS, DAEMON_SETS, DEPLOYMENTS, EVENTS, Kind, NODES, POD_STATUSES, PODS, REPLICA_SETS,
    ROLLOUTS, SECRETS, STATEFUL_SETS,
};
use super::failure::Failure;
use super::granted::{self, Granted};
use crate::model::{Right, RightView, SyncedSecretView, WorkloadKind, WorkloadName};

/// Everything that a look, its watches and the restart of a Deployment do. Watches are no need: they only spare looks.
const NEEDED: [(&str, Kind); 10] = [
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
];

/// What tells more where something goes wrong, and is told by nobody else when it is missing. Nodes live in no namespace.
const TELLING: [(&str, Kind, bool); 3] =
    [("get", NODES, false), ("list", NODES, false), ("list", EVENTS, true)];

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

/// Asks whether these workloads may be restarted: once for each of their namespaces, and, where that does not tell, for each
/// kind there. `partly` is set as soon as one server does not tell all it knows at once: then none is asked that any more.
pub(super) async fn to_restart(api: &Api, workloads: &[WorkloadName], partly: &AtomicBool) -> Vec<RightView> {
    let mut places: BTreeMap<String, BTreeSet<WorkloadKind>> = BTreeMap::new();
    for name in workloads {
        places.entry(name.namespace.to_lowercase()).or_default().insert(name.kind);
    }
    let asked = places.iter().map(|(namespace, kinds)| async move {
        let granted = match partly.load(Ordering::Relaxed) {
            true => None,
            false => granted::within(api, namespace).await,
        };
        if granted.as_ref().is_some_and(Granted::is_incomplete) {
            partly.store(true, Ordering::Relaxed);
        }
        join_all(kinds.iter().map(|kind| {
            let told = granted.as_ref().and_then(|granted| {
                granted.right("patch", Kind::of(*kind), &named(workloads, *kind, namespace))
            });
            restarting(api, namespace, Kind::of(*kind), workloads, told)
        }))
        .await
    });
    join_all(asked).await.concat()
}

/// As Kubernetes writes them.
fn named(workloads: &[WorkloadName], kind: WorkloadKind, namespace: &str) -> Vec<String> {
    let here = |name: &&WorkloadName| name.kind == kind && name.namespace.eq_ignore_ascii_case(namespace);
    workloads.iter().filter(here).map(|name| name.name.to_lowercase()).collect()
}

async fn restarting(
    api: &Api,
    namespace: &str,
    kind: Kind,
    workloads: &[WorkloadName],
    told: Option<Right>,
) -> RightView {
    match told {
        Some(right) => view(Some(namespace), "patch", kind, right),
        None => ask(api, Some(namespace), "patch", kind, workloads).await,
    }
}

/// What is asked for by its name: a Role may grant it so (`resourceNames`), and grants nothing else then.
pub(super) struct Named<'a> {
    /// The Kubernetes Secrets that classes fill, as the last look saw them.
    pub secrets: &'a [SyncedSecretView],
    pub restarted: &'a [WorkloadName],
}

/// Asks for every right in every namespace; empty means all namespaces at once. What other kinds than Deployments need
/// is asked for the kinds that get the secret; the right to restart, where configured workloads of the kind are.
pub(super) async fn rights(
    api: &Api,
    namespaces: &[String],
    kinds: &BTreeSet<WorkloadKind>,
    named: Named<'_>,
) -> Vec<RightView> {
    let needed: Vec<(&str, Kind)> = NEEDED.into_iter().chain(kinds.iter().flat_map(of_kind)).collect();
    let places: Vec<Option<&str>> = match namespaces {
        [] => vec![None],
        some => some.iter().map(|name| Some(name.as_str())).collect(),
    };
    let asked = places.iter().flat_map(|place| needed.iter().map(move |(verb, kind)| (*place, *verb, *kind)));
    let restarted = named.restarted;
    // Where nothing is restarted, the right to do it is wanted by nobody.
    let asked = asked.filter(|(place, verb, kind)| *verb != "patch" || restarts(restarted, *place, *kind));
    let of_kinds = join_all(asked.map(|(place, verb, kind)| ask(api, place, verb, kind, restarted)));
    let secrets: BTreeSet<(&str, &str)> =
        named.secrets.iter().map(|secret| (secret.namespace.as_str(), secret.name.as_str())).collect();
    let of_secrets = join_all(secrets.into_iter().map(|(namespace, name)| async move {
        RightView {
            what: format!("get the secret {name} in namespace {namespace}"),
            right: review(api, Some(namespace), "get", SECRETS, Some(name)).await,
            remedy: format!(
                "bind a Role with `get` on `secrets`, `resourceNames: [{name}]`, to this identity in namespace {namespace}"
            ),
        }
    }));
    let telling = TELLING.iter().flat_map(|(verb, kind, within)| {
        let places: &[Option<&str>] = if *within { &places } else { &[None] };
        places.iter().map(move |place| (*place, *verb, *kind))
    });
    let telling = join_all(telling.map(|(place, verb, kind)| async move {
        let within = place.map_or_else(String::new, |name| format!(" in namespace {name}"));
        let right = review(api, place, verb, kind, None).await;
        RightView {
            what: format!("{verb} {}{within}", kind.plural),
            right: if right == Right::Denied { Right::Unneeded } else { right },
            remedy: format!(
                "bind the role of `keyslot example cluster-role` to this identity{}",
                if place.is_some() { within } else { " in all namespaces".to_owned() }
            ),
        }
    }));
    [of_kinds.await, of_secrets.await, telling.await].concat()
}

async fn ask(
    api: &Api,
    place: Option<&str>,
    verb: &str,
    kind: Kind,
    restarted: &[WorkloadName],
) -> RightView {
    let whole = review(api, place, verb, kind, None).await;
    let right = match verb {
        "patch" if whole == Right::Denied => by_name(api, place, verb, kind, restarted).await,
        _ => whole,
    };
    view(place, verb, kind, right)
}

/// A watch spares looks; without one everything is looked at, at a pace.
fn view(place: Option<&str>, verb: &str, kind: Kind, right: Right) -> RightView {
    let within = place.map_or_else(|| "all namespaces".to_owned(), |name| format!("namespace {name}"));
    let right = if verb == "watch" && right == Right::Denied { Right::Unneeded } else { right };
    RightView {
        what: format!("{verb} {} in {within}", kind.plural),
        right,
        remedy: format!("bind a Role with `{verb}` on `{}` to this identity in {within}", kind.plural),
    }
}

fn is_in(name: &WorkloadName, place: Option<&str>, kind: Kind) -> bool {
    Kind::of(name.kind) == kind && place.is_none_or(|place| name.namespace.eq_ignore_ascii_case(place))
}

fn restarts(restarted: &[WorkloadName], place: Option<&str>, kind: Kind) -> bool {
    restarted.iter().any(|name| is_in(name, place, kind))
}

/// The right to each of the workloads that are restarted there; denied as soon as one is, or where there is none.
async fn by_name(
    api: &Api,
    place: Option<&str>,
    verb: &str,
    kind: Kind,
    restarted: &[WorkloadName],
) -> Right {
    let here = restarted.iter().filter(|name| is_in(name, place, kind));
    let mut right = Right::Denied;
    for workload in here {
        // As Kubernetes writes them.
        let (namespace, name) = (workload.namespace.to_lowercase(), workload.name.to_lowercase());
        right = review(api, Some(&namespace), verb, kind, Some(&name)).await;
        if right != Right::Allowed {
            return right;
        }
    }
    right
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

async fn review(api: &Api, namespace: Option<&str>, verb: &str, kind: Kind, name: Option<&str>) -> Right {
    let mut attributes = json!({ "verb": verb, "group": kind.group_name(), "resource": kind.plural });
    if let Some(namespace) = namespace {
        attributes["namespace"] = json!(namespace);
    }
    if let Some(name) = name {
        attributes["name"] = json!(name);
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
    use super::super::api::{AUTOSCALERS, BUDGETS, NAMESPACES, QUOTAS};
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
            .chain([("get", NODES), ("list", NODES), ("get", NAMESPACES), ("get", SECRETS)])
            .map(|(verb, kind)| (verb.to_owned(), kind.group_name().to_owned(), kind.plural.to_owned()))
            .collect();
        assert_eq!(granted, needed);
    }
}
