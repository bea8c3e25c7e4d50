//! What a person would look up when pods do not come up: the states of their containers, and the cluster's warnings.
//!
//! The states come with the pods. Events are asked for only where something is in trouble, one list a namespace, and
//! whoever may not list them does without: nothing is decided by them.

use std::collections::BTreeSet;

use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::{ContainerStatus, Event, Pod};

use super::api::{Api, EVENTS};
use super::look::Placed as _;
use crate::model::{ClusterView, PodTrouble, PodView, Unplaced, Warning, WorkloadView};

/// So often a container has to end before it is said not to start: one may lose a race with what it needs.
const RESTARTS: i32 = 3;

/// A pod that is not ready for longer than this is worth a list of events.
const PATIENCE: SignedDuration = SignedDuration::from_secs(120);

/// Warnings that are kept.
const KEPT: usize = 40;

/// What the pod's own status says; `None` for one that serves, or has had no time to.
pub(super) fn trouble(pod: &Pod) -> Option<PodTrouble> {
    let status = pod.status.as_ref()?;
    if let Some(message) = unschedulable(pod) {
        return Some(PodTrouble::new(false, &format!("Unschedulable: {message}")));
    }
    let containers = status.init_container_statuses.iter().chain(&status.container_statuses).flatten();
    let troubles: Vec<PodTrouble> = containers.filter_map(of_container).collect();
    let worst = troubles.iter().find(|trouble| trouble.hopeless).or(troubles.first()).cloned();
    worst.or_else(|| {
        status.reason.as_deref().map(|reason| {
            let message = status.message.as_deref().unwrap_or_default();
            PodTrouble::new(false, &format!("{reason}: {message}"))
        })
    })
}

/// What the scheduler says of a pod that it finds no node for.
fn unschedulable(pod: &Pod) -> Option<&str> {
    let conditions = pod.status.as_ref()?.conditions.as_deref().unwrap_or_default();
    let condition = conditions.iter().find(|condition| {
        condition.type_ == "PodScheduled" && condition.reason.as_deref() == Some("Unschedulable")
    })?;
    Some(condition.message.as_deref().unwrap_or_default())
}

/// Those that wait for room. One that is about to go wants none, and one of a DaemonSet tells of its own node alone.
pub(super) fn unplaced(pods: &[Pod]) -> Option<Unplaced> {
    let waits = |pod: &&Pod| {
        let above = pod.metadata.owner_references.iter().flatten();
        pod.metadata.deletion_timestamp.is_none() && !above.into_iter().any(|one| one.kind == "DaemonSet")
    };
    let waiting = pods.iter().filter(waits).filter_map(|pod| {
        let message = unschedulable(pod)?;
        let name = pod.metadata.name.as_deref().unwrap_or_default();
        Some((format!("{}/{name}", pod.namespace()), message))
    });
    Unplaced::among(waiting)
}

fn of_container(container: &ContainerStatus) -> Option<PodTrouble> {
    let state = container.state.as_ref()?;
    let restarts = container.restart_count;
    let ended = state.terminated.as_ref().filter(|ended| ended.exit_code != 0);
    let last = container.last_state.as_ref().and_then(|last| last.terminated.as_ref()).or(ended);
    let mut words: Vec<String> = Vec::new();
    let mut hopeless = false;
    match (&state.waiting, ended) {
        (Some(waiting), _) => {
            let reason = waiting.reason.as_deref().unwrap_or("waiting");
            if matches!(reason, "ContainerCreating" | "PodInitializing") {
                return None;
            }
            hopeless = is_hopeless(reason, restarts);
            words.push(match waiting.message.as_deref().filter(|_| reason != "CrashLoopBackOff") {
                Some(message) => format!("{reason} ({message})"),
                None => reason.to_owned(),
            });
        }
        (None, Some(_)) => words.push("ended".to_owned()),
        (None, None) if container.ready || restarts == 0 => return None,
        (None, None) => words.push("runs, and is not ready".to_owned()),
    }
    if restarts > 0 {
        words.push(format!("restarted {restarts} times"));
    }
    if let Some(last) = last {
        let reason = last.reason.as_deref().map(|reason| format!(" ({reason})")).unwrap_or_default();
        words.push(format!("last exit code {}{reason}", last.exit_code));
        words.extend(
            last.message.as_deref().filter(|text| !text.is_empty()).map(|text| format!("said: {text}")),
        );
    }
    Some(PodTrouble::new(hopeless, &format!("container {}: {}", container.name, words.join(", "))))
}

