//! Runs by the pipelines API: start one, read one, read all.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::builds::pipeline as pipeline_of;
use super::definitions::known;
use super::{Face, VALIDATION, answer, time};
use crate::model::{BranchName, CommitId, RunId, RunResult, RunState};
use crate::sim::{Call, Command, Operation, Refusal, Reply, Run, World};

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Order {
    preview_run: bool,
    resources: Resources,
    stages_to_skip: Vec<String>,
    /// For a preview: the YAML in place of the repository's.
    yaml_override: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Resources {
    repositories: Repositories,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Repositories {
    #[serde(rename = "self")]
    itself: Itself,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Itself {
    ref_name: Option<String>,
    version: Option<String>,
}

pub(super) async fn start(
    State(face): State<Face>,
    Path((_, _, pipeline)): Path<(String, String, u32)>,
    Json(order): Json<Order>,
) -> Response {
    if face.0.shared.with(|world| known(world, pipeline).is_none()) {
        return answer::no_pipeline(pipeline);
    }
    if order.preview_run {
        return Json(face.0.shared.with(|world| face.preview(world, pipeline, &order))).into_response();
    }
    let validates = pipeline == VALIDATION;
    let call = Call::of(if validates { Operation::StartValidation } else { Operation::StartRun });
    let started = face.0.shared.call(&call, |world| {
        let itself = order.resources.repositories.itself;
        let named =
            itself.ref_name.unwrap_or_else(|| format!("refs/heads/{}", world.config().repository.base));
        let Some(branch) = named.strip_prefix("refs/heads/") else {
            return Err(Refusal::Invalid(format!("{named} is no branch")));
        };
        let (branch, commit) = (BranchName::new(branch), itself.version.map(CommitId::new));
        let by = face.0.access.login.clone();
        let command = match validates {
            true => Command::StartValidation { branch, commit, by },
            false => Command::StartRun { branch, commit, skip: order.stages_to_skip, by },
        };
        match world.apply(command)? {
            Reply::Run(id) => Ok(world.run(&id).map(|run| face.run(world, run)).unwrap_or_default()),
            _ => Err(Refusal::Invalid("no run".to_owned())),
        }
    });
    match started.await {
        Ok(Ok(run)) => answer::done(run),
        Ok(Err(refusal)) | Err(refusal) => answer::refused(&refusal),
    }
}

pub(super) async fn list(
    State(face): State<Face>,
    Path((_, _, pipeline)): Path<(String, String, u32)>,
) -> Response {
    if face.0.shared.with(|world| known(world, pipeline).is_none()) {
        return answer::no_pipeline(pipeline);
    }
    let runs = face.0.shared.with(|world| {
        let all = world.runs().iter().chain(world.validations()).rev();
        all.filter(|run| pipeline_of(run) == pipeline).map(|run| face.run(world, run)).collect()
    });
    answer::list(runs)
}

pub(super) async fn get(
    State(face): State<Face>,
    Path((_, _, pipeline, id)): Path<(String, String, u32, String)>,
) -> Response {
    let shown = face.0.shared.with(|world| {
        let run = world.run(&RunId::new(&id)).filter(|run| pipeline_of(run) == pipeline);
        run.map(|run| face.run(world, run))
    });
    match shown {
        Some(run) => Json(run).into_response(),
        None => {
            answer::error(StatusCode::NOT_FOUND, "RunNotFoundException", &format!("Run {id} is not found."))
        }
    }
}

fn pipeline_body(world: &World, id: u32, url: &str) -> Value {
    let name = known(world, id).map(|(name, _)| name).unwrap_or_default();
    json!({ "id": id, "name": name, "folder": "\\", "revision": 1, "url": url })
}

/// With the stages of templates at the root of the repository in place of their names; `None` where there are none.
fn expanded(yaml: &str, file: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    let mut whole: Value = serde_saphyr::from_str(yaml).ok()?;
    let stages = whole.get_mut("stages")?.as_array_mut()?;
    let of = |stage: &Value| stage.get("template").and_then(Value::as_str).map(str::to_owned);
    if !stages.iter().any(|stage| of(stage).is_some()) {
        return None;
    }
    let put = |stage: Value| match of(&stage) {
        None => vec![stage],
        Some(path) => {
            let text = file(&path).unwrap_or_default();
            let template: Value = serde_saphyr::from_str(&text).unwrap_or_default();
            template.get("stages").and_then(Value::as_array).cloned().unwrap_or_default()
        }
    };
    *stages = std::mem::take(stages).into_iter().flat_map(put).collect();
    Some(whole.to_string())
}

impl Face {
    /// The YAML that a run would have, and no run. Templates of stages are put in as they are at the named commit.
    fn preview(&self, world: &World, id: u32, order: &Order) -> Value {
        let config = world.config();
        let yaml = match (&order.yaml_override, id) {
            (Some(text), _) => text.clone(),
            (None, VALIDATION) => config.people.check.azure_yaml(),
            (None, _) => config.pipeline.azure_yaml(),
        };
        let commit = order.resources.repositories.itself.version.as_deref().map(CommitId::new);
        let tree = commit.and_then(|commit| Some(world.repository().get(&commit)?.tree().clone()));
        let file = |path: &str| String::from_utf8(tree.as_ref()?.get(path)?.bytes().to_vec()).ok();
        let yaml = expanded(&yaml, &file).unwrap_or(yaml);
        let pipeline = format!("{}/_apis/pipelines/{id}", self.base());
        json!({
            "id": -1, "name": "", "state": "unknown", "url": format!("{pipeline}/runs/-1"),
            "createdDate": "0001-01-01T00:00:00Z", "finalYaml": yaml,
            "pipeline": pipeline_body(world, id, &pipeline),
        })
    }

    fn run(&self, world: &World, run: &Run) -> Value {
        let (base, id) = (self.base(), run.number);
        let pipeline = format!("{base}/_apis/pipelines/{}", pipeline_of(run));
        let own = format!("{pipeline}/runs/{id}");
        let state = if run.state.is_over() { "completed" } else { "inProgress" };
        let mut shown = json!({
            "id": id, "name": format!("{}.{id}", run.queued.strftime("%Y%m%d")), "state": state, "url": own,
            "createdDate": time(run.queued), "templateParameters": {},
            "pipeline": pipeline_body(world, pipeline_of(run), &pipeline),
            "resources": { "repositories": { "self": {
                "repository": { "type": "gitHub" }, "refName": format!("refs/heads/{}", run.branch),
                "version": run.commit.as_str(),
            } } },
            "_links": { "self": { "href": own }, "web": { "href": format!("{base}/_build/results?buildId={id}") } },
        });
        if let (RunState::Completed(result), Value::Object(members)) = (run.state, &mut shown) {
            let said = match result {
                RunResult::Succeeded | RunResult::PartiallySucceeded => "succeeded",
                RunResult::Failed | RunResult::Skipped => "failed",
                RunResult::Canceled => "canceled",
            };
            members.insert("result".to_owned(), said.into());
            members.extend(run.finished.map(|at| ("finishedDate".to_owned(), time(at).into())));
        }
        shown
    }
}
