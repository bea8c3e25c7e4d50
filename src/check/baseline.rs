//! A baseline: known findings, each with the reason why it is let be, in a file beside the Terraform.
//!
//! For what comments cannot say (JSON has none) and for trees that come to keyslot with findings already. An entry
//! holds for one finding, by its fingerprint. Entries that match nothing are findings, placed in the baseline.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::finding::{Finding, Place};
use super::fingerprint;
use super::rule::Rule;
use super::rules::{silence_without_rule, unused_silence};
use super::silence::{Silenced, SilencedBy, silenceable};
use crate::terraform::{Source, Syntax, Tree, mask};

/// The version that is read and written.
const VERSION: u32 = 1;

/// A baseline file as it stands on disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    version: u32,
    findings: Vec<Entry>,
}

impl Document {
    /// How many findings it knows.
    pub fn len(&self) -> usize {
        self.findings.len()
    }

    pub fn is_empty(&self) -> bool {
        self.findings.is_empty()
    }
}

/// What is read of any version.
#[derive(Deserialize)]
struct Versioned {
    version: u32,
}

/// One known finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    rule: String,
    file: String,
    fingerprint: String,
    reason: String,
}

/// A baseline that was read.
#[derive(Clone, Debug)]
pub struct Baseline {
    source: Arc<Source>,
    entries: Vec<Entry>,
}

/// Why a file is no baseline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BaselineError {
    /// Not JSON, or not of this form.
    Form(String),
    Version(u32),
    /// Entries whose reason nobody has written yet.
    WithoutReason(usize),
}

impl Baseline {
    /// `path` is what people see.
    pub fn parse(path: &str, bytes: &[u8]) -> Result<Baseline, BaselineError> {
        let source = Source::new(path, Syntax::Json, bytes);
        let form = |error: serde_json::Error| BaselineError::Form(mask(&error.to_string()).into_owned());
        let Versioned { version } = serde_json::from_str(source.text()).map_err(form)?;
        if version != VERSION {
            return Err(BaselineError::Version(version));
        }
        let document: Document = serde_json::from_str(source.text()).map_err(form)?;
        let empty =
            document.findings.iter().filter(|entry| !entry.reason.contains(char::is_alphanumeric)).count();
        match empty {
            0 => Ok(Baseline { source: Arc::new(source), entries: document.findings }),
            count => Err(BaselineError::WithoutReason(count)),
        }
    }

    /// Silences the findings that it knows, and adds what is wrong with it.
    pub fn apply(&self, tree: &Tree, findings: &mut Vec<Finding>) {
        let mut known: BTreeMap<(String, String, String), Vec<&mut Finding>> = BTreeMap::new();
        for finding in findings.iter_mut() {
            let key = (finding.rule.id.to_owned(), finding.path(tree), finding.fingerprint.to_string());
            known.entry(key).or_default().push(finding);
        }
        let mut wrong: Vec<Finding> = Vec::new();
        for (entry, span) in self.entries.iter().zip(self.spans()) {
            let key = (entry.rule.clone(), entry.file.clone(), entry.fingerprint.clone());
            // Two entries for one finding: the second has nothing left to silence.
            let told = match (silenceable(&entry.rule), known.remove(&key)) {
                (Err(message), _) => Some((&silence_without_rule::RULE, message)),
                (Ok(_), None) => Some((&unused_silence::RULE, unused(entry))),
                (Ok(_), Some(found)) => {
                    silence(found, entry);
                    None
                }
            };
            wrong.extend(told.map(|(rule, message)| self.finding(rule, span, message)));
        }
        findings.extend(wrong);
        findings.sort_by(|a, b| a.order().cmp(&b.order()));
        fingerprint::assign(tree, findings);
    }

