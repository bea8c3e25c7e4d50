//! The one error of the command line: what failed, where, why, and what to do.
//!
//! Layers below have errors of their own; a command turns them into this at the place where it knows what the
//! user was after. Texts never hold key material.

use std::fmt;
use std::io;

/// Whose turn it is now. Decides the exit code (see [`super::exit::Exit`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// What was typed does not fit what is there.
    Usage,
    /// A configuration file says something that cannot be.
    Configuration,
    /// keyslot will not do this to what it found.
    Refused,
    /// A person has to act before it can go on.
    Halted,
    /// Somebody else is at work; later it can go on.
    Waiting,
    /// Network, permission, disk, server.
    World,
    /// Ours.
    Bug,
}

/// An error as people read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CliError {
    pub kind: ErrorKind,
    /// What could not be done, as “cannot read the folder”.
    pub what: String,
    /// On what: a path, an account, a stamp. Empty where `what` says it all.
    pub place: String,
    /// Why, one cause a line, the nearest first.
    pub why: Vec<String>,
    /// What to do about it.
    pub hints: Vec<String>,
}

impl CliError {
    pub fn new(kind: ErrorKind, what: impl Into<String>) -> CliError {
        CliError { kind, what: what.into(), place: String::new(), why: Vec::new(), hints: Vec::new() }
    }

    pub fn usage(what: impl Into<String>) -> CliError {
        CliError::new(ErrorKind::Usage, what)
    }

    pub fn world(what: impl Into<String>) -> CliError {
        CliError::new(ErrorKind::World, what)
    }

    pub fn refused(what: impl Into<String>) -> CliError {
        CliError::new(ErrorKind::Refused, what)
    }

    pub fn bug(what: impl Into<String>) -> CliError {
        CliError::new(ErrorKind::Bug, what).hint(REPORT)
    }

    pub fn at(mut self, place: impl fmt::Display) -> CliError {
        self.place = place.to_string();
        self
    }

    pub fn because(mut self, why: impl fmt::Display) -> CliError {
        self.why.push(why.to_string());
        self
    }

    /// Adds an error and everything that it says it was caused by.
    pub fn caused_by(mut self, error: &dyn std::error::Error) -> CliError {
        let mut next = Some(error);
        while let Some(cause) = next {
            self.why.push(cause.to_string());
            next = cause.source();
        }
        self
    }

    pub fn hint(mut self, hint: impl Into<String>) -> CliError {
        self.hints.push(hint.into());
        self
    }

    /// For the common case: the operating system said no.
    pub fn io(what: impl Into<String>, place: impl fmt::Display, error: &io::Error) -> CliError {
        CliError::world(what).at(place).because(error)
    }
}

/// Where defects go.
pub const REPORT: &str =
    "this is a defect of keyslot; please report it to its maintainers, with the command and this text";

impl fmt::Display for CliError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        if !self.place.is_empty() {
            write!(f, ": {}", self.place)?;
        }
        for why in &self.why {
            write!(f, ": {why}")?;
        }
        Ok(())
    }
}

impl std::error::Error for CliError {}
