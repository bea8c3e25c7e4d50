//! Words that more than one command takes, as clap knows them. The model knows nothing of clap.

use clap::ValueEnum;

use crate::model::{Access, Slot};

/// A reason that says something; for `value_parser`.
///
/// # Errors
/// Nothing in it that could be read.
pub fn reason(text: &str) -> Result<String, String> {
    match text.contains(char::is_alphanumeric) {
        true => Ok(text.to_owned()),
        false => Err("say why, in words".to_owned()),
    }
}

/// How a command prints what it found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Output {
    Human,
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SlotWord {
    Primary,
    Secondary,
}

impl From<SlotWord> for Slot {
    fn from(word: SlotWord) -> Slot {
        match word {
            SlotWord::Primary => Slot::Primary,
            SlotWord::Secondary => Slot::Secondary,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum AccessWord {
    ReadWrite,
    ReadOnly,
}

impl From<AccessWord> for Access {
    fn from(word: AccessWord) -> Access {
        match word {
            AccessWord::ReadWrite => Access::ReadWrite,
            AccessWord::ReadOnly => Access::ReadOnly,
        }
    }
}
