//! The `Code` port over git.
//!
//! keyslot works in a bare repository of its own; the user's repository gives the remote's address and nothing
//! else, so no working tree, index or hook of theirs is ever touched. Objects and ancestry are git2's work, on
//! blocking threads. The network is the work of the user's own `git` program, with their credential helpers, SSH
//! agent and proxies: git2 is built without https and ssh. A token for an https remote is put into the environment of one
//! run.

mod compare;
mod credential;
mod faults;
mod objects;
mod origin;
mod pick;
pub(in crate::adapters) mod pieces;
mod program;
mod reach;
mod remote;
mod revision;
mod rules;
mod sign;
mod store;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;

pub use credential::CredentialHelpers;
pub use origin::remote_address;
use program::Program;
use reach::Way;
pub use revision::{NoRevision, Revision, files_at};
use sign::Signing;
use store::Store;

use super::token::TokenSource;
use crate::model::{Blindness, BranchName, CommitId};
use crate::ports::{Code, CodeTree, CommitText, Effect, Expect, Fault, FileEdit, Picked, Wanted};

/// Where a link leads, from the folder; nothing where its target is no relative path.
fn led(link: &str, target: &[u8]) -> Option<String> {
    let target = std::str::from_utf8(target).ok().filter(|target| !target.starts_with('/'))?;
    let mut parts: Vec<&str> = link.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match (part, parts.last()) {
            ("" | ".", _) => {}
            ("..", Some(last)) if *last != ".." => drop(parts.pop()),
            (part, _) => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// Who keyslot's commits are by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    pub name: String,
    pub email: String,
}

/// What the adapter must know.
#[derive(Clone)]
pub struct GitSettings {
    /// keyslot's own bare repository; made on first use.
    pub repository: PathBuf,
    /// The remote, as `git fetch` takes it: an https, ssh or file address, or a path.
    pub remote: String,
    pub identity: Identity,
    /// Which files count as source, by path: what [`Code::tree`] reads of a folder.
    pub is_source: fn(&str) -> bool,
    /// The git program, usually just `git`.
    pub program: PathBuf,
    /// Variables for the git program, over the inherited ones.
    pub environment: BTreeMap<String, String>,
    /// The password for an https remote; without it the user's credential helpers are asked.
    pub token: Option<Arc<dyn TokenSource>>,
    /// Where that has none to give, git's own ways are left to it instead of failing.
    pub or_gits_own: bool,
    /// For an https remote: a file of CA certificates (PEM), instead of those that git trusts.
    pub trust_root: Option<PathBuf>,
    /// For an https remote: where its host is, instead of where DNS says; nothing stands in between then.
    pub host_at: Option<SocketAddr>,
    /// The folder whose git configuration says whether commits are signed, and how; without it none is.
    pub signing: Option<PathBuf>,
    /// Wall time that one run of the git program may take.
    pub timeout: Duration,
}

impl GitSettings {
    /// The usual: the `git` on the path, ten minutes, the user's own credentials.
    pub fn new(repository: impl Into<PathBuf>, remote: impl Into<String>, identity: Identity) -> GitSettings {
        GitSettings {
            repository: repository.into(),
            remote: remote.into(),
            identity,
            is_source: |_| true,
            program: PathBuf::from("git"),
            environment: BTreeMap::new(),
            token: None,
            or_gits_own: false,
            trust_root: None,
            host_at: None,
            signing: None,
            timeout: Duration::from_secs(600),
        }
    }
}

/// The adapter. Cheap to clone; one run of the git program at a time.
#[derive(Clone)]
pub struct Git {
    store: Arc<Store>,
    program: Arc<Program>,
    remote: Arc<remote::Remote>,
    signing: Option<Arc<Signing>>,
}

impl Git {
    pub fn new(settings: GitSettings) -> Git {
        let way = Way {
            remote: settings.remote,
            token: settings.token,
            or_gits_own: settings.or_gits_own,
            trust_root: settings.trust_root,
            host_at: settings.host_at,
        };
        Git {
            signing: settings.signing.map(|folder| Arc::new(Signing::new(folder))),
            store: Arc::new(Store::new(settings.repository.clone(), settings.identity, settings.is_source)),
            program: Arc::new(Program::new(settings.program, settings.environment, settings.timeout)),
            remote: Arc::new(remote::Remote::new(way, settings.repository)),
        }
    }

    /// The commit as it is pushed: signed, where the person's git signs.
    async fn finished(&self, commit: CommitId) -> Result<CommitId, Fault> {
        let Some(signing) = &self.signing else { return Ok(commit) };
        let Some(settings) = signing.settings(&self.program).await? else { return Ok(commit) };
        let unsigned = commit.clone();
        let rewrite = self.blocking(move |store| store.rewrite(&unsigned)).await?;
        sign::signed(&self.program, self.store.path(), &settings, &rewrite, &commit).await
    }

    /// A push that finds its branch moved may have met itself: where a connection ends without a word, the library that
    /// git speaks HTTP with asks once more by itself. What the branch stands on decides.
    async fn looked_after(&self, pushed: Effect<()>, commit: &CommitId, branch: &BranchName) -> Effect<()> {
        match pushed {
            Effect::Refused(fault) if fault.kind == Blindness::Changed => match self.fetch().await {
                Ok(branches) if branches.get(branch) == Some(commit) => Effect::Applied(()),
                Ok(_) => Effect::Refused(fault),
                Err(_) => Effect::Unknown(fault),
            },
            other => other,
        }
    }

    /// Runs git2 work on a blocking thread.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Store) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        let store = Arc::clone(&self.store);
        let task = tokio::task::spawn_blocking(move || work(&store));
        task.await.unwrap_or_else(|failed| Err(self.store.fault("work in", failed.to_string())))
    }
}

