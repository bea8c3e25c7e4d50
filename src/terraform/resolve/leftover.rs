//! What no reference tells of: reads that take a pair without saying which of it, keys that are counted nowhere, and what takes
//! both under their own names.

use std::collections::BTreeSet;

use super::look::start;
use super::{Look, Resolver};
use crate::model::Access;
use crate::terraform::folders::{Cell, Followed, MAX_DEPTH, Target};
use crate::terraform::key_read::KeyRead;
use crate::terraform::naming::spelt;
use crate::terraform::offer::{Asked, Offered, Offers};
use crate::terraform::reference::TakesBoth;

impl<'f> Resolver<'f> {
    /// Reads that take a pair without saying which of it.
    pub(super) fn leftovers(&mut self) {
        let offers = self.offers();
        let mut told = BTreeSet::new();
        self.each_named(|resolver, read| {
            let handed_on = read.hops.iter().find_map(|hop| match resolver.handed_on(&offers, hop) {
                Asked::HandedOn { keys, computed, why } => Some((keys, computed, why)),
                Asked::Key(_) | Asked::Keys(_) | Asked::Elsewhere(_) | Asked::NotOffered => None,
            });
            let Some((keys, computed, why)) = handed_on else { return false };
            if read.hops.iter().any(|hop| resolver.is_picked(hop)) {
                return false;
            }
            let quiet = read.read.tested || !computed && (read.read.mention || resolver.is_followed(read));
            if quiet || resolver.is_on_offer(&offers, read) || resolver.takes_both(&offers, read) {
                return false;
            }
            for (account, access) in keys {
                if told.insert((read.file, read.read.span.start, account, access)) {
                    resolver.opaque(read, Some(account), access, why.clone());
                }
            }
            false
        });
        let counted = self.counted();
        self.each_named(|resolver, read| {
            for (account, access, why) in resolver.unseen(&offers, &counted, read) {
                if told.insert((read.file, read.read.span.start, account, Some(access))) {
                    resolver.opaque(read, Some(account), Some(access), why);
                }
            }
            false
        });
    }

    /// The names that stand for what is read where they are given their value: a key is counted there, or it is opaque.
    fn counted(&self) -> BTreeSet<Cell> {
        let counted = self.references.iter().filter_map(|reference| {
            let (cell, _) = self.folders.readable(reference.home(), &reference.binding)?;
            Some(cell)
        });
        counted.chain(self.hidden.iter().cloned()).collect()
    }

    /// Keys whose words stand where a name on the way is given its value, and which are not counted there.
    fn unseen(
        &self,
        offers: &Offers,
        counted: &BTreeSet<Cell>,
        read: &Look<'f>,
    ) -> Vec<(usize, Access, String)> {
        let elsewhere = |hop: &Followed| match offers.ask(hop, self.folders, &self.references) {
            Asked::Elsewhere(keys) => Some((spelt(&hop.object), keys)),
            _ => None,
        };
        let taken = !read.read.mention && !read.read.tested;
        let mut hops = read.hops.iter().enumerate().filter(|_| taken);
        let Some((at, (name, keys))) = hops.find_map(|(at, hop)| Some((at, elsewhere(hop)?))) else {
            return Vec::new();
        };
        // What a loop goes by is named right there.
        if at == 0 {
            return Vec::new();
        }
        let mut cells =
            read.hops[..at].iter().filter_map(|hop| self.folders.cell_of(&hop.folder, &hop.object));
        if cells.any(|(cell, _)| counted.contains(&cell) || self.picked.contains(&cell)) {
            return Vec::new();
        }
        let why = format!("takes `{name}` by another name, and where that is given is not told");
        keys.into_iter().map(|(account, access)| (account, access, why.clone())).collect()
    }

