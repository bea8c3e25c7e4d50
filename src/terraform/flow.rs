//! From a reference to where its key ends: through local values, outputs, module inputs and repeated blocks.
//!
//! A flow is told as far as the text tells it; where ways part and meet again, one of them is told. It ends at a sink:
//! a Key Vault secret, another argument of a resource, an output of a root, an input that is handed to code which is
//! not in the tree.

mod passed;
mod read_back;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use self::passed::{OTHER_NAMES, left};
pub use self::read_back::Back;
use self::read_back::read_back;

use super::driven::is_version;
use super::facts::{Base, Binding, Block, Object, Read, Remade, Step, StepKind, Token};
use super::folders::{Cell, Folders, Kind, MAX_DEPTH, repeated};
use super::instance::{Call, Instance, admits};
use super::naming::At;
use super::offer::COMPUTED;
use super::parse::Parsed;
use super::reference::{Reference, Role};
use super::source::Source;
use super::tree::Tree;
use super::value::Value;
use super::version::is_digest;
use super::walk::KEY_VAULT_SECRET;

/// A name that the key passes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hop {
    pub file: usize,
    /// The expression that reads the name.
    pub span: Range<usize>,
    /// The name: `local.secrets["CosmosDb-ApiKey"]`.
    pub name: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SinkKind {
    KeyVaultSecret,
    /// Another argument of a resource or data source.
    Argument,
    /// A provider's or backend's settings.
    Setting,
    /// An output of a folder that no module block uses.
    RootOutput,
    /// An input of code that is not in the tree.
    Input,
    /// A name that nothing reads.
    Unread,
}

/// Where a key ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sink {
    pub kind: SinkKind,
    /// The secret's name, or the address of the argument.
    pub name: String,
    pub file: usize,
    /// The words of the block that holds it, where they are known; else the expression.
    pub span: Range<usize>,
    pub binding: Binding,
    /// The element of the repeated block that holds it: its key in `for_each`.
    pub element: Option<String>,
    /// Where the secret that it is written to is read back.
    pub read_back: Vec<Back>,
}

impl Sink {
    /// Whether Terraform only looks there whether a key is another, and hands none out: what replaces a resource, or a
    /// version that is a digest.
    pub fn is_watched(&self, tree: &Tree) -> bool {
        let triggers = matches!(self.binding.as_slice(), [.., lifecycle, triggers, _] | [.., lifecycle, triggers]
            if lifecycle == "lifecycle" && triggers == "replace_triggered_by");
        let version = || {
            let block = tree.block_around(self.file, &self.binding)?;
            block.argument(self.binding.last().filter(|_| is_version(&self.binding))?)
        };
        triggers || version().is_some_and(|version| is_digest(&version.value))
    }
}

/// One way of one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flow {
    /// Index into the tree's references.
    pub reference: usize,
    pub hops: Vec<Hop>,
    pub sink: Sink,
}

/// All ways of all references, in their order.
pub fn flows(
    sources: &[Source],
    facts: &[Parsed],
    known: &BTreeSet<String>,
    references: &[Reference],
) -> Vec<Flow> {
    let folders = Folders::new(sources, facts, known);
    let mut tracer = Tracer {
        folders: &folders,
        reads: BTreeMap::new(),
        whole: BTreeMap::new(),
        flows: Vec::new(),
        steps: 0,
        stood: BTreeSet::new(),
    };
    tracer.index(facts);
    for (at, reference) in references.iter().enumerate() {
        let before = tracer.flows.len();
        for folder in &reference.homes {
            for run in reference.runs_of(folder) {
                tracer.start(at, reference, folder, run, before);
            }
        }
    }
    let Tracer { mut flows, .. } = tracer;
    read_back(&folders, facts, &mut flows);
    flows
}

/// Where a key stands on its way.
struct Stand<'f> {
    file: usize,
    /// The folder that the file speaks in.
    folder: &'f str,
    /// The run of the folder's code; absent for all of them.
    run: Option<Call>,
    span: Range<usize>,
    binding: &'f [String],
    /// What names of the binding, or below it, may be others.
    remade: Option<Remade>,
    /// The path within what stands there: the key of a map that is handed on whole.
    rest: Vec<String>,
    /// The key of the repeated block's element.
    element: Option<String>,
}

