//! Collections that hold both keys of an account, by the syntax tree alone: an oracle that shares nothing with keyslot's
//! own reading of Terraform.
//!
//! A list keeps both. So do a local map, of which a key's entry is read by name or by a computed index, and blocks of one
//! type whose names differ by the slot's word.

use std::collections::{BTreeMap, BTreeSet};

use hcl_edit::expr::{Array, Expression, Object, ObjectKey, Traversal, TraversalOperator};
use hcl_edit::structure::{Block, Body};
use hcl_edit::visit::{Visit, visit_array, visit_block, visit_traversal};

/// A key: the expression without the slot's word, and the word.
type Key = (String, &'static str);

/// What a file holds: for each collection, in the order of the text, its keys by what they are the same in.
#[derive(Default)]
pub struct Collections {
    /// For each collection, the slots by key.
    kept: Vec<BTreeMap<String, BTreeSet<&'static str>>>,
}

impl Collections {
    pub fn of(text: &str) -> Option<Collections> {
        let body: Body = text.parse().ok()?;
        let mut picks = Picks::default();
        picks.visit_body(&body);
        let mut found = Found { picks, kept: Vec::new() };
        found.visit_body(&body);
        Some(Collections { kept: found.kept })
    }

    /// Whether every collection that held both slots of a key still does.
    pub fn are_kept_in(&self, after: &Collections) -> bool {
        let whole = |(before, after): (&BTreeMap<_, BTreeSet<_>>, &BTreeMap<_, BTreeSet<_>>)| {
            let both = before.iter().filter(|(_, slots)| slots.len() == 2);
            both.into_iter().all(|(key, _)| after.get(key).is_some_and(|slots| slots.len() == 2))
        };
        self.kept.len() == after.kept.len() && self.kept.iter().zip(&after.kept).all(whole)
    }

    pub fn pairs(&self) -> usize {
        self.kept.iter().flat_map(BTreeMap::values).filter(|slots| slots.len() == 2).count()
    }
}

/// How local values are read: the names behind theirs; `None` for what is computed.
#[derive(Default)]
struct Picks(BTreeMap<String, BTreeSet<Option<String>>>);

impl Visit for Picks {
    fn visit_traversal(&mut self, node: &Traversal) {
        visit_traversal(self, node);
        let is_local = node.expr.as_variable().is_some_and(|root| root.as_str() == "local");
        let operators: Vec<&TraversalOperator> = node.operators.iter().map(|it| it.value()).collect();
        if let (true, [TraversalOperator::GetAttr(name), next, ..]) = (is_local, operators.as_slice()) {
            let picked = match next {
                TraversalOperator::GetAttr(entry) => Some(entry.as_str().to_owned()),
                TraversalOperator::Index(Expression::String(entry)) => Some(entry.value().clone()),
                TraversalOperator::Index(index) if index.to_string().trim() != "each.key" => None,
                _ => return,
            };
            self.0.entry(name.as_str().to_owned()).or_default().insert(picked);
        }
    }
}

struct Found {
    picks: Picks,
    kept: Vec<BTreeMap<String, BTreeSet<&'static str>>>,
}

impl Found {
    fn keep(&mut self, keys: impl Iterator<Item = Key>) {
        let mut kept: BTreeMap<String, BTreeSet<&'static str>> = BTreeMap::new();
        keys.for_each(|(key, slot)| {
            kept.entry(key).or_default().insert(slot);
        });
        self.kept.push(kept);
    }

    fn locals(&mut self, body: &Body) {
        for local in body.attributes() {
            let Some(object) = local.value.as_object() else { continue };
            let picks = self.picks.0.get(local.key.as_str()).cloned().unwrap_or_default();
            let keys: Vec<(Option<String>, Key)> = entries(object).collect();
            let is_picked = picks.contains(&None) || keys.iter().any(|(name, _)| picks.contains(name));
            self.keep(keys.into_iter().map(|(_, key)| key).filter(|_| is_picked));
        }
    }

    /// Blocks of one type whose names differ by the slot's word.
    fn beside(&mut self, body: &Body) {
        let named = body.blocks().filter_map(|block| {
            let name = block.body.get_attribute("name")?.value.as_str()?;
            let (slot, other) = [("primary", "secondary"), ("secondary", "primary")]
                .into_iter()
                .find(|(slot, _)| name.matches(slot).count() == 1)?;
            let keys = block.body.attributes().filter_map(|it| Some((it.key.as_str(), key(&it.value)?)));
            let keys = keys.filter(move |(_, (_, held))| *held == slot && !name.contains(other));
            let place = format!("{} {}", block.ident.as_str(), name.replace(slot, ""));
            Some(keys.map(move |(argument, (key, slot))| (format!("{place} {argument} {key}"), slot)))
        });
        let keys: Vec<Key> = named.flatten().collect();
        self.keep(keys.into_iter());
    }
}

impl Visit for Found {
    fn visit_array(&mut self, node: &Array) {
        self.keep(node.iter().filter_map(key));
        visit_array(self, node);
    }

    fn visit_block(&mut self, node: &Block) {
        match node.ident.as_str() {
            "locals" => self.locals(&node.body),
            _ => self.beside(&node.body),
        }
        visit_block(self, node);
    }
}

/// The entries of a map that are keys.
fn entries(object: &Object) -> impl Iterator<Item = (Option<String>, Key)> {
    object.iter().filter_map(|(name, value)| {
        let name = match name {
            ObjectKey::Ident(name) => name.as_str().to_owned(),
            ObjectKey::Expression(name) => name.as_str()?.to_owned(),
        };
        Some((Some(name), key(value.expr())?))
    })
}

/// A key that is all that stands there.
fn key(expression: &Expression) -> Option<Key> {
    let traversal = expression.as_traversal()?;
    let root = traversal.expr.as_variable()?.as_str();
    let TraversalOperator::GetAttr(last) = traversal.operators.last()?.value() else { return None };
    let is_account = root == "azurerm_cosmosdb_account" || root == "data";
    let slot = ["primary", "secondary"].into_iter().find(|slot| last.as_str() == format!("{slot}_key"))?;
    let before: String = expression.to_string().split_whitespace().collect();
    let before = before.strip_suffix(last.as_str())?.to_owned();
    (is_account && before.contains("azurerm_cosmosdb_account.")).then_some((before, slot))
}
