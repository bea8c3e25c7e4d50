//! Findings that people have looked at and let be: comments in place that say so and why.
//!
//! `# keyslot:ignore RULE[,RULE] because REASON`, at the end of the line of the finding or alone above it; in JSON, the same
//! words in a property `"//"` before it. A
//! silence takes a finding out of the exit code and of the list; it changes nothing of what is claimed about an
//! account's slot. One that says too little, or silences nothing, is a finding itself.

use std::collections::BTreeMap;
use std::ops::Range;

use super::finding::{File, Finding, Place};
use super::rule::{Rule, nearest, rule};
use super::rules::{silence_without_reason, silence_without_rule, unused_silence};
use crate::terraform::{Comment, Source, Tree, comments, mask};

/// Where every silence begins, within its comment.
const MARKER: &str = "keyslot:";
const IGNORE: &str = "ignore";
const BECAUSE: &str = "because";

/// Whether bytes could hold a silence at all.
pub fn may_hold_silence(bytes: &[u8]) -> bool {
    memchr::memmem::find(bytes, MARKER.as_bytes()).is_some()
}

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

/// Where the lines of a file begin: many comments ask.
struct Lines(Vec<usize>);

impl Lines {
    fn of(source: &Source) -> Lines {
        Lines(
            memchr::memchr_iter(b'\n', source.text().as_bytes())
                .map(|at| source.to_file(at..at).end)
                .collect(),
        )
    }

    /// The line of an offset of the file, from 1.
    fn line(&self, offset: usize) -> usize {
        self.0.partition_point(|newline| *newline < offset) + 1
    }
}

/// What a comment says, places as bytes of the file.
#[derive(Debug, PartialEq, Eq)]
struct Said<'t> {
    rules: Vec<(&'t str, Range<usize>)>,
    reason: Option<&'t str>,
}

impl<'t> Said<'t> {
    fn of(comment: &'t Comment) -> Option<Said<'t>> {
        let text = comment.text.as_str();
        let rest = text.strip_prefix(MARKER)?.trim_start().strip_prefix(IGNORE)?;
        if rest.starts_with(|next: char| next.is_alphanumeric() || next == '-' || next == '_') {
            return None;
        }
        let start = |part: &str| comment.text_start + (part.as_ptr().addr() - text.as_ptr().addr());
        let (rules, rest) = names(rest);
        let rules = rules.into_iter().map(|name| (name, start(name)..start(name) + name.len())).collect();
        let reason = rest.strip_prefix(BECAUSE).filter(|reason| reason.starts_with(char::is_whitespace));
        let reason = reason.map(str::trim).filter(|reason| reason.contains(char::is_alphanumeric));
        Some(Said { rules, reason })
    }
}

/// Names with commas between them, and what comes after.
fn names(text: &str) -> (Vec<&str>, &str) {
    let mut names = Vec::new();
    let mut rest = text.trim_start();
    loop {
        let end = rest.find(|next: char| next.is_whitespace() || next == ',').unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        if name.is_empty() || (names.is_empty() && name == BECAUSE) {
            return (names, rest);
        }
        names.push(name);
        match after.trim_start().strip_prefix(',') {
            Some(next) => rest = next.trim_start(),
            None => return (names, after.trim_start()),
        }
    }
}

/// The line that each comment speaks of: its own where it stands after code, else the next that holds more than
/// comments, if there is one.
fn spoken_of(source: &Source, lines: &Lines, comments: &[Comment]) -> Vec<Option<usize>> {
    let text = source.text();
    let mut next_code = None;
    let mut next_comment = text.len();
    let mut spoken_of: Vec<Option<usize>> = comments
        .iter()
        .rev()
        .map(|comment| {
            let span = source.to_text(comment.span.clone());
            let between = &text[span.end..next_comment];
            if let Some(code) = between.find(|next: char| !next.is_whitespace()) {
                next_code = Some(lines.line(comment.span.end + code));
            }
            next_comment = span.start;
            if comment.opens_line { next_code } else { Some(lines.line(comment.span.start)) }
        })
        .collect();
    spoken_of.reverse();
    spoken_of
}

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

#[cfg(test)]
mod tests {
    use super::super::check;
    use super::*;

