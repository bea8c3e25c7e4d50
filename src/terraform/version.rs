//! Versions of write-only arguments: Terraform writes the argument again only when its version is another.
//!
//! A version is raised where it is written: at the argument, or in the places that give a variable or a local value
//! its number, if nothing else goes by that. One that is a digest of the key moves by itself.

use std::cell::LazyCell;
use std::ops::Range;

use super::companion::Companion;
use super::driven::is_version;
use super::entry::place;
use super::facts::{Argument, Block, Object, Read, Step, WRITE_ONLY};
use super::flow::Flow;
use super::folders::Folders;
use super::naming::{At, Written, spelt};
use super::refusal::{NotRaised, Refusal};
use super::tree::Tree;
use super::value::Value;

/// A file, and bytes in it.
type Place = (usize, Range<usize>);

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
            let raised = version.ok_or(NotRaised::Missing);
            match raised.and_then(|version| self.raised(flow, version, changed)) {
                Ok(raised) => companions.extend(raised),
                Err(why) => refusals.push(Refusal::VersionNotRaised {
                    place: self.tree.place(
                        flow.sink.file,
                        version.map_or(flow.sink.span.start, |version| version.span.start),
                    ),
                    argument: argument.clone(),
                    why,
                }),
            }
        }
        companions
    }

    fn version(&self, flow: &Flow, argument: &str) -> Option<&'t Argument> {
        let block = self.tree.block_around(flow.sink.file, &flow.sink.binding)?;
        block.version_of(argument)
    }

    fn raised(
        &self,
        flow: &Flow,
        version: &Argument,
        changed: &[usize],
    ) -> Result<Vec<Companion>, NotRaised> {
        let file = flow.sink.file;
        let places = match &version.value {
            Value::Path(object) => self.written(flow, object, changed)?,
            value if is_digest(value) && self.reads_key(flow, version, changed) => Vec::new(),
            _ => vec![(file, number(self.tree, file, version).ok_or(NotRaised::NoNumber)?)],
        };
        let companion = |(file, span): (usize, Range<usize>)| {
            let old =
                std::str::from_utf8(self.tree.sources[file].bytes().get(span.clone())?).ok()?.to_owned();
            let new = old.parse::<u64>().ok()?.checked_add(1)?.to_string();
            let why = format!("tells Terraform to write {} again", flow.sink.name);
            Some(Companion { file, span, old, new, why })
        };
        places.into_iter().map(companion).collect::<Option<_>>().ok_or(NotRaised::NoNumber)
    }

    /// Whether a version is made from the key that it is the version of, and so changes with it.
    fn reads_key(&self, flow: &Flow, version: &Argument, changed: &[usize]) -> bool {
        let account = self.tree.references[flow.reference].account;
        changed.iter().map(|at| &self.tree.references[*at]).any(|reference| {
            let within = version.span.start <= reference.span.start && reference.span.end <= version.span.end;
            reference.file == flow.sink.file && within && reference.account == account
        })
    }

    /// The places where a name gets its number for this key, if it stands for nothing but versions.
    fn written(&self, flow: &Flow, object: &Object, changed: &[usize]) -> Result<Vec<Place>, NotRaised> {
        let name = spelt(object);
        let Some((path, object)) = member(object) else { return Err(NotRaised::Part { name }) };
        let object = &object;
        let folder = self.tree.sources[flow.sink.file].folder();
        let symbol = &self.tree.references[flow.reference].symbol;
        let run = symbol.call.clone().filter(|call| call.is_of_file() && symbol.folder == folder);
        let written = self.folders.evaluator().written(&At::run(folder, run), object);
        let mut places = Vec::new();
        for written in &written {
            let at = || self.tree.place(written.file, written.argument.span.start);
            let place = match path.as_slice() {
                [] => number(self.tree, written.file, &written.argument),
                path => number_at(self.tree, written, path),
            };
            let place = place.ok_or_else(|| NotRaised::NoNumberAt { name: name.clone(), at: at() })?;
            places.push((written.file, place));
        }
        if places.is_empty() {
            return Err(NotRaised::Unknown { name });
        }
        let ground = self.tree.ground(&self.folders);
        let reads = ground.reads(folder, object, &places);
        let mut of_number = reads.iter().filter(|(_, _, read)| may_take(read, &path));
        if let Some((_, _, read)) = of_number.find(|(_, _, read)| !is_version(&read.binding)) {
            return Err(NotRaised::AlsoDecides { name, what: read.binding.join(".") });
        }
        let same_end = |other: &&Flow| {
            changed.binary_search(&other.reference).is_ok()
                && (other.sink.file, &other.sink.binding) == (flow.sink.file, &flow.sink.binding)
        };
        let keys: Vec<&Flow> = self.tree.flows().iter().filter(same_end).collect();
        let comes_by = |key: &Flow, place: &Place| {
            self.call_around(place).is_some_and(|call| self.comes_by_call(key, place.0, call))
        };
        // A key that is read behind the calls is that of all of them.
        if !keys.iter().all(|key| places.iter().any(|place| comes_by(key, place))) {
            return Ok(places);
        }
        // Given for all calls, or by one that hands in a key.
        places
            .retain(|place| self.call_around(place).is_none() || keys.iter().any(|key| comes_by(key, place)));
        Ok(places)
    }

    /// The call of a module in which a number is given.
    fn call_around(&self, (file, span): &Place) -> Option<&'t Block> {
        let is_call = |block: &Block| block.words.first().is_some_and(|word| word == "module");
        let mut calls = self.tree.blocks().filter(|(of, block)| of == file && is_call(block));
        calls.find(|(_, block)| holds(block, span)).map(|(_, call)| call)
    }

    /// Whether a key is read in the call, or handed on there.
    fn comes_by_call(&self, key: &Flow, file: usize, call: &Block) -> bool {
        let reference = &self.tree.references[key.reference];
        let hops = key.hops.iter().map(|hop| (hop.file, &hop.span));
        let mut stands = std::iter::once((reference.file, &reference.span)).chain(hops);
        stands.any(|(of, at)| of == file && holds(call, at))
    }
}