struct Tracer<'f> {
    folders: &'f Folders<'f>,
    /// The reads of each name, with the folders that they are for.
    reads: BTreeMap<Cell, Vec<(usize, &'f str, &'f Read)>>,
    /// The reads of all that the code of a folder hands out.
    whole: BTreeMap<String, Vec<(usize, &'f str, &'f Read)>>,
    flows: Vec<Flow>,
    /// Of the reference and folder at hand: how many steps were taken, and to which reads.
    steps: usize,
    stood: BTreeSet<(usize, usize)>,
}

/// A read that was passed, and what of the name's value it was passed with: the path below, and the element.
type Passage = (usize, usize, Vec<String>, Option<String>);

/// So many steps from one reference in one folder are told with every element of an object that they pass with. From then
/// on a read that was passed is not passed again: names that hold each other in ever deeper objects would never end.
const MANY_STEPS: usize = 512;

/// More names of one block's secrets than this are counted.
const MANY_NAMES: usize = 8;

impl<'f> Tracer<'f> {
    /// Follows a reference from one folder that it is read for, in a run of its code; `before` flows were there without it.
    fn start(&mut self, at: usize, reference: &Reference, folder: &str, run: Option<&Call>, before: usize) {
        let start = |rest: Vec<String>| Stand {
            file: reference.file,
            folder,
            run: run.cloned(),
            span: reference.span.clone(),
            binding: &reference.binding,
            remade: reference.remade,
            rest,
            element: None,
        };
        let mine = self.flows.len();
        self.steps = 0;
        self.stood.clear();
        // What is only asked goes nowhere.
        if reference.role != Role::Tested {
            for rest in reference.parts() {
                self.follow(at, &start(rest.to_vec()), &mut Vec::new(), &mut BTreeSet::new());
            }
        }
        if self.flows.len() == mine {
            // So do names that only name each other.
            let start = start(Vec::new());
            let cell = self.folders.readable(folder, start.binding);
            let sink = self.sink(&start, cell.as_ref().map(|(cell, _)| cell));
            self.flows.push(Flow { reference: at, hops: Vec::new(), sink });
        }
        // What two configurations include may go one way.
        let mut more = self.flows.split_off(mine);
        // Of all that a module hands out, most is left where it is kept together.
        if more.iter().any(|flow| flow.sink.kind != SinkKind::Unread) {
            let whole: BTreeSet<(usize, usize)> =
                self.whole.values().flatten().map(|(file, _, read)| (*file, read.span.start)).collect();
            let kept = |flow: &Flow| flow.hops.iter().any(|hop| whole.contains(&(hop.file, hop.span.start)));
            more.retain(|flow| flow.sink.kind != SinkKind::Unread || !kept(flow));
        }
        for flow in more {
            if !self.flows[before..].contains(&flow) {
                self.flows.push(flow);
            }
        }
    }

    fn index(&mut self, facts: &'f [Parsed]) {
        for (file, facts) in facts.iter().enumerate() {
            let reads = facts.iter().flat_map(|facts| &facts.reads);
            for (folder, read) in
                reads.flat_map(|read| self.folders.homes(file).iter().map(move |it| (*it, read)))
            {
                if let Some((cell, _)) = self.folders.cell_of(folder, &read.object) {
                    self.reads.entry(cell).or_default().push((file, folder, read));
                } else if let Some(module) = self.folders.whole(folder, &read.object) {
                    self.whole.entry(module.to_owned()).or_default().push((file, folder, read));
                }
            }
        }
    }

