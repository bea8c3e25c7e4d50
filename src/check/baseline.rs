//! A baseline: known findings, each with the reason why it is let be, in a file beside the Terraform.
//!
//! For what comments cannot say (JSON has none) and for trees that come to keyslot with findings already. An entry
//! holds for one finding, by its fingerprint. Entries that match nothing are findings, placed in the baseline; of those
//! that speak of files beside what was checked, nothing is said.

mod document;
mod error;
mod reach;
#[cfg(test)]
mod tests;
mod written;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

pub use self::document::Document;
use self::document::{Entry, document};
pub use self::error::BaselineError;
pub use self::reach::Reach;
pub use self::written::baseline_of;
use self::written::named;
use super::finding::{Finding, Place};
use super::fingerprint::{self, Form};
use super::rules::{silence_without_rule, unused_silence};
use super::silence::{Silenced, SilencedBy, silenceable};
use crate::terraform::{Source, Syntax, Tree, mask};

/// A baseline that was read.
#[derive(Clone, Debug)]
pub struct Baseline {
    source: Arc<Source>,
    entries: Vec<Entry>,
}

impl Baseline {
    /// `path` is what people see.
    pub fn parse(path: &str, bytes: &[u8]) -> Result<Baseline, BaselineError> {
        let source = Source::new(path, Syntax::Json, bytes);
        let document = document(source.text())?;
        match document.without_reason() {
            0 => Ok(Baseline { source: Arc::new(source), entries: document.findings }),
            count => Err(BaselineError::WithoutReason(count)),
        }
    }

    /// Its entries that a run with this reach cannot speak of.
    pub fn beside(&self, reach: &Reach) -> Document {
        Document::of(self.entries.clone()).beside(reach)
    }

    /// Silences the findings that it knows, and adds what is wrong with it.
    pub fn apply(&self, tree: &Tree, reach: &Reach, findings: &mut Vec<Finding>) {
        let meant = self.meant(tree, reach, findings);
        let mut wrong: Vec<Finding> = Vec::new();
        for ((entry, span), meant) in self.entries.iter().zip(self.spans()).zip(meant) {
            let told = match silenceable(&entry.rule) {
                Ok(_) if !meant.is_empty() => {
                    meant.into_iter().for_each(|at| silence(&mut findings[at], entry));
                    None
                }
                _ if !reach.covers(&entry.file) => None,
                Err(message) => Some((&silence_without_rule::RULE, message, RENAME)),
                Ok(_) => Some((&unused_silence::RULE, unused(entry), REMOVE)),
            };
            wrong.extend(told.map(|(rule, message, remedy)| {
                let place = Place::outside(Arc::clone(&self.source), span, message);
                Finding::new(rule, place.remedy(remedy))
            }));
        }
        findings.extend(wrong);
        findings.sort_by(|a, b| a.order().cmp(&b.order()));
        fingerprint::assign(tree, findings);
    }

    /// The findings that each entry means. Two entries for one finding: the second has nothing left to silence. Entries
    /// written by an earlier keyslot, whose fingerprints a flip changes, mean what the others leave.
    fn meant(&self, tree: &Tree, reach: &Reach, findings: &[Finding]) -> Vec<Vec<usize>> {
        let mut meant = vec![Vec::new(); self.entries.len()];
        let mut left: BTreeSet<usize> = (0..findings.len()).collect();
        for form in [Form::Paired, Form::Written, Form::Turned] {
            let mut known: BTreeMap<(&str, String, String), Vec<usize>> = BTreeMap::new();
            for (at, (file, fingerprint)) in named(tree, reach, findings, form).into_iter().enumerate() {
                if left.contains(&at) {
                    known.entry((findings[at].rule.id, file, fingerprint)).or_default().push(at);
                }
            }
            for (entry, meant) in self.entries.iter().zip(&mut meant).filter(|(_, it)| it.is_empty()) {
                let key = (entry.rule.as_str(), entry.file.clone(), entry.fingerprint.clone());
                meant.extend(known.remove(&key).unwrap_or_default());
                meant.iter().for_each(|at| {
                    left.remove(at);
                });
            }
        }
        meant
    }

    /// Where each entry's fingerprint stands, in the file's order; the file's beginning where it is spelt with
    /// escapes.
    fn spans(&self) -> Vec<Range<usize>> {
        let text = self.source.text();
        let mut from = 0;
        let spans = self.entries.iter().map(|entry| {
            let Some(at) = text[from..].find(&entry.fingerprint) else { return 0..0 };
            let span = from + at..from + at + entry.fingerprint.len();
            from = span.end;
            self.source.to_file(span)
        });
        spans.collect()
    }
}

const RENAME: &str = "Name the rule as `keyslot check --rules` lists it, or remove the entry.";

const REMOVE: &str = "Remove the entry; with `--write-baseline` and `--overwrite` for the same file, keyslot writes it \
                      without those that are not needed any more.";

fn silence(finding: &mut Finding, entry: &Entry) {
    let reason = mask(&entry.reason).into_owned();
    finding.silenced.get_or_insert(Silenced { by: SilencedBy::Baseline, reason });
}

fn unused(entry: &Entry) -> String {
    format!("this baseline silences a finding of `{}` in {} that is not there", entry.rule, entry.file)
}
