//! Findings that people have looked at and let be: comments in place that say so and why.
//!
//! `# keyslot:ignore RULE[,RULE] because REASON`, at the end of the line of the finding or alone above it; in JSON, the same
//! words in a property `"//"` before it. A
//! silence takes a finding out of the exit code and of the list; it changes nothing of what is claimed about an
//! account's slot. One that says too little, or silences nothing, is a finding itself.

mod lines;
mod said;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::ops::Range;

use self::lines::{Lines, spoken_of};
use self::said::Said;
pub use self::said::may_hold_silence;
use super::finding::{File, Finding, Place};
use super::rule::{Rule, nearest, rule};
use super::rules::{silence_without_reason, silence_without_rule, unused_silence};
use crate::terraform::{Comment, Source, Tree, comments, mask};

/// That a finding is let be, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Silenced {
    pub by: SilencedBy,
    pub reason: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SilencedBy {
    /// A comment of the finding's own file: its bytes.
    Comment(Range<usize>),
    /// An entry of a baseline file.
    Baseline,
}

/// Silences findings and says what is wrong with silences.
pub fn apply(tree: &Tree, findings: &mut [Finding]) -> Vec<(&'static Rule, Place)> {
    let mut by_file: BTreeMap<usize, Vec<&mut Finding>> = BTreeMap::new();
    for finding in findings {
        if let File::Tree(file) = finding.file {
            by_file.entry(file).or_default().push(finding);
        }
    }
    let mut wrong = Vec::new();
    for (file, source) in tree.sources.iter().enumerate() {
        if may_hold_silence(source.text().as_bytes()) {
            let findings = by_file.remove(&file).unwrap_or_default();
            wrong.extend(obey_all(file, source, findings));
        }
    }
    wrong
}

/// Obeys the silences of one file.
fn obey_all(file: usize, source: &Source, findings: Vec<&mut Finding>) -> Vec<(&'static Rule, Place)> {
    let lines = Lines::of(source);
    let mut by_line: ByLine<'_> = BTreeMap::new();
    for finding in findings {
        by_line.entry((lines.line(finding.span.start), finding.rule.id)).or_default().push(finding);
    }
    let comments = comments(source);
    let spoken_of = spoken_of(source, &lines, &comments);
    let mut wrong = Vec::new();
    for (comment, line) in comments.iter().zip(spoken_of) {
        if let Some(said) = Said::of(comment) {
            let told = obey(&mut by_line, comment, line, &said);
            wrong.extend(
                told.into_iter().map(|(rule, span, message)| (rule, Place::new(file, span, message))),
            );
        }
    }
    wrong
}

/// The findings of one file by line and rule.
type ByLine<'f> = BTreeMap<(usize, &'static str), Vec<&'f mut Finding>>;

/// Silences what the comment speaks of. What is wrong with it comes back with its place in the file.
fn obey(
    by_line: &mut ByLine<'_>,
    comment: &Comment,
    line: Option<usize>,
    said: &Said<'_>,
) -> Vec<(&'static Rule, Range<usize>, String)> {
    if said.rules.is_empty() {
        let message = "this silence names no rule".to_owned();
        return vec![(&silence_without_rule::RULE, comment.span.clone(), message)];
    }
    let mut wrong: Vec<(&'static Rule, Range<usize>, String)> = Vec::new();
    if said.reason.is_none() {
        let message = "this silence gives no reason, so it silences nothing".to_owned();
        wrong.push((&silence_without_reason::RULE, comment.span.clone(), message));
    }
    for (name, span) in &said.rules {
        match (silenceable(name), said.reason) {
            (Err(message), _) => wrong.push((&silence_without_rule::RULE, span.clone(), message)),
            (Ok(_), None) => {}
            (Ok(rule), Some(reason)) => {
                let found = line.and_then(|line| by_line.get_mut(&(line, rule.id)));
                let Some(found) = found else {
                    wrong.push((&unused_silence::RULE, span.clone(), unused(rule, line)));
                    continue;
                };
                let by = SilencedBy::Comment(comment.span.clone());
                let silenced = Silenced { by, reason: mask(reason).into_owned() };
                for finding in found.iter_mut() {
                    finding.silenced.get_or_insert_with(|| silenced.clone());
                }
            }
        }
    }
    wrong
}

/// The rule of this name, if its findings may be silenced; else what is wrong with the name.
pub(super) fn silenceable(name: &str) -> Result<&'static Rule, String> {
    match rule(name) {
        Some(rule) if rule.can_be_silenced() => Ok(rule),
        Some(_) => Err(format!("findings of `{name}` cannot be silenced")),
        None => Err(match nearest(name) {
            Some(near) => format!("there is no rule `{name}`; the nearest name is `{}`", near.id),
            None => format!("there is no rule `{name}`"),
        }),
    }
}

fn unused(rule: &Rule, line: Option<usize>) -> String {
    match line {
        Some(line) => format!("`{}` finds nothing on line {line}, of which this silence speaks", rule.id),
        None => format!("no line follows in which `{}` could find anything", rule.id),
    }
}
