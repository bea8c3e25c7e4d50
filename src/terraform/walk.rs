//! From a parsed file to its [`Facts`].
//!
//! The walk visits every expression by itself: the visitor of `hcl-edit` 0.10 leaves out the collection of a
//! template's `%{ for }`. Comments and plain text are no expressions and so never count.

mod call;
mod collection;
mod condition;
mod expression;
mod generated;
mod label;
mod made;
mod read_back;
mod template;

use std::ops::Range;

use hcl_edit::Span;
use hcl_edit::expr::{Expression, ObjectKey};
use hcl_edit::structure::{Attribute, Block as SyntaxBlock, Body, Structure};
use hcl_edit::template::{Element, Template};

pub use self::call::GATHERING;
pub use self::expression::literal;
pub use self::label::{VAULT, in_vault, is_labelled, label_of, without_expressions};
use super::attribute;
use super::either::{Compared, Either, Turn, compared, named};
use super::facts::{
    AZAPI_ACTION, AZAPI_RESOURCE, Alias, Argument, Asked, Binding, Block, Branch, Choice, DEPLOYMENT,
    DEPLOYMENTS, Facts, Object, OneOrOther, REMOTE_STATE, Remade, StepKind, Takes, UPSTREAM, When,
};
use super::itself::{SELF, itself};
use super::naming::takes_each;
use super::object::{Bound, Scope, alias, element_of, filters, is_instance, is_named, is_whole};
use super::source::Source;
use super::syntax::Syntax;
use super::twice::is_replaced;
use super::value::{Value, joined};

/// Blocks that speak of addresses, not of values.
const ADDRESSES: &[&str] = &["import", "moved", "removed"];

/// Arguments of `import` that are values.
const IMPORTED_BY: &[&str] = &["id", "identity"];

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

/// Whether an argument of this name orders Terraform's work instead of giving a value. Elsewhere the same names are free.
pub fn is_meta(block: &[String], name: &str) -> bool {
    let words: Vec<&str> = block.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["resource" | "data" | "ephemeral" | "action", _, _] => matches!(name, "depends_on" | "provider"),
        ["check", _, "data", _, _] => matches!(name, "depends_on" | "provider"),
        ["module", _] => matches!(name, "depends_on" | "providers"),
        ["output", _] => name == "depends_on",
        ["resource" | "data" | "ephemeral", _, _, "lifecycle"] => name == "ignore_changes",
        _ => false,
    }
}

/// Blocks whose condition holds or does not.
const CONDITIONS: [&str; 4] = ["assert", "postcondition", "precondition", "validation"];

/// Whether only a number or a truth is taken there: how many blocks there are, whether a condition holds.
fn is_test(binding: &[String]) -> bool {
    // A JSON file may have several of them in a list.
    let words: Vec<&str> =
        binding.iter().map(String::as_str).filter(|it| it.parse::<u64>().is_err()).collect();
    match words.as_slice() {
        ["resource" | "data" | "ephemeral", _, _, "count"] | ["module", _, "count"] => true,
        [_, .., block, "condition"] => CONDITIONS.contains(block),
        _ => false,
    }
}

fn is_address(block: &str) -> bool {
    ADDRESSES.contains(&block)
}

/// Whether what stands at these words speaks of addresses. By what id a thing is imported is a value.
pub fn is_of_addresses(words: &[&str]) -> bool {
    let mut words = words.iter().filter(|word| word.parse::<u64>().is_err());
    match (words.next(), words.next()) {
        (Some(&"import"), Some(name)) => !IMPORTED_BY.contains(name),
        (Some(block), _) => is_address(block),
        (None, _) => false,
    }
}

/// What a stack calls a module block.
pub const COMPONENT: &str = "component";

/// What a component is given.
pub const INPUTS: &str = "inputs";

/// The resource that writes a secret.
pub const KEY_VAULT_SECRET: &str = "azurerm_key_vault_secret";

