//! A finding in JSON, version 1 (see `check_json`).

use schemars::JsonSchema;
use serde::Serialize;

use super::place::{Stretch, stretch};
use crate::check::{Finding, Fix, Related, Severity, Silenced, SilencedBy};
use crate::terraform::{Tree, mask};

/// What a rule found. Texts never hold a key: what looks like one is masked.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FindingJson {
    /// As `keyslot check --rules` lists it.
    pub rule: String,
    pub severity: SeverityJson,
    pub file: String,
    pub line: usize,
    pub column: usize,
    pub message: String,
    pub end_line: usize,
    /// The column after the last character.
    pub end_column: usize,
    /// First byte in the file.
    pub start: usize,
    /// The byte after the last one.
    pub end: usize,
    /// The same in every run until the line itself or its file's path changes.
    pub fingerprint: String,
    /// What to do about it.
    pub remedy: String,
    /// The command that says more about the rule.
    pub help: String,
    /// Other places that belong to it.
    pub related: Vec<RelatedJson>,
    /// Changes that put it right; null where a person has to think.
    pub fix: Option<FixJson>,
    /// Why it does not count; null where it does.
    pub silenced: Option<SilencedJson>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SeverityJson {
    Note,
    Warning,
    Error,
}

#[derive(Debug, Serialize, JsonSchema)]
pub struct RelatedJson {
    pub file: String,
    pub line: usize,
    pub column: usize,
    pub end_line: usize,
    pub end_column: usize,
    /// What is to be seen there.
    pub message: String,
}

/// Changes that belong together.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FixJson {
    pub title: String,
    pub edits: Vec<EditJson>,
}

/// Bytes `start` to `end` of the file are `old` and become `new`. All places are those before any edit.
#[derive(Debug, Serialize, JsonSchema)]
pub struct EditJson {
    pub file: String,
    pub start: usize,
    pub end: usize,
    pub old: String,
    pub new: String,
}

#[derive(Debug, Serialize, JsonSchema)]
pub struct SilencedJson {
    pub by: SilencedByJson,
    pub reason: String,
    /// The line of the comment; null for a baseline.
    pub line: Option<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SilencedByJson {
    Comment,
    Baseline,
}

pub fn finding_json(tree: &Tree, finding: &Finding) -> FindingJson {
    let Stretch { start, end } = stretch(finding.source(tree), &finding.span);
    FindingJson {
        rule: finding.rule.id.to_owned(),
        severity: finding.rule.severity.into(),
        file: finding.path(tree),
        line: start.line,
        column: start.column,
        message: finding.message.clone(),
        end_line: end.line,
        end_column: end.column,
        start: finding.span.start,
        end: finding.span.end,
        fingerprint: finding.fingerprint.to_string(),
        remedy: finding.remedy().to_owned(),
        help: finding.rule.help(),
        related: finding.related.iter().map(|related| related_json(tree, related)).collect(),
        fix: finding.fix.as_ref().map(|fix| fix_json(tree, fix)),
        silenced: finding.silenced.as_ref().map(|silenced| silenced_json(tree, finding, silenced)),
    }
}

fn related_json(tree: &Tree, related: &Related) -> RelatedJson {
    let Stretch { start, end } = stretch(&tree.sources[related.file], &related.span);
    RelatedJson {
        file: tree.shown(related.file),
        line: start.line,
        column: start.column,
        end_line: end.line,
        end_column: end.column,
        message: related.label.clone(),
    }
}

fn fix_json(tree: &Tree, fix: &Fix) -> FixJson {
    let edits = fix.edits.iter().map(|edit| EditJson {
        file: tree.shown_path(&edit.path),
        start: edit.span.start,
        end: edit.span.end,
        old: mask(&edit.old).into_owned(),
        new: mask(&edit.new).into_owned(),
    });
    FixJson { title: mask(&fix.title).into_owned(), edits: edits.collect() }
}

fn silenced_json(tree: &Tree, finding: &Finding, silenced: &Silenced) -> SilencedJson {
    let (by, line) = match &silenced.by {
        SilencedBy::Comment(span) => {
            (SilencedByJson::Comment, Some(finding.source(tree).position(span.start).line))
        }
        SilencedBy::Baseline => (SilencedByJson::Baseline, None),
    };
    SilencedJson { by, reason: silenced.reason.clone(), line }
}

impl From<Severity> for SeverityJson {
    fn from(severity: Severity) -> SeverityJson {
        match severity {
            Severity::Note => SeverityJson::Note,
            Severity::Warning => SeverityJson::Warning,
            Severity::Error => SeverityJson::Error,
        }
    }
}
