//! Every expression of a file, down to its last index.

use hcl_edit::expr::{
    Array, BinaryOperator, Conditional, Expression, ForExpr, FuncCall, Object as ObjectExpression, ObjectKey,
    Traversal, TraversalOperator,
};
use hcl_edit::template::{Directive, Element, ForDirective, IfDirective, Template};
use hcl_edit::{Ident, Span};

use super::super::attribute::key_attribute;
use super::super::facts::{Object, Read, Takes, When};
use super::super::object::{Bound, is_renamed};
use super::super::offer::COMPUTED;
use super::super::service::names_endpoint;
use super::super::twice::is_replaced;
use super::condition::Condition;
use super::{Walk, text_of};

/// Functions that look at an object without handing it on.
const LOOKING: &[&str] = &["can", "keys", "length"];
/// Functions that go on where what they are given cannot be read.
const MASKING: &[&str] = &["can", "try"];
/// Functions that take the first of what they are given that is there.
const FALLING_BACK: &[&str] = &["coalesce", "try"];
/// Functions that pick from an object by a literal, as an index would.
const PICKING: &[&str] = &["element", "lookup"];
/// Functions that give back some of what is in what they are given.
const SIFTING: &[&str] = &["element", "lookup", "matchkeys", "one", "slice"];

/// Functions that make one text of what they are given.
const FILLING: &[&str] = &["format", "join", "replace"];
/// Functions that make a collection of those that they are given, or pick from one.
const GATHERING: &[&str] = &[
    "coalesce",
    "coalescelist",
    "compact",
    "concat",
    "distinct",
    "element",
    "flatten",
    "lookup",
    "matchkeys",
    "merge",
    "nonsensitive",
    "one",
    "reverse",
    "sensitive",
    "setunion",
    "slice",
    "tolist",
    "tomap",
    "toset",
    "try",
    "values",
];
/// Functions that make a list whose elements are at other places than in what they are given.
const MOVING: &[&str] = &["distinct", "reverse", "setunion", "slice", "sort"];
/// Functions that hand on all that they are given, under its own names.
const HANDING_ON: &[&str] =
    &["base64encode", "jsonencode", "merge", "nonsensitive", "sensitive", "tomap", "yamlencode"];

