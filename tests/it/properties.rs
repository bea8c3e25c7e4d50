//! What holds of any files whatsoever. The fuzz targets (`tests/fuzz`) try it with what a fuzzer makes up; the normal
//! tests try it with a bounded number of damaged files (`terraform_any_bytes.rs`).
//!
//! A property is a function that says what is wrong; panics and endless work are wrong too, and show by themselves.

use keyslot::check::{There, check_with, compare};
use keyslot::model::{Access, Slot, SlotUse};
use keyslot::render::check_human::render_check;
use keyslot::render::check_json::check_json;
use keyslot::render::github::github;
use keyslot::render::sarif::sarif;
use keyslot::terraform::{Flip, Refusal, Tree, claim, plan};

#[path = "pairs_kept.rs"]
mod pairs_kept;

use pairs_kept::Collections;

/// Looks like a key, and is one: whatever reads it, it is never told.
pub const KEY: &str =
    "q83vASNFZ4mrze8BI0VniavN7wEjRWeJq83vASNFZ4mrze8BI0VniavN7wEjRWeJq83vASNFZ4mrze8BI0VniQ==";

/// Path and bytes of each file.
pub type Files = Vec<(String, Vec<u8>)>;

/// What separates the files of one input: a line of this and a path. What comes before the first is `main.tf`.
const DIVIDER: &[u8] = b"# --- ";

/// The files that an input stands for.
pub fn files_of(input: &[u8]) -> Files {
    let mut files = vec![("main.tf".to_owned(), Vec::new())];
    for line in input.split_inclusive(|byte| *byte == b'\n') {
        match (line.strip_prefix(DIVIDER), files.last_mut()) {
            (Some(path), _) => {
                files.push((String::from_utf8_lossy(path).trim().to_owned(), Vec::new()));
            }
            (None, Some((_, bytes))) => bytes.extend_from_slice(line),
            (None, None) => {}
        }
    }
    // A folder has one file of a name.
    files.sort_by(|(a, _), (b, _)| a.cmp(b));
    files.dedup_by(|(a, _), (b, _)| a == b);
    files
}

/// How much an input showed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Files that are Terraform as far as keyslot reads it.
    pub parsed: usize,
    pub references: usize,
    /// Flips that changed something.
    pub flips: usize,
    /// Keys that stand beside their counterparts, in files that a flip changed.
    pub pairs: usize,
}

macro_rules! hold {
    ($condition:expr, $($said:tt)+) => {
        if !$condition {
            return Err(format!($($said)+));
        }
    };
}

/// Reading: every place that is told lies in its file, every word stands where it is said to stand, and no format tells
/// a key.
pub fn scan(files: &Files) -> Result<Seen, String> {
    let tree = Tree::read(files);
    let bytes = |file: usize| tree.sources[file].bytes();
    for reference in &tree.references {
        let word = bytes(reference.file).get(reference.span.clone());
        let word = String::from_utf8_lossy(word.unwrap_or_default()).into_owned();
        hold!(!word.is_empty(), "a reference without a word: {reference:?}");
        // What a value picks from names on offer stands where the value is read.
        let picked = reference.chooser.is_some();
        hold!(picked || reference.attribute.contains(&word), "{word} is not {}", reference.attribute);
        hold!(reference.account < tree.accounts.len(), "no such account: {reference:?}");
    }
    let inside = |file: usize, start: usize, end: usize| start <= end && end <= bytes(file).len();
    for read in &tree.opaque {
        hold!(inside(read.file, read.span.start, read.span.end), "outside of its file: {read:?}");
    }
    for flow in tree.flows() {
        let places = flow.hops.iter().map(|hop| (hop.file, &hop.span));
        for (file, span) in places.chain([(flow.sink.file, &flow.sink.span)]) {
            hold!(inside(file, span.start, span.end), "outside of its file: {flow:?}");
        }
    }
    let there = There::new(Tree::read(files), "there");
    let compared = compare(&tree, &there);
    hold!(compared.is_empty(), "a tree differs from itself: {compared:?}");
    let findings = check_with(&tree, compared);
    let text = render_check(&tree, &findings);
    hold!(text.is_empty() == (tree.accounts.is_empty() && findings.is_empty()), "something is not shown");
    let json = |value: serde_json::Result<String>| value.map_err(|error| error.to_string());
    let told = [
        text,
        github(&tree, &findings),
        json(serde_json::to_string(&sarif(&tree, &findings)))?,
        json(serde_json::to_string(&check_json(&tree, &findings)))?,
    ];
    hold!(!told.iter().any(|text| text.contains(KEY)), "a key is told");
    for access in Access::ALL {
        let _ = claim(files, None, access);
    }
    let parsed = tree.sources.len() - tree.unparsed.len();
    Ok(Seen { parsed, references: tree.references.len(), ..Seen::default() })
}

