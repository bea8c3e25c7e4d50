//! Cherry-picks in memory.
//!
//! What a commit changed against its first parent (for a merge: everything that the merge brought) is applied to
//! another commit without a checkout. Squash and rebase merges are ordinary commits here. The author stays who it
//! was; the committer is keyslot.

use std::collections::BTreeMap;

use git2::{Commit, Index, IndexConflict, IndexEntry, MergeFileOptions, Repository};
use jiff::Timestamp;

use super::store::Store;
use crate::model::CommitId;
use crate::ports::{Conflict, Fault, Picked};

impl Store {
    pub(super) fn pick(&self, commit: &CommitId, onto: &CommitId, at: Timestamp) -> Result<Picked, Fault> {
        let repository = self.open()?;
        let told = |error: git2::Error| self.told(&format!("cherry-pick {} in", commit.short()), &error);
        let (picked, base) = (self.commit_of(&repository, commit)?, self.commit_of(&repository, onto)?);
        let mainline = u32::from(picked.parent_count() > 1);
        let mut index = repository.cherrypick_commit(&picked, &base, mainline, None).map_err(told)?;
        if index.has_conflicts() {
            return conflicts(&repository, &index).map(Picked::Conflict).map_err(told);
        }
        let tree = index.write_tree_to(&repository).map_err(told)?;
        if tree == base.tree_id() {
            return Ok(Picked::AlreadyThere);
        }
        let tree = repository.find_tree(tree).map_err(told)?;
        let message = with_trailer(&message_of(&picked), commit);
        let committer = self.signature(at)?;
        let id =
            repository.commit(None, &picked.author(), &committer, &message, &tree, &[&base]).map_err(told)?;
        Ok(Picked::Commit(CommitId::new(id.to_string())))
    }

    /// What a merge makes of both: a commit that nobody is to see, the same whenever it is made.
    pub(super) fn joined(&self, into: &CommitId, head: &CommitId) -> Result<Picked, Fault> {
        let repository = self.open()?;
        let told = |error: git2::Error| self.told(&format!("merge {} in", head.short()), &error);
        let (base, merged) = (self.commit_of(&repository, into)?, self.commit_of(&repository, head)?);
        let mut index = repository.merge_commits(&base, &merged, None).map_err(told)?;
        if index.has_conflicts() {
            return conflicts(&repository, &index).map(Picked::Conflict).map_err(told);
        }
        let tree = index.write_tree_to(&repository).map_err(told)?;
        if tree == base.tree_id() {
            return Ok(Picked::AlreadyThere);
        }
        let tree = repository.find_tree(tree).map_err(told)?;
        let (who, parents) = (merged.committer(), [&base, &merged]);
        let id =
            repository.commit(None, &who, &who, "What a merge makes\n", &tree, &parents).map_err(told)?;
        Ok(Picked::Commit(CommitId::new(id.to_string())))
    }
}

fn message_of(commit: &Commit<'_>) -> String {
    String::from_utf8_lossy(commit.message_bytes()).into_owned()
}

fn conflicts(repository: &Repository, index: &Index) -> Result<Vec<Conflict>, git2::Error> {
    let mut found: BTreeMap<String, String> = BTreeMap::new();
    for conflict in index.conflicts()? {
        let sides = conflict?;
        let lines = lines(repository, &sides);
        for side in [&sides.ancestor, &sides.our, &sides.their].into_iter().flatten() {
            found.entry(String::from_utf8_lossy(&side.path).into_owned()).or_default().clone_from(&lines);
        }
    }
    Ok(found.into_iter().map(|(path, lines)| Conflict { path, lines }).collect())
}

/// What the sides do not agree on: their lines, or in words what one of them has done to the file.
fn lines(repository: &Repository, sides: &IndexConflict) -> String {
    let told = match (&sides.ancestor, &sides.our, &sides.their) {
        (Some(_), Some(_), Some(_)) => {
            return both_sides(repository, sides)
                .unwrap_or_else(|| "both sides change it, and it is no text\n".to_owned());
        }
        (Some(_), None, Some(_)) => "the merged change alters it, and the release branch has no such file",
        (Some(_), Some(_), None) => "the merged change deletes it, and the release branch has altered it",
        (None, Some(_), Some(_)) => "the merged change and the release branch have both added it, and differ",
        (_, None, None) => "it was moved, and on the other side moved elsewhere or deleted",
        (None, Some(_), None) => "the release branch alone has it under this name",
        (None, None, Some(_)) => "the merged change alone has it under this name",
    };
    format!("{told}\n")
}

/// The parts of the file on which the sides do not agree, from mark to mark.
fn both_sides(repository: &Repository, sides: &IndexConflict) -> Option<String> {
    let (before, ours, theirs) = (sides.ancestor.as_ref()?, sides.our.as_ref()?, sides.their.as_ref()?);
    // libgit2 has no lines to give of what is no text, and its binding none of nothing.
    let is_text = |side: &IndexEntry| repository.find_blob(side.id).is_ok_and(|blob| !blob.is_binary());
    if ![before, ours, theirs].into_iter().all(is_text) {
        return None;
    }
    let mut options = MergeFileOptions::new();
    options.our_label("the release branch").their_label("the merged change");
    let merged = repository.merge_file_from_index(before, ours, theirs, Some(&mut options)).ok()?;
    let text = std::str::from_utf8(merged.content()).ok()?;
    let mut inside = false;
    let mut lines = String::new();
    for line in text.lines() {
        inside |= line.starts_with("<<<<<<< ");
        if inside {
            lines.push_str(line);
            lines.push('\n');
        }
        inside &= !line.starts_with(">>>>>>> ");
    }
    Some(lines)
}

/// The message with the line that `git cherry-pick -x` adds: joined to a block of trailers that ends the message,
/// else after an empty line (git-cherry-pick(1), `-x`).
fn with_trailer(message: &str, commit: &CommitId) -> String {
    let body = message.trim_end();
    let gap = if ends_with_trailers(body) { "\n" } else { "\n\n" };
    format!("{body}{gap}(cherry picked from commit {commit})\n")
}

fn ends_with_trailers(body: &str) -> bool {
    body.rsplit_once("\n\n").is_some_and(|(_, last)| last.lines().all(is_trailer))
}

fn is_trailer(line: &str) -> bool {
    let token = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    line.starts_with("(cherry picked from commit ")
        || line.split_once(": ").is_some_and(|(key, _)| token(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_trailer_joins_trailers_and_keeps_away_from_prose() {
        let id = CommitId::from("abc");
        let cases = [
            ("Flip\n", "Flip\n\n(cherry picked from commit abc)\n"),
            (
                "Flip\n\nWhy: it must be.\nNot a trailer at all\n",
                "Flip\n\nWhy: it must be.\nNot a trailer at all\n\n(cherry picked from commit abc)\n",
            ),
            (
                "Flip\n\nSigned-off-by: A <a@b>\n",
                "Flip\n\nSigned-off-by: A <a@b>\n(cherry picked from commit abc)\n",
            ),
            ("Key: value", "Key: value\n\n(cherry picked from commit abc)\n"),
        ];
        for (message, expected) in cases {
            assert_eq!(with_trailer(message, &id), expected);
        }
    }
}
