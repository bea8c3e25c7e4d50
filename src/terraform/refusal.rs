//! Why a tree is not flipped. Typed, so that whoever prints them can say what to do.

use std::fmt;

use super::edit::EditError;
use crate::model::Access;

/// One reason. Places are `path:line:column`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// No account of Cosmos DB occurs in the tree.
    NoAccount,
    /// More than one account; somebody has to say which.
    SeveralAccounts {
        accounts: Vec<String>,
    },
    UnknownAccount {
        named: String,
        accounts: Vec<String>,
    },
    /// Nothing consumes a key of this access; `defined` counts places where both are merely on offer.
    NoReference {
        account: String,
        access: Access,
        defined: usize,
    },
    Unparsed {
        place: String,
        message: String,
    },
    /// A file or folder that could not be read.
    Unread {
        place: String,
        why: String,
    },
    Opaque {
        place: String,
        why: String,
    },
    /// A value at run time chooses between the slots here.
    ChosenElsewhere {
        place: String,
        attribute: String,
        /// The value that chooses, where it is known and what to put in its place is not.
        chooser: Option<String>,
    },
    /// The value that chooses the slot decides something else too, which would move with it.
    AlsoDecides {
        place: String,
        chooser: String,
        what: String,
        kind: AlsoDecided,
    },
    /// The key is consumed in a copy of a module that comes from elsewhere.
    Vendored {
        place: String,
    },
    /// What would change lies outside of the folder that was asked for.
    Outside {
        place: String,
    },
    /// The other slot has no name where this one was taken from.
    NoCounterpart {
        place: String,
        attribute: String,
        /// The call that does not hand it in as the others do, where that is why.
        call: Option<String>,
    },
    /// The answer that this one is taken from does not hold the other slot's key, for a list of what it holds leaves it out.
    NotExported {
        place: String,
        /// What it would be called in that answer.
        key: String,
        /// The argument that has the list, and where that is.
        argument: String,
        list: String,
    },
    /// Whether the other slot's name exists is not known here; `masked`: where it does not, something else would be taken.
    /// Else a root that may be meant has no output of that name.
    NotKnownToExist {
        place: String,
        name: String,
        of: String,
        masked: bool,
    },
    /// The type of a variable leaves the other slot's name out, whatever is handed in; `masked`: something else would be taken
    /// without an error.
    Dropped {
        place: String,
        name: String,
        /// Where that type is declared.
        declared: String,
        masked: bool,
    },
    /// Both keys stand in one list, or in one text, which would hold one of them twice.
    BothTogether {
        place: String,
        attribute: String,
    },
    /// What stands here is read for other accounts too, which a change would move with it.
    ReadForAnother {
        place: String,
        attribute: String,
        accounts: Vec<String>,
        by: SharedBy,
    },
    /// The key goes to an argument whose changes Terraform ignores: it would keep the old one.
    Ignored {
        place: String,
        /// What it goes to.
        sink: String,
        /// Where that is told to be ignored.
        ignored: String,
    },
    /// The key would go to where the other one of its pair stays: one key would be there twice.
    PairCollapses {
        place: String,
        /// What it goes to.
        sink: String,
        /// Where the key is that is on that slot already.
        other: String,
    },
    /// A write-only argument whose version is no number that could be raised.
    VersionNotRaised {
        place: String,
        argument: String,
        why: NotRaised,
    },
    Edit(EditError),
    /// The result was not what was meant: ours.
    NotAsMeant(String),
}

/// Why a version is not raised. `name` is what the version is read from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NotRaised {
    /// There is none.
    Missing,
    /// What stands there is worked out.
    NoNumber,
    /// Where the name gets its value is not known, or not all of it.
    Unknown { name: String },
    /// It gets no literal number at this place.
    NoNumberAt { name: String, at: String },
    /// It is a part of another value, whose place is not followed.
    Part { name: String },
    /// It decides something else too, which would move with it.
    AlsoDecides { name: String, what: String },
}

