//! Variables and local values that choose the slot: `var.slot == "primary" ? … : …`, `{ primary = …, … }[var.slot]`.
//!
//! Where the chooser's value is written out, in a default, a variables file, a local value or every caller's
//! argument, and is the same everywhere, it is known which branch takes effect; and a flip changes that value
//! instead of the branches. Names that only hand the value on are followed to where it is written, and so are those that
//! make one of two values of it by a condition: `local.slot` of `slot = var.use_secondary ? "secondary" : "primary"`.

mod ends;

use std::collections::BTreeMap;
use std::ops::Range;

pub use self::ends::words;
use self::ends::{End, Ends, Spot};
use super::driven::{Driven, Ground};
use super::either::Turn;
use super::entry::part_of;
use super::facts::{Base, Choice, Object, When};
use super::folders::Folders;
use super::naming::{At, Evaluator};
use super::parse::Parsed;
use super::reference::{Reference, Role};
use super::role::both_slots;
use super::source::Source;
use super::value::Value;
use super::words::has_value;

/// A value that decides which slot is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chooser {
    /// As it is read: `var.slot`.
    pub name: String,
    /// Where it is written, without quotes: file and bytes.
    pub places: Vec<(usize, Range<usize>)>,
    pub value: String,
    /// The value that takes the other branch; absent where none is known.
    pub other: Option<String>,
    /// What it decides besides keys.
    pub drives: Vec<Driven>,
}

/// Where a name is given its value by another name: `slot = var.slot`.
pub struct Link {
    /// The name that is read, and the folder that it means something in.
    folder: String,
    by: Object,
    /// How many conditions make something of its value before the choice sees it.
    turns: usize,
    file: usize,
    span: Range<usize>,
}

/// A chooser whose value is known, as it is written.
pub struct Known<'f> {
    chooser: Chooser,
    /// The names that hand the value on to it.
    links: Vec<Link>,
    /// What conditions make of it on its way, the last first.
    turns: Vec<Turn>,
    /// Whether it is made of several values.
    is_made: bool,
    /// The values, wherever they are written.
    values: Vec<&'f Value>,
}

impl Known<'_> {
    /// What the choice sees.
    pub fn seen(&self) -> Option<String> {
        self.turned(&self.chooser.value, 0)
    }

    /// What comes of a value when all but so many conditions have made something of it.
    fn turned(&self, value: &str, but: usize) -> Option<String> {
        self.turns.iter().skip(but).rev().try_fold(value.to_owned(), |value, turn| turn.of(&value))
    }

    /// The value that takes the other branch.
    fn other<'w>(&self, others: impl Iterator<Item = &'w When> + Clone) -> Option<String> {
        if self.is_made {
            return None;
        }
        let value = &self.chooser.value;
        let other = match self.turns.last() {
            Some(Turn::Either { when, .. }) => other_value(value, when.iter().filter(|when| !when.is(value))),
            Some(Turn::Around { .. }) | None => {
                let undone = |text: &str| {
                    self.turns.iter().try_fold(text.to_owned(), |value, turn| turn.undone(&value))
                };
                let others: Vec<When> = others.clone().map(|when| when.before(undone)).collect();
                other_value(value, others.iter())
            }
        }?;
        let takes = |seen: &str| others.clone().next().is_some() && others.clone().all(|when| when.is(seen));
        self.turned(&other, 0).is_some_and(|seen| takes(&seen)).then_some(other)
    }
}