impl Walk<'_> {
    pub(super) fn expression(&mut self, expression: &Expression, mention: bool) {
        if may_read(expression)
            && let objects = self.scope.objects_of(self.source, expression)
            && let Some(first) = objects.first()
        {
            let picks = self.picking(first, expression);
            objects.into_iter().for_each(|object| self.read(object, expression, picks, mention));
            return self.beside(expression);
        }
        match expression {
            Expression::Null(_)
            | Expression::Bool(_)
            | Expression::Number(_)
            | Expression::String(_)
            | Expression::Variable(_) => {}
            Expression::Array(array) => self.array(array, mention),
            Expression::Object(object) => self.object(object),
            Expression::StringTemplate(template) => self.elements(&template.iter().collect::<Vec<_>>()),
            Expression::HeredocTemplate(heredoc) => self.template(&heredoc.template),
            Expression::Parenthesis(inner) => self.expression(inner.inner(), mention),
            Expression::Conditional(conditional) => self.conditional(conditional),
            Expression::FuncCall(call) => self.call(call),
            Expression::Traversal(traversal) => {
                self.read_back(traversal);
                self.traversal(traversal);
            }
            Expression::UnaryOp(operation) => self.test(|walk| walk.expression(&operation.expr, false)),
            Expression::BinaryOp(operation) => {
                // What is compared as a whole goes nowhere.
                let looking =
                    matches!(operation.operator.value(), BinaryOperator::Eq | BinaryOperator::NotEq);
                self.test(|walk| {
                    walk.expression(&operation.lhs_expr, looking);
                    walk.expression(&operation.rhs_expr, looking);
                });
            }
            Expression::ForExpr(each) => self.for_expression(each),
        }
    }

    /// Numbers the choice of an element by a plain name, if the expression is one such choice.
    fn picking(&mut self, object: &Object, expression: &Expression) -> Option<u32> {
        let computed = object.steps.iter().filter(|step| step.kind.is_computed());
        let mut by = match expression {
            Expression::Traversal(traversal) => indexes(traversal).find(|index| !is_literal(index)),
            Expression::FuncCall(call) => call.args.get(1),
            _ => None,
        }
        .and_then(|index| self.chooser(index, Takes::Index));
        by.take_if(|_| computed.count() != 1);
        by.map(|by| self.number(Some(by)))
    }

    pub(super) fn read(
        &mut self,
        object: Object,
        expression: &Expression,
        picks: Option<u32>,
        mention: bool,
    ) {
        let span = expression.span().map_or(0..0, |span| self.source.to_file(span));
        self.facts.reads.push(Read {
            object,
            span,
            binding: self.binding.clone(),
            choices: self.choices.clone(),
            exists: self.exists.clone(),
            picks,
            value: self.value.clone().map_or(0, |value| self.source.to_file(value).start),
            plain: expression.span().is_some() && expression.span() == self.value,
            mention,
            looped: mention && self.looping > 0,
            sifted: self.sifting > 0,
            filtered: self.filtering > 0,
            is_entry: self.sifted_entries > 0,
            label: self.label.clone(),
            called: self.called(),
            beside_endpoint: self.beside_endpoint > 0,
            masked: self.masking > 0 || masks(expression),
            fallback: self.falling_back > 0,
            tested: self.testing > 0,
            replaced: self.replaced > 0,
            entire: self.changing == 0 && self.sifting == 0,
            overridden: self.overriding.clone(),
        });
    }

    /// What stands inside is only looked at.
    fn test(&mut self, inside: impl FnOnce(&mut Self)) {
        self.testing += 1;
        inside(self);
        self.testing -= 1;
    }

    /// The value of an entry.
    fn entry(&mut self, name: String, expression: &Expression, mention: bool) {
        // Of what is picked from where it stands, the entries are parts of one value.
        let sifted = self.sifting > 0;
        let outer = (!sifted).then(|| std::mem::replace(&mut self.value, expression.span()));
        self.sifted_entries += usize::from(sifted);
        let flattening = std::mem::replace(&mut self.flattening, false);
        let offset = self.offset.replace(0);
        self.within(name, |walk| {
            walk.generated(expression);
            walk.expression(expression, mention);
        });
        (self.flattening, self.offset) = (flattening, offset);
        self.sifted_entries -= usize::from(sifted);
        if let Some(outer) = outer {
            self.value = outer;
        }
    }

    /// Expressions that stand within a read and are reads of their own: computed indexes, further arguments.
    fn beside(&mut self, expression: &Expression) {
        match expression {
            Expression::Traversal(traversal) => {
                match &traversal.expr {
                    Expression::Variable(_) => {}
                    other => self.beside(other),
                }
                self.indexes(traversal);
            }
            Expression::Parenthesis(inner) => self.beside(inner.inner()),
            Expression::Array(_) | Expression::Object(_) | Expression::ForExpr(_) => {
                self.collection(expression)
            }
            Expression::Conditional(choice) => {
                self.test(|walk| walk.expression(&choice.cond_expr, false));
                self.beside(&choice.true_expr);
                self.beside(&choice.false_expr);
            }
            Expression::FuncCall(call) => {
                let picks = PICKING.contains(&call.name.name.as_str());
                for (index, argument) in call.args.iter().enumerate() {
                    let named = !self.scope.objects_of(self.source, argument).is_empty();
                    match named && (!picks || index == 0) {
                        true => self.beside(argument),
                        false => self.expression(argument, false),
                    }
                }
            }
            _ => {}
        }
    }

    /// The choice between the entries of what stands here, if there is one.
    fn keyed(&mut self) -> Option<u32> {
        let innermost = self.choices.last().map(|branch| branch.choice);
        self.keyed.take().filter(|keyed| Some(*keyed) == innermost)
    }

    fn array(&mut self, array: &Array, mention: bool) {
        let keyed = self.keyed();
        let named = mention && self.binding.last().is_some_and(|last| last == "replace_triggered_by");
        let (outer, mut at) = (self.offset, self.offset);
        for element in array {
            let name = at.map(|at| at.to_string());
            if keyed.is_some() {
                let when = name.clone().map_or(When::Unknown, When::Is);
                self.branch(when, None, element.span());
            }
            if self.flattening && is_list(element) {
                self.offset = at;
                self.expression(element, named);
                at = at.zip(length(element)).map(|(at, length)| at + length);
            } else {
                self.entry(name.unwrap_or_else(|| COMPUTED.to_owned()), element, named);
                at = at.filter(|_| !self.flattening || is_one(element)).map(|at| at + 1);
            }
        }
        self.offset = outer;
        if keyed.is_some() {
            self.branch(When::Unknown, None, None);
        }
    }

    fn object(&mut self, object: &ObjectExpression) {
        let keyed = self.keyed();
        let outer = (self.label.clone(), self.called.clone());
        self.enter_labelled_object(object);
        for (key, value) in object.iter() {
            let name = match key {
                ObjectKey::Ident(ident) => ident.as_str().to_owned(),
                ObjectKey::Expression(key) => {
                    self.expression(key, false);
                    let literal = literal(key).map(|(_, text)| text);
                    literal.unwrap_or_else(|| key.as_variable().map_or(COMPUTED, Ident::as_str).to_owned())
                }
            };
            if keyed.is_some() {
                self.branch(When::Is(name.clone()), None, value.expr().span());
            }
            // What a later entry replaces goes nowhere.
            let dead = usize::from(is_replaced(&name));
            (self.testing, self.replaced) = (self.testing + dead, self.replaced + dead);
            self.entry(name, value.expr(), false);
            (self.testing, self.replaced) = (self.testing - dead, self.replaced - dead);
        }
        (self.label, self.called) = outer;
        // What comes after the entries is none of them.
        if keyed.is_some() {
            self.branch(When::Unknown, None, None);
        }
    }

    fn conditional(&mut self, conditional: &Conditional) {
        self.test(|walk| walk.expression(&conditional.cond_expr, false));
        let Condition { by, branches: [then, otherwise], asked: [holds, denied] } =
            self.condition(&conditional.cond_expr);
        self.choosing(by, |walk| {
            walk.branch(then, Some(holds), conditional.true_expr.span());
            walk.expression(&conditional.true_expr, false);
            walk.branch(otherwise, Some(denied), conditional.false_expr.span());
            walk.expression(&conditional.false_expr, false);
        });
    }

    fn call(&mut self, call: &FuncCall) {
        let name = call.name.name.as_str();
        let looking = LOOKING.contains(&name);
        let flattening = std::mem::replace(&mut self.flattening, name == "flatten");
        let (offset, spread) = (self.offset, self.spread.clone());
        self.offset = self.begins(call);
        let reduces = usize::from(!GATHERING.contains(&name));
        self.reducing += reduces;
        if call.args.expand_final() {
            self.spread = call.args.iter().last().and_then(Span::span);
        }
        self.testing += usize::from(looking);
        // What is put into a text stands beside what that says.
        let beside =
            usize::from(FILLING.contains(&name) && names_endpoint(text_of(self.source, call.span())));
        self.beside_endpoint += beside;
        let changes = !HANDING_ON.contains(&name);
        self.changing += usize::from(changes);
        // `lookup({ … }, var.slot)`: which of the entries is taken is not known from the text.
        let chooses = PICKING.contains(&name) && call.args.get(1).is_some_and(|key| !is_literal(key));
        let mut arguments = call.args.iter();
        let sifts = SIFTING.contains(&name) || call.args.expand_final();
        self.sifting += usize::from(sifts);
        if chooses {
            let by = call.args.get(1).and_then(|key| self.chooser(key, Takes::Index));
            self.choosing(by, |walk| {
                walk.keyed = walk.choices.last().map(|branch| branch.choice);
                arguments.next().into_iter().for_each(|entries| walk.expression(entries, false));
                walk.keyed = None;
            });
        }
        // What is taken where there is no such entry is no part of the choice.
        self.masking += usize::from(MASKING.contains(&name));
        match name {
            "merge" => self.merged(&arguments.collect::<Vec<_>>(), looking),
            _ => arguments.enumerate().for_each(|(index, argument)| {
                let behind = usize::from(index > 0 && FALLING_BACK.contains(&name));
                self.falling_back += behind;
                if index > 0 && name == "concat" {
                    self.offset = None;
                }
                self.expression(argument, looking);
                self.falling_back -= behind;
            }),
        }
        self.masking -= usize::from(MASKING.contains(&name));
        (self.flattening, self.offset, self.spread) = (flattening, offset, spread);
        self.reducing -= reduces;
        self.testing -= usize::from(looking);
        self.changing -= usize::from(changes);
        self.beside_endpoint -= beside;
        self.sifting -= usize::from(sifts);
    }

    /// At which place of what the function makes the elements that it is given begin.
    fn begins(&self, call: &FuncCall) -> Option<usize> {
        let name = call.name.name.as_str();
        let whole = |argument: &Expression| match argument {
            Expression::Array(array) => array.iter().all(is_key),
            _ => false,
        };
        match name {
            _ if MOVING.contains(&name) => None,
            // What is empty is left out; keys are not.
            "compact" if !call.args.iter().all(whole) => None,
            _ if GATHERING.contains(&name) => self.offset,
            _ => Some(0),
        }
    }

    /// Of what is merged, the later stands in the place of what is called the same before it.
    fn merged(&mut self, arguments: &[&Expression], mention: bool) {
        for (at, argument) in arguments.iter().enumerate() {
            let later: Option<Vec<Vec<String>>> = arguments[at + 1..].iter().map(|it| names_in(it)).collect();
            let outer = self.overriding.len();
            self.changing += usize::from(later.is_none());
            self.overriding.extend(later.iter().flatten().flatten().cloned());
            self.expression(argument, mention);
            self.overriding.truncate(outer);
            self.changing -= usize::from(later.is_none());
        }
    }

    fn traversal(&mut self, traversal: &Traversal) {
        let sifts = traversal.operators.iter().any(|operator| !is_splat(operator));
        self.sifting += usize::from(sifts);
        if indexes(traversal).any(|index| !is_literal(index)) {
            let by = indexes(traversal).find_map(|index| self.chooser(index, Takes::Index));
            self.choosing(by, |walk| {
                walk.keyed = walk.choices.last().map(|branch| branch.choice);
                walk.expression(&traversal.expr, false);
                walk.keyed = None;
            });
        } else {
            self.expression(&traversal.expr, false);
        }
        self.sifting -= usize::from(sifts);
        self.indexes(traversal);
    }

    fn indexes(&mut self, traversal: &Traversal) {
        indexes(traversal).for_each(|index| self.expression(index, false));
    }

    fn for_expression(&mut self, each: &ForExpr) {
        self.for_parts(each, false);
    }

    /// `mention`: whoever takes the elements says what is read of them.
    fn for_parts(&mut self, each: &ForExpr, mention: bool) {
        let depth = self.scope.depth();
        self.loops += 1;
        self.changing += 1;
        let key = each.intro.key_var.as_ref().map(|key| key.as_str());
        let before = self.facts.reads.len();
        self.bind_loop(key, each.intro.value_var.as_str(), &each.intro.collection_expr);
        let collected = before..self.facts.reads.len();
        if let Some(key) = &each.key_expr {
            self.expression(key, false);
        }
        // What is left out is left out whole: of an object that is made for each element, both slots or none.
        let sifts = usize::from(each.cond.is_some() && !is_written_out(&each.value_expr));
        self.sifting += sifts;
        self.filtering += usize::from(each.cond.is_some());
        // An entry whose name is not that of the element it is made from has one that the text does not tell.
        if is_renamed(each) {
            self.rename(collected);
        }
        match is_renamed(each) || !is_element(each) {
            true => self.element_of(each, mention),
            false => self.expression(&each.value_expr, mention),
        }
        self.sifting -= sifts;
        self.filtering -= usize::from(each.cond.is_some());
        if let Some(condition) = &each.cond {
            self.test(|walk| walk.expression(&condition.expr, false));
        }
        self.loops -= 1;
        self.changing -= 1;
        self.scope.leave(depth);
    }

    /// What a `for` makes is one element of a collection, by a name that the text does not tell; of those that share a name,
    /// one of a list.
    fn element_of(&mut self, each: &ForExpr, mention: bool) {
        let flattened = self.flattening && each.key_expr.is_none() && is_list(&each.value_expr);
        let spread = each.span().is_some() && each.span() == self.spread;
        // What is picked from it right here is the element itself.
        let picked = self.sifting > 0 && !is_renamed(each);
        if flattened || spread || picked || self.reducing > 0 {
            return self.expression(&each.value_expr, mention);
        }
        let flattening = std::mem::replace(&mut self.flattening, false);
        self.within(COMPUTED.to_owned(), |walk| match each.grouping {
            true => walk.within(COMPUTED.to_owned(), |walk| walk.expression(&each.value_expr, mention)),
            false => walk.expression(&each.value_expr, mention),
        });
        self.flattening = flattening;
    }

    /// The entries of a collection have other names where they go on to.
    fn rename(&mut self, reads: std::ops::Range<usize>) {
        let depth = self.binding.len();
        for read in self.facts.reads[reads].iter_mut().filter(|read| !read.tested) {
            match read.binding.get_mut(depth) {
                Some(name) => COMPUTED.clone_into(name),
                None => read.binding.push(COMPUTED.to_owned()),
            }
        }
    }

    /// What is taken element by element: the names of the elements say what is read of them.
    pub(super) fn collection(&mut self, collection: &Expression) {
        let followed = !self.scope.collection_of(self.source, collection).is_empty();
        self.looping += usize::from(followed);
        self.elements_of(collection, followed);
        self.looping -= usize::from(followed);
    }

    fn elements_of(&mut self, collection: &Expression, followed: bool) {
        match collection {
            Expression::Parenthesis(inner) => self.collection(inner.inner()),
            Expression::Array(array) if followed => array.iter().for_each(|it| self.expression(it, true)),
            Expression::Object(object) if followed => {
                for (key, value) in object.iter() {
                    if let ObjectKey::Expression(key) = key {
                        self.expression(key, false);
                    }
                    self.expression(value.expr(), true);
                }
            }
            Expression::FuncCall(call) if followed && !may_read(collection) => {
                call.args.iter().for_each(|argument| self.collection(argument));
            }
            Expression::ForExpr(each) if followed => self.for_parts(each, true),
            other => self.expression(other, true),
        }
    }

    fn bind_loop(&mut self, key: Option<&str>, value: &str, collection: &Expression) {
        self.collection(collection);
        let bound = match self.scope.collection_of(self.source, collection) {
            objects if objects.is_empty() => Bound::Other,
            objects => Bound::Element(objects),
        };
        if let Some(key) = key {
            self.scope.enter(key.to_owned(), Bound::Other);
        }
        self.scope.enter(value.to_owned(), bound);
    }

    pub(super) fn template(&mut self, template: &Template) {
        self.elements(&template.iter().collect::<Vec<_>>());
    }

    fn elements(&mut self, elements: &[&Element]) {
        for (element, beside) in elements.iter().zip(beside_endpoints(elements)) {
            self.beside_endpoint += usize::from(beside);
            self.element(element);
            self.beside_endpoint -= usize::from(beside);
        }
    }

    fn element(&mut self, element: &Element) {
        match element {
            Element::Literal(_) => {}
            Element::Interpolation(interpolation) => self.expression(&interpolation.expr, false),
            Element::Directive(directive) => match directive.as_ref() {
                Directive::If(directive) => self.if_directive(directive),
                Directive::For(directive) => self.for_directive(directive),
            },
        }
    }

    fn if_directive(&mut self, directive: &IfDirective) {
        self.test(|walk| walk.expression(&directive.if_expr.cond_expr, false));
        let Condition { by, branches: [then, otherwise], asked: [holds, denied] } =
            self.condition(&directive.if_expr.cond_expr);
        self.choosing(by, |walk| {
            walk.branch(then, Some(holds), directive.if_expr.template.span());
            walk.template(&directive.if_expr.template);
            walk.branch(
                otherwise,
                Some(denied),
                directive.else_expr.as_ref().and_then(|other| other.template.span()),
            );
            if let Some(other) = &directive.else_expr {
                walk.template(&other.template);
            }
        });
    }

    fn for_directive(&mut self, directive: &ForDirective) {
        let each = &directive.for_expr;
        let depth = self.scope.depth();
        self.loops += 1;
        self.changing += 1;
        let key = each.key_var.as_ref().map(|key| key.as_str());
        self.bind_loop(key, each.value_var.as_str(), &each.collection_expr);
        self.template(&each.template);
        self.loops -= 1;
        self.changing -= 1;
        self.scope.leave(depth);
    }
}

