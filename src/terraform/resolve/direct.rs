//! Reads that start at an account, or at a place that hands out keys from elsewhere: judged at once.

use super::super::by_name::named_key;
use super::super::facts::SymbolKind;
use super::super::folders::is_any;
use super::super::key_read::{FoundKey, KeyRead};
use super::super::naming::spelt;
use super::super::reference::Role;
use super::Resolver;
use super::look::{Look, start};

impl<'f> Resolver<'f> {
    /// Judges a read that starts at an account. Any other is a read of a name.
    pub(super) fn direct(&mut self, read: &Look<'f>) -> bool {
        // Counted where the name was bound; but the name itself may be on offer.
        let counted = read.found == KeyRead::Nothing && read.hops.len() > 1;
        let symbol = read.symbol.clone().filter(|_| !counted);
        let Some(symbol) = symbol else { return self.of_nobody(read) };
        let account = self.standing.account(&symbol);
        let hides = matches!(read.found, KeyRead::Whole | KeyRead::Opaque(_));
        if hides && read.hops.iter().any(|hop| self.is_picked(hop)) {
            return false;
        }
        if hides && self.is_quiet(read) {
            return true;
        }
        if let (KeyRead::Key(key), false) = (&read.found, read.read.tested)
            && let Some(others) = self.one_or_other(read, account)
        {
            let why = format!(
                "takes `{}` of one account or another, and by which value is not known",
                key.attribute
            );
            for account in others {
                self.opaque(read, Some(account), Some(key.access), why.clone());
            }
            return true;
        }
        match (read.found.clone(), account) {
            (KeyRead::Key(key), Some(account))
                if symbol.kind == SymbolKind::Variable && !read.read.tested =>
            {
                // Its name says which slot; whether it tells the truth is decided elsewhere.
                let why = match read.hops.last().map(|end| &end.object).filter(|it| it.steps.len() > 1) {
                    Some(object) => {
                        format!("`{}` is a key of what is handed in from elsewhere", spelt(object))
                    }
                    None => format!("`var.{}` is a key that is handed in from elsewhere", symbol.name),
                };
                self.opaque(read, None, Some(key.access), why);
                self.found(read, account, symbol, FoundKey { other: String::new(), ..key });
                if let Some(relay) = self.references.last_mut() {
                    relay.role = Role::Relay;
                }
            }
            (KeyRead::Key(key), Some(account)) => {
                let element = read.read.object.steps.iter().any(is_any) && self.standing.is_several(account);
                if (element || read.one_of_several) && read.read.filtered && !read.read.tested {
                    let why = format!(
                        "takes `{}` of some of several accounts, and which is not told",
                        key.attribute
                    );
                    self.opaque(read, Some(account), Some(key.access), why);
                    return true;
                }
                self.found(read, account, symbol, key);
                self.by_pattern();
                self.of_states
                    .extend(Some(read).filter(|read| read.is_of_state() && !read.read.tested).cloned());
            }
            (KeyRead::Nothing, _) | (KeyRead::Key(_), None) => {}
            (KeyRead::Whole, account) => {
                let why = format!("`{}` is handed on whole, with all its keys", symbol.address());
                self.opaque(read, account, None, why);
            }
            (KeyRead::Opaque(why), account) => self.opaque(read, account, None, why),
        }
        true
    }

    /// The accounts of which one is read, where they are not one and a condition says which.
    fn one_or_other(&self, read: &Look<'f>, account: Option<usize>) -> Option<Vec<usize>> {
        let others = read.hops.iter().flat_map(|hop| self.folders.others(hop));
        let others = others.filter_map(|end| self.standing.account(&start(self.folders, &end).0?));
        let mut all: Vec<usize> = account.into_iter().chain(others).collect();
        all.sort_unstable();
        all.dedup();
        (all.len() > 1).then_some(all)
    }

    /// A key of which nothing says whose it is: it may be anybody's.
    fn of_nobody(&mut self, read: &Look<'f>) -> bool {
        let KeyRead::Opaque(why) = &read.found else { return false };
        let name = read.hops.last().and_then(|end| end.object.steps.last()?.name().map(str::to_owned));
        let access = name.and_then(|name| named_key(&name)).map(|key| key.access);
        if !self.is_quiet(read) {
            self.opaque(read, None, access, why.clone());
        }
        true
    }

    /// Whether what is named here is read by that name, wherever it goes.
    pub(super) fn is_followed(&self, read: &Look<'_>) -> bool {
        let entry = || self.folders.entry_of(read.folder, &read.read.binding);
        self.folders.is_followed(read.folder, &read.read.binding)
            || entry().is_some_and(|(cell, path, account)| self.uses.are_by_name(&cell, path, account))
    }

    /// Whether nothing is hidden where this is read as a whole: it is only named or asked for, or goes by names from there.
    pub(super) fn is_quiet(&self, read: &Look<'_>) -> bool {
        let named = read.read.mention && !self.folders.is_ambiguous(read.folder, &read.read.binding);
        named || read.read.tested || self.is_followed(read)
    }
}
