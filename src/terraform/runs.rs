//! Which runs of a folder's code there are, and which instances of a block: what a symbol that leaves them open stands
//! for.
//!
//! Instances are told apart where the text tells them, or names them one by one; a block of which fewer than two are
//! known is one symbol. Runs are told apart through all modules that lead to a folder, as long as they lead in no circle
//! and are not more than anybody would look at.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::account::Symbol;
use super::attribute::COSMOSDB_ACCOUNT;
use super::declared::Declared;
use super::facts::{AZAPI_ACTION, SymbolKind};
use super::folders::{Folders, repeated};
use super::instance::{Call, Instance, admits, is_meant};
use super::naming::{At, Evaluator};

/// Of more runs than this only the calls of the folder itself are told apart.
const MAX_RUNS: usize = 128;
/// Folders that are passed on the way up from one folder.
const MAX_PASSED: usize = 512;

pub struct Runs<'f> {
    folders: &'f Folders<'f>,
    evaluator: Evaluator<'f>,
    /// Instances that are named one by one, by folder and words of their block.
    named: BTreeMap<(String, String), BTreeSet<Instance>>,
    known: RefCell<BTreeMap<String, Rc<[Option<Call>]>>>,
    /// Symbols whose instances are not known to be different, without them.
    one: BTreeSet<Symbol>,
}

