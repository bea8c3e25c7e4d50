//! A baseline: known findings, each with the reason why it is let be, in a file beside the Terraform.
//!
//! For what comments cannot say (JSON has none) and for trees that come to keyslot with findings already. An entry
//! holds for one finding, by its fingerprint. Entries that match nothing are findings, placed in the baseline; of those
//! that speak of files beside what was checked, nothing is said.

mod reach;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use self::reach::Reach;
use super::finding::{File, Finding, Place};
use super::fingerprint::{self, Form};
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

impl Default for Document {
    fn default() -> Document {
        Document { version: VERSION, findings: Vec::new() }
    }
}

impl Document {
    /// How many findings it knows.
    pub fn len(&self) -> usize {
        self.findings.len()
    }

    pub fn is_empty(&self) -> bool {
        self.findings.is_empty()
    }

    /// How many entries give no reason yet.
    pub fn without_reason(&self) -> usize {
        self.findings.iter().filter(|entry| !entry.reason.contains(char::is_alphanumeric)).count()
    }

    /// Reads a file whose reasons may be missing still.
    pub fn parse(bytes: &[u8]) -> Result<Document, BaselineError> {
        document(Source::new("", Syntax::Json, bytes).text())
    }

    /// The entries of another one that a run with this reach cannot speak of.
    pub fn beside(&self, reach: &Reach) -> Document {
        let beside = self.findings.iter().filter(|entry| !reach.covers(&entry.file));
        Document { version: VERSION, findings: beside.cloned().collect() }
    }

    /// With the entries of another one that it does not have itself, by file.
    pub fn and(mut self, other: Document) -> Document {
        let key = |entry: &Entry| (entry.rule.clone(), entry.file.clone(), entry.fingerprint.clone());
        let mine: BTreeSet<_> = self.findings.iter().map(key).collect();
        self.findings.extend(other.findings.into_iter().filter(|entry| !mine.contains(&key(entry))));
        self.findings.sort_by(|a, b| a.file.cmp(&b.file));
        self
    }
}

fn document(text: &str) -> Result<Document, BaselineError> {
    let form = |error: serde_json::Error| BaselineError::Form(mask(&error.to_string()).into_owned());
    let Versioned { version } = serde_json::from_str(text).map_err(form)?;
    if version != VERSION {
        return Err(BaselineError::Version(version));
    }
    serde_json::from_str(text).map_err(form)
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
    /// From the baseline's own folder.
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

impl fmt::Display for BaselineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BaselineError::Form(why) => f.write_str(why),
            BaselineError::Version(version) => {
                write!(f, "it is of version {version}; this keyslot reads version {VERSION}")
            }
            BaselineError::WithoutReason(1) => f.write_str("1 of its entries gives no reason"),
            BaselineError::WithoutReason(count) => write!(f, "{count} of its entries give no reason"),
        }
    }
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
        Document { version: VERSION, findings: self.entries.clone() }.beside(reach)
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

/// File and fingerprint of each finding, as the baseline knows them.
fn named(tree: &Tree, reach: &Reach, findings: &[Finding], form: Form) -> Vec<(String, String)> {
    let path = |finding: &Finding| match &finding.file {
        File::Tree(file) => reach.path(tree.sources[*file].path()),
        File::Copied(source) => reach.path(source.path()),
        File::Other(source) => source.path().to_owned(),
    };
    let paths: Vec<String> = findings.iter().map(path).collect();
    let fingerprints = fingerprint::with_paths(tree, findings, &paths, form);
    paths.into_iter().zip(fingerprints).map(|(path, print)| (path, print.to_string())).collect()
}

fn silence(finding: &mut Finding, entry: &Entry) {
    let reason = mask(&entry.reason).into_owned();
    finding.silenced.get_or_insert(Silenced { by: SilencedBy::Baseline, reason });
}

