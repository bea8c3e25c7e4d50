//! GraphQL, as much of it as keyslot says: two queries and four mutations, told apart by what they name.
//!
//! It answers 200 whatever happens; what went wrong stands in `errors`.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use serde_json::{Value, json};

use super::door::Caller;
use super::{Face, answer, deployments, show};
use crate::model::{CommitId, PullNumber, PullWait};
use crate::sim::config::MergeMethod;
use crate::sim::{Call, Command, Mark, Operation, Pull, Refusal, World};

pub(super) async fn serve(
    State(face): State<Face>,
    Extension(Caller(login)): Extension<Caller>,
    Json(asked): Json<Value>,
) -> Response {
    let query = asked["query"].as_str().unwrap_or_default().to_owned();
    let input = asked["variables"]["input"].clone();
    let is = |name: &str| query.contains(name);
    if is("enablePullRequestAutoMerge") {
        return face
            .deed("enablePullRequestAutoMerge", &input, |number| Command::AutoMerge {
                number,
                head: head(&input),
                method: method(&input),
                by: login,
            })
            .await;
    }
    if is("disablePullRequestAutoMerge") {
        return face
            .deed("disablePullRequestAutoMerge", &input, |number| Command::NoAutoMerge { number })
            .await;
    }
    if is("dequeuePullRequest") {
        let input = json!({ "pullRequestId": input["id"] });
        return face
            .deed("dequeuePullRequest", &input, |number| Command::MarkPull { number, mark: Mark::Dequeue })
            .await;
    }
    if is("enqueuePullRequest") {
        return face
            .deed("enqueuePullRequest", &input, |number| Command::Enqueue { number, head: head(&input) })
            .await;
    }
    if is("latestStatus") {
        let call = Call::of(Operation::ReadDeployments);
        let variables = asked["variables"].clone();
        return match face.0.shared.call(&call, |world| deployments::latest(world, &variables)).await {
            Ok(page) => Json(json!({ "data": { "repository": { "deployments": page } } })).into_response(),
            Err(refusal) => refused(&refusal),
        };
    }
    if is("reviewThreads") {
        let variables = asked["variables"].clone();
        let call = Call::of(Operation::ReadPull);
        return match face.0.shared.call(&call, |world| look(world, &variables)).await {
            Ok(pull) => Json(json!({ "data": { "repository": { "pullRequest": pull } } })).into_response(),
            Err(refusal) => refused(&refusal),
        };
    }
    let message = "this world does not know such a question";
    Json(json!({ "data": null, "errors": [{ "message": message }] })).into_response()
}

fn refused(refusal: &Refusal) -> Response {
    match refusal {
        Refusal::Throttled { retry_after } => answer::limited(Some(retry_after.as_secs())),
        other => answer::refused(other),
    }
}

fn head(input: &Value) -> Option<CommitId> {
    input["expectedHeadOid"].as_str().map(CommitId::from)
}

fn method(input: &Value) -> MergeMethod {
    match input["mergeMethod"].as_str() {
        Some("SQUASH") => MergeMethod::Squash,
        Some("REBASE") => MergeMethod::Rebase,
        _ => MergeMethod::MergeCommit,
    }
}

impl Face {
    async fn deed(&self, name: &str, input: &Value, command: impl FnOnce(PullNumber) -> Command) -> Response {
        let node = input["pullRequestId"].as_str().unwrap_or_default().to_owned();
        let call = Call::of(Operation::MergePull);
        let done = self.0.shared.call(&call, |world| {
            let Some(number) = pull_of(world, &node) else {
                return complaint(name, "NOT_FOUND", "Could not resolve to a node with the global id");
            };
            match world.apply(command(number)) {
                Ok(_) => {
                    let wish = world.pull(number).and_then(|pull| pull.auto_merge.as_ref());
                    let wish = wish.map(|_| json!({ "enabledAt": super::time(world.now()) }));
                    json!({ "data": { name: {
                        "pullRequest": { "number": number.0, "autoMergeRequest": wish },
                        "mergeQueueEntry": { "position": 1 },
                    } } })
                }
                Err(refusal) => complaint(name, "UNPROCESSABLE", &refusal.to_string()),
            }
        });
        match done.await {
            Ok(body) if body.get("errors").is_none() => answer::done(http::StatusCode::OK, body),
            Ok(body) => Json(body).into_response(),
            Err(refusal) => refused(&refusal),
        }
    }
}

fn pull_of(world: &World, node: &str) -> Option<PullNumber> {
    world.pulls().iter().find(|pull| show::node(world, pull) == node).map(|pull| pull.number)
}

fn complaint(name: &str, kind: &str, message: &str) -> Value {
    json!({ "data": { name: null }, "errors": [{ "type": kind, "path": [name], "message": message }] })
}

fn look(world: &World, variables: &Value) -> Value {
    let number = PullNumber(variables["number"].as_u64().unwrap_or_default());
    let Some(pull) = world.pull(number) else { return Value::Null };
    let (open, resolved) = pull.conversations;
    let threads = (0..open).map(|_| false).chain((0..resolved).map(|_| true));
    let threads: Vec<Value> = threads.map(|resolved| json!({ "isResolved": resolved })).collect();
    let (shown, info) = deployments::a_page(&threads, variables);
    json!({
        "reviewDecision": decision(world, pull), "isInMergeQueue": pull.queued,
        "reviewThreads": { "pageInfo": info, "nodes": shown },
    })
}

fn decision(world: &World, pull: &Pull) -> &'static str {
    let waits = world.pull_waits(pull);
    let against = waits.iter().any(|wait| matches!(wait, PullWait::ChangesRequested { .. }));
    let wanted = waits.iter().any(|wait| {
        matches!(
            wait,
            PullWait::Reviews { .. } | PullWait::CodeOwners { .. } | PullWait::StaleApprovals { .. }
        )
    });
    match (against, wanted) {
        (true, _) => "CHANGES_REQUESTED",
        (false, true) => "REVIEW_REQUIRED",
        (false, false) => "APPROVED",
    }
}
