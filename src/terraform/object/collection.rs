//! Collections: the objects whose elements they have, and what a function or a `for` makes of their order and names.

use hcl_edit::expr::{Expression, ForExpr, ObjectKey};

use super::super::facts::Object;
use super::super::source::Source;
use super::super::twice::is_replaced;
use super::super::walk::literal_key;
use super::scope::Scope;
use super::{any_of, element_of, is_whole};

/// Functions whose elements stand elsewhere than they stood: an index after them says nothing.
const MOVING: &[&str] = &["coalescelist", "concat", "flatten", "reverse", "toset", "values"];

impl Scope {
    /// The objects whose elements a collection has; those of a list or a map that is written out are accounts. Empty where
    /// it has others too.
    pub fn collection_of(&self, source: &Source, expression: &Expression) -> Vec<Object> {
        let account = |value: &Expression| self.object_of(source, value).filter(is_whole);
        let written_out = match expression {
            Expression::Parenthesis(inner) => return self.collection_of(source, inner.inner()),
            Expression::Array(array) => array.iter().map(account).collect(),
            Expression::Object(object) => {
                let dead = |key: &ObjectKey| literal_key(key).is_some_and(is_replaced);
                object.iter().filter(|(key, _)| !dead(key)).map(|(_, value)| account(value.expr())).collect()
            }
            // Which of them comes first, or goes away, does not matter to who takes each.
            Expression::FuncCall(call) if MOVING.contains(&call.name.name.as_str()) => {
                let each = call.args.iter().map(|argument| self.collection_of(source, argument));
                let each: Vec<Vec<Object>> = each.collect();
                if each.iter().any(Vec::is_empty) { None } else { Some(each.concat()) }
            }
            Expression::ForExpr(each) => return self.gathered(source, each),
            other => self.object_of(source, other).map(|object| vec![object]),
        };
        written_out.unwrap_or_default()
    }

    /// What a `for` gathers that gives back elements as they are: the collections that they are elements of. Instances of
    /// an account are that account.
    pub(super) fn gathered(&self, source: &Source, each: &ForExpr) -> Vec<Object> {
        let name = each.intro.value_var.as_str();
        let is_element = each.value_expr.as_variable().is_some_and(|value| value.as_str() == name);
        let gathered =
            if is_element { self.collection_of(source, &each.intro.collection_expr) } else { Vec::new() };
        // What goes by one name together is a list of elements.
        if each.grouping && !gathered.iter().all(is_whole) {
            return Vec::new();
        }
        let same = |object: &Object| match is_whole(object) {
            true => element_of(object),
            false => object.clone().seen_from_afar(),
        };
        gathered.iter().map(same).collect()
    }
}

/// Whether an expression gives back what it is given in another order, or among other things.
pub(super) fn moves(expression: &Expression) -> bool {
    any_of(expression, &|it| match it {
        Expression::ForExpr(_) => true,
        Expression::FuncCall(call) => MOVING.contains(&call.name.name.as_str()),
        _ => false,
    })
}

/// Whether the elements of a `for` go by other names than they did in what it goes through.
pub fn is_renamed(each: &ForExpr) -> bool {
    let key = each.intro.key_var.as_ref().map(|key| key.as_str());
    let is_key = |name: &Expression| key.is_some() && name.as_variable().map(|it| it.as_str()) == key;
    each.key_expr.as_ref().is_some_and(|name| !is_key(name))
}

/// Whether an expression gives back what it is given under other names.
pub(super) fn renames(expression: &Expression) -> bool {
    any_of(expression, &|it| matches!(it, Expression::ForExpr(each) if is_renamed(each)))
}

/// Whether an expression leaves some of what it is given out, by a condition.
pub fn filters(expression: &Expression) -> bool {
    any_of(expression, &|it| matches!(it, Expression::ForExpr(each) if each.cond.is_some()))
}
