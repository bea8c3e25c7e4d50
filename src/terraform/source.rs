//! One file: its bytes as they are, and its text as the parser may see it.
//!
//! Every offset that leaves this module counts bytes of the *file*, byte order mark included. The text is made
//! so that an offset in it differs from one in the file by the mark alone: bytes that are no UTF-8 (Terraform
//! accepts them in comments) are replaced one for one.

use std::fmt;
use std::ops::Range;

use sha2::{Digest as _, Sha256};

/// Parsing costs about 40 bytes of memory per byte of text; nobody writes this much HCL in one file by hand.
pub const MAX_BYTES: usize = 4 * 1024 * 1024;

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";
/// Stands for a byte that is no UTF-8. A control character has no meaning in HCL, so none can arise.
const SUBSTITUTE: u8 = 0x1A;

/// What a file's name says about its syntax.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Syntax {
    /// `.tf`, `.tofu`
    Native,
    /// `.tf.json`, `.tofu.json`
    Json,
    /// `.tfvars`
    Variables,
    /// `.tfvars.json`
    VariablesJson,
    /// `terragrunt.hcl`
    Terragrunt,
}

impl Syntax {
    /// Absent for files that are no Terraform.
    pub fn of(path: &str) -> Option<Syntax> {
        let name = path.rsplit('/').next().unwrap_or(path);
        if name.ends_with(".tf") || name.ends_with(".tofu") {
            Some(Syntax::Native)
        } else if name.ends_with(".tf.json") || name.ends_with(".tofu.json") {
            Some(Syntax::Json)
        } else if name.ends_with(".tfvars") {
            Some(Syntax::Variables)
        } else if name.ends_with(".tfvars.json") {
            Some(Syntax::VariablesJson)
        } else if name == "terragrunt.hcl" {
            Some(Syntax::Terragrunt)
        } else {
            None
        }
    }
}

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
    bytes: Vec<u8>,
    text: String,
    mark: usize,
}

impl Source {
    /// `path` is relative to the tree's root, with `/` between its parts. A file over [`MAX_BYTES`] is kept
    /// with an empty text: see [`Source::is_too_large`].
    pub fn new(path: &str, syntax: Syntax, bytes: &[u8]) -> Source {
        let mark = if bytes.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
        let text = if bytes.len() > MAX_BYTES { String::new() } else { readable(&bytes[mark..]) };
        Source { path: path.to_owned(), syntax, bytes: bytes.to_vec(), text, mark }
    }

    pub fn path(&self) -> &str {
        &self.path
    }

    pub fn syntax(&self) -> Syntax {
        self.syntax
    }

    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What the parser gets: no byte order mark, valid UTF-8.
    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn is_too_large(&self) -> bool {
        self.bytes.len() > MAX_BYTES
    }

    /// The folder that the file lies in, which is the Terraform module that it belongs to; empty for the root.
    pub fn folder(&self) -> &str {
        self.path.rsplit_once('/').map_or("", |(folder, _)| folder)
    }

    /// A piece of the text as a source of its own, whose spans lead to the same file.
    pub fn part(&self, in_text: Range<usize>) -> Source {
        Source {
            path: self.path.clone(),
            syntax: self.syntax,
            bytes: Vec::new(),
            text: self.text.get(in_text.clone()).unwrap_or_default().to_owned(),
            mark: self.mark + in_text.start,
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
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Position {
            line: before.bytes().filter(|byte| *byte == b'\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
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
    fn names_tell_terraform_from_other_files() {
        for (path, syntax) in [
            ("main.tf", Some(Syntax::Native)),
            ("a/b.tofu", Some(Syntax::Native)),
            ("a/b.tf.json", Some(Syntax::Json)),
            ("a.tf/readme.md", None),
            ("terraform.tfstate", None),
            ("package.json", None),
        ] {
            assert_eq!(Syntax::of(path), syntax, "{path}");
        }
    }

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
    fn columns_count_characters() {
        let source = Source::new("a.tf", Syntax::Native, "# é\nkey_é = x\n".as_bytes());
        let offset = "# é\nkey_é = ".len();
        assert_eq!(source.position(offset), Position { line: 2, column: 9 });
    }
}
