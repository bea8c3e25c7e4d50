//! Reads of names on offer, round by round until nothing new is found, and relays behind which one key stands.

use std::collections::BTreeSet;

use super::super::facts::{Object, SymbolKind};
use super::super::folders::{Followed, MAX_DEPTH};
use super::super::instance::admits;
use super::super::key_read::FoundKey;
use super::super::naming::spelt;
use super::super::offer::{Asked, Offered, Offers, is_own_instance};
use super::super::reference::{Reference, Role};
use super::super::role;
use super::found::crosses;
use super::look::Look;
use super::{Resolver, repeated_over};

impl<'f> Resolver<'f> {
    pub(super) fn offers(&mut self) -> Offers {
        let sources = self.sources;
        let pairs = self.uses.pairs(&self.references, self.folders);
        role::assign(&mut self.references, &pairs.all(), |file| sources[file].folder().to_owned());
        for handed_in in &mut self.references {
            if handed_in.symbol.kind == SymbolKind::Variable && handed_in.role != Role::Tested {
                handed_in.role = Role::Relay;
            }
        }
        for at in self.declared.mirrored(&self.references, |file| sources[file].folder()) {
            self.references[at].role = Role::Definition;
        }
        Offers::of(&self.references, self.folders, &pairs.picked)
    }

    pub(super) fn rounds(&mut self) {
        for _ in 0..MAX_DEPTH {
            let offers = self.offers();
            let before = self.references.len();
            self.each_named(|resolver, read| {
                let asked = read.hops.iter().enumerate().find_map(|(at, hop)| {
                    match offers.ask(hop, resolver.folders, &resolver.references) {
                        Asked::Key(key) => Some((at, vec![resolver.of_all_runs(read, hop, *key)])),
                        Asked::Keys(keys) if resolver.are_apart(read, hop, &keys) => Some((at, keys)),
                        Asked::Keys(_) | Asked::Elsewhere(_) | Asked::HandedOn { .. } | Asked::NotOffered => {
                            None
                        }
                    }
                });
                let Some((at, keys)) = asked else { return false };
                let several = keys.len() > 1;
                keys.into_iter().for_each(|key| resolver.through(read, at, key, several));
                true
            });
            if self.references.len() == before {
                return;
            }
        }
    }

    /// Whether keys of several accounts can be told one by one: no key of an account is among two of them, and their runs,
    /// where they are told, are those of the code that the read stands in. Where elements may be left out, each key is that of other runs.
    fn are_apart(&self, read: &Look<'f>, hop: &Followed, keys: &[Offered]) -> bool {
        let mut told = BTreeSet::new();
        let mut all = keys.iter().flat_map(|key| {
            let Reference { account, access, .. } = &self.references[key.defined];
            self.standing.accounts_of(*account).into_iter().map(|account| (account, *access))
        });
        let of_all = keys.iter().all(|key| key.runs.is_empty());
        let one_by_one = |(at, key): (usize, &Offered)| {
            let others = keys[at + 1..].iter().flat_map(|other| &other.runs);
            !key.runs.is_empty()
                && others.clone().all(|other| !key.runs.iter().any(|run| admits(Some(run), Some(other))))
        };
        let whole = !read.read.sifted && !read.read.filtered && self.takes_every_element(read, hop);
        let in_turn = whole || keys.iter().enumerate().all(one_by_one);
        (of_all || hop.folder == read.folder) && in_turn && all.all(|key| told.insert(key))
    }

    /// Whether a read by `each.key` or `count.index` stands in a block that is repeated over just what it reads.
    fn takes_every_element(&self, read: &Look<'f>, hop: &Followed) -> bool {
        if !hop.object.steps.iter().any(is_own_instance) {
            return true;
        }
        let collection = |hop: &Followed| {
            let at = hop.object.steps.iter().position(is_own_instance)?;
            let steps = hop.object.steps[..at].to_vec();
            Some(spelt(&Object { steps, ..hop.object.clone() }))
        };
        let here = read.hops.iter().filter(|hop| hop.folder == read.folder);
        let read_there: BTreeSet<String> = here.filter_map(collection).collect();
        let words: Vec<&str> = read.read.binding.iter().take(3).map(String::as_str).collect();
        let blocks = (1..=words.len()).flat_map(|count| self.folders.blocks_at(read.folder, &words[..count]));
        let mut over = blocks
            .filter(|(file, _)| *file == read.file)
            .filter_map(|(_, block)| block.value("for_each").or_else(|| block.value("count")));
        over.any(|value| repeated_over(value).is_some_and(|object| read_there.contains(&spelt(object))))
    }

    /// A read of a name on offer: the same account, or the one of the call that it reads through. `several`: it reads
    /// other keys as well.
    pub(super) fn through(&mut self, read: &Look<'f>, hop: usize, offered: Offered, several: bool) {
        let Offered { defined, key, runs, uneven, along, below } = offered;
        let offered = &self.references[defined];
        let (mut symbol, mut account) = (offered.symbol.clone(), offered.account);
        let hop = &read.hops[hop];
        let asked = self.folders.cell_of(&hop.folder, &hop.object);
        let run = asked.and_then(|(cell, _)| match self.folders.made_call(hop) {
            Some(call) => Some((cell.folder, call)),
            None => Some((cell.folder, hop.call.clone()?)).filter(|(folder, _)| *folder == hop.folder),
        });
        if let Some((folder, run)) = run {
            symbol = symbol.run_by(&folder, run);
            account = self.standing.account(&symbol).unwrap_or(account);
        }
        self.found(read, account, symbol, key);
        if let Some(found) = self.references.last_mut() {
            (found.runs, found.uneven, found.along, found.below) = (runs, uneven, along, below);
            if several {
                found.by.get_or_insert_with(|| read.read.object.clone());
            }
        }
    }

    /// Reads of outputs and inputs behind which one key stands: the slot is decided where that one is read.
    pub(super) fn relays(&mut self) {
        for _ in 0..MAX_DEPTH {
            let offers = Offers::relays(&self.references, self.folders);
            let before = self.references.len();
            self.each_named(|resolver, read| {
                // What one is asked says nothing of the slot that is decided elsewhere.
                let hops = read.hops.iter().enumerate().filter(|_| !read.read.tested);
                let mut asked =
                    hops.map(|(at, hop)| (at, hop, offers.ask(hop, resolver.folders, &resolver.references)));
                // What a module hands out may be read where all of it goes by another name.
                let key = asked.find_map(|(at, hop, asked)| match asked {
                    Asked::Key(offered) => Some((at, hop, offered)),
                    _ => None,
                });
                let Some((at, hop, offered)) = key else { return false };
                let offered = resolver.of_all_runs(read, hop, *offered);
                let key = FoundKey { other: String::new(), ..offered.key };
                resolver.through(read, at, Offered { key, uneven: None, ..offered }, false);
                if let Some(relay) = resolver.references.last_mut() {
                    relay.role = Role::Relay;
                    relay.crosses = crosses(&hop.object.base);
                }
                true
            });
            if self.references.len() == before {
                return;
            }
        }
    }
}
