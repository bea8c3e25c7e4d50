//! What a class delivers, and since when.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::model::{PinnedClass, SecretVersion, StampName};

/// A class, and what it delivers of the secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Class {
    pub namespace: String,
    pub name: String,
    /// The object's own name and the count of its changes: another text where it says anything else, or is made anew.
    pub edition: String,
    /// The vault that it reads.
    pub vault: String,
    /// Whether it delivers the secret, by what it says today.
    pub delivers: bool,
    /// Whether it delivers one of that name, from a vault that is no stamp's.
    pub elsewhere: bool,
    /// When it last began to say something else, at the latest; `None` where that is not known.
    pub changed: Option<Timestamp>,
    /// Whether it may ever have said something else.
    pub edited: bool,
    /// Every Kubernetes Secret that it fills, from whatever.
    pub fills: Vec<String>,
    /// Kubernetes Secrets that it fills from the secret, with the key that gets the value.
    pub synced: Vec<SyncedKey>,
    /// The versions that it delivers for ever, where its objects name some.
    pub pinned: Vec<SecretVersion>,
}

/// One place in a Kubernetes Secret.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SyncedKey {
    pub secret: String,
    pub key: String,
}

impl Class {
    /// By each version that it delivers for ever.
    pub fn pins(&self) -> impl Iterator<Item = PinnedClass> {
        let (namespace, name) = (&self.namespace, &self.name);
        self.pinned.iter().map(move |version| PinnedClass {
            namespace: namespace.clone(),
            name: name.clone(),
            version: version.clone(),
        })
    }

    /// The class, where these are all the vaults that any stamp has, in small letters; where they are not known, none is another.
    pub fn among(mut self, vaults: &BTreeMap<String, StampName>) -> Class {
        let known = !vaults.is_empty() && !self.vault.is_empty();
        if self.delivers && known && !vaults.contains_key(&self.vault.to_ascii_lowercase()) {
            (self.delivers, self.elsewhere) = (false, true);
            (self.synced, self.pinned) = (Vec::new(), Vec::new());
        }
        self
    }

    /// Whether it may have said something else when a pod began.
    pub fn is_younger(&self, began: Option<Timestamp>) -> bool {
        self.changed.zip(began).is_none_or(|(changed, began)| changed >= began)
    }

    /// Whether a pod that began then may have got the secret from it, which it does not deliver today.
    pub fn may_have_delivered(&self, began: Option<Timestamp>, vault: Option<&str>) -> bool {
        let since = self.changed.zip(began).is_none_or(|(changed, began)| changed >= began);
        since && self.is_no_more(vault)
    }

    pub fn is(&self, namespace: &str, name: &str) -> bool {
        self.namespace == namespace && self.name == name
    }

    /// Whether a Kubernetes Secret that it fills may hold the secret from an earlier time.
    pub fn may_have_filled(&self, vault: Option<&str>) -> bool {
        self.edited && self.is_no_more(vault)
    }

    fn is_no_more(&self, vault: Option<&str>) -> bool {
        let same = self.vault.is_empty() || vault.is_none_or(|vault| self.vault.eq_ignore_ascii_case(vault));
        same && !self.delivers
    }
}
