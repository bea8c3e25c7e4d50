//! From a parsed file to its [`Facts`].
//!
//! The walk visits every expression by itself: the visitor of `hcl-edit` 0.10 leaves out the collection of a
//! template's `%{ for }`. Comments and plain text are no expressions and so never count.

mod expression;

use std::ops::Range;

use hcl_edit::structure::{Attribute, Block, Body, Structure};
use hcl_edit::template::Template;

use super::attribute::COSMOSDB_ACCOUNT;
use super::declare;
use super::facts::{Alias, Binding, Facts, SymbolKind};
use super::object::{Bound, Scope};
use super::source::Source;

/// Arguments that name objects for Terraform's own order of work.
const META: &[&str] = &["depends_on", "ignore_changes", "provider", "providers", "replace_triggered_by"];
/// Blocks that speak of addresses, not of values.
const ADDRESSES: &[&str] = &["import", "moved", "removed"];

pub fn facts_of(source: &Source, body: &Body) -> Facts {
    let mut walk = Walk::new(source, Vec::new(), Facts::default());
    walk.body(body);
    walk.facts
}

/// The same for one string of a JSON file: `binding` is where it stands, `facts` what the file said so far.
pub fn template_facts(source: &Source, template: &Template, binding: Binding, facts: Facts) -> Facts {
    let mut walk = Walk::new(source, binding, facts);
    walk.template(template);
    walk.facts
}

/// Whether an argument of this name orders Terraform's work instead of giving a value.
pub fn is_meta(name: &str) -> bool {
    META.contains(&name)
}

/// Whether a block of this name speaks of addresses.
pub fn is_address(block: &str) -> bool {
    ADDRESSES.contains(&block)
}

struct Walk<'s> {
    source: &'s Source,
    facts: Facts,
    binding: Binding,
    scope: Scope,
    /// The choices that the walk stands in.
    choices: Vec<u32>,
}

impl<'s> Walk<'s> {
    fn new(source: &'s Source, binding: Binding, facts: Facts) -> Walk<'s> {
        Walk { source, facts, binding, scope: Scope::default(), choices: Vec::new() }
    }

    fn body(&mut self, body: &Body) {
        for structure in body {
            match structure {
                Structure::Attribute(attribute) => self.attribute(attribute),
                Structure::Block(block) => self.block(block),
            }
        }
    }

    fn block(&mut self, block: &Block) {
        let top = self.binding.is_empty();
        if top && is_address(block.ident.as_str()) {
            return;
        }
        if top {
            self.declaration(block);
        }
        let binding_depth = self.binding.len();
        self.binding.push(block.ident.as_str().to_owned());
        self.binding.extend(block.labels.iter().map(|label| label.as_str().to_owned()));
        let scope_depth = self.scope.depth();
        self.bind_iterator(block);
        self.body(&block.body);
        self.scope.leave(scope_depth);
        self.binding.truncate(binding_depth);
    }

    fn declaration(&mut self, block: &Block) {
        let labels: Vec<&str> = block.labels.iter().map(|label| label.as_str()).collect();
        match (block.ident.as_str(), labels.as_slice()) {
            ("resource", [COSMOSDB_ACCOUNT, name]) => {
                self.facts.declarations.push(declare::account(self.source, SymbolKind::Managed, name, block));
            }
            ("data", [COSMOSDB_ACCOUNT, name]) => {
                self.facts.declarations.push(declare::account(self.source, SymbolKind::Data, name, block));
            }
            ("module", [name]) => self.facts.modules.push(declare::module(name, block)),
            _ => {}
        }
    }

    /// `each` of a repeated block, or the iterator of a `dynamic` one.
    fn bind_iterator(&mut self, block: &Block) {
        let Some(collection) = block.body.get_attribute("for_each") else { return };
        let iterator = match (block.ident.as_str(), block.labels.first()) {
            ("dynamic", Some(label)) => block
                .body
                .get_attribute("iterator")
                .and_then(|attribute| attribute.value.as_variable())
                .map_or_else(|| label.as_str().to_owned(), |ident| ident.as_str().to_owned()),
            _ => "each".to_owned(),
        };
        let bound =
            self.scope.object_of(self.source, &collection.value).map_or(Bound::Other, Bound::Iterator);
        self.scope.enter(iterator, bound);
    }

    fn attribute(&mut self, attribute: &Attribute) {
        let name = attribute.key.as_str();
        if is_meta(name) {
            return;
        }
        let alias = self.binding == ["locals"];
        if alias && let Some(object) = self.scope.object_of(self.source, &attribute.value) {
            self.facts.aliases.push(Alias { name: name.to_owned(), object });
        }
        let mention = alias || name == "for_each";
        self.within(name.to_owned(), |walk| walk.expression(&attribute.value, mention));
    }

    fn within(&mut self, name: String, inside: impl FnOnce(&mut Self)) {
        self.binding.push(name);
        inside(self);
        self.binding.pop();
    }

    /// What stands inside counts as one choice: which part takes effect is not known from the text.
    fn choosing(&mut self, inside: impl FnOnce(&mut Self)) {
        self.choices.push(self.facts.choices);
        self.facts.choices += 1;
        inside(self);
        self.choices.pop();
    }
}

/// The text of an expression in its file.
pub fn text_of(source: &Source, span: Option<Range<usize>>) -> &str {
    span.and_then(|span| source.text().get(span)).unwrap_or_default()
}
