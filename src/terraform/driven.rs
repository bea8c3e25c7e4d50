//! What a value that chooses the slot decides besides: changing it moves all of that too.
//!
//! Reads of its name are told apart: those that a decided choice goes by, those that only judge the value
//! (`validation`), and all others, which are what it drives. What stands in the branches of a choice beside the keys
//! counts as well, unless the branches differ in the slot's word alone.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::facts::{Argument, Base, Choice, Facts, Object, Read, Step, StepKind, VERSIONS, WRITE_ONLY};
use super::folders::{Folders, Followed};
use super::naming::{At, is_variables};
use super::parse::Parsed;
use super::reference::{Reference, Role};
use super::role::counterpart;
use super::source::Source;
use super::walk::without_blanks;
use super::words::has_value;

/// Something that a value decides and that is no key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Driven {
    pub file: usize,
    /// Bytes of the file.
    pub span: Range<usize>,
    /// As the end of “`var.slot` also decides …”.
    pub what: String,
}

/// What is asked about: all files, and the references with their choosers.
pub struct Ground<'g> {
    sources: &'g [Source],
    facts: &'g [Parsed],
    folders: &'g Folders<'g>,
    /// By file and choice: the references that stand in it.
    inside: BTreeMap<(usize, u32), Vec<&'g Reference>>,
}

pub type Place = (usize, Range<usize>);

impl<'g> Ground<'g> {
    pub fn new(
        sources: &'g [Source],
        facts: &'g [Parsed],
        folders: &'g Folders<'g>,
        references: &'g [Reference],
    ) -> Ground<'g> {
        let mut inside: BTreeMap<_, Vec<&Reference>> = BTreeMap::new();
        for reference in references {
            for branch in &reference.choices {
                inside.entry((reference.file, branch.choice)).or_default().push(reference);
            }
        }
        Ground { sources, facts, folders, inside }
    }

    /// Everything that the value of a name decides, in the folders that read it from these places; `values` are those
    /// between which it would change.
    pub fn driven(&self, folder: &str, by: &Object, places: &[Place], values: [&str; 2]) -> Vec<Driven> {
        let reads = self.reads(folder, by, places).into_iter();
        let made = reads.filter_map(|(file, facts, read)| self.beside(file, facts, read));
        made.chain(self.demanded(folder, by, places, values)).collect()
    }

    /// The demands of resources that name one of two values and not the other: they hold for one alone.
    fn demanded(&self, folder: &str, by: &Object, places: &[Place], values: [&str; 2]) -> Vec<Driven> {
        let mut found = Vec::new();
        for folder in self.readers(folder, by, places) {
            for (file, facts) in self.of_folder(&folder) {
                let reads = facts.reads.iter().filter(|read| meets(read, by) && is_demanded(read));
                let one_alone = |read: &&Read| {
                    let text = self.condition(file, facts, read);
                    let [one, other] = values.map(|value| has_value(&text, value));
                    // Of a truth every demand asks for the one or the other.
                    one != other || values[0].parse::<bool>().is_ok() && !one
                };
                found.extend(reads.filter(one_alone).map(|read| Driven {
                    file,
                    span: read.span.clone(),
                    what: format!("`{}`", read.binding.join(".")),
                }));
            }
        }
        found
    }

    /// The text of the argument that a read stands in.
    fn condition(&self, file: usize, facts: &Facts, read: &Read) -> String {
        let mut arguments = facts.blocks.iter().flat_map(|block| &block.arguments);
        let around = |it: &&Argument| it.span.start <= read.span.start && read.span.end <= it.span.end;
        let span = arguments.find(around).map_or(read.span.clone(), |argument| argument.span.clone());
        String::from_utf8_lossy(self.sources[file].bytes().get(span).unwrap_or_default()).into_owned()
    }

    /// Every read of a name that makes something of its value, in the folders that have it from these places.
    pub fn reads(&self, folder: &str, by: &Object, places: &[Place]) -> Vec<(usize, &'g Facts, &'g Read)> {
        let mut found = Vec::new();
        for folder in self.readers(folder, by, places) {
            for (file, facts) in self.of_folder(&folder) {
                let reads = facts.reads.iter();
                let reads = reads.filter(|read| meets(read, by) && !is_judged(read));
                found.extend(reads.map(|read| (file, facts, read)));
            }
        }
        found
    }

    /// Where a name is handed on as it is, under another name in its own folder or in another one.
    pub fn handed_on(&self, name: &Followed, as_name: &Followed) -> Vec<Place> {
        let Some((cell, _)) = self.folders.cell_of(&as_name.folder, &as_name.object) else {
            return Vec::new();
        };
        let mut places = Vec::new();
        for (file, facts) in self.of_folder(&name.folder) {
            let reads = facts.reads.iter().filter(|read| read.plain && read.object.base == name.object.base);
            let into = |read: &&Read| {
                let into = self.folders.readable(&name.folder, &read.binding);
                into.is_some_and(|(into, rest)| rest.is_empty() && into == cell)
            };
            places.extend(reads.filter(into).map(|read| (file, read.span.clone())));
        }
        places
    }

    fn of_folder<'s>(&'s self, folder: &'s str) -> impl Iterator<Item = (usize, &'g Facts)> + use<'s, 'g> {
        let facts = self.facts.iter().enumerate();
        let parsed = facts.filter_map(|(file, facts)| Some((file, facts.as_ref().ok()?)));
        parsed.filter(move |(file, _)| self.folders.homes(*file).contains(&folder))
    }

    /// A variables file can give a value to more folders than one.
    fn readers(&self, folder: &str, by: &Object, places: &[Place]) -> BTreeSet<String> {
        let mut readers = BTreeSet::from([folder.to_owned()]);
        let is_shared = |(file, _): &Place| is_variables(&self.sources[*file]);
        if by.base != Base::Variable || !places.iter().any(is_shared) {
            return readers;
        }
        let evaluator = self.folders.evaluator();
        let name = name(by);
        let declare = self.folders.folders().filter(|folder| {
            name.is_some_and(|name| self.folders.block(folder, &["variable", name]).is_some())
        });
        readers.extend(
            declare
                .filter(|folder| {
                    let written = evaluator.written(&At::folder(folder), by);
                    written.iter().any(|it| {
                        places.iter().any(|(file, span)| {
                            *file == it.file
                                && it.argument.span.start <= span.start
                                && span.end <= it.argument.span.end
                        })
                    })
                })
                .map(str::to_owned),
        );
        readers
    }

    /// What a read of the name decides, where that is more than the slot.
    fn beside(&self, file: usize, facts: &Facts, read: &Read) -> Option<Driven> {
        let driven = |what: String| Some(Driven { file, span: read.span.clone(), what });
        // A condition within another one asks for the same name.
        let named = |choice: &Choice| choice.span == read.span || choice.beside.contains(&read.span);
        let decided = |choice: &&Choice| named(choice) && self.is_decided(file, choice);
        match facts.choosing.iter().find(decided) {
            Some(choice) => match self.is_of_slots(file, facts, choice) {
                true => None,
                false => driven("what else differs between the branches here".to_owned()),
            },
            None => driven(format!("`{}`", read.binding.join("."))),
        }
    }

    /// Whether all keys in a choice are chosen by it and nothing else, or only tested.
    fn is_decided(&self, file: usize, choice: &Choice) -> bool {
        let inside = self.inside(file, choice);
        !inside.is_empty()
            && inside.iter().all(|reference| {
                let innermost = reference.choices.last().is_some_and(|branch| branch.choice == choice.number);
                innermost && (reference.chooser.is_some() || reference.role == Role::Tested)
            })
    }

    fn inside(&self, file: usize, choice: &Choice) -> &[&'g Reference] {
        self.inside.get(&(file, choice.number)).map_or(&[], Vec::as_slice)
    }

    /// Whether the branches differ in nothing but the slot. A name in a path leads to keys alone.
    fn is_of_slots(&self, file: usize, facts: &Facts, choice: &Choice) -> bool {
        if choice.branches.is_empty() {
            return true;
        }
        let keys: BTreeMap<usize, usize> = self
            .inside(file, choice)
            .iter()
            .filter_map(|reference| {
                let token = &reference.span;
                let around = facts.reads.iter().map(|read| &read.span);
                let around = around.filter(|span| span.start <= token.start && token.end <= span.end);
                around.min_by_key(|span| span.len()).map(|span| (span.start, span.end))
            })
            .collect();
        let mut branches = choice.branches.iter().map(|span| self.without_keys(file, span, &keys));
        let Some(first) = branches.next() else { return false };
        let other = counterpart(&first);
        branches.all(|branch| branch == first || Some(&branch) == other.as_ref())
    }

    /// The text of a branch with a mark for each key and no white space.
    fn without_keys(&self, file: usize, span: &Range<usize>, keys: &BTreeMap<usize, usize>) -> String {
        let bytes = self.sources[file].bytes();
        let mut text = String::new();
        let mut at = span.start;
        for (start, end) in keys.range(span.clone()).map(|(start, end)| (*start, *end)) {
            text.push_str(&String::from_utf8_lossy(bytes.get(at..start).unwrap_or_default()));
            text.push('\u{1f}');
            at = at.max(end);
        }
        text.push_str(&String::from_utf8_lossy(bytes.get(at..span.end).unwrap_or_default()));
        without_blanks(&text)
    }
}

