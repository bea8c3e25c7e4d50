//! Where else than into the secret that a rotation looks at a tree gives the key of an account.
//!
//! Vaults, synced Secrets and pods are looked at by the name of one secret. Whoever takes the key elsewhere keeps the old one
//! until its own apply or its own next look, and nothing waits for that: so it is named.
//!
//! A secret counts as the watched one by its name, in any case of its letters, in whatever vault, module or instance. Where no
//! name in the tree is that one, and a single way leads out that may lead there (a secret whose name the text does not tell,
//! code that is not here, an output), it is taken for the way to it.

use std::collections::{BTreeMap, BTreeSet};

use super::facts::{AZAPI_RESOURCE, Base, StepKind};
use super::flow::{Back, Flow, Sink, SinkKind};
use super::reference::Role;
use super::tree::Tree;
use super::value::Value;
use super::version::is_digest;
use super::walk::KEY_VAULT_SECRET;
use crate::model::{Access, Delivery, Slot, Taker};

/// What ends in one place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum End {
    /// In the watched secret.
    Watched,
    Elsewhere(Taken),
    /// Elsewhere, unless nothing else leads to the watched secret.
    PerhapsElsewhere(Taken),
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Taken {
    taker: Taker,
    name: String,
    /// Empty where there is none.
    argument: String,
}

impl Taken {
    fn new(taker: Taker, name: impl Into<String>) -> Taken {
        Taken { taker, name: name.into(), argument: String::new() }
    }
}

/// Arguments, and the files that they stand in.
type Texts = (BTreeSet<String>, BTreeSet<String>);

/// Who takes the account's key of this access beside the secret, each once and in order.
pub fn elsewhere(tree: &Tree, account: usize, access: Access, secret: &str) -> Vec<Delivery> {
    let ends = Ends { tree, secret };
    let mut found: BTreeSet<(End, Option<Slot>, String)> = BTreeSet::new();
    let consumed = consumed(tree, account, access);
    for flow in tree.flows() {
        let Some(reference) = tree.references.get(flow.reference) else { continue };
        if reference.account != account || reference.access != access {
            continue;
        }
        let slot = match reference.role {
            Role::Consumer | Role::Chosen => None,
            // A pair on offer behind a consumer of one of its keys is told with that.
            Role::Definition if consumed.contains(&end_of(flow)) => continue,
            Role::Definition => Some(reference.slot),
            Role::Relay | Role::Unchosen | Role::Choice | Role::Tested => continue,
        };
        found.extend(ends.of(flow).into_iter().map(|(end, file)| (end, slot, tree.shown(file))));
    }
    let is_watched = found.iter().any(|(end, ..)| *end == End::Watched);
    let perhaps: BTreeSet<&Taken> = found.iter().filter_map(|(end, ..)| end.perhaps()).collect();
    let alone = !is_watched && perhaps.len() == 1;
    let mut told: BTreeMap<(Taker, String, Option<Slot>), Texts> = BTreeMap::new();
    for (end, slot, file) in &found {
        let taken = match end {
            End::Elsewhere(taken) => taken,
            End::PerhapsElsewhere(taken) if !alone => taken,
            End::PerhapsElsewhere(_) | End::Watched => continue,
        };
        let (arguments, files) = told.entry((taken.taker, taken.name.clone(), *slot)).or_default();
        arguments.extend(Some(&taken.argument).filter(|argument| !argument.is_empty()).cloned());
        files.insert(file.clone());
    }
    let delivery = |((taker, name, slot), (arguments, files)): ((_, _, _), (BTreeSet<_>, BTreeSet<_>))| {
        let (arguments, files) = (arguments.into_iter().collect(), files.into_iter().collect());
        Delivery { taker, name, arguments, files, slot }
    };
    told.into_iter().map(delivery).collect()
}

impl End {
    fn perhaps(&self) -> Option<&Taken> {
        match self {
            End::PerhapsElsewhere(taken) => Some(taken),
            End::Watched | End::Elsewhere(_) => None,
        }
    }
}

type Place<'t> = (usize, &'t [String], &'t str);