    fn follow(
        &mut self,
        reference: usize,
        stand: &Stand<'_>,
        hops: &mut Vec<Hop>,
        passed: &mut BTreeSet<Passage>,
    ) {
        let readable = self.folders.readable(stand.folder, stand.binding);
        let mut went_on = false;
        if let Some((cell, rest)) = &readable
            && hops.len() < MAX_DEPTH
        {
            let mut path: Vec<String> = rest.iter().chain(&stand.rest).cloned().collect();
            let remade = stand.remade.filter(|remade| !remade.told || !stand.rest.is_empty());
            if let Some(Remade { from, .. }) = remade {
                let before = stand.binding.len() - rest.len();
                path.insert(from.saturating_sub(before).min(rest.len()), OTHER_NAMES.to_owned());
            }
            let named = self.reads.get(cell).into_iter().flatten().map(|read| (read, false));
            let whole = self.whole.get(&cell.folder).filter(|_| cell.kind == Kind::Output);
            let whole = whole.into_iter().flatten().map(|read| (read, true));
            let reads: Vec<_> = named.chain(whole).map(|(read, whole)| (*read, whole)).collect();
            for ((file, folder, read), whole) in reads {
                let reached = match whole {
                    true => self.holds(folder, read, &cell.name, &path, stand.run.as_ref()),
                    false => self.reaches(folder, read, &path, &stand.element),
                };
                let Some((rest, element)) = reached else { continue };
                let Some(run) = self.next_run(stand, cell, folder, read) else { continue };
                went_on = true;
                let known = !self.stood.insert((file, read.span.start));
                let passage = (file, read.span.start, rest.clone(), element.clone());
                if known && self.steps > MANY_STEPS || !passed.insert(passage) {
                    continue;
                }
                self.steps += 1;
                hops.push(Hop { file, span: read.span.clone(), name: told(&read.object, &rest, &element) });
                let (span, binding) = (read.span.clone(), read.binding.as_slice());
                let next = Stand { file, folder, run, span, binding, remade: read.remade, rest, element };
                self.follow(reference, &next, hops, passed);
                hops.pop();
            }
        }
        let repeated = if went_on || !hops.is_empty() { Vec::new() } else { self.repeated_over(stand) };
        for (folder, read) in repeated {
            went_on = true;
            let name = told(&read.object, &stand.rest, &stand.element);
            hops.push(Hop { file: stand.file, span: read.span.clone(), name });
            let (span, binding) = (read.span.clone(), read.binding.as_slice());
            let (rest, element) = (stand.rest.clone(), stand.element.clone());
            let (file, run, remade) = (stand.file, stand.run.clone(), read.remade);
            let next = Stand { file, folder, run, span, binding, remade, rest, element };
            self.follow(reference, &next, hops, passed);
            hops.pop();
        }
        if !went_on {
            let sink = self.sink(stand, readable.as_ref().map(|(cell, _)| cell));
            self.flows.push(Flow { reference, hops: hops.clone(), sink });
        }
    }

    /// The reads of the elements of a collection that a block is repeated over, where that goes by a name which the block's
    /// own place among the names does not tell.
    fn repeated_over(&self, stand: &Stand<'_>) -> Vec<(&'f str, &'f Read)> {
        let at = stand.binding.iter().position(|name| name == "for_each").unwrap_or(stand.binding.len());
        let (block, over) = stand.binding.split_at(at);
        // A `for` may give the elements other names.
        if over.is_empty() || over[1..].iter().any(|name| name != COMPUTED) {
            return Vec::new();
        }
        let is_here = |file: usize, read: &Read| {
            let around = read.span.start <= stand.span.start && stand.span.end <= read.span.end;
            file == stand.file && around && read.binding == stand.binding
        };
        let mut named = self.reads.values().filter_map(|reads| {
            let (_, _, over) = reads.iter().find(|(file, _, read)| is_here(*file, read))?;
            Some((reads, *over))
        });
        let Some((reads, over)) = named.next() else { return Vec::new() };
        let kinds = |read: &'f Read| read.object.steps.iter().map(|step| &step.kind);
        let over_name = stand.binding.get(at);
        let elements = reads.iter().filter(|(file, folder, read)| {
            let takes = read.object.base == over.object.base
                && kinds(read).take(over.object.steps.len()).eq(kinds(over))
                && matches!(
                    kinds(read).nth(over.object.steps.len()),
                    Some(StepKind::Element | StepKind::Any)
                );
            takes
                && *file == stand.file
                && *folder == stand.folder
                && read.binding.starts_with(block)
                && read.binding.get(at) != over_name
                && !read.tested
        });
        elements.map(|(_, folder, read)| (*folder, *read)).collect()
    }

    /// The run of the folder in which a name is read, if what stands there is read by it: an output is read by the calls
    /// that it is an output of.
    fn next_run(&self, stand: &Stand<'_>, cell: &Cell, folder: &str, read: &Read) -> Option<Option<Call>> {
        match cell.kind {
            Kind::Local | Kind::Each => Some(stand.run.clone()),
            Kind::Variable => {
                let name = match stand.binding {
                    [module, name, ..] if module == "module" => name,
                    _ => "",
                };
                Some(Some(Call::new(stand.folder, name).within(stand.run.clone())))
            }
            Kind::Output => {
                let Some(run) = &stand.run else { return Some(None) };
                let Some(call) = self.folders.call_of(folder, &read.object) else { return Some(None) };
                let caller = run.caller().filter(|_| run.folder == folder).cloned();
                admits(Some(&call), Some(run)).then_some(caller)
            }
        }
    }