impl<'f> Runs<'f> {
    /// `read` are symbols as they are read: what names an instance says that there is one.
    pub fn new<'s>(
        folders: &'f Folders<'f>,
        read: impl Iterator<Item = &'s Symbol>,
        declared: &Declared,
    ) -> Runs<'f> {
        let mut named: BTreeMap<_, BTreeSet<Instance>> = BTreeMap::new();
        let mut name = |folder: &str, words: &[&str], instance: &Option<Instance>| {
            if let Some(instance) = instance {
                named.entry((folder.to_owned(), words.join(" "))).or_default().insert(instance.clone());
            }
        };
        for symbol in read {
            name(&symbol.folder, &words(symbol.kind, &symbol.name), &symbol.instance);
            let mut call = symbol.call.as_ref();
            while let Some(made) = call {
                name(&made.folder, &["module", &made.name], &made.instance);
                call = made.caller();
            }
        }
        for folder in folders.folders() {
            let blocks = folders.blocks(folder);
            for symbol in blocks.filter_map(|(_, block)| Symbol::of_block(folder, &block.words)) {
                for instance in declared.instances(&symbol) {
                    name(folder, &words(symbol.kind, &symbol.name), &Some(instance));
                }
            }
        }
        let evaluator = folders.evaluator();
        Runs { folders, evaluator, named, known: RefCell::default(), one: BTreeSet::new() }
    }

    /// From here on, a symbol stands for one account whatever its instances are.
    pub fn are_one(&mut self, symbol: &Symbol) {
        self.one.insert(symbol.of_all_instances());
    }

    /// What a symbol stands for: itself, or every run and instance that it leaves open.
    pub fn of(&self, symbol: &Symbol) -> Vec<Symbol> {
        let as_one = |symbol: Symbol| {
            let one = symbol.of_all_instances();
            if self.one.contains(&one) { one } else { symbol }
        };
        let all: BTreeSet<Symbol> = self.each(symbol).into_iter().map(as_one).collect();
        all.into_iter().collect()
    }

    /// The same with all instances told apart.
    pub fn each(&self, symbol: &Symbol) -> Vec<Symbol> {
        let found = self.admitted(symbol);
        match (found.is_empty(), &symbol.call) {
            // A way that leads through no call of the tree.
            (true, Some(_)) => self.admitted(&Symbol { call: None, ..symbol.clone() }),
            _ => found,
        }
    }

    fn admitted(&self, symbol: &Symbol) -> Vec<Symbol> {
        let mut all = Vec::new();
        for call in self.of_folder(&symbol.folder).iter() {
            if !admits(symbol.call.as_ref(), call.as_ref()) {
                continue;
            }
            let instances = self.instances(&symbol.folder, call, &words(symbol.kind, &symbol.name));
            let of_run = |instance| Symbol { instance, call: call.clone(), ..symbol.clone() };
            if instances.is_empty() {
                all.push(of_run(None));
            }
            let meant = |instance: &Instance| is_meant(symbol.instance.as_ref(), Some(instance));
            all.extend(instances.into_iter().filter(meant).map(Some).map(of_run));
        }
        all
    }

    /// The instances of a block in one run of its folder; none where fewer than two are known.
    fn instances(&self, folder: &str, run: &Option<Call>, words: &[&str]) -> BTreeSet<Instance> {
        let block = self.folders.block(folder, words).map(|(_, block)| block);
        if words.is_empty() || block.is_some_and(|block| !repeated(block)) {
            return BTreeSet::new();
        }
        let at = At::run(folder, run.clone());
        let known = block.and_then(|block| self.evaluator.instances(&at, block));
        let named = self.named.get(&(folder.to_owned(), words.join(" "))).cloned();
        let all: BTreeSet<Instance> = known.into_iter().chain(named).flatten().collect();
        if all.len() < 2 { BTreeSet::new() } else { all }
    }

    /// The runs of a folder's code; one that is not named where there is no other.
    pub fn of_folder(&self, folder: &str) -> Rc<[Option<Call>]> {
        if let Some(known) = self.known.borrow().get(folder) {
            return known.clone();
        }
        let runs = self.runs(folder, &mut Vec::new(), &mut MAX_PASSED.clone());
        // Where they lead in a circle, or are too many, only the calls of the folder itself count.
        let runs = runs.unwrap_or_else(|| some(self.folders.callers(folder).iter().cloned().collect()));
        let runs: Rc<[Option<Call>]> = runs.into();
        self.known.borrow_mut().insert(folder.to_owned(), runs.clone());
        runs
    }

    fn runs(&self, folder: &str, passed: &mut Vec<String>, left: &mut usize) -> Option<Vec<Option<Call>>> {
        let callers: BTreeSet<&Call> = self.folders.callers(folder).iter().collect();
        if callers.is_empty() {
            return Some(match self.folders.with_files(folder) {
                [] => vec![None],
                files => files.iter().cloned().map(Some).collect(),
            });
        }
        *left = left.checked_sub(1).filter(|_| !passed.iter().any(|it| it == folder))?;
        passed.push(folder.to_owned());
        // A configuration that lies beside the code runs it by itself.
        let mut of_callers: BTreeMap<&str, Vec<Option<Call>>> = BTreeMap::from([(folder, vec![None])]);
        for call in &callers {
            if !of_callers.contains_key(call.folder.as_str()) {
                of_callers.insert(&call.folder, self.runs(&call.folder, passed, left)?);
            }
        }
        passed.pop();
        let outer = |call: &&Call| of_callers.get(call.folder.as_str()).cloned().unwrap_or_default();
        let runs = callers
            .into_iter()
            .flat_map(|call| outer(&call).into_iter().flat_map(|outer| self.instances_of(call, outer)));
        let runs: BTreeSet<Call> = runs.collect();
        (runs.len() <= MAX_RUNS).then(|| some(runs))
    }

    fn instances_of(&self, call: &Call, outer: Option<Call>) -> Vec<Call> {
        let words = match call.name.as_str() {
            "" => Vec::new(),
            name => vec!["module", name],
        };
        let instances = self.instances(&call.folder, &outer, &words);
        let made = call.clone().within(outer);
        match instances.is_empty() {
            true => vec![made],
            false => instances.into_iter().map(|it| Call { instance: Some(it), ..made.clone() }).collect(),
        }
    }
}

/// One run needs no name.
fn some(runs: BTreeSet<Call>) -> Vec<Option<Call>> {
    match runs.len() {
        1 => vec![None],
        _ => runs.into_iter().map(Some).collect(),
    }
}

/// The words of a block that may be repeated, by what it is and its name; none for what is no such block.
pub fn words(kind: SymbolKind, name: &str) -> Vec<&str> {
    match kind {
        SymbolKind::Managed => vec!["resource", COSMOSDB_ACCOUNT, name],
        SymbolKind::Data => vec!["data", COSMOSDB_ACCOUNT, name],
        SymbolKind::ManagedAction => vec!["resource", AZAPI_ACTION, name],
        SymbolKind::DataAction => vec!["data", AZAPI_ACTION, name],
        SymbolKind::EphemeralAction => vec!["ephemeral", AZAPI_ACTION, name],
        SymbolKind::Module => vec!["module", name],
        SymbolKind::Dependency | SymbolKind::RemoteState | SymbolKind::Deployment | SymbolKind::Variable => {
            Vec::new()
        }
    }
}
