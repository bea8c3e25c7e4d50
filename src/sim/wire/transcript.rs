//! What was asked of the world, in order: for tests to count and for people to read.
//!
//! An entry has no room for header or body values, and query values are kept only for parameters known to be
//! harmless, so a transcript holds no key and no token.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use serde::Serialize;

/// Query parameters whose values are kept; of all others only the name.
const HARMLESS: &[&str] = &[
    "$skip",
    "$top",
    "allowWatchBookmarks",
    "api-version",
    "base",
    "branchName",
    "continue",
    "dryRun",
    "fieldManager",
    "fieldSelector",
    "fieldValidation",
    "head",
    "labelSelector",
    "limit",
    "maxresults",
    "page",
    "per_page",
    "resourceVersion",
    "resourceVersionMatch",
    "sendInitialEvents",
    "service",
    "state",
    "timeout",
    "timeoutSeconds",
    "watch",
];

/// One request and how it was answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// From 1.
    pub seq: u64,
    /// World time when the request had been read.
    pub at: Timestamp,
    pub host: String,
    pub method: String,
    /// Path and query; unknown query values are replaced.
    pub path: String,
    /// Absent where the connection was dropped instead.
    pub status: Option<u16>,
    /// Whether it changed the world.
    pub changed: bool,
}

/// All requests so far. Clones share the list.
#[derive(Clone, Default)]
pub struct Transcript(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    entries: Vec<Entry>,
    file: Option<File>,
}

impl Transcript {
    /// A transcript that is also written to a file, one JSON object a line.
    ///
    /// # Errors
    /// When the file cannot be created.
    pub(super) fn to_file(path: &Path) -> io::Result<Transcript> {
        let inner = Inner { entries: Vec::new(), file: Some(File::create(path)?) };
        Ok(Transcript(Arc::new(Mutex::new(inner))))
    }

    pub(super) fn record(&self, mut entry: Entry) {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entry.seq = inner.entries.len() as u64 + 1;
        if let (Some(file), Ok(mut line)) = (inner.file.as_mut(), serde_json::to_vec(&entry)) {
            line.push(b'\n');
            // A full disk must not stop the world; the list in memory stays whole.
            let _ = file.write_all(&line);
        }
        inner.entries.push(entry);
    }

    pub fn entries(&self) -> Vec<Entry> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).entries.clone()
    }

    /// The requests that changed the world.
    pub fn changes(&self) -> Vec<Entry> {
        self.entries().into_iter().filter(|entry| entry.changed).collect()
    }

    /// How many requests have this method and a path that contains the text.
    pub fn count(&self, method: &str, path_contains: &str) -> usize {
        self.entries()
            .iter()
            .filter(|entry| entry.method == method && entry.path.contains(path_contains))
            .count()
    }
}

/// Path and query as they may be written down.
pub(super) fn harmless_path(uri: &http::Uri) -> String {
    let Some(query) = uri.query() else {
        return uri.path().to_owned();
    };
    let pairs: Vec<String> = query
        .split('&')
        .map(|pair| match pair.split_once('=') {
            Some((name, _)) if HARMLESS.contains(&decoded(name).as_str()) => pair.to_owned(),
            Some((name, _)) => format!("{name}=…"),
            None => pair.to_owned(),
        })
        .collect();
    format!("{}?{}", uri.path(), pairs.join("&"))
}

fn decoded(name: &str) -> String {
    url::form_urlencoded::parse(name.as_bytes()).next().map(|(name, _)| name.into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_query_values_are_not_kept() {
        let path = |text: &str| harmless_path(&text.parse().unwrap());
        assert_eq!(path("/a?api-version=7.5&sig=abc&x"), "/a?api-version=7.5&sig=…&x");
        assert_eq!(path("/a?%24top=3"), "/a?%24top=3");
        assert_eq!(path("/a"), "/a");
    }
}
