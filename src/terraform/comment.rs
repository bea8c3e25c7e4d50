//! Comments of Terraform's native syntax, with their places; in JSON, what stands in properties called `//`.
//!
//! A small lexer of its own: the parser keeps comments as decoration of whatever stands beside them, and says
//! nothing of files that it refuses. Strings and heredocs are no comments, whatever stands in them; their `${ }`
//! and `%{ }` hold code again, where comments may stand. It never fails and never recurses.

use std::ops::Range;

use super::json;
use super::source::Source;
use super::syntax::Syntax;

/// One comment, markers included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    /// Bytes of the file.
    pub span: Range<usize>,
    /// Without its markers and the white space inside of them.
    pub text: String,
    /// Where `text` begins in the file.
    pub text_start: usize,
    /// Nothing but white space and other comments stands before it on its line.
    pub opens_line: bool,
}

/// The comments of a file, in order. JSON has properties that Terraform passes over.
pub fn comments(source: &Source) -> Vec<Comment> {
    if matches!(source.syntax(), Syntax::Json | Syntax::VariablesJson) {
        return json::remarks(source).into_iter().map(|(span, text)| remark(source, span, text)).collect();
    }
    let text = source.text();
    let mut lexer = Lexer { bytes: text.as_bytes(), at: 0, modes: Vec::new(), found: Vec::new() };
    while lexer.at < lexer.bytes.len() {
        lexer.step();
    }
    let mut opened_until = 0;
    let found = lexer.found.into_iter();
    found.map(|span| comment(source, text, span, &mut opened_until)).collect()
}

/// A property of a JSON file: it speaks of what comes after it, whatever stands on its line.
fn remark(source: &Source, span: Range<usize>, text: Range<usize>) -> Comment {
    let whole = &source.text()[text.clone()];
    let lead = whole.len() - whole.trim_start().len();
    let text_start = source.to_file(text.start + lead..text.end).start;
    Comment { span: source.to_file(span), text: whole.trim().to_owned(), text_start, opens_line: true }
}

/// `opened_until` is where the last comment ended that opened its line.
fn comment(source: &Source, text: &str, span: Range<usize>, opened_until: &mut usize) -> Comment {
    let line_start = text[..span.start].rfind('\n').map_or(0, |newline| newline + 1);
    let opens_line = text[line_start.max(*opened_until)..span.start].chars().all(char::is_whitespace);
    if opens_line {
        *opened_until = span.end;
    }
    let whole = &text[span.clone()];
    let inner = if let Some(inner) = whole.strip_prefix("/*") {
        inner.strip_suffix("*/").unwrap_or(inner)
    } else {
        whole.strip_prefix("//").or(whole.strip_prefix('#')).unwrap_or(whole)
    };
    let trimmed = inner.trim();
    let lead = inner.len() - inner.trim_start().len();
    let marker = if whole.starts_with('#') { 1 } else { 2 };
    let text_start = source.to_file(span.start + marker + lead..span.end).start;
    Comment { span: source.to_file(span), text: trimmed.to_owned(), text_start, opens_line }
}

/// What the lexer stands in; outside of all of them it stands in code.
enum Mode {
    Quote,
    Heredoc {
        marker: Range<usize>,
    },
    /// The code of `${ }` or `%{ }`, with the braces that are open in it.
    Interpolation {
        open: usize,
    },
}

struct Lexer<'t> {
    bytes: &'t [u8],
    at: usize,
    modes: Vec<Mode>,
    found: Vec<Range<usize>>,
}

