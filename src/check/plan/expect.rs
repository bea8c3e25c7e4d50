//! Which secrets are expected to change: by their names, or by what the code says of who takes the account's key.

use std::fmt;

use crate::terraform::plan::{KEY_VAULT_SECRET, ResourceChange};
use crate::terraform::{Role, Tree};

/// One or more Key Vault secrets, by what is known of them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Secret {
    /// By its name in Key Vault, where case does not count.
    Named(String),
    /// By the resource block whose value takes the key.
    Block(String),
    /// By the entry of a map that holds the key: the key of `for_each`, or the secret's name.
    Entry(String),
}

impl Secret {
    /// Whether a change is of this secret.
    pub fn is_met_by(&self, change: &ResourceChange) -> bool {
        let is_called =
            |name: &str| change.secret.as_deref().is_some_and(|secret| secret.eq_ignore_ascii_case(name));
        change.kind == KEY_VAULT_SECRET
            && !change.data
            && match self {
                Secret::Named(name) => is_called(name),
                Secret::Block(name) => change.name == *name,
                Secret::Entry(key) => change.index.as_ref() == Some(key) || is_called(key),
            }
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Secret::Named(name) | Secret::Entry(name) => f.write_str(name),
            Secret::Block(name) => write!(f, "{KEY_VAULT_SECRET}.{name}"),
        }
    }
}

/// What is known of which secrets are meant to change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expectation {
    secrets: Vec<Secret>,
    /// Whether these are all: then others are not meant to.
    closed: bool,
}

impl Expectation {
    /// Secrets by name; with none, nothing is known.
    pub fn named(names: &[String]) -> Expectation {
        let secrets = names.iter().cloned().map(Secret::Named).collect();
        Expectation { secrets, closed: !names.is_empty() }
    }

    /// Those too that take a key of an account in this tree. After this, others are not meant to change.
    pub fn and_of(mut self, tree: &Tree) -> Expectation {
        let consumers = tree.references.iter().filter(|reference| reference.role != Role::Definition);
        self.secrets.extend(consumers.filter_map(|reference| taker(&reference.binding)));
        self.secrets.sort();
        self.secrets.dedup();
        self.closed = true;
        self
    }

    pub fn secrets(&self) -> &[Secret] {
        &self.secrets
    }

    /// Whether a secret is meant to change; absent where nobody said anything.
    pub fn includes(&self, change: &ResourceChange) -> Option<bool> {
        self.closed.then(|| self.secrets.iter().any(|secret| secret.is_met_by(change)))
    }
}

/// Where in the code's structure a key ends, as far as it may be a secret's.
fn taker(binding: &[String]) -> Option<Secret> {
    match binding {
        [resource, kind, name, ..] if resource == "resource" && kind == KEY_VAULT_SECRET => {
            Some(Secret::Block(name.clone()))
        }
        [root, ..] if matches!(root.as_str(), "resource" | "data" | "output" | "provider") => None,
        [.., last] => Some(Secret::Entry(last.clone())),
        [] => None,
    }
}
