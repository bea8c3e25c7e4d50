//! When something in an object last changed, by what the API server notes of its writers.
//!
//! The server dates a writer's entry anew whenever one of its fields changes, whichever that is: so the time is the latest
//! that it can be. The CSI driver writes a Secret's owners into the same entry as its content, so each new ReplicaSet or Job
//! whose pods mount the class moves it. (The resourceVersion moves without any change of what matters here.)

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ManagedFields {
    time: Option<Timestamp>,
    #[serde(default)]
    fields_v1: Value,
}

/// When the field at this path last changed, at the latest; `None` where no writer of it is dated.
pub(super) fn changed_at(managed: &[ManagedFields], path: &[&str]) -> Option<Timestamp> {
    let writes = |entry: &&ManagedFields| {
        path.iter().try_fold(&entry.fields_v1, |fields, name| fields.get(name)).is_some()
    };
    managed.iter().filter(writes).filter_map(|entry| entry.time).max()
}
