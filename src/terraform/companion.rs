//! What has to change together with a slot, though it is no reference: the value that chooses, and the version by
//! which Terraform knows that a write-only value is another.

use std::ops::Range;

use super::facts::{Argument, Block};
use super::refusal::Refusal;
use super::tree::Tree;
use super::value::Value;
use crate::model::Slot;

/// A change beside the references.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Companion {
    pub file: usize,
    /// Bytes of the file.
    pub span: Range<usize>,
    pub old: String,
    pub new: String,
    /// In a few words, what it is: `var.slot chooses the slot`.
    pub why: String,
}

/// Everything that changes with these references, which are indexes into the tree's.
pub fn companions(tree: &Tree, changed: &[usize], to: Slot) -> Result<Vec<Companion>, Vec<Refusal>> {
    let mut companions = Vec::new();
    let mut refusals = Vec::new();
    for at in changed {
        match chosen(tree, *at, to) {
            Ok(more) => companions.extend(more),
            Err(refusal) => refusals.push(refusal),
        }
        companions.extend(versions(tree, *at, &mut refusals));
    }
    companions.sort_by_key(|companion| (companion.file, companion.span.start));
    companions.dedup();
    if refusals.is_empty() { Ok(companions) } else { Err(refusals) }
}

fn chosen(tree: &Tree, at: usize, to: Slot) -> Result<Vec<Companion>, Refusal> {
    let reference = &tree.references[at];
    let Some(chooser) = reference.chooser.and_then(|chooser| tree.choosers.get(chooser)) else {
        return Ok(Vec::new());
    };
    // The other value must lead to the slot that is meant, and to nothing else.
    let leads = tree.references.iter().any(|other| {
        other.chooser == reference.chooser && other.account == reference.account && other.slot == to
    });
    match &chooser.other {
        Some(new) if leads => Ok(chooser
            .places
            .iter()
            .map(|(file, span)| Companion {
                file: *file,
                span: span.clone(),
                old: chooser.value.clone(),
                new: new.clone(),
                why: format!("{} chooses the slot", chooser.name),
            })
            .collect()),
        Some(_) | None => Err(Refusal::ChosenElsewhere {
            place: tree.place(reference.file, reference.span.start),
            attribute: reference.attribute.clone(),
        }),
    }
}

/// Versions of the write-only arguments that a reference's key ends in.
fn versions(tree: &Tree, at: usize, refusals: &mut Vec<Refusal>) -> Vec<Companion> {
    let mut companions = Vec::new();
    for flow in tree.flows().iter().filter(|flow| flow.reference == at) {
        let Some(argument) = flow.sink.binding.iter().find(|word| word.ends_with("_wo")) else { continue };
        let starts = |block: &Block| !block.words.is_empty() && flow.sink.binding.starts_with(&block.words);
        let block = tree.blocks().find(|(file, block)| *file == flow.sink.file && starts(block));
        let version = block.and_then(|(_, block)| block.argument(&format!("{argument}_version")));
        match version.and_then(|version| raised(tree, flow.sink.file, version)) {
            Some((old, new)) => companions.extend(version.map(|version| Companion {
                file: flow.sink.file,
                span: version.span.clone(),
                old,
                new,
                why: format!("tells Terraform to write {} again", flow.sink.name),
            })),
            None => refusals.push(Refusal::VersionNotRaised {
                place: tree.place(
                    flow.sink.file,
                    version.map_or(flow.sink.span.start, |version| version.span.start),
                ),
                argument: argument.clone(),
            }),
        }
    }
    companions
}

/// A literal number, as it is written, and the next one.
fn raised(tree: &Tree, file: usize, version: &Argument) -> Option<(String, String)> {
    let Value::Number(number) = &version.value else { return None };
    let source = &tree.sources[file];
    let written = source.bytes().get(version.span.clone())?;
    let next = number.parse::<u64>().ok()?.checked_add(1)?;
    (written == number.as_bytes()).then(|| (number.clone(), next.to_string()))
}
