//! Values, put into the blocks that they belong to.

use std::collections::BTreeMap;

use hcl_edit::expr::Expression;
use hcl_edit::parser::parse_template;

use super::super::facts::{Argument, Block, DEPLOYMENT, Facts, UPSTREAM};
use super::super::json_string::unescaped;
use super::super::object::Scope;
use super::super::source::Source;
use super::super::syntax::Syntax;
use super::super::value::Value;
use super::super::walk::{self, without_blanks};
use super::scan::Leaf;
use super::take::{apart, is_template, said};

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
pub(super) struct Known {
    blocks: BTreeMap<Vec<String>, usize>,
    arguments: BTreeMap<(usize, String), usize>,
}

/// What a variable demands of its values.
const VALIDATION: &str = "validation";

/// Puts a value into the block that it belongs to.
pub(super) fn put(source: &Source, leaf: &Leaf, facts: &mut Facts, known: &mut Known) {
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
