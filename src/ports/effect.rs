//! How a call to the outside can end.

use std::fmt;

use crate::model::{Blind, Blindness, Respite};

/// A fault of the world: what was tried, on what, why it failed, what a person can do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub kind: Blindness,
    /// What was tried, as “list the pods”.
    pub what: String,
    /// On what, as “cluster aks-eastus”.
    pub subject: String,
    /// Why it failed: the chain of causes, without secrets.
    pub why: String,
    /// What to do; empty where nothing can be said.
    pub remedy: String,
    /// When a refused request may come again.
    pub respite: Respite,
}

impl Fault {
    pub fn new(
        kind: Blindness,
        what: impl Into<String>,
        subject: impl Into<String>,
        why: impl Into<String>,
    ) -> Fault {
        Fault {
            kind,
            what: what.into(),
            subject: subject.into(),
            why: why.into(),
            remedy: String::new(),
            respite: Respite::Unsaid,
        }
    }

    pub fn remedy(mut self, remedy: impl Into<String>) -> Fault {
        self.remedy = remedy.into();
        self
    }

    pub fn respite(mut self, respite: Respite) -> Fault {
        self.respite = respite;
        self
    }

    /// The same as the reason for not seeing something.
    pub fn blind(&self) -> Blind {
        Blind { kind: self.kind, why: self.to_string() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot {} ({}): {}", self.what, self.subject, self.why)?;
        if !self.remedy.is_empty() {
            write!(f, "; {}", self.remedy)?;
        }
        Ok(())
    }
}

impl std::error::Error for Fault {}

/// The end of a call that was meant to change something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect<T> {
    /// The service said that it is done, or taken on.
    Applied(T),
    /// Nothing was sent: no connection, no permit, a refusal on our side.
    NotSent(Fault),
    /// The service answered no; nothing has changed.
    Refused(Fault),
    /// Sent, but no answer that tells. Only a new observation decides.
    Unknown(Fault),
}

impl<T> Effect<T> {
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Effect<U> {
        match self {
            Effect::Applied(value) => Effect::Applied(f(value)),
            Effect::NotSent(fault) => Effect::NotSent(fault),
            Effect::Refused(fault) => Effect::Refused(fault),
            Effect::Unknown(fault) => Effect::Unknown(fault),
        }
    }
}
