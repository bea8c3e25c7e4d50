//! What the stages of a run have printed: a list of logs, and one log as text.

use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use http::header::CONTENT_TYPE;
use http::{StatusCode, Uri};
use serde_json::{Value, json};

use super::door::parameter;
use super::{Face, answer, time};
use crate::model::RunId;
use crate::sim::World;

type OfBuild = Path<(String, String, String)>;
type OfLog = Path<(String, String, String, usize)>;

/// The stages that have begun have a log each, under the stage's number.
fn logs(world: &World, id: &RunId) -> Option<Vec<(usize, String)>> {
    let run = world.run(id)?;
    let begun = run.stages.iter().enumerate().filter(|(_, stage)| stage.started.is_some());
    Some(begun.filter_map(|(place, stage)| Some((place + 1, world.stage_log(id, &stage.name)?))).collect())
}

pub(super) async fn list(State(face): State<Face>, Path((_, _, id)): OfBuild) -> Response {
    let own = format!("{}/_apis/build/builds/{id}/logs", face.base());
    let found = face.0.shared.with(|world| {
        let logs = logs(world, &RunId::new(&id))?;
        let shown = |(number, text): (usize, String)| {
            json!({
                "id": number, "type": "Container", "url": format!("{own}/{number}"), "lineCount": text.lines().count(),
                "createdOn": time(world.now()), "lastChangedOn": time(world.now()),
            })
        };
        Some(logs.into_iter().map(shown).collect::<Vec<Value>>())
    });
    found.map_or_else(|| answer::no_build(&id), answer::list)
}

pub(super) async fn get(State(face): State<Face>, Path((_, _, id, log)): OfLog, uri: Uri) -> Response {
    let from = parameter(&uri, "startLine").and_then(|line| line.parse().ok()).unwrap_or(0);
    let found = face.0.shared.with(|world| logs(world, &RunId::new(&id)));
    let text = found.and_then(|logs| logs.into_iter().find(|(number, _)| *number == log));
    match text {
        Some((_, text)) => {
            let lines: String = text.split_inclusive('\n').skip(from).collect();
            (StatusCode::OK, [(CONTENT_TYPE, "text/plain; charset=utf-8")], lines).into_response()
        }
        None => answer::no_build(&id),
    }
}
