//! How far back logs go, for the plan: from when on they can tell what gates will ask of them. Nothing here holds anything.

use jiff::Timestamp;

use super::reason::later;
use super::{Concern, Foresight};
use crate::model::{Policy, UsageView, World};

impl Foresight {
    /// Notes logs that do not go back as far as gates will ask, and from when on they do.
    pub fn logged(mut self, world: &World, policy: &Policy, now: Timestamp) -> Foresight {
        let Some(lag) = policy.log_lag else { return self };
        let usage = world.usage.as_ref().and_then(|seen| seen.get());
        if let Some(begins) = usage.and_then(UsageView::oldest) {
            let from = later(begins, policy.quiet_window + lag);
            if from > now {
                self.concerns.push(Concern::LogsBegin { begins, from });
            }
        }
        let census = world.census.as_ref().and_then(|seen| seen.get()).zip(policy.census());
        let Some((census, window)) = census else { return self };
        if let Ok(used) = &census.used
            && used.begins() > used.since
            && !self.is_younger(world, used.begins())
        {
            let begins = used.begins();
            self.concerns.push(Concern::CensusBegins { begins, from: later(begins, window) });
        }
        if let Ok(audit) = &census.read {
            let late = audit.begins_late().filter(|(_, begins)| !self.is_younger(world, *begins));
            let vaults: Vec<_> = late.map(|(stamp, begins)| (stamp.clone(), begins)).collect();
            if !vaults.is_empty() {
                self.concerns.push(Concern::AuditsBegin { vaults });
            }
        }
        self
    }

    /// Whether the key that goes was made after that.
    fn is_younger(&self, world: &World, begins: Timestamp) -> bool {
        let account = world.account.as_ref().and_then(|seen| seen.get());
        let generated = account.and_then(|account| account.key(self.opened.retires()).generated);
        generated.is_some_and(|generated| generated >= begins)
    }
}
