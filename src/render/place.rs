//! Where a span begins and ends, for formats that count lines and columns.

use std::ops::Range;

use crate::terraform::{Position, Source};

/// The end is the place after the last character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    pub start: Position,
    pub end: Position,
}

pub fn stretch(source: &Source, span: &Range<usize>) -> Stretch {
    Stretch { start: source.position(span.start), end: source.position(span.end) }
}

/// A file's path as a relative reference of RFC 3986: what is not plain is escaped, a colon in the first part
/// too, which would read as a scheme. Absolute paths become `file://` ones.
pub fn uri(path: &str) -> String {
    let path = path.strip_prefix("./").unwrap_or(path);
    let mut uri = String::with_capacity(path.len());
    if path.starts_with('/') {
        uri.push_str("file://");
    }
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(char::from(byte))
            }
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_references() {
        for (path, expected) in [
            ("src/a_b-c.tf", "src/a_b-c.tf"),
            ("./a b#c?.tf", "a%20b%23c%3F.tf"),
            ("c:d/é%.tf", "c%3Ad/%C3%A9%25.tf"),
            ("../up.tf", "../up.tf"),
            ("/abs/x.tf", "file:///abs/x.tf"),
        ] {
            assert_eq!(uri(path), expected);
        }
    }
}
