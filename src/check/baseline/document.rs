//! A baseline file as it stands on disk.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{BaselineError, Reach};
use crate::terraform::{Source, Syntax, mask};

/// The version that is read and written.
pub(super) const VERSION: u32 = 1;

/// A baseline file as it stands on disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    version: u32,
    pub(super) findings: Vec<Entry>,
}

impl Default for Document {
    fn default() -> Document {
        Document::of(Vec::new())
    }
}

impl Document {
    pub(super) fn of(findings: Vec<Entry>) -> Document {
        Document { version: VERSION, findings }
    }

    /// How many findings it knows.
    pub fn len(&self) -> usize {
        self.findings.len()
    }

    pub fn is_empty(&self) -> bool {
        self.findings.is_empty()
    }

    /// How many entries give no reason yet.
    pub fn without_reason(&self) -> usize {
        self.findings.iter().filter(|entry| !entry.reason.contains(char::is_alphanumeric)).count()
    }

    /// Reads a file whose reasons may be missing still.
    pub fn parse(bytes: &[u8]) -> Result<Document, BaselineError> {
        document(Source::new("", Syntax::Json, bytes).text())
    }

    /// The entries of another one that a run with this reach cannot speak of.
    pub fn beside(&self, reach: &Reach) -> Document {
        let beside = self.findings.iter().filter(|entry| !reach.covers(&entry.file));
        Document::of(beside.cloned().collect())
    }

    /// With the entries of another one that it does not have itself, by file.
    pub fn and(mut self, other: Document) -> Document {
        let key = |entry: &Entry| (entry.rule.clone(), entry.file.clone(), entry.fingerprint.clone());
        let mine: BTreeSet<_> = self.findings.iter().map(key).collect();
        self.findings.extend(other.findings.into_iter().filter(|entry| !mine.contains(&key(entry))));
        self.findings.sort_by(|a, b| a.file.cmp(&b.file));
        self
    }
}

pub(super) fn document(text: &str) -> Result<Document, BaselineError> {
    let form = |error: serde_json::Error| BaselineError::Form(mask(&error.to_string()).into_owned());
    let Versioned { version } = serde_json::from_str(text).map_err(form)?;
    if version != VERSION {
        return Err(BaselineError::Version(version));
    }
    serde_json::from_str(text).map_err(form)
}

/// What is read of any version.
#[derive(Deserialize)]
struct Versioned {
    version: u32,
}

/// One known finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    pub(super) rule: String,
    /// From the baseline's own folder.
    pub(super) file: String,
    pub(super) fingerprint: String,
    pub(super) reason: String,
}
