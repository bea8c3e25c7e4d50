//! What stands in a collection beside its accounts: whoever takes any of its elements takes these, too.

use super::{Cell, Folders, Followed, Kind};
use crate::terraform::facts::Base;
use crate::terraform::folders::is_any;
use crate::terraform::naming::spelt;
use crate::terraform::value::Value;

impl Folders<'_> {
    /// The first element, as it is written, of the collection that a path takes any element of, where accounts are among
    /// them and that one is another thing.
    pub fn other_among(&self, from: &Followed) -> Option<String> {
        let (cell, [first, ..]) = self.cell_of(&from.folder, &from.object)? else { return None };
        let accounts: Vec<_> = self.accounts(&cell).filter(|_| is_any(first)).collect();
        if accounts.is_empty() {
            return None;
        }
        self.values(&cell).into_iter().find_map(|(folder, value)| {
            let is_account = |name: &str| {
                accounts.iter().any(|(path, at, _)| *at == folder && matches!(path, [only] if only == name))
            };
            elements(value).into_iter().find_map(|(name, element)| match element {
                Value::Other(text) if text == "null" => None,
                Value::Other(text) if is_resource(text) => Some(text.clone()),
                _ if is_account(&name) => None,
                // Accounts by other names are told where they are handed on.
                Value::Path(object) => {
                    let is_account = matches!(self.end(folder, object).object.base, Base::Account(..));
                    (!is_account).then(|| spelt(object))
                }
                Value::Other(text) => Some(text.clone()),
                _ => Some(name),
            })
        })
    }

    /// What is given to a name, and the folder where that is written.
    fn values(&self, cell: &Cell) -> Vec<(&str, &Value)> {
        let (folder, name) = (cell.folder.as_str(), cell.name.as_str());
        match cell.kind {
            Kind::Local => {
                let blocks = self.blocks_at(folder, &["locals"]);
                let own = blocks.filter_map(|(_, block)| block.argument(name));
                own.map(|argument| (self.home(folder), &argument.value)).collect()
            }
            Kind::Output => {
                let blocks = self.blocks_at(folder, &["output", name]);
                let own = blocks.filter_map(|(_, block)| block.argument("value"));
                own.map(|argument| (self.home(folder), &argument.value)).collect()
            }
            Kind::Variable => {
                let calls = self.callers(folder).iter();
                calls.filter_map(|call| Some((call.folder.as_str(), self.argument(call, name)?))).collect()
            }
            // Accounts that are handed on there are told as a whole.
            Kind::Each => Vec::new(),
        }
    }

    fn home(&self, folder: &str) -> &str {
        self.blocks.get_key_value(folder).map_or("", |(folder, _)| *folder)
    }
}

fn elements(value: &Value) -> Vec<(String, &Value)> {
    match value {
        Value::Map(entries) => entries.iter().map(|(name, value)| (name.clone(), value)).collect(),
        Value::List(elements) => {
            elements.iter().enumerate().map(|(at, value)| (at.to_string(), value)).collect()
        }
        _ => Vec::new(),
    }
}

/// Whether a text is a path that starts at a resource or a data source.
fn is_resource(text: &str) -> bool {
    let first = text.split(['.', '[']).next().unwrap_or_default();
    let is_path = text.chars().all(|c| c.is_alphanumeric() || "_-.[]\"*".contains(c));
    is_path && text.contains('.') && (first == "data" || first.contains('_'))
}
