//! From a parsed file to its [`Facts`].
//!
//! The walk visits every expression by itself: the visitor of `hcl-edit` 0.10 leaves out the collection of a
//! template's `%{ for }`. Comments and plain text are no expressions and so never count.

mod alias;
mod block;
mod call;
mod choosing;
mod collection;
mod condition;
mod expression;
mod generated;
mod label;
mod made;
mod place;
mod read_back;
mod template;

use std::ops::Range;

use hcl_edit::Span;
use hcl_edit::expr::{Expression, ObjectKey};
use hcl_edit::structure::{Attribute, Body};
use hcl_edit::template::{Element, Template};

pub use self::call::GATHERING;
use self::choosing::By;
pub use self::expression::literal;
pub use self::label::{VAULT, in_vault, is_labelled, label_of, without_expressions};
use self::place::is_test;
pub use self::place::{can_be_read, is_meta, is_of_addresses};
use super::facts::{Asked, Binding, Branch, Facts, Object, Remade};
use super::itself::{SELF, itself};
use super::object::{Bound, Scope};
use super::source::Source;

pub fn facts_of(source: &Source, body: &Body) -> Facts {
    let mut walk = Walk::new(source, Vec::new(), Facts::default());
    walk.body(body);
    walk.assignments(body);
    walk.facts
}

/// The same for one string of a JSON file: `binding` is where it stands, `facts` what the file said so far.
pub fn template_facts(source: &Source, template: &Template, binding: Binding, facts: Facts) -> Facts {
    let mut walk = Walk::new(source, binding, facts);
    walk.scope = scope_of(&walk.binding);
    walk.value = match (template.iter().next(), template.len()) {
        (Some(Element::Interpolation(only)), 1) => only.expr.span(),
        _ => Some(0..source.text().len()),
    };
    walk.testing = usize::from(is_test(&walk.binding));
    walk.template(template);
    walk.facts
}

/// What `each` and `self` stand for where a value of a JSON file stands.
pub fn scope_of(binding: &[String]) -> Scope {
    let mut scope = Scope::default();
    let words = match binding.first().map(String::as_str) {
        Some("resource" | "data" | "ephemeral") => 3,
        Some("module") => 2,
        _ => return scope,
    };
    if let Some(block) = binding.get(..words) {
        scope.enter("each".to_owned(), Bound::Iterator(vec![Object::each(block)]));
        bind_itself(&mut scope, block);
    }
    scope
}

fn bind_itself(scope: &mut Scope, block: &[String]) {
    itself(block).into_iter().for_each(|object| scope.enter(SELF.to_owned(), Bound::Itself(object)));
}

/// What a stack calls a module block.
pub const COMPONENT: &str = "component";

/// What a component is given.
pub const INPUTS: &str = "inputs";

/// The resource that writes a secret.
pub const KEY_VAULT_SECRET: &str = "azurerm_key_vault_secret";

struct Walk<'s> {
    source: &'s Source,
    facts: Facts,
    binding: Binding,
    scope: Scope,
    /// Where the value of the argument or entry stands that the walk is in.
    value: Option<Range<usize>>,
    /// The choices that the walk stands in.
    choices: Vec<Branch>,
    /// The conditions under which the blocks are there that it stands in.
    exists: Vec<Asked>,
    /// Where the top block starts, and how many loops within an expression the walk stands in.
    block: usize,
    loops: usize,
    /// The choice whose branches are the entries of the object that the walk comes to next.
    keyed: Option<u32>,
    /// How many functions the walk stands in that pass over what is not there.
    masking: usize,
    /// How many functions the walk stands in that take the first that is there, behind the first.
    falling_back: usize,
    /// How many expressions the walk stands in that may take a part of what they are given, or give it other names.
    changing: usize,
    /// Names of what is merged over what the walk stands in.
    overriding: Vec<String>,
    /// How many expressions the walk stands in of which only a truth or a number comes.
    testing: usize,
    /// How many entries the walk stands in that a later one of the same name replaces.
    replaced: usize,
    /// How many expressions the walk stands in that pick from what they gather.
    sifting: usize,
    /// How many collections the walk stands in whose elements are read where a name stands for them.
    looping: usize,
    /// Whether lists that stand right here come to one list with those around them.
    flattening: bool,
    /// At which place of what is made the elements of a list that stands here begin; `None` where the text does not tell.
    offset: Option<usize>,
    /// How many functions the walk stands in that make something else of a collection than one: `join`, `jsonencode`.
    reducing: usize,
    /// What an expression that the walk is in makes other names of.
    remaking: Option<Remade>,
    /// Where the list stands whose elements a function takes one by one: `merge([for …]...)`.
    spread: Option<Range<usize>>,
    /// How many `for` with a condition the walk stands in.
    filtering: usize,
    /// How many entries it stands in of something that is picked from where it is written.
    sifted_entries: usize,
    /// What the innermost nested block or object calls itself that the walk stands in.
    label: Option<(usize, String)>,
    /// The name of the innermost nested block or object that has one, whatever it says.
    called: Option<(usize, String)>,
    /// How many texts and functions the walk stands in that speak of an account's endpoint.
    beside_endpoint: usize,
}

