//! What is kept of one scope: a token until shortly before its end, a refusal for a while.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use azure_core::credentials::AccessToken;

use super::no_token::NoToken;

/// One scope.
#[derive(Debug, Default)]
pub(super) struct OfScope {
    /// Held while a token is asked for: who comes meanwhile gets the same.
    pub(super) asking: tokio::sync::Mutex<()>,
    kept: Mutex<Kept>,
}

impl OfScope {
    /// For a moment only: a refusal is heard while a token is asked for.
    pub(super) fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is known of one scope.
#[derive(Debug, Default)]
pub(super) struct Kept {
    pub(super) token: Option<AccessToken>,
    pub(super) refused: Option<(Instant, NoToken)>,
    /// When a token was dropped last.
    pub(super) dropped: Option<Instant>,
}

impl Kept {
    /// What is said without asking.
    pub(super) fn known(&self) -> Option<Result<AccessToken, NoToken>> {
        let now = azure_core::time::OffsetDateTime::now_utc();
        let living = self.token.as_ref().filter(|token| token.expires_on - now > BEFORE_ITS_END);
        let refused = self.refused.as_ref().filter(|(at, _)| at.elapsed() < STILL_REFUSED);
        let refusal = || refused.map(|(_, told)| Err(told.clone()));
        living.cloned().map(Ok).or_else(refusal)
    }

    /// Drops the token, if it is this one. `None` where it is another one's.
    pub(super) fn drop_refused(&mut self, token: &str) -> Option<bool> {
        self.token.as_ref().filter(|kept| kept.token.secret() == token)?;
        let is_due = self.dropped.is_none_or(|at| at.elapsed() >= STILL_DROPPED);
        if is_due {
            (self.token, self.dropped) = (None, Some(Instant::now()));
        }
        Some(is_due)
    }

    pub(super) fn keep(&mut self, answer: &Result<AccessToken, NoToken>) {
        match answer {
            Ok(token) => self.token = Some(token.clone()),
            Err(told) => self.refused = Some((Instant::now(), told.clone())),
        }
    }
}

/// For how long a refusal stands: sixty clusters that want one token ask for it once.
const STILL_REFUSED: Duration = Duration::from_secs(5);

/// For how long no other token is dropped after one was.
const STILL_DROPPED: Duration = Duration::from_secs(60);

/// How long before its end a token is no longer handed out.
const BEFORE_ITS_END: azure_core::time::Duration = azure_core::time::Duration::minutes(5);