    const READ: &str = "[azurerm_cosmosdb_account.x]";

    /// Rule and line of what is left, and the reasons of what was silenced.
    #[track_caller]
    fn checked(text: &str) -> (Vec<(&'static str, usize)>, Vec<String>) {
        let tree = Tree::read(&[("a.tf", text)]);
        let (silenced, left): (Vec<Finding>, Vec<Finding>) =
            check(&tree).into_iter().partition(|finding| finding.silenced.is_some());
        let line = |finding: &Finding| finding.source(&tree).position(finding.span.start).line;
        (
            left.iter().map(|finding| (finding.rule.id, line(finding))).collect(),
            silenced.into_iter().filter_map(|finding| Some(finding.silenced?.reason)).collect(),
        )
    }

    #[test]
    fn a_comment_silences_its_own_line_or_the_next() {
        for comment in
            ["# keyslot:ignore opaque-read because R", "// keyslot: ignore opaque-read because  R "]
        {
            for text in [
                format!("locals {{\n  a = {READ} {comment}\n}}\n"),
                format!("locals {{\n  {comment}\n  a = {READ}\n}}\n"),
                format!("locals {{\n  {comment}\n\n  # more\n  a = {READ}\n}}\n"),
                format!("\u{feff}locals {{\r\n  {comment}\r\n  a = {READ}\r\n}}\r\n"),
            ] {
                assert_eq!(checked(&text), (vec![], vec!["R".to_owned()]), "{text}");
            }
        }
        let block = format!("locals {{\n  /* keyslot:ignore opaque-read because R */ a = {READ}\n}}\n");
        assert_eq!(checked(&block), (vec![], vec!["R".to_owned()]));
    }

    #[test]
    fn a_property_that_terraform_passes_over_silences_the_next_line_of_a_json_file() {
        let silence = "keyslot:ignore opaque-read because R";
        let read = "\"${[azurerm_cosmosdb_account.x]}\"";
        let found = |text: &str| {
            let tree = Tree::read(&[("a.tf.json", text)]);
            assert!(tree.unparsed.is_empty(), "{text}");
            let found = check(&tree).into_iter();
            let one = |it: Finding| {
                (it.rule.id, it.source(&tree).position(it.span.start).line, it.silenced.map(|it| it.reason))
            };
            found.map(one).collect::<Vec<_>>()
        };
        let silenced = |line| vec![("opaque-read", line, Some("R".to_owned()))];
        for (text, expected) in [
            (format!("{{\"locals\": {{\n  \"//\": \"{silence}\",\n  \"a\": {read}\n}}}}"), silenced(3)),
            (
                format!("{{\"locals\": {{\n  \"b\": 1, \"//\" : \" {silence} \" ,\n\n  \"a\": {read}\n}}}}"),
                silenced(4),
            ),
            (format!("{{\"//\": \"{silence}\", \"locals\": {{\"a\": {read}}}}}"), silenced(1)),
            (
                format!(
                    "\u{feff}{{\"//\": \"more\",\r\n\"locals\": {{ \"//\": \"{silence}\",\r\n  \"a\": {read}}}}}"
                ),
                silenced(3),
            ),
            (
                format!("{{\"locals\": {{\n  \"//\": \"keyslot:ignore opaque-read\",\n  \"a\": {read}\n}}}}"),
                vec![("silence-without-reason", 2, None), ("opaque-read", 3, None)],
            ),
            (
                format!("{{\"locals\": {{\n  \"a\": {read},\n  \"//\": \"{silence}\"\n}}}}"),
                vec![("opaque-read", 2, None), ("unused-silence", 3, None)],
            ),
            // Any other string says what it says.
            (
                format!("{{\"locals\": {{\n  \"b\": \"{silence}\",\n  \"a\": {read}\n}}}}"),
                vec![("opaque-read", 3, None)],
            ),
        ] {
            assert_eq!(found(&text), expected, "{text}");
        }
    }

    #[test]
    fn other_lines_stay_as_they_are_and_the_silence_is_told_to_be_unused() {
        let text =
            format!("locals {{\n  # keyslot:ignore opaque-read because R\n  b = 1\n  a = {READ}\n}}\n");
        assert_eq!(checked(&text), (vec![("unused-silence", 2), ("opaque-read", 4)], vec![]));
        let text = format!("locals {{\n  a = {READ}\n}}\n# keyslot:ignore opaque-read because R\n");
        assert_eq!(checked(&text), (vec![("opaque-read", 2), ("unused-silence", 4)], vec![]));
    }

    #[test]
    fn without_a_reason_nothing_is_silenced() {
        for comment in
            ["opaque-read", "opaque-read because", "opaque-read because ---", "opaque-read: why not"]
        {
            let text = format!("locals {{\n  # keyslot:ignore {comment}\n  a = {READ}\n}}\n");
            let (left, silenced) = checked(&text);
            assert!(
                left.contains(&("silence-without-reason", 2)) && left.contains(&("opaque-read", 3)),
                "{text}"
            );
            assert!(silenced.is_empty(), "{text}");
        }
    }

    #[test]
    fn names_must_be_rules_that_can_be_silenced() {
        let tree = Tree::read(&[(
            "a.tf",
            "locals {\n  a = 1 # keyslot:ignore opaque_read, parse-error because R\n  \
             b = 1 # keyslot:ignore because R\n}\n",
        )]);
        let found: Vec<(&str, String)> =
            check(&tree).into_iter().map(|finding| (finding.rule.id, finding.message)).collect();
        let of = |message: &str| ("silence-without-rule", message.to_owned());
        assert_eq!(
            found,
            [
                of("there is no rule `opaque_read`; the nearest name is `opaque-read`"),
                of("findings of `parse-error` cannot be silenced"),
                of("this silence names no rule"),
            ]
        );
    }

    #[test]
    fn several_rules_and_several_comments_reach_one_line() {
        let text = format!(
            "locals {{\n  # keyslot:ignore mixed-slots because A\n  # keyslot:ignore opaque-read because B\n  \
             a = [{READ}, azurerm_cosmosdb_account.x.secondary_key]\n  b = azurerm_cosmosdb_account.x.primary_key\n  \
             c = azurerm_cosmosdb_account.x.primary_key\n}}\n"
        );
        assert_eq!(checked(&text), (vec![], vec!["B".to_owned(), "A".to_owned()]));
        let one = text
            .replace("mixed-slots because A", "mixed-slots , opaque-read because A")
            .replace("  # keyslot:ignore opaque-read because B\n", "");
        assert_eq!(checked(&one), (vec![], vec!["A".to_owned(), "A".to_owned()]));
    }

    #[test]
    fn a_file_of_nothing_but_silences_is_read_in_its_length() {
        let text = format!("{}a = 1\n", "# keyslot:ignore opaque-read because R\n".repeat(20_000));
        let (left, _) = checked(&text[text.len() - 4_000..]);
        assert!(left.len() > 50);
        let tree = Tree::read(&[("a.tf", text)]);
        assert_eq!(check(&tree).len(), 20_000);
    }

    #[test]
    fn prose_and_strings_are_no_silences() {
        for text in [
            "# see keyslot:ignore opaque-read\n",
            "# keyslot:ignored\n",
            "locals {\n  a = \"# keyslot:ignore nothing\"\n}\n",
            "locals {\n  a = <<E\n# keyslot:ignore nothing\nE\n}\n",
        ] {
            assert_eq!(checked(text), (vec![], vec![]), "{text}");
        }
    }
}
