//! What `keyslot check` finds in the code that is to be changed, and what it would find afterwards.
//!
//! Only what makes a rotation go wrong counts here. That both slots are in use, or that a branch reads another slot than
//! before, is what the change is there to end, or does. What a configured baseline of the same commit knows, with its reason,
//! counts no more; that a change brings nothing is judged without it.

use std::collections::BTreeMap;
use std::fmt;

use super::SourcesAt;
use crate::check::{Baseline, Finding, Reach, Severity, There, check, check_with, compare};
use crate::terraform::Tree;

/// What a change of slot mends, and what it is; and comments, which harm nobody: what they do not silence counts by itself.
const NO_MATTER: &[&str] =
    &["branches-disagree", "mixed-slots", "silence-without-reason", "silence-without-rule"];

impl SourcesAt<'_> {
    /// What is wrong with them, one sentence each.
    pub fn errors(&self) -> Vec<String> {
        let tree = self.tree();
        let mut findings = check(tree);
        let unusable = self.apply_baseline(&mut findings).err();
        errors(&findings, tree).into_iter().map(|(_, told)| told).chain(unusable).collect()
    }

    /// Silences what the baseline knows.
    fn apply_baseline(&self, findings: &mut Vec<Finding>) -> Result<(), String> {
        let Some((path, file)) = &self.baseline else { return Ok(()) };
        let unusable = |why: &dyn fmt::Display| format!("{path}: this baseline cannot be used: {why}");
        let file = file.as_ref().ok_or_else(|| unusable(&"there is no such file at this commit"))?;
        let baseline = Baseline::parse(path, &file.bytes).map_err(|error| unusable(&error))?;
        let home = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        baseline.apply(self.tree(), &Reach::new(home, "", None), findings);
        Ok(())
    }

    /// What would be wrong with these edits made that is not wrong now.
    pub fn errors_brought_by(&self, edits: &[(String, Vec<u8>)]) -> Vec<String> {
        let (before, after) = (self.tree(), self.tree_with(edits));
        let mut known: BTreeMap<(String, &str), usize> = BTreeMap::new();
        for (of, _) in errors(&check(before), before) {
            *known.entry(of).or_default() += 1;
        }
        let compared = compare(&after, &There::new(before.clone(), "before"));
        let mut brought = errors(&check_with(&after, compared), &after);
        // By rule and file: the line of a finding may be one that has changed.
        brought.retain(|(of, _)| match known.get_mut(of) {
            Some(count) if *count > 0 => {
                *count -= 1;
                false
            }
            _ => true,
        });
        brought.into_iter().map(|(_, told)| told).collect()
    }

    fn tree_with(&self, edits: &[(String, Vec<u8>)]) -> Tree {
        let content =
            |path: &str| edits.iter().find(|(edited, _)| edited == path).map(|(_, bytes)| &bytes[..]);
        let files: Vec<(&str, &[u8])> =
            self.named().into_iter().map(|(path, bytes)| (path, content(path).unwrap_or(bytes))).collect();
        self.question.tree(&files, self.links.clone())
    }
}

/// Each by its file and rule, and in words.
fn errors(findings: &[Finding], tree: &Tree) -> Vec<((String, &'static str), String)> {
    let counts = |finding: &&Finding| {
        finding.rule.severity == Severity::Error
            && finding.silenced.is_none()
            && !NO_MATTER.contains(&finding.rule.id)
    };
    let told = |finding: &Finding| {
        let (path, id) = (finding.path(tree), finding.rule.id);
        let line = finding.source(tree).position(finding.span.start).line;
        ((path.clone(), id), format!("{path}:{line}: {} ({id})", finding.message))
    };
    findings.iter().filter(counts).map(told).collect()
}
