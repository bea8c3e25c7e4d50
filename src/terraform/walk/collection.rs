//! Lists, maps and what a `for` makes of them: the names and places of their elements.

use hcl_edit::expr::{Array, Expression, ForExpr, Object as ObjectExpression, ObjectKey, TraversalOperator};
use hcl_edit::{Ident, Span};

use super::super::attribute::key_attribute;
use super::super::facts::When;
use super::super::object::{Bound, is_renamed};
use super::super::offer::COMPUTED;
use super::super::twice::is_replaced;
use super::Walk;
use super::expression::{literal, may_read};

impl Walk<'_> {
    /// The value of an entry.
    pub(super) fn entry(&mut self, name: String, expression: &Expression, mention: bool) {
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

    /// The choice between the entries of what stands here, if there is one.
    pub(super) fn keyed(&mut self) -> Option<u32> {
        let innermost = self.choices.last().map(|branch| branch.choice);
        self.keyed.take().filter(|keyed| Some(*keyed) == innermost)
    }

    pub(super) fn array(&mut self, array: &Array, mention: bool) {
        let keyed = self.keyed();
        let named = mention && self.binding.last().is_some_and(|last| last == "replace_triggered_by");
        let (outer, mut at) = (self.offset, self.offset);
        if array.span().is_some() && array.span() == self.spread {
            return self.spread_out(array, named);
        }
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

    /// Elements that a function takes one by one: the list itself is not there any more.
    fn spread_out(&mut self, array: &Array, mention: bool) {
        let offset = self.offset.take();
        array.iter().for_each(|element| self.expression(element, mention));
        self.offset = offset;
    }

    pub(super) fn object(&mut self, object: &ObjectExpression) {
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
                self.branch(called(&name), None, value.expr().span());
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

    pub(super) fn for_expression(&mut self, each: &ForExpr) {
        self.for_parts(each, false);
    }

    /// `mention`: whoever takes the elements says what is read of them.
    pub(super) fn for_parts(&mut self, each: &ForExpr, mention: bool) {
        let depth = self.scope.depth();
        self.loops += 1;
        self.changing += 1;
        let key = each.intro.key_var.as_ref().map(|key| key.as_str());
        let before = self.facts.reads.len();
        let collection = &each.intro.collection_expr;
        let written = self.scope.collection_of(self.source, collection).is_empty();
        let value = each.intro.value_var.as_str();
        match written && each.cond.is_some() && self.sifting > 0 {
            // What is picked right here of what is left, the text does not tell.
            true => self.choosing(None, |walk| walk.bind_loop(key, value, collection)),
            false => self.bind_loop(key, value, collection),
        }
        let collected = before..self.facts.reads.len();
        if let Some(key) = &each.key_expr {
            self.expression(key, false);
        }
        // What is left out is left out whole: of an object that is made for each element, both slots or none.
        let sifts = usize::from(each.cond.is_some() && !is_written_out(&each.value_expr));
        self.sifting += sifts;
        self.filtering += usize::from(each.cond.is_some());
        // An entry whose name is not that of the element it is made from has one that the text does not tell.
        if written {
            self.make(each, collected);
        } else if is_renamed(each) {
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
    pub(super) fn element_of(&mut self, each: &ForExpr, mention: bool) {
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
    pub(super) fn rename(&mut self, reads: std::ops::Range<usize>) {
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

    pub(super) fn elements_of(&mut self, collection: &Expression, followed: bool) {
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

    pub(super) fn bind_loop(&mut self, key: Option<&str>, value: &str, collection: &Expression) {
        self.collection(collection);
        let objects = self.scope.collection_of(self.source, collection);
        let [key_of, bound] = match objects.is_empty() {
            true => [Bound::Other, Bound::Other],
            false => [Bound::Key(objects.clone()), Bound::Element(objects)],
        };
        if let Some(key) = key {
            self.scope.enter(key.to_owned(), key_of);
        }
        self.scope.enter(value.to_owned(), bound);
    }
}

/// When an entry is picked, by its name.
pub(super) fn called(name: &str) -> When {
    if name == COMPUTED { When::Unknown } else { When::Is(name.to_owned()) }
}

/// Whether an expression says each entry of what it makes.
pub(super) fn is_written_out(expression: &Expression) -> bool {
    match expression {
        Expression::Parenthesis(inner) => is_written_out(inner.inner()),
        Expression::Array(_) | Expression::Object(_) => true,
        _ => false,
    }
}

/// How many elements it comes to where lists become one, if the text tells.
pub(super) fn length(expression: &Expression) -> Option<usize> {
    match expression {
        Expression::Parenthesis(inner) => length(inner.inner()),
        Expression::Array(array) => array.iter().map(length).sum(),
        other => is_one(other).then_some(1),
    }
}

/// Whether it is one value and no list.
pub(super) fn is_one(expression: &Expression) -> bool {
    match expression {
        Expression::Parenthesis(inner) => is_one(inner.inner()),
        Expression::String(_) | Expression::Number(_) | Expression::Bool(_) => true,
        Expression::Object(_) | Expression::StringTemplate(_) | Expression::HeredocTemplate(_) => true,
        other => is_key(other),
    }
}

/// Whether it reads an attribute that is a key by its name: a text that is never empty.
pub(super) fn is_key(expression: &Expression) -> bool {
    let Expression::Traversal(traversal) = expression else { return false };
    match traversal.operators.last().map(|operator| operator.value()) {
        Some(TraversalOperator::GetAttr(name)) => key_attribute(name.as_str()).is_some(),
        _ => false,
    }
}

/// Whether an expression makes a list.
pub(super) fn is_list(expression: &Expression) -> bool {
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
pub(super) fn is_element(each: &ForExpr) -> bool {
    let name = each.intro.value_var.as_str();
    each.value_expr.as_variable().is_some_and(|value| value.as_str() == name)
}
