//! Blocks: the words that lead to them, what is kept of their arguments, and what `each` stands for in them.

use hcl_edit::Span;
use hcl_edit::expr::Expression;
use hcl_edit::structure::{Attribute, Block as SyntaxBlock, Body, Structure};

use super::super::facts::{Argument, Block, Object};
use super::super::object::{Bound, filters, is_whole};
use super::super::value::Value;
use super::place::{is_address, is_asked_for, is_of_addresses};
use super::{COMPONENT, Walk, bind_itself, inputs_of};

impl<'s> Walk<'s> {
    pub(super) fn body(&mut self, body: &Body) {
        for structure in body {
            match structure {
                Structure::Attribute(attribute) => self.attribute(attribute),
                Structure::Block(block) => self.block(block),
            }
        }
    }

    pub(super) fn block(&mut self, block: &SyntaxBlock) {
        let top = self.binding.is_empty();
        if top && is_address(block.ident.as_str()) {
            let values = block.body.attributes();
            let values = values.filter(|it| !is_of_addresses(&[block.ident.as_str(), it.key.as_str()]));
            for value in values {
                self.within(block.ident.as_str().to_owned(), |walk| walk.attribute(value));
            }
            return;
        }
        let binding_depth = self.binding.len();
        let component = top && block.ident.as_str() == COMPONENT;
        self.binding.push(if component { "module" } else { block.ident.as_str() }.to_owned());
        self.binding.extend(block.labels.iter().map(|label| label.as_str().to_owned()));
        let scope_depth = self.scope.depth();
        let reads = self.facts.reads.len();
        let outer = (self.label.clone(), self.called.clone());
        self.enter_labelled(block);
        if top {
            self.block = block.ident.span().map_or(0, |span| self.source.to_file(span).start);
        }
        let exists_depth = self.exists.len();
        // In other blocks `count` is an argument as any.
        if top || block.ident.as_str() == "dynamic" {
            let asked = self.exists(&block.body);
            self.exists.extend(asked);
        }
        self.bind_iterator(block);
        bind_itself(&mut self.scope, &self.binding);
        match component {
            true => self.component(&block.body),
            false => self.body(&block.body),
        }
        if top && (self.facts.reads.len() > reads || is_asked_for(&self.binding)) {
            self.keep(block);
        }
        self.exists.truncate(exists_depth);
        (self.label, self.called) = outer;
        self.scope.leave(scope_depth);
        self.binding.truncate(binding_depth);
    }

    fn keep(&mut self, block: &SyntaxBlock) {
        let start = block.ident.span().map_or(0, |span| span.start);
        let end = block.labels.last().map_or(block.ident.span(), Span::span).map_or(start, |span| span.end);
        let mut arguments = Vec::new();
        self.arguments(&block.body, "", &mut arguments);
        for (name, value) in inputs(block) {
            arguments.push(self.argument_of(name.to_owned(), value));
        }
        let header = self.source.to_file(start..end);
        self.facts.blocks.push(Block { words: self.binding.clone(), header, arguments });
    }

    /// The assignments of a variables file, or of a terragrunt configuration.
    pub(super) fn assignments(&mut self, body: &Body) {
        let mut arguments = Vec::new();
        for attribute in body.attributes() {
            arguments.push(self.argument("", attribute));
        }
        if !arguments.is_empty() {
            self.facts.blocks.push(Block { words: Vec::new(), header: 0..0, arguments });
        }
    }

    fn arguments(&self, body: &Body, prefix: &str, arguments: &mut Vec<Argument>) {
        for structure in body {
            match structure {
                Structure::Attribute(attribute) => arguments.push(self.argument(prefix, attribute)),
                Structure::Block(block) => {
                    arguments.extend(self.labelled(prefix, block));
                    self.arguments(&block.body, &format!("{prefix}{}.", block.ident.as_str()), arguments);
                }
            }
        }
    }

    fn argument(&self, prefix: &str, attribute: &Attribute) -> Argument {
        self.argument_of(format!("{prefix}{}", attribute.key.as_str()), &attribute.value)
    }

    fn argument_of(&self, name: String, value: &Expression) -> Argument {
        Argument {
            name,
            span: value.span().map_or(0..0, |span| self.source.to_file(span)),
            value: Value::of(self.source, &self.scope, value),
        }
    }

    /// The kind of a backend, which is a label: its block may be empty.
    fn labelled(&self, prefix: &str, block: &SyntaxBlock) -> Option<Argument> {
        let label =
            block.labels.first().filter(|_| prefix.is_empty() && block.ident.as_str() == "backend")?;
        let span = block.ident.span().map_or(0..0, |span| self.source.to_file(span));
        Some(Argument { name: "backend".to_owned(), span, value: Value::Text(label.as_str().to_owned()) })
    }

    /// `each` of a repeated block, or the iterator of a `dynamic` one.
    fn bind_iterator(&mut self, block: &SyntaxBlock) {
        let Some(collection) = block.body.get_attribute("for_each") else { return };
        let iterator = match (block.ident.as_str(), block.labels.first()) {
            ("dynamic", Some(label)) => block
                .body
                .get_attribute("iterator")
                .and_then(|attribute| attribute.value.as_variable())
                .map_or_else(|| label.as_str().to_owned(), |ident| ident.as_str().to_owned()),
            _ => "each".to_owned(),
        };
        let mut objects = self.scope.collection_of(self.source, &collection.value);
        if objects.is_empty() {
            objects.push(Object::each(&self.binding));
        }
        let some = filters(&collection.value) && !objects.iter().all(is_whole);
        self.scope.enter(iterator, if some { Bound::Some(objects) } else { Bound::Iterator(objects) });
    }
}

/// What a component is given.
pub(super) fn inputs(block: &SyntaxBlock) -> impl Iterator<Item = (&str, &Expression)> {
    let attributes = block.body.attributes().filter(|_| block.ident.as_str() == COMPONENT);
    attributes.filter_map(inputs_of).flatten()
}
