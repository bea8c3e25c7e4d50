//! Which further files must be seen, because a name in the files seen so far leads there.
//!
//! A key travels forwards: from an account through local values, outputs and module inputs to wherever it ends.
//! The name of an account is looked up backwards, from its declaration to where its parts are spelt. Both ways
//! lead along the same graph of names, and every name on them asks for the files that could mention it. Asking
//! for too much costs time; asking for too little would be a wrong claim, so where a step cannot be told, all
//! of its names are taken.
//!
//! To add a kind of base, say in [`names::starts`] which names it reads from; to add a kind of binding that something
//! reads back, name it in [`names::bound`]. To add a way that a value takes between
//! folders, add it to [`Demand::onwards`] and [`Demand::backwards`], and its files to [`names::read_by`] or
//! [`names::given_by`].

mod hints;
mod names;

use std::collections::{BTreeMap, BTreeSet};

use self::names::{
    Name, Place, Starts, bound, given_by, identifies, indexes, member, mentioned_by, places, read_by,
    stands_in, starts,
};
use super::attribute::COSMOSDB_ACCOUNT;
use super::by_name::is_of_cosmos;
use super::driven::is_version;
use super::facts::{Base, Binding, Block, Facts, Object, Step};
use super::glance::Waypoint;
use super::origin::is_made_by;
use super::paths::local_folder;
use super::service::says_cosmos;
use super::terragrunt::{Configurations, Here};

/// Files that must be seen.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ask {
    /// Those of a folder that hold all these words.
    Words { folder: String, words: Vec<String> },
    /// Those with a path to the folder, as a module call has.
    Callers { folder: String },
    /// Those of the folder that set up a provider, as roots do.
    Providers { folder: String },
    /// Variables files, wherever they are: which of them a root is run with stands in no file of Terraform's.
    Values { variable: String },
    /// Those that hold the waypoint, wherever they are.
    Passing(Waypoint),
}

/// What a choice goes by, and what it is between.
#[derive(Debug, Default)]
struct Choice {
    by: Vec<Place>,
    between: Vec<Place>,
    /// Whether a key stands in it, or what holds keys.
    direct: bool,
}

/// The names of all files seen, and what was asked for on their account.
#[derive(Debug, Default)]
pub struct Demand {
    next: BTreeMap<Place, BTreeSet<Place>>,
    before: BTreeMap<Place, BTreeSet<Place>>,
    /// By folder: the calls and the folders of their modules.
    calls: BTreeMap<String, BTreeSet<(String, String)>>,
    /// By folder of a module: its calls, with their folders.
    callers: BTreeMap<String, BTreeSet<(String, String)>>,
    /// What is given a key, or an account, directly.
    given: BTreeSet<Place>,
    /// What the name of an account is made of, and other values that a flip may have to change.
    spelling: BTreeSet<Place>,
    choices: Vec<Choice>,
    /// What is picked from, and what the index is worked out from.
    picking: Vec<(Vec<Place>, Vec<Place>)>,
    /// What gives versions of written values their number.
    versions: BTreeSet<Place>,
    /// By folder of a terragrunt configuration: who depends on it, under which name.
    dependents: BTreeMap<String, BTreeSet<(String, String)>>,
    /// Folders whose callers decide which account is meant.
    accounts: BTreeSet<String>,
    /// Whether states are read: roots that may have written them tell what stands behind the names.
    states: bool,
    /// What a name tells to be a key that is not its own.
    hinted: BTreeSet<Place>,
    hinted_words: BTreeSet<Ask>,
    asked: BTreeSet<Ask>,
}

impl Demand {
    /// Takes in what a file says.
    pub fn add(&mut self, folder: &str, facts: &Facts) {
        for block in &facts.blocks {
            self.block(folder, block);
        }
        for choice in &facts.choosing {
            let chosen = facts.reads.iter().filter(|read| stands_in(read, choice.number));
            self.decides(folder, &choice.by, chosen.map(|read| &read.object));
        }
        for read in facts.reads.iter().filter(|read| is_version(&read.binding)) {
            self.versions.extend(places(folder, &read.object));
        }
        for read in &facts.reads {
            self.read(folder, &read.object, &read.binding);
        }
        self.hints(folder, facts);
    }

