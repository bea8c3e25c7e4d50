//! Other names for objects: arguments and entries that are nothing but a path, and one account or another under one
//! name.

use hcl_edit::expr::Expression;

use super::super::facts::{Alias, Object, OneOrOther};
use super::super::object::{alias, element_of, is_instance, is_named, is_whole};
use super::super::syntax::Syntax;
use super::super::twice::is_replaced;
use super::{INPUTS, Walk, literal_key};

impl<'s> Walk<'s> {
    /// Another name for an object, or a collection whose entries are. What it names, where that is one account or another.
    pub(super) fn alias(&mut self, expression: &Expression) -> Option<Object> {
        let either = self.either(expression);
        // Several are none that a name could stand for alone.
        for object in self.scope.objects_of(self.source, expression) {
            self.facts.aliases.push(alias(self.binding.clone(), object, expression));
        }
        self.entries(expression);
        either
    }

    /// Other names among what a terragrunt configuration hands to its code.
    pub(super) fn handed_over(&mut self, inputs: &Expression) {
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
    pub(super) fn either(&mut self, expression: &Expression) -> Option<Object> {
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
}