fn indexes(traversal: &Traversal) -> impl Iterator<Item = &Expression> {
    traversal.operators.iter().filter_map(|operator| match operator.value() {
        TraversalOperator::Index(index) => Some(index),
        _ => None,
    })
}

/// Whether each part of a text stands on one line with the endpoint of an account.
fn beside_endpoints(elements: &[&Element]) -> Vec<bool> {
    let mut lines = vec![String::new()];
    let mut on: Vec<usize> = Vec::with_capacity(elements.len());
    for element in elements {
        on.push(lines.len() - 1);
        let text = match element {
            Element::Literal(text) => text.value().as_str(),
            // What it comes to is no part of a word.
            Element::Interpolation(_) | Element::Directive(_) => "\u{1f}",
        };
        for (at, part) in text.split('\n').enumerate() {
            match lines.last_mut().filter(|_| at == 0) {
                Some(line) => line.push_str(part),
                None => lines.push(part.to_owned()),
            }
        }
    }
    let named: Vec<bool> = lines.iter().map(|line| names_endpoint(line)).collect();
    on.into_iter().map(|line| named[line]).collect()
}

fn is_splat(operator: &TraversalOperator) -> bool {
    matches!(operator, TraversalOperator::AttrSplat(_) | TraversalOperator::FullSplat(_))
}