#[async_trait]
impl Code for Git {
    async fn fetch(&self) -> Result<BTreeMap<BranchName, CommitId>, Fault> {
        let first = self.blocking(Store::branches).await?.is_empty();
        self.remote.fetch(&self.program, first).await?;
        self.blocking(Store::branches).await
    }

    async fn tree(&self, commit: &CommitId, wanted: &Wanted) -> Result<CodeTree, Fault> {
        let (commit, wanted) = (commit.clone(), wanted.clone());
        self.blocking(move |store| store.files(&commit, &wanted)).await
    }

    async fn contains(&self, descendant: &CommitId, ancestor: &CommitId) -> Result<bool, Fault> {
        let (descendant, ancestor) = (descendant.clone(), ancestor.clone());
        self.blocking(move |store| store.contains(&descendant, &ancestor)).await
    }

    async fn parted(&self, one: &CommitId, other: &CommitId) -> Result<Option<CommitId>, Fault> {
        let (one, other) = (one.clone(), other.clone());
        self.blocking(move |store| store.parted(&one, &other)).await
    }

    async fn line(&self, head: &CommitId, most: usize) -> Result<Vec<CommitId>, Fault> {
        let head = head.clone();
        self.blocking(move |store| store.line(&head, most)).await
    }

    async fn file(&self, commit: &CommitId, path: &str) -> Result<Option<Arc<[u8]>>, Fault> {
        let (commit, path) = (commit.clone(), path.to_owned());
        self.blocking(move |store| store.file(&commit, &path)).await
    }

    async fn message(&self, commit: &CommitId) -> Result<String, Fault> {
        let commit = commit.clone();
        self.blocking(move |store| store.message(&commit)).await
    }

    async fn commit(
        &self,
        parent: &CommitId,
        edits: &[FileEdit],
        text: &CommitText,
    ) -> Result<CommitId, Fault> {
        let (parent, edits, text) = (parent.clone(), edits.to_vec(), text.clone());
        let commit = self.blocking(move |store| store.commit(&parent, &edits, &text)).await?;
        self.finished(commit).await
    }

    async fn cherry_pick(&self, commit: &CommitId, onto: &CommitId, at: Timestamp) -> Result<Picked, Fault> {
        let (commit, onto) = (commit.clone(), onto.clone());
        match self.blocking(move |store| store.pick(&commit, &onto, at)).await? {
            Picked::Commit(commit) => self.finished(commit).await.map(Picked::Commit),
            other => Ok(other),
        }
    }

    async fn brought(&self, merged: &CommitId, proposal: &CommitId) -> Result<Vec<CommitId>, Fault> {
        let (merged, proposal) = (merged.clone(), proposal.clone());
        self.blocking(move |store| store.brought(&merged, &proposal)).await
    }

    async fn changed(&self, from: &CommitId, to: &CommitId) -> Result<Vec<String>, Fault> {
        let (from, to) = (from.clone(), to.clone());
        self.blocking(move |store| store.changed(&from, &to)).await
    }

    async fn joined(&self, into: &CommitId, head: &CommitId) -> Result<Picked, Fault> {
        let (into, head) = (into.clone(), head.clone());
        self.blocking(move |store| store.joined(&into, &head)).await
    }

    async fn push(&self, commit: &CommitId, branch: &BranchName, expect: &Expect) -> Effect<()> {
        let (new, old) = (commit.clone(), expect.clone());
        let moves_forward = self.blocking(move |store| store.moves_forward(&new, &old)).await;
        match moves_forward {
            Ok(true) => {
                let pushed = self.remote.push(&self.program, commit, branch, expect).await;
                self.looked_after(pushed, commit, branch).await
            }
            Ok(false) => Effect::NotSent(remote::not_forward(commit, branch)),
            Err(fault) => Effect::NotSent(fault),
        }
    }
}