    /// Notes what takes both keys under their own names, where nothing reads them on by one of those: nothing is hidden
    /// there, and no flip changes it.
    fn takes_both(&mut self, offers: &Offers, read: &Look<'f>) -> bool {
        let overridden = &read.read.overridden;
        let replaced = read.read.binding.iter().any(|name| overridden.contains(name));
        let entire = read.read.entire && !replaced && self.ends(read.folder, &read.read.binding);
        let together = |hop: &'_ Followed| {
            Some((spelt(&hop.object), offers.together(hop, overridden, self.folders, &self.references)?))
        };
        let Some((name, keys)) = read.hops.iter().filter(|_| entire).find_map(together) else { return false };
        let both = TakesBoth {
            file: read.file,
            span: read.read.span.clone(),
            account: 0,
            access: Access::ReadWrite,
            name,
        };
        self.both.extend(keys.into_iter().map(|(account, access)| TakesBoth {
            account,
            access,
            ..both.clone()
        }));
        true
    }

    /// Whether what is bound like this goes out of the code: an argument of a resource that does not hand it back as it
    /// is, or of a module whose code is not here.
    fn ends(&self, folder: &str, binding: &[String]) -> bool {
        let words: Vec<&str> = binding.iter().map(String::as_str).collect();
        match words.as_slice() {
            ["resource", "terraform_data", ..] => false,
            ["resource", _, _, argument, ..] => {
                !argument.starts_with("triggers") && self.folders.readable(folder, binding).is_none()
            }
            ["module", call, _, ..] => {
                self.folders.source_elsewhere(folder, call).is_some()
                    && self.folders.readable(folder, binding).is_none()
            }
            ["inputs", _, ..] => {
                matches!(self.folders.configured(folder), Some(Target::Elsewhere(_)))
            }
            _ => false,
        }
    }

    /// What a hop leads to, also where a module as a whole hands on an account, or keys that have other names further on.
    fn handed_on(&self, offers: &Offers, hop: &Followed) -> Asked {
        let asked = match offers.ask(hop, self.folders, &self.references) {
            Asked::Keys(keys) => self.of_several(hop, &keys),
            asked => asked,
        };
        let Some(folder) = self.folders.whole(&hop.folder, &hop.object) else { return asked };
        let mut among = BTreeSet::new();
        self.among_outputs(offers, folder, 0, &mut among);
        match asked {
            Asked::HandedOn { mut keys, computed, why } => {
                keys.extend(among);
                Asked::HandedOn { keys, computed, why }
            }
            Asked::NotOffered if !among.is_empty() => {
                let name = spelt(&hop.object);
                let what = if among.iter().any(|(_, access)| access.is_none()) {
                    "an account"
                } else {
                    "both keys of an account"
                };
                let why = format!("`{name}` is handed on whole, with {what} among its outputs");
                let computed = hop.object.steps.iter().any(|step| step.kind.is_computed());
                Asked::HandedOn { keys: among, computed, why }
            }
            asked => asked,
        }
    }

    /// Accounts, and keys on offer, that outputs of a folder stand for which are other names.
    fn among_outputs(
        &self,
        offers: &Offers,
        folder: &str,
        depth: usize,
        among: &mut BTreeSet<(usize, Option<Access>)>,
    ) {
        for (at, object) in self.folders.outputs(folder).filter(|_| depth < MAX_DEPTH) {
            let (symbol, found) = start(self.folders, &self.folders.end(at, object));
            let account = symbol.filter(|_| found == KeyRead::Whole);
            among.extend(account.and_then(|it| self.standing.account(&it)).map(|account| (account, None)));
            for hop in self.folders.follow(at, object) {
                if let Asked::HandedOn { keys, .. } = offers.ask(&hop, self.folders, &self.references) {
                    among.extend(keys);
                }
                if let Some(inner) = self.folders.whole(&hop.folder, &hop.object).filter(|it| *it != folder) {
                    self.among_outputs(offers, inner, depth + 1, among);
                }
            }
        }
    }

    /// Whether a root hands both keys of an account out as one output, each under a name that says its slot: whoever reads
    /// its state takes one of them by its name, as with two outputs.
    fn is_on_offer(&self, offers: &Offers, read: &Look<'f>) -> bool {
        let words: Vec<&str> = read.read.binding.iter().map(String::as_str).collect();
        let is_output = matches!(words.as_slice(), ["output", _, "value"]);
        let both = |hop: &Followed| offers.together(hop, &[], self.folders, &self.references).is_some();
        is_output && read.read.plain && read.hops.iter().any(both)
    }

    /// Keys of several accounts which are not told one by one.
    fn of_several(&self, hop: &Followed, keys: &[Offered]) -> Asked {
        let name = spelt(&hop.object);
        let why = format!("takes `{name}`, which holds different keys for different callers or elements");
        let key = |key: &Offered| {
            let defined = &self.references[key.defined];
            (defined.account, Some(defined.access))
        };
        // They are read where their words stand, though that be a mere mention.
        Asked::HandedOn { keys: keys.iter().map(key).collect(), computed: true, why }
    }
}
