//! What is told of a read: a reference, or an opaque read.

use hcl_edit::Ident;

use super::super::account::Symbol;
use super::super::facts::{Base, SymbolKind};
use super::super::folders::Followed;
use super::super::key_read::FoundKey;
use super::super::offer::Offered;
use super::super::parse::Parsed;
use super::super::reference::{Counterpart, OpaqueRead, Reference, Role};
use super::super::source::Source;
use super::super::twice::is_replaced;
use super::look::Look;
use super::{Resolver, typed};
use crate::model::Access;

impl<'f> Resolver<'f> {
    pub(super) fn found(&mut self, read: &Look<'f>, account: usize, symbol: Symbol, key: FoundKey) {
        let dropped = typed::dropped(self.folders, read, &key);
        self.references.push(Reference {
            file: read.file,
            position: self.sources[read.file].position(key.span.start),
            span: key.span.clone(),
            account,
            attribute: key.attribute,
            slot: key.slot,
            access: key.access,
            role: if read.read.tested { Role::Tested } else { Role::Consumer },
            other: Some(key.other).filter(|other| can_stand(&self.sources[read.file], key.span.start, other)),
            binding: read.read.binding.clone(),
            family: key.family,
            value: read.read.value,
            remade: read.read.remade,
            plain: read.read.plain,
            is_entry: read.read.is_entry,
            choices: read.read.choices.clone(),
            exists: read.read.exists.clone(),
            label: read.read.label.clone(),
            masked: read.read.masked,
            fallback: read.read.fallback,
            replaced: read.read.replaced,
            counterpart: Counterpart::Known,
            element: None,
            by: Some(&read.read.object)
                .filter(|_| read.one_of_several || self.standing.is_several(account))
                .cloned(),
            dropped,
            chooser: None,
            crosses: read.hops.iter().find_map(|hop| crosses(&hop.object.base)),
            symbol,
            homes: vec![read.folder.to_owned()],
            runs: Vec::new(),
            uneven: None,
            along: None,
            below: Vec::new(),
        });
    }

    pub(super) fn opaque(
        &mut self,
        read: &Look<'f>,
        account: Option<usize>,
        access: Option<Access>,
        why: String,
    ) {
        let cell = self.folders.readable(read.folder, &read.read.binding);
        self.hidden.extend(cell.map(|(cell, _)| cell));
        let span = read.read.span.clone();
        let position = self.sources[read.file].position(span.start);
        self.opaque.push(OpaqueRead { file: read.file, span, position, account, access, why });
    }

    /// A key of one account is read by all runs; which of them hand it in counts where it is one of several.
    pub fn of_all_runs(&self, read: &Look<'f>, hop: &Followed, offered: Offered) -> Offered {
        let several = self.standing.is_several(self.references[offered.defined].account);
        let runs = if several && hop.folder == read.folder { offered.runs } else { Vec::new() };
        Offered { runs, ..offered }
    }

    pub(super) fn unread(&mut self, facts: &[Parsed]) {
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

/// The state of another root that a base reads.
pub(super) fn crosses(base: &Base) -> Option<SymbolKind> {
    match base {
        Base::RemoteState(_) => Some(SymbolKind::RemoteState),
        Base::Dependency(_) => Some(SymbolKind::Dependency),
        Base::Account(..)
        | Base::Module(_)
        | Base::Action(..)
        | Base::Deployment(..)
        | Base::Local
        | Base::Variable
        | Base::Each(_) => None,
    }
}

/// Whether a name can be written where another one stands: between quotes, as an index, or after a dot.
fn can_stand(source: &Source, start: usize, name: &str) -> bool {
    let before = start.checked_sub(1).and_then(|before| source.bytes().get(before));
    let is_number = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit());
    match before {
        _ if is_replaced(name) => false,
        // The other name in a map differs by the slot's word alone, and this one is spelt as it reads.
        Some(b'"') => !name.is_empty(),
        _ => is_number || Ident::try_new(name).is_ok(),
    }
}
