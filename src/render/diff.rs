//! Unified diffs, as bytes: files are shown as they are, line ends and all, but for keys that are written out in them.
//!
//! A line that holds a key is left out of the context: a hunk ends before it, or begins after it. Where that would make
//! a diff that cannot be applied, or where the line itself changes, the key is masked and the diff says so.

use anstyle::{AnsiColor, Style};
use similar::udiff::UnifiedDiffHunk;
use similar::{DiffOp, TextDiff};

use crate::terraform::mask;

/// Lines around a change.
const CONTEXT: usize = 3;

/// A diff of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diff {
    pub text: Vec<u8>,
    /// Whether `git apply` takes it: not where a key had to be hidden.
    pub applies: bool,
}

/// What `patch` and `git apply` take. `path` is how both sides are called; a relative one gets git's prefixes.
pub fn unified_diff(path: &str, old: &[u8], new: &[u8]) -> Diff {
    let (before, after) = match path.starts_with('/') {
        true => (path.to_owned(), path.to_owned()),
        false => (format!("a/{path}"), format!("b/{path}")),
    };
    let diff = TextDiff::from_lines(old, new);
    let secret: Vec<bool> =
        (0..diff.old_len()).map(|line| diff.old_slice(line).is_some_and(hides_key)).collect();
    let mut told = Diff { text: Vec::new(), applies: true };
    for ops in diff.grouped_ops(CONTEXT) {
        if told.text.is_empty() {
            told.text.extend_from_slice(format!("--- {before}\n+++ {after}\n").as_bytes());
        }
        let hunks = without_keys(ops, &secret);
        // git takes a hunk without a line behind its change for the end of the file.
        let ends = |hunk: &[DiffOp]| match hunk.last() {
            Some(DiffOp::Equal { .. }) | None => true,
            Some(change) => change.old_range().end == secret.len(),
        };
        told.applies &= hunks.iter().all(|hunk| ends(hunk));
        for hunk in hunks {
            let mut text = Vec::new();
            // The writer of a hunk keeps bytes; that of a whole diff replaces those that are no UTF-8. Writing to a
            // vector cannot fail.
            let _ = UnifiedDiffHunk::new(hunk, &diff, true).to_writer(&mut text);
            told.applies &= !hides_key(&text);
            told.text.extend(masked(text));
        }
    }
    told
}

/// The hunks that are left of one when the unchanged lines that hold keys are taken out.
fn without_keys(ops: Vec<DiffOp>, secret: &[bool]) -> Vec<Vec<DiffOp>> {
    let mut hunks = vec![Vec::new()];
    for op in ops {
        let DiffOp::Equal { old_index, new_index, len } = op else {
            hunks.iter_mut().last().into_iter().for_each(|hunk| hunk.push(op));
            continue;
        };
        let lines = &secret[old_index..old_index + len];
        let part = |from: usize, to: usize| DiffOp::Equal {
            old_index: old_index + from,
            new_index: new_index + from,
            len: to - from,
        };
        let first = lines.iter().position(|hides| *hides).unwrap_or(len);
        hunks.iter_mut().last().into_iter().for_each(|hunk| hunk.push(part(0, first)));
        if let Some(last) = lines.iter().rposition(|hides| *hides) {
            hunks.push(vec![part(last + 1, len)]);
        }
    }
    let is_line = |op: &DiffOp| !matches!(op, DiffOp::Equal { len: 0, .. });
    let changes = |hunk: &Vec<DiffOp>| hunk.iter().any(|op| !matches!(op, DiffOp::Equal { .. }));
    let hunks = hunks.into_iter().filter(changes);
    hunks.map(|hunk| hunk.into_iter().filter(is_line).collect()).collect()
}

fn hides_key(bytes: &[u8]) -> bool {
    matches!(mask(&String::from_utf8_lossy(bytes)), std::borrow::Cow::Owned(_))
}

fn masked(text: Vec<u8>) -> Vec<u8> {
    match hides_key(&text) {
        true => mask(&String::from_utf8_lossy(&text)).into_owned().into_bytes(),
        false => text,
    }
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
        assert_eq!(diff.text, expected, "{}", String::from_utf8_lossy(&diff.text));
    }

    #[test]
    fn equal_files_have_no_diff() {
        assert!(unified_diff("a.tf", b"x\n", b"x\n").text.is_empty());
    }

    /// The diff of a file whose lines are named, of which `x` changes to `y` and `K` holds a key.
    fn of_lines(lines: &str) -> (String, bool) {
        let key = format!("{}+/x9==", "aB3".repeat(27) + "Z");
        let text = |lines: &str| lines.chars().map(|line| format!("{line}\n")).collect::<String>();
        let (old, new) = (text(lines), text(&lines.replace('x', "y")));
        let with_key = |text: String| text.replace('K', &format!("k = \"{key}\"")).into_bytes();
        let diff = unified_diff("a.tf", &with_key(old), &with_key(new));
        let told = String::from_utf8(diff.text).unwrap();
        assert!(!told.contains("aB3aB3"), "{told}");
        let hunks: Vec<&str> = told.lines().skip(2).map(|line| line.split(" @@").next().unwrap()).collect();
        (hunks.join(" "), diff.applies)
    }

    #[test]
    fn lines_that_hold_keys_are_left_out_of_the_context() {
        for (lines, hunks, applies) in [
            ("abcxdef", "@@ -1,7 +1,7  a  b  c -x +y  d  e  f", true),
            ("aKcxdef", "@@ -3,5 +3,5  c -x +y  d  e  f", true),
            ("abKxdef", "@@ -4,4 +4,4 -x +y  d  e  f", true),
            ("abcxdKf", "@@ -1,5 +1,5  a  b  c -x +y  d", true),
            ("abcxaKbxd", "@@ -1,5 +1,5  a  b  c -x +y  a @@ -7,3 +7,3  b -x +y  d", true),
            ("abcxKdef", "@@ -1,4 +1,4  a  b  c -x +y", false),
            ("abcKKx", "@@ -6 +6 -x +y", true),
        ] {
            assert_eq!(of_lines(lines), (hunks.to_owned(), applies), "{lines}");
        }
    }

    #[test]
    fn a_key_in_a_changed_line_is_masked() {
        let key = format!("{}+/x9==", "aB3".repeat(27) + "Z");
        let line = |slot: &str| format!("\"{key}\" = x.{slot}_key\n").into_bytes();
        let diff = unified_diff("a.tf", &line("primary"), &line("secondary"));
        let told = String::from_utf8(diff.text).unwrap();
        assert!(!diff.applies && !told.contains("aB3aB3") && told.contains("x.secondary_key"), "{told}");
    }
}
