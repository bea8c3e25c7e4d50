//! What a path starts at: a bound name, an account, a state, a module, a local value.

use hcl_edit::Decorated;
use hcl_edit::expr::{Expression, TraversalOperator};

use super::super::attribute::COSMOSDB_ACCOUNT;
use super::super::facts::{
    AZAPI_ACTION, Base, DEPLOYMENTS, EXTERNAL, Object, REMOTE_STATE, SymbolKind, TFE_OUTPUTS, UPSTREAM,
};
use super::super::source::Source;
use super::super::syntax::Syntax;
use super::scope::{Bound, Scope};
use super::{VALUES, each_of, element_of};

impl Scope {
    pub(super) fn rooted<'o>(
        &self,
        source: &Source,
        root: &str,
        operators: &'o [Decorated<TraversalOperator>],
    ) -> Option<(Object, &'o [Decorated<TraversalOperator>])> {
        if let Some(bound) = self.bound(root) {
            return match bound {
                Bound::Element(objects) => Some((element_of(self.turned(objects)?), operators)),
                Bound::Iterator(objects) if attribute(operators, 0) == Some("value") => {
                    Some((each_of(self.turned(objects)?), operators.get(1..)?))
                }
                Bound::Some(objects) if attribute(operators, 0) == Some("value") => {
                    Some((element_of(self.turned(objects)?), operators.get(1..)?))
                }
                Bound::Itself(object) => Some((object.clone(), operators)),
                Bound::Iterator(_) | Bound::Some(_) | Bound::Key(_) | Bound::Other => None,
            };
        }
        let first = match source.syntax() {
            // Terragrunt's names are objects, of which brackets pick too.
            Syntax::Terragrunt => named(operators, 0)?.to_owned(),
            _ => attribute(operators, 0)?.to_owned(),
        };
        // The name of a local value or a variable is a step: it may be what a flip changes.
        let (base, taken) = match root {
            COSMOSDB_ACCOUNT => (Base::Account(SymbolKind::Managed, first), 1),
            "data" if first == COSMOSDB_ACCOUNT => {
                (Base::Account(SymbolKind::Data, attribute(operators, 1)?.to_owned()), 2)
            }
            "data" if first == REMOTE_STATE => {
                let name = attribute(operators, 1)?.to_owned();
                // Without `.outputs` it is the whole state; who goes on from it by another name says it there.
                (Base::RemoteState(name), behind(operators, 2, "outputs").unwrap_or(2))
            }
            // The same by the platform's own data source; its name holds the type.
            "data" if first == TFE_OUTPUTS => {
                let name = format!("{TFE_OUTPUTS}.{}", attribute(operators, 1)?);
                let taken = VALUES.iter().find_map(|values| behind(operators, 2, values));
                (Base::RemoteState(name), taken.unwrap_or(2))
            }
            // And what another stack publishes; its name holds the kind.
            UPSTREAM => (Base::RemoteState(format!("{UPSTREAM}.{first}")), 1),
            // A program may be asked for the keys; its name holds the type.
            "data" if first == EXTERNAL => {
                let name = format!("{EXTERNAL}.{}", attribute(operators, 1)?);
                (Base::Action(SymbolKind::DataAction, name), 2)
            }
            "data" if first == AZAPI_ACTION => {
                let name = attribute(operators, 1)?.to_owned();
                (Base::Action(SymbolKind::DataAction, name), 2)
            }
            "ephemeral" if first == AZAPI_ACTION => {
                let name = attribute(operators, 1)?.to_owned();
                (Base::Action(SymbolKind::EphemeralAction, name), 2)
            }
            AZAPI_ACTION => (Base::Action(SymbolKind::ManagedAction, first), 1),
            deployment if DEPLOYMENTS.contains(&deployment) => {
                (Base::Deployment(deployment.to_owned(), first), 1)
            }
            // A stack calls its modules components.
            "module" | "component" => (Base::Module(first), 1),
            "dependency" => (Base::Dependency(first), behind(operators, 1, "outputs")?),
            // A configuration that is included, or read as a value, hands on what it depends on.
            "local" | "include"
                if source.syntax() == Syntax::Terragrunt && named(operators, 1) == Some("dependency") =>
            {
                let name = named(operators, 2)?.to_owned();
                (Base::Dependency(name), behind(operators, 3, "outputs")?)
            }
            "local" => (Base::Local, 0),
            "var" => (Base::Variable, 0),
            _ => return None,
        };
        Some((Object { base, steps: Vec::new() }, operators.get(taken..)?))
    }
}

/// How many operators are taken where the next one, or the one behind an index that picks an instance, is of this name;
/// absent where it is another.
fn behind(operators: &[Decorated<TraversalOperator>], taken: usize, name: &str) -> Option<usize> {
    let is_it = |at: usize| {
        operators.get(at).is_some_and(|operator| match operator.value() {
            TraversalOperator::GetAttr(next) => next.as_str() == name,
            TraversalOperator::Index(Expression::String(key)) => key.value() == name,
            _ => false,
        })
    };
    let is_index =
        |at: usize| operators.get(at).is_some_and(|it| !matches!(it.value(), TraversalOperator::GetAttr(_)));
    match is_it(taken) {
        true => Some(taken + 1),
        false => (is_index(taken) && is_it(taken + 1)).then_some(taken + 2),
    }
}

fn attribute(operators: &[Decorated<TraversalOperator>], index: usize) -> Option<&str> {
    match operators.get(index)?.value() {
        TraversalOperator::GetAttr(name) => Some(name.as_str()),
        _ => None,
    }
}

/// The same where brackets may name it.
pub(super) fn named(operators: &[Decorated<TraversalOperator>], index: usize) -> Option<&str> {
    match operators.get(index)?.value() {
        TraversalOperator::Index(Expression::String(name)) => Some(name.value()),
        _ => attribute(operators, index),
    }
}
