//! Moving the consumers of accounts' keys to the other slot, by text.
//!
//! Definitions of pairs stay; the other access stays. Whatever could hide a consumer refuses the whole flip, and so
//! does a place that would move accounts which nobody asked for. The result is parsed and compared with what was meant
//! before anybody gets to see it.

use std::collections::{BTreeMap, BTreeSet};

use super::allowed::AllowedOpaque;
use super::companion::{Companion, Move, companions};
use super::edit::{Edit, inverse, splice};
use super::hindrance::refusals_but;
use super::ignored;
use super::instance::Call;
use super::reference::{Counterpart, Reference, Role};
use super::refusal::{Refusal, SharedBy};
use super::select::select;
use super::siblings;
use super::source::Digest;
use super::together;
use super::tree::Tree;
use super::verify::verify;
use crate::model::{Access, Slot};

/// A flip that is worked out and checked, not yet written anywhere.
#[derive(Clone, Debug)]
pub struct Flip {
    /// Indexes into the tree's accounts.
    pub accounts: Vec<usize>,
    pub access: Access,
    pub to: Slot,
    /// By file and place, each place once; empty where the tree is on that slot already.
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
    let account = select(&tree, account, access)?;
    plan(&tree, account, access, to).map(|flip| flip.files)
}

/// Works out the flip and checks its result.
pub fn plan(tree: &Tree, account: usize, access: Access, to: Slot) -> Result<Flip, Vec<Refusal>> {
    plan_allowing(tree, &[account], access, to, &AllowedOpaque::default())
}

/// The same for several accounts in one go, where a person vouches for some places.
pub fn plan_allowing(
    tree: &Tree,
    accounts: &[usize],
    access: Access,
    to: Slot,
    allowed: &AllowedOpaque,
) -> Result<Flip, Vec<Refusal>> {
    let mut refusals: Vec<Refusal> = Vec::new();
    for refusal in accounts.iter().flat_map(|account| refusals_but(tree, *account, access, allowed)) {
        if !refusals.contains(&refusal) {
            refusals.push(refusal);
        }
    }
    if !refusals.is_empty() {
        return Err(refusals);
    }
    let consumes = |reference: &Reference| {
        accounts.contains(&reference.account)
            && reference.access == access
            && matches!(reference.role, Role::Consumer | Role::Chosen)
            && reference.slot != to
    };
    let mut changed: Vec<usize> =
        (0..tree.references.len()).filter(|at| consumes(&tree.references[*at])).collect();
    let shared = read_for_others(tree, &changed);
    if !shared.is_empty() {
        return Err(shared);
    }
    let dropped = dropped(tree, &changed);
    if !dropped.is_empty() {
        return Err(dropped);
    }
    let masked = not_known_to_exist(tree, &changed, allowed);
    if !masked.is_empty() {
        return Err(masked);
    }
    let together = together::refusals(tree, &changed, allowed);
    if !together.is_empty() {
        return Err(together);
    }
    let ignored = ignored::refusals(tree, &changed, allowed);
    if !ignored.is_empty() {
        return Err(ignored);
    }
    let siblings = siblings::refusals(tree, &changed, allowed);
    if !siblings.is_empty() {
        return Err(siblings);
    }
    let companions = companions(tree, &changed, &Move { accounts, access, to, allowed })?;
    // Alone it is no reason to change anything.
    if !changed.is_empty() {
        changed.extend(dead(tree, accounts, access, to));
        changed.sort_unstable();
    }
    let edits = edits(tree, &changed, &companions);
    // What changes beside the keys may lie elsewhere than they do.
    let outside = edits.iter().filter(|edit| tree.is_beside(&edit.path));
    let outside = outside.map(|edit| Refusal::Outside { place: tree.shown_path(&edit.path) });
    let outside: Vec<Refusal> = outside.collect();
    if !outside.is_empty() {
        return Err(outside);
    }
    let mut flip =
        Flip { accounts: accounts.to_vec(), access, to, edits, changed, companions, files: Vec::new() };
    flip.files = apply(tree, &flip.edits).map_err(|refusal| vec![refusal])?;
    verify(tree, &flip).map_err(|what| vec![Refusal::NotAsMeant(what)])?;
    Ok(flip)
}

