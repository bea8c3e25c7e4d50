//! Versions of write-only arguments: Terraform writes the argument again only when its version is another.
//!
//! A version is raised where it is written: at the argument, or in the one place that gives a variable or a local value
//! its number, if nothing else goes by that.

use std::cell::LazyCell;
use std::ops::Range;

use super::companion::Companion;
use super::driven::is_version;
use super::facts::{Argument, Object, WRITE_ONLY};
use super::flow::Flow;
use super::folders::Folders;
use super::naming::{At, Written};
use super::refusal::Refusal;
use super::tree::Tree;
use super::value::Value;

type Lazy<'t> = LazyCell<Folders<'t>, Box<dyn FnOnce() -> Folders<'t> + 't>>;

pub struct Versions<'t> {
    tree: &'t Tree,
    folders: Lazy<'t>,
}

impl<'t> Versions<'t> {
    pub fn new(tree: &'t Tree) -> Versions<'t> {
        Versions { tree, folders: LazyCell::new(Box::new(|| tree.folders())) }
    }

    /// The versions that change with these references, by number and in order.
    pub fn of(&self, changed: &[usize], refusals: &mut Vec<Refusal>) -> Vec<Companion> {
        let mut companions = Vec::new();
        let flows = self.tree.flows().iter();
        for flow in flows.filter(|flow| changed.binary_search(&flow.reference).is_ok()) {
            let Some(argument) = flow.sink.binding.iter().find(|word| word.ends_with(WRITE_ONLY)) else {
                continue;
            };
            let version = self.version(flow, argument);
            match version.and_then(|version| self.raised(flow, version)) {
                Some(companion) => companions.push(companion),
                None => refusals.push(Refusal::VersionNotRaised {
                    place: self.tree.place(
                        flow.sink.file,
                        version.map_or(flow.sink.span.start, |version| version.span.start),
                    ),
                    argument: argument.clone(),
                    versioned: version.is_some(),
                }),
            }
        }
        companions
    }

    fn version(&self, flow: &Flow, argument: &str) -> Option<&'t Argument> {
        let block = self.tree.block_around(flow.sink.file, &flow.sink.binding)?;
        block.version_of(argument)
    }

    fn raised(&self, flow: &Flow, version: &Argument) -> Option<Companion> {
        let (file, span) = match &version.value {
            Value::Path(object) => self.written(flow.sink.file, object)?,
            _ => (flow.sink.file, number(self.tree, flow.sink.file, version)?),
        };
        let old = std::str::from_utf8(self.tree.sources[file].bytes().get(span.clone())?).ok()?.to_owned();
        let new = old.parse::<u64>().ok()?.checked_add(1)?.to_string();
        let why = format!("tells Terraform to write {} again", flow.sink.name);
        Some(Companion { file, span, old, new, why })
    }

    /// The one place where a name gets its number, if the name stands for nothing but versions.
    fn written(&self, file: usize, object: &Object) -> Option<(usize, Range<usize>)> {
        let folder = self.tree.sources[file].folder();
        let written = self.folders.evaluator().written(&At::folder(folder), object);
        let [Written { file, argument, .. }] = written.as_slice() else { return None };
        let place = (*file, number(self.tree, *file, argument)?);
        let ground = self.tree.ground(&self.folders);
        let reads = ground.reads(folder, object, std::slice::from_ref(&place));
        reads.iter().all(|(_, _, read)| is_version(&read.binding)).then_some(place)
    }
}

/// Where a literal number stands that is written as it reads.
fn number(tree: &Tree, file: usize, argument: &Argument) -> Option<Range<usize>> {
    let Value::Number(number) = &argument.value else { return None };
    let written = tree.sources[file].bytes().get(argument.span.clone())?.trim_ascii_end();
    let span = argument.span.start..argument.span.start + written.len();
    (written == number.as_bytes()).then_some(span)
}