/// Decides choices whose chooser is known: roles and choosers of references change.
pub fn decide(
    sources: &[Source],
    facts: &[Parsed],
    folders: &Folders<'_>,
    references: &mut [Reference],
) -> Vec<Chooser> {
    let evaluator = folders.evaluator();
    let mut choosers: Vec<Chooser> = Vec::new();
    // In which folders, and by which names, each is read: callers of several modules may share one.
    let mut ways: Vec<BTreeMap<(String, String), Object>> = Vec::new();
    let mut beside: Vec<Vec<Driven>> = Vec::new();
    let mut handed: Vec<(usize, Range<usize>)> = Vec::new();
    for group in groups(references) {
        let Some(choice) = deciding(facts, references, &group) else { continue };
        let first = &references[group[0]];
        let folder = first.home().to_owned();
        // What the calls of a module say, each for an account of its own, is known for each of them alone.
        let run =
            first.run().filter(|run| group.iter().all(|at| references[*at].run() == Some(*run))).cloned();
        let choice = match &first.element {
            Some(element) => choice.of_element(element),
            None => choice,
        };
        let at = At::run(&folder, run);
        let Some(known) = known(sources, &evaluator, &at, first.file, &choice) else { continue };
        let Some(seen) = known.seen() else { continue };
        let branch = |at: usize| references[at].choices.last().map(|branch| &branch.when);
        let taken: Vec<bool> =
            group.iter().map(|at| branch(*at).is_some_and(|when| when.is(&seen))).collect();
        let slots: Vec<_> = group
            .iter()
            .zip(&taken)
            .filter(|(_, taken)| **taken)
            .map(|(at, _)| references[*at].slot)
            .collect();
        if slots.is_empty() || slots.iter().any(|slot| *slot != slots[0]) {
            continue;
        }
        let others = group.iter().zip(&taken).filter(|(_, taken)| !**taken).filter_map(|(at, _)| branch(*at));
        // Those that a condition around the choice's own name turns are seen by nobody.
        let own = choice.turned.len();
        let other = known.other(others).filter(|other| {
            let is_allowed = |folder: &str, by: &Object, turns: usize| {
                let seen = known.turned(other, turns);
                seen.is_some_and(|seen| is_valid(sources, folders, folder, by, &seen))
            };
            is_plain(other)
                && is_allowed(&folder, &choice.by, own)
                && known.links.iter().all(|link| is_allowed(&link.folder, &link.by, link.turns))
        });
        let Known { mut chooser, links, values, .. } = known;
        chooser.other = other;
        let index = choosers.iter().position(|known| *known == chooser).unwrap_or_else(|| {
            choosers.push(chooser);
            ways.push(BTreeMap::new());
            beside.push(Vec::new());
            choosers.len() - 1
        });
        let way = |folder: String, by: Object| ((folder, spelt(&by)), by);
        ways[index].extend([way(folder, choice.by)]);
        // Whoever else is handed the same value, and what else is made of it.
        let of_terragrunt = folders.handed(&values);
        ways[index].extend(of_terragrunt.variables.into_iter().map(|(folder, by)| way(folder, by)));
        beside[index].extend(of_terragrunt.others);
        for Link { folder, by, file, span, .. } in links {
            handed.push((file, span));
            ways[index].extend([way(folder, by)]);
        }
        for (at, taken) in group.iter().zip(taken) {
            references[*at].role = if taken { Role::Chosen } else { Role::Unchosen };
            references[*at].chooser = Some(index);
        }
    }
    let ground = Ground::new(sources, facts, folders, references);
    // A part of a collection may go by the names of others.
    for ways in &mut ways {
        let parts: Vec<_> = ways.iter().filter(|(_, by)| by.steps.len() > 1).collect();
        let hops: Vec<_> = parts.iter().map(|((folder, _), by)| folders.follow(folder, by)).collect();
        for hops in hops {
            let handed_on = hops.windows(2).flat_map(|pair| ground.handed_on(&pair[1], &pair[0]));
            handed.extend(handed_on);
            ways.extend(hops.into_iter().map(|hop| ((hop.folder, spelt(&hop.object)), hop.object)));
        }
    }
    // What hands a value on to a choice that is decided is no other thing that it decides.
    let hands_on = |driven: &Driven| {
        // A string of a JSON file holds more than the name in it.
        let within = |span: &Range<usize>| span.start <= driven.span.start && driven.span.end <= span.end;
        handed.iter().any(|(file, span)| *file == driven.file && within(span))
    };
    for ((chooser, ways), beside) in choosers.iter_mut().zip(&ways).zip(beside) {
        let values = [chooser.value.as_str(), chooser.other.as_deref().unwrap_or_default()];
        let driven =
            ways.iter().flat_map(|((folder, _), by)| ground.driven(folder, by, &chooser.places, values));
        chooser.drives = driven.filter(|it| !hands_on(it)).chain(beside).collect();
        chooser.drives.sort_by_key(|it| (it.file, it.span.start, it.span.end));
        chooser.drives.dedup();
    }
    choosers
}

/// References of one choice, account and access between which it chooses.
fn groups(references: &[Reference]) -> Vec<Vec<usize>> {
    let mut groups: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for (at, reference) in references.iter().enumerate().filter(|(_, it)| it.role == Role::Choice) {
        // The innermost choice that both slots stand in.
        if let Some(branch) = reference.choices.last() {
            let Reference { file, account, access, element, .. } = reference;
            let key = (*file, branch.choice, *account, *access, element.as_deref());
            groups.entry(key).or_default().push(at);
        }
    }
    // Conditions of one value that ask the same are one choice, where each holds one slot alone.
    let mut together: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    groups.retain(|_, group| {
        let first = &references[group[0]];
        let asked = first.choices.last().and_then(|branch| branch.asked.as_ref());
        let Some(asked) = asked.filter(|_| !both_slots(references, group)) else { return true };
        let element = first.element.as_deref();
        let key = (first.file, first.value, &asked.text, first.account, first.access, element);
        together.entry(key).or_default().append(group);
        false
    });
    let all = groups.into_values().chain(together.into_values());
    all.filter(|group| both_slots(references, group)).collect()
}

fn deciding(facts: &[Parsed], references: &[Reference], group: &[usize]) -> Option<Choice> {
    let first = &references[*group.first()?];
    let number = first.choices.last()?.choice;
    let facts = facts[first.file].as_ref().ok()?;
    facts.choosing.iter().find(|choice| choice.number == number).cloned()
}