fn unused(entry: &Entry) -> String {
    format!("this baseline silences a finding of `{}` in {} that is not there", entry.rule, entry.file)
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

    fn here() -> Reach {
        Reach::new("/w", "/w", None)
    }

    fn text_of(document: &Document) -> String {
        serde_json::to_string_pretty(document).unwrap()
    }

    fn baseline(text: &str, because: &str) -> String {
        text_of(&baseline_of(&tree(text), &here(), &check(&tree(text)), because))
    }

    fn applied(text: &str, baseline: &str) -> Vec<Finding> {
        let mut findings = check(&tree(text));
        Baseline::parse("known.json", baseline.as_bytes()).unwrap().apply(
            &tree(text),
            &here(),
            &mut findings,
        );
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
    fn an_entry_holds_after_a_flip_whichever_keyslot_wrote_it() {
        let text = "resource \"azurerm_linux_web_app\" \"w\" {\n  app_settings = { A = azurerm_cosmosdb_account.x.primary_key }\n}\n";
        let flipped = text.replace("primary", "secondary");
        let rules = |text: &str, known: &str| -> Vec<(&str, bool)> {
            let findings = applied(text, known);
            findings.iter().map(|finding| (finding.rule.id, finding.silenced.is_some())).collect()
        };
        let silenced = [("bypasses-key-vault", true)];
        let known = baseline(text, "known");
        assert_eq!(rules(&flipped, &known), silenced);
        let before = &named(&tree(text), &here(), &check(&tree(text)), Form::Written)[0].1;
        let paired = &named(&tree(text), &here(), &check(&tree(text)), Form::Paired)[0].1;
        let earlier = known.replace(paired.as_str(), before);
        assert_ne!(earlier, known);
        for text in [text, &flipped] {
            assert_eq!(rules(text, &earlier), silenced, "{text}");
        }
        let other = text.replace("account.x", "account.y");
        assert_eq!(rules(&other, &earlier), [("bypasses-key-vault", false), ("unused-silence", false)]);
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
        Baseline::parse("known.json", entry.as_bytes()).unwrap().apply(&tree(broken), &here(), &mut findings);
        let told: Vec<(&str, bool)> =
            findings.iter().map(|finding| (finding.rule.id, finding.silenced.is_some())).collect();
        assert_eq!(told, [("parse-error", false), ("silence-without-rule", false)]);
    }

    #[test]
    fn reasons_are_kept_when_a_baseline_is_written_again() {
        let findings = applied(TEXT, &baseline(TEXT, "known"));
        let again = baseline_of(&tree(TEXT), &here(), &findings, "other");
        assert_eq!(text_of(&again), baseline(TEXT, "known"));
    }

    #[test]
    fn a_part_of_the_tree_is_judged_by_its_own_entries_and_leaves_the_others() {
        let whole = Tree::read(&[("a.tf", TEXT), ("infra/a.tf", TEXT)]);
        let part = Tree::read(&[("a.tf", TEXT.replace("account.y", "account.z"))]).shown_under("anything");
        let written = text_of(&baseline_of(&whole, &here(), &check(&whole), "known"));
        let baseline = Baseline::parse("known.json", written.as_bytes()).unwrap();
        let reach = Reach::new("/w", "/w/infra", None);
        let mut findings = check(&part);
        baseline.apply(&part, &reach, &mut findings);
        let told: Vec<(&str, bool)> =
            findings.iter().map(|finding| (finding.rule.id, finding.silenced.is_some())).collect();
        assert_eq!(told, [("opaque-read", true), ("opaque-read", false), ("unused-silence", false)]);
        assert!(findings[2].remedy().starts_with("Remove the entry"), "{}", findings[2].remedy());
        let again = baseline_of(&part, &reach, &findings, "new").and(baseline.beside(&reach));
        let kept: Vec<(&str, &str)> =
            again.findings.iter().map(|entry| (entry.file.as_str(), entry.reason.as_str())).collect();
        assert_eq!(
            kept,
            [("a.tf", "known"), ("a.tf", "known"), ("infra/a.tf", "known"), ("infra/a.tf", "new")]
        );
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
