//! Reads of resources that hand back what they are given.

use hcl_edit::Span;
use hcl_edit::expr::{Expression, Traversal, TraversalOperator};

use super::super::facts::{HELD, OWN_INSTANCE, ReadBack};
use super::{Walk, text_of};

impl Walk<'_> {
    /// Notes what goes on from such a resource; what is only looked at goes nowhere.
    pub(super) fn read_back(&mut self, traversal: &Traversal) {
        let triggers = self.binding.iter().any(|word| word == "replace_triggered_by");
        if self.testing > 0 || triggers {
            return;
        }
        let span = traversal.span().map_or(0..0, |span| self.source.to_file(span));
        let read = self.read_back_by(traversal);
        self.facts.read_back.extend(read.map(|read| ReadBack {
            span,
            binding: self.binding.clone(),
            ..read
        }));
    }

    fn read_back_by(&self, traversal: &Traversal) -> Option<ReadBack> {
        let mut kind = traversal.expr.as_variable()?.as_str();
        let mut operators = traversal.operators.iter().map(|operator| operator.value());
        let looked_up = kind == "data";
        if looked_up {
            let TraversalOperator::GetAttr(of) = operators.next()? else { return None };
            kind = of.as_str();
        }
        let (_, attributes) = HELD.iter().find(|(held, _)| *held == kind)?;
        let TraversalOperator::GetAttr(name) = operators.next()? else { return None };
        let mut picks = false;
        let attribute = operators.find_map(|operator| match operator {
            TraversalOperator::GetAttr(attribute) => Some(attribute.as_str()),
            TraversalOperator::Index(index) => {
                picks |= !self.is_own_instance(index);
                None
            }
            TraversalOperator::LegacyIndex(_) => {
                picks = true;
                None
            }
            // All of them.
            TraversalOperator::AttrSplat(_) | TraversalOperator::FullSplat(_) => {
                picks = false;
                None
            }
        })?;
        (picks && !looked_up || attributes.contains(&attribute)).then(|| ReadBack {
            kind: if looked_up { format!("data.{kind}") } else { kind.to_owned() },
            name: name.as_str().to_owned(),
            attribute: attribute.to_owned(),
            picks,
            span: 0..0,
            binding: Vec::new(),
        })
    }

    fn is_own_instance(&self, index: &Expression) -> bool {
        OWN_INSTANCE.contains(&text_of(self.source, index.span()).trim())
    }
}
