//! Branches and what their rules demand.
//!
//! The world's demands (reviews and a check) stand on the base branch as a ruleset, readable to everyone; there is no
//! classic protection, so its address answers 404, as it also does for those who are no administrators.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use http::{StatusCode, Uri};
use serde_json::{Value, json};

use super::repository::{base, page, person};
use super::{Face, answer, node_id, page as pages, stable_number, time};
use crate::model::{BranchName, CommitId};
use crate::sim::World;
use crate::sim::repository::Commit;

/// Path parameters of one branch; the nesting adds owner and repository.
type OfBranch = Path<(String, String, String)>;

pub(super) async fn list(State(face): State<Face>, uri: Uri) -> Response {
    let all = face.0.shared.with(|world| {
        let base = base(world);
        let short = |(branch, head): (&BranchName, &CommitId)| {
            json!({
                "name": branch.as_str(), "protected": is_protected(world, branch),
                "commit": { "sha": head.as_str(), "url": format!("{base}/commits/{head}") },
            })
        };
        world.repository().branches().iter().map(short).collect()
    });
    pages::page(&uri, all)
}

pub(super) async fn get(State(face): State<Face>, Path((_, _, branch)): OfBranch) -> Response {
    let branch = BranchName::new(branch);
    let shown = face.0.shared.with(|world| show(world, &branch));
    match shown {
        Some(body) => Json(body).into_response(),
        None => answer::error(StatusCode::NOT_FOUND, "Branch not found"),
    }
}

pub(super) async fn protection(State(face): State<Face>, Path((_, _, branch)): OfBranch) -> Response {
    let there = face.0.shared.with(|world| world.repository().head(&BranchName::new(branch)).is_some());
    let message = if there { "Branch not protected" } else { "Branch not found" };
    answer::error(StatusCode::NOT_FOUND, message)
}

pub(super) async fn rules(State(face): State<Face>, Path((_, _, branch)): OfBranch, uri: Uri) -> Response {
    let rules = face.0.shared.with(|world| match is_protected(world, &BranchName::new(branch)) {
        true => demands(world),
        false => Vec::new(),
    });
    pages::page(&uri, rules)
}

fn is_protected(world: &World, branch: &BranchName) -> bool {
    branch == &world.config().repository.base
}

/// The ruleset of the base branch.
fn demands(world: &World) -> Vec<Value> {
    let config = world.config();
    let source = format!("{}/{}", config.repository.owner, config.repository.name);
    let rule = |kind: &str, parameters: Value| {
        json!({
            "type": kind, "ruleset_source_type": "Repository", "ruleset_source": source, "ruleset_id": 42,
            "parameters": parameters,
        })
    };
    vec![
        rule(
            "pull_request",
            json!({
                "required_approving_review_count": config.people.reviews_wanted,
                "dismiss_stale_reviews_on_push": false, "require_code_owner_review": false,
                "require_last_push_approval": false, "required_review_thread_resolution": false,
            }),
        ),
        rule(
            "required_status_checks",
            json!({
                "strict_required_status_checks_policy": false,
                "required_status_checks": [{ "context": config.people.check.name }],
            }),
        ),
    ]
}

fn show(world: &World, branch: &BranchName) -> Option<Value> {
    let head = world.repository().head(branch)?;
    let commit = world.repository().get(head)?;
    let (base, page) = (base(world), page(world));
    let own = format!("{base}/branches/{branch}");
    Some(json!({
        "name": branch.as_str(), "commit": show_commit(world, commit), "protected": is_protected(world, branch),
        "protection": { "enabled": false, "required_status_checks": {
            "enforcement_level": "off", "contexts": [], "checks": [],
        } },
        "protection_url": format!("{own}/protection"),
        "_links": { "self": own, "html": format!("{page}/tree/{branch}") },
    }))
}

fn show_commit(world: &World, commit: &Commit) -> Value {
    let (base, page, id) = (base(world), page(world), commit.id());
    let own = format!("{base}/commits/{id}");
    let signature = |by: &crate::sim::repository::Signature| json!({ "name": by.name, "email": by.email, "date": time(by.at) });
    let parent = |id: &CommitId| json!({ "sha": id.as_str(), "url": format!("{base}/commits/{id}"), "html_url": format!("{page}/commit/{id}") });
    json!({
        "sha": id.as_str(), "node_id": node_id("Commit", stable_number(id.as_str())), "url": own,
        "html_url": format!("{page}/commit/{id}"), "comments_url": format!("{own}/comments"),
        "author": person(&commit.author().name), "committer": person(&commit.committer().name),
        "parents": commit.parents().iter().map(parent).collect::<Vec<_>>(),
        "commit": {
            "url": format!("{base}/git/commits/{id}"), "message": commit.message(), "comment_count": 0,
            "author": signature(commit.author()), "committer": signature(commit.committer()),
            "tree": { "sha": commit.tree_id().to_string(), "url": format!("{base}/git/trees/{}", commit.tree_id()) },
        },
    })
}
