//! One source of tokens, and how it is made: anew where a token of it was refused, for the crate's credentials keep theirs.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use azure_core::credentials::{AccessToken, TokenCredential};

use super::no_token::NoToken;
use crate::model::Blindness;
use crate::ports::Fault;

type Credential = Arc<dyn TokenCredential>;
type Make = Box<dyn Fn() -> azure_core::Result<Credential> + Send + Sync>;

pub(super) struct Candidate {
    pub name: &'static str,
    make: Make,
    now: Mutex<Credential>,
}

impl std::fmt::Debug for Candidate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Candidate").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Candidate {
    /// # Errors
    /// What is missing for it.
    pub fn new<C: TokenCredential + 'static>(
        name: &'static str,
        make: impl Fn() -> azure_core::Result<Arc<C>> + Send + Sync + 'static,
    ) -> Result<Candidate, Fault> {
        let make: Make = Box::new(move || make().map(|made| made as Credential));
        match make() {
            Ok(now) => Ok(Candidate { name, make, now: Mutex::new(now) }),
            Err(error) => {
                let why = super::super::chain(&error);
                Err(Fault::new(Blindness::Forbidden, "set up a credential", name, why))
            }
        }
    }

    /// From here on without any token that it has kept.
    pub fn renew(&self) {
        if let Ok(new) = (self.make)() {
            *self.now.lock().unwrap_or_else(PoisonError::into_inner) = new;
        }
    }

    pub async fn token(&self, scopes: &[&str], patience: Duration) -> Result<AccessToken, NoToken> {
        let now = Arc::clone(&self.now.lock().unwrap_or_else(PoisonError::into_inner));
        match tokio::time::timeout(patience, now.get_token(scopes, None)).await {
            Ok(answer) => answer.map_err(|error| NoToken::of(&error)),
            Err(_) => {
                let why = format!("{} gave no answer within {} s", self.name, patience.as_secs_f64());
                Err(NoToken::silent(why))
            }
        }
    }
}