/// What a choice goes by, and where it is named.
struct By {
    object: Object,
    span: Range<usize>,
    beside: Vec<Range<usize>>,
    takes: Takes,
    turned: Vec<Turn>,
    /// The expression, where it is more than a name.
    whole: Option<Value>,
}

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

    fn body(&mut self, body: &Body) {
        for structure in body {
            match structure {
                Structure::Attribute(attribute) => self.attribute(attribute),
                Structure::Block(block) => self.block(block),
            }
        }
    }

    fn block(&mut self, block: &SyntaxBlock) {
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
    fn assignments(&mut self, body: &Body) {
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

    /// Another name for an object, or a collection whose entries are. What it names, where that is one account or another.
    fn alias(&mut self, expression: &Expression) -> Option<Object> {
        let either = self.either(expression);
        // Several are none that a name could stand for alone.
        for object in self.scope.objects_of(self.source, expression) {
            self.facts.aliases.push(alias(self.binding.clone(), object, expression));
        }
        self.entries(expression);
        either
    }

    /// Other names among what a terragrunt configuration hands to its code.
    fn handed_over(&mut self, inputs: &Expression) {
        match inputs {
            _ if self.binding != [INPUTS] || self.source.syntax() != Syntax::Terragrunt => {}
            Expression::Parenthesis(inner) => self.handed_over(inner.inner()),
            Expression::Object(object) => {
                for (key, value) in object.iter() {
                    let Some(name) = literal_key(key).filter(|name| !is_replaced(name)) else { continue };
                    self.within(name.to_owned(), |walk| {
                        walk.alias(value.expr());
                    });
                }
            }
            _ => {}
        }
    }

    /// The accounts, and what goes by other names, among the entries of a collection that is written out.
    fn entries(&mut self, expression: &Expression) {
        match expression {
            Expression::Parenthesis(inner) => self.entries(inner.inner()),
            Expression::Array(array) => {
                array.iter().enumerate().for_each(|(at, element)| self.entry_alias(at.to_string(), element));
            }
            Expression::Object(object) => {
                for (key, value) in object.iter() {
                    if let Some(name) = literal_key(key) {
                        self.entry_alias(name.to_owned(), value.expr());
                    }
                }
            }
            _ => {}
        }
    }

    fn entry_alias(&mut self, name: String, value: &Expression) {
        let path = matches!(value, Expression::Traversal(_));
        let followed = |object: &Object| is_instance(object) || path && is_named(object);
        let object = self.scope.object_of(self.source, value).filter(followed);
        self.within(name, |walk| match object {
            Some(object) => {
                let binding = walk.binding.clone();
                walk.facts.aliases.push(Alias {
                    binding,
                    object,
                    moved: false,
                    renamed: false,
                    filtered: false,
                })
            }
            None => walk.entries(value),
        });
    }

    /// One account or another under one name: it is taken for the first of them where nothing says which.
    fn either(&mut self, expression: &Expression) -> Option<Object> {
        match expression {
            Expression::Parenthesis(inner) => self.either(inner.inner()),
            Expression::Conditional(choice) => {
                let branch = |branch: &Expression| self.scope.object_of(self.source, branch);
                let pair = branch(&choice.true_expr).zip(branch(&choice.false_expr));
                let is_told = |(one, other): &(Object, Object)| {
                    is_whole(one) && is_whole(other) && one.base != other.base
                };
                let (one, other) = pair.filter(is_told)?;
                let (binding, first) = (self.binding.clone(), element_of(&one));
                self.facts.aliases.push(alias(binding.clone(), first.clone(), expression));
                self.facts.either.push(OneOrOther { binding, one, other });
                Some(first)
            }
            _ => None,
        }
    }

    fn within(&mut self, name: String, inside: impl FnOnce(&mut Self)) {
        self.binding.push(name);
        inside(self);
        self.binding.pop();
    }

    /// What stands inside counts as one choice: which part takes effect may not be known from the text.
    fn choosing(&mut self, by: Option<By>, inside: impl FnOnce(&mut Self)) {
        let number = self.number(by);
        self.choices.push(Branch { choice: number, when: When::Unknown, asked: None });
        inside(self);
        self.choices.pop();
    }

    fn number(&mut self, by: Option<By>) -> u32 {
        let number = self.facts.choices;
        self.facts.choices += 1;
        if let Some(By { object: by, span, beside, takes, turned, whole }) = by {
            let (branches, of) = (Vec::new(), None);
            let each = by.steps.iter().position(takes_each);
            let collection = each.map(|at| Object { base: by.base.clone(), steps: by.steps[..at].to_vec() });
            let keys = collection.map(|collection| self.scope.keys_of(&collection)).unwrap_or_default();
            let choice = Choice { number, by, span, beside, branches, takes, turned, whole, of, keys };
            self.facts.choosing.push(choice);
        }
        number
    }

    /// From here on, a branch of the innermost choice: what stands at a span of the text.
    fn branch(&mut self, when: When, asked: Option<Asked>, span: Option<Range<usize>>) {
        let Some(branch) = self.choices.last_mut() else { return };
        branch.when = when;
        branch.asked = asked;
        let number = branch.choice;
        let choice = self.facts.choosing.iter_mut().rev().find(|choice| choice.number == number);
        if let (Some(choice), Some(span)) = (choice, span) {
            choice.branches.push(self.source.to_file(span));
        }
    }

    /// What a choice goes by, where it is a plain name, or what a condition makes of one.
    fn chooser(&self, expression: &Expression, takes: Takes) -> Option<By> {
        let span = |named: &Expression| Some(self.source.to_file(named.span()?));
        match expression {
            Expression::Parenthesis(inner) => self.chooser(inner.inner(), takes),
            Expression::Conditional(choice) => {
                let asked = compared(&choice.cond_expr);
                let either = Either::between(self.source, &self.scope, expression, choice, &asked)?;
                let turned = vec![either.turn(takes)];
                let Compared { operand, others, .. } = asked;
                let beside = others.into_iter().filter_map(span).collect();
                let span = span(operand)?;
                Some(By { object: either.by, span, beside, takes: either.takes, turned, whole: None })
            }
            Expression::FuncCall(call) if GIVING_BACK.contains(&call.name.name.as_str()) => {
                self.made(expression, Value::of(self.source, &self.scope, expression), takes)
            }
            _ => match Turn::around_one(expression) {
                Some((around, inner)) => {
                    let mut by = self.chooser(inner, Takes::Index)?;
                    by.turned.insert(0, around);
                    Some(by)
                }
                None => {
                    let object = named(self.source, &self.scope, expression)?;
                    if !self.is_of_all(&object) {
                        return None;
                    }
                    let span = span(expression)?;
                    Some(By { object, span, beside: Vec::new(), takes, turned: Vec::new(), whole: None })
                }
            },
        }
    }

    /// Whether it takes an element where every one is taken: of those that a condition leaves out, nobody reads anything.
    fn is_of_all(&self, object: &Object) -> bool {
        let takes_any = object.steps.iter().any(|step| step.kind == StepKind::Any);
        !takes_any || self.filtering == 0 && self.loops > 0
    }

    /// What a choice goes by that is made of values: of elements, if one of those is among them.
    fn made(&self, expression: &Expression, whole: Value, takes: Takes) -> Option<By> {
        let names = named_in(self.source, &self.scope, expression);
        let each = names.iter().position(|(object, _)| object.steps.iter().any(takes_each));
        let (object, _) = names.get(each.unwrap_or(0))?.clone();
        if !names.iter().all(|(object, _)| self.is_of_all(object)) {
            return None;
        }
        let beside = names.into_iter().map(|(_, span)| self.source.to_file(span)).collect();
        let span = self.source.to_file(expression.span()?);
        Some(By { object, span, beside, takes, turned: Vec::new(), whole: Some(whole) })
    }

    /// A condition of several values.
    fn joined(&self, condition: &Expression) -> Option<By> {
        self.made(condition, joined(self.source, &self.scope, condition)?, Takes::Condition)
    }
}

/// Functions that give back one of what they are given, or that as it is.
const GIVING_BACK: &[&str] = &["coalesce", "lookup", "nonsensitive", "sensitive", "tostring", "try"];

/// The variables and local values that are named within an expression, and where.
fn named_in(source: &Source, scope: &Scope, expression: &Expression) -> Vec<(Object, Range<usize>)> {
    let inner = |part: &Expression| named_in(source, scope, part);
    match expression {
        Expression::Parenthesis(part) => inner(part.inner()),
        Expression::UnaryOp(operation) => inner(&operation.expr),
        Expression::BinaryOp(operation) => [inner(&operation.lhs_expr), inner(&operation.rhs_expr)].concat(),
        Expression::FuncCall(call) => call.args.iter().flat_map(inner).collect(),
        path => named(source, scope, path).zip(path.span()).into_iter().collect(),
    }
}

/// What a component is given.
fn inputs(block: &SyntaxBlock) -> impl Iterator<Item = (&str, &Expression)> {
    let attributes = block.body.attributes().filter(|_| block.ident.as_str() == COMPONENT);
    attributes.filter_map(inputs_of).flatten()
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

/// Whether others may ask for the arguments of such a block, also where no key is read in it.
fn is_asked_for(words: &[String]) -> bool {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["locals" | "terraform" | "include" | "remote_state"] => true,
        ["variable" | "output" | "module" | "provider" | "dependency" | "include", _] => true,
        [UPSTREAM | DEPLOYMENT, _] => true,
        ["resource" | "data" | "ephemeral", kind, _] => {
            [attribute::COSMOSDB_ACCOUNT, KEY_VAULT_SECRET, AZAPI_ACTION, AZAPI_RESOURCE, REMOTE_STATE]
                .contains(kind)
                || DEPLOYMENTS.contains(kind)
        }
        _ => false,
    }
}

/// Whether what stands there can be read under a name: a local value, an output, a module's input.
pub fn can_be_read(binding: &[String]) -> bool {
    let words: Vec<&str> = binding.iter().map(String::as_str).collect();
    matches!(words.as_slice(), ["locals", _] | ["output", _, "value"] | ["module", _, _] | ["inputs", _])
}

/// A text as expressions are kept and compared: without white space.
pub fn without_blanks(text: &str) -> String {
    text.split_whitespace().collect()
}

/// The text of an expression in its file.
pub fn text_of(source: &Source, span: Option<Range<usize>>) -> &str {
    span.and_then(|span| source.text().get(span)).unwrap_or_default()
}
