//! Where a secret that a key is written to is read back: by the resource that writes it, or by a data source that looks
//! it up in the vault.
//!
//! Whoever reads it there has the key that the secret holds, and moves with it.

use std::ops::Range;

use super::{Flow, Sink, SinkKind};
use crate::terraform::facts::{Binding, ReadBack};
use crate::terraform::folders::Folders;
use crate::terraform::naming::At;
use crate::terraform::parse::Parsed;
use crate::terraform::value::Value;
use crate::terraform::walk::KEY_VAULT_SECRET;

/// A place that reads a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Back {
    pub file: usize,
    /// The whole expression.
    pub span: Range<usize>,
    /// `data.azurerm_key_vault_secret.cosmos.value`
    pub name: String,
    /// Where what is read goes.
    pub binding: Binding,
}

/// A block that writes secrets, with the folder that it stands in.
type Writer = (String, String);

/// Notes at every secret where it is read.
pub fn read_back(folders: &Folders<'_>, facts: &[Parsed], flows: &mut [Flow]) {
    let reads: Vec<(usize, &ReadBack)> = facts
        .iter()
        .enumerate()
        .flat_map(|(file, facts)| {
            facts.iter().flat_map(move |it| it.read_back.iter().map(move |read| (file, read)))
        })
        .filter(|(_, read)| read.attribute == "value" && read.kind.ends_with(KEY_VAULT_SECRET))
        .collect();
    if reads.is_empty() {
        return;
    }
    let secrets: Vec<(Writer, String)> = flows
        .iter()
        .filter_map(|flow| Some((writer(folders, &flow.sink)?, flow.sink.name.clone())))
        .collect();
    for (file, read) in reads {
        for folder in folders.homes(file) {
            let looked_up = read.kind != KEY_VAULT_SECRET;
            let of: Option<(Writer, Option<String>)> = match looked_up {
                false => Some((((*folder).to_owned(), read.name.clone()), None)),
                true => looked_up_as(folders, folder, &read.name, &secrets),
            };
            let Some((of, name)) = of else { continue };
            let back = Back {
                file,
                span: read.span.clone(),
                name: format!("{}.{}.{}", read.kind, read.name, read.attribute),
                binding: read.binding.clone(),
            };
            let meant = |sink: &Sink| {
                writer(folders, sink).as_ref() == Some(&of)
                    && name.as_ref().is_none_or(|name| *name == sink.name)
            };
            for flow in flows.iter_mut().filter(|flow| meant(&flow.sink)) {
                if !flow.sink.read_back.contains(&back) {
                    flow.sink.read_back.push(back.clone());
                }
            }
        }
    }
}

/// The block that writes the secret in which a key ends.
fn writer(folders: &Folders<'_>, sink: &Sink) -> Option<Writer> {
    let [_, _, name, ..] = sink.binding.as_slice() else { return None };
    let folder = folders.homes(sink.file).first()?;
    (sink.kind == SinkKind::KeyVaultSecret).then(|| ((*folder).to_owned(), name.clone()))
}

/// The block whose secret a data source looks up: the one that it takes the name from, or the only one in the tree that
/// writes a secret of that name.
fn looked_up_as(
    folders: &Folders<'_>,
    folder: &str,
    data: &str,
    secrets: &[(Writer, String)],
) -> Option<(Writer, Option<String>)> {
    let (_, block) = folders.block(folder, &["data", KEY_VAULT_SECRET, data])?;
    let named = block.value("name")?;
    if let Value::Other(text) = named
        && let Some(name) = text.strip_prefix(KEY_VAULT_SECRET).and_then(|text| text.strip_prefix('.'))
        && let Some(name) = name.strip_suffix(".name")
    {
        return Some(((folder.to_owned(), name.to_owned()), None));
    }
    let name = folders.evaluator().name(&At::folder(folder), named).as_literal()?.to_owned();
    // A name recurs once a vault: one of another vault is another secret.
    let vault = |folder: &str, path: &[&str]| {
        let (_, block) = folders.block(folder, path)?;
        let id = folders.evaluator().name(&At::folder(folder), block.value("key_vault_id")?);
        id.as_literal().map(str::to_owned)
    };
    let own = vault(folder, &["data", KEY_VAULT_SECRET, data]);
    let may_be = |(home, written): &&Writer| {
        let other = vault(home, &["resource", KEY_VAULT_SECRET, written]);
        own.as_ref().zip(other.as_ref()).is_none_or(|(one, other)| one == other)
    };
    let of_name = secrets.iter().filter(|(_, secret)| *secret == name).map(|(writer, _)| writer);
    let mut of_name = of_name.filter(may_be);
    let first = of_name.next()?;
    of_name.all(|other| other == first).then(|| (first.clone(), Some(name)))
}
