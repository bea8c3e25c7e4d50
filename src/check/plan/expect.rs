//! Which secrets are expected to change: by their names, or by what the code says of who takes the account's key.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::model::Access;
use crate::terraform::plan::{KEY_VAULT_SECRET, ResourceChange};
use crate::terraform::{Role, SinkKind, Tree};

/// One or more Key Vault secrets, by what is known of them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Secret {
    /// By its name in Key Vault, where case does not count.
    Named(String),
    /// By the code that makes it.
    Made {
        /// The name of the resource block.
        block: String,
        /// The element of the block that takes the key; absent where the block is not repeated, or any may.
        element: Option<String>,
        /// What the secret is called, as far as the code tells.
        name: String,
        /// The accounts whose keys it takes, by their numbers in the tree, and which of the two kinds.
        keys: BTreeSet<(usize, Access)>,
    },
}

impl Secret {
    /// Whether both take one key, where the code tells.
    pub fn shares_key(&self, other: &Secret) -> bool {
        matches!((self, other), (Secret::Made { keys, .. }, Secret::Made { keys: theirs, .. })
            if !keys.is_disjoint(theirs))
    }

    /// Whether a change is of this secret.
    pub fn is_met_by(&self, change: &ResourceChange) -> bool {
        let is_secret = change.kind == KEY_VAULT_SECRET && !change.data;
        is_secret
            && match self {
                Secret::Named(name) => {
                    change.secret.as_deref().is_some_and(|secret| secret.eq_ignore_ascii_case(name))
                }
                Secret::Made { block, element, .. } => {
                    change.name == *block && (element.is_none() || change.index == *element)
                }
            }
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Secret::Named(name) | Secret::Made { name, .. } => f.write_str(name),
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
        let takes = |role| matches!(role, Role::Consumer | Role::Chosen | Role::Choice);
        let flows = tree.flows().iter().filter(|flow| takes(tree.references[flow.reference].role));
        let secrets = flows.filter(|flow| flow.sink.kind == SinkKind::KeyVaultSecret);
        let mut made: BTreeMap<_, BTreeSet<(usize, Access)>> = BTreeMap::new();
        for flow in secrets {
            let (sink, reference) = (&flow.sink, &tree.references[flow.reference]);
            // `resource`, the type, the name.
            let block = sink.binding.get(2).cloned().unwrap_or_default();
            let keys = made.entry((block, sink.element.clone(), sink.name.clone())).or_default();
            keys.insert((reference.account, reference.access));
        }
        self.secrets.extend(made.into_iter().map(|((block, element, name), keys)| Secret::Made {
            block,
            element,
            name,
            keys,
        }));
        self.secrets.sort();
        self.secrets.dedup();
        self.closed = true;
        self
    }

    pub fn secrets(&self) -> &[Secret] {
        &self.secrets
    }

    /// Whether it is known that none is meant to change.
    pub fn is_nothing(&self) -> bool {
        self.closed && self.secrets.is_empty()
    }

    /// Whether a secret is meant to change; absent where nobody said anything.
    pub fn includes(&self, change: &ResourceChange) -> Option<bool> {
        self.closed.then(|| self.secrets.iter().any(|secret| secret.is_met_by(change)))
    }
}
