//! Objects that have a key twice: Terraform takes the last one, the parser of `hcl-edit` takes none.
//!
//! Such a key is parsed under another name that is as long, so that every span stays as it is, and gets its own text back
//! in the syntax tree. Those before the last one keep a name that nothing can ask for: what they hold is dead text. So it is
//! with keys that are spelt otherwise and come to one text (`a`, `"a"`), and with those that are worked out alike.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use hcl_edit::expr::{Expression, Object, ObjectKey};
use hcl_edit::parser::{Error, parse_body, parse_expr};
use hcl_edit::structure::Body;
use hcl_edit::visit_mut::{VisitMut, visit_object_mut};
use hcl_edit::{Decorated, Span};

use super::walk::without_blanks;
use super::words::is_of_name;

/// Each of them takes a parse of the whole file.
const MAX_TWICE: usize = 32;

/// What stands behind the name of a key that another one replaces; people see it so.
const REPLACED: &str = " (earlier)";

/// What stands before the text of a key that is worked out: no key holds it.
const WORKED_OUT: char = '\u{1f}';

/// Functions that give back something else each time.
const FICKLE: [&str; 3] = ["bcrypt", "timestamp", "uuid"];

/// What the parser says of a key that the object has already.
const MESSAGE: &str = "redefined object key";

/// Whether it is about such a key that the parser fails.
pub fn is_twice(message: &str) -> bool {
    message.contains(MESSAGE)
}

/// Whether a later entry of the same name stands in the place of the one that is called so.
pub fn is_replaced(name: &str) -> bool {
    name.ends_with(REPLACED)
}

/// The parsed text. Its own error where that is of another kind, or where keys are twice that cannot be told apart.
pub fn parse(text: &str) -> Result<Body, Error> {
    let mut masked = Masked::new(text);
    let first = match parse_body(text) {
        Err(error) if is_twice(error.message()) => error,
        parsed => return parsed.map(|body| masked.unmasked(body)),
    };
    masked.words = text.split(|c: char| !is_of_name(c)).map(str::to_owned).collect();
    let mut place = first.location().offset();
    while masked.mask(place) {
        match parse_body(&masked.text) {
            Ok(body) => return Ok(masked.unmasked(body)),
            Err(error) if is_twice(error.message()) => place = error.location().offset(),
            Err(error) => return Err(error),
        }
    }
    Err(first)
}

/// A text with other words in the place of some keys, or of parts of them.
struct Masked<'t> {
    original: &'t str,
    text: String,
    words: BTreeSet<String>,
    /// Where those keys start, quotes included.
    places: BTreeSet<usize>,
}

