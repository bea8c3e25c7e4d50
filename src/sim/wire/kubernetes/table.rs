//! Tables, which is what `kubectl get` asks for: the server decides on columns and cells.
//!
//! Ages are world time, so they agree with everything else that the world says.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::objects::Item;
use super::partial;
use super::resource::Resource;

/// Whether an `Accept` header asks for a table before it asks for the objects.
pub(super) fn asked_for(accept: &str) -> bool {
    accept.split(',').next().is_some_and(|first| first.contains("as=Table"))
}

/// Title and whether it is shown without `-o wide`.
type Column = (&'static str, bool);

fn columns(resource: Resource) -> &'static [Column] {
    match resource {
        Resource::Deployments => &[
            ("Name", true),
            ("Ready", true),
            ("Up-to-date", true),
            ("Available", true),
            ("Age", true),
            ("Containers", false),
            ("Images", false),
            ("Selector", false),
        ],
        Resource::Pods => &[
            ("Name", true),
            ("Ready", true),
            ("Status", true),
            ("Restarts", true),
            ("Age", true),
            ("IP", false),
            ("Node", false),
        ],
        Resource::ReplicaSets => &[
            ("Name", true),
            ("Desired", true),
            ("Current", true),
            ("Ready", true),
            ("Age", true),
            ("Containers", false),
            ("Images", false),
            ("Selector", false),
        ],
        Resource::StatefulSets => {
            &[("Name", true), ("Ready", true), ("Age", true), ("Containers", false), ("Images", false)]
        }
        Resource::Rollouts => &[
            ("Name", true),
            ("Desired", true),
            ("Current", true),
            ("Up-to-date", true),
            ("Available", true),
            ("Age", true),
        ],
        Resource::DaemonSets => &[
            ("Name", true),
            ("Desired", true),
            ("Current", true),
            ("Ready", true),
            ("Up-to-date", true),
            ("Available", true),
            ("Node Selector", true),
            ("Age", true),
            ("Containers", false),
            ("Images", false),
            ("Selector", false),
        ],
        Resource::CronJobs => &[
            ("Name", true),
            ("Schedule", true),
            ("Timezone", true),
            ("Suspend", true),
            ("Active", true),
            ("Last Schedule", true),
            ("Age", true),
        ],
        Resource::Jobs => &[("Name", true), ("Status", true), ("Completions", true), ("Age", true)],
        Resource::Secrets => &[("Name", true), ("Type", true), ("Data", true), ("Age", true)],
        Resource::Namespaces | Resource::Nodes => &[("Name", true), ("Status", true), ("Age", true)],
        Resource::Events => {
            &[("Last Seen", true), ("Type", true), ("Reason", true), ("Object", true), ("Message", true)]
        }
        Resource::Quotas
        | Resource::Autoscalers
        | Resource::Budgets
        | Resource::Classes
        | Resource::PodStatuses => &[("Name", true), ("Age", true)],
    }
}

/// A table of objects.
pub(super) fn table(resource: Resource, items: &[Item], metadata: &Value, now: Timestamp) -> Value {
    let definitions: Vec<Value> = columns(resource)
        .iter()
        .map(|(title, shown)| {
            let kind = if matches!(*title, "Desired" | "Current" | "Up-to-date" | "Available" | "Data") {
                "integer"
            } else {
                "string"
            };
            let format = if *title == "Name" { "name" } else { "" };
            json!({"name": title, "type": kind, "format": format, "description": "",
                "priority": i32::from(!shown)})
        })
        .collect();
    let rows: Vec<Value> = items.iter().map(|item| row(resource, item, now)).collect();
    json!({"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": metadata,
        "columnDefinitions": definitions, "rows": rows})
}

fn row(resource: Resource, item: &Item, now: Timestamp) -> Value {
    json!({"cells": cells(resource, &item.json, now), "object": partial::object(&item.json)})
}

