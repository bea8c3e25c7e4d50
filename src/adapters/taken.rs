//! Whether a service has ever taken the credentials that this process came with.
//!
//! What was taken once may be taken again: somebody renews it, and that is waited for. What never was is a mistake in what
//! this machine was given, and is told at once.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::model::Blindness;
use crate::ports::Fault;

/// `false` until the service has answered as to somebody whom it knows.
#[derive(Default)]
pub struct Taken(AtomicBool);

impl Taken {
    pub fn note(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// The fault of credentials that were not taken, by whether they ever were.
    pub fn judge(&self, fault: Fault) -> Fault {
        match self.0.load(Ordering::Relaxed) {
            true => fault,
            false => Fault { kind: Blindness::Misconfigured, ..fault },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_taken_once_is_waited_for_and_what_never_was_is_not() {
        let taken = Taken::default();
        let kind = || taken.judge(Fault::new(Blindness::Forbidden, "look", "x", "no")).kind;
        assert_eq!(kind(), Blindness::Misconfigured);
        taken.note();
        assert_eq!(kind(), Blindness::Forbidden);
    }
}
