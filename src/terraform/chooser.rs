//! Variables and local values that choose the slot: `var.slot == "primary" ? … : …`, `{ primary = …, … }[var.slot]`.
//!
//! Where the chooser's value is written out, in a default, a variables file, a local value or every caller's
//! argument, and is the same everywhere, it is known which branch takes effect; and a flip changes that value
//! instead of the branches. Names that only hand the value on are followed to where it is written, and so are those that
//! make one of two values of it by a condition: `local.slot` of `slot = var.use_secondary ? "secondary" : "primary"`.

use std::collections::BTreeMap;
use std::ops::Range;

use super::driven::{Driven, Ground};
use super::either::Turn;
use super::facts::{Base, Choice, Object, Takes, When};
use super::folders::{Folders, MAX_DEPTH};
use super::naming::{At, Evaluator, Written};
use super::parse::Parsed;
use super::reference::{Reference, Role};
use super::role::both_slots;
use super::source::Source;
use super::value::Value;

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
    /// The value, wherever it is written.
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
        let Some(known) = known(sources, &evaluator, &At::run(&folder, run), &choice) else { continue };
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
    // What hands a value on to a choice that is decided is no other thing that it decides.
    let hands_on = |driven: &Driven| {
        // A string of a JSON file holds more than the name in it.
        let within = |span: &Range<usize>| span.start <= driven.span.start && driven.span.end <= span.end;
        handed.iter().any(|(file, span)| *file == driven.file && within(span))
    };
    let ground = Ground::new(sources, facts, folders, references);
    for ((chooser, ways), beside) in choosers.iter_mut().zip(&ways).zip(beside) {
        let driven = ways.iter().flat_map(|((folder, _), by)| ground.driven(folder, by, &chooser.places));
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
            let key = (reference.file, branch.choice, reference.account, reference.access);
            groups.entry(key).or_default().push(at);
        }
    }
    // Conditions of one value that ask the same are one choice, where each holds one slot alone.
    let mut together: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    groups.retain(|_, group| {
        let first = &references[group[0]];
        let asked = first.choices.last().and_then(|branch| branch.asked.as_ref());
        let Some(asked) = asked.filter(|_| !both_slots(references, group)) else { return true };
        let key = (first.file, first.value, &asked.text, first.account, first.access);
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

/// A chooser with the value that it has, where that is known, and what leads from there to the choice.
pub fn known<'f>(
    sources: &[Source],
    evaluator: &Evaluator<'f>,
    at: &At,
    choice: &Choice,
) -> Option<Known<'f>> {
    let mut links = Vec::new();
    let mut places = Vec::new();
    let mut values = Vec::new();
    let mut value: Option<&str> = None;
    let mut turns: Option<Vec<Turn>> = None;
    for End { written: Written { file, argument, value: at_end, .. }, takes, turned } in
        ends(evaluator, at, choice, &mut links)?
    {
        values.push(at_end);
        let text = takes.text(at_end)?;
        if value.is_some_and(|value| value != text) || turns.as_ref().is_some_and(|turns| *turns != turned) {
            return None;
        }
        value = Some(text);
        turns = Some(turned);
        places.push((file, word(&sources[file], argument.span.clone(), text)?));
    }
    // Several ways may lead to one place.
    places.sort_by_key(|(file, span): &(usize, Range<usize>)| (*file, span.start));
    places.dedup();
    let name = spelt(&choice.by);
    let chooser = Chooser { name, places, value: value?.to_owned(), other: None, drives: Vec::new() };
    Some(Known { chooser, links, turns: turns?, values })
}

/// The files in which the value is written that a choice goes by.
pub fn written_in(evaluator: &Evaluator<'_>, folder: &str, choice: &Choice) -> Vec<usize> {
    let ends = ends(evaluator, &At::folder(folder), choice, &mut Vec::new());
    ends.into_iter().flatten().map(|end| end.written.file).collect()
}

/// Where the value is written that a choice goes by in the end.
struct End<'f> {
    written: Written<'f>,
    takes: Takes,
    /// What conditions make of it on its way, the last first.
    turned: Vec<Turn>,
}

/// Absent where that is not known of every way to it.
fn ends<'f>(
    evaluator: &Evaluator<'f>,
    at: &At,
    choice: &Choice,
    links: &mut Vec<Link>,
) -> Option<Vec<End<'f>>> {
    behind(evaluator, at, &choice.by, (choice.takes, &choice.turned), links, 0)
}

/// The same of a name, for one who takes such values and makes this of them.
fn behind<'f>(
    evaluator: &Evaluator<'f>,
    at: &At,
    by: &Object,
    (takes, turned): (Takes, &[Turn]),
    links: &mut Vec<Link>,
    depth: usize,
) -> Option<Vec<End<'f>>> {
    let mut ends = Vec::new();
    for written in evaluator.written(at, by) {
        let mut turned = turned.to_vec();
        let (next, takes) = match written.value {
            Value::Path(next) if depth < MAX_DEPTH => (next, takes),
            Value::Either(either) if depth < MAX_DEPTH => {
                turned.push(either.turn(takes));
                (&either.by, either.takes)
            }
            Value::Template(parts) if depth < MAX_DEPTH && Turn::around(parts).is_some() => {
                let Some((around, next)) = Turn::around(parts) else { continue };
                turned.push(around);
                (next, Takes::Index)
            }
            _ => {
                ends.push(End { written, takes, turned });
                continue;
            }
        };
        links.push(Link {
            folder: written.at.folder.clone(),
            by: next.clone(),
            turns: turned.len(),
            file: written.file,
            span: written.argument.span.clone(),
        });
        ends.extend(behind(evaluator, &written.at, next, (takes, &turned), links, depth + 1)?);
    }
    (!ends.is_empty()).then_some(ends)
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
    texts.all(|text| {
        let is_word = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        let whole = |(at, _): (usize, &str)| {
            let before = at.checked_sub(1).and_then(|at| text.as_bytes().get(at));
            let after = text.as_bytes().get(at + value.len());
            ![before, after].into_iter().flatten().any(|byte| is_word(*byte))
        };
        !text.contains('!') && text.match_indices(value).any(whole)
    })
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