fn end_of(flow: &Flow) -> Place<'_> {
    (flow.sink.file, &flow.sink.binding, &flow.sink.name)
}

/// Where the ways of the account's consumers end.
fn consumed(tree: &Tree, account: usize, access: Access) -> BTreeSet<Place<'_>> {
    let consumes = |flow: &&Flow| {
        tree.references.get(flow.reference).is_some_and(|reference| {
            (reference.account, reference.access) == (account, access) && reference.role == Role::Consumer
        })
    };
    tree.flows().iter().filter(consumes).map(end_of).collect()
}

struct Ends<'t> {
    tree: &'t Tree,
    secret: &'t str,
}

impl Ends<'_> {
    fn is_watched(&self, name: &str) -> bool {
        name.eq_ignore_ascii_case(self.secret)
    }

    /// What a way comes to, each with the file in which it stands.
    fn of(&self, flow: &Flow) -> Vec<(End, usize)> {
        let sink = &flow.sink;
        let words: Vec<&str> = sink.binding.iter().map(String::as_str).collect();
        let perhaps = |taken| vec![End::PerhapsElsewhere(taken)];
        let ends = match (sink.kind, words.as_slice()) {
            (SinkKind::KeyVaultSecret, _) => self.secrets(sink),
            // Of what a secret is repeated over, the text does not tell which of it is made a secret.
            (SinkKind::Argument, ["resource", KEY_VAULT_SECRET, _, "for_each", rest @ ..]) => {
                match rest.iter().any(|word| self.is_watched(word)) {
                    true => vec![End::Watched],
                    false => perhaps(Taken::new(Taker::Secret, &sink.name)),
                }
            }
            (SinkKind::Argument, _) if sink.is_watched(self.tree) || self.is_digest(sink) => Vec::new(),
            (SinkKind::Argument, ["resource", AZAPI_RESOURCE, ..])
                if let Some(name) = self.by_azapi(sink) =>
            {
                vec![self.secret(&name)]
            }
            (SinkKind::Argument, _) => vec![End::Elsewhere(argument(&sink.binding, &sink.name))],
            // A folder without a provider's settings is a module that others use: handing keys out is its purpose.
            (SinkKind::RootOutput, _) if !self.tree.is_root_module(sink.file) => Vec::new(),
            (SinkKind::RootOutput, _) => perhaps(Taken::new(Taker::Output, format!("output.{}", sink.name))),
            (SinkKind::Input, _) => {
                match sink.name.rsplit('.').next().is_some_and(|it| self.is_watched(it)) {
                    true => vec![End::Watched],
                    false => perhaps(input(&sink.name)),
                }
            }
            // A provider uses the key while Terraform runs, and asks for it anew each time.
            (SinkKind::Setting | SinkKind::Unread, _) => Vec::new(),
        };
        let backs = match ends.contains(&End::Watched) {
            true => sink.read_back.iter().filter_map(|back| Some((self.back(back)?, back.file))).collect(),
            false => Vec::new(),
        };
        ends.into_iter().map(|end| (end, sink.file)).chain(backs).collect()
    }

    fn secret(&self, name: &str) -> End {
        match self.is_watched(name) {
            true => End::Watched,
            false => End::Elsewhere(Taken::new(Taker::Secret, name)),
        }
    }

    /// Where nothing says which of several instances it is, the name is that of all of them.
    fn secrets(&self, sink: &Sink) -> Vec<End> {
        let names: Vec<&str> = sink.name.split(", ").collect();
        let watched = names.iter().any(|name| self.is_watched(name));
        let block = self.tree.block_around(sink.file, &sink.binding);
        let value = block.zip(sink.binding.get(3)).and_then(|(block, argument)| block.value(argument));
        match names.iter().all(|name| is_name(name)) {
            true if !value.is_some_and(takes_each) => names.iter().map(|name| self.secret(name)).collect(),
            true | false if watched => vec![End::Watched],
            true => vec![End::Elsewhere(Taken::new(Taker::Secret, &sink.name))],
            false => vec![End::PerhapsElsewhere(Taken::new(Taker::Secret, &sink.name))],
        }
    }

    /// The name of the secret that azapi's resource is, if it is one.
    fn by_azapi(&self, sink: &Sink) -> Option<String> {
        const SECRETS: &str = "microsoft.keyvault/vaults/secrets";
        let block = self.tree.block_around(sink.file, &sink.binding)?;
        let kind = block.value("type")?.as_text()?.to_ascii_lowercase();
        let name = block.value("name")?.as_text()?.rsplit('/').next()?.to_owned();
        kind.starts_with(SECRETS).then_some(name)
    }

    /// Whether what stands there is made from a digest of the key, which is no key.
    fn is_digest(&self, sink: &Sink) -> bool {
        let value = || {
            let block = self.tree.block_around(sink.file, &sink.binding)?;
            block.value(&sink.binding.get(block.words.len()..)?.join("."))
        };
        value().is_some_and(is_digest)
    }

    /// Who reads the watched secret where Terraform is applied, and keeps what it was then.
    fn back(&self, back: &Back) -> Option<End> {
        // An instance that is named is the secret's own, or another's.
        let text = self.tree.sources.get(back.file)?.bytes().get(back.span.clone())?;
        let text = String::from_utf8_lossy(text).to_ascii_lowercase();
        if text.contains("[\"") && !text.contains(&format!("[\"{}\"]", self.secret.to_ascii_lowercase())) {
            return None;
        }
        let words: Vec<&str> = back.binding.iter().map(String::as_str).collect();
        let taken = match words.as_slice() {
            ["resource", KEY_VAULT_SECRET, address, ..] => {
                let block = self.tree.block_around(back.file, &back.binding);
                match block.and_then(|block| block.value("name")).and_then(Value::as_text) {
                    Some(name) if self.is_watched(name) => return None,
                    Some(name) => Taken::new(Taker::Secret, name),
                    None => Taken::new(Taker::Secret, format!("{KEY_VAULT_SECRET}.{address}")),
                }
            }
            ["resource", rest @ ..] => argument(&back.binding, &rest.join(".")),
            ["data", ..] => argument(&back.binding, &words.join(".")),
            ["output", name, ..] if self.tree.is_root_module(back.file) => {
                Taken::new(Taker::Output, format!("output.{name}"))
            }
            ["provider" | "terraform" | "ephemeral", ..] => return None,
            _ => Taken::new(Taker::Code, &back.name),
        };
        Some(End::Elsewhere(taken))
    }
}