fn cells(resource: Resource, json: &Value, now: Timestamp) -> Vec<Value> {
    let (meta, spec, status) = (&json["metadata"], &json["spec"], &json["status"]);
    let number = |value: &Value| value.as_u64().unwrap_or_default();
    let age = json!(age(meta["creationTimestamp"].as_str().unwrap_or_default(), now));
    let name = meta["name"].clone();
    let wide = |pod: &Value| {
        let container = &pod["containers"][0];
        [container["name"].clone(), container["image"].clone()]
    };
    let mut cells = match resource {
        Resource::Deployments => {
            let ready = format!("{}/{}", number(&status["readyReplicas"]), number(&spec["replicas"]));
            let updated = json!(number(&status["updatedReplicas"]));
            vec![name, json!(ready), updated, json!(number(&status["availableReplicas"])), age]
        }
        Resource::ReplicaSets => {
            let ready = json!(number(&status["readyReplicas"]));
            vec![name, spec["replicas"].clone(), json!(number(&status["replicas"])), ready, age]
        }
        Resource::StatefulSets => {
            let ready = format!("{}/{}", number(&status["readyReplicas"]), number(&spec["replicas"]));
            vec![name, json!(ready), age]
        }
        Resource::DaemonSets => {
            let count = |key: &str| json!(number(&status[key]));
            let (desired, current) = (count("desiredNumberScheduled"), count("currentNumberScheduled"));
            let (updated, available) = (count("updatedNumberScheduled"), count("numberAvailable"));
            let (ready, anywhere) = (count("numberReady"), json!("<none>"));
            vec![name, desired, current, ready, updated, available, anywhere, age]
        }
        Resource::Rollouts => {
            let (current, updated) = (number(&status["replicas"]), number(&status["updatedReplicas"]));
            let available = json!(number(&status["availableReplicas"]));
            vec![name, spec["replicas"].clone(), json!(current), json!(updated), available, age]
        }
        Resource::CronJobs => {
            let active = json!(status["active"].as_array().map_or(0, Vec::len));
            let last = status["lastScheduleTime"].as_str();
            let last = json!(last.map_or_else(|| "<none>".to_owned(), |at| self::age(at, now)));
            let suspended = json!(if spec["suspend"] == true { "True" } else { "False" });
            vec![name, spec["schedule"].clone(), json!("<none>"), suspended, active, last, age]
        }
        Resource::Jobs => {
            let done = number(&status["succeeded"]);
            let word = if done > 0 { "Complete" } else { "Running" };
            vec![name, json!(word), json!(format!("{done}/1")), age]
        }
        Resource::Pods => {
            let container = &status["containerStatuses"][0];
            let ready = u8::from(container["ready"] == true);
            let restarts = json!(number(&container["restartCount"]).to_string());
            let or_none = |value: &Value| if value.is_null() { json!("<none>") } else { value.clone() };
            let (ip, node) = (or_none(&status["podIP"]), or_none(&spec["nodeName"]));
            vec![name, json!(format!("{ready}/1")), json!(pod_status(json)), restarts, age, ip, node]
        }
        Resource::Secrets => {
            let data = json["data"].as_object().map_or(0, serde_json::Map::len);
            vec![name, json["type"].clone(), json!(data), age]
        }
        Resource::Namespaces => vec![name, status["phase"].clone(), age],
        Resource::Nodes => {
            let ready = status["conditions"][0]["status"] == "True";
            vec![name, json!(if ready { "Ready" } else { "NotReady" }), age]
        }
        Resource::Events => {
            let about = |key: &str| json["involvedObject"][key].as_str().unwrap_or_default().to_owned();
            let object = format!("{}/{}", about("kind").to_ascii_lowercase(), about("name"));
            vec![age, json["type"].clone(), json["reason"].clone(), object.into(), json["message"].clone()]
        }
        Resource::Quotas
        | Resource::Autoscalers
        | Resource::Budgets
        | Resource::Classes
        | Resource::PodStatuses => vec![name, age],
    };
    if matches!(resource, Resource::StatefulSets) {
        cells.extend(wide(&spec["template"]["spec"]));
    }
    if matches!(resource, Resource::Deployments | Resource::ReplicaSets | Resource::DaemonSets) {
        cells.extend(wide(&spec["template"]["spec"]));
        let labels = spec["selector"]["matchLabels"].as_object().into_iter().flatten();
        let pairs = labels.map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()));
        cells.push(json!(pairs.collect::<Vec<_>>().join(",")));
    }
    cells
}

fn pod_status(pod: &Value) -> &str {
    let status = &pod["status"];
    if !pod["metadata"]["deletionTimestamp"].is_null() {
        return "Terminating";
    }
    let waiting = &status["containerStatuses"][0]["state"]["waiting"]["reason"];
    match (waiting.as_str(), status["phase"].as_str()) {
        (Some(reason), _) => reason,
        (None, Some("Succeeded")) => "Completed",
        (None, Some(phase)) => phase,
        (None, None) => "Unknown",
    }
}

/// As kubectl writes it: the two largest units of short times, one of long ones.
fn age(created: &str, now: Timestamp) -> String {
    let Ok(created) = created.parse::<Timestamp>() else { return "<unknown>".to_owned() };
    let seconds = Duration::try_from(now.duration_since(created)).unwrap_or_default().as_secs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    let pair = |large: u64, unit: &str, small: u64, of: &str| match small {
        0 => format!("{large}{unit}"),
        _ => format!("{large}{unit}{small}{of}"),
    };
    match seconds {
        0..120 => format!("{seconds}s"),
        120..600 => pair(minutes, "m", seconds % 60, "s"),
        600..10_800 => format!("{minutes}m"),
        10_800..28_800 => pair(hours, "h", minutes % 60, "m"),
        28_800..172_800 => format!("{hours}h"),
        172_800..691_200 => pair(days, "d", hours % 24, "h"),
        _ => format!("{days}d"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_written_as_kubectl_writes_them() {
        let now = "2026-11-22T12:00:00Z".parse().unwrap();
        for (created, expected) in [
            ("2026-11-22T11:58:30Z", "90s"),
            ("2026-11-22T11:55:55Z", "4m5s"),
            ("2026-11-22T11:48:00Z", "12m"),
            ("2026-11-22T08:30:00Z", "3h30m"),
            ("2026-11-21T20:00:00Z", "16h"),
            ("2026-11-19T09:00:00Z", "3d3h"),
            ("2026-11-02T12:00:00Z", "20d"),
        ] {
            assert_eq!(age(created, now), expected);
        }
    }

    #[test]
    fn a_table_is_given_to_those_who_ask_for_it_first() {
        assert!(asked_for("application/json;as=Table;v=v1;g=meta.k8s.io,application/json"));
        assert!(!asked_for("application/json"));
        assert!(!asked_for("application/json, application/json;as=Table;v=v1;g=meta.k8s.io"));
    }
}
