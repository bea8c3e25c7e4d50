//! Moving the consumers of one account's key to the other slot, by text.
//!
//! Definitions of pairs stay; the other access stays. Whatever could hide a consumer refuses the whole flip. The
//! result is parsed and compared with what was meant before anybody gets to see it.

use std::collections::BTreeMap;

use super::companion::{Companion, companions};
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
    /// Indexes into the tree's references whose slot changes, by themselves or with the value that chooses.
    pub changed: Vec<usize>,
    /// What changes beside them.
    pub companions: Vec<Companion>,
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
    let refers = |reference: &Reference| {
        reference.account == account && reference.access == access && reference.role != Role::Relay
    };
    tree.references.iter().any(refers) || tree.opaque.iter().any(|read| read.account == Some(account))
}

/// Places that a person has looked at: what is opaque there does not stand in the way. `path:line`, or
/// `path:line:column`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllowedOpaque(pub Vec<String>);

impl AllowedOpaque {
    fn allows(&self, place: &str) -> bool {
        // A whole file is no place.
        let is_place = |allowed: &&String| {
            allowed.rsplit(':').next().is_some_and(|last| last.bytes().all(|byte| byte.is_ascii_digit()))
        };
        self.0.iter().filter(is_place).any(|allowed| {
            place.strip_prefix(allowed.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
        })
    }

    /// Those that no opaque read of the tree stands at.
    pub fn unused(&self, tree: &Tree) -> Vec<&str> {
        let places: Vec<String> =
            tree.opaque.iter().map(|read| tree.place(read.file, read.span.start)).collect();
        let one = |allowed: &&String| {
            let alone = AllowedOpaque(vec![(*allowed).clone()]);
            !places.iter().any(|place| alone.allows(place))
        };
        self.0.iter().filter(one).map(String::as_str).collect()
    }
}

/// Everything that stands in the way of a flip, whichever slot it goes to.
pub fn refusals(tree: &Tree, account: usize, access: Access) -> Vec<Refusal> {
    refusals_but(tree, account, access, &AllowedOpaque::default())
}

fn refusals_but(tree: &Tree, account: usize, access: Access, allowed: &AllowedOpaque) -> Vec<Refusal> {
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
    let opaque = tree
        .opaque_for(account, access)
        .map(|read| Refusal::Opaque { place: tree.place(read.file, read.span.start), why: read.why.clone() });
    refusals.extend(
        opaque.filter(|refusal| !matches!(refusal, Refusal::Opaque { place, .. } if allowed.allows(place))),
    );
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
    let nameless = |reference: &&Reference| reference.role == Role::Consumer && reference.other.is_none();
    refusals.extend(tree.consumers(account, access).filter(nameless).map(|reference| {
        Refusal::NoCounterpart { place: place(reference), attribute: reference.attribute.clone() }
    }));
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
    plan_allowing(tree, account, access, to, &AllowedOpaque::default())
}

/// The same where a person vouches for opaque places.
pub fn plan_allowing(
    tree: &Tree,
    account: usize,
    access: Access,
    to: Slot,
    allowed: &AllowedOpaque,
) -> Result<Flip, Vec<Refusal>> {
    let refusals = refusals_but(tree, account, access, allowed);
    if !refusals.is_empty() {
        return Err(refusals);
    }
    let consumes = |reference: &Reference| {
        reference.account == account
            && reference.access == access
            && matches!(reference.role, Role::Consumer | Role::Chosen)
            && reference.slot != to
    };
    let changed: Vec<usize> =
        (0..tree.references.len()).filter(|at| consumes(&tree.references[*at])).collect();
    let companions = companions(tree, &changed, to)?;
    let edits = edits(tree, &changed, &companions);
    let mut flip = Flip { account, access, to, edits, changed, companions, files: Vec::new() };
    flip.files = apply(tree, &flip.edits).map_err(|refusal| vec![refusal])?;
    verify(tree, &flip).map_err(|what| vec![Refusal::NotAsMeant(what)])?;
    Ok(flip)
}

/// By file and place.
fn edits(tree: &Tree, changed: &[usize], companions: &[Companion]) -> Vec<Edit> {
    let references = changed.iter().map(|at| &tree.references[*at]);
    let words = references.filter(|reference| reference.role == Role::Consumer).filter_map(|reference| {
        let source = &tree.sources[reference.file];
        let old = source.text()[source.to_text(reference.span.clone())].to_owned();
        Some((reference.file, reference.span.clone(), old, reference.other.clone()?))
    });
    let beside = companions.iter().map(|it| (it.file, it.span.clone(), it.old.clone(), it.new.clone()));
    let mut all: Vec<_> = words.chain(beside).collect();
    all.sort_by_key(|(file, span, _, _)| (*file, span.start));
    let mut digests: BTreeMap<usize, Digest> = BTreeMap::new();
    all.into_iter()
        .map(|(file, span, old, new)| {
            let source = &tree.sources[file];
            let digest = *digests.entry(file).or_insert_with(|| Digest::of(source.bytes()));
            Edit { path: source.path().to_owned(), digest, span, old, new }
        })
        .collect()
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
    for (at, (old, new)) in before.references.iter().zip(&after.references).enumerate() {
        let edited = flip.changed.contains(&at);
        let same = old.file == new.file
            && moved(before, flip, old) == Some(new.span.start)
            && before.accounts[old.account].key == after.accounts[new.account].key
            && old.access == new.access
            && old.binding == new.binding
            && as_meant(before, flip, edited, old, new);
        if !same {
            return Err(format!("the reference at {} is another", before.place(old.file, old.span.start)));
        }
    }
    match after.consumers(flip.account, flip.access).find(|reference| reference.slot != flip.to) {
        Some(left) => Err(format!("{} is not on {}", after.place(left.file, left.span.start), flip.to)),
        None => Ok(()),
    }
}

/// Where a reference starts after the edits before it.
fn moved(before: &Tree, flip: &Flip, old: &Reference) -> Option<usize> {
    let path = before.sources[old.file].path();
    let earlier = flip.edits.iter().filter(|edit| edit.path == path && edit.span.end <= old.span.start);
    let shift: isize = earlier.map(|edit| edit.new.len() as isize - edit.old.len() as isize).sum();
    old.span.start.checked_add_signed(shift)
}

fn as_meant(before: &Tree, flip: &Flip, edited: bool, old: &Reference, new: &Reference) -> bool {
    let same_word = old.attribute == new.attribute;
    let flipped = |chooser| {
        before
            .references
            .iter()
            .enumerate()
            .any(|(at, it)| flip.changed.contains(&at) && it.chooser == Some(chooser))
    };
    match (old.role, new.role) {
        // Branches stay as they are; which one is taken changes with the value that chooses.
        (Role::Chosen | Role::Unchosen, Role::Chosen | Role::Unchosen) => {
            let turned = old.chooser.is_some_and(flipped);
            same_word && old.slot == new.slot && (old.role != new.role) == turned
        }
        // A relay's slot is that of the reference behind it, which may be one that was edited.
        (Role::Relay, Role::Relay) => same_word,
        (Role::Consumer, Role::Consumer) if edited => new.slot == flip.to,
        (old_role, new_role) => old_role == new_role && old.slot == new.slot && same_word,
    }
}
