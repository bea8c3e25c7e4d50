//! The host where GitHub serves git: smart HTTP with a token as the password, whatever the user is called.
//!
//! As GitHub does it: 401 with a challenge without a token and with a wrong one, 404 for whoever may not know that the
//! repository is there, 403 for a push by whoever may only read, a push to a protected branch refused by the push
//! itself. The repository is the one on disk that the world is level with before and after every request.

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::any;
use http::header::{AUTHORIZATION, LOCATION, WWW_AUTHENTICATE};
use http::{HeaderValue, Method, StatusCode};

use super::door::{Holder, Right};
use super::{Face, answer, branches};
use crate::sim::wire::Changed;
use crate::sim::wire::git::backend::{self, Errand};
use crate::sim::{Call, Operation, Refusal};

pub(super) fn router(face: Face) -> Router {
    Router::new()
        .route("/{owner}/{repository}/{*rest}", any(serve))
        .fallback(async || said(StatusCode::NOT_FOUND, "Not Found"))
        .with_state(face)
}

/// What git wants of a repository.
fn operation(request: &Request, rest: &str) -> Option<Operation> {
    match (request.method(), rest, request.uri().query().unwrap_or_default()) {
        (&Method::GET, "info/refs", "service=git-upload-pack") | (&Method::POST, "git-upload-pack", "") => {
            Some(Operation::Fetch)
        }
        (&Method::GET, "info/refs", "service=git-receive-pack") | (&Method::POST, "git-receive-pack", "") => {
            Some(Operation::Push)
        }
        _ => None,
    }
}

async fn serve(
    State(face): State<Face>,
    Path((owner, repository, rest)): Path<(String, String, String)>,
    request: Request,
) -> Response {
    let name = repository.strip_suffix(".git").unwrap_or(&repository);
    let Some(operation) = operation(&request, &rest) else { return said(StatusCode::NOT_FOUND, "Not Found") };
    let holder = match face.admitted(&request) {
        Ok(holder) => holder,
        Err(why) => return challenge(why),
    };
    if holder.right == Right::Nothing {
        return said(StatusCode::NOT_FOUND, "Repository not found.");
    }
    if let Some(there) = face.moved_to(&owner, name, &rest, &request) {
        return there;
    }
    if !face.is_own(&owner, name) {
        return said(StatusCode::NOT_FOUND, "Repository not found.");
    }
    if operation == Operation::Push && holder.right == Right::Read {
        let denied = format!("Permission to {owner}/{name}.git denied to {}.", holder.login);
        return said(StatusCode::FORBIDDEN, &denied);
    }
    face.hand_to_git(operation, &holder, &rest, request).await
}

impl Face {
    /// Whose the password is. The user's name is free, the scheme is not.
    fn admitted(&self, request: &Request) -> Result<Holder, &'static str> {
        let basic = |value: &HeaderValue| {
            value.to_str().is_ok_and(|text| text.to_ascii_lowercase().starts_with("basic "))
        };
        let headers = request.headers();
        let known =
            headers.get(AUTHORIZATION).filter(|value| basic(value)).and_then(|_| self.caller(headers));
        match known {
            Some(Some(holder)) => Ok(holder),
            Some(None) => {
                Err("Invalid username or token. Password authentication is not supported for Git operations.")
            }
            None => Err("Repository not found."),
        }
    }

    /// By its name, or by the one that it had.
    fn is_own(&self, owner: &str, name: &str) -> bool {
        let own = self.own_name();
        let is = |known: &(String, String)| {
            known.0.eq_ignore_ascii_case(owner) && known.1.eq_ignore_ascii_case(name)
        };
        is(&own) || self.0.access.formerly.as_ref().is_some_and(is)
    }

    fn own_name(&self) -> (String, String) {
        self.0.shared.with(|world| {
            let own = &world.config().repository;
            (own.owner.clone(), own.name.clone())
        })
    }

    /// To the present name, for whoever begins with the former one. Who comes with objects is served as it is: git does
    /// not take a redirection with it that it met only after it had said who it is.
    fn moved_to(&self, owner: &str, name: &str, rest: &str, request: &Request) -> Option<Response> {
        let former = self.0.access.formerly.as_ref()?;
        let is = owner.eq_ignore_ascii_case(&former.0) && name.eq_ignore_ascii_case(&former.1);
        let query = request.uri().query().filter(|_| is)?;
        let (owner, name) = self.own_name();
        let there = format!("/{owner}/{name}.git/{rest}?{query}");
        let mut response = said(StatusCode::MOVED_PERMANENTLY, "");
        response.headers_mut().insert(LOCATION, HeaderValue::from_str(&there).ok()?);
        Some(response)
    }

    async fn hand_to_git(
        &self,
        operation: Operation,
        holder: &Holder,
        rest: &str,
        request: Request,
    ) -> Response {
        let (asked, body) = request.into_parts();
        // A push that ends in the middle is none.
        let Ok(body) = to_bytes(body, usize::MAX).await else {
            return StatusCode::BAD_REQUEST.into_response();
        };
        let shared = &self.0.shared;
        // Only the request that does it counts as the call.
        let lost = match asked.method == Method::POST {
            true => match shared.call(&Call::of(operation), |_| ()).await {
                Ok(()) => None,
                Err(Refusal::AnswerLost) => Some(Refusal::AnswerLost),
                Err(Refusal::Forbidden) => {
                    return said(StatusCode::FORBIDDEN, "Write access to repository not granted.");
                }
                Err(refusal) => return answer::refused(&refusal),
            },
            false => None,
        };
        let before = shared.with(|world| world.repository().branches().clone());
        let held = shared.with(|world| branches::held(world));
        let Some(repository) = shared.origin() else {
            return said(StatusCode::NOT_FOUND, "Repository not found.");
        };
        let errand = Errand { repository, rest, login: &holder.login, held: &held };
        let mut response = backend::serve(&errand, &asked, body).await;
        // What was pushed is in the world before the answer leaves.
        let changed = operation == Operation::Push
            && asked.method == Method::POST
            && shared.with(|world| *world.repository().branches() != before);
        if let Some(refusal) = lost {
            response = answer::refused(&refusal);
            response.extensions_mut().remove::<Changed>();
        }
        if changed {
            response.extensions_mut().insert(Changed);
        }
        response
    }
}

fn said(status: StatusCode, text: &str) -> Response {
    (status, text.to_owned()).into_response()
}

fn challenge(text: &str) -> Response {
    let mut response = said(StatusCode::UNAUTHORIZED, text);
    response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"GitHub\""));
    response
}
