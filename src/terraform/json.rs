//! `.tf.json`: Terraform's other syntax, in which expressions stand in strings.
//!
//! `serde_json` judges whether it is JSON; a small scan then finds the strings with their places, because values
//! alone cannot be edited in place. What stands in a string whose escapes move its bytes is read all the same, but none
//! of its words has a place: no edit finds them.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use hcl_edit::expr::Expression;
use hcl_edit::parser::parse_template;
use hcl_edit::template::{Element, Template};

use super::facts::{Argument, Block, DEPLOYMENT, Facts, UPSTREAM, Unread};
use super::json_string::unescaped;
use super::object::{Scope, alias};
use super::parse::ParseFailure;
use super::receiver::{NAMING, is_value};
use super::source::Source;
use super::syntax::Syntax;
use super::value::Value;
use super::walk::{COMPONENT, INPUTS, without_blanks};
use super::{attribute, walk};

pub fn facts_of(source: &Source) -> Result<Facts, ParseFailure> {
    let text = source.text();
    // As a value, because what is merely skipped may nest without end.
    serde_json::from_str::<serde_json::Value>(text).map_err(|error| failure(source, &error))?;
    let mut scan = Scan { text, at: 0, path: Vec::new(), leaves: Vec::new() };
    scan.value(false);
    let mut facts = Facts::default();
    let mut known = Known::default();
    for mut leaf in scan.leaves {
        as_module(&mut leaf.path);
        if !leaf.is_key && !leaf.path.iter().any(|name| name == REMARK) {
            put(source, &leaf, &mut facts, &mut known);
        }
        if leaf.is_string && source.syntax() == Syntax::Json {
            let reads = facts.reads.len();
            facts = take(source, &leaf, facts);
            for read in &mut facts.reads[reads..] {
                if read.label.is_none() {
                    read.label.clone_from(&leaf.label);
                }
                if read.binding == leaf.path {
                    read.called.clone_from(&leaf.called);
                }
            }
        }
    }
    Ok(facts)
}

/// Where a value stands to which these keys lead; absent where there is none, or more than one.
pub fn place(source: &Source, path: &[String]) -> Option<Range<usize>> {
    let mut scan = Scan { text: source.text(), at: 0, path: Vec::new(), leaves: Vec::new() };
    scan.value(false);
    let mut found = scan.leaves.into_iter().filter_map(|mut leaf| {
        as_module(&mut leaf.path);
        (!leaf.is_key && leaf.path == path).then_some(leaf.span)
    });
    let only = found.next().filter(|_| found.next().is_none())?;
    Some(source.to_file(only))
}

/// The name of properties that Terraform passes over.
const REMARK: &str = "//";

/// Strings that Terraform passes over, as the span of the whole property with the comma behind it, and that of what
/// stands between the quotes.
pub fn remarks(source: &Source) -> Vec<(Range<usize>, Range<usize>)> {
    let text = source.text();
    if serde_json::from_str::<serde::de::IgnoredAny>(text).is_err() {
        return Vec::new();
    }
    let mut scan = Scan { text, at: 0, path: Vec::new(), leaves: Vec::new() };
    scan.value(false);
    let is_remark =
        |leaf: &Leaf| leaf.is_string && !leaf.is_key && leaf.path.last().is_some_and(|name| name == REMARK);
    let property = |leaf: Leaf| {
        let start = text[..leaf.span.start].rfind("\"//\"").unwrap_or(leaf.span.start);
        let rest = &text[leaf.span.end..];
        let behind = rest.trim_start_matches(['"', ',', ' ', '\t']);
        (start..leaf.span.end + rest.len() - behind.len(), leaf.span)
    };
    scan.leaves.into_iter().filter(is_remark).map(property).collect()
}

/// A component is a module block whose inputs stand in a map of their own.
fn as_module(path: &mut Vec<String>) {
    if path.first().is_some_and(|kind| kind == COMPONENT) {
        "module".clone_into(&mut path[0]);
        if path.len() > 3 && path[2] == INPUTS {
            path.remove(2);
        }
    }
}

