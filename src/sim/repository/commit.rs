//! Commits as git encodes them.

use git2::ObjectType;
use jiff::Timestamp;

use super::{GitId, Tree};
use crate::model::CommitId;

/// Who wrote or committed, and when (whole seconds, UTC).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    pub name: String,
    pub email: String,
    pub at: Timestamp,
}

impl Signature {
    /// A person of the simulated company.
    pub fn of(name: &str, at: Timestamp) -> Signature {
        Signature { name: name.to_owned(), email: format!("{name}@users.noreply.example"), at }
    }

    fn encode(&self) -> String {
        format!("{} <{}> {} +0000", self.name, self.email, self.at.as_second())
    }

    /// Reads `Name <mail> seconds zone`; what is missing is empty or the epoch.
    fn parse(text: &str) -> Signature {
        let (name, rest) = text.split_once('<').unwrap_or((text, ""));
        let (email, rest) = rest.split_once('>').unwrap_or((rest, ""));
        let second = rest.split_whitespace().next().and_then(|second| second.parse().ok()).unwrap_or(0);
        Signature {
            name: name.trim().to_owned(),
            email: email.to_owned(),
            at: Timestamp::from_second(second).unwrap_or(Timestamp::UNIX_EPOCH),
        }
    }
}

/// One commit with its whole tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    id: CommitId,
    tree: Tree,
    tree_id: GitId,
    parents: Vec<CommitId>,
    author: Signature,
    committer: Signature,
    message: String,
    encoded: Vec<u8>,
}

impl Commit {
    /// Encodes and hashes a commit; author and committer are the same.
    pub fn new(tree: Tree, parents: Vec<CommitId>, by: &Signature, message: &str) -> Commit {
        Commit::signed_by(tree, parents, by, by, message)
    }

    /// Encodes and hashes a commit.
    pub fn signed_by(
        tree: Tree,
        parents: Vec<CommitId>,
        author: &Signature,
        committer: &Signature,
        message: &str,
    ) -> Commit {
        let tree_id = tree.id();
        let mut text = format!("tree {tree_id}\n");
        for parent in &parents {
            text.push_str(&format!("parent {parent}\n"));
        }
        text.push_str(&format!("author {}\ncommitter {}\n\n{message}", author.encode(), committer.encode()));
        let encoded = text.into_bytes();
        Commit {
            id: CommitId::new(GitId::of(ObjectType::Commit, &encoded).to_string()),
            tree,
            tree_id,
            parents,
            author: author.clone(),
            committer: committer.clone(),
            message: message.to_owned(),
            encoded,
        }
    }

    /// Reads a commit that was made elsewhere, keeping its bytes (and with them its id) as they are. The tree
    /// must be the one that it names; `None` otherwise.
    pub fn read(encoded: &[u8], tree: Tree) -> Option<Commit> {
        let text = String::from_utf8_lossy(encoded).into_owned();
        let (head, message) = text.split_once("\n\n").unwrap_or((&text, ""));
        let tree_id = tree.id();
        if lines(head, "tree ").next() != Some(tree_id.to_string().as_str()) {
            return None;
        }
        let parents = lines(head, "parent ").map(CommitId::from).collect();
        let author = Signature::parse(lines(head, "author ").next().unwrap_or_default());
        let committer = Signature::parse(lines(head, "committer ").next().unwrap_or_default());
        Some(Commit {
            id: CommitId::new(GitId::of(ObjectType::Commit, encoded).to_string()),
            tree,
            tree_id,
            parents,
            author,
            committer,
            message: message.to_owned(),
            encoded: encoded.to_vec(),
        })
    }

    pub fn id(&self) -> &CommitId {
        &self.id
    }

    pub fn tree(&self) -> &Tree {
        &self.tree
    }

    pub fn tree_id(&self) -> GitId {
        self.tree_id
    }

    pub fn parents(&self) -> &[CommitId] {
        &self.parents
    }

    pub fn author(&self) -> &Signature {
        &self.author
    }

    pub fn committer(&self) -> &Signature {
        &self.committer
    }

    pub fn message(&self) -> &str {
        &self.message
    }

    /// The object as git stores it, without its header.
    pub fn encoded(&self) -> &[u8] {
        &self.encoded
    }
}

/// What follows `name` in the lines of a commit's head that begin with it.
fn lines<'a>(head: &'a str, name: &'static str) -> impl Iterator<Item = &'a str> {
    head.lines().filter_map(move |line| line.strip_prefix(name))
}
