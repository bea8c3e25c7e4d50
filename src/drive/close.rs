//! Closing the open rotation by a person's word.

use super::lease::Standing;
use super::{DriveError, Driver};
use crate::rotation::Event;

impl Driver {
    /// Closes the open rotation with a person's reason. Under the lease: while somebody else is at work, their next step
    /// would come after the end, and two would write to the pull request.
    ///
    /// # Errors
    /// No rotation is open; somebody else is at work; the journal.
    pub async fn close(&mut self, reason: &str) -> Result<(), DriveError> {
        // What is due and not begun is begun, so that the journal says why it ends. Where the account is another one or is not
        // to be seen, it is ended unbegun.
        let unbegun = match self.open_second().await {
            Ok(_) => false,
            Err(DriveError::AnotherAccount { .. } | DriveError::AccountUnseen(_)) => true,
            Err(error) => return Err(error),
        };
        if !unbegun && self.fold.rotation().is_none() {
            self.tell_the_end().await;
            return Err(DriveError::NoneOpen);
        }
        if let Standing::Of { holder, until } = self.hold_lease().await? {
            return Err(DriveError::AtWork { holder, until });
        }
        self.append(Event::Closed { done: false, reason: reason.to_owned() }).await?;
        if !unbegun {
            self.tell().await;
        }
        self.release().await
    }
}