/// How many keys name a block of a kind.
fn words(source: &Source, kind: &str) -> usize {
    match (source.syntax(), kind) {
        (Syntax::VariablesJson, _) => 0,
        (_, "resource" | "data" | "ephemeral") => 3,
        (_, "module" | "output" | "variable" | "provider") => 2,
        (_, DEPLOYMENT | UPSTREAM | "publish_output") => 2,
        _ => 1,
    }
}

/// Where blocks and their arguments are: a generated file has tens of thousands.
#[derive(Default)]
struct Known {
    blocks: BTreeMap<Vec<String>, usize>,
    arguments: BTreeMap<(usize, String), usize>,
}

/// What a variable demands of its values.
const VALIDATION: &str = "validation";

/// Puts a value into the block that it belongs to.
fn put(source: &Source, leaf: &Leaf, facts: &mut Facts, known: &mut Known) {
    let count = leaf.path.first().map_or(0, |kind| words(source, kind));
    let (words, [name, rest @ ..]) = leaf.path.split_at(count.min(leaf.path.len())) else { return };
    let span = || source.to_file(leaf.span.clone());
    let block = *known.blocks.entry(words.to_vec()).or_insert_with(|| {
        facts.blocks.push(Block { words: words.to_vec(), header: span(), arguments: Vec::new() });
        facts.blocks.len() - 1
    });
    let arguments = &mut facts.blocks[block].arguments;
    if name == VALIDATION && rest.last().is_some_and(|last| last == "condition") {
        // A block within the variable, and perhaps not the only one.
        let (name, value) = (format!("{VALIDATION}.condition"), value(source, leaf));
        arguments.push(Argument { name, span: span(), value });
        return;
    }
    let at = *known.arguments.entry((block, name.clone())).or_insert_with(|| {
        arguments.push(Argument { name: name.clone(), span: span(), value: Value::Map(Vec::new()) });
        arguments.len() - 1
    });
    nest(&mut arguments[at].value, rest, value(source, leaf));
}

/// A map of more entries is not kept: it is data, and no setting that anybody asks for.
const MAX_ENTRIES: usize = 1024;

fn nest(into: &mut Value, path: &[String], value: Value) {
    match (path, into) {
        ([], into) => *into = value,
        ([name, rest @ ..], Value::Map(entries)) if entries.len() < MAX_ENTRIES => {
            let at = entries.iter().rposition(|(key, _)| key == name).unwrap_or_else(|| {
                entries.push((name.clone(), Value::Map(Vec::new())));
                entries.len() - 1
            });
            nest(&mut entries[at].1, rest, value);
        }
        (_, into @ Value::Map(_)) => *into = Value::Other(String::new()),
        (_, _) => {}
    }
}

fn value(source: &Source, leaf: &Leaf) -> Value {
    let text = source.text().get(leaf.span.clone()).unwrap_or_default();
    if !leaf.is_string {
        return match text.trim() {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            word => Value::Number(word.to_owned()),
        };
    }
    let said = said(text);
    if let [kind, _, name] = leaf.path.as_slice()
        && (kind.as_str(), name.as_str()) == ("variable", "type")
        && let Ok(declared) = said.parse::<Expression>()
    {
        return Value::of(&apart(source, &said), &Scope::default(), &declared);
    }
    if !is_template(&said) {
        return Value::Text(said.into_owned());
    }
    let (part, plain) = match unescaped(text) {
        Some(plain) => (source.part_as(leaf.span.clone(), plain.clone()), plain),
        None => (apart(source, &said), said.into_owned()),
    };
    match parse_template(&plain) {
        Ok(template) => Value::of_template(&part, &walk::scope_of(&leaf.path), &template),
        Err(_) => Value::Other(without_blanks(&plain)),
    }
}

fn failure(source: &Source, error: &serde_json::Error) -> ParseFailure {
    let line_start: usize =
        source.text().split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
    let offset = source.text().floor_char_boundary(line_start + error.column().saturating_sub(1));
    let message = match error.to_string() {
        deep if deep.contains("recursion limit") => {
            "it nests more than 127 levels deep, and keyslot reads no more, though Terraform may".to_owned()
        }
        message => message,
    };
    ParseFailure { span: source.to_file(offset..offset), message }
}

