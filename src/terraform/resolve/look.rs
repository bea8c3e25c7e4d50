//! Reads with other names of their objects followed, and where each of them starts.

use std::collections::BTreeMap;

use super::evidence::Evidence;
use crate::terraform::account::Symbol;
use crate::terraform::elsewhere::{ReadElsewhere, read_elsewhere};
use crate::terraform::facts::{Base, OneOrOther, Read, Step, SymbolKind};
use crate::terraform::folders::{Folders, Followed};
use crate::terraform::instance::Instance;
use crate::terraform::key_read::{KeyRead, key_read, names_key};
use crate::terraform::naming::{At, spelt};
use crate::terraform::parse::Parsed;

/// A read with other names of its object followed.
#[derive(Clone)]
pub(super) struct Look<'f> {
    pub(super) file: usize,
    /// The folder that it is read for.
    pub(super) folder: &'f str,
    pub(super) read: &'f Read,
    /// The object that is named, and what its names stand for, one after the other.
    pub(super) hops: Vec<Followed>,
    /// The account that it starts at, and where it leads; absent for reads of names.
    pub(super) symbol: Option<Symbol>,
    pub(super) found: KeyRead,
    /// Whether it is one of several: each element of a collection has its own.
    pub(super) one_of_several: bool,
}

impl Look<'_> {
    /// Whether it starts at the state of another root.
    pub(super) fn is_of_state(&self) -> bool {
        self.hops.last().is_some_and(|end| matches!(end.object.base, Base::RemoteState(_)))
    }
}

pub(super) fn reads<'f>(folders: &Folders<'f>, facts: &'f [Parsed]) -> Vec<Look<'f>> {
    let mut reads = Vec::new();
    for (file, facts) in facts.iter().enumerate() {
        for read in facts.iter().flat_map(|facts| &facts.reads) {
            reads.extend(folders.homes(file).iter().flat_map(|folder| looks(folders, file, folder, read)));
        }
    }
    let evidence = Evidence::of(folders, &reads);
    for look in reads.iter_mut().filter(|look| look.symbol.is_none()) {
        let Some(ReadElsewhere { kind, name, read }) = evidence.read(folders, look) else { continue };
        look.symbol = look.hops.last().map(|end| symbol(end, kind, &name, instance(folders, end)));
        look.found = read;
    }
    reads
}

fn looks<'f>(folders: &Folders<'_>, file: usize, folder: &'f str, read: &'f Read) -> Vec<Look<'f>> {
    let ways = folders.follow_all(folder, &read.object);
    let one_of_several = ways.len() > 1;
    let beside = ways.first().and_then(|hops| hops.iter().find_map(|hop| folders.other_among(hop)));
    let look = |hops: Vec<Followed>| {
        let (symbol, found) = match hops.last() {
            Some(end) => start(folders, end),
            None => (None, KeyRead::Nothing),
        };
        let found = match (found, &beside) {
            (KeyRead::Key(key), Some(other)) => {
                KeyRead::Opaque(format!("`{}` is read of {other} too", key.attribute))
            }
            (found, _) => found,
        };
        Look { file, folder, read, hops, symbol, found, one_of_several }
    };
    ways.into_iter().map(look).collect()
}

/// Accounts that one name stands for, the second of each pair first.
pub(super) fn either(folders: &Folders<'_>, facts: &[Parsed]) -> BTreeMap<Symbol, Symbol> {
    let mut pairs = BTreeMap::new();
    for (file, facts) in facts.iter().enumerate() {
        let either = facts.iter().flat_map(|facts| &facts.either);
        for (folder, OneOrOther { one, other, .. }) in
            either.flat_map(|pair| folders.homes(file).iter().map(move |folder| (folder, pair)))
        {
            let symbol = |object| start(folders, &folders.end(folder, object)).0;
            if let (Some(one), Some(other)) = (symbol(one), symbol(other)) {
                pairs.insert(other, one);
            }
        }
    }
    pairs
}

/// The account that an object starts at, if it does, and where it leads.
pub(super) fn start(folders: &Folders<'_>, followed: &Followed) -> (Option<Symbol>, KeyRead) {
    let object = &followed.object;
    match &object.base {
        Base::Account(kind, name) => {
            let instance = instance(folders, followed);
            (Some(symbol(followed, *kind, name, instance)), key_read(&object.steps))
        }
        Base::Variable if folders.callers(&followed.folder).is_empty() => {
            match read_elsewhere(folders, &followed.folder, &object.base, &object.steps) {
                Some(ReadElsewhere { kind, name, read: read @ KeyRead::Key(_) }) => {
                    (Some(symbol(followed, kind, &name, None)), read)
                }
                // Whose key it is, nothing says here.
                Some(ReadElsewhere { read: KeyRead::Opaque(_), .. }) if is_key(&object.steps) => {
                    let name = spelt(object);
                    let why =
                        "is a key that is handed in from elsewhere, and its name does not say of which slot";
                    (None, KeyRead::Opaque(format!("`{name}` {why}")))
                }
                Some(_) | None => (None, KeyRead::Nothing),
            }
        }
        _ if folders.cell_of(&followed.folder, object).is_some()
            || folders.whole(&followed.folder, object).is_some() =>
        {
            (None, KeyRead::Nothing)
        }
        base => match read_elsewhere(folders, &followed.folder, base, &object.steps) {
            Some(ReadElsewhere { kind, name, read }) if read != KeyRead::Nothing => {
                (Some(symbol(followed, kind, &name, instance(folders, followed))), read)
            }
            Some(_) | None => (None, KeyRead::Nothing),
        },
    }
}

/// Whether the last of some names is that of a key to an account, and not of one that does something else.
fn is_key(steps: &[Step]) -> bool {
    let Some(name) = steps.last().and_then(Step::name) else { return false };
    let plain: String = name.to_ascii_lowercase().chars().filter(char::is_ascii_alphanumeric).collect();
    ["key", "connectionstring"].iter().any(|word| plain.ends_with(word))
        && !OTHER_KEYS.iter().any(|word| plain.contains(word))
}

/// Words of keys that open no account.
const OTHER_KEYS: [&str; 9] =
    ["cmk", "customer", "encryption", "hash", "managed", "public", "shard", "ssh", "unique"];

fn symbol(followed: &Followed, kind: SymbolKind, name: &str, instance: Option<Instance>) -> Symbol {
    Symbol { instance, call: followed.call.clone(), ..Symbol::new(&followed.folder, kind, name) }
}

/// The instance that the steps from a repeated block pick, where the text tells it.
fn instance(folders: &Folders<'_>, followed: &Followed) -> Option<Instance> {
    let steps = &followed.object.steps;
    let picks = match &followed.object.base {
        Base::Account(..) | Base::Action(..) => steps.len() > 1 && !names_key(&steps[0]),
        Base::Module(name) => folders.output_at(&followed.folder, name, steps) > Some(0),
        Base::Dependency(_)
        | Base::RemoteState(_)
        | Base::Deployment(..)
        | Base::Local
        | Base::Variable
        | Base::Each(_) => false,
    };
    let at = At::run(&followed.folder, followed.call.clone());
    steps.first().filter(|_| picks).and_then(|step| folders.evaluator().pick(&at, step))
}