impl<'s> Walk<'s> {
    fn new(source: &'s Source, binding: Binding, facts: Facts) -> Walk<'s> {
        Walk {
            source,
            facts,
            binding,
            scope: Scope::default(),
            value: None,
            choices: Vec::new(),
            exists: Vec::new(),
            block: 0,
            loops: 0,
            keyed: None,
            masking: 0,
            falling_back: 0,
            changing: 0,
            overriding: Vec::new(),
            testing: 0,
            replaced: 0,
            sifting: 0,
            looping: 0,
            flattening: false,
            offset: Some(0),
            reducing: 0,
            remaking: None,
            spread: None,
            filtering: 0,
            sifted_entries: 0,
            label: None,
            called: None,
            beside_endpoint: 0,
        }
    }

    fn attribute(&mut self, attribute: &Attribute) {
        let name = attribute.key.as_str();
        if is_meta(&self.binding, name) {
            return;
        }
        let local = self.binding == ["locals"];
        // A key that a resource is replaced with is read; an account is only named.
        let mention = local || name == "for_each" || name == "replace_triggered_by";
        self.valued(name, &attribute.value, mention);
    }

    fn valued(&mut self, name: &str, value: &Expression, mention: bool) {
        self.within(name.to_owned(), |walk| {
            let either = can_be_read(&walk.binding).then(|| walk.alias(value)).flatten();
            walk.handed_over(value);
            walk.generated(value);
            walk.value = value.span();
            let testing = usize::from(is_test(&walk.binding));
            walk.testing += testing;
            match (name, either) {
                ("for_each", _) => walk.collection(value),
                (_, Some(one)) => {
                    walk.read(one, value, None, mention);
                    walk.beside(value);
                }
                (_, None) => walk.expression(value, mention),
            }
            walk.testing -= testing;
        });
    }

    /// A component is a module block whose inputs stand in a map of their own.
    fn component(&mut self, body: &Body) {
        for attribute in body.attributes() {
            match inputs_of(attribute) {
                Some(inputs) => inputs.for_each(|(name, value)| self.valued(name, value, false)),
                None => self.attribute(attribute),
            }
        }
    }

    fn within(&mut self, name: String, inside: impl FnOnce(&mut Self)) {
        self.binding.push(name);
        inside(self);
        self.binding.pop();
    }
}

fn inputs_of(attribute: &Attribute) -> Option<impl Iterator<Item = (&str, &Expression)>> {
    let inputs = attribute.value.as_object().filter(|_| attribute.key.as_str() == INPUTS)?;
    Some(inputs.iter().filter_map(|(key, value)| Some((literal_key(key)?, value.expr()))))
}

pub fn literal_key(key: &ObjectKey) -> Option<&str> {
    match key {
        ObjectKey::Ident(ident) => Some(ident.as_str()),
        ObjectKey::Expression(key) => key.as_str(),
    }
}

/// A text as expressions are kept and compared: without white space.
pub fn without_blanks(text: &str) -> String {
    text.split_whitespace().collect()
}

/// The text of an expression in its file.
pub fn text_of(source: &Source, span: Option<Range<usize>>) -> &str {
    span.and_then(|span| source.text().get(span)).unwrap_or_default()
}
