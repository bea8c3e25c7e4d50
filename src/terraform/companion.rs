//! What has to change together with a slot, though it is no reference: the value that chooses, and the version by
//! which Terraform knows that a write-only value is another.

use std::collections::BTreeSet;
use std::ops::Range;

use super::allowed::AllowedOpaque;
use super::chooser::Chooser;
use super::reference::Role;
use super::refusal::{AlsoDecided, Refusal};
use super::tree::Tree;
use super::version::Versions;
use crate::model::{Access, Slot};

/// A change beside the references.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Companion {
    pub file: usize,
    /// Bytes of the file.
    pub span: Range<usize>,
    pub old: String,
    pub new: String,
    /// In a few words, what it is: `var.slot chooses the slot`.
    pub why: String,
}

/// What is moved, and where to.
pub struct Move<'m> {
    /// Indexes into the tree's accounts.
    pub accounts: &'m [usize],
    pub access: Access,
    pub to: Slot,
    pub allowed: &'m AllowedOpaque,
}

/// Everything that changes with these references, which are indexes into the tree's.
pub fn companions(tree: &Tree, changed: &[usize], meant: &Move<'_>) -> Result<Vec<Companion>, Vec<Refusal>> {
    let mut companions = Vec::new();
    let mut refusals = Vec::new();
    for at in changed {
        refusals.extend(along(tree, *at, meant.allowed));
        match chosen(tree, *at, meant) {
            Ok(more) => companions.extend(more),
            Err(refusal) => refusals.push(refusal),
        }
    }
    let choosers: BTreeSet<usize> = changed.iter().filter_map(|at| tree.references[*at].chooser).collect();
    for chooser in choosers {
        refusals.extend(also_decided(tree, chooser, meant));
    }
    companions.extend(Versions::new(tree).of(changed, &mut refusals));
    companions.sort_by_key(|companion| (companion.file, companion.span.start));
    companions.dedup();
    let mut told = Vec::new();
    refusals.retain(|refusal| {
        let new = !told.contains(refusal);
        told.extend(new.then(|| refusal.clone()));
        new
    });
    if refusals.is_empty() { Ok(companions) } else { Err(refusals) }
}

fn chosen(tree: &Tree, at: usize, meant: &Move<'_>) -> Result<Vec<Companion>, Refusal> {
    let reference = &tree.references[at];
    let Some(chooser) = reference.chooser.and_then(|chooser| tree.choosers.get(chooser)) else {
        return Ok(Vec::new());
    };
    // The other value must lead to the slot that is meant, and to nothing else.
    let leads = tree.references.iter().any(|other| {
        other.chooser == reference.chooser
            && other.account == reference.account
            && other.access == reference.access
            && other.slot == meant.to
    });
    match &chooser.other {
        Some(new) if leads => Ok(chooser
            .places
            .iter()
            .map(|(file, span)| Companion {
                file: *file,
                span: span.clone(),
                old: chooser.value.clone(),
                new: new.clone(),
                why: format!("{} chooses the slot", chooser.name),
            })
            .collect()),
        Some(_) | None => Err(Refusal::ChosenElsewhere {
            place: tree.place(reference.file, reference.span.start),
            attribute: reference.attribute.clone(),
            chooser: Some(chooser.name.clone()),
        }),
    }
}

/// What would move with the name of an element that is taken whole.
fn along(tree: &Tree, at: usize, allowed: &AllowedOpaque) -> Option<Refusal> {
    let reference = &tree.references[at];
    let what = match reference.along.as_deref()? {
        "" => "what stands beside it".to_owned(),
        name => format!("`{name}`"),
    };
    let place = tree.place(reference.file, reference.span.start);
    (!allowed.allows(&place)).then(|| Refusal::AlsoDecides {
        place,
        chooser: reference.attribute.clone(),
        what,
        kind: AlsoDecided::Other,
    })
}

/// What else would move with a chooser's value, unless it is meant to.
fn also_decided(tree: &Tree, changed: usize, meant: &Move<'_>) -> Vec<Refusal> {
    let chooser = &tree.choosers[changed];
    let refusal = |file: usize, start: usize, what: String, kind| Refusal::AlsoDecides {
        place: tree.place(file, start),
        chooser: chooser.name.clone(),
        what,
        kind,
    };
    let mut refusals = Vec::new();
    let written_there = |other: &Chooser| chooser.places.iter().any(|place| other.places.contains(place));
    for (at, other) in tree.choosers.iter().enumerate().filter(|(_, other)| written_there(other)) {
        let driven = other.drives.iter();
        let driven = driven.filter(|it| !meant.allowed.allows(&tree.place(it.file, it.span.start)));
        refusals
            .extend(driven.map(|it| refusal(it.file, it.span.start, it.what.clone(), AlsoDecided::Other)));
        let turned = tree.references.iter().filter(|reference| {
            let misses = other.other != chooser.other || reference.slot != meant.to;
            let meant_too = meant.accounts.contains(&reference.account) && reference.access == meant.access;
            reference.chooser == Some(at) && reference.role == Role::Unchosen && (misses || !meant_too)
        });
        refusals.extend(turned.map(|reference| {
            let kind = match meant.accounts.contains(&reference.account) {
                true => AlsoDecided::Key,
                false => AlsoDecided::Account,
            };
            let account = &tree.accounts[reference.account].key;
            let what = format!("which {} key of {account} is read", reference.access);
            refusal(reference.file, reference.span.start, what, kind)
        }));
    }
    refusals
}
