//! A pull request and its reviews, in GitHub's words.

use serde_json::{Map, Value, json};

use super::issues::show_label;
use super::repository::{base, page, person, repository};
use super::{API, WEB, node_id, stable_number, time, together};
use crate::model::{BranchName, CommitId, PullState, PullWait};
use crate::sim::config::MergeMethod;
use crate::sim::repository::Lookup as _;
use crate::sim::{Pull, World};

/// As a list shows it.
pub(super) fn in_list(world: &World, pull: &Pull) -> Value {
    Value::Object(common(world, pull))
}

/// As the single read shows it. Whether it can be merged is null until somebody has asked once.
pub(super) fn alone(world: &World, pull: &Pull, judged: bool) -> Value {
    let (mergeable, state) = match judged {
        true => verdict(world, pull),
        false => (None, "unknown"),
    };
    let merged_by = match (&pull.state, &pull.ended) {
        (PullState::Merged { .. }, Some((_, by))) => person(by),
        _ => Value::Null,
    };
    let more = json!({
        "merged": matches!(pull.state, PullState::Merged { .. }), "merged_by": merged_by, "mergeable": mergeable,
        "rebaseable": mergeable, "mergeable_state": state, "comments": pull.comments.len(), "review_comments": 0,
        "maintainer_can_modify": false, "commits": commits(world, pull), "additions": 1, "deletions": 1,
        "changed_files": changed_files(world, pull),
    });
    Value::Object(together([Value::Object(common(world, pull)), more]))
}

/// `mergeable` is about conflicts only; the state says the rest, without a reason.
fn verdict(world: &World, pull: &Pull) -> (Option<bool>, &'static str) {
    let waits = world.pull_waits(pull);
    if !pull.is_open() {
        (None, "unknown")
    } else if pull.draft {
        (Some(!pull.conflict), "draft")
    } else if waits.contains(&PullWait::Conflict) {
        (Some(false), "dirty")
    } else if waits == [PullWait::Behind] {
        (Some(true), "behind")
    } else if waits == [PullWait::Mergeable] {
        (Some(true), "clean")
    } else {
        (Some(true), "blocked")
    }
}

pub(super) fn reviews(world: &World, pull: &Pull) -> Vec<Value> {
    let own = format!("{}/pulls/{}", base(world), pull.number.0);
    let html = format!("{}/pull/{}", page(world), pull.number.0);
    let show = |(place, review): (usize, &crate::sim::Review)| {
        let id = 1_000 * pull.number.0 + place as u64;
        let html = format!("{html}#pullrequestreview-{id}");
        json!({
            "id": id, "node_id": node_id("PullRequestReview", id), "user": person(&review.by), "body": "",
            "state": state(review), "html_url": html,
            "pull_request_url": own, "submitted_at": time(review.at), "commit_id": review.head.as_str(),
            "author_association": "MEMBER", "_links": { "html": { "href": html }, "pull_request": { "href": own } },
        })
    };
    pull.reviews.iter().enumerate().map(show).collect()
}

fn state(review: &crate::sim::Review) -> &'static str {
    match (review.dismissed, review.approve) {
        (true, _) => "DISMISSED",
        (false, true) => "APPROVED",
        (false, false) => "CHANGES_REQUESTED",
    }
}

/// Those whose review is asked for, labels, assignees: with whom a pull request is dressed.
fn dress(world: &World, pull: &Pull) -> Value {
    let people = |names: &[String]| names.iter().map(|name| person(name)).collect::<Vec<_>>();
    let auto_merge = pull.auto_merge.as_ref().map(|(by, method)| {
        let method = match method {
            MergeMethod::MergeCommit => "merge",
            MergeMethod::Squash => "squash",
            MergeMethod::Rebase => "rebase",
        };
        json!({ "enabled_by": person(by), "merge_method": method, "commit_title": "", "commit_message": "" })
    });
    json!({
        "draft": pull.draft, "labels": pull.labels.iter().map(|name| show_label(world, name)).collect::<Vec<_>>(),
        "assignee": pull.assignees.first().map(|name| person(name)), "assignees": people(&pull.assignees),
        "requested_reviewers": people(&pull.asked), "auto_merge": auto_merge,
        "requested_teams": pull.asked_teams.iter().map(|slug| team(world, slug)).collect::<Vec<_>>(),
    })
}

