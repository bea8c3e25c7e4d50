//! `.tf.json`: Terraform's other syntax, in which expressions stand in strings.
//!
//! `serde_json` judges whether it is JSON; a small scan then finds the strings with their places, because values
//! alone cannot be edited in place. A string that holds an escape and might read a key is reported as unread:
//! offsets in it would not be offsets in the file.

use std::ops::Range;

use hcl_edit::parser::parse_template;
use hcl_edit::template::Element;

use super::facts::{Alias, Declaration, Facts, ModuleCall, NameExpression, SymbolKind, Unread};
use super::object::Scope;
use super::parse::ParseFailure;
use super::source::Source;
use super::{attribute, walk};

pub fn facts_of(source: &Source) -> Result<Facts, ParseFailure> {
    let text = source.text();
    // As a value, because what is merely skipped may nest without end.
    serde_json::from_str::<serde_json::Value>(text).map_err(|error| failure(source, &error))?;
    let mut scan = Scan { text, at: 0, path: Vec::new(), strings: Vec::new() };
    scan.value(false);
    let mut facts = Facts::default();
    for string in scan.strings {
        facts = take(source, &string, facts);
    }
    Ok(facts)
}

/// The same for a file of variables' values.
pub fn values_of(source: &Source) -> Result<Facts, ParseFailure> {
    serde_json::from_str::<serde_json::Value>(source.text()).map_err(|error| failure(source, &error))?;
    Ok(Facts::default())
}

fn failure(source: &Source, error: &serde_json::Error) -> ParseFailure {
    let line_start: usize =
        source.text().split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
    let offset = source.text().floor_char_boundary(line_start + error.column().saturating_sub(1));
    ParseFailure { span: source.to_file(offset..offset), message: error.to_string() }
}

/// A string value: the keys that lead to it and the span between its quotes.
struct JsonString {
    path: Vec<String>,
    span: Range<usize>,
}

fn take(source: &Source, string: &JsonString, mut facts: Facts) -> Facts {
    let path: Vec<&str> = string.path.iter().map(String::as_str).collect();
    if path.iter().any(|key| walk::is_meta(key)) || path.first().is_some_and(|top| walk::is_address(top)) {
        return facts;
    }
    let Some(text) = source.text().get(string.span.clone()) else { return facts };
    declare(&path, text, &mut facts);
    if !text.contains("${") && !text.contains("%{") {
        return facts;
    }
    let unread = |why: &str| Unread { span: source.to_file(string.span.clone()), why: why.to_owned() };
    if text.contains('\\') {
        if attribute::may_name_key(text) {
            facts.unread.push(unread("the expression stands in a JSON string with escapes"));
        }
        return facts;
    }
    let part = source.part(string.span.clone());
    match parse_template(part.text()) {
        Ok(template) => {
            if let (["locals", name], Some(Element::Interpolation(only)), 1) =
                (path.as_slice(), template.iter().next(), template.len())
                && let Some(object) = Scope::default().object_of(&part, &only.expr)
            {
                facts.aliases.push(Alias { name: (*name).to_owned(), object });
            }
            walk::template_facts(&part, &template, string.path.clone(), facts)
        }
        Err(error) => {
            facts.unread.push(unread(&format!("the string is no template: {}", error.message())));
            facts
        }
    }
}

fn declare(path: &[&str], text: &str, facts: &mut Facts) {
    let (kind, name, rest) = match path {
        ["resource", attribute::COSMOSDB_ACCOUNT, name, rest @ ..] => (SymbolKind::Managed, *name, rest),
        ["data", attribute::COSMOSDB_ACCOUNT, name, rest @ ..] => (SymbolKind::Data, *name, rest),
        ["module", name, "source"] => {
            facts.modules.push(ModuleCall { name: (*name).to_owned(), source: Some(text.to_owned()) });
            return;
        }
        _ => return,
    };
    let known = facts.declarations.iter().position(|known| known.kind == kind && known.name == name);
    let at = known.unwrap_or_else(|| {
        facts.declarations.push(Declaration { kind, name: name.to_owned(), account_name: None });
        facts.declarations.len() - 1
    });
    if rest == ["name"] {
        facts.declarations[at].account_name = Some(if text.contains("${") {
            NameExpression::Text {
                text: text.split_whitespace().collect(),
                specific: !text.starts_with("${") || !text.ends_with('}'),
            }
        } else {
            NameExpression::Literal(text.to_owned())
        });
    }
}

/// Walks text that is known to be JSON.
struct Scan<'t> {
    text: &'t str,
    at: usize,
    path: Vec<String>,
    strings: Vec<JsonString>,
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

    fn value(&mut self, in_list: bool) {
        self.blank();
        match self.peek() {
            Some(b'{') => self.object(in_list),
            Some(b'[') => self.list(),
            Some(b'"') => {
                let span = self.string();
                self.strings.push(JsonString { path: self.path.clone(), span });
            }
            _ => {
                while self.peek().is_some_and(|byte| !matches!(byte, b',' | b'}' | b']')) {
                    self.at += 1;
                }
            }
        }
    }

    /// Objects in a list are repeated blocks: their index is no part of the path.
    fn object(&mut self, in_list: bool) {
        let index = if in_list { self.path.pop() } else { None };
        self.at += 1;
        self.blank();
        while self.peek().is_some_and(|byte| byte != b'}') {
            let key = self.string();
            self.path.push(self.text[key].to_owned());
            self.value(false);
            self.path.pop();
            self.blank();
        }
        self.at += 1;
        self.path.extend(index);
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
