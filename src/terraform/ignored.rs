//! Arguments whose changes Terraform is told to ignore: what goes there is written once.

use super::allowed::AllowedOpaque;
use super::facts::{Argument, Block, WRITE_ONLY, versions_of};
use super::flow::{Flow, SinkKind};
use super::refusal::Refusal;
use super::tree::Tree;
use super::value::Value;
use super::walk::without_blanks;

/// Flows that end where their key is written once: Terraform ignores later ones. With the `ignore_changes` that covers the
/// argument, and the word that does.
pub fn ignored_flows(tree: &Tree) -> impl Iterator<Item = (&Flow, &Argument, String)> {
    let ends = |flow: &&Flow| matches!(flow.sink.kind, SinkKind::KeyVaultSecret | SinkKind::Argument);
    let written = tree.flows().iter().filter(ends).filter(|flow| !flow.sink.is_watched(tree));
    written.filter_map(|flow| ignoring(tree, flow).map(|(argument, word)| (flow, argument, word)))
}

/// Keys that would change, and would not be written where they go.
pub fn refusals(tree: &Tree, changed: &[usize], allowed: &AllowedOpaque) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    for (flow, ignoring, _) in ignored_flows(tree) {
        let reference = &tree.references[flow.reference];
        let place = tree.place(reference.file, reference.span.start);
        if changed.binary_search(&flow.reference).is_err() || allowed.allows(&place) {
            continue;
        }
        let ignored = tree.place(flow.sink.file, ignoring.span.start);
        let refusal = Refusal::Ignored { place, sink: flow.sink.name.clone(), ignored };
        if !refusals.contains(&refusal) {
            refusals.push(refusal);
        }
    }
    refusals
}

fn ignoring<'t>(tree: &'t Tree, flow: &Flow) -> Option<(&'t Argument, String)> {
    let block = tree.block_around(flow.sink.file, &flow.sink.binding)?;
    let argument = block.argument("lifecycle.ignore_changes").or_else(|| {
        block.argument("lifecycle").filter(|_| block.value("lifecycle.ignore_changes").is_some())
    })?;
    let taken = taken(flow, block)?;
    let write_only = taken.first().filter(|name| name.ends_with(WRITE_ONLY));
    // Without its version a write-only value is never written again.
    let covers = |word: &String| {
        word == "all"
            || overlaps(&path(word), &taken)
            || write_only.is_some_and(|name| versions_of(name).any(|version| version == *word))
    };
    ignored(block.value("lifecycle.ignore_changes")?).into_iter().find(covers).map(|word| (argument, word))
}

/// The path of the argument within its block that a flow ends in, as far as it is known.
fn taken(flow: &Flow, block: &Block) -> Option<Vec<String>> {
    let argument = flow.sink.binding.get(block.words.len()..).filter(|path| !path.is_empty())?;
    // Where a map was handed on whole, the sink's name tells the entry.
    let whole = format!("{}.", flow.sink.binding[1..].join("."));
    let entry = match flow.sink.kind {
        SinkKind::Argument => flow.sink.name.strip_prefix(&whole).map(str::to_owned),
        _ => None,
    };
    let names = argument.iter().chain(&entry).filter(|name| !is_index(name));
    Some(names.map(|name| without_blanks(name)).collect())
}

/// `app_settings["KEY"]` and `site_config[0].key` as names. Blocks and lists are not told apart by index.
fn path(word: &str) -> Vec<String> {
    // Strings of a JSON file keep their escapes.
    let word = word.replace("\\\"", "\"");
    let mut names = Vec::new();
    let mut rest = word.as_str();
    while !rest.is_empty() {
        let (name, after) = match rest.strip_prefix("[\"") {
            Some(key) => key.split_once("\"]").unwrap_or((key, "")),
            None => {
                let plain = rest.trim_start_matches(['.', '[', ']']);
                plain.split_at(plain.find(['.', '[', ']']).unwrap_or(plain.len()))
            }
        };
        names.extend(Some(name).filter(|name| !is_index(name)).map(without_blanks));
        rest = after;
    }
    names
}

fn is_index(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether what is ignored holds what is taken, or a part of it. An entry's name that is computed may be any.
fn overlaps(ignored: &[String], taken: &[String]) -> bool {
    !ignored.is_empty()
        && ignored.iter().zip(taken).all(|(ignored, taken)| ignored == taken || taken == "(…)")
}

fn ignored(value: &Value) -> Vec<String> {
    match value {
        Value::List(values) => values.iter().flat_map(ignored).collect(),
        // Lists of a JSON file.
        Value::Map(entries) => entries.iter().flat_map(|(_, value)| ignored(value)).collect(),
        Value::Other(word) | Value::Text(word) => vec![word.clone()],
        _ => Vec::new(),
    }
}
