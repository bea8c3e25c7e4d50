//! Where the value is written that a choice goes by in the end, and what is made of it on its way.
//!
//! `coalesce` and `try` give the first that is there, `lookup` what stands under a name or else its last argument. A
//! condition of several values (`var.a && var.b`) has no place of its own: what it comes to is known, and which of them
//! to change is nobody's to say.

use std::ops::Range;

use super::{Link, spelt};
use crate::terraform::either::Turn;
use crate::terraform::facts::{Choice, Object, Step, StepKind, Takes, Token};
use crate::terraform::folders::MAX_DEPTH;
use crate::terraform::naming::{At, Evaluator};
use crate::terraform::value::{BOTH, EITHER, NOT, Value};

/// Where the value is written that a choice goes by in the end.
pub struct End<'f> {
    /// Absent where it is made of several.
    pub place: Option<Spot<'f>>,
    pub value: Value,
    /// The value that it is, or an argument of; absent where it stands in the choice itself, or is made of several.
    pub written: Option<&'f Value>,
    pub takes: Takes,
    /// What conditions make of it on its way, the last first.
    pub turned: Vec<Turn>,
}

/// A part of an expression.
#[derive(Clone)]
pub struct Spot<'f> {
    pub file: usize,
    /// The bytes of the expression.
    pub span: Range<usize>,
    /// The places that lead from there to it, as arguments of functions.
    pub way: Vec<String>,
    /// What is written there; absent where that is the choice itself.
    pub written: Option<&'f Value>,
}

impl Spot<'_> {
    fn within(&self, place: usize) -> Self {
        let mut spot = self.clone();
        spot.way.push(place.to_string());
        spot
    }
}

/// What somebody takes, and what is made of it for them, the last first.
type Asked<'t> = (Takes, &'t [Turn]);

/// Whether a value says which element of a collection is taken. Each run of the code may have another value for it, and the
/// elements that this one does not take are those of other environments: a flip of one alone would leave them behind.
fn is_picked_by_value(object: &Object) -> bool {
    let by_value = |kind: &StepKind| match kind {
        StepKind::Computed(Some(key)) => !is_literal(key),
        StepKind::Computed(None) => true,
        _ => false,
    };
    object.steps.iter().any(|step| by_value(&step.kind))
}

fn is_literal(value: &Value) -> bool {
    !matches!(value, Value::Path(_) | Value::Template(_) | Value::Call(..) | Value::Either(_))
}

/// Follows values to where they are written; notes the names on the way.
pub struct Ends<'e, 'f> {
    pub evaluator: &'e Evaluator<'f>,
    pub links: Vec<Link>,
}

