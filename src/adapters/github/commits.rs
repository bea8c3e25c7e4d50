//! The `Code` port where GitHub makes the commits, so that they show as verified: `commit = "api"`.
//!
//! Everything but the last step is git's, as without it. What was built is built again through git's objects over REST:
//! trees, commits, and at the end the one reference, which is all that anybody sees. Before that, the tree that GitHub
//! built must be the one that was built here, and the commit must be verified: GitHub signs what an App makes in its own
//! name, and nobody's by a personal token. An answer that is lost before the reference leaves nothing behind; after it,
//! what the branch stands on is looked at first, by content. Author and time are GitHub's.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::GitHub;
use super::client::{About, Sent, Write, segment};
use crate::adapters::git::Git;
use crate::adapters::git::pieces::{Change, Piece};
use crate::model::{Blindness, BranchName, CommitId};
use crate::ports::{Code, CodeTree, CommitText, Effect, Expect, Fault, FileEdit, Picked, Wanted};

/// git for everything, GitHub for the commits that leave.
pub struct CommittedByGitHub {
    git: Git,
    github: GitHub,
}

#[derive(Deserialize)]
struct Named {
    sha: String,
}

#[derive(Deserialize)]
struct Reference {
    object: Named,
}

#[derive(Deserialize)]
struct Made {
    sha: String,
    tree: Named,
    #[serde(default)]
    parents: Vec<Named>,
    verification: Option<Verification>,
}

#[derive(Deserialize)]
struct Verification {
    verified: bool,
    #[serde(default)]
    reason: String,
}

impl CommittedByGitHub {
    pub fn new(git: Git, github: GitHub) -> CommittedByGitHub {
        CommittedByGitHub { git, github }
    }

