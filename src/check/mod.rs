//! What is wrong with how a tree reads keys: rules, and what they found.
//!
//! A rule is a plain function from a tree to places. It asks nobody else, prints nothing and changes nothing. To
//! add one: a file in `rules` with `pub const RULE`, a line in [`RULES`]. Its `before` and `after` are its
//! documentation (`keyslot check --explain RULE`) and its fixture: a test here runs every one of them.

mod baseline;
mod compare;
mod consumed;
#[cfg(test)]
mod example;
mod finding;
mod fingerprint;
mod misled;
pub mod plan;
mod rule;
mod rules;
mod silence;

use crate::terraform::Tree;

pub use baseline::{Baseline, BaselineError, Document as BaselineDocument, Reach, baseline_of};
pub use compare::{There, compare};
pub use finding::{File, Finding, Fix, Place, Related};
pub use fingerprint::Fingerprint;
pub use misled::{Misled, misled};
pub use rule::{Rule, Severity, nearest, rule};
pub use rules::RULES;
pub use silence::{Silenced, SilencedBy, may_hold_silence};

/// Runs every rule. Findings come by file, place and rule; those outside of the tree come last.
pub fn check(tree: &Tree) -> Vec<Finding> {
    check_with(tree, Vec::new())
}

/// The same with what was found by other means than reading the tree: a plan, another revision, a file that
/// cannot be read.
pub fn check_with(tree: &Tree, more: Vec<(&'static Rule, Place)>) -> Vec<Finding> {
    let found = RULES.iter().flat_map(|rule| (rule.look)(tree).into_iter().map(move |place| (rule, place)));
    let mut findings: Vec<Finding> =
        found.chain(more).map(|(rule, place)| Finding::new(rule, place)).collect();
    // A place that is read for several accounts is found for each of them.
    findings.sort_by(|a, b| a.order().cmp(&b.order()));
    findings.dedup_by(|later, first| later.order() == first.order() && later.message == first.message);
    let wrong = silence::apply(tree, &mut findings);
    findings.extend(wrong.into_iter().map(|(rule, place)| Finding::new(rule, place)));
    findings.sort_by(|a, b| a.order().cmp(&b.order()));
    fingerprint::assign(tree, &mut findings);
    findings
}

#[cfg(test)]
mod tests {
    use super::example::{at_revisions, files_of, tree_of};
    use super::*;
    use crate::model::example_tree;

    /// Rule and line of each finding in one file.
    #[track_caller]
    pub(super) fn check_text(text: &str, expected: &[(&str, usize)]) {
        let tree = Tree::read(&[("a.tf", text)]);
        let found: Vec<(&str, usize)> = check(&tree)
            .iter()
            .map(|finding| (finding.rule.id, finding.source(&tree).position(finding.span.start).line))
            .collect();
        assert_eq!(found, expected, "{text}");
    }

    /// Lines of the findings of one rule in one file.
    #[track_caller]
    pub(super) fn check_rule(rule: &str, text: &str, expected: &[usize]) {
        let tree = Tree::read(&[("a.tf", text)]);
        let lines: Vec<usize> = check(&tree)
            .iter()
            .filter(|finding| finding.rule.id == rule)
            .map(|finding| finding.source(&tree).position(finding.span.start).line)
            .collect();
        assert_eq!(lines, expected, "{text}");
    }

    /// The rules that find something in an example: those whose findings count, and those that are silenced.
    fn found_in(text: &str) -> [Vec<&'static str>; 2] {
        let (here, there) = at_revisions(files_of(text));
        let here = tree_of(here);
        let there = there.map(|(revision, files)| There::new(Tree::read(&files), &revision));
        let findings = check_with(&here, there.map_or_else(Vec::new, |there| compare(&here, &there)));
        let (silenced, left): (Vec<Finding>, Vec<Finding>) =
            findings.into_iter().partition(|finding| finding.silenced.is_some());
        [left, silenced].map(|findings| findings.iter().map(|finding| finding.rule.id).collect())
    }

    /// A file that cannot be read has no text to show.
    const WITHOUT_EXAMPLE: &[&str] = &["unreadable-file"];

    /// A silence is put right by silencing: before, what it is meant for counts; after, it is there and silenced.
    const OF_SILENCES: &[&str] = &["silence-without-reason", "silence-without-rule"];
    const TO_BE_SILENCED: &str = "bypasses-key-vault";

    #[test]
    fn every_rule_finds_its_before_and_no_rule_finds_anything_after() {
        for rule in RULES {
            if WITHOUT_EXAMPLE.contains(&rule.id) {
                assert_eq!((rule.before, rule.after), ("", ""), "{}", rule.id);
                continue;
            }
            let meant = if OF_SILENCES.contains(&rule.id) { vec![TO_BE_SILENCED] } else { Vec::new() };
            let [before, silenced_before] = found_in(rule.before);
            let beside: Vec<&str> = before.iter().copied().filter(|id| *id != rule.id).collect();
            assert!(before.contains(&rule.id), "{}: it is not found before: {before:?}", rule.id);
            assert_eq!((&beside, silenced_before.len()), (&meant, 0), "{}: others are found before", rule.id);
            assert_eq!(found_in(rule.after), [Vec::new(), meant], "{}: something is found after", rule.id);
        }
    }

    #[test]
    fn rules_stand_in_order_and_are_documented() {
        assert!(RULES.is_sorted_by_key(|rule| rule.id));
        for rule in RULES {
            let Rule { id, summary, why, remedy, .. } = rule;
            assert!(id.chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{id}");
            for text in [summary, why, remedy] {
                assert!(text.ends_with('.'), "{id}: {text}");
                assert!(!text.contains('\n'), "{id}: texts are wrapped where they are shown");
            }
        }
    }

    #[test]
    fn the_example_has_no_findings() {
        assert!(check(&Tree::read(&example_tree())).is_empty());
    }
}
