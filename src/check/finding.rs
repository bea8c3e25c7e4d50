//! What a rule found: one primary place, perhaps others, perhaps a way to put it right.

use std::ops::Range;
use std::sync::Arc;

use super::fingerprint::Fingerprint;
use super::rule::Rule;
use super::silence::Silenced;
use crate::terraform::{Edit, Source, Tree, mask};

/// The file that a place stands in.
#[derive(Clone, Debug)]
pub enum File {
    /// Index into the tree's sources.
    Tree(usize),
    /// A file of a copy of a module, by its path from the tree's root.
    Copied(Arc<Source>),
    /// A file that is no part of the tree. An empty text is well: then no excerpt is shown.
    Other(Arc<Source>),
}

/// Where a rule hits, and what it says there.
#[derive(Clone, Debug)]
pub struct Place {
    pub file: File,
    /// Bytes of the file.
    pub span: Range<usize>,
    pub message: String,
    pub related: Vec<Related>,
    pub fix: Option<Fix>,
    /// What to do about just this one; absent where the rule's own word says it.
    pub remedy: Option<String>,
}

impl Place {
    /// `file` is an index into the tree's sources.
    pub fn new(file: usize, span: Range<usize>, message: impl Into<String>) -> Place {
        let (file, message) = (File::Tree(file), message.into());
        Place { file, span, message, related: Vec::new(), fix: None, remedy: None }
    }

    /// In a file that is no part of the tree.
    pub fn outside(source: Arc<Source>, span: Range<usize>, message: impl Into<String>) -> Place {
        Place { file: File::Other(source), ..Place::new(0, span, message) }
    }

    /// In a copy of a module.
    pub fn copied(source: Arc<Source>, span: Range<usize>, message: impl Into<String>) -> Place {
        Place { file: File::Copied(source), ..Place::new(0, span, message) }
    }

    /// With another place of the tree that belongs to it.
    pub fn related(mut self, file: usize, span: Range<usize>, label: impl Into<String>) -> Place {
        self.related.push(Related { file, span, label: label.into() });
        self
    }

    /// With what to do about it, more closely than the rule says.
    pub fn remedy(mut self, remedy: impl Into<String>) -> Place {
        self.remedy = Some(remedy.into());
        self
    }

    /// With a way to put it right.
    pub fn fix(mut self, fix: Fix) -> Place {
        self.fix = Some(fix);
        self
    }
}

/// Another place that belongs to a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Related {
    /// Index into the tree's sources.
    pub file: usize,
    /// Bytes of the file.
    pub span: Range<usize>,
    pub label: String,
}

/// Changes that put a finding right, all of them together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// What they do, as “read `primary_key`”.
    pub title: String,
    pub edits: Vec<Edit>,
}

/// What a rule found.
#[derive(Clone, Debug)]
pub struct Finding {
    pub rule: &'static Rule,
    pub file: File,
    /// Bytes of the file.
    pub span: Range<usize>,
    pub message: String,
    pub related: Vec<Related>,
    pub fix: Option<Fix>,
    remedy: Option<String>,
    /// The same in every run until the line itself changes.
    pub fingerprint: Fingerprint,
    /// Somebody has looked at it and lets it be.
    pub silenced: Option<Silenced>,
}

impl Finding {
    /// No text that leaves here holds a key.
    pub(super) fn new(rule: &'static Rule, place: Place) -> Finding {
        let Place { file, span, message, mut related, fix, remedy } = place;
        let message = mask(&message).into_owned();
        related.iter_mut().for_each(|place| place.label = mask(&place.label).into_owned());
        let remedy = remedy.map(|remedy| mask(&remedy).into_owned());
        let fingerprint = Fingerprint::default();
        Finding { rule, file, span, message, related, fix, remedy, fingerprint, silenced: None }
    }

    /// What to do about it.
    pub fn remedy(&self) -> &str {
        self.remedy.as_deref().unwrap_or(self.rule.remedy)
    }

    /// The file that it stands in.
    pub fn source<'a>(&'a self, tree: &'a Tree) -> &'a Source {
        match &self.file {
            File::Tree(file) => &tree.sources[*file],
            File::Copied(source) | File::Other(source) => source,
        }
    }

    /// That file's path as people see it.
    pub fn path(&self, tree: &Tree) -> String {
        match &self.file {
            File::Tree(file) => tree.shown(*file),
            File::Copied(source) => tree.shown_path(source.path()),
            File::Other(source) => source.path().to_owned(),
        }
    }

    /// Where it belongs among others: the tree's files, then the rest by path.
    pub(super) fn order(&self) -> (usize, &str, usize, &'static str) {
        let (file, path) = match &self.file {
            File::Tree(file) => (*file, ""),
            File::Copied(source) | File::Other(source) => (usize::MAX, source.path()),
        };
        (file, path, self.span.start, self.rule.id)
    }
}
