//! Exit codes, and how every kind of error becomes one.
//!
//! The codes are part of the interface: scripts branch on them. A new kind of error does not compile until it
//! has been given its code here.

use std::process::ExitCode;

use super::error::ErrorKind;

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done, or nothing to do.
    Done,
    /// Something was found that people should look at; or a change was refused because of it.
    Findings,
    /// What was typed or configured cannot be carried out as it stands.
    Usage,
    /// The rotation waits for something that time or other people bring.
    Waiting,
    /// The rotation stands still until a person acts.
    Halted,
    /// Network, permission, disk, server: not the user's fault and not ours.
    World,
    /// A defect of keyslot.
    Bug,
}

impl Exit {
    pub const ALL: [Exit; 7] =
        [Exit::Done, Exit::Findings, Exit::Usage, Exit::Waiting, Exit::Halted, Exit::World, Exit::Bug];

    /// The number that the shell sees.
    pub fn code(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::Findings => 1,
            Exit::Usage => 2,
            Exit::Waiting => 3,
            Exit::Halted => 4,
            Exit::World => 5,
            // EX_SOFTWARE of sysexits.h.
            Exit::Bug => 70,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.code())
    }
}

impl From<ErrorKind> for Exit {
    fn from(kind: ErrorKind) -> Exit {
        match kind {
            ErrorKind::Usage | ErrorKind::Configuration => Exit::Usage,
            ErrorKind::Refused => Exit::Findings,
            ErrorKind::Halted => Exit::Halted,
            ErrorKind::Waiting => Exit::Waiting,
            ErrorKind::World => Exit::World,
            ErrorKind::Bug => Exit::Bug,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_end_has_a_code_of_its_own() {
        let codes: BTreeSet<u8> = Exit::ALL.into_iter().map(Exit::code).collect();
        assert_eq!(codes, BTreeSet::from([0, 1, 2, 3, 4, 5, 70]));
    }
}