/// What nobody reads, as a later entry of the same name stands in its place, and can be moved along: the other name is
/// known to exist, and nobody else's key is meant there.
fn dead(tree: &Tree, accounts: &[usize], access: Access, to: Slot) -> Vec<usize> {
    let ours = |it: &Reference| accounts.contains(&it.account) && it.access == access;
    let others: BTreeSet<(usize, usize)> =
        tree.references.iter().filter(|it| !ours(it)).map(|it| (it.file, it.span.start)).collect();
    let moves = |it: &Reference| {
        let known = it.counterpart == Counterpart::Known && it.other.is_some();
        it.replaced && ours(it) && it.slot != to && known && it.choices.is_empty()
    };
    let alone = |it: &Reference| !others.contains(&(it.file, it.span.start));
    let all = tree.references.iter().enumerate();
    all.filter(|(_, it)| moves(it) && alone(it)).map(|(at, _)| at).collect()
}

/// Places that are read for several accounts: a change there moves all of them.
fn read_for_others(tree: &Tree, changed: &[usize]) -> Vec<Refusal> {
    let place = |reference: &Reference| (reference.file, reference.span.start);
    let moves: BTreeMap<(usize, usize), &Reference> = changed
        .iter()
        .map(|at| &tree.references[*at])
        .filter(|reference| reference.role == Role::Consumer)
        .map(|reference| (place(reference), reference))
        .collect();
    let mut stays: BTreeMap<(usize, usize), Vec<&Reference>> = BTreeMap::new();
    for (at, reference) in tree.references.iter().enumerate() {
        if moves.contains_key(&place(reference)) && changed.binary_search(&at).is_err() {
            stays.entry(place(reference)).or_default().push(reference);
        }
    }
    let refusal = |(place, others): (&(usize, usize), &Vec<&Reference>)| {
        let moved = moves.get(place)?;
        let accounts: BTreeSet<usize> = others.iter().map(|other| other.account).collect();
        Some(Refusal::ReadForAnother {
            place: tree.place(place.0, place.1),
            attribute: moved.attribute.clone(),
            accounts: accounts.into_iter().map(|at| tree.accounts[at].key.to_string()).collect(),
            by: shared_by(moved, others),
        })
    };
    stays.iter().filter_map(refusal).collect()
}

fn shared_by(moved: &Reference, others: &[&Reference]) -> SharedBy {
    let file = |it: &Reference| it.symbol.call.as_ref()?.with_file().map(|run| run.name.clone());
    let files: BTreeSet<String> = others.iter().filter_map(|other| file(other)).collect();
    let [other, ..] = others else { return SharedBy::Elements };
    let own = |run: &&Call| !moved.runs.is_empty() && !moved.runs.contains(run);
    let handed: BTreeSet<&Call> = others.iter().flat_map(|other| &other.runs).filter(own).collect();
    if !handed.is_empty() {
        return SharedBy::HandedIn(handed.into_iter().map(ToString::to_string).collect());
    }
    if file(moved).is_some() && !files.is_empty() {
        return SharedBy::Files(files.into_iter().collect());
    }
    let (symbol, of_other) = (&moved.symbol, &other.symbol);
    if symbol.of_all_instances() == of_other.of_all_instances() {
        SharedBy::Instances
    } else if symbol.block() == of_other.block() {
        SharedBy::Calls
    } else if moved.homes == other.homes {
        SharedBy::Elements
    } else {
        SharedBy::Configurations
    }
}

