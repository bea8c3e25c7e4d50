//! Git's objects over REST: blobs, trees, commits and references, as far as one makes a commit with them.
//!
//! Objects that no reference leads to are kept here and are no part of the world; a reference that is made or moved is a
//! push. GitHub signs a commit that an App makes in its own name; a person's is as it was sent.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use serde_json::{Value, json};

use super::door::Caller;
use super::repository::base;
use super::{Face, answer, branches, node_id, stable_number, time};
use crate::model::{BranchName, CommitId};
use crate::sim::repository::{Commit, File, REGULAR, Signature, Tree};
use crate::sim::{Call, Command, Expected, Operation, World};

/// What nothing leads to yet.
#[derive(Default)]
pub(super) struct Drafts {
    blobs: BTreeMap<String, File>,
    trees: BTreeMap<String, Tree>,
    commits: BTreeMap<CommitId, Arc<Commit>>,
}

/// Path parameters of one object or reference.
type Of = Path<(String, String, String)>;

pub(super) async fn blob(State(face): State<Face>, Json(asked): Json<Value>) -> Response {
    let text = asked["content"].as_str().unwrap_or_default();
    let bytes = match asked["encoding"].as_str() {
        Some("base64") => STANDARD.decode(text).ok(),
        _ => Some(text.as_bytes().to_vec()),
    };
    let Some(bytes) = bytes else { return unprocessable("content is not valid Base64") };
    let file = File::new(bytes);
    let id = file.id().to_string();
    face.drafts(|drafts| drafts.blobs.insert(id.clone(), file));
    let url = face.0.shared.with(|world| format!("{}/git/blobs/{id}", base(world)));
    (StatusCode::CREATED, Json(json!({ "url": url, "sha": id }))).into_response()
}

pub(super) async fn tree(State(face): State<Face>, Json(asked): Json<Value>) -> Response {
    let built = face.0.shared.with(|world| {
        let under = match asked["base_tree"].as_str() {
            Some(id) => face.tree(world, id).ok_or("base_tree is not a valid tree")?,
            None => Tree::default(),
        };
        let entries = asked["tree"].as_array().map(Vec::as_slice).unwrap_or_default();
        entries.iter().try_fold(under, |tree, entry| face.with_entry(tree, entry))
    });
    let tree = match built {
        Ok(tree) => tree,
        Err(why) => return unprocessable(why),
    };
    let (id, entries) = (tree.id().to_string(), shown(&tree));
    face.drafts(|drafts| drafts.trees.insert(id.clone(), tree));
    let url = face.0.shared.with(|world| format!("{}/git/trees/{id}", base(world)));
    let body = json!({ "sha": id, "url": url, "tree": entries, "truncated": false });
    (StatusCode::CREATED, Json(body)).into_response()
}

/// What stands at the top of a tree.
fn shown(tree: &Tree) -> Vec<Value> {
    let files = tree.iter().filter(|(path, _)| !path.contains('/'));
    files
        .map(|(path, file)| {
            json!({ "path": **path, "mode": format!("{:o}", file.mode()), "type": "blob", "sha": file.id().to_string() })
        })
        .collect()
}

pub(super) async fn commit(
    State(face): State<Face>,
    Extension(Caller(login)): Extension<Caller>,
    Json(asked): Json<Value>,
) -> Response {
    let made = face.0.shared.with(|world| {
        let tree = face.tree(world, asked["tree"].as_str().unwrap_or_default());
        let tree = tree.ok_or("Tree SHA does not exist")?;
        let parents = asked["parents"].as_array().map(Vec::as_slice).unwrap_or_default();
        let parents: Vec<CommitId> = parents.iter().filter_map(Value::as_str).map(CommitId::from).collect();
        if parents.iter().any(|parent| face.commit(world, parent).is_none()) {
            return Err("Parent SHA does not exist or is not a commit object");
        }
        let author = Signature::of(&login, world.now());
        let github =
            Signature { name: "GitHub".to_owned(), email: "noreply@github.com".to_owned(), at: world.now() };
        let signs =
            login.ends_with("[bot]") && asked.get("author").is_none() && asked.get("committer").is_none();
        let committer = if signs { &github } else { &author };
        let message = asked["message"].as_str().unwrap_or_default();
        let commit = Commit::signed_by(tree, parents, &author, committer, message);
        let commit = if signs { signed(&commit).unwrap_or(commit) } else { commit };
        let body = show(world, &commit);
        Ok((commit, body))
    });
    match made {
        Ok((commit, body)) => {
            face.drafts(|drafts| drafts.commits.insert(commit.id().clone(), commit.into()));
            (StatusCode::CREATED, Json(body)).into_response()
        }
        Err(why) => unprocessable(why),
    }
}

