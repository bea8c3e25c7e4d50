//! ARM templates in files of their own: `template_content = file("${path.module}/cosmos.json")`.
//!
//! Such a file is no Terraform; it is brought by whoever reads the tree where a deployment names it, and stands then as
//! if it were written out there. What `templatefile` would put into it is not known.

mod account;
mod inline;
mod output;

use std::collections::BTreeMap;

pub use self::account::{DATABASE_ACCOUNTS, Part, account, default};
pub use self::inline::{Inlined, alike, inline};
pub use self::output::{BY_DESCRIPTION, Output, other_output, output};
use super::facts::{Argument, Block, DEPLOYMENTS, Facts};
use super::paths::written_path;
use super::value::Value;

/// Arguments of deployments that hold a template.
pub const ARGUMENTS: [&str; 2] = ["template_content", "template_body"];

/// The text of templates, by path.
#[derive(Clone, Debug, Default)]
pub struct Templates(BTreeMap<String, String>);

impl Templates {
    /// Bytes that are no text are no template.
    pub fn insert(&mut self, path: String, bytes: Vec<u8>) {
        if let Ok(text) = String::from_utf8(bytes) {
            self.0.insert(path, text.trim_start_matches('\u{feff}').to_owned());
        }
    }

    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Puts the templates that are known into the place of their names, in a file of this folder.
    pub fn fill(&self, folder: &str, facts: &mut Facts) {
        let blocks = facts.blocks.iter_mut().filter(|block| is_deployment(block));
        for argument in blocks.flat_map(|block| &mut block.arguments) {
            if let Some(text) = path(folder, argument).and_then(|path| self.0.get(&path)) {
                argument.value = match &argument.value {
                    Value::Call(function, _) if function == "templatefile" => with_values(text),
                    _ => Value::Text(text.clone()),
                };
            }
        }
    }
}

/// The files that a file of this folder takes templates from.
pub fn named(folder: &str, facts: &Facts) -> Vec<String> {
    let blocks = facts.blocks.iter().filter(|block| is_deployment(block));
    blocks.flat_map(|block| &block.arguments).filter_map(|argument| path(folder, argument)).collect()
}

/// A text with values in it; what they are does not matter.
fn with_values(text: &str) -> Value {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let (value, behind) = after.split_once('}').unwrap_or((after, ""));
        parts.extend([Value::Text(before.to_owned()), Value::Other(value.to_owned())]);
        rest = behind;
    }
    parts.push(Value::Text(rest.to_owned()));
    Value::Template(parts)
}

fn is_deployment(block: &Block) -> bool {
    matches!(block.words.as_slice(), [_, kind, _] if DEPLOYMENTS.contains(&kind.as_str()))
}

fn path(folder: &str, argument: &Argument) -> Option<String> {
    match &argument.value {
        Value::Call(function, arguments)
            if ARGUMENTS.contains(&argument.name.as_str())
                && ["file", "templatefile"].contains(&function.as_str()) =>
        {
            written_path(folder, arguments.first()?)
        }
        _ => None,
    }
}
