//! GitHub's REST API, as much of it as a release procedure needs.
//!
//! Pull requests with their reviews, comments and labels, checks and statuses, rules and branches of the world's
//! repository, and what of GraphQL has no other place; API version 2022-11-28. Bodies have every member that GitHub's
//! own description requires. What the real service does that trips naive clients is kept: 404 for whoever may not
//! know, a `mergeable` that is null on the first look, a combined status “pending” without any status, lists that lag,
//! limits in the headers of every answer. Its other host serves the repository itself to git. People (reviews, checks,
//! merges) are the world's.

pub mod actions;
mod answer;
mod apps;
mod branches;
mod checks;
mod compare;
mod deployments;
mod door;
pub mod enterprise;
mod graphql;
mod issues;
mod objects;
mod page;
mod pulls;
mod repository;
mod show;
mod web;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

pub use apps::App;
use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{delete, get, patch, post};
use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::{Map, Value};

use self::door::{Holder, Right};
use super::route::HostPattern;
use super::shared::SharedWorld;
use crate::model::{CommitId, PullNumber};

/// The host that the face answers for.
pub const HOST: &str = "api.github.com";

/// The host that git is spoken with.
pub const WEB_HOST: &str = "github.com";

const API: &str = "https://api.github.com";
const WEB: &str = "https://github.com";

/// Who may ask, and how often.
pub struct GitHubAccess {
    /// Tokens, and whose they are.
    people: Vec<(SecretString, Holder)>,
    apps: apps::Apps,
    /// Requests an hour and token.
    limit: u32,
    /// Writes a minute.
    writes: usize,
    /// Owner and name that the repository had before it was renamed.
    formerly: Option<(String, String)>,
    /// It is an older server, which knows no dispatch that names its run.
    names_no_runs: bool,
    /// What it calls itself in links to further pages.
    own_address: &'static str,
}

impl GitHubAccess {
    /// One token, which acts as `login`.
    pub fn new(token: SecretString, login: &str) -> GitHubAccess {
        GitHubAccess {
            people: vec![(token, Holder { login: login.to_owned(), right: Right::Write })],
            apps: apps::Apps::default(),
            limit: 5_000,
            writes: 80,
            formerly: None,
            names_no_runs: false,
            own_address: API,
        }
    }

    /// One more token.
    pub fn and(mut self, token: SecretString, login: &str) -> GitHubAccess {
        self.people.push((token, Holder { login: login.to_owned(), right: Right::Write }));
        self
    }

    /// One more token, which may look and not write, by REST and by git.
    pub fn and_reader(mut self, token: SecretString, login: &str) -> GitHubAccess {
        self.people.push((token, Holder { login: login.to_owned(), right: Right::Read }));
        self
    }

    /// One more token, of somebody for whom the repository is not there, by REST and by git.
    pub fn and_stranger(mut self, token: SecretString, login: &str) -> GitHubAccess {
        self.people.push((token, Holder { login: login.to_owned(), right: Right::Nothing }));
        self
    }

    /// Another secondary limit: writes a minute.
    pub fn writes(mut self, writes_a_minute: usize) -> GitHubAccess {
        self.writes = writes_a_minute;
        self
    }

    /// The name that the repository had; whoever uses it is led to the present one.
    pub fn formerly(mut self, owner: &str, name: &str) -> GitHubAccess {
        self.formerly = Some((owner.to_owned(), name.to_owned()));
        self
    }

    /// An older server: it names no run that is dispatched, and refuses whoever asks for that.
    pub fn naming_no_runs(mut self) -> GitHubAccess {
        self.names_no_runs = true;
        self
    }

    /// It stands behind a gateway, and links to further pages by an address that nobody else knows it by.
    pub fn calling_itself(mut self, address: &'static str) -> GitHubAccess {
        self.own_address = address;
        self
    }

    /// Another primary limit.
    pub fn limit(mut self, requests_an_hour: u32) -> GitHubAccess {
        self.limit = requests_an_hour;
        self
    }
}

/// The host to register the router for.
pub fn host() -> HostPattern {
    HostPattern::name(HOST)
}

/// The host that serves git, and the pages that people look at.
pub fn web_host() -> HostPattern {
    HostPattern::name(WEB_HOST)
}

/// What answers on the hosts of one GitHub.
pub struct Routers {
    /// For [`host`].
    pub api: Router,
    /// For [`web_host`].
    pub web: Router,
}