fn holds(block: &Block, at: &Range<usize>) -> bool {
    let mut arguments = block.arguments.iter().map(|argument| &argument.span);
    arguments.any(|argument| argument.start <= at.start && at.end <= argument.end)
}

/// Functions whose result is another one for another key.
const DIGESTS: [&str; 7] = ["base64sha256", "base64sha512", "md5", "sha1", "sha256", "sha512", "uuidv5"];

/// Functions that hand their first argument on, or a part of it.
const KEEPING: [&str; 6] = ["nonsensitive", "parseint", "sensitive", "substr", "tonumber", "tostring"];

/// Whether a value is made from a digest of something that it reads.
pub fn is_digest(value: &Value) -> bool {
    match value {
        Value::Call(name, arguments) => {
            let digests = DIGESTS.contains(&name.as_str()) && !value.paths().is_empty();
            digests || KEEPING.contains(&name.as_str()) && arguments.first().is_some_and(is_digest)
        }
        _ => false,
    }
}

/// The names that lead to a part of a value, and what goes by the value's own name; absent where they are not told.
fn member(object: &Object) -> Option<(Vec<String>, Object)> {
    let (first, rest) = object.steps.split_first()?;
    let names = rest.iter().map(|step| step.name().map(str::to_owned)).collect::<Option<_>>()?;
    Some((names, Object { base: object.base.clone(), steps: vec![first.clone()] }))
}

/// Whether a read of a value may take the part of it that these names lead to.
fn may_take(read: &Read, path: &[String]) -> bool {
    let taken = read.object.steps.iter().skip(1).map(Step::name);
    taken.zip(path).all(|(step, name)| step.is_none_or(|step| step == name))
}

/// Where a literal number stands in an object that is written out.
fn number_at(tree: &Tree, written: &Written<'_>, path: &[String]) -> Option<Range<usize>> {
    let source = &tree.sources[written.file];
    let span = place(source, written.block, &written.argument, path)?;
    let text = std::str::from_utf8(source.bytes().get(span.clone())?).ok()?.trim_ascii_end();
    let value = match text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
        Some(text) => Value::Text(text.to_owned()),
        None => Value::Number(text.to_owned()),
    };
    number(tree, written.file, &Argument { name: String::new(), span, value })
}

/// Where a literal number stands that is written as it reads, between quotes or without.
fn number(tree: &Tree, file: usize, argument: &Argument) -> Option<Range<usize>> {
    let (Value::Number(number) | Value::Text(number)) = &argument.value else { return None };
    let written = tree.sources[file].bytes().get(argument.span.clone())?.trim_ascii_end();
    let quotes = usize::from(matches!(argument.value, Value::Text(_)) && written.first() == Some(&b'"'));
    let span = argument.span.start + quotes..argument.span.start + written.len() - quotes;
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let bytes = tree.sources[file].bytes().get(span.clone())?;
    (is_number && bytes == number.as_bytes()).then_some(span)
}