fn is_hopeless(reason: &str, restarts: i32) -> bool {
    match reason {
        "CrashLoopBackOff" => restarts >= RESTARTS,
        "ImagePullBackOff" | "InvalidImageName" | "CreateContainerConfigError" | "CreateContainerError" => {
            true
        }
        _ => false,
    }
}

/// The warnings about what does not come up, newest first; without a request where everything does.
pub(super) async fn warnings(api: &Api, view: &ClusterView) -> Vec<Warning> {
    let now = api.clock.now();
    let namespaces: BTreeSet<&str> = in_trouble(view, now).collect();
    let lists = namespaces.into_iter().map(|namespace| async move {
        match api.some::<Event>(EVENTS, namespace, "type=Warning").await {
            Ok((events, all)) => {
                let mut told: Vec<Warning> = events.iter().map(warning).collect();
                if !all {
                    let why = format!("there are more than these {}: some may not be told", told.len());
                    told.push(Warning::new(
                        &format!("Namespace {namespace}"),
                        "EventsNotListed",
                        &why,
                        1,
                        Some(now),
                    ));
                }
                told
            }
            Err(failure) => {
                let why = failure.fault("list the events", &api.subject).why;
                vec![Warning::new(&format!("Namespace {namespace}"), "EventsNotListed", &why, 1, None)]
            }
        }
    });
    let mut warnings: Vec<Warning> = join_all(lists).await.concat();
    warnings.sort_by_key(|warning| std::cmp::Reverse(warning.last));
    warnings.truncate(KEPT);
    warnings
}

/// The namespaces of what does not come up.
fn in_trouble(view: &ClusterView, now: Timestamp) -> impl Iterator<Item = &str> {
    let pods = view.pods.iter().filter(move |pod| stalls(pod, now)).map(|pod| pod.namespace.as_str());
    let fails = |kind: &str, status: &str| {
        matches!((kind, status), ("Progressing", "False") | ("ReplicaFailure", "True"))
    };
    let workloads = view.workloads.iter().filter(move |workload| {
        workload.consumes
            && (workload.conditions.iter().any(|one| fails(&one.kind, &one.status))
                || lacks(view, workload, now))
    });
    pods.chain(workloads.map(|workload| workload.name.namespace.as_str()))
}

fn stalls(pod: &PodView, now: Timestamp) -> bool {
    let waited_for =
        !pod.ready && pod.deleting.is_none() && matches!(pod.phase.as_str(), "Pending" | "Running");
    let hopeless = pod.trouble.as_ref().is_some_and(|trouble| trouble.hopeless);
    waited_for && (hopeless || now.duration_since(pod.created) > PATIENCE)
}

/// Nothing but an event says why, of the kinds whose status has no word for it.
fn lacks(view: &ClusterView, workload: &WorkloadView, now: Timestamp) -> bool {
    view.shortage(workload).is_some_and(|shortage| now.duration_since(shortage.since) > PATIENCE)
}

