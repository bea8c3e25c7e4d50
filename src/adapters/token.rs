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
}

/// A token that was read once: from the environment, a file, a person.
pub struct FixedToken(SecretString);

impl FixedToken {
    pub fn new(token: impl Into<SecretString>) -> FixedToken {
        FixedToken(token.into())
    }
}

#[async_trait]
impl TokenSource for FixedToken {
    async fn token(&self) -> Result<SecretString, Fault> {
        Ok(self.0.clone())
    }
}
