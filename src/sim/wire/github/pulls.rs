//! Pull requests: list, read, open, change, merge.

use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use http::{StatusCode, Uri};
use serde::Deserialize;
use serde_json::{Value, json};

use super::door::Caller;
use super::page::{page, parameter};
use super::show;
use super::{Face, answer};
use crate::model::{BranchName, CommitId, PullNumber, PullState};
use crate::sim::config::MergeMethod;
use crate::sim::{Call, Command, Mark, Operation, Pull, Refusal, Reply, World};

type OfPull = Path<(String, String, u64)>;

#[derive(Deserialize)]
pub(super) struct NewPull {
    title: Option<String>,
    head: Option<String>,
    base: Option<String>,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    draft: bool,
}

#[derive(Deserialize)]
pub(super) struct Change {
    title: Option<String>,
    body: Option<String>,
    state: Option<String>,
}

#[derive(Deserialize, Default)]
pub(super) struct Merge {
    sha: Option<String>,
    merge_method: Option<String>,
}

pub(super) async fn list(State(face): State<Face>, uri: Uri) -> Response {
    let wanted = |name: &str| parameter(&uri, name);
    let (state, head, base) = (wanted("state"), wanted("head"), wanted("base"));
    let ascending = wanted("direction").as_deref() == Some("asc");
    let call = Call::of(Operation::ReadPull);
    let found = face.0.shared.call(&call, |world| {
        let fits = |pull: &&Pull| {
            let open = match state.as_deref().unwrap_or("open") {
                "open" => pull.is_open(),
                "closed" => !pull.is_open(),
                _ => true,
            };
            open && base.as_ref().is_none_or(|base| pull.base.as_str() == base)
                && from(world, pull, head.as_deref())
        };
        let mut all: Vec<Value> =
            world.listed_pulls().filter(fits).map(|pull| show::in_list(world, pull)).collect();
        if ascending {
            all.reverse();
        }
        all
    });
    match found.await {
        Ok(all) => page(&uri, all),
        Err(refusal) => answer::refused(&refusal),
    }
}

/// The `head` filter is `owner:branch`. One that is not of this form is not understood, and then not applied.
fn from(world: &World, pull: &Pull, head: Option<&str>) -> bool {
    let Some((owner, branch)) = head.and_then(|head| head.split_once(':')) else { return true };
    let of = pull.fork.as_ref().unwrap_or(&world.config().repository.owner);
    owner.eq_ignore_ascii_case(of) && pull.head_branch.as_str() == branch
}

pub(super) async fn get(State(face): State<Face>, Path((_, _, number)): OfPull) -> Response {
    let call = Call::of(Operation::ReadPull);
    let shown = face.0.shared.call(&call, |world| face.full(world, PullNumber(number)));
    match shown.await {
        Ok(Some(body)) => Json(body).into_response(),
        Ok(None) => answer::not_found(),
        Err(refusal) => answer::refused(&refusal),
    }
}

pub(super) async fn create(
    State(face): State<Face>,
    Extension(Caller(login)): Extension<Caller>,
    body: Result<Json<NewPull>, axum::extract::rejection::JsonRejection>,
) -> Response {
    let Ok(Json(new)) = body else { return answer::error(StatusCode::BAD_REQUEST, "Problems parsing JSON") };
    let (Some(title), Some(head), Some(base)) = (new.title, new.head, new.base) else {
        return answer::invalid(Some("head"), "missing_field");
    };
    let call = Call::of(Operation::OpenPull);
    let opened = face.0.shared.call(&call, |world| {
        let owner = world.config().repository.owner.clone();
        let branch = head.strip_prefix(&format!("{owner}:")).unwrap_or(&head).to_owned();
        for (field, name) in [("head", branch.as_str()), ("base", base.as_str())] {
            if world.repository().head(&BranchName::from(name)).is_none() {
                return answer::invalid(Some(field), "invalid");
            }
        }
        let command = Command::OpenPull {
            head: BranchName::new(&branch),
            base: BranchName::new(&base),
            title,
            body: new.body.unwrap_or_default(),
            by: login,
        };
        match world.apply(command) {
            Ok(Reply::Pull(number)) => {
                if new.draft {
                    let _ = world.apply(Command::MarkPull { number, mark: Mark::Draft(true) });
                }
                answer::done(StatusCode::CREATED, face.full(world, number).unwrap_or_default())
            }
            Ok(_) => answer::not_found(),
            Err(Refusal::AlreadyExists(_)) => {
                answer::invalid(None, &format!("A pull request already exists for {owner}:{branch}."))
            }
            Err(Refusal::Invalid(_)) => {
                answer::invalid(None, &format!("No commits between {base} and {branch}"))
            }
            Err(refusal) => answer::refused(&refusal),
        }
    });
    match opened.await {
        Ok(response) => response,
        Err(refusal) => answer::refused(&refusal),
    }
}