/// Whether an expression of this form is one read as a whole.
fn may_read(expression: &Expression) -> bool {
    match expression {
        Expression::Traversal(_) | Expression::Variable(_) => true,
        Expression::FuncCall(call) => PICKING.contains(&call.name.name.as_str()),
        Expression::Conditional(_) => true,
        _ => false,
    }
}

/// Whether a path within an expression may lead nowhere without an error.
fn masks(expression: &Expression) -> bool {
    match expression {
        Expression::Traversal(traversal) => masks(&traversal.expr),
        Expression::Parenthesis(inner) => masks(inner.inner()),
        Expression::FuncCall(call) => {
            let name = call.name.name.as_str();
            MASKING.contains(&name) || name == "lookup" && call.args.len() > 2 || call.args.iter().any(masks)
        }
        _ => false,
    }
}

/// The names of the entries that an expression can have; absent where the text does not tell them.
fn names_in(expression: &Expression) -> Option<Vec<String>> {
    match expression {
        Expression::Null(_) => Some(Vec::new()),
        Expression::Parenthesis(inner) => names_in(inner.inner()),
        Expression::Conditional(choice) => {
            let names = [&choice.true_expr, &choice.false_expr].map(names_in);
            names.into_iter().collect::<Option<Vec<_>>>().map(|names| names.concat())
        }
        Expression::Object(object) => object
            .iter()
            .map(|(key, _)| match key {
                ObjectKey::Ident(name) => Some(name.as_str().to_owned()),
                ObjectKey::Expression(key) => literal(key).map(|(_, text)| text),
            })
            .collect(),
        _ => None,
    }
}