/// Names of the other slot that a variable's type leaves out. No person can vouch for them: they are not there.
fn dropped(tree: &Tree, changed: &[usize]) -> Vec<Refusal> {
    let refusal = |reference: &Reference| {
        let (file, at) = reference.dropped?;
        Some(Refusal::Dropped {
            place: tree.place(reference.file, reference.span.start),
            name: reference.other.clone().unwrap_or_default(),
            declared: format!("{}:{}", tree.shown(file), tree.sources[file].position(at).line),
            masked: reference.counterpart == Counterpart::Masked,
        })
    };
    consumers(tree, changed).filter_map(refusal).collect()
}

/// Names of the other slot that may not exist, where that would go by in silence or is to be seen here.
fn not_known_to_exist(tree: &Tree, changed: &[usize], allowed: &AllowedOpaque) -> Vec<Refusal> {
    let masked =
        |reference: &&Reference| matches!(reference.counterpart, Counterpart::Masked | Counterpart::Absent);
    let place = |reference: &Reference| tree.place(reference.file, reference.span.start);
    let refusal = |reference: &Reference| Refusal::NotKnownToExist {
        place: place(reference),
        name: reference.other.clone().unwrap_or_default(),
        of: reference.symbol.of_all_instances().address(),
        masked: reference.counterpart == Counterpart::Masked,
    };
    consumers(tree, changed).filter(masked).filter(|it| !allowed.allows(&place(it))).map(refusal).collect()
}

/// The consumers that change, each place once, however many accounts it is read for.
fn consumers<'f>(tree: &'f Tree, changed: &'f [usize]) -> impl Iterator<Item = &'f Reference> + 'f {
    let references = changed.iter().map(|at| &tree.references[*at]);
    let mut seen = BTreeSet::new();
    references
        .filter(|reference| reference.role == Role::Consumer)
        .filter(move |reference| seen.insert((reference.file, reference.span.start)))
}

impl Flip {
    /// The references that change to a name of which nobody here knows whether it exists.
    pub fn assumed<'f>(&'f self, tree: &'f Tree) -> impl Iterator<Item = &'f Reference> + 'f {
        consumers(tree, &self.changed).filter(|reference| reference.counterpart != Counterpart::Known)
    }

    /// The accounts of which nothing changes: they are on that slot already.
    pub fn settled<'f>(&'f self, tree: &'f Tree) -> impl Iterator<Item = usize> + 'f {
        let moves = |account: &usize| self.changed.iter().any(|at| tree.references[*at].account == *account);
        self.accounts.iter().copied().filter(move |account| !moves(account))
    }
}

/// By file and place.
fn edits(tree: &Tree, changed: &[usize], companions: &[Companion]) -> Vec<Edit> {
    let references = changed.iter().map(|at| &tree.references[*at]);
    let words = references.filter(|it| it.role == Role::Consumer || it.replaced).filter_map(|reference| {
        let source = &tree.sources[reference.file];
        let old = source.text()[source.to_text(reference.span.clone())].to_owned();
        Some((reference.file, reference.span.clone(), old, reference.other.clone()?))
    });
    let beside = companions.iter().map(|it| (it.file, it.span.clone(), it.old.clone(), it.new.clone()));
    let mut all: Vec<_> = words.chain(beside).collect();
    all.sort_by(|a, b| (a.0, a.1.start, &a.3).cmp(&(b.0, b.1.start, &b.3)));
    // What two references change in the same way is changed once.
    all.dedup();
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
    let mut by_path: BTreeMap<&str, Vec<Edit>> = BTreeMap::new();
    for edit in edits {
        by_path.entry(edit.path.as_str()).or_default().push(edit.clone());
    }
    for source in &tree.sources {
        let Some(mine) = by_path.remove(source.path()) else { continue };
        let spliced = splice(source.bytes(), &mine).map_err(Refusal::Edit)?;
        let undone = splice(&spliced, &inverse(&spliced, &mine)).map_err(Refusal::Edit)?;
        if undone != source.bytes() {
            return Err(Refusal::NotAsMeant(format!("{} changes elsewhere too", source.path())));
        }
        files.push((source.path().to_owned(), spliced));
    }
    Ok(files)
}
