//! The names along the steps of a read, and which names on offer they lead to, or towards.

use super::Offer;
use crate::terraform::facts::{Step, StepKind, Token};

/// What an entry is called whose name is worked out.
pub const COMPUTED: &str = "(…)";

/// The names along some steps, up to the first that is computed.
pub struct Path<'s> {
    parts: Vec<Part<'s>>,
    pub computed: bool,
    /// From the first that is computed.
    behind: Vec<Part<'s>>,
}

#[derive(Clone)]
enum Part<'s> {
    Name(String, &'s Token),
    /// An element of a collection, or what a function gives back: one name on the way, or none.
    Any,
    /// One entry, by a name that is computed.
    One,
    /// The same, of entries that are alike: those that a `for` makes.
    Made,
}

/// The part of a path that a name on offer is read by.
pub type Named<'p> = Option<(&'p str, &'p Token)>;

impl<'s> Path<'s> {
    pub fn of(name: String, token: &'s Token, steps: &'s [Step]) -> Path<'s> {
        let part = |step: &'s Step| match &step.kind {
            StepKind::Attribute(name) | StepKind::Key(name) => Part::Name(name.clone(), &step.token),
            StepKind::Number(number) => Part::Name(number.to_string(), &step.token),
            StepKind::Any | StepKind::Element | StepKind::AttributeSplat => Part::Any,
            StepKind::Computed(_) => Part::One,
        };
        let plain = steps.iter().position(|step| step.kind.is_computed()).unwrap_or(steps.len());
        let parts = std::iter::once(Part::Name(name, token)).chain(steps[..plain].iter().map(part));
        let names = steps[plain..].iter().any(|step| step.name().is_some());
        let made = |part| if names { part } else { Part::Made };
        let behind = |step: &'s Step| if step.kind.is_computed() { made(part(step)) } else { part(step) };
        let behind = steps[plain..].iter().map(behind).collect();
        Path { parts: parts.collect(), computed: plain < steps.len(), behind }
    }

    /// The whole way, beyond what is computed: whichever entry that is, names that are written out behind it tell what is
    /// read of it. Where there are none, only entries that are alike tell that.
    pub fn whole(&self) -> Option<Path<'s>> {
        let parts = [self.parts.as_slice(), self.behind.as_slice()].concat();
        (!self.behind.is_empty()).then_some(Path { parts, computed: true, behind: Vec::new() })
    }

    /// Whether it takes an element somewhere, or what a function gives back.
    pub fn has_any(&self) -> bool {
        self.parts.iter().any(|part| matches!(part, Part::Any))
    }

    /// How many names and elements lead to what it reads, or to what is computed.
    pub fn names(&self) -> usize {
        self.parts.len()
    }

    /// The offers that the path leads to or below, and by which of its parts each of their names is read. Where an
    /// element may be what the next name stands for, the offers that are read by more names are meant.
    pub(super) fn reached<'o>(&self, offers: &[&'o Offer]) -> Vec<(&'o Offer, Vec<Named<'_>>)> {
        let reached = |offer: &&'o Offer| Some((*offer, reaches(&self.parts, &offer.path)?));
        let mut reached: Vec<_> = offers.iter().filter_map(reached).collect();
        let named = |names: &[Named<'_>]| names.iter().flatten().count();
        let most = reached.iter().map(|(_, names)| named(names)).max();
        reached.retain(|(_, names)| Some(named(names)) == most);
        reached
    }

    pub(super) fn leads_towards(&self, offer: &[String]) -> bool {
        leads_towards(&self.parts, offer)
    }

    /// The offers within what the path leads to, and by which of its parts each of their names is read.
    pub(super) fn within<'o>(&self, offers: &[&'o Offer]) -> Vec<(&'o Offer, Vec<Named<'_>>)> {
        offers.iter().filter_map(|offer| Some((*offer, within(&self.parts, &offer.path)?))).collect()
    }

    /// Whether the path picks by a number that the list does not have: `element` begins anew at a list's end.
    pub(super) fn wraps(&self, offer: &[String]) -> bool {
        let differing = self.parts.iter().zip(offer).find(|(part, wanted)| match part {
            Part::Name(name, _) => name != *wanted,
            Part::Any | Part::One | Part::Made => true,
        });
        let number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        matches!(differing, Some((Part::Name(name, _), wanted)) if number(name) && number(wanted))
    }
}

/// Whether steps take the element that a block is repeated for, and nothing but names besides.
pub fn by_element(steps: &[Step]) -> bool {
    let element = |step: &Step| step.kind == StepKind::Element;
    steps.iter().any(element) && steps.iter().all(|step| element(step) || step.name().is_some())
}

fn reaches<'p>(parts: &'p [Part<'_>], offer: &[String]) -> Option<Vec<Named<'p>>> {
    let Some((wanted, below)) = offer.split_first() else { return Some(Vec::new()) };
    let (part, rest) = parts.split_first()?;
    let with = |named: Named<'p>, mut names: Vec<Named<'p>>| {
        names.insert(0, named);
        names
    };
    match part {
        Part::Name(name, token) if name == wanted || wanted == COMPUTED => {
            reaches(rest, below).map(|names| with(Some((name, *token)), names))
        }
        Part::Name(..) => None,
        Part::One => reaches(rest, below).map(|names| with(None, names)),
        Part::Made if wanted == COMPUTED => reaches(rest, below).map(|names| with(None, names)),
        Part::Made => None,
        Part::Any => reaches(rest, offer).or_else(|| reaches(rest, below).map(|names| with(None, names))),
    }
}

fn within<'p>(parts: &'p [Part<'_>], offer: &[String]) -> Option<Vec<Named<'p>>> {
    let Some((part, rest)) = parts.split_first() else { return Some(vec![None; offer.len()]) };
    let (wanted, below) = offer.split_first()?;
    let with = |named: Named<'p>, names: Vec<Named<'p>>| std::iter::once(named).chain(names).collect();
    match part {
        Part::Name(name, token) if name == wanted || wanted == COMPUTED => {
            within(rest, below).map(|names| with(Some((name, *token)), names))
        }
        Part::Name(..) => None,
        Part::One => within(rest, below).map(|names| with(None, names)),
        Part::Made if wanted == COMPUTED => within(rest, below).map(|names| with(None, names)),
        Part::Made => None,
        Part::Any => within(rest, offer).or_else(|| within(rest, below).map(|names| with(None, names))),
    }
}

fn leads_towards(parts: &[Part<'_>], offer: &[String]) -> bool {
    match (parts.split_first(), offer.split_first()) {
        (None, offered) => offered.is_some(),
        (Some(_), None) => false,
        (Some((Part::Name(name, _), rest)), Some((wanted, below))) => {
            (name == wanted || wanted == COMPUTED) && leads_towards(rest, below)
        }
        (Some((Part::One, rest)), Some((_, below))) => leads_towards(rest, below),
        (Some((Part::Made, rest)), Some((wanted, below))) => wanted == COMPUTED && leads_towards(rest, below),
        (Some((Part::Any, rest)), Some((_, below))) => {
            leads_towards(rest, below) || leads_towards(rest, offer)
        }
    }
}
