//! As much of an event of a watch as is needed here.

use k8s_openapi::api::core::v1::Pod;
use serde::Deserialize;

#[derive(Deserialize)]
pub(super) struct PodEvent {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) object: Pod,
}

#[derive(Deserialize)]
pub(super) struct Event {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) object: Object,
}

/// As much of a workload, a pod or a `Status` as is needed here.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Object {
    pub(super) metadata: Metadata,
    pub(super) spec: Spec,
    #[serde(deserialize_with = "object_or_nothing")]
    pub(super) status: Status,
    pub(super) code: u16,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Metadata {
    pub(super) uid: String,
    pub(super) resource_version: String,
    pub(super) generation: i64,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Spec {
    pub(super) paused: bool,
    pub(super) replicas: Option<i64>,
    pub(super) min_ready_seconds: i64,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Status {
    pub(super) observed_generation: i64,
    pub(super) replicas: i64,
    pub(super) updated_replicas: i64,
    pub(super) available_replicas: i64,
    pub(super) ready_replicas: i64,
    pub(super) current_revision: String,
    pub(super) update_revision: String,
    pub(super) desired_number_scheduled: Option<i64>,
    pub(super) current_number_scheduled: i64,
    pub(super) updated_number_scheduled: i64,
    pub(super) number_available: i64,
    pub(super) conditions: Vec<Condition>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Condition {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) reason: String,
}

/// The `status` of a `Status` object is a word.
fn object_or_nothing<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Status, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        Object(Status),
        Other(serde::de::IgnoredAny),
    }
    Ok(match Either::deserialize(deserializer)? {
        Either::Object(status) => status,
        Either::Other(_) => Status::default(),
    })
}
