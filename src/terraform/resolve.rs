//! From the facts of all files to accounts, references and opaque reads.
//!
//! Three passes. Reads that start at an account are judged at once, local aliases followed. Then, round by
//! round, reads of *names on offer* (outputs of a local module, local values, module inputs that come in
//! pairs) become references of their own, until nothing new is found. What hands a pair on as a whole, or picks
//! from it by a computed name, is opaque.

use std::collections::{BTreeMap, BTreeSet};

use super::account::{Account, Naming, Symbol, identify};
use super::facts::{Base, Object, Read, StepKind};
use super::key_read::{FoundKey, KeyRead, key_read};
use super::offer::{Asked, Offers};
use super::parse::Parsed;
use super::reference::{OpaqueRead, Reference, Role};
use super::role;
use super::source::Source;
use crate::model::Access;

/// Aliases of aliases, and modules in modules; more is a cycle or as bad as one.
const MAX_DEPTH: usize = 32;

pub struct Resolved {
    pub accounts: Vec<Account>,
    /// By file, then by place.
    pub references: Vec<Reference>,
    pub opaque: Vec<OpaqueRead>,
}

/// `facts` belongs to `sources`, entry by entry; an error for files that do not parse.
pub fn resolve(sources: &[Source], facts: &[Parsed]) -> Resolved {
    let folders = Folders::new(sources, facts);
    let reads = folders.reads(sources, facts);
    let (accounts, index) = identify(&naming(sources, facts, &reads));
    let mut resolver =
        Resolver { sources, folders, index, references: Vec::new(), opaque: Vec::new(), named: Vec::new() };
    for read in reads {
        resolver.direct(read);
    }
    resolver.rounds();
    resolver.leftovers();
    resolver.unread(facts);
    let Resolver { mut references, mut opaque, .. } = resolver;
    references.sort_by_key(|reference| (reference.file, reference.span.start));
    opaque.sort_by_key(|read| (read.file, read.span.start));
    opaque.dedup();
    Resolved { accounts, references, opaque }
}

/// A read with its aliases followed.
struct Followed<'f> {
    file: usize,
    read: &'f Read,
    object: Object,
}

/// What the files of each folder say together.
pub(super) struct Folders<'f> {
    aliases: BTreeMap<&'f str, BTreeMap<&'f str, &'f Object>>,
    /// By folder and name of the call: the folder of a local module.
    modules: BTreeMap<&'f str, BTreeMap<&'f str, String>>,
}

impl<'f> Folders<'f> {
    fn new(sources: &'f [Source], facts: &'f [Parsed]) -> Folders<'f> {
        let mut folders = Folders { aliases: BTreeMap::new(), modules: BTreeMap::new() };
        for (source, facts) in sources.iter().zip(facts) {
            let Ok(facts) = facts else { continue };
            let folder = source.folder();
            for alias in &facts.aliases {
                folders.aliases.entry(folder).or_default().insert(&alias.name, &alias.object);
            }
            for module in &facts.modules {
                if let Some(target) = module.source.as_deref().and_then(|path| local_folder(folder, path)) {
                    folders.modules.entry(folder).or_default().insert(&module.name, target);
                }
            }
        }
        folders
    }

    /// The folder of a local module; absent for modules from elsewhere.
    pub(super) fn module(&self, folder: &str, name: &str) -> Option<&str> {
        self.modules.get(folder)?.get(name).map(String::as_str)
    }

    fn reads(&self, sources: &[Source], facts: &'f [Parsed]) -> Vec<Followed<'f>> {
        let mut reads = Vec::new();
        for (file, (source, facts)) in sources.iter().zip(facts).enumerate() {
            for read in facts.iter().flat_map(|facts| &facts.reads) {
                reads.push(Followed { file, read, object: self.follow(source.folder(), &read.object) });
            }
        }
        reads
    }

    fn follow(&self, folder: &str, object: &Object) -> Object {
        let mut object = object.clone();
        for _ in 0..MAX_DEPTH {
            let (Base::Local, Some(StepKind::Attribute(name))) =
                (&object.base, object.steps.first().map(|step| &step.kind))
            else {
                return object;
            };
            let alias = self.aliases.get(folder).and_then(|aliases| aliases.get(name.as_str()));
            let Some(alias) = alias else { return object };
            let mut target = (*alias).clone().seen_from_afar();
            target.steps.extend(object.steps.drain(1..));
            object = target;
        }
        object
    }
}

