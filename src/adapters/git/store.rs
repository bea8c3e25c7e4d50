//! keyslot's own bare repository: making, opening and reading what a fetch left there.
//!
//! Everything here blocks; callers are on blocking threads. The repository is opened anew for each piece of work
//! (a fraction of a millisecond), so that no handle outlives a fetch by the git program. What git2 says becomes a
//! [`Fault`] here and nowhere else.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use git2::{ErrorClass, ErrorCode, Oid, Repository, RepositoryInitOptions};

use super::Identity;
use crate::model::{Blindness, BranchName, CommitId};
use crate::ports::{Expect, Fault};

/// Where a fetch puts the remote's branches. The remote's name in refs, not in any configuration file.
pub(super) const TRACKED: &str = "refs/remotes/keyslot/";

pub(super) struct Store {
    path: PathBuf,
    pub(super) identity: Identity,
    pub(super) is_source: fn(&str) -> bool,
}

impl Store {
    pub(super) fn new(path: PathBuf, identity: Identity, is_source: fn(&str) -> bool) -> Store {
        Store { path, identity, is_source }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn fault(&self, what: &str, why: impl Into<String>) -> Fault {
        Fault::new(Blindness::Unintelligible, what, format!("repository {}", self.path.display()), why)
    }

    /// Opens the repository, making it first where it is not there.
    pub(super) fn open(&self) -> Result<Repository, Fault> {
        match Repository::open_bare(&self.path) {
            Ok(repository) => Ok(repository),
            Err(error) if error.code() == ErrorCode::NotFound => self.make(),
            Err(error) => Err(self.told("open", &error)),
        }
    }

    fn make(&self) -> Result<Repository, Fault> {
        if occupied(&self.path) {
            let fault = self.fault("make", "the folder is there and holds something else");
            return Err(fault.remedy("name another state folder, or move that away"));
        }
        // No template of the user's: it could bring hooks.
        let mut options = RepositoryInitOptions::new();
        options.bare(true).mkpath(true).external_template(false);
        Repository::init_opts(&self.path, &options).map_err(|error| self.told("make", &error))
    }

    /// What git2 said, as a fault with what to do about it.
    pub(super) fn told(&self, what: &str, error: &git2::Error) -> Fault {
        let (kind, remedy) = match (error.code(), error.class()) {
            (ErrorCode::Owner, _) => {
                (Blindness::Forbidden, "the folder belongs to another user: use a state folder of your own")
            }
            (ErrorCode::NotFound, ErrorClass::Odb) => {
                (Blindness::Missing, "fetch again; if it stays missing, the remote's history was rewritten")
            }
            (ErrorCode::NotFound, _) => (Blindness::Missing, ""),
            (_, ErrorClass::Os | ErrorClass::Filesystem) => (
                Blindness::Unreachable,
                "check that the state folder can be written and the disk is not full",
            ),
            (ErrorCode::Invalid, _) => (
                Blindness::Unintelligible,
                "keyslot's repository is damaged: remove it, it will be made again",
            ),
            _ => (Blindness::Unintelligible, ""),
        };
        let mut fault = self.fault(what, error.message()).remedy(remedy);
        fault.kind = kind;
        fault
    }

    /// All branches, as the last fetch left them.
    pub(super) fn branches(&self) -> Result<BTreeMap<BranchName, CommitId>, Fault> {
        let repository = self.open()?;
        let told = |error: git2::Error| self.told("read the branches of", &error);
        let mut branches = BTreeMap::new();
        for reference in repository.references_glob(&format!("{TRACKED}*")).map_err(told)? {
            let reference = reference.map_err(told)?;
            let name = String::from_utf8_lossy(reference.name_bytes()).into_owned();
            if let (Some(branch), Some(target)) = (name.strip_prefix(TRACKED), reference.target()) {
                branches.insert(BranchName::new(branch), CommitId::new(target.to_string()));
            }
        }
        Ok(branches)
    }

    pub(super) fn commit_of<'r>(
        &self,
        repository: &'r Repository,
        id: &CommitId,
    ) -> Result<git2::Commit<'r>, Fault> {
        let oid = Oid::from_str(id.as_str())
            .map_err(|_| self.fault("find a commit in", format!("“{id}” is no object id")))?;
        repository
            .find_commit(oid)
            .map_err(|error| self.told(&format!("find commit {} in", id.short()), &error))
    }

    pub(super) fn contains(&self, descendant: &CommitId, ancestor: &CommitId) -> Result<bool, Fault> {
        let repository = self.open()?;
        let descendant = self.commit_of(&repository, descendant)?.id();
        let ancestor = self.commit_of(&repository, ancestor)?.id();
        if descendant == ancestor {
            return Ok(true);
        }
        repository
            .graph_descendant_of(descendant, ancestor)
            .map_err(|error| self.told("walk the history in", &error))
    }

    /// Whether a push from what is expected to `new` would lose no commit.
    pub(super) fn moves_forward(&self, new: &CommitId, expect: &Expect) -> Result<bool, Fault> {
        match expect {
            Expect::Absent => self.commit_of(&self.open()?, new).map(|_| true),
            Expect::At(old) => self.contains(new, old),
        }
    }
}

/// Whether a folder holds anything that a half-made repository of ours would not.
fn occupied(path: &Path) -> bool {
    match std::fs::read_dir(path) {
        Ok(entries) => entries.flatten().any(|entry| {
            let ours = ["HEAD", "config", "description", "hooks", "info", "objects", "refs"];
            !ours.iter().any(|name| entry.file_name() == *name)
        }),
        Err(error) => error.kind() == std::io::ErrorKind::NotADirectory,
    }
}
