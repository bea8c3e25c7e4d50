//! `.tf.json`: Terraform's other syntax, in which expressions stand in strings.
//!
//! `serde_json` judges whether it is JSON; a small scan then finds the strings with their places, because values
//! alone cannot be edited in place. What stands in a string whose escapes move its bytes is read all the same, but none
//! of its words has a place: no edit finds them.

mod put;
mod scan;
mod take;

use std::ops::Range;

use self::put::{Known, put};
use self::scan::{Leaf, Scan};
use self::take::take;
use super::facts::Facts;
use super::parse::ParseFailure;
use super::source::Source;
use super::syntax::Syntax;
use super::walk::{COMPONENT, INPUTS};

pub fn facts_of(source: &Source) -> Result<Facts, ParseFailure> {
    let text = source.text();
    // As a value, because what is merely skipped may nest without end.
    serde_json::from_str::<serde_json::Value>(text).map_err(|error| failure(source, &error))?;
    let mut scan = Scan { text, at: 0, path: Vec::new(), leaves: Vec::new() };
    scan.value(false);
    let mut facts = Facts::default();
    let mut known = Known::default();
    for mut leaf in scan.leaves {
        as_module(&mut leaf.path);
        if !leaf.is_key && !leaf.path.iter().any(|name| name == REMARK) {
            put(source, &leaf, &mut facts, &mut known);
        }
        if leaf.is_string && source.syntax() == Syntax::Json {
            let reads = facts.reads.len();
            facts = take(source, &leaf, facts);
            for read in &mut facts.reads[reads..] {
                if read.label.is_none() {
                    read.label.clone_from(&leaf.label);
                }
                if read.binding == leaf.path {
                    read.called.clone_from(&leaf.called);
                }
            }
        }
    }
    Ok(facts)
}

/// Where a value stands to which these keys lead; absent where there is none, or more than one.
pub fn place(source: &Source, path: &[String]) -> Option<Range<usize>> {
    let mut scan = Scan { text: source.text(), at: 0, path: Vec::new(), leaves: Vec::new() };
    scan.value(false);
    let mut found = scan.leaves.into_iter().filter_map(|mut leaf| {
        as_module(&mut leaf.path);
        (!leaf.is_key && leaf.path == path).then_some(leaf.span)
    });
    let only = found.next().filter(|_| found.next().is_none())?;
    Some(source.to_file(only))
}

/// The name of properties that Terraform passes over.
const REMARK: &str = "//";

/// Strings that Terraform passes over, as the span of the whole property with the comma behind it, and that of what
/// stands between the quotes.
pub fn remarks(source: &Source) -> Vec<(Range<usize>, Range<usize>)> {
    let text = source.text();
    if serde_json::from_str::<serde::de::IgnoredAny>(text).is_err() {
        return Vec::new();
    }
    let mut scan = Scan { text, at: 0, path: Vec::new(), leaves: Vec::new() };
    scan.value(false);
    let is_remark =
        |leaf: &Leaf| leaf.is_string && !leaf.is_key && leaf.path.last().is_some_and(|name| name == REMARK);
    let property = |leaf: Leaf| {
        let start = text[..leaf.span.start].rfind("\"//\"").unwrap_or(leaf.span.start);
        let rest = &text[leaf.span.end..];
        let behind = rest.trim_start_matches(['"', ',', ' ', '\t']);
        (start..leaf.span.end + rest.len() - behind.len(), leaf.span)
    };
    scan.leaves.into_iter().filter(is_remark).map(property).collect()
}

/// A component is a module block whose inputs stand in a map of their own.
fn as_module(path: &mut Vec<String>) {
    if path.first().is_some_and(|kind| kind == COMPONENT) {
        "module".clone_into(&mut path[0]);
        if path.len() > 3 && path[2] == INPUTS {
            path.remove(2);
        }
    }
}

fn failure(source: &Source, error: &serde_json::Error) -> ParseFailure {
    let line_start: usize =
        source.text().split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
    let offset = source.text().floor_char_boundary(line_start + error.column().saturating_sub(1));
    let message = match error.to_string() {
        deep if deep.contains("recursion limit") => {
            "it nests more than 127 levels deep, and keyslot reads no more, though Terraform may".to_owned()
        }
        message => message,
    };
    ParseFailure { span: source.to_file(offset..offset), message }
}
