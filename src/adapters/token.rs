//! Where an adapter gets the token that it sends.
//!
//! Owns the one trait between “how people keep their tokens” and the adapters that send them (git, GitHub, Azure
//! DevOps). A token may expire, so it is asked for just before each use. It never appears in `Debug`, in an error
//! or in an argument.
//!
//! [`search`] walks through the places where people have them; [`gh`] and [`github_app`] are two of those, git's
//! credential helpers are [`super::git`]'s.

pub mod gh;
pub mod github_app;
pub mod search;

use async_trait::async_trait;
use secrecy::SecretString;

use crate::ports::Fault;

/// Hands out a token that is good now.
#[async_trait]
pub trait TokenSource: Send + Sync {
    /// # Errors
    /// Where no token can be had, with the places that were tried and never a value.
    async fn token(&self) -> Result<SecretString, Fault>;

    /// The token that it handed out last was not taken: it is not handed out again where another may be had.
    async fn forget(&self) {}

    /// Where the token that it handed out last comes from, for words to people.
    fn place(&self) -> String {
        "the configured place".to_owned()
    }
}

/// A token that was read once: from the environment, a file, a person.
pub struct FixedToken {
    token: SecretString,
    place: String,
}

impl FixedToken {
    pub fn new(token: impl Into<SecretString>) -> FixedToken {
        FixedToken { token: token.into(), place: "the configured place".to_owned() }
    }

    /// Read from there.
    pub fn from(self, place: impl Into<String>) -> FixedToken {
        FixedToken { place: place.into(), ..self }
    }
}

#[async_trait]
impl TokenSource for FixedToken {
    async fn token(&self) -> Result<SecretString, Fault> {
        Ok(self.token.clone())
    }

    fn place(&self) -> String {
        self.place.clone()
    }
}