impl<'f> Ends<'_, 'f> {
    /// Absent where that is not known of every way to it.
    pub fn of(&mut self, at: &At, file: usize, choice: &Choice) -> Option<Vec<End<'f>>> {
        let asked = (choice.takes, choice.turned.as_slice());
        match &choice.whole {
            Some(whole) => {
                let spot = Spot { file, span: choice.span.clone(), way: Vec::new(), written: None };
                self.value(at, &spot, whole, asked, 0)
            }
            None => self.behind(at, &choice.by, asked, 0),
        }
    }

    /// The same of a name.
    fn behind(&mut self, at: &At, by: &Object, asked: Asked<'_>, depth: usize) -> Option<Vec<End<'f>>> {
        if is_picked_by_value(by) {
            return None;
        }
        let mut ends = Vec::new();
        for written in self.evaluator.written(at, by) {
            let span = written.argument.span.clone();
            let spot = Spot { file: written.file, span, way: Vec::new(), written: Some(written.value) };
            ends.extend(self.value(&written.at, &spot, written.value, asked, depth)?);
        }
        (!ends.is_empty()).then_some(ends)
    }

    fn value(
        &mut self,
        at: &At,
        spot: &Spot<'f>,
        value: &Value,
        (takes, turned): Asked<'_>,
        depth: usize,
    ) -> Option<Vec<End<'f>>> {
        let mut turned = turned.to_vec();
        let end = |turned| {
            let (place, written) = (Some(spot.clone()), spot.written);
            Some(vec![End { place, value: value.clone(), written, takes, turned }])
        };
        if depth >= MAX_DEPTH {
            return end(turned);
        }
        let (next, takes) = match value {
            Value::Path(next) => (next, takes),
            Value::Either(either) => {
                turned.push(either.turn(takes));
                (&either.by, either.takes)
            }
            Value::Template(parts) => {
                let Some((around, next)) = Turn::around(parts) else { return end(turned) };
                turned.push(around);
                (next, Takes::Index)
            }
            Value::Call(function, parts) => {
                let known =
                    self.call(at, spot, (function.as_str(), parts.as_slice()), (takes, &turned), depth + 1);
                return known.unwrap_or_else(|| end(turned));
            }
            _ => return end(turned),
        };
        self.links.push(Link {
            folder: at.folder.clone(),
            by: next.clone(),
            turns: turned.len(),
            file: spot.file,
            span: spot.span.clone(),
        });
        self.behind(at, next, (takes, &turned), depth + 1)
    }

    /// What a function gives back; absent for a function that is not followed.
    fn call(
        &mut self,
        at: &At,
        spot: &Spot<'f>,
        (function, parts): (&str, &[Value]),
        asked: Asked<'_>,
        depth: usize,
    ) -> Option<Option<Vec<End<'f>>>> {
        Some(match (function, parts) {
            ("coalesce" | "try", parts) => self.first(at, spot, (function, parts), asked, depth),
            ("lookup", [Value::Path(_), key, ..]) if !is_literal(key) => None,
            ("lookup", [Value::Path(map), key, default @ ..]) => {
                let kind = StepKind::Computed(Some(Box::new(key.clone())));
                let picked = map.clone().then(Step { kind, token: Token::Unplaced });
                match default {
                    [default, ..] if self.evaluator.lacks(at, &picked) => {
                        self.value(at, &spot.within(2), default, asked, depth)
                    }
                    _ => self.value(at, spot, &Value::Path(picked), asked, depth),
                }
            }
            ("nonsensitive" | "sensitive", [only]) => self.value(at, &spot.within(0), only, asked, depth),
            ("tostring", [only]) => self.value(at, &spot.within(0), only, (Takes::Index, asked.1), depth),
            (BOTH | EITHER | NOT, parts) => {
                let value = Value::Bool(self.truth(at, spot, (function, parts), depth)?);
                Some(vec![End {
                    place: None,
                    value,
                    written: None,
                    takes: asked.0,
                    turned: asked.1.to_vec(),
                }])
            }
            _ => return None,
        })
    }

    /// The first of some values that is there, of every way to it.
    fn first(
        &mut self,
        at: &At,
        spot: &Spot<'f>,
        (function, parts): (&str, &[Value]),
        asked: Asked<'_>,
        depth: usize,
    ) -> Option<Vec<End<'f>>> {
        // Of what is made of a value, that which stands outside of the function comes later.
        let outer = asked.1.len();
        let is_empty = |end: &End<'_>| match (&end.value, end.turned.len() > outer) {
            _ if function != "coalesce" => Some(false),
            (_, true) => end.seen(outer).map(|seen| seen.is_empty()),
            (Value::Other(text), false) => Some(text == "null"),
            (Value::Text(text), false) => Some(text.is_empty()),
            _ => Some(false),
        };
        let mut all = Vec::new();
        for (place, part) in parts.iter().enumerate() {
            if function == "try"
                && let Value::Path(object) = part
                && self.evaluator.lacks(at, object)
            {
                continue;
            }
            let ends = self.value(at, &spot.within(place), part, asked, depth)?;
            let empty = ends.iter().map(is_empty).collect::<Option<Vec<bool>>>()?;
            let is_there = !empty.contains(&true);
            all.extend(ends.into_iter().zip(empty).filter(|(_, empty)| !empty).map(|(end, _)| end));
            if is_there {
                return Some(all);
            }
        }
        None
    }

    /// What a condition of several values comes to; one that decides it alone is enough.
    fn truth(
        &mut self,
        at: &At,
        spot: &Spot<'f>,
        (function, parts): (&str, &[Value]),
        depth: usize,
    ) -> Option<bool> {
        let mut truths = Vec::new();
        for (place, part) in parts.iter().enumerate() {
            let ends = self.value(at, &spot.within(place), part, (Takes::Condition, &[][..]), depth);
            let seen = ends.and_then(|ends| ends.iter().map(|end| end.seen(0)).collect::<Option<Vec<_>>>());
            let alike = seen.filter(|seen| seen.windows(2).all(|two| two[0] == two[1]));
            truths.push(alike.and_then(|seen| seen.first()?.parse::<bool>().ok()));
        }
        let deciding = function == EITHER;
        match (function, truths.as_slice()) {
            (NOT, [only]) => only.map(|only| !only),
            (_, truths) if truths.contains(&Some(deciding)) => Some(deciding),
            (_, truths) => truths.iter().all(Option::is_some).then_some(!deciding),
        }
    }
}

impl End<'_> {
    /// What is seen of it behind what is made of it, but for so many of the last.
    fn seen(&self, but: usize) -> Option<String> {
        let value = self.takes.text(&self.value)?.to_owned();
        self.turned.iter().skip(but).rev().try_fold(value, |value, turn| turn.of(&value))
    }
}

/// What a value goes by, as people read it.
pub fn words(value: &Value) -> Option<String> {
    match value {
        Value::Path(object) => Some(spelt(object)),
        Value::Either(either) => Some(either.text.clone()),
        Value::Call(function, parts) => match (function.as_str(), parts.as_slice()) {
            (NOT, [only]) => Some(format!("!({})", words(only)?)),
            (BOTH | EITHER, [one, other]) => Some(format!("{} {function} {}", words(one)?, words(other)?)),
            _ => None,
        },
        _ => None,
    }
}