    /// A value that a flip has to change if what it decides between are keys.
    fn decides<'o>(&mut self, folder: &str, by: &Object, between: impl Iterator<Item = &'o Object>) {
        let mut choice = Choice { by: places(folder, by), ..Choice::default() };
        for object in between {
            choice.direct |= matches!(starts(object), Starts::Account | Starts::Both(_));
            choice.between.extend(places(folder, object));
        }
        self.choices.push(choice);
    }

    fn block(&mut self, folder: &str, block: &Block) {
        let text = |name: &str| block.argument(name).and_then(|argument| argument.value.as_text());
        let words: Vec<&str> = block.words.iter().map(String::as_str).collect();
        match words.as_slice() {
            ["module", name] => {
                let source = text("source").unwrap_or_default();
                if let Some(target) = local_folder(folder, source) {
                    self.runs(folder, name, target);
                }
                // Its outputs go by their names where its code is not here.
                if says_cosmos(name) || says_cosmos(source) || is_made_by(block) {
                    self.given.insert((folder.to_owned(), member(name, None)));
                    self.accounts.insert(folder.to_owned());
                }
            }
            ["resource" | "data", COSMOSDB_ACCOUNT, _] => {
                self.accounts.insert(folder.to_owned());
            }
            _ => {}
        }
    }

    /// What the terragrunt configuration of a folder runs or depends on, by a block that stands in it or elsewhere.
    pub fn configured(
        &mut self,
        folder: &str,
        here: Here<'_>,
        block: &Block,
        configurations: &Configurations<'_>,
    ) {
        let value = |name: &str| block.argument(name).map(|argument| &argument.value);
        match block.words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            ["terraform"] => {
                let code = value("source").and_then(|source| configurations.code(here, source));
                code.into_iter().for_each(|code| self.runs(folder, "", code));
            }
            ["dependency", name] => {
                let config = value("config_path").and_then(|path| configurations.config(here, path));
                let dependent = (folder.to_owned(), (*name).to_owned());
                config.into_iter().for_each(|config| {
                    self.dependents.entry(config).or_default().insert(dependent.clone());
                });
            }
            _ => {}
        }
    }

    /// A configuration that may run the code that lies beside it.
    pub fn runs_beside(&mut self, folder: &str) {
        self.runs(folder, "", folder.to_owned());
    }

    /// The code of a folder is run by a call of another one; without a name, by its configuration.
    fn runs(&mut self, folder: &str, call: &str, target: String) {
        let caller = (folder.to_owned(), call.to_owned());
        self.callers.entry(target.clone()).or_default().insert(caller);
        self.calls.entry(folder.to_owned()).or_default().insert((call.to_owned(), target));
    }

    fn read(&mut self, folder: &str, object: &Object, binding: &Binding) {
        let bound = bound(binding).map(|name| (folder.to_owned(), name));
        let starts = starts(object);
        self.states |= matches!(object.base, Base::RemoteState(_));
        let index = indexes(folder, object);
        match object.base {
            _ if index.is_empty() => {}
            Base::Account(..) | Base::Action(..) | Base::Module(_) => self.spelling.extend(index),
            _ => self.picking.push((places(folder, object), index)),
        }
        if !matches!(starts, Starts::Names(_)) {
            self.accounts.insert(folder.to_owned());
        }
        let names = match starts {
            Starts::Account => return self.given.extend(bound),
            Starts::Names(names) => names,
            Starts::Both(names) => {
                self.given.extend(bound.clone());
                names
            }
        };
        let identifies = identifies(binding);
        for name in names {
            // A key may be handed in under such a name: whether it is, callers tell.
            let told = |name: &str| {
                says_cosmos(name) || object.steps.iter().filter_map(Step::name).any(is_of_cosmos)
            };
            let handed_in = matches!(&name, Name::Variable(name) if told(name));
            let spells = identifies || handed_in;
            // Most reads stand in arguments that nothing reads back.
            if !spells && bound.is_none() {
                continue;
            }
            let place = (folder.to_owned(), name);
            if spells {
                self.spelling.insert(place.clone());
            }
            if let Some(bound) = &bound {
                self.next.entry(place.clone()).or_default().insert(bound.clone());
                self.before.entry(bound.clone()).or_default().insert(place);
            }
        }
    }

    /// What has to be seen in addition to what was asked for before.
    pub fn asks(&mut self) -> Vec<Ask> {
        let hinted = self.behind_hints();
        let given: BTreeSet<Place> = self.given.iter().chain(&hinted.members).cloned().collect();
        let carrying = reach(&given, |place| self.onwards(place));
        // What a flip may have to change: whoever else reads it would change too.
        let between_keys =
            |choice: &&Choice| choice.direct || choice.between.iter().any(|it| carrying.contains(it));
        let choosing = self.choices.iter().filter(between_keys).flat_map(|choice| &choice.by);
        let changing: BTreeSet<Place> = choosing.chain(&self.versions).cloned().collect();
        let changing = reach(&changing, |place| self.backwards(place));
        let mut spelled: BTreeSet<Place> = self.spelling.union(&changing).cloned().collect();
        let picked = self.picking.iter().filter(|(from, _)| from.iter().any(|it| carrying.contains(it)));
        spelled.extend(picked.flat_map(|(_, index)| index).cloned());
        spelled.extend(hinted.places);
        let run = self.run_for_accounts(hinted.members.into_iter().map(|(folder, _)| folder));
        spelled.extend(run.iter().flat_map(|folder| self.repeating(folder)));
        let spelling = reach(&spelled, |place| self.backwards(place));
        let mut asks: BTreeSet<Ask> = BTreeSet::new();
        asks.extend(carrying.iter().flat_map(|(folder, name)| read_by(folder, name)));
        asks.extend(spelling.iter().flat_map(|(folder, name)| given_by(folder, name)));
        let own = |(folder, name): &Place| {
            read_by(folder, name).into_iter().find(|ask| matches!(ask, Ask::Words { .. }))
        };
        asks.extend(changing.iter().filter_map(own));
        asks.extend(run.into_iter().map(|folder| Ask::Callers { folder }));
        asks.extend(carrying.union(&spelling).map(|(folder, name)| mentioned_by(folder, name)));
        let waypoints = [Waypoint::RemoteState, Waypoint::Backend];
        asks.extend(hinted.asks);
        asks.extend(waypoints.into_iter().filter(|_| self.states).map(Ask::Passing));
        let new: Vec<Ask> = asks.difference(&self.asked).cloned().collect();
        self.asked.extend(asks);
        new
    }

    /// Folders whose callers decide which account is meant, and those from where they are called: each run of them may
    /// mean another.
    fn run_for_accounts(&self, further: impl Iterator<Item = String>) -> BTreeSet<String> {
        let mut folders: BTreeSet<String> = self.accounts.iter().cloned().chain(further).collect();
        let mut open: Vec<String> = folders.iter().cloned().collect();
        while let Some(folder) = open.pop() {
            let callers = self.callers.get(&folder).into_iter().flatten().map(|(caller, _)| caller);
            open.extend(callers.filter(|caller| folders.insert((*caller).clone())).cloned());
        }
        folders
    }

    /// What the calls of a folder are repeated over.
    fn repeating(&self, folder: &str) -> impl Iterator<Item = Place> {
        let calls = self.callers.get(folder).into_iter().flatten().filter(|(_, call)| !call.is_empty());
        calls.flat_map(|(folder, call)| {
            ["count", "for_each"].map(|name| {
                let name = Name::Argument { call: call.clone(), name: name.to_owned() };
                (folder.clone(), name)
            })
        })
    }

    /// Where a value goes from a name.
    fn onwards(&self, (folder, name): &Place) -> Vec<Place> {
        let mut places = known(&self.next, folder, name);
        match name {
            Name::Local(_) | Name::Variable(_) => {}
            Name::Output(output) => {
                for (folder, call) in self.callers.get(folder).into_iter().flatten() {
                    // A terragrunt configuration hands its module's outputs to those that depend on it.
                    let dependents = self.dependents.get(folder).filter(|_| call.is_empty());
                    let direct = (!call.is_empty()).then(|| (folder.clone(), call.clone()));
                    for (folder, call) in dependents.into_iter().flatten().cloned().chain(direct) {
                        places.push((folder.clone(), member(&call, Some(output.clone()))));
                        places.push((folder, member(&call, None)));
                    }
                }
            }
            Name::Argument { call, name } => {
                let targets = self.targets(folder, call);
                places.extend(targets.map(|target| (target.to_owned(), Name::Variable(name.clone()))));
            }
            Name::Member { output: Some(_), .. } | Name::Elements { .. } => {}
            // Whatever is read of it by a name.
            Name::Member { call, output: None } => {
                let same = |(at, name): &&Place| {
                    at == folder && matches!(name, Name::Member { call: of, output: Some(_) } if of == call)
                };
                places.extend(self.next.keys().filter(same).cloned());
            }
        }
        places
    }

    /// Where a name has its value from.
    fn backwards(&self, (folder, name): &Place) -> Vec<Place> {
        let mut places = known(&self.before, folder, name);
        match name {
            Name::Local(_) | Name::Output(_) | Name::Argument { .. } | Name::Elements { .. } => {}
            Name::Variable(variable) => {
                for (folder, call) in self.callers.get(folder).into_iter().flatten() {
                    let argument = Name::Argument { call: call.clone(), name: variable.clone() };
                    places.push((folder.clone(), argument));
                }
            }
            Name::Member { call, output } => {
                if let Some(output) = output {
                    let targets = self.targets(folder, call);
                    places.extend(targets.map(|target| (target.to_owned(), Name::Output(output.clone()))));
                }
            }
        }
        places
    }

    fn targets(&self, folder: &str, called: &str) -> impl Iterator<Item = &str> {
        let calls = self.calls.get(folder).into_iter().flatten();
        calls.filter(move |(call, _)| call == called).map(|(_, target)| target.as_str())
    }
}

fn known(edges: &BTreeMap<Place, BTreeSet<Place>>, folder: &str, name: &Name) -> Vec<Place> {
    edges.get(&(folder.to_owned(), name.clone())).into_iter().flatten().cloned().collect()
}

fn reach(roots: &BTreeSet<Place>, next: impl Fn(&Place) -> Vec<Place>) -> BTreeSet<Place> {
    let mut reached = roots.clone();
    let mut open: Vec<Place> = roots.iter().cloned().collect();
    while let Some(place) = open.pop() {
        open.extend(next(&place).into_iter().filter(|place| reached.insert(place.clone())));
    }
    reached
}
