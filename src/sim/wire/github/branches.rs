//! Branches and what their rules demand.
//!
//! The world's demands stand on the base branch as a ruleset, readable to everyone. Where there is a classic protection
//! besides, its address answers administrators; others get 404, as everybody does where there is none.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use http::{StatusCode, Uri};
use serde_json::{Value, json};

use super::repository::{base, page, person};
use super::{Face, answer, node_id, page as pages, stable_number, time};
use crate::model::{BranchName, CommitId};
use crate::sim::World;
use crate::sim::config::ClassicConfig;
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
    let branch = BranchName::new(branch);
    let found = face.0.shared.with(|world| {
        let there = world.repository().head(&branch).is_some();
        let classic = world.config().people.rules.classic.as_ref().filter(|_| is_protected(world, &branch));
        (there, classic.map(|classic| classic.readable.then(|| classic_protection(world, &branch, classic))))
    });
    match found {
        (true, Some(Some(body))) => Json(body).into_response(),
        (true, Some(None)) => answer::not_found(),
        (true, None) => answer::error(StatusCode::NOT_FOUND, "Branch not protected"),
        (false, _) => answer::error(StatusCode::NOT_FOUND, "Branch not found"),
    }
}

fn classic_protection(world: &World, branch: &BranchName, classic: &ClassicConfig) -> Value {
    let own = format!("{}/branches/{branch}/protection", base(world));
    json!({
        "url": own, "required_status_checks": {
            "url": format!("{own}/required_status_checks"), "strict": false, "contexts": classic.checks,
            "checks": classic.checks.iter().map(|name| json!({ "context": name, "app_id": null })).collect::<Vec<_>>(),
            "contexts_url": format!("{own}/required_status_checks/contexts"), "enforcement_level": "everyone",
        },
        "required_pull_request_reviews": {
            "url": format!("{own}/required_pull_request_reviews"), "dismiss_stale_reviews": false,
            "require_code_owner_reviews": false, "required_approving_review_count": classic.reviews,
            "require_last_push_approval": false,
        },
        "enforce_admins": { "url": format!("{own}/enforce_admins"), "enabled": true },
        "required_signatures": { "url": format!("{own}/required_signatures"), "enabled": false },
        "required_conversation_resolution": { "enabled": false }, "lock_branch": { "enabled": false },
    })
}

pub(super) async fn rules(State(face): State<Face>, Path((_, _, branch)): OfBranch, uri: Uri) -> Response {
    // A ruleset of all branches but those of proposals, as the world holds pull requests to whatever branch; whoever
    // pushes to the released one directly may pass it.
    let is_ruled = !branch.starts_with("fix/");
    let rules = face.0.shared.with(|world| if is_ruled { demands(world) } else { of_proposals(world) });
    pages::page(&uri, rules)
}

/// A ruleset as it is shown to who may not change it.
pub(super) async fn ruleset(State(face): State<Face>, Path((_, _, ruleset)): OfBranch) -> Response {
    let shown = face.0.shared.with(|world| {
        let config = world.config();
        let id: u64 = ruleset.parse().ok().filter(|id| [RULESET, OF_PROPOSALS].contains(id))?;
        let source = format!("{}/{}", config.repository.owner, config.repository.name);
        Some(json!({
            "id": id, "name": format!("ruleset {id}"), "target": "branch", "source_type": "Repository",
            "source": source, "enforcement": "active",
            "current_user_can_bypass": if config.people.rules.unpassed { "never" } else { "always" },
        }))
    });
    shown.map_or_else(answer::not_found, |body| Json(body).into_response())
}

const RULESET: u64 = 42;
const OF_PROPOSALS: u64 = 43;

/// The branches that nobody can push to.
pub(super) fn held(world: &World) -> Vec<BranchName> {
    world.repository().branches().keys().filter(|branch| is_protected(world, branch)).cloned().collect()
}

fn is_protected(world: &World, branch: &BranchName) -> bool {
    branch == &world.config().repository.base
}

fn rule(world: &World, id: u64, kind: &str, parameters: Value) -> Value {
    let repository = &world.config().repository;
    json!({
        "type": kind, "ruleset_source_type": "Repository", "ruleset_id": id,
        "ruleset_source": format!("{}/{}", repository.owner, repository.name), "parameters": parameters,
    })
}

/// The ruleset of the branches that keyslot makes.
fn of_proposals(world: &World) -> Vec<Value> {
    let kinds = &world.config().people.rules.proposals;
    kinds.iter().map(|kind| rule(world, OF_PROPOSALS, kind, json!({}))).collect()
}

/// The ruleset of the branches that pull requests go to.
fn demands(world: &World) -> Vec<Value> {
    let config = world.config();
    let rule = |kind: &str, parameters: Value| rule(world, RULESET, kind, parameters);
    let rules = &config.people.rules;
    let mut all = vec![rule(
        "pull_request",
        json!({
            "required_approving_review_count": config.people.reviews_wanted,
            "dismiss_stale_reviews_on_push": rules.dismiss_stale,
            "require_code_owner_review": !rules.code_owners.is_empty(),
            "require_last_push_approval": rules.last_push,
            "required_review_thread_resolution": rules.conversations,
        }),
    )];
    if !rules.optional_check {
        all.push(rule(
            "required_status_checks",
            json!({
                "strict_required_status_checks_policy": rules.strict,
                "required_status_checks": [{ "context": config.people.check.name }],
            }),
        ));
    }
    if rules.queue.is_some() {
        all.push(rule("merge_queue", queue()));
    }
    all.extend(rules.others.iter().map(|kind| rule(kind, json!({}))));
    all
}

fn queue() -> Value {
    json!({
        "check_response_timeout_minutes": 60, "grouping_strategy": "ALLGREEN", "max_entries_to_build": 5,
        "max_entries_to_merge": 5, "merge_method": "MERGE", "min_entries_to_merge": 1,
        "min_entries_to_merge_wait_minutes": 5,
    })
}

fn show(world: &World, branch: &BranchName) -> Option<Value> {
    let head = world.repository().head(branch)?;
    let commit = world.repository().get(head)?;
    let (base, page) = (base(world), page(world));
    let own = format!("{base}/branches/{branch}");
    let classic = world.config().people.rules.classic.as_ref().filter(|_| is_protected(world, branch));
    let checks = classic.map(|classic| classic.checks.clone()).unwrap_or_default();
    Some(json!({
        "name": branch.as_str(), "commit": show_commit(world, commit), "protected": is_protected(world, branch),
        "protection": { "enabled": classic.is_some(), "required_status_checks": {
            "enforcement_level": if checks.is_empty() { "off" } else { "everyone" }, "contexts": checks, "checks": [],
        } },
        "protection_url": format!("{own}/protection"),
        "_links": { "self": own, "html": format!("{page}/tree/{branch}") },
    }))
}

pub(super) fn show_commit(world: &World, commit: &Commit) -> Value {
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