pub(super) async fn update(
    State(face): State<Face>,
    Extension(Caller(login)): Extension<Caller>,
    Path((_, _, number)): OfPull,
    Json(change): Json<Change>,
) -> Response {
    let number = PullNumber(number);
    let changed = face.0.shared.with(|world| {
        let edit = Command::EditPull { number, title: change.title, body: change.body };
        world.apply(edit)?;
        if change.state.as_deref() == Some("closed") && world.pull(number).is_some_and(Pull::is_open) {
            world.apply(Command::ClosePull { number, by: login })?;
        }
        Ok(face.full(world, number).unwrap_or_default())
    });
    match changed {
        Ok(body) => answer::done(StatusCode::OK, body),
        Err(refusal) => answer::refused(&refusal),
    }
}

pub(super) async fn reviews(State(face): State<Face>, Path((_, _, number)): OfPull, uri: Uri) -> Response {
    let found =
        face.0.shared.with(|world| world.pull(PullNumber(number)).map(|pull| show::reviews(world, pull)));
    match found {
        Some(all) => page(&uri, all),
        None => answer::not_found(),
    }
}

pub(super) async fn is_merged(State(face): State<Face>, Path((_, _, number)): OfPull) -> Response {
    let merged = face.0.shared.with(|world| {
        world.pull(PullNumber(number)).is_some_and(|pull| matches!(pull.state, PullState::Merged { .. }))
    });
    match merged {
        true => StatusCode::NO_CONTENT.into_response(),
        false => answer::not_found(),
    }
}

pub(super) async fn merge(
    State(face): State<Face>,
    Extension(Caller(login)): Extension<Caller>,
    Path((_, _, number)): OfPull,
    body: Option<Json<Merge>>,
) -> Response {
    let merge = body.map(|Json(merge)| merge).unwrap_or_default();
    let method = match merge.merge_method.as_deref() {
        None => None,
        Some("merge") => Some(MergeMethod::MergeCommit),
        Some("squash") => Some(MergeMethod::Squash),
        Some("rebase") => Some(MergeMethod::Rebase),
        Some(_) => {
            return answer::error(
                StatusCode::METHOD_NOT_ALLOWED,
                "This merge method is not allowed on this repository.",
            );
        }
    };
    let number = PullNumber(number);
    let call = Call::of(Operation::MergePull);
    let merged = face.0.shared.call(&call, |world| {
        let Some(pull) = world.pull(number) else { return answer::not_found() };
        if merge.sha.is_some_and(|sha| CommitId::new(sha) != pull.head) {
            let message = "Head branch was modified. Review and try the merge again.";
            return answer::error(StatusCode::CONFLICT, message);
        }
        match world.apply(Command::MergePull { number, method, by: login }) {
            Ok(Reply::Merged(commit)) => {
                let message = "Pull Request successfully merged";
                answer::done(
                    StatusCode::OK,
                    json!({ "sha": commit.as_str(), "merged": true, "message": message }),
                )
            }
            Ok(_) | Err(_) => answer::error(StatusCode::METHOD_NOT_ALLOWED, "Pull Request is not mergeable"),
        }
    });
    match merged.await {
        Ok(response) => response,
        Err(refusal) => answer::refused(&refusal),
    }
}

impl Face {
    /// A pull request with what only the single read says.
    fn full(&self, world: &World, number: PullNumber) -> Option<Value> {
        let pull = world.pull(number)?;
        let base = world.repository().head(&pull.base)?;
        let judged = !pull.is_open() || self.judged(number, &pull.head, base);
        Some(show::alone(world, pull, judged))
    }
}