    fn finding(&self, rule: &'static Rule, span: Range<usize>, message: String) -> Finding {
        Finding::new(rule, Place::outside(Arc::clone(&self.source), span, message))
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

fn silence(found: Vec<&mut Finding>, entry: &Entry) {
    for finding in found {
        let reason = mask(&entry.reason).into_owned();
        finding.silenced.get_or_insert(Silenced { by: SilencedBy::Baseline, reason });
    }
}

fn unused(entry: &Entry) -> String {
    format!("this baseline silences a finding of `{}` in {} that is not there", entry.rule, entry.file)
}

/// A baseline of all findings that may be silenced and that no comment silences. Those that a baseline silenced
/// keep their reason, the others get `because`.
pub fn baseline_of(tree: &Tree, findings: &[Finding], because: &str) -> Document {
    let entries = findings.iter().filter(|finding| finding.rule.can_be_silenced()).filter_map(|finding| {
        let reason = match &finding.silenced {
            None => because,
            Some(Silenced { by: SilencedBy::Baseline, reason }) => reason,
            Some(Silenced { by: SilencedBy::Comment(_), .. }) => return None,
        };
        Some(Entry {
            rule: finding.rule.id.to_owned(),
            file: finding.path(tree),
            fingerprint: finding.fingerprint.to_string(),
            reason: mask(reason).into_owned(),
        })
    });
    Document { version: VERSION, findings: entries.collect() }
}

#[cfg(test)]
mod tests {
    use super::super::check;
    use super::*;

    const TEXT: &str =
        "locals {\n  a = [azurerm_cosmosdb_account.x]\n  b = [azurerm_cosmosdb_account.y]\n}\n";

    fn tree(text: &str) -> Tree {
        Tree::read(&[("a.tf", text)])
    }

    fn text_of(document: &Document) -> String {
        serde_json::to_string_pretty(document).unwrap()
    }

    fn baseline(text: &str, because: &str) -> String {
        text_of(&baseline_of(&tree(text), &check(&tree(text)), because))
    }

    fn applied(text: &str, baseline: &str) -> Vec<Finding> {
        let mut findings = check(&tree(text));
        Baseline::parse("known.json", baseline.as_bytes()).unwrap().apply(&tree(text), &mut findings);
        findings
    }

    #[test]
    fn what_was_written_silences_what_was_found_though_lines_move() {
        let known = baseline(TEXT, "known since the first day");
        let findings = applied(&format!("# one more line\n{TEXT}"), &known);
        assert_eq!(findings.len(), 2);
        for finding in findings {
            assert_eq!(finding.silenced.unwrap().reason, "known since the first day");
        }
    }

    #[test]
    fn new_findings_stay_and_old_entries_are_told() {
        let known = baseline(TEXT, "known");
        let text = TEXT.replace("account.y", "account.z");
        let findings = applied(&text, &known);
        let told: Vec<(&str, bool)> =
            findings.iter().map(|finding| (finding.rule.id, finding.silenced.is_some())).collect();
        assert_eq!(told, [("opaque-read", true), ("opaque-read", false), ("unused-silence", false)]);
        let unused = &findings[2];
        assert_eq!(unused.path(&tree(&text)), "known.json");
        assert!(known.as_bytes()[unused.span.clone()].iter().all(u8::is_ascii_hexdigit));
        assert!(!unused.fingerprint.as_str().is_empty());
    }

    #[test]
    fn an_entry_twice_is_one_too_many() {
        let known = baseline(TEXT, "known");
        let (head, entry) = (known.find('[').unwrap() + 1, known.find('}').unwrap() + 1);
        let twice = format!("{}{},{}", &known[..head], &known[head..entry], &known[head..]);
        let ids: Vec<&str> = applied(TEXT, &twice).iter().map(|finding| finding.rule.id).collect();
        assert_eq!(ids, ["opaque-read", "opaque-read", "unused-silence"]);
    }

    #[test]
    fn what_cannot_be_silenced_is_not_written_and_not_obeyed() {
        let broken = "locals {\n";
        assert_eq!(baseline(broken, "known"), "{\n  \"version\": 1,\n  \"findings\": []\n}");
        let mut findings = check(&tree(broken));
        let fingerprint = findings[0].fingerprint.to_string();
        let entry = format!(
            r#"{{"version": 1, "findings": [
            {{"rule": "parse-error", "file": "a.tf", "fingerprint": "{fingerprint}", "reason": "known"}}]}}"#
        );
        Baseline::parse("known.json", entry.as_bytes()).unwrap().apply(&tree(broken), &mut findings);
        let told: Vec<(&str, bool)> =
            findings.iter().map(|finding| (finding.rule.id, finding.silenced.is_some())).collect();
        assert_eq!(told, [("parse-error", false), ("silence-without-rule", false)]);
    }

    #[test]
    fn reasons_are_kept_when_a_baseline_is_written_again() {
        let findings = applied(TEXT, &baseline(TEXT, "known"));
        let again = baseline_of(&tree(TEXT), &findings, "other");
        assert_eq!(text_of(&again), baseline(TEXT, "known"));
    }

    #[test]
    fn what_is_no_baseline_says_why() {
        let error = |text: &str| Baseline::parse("known.json", text.as_bytes()).unwrap_err();
        assert_eq!(error(r#"{"version": 2, "known": []}"#), BaselineError::Version(2));
        assert_eq!(error(&baseline(TEXT, " ")), BaselineError::WithoutReason(2));
        for text in
            ["", "[]", r#"{"version": 1, "findings": [{"rule": "x"}]}"#, r#"{"version": 1, "finding": []}"#]
        {
            assert!(matches!(error(text), BaselineError::Form(_)), "{text}");
        }
    }
}
