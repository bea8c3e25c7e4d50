//! What a comment says: of which rules, and why.

use std::ops::Range;

use crate::terraform::Comment;

/// Where every silence begins, within its comment.
const MARKER: &str = "keyslot:";

const IGNORE: &str = "ignore";

const BECAUSE: &str = "because";

/// Whether bytes could hold a silence at all.
pub fn may_hold_silence(bytes: &[u8]) -> bool {
    memchr::memmem::find(bytes, MARKER.as_bytes()).is_some()
}

/// What a comment says, places as bytes of the file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Said<'t> {
    pub(super) rules: Vec<(&'t str, Range<usize>)>,
    pub(super) reason: Option<&'t str>,
}

impl<'t> Said<'t> {
    pub(super) fn of(comment: &'t Comment) -> Option<Said<'t>> {
        let text = comment.text.as_str();
        let rest = text.strip_prefix(MARKER)?.trim_start().strip_prefix(IGNORE)?;
        if rest.starts_with(|next: char| next.is_alphanumeric() || next == '-' || next == '_') {
            return None;
        }
        let start = |part: &str| comment.text_start + (part.as_ptr().addr() - text.as_ptr().addr());
        let (rules, rest) = names(rest);
        let rules = rules.into_iter().map(|name| (name, start(name)..start(name) + name.len())).collect();
        let reason = rest.strip_prefix(BECAUSE).filter(|reason| reason.starts_with(char::is_whitespace));
        let reason = reason.map(str::trim).filter(|reason| reason.contains(char::is_alphanumeric));
        Some(Said { rules, reason })
    }
}

/// Names with commas between them, and what comes after.
fn names(text: &str) -> (Vec<&str>, &str) {
    let mut names = Vec::new();
    let mut rest = text.trim_start();
    loop {
        let end = rest.find(|next: char| next.is_whitespace() || next == ',').unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        if name.is_empty() || (names.is_empty() && name == BECAUSE) {
            return (names, rest);
        }
        names.push(name);
        match after.trim_start().strip_prefix(',') {
            Some(next) => rest = next.trim_start(),
            None => return (names, after.trim_start()),
        }
    }
}
