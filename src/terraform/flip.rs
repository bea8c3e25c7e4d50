//! Moving the consumers of one account's key to the other slot, by text.
//!
//! Definitions of pairs stay; the other access stays. Whatever could hide a consumer refuses the whole flip. The
//! result is parsed and compared with what was meant before anybody gets to see it.

use std::collections::BTreeMap;

use super::edit::{Edit, inverse, splice};
use super::reference::{Reference, Role};
use super::refusal::Refusal;
use super::source::Digest;
use super::tree::Tree;
use crate::model::{Access, Slot};

/// A flip that is worked out and checked, not yet written anywhere.
#[derive(Clone, Debug)]
pub struct Flip {
    /// Index into the tree's accounts.
    pub account: usize,
    pub access: Access,
    pub to: Slot,
    /// By file and place; empty where the tree is on that slot already.
    pub edits: Vec<Edit>,
    /// Indexes into the tree's references, one for each edit.
    pub changed: Vec<usize>,
    /// The files that change, whole, by path.
    pub files: Vec<(String, Vec<u8>)>,
}

/// Flips a tree given as files: the new content of those that change. `account` may be left out where only one
/// account's keys are read.
pub fn flip<P: AsRef<str>, B: AsRef<[u8]>>(
    files: &[(P, B)],
    account: Option<&str>,
    access: Access,
    to: Slot,
) -> Result<Vec<(String, Vec<u8>)>, Vec<Refusal>> {
    let tree = Tree::read(files);
    let account = select(&tree, account, access).map_err(|refusal| vec![refusal])?;
    plan(&tree, account, access, to).map(|flip| flip.files)
}

/// The account that is meant. Without a name: the only one whose keys of this access are read, or the only one.
pub fn select(tree: &Tree, named: Option<&str>, access: Access) -> Result<usize, Refusal> {
    let all: Vec<usize> = (0..tree.accounts.len()).collect();
    let names = |accounts: &[usize]| accounts.iter().map(|at| tree.accounts[*at].key.to_string()).collect();
    let candidates = match named {
        Some(name) => {
            let called = tree.accounts_called(name);
            if called.is_empty() {
                return Err(Refusal::UnknownAccount { named: name.to_owned(), accounts: names(&all) });
            }
            called
        }
        None => {
            let read: Vec<usize> = all.iter().copied().filter(|at| is_read(tree, *at, access)).collect();
            if read.is_empty() { all } else { read }
        }
    };
    match candidates.as_slice() {
        [] => Err(Refusal::NoAccount),
        [only] => Ok(*only),
        several => Err(Refusal::SeveralAccounts { accounts: names(several) }),
    }
}

fn is_read(tree: &Tree, account: usize, access: Access) -> bool {
    let refers = |reference: &Reference| reference.account == account && reference.access == access;
    tree.references.iter().any(refers) || tree.opaque.iter().any(|read| read.account == Some(account))
}

/// Everything that stands in the way of a flip, whichever slot it goes to.
pub fn refusals(tree: &Tree, account: usize, access: Access) -> Vec<Refusal> {
    let mut refusals: Vec<Refusal> = tree
        .unparsed
        .iter()
        .map(|unparsed| Refusal::Unparsed {
            place: tree.place(unparsed.file, unparsed.failure.span.start),
            message: unparsed.failure.message.clone(),
        })
        .collect();
    refusals.extend(
        tree.unread
            .iter()
            .map(|unread| Refusal::Unread { place: tree.shown(unread.file), why: unread.why.clone() }),
    );
    refusals.extend(tree.opaque_for(account, access).map(|read| Refusal::Opaque {
        place: tree.place(read.file, read.span.start),
        why: read.why.clone(),
    }));
    let place = |reference: &Reference| tree.place(reference.file, reference.span.start);
    refusals.extend(tree.choices(account, access).map(|reference| Refusal::ChosenElsewhere {
        place: place(reference),
        attribute: reference.attribute.clone(),
    }));
    refusals.extend(
        tree.consumers(account, access)
            .filter(|reference| tree.sources[reference.file].is_vendored())
            .map(|reference| Refusal::Vendored { place: place(reference) }),
    );
    refusals.extend(tree.consumers(account, access).filter(|reference| reference.other.is_none()).map(
        |reference| Refusal::NoCounterpart {
            place: place(reference),
            attribute: reference.attribute.clone(),
        },
    ));
    if refusals.is_empty() && tree.consumers(account, access).next().is_none() {
        refusals.push(Refusal::NoReference {
            account: tree.accounts[account].key.to_string(),
            access,
            defined: tree.definitions(account, access).count(),
        });
    }
    refusals
}

