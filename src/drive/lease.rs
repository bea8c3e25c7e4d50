//! Taking, renewing and giving back the lease.

use jiff::Timestamp;

use super::{DriveError, Driver};
use crate::journal::{LeaseChange, LeaseEvent, LeaseMove, current_lease, next_move};
use crate::ports::LeaseTerm;
use crate::rotation::Event;

impl LeaseEvent for Event {
    fn lease_change(&self) -> Option<LeaseChange<'_>> {
        match self {
            Event::Lease { holder, until } => Some(LeaseChange::Held { holder, until: *until }),
            Event::Released { holder } => Some(LeaseChange::Released { holder }),
            _ => None,
        }
    }
}

/// Whether we may act.
pub(super) enum Standing {
    Held,
    /// Taken or renewed just now: what was decided without it is to be decided again.
    New,
    /// Until then somebody else holds it.
    Of {
        holder: String,
        until: Timestamp,
    },
}

impl Driver {
    /// Takes or renews the lease where that is possible now.
    pub(super) async fn hold_lease(&mut self) -> Result<Standing, DriveError> {
        match self.lease_move() {
            LeaseMove::Keep => Ok(Standing::Held),
            LeaseMove::Take { until } | LeaseMove::Renew { until } => {
                self.append(Event::Lease { holder: self.holder.clone(), until }).await?;
                Ok(Standing::New)
            }
            LeaseMove::Wait { holder, free_at } => Ok(Standing::Of { holder, until: free_at }),
        }
    }

    /// What is to be done for the lease now.
    pub(super) fn lease_move(&self) -> LeaseMove {
        let now = self.ports.clock.now();
        let lease = current_lease(self.journal.records());
        match next_move(lease.as_ref(), &self.holder, now, &self.lease_terms) {
            LeaseMove::Wait { .. } if self.alone => next_move(None, &self.holder, now, &self.lease_terms),
            other => other,
        }
    }

    /// The lease as a permit carries it.
    pub(super) fn lease_term(&self) -> Option<LeaseTerm> {
        current_lease(self.journal.records())
            .filter(|lease| lease.holder == self.holder)
            .map(|lease| lease.permit_term(&self.lease_terms))
    }

    /// Gives the lease back, if it is ours. Whoever comes next need not wait for its end.
    ///
    /// A turn that was stopped in the middle of a record may have written it all the same: the journal then reads it, and
    /// this asks once more.
    ///
    /// # Errors
    /// The journal could not be written; the lease then runs out by itself.
    pub async fn release(&mut self) -> Result<(), DriveError> {
        match self.release_once().await {
            Err(error) if error.is_conflict() => self.release_once().await,
            end => end,
        }
    }

    async fn release_once(&mut self) -> Result<(), DriveError> {
        let ours = current_lease(self.journal.records()).is_some_and(|lease| lease.holder == self.holder);
        if ours {
            self.append(Event::Released { holder: self.holder.clone() }).await?;
        }
        Ok(())
    }
}
