//! A rule: its name, how much it matters, its documentation, and the function that looks.

use super::finding::Place;
use super::rules::RULES;
use crate::terraform::Tree;

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing; nothing is wrong yet.
    Note,
    /// A rotation will be harder than it need be, or a reader may be misled.
    Warning,
    /// A rotation would go wrong, or nothing can be told.
    Error,
}

impl Severity {
    pub const ALL: [Severity; 3] = [Severity::Note, Severity::Warning, Severity::Error];

    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

/// One rule. Its texts are whole sentences without line breaks: whoever shows them wraps them.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Kebab-case; the name that people and machines see, and the rule's file in snake case.
    pub id: &'static str,
    pub severity: Severity,
    /// One sentence: what it finds.
    pub summary: &'static str,
    /// What goes wrong where it is let be.
    pub why: &'static str,
    /// What to do about a finding.
    pub remedy: &'static str,
    /// A small tree in which this rule and no other finds something. One file, `main.tf`, or several, each after
    /// a line `# --- path/to/file.tf`; `# --- REVISION:path/to/file.tf` is one of the revision that is compared
    /// with. Empty where the rule is about what no text shows.
    pub before: &'static str,
    /// The same tree put right: nothing is found by any rule.
    pub after: &'static str,
    pub(super) look: fn(&Tree) -> Vec<Place>,
}

/// Rules whose findings nobody may let be: what cannot be read hides anything, and silences must be in order.
const NEVER_SILENCED: &[&str] =
    &["parse-error", "silence-without-reason", "silence-without-rule", "unreadable-file", "unused-silence"];

impl Rule {
    pub fn can_be_silenced(&self) -> bool {
        !NEVER_SILENCED.contains(&self.id)
    }

    /// The command that says more.
    pub fn help(&self) -> String {
        format!("keyslot check --explain {}", self.id)
    }
}

/// The rule of this name.
pub fn rule(id: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.id == id)
}

/// The rule whose name is most like the one given, if any is.
pub fn nearest(id: &str) -> Option<&'static Rule> {
    RULES
        .iter()
        .map(|rule| (strsim::jaro_winkler(rule.id, id), rule))
        .filter(|(likeness, _)| *likeness > 0.7)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, rule)| rule)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_a_typo_leads_to_the_rule_that_was_meant() {
        for (typed, meant) in [("mixed-slot", "mixed-slots"), ("opaque_read", "opaque-read")] {
            assert_eq!(nearest(typed).map(|rule| rule.id), Some(meant));
        }
        assert!(nearest("xyz").is_none());
    }
}
