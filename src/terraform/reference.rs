//! A reference: one place in Terraform that reads a key of an account.

use std::ops::Range;

use super::account::Symbol;
use super::facts::{Asked, Binding, Branch, Object, Remade, SymbolKind};
use super::instance::Call;
use super::source::Position;
use crate::model::{Access, Slot};

/// What a reference does with the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Takes the key of this slot. What a flip changes.
    Consumer,
    /// One of a pair: both slots are on offer here by design. Flipping it would swap them for every caller.
    Definition,
    /// Reads a name behind which one key stands: which slot it is, is decided where that key is read.
    Relay,
    /// The branch that a known value takes: consumes the key, and a flip changes that value.
    Chosen,
    /// The branch that a known value leaves.
    Unchosen,
    /// One of the branches between which a value at run time chooses.
    Choice,
    /// Only compared, counted or asked for (`… != ""`, `length(…)`, a condition), or replaced by a later entry of the same
    /// name: no key goes anywhere from here. An account has both keys at all times, so what is asked of one holds for the
    /// other, and a flip leaves the question as it is.
    Tested,
}

/// What is known of the name that would read the other slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Counterpart {
    /// The code here hands it out, or reads it elsewhere; or it is a name of Azure's.
    Known,
    /// An output of code that is not here, by the pattern of this one's name: where there is none, the next plan fails
    /// and nothing was changed.
    Assumed,
    /// The same where something stands in for an output that is not there (`try`, `lookup` with a default, defaults of
    /// a state, mocks that are merged with it): nothing would fail, and another value than the key be written.
    Masked,
    /// An output of a root that is here, one of those that may have written the state, and that root has none of this
    /// name; or a part of a variable whose type leaves it out.
    Absent,
}

/// Indexes into the tree that the reference belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    pub file: usize,
    /// The token that carries the slot: an attribute's name, an output's name, the index of a connection
    /// string. Bytes of the file.
    pub span: Range<usize>,
    pub position: Position,
    pub account: usize,
    /// As written: `primary_key`, `connection_strings[0]`, or the name under which a module offers it.
    pub attribute: String,
    pub slot: Slot,
    pub access: Access,
    pub role: Role,
    /// The token that would read the other slot; absent where none is known.
    pub other: Option<String>,
    pub counterpart: Counterpart,
    /// Where the value goes, as `locals.secrets.CosmosDb-ApiKey`.
    pub binding: Binding,
    /// The attribute of the account behind all names, in its primary form: tells a key from a connection
    /// string made of it.
    pub(super) family: String,
    /// Where the value of the argument or entry starts that it is part of.
    pub(super) value: usize,
    /// What is made of it there makes other names of.
    pub(super) remade: Option<Remade>,
    /// Whether the key is the whole value that stands there, and not part of a text or of an expression.
    pub(super) plain: bool,
    /// Whether it stands in an entry of a collection that is picked from where it is written.
    pub(super) is_entry: bool,
    pub(super) choices: Vec<Branch>,
    /// The conditions under which the blocks are there that it stands in.
    pub(super) exists: Vec<Asked>,
    /// What the nested block or object calls itself that it stands in, and how many words of the binding lead there.
    pub(super) label: Option<(usize, String)>,
    /// Whether something else is taken where there is no such value.
    pub(super) masked: bool,
    /// Whether it is taken only where what stands before it in `try` or `coalesce` is not there.
    pub fallback: bool,
    /// The element of a collection that it is read for, by its key or its number, where each of them chooses a slot of its
    /// own.
    pub element: Option<String>,
    /// The path that is read, where an index or an element in it says which account is meant.
    pub(super) by: Option<Object>,
    /// Whether it stands in an entry of an object that a later one of the same name replaces. It is [`Role::Tested`]: nobody
    /// reads it. A flip moves it along, where it can, so that no key of the old slot is left in the text.
    pub replaced: bool,
    /// Where the type of a variable on its way leaves the other name out: the file, and where the type starts there.
    pub(super) dropped: Option<(usize, usize)>,
    /// Index into the tree's choosers, where one is known.
    pub chooser: Option<usize>,
    /// How it is read from another root's state, where it is: through remote state or a dependency.
    pub crosses: Option<SymbolKind>,
    /// The name under which the account is known where the key comes from.
    pub symbol: Symbol,
    /// The folders that it is read for: its file's, or those of configurations that include its file.
    pub(super) homes: Vec<String>,
    /// The runs of the code here that it is told for, where others hand in a key of another account; else none.
    pub(super) runs: Vec<Call>,
    /// What else is taken with the name that it is read by, and is another thing beside the other slot.
    pub(super) along: Option<String>,
    /// The names below its place where the key stands in what is taken there, if that is more than the key.
    pub(super) below: Vec<Vec<String>>,
    /// The call of the code here that does not hand in the other slot under the same name as the others do.
    pub(super) uneven: Option<Call>,
}

impl Reference {
    /// Where the key stands below its place: there itself, or in parts of what is taken.
    pub(super) fn parts(&self) -> impl Iterator<Item = &[String]> {
        let itself = std::iter::once(&[][..]).filter(|_| self.below.is_empty());
        self.below.iter().map(Vec::as_slice).chain(itself)
    }

    /// The run of the module that it stands in, where that module runs for several accounts, and for this one once.
    pub fn run(&self) -> Option<&Call> {
        match self.runs()[..] {
            [run] => Some(run),
            _ => None,
        }
    }

    /// The runs of that module that it is read in, where they are not all of them.
    pub fn runs(&self) -> Vec<&Call> {
        self.runs_of(self.home()).into_iter().flatten().collect()
    }

    /// The runs of a folder's code in which it is read there; one that is absent for all of them.
    pub(super) fn runs_of(&self, folder: &str) -> Vec<Option<&Call>> {
        match self.runs.is_empty() {
            true => vec![self.symbol.run_of(folder)],
            false => self.runs.iter().map(Some).collect(),
        }
    }

    /// The conditions under which it is there.
    pub(super) fn asked(&self) -> impl Iterator<Item = &Asked> {
        self.choices.iter().filter_map(|branch| branch.asked.as_ref()).chain(&self.exists)
    }

    /// The folder that it is read for, the first of them where there are several.
    pub(super) fn home(&self) -> &str {
        self.homes.first().map_or("", String::as_str)
    }
}

/// A place that takes both keys of an account, each under a name of its own: both by design. Which of them is used
/// there is decided by whoever reads them, so no flip moves it, and neither slot is free while it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TakesBoth {
    pub file: usize,
    pub span: Range<usize>,
    pub account: usize,
    pub access: Access,
    /// The name that holds both: `local.cosmos`.
    pub name: String,
}

/// A read of an account's key whose slot the text does not tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpaqueRead {
    pub file: usize,
    pub span: Range<usize>,
    pub position: Position,
    /// Absent where not even the account is known.
    pub account: Option<usize>,
    /// Absent where it may be either.
    pub access: Option<Access>,
    pub why: String,
}
