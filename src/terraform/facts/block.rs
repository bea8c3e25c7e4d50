//! Blocks that others may ask for, and their arguments.

use std::ops::Range;

use super::super::value::Value;

/// An argument of a block, nested blocks' names before its own: `lifecycle.ignore_changes`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Argument {
    pub name: String,
    /// The value's expression.
    pub span: Range<usize>,
    pub value: Value,
}

/// How the name of a write-only argument ends, and behind it that of the number by which Terraform knows that it is
/// another: `value_wo_version` of azurerm, `data_wo_revision` of kubernetes, `set_wo_revision` of helm.
pub const WRITE_ONLY: &str = "_wo";

pub const VERSIONS: [&str; 2] = ["_version", "_revision"];

/// What the version of a write-only argument may be called.
pub fn versions_of(write_only: &str) -> impl Iterator<Item = String> {
    VERSIONS.iter().map(move |version| format!("{write_only}{version}"))
}

/// A block that others may ask for: its words (`["resource", TYPE, NAME]`), and its arguments. The assignments of
/// a variables file are one without words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    pub words: Vec<String>,
    /// The words in the file.
    pub header: Range<usize>,
    pub arguments: Vec<Argument>,
}

impl Block {
    pub fn argument(&self, name: &str) -> Option<&Argument> {
        self.arguments.iter().find(|argument| argument.name == name)
    }

    pub fn argument_mut(&mut self, name: &str) -> Option<&mut Argument> {
        self.arguments.iter_mut().find(|argument| argument.name == name)
    }

    /// An argument, or a part of one, by its dotted name: a nested block of a JSON file is a map.
    pub fn value(&self, dotted: &str) -> Option<&Value> {
        if let Some(argument) = self.argument(dotted) {
            return Some(&argument.value);
        }
        let (head, tail) = dotted.split_once('.')?;
        tail.split('.').try_fold(&self.argument(head)?.value, |value, name| value.element(name))
    }

    /// What says when a write-only argument is written again: providers call it its version, or its revision.
    pub fn version_of(&self, write_only: &str) -> Option<&Argument> {
        versions_of(write_only).find_map(|version| self.argument(&version))
    }

    pub fn is(&self, words: &[&str]) -> bool {
        self.words.iter().map(String::as_str).eq(words.iter().copied())
    }
}