/// Works out the flip and checks its result.
pub fn plan(tree: &Tree, account: usize, access: Access, to: Slot) -> Result<Flip, Vec<Refusal>> {
    let refusals = refusals(tree, account, access);
    if !refusals.is_empty() {
        return Err(refusals);
    }
    let mut flip = Flip { account, access, to, edits: Vec::new(), changed: Vec::new(), files: Vec::new() };
    let mut digests: BTreeMap<usize, Digest> = BTreeMap::new();
    for (at, reference) in tree.references.iter().enumerate() {
        let concerned = reference.account == account
            && reference.access == access
            && reference.role == Role::Consumer
            && reference.slot != to;
        let (true, Some(new)) = (concerned, &reference.other) else { continue };
        let source = &tree.sources[reference.file];
        let digest = *digests.entry(reference.file).or_insert_with(|| Digest::of(source.bytes()));
        flip.changed.push(at);
        flip.edits.push(Edit {
            path: source.path().to_owned(),
            digest,
            span: reference.span.clone(),
            old: source.text()[source.to_text(reference.span.clone())].to_owned(),
            new: new.clone(),
        });
    }
    flip.files = apply(tree, &flip.edits).map_err(|refusal| vec![refusal])?;
    verify(tree, &flip).map_err(|what| vec![Refusal::NotAsMeant(what)])?;
    Ok(flip)
}

fn apply(tree: &Tree, edits: &[Edit]) -> Result<Vec<(String, Vec<u8>)>, Refusal> {
    let mut files = Vec::new();
    for source in &tree.sources {
        let mine: Vec<Edit> = edits.iter().filter(|edit| edit.path == source.path()).cloned().collect();
        if !mine.is_empty() {
            let spliced = splice(source.bytes(), &mine).map_err(Refusal::Edit)?;
            let undone = splice(&spliced, &inverse(&spliced, &mine)).map_err(Refusal::Edit)?;
            if undone != source.bytes() {
                return Err(Refusal::NotAsMeant(format!("{} changes elsewhere too", source.path())));
            }
            files.push((source.path().to_owned(), spliced));
        }
    }
    Ok(files)
}

/// Reads the changed tree and says what is not as it was meant to be.
fn verify(before: &Tree, flip: &Flip) -> Result<(), String> {
    if flip.files.is_empty() {
        return Ok(());
    }
    let after = before.with(&flip.files);
    if let Some(unparsed) = after.unparsed.first() {
        return Err(format!("{} does not parse any more", after.place(unparsed.file, 0)));
    }
    if after.references.len() != before.references.len() || after.opaque.len() != before.opaque.len() {
        return Err("the number of references is another".to_owned());
    }
    let mut shift = BTreeMap::<usize, isize>::new();
    for (at, (old, new)) in before.references.iter().zip(&after.references).enumerate() {
        let edited = flip.changed.contains(&at);
        let shift = shift.entry(old.file).or_default();
        let (slot, attribute_same) =
            if edited { (flip.to, true) } else { (old.slot, old.attribute == new.attribute) };
        let same = old.file == new.file
            && old.span.start.checked_add_signed(*shift) == Some(new.span.start)
            && before.accounts[old.account].key == after.accounts[new.account].key
            && old.access == new.access
            && old.role == new.role
            && old.binding == new.binding
            && new.slot == slot
            && attribute_same;
        if !same {
            return Err(format!("the reference at {} is another", before.place(old.file, old.span.start)));
        }
        *shift += new.span.len() as isize - old.span.len() as isize;
    }
    Ok(())
}
