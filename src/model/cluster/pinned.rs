//! SecretProviderClasses that never follow the vault.

use crate::model::{ObjectName, SecretVersion};

/// A class that delivers one version of the secret and no other: whoever mounts it, whenever it begins, gets that one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PinnedClass {
    pub namespace: String,
    pub name: String,
    pub version: SecretVersion,
}

impl PinnedClass {
    /// The kind of such an object, as the API writes it.
    pub const KIND: &str = "SecretProviderClass";

    pub fn object(&self) -> ObjectName {
        ObjectName::new(Self::KIND, self.namespace.as_str(), self.name.as_str())
    }
}