impl fmt::Display for NotRaised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NotRaised::Missing => f.write_str("and there is none"),
            NotRaised::NoNumber => f.write_str("which is no literal number that could be raised"),
            NotRaised::Unknown { name } => write!(f, "and where `{name}` gets its value is not known here"),
            NotRaised::NoNumberAt { name, at } => write!(f, "and `{name}` gets no literal number at {at}"),
            NotRaised::Part { name } => {
                write!(f, "and `{name}` is a part of another value, where no number is raised")
            }
            NotRaised::AlsoDecides { name, what } => write!(f, "and `{name}` also decides `{what}`"),
        }
    }
}

/// What else a value that chooses the slot decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AlsoDecided {
    /// Something that is no key: a person may vouch for it.
    Other,
    /// A key of another account.
    Account,
    /// The other access of the same account, or a key that would go the other way.
    Key,
}

/// How one place comes to be read for several accounts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SharedBy {
    /// The code is run with these variables files too, which name accounts of their own.
    Files(Vec<String>),
    /// Several configurations include the file.
    Configurations,
    /// The module's code runs for several calls.
    Calls,
    /// These calls of the module hand in keys of their own accounts.
    HandedIn(Vec<String>),
    /// It is an element of a collection of accounts.
    Elements,
    /// No instance of the repeated block is named, or of the module that it stands in.
    Instances,
}

impl fmt::Display for SharedBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SharedBy::Files(files) => return write!(f, "where the code is run with {}", files.join(", ")),
            SharedBy::Configurations => "by a configuration that includes this file",
            SharedBy::Calls => "by a call that runs this module",
            SharedBy::HandedIn(calls) => return write!(f, "handed in by {}", calls.join(", ")),
            SharedBy::Elements => "for it may be any of several accounts",
            SharedBy::Instances => "for no instance is named here",
        })
    }
}

impl Refusal {
    /// `path:line:column` of what it speaks of, or a path; absent where that is no place.
    pub fn place(&self) -> Option<&str> {
        match self {
            Refusal::Unparsed { place, .. }
            | Refusal::Unread { place, .. }
            | Refusal::Opaque { place, .. }
            | Refusal::ChosenElsewhere { place, .. }
            | Refusal::AlsoDecides { place, .. }
            | Refusal::Vendored { place }
            | Refusal::Outside { place }
            | Refusal::NoCounterpart { place, .. }
            | Refusal::NotExported { place, .. }
            | Refusal::NotKnownToExist { place, .. }
            | Refusal::Dropped { place, .. }
            | Refusal::BothTogether { place, .. }
            | Refusal::ReadForAnother { place, .. }
            | Refusal::Ignored { place, .. }
            | Refusal::PairCollapses { place, .. }
            | Refusal::VersionNotRaised { place, .. } => Some(place),
            Refusal::Edit(
                EditError::Changed { path }
                | EditError::NotThere { path, .. }
                | EditError::Overlap { path, .. },
            ) => Some(path),
            Refusal::NoAccount
            | Refusal::SeveralAccounts { .. }
            | Refusal::UnknownAccount { .. }
            | Refusal::NoReference { .. }
            | Refusal::NotAsMeant(_) => None,
        }
    }

