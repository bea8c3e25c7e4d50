//! Findings as a baseline knows them, and a baseline of them.

use super::document::Entry;
use super::{Document, Reach};
use crate::check::finding::{File, Finding};
use crate::check::fingerprint::{self, Form};
use crate::check::silence::{Silenced, SilencedBy};
use crate::terraform::{Tree, mask};

/// File and fingerprint of each finding, as the baseline knows them.
pub(super) fn named(tree: &Tree, reach: &Reach, findings: &[Finding], form: Form) -> Vec<(String, String)> {
    let path = |finding: &Finding| match &finding.file {
        File::Tree(file) => reach.path(tree.sources[*file].path()),
        File::Copied(source) => reach.path(source.path()),
        File::Other(source) => source.path().to_owned(),
    };
    let paths: Vec<String> = findings.iter().map(path).collect();
    let fingerprints = fingerprint::with_paths(tree, findings, &paths, form);
    paths.into_iter().zip(fingerprints).map(|(path, print)| (path, print.to_string())).collect()
}

/// A baseline of all findings that may be silenced and that no comment silences. Those that a baseline silenced
/// keep their reason, the others get `because`.
pub fn baseline_of(tree: &Tree, reach: &Reach, findings: &[Finding], because: &str) -> Document {
    let entries = findings.iter().zip(named(tree, reach, findings, Form::Paired)).filter_map(
        |(finding, (file, fingerprint))| {
            if !finding.rule.can_be_silenced() {
                return None;
            }
            let reason = match &finding.silenced {
                None => because,
                Some(Silenced { by: SilencedBy::Baseline, reason }) => reason,
                Some(Silenced { by: SilencedBy::Comment(_), .. }) => return None,
            };
            Some(Entry {
                rule: finding.rule.id.to_owned(),
                file,
                fingerprint,
                reason: mask(reason).into_owned(),
            })
        },
    );
    Document::of(entries.collect())
}
