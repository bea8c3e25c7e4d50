//! From a reference to where its key ends: through local values, outputs, module inputs and repeated blocks.
//!
//! A flow is told as far as the text tells it; where ways part and meet again, one of them is told. It ends at a sink:
//! a Key Vault secret, another argument of a resource, an output of a root, an input that is handed to code which is
//! not in the tree.

mod onward;
mod passed;
mod read_back;
mod sink;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use self::passed::OTHER_NAMES;
pub use self::read_back::Back;
use self::read_back::read_back;
pub use self::sink::{Sink, SinkKind};
use super::facts::{Object, Read, Remade, Step, StepKind, Token};
use super::folders::{Cell, Folders, Kind, MAX_DEPTH};
use super::instance::Call;
use super::offer::COMPUTED;
use super::parse::Parsed;
use super::reference::{Reference, Role};
use super::source::Source;

/// A name that the key passes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hop {
    pub file: usize,
    /// The expression that reads the name.
    pub span: Range<usize>,
    /// The name: `local.secrets["CosmosDb-ApiKey"]`.
    pub name: String,
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