    /// Whether it speaks of the tree, not of what was asked or of a defect.
    pub fn is_finding(&self) -> bool {
        match self {
            Refusal::Unparsed { .. }
            | Refusal::Unread { .. }
            | Refusal::Opaque { .. }
            | Refusal::Vendored { .. }
            | Refusal::Outside { .. }
            | Refusal::ChosenElsewhere { .. }
            | Refusal::AlsoDecides { .. }
            | Refusal::NoCounterpart { .. }
            | Refusal::NotExported { .. }
            | Refusal::NotKnownToExist { .. }
            | Refusal::Dropped { .. }
            | Refusal::BothTogether { .. }
            | Refusal::ReadForAnother { .. }
            | Refusal::Ignored { .. }
            | Refusal::PairCollapses { .. }
            | Refusal::VersionNotRaised { .. } => true,
            Refusal::NoAccount
            | Refusal::SeveralAccounts { .. }
            | Refusal::UnknownAccount { .. }
            | Refusal::NoReference { .. }
            | Refusal::Edit(_)
            | Refusal::NotAsMeant(_) => false,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::NoAccount => f.write_str("no Cosmos DB account occurs in this Terraform"),
            Refusal::SeveralAccounts { accounts } => {
                write!(f, "keys of {} accounts are read: {}", accounts.len(), accounts.join(", "))
            }
            Refusal::UnknownAccount { named, accounts } if accounts.is_empty() => {
                write!(f, "no account is called {named}: no key of any is read here")
            }
            Refusal::UnknownAccount { named, accounts } => {
                write!(f, "no account is called {named}; there are: {}", accounts.join(", "))
            }
            Refusal::NoReference { account, access, defined } => {
                write!(f, "nothing consumes a {access} key of {account}")?;
                match defined {
                    0 => Ok(()),
                    count => write!(f, " ({count} places offer both slots and stay as they are)"),
                }
            }
            Refusal::Unparsed { place, message } => write!(f, "{place}: does not parse: {message}"),
            Refusal::Unread { place, why } => write!(f, "{place}: cannot be read: {why}"),
            Refusal::Opaque { place, why } => write!(f, "{place}: {why}"),
            Refusal::ChosenElsewhere { place, attribute, chooser: Some(chooser) } => {
                write!(
                    f,
                    "{place}: which value of `{chooser}` would choose the other slot than that of `{attribute}` is not \
                     known here"
                )
            }
            Refusal::ChosenElsewhere { place, attribute, chooser: None } => {
                write!(f, "{place}: whether `{attribute}` is read depends on a value at run time")
            }
            Refusal::AlsoDecides { place, chooser, what, .. } => {
                write!(f, "{place}: `{chooser}` chooses the slot and also decides {what}")
            }
            Refusal::Vendored { place } => {
                write!(f, "{place}: lies in a copy of a module from elsewhere, which is not edited")
            }
            Refusal::Outside { place } => {
                write!(f, "{place}: lies outside of the folder that was named, where nothing is edited")
            }
            Refusal::NoCounterpart { place, attribute, call } => {
                write!(f, "{place}: the other slot of `{attribute}` has no name here")?;
                match call {
                    Some(call) => write!(f, " that holds for all callers: not for {call}"),
                    None => Ok(()),
                }
            }
            Refusal::NotExported { place, key, argument, list } => {
                write!(f, "{place}: `{argument}` at {list} does not hold `{key}`")
            }
            Refusal::NotKnownToExist { place, name, of, masked: false } => {
                write!(
                    f,
                    "{place}: whether {of} hands out `{name}` is not known here, and a root that may have written its \
                     state does not"
                )
            }
            Refusal::NotKnownToExist { place, name, of, masked: true } => {
                write!(
                    f,
                    "{place}: whether {of} hands out `{name}` is not known here, and where it does not, something \
                     else would be taken without an error"
                )
            }
            Refusal::Dropped { place, name, declared, masked } => {
                write!(f, "{place}: the variable's type at {declared} has no `{name}`")?;
                match masked {
                    true => f.write_str(", and something else would be taken without an error"),
                    false => f.write_str(", whatever is handed in"),
                }
            }
            Refusal::BothTogether { place, attribute } => {
                write!(
                    f,
                    "{place}: `{attribute}` stands in one list or text with the other slot's, which would be there \
                     no more"
                )
            }
            Refusal::ReadForAnother { place, attribute, accounts, by } => {
                write!(f, "{place}: `{attribute}` is read for {} too, {by}", accounts.join(", "))
            }
            Refusal::Ignored { place, sink, ignored } => {
                write!(
                    f,
                    "{place}: {sink} takes this key once and ignores later ones ({ignored}): it would keep the key \
                     that it has"
                )
            }
            Refusal::PairCollapses { place, sink, other } => {
                write!(
                    f,
                    "{place}: {sink} and {other} look like a pair by their names, each on a slot of its own: both would \
                     end on one"
                )
            }
            Refusal::VersionNotRaised { place, argument, why } => {
                write!(
                    f,
                    "{place}: `{argument}` is written again only when `{argument}_version` is raised, {why}"
                )
            }
            Refusal::Edit(error) => error.fmt(f),
            Refusal::NotAsMeant(what) => write!(f, "the changed files were not as meant: {what}"),
        }
    }
}
