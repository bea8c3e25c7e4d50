//! Where a key ends: a secret, an argument, an output, and what it is called.

use std::collections::BTreeSet;
use std::ops::Range;

use super::super::driven::is_version;
use super::super::facts::{Binding, Block};
use super::super::folders::{Cell, Kind};
use super::super::instance::Instance;
use super::super::naming::At;
use super::super::offer::COMPUTED;
use super::super::tree::Tree;
use super::super::value::Value;
use super::super::version::is_digest;
use super::super::walk::KEY_VAULT_SECRET;
use super::passed::OTHER_NAMES;
use super::read_back::Back;
use super::{Stand, Tracer};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SinkKind {
    KeyVaultSecret,
    /// Another argument of a resource or data source.
    Argument,
    /// A provider's or backend's settings.
    Setting,
    /// An output of a folder that no module block uses.
    RootOutput,
    /// An input of code that is not in the tree.
    Input,
    /// A name that nothing reads.
    Unread,
}

/// Where a key ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sink {
    pub kind: SinkKind,
    /// The secret's name, or the address of the argument.
    pub name: String,
    pub file: usize,
    /// The words of the block that holds it, where they are known; else the expression.
    pub span: Range<usize>,
    pub binding: Binding,
    /// The element of the repeated block that holds it: its key in `for_each`.
    pub element: Option<String>,
    /// Where the secret that it is written to is read back.
    pub read_back: Vec<Back>,
}

impl Sink {
    /// Whether Terraform only looks there whether a key is another, and hands none out: what replaces a resource, or a
    /// version that is a digest.
    pub fn is_watched(&self, tree: &Tree) -> bool {
        let triggers = matches!(self.binding.as_slice(), [.., lifecycle, triggers, _] | [.., lifecycle, triggers]
            if lifecycle == "lifecycle" && triggers == "replace_triggered_by");
        let version = || {
            let block = tree.block_around(self.file, &self.binding)?;
            block.argument(self.binding.last().filter(|_| is_version(&self.binding))?)
        };
        triggers || version().is_some_and(|version| is_digest(&version.value))
    }
}

/// More names of one block's secrets than this are counted.
const MANY_NAMES: usize = 8;

impl<'f> Tracer<'f> {
    pub(super) fn sink(&self, stand: &Stand<'_>, cell: Option<&Cell>) -> Sink {
        let folder = stand.folder;
        let words: Vec<&str> = stand.binding.iter().map(String::as_str).collect();
        let below = |from: usize| {
            let words = words.iter().skip(from).copied().chain(stand.rest.iter().map(String::as_str));
            let words = words.filter(|word| *word != OTHER_NAMES);
            let mut words: Vec<&str> = words.collect();
            // Of a collection that is made there, any element.
            while words.last() == Some(&COMPUTED) {
                words.pop();
            }
            words.join(".")
        };
        let block = self.block(folder, stand);
        let element = stand.element.clone().filter(|element| is_instance(block, element));
        let (kind, name) = match (words.as_slice(), cell) {
            (["resource", KEY_VAULT_SECRET, address, "value" | "value_wo", ..], _) => {
                (SinkKind::KeyVaultSecret, self.secret(stand, address, block, element.as_ref()))
            }
            (["resource", ..], _) => (SinkKind::Argument, below(1)),
            (["data", ..], _) => (SinkKind::Argument, below(0)),
            (["output", name, ..], Some(cell)) if self.folders.callers(&cell.folder).is_empty() => {
                (SinkKind::RootOutput, (*name).to_owned())
            }
            (["output" | "locals", ..], _) => (SinkKind::Unread, below(0)),
            (["module", ..] | ["inputs", ..], None) => (SinkKind::Input, below(0)),
            (_, Some(Cell { kind: Kind::Variable, folder, name })) => {
                (SinkKind::Unread, format!("var.{name} of {folder}"))
            }
            (["module", ..], Some(Cell { kind: Kind::Each, .. })) => (SinkKind::Unread, below(0)),
            _ => (SinkKind::Setting, below(0)),
        };
        let span = block.map_or(stand.span.clone(), |block| block.header.clone());
        let file = stand.file;
        let binding = stand.binding.to_vec();
        Sink { kind, name, file, span, binding, element, read_back: Vec::new() }
    }