/// The face.
pub fn routers(shared: SharedWorld, access: GitHubAccess) -> Routers {
    let face = Face(Arc::new(Inner {
        shared,
        access,
        windows: Mutex::default(),
        writes: Mutex::default(),
        judged: Mutex::default(),
        drafts: Mutex::default(),
    }));
    // Whole paths rather than a nest: links to further pages repeat the path that was asked for.
    let own = |rest: &str| format!("/repos/{{owner}}/{{repository}}{rest}");
    let repository = Router::new()
        .route(&own(""), get(repository::get))
        .route(&own("/collaborators/{login}/permission"), get(repository::permission))
        .route(&own("/pulls"), get(pulls::list).post(pulls::create))
        .route(&own("/pulls/{number}"), get(pulls::get).patch(pulls::update))
        .route(&own("/pulls/{number}/reviews"), get(pulls::reviews))
        .route(&own("/pulls/{number}/merge"), get(pulls::is_merged).put(pulls::merge))
        .route(&own("/pulls/{number}/requested_reviewers"), post(issues::request))
        .route(&own("/issues/{number}/comments"), get(issues::comments).post(issues::comment))
        .route(&own("/issues/comments/{comment}"), patch(issues::edit_comment))
        .route(&own("/issues/{number}/labels"), post(issues::label))
        .route(&own("/issues/{number}/labels/{name}"), delete(issues::unlabel))
        .route(&own("/issues/{number}/assignees"), post(issues::assign))
        .route(&own("/statuses/{commit}"), post(checks::report))
        .route(&own("/deployments"), get(deployments::list))
        .route(&own("/environments/{environment}"), get(deployments::environment))
        .route(&own("/deployments/{deployment}/statuses"), get(deployments::statuses))
        .route(&own("/compare/{ends}"), get(compare::compare))
        .route(&own("/commits/{reference}/check-runs"), get(checks::runs))
        .route(&own("/commits/{reference}/status"), get(checks::combined))
        .route(&own("/git/blobs"), post(objects::blob))
        .route(&own("/git/trees"), post(objects::tree))
        .route(&own("/git/commits"), post(objects::commit))
        .route(&own("/git/commits/{commit}"), get(objects::look))
        .route(&own("/git/ref/{reference}"), get(objects::reference))
        .route(&own("/git/refs"), post(objects::make))
        .route(&own("/git/refs/{reference}"), patch(objects::shift))
        .route(&own("/branches"), get(branches::list))
        .route(&own("/branches/{branch}"), get(branches::get))
        .route(&own("/branches/{branch}/protection"), get(branches::protection))
        .route(&own("/rules/branches/{branch}"), get(branches::rules))
        .route(&own("/rulesets/{ruleset}"), get(branches::ruleset))
        .merge(actions::routes())
        .layer(from_fn_with_state(face.clone(), repository::is_ours));
    let web = web::router(face.clone());
    let api = Router::new()
        .merge(repository)
        .route("/graphql", post(graphql::serve))
        .route("/user", get(repository::user))
        .route("/rate_limit", get(door::rate_limit))
        .fallback(async || answer::not_found())
        .layer(from_fn_with_state(face.clone(), door::door))
        .merge(apps::routes())
        .with_state(face);
    Routers { api, web }
}

#[derive(Clone)]
struct Face(Arc<Inner>);

struct Inner {
    shared: SharedWorld,
    access: GitHubAccess,
    /// Of REST and of GraphQL, which count by themselves.
    windows: Mutex<[door::Window; 2]>,
    /// When something was written lately.
    writes: Mutex<std::collections::VecDeque<Timestamp>>,
    /// Pull requests whose mergeability has been worked out, by head and base.
    judged: Mutex<BTreeSet<(PullNumber, CommitId, CommitId)>>,
    /// Objects that nothing leads to.
    drafts: Mutex<objects::Drafts>,
}

impl Face {
    /// Whether it has been asked before whether this head can be merged into this base; from now on it has.
    fn judged(&self, number: PullNumber, head: &CommitId, base: &CommitId) -> bool {
        let mut judged = self.0.judged.lock().unwrap_or_else(PoisonError::into_inner);
        !judged.insert((number, head.clone(), base.clone()))
    }
}

/// A time as GitHub writes it.
fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// A number that is always the same for the same text.
fn stable_number(text: &str) -> u64 {
    use sha2::Digest as _;
    let digest = sha2::Sha256::digest(text.as_bytes());
    digest.iter().take(4).fold(0, |number, byte| number * 256 + u64::from(*byte))
}

/// The opaque id that GraphQL knows a thing by.
fn node_id(kind: &str, id: u64) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD_NO_PAD.encode(format!("{kind}{id}"))
}

/// Several objects as one; later members win.
fn together<const N: usize>(parts: [Value; N]) -> Map<String, Value> {
    let members = parts.into_iter().filter_map(|part| match part {
        Value::Object(members) => Some(members),
        _ => None,
    });
    members.flatten().collect()
}
