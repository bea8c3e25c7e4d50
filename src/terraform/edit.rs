//! Changing a file: a digest, a span, what stands there, what shall stand there.
//!
//! Bytes are spliced, never printed from a syntax tree: encoding a tree again loses line ends. An edit carries
//! the digest of the content that it was made for, so it cannot be applied to any other.

use std::ops::Range;

use super::source::Digest;

/// One replacement in one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    pub path: String,
    /// Of the whole file before any edit.
    pub digest: Digest,
    /// Bytes of the file before any edit.
    pub span: Range<usize>,
    pub old: String,
    pub new: String,
}

/// Why edits were not applied. Nothing is changed then.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    #[error("{path} is not the file any more that the change was made for")]
    Changed { path: String },
    #[error("`{expected}` does not stand at byte {start} of {path}")]
    NotThere { path: String, start: usize, expected: String },
    #[error("two changes of {path} overlap at byte {start}")]
    Overlap { path: String, start: usize },
}

/// Applies edits of one file to its bytes.
pub fn splice(bytes: &[u8], edits: &[Edit]) -> Result<Vec<u8>, EditError> {
    let mut ordered: Vec<&Edit> = edits.iter().collect();
    ordered.sort_by_key(|edit| edit.span.start);
    let digest = Digest::of(bytes);
    let mut spliced = Vec::with_capacity(bytes.len() + edits.len() * 8);
    let mut done = 0;
    for edit in ordered {
        let (path, start) = (|| edit.path.clone(), edit.span.start);
        if edit.digest != digest {
            return Err(EditError::Changed { path: path() });
        }
        if start < done {
            return Err(EditError::Overlap { path: path(), start });
        }
        if bytes.get(edit.span.clone()) != Some(edit.old.as_bytes()) {
            return Err(EditError::NotThere { path: path(), start, expected: edit.old.clone() });
        }
        spliced.extend_from_slice(&bytes[done..start]);
        spliced.extend_from_slice(edit.new.as_bytes());
        done = edit.span.end;
    }
    spliced.extend_from_slice(&bytes[done..]);
    Ok(spliced)
}

/// The edits that undo `edits` on `spliced`, which came of them.
pub fn inverse(spliced: &[u8], edits: &[Edit]) -> Vec<Edit> {
    let mut ordered: Vec<&Edit> = edits.iter().collect();
    ordered.sort_by_key(|edit| edit.span.start);
    let digest = Digest::of(spliced);
    let (mut grown, mut shrunk) = (0, 0);
    let mut inverse = Vec::with_capacity(edits.len());
    for edit in ordered {
        let start = edit.span.start + grown - shrunk;
        inverse.push(Edit {
            path: edit.path.clone(),
            digest,
            span: start..start + edit.new.len(),
            old: edit.new.clone(),
            new: edit.old.clone(),
        });
        grown += edit.new.len();
        shrunk += edit.old.len();
    }
    inverse
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edit(bytes: &[u8], span: Range<usize>, old: &str, new: &str) -> Edit {
        Edit { path: "a.tf".into(), digest: Digest::of(bytes), span, old: old.into(), new: new.into() }
    }

    #[test]
    fn edits_apply_in_any_order_and_can_be_undone() {
        let bytes = b"one two three";
        let edits = [edit(bytes, 8..13, "three", "3"), edit(bytes, 0..3, "one", "eleven")];
        let spliced = splice(bytes, &edits).unwrap();
        assert_eq!(spliced, b"eleven two 3");
        assert_eq!(splice(&spliced, &inverse(&spliced, &edits)).unwrap(), bytes);
    }

    #[test]
    fn an_edit_of_other_content_is_refused() {
        let made_for = b"one two";
        let refused = splice(b"two one", &[edit(made_for, 0..3, "one", "1")]);
        assert_eq!(refused, Err(EditError::Changed { path: "a.tf".into() }));
    }

    #[test]
    fn what_does_not_stand_there_or_overlaps_is_refused() {
        let bytes = b"one two";
        let not_there = splice(bytes, &[edit(bytes, 0..3, "two", "2")]);
        assert!(matches!(not_there, Err(EditError::NotThere { start: 0, .. })), "{not_there:?}");
        let outside = splice(bytes, &[edit(bytes, 5..9, "wo", "2")]);
        assert!(matches!(outside, Err(EditError::NotThere { .. })), "{outside:?}");
        let overlap = splice(bytes, &[edit(bytes, 0..3, "one", "1"), edit(bytes, 2..5, "e t", "x")]);
        assert!(matches!(overlap, Err(EditError::Overlap { start: 2, .. })), "{overlap:?}");
    }
}
