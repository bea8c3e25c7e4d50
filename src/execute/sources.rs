//! The Terraform of a commit: the folder that is configured, and what its code takes from elsewhere in the repository.
//!
//! What a proposal changes and what a branch is said to read must be what `keyslot flip` and `keyslot check` say of
//! the same files. So whatever they follow is brought here, too: modules beside the folder, Terragrunt's files
//! around it, templates, and folders behind links.

use std::sync::OnceLock;

use crate::model::{Access, CommitId, Slot, TreeClaim};
use crate::ports::{Code, CodeTree, Fault, SourceFile, Wanted};
use crate::terraform::{Beyond, Links, Question, Refusal, Tree, beyond};

/// Which code is asked what.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    pub question: Question,
    /// Folder of the Terraform code, from the repository's root; empty for all of it.
    pub root: String,
    /// The baseline of known findings, from there too, where there is one.
    pub baseline: Option<String>,
}

/// The files of one commit, and what is asked of them.
#[derive(Clone, Debug)]
pub struct SourcesAt<'s> {
    pub(super) question: &'s Question,
    /// Path and content of the baseline, where one is configured; no content where it is not there.
    pub(super) baseline: Option<(&'s str, Option<SourceFile>)>,
    files: Vec<SourceFile>,
    pub(super) links: Links,
    /// Read once, however much is asked of it.
    tree: OnceLock<Tree>,
}

/// Each round finds what the last one's files name. Where so many do not end it, what is left out is told as missing.
const MAX_ROUNDS: usize = 16;

impl Sources {
    /// # Errors
    /// The commit's tree cannot be read.
    pub async fn at(&self, code: &dyn Code, commit: &CommitId) -> Result<SourcesAt<'_>, Fault> {
        let mut wanted = Wanted { below: self.root.trim_matches('/').to_owned(), ..Wanted::default() };
        wanted.files.extend(self.baseline.clone());
        let mut read = SourcesAt::new(self, code.tree(commit, &wanted).await?);
        for _ in 0..MAX_ROUNDS {
            let Beyond { folders, files } = beyond(&wanted.below, &read.named(), &read.links);
            let known = (wanted.folders.len(), wanted.files.len());
            wanted.folders.extend(folders);
            wanted.files.extend(files);
            if known == (wanted.folders.len(), wanted.files.len()) {
                break;
            }
            read = SourcesAt::new(self, code.tree(commit, &wanted).await?);
        }
        Ok(read)
    }
}

impl<'s> SourcesAt<'s> {
    fn new(asked: &'s Sources, CodeTree { mut files, links }: CodeTree) -> SourcesAt<'s> {
        let links = Links { folders: links, ..Links::default() };
        // No part of the code.
        let baseline = asked.baseline.as_deref().map(|path| {
            let place = files.iter().position(|file| file.path == path);
            (path, place.map(|place| files.remove(place)))
        });
        SourcesAt { question: &asked.question, baseline, files, links, tree: OnceLock::new() }
    }

    pub(super) fn tree(&self) -> &Tree {
        self.tree.get_or_init(|| self.question.tree(&self.named(), self.links.clone()))
    }

    /// What they claim of the account.
    pub fn claim(&self, access: Access) -> TreeClaim {
        self.question.claim(self.tree(), access)
    }

    /// The files that change when they move to a slot: path and new content.
    ///
    /// # Errors
    /// Why they cannot be changed.
    pub fn flip(&self, access: Access, to: Slot) -> Result<Vec<(String, Vec<u8>)>, Vec<Refusal>> {
        self.question.flip(self.tree(), access, to)
    }

    /// A file's content.
    pub fn content(&self, path: &str) -> Option<&[u8]> {
        self.files.iter().find(|file| file.path == path).map(|file| file.bytes.as_ref())
    }

    /// As Terraform's room takes a tree.
    pub(super) fn named(&self) -> Vec<(&str, &[u8])> {
        self.files.iter().map(|file| (file.path.as_str(), file.bytes.as_ref())).collect()
    }
}
