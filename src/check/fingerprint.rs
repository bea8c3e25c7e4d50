//! Knowing a finding again in another run, though lines moved above it.
//!
//! A fingerprint is made of the rule, the file's path, the text of the line with its white space levelled, and a
//! number that tells equal ones of a file apart. The line's number is no part of it, nor is the message, nor the slot
//! that a key is read from: a flip changes no fingerprint.

use std::collections::BTreeMap;
use std::fmt;

use super::finding::{File, Finding};
use crate::terraform::{Digest, Reference, Role, Source, Tree, mask};

/// Sixteen bytes in hexadecimal.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(String);

impl Fingerprint {
    const HEX_DIGITS: usize = 32;

    fn of(rule: &str, path: &str, line: &str, ordinal: usize) -> Fingerprint {
        let text = format!("{rule}\u{1f}{path}\u{1f}{line}\u{1f}{ordinal}");
        let mut hex = Digest::of(text.as_bytes()).to_string();
        hex.truncate(Fingerprint::HEX_DIGITS);
        Fingerprint(hex)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Gives every finding its fingerprint. They must stand in their order.
pub fn assign(tree: &Tree, findings: &mut [Finding]) {
    let paths: Vec<String> = findings.iter().map(|finding| finding.path(tree)).collect();
    let fingerprints = with_paths(tree, findings, &paths, Form::Paired);
    for (finding, fingerprint) in findings.iter_mut().zip(fingerprints) {
        finding.fingerprint = fingerprint;
    }
}

/// How the names of keys stand in the line that a fingerprint is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Each with its counterpart, so that a flip changes nothing.
    Paired,
    /// As they are written. Earlier fingerprints are of this form, from before a flip or after it.
    Written,
    /// Each in the place of its counterpart: as they are written after a flip.
    Turned,
}

/// What the fingerprints would be if the findings' files had these paths.
pub fn with_paths(tree: &Tree, findings: &[Finding], paths: &[String], form: Form) -> Vec<Fingerprint> {
    let mut consumers: BTreeMap<usize, Vec<&Reference>> = BTreeMap::new();
    // What is on offer in both slots is not flipped.
    for reference in tree.references.iter().filter(|it| it.role == Role::Consumer && it.other.is_some()) {
        consumers.entry(reference.file).or_default().push(reference);
    }
    let mut seen: BTreeMap<(&'static str, &str, String), usize> = BTreeMap::new();
    let each = findings.iter().zip(paths).map(|(finding, path)| {
        let consumers = match finding.file {
            File::Tree(file) => consumers.get(&file).map_or(&[][..], Vec::as_slice),
            File::Copied(_) | File::Other(_) => &[],
        };
        let line = line(finding.source(tree), finding.span.start, consumers, form);
        let ordinal = seen.entry((finding.rule.id, path, line.clone())).or_default();
        *ordinal += 1;
        Fingerprint::of(finding.rule.id, path, &line, *ordinal - 1)
    });
    each.collect()
}

/// The line around an offset of the file, without keys; runs of white space count as one space. `consumers` are those of
/// the file.
fn line(source: &Source, offset: usize, consumers: &[&Reference], form: Form) -> String {
    let text = source.text();
    let offset = text.floor_char_boundary(source.to_text(offset..offset).start);
    let start = text[..offset].rfind('\n').map_or(0, |newline| newline + 1);
    let end = text[offset..].find('\n').map_or(text.len(), |newline| offset + newline);
    let mut line = String::new();
    let mut from = start;
    // They stand in order; one that is read for several accounts stands there several times.
    for reference in consumers {
        let word = source.to_text(reference.span.clone());
        let other = reference.other.as_deref().unwrap_or_default();
        if word.start < from || word.end > end || text.get(word.clone()) != Some(&reference.attribute) {
            continue;
        }
        line.push_str(&text[from..word.start]);
        line.push_str(&match form {
            Form::Written => reference.attribute.clone(),
            Form::Turned => other.to_owned(),
            Form::Paired => paired(&reference.attribute, other),
        });
        from = word.end;
    }
    line.push_str(&text[from..end]);
    mask(&line).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The same for both.
fn paired(one: &str, other: &str) -> String {
    format!("{}\u{1f}{}", one.min(other), one.max(other))
}

#[cfg(test)]
mod tests {
    use super::super::check;
    use super::*;

    fn fingerprints(path: &str, text: &str) -> Vec<Fingerprint> {
        let tree = Tree::read(&[(path, text)]);
        check(&tree).into_iter().map(|finding| finding.fingerprint).collect()
    }

    #[test]
    fn moving_and_aligning_a_line_changes_nothing() {
        let before = fingerprints("a.tf", "locals {\n  a = [azurerm_cosmosdb_account.x]\n}\n");
        let moved = fingerprints(
            "a.tf",
            "# one\n\n\nlocals {\n  b = 1\n  a   =  [azurerm_cosmosdb_account.x]\r\n}\n",
        );
        assert_eq!(before.len(), 1);
        assert_eq!(before, moved);
        assert_eq!(before[0].as_str().len(), 32);
    }

    #[test]
    fn a_flip_changes_no_fingerprint() {
        let text = "resource \"azurerm_linux_web_app\" \"w\" {\n  app_settings = { A = azurerm_cosmosdb_account.x.primary_key, B = azurerm_cosmosdb_account.x.primary_key }\n}\n";
        let before = fingerprints("a.tf", text);
        assert_eq!(before.len(), 2);
        assert_eq!(before, fingerprints("a.tf", &text.replace("primary", "secondary")));
        assert_ne!(before, fingerprints("a.tf", &text.replace("account.x", "account.y")));
        assert_ne!(before, fingerprints("a.tf", &text.replace("primary_key", "primary_readonly_key")));
    }

    #[test]
    fn path_text_and_order_among_equals_count() {
        let text = "locals {\n  a = [azurerm_cosmosdb_account.x]\n}\n";
        let twice = fingerprints("a.tf", &text.repeat(2));
        assert_eq!(twice.len(), 2);
        assert_ne!(twice[0], twice[1]);
        assert_eq!(twice[0], fingerprints("a.tf", text)[0]);
        assert_ne!(twice[0], fingerprints("b.tf", text)[0]);
        assert_ne!(twice[0], fingerprints("a.tf", &text.replace("a =", "c ="))[0]);
    }
}