/// `./modules/stamp` seen from a folder. Absent for other kinds of sources and for paths that leave the tree.
pub(super) fn local_folder(from: &str, path: &str) -> Option<String> {
    if !path.starts_with("./") && !path.starts_with("../") && path != "." && path != ".." {
        return None;
    }
    let mut parts: Vec<&str> = from.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

fn naming(sources: &[Source], facts: &[Parsed], reads: &[Followed<'_>]) -> Naming {
    let mut naming = Naming::new();
    for (source, facts) in sources.iter().zip(facts) {
        for declaration in facts.iter().flat_map(|facts| &facts.declarations) {
            let symbol = Symbol {
                folder: source.folder().to_owned(),
                kind: declaration.kind,
                name: declaration.name.clone(),
            };
            naming.insert(symbol, declaration.account_name.clone());
        }
    }
    for read in reads {
        if let Some(symbol) = symbol(sources, read) {
            naming.entry(symbol).or_default();
        }
    }
    naming
}

fn symbol(sources: &[Source], read: &Followed<'_>) -> Option<Symbol> {
    match &read.object.base {
        Base::Account(kind, name) => {
            let folder = sources[read.file].folder().to_owned();
            Some(Symbol { folder, kind: *kind, name: name.clone() })
        }
        Base::Module(_) | Base::Local | Base::Variable => None,
    }
}

struct Resolver<'f> {
    sources: &'f [Source],
    folders: Folders<'f>,
    index: BTreeMap<Symbol, usize>,
    references: Vec<Reference>,
    opaque: Vec<OpaqueRead>,
    /// Reads of names, not yet found to lead to a key.
    named: Vec<Followed<'f>>,
}

impl<'f> Resolver<'f> {
    fn direct(&mut self, read: Followed<'f>) {
        let Some(symbol) = symbol(self.sources, &read) else { return self.named.push(read) };
        let account = self.index.get(&symbol).copied();
        match (key_read(&read.object.steps), account) {
            (KeyRead::Key(key), Some(account)) => self.found(&read, account, key),
            (KeyRead::Nothing, _) | (KeyRead::Key(_), None) => {}
            (KeyRead::Whole | KeyRead::Opaque(_), _) if read.read.mention => {}
            (KeyRead::Whole, account) => {
                let why = format!("`{}` is handed on whole, with all its keys", symbol.address());
                self.opaque(&read, account, None, why);
            }
            (KeyRead::Opaque(why), account) => self.opaque(&read, account, None, why),
        }
    }

    fn found(&mut self, read: &Followed<'f>, account: usize, key: FoundKey) {
        self.references.push(Reference {
            file: read.file,
            position: self.sources[read.file].position(key.span.start),
            span: key.span,
            account,
            attribute: key.attribute,
            slot: key.slot,
            access: key.access,
            role: Role::Consumer,
            other: (!key.other.is_empty()).then_some(key.other),
            binding: read.read.binding.clone(),
            family: key.family,
            choices: read.read.choices.clone(),
        });
    }

    fn opaque(&mut self, read: &Followed<'f>, account: Option<usize>, access: Option<Access>, why: String) {
        let span = read.read.span.clone();
        let position = self.sources[read.file].position(span.start);
        self.opaque.push(OpaqueRead { file: read.file, span, position, account, access, why });
    }

    fn offers(&mut self) -> Offers {
        let sources = self.sources;
        role::assign(&mut self.references, |file| sources[file].folder().to_owned());
        Offers::of(&self.references, sources, &self.folders)
    }

    fn rounds(&mut self) {
        for _ in 0..MAX_DEPTH {
            let offers = self.offers();
            let before = self.references.len();
            for read in std::mem::take(&mut self.named) {
                let folder = self.sources[read.file].folder();
                match offers.ask(&read.object, folder, &self.folders, &self.references) {
                    Asked::Key { account, key } => self.found(&read, account, key),
                    Asked::Elsewhere => {}
                    Asked::HandedOn { .. } | Asked::NotOffered => self.named.push(read),
                }
            }
            if self.references.len() == before {
                return;
            }
        }
    }

    /// Reads that take a pair without saying which of it.
    fn leftovers(&mut self) {
        let offers = self.offers();
        let mut told = BTreeSet::new();
        for read in std::mem::take(&mut self.named) {
            let folder = self.sources[read.file].folder();
            let asked = offers.ask(&read.object, folder, &self.folders, &self.references);
            let Asked::HandedOn { account, access, computed, why } = asked else { continue };
            if (computed || !read.read.mention) && told.insert((read.file, read.read.span.start)) {
                self.opaque(&read, Some(account), Some(access), why);
            }
        }
    }

    fn unread(&mut self, facts: &[Parsed]) {
        for (file, facts) in facts.iter().enumerate() {
            for unread in facts.iter().flat_map(|facts| &facts.unread) {
                self.opaque.push(OpaqueRead {
                    file,
                    span: unread.span.clone(),
                    position: self.sources[file].position(unread.span.start),
                    account: None,
                    access: None,
                    why: unread.why.clone(),
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::local_folder;

    #[test]
    fn module_paths_are_followed_within_the_tree() {
        for (from, path, folder) in [
            ("infra/unit", "./modules/stamp", Some("infra/unit/modules/stamp")),
            ("infra/unit", "../global/", Some("infra/global")),
            ("", "./m", Some("m")),
            ("infra", "../..", None),
            ("infra", "hashicorp/consul/azurerm", None),
            ("infra", "git::https://example.invalid/m.git", None),
        ] {
            assert_eq!(local_folder(from, path).as_deref(), folder, "{path} from {from}");
        }
    }
}