impl Lexer<'_> {
    fn step(&mut self) {
        match self.modes.last() {
            None | Some(Mode::Interpolation { .. }) => self.code(),
            Some(Mode::Quote) => self.quote(),
            Some(Mode::Heredoc { marker }) => self.heredoc(marker.clone()),
        }
    }

    fn starts(&self, with: &[u8]) -> bool {
        self.bytes[self.at..].starts_with(with)
    }

    fn code(&mut self) {
        match self.bytes[self.at] {
            b'#' => self.line_comment(),
            b'/' if self.starts(b"//") => self.line_comment(),
            b'/' if self.starts(b"/*") => self.block_comment(),
            b'<' if self.starts(b"<<") => self.open_heredoc(),
            b'"' => self.enter(Mode::Quote, 1),
            b'{' => self.brace(|open| Some(open + 1)),
            b'}' => self.brace(|open| open.checked_sub(1)),
            _ => self.at += 1,
        }
    }

    fn enter(&mut self, mode: Mode, width: usize) {
        self.modes.push(mode);
        self.at += width;
    }

    /// A brace of an interpolation: it ends with the one that nothing in it opened.
    fn brace(&mut self, count: impl Fn(usize) -> Option<usize>) {
        self.at += 1;
        if let Some(Mode::Interpolation { open }) = self.modes.last_mut() {
            match count(*open) {
                Some(now) => *open = now,
                None => drop(self.modes.pop()),
            }
        }
    }

    fn line_end(&self, from: usize) -> usize {
        memchr::memchr(b'\n', &self.bytes[from..]).map_or(self.bytes.len(), |newline| from + newline)
    }

    fn line_comment(&mut self) {
        let end = self.line_end(self.at);
        let carriage = usize::from(self.bytes[..end].ends_with(b"\r"));
        self.found.push(self.at..end - carriage);
        self.at = end;
    }

    fn block_comment(&mut self) {
        let inside = self.at + 2;
        let end = memchr::memmem::find(&self.bytes[inside..], b"*/");
        let end = end.map_or(self.bytes.len(), |close| inside + close + 2);
        self.found.push(self.at..end);
        self.at = end;
    }

    fn open_heredoc(&mut self) {
        let dash = usize::from(self.bytes.get(self.at + 2) == Some(&b'-'));
        let start = self.at + 2 + dash;
        let name =
            |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-') || !byte.is_ascii();
        let length = self.bytes[start..].iter().take_while(name).count();
        if length == 0 {
            self.at += 2;
            return;
        }
        let next = (self.line_end(start) + 1).min(self.bytes.len());
        self.modes.push(Mode::Heredoc { marker: start..start + length });
        self.at = next;
    }

    fn quote(&mut self) {
        match self.bytes[self.at] {
            b'\\' => self.at += 2,
            // A quoted string ends with its line at the latest; what comes after may be in order again.
            b'"' | b'\n' => {
                self.modes.pop();
                self.at += 1;
            }
            _ => self.template(),
        }
    }

    fn heredoc(&mut self, marker: Range<usize>) {
        if self.at == 0 || self.bytes[self.at - 1] == b'\n' {
            let end = self.line_end(self.at);
            if self.bytes[self.at..end].trim_ascii() == &self.bytes[marker] {
                self.modes.pop();
                self.at = end;
                return;
            }
        }
        self.template();
    }

    /// One byte of a template, or the beginning of code in it.
    fn template(&mut self) {
        if self.starts(b"$${") || self.starts(b"%%{") {
            self.at += 3;
        } else if self.starts(b"${") || self.starts(b"%{") {
            self.enter(Mode::Interpolation { open: 0 }, 2);
        } else {
            self.at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::example_tree;

    fn texts(text: &str) -> Vec<String> {
        let source = Source::new("a.tf", Syntax::Native, text.as_bytes());
        let found = comments(&source);
        for comment in &found {
            let start = source.to_text(comment.text_start..comment.text_start).start;
            assert!(source.text()[start..].starts_with(&comment.text), "{comment:?}");
        }
        found.into_iter().map(|comment| comment.text).collect()
    }

    #[test]
    fn all_three_kinds_are_found_without_their_markers() {
        assert_eq!(texts("# a\nx = 1 // b\r\n/* c\n d */ y = 2 /* e"), ["a", "b", "c\n d", "e"]);
        assert_eq!(texts("#\n//\n/**/"), ["", "", ""]);
    }

    #[test]
    fn strings_and_heredocs_hold_none() {
        assert_eq!(texts("a = \"# no // no /* no\\\" # no\" # yes\n"), ["yes"]);
        assert_eq!(texts("a = <<-EOT\n  # no\n  $${ # no\n  EOT\nb = 1 # yes\n"), ["yes"]);
        assert_eq!(texts("a = <<A\n# no\nA # no\nA\n# yes"), ["yes"]);
    }

    #[test]
    fn code_within_strings_holds_them_again() {
        assert_eq!(texts("a = \"${ /* one */ {b = \"# no\"} } # no\" # two"), ["one", "two"]);
        assert_eq!(texts("a = <<E\n%{ if x /* one */ } # no\nE\n# two"), ["one", "two"]);
    }

    #[test]
    fn taking_them_out_leaves_the_parser_with_the_same_code() {
        let mut found = 0;
        for (path, bytes) in example_tree() {
            let Some(Syntax::Native) = Syntax::of(path) else { continue };
            let source = Source::new(path, Syntax::Native, bytes);
            let mut bare = source.text().as_bytes().to_vec();
            for comment in comments(&source) {
                bare[comment.span].fill(b' ');
                found += 1;
            }
            let bare = String::from_utf8(bare).unwrap();
            let values = |text: &str| hcl::from_str::<hcl::Value>(text).unwrap();
            assert_eq!(values(&bare), values(source.text()), "{path}");
            let rest = Source::new(path, Syntax::Native, bare.as_bytes());
            assert!(comments(&rest).is_empty(), "{path}");
        }
        assert!(found > 20, "{found}");
    }

    #[test]
    fn an_unclosed_string_ends_with_its_line() {
        assert_eq!(texts("a = \"oops\n# yes\n"), ["yes"]);
    }

    #[test]
    fn whether_code_stands_before_is_told() {
        let opens = |text: &str| -> Vec<bool> {
            let source = Source::new("a.tf", Syntax::Native, text.as_bytes());
            comments(&source).into_iter().map(|comment| comment.opens_line).collect()
        };
        assert_eq!(opens("\u{feff}# a\n  // b\nx = 1 # c\n"), [true, true, false]);
        assert_eq!(
            opens("/* a */ /* b */ x /* c */ # d\n /* e\n */ # f"),
            [true, true, false, false, true, true]
        );
    }

    #[test]
    fn nothing_makes_it_fail_or_hang() {
        let pieces = ["\"", "${", "}", "<<E\n", "\nE\n", "#", "/*", "*/", "\\", "\n", "{", "é", "<<", "%%{"];
        for a in pieces {
            for b in pieces {
                for c in pieces {
                    texts(&format!("{a}{b}{c}"));
                    texts(&format!("{c}{a}{b}{a}{c}"));
                }
            }
        }
        texts(&"\"${".repeat(50_000));
    }
}
