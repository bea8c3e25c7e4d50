//! Objects that have a key twice: Terraform takes the last one, the parser of `hcl-edit` takes none.
//!
//! Such a key is parsed under another name that is as long, so that every span stays as it is, and gets its own name back
//! in the syntax tree. Those before the last one keep a name that nothing can ask for; what they hold counts as read
//! where they stand, though Terraform does not look at it. Keys whose text is worked out stay what the parser makes of them.

use std::collections::{BTreeMap, BTreeSet};

use hcl_edit::expr::{Expression, Object, ObjectKey};
use hcl_edit::parser::{Error, parse_body};
use hcl_edit::structure::Body;
use hcl_edit::visit_mut::{VisitMut, visit_object_mut};
use hcl_edit::{Decorated, Span};

/// Each of them takes a parse of the whole file.
const MAX_TWICE: usize = 32;

/// What stands behind the name of a key that another one replaces; people see it so.
const REPLACED: &str = " (earlier)";

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
    let first = match parse_body(text) {
        Err(error) if is_twice(error.message()) => error,
        parsed => return parsed,
    };
    let mut masked = Masked::new(text);
    let mut place = first.location().offset();
    while masked.mask(place) {
        match parse_body(&masked.text) {
            Ok(mut body) => {
                masked.visit_body_mut(&mut body);
                return Ok(body);
            }
            Err(error) if is_twice(error.message()) => place = error.location().offset(),
            Err(error) => return Err(error),
        }
    }
    Err(first)
}

/// A text with other names in the place of some keys.
struct Masked {
    text: String,
    words: BTreeSet<String>,
    /// By where the key starts, quotes included: the name that it has.
    names: BTreeMap<usize, String>,
}

impl Masked {
    fn new(text: &str) -> Masked {
        let words = text.split(|c: char| !is_of_word(c)).map(str::to_owned).collect();
        Masked { text: text.to_owned(), words, names: BTreeMap::new() }
    }

    /// Puts a word that stands nowhere else in the place of the key there; false where that cannot be done.
    fn mask(&mut self, place: usize) -> bool {
        let Some(rest) = self.text.get(place..) else { return false };
        let quoted = rest.strip_prefix('"');
        let inner = quoted.unwrap_or(rest);
        let name = inner.split(|c: char| !is_of_word(c)).next().unwrap_or_default().to_owned();
        let ends = quoted.is_none() || inner[name.len()..].starts_with('"');
        let plain = name.is_ascii() && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        let free = (plain && ends && self.names.len() < MAX_TWICE).then(|| self.free(&name)).flatten();
        let (Some(free), false) = (free, self.names.contains_key(&place)) else { return false };
        let start = place + usize::from(quoted.is_some());
        self.text.replace_range(start..start + name.len(), &free);
        self.words.insert(free);
        self.names.insert(place, name);
        true
    }

    /// A word as long as this one that the text does not hold.
    fn free(&self, name: &str) -> Option<String> {
        let letters = || ('a'..='z').chain('A'..='Z').chain(['_']);
        let heads = letters().map(|head| format!("{head}{}", name.get(1..).unwrap_or_default()));
        let tails =
            letters().filter(|_| name.len() > 1).map(|tail| format!("{}{tail}", &name[..name.len() - 1]));
        heads.chain(tails).find(|word| !self.words.contains(word))
    }
}

fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-')
}

impl VisitMut for Masked {
    fn visit_object_mut(&mut self, object: &mut Object) {
        visit_object_mut(self, object);
        let is_masked = |key: &ObjectKey| place(key).is_some_and(|at| self.names.contains_key(&at));
        if !object.iter().any(|(key, _)| is_masked(key)) {
            return;
        }
        let mut later: BTreeMap<String, usize> = BTreeMap::new();
        let mut entries: Vec<_> = std::mem::take(object).into_iter().collect();
        for (key, _) in entries.iter_mut().rev() {
            let masked = place(key).and_then(|at| self.names.get(&at));
            let Some(name) = masked.cloned().or_else(|| text(key)) else { continue };
            let replaced = later.entry(name.clone()).or_default();
            if masked.is_some() || *replaced > 0 {
                let mark = REPLACED.repeat(*replaced);
                *key = Expression::String(Decorated::new(format!("{name}{mark}"))).into();
            }
            *replaced += 1;
        }
        object.extend(entries);
    }
}

/// Where a key starts.
fn place(key: &ObjectKey) -> Option<usize> {
    let span = match key {
        ObjectKey::Ident(ident) => ident.span(),
        ObjectKey::Expression(key) => key.span(),
    };
    span.map(|span| span.start)
}

fn text(key: &ObjectKey) -> Option<String> {
    match key {
        ObjectKey::Ident(ident) => Some(ident.as_str().to_owned()),
        ObjectKey::Expression(key) => key.as_str().map(str::to_owned),
    }
}