/// A chooser with the value that it has, where that is known, and what leads from there to the choice, which stands in this
/// file.
pub fn known<'f>(
    sources: &[Source],
    evaluator: &Evaluator<'f>,
    at: &At,
    file: usize,
    choice: &Choice,
) -> Option<Known<'f>> {
    let mut ways = Ends { evaluator, links: Vec::new() };
    let ends = ways.of(at, file, choice)?;
    let mut places = Vec::new();
    let mut seen: Option<&str> = None;
    let mut turns: Option<&[Turn]> = None;
    for End { place, value, takes, turned, .. } in &ends {
        let text = takes.text(value)?;
        if seen.is_some_and(|seen| seen != text) || turns.is_some_and(|turns| turns != turned) {
            return None;
        }
        seen = Some(text);
        turns = Some(turned.as_slice());
        if let Some(Spot { file, span, way, .. }) = place {
            let span = part_of(&sources[*file], span.clone(), way);
            places.push((*file, word(&sources[*file], span?, text)?));
        }
    }
    let values = ends.iter().filter_map(|end| end.written).collect();
    let is_made = ends.iter().any(|end| end.place.is_none());
    // Several ways may lead to one place.
    places.sort_by_key(|(file, span): &(usize, Range<usize>)| (*file, span.start));
    places.dedup();
    let chooser =
        Chooser { name: choice.name(), places, value: seen?.to_owned(), other: None, drives: Vec::new() };
    Some(Known { chooser, links: ways.links, turns: turns?.to_vec(), is_made, values })
}

/// The files in which the value is written that a choice goes by, or that by which it is found.
pub fn written_in(evaluator: &Evaluator<'_>, folder: &str, file: usize, choice: &Choice) -> Vec<usize> {
    let at = At::folder(folder);
    let ends = Ends { evaluator, links: Vec::new() }.of(&at, file, choice);
    let places = ends.into_iter().flatten().filter_map(|end| end.place).map(|place| place.file);
    let found_by = choice.found_by();
    let found_by = found_by.iter().flat_map(|object| evaluator.written(&at, object));
    places.chain(found_by.map(|written| written.file)).collect()
}

fn spelt(by: &Object) -> String {
    super::naming::spelt(by)
}

/// The bytes of the word within its quotes; absent where it is written otherwise.
fn word(source: &Source, span: Range<usize>, text: &str) -> Option<Range<usize>> {
    let bytes = source.bytes();
    // What is no text in a JSON file goes up to the next comma or bracket.
    let span = span.start..span.start + bytes.get(span)?.trim_ascii_end().len();
    if bytes.get(span.clone()) == Some(text.as_bytes()) {
        return Some(span);
    }
    let inner = span.start + 1..span.end.saturating_sub(1);
    (bytes.get(inner.clone()) == Some(text.as_bytes())).then_some(inner)
}

/// Whether a text is written between quotes as it reads. What stands for a byte that is no UTF-8 is a control
/// character.
fn is_plain(text: &str) -> bool {
    !text.chars().any(|c| c.is_control() || matches!(c, '"' | '\\'))
        && !text.contains("${")
        && !text.contains("%{")
}

/// Whether what a variable demands of its values speaks of this one, and not of what is refused.
fn is_valid(sources: &[Source], folders: &Folders<'_>, folder: &str, by: &Object, value: &str) -> bool {
    let Some(name) = by.steps.first().and_then(|step| step.name()).filter(|_| by.base == Base::Variable)
    else {
        return true;
    };
    let conditions = folders.blocks_at(folder, &["variable", name]).flat_map(|(file, block)| {
        let conditions = block.arguments.iter().filter(|it| it.name == "validation.condition");
        conditions.map(move |condition| (file, condition.span.clone()))
    });
    let mut texts = conditions.map(|(file, span)| {
        String::from_utf8_lossy(sources[file].bytes().get(span).unwrap_or_default()).into_owned()
    });
    texts.all(|text| !text.contains('!') && has_value(&text, value))
}

/// The value that takes the other branch.
fn other_value<'w>(value: &str, mut others: impl Iterator<Item = &'w When>) -> Option<String> {
    let first = others.next()?;
    match first {
        When::Is(text) => others.all(|when| when == first).then(|| text.clone()),
        When::IsNot(_) | When::Among(_) | When::NotAmong(_) => {
            opposite(value).filter(|other| first.is(other) && others.all(|when| when == first))
        }
        When::Unknown => None,
    }
}

/// The value that a person would put in the place of this one.
fn opposite(value: &str) -> Option<String> {
    match value {
        "true" => Some("false".to_owned()),
        "false" => Some("true".to_owned()),
        "0" => Some("1".to_owned()),
        "1" => Some("0".to_owned()),
        word => super::role::counterpart(word),
    }
}
