//! What is claimed of an account and of a reference, in words that the table, the trace and the flowchart share.

use anstyle::{AnsiColor, Style};

use crate::model::{Access, SlotUse};
use crate::terraform::{Reference, Role, Tree};

/// What an account's keys are read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claimed {
    Slot(SlotUse),
    /// Both are on offer, or held, as a pair, and nothing takes either alone.
    Pairs,
}

/// The slot in use, in a few words.
pub fn slot_words(reads: Claimed) -> &'static str {
    match reads {
        Claimed::Slot(SlotUse::Only(slot)) => slot.as_str(),
        Claimed::Slot(SlotUse::Mixed) => "mixed",
        Claimed::Slot(SlotUse::None) => "not read",
        Claimed::Slot(SlotUse::Unknown) => "unknown",
        Claimed::Pairs => "both by design",
    }
}

/// The same with its colour.
pub fn slot_colored(reads: Claimed) -> String {
    let style = match reads {
        Claimed::Slot(SlotUse::Only(_)) => AnsiColor::Green.on_default().bold(),
        Claimed::Slot(SlotUse::Mixed) => AnsiColor::Red.on_default().bold(),
        Claimed::Slot(SlotUse::None) | Claimed::Pairs => Style::new().dimmed(),
        Claimed::Slot(SlotUse::Unknown) => AnsiColor::Yellow.on_default().bold(),
    };
    format!("{style}{}{style:#}", slot_words(reads))
}

/// What an account's keys are read from, access by access.
pub fn claims(tree: &Tree, account: usize) -> [(Access, Claimed); 2] {
    let pairs = |access| {
        let both = tree.both.iter().any(|both| both.account == account && both.access == access);
        both || tree.definitions(account, access).next().is_some()
    };
    Access::ALL.map(|access| match tree.slot_use(account, access) {
        SlotUse::None if pairs(access) => (access, Claimed::Pairs),
        reads => (access, Claimed::Slot(reads)),
    })
}

/// What a reference does with its key, where it is not simply consumed.
pub fn role_words(reference: &Reference) -> Option<&'static str> {
    match reference.role {
        Role::Consumer if reference.fallback => Some("taken where what stands before it is not there"),
        Role::Consumer => None,
        Role::Definition => Some("offers both slots"),
        Role::Relay => Some("decided where the name is given its value"),
        Role::Chosen => Some("chosen by a value"),
        Role::Unchosen => Some("not chosen"),
        Role::Tested if reference.replaced => Some("replaced by a later entry, goes nowhere"),
        Role::Tested => Some("only compared, goes nowhere"),
        Role::Choice => Some("unknown: chosen at run time"),
    }
}