    /// Whether a read of a name takes the value at a path below it: what is left of the path, and the key of the
    /// element that it came through. `came` is the element that it came through before.
    fn reaches(
        &self,
        folder: &str,
        read: &Read,
        path: &[String],
        came: &Option<String>,
    ) -> Option<(Vec<String>, Option<String>)> {
        // What a block is repeated over and named as such is read where its elements are.
        let last = read.binding.last().map(String::as_str);
        let named = last == Some("for_each") && read.mention;
        if read.tested || last == Some("count") || named || read.looped {
            return None;
        }
        let (_, steps) = self.folders.cell_of(folder, &read.object)?;
        let (left, element) = left(steps, path)?;
        let through = path.is_empty() && matches!(read.object.base, Base::Each(_));
        Some((left, element.or_else(|| came.clone().filter(|_| through))))
    }

    /// What is left of the path to an output where all outputs are read together: the output's own name is the first of
    /// it, behind that of the instance whose output it is.
    fn holds(
        &self,
        folder: &str,
        read: &Read,
        output: &str,
        path: &[String],
        run: Option<&Call>,
    ) -> Option<(Vec<String>, Option<String>)> {
        let last = read.binding.last().map_or("", String::as_str);
        if read.tested || read.looped || ["count", "for_each"].contains(&last) || !is_value(&read.binding) {
            return None;
        }
        let repeated = match &read.object.base {
            Base::Module(name) if read.object.steps.is_empty() => {
                self.folders.block(folder, &["module", name]).is_some_and(|(_, block)| repeated(block))
            }
            _ => false,
        };
        let instance = run.and_then(|run| run.instance.as_ref()).map(Instance::text);
        let instance = repeated.then(|| instance.unwrap_or_else(|| COMPUTED.to_owned()));
        let names = instance.into_iter().chain([output.to_owned()]);
        Some((names.chain(path.iter().cloned()).collect(), None))
    }

    fn sink(&self, stand: &Stand<'_>, cell: Option<&Cell>) -> Sink {
        let folder = stand.folder;
        let words: Vec<&str> = stand.binding.iter().map(String::as_str).collect();
        let below = |from: usize| {
            let words = words.iter().skip(from).copied().chain(stand.rest.iter().map(String::as_str));
            let words = words.filter(|word| *word != OTHER_NAMES);
            let mut words: Vec<&str> = words.collect();
            // Of a collection that is made there, any element.
            while words.last() == Some(&COMPUTED) {
                words.pop();
            }
            words.join(".")
        };
        let block = self.block(folder, stand);
        let element = stand.element.clone().filter(|element| is_instance(block, element));
        let (kind, name) = match (words.as_slice(), cell) {
            (["resource", KEY_VAULT_SECRET, address, "value" | "value_wo", ..], _) => {
                (SinkKind::KeyVaultSecret, self.secret(stand, address, block, element.as_ref()))
            }
            (["resource", ..], _) => (SinkKind::Argument, below(1)),
            (["data", ..], _) => (SinkKind::Argument, below(0)),
            (["output", name, ..], Some(cell)) if self.folders.callers(&cell.folder).is_empty() => {
                (SinkKind::RootOutput, (*name).to_owned())
            }
            (["output" | "locals", ..], _) => (SinkKind::Unread, below(0)),
            (["module", ..] | ["inputs", ..], None) => (SinkKind::Input, below(0)),
            (_, Some(Cell { kind: Kind::Variable, folder, name })) => {
                (SinkKind::Unread, format!("var.{name} of {folder}"))
            }
            (["module", ..], Some(Cell { kind: Kind::Each, .. })) => (SinkKind::Unread, below(0)),
            _ => (SinkKind::Setting, below(0)),
        };
        let span = block.map_or(stand.span.clone(), |block| block.header.clone());
        let file = stand.file;
        let binding = stand.binding.to_vec();
        Sink { kind, name, file, span, binding, element, read_back: Vec::new() }
    }