/// Whether an expression says each entry of what it makes.
fn is_written_out(expression: &Expression) -> bool {
    match expression {
        Expression::Parenthesis(inner) => is_written_out(inner.inner()),
        Expression::Array(_) | Expression::Object(_) => true,
        _ => false,
    }
}

/// How many elements it comes to where lists become one, if the text tells.
fn length(expression: &Expression) -> Option<usize> {
    match expression {
        Expression::Parenthesis(inner) => length(inner.inner()),
        Expression::Array(array) => array.iter().map(length).sum(),
        other => is_one(other).then_some(1),
    }
}

/// Whether it is one value and no list.
fn is_one(expression: &Expression) -> bool {
    match expression {
        Expression::Parenthesis(inner) => is_one(inner.inner()),
        Expression::String(_) | Expression::Number(_) | Expression::Bool(_) => true,
        Expression::Object(_) | Expression::StringTemplate(_) | Expression::HeredocTemplate(_) => true,
        other => is_key(other),
    }
}

/// Whether it reads an attribute that is a key by its name: a text that is never empty.
fn is_key(expression: &Expression) -> bool {
    let Expression::Traversal(traversal) = expression else { return false };
    match traversal.operators.last().map(|operator| operator.value()) {
        Some(TraversalOperator::GetAttr(name)) => key_attribute(name.as_str()).is_some(),
        _ => false,
    }
}

