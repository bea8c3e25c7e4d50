//! What is wrong with the settings: file, line, column, key, what, and what to do.

use std::fmt;
use std::path::PathBuf;

use crate::cli::{CliError, ErrorKind};

/// One thing that is wrong. The line itself is not quoted: a secret may have been put there by mistake.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct SettingsError {
    /// Empty where no file was found.
    pub file: PathBuf,
    /// 1-based line and column, in characters.
    pub at: Option<(usize, usize)>,
    /// The key's full name, as `environment.prod.account`.
    pub key: String,
    pub what: String,
    /// What to do, one thing a line.
    pub remedies: Vec<String>,
}

impl SettingsError {
    pub(super) fn new(what: impl Into<String>) -> SettingsError {
        SettingsError { what: what.into(), ..SettingsError::default() }
    }

    pub(super) fn remedy(mut self, remedy: impl Into<String>) -> SettingsError {
        self.remedies.push(remedy.into());
        self
    }

    /// `file:line:column`, as editors take it.
    pub fn place(&self) -> String {
        let file = self.file.display();
        match self.at {
            Some((line, column)) => format!("{file}:{line}:{column}"),
            None => file.to_string(),
        }
    }
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = self.place();
        if !place.is_empty() {
            write!(f, "{place}: ")?;
        }
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        write!(f, "{}", self.what)?;
        for remedy in &self.remedies {
            write!(f, "; {remedy}")?;
        }
        Ok(())
    }
}

impl std::error::Error for SettingsError {}

impl From<SettingsError> for CliError {
    fn from(error: SettingsError) -> CliError {
        let place = error.place();
        let why = match error.key.as_str() {
            "" => error.what,
            key => format!("{key}: {}", error.what),
        };
        let told = CliError::new(ErrorKind::Configuration, "the configuration cannot be used").at(place);
        error.remedies.into_iter().fold(told.because(why), CliError::hint)
    }
}
