//! What is claimed of an account and of a reference, in words that the table, the trace and the flowchart share.

use anstyle::{AnsiColor, Style};

use crate::model::{Access, SlotUse};
use crate::terraform::{Role, Tree};

/// The slot in use, in one word.
pub fn slot_words(reads: SlotUse) -> &'static str {
    match reads {
        SlotUse::Only(slot) => slot.as_str(),
        SlotUse::Mixed => "mixed",
        SlotUse::None => "not read",
        SlotUse::Unknown => "unknown",
    }
}

/// The same with its colour.
pub fn slot_colored(reads: SlotUse) -> String {
    let style = match reads {
        SlotUse::Only(_) => AnsiColor::Green.on_default().bold(),
        SlotUse::Mixed => AnsiColor::Red.on_default().bold(),
        SlotUse::None => Style::new().dimmed(),
        SlotUse::Unknown => AnsiColor::Yellow.on_default().bold(),
    };
    format!("{style}{}{style:#}", slot_words(reads))
}

/// What an account's keys are read from, access by access.
pub fn claims(tree: &Tree, account: usize) -> [(Access, SlotUse); 2] {
    Access::ALL.map(|access| (access, tree.slot_use(account, access)))
}

/// What a reference does with its key, where it is not simply consumed.
pub fn role_words(role: Role) -> Option<&'static str> {
    match role {
        Role::Consumer => None,
        Role::Definition => Some("offers both slots"),
        Role::Relay => Some("decided where the name is given its value"),
        Role::Chosen => Some("chosen by a value"),
        Role::Unchosen => Some("not chosen"),
        Role::Tested => Some("only compared, goes nowhere"),
        Role::Choice => Some("unknown: chosen at run time"),
    }
}