impl<'t> Masked<'t> {
    fn new(original: &'t str) -> Masked<'t> {
        let (text, words, places) = (original.to_owned(), BTreeSet::new(), BTreeSet::new());
        Masked { original, text, words, places }
    }

    /// Puts a word that stands nowhere else in the place of the first one of the key there; false where that cannot be done.
    fn mask(&mut self, place: usize) -> bool {
        let word =
            self.text.get(place..).and_then(first_word).map(|word| place + word.start..place + word.end);
        let room = self.places.len() < MAX_TWICE;
        let free = word.filter(|_| room).and_then(|word| Some((word.clone(), self.free(&self.text[word])?)));
        let (Some((word, free)), true) = (free, self.places.insert(place)) else { return false };
        self.text.replace_range(word, &free);
        self.words.insert(free);
        true
    }

    /// A word as long as this one that the text does not hold.
    fn free(&self, word: &str) -> Option<String> {
        let letters = || ('a'..='z').chain('A'..='Z').chain(['_']);
        let rest = match word.is_ascii() {
            true => word.get(1..).unwrap_or_default().to_owned(),
            false => "a".repeat(word.len() - 1),
        };
        let heads = letters().map(|head| format!("{head}{rest}"));
        let tails = letters()
            .filter(|_| word.len() > 1 && word.is_ascii() && !word.starts_with(|c: char| c.is_ascii_digit()))
            .map(|tail| format!("{}{tail}", &word[..word.len() - 1]));
        heads.chain(tails).find(|word| word != "for" && !self.words.contains(word))
    }

    fn unmasked(&mut self, mut body: Body) -> Body {
        self.visit_body_mut(&mut body);
        body
    }

    /// The key that stands here in the text as it is.
    fn own(&self, key: &ObjectKey) -> Option<ObjectKey> {
        let span = span(key).filter(|span| self.places.contains(&span.start))?;
        // Behind so many blanks its parts are where they are in the file.
        let blanks = " ".repeat(span.start.checked_sub(1)?);
        let Expression::Parenthesis(inner) =
            parse_expr(&format!("({blanks}{})", self.original.get(span)?)).ok()?
        else {
            return None;
        };
        Some(match inner.into_inner() {
            Expression::Variable(name) => Expression::String(Decorated::new(name.as_str().to_owned())).into(),
            key => ObjectKey::Expression(key),
        })
    }
}

/// The first word of a key, behind what opens it.
fn first_word(key: &str) -> Option<Range<usize>> {
    let opening = |c: char| matches!(c, '(' | '[' | '{' | '-' | '!' | ' ' | '\t');
    let mut rest = key.trim_start_matches(opening);
    if let Some(text) = rest.strip_prefix('"') {
        rest = match text.strip_prefix("${").or_else(|| text.strip_prefix("%{")) {
            Some(inner) => inner.trim_start_matches(|c| opening(c) || c == '~'),
            None => text,
        };
        // Any character of a text is as good as a word.
        let first = rest.chars().next().filter(|c| !matches!(c, '"' | '\\' | '$' | '%'))?;
        if !is_of_name(first) {
            let start = key.len() - rest.len();
            return Some(start..start + first.len_utf8());
        }
    }
    let start = key.len() - rest.len();
    let end = rest.find(|c: char| !is_of_name(c)).unwrap_or(rest.len());
    (end > 0).then_some(start..start + end)
}

impl VisitMut for Masked<'_> {
    fn visit_object_mut(&mut self, object: &mut Object) {
        visit_object_mut(self, object);
        let names: BTreeSet<String> = object.iter().map(|(key, _)| name(key)).collect();
        let masked = |key: &ObjectKey| span(key).is_some_and(|span| self.places.contains(&span.start));
        if names.len() == object.len() && !object.iter().any(|(key, _)| masked(key)) {
            return;
        }
        let mut later: BTreeMap<String, usize> = BTreeMap::new();
        let mut entries: Vec<_> = std::mem::take(object).into_iter().collect();
        for (key, _) in entries.iter_mut().rev() {
            let own = self.own(key).unwrap_or_else(|| key.clone());
            // Each of them is another: what it was parsed under keeps them apart.
            if is_fickle(&own) {
                continue;
            }
            let name = name(&own);
            let replaced = later.entry(name.clone()).or_default();
            *key = match *replaced {
                0 => own,
                times => {
                    let called = format!("{}{}", name.trim_start_matches(WORKED_OUT), REPLACED.repeat(times));
                    Expression::String(Decorated::new(called)).into()
                }
            };
            *replaced += 1;
        }
        object.extend(entries);
    }
}

fn span(key: &ObjectKey) -> Option<Range<usize>> {
    match key {
        ObjectKey::Ident(ident) => ident.span(),
        ObjectKey::Expression(key) => key.span(),
    }
}

/// What a key is called; of one that is worked out, how.
fn name(key: &ObjectKey) -> String {
    match key {
        ObjectKey::Ident(ident) => ident.as_str().to_owned(),
        ObjectKey::Expression(key) => of_expression(key),
    }
}

fn of_expression(key: &Expression) -> String {
    match key {
        Expression::String(text) => text.value().clone(),
        Expression::Number(number) => number.value().to_string(),
        Expression::Bool(bool) => bool.value().to_string(),
        Expression::Parenthesis(inner) if is_literal(inner.inner()) => of_expression(inner.inner()),
        other => format!("{WORKED_OUT}{}", without_blanks(&other.to_string())),
    }
}

fn is_literal(expression: &Expression) -> bool {
    matches!(expression, Expression::String(_) | Expression::Number(_) | Expression::Bool(_))
}

/// Whether what is worked out here is something else in another place.
fn is_fickle(key: &ObjectKey) -> bool {
    let ObjectKey::Expression(key) = key else { return false };
    let text = key.to_string();
    FICKLE.iter().any(|name| text.contains(&format!("{name}(")))
}
