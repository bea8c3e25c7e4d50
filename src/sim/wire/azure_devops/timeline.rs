//! A run's stages as a timeline: flat records with parents.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use serde_json::{Value, json};

use super::{Face, answer, guid, time};
use crate::model::{RunId, RunResult, RunState};
use crate::sim::{Call, Operation, Run, StageRun};

pub(super) async fn get(
    State(face): State<Face>,
    Path((_, _, id)): Path<(String, String, String)>,
) -> Response {
    let call = Call::of(Operation::ReadRuns);
    let found = face.0.shared.call(&call, |world| {
        world.run(&RunId::new(&id)).map(|run| (run.state != RunState::Queued).then(|| face.timeline(run)))
    });
    match found.await {
        Ok(Some(Some(timeline))) => Json(timeline).into_response(),
        // Nothing has happened yet.
        Ok(Some(None)) => StatusCode::NO_CONTENT.into_response(),
        Ok(None) => answer::no_build(&id),
        Err(refusal) => answer::refused(&refusal),
    }
}

impl Face {
    fn timeline(&self, run: &Run) -> Value {
        let own = format!("{}/_apis/build/builds/{}/Timeline/{}", self.base(), run.number, guid("timeline"));
        let records: Vec<Value> =
            run.stages.iter().enumerate().flat_map(|(place, stage)| records(run, place, stage)).collect();
        json!({
            "records": records, "lastChangedBy": guid(&run.by), "lastChangedOn": time(run.changed()),
            "id": guid(&own), "changeId": records.len(), "url": own,
        })
    }
}

/// The record of a stage, and those of its job or of what holds it.
fn records(run: &Run, place: usize, stage: &StageRun) -> Vec<Value> {
    let id = |kind: &str| guid(&format!("{kind} {} of run {}", stage.name, run.number));
    let (state, result) = match stage.state {
        RunState::Queued | RunState::WaitsForApproval => ("pending", None),
        RunState::Running => ("inProgress", None),
        RunState::Completed(result) => ("completed", Some(said(result))),
    };
    let earlier: Vec<Value> = (1..stage.attempt)
        .map(|attempt| json!({ "attempt": attempt, "timelineId": guid(&format!("timeline {attempt}")), "recordId": id("Stage") }))
        .collect();
    let record = |kind: &str, parent: Option<String>, state: &str, result: Option<&str>| {
        json!({
            "previousAttempts": earlier, "id": id(kind), "parentId": parent, "type": kind, "name": stage.name,
            "startTime": stage.started.map(time), "finishTime": stage.finished.map(time), "currentOperation": null,
            "percentComplete": null, "state": state, "result": result, "resultCode": null, "changeId": place + 1,
            "lastModified": "0001-01-01T00:00:00", "workerName": null, "order": place + 1, "details": null,
            "errorCount": 0, "warningCount": 0, "url": null, "log": null, "task": null, "attempt": stage.attempt,
            "identifier": stage.name,
        })
    };
    let mut records = vec![record("Stage", None, state, result)];
    match stage.state {
        RunState::WaitsForApproval => {
            records.push(record("Checkpoint", Some(id("Stage")), "inProgress", None));
            let mut approval = record("Checkpoint.Approval", Some(id("Checkpoint")), "inProgress", None);
            approval["id"] = approval_id(run, stage).into();
            approval["name"] = "Checkpoint.Approval".into();
            records.push(approval);
        }
        RunState::Running | RunState::Completed(_) if stage.started.is_some() => {
            records.push(record("Phase", Some(id("Stage")), state, result));
            records.push(record("Job", Some(id("Phase")), state, result));
            let mut task = record("Task", Some(id("Job")), state, result);
            task["name"] = "Terraform apply".into();
            task["identifier"] = Value::Null;
            task["log"] = json!({ "id": place + 1, "type": "Container", "url": "https://dev.azure.com/log" });
            if result == Some("failed") {
                let issue = json!({ "type": "error", "category": "General", "message": "Bash exited with code '1'.", "data": {} });
                task["issues"] = json!([issue]);
                task["errorCount"] = 1.into();
            }
            records.push(task);
        }
        RunState::Queued | RunState::Running | RunState::Completed(_) => {}
    }
    records
}

/// Under which id the approval of a stage can be asked for. A retried stage is approved anew.
pub(super) fn approval_id(run: &Run, stage: &StageRun) -> String {
    guid(&format!("approval {} of {} of run {}", stage.attempt, stage.name, run.number))
}

fn said(result: RunResult) -> &'static str {
    match result {
        RunResult::Succeeded => "succeeded",
        RunResult::PartiallySucceeded => "succeededWithIssues",
        RunResult::Failed => "failed",
        RunResult::Canceled => "canceled",
        RunResult::Skipped => "skipped",
    }
}