    fn block(&self, folder: &str, stand: &Stand<'_>) -> Option<&'f Block> {
        let words: Vec<&str> = stand.binding.iter().take(3).map(String::as_str).collect();
        let at = |length: usize| self.folders.blocks_at(folder, &words[..length]).collect::<Vec<_>>();
        (1..=words.len())
            .flat_map(at)
            .filter(|(file, _)| *file == stand.file)
            .map(|(_, block)| block)
            .max_by_key(|block| block.header.start.min(stand.span.start))
    }

    /// The name of a secret: as it is written, or the key of the element that it is made for. Of a block that is repeated,
    /// the names of all its instances, where nothing says which of them it is.
    fn secret(
        &self,
        stand: &Stand<'_>,
        address: &str,
        block: Option<&Block>,
        element: Option<&String>,
    ) -> String {
        let named = block.and_then(|block| block.value("name"));
        let is_own_key = |value: &Value| matches!(value, Value::Other(text) if text == "each.key");
        let at = || At::run(stand.folder, stand.run.clone());
        let within = |instance| at().block(&["resource", KEY_VAULT_SECRET, address], Some(instance));
        let name = |at: &At, value: &Value| self.folders.evaluator().name(at, value).to_string();
        match (named, element) {
            (Some(value), Some(element)) if is_own_key(value) => element.clone(),
            (Some(value), Some(element)) => name(&within(instance(block, element)), value),
            (Some(value), None) => match self.names(&at(), within, block, value) {
                Some(names) => names,
                None if is_own_key(value) => format!("{KEY_VAULT_SECRET}.{address}"),
                None => name(&at(), value),
            },
            (None, _) => format!("{KEY_VAULT_SECRET}.{address}"),
        }
    }

    /// What a name comes to in the instances of a block, each once; absent where that is not known of each.
    fn names(
        &self,
        at: &At,
        within: impl Fn(Instance) -> At,
        block: Option<&Block>,
        value: &Value,
    ) -> Option<String> {
        let evaluator = self.folders.evaluator();
        let instances = evaluator.instances(at, block?)?.into_iter();
        let name = |instance| evaluator.name(&within(instance), value).as_literal().map(str::to_owned);
        let names: BTreeSet<String> = instances.map(name).collect::<Option<_>>()?;
        let more = names.len().saturating_sub(MANY_NAMES);
        let mut told: Vec<String> = names.into_iter().take(MANY_NAMES).collect();
        told.extend((more > 0).then(|| format!("{more} more")));
        (!told.is_empty()).then(|| told.join(", "))
    }
}

/// Whether what stands there is a value, and does not only say what waits for what.
fn is_value(binding: &[String]) -> bool {
    let orders = |word: &String| ["depends_on", "providers", "replace_triggered_by"].contains(&word.as_str());
    !binding.iter().any(orders)
}

/// A read in words: the path as it is written, and the element that is meant.
fn told(object: &Object, rest: &[String], element: &Option<String>) -> String {
    let mut object = object.clone();
    if let Some(element) = element.as_ref().filter(|element| *element != COMPUTED)
        && let Some(step) = object
            .steps
            .iter_mut()
            .find(|step| matches!(step.kind, StepKind::Any | StepKind::Element | StepKind::Computed(_)))
    {
        step.kind = StepKind::Key(element.clone());
    }
    let more = rest
        .iter()
        .filter(|name| ![COMPUTED, OTHER_NAMES].contains(&name.as_str()))
        .map(|name| Step { kind: StepKind::Key(name.clone()), token: Token::Elsewhere });
    object.steps.extend(more);
    super::naming::spelt(&object)
}

/// Whether the key of an element is that of the block's instance too: a list's numbers are those of no `for_each`, and
/// a `for` may make new keys.
fn is_instance(block: Option<&Block>, element: &str) -> bool {
    let counted = block.is_some_and(|block| block.value("count").is_some());
    let remade = block.and_then(|block| block.value("for_each")).is_some_and(makes_keys);
    element != COMPUTED && !remade && (counted || element.parse::<u64>().is_err())
}

/// The instance of a block whose key is that of an element.
fn instance(block: Option<&Block>, element: &str) -> Instance {
    let counted = block.is_some_and(|block| block.value("count").is_some());
    match element.parse() {
        Ok(number) if counted => Instance::Index(number),
        _ => Instance::Key(element.to_owned()),
    }
}

fn makes_keys(over: &Value) -> bool {
    match over {
        Value::Other(text) => text.strip_prefix("{for").is_some_and(|text| {
            let key = text.split_once(',').map(|(key, _)| format!(":{key}=>"));
            !key.is_some_and(|key| text.contains(&key))
        }),
        Value::Call(_, arguments) => arguments.iter().any(makes_keys),
        _ => false,
    }
}