pub(super) async fn look(State(face): State<Face>, Path((_, _, id)): Of) -> Response {
    let found = face.0.shared.with(|world| {
        let commit = face.commit(world, &CommitId::new(id))?;
        Some(show(world, &commit))
    });
    found.map_or_else(answer::not_found, |body| Json(body).into_response())
}

pub(super) async fn reference(State(face): State<Face>, Path((_, _, reference)): Of) -> Response {
    let found = face.0.shared.with(|world| {
        let branch = BranchName::new(reference.strip_prefix("heads/")?);
        let head = world.repository().head(&branch)?;
        Some(show_reference(world, &branch, head))
    });
    found.map_or_else(answer::not_found, |body| Json(body).into_response())
}

pub(super) async fn make(
    State(face): State<Face>,
    Extension(Caller(by)): Extension<Caller>,
    Json(asked): Json<Value>,
) -> Response {
    let Some(branch) = asked["ref"].as_str().and_then(|name| name.strip_prefix("refs/heads/")) else {
        return unprocessable("Reference name must start with 'refs/heads/'");
    };
    face.push(BranchName::new(branch), &asked, Expected::Absent, by).await
}

pub(super) async fn shift(
    State(face): State<Face>,
    Path((_, _, reference)): Of,
    Extension(Caller(by)): Extension<Caller>,
    Json(asked): Json<Value>,
) -> Response {
    let branch = BranchName::new(reference.strip_prefix("heads/").unwrap_or_default());
    if face.0.shared.with(|world| world.repository().head(&branch).is_none()) {
        return unprocessable("Reference does not exist");
    }
    face.push(branch, &asked, Expected::FastForward, by).await
}

