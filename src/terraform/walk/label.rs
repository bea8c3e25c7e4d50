//! What nested blocks and objects call themselves, where that says a slot: `secret { name = "primary-key" … }`.
//!
//! Blocks of one type that stand beside each other are bound alike; so are the elements of a list but for their number.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use hcl_edit::Span as _;
use hcl_edit::expr::{Expression, Object as ObjectExpression};
use hcl_edit::parser::parse_template;
use hcl_edit::structure::Block as SyntaxBlock;
use hcl_edit::template::Element;

use super::super::numbered::is_numbered;
use super::super::receiver::{NAMING, is_value};
use super::super::role::counterpart;
use super::super::source::Source;
use super::{KEY_VAULT_SECRET, Walk, literal_key, text_of};

/// Arguments by which blocks and objects may say a slot.
const LABELS: [&str; 3] = ["name", "key", "slot"];

/// Where a secret lies.
pub const VAULT: &str = "key_vault_id";

fn words(binding: &[String]) -> Vec<&str> {
    binding.iter().map(String::as_str).collect()
}

/// Whether what such a block or object calls itself counts: of whole resources only that of a secret does, which stands
/// beside others in its vault.
pub fn is_labelled(words: &[String]) -> bool {
    let words = self::words(words);
    match words.as_slice() {
        ["resource", kind, _] => *kind == KEY_VAULT_SECRET,
        ["resource" | "data" | "ephemeral", _, _, _, ..] => true,
        ["resource" | "data" | "ephemeral", ..] | [_] | [] => false,
        ["module" | "output" | "variable" | "provider", ..] => words.len() > 2,
        [_, _, ..] => true,
    }
}

/// The one of some names that says a slot, or else the number of a key.
pub fn label_of<'e>(text: impl Fn(&str) -> Option<&'e str>) -> Option<&'e str> {
    let find = |says: fn(&str) -> bool| LABELS.iter().filter_map(|name| text(name)).find(|text| says(text));
    find(|text| counterpart(text).is_some()).or_else(|| find(is_numbered))
}

/// What a secret is called, in the vault that is told by an expression: names in another one are no counterparts. Of the
/// expression only a number is kept, for it may say a slot too.
pub fn in_vault(label: &str, vault: Option<&str>) -> String {
    let Some(vault) = vault else { return label.to_owned() };
    let mut number = DefaultHasher::new();
    vault.trim_start_matches("${").trim_end_matches('}').trim().hash(&mut number);
    format!("{label} {}", number.finish())
}

impl Walk<'_> {
    /// From here on, the walk stands in a block with these contents.
    pub(super) fn enter_labelled(&mut self, block: &SyntaxBlock) {
        let depth = self.binding.len();
        self.call_by(|name| block.body.get_attribute(name).and_then(|attribute| written(&attribute.value)));
        let source = self.source;
        self.label_by(|name| label_in(source, &block.body.get_attribute(name)?.value));
        if let ["resource", KEY_VAULT_SECRET, _] = words(&self.binding).as_slice()
            && let Some((_, label)) = self.label.as_mut().filter(|(at, _)| *at == depth)
        {
            let vault = block.body.get_attribute(VAULT).map(|attribute| &attribute.value);
            let vault =
                vault.map(|vault| vault.as_str().unwrap_or_else(|| text_of(self.source, vault.span())));
            *label = in_vault(label, vault);
        }
    }

    /// The same for an object.
    pub(super) fn enter_labelled_object(&mut self, object: &ObjectExpression) {
        self.call_by(|name| {
            let mut entries = object.iter().filter(|(key, _)| literal_key(key) == Some(name));
            entries.find_map(|(_, value)| written(value.expr()))
        });
        let source = self.source;
        self.label_by(|name| {
            let mut entries = object.iter();
            let named = entries.find(|(key, _)| literal_key(key) == Some(name))?;
            label_in(source, named.1.expr())
        });
    }

    /// Whatever it says.
    fn call_by(&mut self, text: impl Fn(&str) -> Option<String>) {
        if let Some(name) = NAMING.iter().find_map(|name| text(name)) {
            self.called = Some((self.binding.len(), name));
        }
    }

    /// What the value that is walked is called, if it is the value of a block or an object with a name.
    pub(super) fn called(&self) -> Option<String> {
        let (depth, name) = self.called.as_ref()?;
        let is_value =
            self.binding.len() == depth + 1 && self.binding.last().is_some_and(|last| is_value(last));
        is_value.then(|| name.clone())
    }

    fn label_by<'e>(&mut self, text: impl Fn(&str) -> Option<&'e str>) {
        if let Some(label) = label_of(text).filter(|_| is_labelled(&self.binding)) {
            self.label = Some((self.binding.len(), label.to_owned()));
        }
    }
}

/// What of a text is written out.
pub fn without_expressions(text: &str) -> String {
    match parse_template(text) {
        Ok(template) => literals(template.iter()),
        Err(_) => String::new(),
    }
}

fn literals<'e>(elements: impl Iterator<Item = &'e Element>) -> String {
    let literal = |element: &'e Element| match element {
        Element::Literal(text) => Some(text.value().as_str()),
        Element::Interpolation(_) | Element::Directive(_) => None,
    };
    elements.filter_map(literal).collect()
}

/// The same of an expression; absent where it is none of texts.
fn written(value: &Expression) -> Option<String> {
    match value {
        Expression::String(text) => Some(text.value().clone()),
        Expression::StringTemplate(template) => Some(literals(template.iter())),
        Expression::Parenthesis(inner) => written(inner.inner()),
        Expression::FuncCall(call) => call.args.iter().filter_map(written).reduce(|all, part| all + &part),
        _ => None,
    }
}

/// What such an argument says: a text, with the expressions in it as they are written.
fn label_in<'e>(source: &'e Source, value: &'e Expression) -> Option<&'e str> {
    match value {
        Expression::String(text) => Some(text.value().as_str()),
        Expression::StringTemplate(template) => Some(text_of(source, template.span())),
        _ => None,
    }
}
