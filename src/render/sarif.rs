//! `keyslot check --output sarif`: SARIF 2.1.0, in the part that GitHub code scanning reads.
//!
//! One run; paths relative to where keyslot ran, which should be the repository's root; columns count characters.
//! Silenced findings are there with their suppression. What GitHub refuses or cuts is kept within its limits.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde::Serialize;

use super::place::{Stretch, stretch, uri};
use super::sarif_rule::{Descriptor, descriptor, level};
use crate::check::{Finding, RULES, Silenced, SilencedBy};
use crate::terraform::{Source, Tree};

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";
/// Results that GitHub accepts in a run. The gravest are taken.
pub const MAX_RESULTS: usize = 25_000;
/// Locations that GitHub shows with one result.
const MAX_RELATED: usize = 99;
/// Characters of a message that GitHub keeps; the rest is in the help.
const MAX_MESSAGE: usize = 1_000;
const ROOT: &str = "%SRCROOT%";
const FINGERPRINT: &str = "keyslot/v1";

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Log {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run; 1],
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Run {
    tool: Tool,
    column_kind: &'static str,
    results: Vec<Outcome>,
}

#[derive(Debug, Serialize)]
struct Tool {
    driver: Driver,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver {
    name: &'static str,
    semantic_version: &'static str,
    rules: Vec<Descriptor>,
}

/// A `result`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Outcome {
    rule_id: &'static str,
    rule_index: usize,
    level: &'static str,
    message: Message,
    locations: [Location; 1],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related_locations: Vec<Location>,
    partial_fingerprints: BTreeMap<&'static str, String>,
    /// Empty says that suppressions were looked for.
    suppressions: Vec<Suppression>,
}

#[derive(Debug, Serialize)]
pub struct Message {
    pub text: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<usize>,
    physical_location: Physical,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<Message>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Physical {
    artifact_location: Artifact,
    region: Region,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Artifact {
    uri: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    uri_base_id: Option<&'static str>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: usize,
    start_column: usize,
    end_line: usize,
    end_column: usize,
}

#[derive(Debug, Serialize)]
struct Suppression {
    kind: &'static str,
    status: &'static str,
    justification: String,
}

/// The document for what was found in a tree.
pub fn sarif(tree: &Tree, findings: &[Finding]) -> Log {
    let driver = Driver {
        name: "keyslot",
        semantic_version: env!("CARGO_PKG_VERSION"),
        rules: RULES.iter().map(descriptor).collect(),
    };
    let results = gravest(findings, MAX_RESULTS).into_iter().map(|finding| outcome(tree, finding)).collect();
    let run = Run { tool: Tool { driver }, column_kind: "unicodeCodePoints", results };
    Log { schema: SCHEMA, version: "2.1.0", runs: [run] }
}

/// As many as are allowed: those that count before those that are silenced, the graver ones first.
fn gravest(findings: &[Finding], most: usize) -> Vec<&Finding> {
    let mut findings: Vec<&Finding> = findings.iter().collect();
    if findings.len() > most {
        findings.sort_by_key(|finding| (finding.silenced.is_some(), Reverse(finding.rule.severity)));
        findings.truncate(most);
    }
    findings
}

fn outcome(tree: &Tree, finding: &Finding) -> Outcome {
    let place = location(finding.source(tree), &finding.path(tree), &finding.span);
    let related = finding.related.iter().take(MAX_RELATED).enumerate().map(|(at, related)| Location {
        id: Some(at + 1),
        message: Some(Message { text: cut(&related.label) }),
        ..location(&tree.sources[related.file], &tree.shown(related.file), &related.span)
    });
    Outcome {
        rule_id: finding.rule.id,
        // Every rule is listed: a finding's is among them.
        rule_index: RULES.iter().position(|rule| rule.id == finding.rule.id).unwrap_or_default(),
        level: level(finding.rule.severity),
        message: Message { text: cut(&sentence(&finding.message)) },
        locations: [place],
        related_locations: related.collect(),
        partial_fingerprints: BTreeMap::from([(FINGERPRINT, finding.fingerprint.to_string())]),
        suppressions: finding.silenced.iter().map(suppression).collect(),
    }
}

fn location(source: &Source, path: &str, span: &std::ops::Range<usize>) -> Location {
    let Stretch { start, end } = stretch(source, span);
    let region = Region {
        start_line: start.line,
        start_column: start.column,
        end_line: end.line,
        end_column: end.column,
    };
    let uri = uri(path);
    let uri_base_id = (!uri.starts_with("file:")).then_some(ROOT);
    let artifact_location = Artifact { uri, uri_base_id };
    Location { id: None, physical_location: Physical { artifact_location, region }, message: None }
}

fn suppression(silenced: &Silenced) -> Suppression {
    let kind = match silenced.by {
        SilencedBy::Comment(_) => "inSource",
        SilencedBy::Baseline => "external",
    };
    Suppression { kind, status: "accepted", justification: silenced.reason.clone() }
}

/// GitHub shows a message by its first sentence.
fn sentence(message: &str) -> String {
    let mut letters = message.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    let end = if message.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{first}{}{end}", letters.as_str())
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(MAX_MESSAGE) {
        Some(_) => text.chars().take(MAX_MESSAGE - 1).chain(['…']).collect(),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::check;

    #[test]
    fn what_is_too_much_is_cut_from_the_least() {
        let text = "locals {\n  a = azurerm_cosmosdb_account.x.primary_master_key\n  b = [azurerm_cosmosdb_account.y]\n  \
             c = [azurerm_cosmosdb_account.z] # keyslot:ignore opaque-read because it is mine\n}\n";
        let findings = check(&Tree::read(&[("a.tf", text)]));
        let lines = |most: usize| -> Vec<usize> {
            let tree = Tree::read(&[("a.tf", text)]);
            gravest(&findings, most).iter().map(|it| it.source(&tree).position(it.span.start).line).collect()
        };
        assert_eq!(lines(3), [2, 3, 4]);
        assert_eq!(lines(2), [3, 2]);
        assert_eq!(lines(1), [3]);
    }

    #[test]
    fn messages_are_sentences_of_bounded_length() {
        assert_eq!(sentence("the key is read"), "The key is read.");
        assert_eq!(sentence("`a` is."), "`a` is.");
        assert_eq!(cut("short"), "short");
        let long = cut(&"é".repeat(2_000));
        assert_eq!((long.chars().count(), long.chars().last()), (MAX_MESSAGE, Some('…')));
    }
}