    /// What the branch stands on.
    async fn stands(&self, about: About<'_>, branch: &BranchName) -> Result<Option<CommitId>, Fault> {
        let path = self.github.path(&format!("git/ref/{}", segment(&format!("heads/{branch}"))));
        match self.github.client.read::<Reference>(about.what, about.subject, &path, &[]).await {
            Ok(reference) => Ok(Some(CommitId::new(reference.object.sha))),
            Err(fault) if fault.kind == Blindness::Missing => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    /// Whether a commit is what these pieces come to: the same trees, one on the other, on the same parent.
    async fn is_ours(&self, about: About<'_>, head: &CommitId, pieces: &[Piece]) -> Result<bool, Fault> {
        let mut id = head.to_string();
        for piece in pieces.iter().rev() {
            let path = self.github.path(&format!("git/commits/{id}"));
            let made: Made = self.github.client.read(about.what, about.subject, &path, &[]).await?;
            let [parent] = &made.parents[..] else { return Ok(false) };
            if made.tree.sha != piece.tree {
                return Ok(false);
            }
            id = parent.sha.clone();
        }
        Ok(pieces.first().is_some_and(|piece| piece.parent.as_str() == id))
    }

    /// Builds the commits, which nothing leads to yet, and answers the last.
    async fn build(&self, about: About<'_>, pieces: &[Piece], onto: CommitId) -> Result<CommitId, Fault> {
        let mut parent = onto;
        for piece in pieces {
            let tree: Named = self.create(about, "git/trees", &self.tree(about, piece).await?).await?;
            same_tree(about, &tree.sha, piece)?;
            let body = json!({ "message": piece.message, "tree": tree.sha, "parents": [parent.as_str()] });
            let made: Made = self.create(about, "git/commits", &body).await?;
            same_tree(about, &made.tree.sha, piece)?;
            verified(about, made.verification.as_ref())?;
            parent = CommitId::new(made.sha);
        }
        Ok(parent)
    }

    /// The body of a tree: what changes in the parent's. What is no text goes as an object of its own.
    async fn tree(&self, about: About<'_>, piece: &Piece) -> Result<Value, Fault> {
        let mut entries = Vec::new();
        for Change { path, content } in &piece.changes {
            let mode = content.as_ref().map_or("100644", |content| content.mode.as_str());
            let mut entry = json!({ "path": path, "mode": mode, "type": "blob" });
            let (member, value) = match content {
                None => ("sha", Value::Null),
                Some(content) => match std::str::from_utf8(&content.bytes) {
                    Ok(text) => ("content", json!(text)),
                    Err(_) => {
                        let body =
                            json!({ "content": STANDARD.encode(&content.bytes), "encoding": "base64" });
                        let blob: Named = self.create(about, "git/blobs", &body).await?;
                        ("sha", json!(blob.sha))
                    }
                },
            };
            entry[member] = value;
            entries.push(entry);
        }
        Ok(json!({ "base_tree": piece.parent_tree, "tree": entries }))
    }

    /// Makes an object. Nothing leads to it, so however that ends, nothing has happened.
    async fn create<T: DeserializeOwned>(
        &self,
        about: About<'_>,
        path: &str,
        body: &Value,
    ) -> Result<T, Fault> {
        match self.github.client.write(about, Write::post(&self.github.path(path), body)).await {
            Sent::Done(reply) => reply.json().map_err(|error| {
                about.fault(Blindness::Unintelligible, format!("GitHub's answer cannot be read: {error}"))
            }),
            Sent::Refused(fault, _) | Sent::Unsent(fault) | Sent::Unknown(fault) => Err(fault),
        }
    }

    /// Puts the branch on the commit: made, or moved forward, as was expected.
    async fn point(&self, about: About<'_>, branch: &BranchName, commit: &CommitId, expect: &Expect) -> Sent {
        let (method, path, body) = match expect {
            Expect::Absent => {
                let body = json!({ "ref": format!("refs/heads/{branch}"), "sha": commit.as_str() });
                (Method::POST, "git/refs".to_owned(), body)
            }
            Expect::At(_) => {
                let path = format!("git/refs/{}", segment(&format!("heads/{branch}")));
                (Method::PATCH, path, json!({ "sha": commit.as_str(), "force": false }))
            }
        };
        let path = self.github.path(&path);
        self.github.client.write(about, Write { method, path: &path, body: Some(&body), permit: None }).await
    }

    async fn published(
        &self,
        about: About<'_>,
        (commit, pieces): (&CommitId, &[Piece]),
        branch: &BranchName,
        expect: &Expect,
    ) -> Result<CommitId, Effect<CommitId>> {
        let head = self.stands(about, branch).await.map_err(Effect::NotSent)?;
        if head.as_ref() == Some(commit) {
            return Ok(commit.clone());
        }
        let Some(first) = pieces.first() else {
            let fault = about.fault(Blindness::Changed, "the remote has this commit already");
            return Err(Effect::NotSent(fault.remedy("look again")));
        };
        match (head, expect) {
            (None, Expect::Absent) => {}
            (Some(head), Expect::At(old)) if head == *old && first.parent == head => {}
            (Some(head), _) => return self.settled(about, branch, &head, pieces).await,
            (None, Expect::At(_)) => return Err(Effect::Refused(moved(about, branch))),
        }
        let made = self.build(about, pieces, first.parent.clone()).await.map_err(unbuilt)?;
        if let Expect::At(old) = expect {
            // Building took seconds, and a branch that was set back meanwhile would take this as a step forward.
            match self.stands(about, branch).await.map_err(Effect::NotSent)? {
                Some(head) if head == *old => {}
                Some(head) => return self.settled(about, branch, &head, pieces).await,
                None => return Err(Effect::Refused(moved(about, branch))),
            }
        }
        match self.point(about, branch, &made, expect).await {
            Sent::Done(_) => Ok(made),
            Sent::Unsent(fault) => Err(Effect::NotSent(fault)),
            Sent::Unknown(fault) => Err(Effect::Unknown(fault)),
            Sent::Refused(fault, _) => match self.stands(about, branch).await {
                Ok(Some(head)) if matches!(self.is_ours(about, &head, pieces).await, Ok(true)) => Ok(head),
                Ok(_) | Err(_) => Err(Effect::Refused(fault)),
            },
        }
    }

    /// A branch that is there: it is what was to be made, or it is somebody else's.
    async fn settled(
        &self,
        about: About<'_>,
        branch: &BranchName,
        head: &CommitId,
        pieces: &[Piece],
    ) -> Result<CommitId, Effect<CommitId>> {
        match self.is_ours(about, head, pieces).await.map_err(Effect::NotSent)? {
            true => Ok(head.clone()),
            false => Err(Effect::Refused(moved(about, branch))),
        }
    }
}

/// Nothing has happened. What the token may not do, and a tree that came out otherwise, no time mends.
fn unbuilt(fault: Fault) -> Effect<CommitId> {
    match fault.kind {
        Blindness::Forbidden | Blindness::Misconfigured => Effect::Refused(fault),
        _ => Effect::NotSent(fault),
    }
}

fn moved(about: About<'_>, branch: &BranchName) -> Fault {
    about
        .fault(
            Blindness::Changed,
            format!("branch {branch} is not where it was expected, and what is there is not this"),
        )
        .remedy("somebody else moved the branch: look again")
}

fn same_tree(about: About<'_>, built: &str, piece: &Piece) -> Result<(), Fault> {
    if built == piece.tree {
        return Ok(());
    }
    let why = format!("GitHub built tree {built} where keyslot built {}; no branch was touched", piece.tree);
    Err(about
        .fault(Blindness::Misconfigured, why)
        .remedy("take `commit = \"api\"` out of keyslot.toml, and report this"))
}

fn verified(about: About<'_>, verification: Option<&Verification>) -> Result<(), Fault> {
    let reason = match verification {
        Some(verification) if verification.verified => return Ok(()),
        Some(verification) => verification.reason.as_str(),
        None => "GitHub says nothing of a signature",
    };
    let why = format!("the commit would not show as verified ({reason}); no branch was touched");
    Err(about.fault(Blindness::Forbidden, why).remedy(
        "GitHub signs what a GitHub App commits: name one with `app` under [environment.NAME.release.forge], or take \
         `commit = \"api\"` out of keyslot.toml",
    ))
}

#[async_trait]
impl Code for CommittedByGitHub {
    async fn fetch(&self) -> Result<BTreeMap<BranchName, CommitId>, Fault> {
        self.git.fetch().await
    }

    async fn tree(&self, commit: &CommitId, wanted: &Wanted) -> Result<CodeTree, Fault> {
        self.git.tree(commit, wanted).await
    }

    async fn contains(&self, descendant: &CommitId, ancestor: &CommitId) -> Result<bool, Fault> {
        self.git.contains(descendant, ancestor).await
    }

    async fn parted(&self, one: &CommitId, other: &CommitId) -> Result<Option<CommitId>, Fault> {
        self.git.parted(one, other).await
    }

    async fn line(&self, head: &CommitId, most: usize) -> Result<Vec<CommitId>, Fault> {
        self.git.line(head, most).await
    }

    async fn file(&self, commit: &CommitId, path: &str) -> Result<Option<Arc<[u8]>>, Fault> {
        self.git.file(commit, path).await
    }

    async fn message(&self, commit: &CommitId) -> Result<String, Fault> {
        self.git.message(commit).await
    }

    async fn commit(
        &self,
        parent: &CommitId,
        edits: &[FileEdit],
        text: &CommitText,
    ) -> Result<CommitId, Fault> {
        self.git.commit(parent, edits, text).await
    }

    async fn cherry_pick(&self, commit: &CommitId, onto: &CommitId, at: Timestamp) -> Result<Picked, Fault> {
        self.git.cherry_pick(commit, onto, at).await
    }

    async fn brought(&self, merged: &CommitId, proposal: &CommitId) -> Result<Vec<CommitId>, Fault> {
        self.git.brought(merged, proposal).await
    }

    async fn changed(&self, from: &CommitId, to: &CommitId) -> Result<Vec<String>, Fault> {
        self.git.changed(from, to).await
    }

    async fn joined(&self, into: &CommitId, head: &CommitId) -> Result<Picked, Fault> {
        self.git.joined(into, head).await
    }

    async fn push(&self, commit: &CommitId, branch: &BranchName, expect: &Expect) -> Effect<()> {
        self.publish(commit, branch, expect).await.map(drop)
    }

    async fn publish(&self, commit: &CommitId, branch: &BranchName, expect: &Expect) -> Effect<CommitId> {
        let (what, subject) = (format!("commit to branch {branch} through GitHub"), self.github.subject());
        let about = About { what: &what, subject: &subject };
        let pieces = match self.git.pieces(commit).await {
            Ok(pieces) => pieces,
            Err(fault) => return Effect::NotSent(fault),
        };
        self.published(about, (commit, &pieces), branch, expect)
            .await
            .map_or_else(|effect| effect, Effect::Applied)
    }
}
