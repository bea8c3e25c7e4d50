//! Objects without anything but their metadata, as whoever must not see more asks for them.

use serde_json::{Value, json};

/// What the `Accept` header names.
const KIND: &str = "as=PartialObjectMetadata";

/// Whether an `Accept` header asks for metadata before it asks for the objects; of a list, with `List` behind it.
pub(super) fn asked_for(accept: &str, list: bool) -> bool {
    let wanted = |part: &str| part.trim().strip_prefix(KIND) == Some(if list { "List" } else { "" });
    accept.split(',').next().is_some_and(|first| first.split(';').any(wanted))
}

/// An object's metadata.
pub(super) fn object(json: &Value) -> Value {
    json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": json["metadata"]})
}

/// A page of a list.
pub(super) fn list<'a>(items: impl Iterator<Item = &'a Value>, metadata: &Value) -> Value {
    json!({"kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1", "metadata": metadata,
        "items": items.map(object).collect::<Vec<Value>>()})
}
