//! Unified diffs, as bytes: files are shown as they are, line ends and all.

use anstyle::{AnsiColor, Style};
use similar::TextDiff;

/// What `patch` and `git apply` take. `path` is how both sides are called; a relative one gets git's prefixes.
pub fn unified_diff(path: &str, old: &[u8], new: &[u8]) -> Vec<u8> {
    let (before, after) = match path.starts_with('/') {
        true => (path.to_owned(), path.to_owned()),
        false => (format!("a/{path}"), format!("b/{path}")),
    };
    let diff = TextDiff::from_lines(old, new);
    let mut text = Vec::new();
    let hunks: Vec<_> = diff.unified_diff().context_radius(3).iter_hunks().collect();
    if !hunks.is_empty() {
        text.extend_from_slice(format!("--- {before}\n+++ {after}\n").as_bytes());
    }
    for hunk in hunks {
        // The writer of a hunk keeps bytes; that of a whole diff replaces those that are no UTF-8. Writing to a
        // vector cannot fail.
        let _ = hunk.to_writer(&mut text);
    }
    text
}

/// The same with colours, for terminals.
pub fn colored(diff: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(diff.len() * 2);
    for line in diff.split_inclusive(|byte| *byte == b'\n') {
        let style = match line {
            [b'-', b'-', b'-', ..] | [b'+', b'+', b'+', ..] => Style::new().bold(),
            [b'-', ..] => AnsiColor::Red.on_default(),
            [b'+', ..] => AnsiColor::Green.on_default(),
            [b'@', ..] => AnsiColor::Cyan.on_default(),
            _ => Style::new(),
        };
        let body = line.strip_suffix(b"\n").unwrap_or(line);
        text.extend_from_slice(style.render().to_string().as_bytes());
        text.extend_from_slice(body);
        text.extend_from_slice(style.render_reset().to_string().as_bytes());
        text.extend_from_slice(&line[body.len()..]);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_ends_and_odd_bytes_are_kept() {
        let old = b"# caf\xE9\r\na = x.primary_key\r\nlast";
        let new = b"# caf\xE9\r\na = x.secondary_key\r\nlast";
        let diff = unified_diff("m/a.tf", old, new);
        let expected: &[u8] = b"--- a/m/a.tf\n+++ b/m/a.tf\n@@ -1,3 +1,3 @@\n # caf\xE9\r\n\
            -a = x.primary_key\r\n+a = x.secondary_key\r\n last\n\\ No newline at end of file\n";
        assert_eq!(diff, expected, "{}", String::from_utf8_lossy(&diff));
    }

    #[test]
    fn equal_files_have_no_diff() {
        assert!(unified_diff("a.tf", b"x\n", b"x\n").is_empty());
    }
}
