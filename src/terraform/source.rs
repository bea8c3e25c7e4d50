//! One file: its bytes as they are, and its text as the parser may see it.
//!
//! Every offset that leaves this module counts bytes of the *file*, byte order mark included. The text is made
//! so that an offset in it differs from one in the file by the mark alone: bytes that are no UTF-8 (Terraform
//! accepts them in comments) are replaced one for one.

use std::fmt;
use std::ops::Range;
use std::sync::OnceLock;

use memchr::memchr_iter;
use sha2::{Digest as _, Sha256};

use super::syntax::{Syntax, folder_of, lies_vendored};

/// Parsing costs about 40 bytes of memory per byte of text; nobody writes this much HCL in one file by hand.
pub const MAX_BYTES: usize = 4 * 1024 * 1024;

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";
/// Stands for a byte that is no UTF-8. A control character has no meaning in HCL, so none can arise.
const SUBSTITUTE: u8 = 0x1A;

/// SHA-256 of a file's bytes: names the content that an edit was made for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    pub fn of(bytes: &[u8]) -> Digest {
        Digest(Sha256::digest(bytes).into())
    }
}

/// Hexadecimal.
impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A place for people: both count from 1, columns count characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    pub line: usize,
    pub column: usize,
}

/// One file of a tree.
#[derive(Clone, Debug)]
pub struct Source {
    path: String,
    syntax: Syntax,
    text: String,
    /// The file's bytes where the text alone does not tell them; most files are kept once.
    bytes: Option<Vec<u8>>,
    mark: usize,
    /// Where they stand in the text, once somebody has asked for a place.
    newlines: OnceLock<Vec<usize>>,
}

impl Source {
    /// `path` is relative to the tree's root, with `/` between its parts. A file over [`MAX_BYTES`] is kept
    /// with an empty text: see [`Source::is_too_large`].
    pub fn new(path: &str, syntax: Syntax, bytes: &[u8]) -> Source {
        Source::of(path, syntax, bytes.to_vec())
    }

    /// The same from bytes that are nobody else's.
    pub fn of(path: &str, syntax: Syntax, bytes: Vec<u8>) -> Source {
        let made = |text, bytes, mark| {
            let path = path.to_owned();
            Source { path, syntax, text, bytes, mark, newlines: OnceLock::new() }
        };
        if bytes.len() > MAX_BYTES {
            return made(String::new(), Some(bytes), 0);
        }
        if let Some(text) = bytes.strip_prefix(BYTE_ORDER_MARK) {
            return made(readable(text), Some(bytes), BYTE_ORDER_MARK.len());
        }
        match String::from_utf8(bytes) {
            Ok(text) => made(text, None, 0),
            Err(invalid) => made(readable(invalid.as_bytes()), Some(invalid.into_bytes()), 0),
        }
    }

    pub fn path(&self) -> &str {
        &self.path
    }

    pub fn syntax(&self) -> Syntax {
        self.syntax
    }

    pub fn bytes(&self) -> &[u8] {
        self.bytes.as_deref().unwrap_or(self.text.as_bytes())
    }

    /// What the parser gets: no byte order mark, valid UTF-8.
    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn is_too_large(&self) -> bool {
        self.bytes().len() > MAX_BYTES
    }

    /// The folder that the file lies in, which is the Terraform module that it belongs to; empty for the root.
    pub fn folder(&self) -> &str {
        folder_of(&self.path)
    }

    /// A copy of a module from elsewhere, which is never edited.
    pub fn is_vendored(&self) -> bool {
        lies_vendored(&self.path)
    }

    /// A piece of the text as a source of its own, whose spans lead to the same file. `text` is what it says, as
    /// long as it is.
    pub fn part_as(&self, in_text: Range<usize>, text: String) -> Source {
        Source {
            path: self.path.clone(),
            syntax: self.syntax,
            bytes: None,
            text,
            mark: self.mark + in_text.start,
            newlines: OnceLock::new(),
        }
    }

    /// From a span of the text to one of the file.
    pub fn to_file(&self, in_text: Range<usize>) -> Range<usize> {
        in_text.start + self.mark..in_text.end + self.mark
    }

    /// From a span of the file to one of the text.
    pub fn to_text(&self, in_file: Range<usize>) -> Range<usize> {
        in_file.start.saturating_sub(self.mark)..in_file.end.saturating_sub(self.mark)
    }

    /// Where an offset of the file is, for people.
    pub fn position(&self, offset: usize) -> Position {
        let offset = offset.saturating_sub(self.mark);
        let before = self.text.get(..offset).unwrap_or(&self.text);
        let newlines = self.newlines.get_or_init(|| memchr_iter(b'\n', self.text.as_bytes()).collect());
        let line = newlines.partition_point(|newline| *newline < before.len());
        let start = line.checked_sub(1).and_then(|last| newlines.get(last)).map_or(0, |newline| newline + 1);
        Position { line: line + 1, column: before[start..].chars().count() + 1 }
    }
}

fn readable(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| char::from(SUBSTITUTE)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_order_mark_shifts_spans_but_no_columns() {
        let source = Source::new("a.tf", Syntax::Native, b"\xEF\xBB\xBFa = 1\nb = 2\n");
        assert_eq!(source.text(), "a = 1\nb = 2\n");
        assert_eq!(source.to_file(0..1), 3..4);
        assert_eq!(source.to_text(3..4), 0..1);
        assert_eq!(source.position(3), Position { line: 1, column: 1 });
        assert_eq!(source.position(9), Position { line: 2, column: 1 });
    }

    #[test]
    fn invalid_bytes_are_replaced_one_for_one() {
        let bytes = b"# caf\xE9 \xF0\x9F\x98 end\nx = 1\n";
        let source = Source::new("a.tf", Syntax::Native, bytes);
        assert_eq!(source.text().len(), bytes.len());
        assert_eq!(source.text().find("x ="), Some(bytes.len() - 6));
    }

    #[test]
    fn places_are_counted_from_the_line_before() {
        let source = Source::new("a.tf", Syntax::Native, b"\na\r\n\nbc");
        let places: Vec<(usize, usize)> =
            (0..9).map(|offset| source.position(offset)).map(|place| (place.line, place.column)).collect();
        assert_eq!(places, [(1, 1), (2, 1), (2, 2), (2, 3), (3, 1), (4, 1), (4, 2), (4, 3), (4, 3)]);
    }

    #[test]
    fn bytes_come_back_as_they_were() {
        let too_large = vec![b' '; MAX_BYTES + 1];
        for bytes in [&b"a = 1\r\n"[..], b"", b"\xEF\xBB\xBF# \xE9\n", b"# caf\xE9", &too_large] {
            assert_eq!(Source::new("a.tf", Syntax::Native, bytes).bytes(), bytes);
        }
    }

    #[test]
    fn columns_count_characters() {
        let source = Source::new("a.tf", Syntax::Native, "# é\nkey_é = x\n".as_bytes());
        let offset = "# é\nkey_é = ".len();
        assert_eq!(source.position(offset), Position { line: 2, column: 9 });
    }
}
