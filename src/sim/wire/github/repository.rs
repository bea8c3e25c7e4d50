//! The repository and people, with all the addresses that GitHub hands out.

use axum::extract::{Path, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use axum::{Extension, Json};
use serde_json::{Value, json};

use super::door::Caller;
use super::{API, Face, WEB, answer, node_id, stable_number, time, together};
use crate::sim::World;

/// Answers 404 for every repository but the world's own. Owner and name are compared without regard to case.
pub(super) async fn is_ours(
    State(face): State<Face>,
    Path(path): Path<std::collections::HashMap<String, String>>,
    request: Request,
    next: Next,
) -> Response {
    let (owner, name) = face.0.shared.with(|world| {
        let repository = &world.config().repository;
        (repository.owner.clone(), repository.name.clone())
    });
    let is = |key: &str, known: &str| path.get(key).is_some_and(|asked| asked.eq_ignore_ascii_case(known));
    match is("owner", &owner) && is("repository", &name) {
        true => next.run(request).await,
        false => answer::not_found(),
    }
}

pub(super) async fn get(State(face): State<Face>) -> Json<Value> {
    Json(face.0.shared.with(|world| repository(world)))
}

pub(super) async fn user(Extension(Caller(login)): Extension<Caller>) -> Json<Value> {
    let more = json!({
        "name": login, "company": null, "blog": "", "location": null, "email": null, "hireable": null, "bio": null,
        "public_repos": 0, "public_gists": 0, "followers": 0, "following": 0,
        "created_at": "2020-01-01T00:00:00Z", "updated_at": "2020-01-01T00:00:00Z",
    });
    Json(Value::Object(together([person(&login), more])))
}

/// What somebody may do with the repository: everybody who is named writes, but for those who may only read.
pub(super) async fn permission(
    State(face): State<Face>,
    Path((_, _, login)): Path<(String, String, String)>,
) -> Json<Value> {
    let reads = face.0.shared.with(|world| world.config().people.rules.readers.contains(&login));
    let may = if reads { "read" } else { "write" };
    let user = together([person(&login), json!({ "role_name": may })]);
    Json(json!({ "permission": may, "role_name": may, "user": user }))
}

/// Where the repository's own addresses begin.
pub(super) fn base(world: &World) -> String {
    let repository = &world.config().repository;
    format!("{API}/repos/{}/{}", repository.owner, repository.name)
}

/// The repository's page.
pub(super) fn page(world: &World) -> String {
    let repository = &world.config().repository;
    format!("{WEB}/{}/{}", repository.owner, repository.name)
}

pub(super) fn person(login: &str) -> Value {
    let id = stable_number(login);
    let url = format!("{API}/users/{login}");
    let kind = if login.ends_with("[bot]") { "Bot" } else { "User" };
    json!({
        "login": login, "id": id, "node_id": node_id("User", id), "gravatar_id": "", "type": kind,
        "avatar_url": format!("https://avatars.githubusercontent.com/u/{id}"),
        "url": url, "html_url": format!("{WEB}/{login}"), "site_admin": false,
        "followers_url": format!("{url}/followers"), "following_url": format!("{url}/following{{/other_user}}"),
        "gists_url": format!("{url}/gists{{/gist_id}}"), "starred_url": format!("{url}/starred{{/owner}}{{/repo}}"),
        "subscriptions_url": format!("{url}/subscriptions"), "organizations_url": format!("{url}/orgs"),
        "repos_url": format!("{url}/repos"), "events_url": format!("{url}/events{{/privacy}}"),
        "received_events_url": format!("{url}/received_events"),
    })
}

/// Addresses that are the repository's own with something appended.
const ADDRESSES: [(&str, &str); 37] = [
    ("archive_url", "{archive_format}{/ref}"),
    ("assignees_url", "assignees{/user}"),
    ("blobs_url", "git/blobs{/sha}"),
    ("branches_url", "branches{/branch}"),
    ("collaborators_url", "collaborators{/collaborator}"),
    ("comments_url", "comments{/number}"),
    ("commits_url", "commits{/sha}"),
    ("compare_url", "compare/{base}...{head}"),
    ("contents_url", "contents/{+path}"),
    ("contributors_url", "contributors"),
    ("deployments_url", "deployments"),
    ("downloads_url", "downloads"),
    ("events_url", "events"),
    ("forks_url", "forks"),
    ("git_commits_url", "git/commits{/sha}"),
    ("git_refs_url", "git/refs{/sha}"),
    ("git_tags_url", "git/tags{/sha}"),
    ("hooks_url", "hooks"),
    ("issue_comment_url", "issues/comments{/number}"),
    ("issue_events_url", "issues/events{/number}"),
    ("issues_url", "issues{/number}"),
    ("keys_url", "keys{/key_id}"),
    ("labels_url", "labels{/name}"),
    ("languages_url", "languages"),
    ("merges_url", "merges"),
    ("milestones_url", "milestones{/number}"),
    ("notifications_url", "notifications{?since,all,participating}"),
    ("pulls_url", "pulls{/number}"),
    ("releases_url", "releases{/id}"),
    ("stargazers_url", "stargazers"),
    ("statuses_url", "statuses/{sha}"),
    ("subscribers_url", "subscribers"),
    ("subscription_url", "subscription"),
    ("tags_url", "tags"),
    ("teams_url", "teams"),
    ("trees_url", "git/trees{/sha}"),
    ("url", ""),
];

pub(super) fn repository(world: &World) -> Value {
    let (config, base, page) = (&world.config().repository, base(world), page(world));
    let full_name = format!("{}/{}", config.owner, config.name);
    let id = stable_number(&full_name);
    let (born, open) =
        (time(world.config().start), world.pulls().iter().filter(|pull| pull.is_open()).count());
    let head = world.repository().head(&config.base).and_then(|head| world.repository().get(head));
    let pushed = time(head.map_or(world.config().start, |commit| commit.committer().at));
    let body = json!({
        "id": id, "node_id": node_id("Repository", id), "name": config.name, "full_name": full_name,
        "owner": person(&config.owner), "private": true, "visibility": "private", "fork": false, "html_url": page,
        "description": "A simulated repository", "default_branch": config.base.as_str(),
        "git_url": format!("git://github.com/{full_name}.git"), "ssh_url": format!("git@github.com:{full_name}.git"),
        "clone_url": format!("{page}.git"), "svn_url": page, "mirror_url": null, "homepage": null,
        "language": "HCL", "license": null, "created_at": born, "updated_at": born, "pushed_at": pushed,
        "permissions": { "admin": false, "maintain": false, "push": true, "triage": true, "pull": true },
    });
    let counts = json!({
        "size": 108, "forks": 0, "forks_count": 0, "watchers": 0, "watchers_count": 0, "stargazers_count": 0,
        "subscribers_count": 1, "network_count": 0, "open_issues": open, "open_issues_count": open, "topics": [],
        "archived": false, "disabled": false, "has_issues": true, "has_projects": false, "has_wiki": false,
        "has_pages": false, "has_downloads": false, "has_discussions": false,
    });
    let address = |rest: &str| if rest.is_empty() { base.clone() } else { format!("{base}/{rest}") };
    let addresses = ADDRESSES.iter().map(|(name, rest)| ((*name).to_owned(), address(rest).into())).collect();
    Value::Object(together([body, counts, Value::Object(addresses)]))
}