    pub(super) fn block(&self, folder: &str, stand: &Stand<'_>) -> Option<&'f Block> {
        let words: Vec<&str> = stand.binding.iter().take(3).map(String::as_str).collect();
        let at = |length: usize| self.folders.blocks_at(folder, &words[..length]).collect::<Vec<_>>();
        (1..=words.len())
            .flat_map(at)
            .filter(|(file, _)| *file == stand.file)
            .map(|(_, block)| block)
            .max_by_key(|block| block.header.start.min(stand.span.start))
    }

    /// The name of a secret: as it is written, or the key of the element that it is made for. Of a block that is repeated,
    /// the names of all its instances, where nothing says which of them it is.
    fn secret(
        &self,
        stand: &Stand<'_>,
        address: &str,
        block: Option<&Block>,
        element: Option<&String>,
    ) -> String {
        let named = block.and_then(|block| block.value("name"));
        let is_own_key = |value: &Value| matches!(value, Value::Other(text) if text == "each.key");
        let at = || At::run(stand.folder, stand.run.clone());
        let within = |instance| at().block(&["resource", KEY_VAULT_SECRET, address], Some(instance));
        let name = |at: &At, value: &Value| self.folders.evaluator().name(at, value).to_string();
        match (named, element) {
            (Some(value), Some(element)) if is_own_key(value) => element.clone(),
            (Some(value), Some(element)) => name(&within(instance(block, element)), value),
            (Some(value), None) => match self.names(&at(), within, block, value) {
                Some(names) => names,
                None if is_own_key(value) => format!("{KEY_VAULT_SECRET}.{address}"),
                None => name(&at(), value),
            },
            (None, _) => format!("{KEY_VAULT_SECRET}.{address}"),
        }
    }

    /// What a name comes to in the instances of a block, each once; absent where that is not known of each.
    fn names(
        &self,
        at: &At,
        within: impl Fn(Instance) -> At,
        block: Option<&Block>,
        value: &Value,
    ) -> Option<String> {
        let evaluator = self.folders.evaluator();
        let instances = evaluator.instances(at, block?)?.into_iter();
        let name = |instance| evaluator.name(&within(instance), value).as_literal().map(str::to_owned);
        let names: BTreeSet<String> = instances.map(name).collect::<Option<_>>()?;
        let more = names.len().saturating_sub(MANY_NAMES);
        let mut told: Vec<String> = names.into_iter().take(MANY_NAMES).collect();
        told.extend((more > 0).then(|| format!("{more} more")));
        (!told.is_empty()).then(|| told.join(", "))
    }
}

/// Whether the key of an element is that of the block's instance too: a list's numbers are those of no `for_each`, and
/// a `for` may make new keys.
fn is_instance(block: Option<&Block>, element: &str) -> bool {
    let counted = block.is_some_and(|block| block.value("count").is_some());
    let remade = block.and_then(|block| block.value("for_each")).is_some_and(makes_keys);
    element != COMPUTED && !remade && (counted || element.parse::<u64>().is_err())
}

/// The instance of a block whose key is that of an element.
fn instance(block: Option<&Block>, element: &str) -> Instance {
    let counted = block.is_some_and(|block| block.value("count").is_some());
    match element.parse() {
        Ok(number) if counted => Instance::Index(number),
        _ => Instance::Key(element.to_owned()),
    }
}

fn makes_keys(over: &Value) -> bool {
    match over {
        Value::Other(text) => text.strip_prefix("{for").is_some_and(|text| {
            let key = text.split_once(',').map(|(key, _)| format!(":{key}=>"));
            !key.is_some_and(|key| text.contains(&key))
        }),
        Value::Call(_, arguments) => arguments.iter().any(makes_keys),
        _ => false,
    }
}
