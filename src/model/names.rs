//! Names and ids as types of their own, so that none can stand where another belongs.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }
    };
}

name!(
    /// A stamp: one region of one release unit, with a Key Vault and a cluster.
    StampName
);
name!(
    /// int, prod, …: an account, stamps, branches and a pipeline of its own.
    EnvironmentName
);
name!(
    /// A git branch without `refs/heads/`.
    BranchName
);
name!(
    /// The full hexadecimal object id of a git commit.
    CommitId
);
name!(
    /// A rotation's id: digest of account, retired slot and the retired key's generation time.
    RotationId
);
name!(
    /// The key of one step within a rotation: the same work has the same key, whoever does it.
    StepKey
);
name!(
    /// A pipeline run's id as the pipeline service writes it.
    RunId
);
name!(
    /// A Key Vault secret version.
    SecretVersion
);

impl CommitId {
    /// The first twelve characters, for people.
    pub fn short(&self) -> &str {
        self.0.get(..12).unwrap_or(&self.0)
    }
}

/// A pull request's number in its repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PullNumber(pub u64);

impl fmt::Display for PullNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}
