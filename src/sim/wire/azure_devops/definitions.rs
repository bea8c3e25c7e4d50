//! The pipeline's definition.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use http::Uri;
use serde_json::{Value, json};

use super::door::parameter;
use super::{Face, PIPELINE, VALIDATION, answer};
use crate::sim::World;
use crate::sim::config::Accepting;

pub(super) async fn list(State(face): State<Face>, uri: Uri) -> Response {
    let name = parameter(&uri, "name").map(|name| name.to_ascii_lowercase());
    let shown = face.0.shared.with(|world| {
        // The filter takes wildcards.
        let fits =
            |known: &str| name.as_ref().is_none_or(|name| *name == known.to_ascii_lowercase() || name == "*");
        let both = [PIPELINE, VALIDATION].map(|id| (id, known(world, id)));
        let both = both.into_iter().filter(|(_, known)| known.as_ref().is_some_and(|(name, _)| fits(name)));
        both.map(|(id, _)| face.definition(world, id)).collect::<Vec<Value>>()
    });
    answer::list(shown)
}

pub(super) async fn get(State(face): State<Face>, Path((_, _, id)): Path<(String, String, u32)>) -> Response {
    match face.0.shared.with(|world| known(world, id).map(|_| face.whole(world, id))) {
        Some(definition) => Json(definition).into_response(),
        None => answer::no_pipeline(id),
    }
}

/// The name of a pipeline, and whether it takes runs; `None` where there is none of that number.
pub(super) fn known(world: &World, id: u32) -> Option<(String, Accepting)> {
    let (pipeline, check) = (&world.config().pipeline, &world.config().people.check);
    match id {
        PIPELINE => Some((pipeline.name.clone(), pipeline.accepting)),
        VALIDATION => Some((check.name.clone(), check.accepting)),
        _ => None,
    }
}

impl Face {
    pub(super) fn definition(&self, world: &World, id: u32) -> Value {
        let (name, accepting) = known(world, id).unwrap_or_default();
        let accepting = match accepting {
            Accepting::Enabled => "enabled",
            Accepting::Paused => "paused",
            Accepting::Disabled => "disabled",
        };
        json!({
            "id": id, "name": name, "path": "\\", "type": "build", "revision": 1,
            "queueStatus": accepting, "quality": "definition", "uri": format!("vstfs:///Build/Definition/{id}"),
            "url": format!("{}/_apis/build/Definitions/{id}?revision=1", self.base()),
            "createdDate": "2026-01-01T00:00:00Z", "project": self.project(),
            "authoredBy": self.person(&self.0.access.login),
            "queue": { "id": 18, "name": "Azure Pipelines", "pool": { "id": 9, "name": "Azure Pipelines", "isHosted": true } },
        })
    }

    /// With all that only the definition itself tells.
    fn whole(&self, world: &World, id: u32) -> Value {
        let config = world.config();
        let yaml = match id {
            VALIDATION => config.people.check.azure_path(),
            _ => config.pipeline.azure_path(),
        };
        let repository = format!("{}/{}", config.repository.owner, config.repository.name);
        let by_yaml = |kind: &str| json!({ "triggerType": kind, "settingsSourceType": 2, "branchFilters": [], "pathFilters": [] });
        let mut definition = self.definition(world, id);
        let more = json!({
            "process": { "type": 2, "yamlFilename": yaml },
            "triggers": [by_yaml("continuousIntegration"), by_yaml("pullRequest")],
            "repository": { "type": "GitHub", "id": repository, "name": repository, "clean": null, "checkoutSubmodules": false },
        });
        if let (Value::Object(members), Value::Object(more)) = (&mut definition, more) {
            members.extend(more);
            if let (PIPELINE, Some(Value::Object(otherwise))) = (id, config.pipeline.definition.clone()) {
                members.extend(otherwise);
            }
        }
        definition
    }
}