/// Whether it is a secret's whole name, as Key Vault allows them.
fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-')
}

/// Whether a value is that of the element for which its block is repeated.
fn takes_each(value: &Value) -> bool {
    let element = |value: &Value| {
        value.paths().iter().any(|path| {
            matches!(path.base, Base::Each(_)) || path.steps.iter().any(|step| step.kind == StepKind::Element)
        })
    };
    match value {
        Value::Other(text) => text.contains("each."),
        Value::Template(parts) | Value::Call(_, parts) | Value::List(parts) => parts.iter().any(takes_each),
        value => element(value),
    }
}

/// A resource or data source, and the argument that takes the key; `name` is the whole address.
fn argument(binding: &[String], name: &str) -> Taken {
    let address = match binding {
        [top, kind, address, ..] if top == "data" => format!("data.{kind}.{address}"),
        [_, kind, address, ..] => format!("{kind}.{address}"),
        _ => name.to_owned(),
    };
    within(Taker::Resource, &address, name)
}

/// A module and its input; Terragrunt's inputs are one by themselves.
fn input(name: &str) -> Taken {
    let end = name.strip_prefix("module.").and_then(|rest| rest.find('.')).map(|at| at + "module.".len());
    within(Taker::Code, end.and_then(|end| name.get(..end)).unwrap_or(name), name)
}

fn within(taker: Taker, address: &str, name: &str) -> Taken {
    let argument = name.strip_prefix(address).and_then(|rest| rest.strip_prefix('.')).unwrap_or_default();
    Taken { taker, name: address.to_owned(), argument: argument.to_owned() }
}