/// A value that is no object and no list: the keys that lead to it and its span, between the quotes of a string.
struct Leaf {
    path: Vec<String>,
    span: Range<usize>,
    is_string: bool,
    /// Whether it is the name of a property, which within a value is a template, too.
    is_key: bool,
    /// What the object calls itself that it stands in, and how many words of the path lead there.
    label: Option<(usize, String)>,
    /// What that object is called, where this is its value.
    called: Option<String>,
}

/// Whether an index stands within what others read by a name.
fn is_within_value(path: &[String]) -> bool {
    (2..path.len()).any(|words| walk::can_be_read(&path[..words]))
}

/// What a string says, its escapes undone.
fn said(raw: &str) -> Cow<'_, str> {
    let plain = raw.contains('\\').then(|| serde_json::from_str(&format!("\"{raw}\"")).ok()).flatten();
    plain.map_or(Cow::Borrowed(raw), Cow::Owned)
}

/// Whether an expression may stand in a text.
fn is_template(text: &str) -> bool {
    text.contains("${") || text.contains("%{")
}

fn take(source: &Source, string: &Leaf, mut facts: Facts) -> Facts {
    let path: Vec<&str> = string.path.iter().map(String::as_str).collect();
    // Terraform passes over a property of this name, as a comment.
    if path.contains(&REMARK) {
        return facts;
    }
    let meta = |at: usize| walk::is_meta(&string.path[..at], path[at]);
    if (0..path.len()).any(meta) || walk::is_of_addresses(&path) {
        return facts;
    }
    let Some(text) = source.text().get(string.span.clone()) else { return facts };
    let said = said(text);
    if !is_template(&said) {
        return facts;
    }
    let unread = |why: &str| Unread { span: source.to_file(string.span.clone()), why: why.to_owned() };
    let reads = facts.reads.len();
    let Some(plain) = unescaped(text) else {
        return match parse_template(&said) {
            Ok(template) => wordless(source, string, &said, &template, facts),
            Err(_) if attribute::may_name_key(&said) => {
                facts.unread.push(unread("the expression stands in a JSON string with escapes"));
                facts
            }
            Err(_) => facts,
        };
    };
    let part = source.part_as(string.span.clone(), plain);
    match parse_template(part.text()) {
        Ok(template) if string.is_key => {
            let mut facts = walk::template_facts(&part, &template, string.path.clone(), facts);
            facts.reads[reads..].iter_mut().for_each(|read| read.plain = false);
            facts
        }
        Ok(template) => {
            if let (true, Some(Element::Interpolation(only)), 1) =
                (walk::can_be_read(&string.path), template.iter().next(), template.len())
                && let Some(object) = walk::scope_of(&string.path).object_of(&part, &only.expr)
            {
                facts.aliases.push(alias(string.path.clone(), object, &only.expr));
            }
            walk::template_facts(&part, &template, string.path.clone(), facts)
        }
        Err(error) => {
            facts.unread.push(unread(&format!("the string is no template: {}", error.message())));
            facts
        }
    }
}

/// What a string says, as a text of its own: places in it are none of the file's.
fn apart(source: &Source, said: &str) -> Source {
    Source::of(source.path(), source.syntax(), said.as_bytes().to_vec())
}

/// What a string reads whose words have no place in the file that an edit could find.
fn wordless(source: &Source, string: &Leaf, said: &str, template: &Template, facts: Facts) -> Facts {
    let (reads, choosing) = (facts.reads.len(), facts.choosing.len());
    let mut facts = walk::template_facts(&apart(source, said), template, string.path.clone(), facts);
    for read in &mut facts.reads[reads..] {
        read.object = read.object.clone().without_words();
        read.span = source.to_file(string.span.clone());
    }
    // What chooses there could not be told apart from what else stands in the string.
    facts.choosing.truncate(choosing);
    facts
}

/// Walks text that is known to be JSON.
struct Scan<'t> {
    text: &'t str,
    at: usize,
    path: Vec<String>,
    leaves: Vec<Leaf>,
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

    fn leaf(&mut self, span: Range<usize>, is_string: bool, is_key: bool) {
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
    fn object(&mut self, in_list: bool) {
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
    fn label(&mut self, first: usize) {
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
