//! Approvals that stages wait for.

use axum::extract::State;
use axum::response::Response;
use http::Uri;
use serde_json::{Value, json};

use super::door::parameter;
use super::timeline::approval_id;
use super::{Face, answer, time};
use crate::model::RunState;
use crate::sim::{Run, StageRun, World};

pub(super) async fn list(State(face): State<Face>, uri: Uri) -> Response {
    let wanted = parameter(&uri, "approvalIds").unwrap_or_default();
    let with_steps = parameter(&uri, "$expand").is_some_and(|expand| expand.contains("steps"));
    let found = face.0.shared.with(|world| {
        let all = world.runs().iter().flat_map(|run| run.stages.iter().map(move |stage| (run, stage)));
        let waiting = all.filter(|(run, stage)| {
            stage.state == RunState::WaitsForApproval
                && wanted.split(',').any(|id| id == approval_id(run, stage))
        });
        waiting.map(|(run, stage)| face.approval(world, run, stage, with_steps)).collect::<Vec<Value>>()
    });
    answer::list(found)
}

impl Face {
    fn approval(&self, world: &World, run: &Run, stage: &StageRun, with_steps: bool) -> Value {
        let config = world.config().pipeline.stages.iter().find(|known| known.name == stage.name);
        let approvers = config.map(|known| known.approvers.clone()).unwrap_or_default();
        let since = time(run.changed());
        let steps = approvers.iter().filter(|_| with_steps).enumerate().map(|(order, name)| {
            json!({
                "assignedApprover": self.person(name), "status": "pending", "order": order + 1, "comment": "",
                "initiatedOn": since, "lastModifiedOn": since, "lastModifiedBy": self.person(&run.by), "history": [],
            })
        });
        let id = approval_id(run, stage);
        json!({
            "id": id, "steps": steps.collect::<Vec<Value>>(), "status": "pending", "createdOn": since,
            "lastModifiedOn": since, "executionOrder": "anyOrder", "minRequiredApprovers": 1, "blockedApprovers": [],
            "instructions": "", "_links": { "self": { "href": format!("{}/_apis/pipelines/approvals/{id}", self.base()) } },
        })
    }
}