/// Flipping: it is refused, or changes the words that it lists and nothing else; doing it again changes nothing; there
/// and back restores every byte of a tree that stood on one slot; no key goes away that stood beside its counterpart.
pub fn flip(files: &Files) -> Result<Seen, String> {
    let tree = Tree::read(files);
    let mut seen = Seen { parsed: tree.sources.len() - tree.unparsed.len(), ..Seen::default() };
    for account in 0..tree.accounts.len() {
        for access in Access::ALL {
            for to in Slot::ALL {
                let pairs = one_flip(files, &tree, account, access, to)?;
                seen.flips += usize::from(pairs.is_some());
                seen.pairs += pairs.unwrap_or_default();
            }
        }
    }
    Ok(seen)
}

/// How many pairs stand in what a flip changed; nothing where it changed nothing.
fn one_flip(
    files: &Files,
    tree: &Tree,
    account: usize,
    access: Access,
    to: Slot,
) -> Result<Option<usize>, String> {
    let Some(there) = planned(tree, account, access, to)? else { return Ok(None) };
    let after = written(files, &there);
    hold!(after == spliced(files, &there), "more changes than the words that are listed");
    let name = tree.accounts[account].key.as_str();
    let again = find(&after, name, access, to)?;
    hold!(again.is_some_and(|flip| flip.edits.is_empty()), "flipping again changes something");
    // A version only ever grows, and a value that chooses may be one of more than two.
    // Dead text goes where the rest goes, so it does not come back from where it stood apart.
    let apart = tree
        .references
        .iter()
        .any(|it| it.replaced && it.account == account && it.access == access && it.slot == to);
    let one_slot = tree.slot_use(account, access) == SlotUse::Only(to.other()) && !apart;
    if one_slot && there.companions.is_empty() {
        let back = find(&after, name, access, to.other())?.ok_or("there is no way back")?;
        hold!(written(&after, &back) == *files, "the way back leads elsewhere");
    }
    let pairs = pairs_kept(files, &after)?;
    Ok((!there.edits.is_empty()).then_some(pairs))
}

/// How many pairs stand in the files that changed.
fn pairs_kept(before: &Files, after: &Files) -> Result<usize, String> {
    let mut pairs = 0;
    let read = |bytes: &[u8]| std::str::from_utf8(bytes).ok().and_then(Collections::of);
    for ((path, old), (_, new)) in before.iter().zip(after).filter(|(old, new)| old != new) {
        let (Some(old), Some(new)) = (read(old), read(new)) else { continue };
        hold!(!path.ends_with(".tf") || old.are_kept_in(&new), "{path} holds both slots of a key no more");
        pairs += old.pairs();
    }
    Ok(pairs)
}

/// The flip, or nothing where it is refused for a reason that lies in the files.
fn planned(tree: &Tree, account: usize, access: Access, to: Slot) -> Result<Option<Flip>, String> {
    match plan(tree, account, access, to) {
        Ok(flip) => Ok(Some(flip)),
        Err(refusals) => match refusals.iter().find(|refusal| matches!(refusal, Refusal::NotAsMeant(_))) {
            Some(defect) => Err(defect.to_string()),
            None => Ok(None),
        },
    }
}

/// The same in files that were changed, where the account may have another number.
fn find(files: &Files, account: &str, access: Access, to: Slot) -> Result<Option<Flip>, String> {
    let tree = Tree::read(files);
    let at = tree.accounts.iter().position(|known| known.key.as_str() == account);
    planned(&tree, at.ok_or("the account is gone")?, access, to)
}

/// The files with what a flip makes of them.
fn written(files: &Files, flip: &Flip) -> Files {
    let new = |path: &str| flip.files.iter().find(|(changed, _)| changed == path);
    let file = |(path, bytes): &(String, Vec<u8>)| {
        (path.clone(), new(path).map_or_else(|| bytes.clone(), |(_, bytes)| bytes.clone()))
    };
    files.iter().map(file).collect()
}

/// The files with a flip's edits put in one by one, last first.
fn spliced(files: &Files, flip: &Flip) -> Files {
    let mut files = files.clone();
    for edit in flip.edits.iter().rev() {
        for (_, bytes) in files.iter_mut().filter(|(path, _)| *path == edit.path) {
            bytes.splice(edit.span.clone(), edit.new.bytes());
        }
    }
    files
}
