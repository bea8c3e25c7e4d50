//! What pull requests carry as issues: comments, labels, assignees; and the reviews that are asked for.

use axum::extract::{Path, State};
use axum::response::Response;
use axum::{Extension, Json};
use http::{StatusCode, Uri};
use serde::Deserialize;
use serde_json::{Value, json};

use super::door::Caller;
use super::page::page as pages;
use super::repository::{base, page, person};
use super::show;
use super::{Face, answer, node_id, stable_number, time};
use crate::model::PullNumber;
use crate::sim::{Call, Command, Comment, Mark, Operation, Refusal, Reply, World};

type OfIssue = Path<(String, String, u64)>;

#[derive(Deserialize)]
pub(super) struct Body {
    body: String,
}

#[derive(Deserialize)]
pub(super) struct Labels {
    labels: Vec<String>,
}

#[derive(Deserialize)]
pub(super) struct Assignees {
    assignees: Vec<String>,
}

#[derive(Deserialize)]
pub(super) struct Reviewers {
    #[serde(default)]
    reviewers: Vec<String>,
    #[serde(default)]
    team_reviewers: Vec<String>,
}

fn is_too_long(body: &str) -> bool {
    body.chars().count() > 65_536
}

fn too_long() -> Response {
    answer::error(StatusCode::UNPROCESSABLE_ENTITY, "Body is too long (maximum is 65536 characters)")
}

pub(super) async fn comments(State(face): State<Face>, Path((_, _, number)): OfIssue, uri: Uri) -> Response {
    let found = face.0.shared.with(|world| {
        let pull = world.pull(PullNumber(number))?;
        Some(pull.comments.iter().map(|comment| show_comment(world, number, comment)).collect())
    });
    match found {
        Some(all) => pages(&uri, all),
        None => answer::not_found(),
    }
}

pub(super) async fn comment(
    State(face): State<Face>,
    Extension(Caller(login)): Extension<Caller>,
    Path((_, _, number)): OfIssue,
    Json(Body { body }): Json<Body>,
) -> Response {
    if is_too_long(&body) {
        return too_long();
    }
    let command = Command::Comment { number: PullNumber(number), body, by: login };
    face.mark(command, StatusCode::CREATED, commented).await
}

pub(super) async fn edit_comment(
    State(face): State<Face>,
    Path((_, _, comment)): OfIssue,
    Json(Body { body }): Json<Body>,
) -> Response {
    if is_too_long(&body) {
        return too_long();
    }
    face.mark(Command::EditComment { comment, body }, StatusCode::OK, commented).await
}

pub(super) async fn label(
    State(face): State<Face>,
    Path((_, _, number)): OfIssue,
    Json(Labels { labels }): Json<Labels>,
) -> Response {
    let number = PullNumber(number);
    let add = |name: String| Command::MarkPull { number, mark: Mark::Label(name) };
    face.mark_all(labels.into_iter().map(add).collect(), StatusCode::OK, |world| labels_of(world, number))
        .await
}

pub(super) async fn unlabel(
    State(face): State<Face>,
    Path((_, _, number, name)): Path<(String, String, u64, String)>,
) -> Response {
    let number = PullNumber(number);
    let command = Command::MarkPull { number, mark: Mark::Unlabel(name) };
    face.mark_all(vec![command], StatusCode::OK, |world| labels_of(world, number)).await
}

pub(super) async fn assign(
    State(face): State<Face>,
    Path((_, _, number)): OfIssue,
    Json(Assignees { assignees }): Json<Assignees>,
) -> Response {
    let number = PullNumber(number);
    let command = Command::MarkPull { number, mark: Mark::Assign(assignees) };
    face.mark_all(vec![command], StatusCode::CREATED, |world| in_list(world, number)).await
}

pub(super) async fn request(
    State(face): State<Face>,
    Path((_, _, number)): OfIssue,
    Json(Reviewers { reviewers, team_reviewers }): Json<Reviewers>,
) -> Response {
    let number = PullNumber(number);
    let command = Command::MarkPull { number, mark: Mark::Ask(reviewers, team_reviewers) };
    face.mark_all(vec![command], StatusCode::CREATED, |world| in_list(world, number)).await
}

impl Face {
    /// One deed on a pull request, with what the world answers.
    async fn mark(
        &self,
        command: Command,
        status: StatusCode,
        show: impl FnOnce(&World, Reply) -> Value,
    ) -> Response {
        let call = Call::of(Operation::MarkPull);
        let done = self.0.shared.call(&call, |world| {
            let reply = world.apply(command)?;
            Ok(show(world, reply))
        });
        respond(done.await, status)
    }

    async fn mark_all(
        &self,
        commands: Vec<Command>,
        status: StatusCode,
        show: impl FnOnce(&World) -> Value,
    ) -> Response {
        let call = Call::of(Operation::MarkPull);
        let done = self.0.shared.call(&call, |world| {
            for command in commands {
                world.apply(command)?;
            }
            Ok(show(world))
        });
        respond(done.await, status)
    }
}

fn respond(done: Result<Result<Value, Refusal>, Refusal>, status: StatusCode) -> Response {
    match done {
        Ok(Ok(body)) => answer::done(status, body),
        Ok(Err(refusal)) | Err(refusal) => answer::refused(&refusal),
    }
}

fn in_list(world: &World, number: PullNumber) -> Value {
    world.pull(number).map(|pull| show::in_list(world, pull)).unwrap_or_default()
}

fn commented(world: &World, reply: Reply) -> Value {
    let Reply::Comment(id) = reply else { return Value::Null };
    let found = world.pulls().iter().find_map(|pull| {
        let comment = pull.comments.iter().find(|comment| comment.id == id)?;
        Some(show_comment(world, pull.number.0, comment))
    });
    found.unwrap_or_default()
}

fn show_comment(world: &World, number: u64, comment: &Comment) -> Value {
    let (base, page) = (base(world), page(world));
    let id = comment.id;
    json!({
        "id": id, "node_id": node_id("IssueComment", id), "url": format!("{base}/issues/comments/{id}"),
        "html_url": format!("{page}/pull/{number}#issuecomment-{id}"), "body": comment.body,
        "issue_url": format!("{base}/issues/{number}"), "user": person(&comment.by),
        "created_at": time(comment.at), "updated_at": time(comment.updated), "author_association": "COLLABORATOR",
        "performed_via_github_app": null,
    })
}

fn labels_of(world: &World, number: PullNumber) -> Value {
    let labels =
        world.pull(number).map(|pull| pull.labels.iter().map(|name| show_label(world, name)).collect());
    Value::Array(labels.unwrap_or_default())
}

pub(super) fn show_label(world: &World, name: &str) -> Value {
    let id = stable_number(name);
    json!({
        "id": id, "node_id": node_id("Label", id), "url": format!("{}/labels/{id}", base(world)), "name": name,
        "description": "", "color": "ededed", "default": false,
    })
}