fn name(object: &Object) -> Option<&str> {
    object.steps.first()?.name()
}

/// Whether a read may take what stands at a path, or something around it that is not only named.
fn meets(read: &Read, by: &Object) -> bool {
    let (ours, theirs) = (&read.object.steps, &by.steps);
    let same = |(one, other): (&Step, &Step)| match (&one.kind, &other.kind) {
        (StepKind::Number(number), _) => other.name().is_none_or(|name| name == number.to_string()),
        (_, StepKind::Number(number)) => one.name().is_none_or(|name| name == number.to_string()),
        _ => one.name().zip(other.name()).is_none_or(|(one, other)| one == other),
    };
    let named = ours.len() < theirs.len() && (read.mention || read.looped || read.tested);
    read.object.base == by.base && !named && ours.iter().zip(theirs).all(same)
}

/// Whether what stands there is the version of a write-only argument, by which Terraform knows that it is another.
pub fn is_version(binding: &[String]) -> bool {
    let versions = |name: &String| {
        VERSIONS.iter().any(|it| name.strip_suffix(it).is_some_and(|argument| argument.ends_with(WRITE_ONLY)))
    };
    binding.last().is_some_and(versions)
}

/// Whether a read stands where a value is judged and nothing is made of it.
fn is_judged(read: &Read) -> bool {
    let judging = judging(&read.binding);
    judging.is_some_and(|it| matches!(it, "validation" | "precondition" | "postcondition" | "assert"))
}

/// Whether Terraform goes no further where what is judged there does not hold.
fn is_demanded(read: &Read) -> bool {
    judging(&read.binding).is_some_and(|it| matches!(it, "precondition" | "postcondition"))
        && read.binding.last().is_some_and(|last| last == "condition")
}

/// The block that a condition, or what is said where it does not hold, stands in.
fn judging(binding: &[String]) -> Option<&str> {
    // A JSON file may have several of them in a list.
    let mut words = binding.iter().rev().map(String::as_str).filter(|word| word.parse::<u64>().is_err());
    words.next().filter(|it| ["condition", "error_message"].contains(it)).and_then(|_| words.next())
}
