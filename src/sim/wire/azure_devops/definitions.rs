//! The pipeline's definition.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use http::Uri;
use serde_json::{Value, json};

use super::door::parameter;
use super::{Face, PIPELINE, answer};
use crate::sim::World;
use crate::sim::config::Accepting;

pub(super) async fn list(State(face): State<Face>, uri: Uri) -> Response {
    let name = parameter(&uri, "name").map(|name| name.to_ascii_lowercase());
    let shown = face.0.shared.with(|world| {
        let known = world.config().pipeline.name.to_ascii_lowercase();
        // The filter takes wildcards.
        let fits = name.is_none_or(|name| name == known || name == "*");
        fits.then(|| face.definition(world))
    });
    answer::list(shown.into_iter().collect())
}

pub(super) async fn get(State(face): State<Face>, Path((_, _, id)): Path<(String, String, u32)>) -> Response {
    match id == PIPELINE {
        true => Json(face.0.shared.with(|world| face.definition(world))).into_response(),
        false => answer::no_pipeline(id),
    }
}

impl Face {
    pub(super) fn definition(&self, world: &World) -> Value {
        let accepting = match world.config().pipeline.accepting {
            Accepting::Enabled => "enabled",
            Accepting::Paused => "paused",
            Accepting::Disabled => "disabled",
        };
        json!({
            "id": PIPELINE, "name": world.config().pipeline.name, "path": "\\", "type": "build", "revision": 1,
            "queueStatus": accepting, "quality": "definition", "uri": format!("vstfs:///Build/Definition/{PIPELINE}"),
            "url": format!("{}/_apis/build/Definitions/{PIPELINE}?revision=1", self.base()),
            "createdDate": "2026-01-01T00:00:00Z", "project": self.project(),
            "authoredBy": self.person(&self.0.access.login),
            "queue": { "id": 18, "name": "Azure Pipelines", "pool": { "id": 9, "name": "Azure Pipelines", "isHosted": true } },
        })
    }
}