/// Whether an expression makes a list.
fn is_list(expression: &Expression) -> bool {
    match expression {
        Expression::Parenthesis(inner) => is_list(inner.inner()),
        Expression::Array(_) => true,
        Expression::ForExpr(each) => each.key_expr.is_none(),
        Expression::Conditional(choice) => is_list(&choice.true_expr) || is_list(&choice.false_expr),
        Expression::FuncCall(call) => ["concat", "flatten", "tolist"].contains(&call.name.name.as_str()),
        _ => false,
    }
}

/// Whether a `for` gives back what it goes through as it is.
fn is_element(each: &ForExpr) -> bool {
    let name = each.intro.value_var.as_str();
    each.value_expr.as_variable().is_some_and(|value| value.as_str() == name)
}

fn is_literal(expression: &Expression) -> bool {
    matches!(expression, Expression::String(_) | Expression::Number(_))
}

/// A value that is compared with, and which values equal it.
pub fn literal(expression: &Expression) -> Option<(Takes, String)> {
    match expression {
        Expression::String(text) => Some((Takes::Text, text.value().clone())),
        Expression::Number(number) => Some((Takes::Number, number.value().to_string())),
        Expression::Bool(bool) => Some((Takes::Bool, bool.value().to_string())),
        _ => None,
    }
}
