//! Comparisons of two commits, from where they parted.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};
use similar::TextDiff;

use super::branches::show_commit;
use super::repository::{base, page};
use super::{Face, answer};
use crate::model::CommitId;
use crate::sim::World;
use crate::sim::repository::{Commit, File, Lookup as _, ancestors, merge_base};

pub(super) async fn compare(
    State(face): State<Face>,
    Path((_, _, ends)): Path<(String, String, String)>,
) -> Response {
    let Some((from, to)) = ends.split_once("...") else { return answer::not_found() };
    let shown = face.0.shared.with(|world| show(world, &CommitId::from(from), &CommitId::from(to)));
    match shown {
        Some(body) => Json(body).into_response(),
        None => answer::not_found(),
    }
}

fn show(world: &World, from: &CommitId, to: &CommitId) -> Option<Value> {
    let repository = world.repository();
    let (from, to) = (repository.commit(from)?, repository.commit(to)?);
    let common = repository.commit(&merge_base(repository, from.id(), to.id())?)?;
    let behind_of = |one: &Commit, other: &Commit| {
        let known: std::collections::BTreeSet<CommitId> = ancestors(repository, other.id()).collect();
        ancestors(repository, one.id()).filter(|id| !known.contains(id)).collect::<Vec<_>>()
    };
    let (ahead, behind) = (behind_of(&to, &from), behind_of(&from, &to));
    let status = match (ahead.len(), behind.len()) {
        (0, 0) => "identical",
        (_, 0) => "ahead",
        (0, _) => "behind",
        (_, _) => "diverged",
    };
    let (own, html) = (format!("{}/compare/{}...{}", base(world), from.id(), to.id()), page(world));
    let html = format!("{html}/compare/{}...{}", from.id(), to.id());
    let commits = ahead.iter().rev().filter_map(|id| repository.commit(id));
    Some(json!({
        "url": own, "html_url": html, "permalink_url": html, "diff_url": format!("{html}.diff"),
        "patch_url": format!("{html}.patch"), "base_commit": show_commit(world, &from),
        "merge_base_commit": show_commit(world, &common), "status": status, "ahead_by": ahead.len(),
        "behind_by": behind.len(), "total_commits": ahead.len(),
        "commits": commits.map(|commit| show_commit(world, &commit)).collect::<Vec<_>>(),
        "files": files(world, &common, &to),
    }))
}

fn files(world: &World, before: &Commit, after: &Commit) -> Vec<Value> {
    let paths: std::collections::BTreeSet<&str> =
        before.tree().iter().chain(after.tree().iter()).map(|(path, _)| &**path).collect();
    let changed = paths.into_iter().filter(|path| before.tree().get(path) != after.tree().get(path));
    changed.map(|path| file(world, path, (before.tree().get(path), after.tree().get(path)))).collect()
}

fn file(world: &World, path: &str, (before, after): (Option<&File>, Option<&File>)) -> Value {
    let text = |file: Option<&File>| {
        file.map(|file| String::from_utf8_lossy(file.bytes()).into_owned()).unwrap_or_default()
    };
    let (old, new) = (text(before), text(after));
    let diff = TextDiff::from_lines(&old, &new);
    let patch = diff.unified_diff().context_radius(3).to_string();
    let count = |sign: char| patch.lines().filter(|line| line.starts_with(sign)).count();
    let status = match (before, after) {
        (None, _) => "added",
        (_, None) => "removed",
        (Some(_), Some(_)) => "modified",
    };
    let sha = after.or(before).map(|file| file.id().to_string());
    let (base, page) = (base(world), page(world));
    json!({
        "sha": sha, "filename": path, "status": status, "additions": count('+'), "deletions": count('-'),
        "changes": count('+') + count('-'), "blob_url": format!("{page}/blob/{path}"),
        "raw_url": format!("{page}/raw/{path}"), "contents_url": format!("{base}/contents/{path}"),
        "patch": patch.trim_end(),
    })
}