/// By its name; the words of the slug are joined by hyphens.
pub(super) fn team(world: &World, name: &str) -> Value {
    let owner = &world.config().repository.owner;
    let slug = name.to_lowercase().replace(' ', "-");
    let (id, url) = (stable_number(&slug), format!("{API}/orgs/{owner}/teams/{slug}"));
    json!({
        "id": id, "node_id": node_id("Team", id), "url": url, "members_url": format!("{url}/members{{/member}}"),
        "name": name, "description": null, "permission": "push", "html_url": format!("{WEB}/orgs/{owner}/teams/{slug}"),
        "repositories_url": format!("{url}/repos"), "slug": slug, "parent": null, "type": "organization",
    })
}

/// By which GraphQL knows it.
pub(super) fn node(world: &World, pull: &Pull) -> String {
    node_id("PullRequest", stable_number(&format!("{}/pulls/{}", base(world), pull.number.0)))
}

fn common(world: &World, pull: &Pull) -> Map<String, Value> {
    let (merged, commit) = match &pull.state {
        PullState::Merged { commit } => (true, Some(commit.as_str())),
        PullState::Open | PullState::Closed => (false, None),
    };
    let ended = pull.ended.as_ref().map(|(at, _)| time(*at));
    let base_head = pull.base_before.clone().or_else(|| world.repository().head(&pull.base).cloned());
    let base_head = base_head.unwrap_or_else(|| pull.head.clone());
    let facts = json!({
        "number": pull.number.0, "state": if pull.is_open() { "open" } else { "closed" }, "locked": false,
        "title": pull.title, "body": pull.body, "user": person(&pull.author),
        "milestone": null, "active_lock_reason": null, "created_at": time(pull.opened),
        "updated_at": time(pull.updated), "closed_at": ended, "merged_at": if merged { ended.clone() } else { None },
        "merge_commit_sha": commit, "author_association": "COLLABORATOR",
        "head": end(world, pull.fork.as_ref(), &pull.head_branch, &pull.head),
        "base": end(world, None, &pull.base, &base_head),
    });
    together([facts, dress(world, pull), addresses(world, pull)])
}

/// A pull request's id and its many addresses.
fn addresses(world: &World, pull: &Pull) -> Value {
    let number = pull.number.0;
    let (base, page) = (base(world), page(world));
    let (own, html) = (format!("{base}/pulls/{number}"), format!("{page}/pull/{number}"));
    let issue = format!("{base}/issues/{number}");
    let id = stable_number(&own);
    let (commits, comments) = (format!("{own}/commits"), format!("{own}/comments"));
    let (talk, one) = (format!("{issue}/comments"), format!("{base}/pulls/comments{{/number}}"));
    let statuses = format!("{base}/statuses/{}", pull.head);
    let link = |to: &str| json!({ "href": to });
    json!({
        "id": id, "node_id": node_id("PullRequest", id), "url": own, "html_url": html, "issue_url": issue,
        "diff_url": format!("{html}.diff"), "patch_url": format!("{html}.patch"), "commits_url": commits,
        "comments_url": talk, "review_comments_url": comments, "review_comment_url": one,
        "statuses_url": statuses,
        "_links": {
            "self": link(&own), "html": link(&html), "issue": link(&issue), "comments": link(&talk),
            "review_comments": link(&comments), "review_comment": link(&one), "commits": link(&commits),
            "statuses": link(&statuses),
        },
    })
}

fn end(world: &World, fork: Option<&String>, branch: &BranchName, head: &CommitId) -> Value {
    let config = &world.config().repository;
    let owner = fork.unwrap_or(&config.owner);
    let mut own = repository(world);
    if fork.is_some() {
        own["full_name"] = format!("{owner}/{}-fork", config.name).into();
        own["fork"] = true.into();
    }
    json!({
        "label": format!("{owner}:{branch}"), "ref": branch.as_str(), "sha": head.as_str(),
        "user": person(owner), "repo": own,
    })
}

/// How many commits the head has that the base has not.
fn commits(world: &World, pull: &Pull) -> usize {
    let repository = world.repository();
    let Some(base) = repository.head(&pull.base) else { return 0 };
    let behind: std::collections::BTreeSet<CommitId> =
        crate::sim::repository::ancestors(repository, base).collect();
    crate::sim::repository::ancestors(repository, &pull.head).filter(|id| !behind.contains(id)).count()
}

fn changed_files(world: &World, pull: &Pull) -> usize {
    let repository = world.repository();
    let head = repository.commit(&pull.head);
    let parent =
        head.as_ref().and_then(|head| head.parents().first().cloned()).and_then(|id| repository.commit(&id));
    match (head, parent) {
        (Some(head), Some(parent)) => {
            head.tree().iter().filter(|(path, file)| parent.tree().get(path) != Some(file)).count()
        }
        _ => 0,
    }
}