fn warning(event: &Event) -> Warning {
    let about = &event.involved_object;
    let object =
        format!("{} {}", about.kind.as_deref().unwrap_or("?"), about.name.as_deref().unwrap_or_default());
    let series = event.series.as_ref();
    let count = series.and_then(|series| series.count).or(event.count).unwrap_or(1);
    let last = series
        .and_then(|series| series.last_observed_time.as_ref().map(|time| time.0))
        .or_else(|| event.last_timestamp.as_ref().map(|time| time.0))
        .or_else(|| event.event_time.as_ref().map(|time| time.0));
    Warning::new(
        &object,
        event.reason.as_deref().unwrap_or_default(),
        event.message.as_deref().unwrap_or_default(),
        u32::try_from(count).unwrap_or(1),
        last,
    )
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn told(status: &Value) -> Option<(bool, String)> {
        let pod: Pod = serde_json::from_value(json!({"metadata": {"name": "p"}, "status": status})).unwrap();
        trouble(&pod).map(|trouble| (trouble.hopeless, trouble.text))
    }

    fn container(status: &Value) -> Option<(bool, String)> {
        let mut one = json!({"name": "app", "image": "i", "imageID": "", "ready": false, "restartCount": 0});
        one.as_object_mut().unwrap().extend(status.as_object().unwrap().clone());
        told(&json!({"phase": "Running", "containerStatuses": [one]}))
    }

    #[test]
    fn events_are_asked_for_where_a_set_lacks_a_pod_that_nobody_makes() {
        let at = |text: &str| -> Timestamp { text.parse().unwrap() };
        let set = json!({"kind": "StatefulSet", "metadata": {"name": "orders-db", "namespace": "shop",
                "managedFields": [{"time": "2026-11-22T19:07:00Z"}]},
            "spec": {"replicas": 3, "selector": {}, "serviceName": "orders", "template": {}},
            "status": {"replicas": 2, "readyReplicas": 2}});
        let set = super::super::parse_workload(set.to_string().as_bytes(), true).unwrap();
        let view = ClusterView { workloads: vec![set], ..ClusterView::default() };
        let asked = |now: &str| in_trouble(&view, at(now)).collect::<Vec<_>>();
        assert!(asked("2026-11-22T19:08:00Z").is_empty(), "it may be about to");
        assert_eq!(asked("2026-11-22T19:09:01Z"), ["shop"]);
    }

    #[test]
    fn a_container_that_ends_again_and_again_says_how_it_ended() {
        let status = json!({"restartCount": 4, "state": {"waiting": {"reason": "CrashLoopBackOff",
            "message": "back-off 1m20s restarting failed container=app pod=p"}},
            "lastState": {"terminated": {"exitCode": 137, "reason": "OOMKilled"}}});
        let text = "container app: CrashLoopBackOff, restarted 4 times, last exit code 137 (OOMKilled)";
        assert_eq!(container(&status), Some((true, text.to_owned())));
        let mut once = status;
        once["restartCount"] = json!(1);
        assert!(!container(&once).unwrap().0, "it may have lost a race");
    }

    #[test]
    fn what_it_said_last_is_told_without_the_key_in_it() {
        let key = "C2y6yDjf5/R+ob0N8A7Cgv30VRDJIWEHLM+4QDU5DE2nQ9nDuVTqobD4b8mGGyPMbIZnqyMsEcaGQy67XIw/Jw==";
        let said = format!("cannot connect with AccountKey={key}");
        let status = json!({"restartCount": 3, "state": {"waiting": {"reason": "CrashLoopBackOff"}},
            "lastState": {"terminated": {"exitCode": 1, "reason": "Error", "message": said}}});
        let (_, text) = container(&status).unwrap();
        assert!(text.contains("said: cannot connect with") && !text.contains("C2y6"), "{text}");
    }

    #[test]
    fn an_image_that_cannot_be_had_and_a_missing_secret_are_hopeless_and_a_full_cluster_is_not() {
        let image =
            json!({"state": {"waiting": {"reason": "ImagePullBackOff", "message": "Back-off pulling"}}});
        assert_eq!(
            container(&image),
            Some((true, "container app: ImagePullBackOff (Back-off pulling)".to_owned()))
        );
        let config = json!({"state": {"waiting": {"reason": "CreateContainerConfigError",
            "message": "secret \"cosmos\" not found"}}});
        assert!(container(&config).unwrap().0);
        let full = json!({"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "False",
            "reason": "Unschedulable", "message": "0/3 nodes are available: 3 Insufficient cpu."}]});
        let text = "Unschedulable: 0/3 nodes are available: 3 Insufficient cpu.";
        assert_eq!(told(&full), Some((false, text.to_owned())));
        let creating = json!({"state": {"waiting": {"reason": "ContainerCreating"}}});
        assert_eq!(container(&creating), None);
    }
}
