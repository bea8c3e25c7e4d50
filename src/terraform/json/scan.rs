//! A scan over JSON that is known to be JSON: it finds the values with their places.

use std::ops::Range;

use super::super::receiver::{NAMING, is_value};
use super::super::walk;
use super::take::{is_template, is_within_value, said};

/// A value that is no object and no list: the keys that lead to it and its span, between the quotes of a string.
pub(super) struct Leaf {
    pub(super) path: Vec<String>,
    pub(super) span: Range<usize>,
    pub(super) is_string: bool,
    /// Whether it is the name of a property, which within a value is a template, too.
    pub(super) is_key: bool,
    /// What the object calls itself that it stands in, and how many words of the path lead there.
    pub(super) label: Option<(usize, String)>,
    /// What that object is called, where this is its value.
    pub(super) called: Option<String>,
}

/// Walks text that is known to be JSON.
pub(super) struct Scan<'t> {
    pub(super) text: &'t str,
    pub(super) at: usize,
    pub(super) path: Vec<String>,
    pub(super) leaves: Vec<Leaf>,
}

impl Scan<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn blank(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_whitespace() || byte == b',' || byte == b':') {
            self.at += 1;
        }
    }

    pub(super) fn value(&mut self, in_list: bool) {
        self.blank();
        match self.peek() {
            Some(b'{') => self.object(in_list),
            Some(b'[') => self.list(),
            Some(b'"') => {
                let span = self.string();
                self.leaf(span, true, false);
            }
            _ => {
                let start = self.at;
                while self.peek().is_some_and(|byte| !matches!(byte, b',' | b'}' | b']')) {
                    self.at += 1;
                }
                self.leaf(start..self.at, false, false);
            }
        }
    }

    pub(super) fn leaf(&mut self, span: Range<usize>, is_string: bool, is_key: bool) {
        self.leaves.push(Leaf {
            path: self.path.clone(),
            span,
            is_string,
            is_key,
            label: None,
            called: None,
        });
    }

    /// Objects in a list are repeated blocks, and their index is no part of the path, but where a value stands.
    pub(super) fn object(&mut self, in_list: bool) {
        let index = if in_list && !is_within_value(&self.path) { self.path.pop() } else { None };
        let first = self.leaves.len();
        self.at += 1;
        self.blank();
        while self.peek().is_some_and(|byte| byte != b'}') {
            let key = self.string();
            let name = said(&self.text[key.clone()]).into_owned();
            if is_template(&name) {
                self.leaf(key, true, true);
            }
            self.path.push(name);
            self.value(false);
            self.path.pop();
            self.blank();
        }
        self.at += 1;
        self.label(first);
        self.call(first);
        self.path.extend(index);
    }

    /// What a property of the object at hand says, where it is a string; the object's leaves start at `first`.
    fn own(&self, first: usize, name: &str) -> Option<&str> {
        let own = self.path.len() + 1;
        let is_named = |leaf: &&Leaf| {
            let is_own = leaf.path.len() == own && leaf.path.last().is_some_and(|last| last == name);
            leaf.is_string && !leaf.is_key && is_own
        };
        self.leaves[first..].iter().find(is_named).map(|leaf| &self.text[leaf.span.clone()])
    }

    /// Gives the value of an object that object's name.
    fn call(&mut self, first: usize) {
        let own = self.path.len() + 1;
        let Some(name) = NAMING.iter().find_map(|name| self.own(first, name)) else { return };
        let name = walk::without_expressions(&said(name));
        let is_own =
            |leaf: &&mut Leaf| leaf.path.len() == own && leaf.path.last().is_some_and(|it| is_value(it));
        for leaf in self.leaves[first..].iter_mut().filter(is_own) {
            leaf.called = Some(name.clone());
        }
    }

    /// Gives the leaves of an object what it calls itself, where none within it has a label of its own.
    pub(super) fn label(&mut self, first: usize) {
        let named = |name: &str| self.own(first, name);
        let label = walk::label_of(named).filter(|text| !is_template(text) && walk::is_labelled(&self.path));
        let vault = named(walk::VAULT).filter(|_| self.path.len() == 3 && self.path[0] == "resource");
        let Some(label) = label.map(|label| walk::in_vault(label, vault)) else { return };
        for leaf in self.leaves[first..].iter_mut().filter(|leaf| leaf.label.is_none()) {
            leaf.label = Some((self.path.len(), label.clone()));
        }
    }

    fn list(&mut self) {
        self.at += 1;
        self.blank();
        let mut index = 0;
        while self.peek().is_some_and(|byte| byte != b']') {
            self.path.push(index.to_string());
            self.value(true);
            self.path.pop();
            index += 1;
            self.blank();
        }
        self.at += 1;
    }

    /// The span between the quotes; stands behind the closing one afterwards.
    fn string(&mut self) -> Range<usize> {
        let start = self.at + 1;
        self.at = start;
        while let Some(byte) = self.peek() {
            match byte {
                b'\\' => self.at += 2,
                b'"' => break,
                _ => self.at += 1,
            }
        }
        let end = self.at.min(self.text.len());
        self.at = end + 1;
        start..end
    }
}
