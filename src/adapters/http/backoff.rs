//! Asking again, for reads only.
//!
//! The one place where keyslot repeats a request by itself. Waits go through the [`Clock`], honour the server's
//! `Retry-After`, and are bounded; effects never come here.

use std::future::Future;
use std::time::Duration;

use crate::ports::{Clock, Fault};

/// Why a read gave nothing.
#[derive(Debug)]
pub enum ReadError {
    /// Asking again will not help.
    Final(Fault),
    /// Throttled or out of order for the moment; with the server's own wish, if it had one.
    Later(Fault, Option<Duration>),
}

impl ReadError {
    pub fn into_fault(self) -> Fault {
        match self {
            ReadError::Final(fault) | ReadError::Later(fault, _) => fault,
        }
    }
}

/// How often and how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// Attempts in all.
    pub attempts: u32,
    /// The first wait; each further one is twice as long.
    pub first: Duration,
    /// No wait is longer. A server that asks for more is not waited for: the caller gets the fault and looks
    /// again at its own pace.
    pub longest: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Backoff::USUAL
    }
}

impl Backoff {
    /// 1, 2, 4 s, as Key Vault's documentation advises, and a server's wish up to 30 s.
    pub const USUAL: Backoff =
        Backoff { attempts: 4, first: Duration::from_secs(1), longest: Duration::from_secs(30) };

    /// Runs the read until it succeeds, fails for good, or the attempts are used up.
    ///
    /// # Errors
    /// The last fault.
    pub async fn read<T, F>(&self, clock: &dyn Clock, mut read: impl FnMut() -> F) -> Result<T, Fault>
    where
        F: Future<Output = Result<T, ReadError>>,
    {
        let mut wait = self.first;
        for _ in 1..self.attempts {
            match read().await {
                Ok(value) => return Ok(value),
                Err(ReadError::Final(fault)) => return Err(fault),
                Err(ReadError::Later(fault, wish)) => {
                    let pause = wish.unwrap_or(wait);
                    if pause > self.longest {
                        return Err(fault);
                    }
                    clock.sleep_until(clock.now() + pause).await;
                    wait = (wait * 2).min(self.longest);
                }
            }
        }
        read().await.map_err(ReadError::into_fault)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};
    use std::sync::Mutex;

    use jiff::Timestamp;

    use super::*;
    use crate::model::Blindness;

    /// A clock that jumps, and remembers how far.
    struct Jumping(Mutex<Vec<Duration>>);

    #[async_trait::async_trait]
    impl Clock for Jumping {
        fn now(&self) -> Timestamp {
            Timestamp::UNIX_EPOCH
        }

        fn monotonic(&self) -> Duration {
            Duration::ZERO
        }

        async fn sleep_until(&self, until: Timestamp) {
            let wait = until.duration_since(Timestamp::UNIX_EPOCH).unsigned_abs();
            self.0.lock().unwrap().push(wait);
        }
    }

    fn fault() -> Fault {
        Fault::new(Blindness::Throttled, "look", "x", "busy")
    }

    async fn run(answers: Vec<Result<u8, ReadError>>) -> (Result<u8, Fault>, Vec<u64>, usize) {
        let clock = Jumping(Mutex::new(Vec::new()));
        let asked = Cell::new(0);
        let answers = RefCell::new(answers.into_iter());
        let result = Backoff::default()
            .read(&clock, || {
                asked.set(asked.get() + 1);
                let next = answers.borrow_mut().next().unwrap();
                async move { next }
            })
            .await;
        let waits = clock.0.lock().unwrap().iter().map(Duration::as_secs).collect();
        (result, waits, asked.get())
    }

    #[tokio::test]
    async fn waits_double_and_a_servers_wish_replaces_them() {
        let (result, waits, _) = run(vec![
            Err(ReadError::Later(fault(), None)),
            Err(ReadError::Later(fault(), Some(Duration::from_secs(7)))),
            Err(ReadError::Later(fault(), None)),
            Ok(5),
        ])
        .await;
        assert_eq!((result, waits), (Ok(5), vec![1, 7, 4]));
    }

    #[tokio::test]
    async fn a_final_answer_and_a_wish_too_long_are_not_repeated() {
        let (result, waits, asked) = run(vec![Err(ReadError::Final(fault()))]).await;
        assert_eq!((result, waits, asked), (Err(fault()), vec![], 1));
        let long = Some(Duration::from_secs(600));
        let (result, waits, asked) = run(vec![Err(ReadError::Later(fault(), long))]).await;
        assert_eq!((result, waits, asked), (Err(fault()), vec![], 1));
    }

    #[tokio::test]
    async fn attempts_are_bounded() {
        let later = || Err(ReadError::Later(fault(), None));
        let (result, waits, asked) = run(vec![later(), later(), later(), later()]).await;
        assert_eq!((result, waits, asked), (Err(fault()), vec![1, 2, 4], 4));
    }
}
