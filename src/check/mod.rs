//! Rules over references: what is wrong with how a tree reads keys. One rule a file, named after its id.
//!
//! A rule is a plain function from a tree to findings. It asks nobody else, prints nothing and changes nothing.
//! To add one: a file with `pub const RULE`, a line in [`RULES`].

mod mixed_slots;
mod opaque_read;
mod parse_error;
mod unreadable_file;

use std::ops::Range;

use crate::terraform::Tree;

/// All rules, by id.
pub const RULES: &[Rule] = &[mixed_slots::RULE, opaque_read::RULE, parse_error::RULE, unreadable_file::RULE];

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    Warning,
    Error,
}

impl Severity {
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

/// One rule.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Kebab-case; the name that people and machines see.
    pub id: &'static str,
    pub severity: Severity,
    /// One sentence: what it finds.
    pub summary: &'static str,
    /// What to do about a finding.
    pub remedy: &'static str,
    look: fn(&Tree) -> Vec<Place>,
}

/// Where a rule hits, and what it says there.
struct Place {
    file: usize,
    span: Range<usize>,
    message: String,
    related: Vec<Related>,
}

/// Another place that belongs to a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Related {
    /// Index into the tree's sources.
    pub file: usize,
    /// Bytes of the file.
    pub span: Range<usize>,
    pub label: String,
}

/// What a rule found: exactly one primary place, perhaps others.
#[derive(Clone, Debug)]
pub struct Finding {
    pub rule: &'static Rule,
    /// Index into the tree's sources.
    pub file: usize,
    /// Bytes of the file.
    pub span: Range<usize>,
    pub message: String,
    pub related: Vec<Related>,
}

/// Runs every rule. Findings come by file, place and rule.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings: Vec<Finding> = RULES
        .iter()
        .flat_map(|rule| {
            (rule.look)(tree).into_iter().map(move |place| Finding {
                rule,
                file: place.file,
                span: place.span,
                message: place.message,
                related: place.related,
            })
        })
        .collect();
    findings.sort_by_key(|finding| (finding.file, finding.span.start, finding.rule.id));
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::example_tree;

    /// Rule and place of each finding.
    #[track_caller]
    pub(super) fn check_text(text: &str, expected: &[(&str, usize)]) {
        let tree = Tree::read(&[("a.tf", text)]);
        let found: Vec<(&str, usize)> = check(&tree)
            .iter()
            .map(|finding| (finding.rule.id, tree.sources[finding.file].position(finding.span.start).line))
            .collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn rules_stand_in_order_and_have_plain_ids() {
        assert!(RULES.is_sorted_by_key(|rule| rule.id));
        for rule in RULES {
            assert!(rule.id.chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{}", rule.id);
            assert!(rule.summary.ends_with('.') && rule.remedy.ends_with('.'), "{}", rule.id);
        }
    }

    #[test]
    fn the_example_has_no_findings() {
        assert!(check(&Tree::read(&example_tree())).is_empty());
    }
}