impl Face {
    fn drafts<T>(&self, act: impl FnOnce(&mut Drafts) -> T) -> T {
        act(&mut self.0.drafts.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn tree(&self, world: &World, id: &str) -> Option<Tree> {
        let draft = self.drafts(|drafts| drafts.trees.get(id).cloned());
        draft.or_else(|| {
            let mut commits = world.repository().commits();
            commits.find(|commit| commit.tree_id().to_string() == id).map(|commit| commit.tree().clone())
        })
    }

    fn commit(&self, world: &World, id: &CommitId) -> Option<Arc<Commit>> {
        let draft = self.drafts(|drafts| drafts.commits.get(id).cloned());
        draft.or_else(|| world.repository().get(id).cloned())
    }

    /// The tree with one entry put in, replaced or, where its object is null, taken out.
    fn with_entry(&self, tree: Tree, entry: &Value) -> Result<Tree, &'static str> {
        let path = entry["path"].as_str().ok_or("tree.path is missing")?;
        let mode =
            entry["mode"].as_str().and_then(|mode| u32::from_str_radix(mode, 8).ok()).unwrap_or(REGULAR);
        let file = match (entry["content"].as_str(), entry.get("sha")) {
            (Some(text), None) => Some(File::with_mode(text.as_bytes(), mode)),
            (None, Some(Value::Null)) if tree.get(path).is_some() => None,
            (None, Some(Value::String(id))) => {
                let blob = self.drafts(|drafts| drafts.blobs.get(id).cloned());
                let blob = blob.ok_or("tree.sha is not a valid blob")?;
                Some(File::with_mode(blob.bytes().clone(), mode))
            }
            _ => return Err("tree.sha is not a valid blob"),
        };
        Ok(tree.put(path, file))
    }

    /// The commits that are drafts, from this one backwards.
    fn brought(&self, head: &CommitId) -> Vec<Arc<Commit>> {
        let (mut found, mut open) = (Vec::new(), vec![head.clone()]);
        while let Some(id) = open.pop() {
            if let Some(commit) = self.drafts(|drafts| drafts.commits.get(&id).cloned()) {
                open.extend(commit.parents().iter().cloned());
                found.push(commit);
            }
        }
        found
    }

    async fn push(&self, branch: BranchName, asked: &Value, expected: Expected, by: String) -> Response {
        let commit = CommitId::new(asked["sha"].as_str().unwrap_or_default());
        let objects = self.brought(&commit);
        let call = Call::of(Operation::Push);
        let done = self.0.shared.call(&call, |world| {
            if self.commit(world, &commit).is_none() {
                return Err("Object does not exist");
            }
            if branches::held(world).contains(&branch) {
                return Err("Repository rule violations found: changes must be made through a pull request.");
            }
            let made = expected == Expected::Absent;
            let command =
                Command::Push { branch: branch.clone(), expected, commit: commit.clone(), objects, by };
            match (world.apply(command), made) {
                (Ok(_), _) => Ok((made, show_reference(world, &branch, &commit))),
                (Err(_), true) => Err("Reference already exists"),
                (Err(_), false) => Err("Update is not a fast forward"),
            }
        });
        match done.await {
            Ok(Ok((true, body))) => answer::done(StatusCode::CREATED, body),
            Ok(Ok((false, body))) => answer::done(StatusCode::OK, body),
            Ok(Err(why)) => unprocessable(why),
            Err(refusal) => answer::refused(&refusal),
        }
    }
}

fn unprocessable(why: &str) -> Response {
    answer::error(StatusCode::UNPROCESSABLE_ENTITY, why)
}

const SIGNATURE: &str = "gpgsig -----BEGIN PGP SIGNATURE-----\n \n simulated\n -----END PGP SIGNATURE-----\n";

/// The same with a signature in its head, which makes it another commit.
fn signed(commit: &Commit) -> Option<Commit> {
    let text = std::str::from_utf8(commit.encoded()).ok()?;
    let (head, message) = text.split_once("\n\n")?;
    Commit::read(format!("{head}\n{SIGNATURE}\n{message}").as_bytes(), commit.tree().clone())
}

fn is_signed(commit: &Commit) -> bool {
    let text = String::from_utf8_lossy(commit.encoded());
    text.split_once("\n\n").is_some_and(|(head, _)| head.contains("\ngpgsig "))
}

fn show(world: &World, commit: &Commit) -> Value {
    let (base, page, id) = (base(world), super::repository::page(world), commit.id());
    let by = |by: &Signature| json!({ "name": by.name, "email": by.email, "date": time(by.at) });
    let parent = |id: &CommitId| json!({ "sha": id.as_str(), "url": format!("{base}/git/commits/{id}"), "html_url": format!("{page}/commit/{id}") });
    let verification = match is_signed(commit) {
        true => json!({
            "verified": true, "reason": "valid", "signature": SIGNATURE, "payload": "tree",
            "verified_at": time(commit.committer().at),
        }),
        false => json!({
            "verified": false, "reason": "unsigned", "signature": null, "payload": null, "verified_at": null,
        }),
    };
    json!({
        "sha": id.as_str(), "node_id": node_id("Commit", stable_number(id.as_str())),
        "url": format!("{base}/git/commits/{id}"), "html_url": format!("{page}/commit/{id}"),
        "author": by(commit.author()), "committer": by(commit.committer()), "message": commit.message(),
        "tree": { "sha": commit.tree_id().to_string(), "url": format!("{base}/git/trees/{}", commit.tree_id()) },
        "parents": commit.parents().iter().map(parent).collect::<Vec<_>>(), "verification": verification,
    })
}

fn show_reference(world: &World, branch: &BranchName, head: &CommitId) -> Value {
    let base = base(world);
    json!({
        "ref": format!("refs/heads/{branch}"), "node_id": node_id("Ref", stable_number(branch.as_str())),
        "url": format!("{base}/git/refs/heads/{branch}"),
        "object": { "type": "commit", "sha": head.as_str(), "url": format!("{base}/git/commits/{head}") },
    })
}
