//! Branches on disk and in the world, made level.

use std::collections::BTreeMap;

use git2::{ErrorCode, ObjectType, Odb, Oid, Repository};

use super::{GitMirror, HEADS};
use crate::model::{BranchName, CommitId};
use crate::sim::repository::{Commit, Lookup, Repository as Known, ancestors};
use crate::sim::{Command, Expected, World};

impl GitMirror {
    /// Brings into the world what was pushed.
    pub(super) fn bring(&mut self, world: &mut World) -> Result<(), git2::Error> {
        let on_disk = branches(&self.repository)?;
        if on_disk == self.level {
            return Ok(());
        }
        let expected = match world.config().people.rules.forced_pushes {
            true => Expected::Forced,
            false => Expected::FastForward,
        };
        for (branch, commit) in &on_disk {
            if self.level.get(branch) == Some(commit) || world.repository().head(branch) == Some(commit) {
                continue;
            }
            let objects = self.unknown_commits(commit, world.repository())?;
            let push = Command::Push {
                branch: branch.clone(),
                expected: expected.clone(),
                commit: commit.clone(),
                objects,
                by: "git".to_owned(),
            };
            if let Err(refusal) = world.apply(push) {
                tracing::warn!(%branch, %commit, %refusal, "the world does not take a push");
            }
        }
        for branch in self.level.keys().filter(|branch| !on_disk.contains_key(*branch)) {
            let deed = Command::DeleteBranch { branch: branch.clone(), by: "git".to_owned() };
            if let Err(refusal) = world.apply(deed) {
                tracing::warn!(%branch, %refusal, "the world had no such branch");
            }
        }
        self.level = on_disk;
        Ok(())
    }

    /// Carries out what the world did to its branches.
    pub(super) fn carry(&mut self, world: &World) -> Result<(), git2::Error> {
        let known = world.repository();
        if known.branches() == &self.level {
            return Ok(());
        }
        for (branch, head) in known.branches() {
            if self.level.get(branch) == Some(head) {
                continue;
            }
            write_history(&self.repository, known, head)?;
            match self.set(branch, head) {
                Ok(()) => {
                    self.level.insert(branch.clone(), head.clone());
                }
                // A push came in between: the next look brings it in, and the world judges.
                Err(error)
                    if matches!(
                        error.code(),
                        ErrorCode::Modified | ErrorCode::Exists | ErrorCode::Locked
                    ) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Moves a branch on disk from where it was last seen.
    fn set(&self, branch: &BranchName, head: &CommitId) -> Result<(), git2::Error> {
        let (name, head) = (format!("{HEADS}{branch}"), Oid::from_str(head.as_str())?);
        match self.level.get(branch) {
            Some(before) => {
                let before = Oid::from_str(before.as_str())?;
                self.repository.reference_matching(&name, head, true, before, "the world moved")?
            }
            None => self.repository.reference(&name, head, false, "the world moved")?,
        };
        Ok(())
    }
}

pub(super) fn branches(repository: &Repository) -> Result<BTreeMap<BranchName, CommitId>, git2::Error> {
    let mut branches = BTreeMap::new();
    for reference in repository.references_glob(&format!("{HEADS}*"))? {
        let reference = reference?;
        let name = String::from_utf8_lossy(reference.name_bytes()).into_owned();
        if let (Some(branch), Some(target)) = (name.strip_prefix(HEADS), reference.target()) {
            branches.insert(BranchName::new(branch), CommitId::new(target.to_string()));
        }
    }
    Ok(branches)
}

/// Writes a commit and everything behind it that is not there yet.
fn write_history(repository: &Repository, known: &Known, head: &CommitId) -> Result<(), git2::Error> {
    let odb = repository.odb()?;
    let mut missing = Vec::new();
    for id in ancestors(known, head) {
        if odb.exists(Oid::from_str(id.as_str())?) {
            continue;
        }
        missing.extend(known.commit(&id));
    }
    // Parents first: whoever reads in between finds no commit without its past.
    missing.iter().rev().try_for_each(|commit| write_commit(&odb, commit))
}

fn write_commit(odb: &Odb<'_>, commit: &Commit) -> Result<(), git2::Error> {
    for (_, file) in commit.tree().iter() {
        write(odb, ObjectType::Blob, file.id().as_bytes(), file.bytes())?;
    }
    for (id, encoded) in commit.tree().objects() {
        write(odb, ObjectType::Tree, id.as_bytes(), &encoded)?;
    }
    odb.write(ObjectType::Commit, commit.encoded()).map(drop)
}

fn write(odb: &Odb<'_>, kind: ObjectType, id: &[u8; 20], bytes: &[u8]) -> Result<(), git2::Error> {
    if !odb.exists(Oid::from_bytes(id)?) {
        odb.write(kind, bytes)?;
    }
    Ok(())
}
