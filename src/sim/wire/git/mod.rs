//! The world's repository as a real bare repository on disk, byte for byte.
//!
//! People and keyslot fetch from it and push into it with any git, by path. The mirror is level with the world
//! whenever somebody looks: what was pushed is brought in first, what the world did (merges, reverts) is carried out
//! before the answer leaves. A push is judged by git on disk (fast-forward only, nothing is deleted); the world
//! judges again. Where the world moved a branch in the same instant, the world's word stands. `backend` serves the
//! same repository over HTTP; what is held there is held by git's own hook, before the branch moves.

pub(super) mod backend;
mod carry;
mod read;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use git2::{Repository, RepositoryInitOptions};
use thiserror::Error;

pub use backend::is_there as serves_http;

use super::shared::{Mirror, SharedWorld};
use crate::model::{BranchName, CommitId};
use crate::sim::World;

const HEADS: &str = "refs/heads/";

/// Why the repository cannot be kept.
#[derive(Debug, Error)]
pub enum GitFaceError {
    #[error("cannot keep the world's repository {}", path.display())]
    Repository { path: PathBuf, source: git2::Error },
    #[error("cannot put a hook into the world's repository {}", path.display())]
    Hook { path: PathBuf, source: std::io::Error },
}

/// Makes the bare repository in an empty or new folder, with everything that the world has, and keeps it level.
///
/// # Errors
/// When the folder cannot be written.
pub fn mirror(shared: &SharedWorld, path: &Path) -> Result<(), GitFaceError> {
    let (base, forced) = shared.with(|world| {
        let config = world.config();
        (config.repository.base.clone(), config.people.rules.forced_pushes)
    });
    let failed = |source| GitFaceError::Repository { path: path.to_owned(), source };
    let mut mirror =
        GitMirror { repository: make(path, &base, forced).map_err(failed)?, level: BTreeMap::new() };
    backend::hang_hook(path).map_err(|source| GitFaceError::Hook { path: path.to_owned(), source })?;
    shared.with(|world| mirror.carry(world)).map_err(failed)?;
    shared.add_mirror(mirror);
    shared.set_origin(path);
    Ok(())
}

fn make(path: &Path, base: &BranchName, forced: bool) -> Result<Repository, git2::Error> {
    let mut options = RepositoryInitOptions::new();
    options.bare(true).mkpath(true).external_template(false).initial_head(base.as_str());
    let repository = Repository::init_opts(path, &options)?;
    let mut config = repository.config()?;
    for (name, value) in [
        ("receive.denyNonFastForwards", !forced),
        // The hook keeps those that must stay.
        ("receive.denyDeletes", false),
        ("receive.autogc", false),
        ("core.logAllRefUpdates", false),
    ] {
        config.set_bool(name, value)?;
    }
    config.set_i32("gc.auto", 0)?;
    Ok(repository)
}

struct GitMirror {
    repository: Repository,
    /// Where the branches stood on disk when last seen.
    level: BTreeMap<BranchName, CommitId>,
}

impl Mirror for GitMirror {
    fn bring_in(&mut self, world: &mut World) {
        if let Err(error) = self.bring(world) {
            tracing::error!(%error, "what was pushed cannot be brought into the world");
        }
    }

    fn carry_out(&mut self, world: &mut World) {
        if let Err(error) = self.carry(world) {
            tracing::error!(%error, "what the world did cannot be carried into its repository");
        }
    }
}
