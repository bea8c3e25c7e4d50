//! Errors of the layers below as errors of the command line.

use super::{CliError, ErrorKind};
use crate::drive::DriveError;
use crate::journal::JournalError;
use crate::ports::Fault;
use crate::render::span;

impl From<Fault> for CliError {
    fn from(fault: Fault) -> CliError {
        let Fault { kind: _, what, subject, why, remedy, respite: _ } = fault;
        let error = CliError::world(format!("cannot {what}")).at(subject).because(why);
        if remedy.is_empty() { error } else { error.hint(remedy) }
    }
}

/// What tells of the world all the same where the journal is not to be read.
const NO_JOURNAL: &str = "`keyslot verify` works without the journal, too: it shows which key everybody uses";

impl From<JournalError> for CliError {
    fn from(error: JournalError) -> CliError {
        let told = CliError::from(error.fault());
        match error {
            // Whoever wrote first is at work; this one may come again.
            JournalError::Conflict { .. } => CliError { kind: ErrorKind::Waiting, ..told },
            JournalError::NewerFormat { .. } => told,
            _ => told.hint(NO_JOURNAL),
        }
    }
}

impl From<DriveError> for CliError {
    fn from(error: DriveError) -> CliError {
        match error {
            DriveError::Journal(error) => error.into(),
            DriveError::Illegal(error) => CliError::world("the journal contradicts itself")
                .because(error)
                .hint("restore the journal from a backup; nothing was done")
                .hint(NO_JOURNAL),
            DriveError::AnotherIsOpen { open, retiring, asked } => {
                let error = CliError::usage("another rotation is open").at(open).because(format!("it retires {retiring}"));
                asked.into_iter().fold(error, CliError::because).hint(
                    "go on with it (`keyslot rotate`), or close it with a reason (`keyslot close --because …`)",
                )
            }
            DriveError::Settled { open, asked } => {
                CliError::usage("what was asked for is settled when a rotation is opened, and this one has it otherwise")
                    .at(open)
                    .because(asked)
                    .hint("go on with it as it is: the same command without the option")
                    .hint("or close it with a reason (`keyslot close --because …`) and begin anew: what is done is found and skipped")
            }
            DriveError::AnotherAccount { open, theirs, ours } => CliError::usage("the open rotation is of another account")
                .at(open)
                .because(format!("it is of {theirs}, and keyslot.toml names {ours}"))
                .hint("give each account a `state` or an environment of its own; or put `account` back")
                .hint("or end that rotation: `keyslot close --because …`"),
            DriveError::SecondIsDue(kind) => {
                CliError::usage("the second of two rotations is due").because(format!("the {kind} key is to go next")).hint(
                    "go on with it (`keyslot rotate`), or end it with a reason (`keyslot close --because …`)",
                )
            }
            DriveError::Unclear(says) => says
                .into_iter()
                .fold(CliError::usage("which slot to retire is not clear"), CliError::because)
                .hint("say which key is to go: --retire primary or --retire secondary"),
            DriveError::AccountUnseen(why) => {
                CliError::world("the account cannot be read, so no rotation can begin").because(why)
            }
            DriveError::CodeUnseen(why) => {
                CliError::world("the branches cannot be read, so nobody can say which slot is in use").because(why)
            }
            DriveError::NoSuchRelease { branch, why } => CliError::usage("the remote has no such branch")
                .at(branch)
                .because(why)
                .hint("correct the name; nothing was written down or changed"),
            DriveError::ReleaseUnseen(why) => {
                CliError::world("the branches cannot be read, so nobody can say whether that one is there").because(why)
                .hint("nothing was written down or changed: run it again")
            }
            DriveError::VaultsUnseen(says) => says
                .into_iter()
                .fold(CliError::world("not every vault can be read, so nobody can say which slot is in use"), CliError::because)
                .hint("mend that first; from a machine that is not meant to reach them, name the slot (--retire SLOT)"),
            DriveError::NoneOpen => {
                CliError::usage("no rotation is open").hint("`keyslot status` tells of the last one")
            }
            DriveError::AtWork { holder, until } => CliError::new(ErrorKind::Waiting, "somebody else is at work on this rotation")
                .at(holder)
                .because(format!("it holds the lease until {} at the latest, and nothing was done", span::rfc3339(until)))
                .hint("end it there (Ctrl-C gives the lease back; `keyslot pause` has it stop before its next step), or come back then"),
            DriveError::NeverAccepted(gate) => CliError::new(ErrorKind::Usage, "this gate is one that nobody may open")
                .at(gate)
                .hint("`keyslot explain` says what opens it"),
        }
    }
}
