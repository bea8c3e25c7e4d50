//! `keyslot restart`: the restarts of a rotation and nothing else of it, under the same gates, lease and journal.

use std::collections::BTreeSet;

use super::accepting::Accepting;
use super::beside::{self, Driven, Wanted};
use super::consent::Consent;
use super::progress::watcher;
use super::rotate::{asked, open, run};
use super::settings::Chosen;
use super::target::{Target, spell};
use super::words::SlotWord;
use super::{CliError, Exit, Terminal, wiring};
use crate::drive::OpenRequest;
use crate::model::StampName;
use crate::render::restarts::restarts;
use crate::rotation::{Gate, Reach, StampRestart, WorkloadRestart};

/// Restart the workloads, so that their pods read what the vaults hold, and do nothing else.
///
/// Goes through the restarts of the open rotation as `rotate` does: the canary stamp, its soak, then the others in
/// waves, the next one when metrics or logs tell that nobody is refused in the one before; each stamp when its vault holds
/// the target key; nothing that is paused, unhealthy or rolling out, and no pods that are young enough already. It passes over review, merge and deployment: what counts is what the vaults hold.
/// Where no rotation is open and something is left to restart, it begins the one that brings everybody to the slot that
/// all vaults hold, and leaves it open: `rotate` finds what was done, and goes on.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub struct Restart {
    #[command(flatten)]
    pub target: Target,
    /// Restart these stamps and leave the others as they are. May be given again; the waves stay as they are.
    #[arg(long, value_name = "STAMP")]
    pub stamp: Vec<String>,
    /// Go on until no pod of the old key is left, terminating ones included, and the old key is quiet. With `--stamp`:
    /// until none is left on those stamps; the others use the old key until their turn comes.
    #[arg(long)]
    pub quiesce: bool,
    /// Where no rotation is open: the slot that everybody is to leave. Without it: the one that no vault holds.
    #[arg(long, value_name = "SLOT")]
    pub retire: Option<SlotWord>,
    #[command(flatten)]
    pub accepting: Accepting,
}

const EXAMPLES: &str = "\
Exit codes: 0 restarted, or nothing to restart; 3 stopped, or somebody else is at work; 4 a person must act.

Examples:
  keyslot restart -e prod                        every stamp, the canary first
  keyslot restart -e prod --stamp northeurope    one stamp
  keyslot restart -e prod --quiesce              and until the last old pod is gone
  keyslot restart -e prod --stamp northeurope --quiesce
  keyslot restart -e prod --accept consumers:northeurope/workload/pod/import \\
    --because 'it ends tonight' --until 2026-01-12T18:00:00Z    one thing accepted by name";

impl Restart {
    pub fn run(self, terminal: &mut Terminal) -> Result<Exit, CliError> {
        let settings = self.target.settings()?;
        let chosen = settings.choose(self.target.environment.as_deref())?;
        let reach = Reach::Restart { stamps: named(&self.stamp, &chosen)?, quiesce: self.quiesce };
        let shown = watcher(terminal);
        let consent = Consent { approve: None, accepting: self.accepting };
        consent.check(wiring::clock(&chosen).now())?;
        // A rotation that has just ended is no reason to leave pods as they are.
        let request = OpenRequest { again: true, ..asked(&chosen, self.retire) };
        let wanted = Wanted { consent: &consent, flip_back: None, reach, request: &request };
        super::block_on(async {
            let mut driver = match beside::driver(&chosen, &wanted, shown, terminal).await? {
                Driven::Here(driver) => driver,
                Driven::Elsewhere(exit) => return Ok(exit),
            };
            consent.accepting.fits(&driver)?;
            spell(&mut driver, terminal).await?;
            let mut request = request.clone();
            let due = driver.due(&mut request).await?;
            if driver.fold().rotation().is_none() && due.iter().all(|stamp| stamp.is_over() || !stamp.asked) {
                terminal.data(restarts(&due).as_bytes())?;
                terminal.say("nothing to restart, and no rotation is begun");
                consent.accepting.void(terminal);
                return Ok(Exit::Done);
            }
            if let Some(exit) = open(&mut driver, &request, terminal).await? {
                return Ok(exit);
            }
            consent.record(&mut driver, &request.by, terminal).await?;
            if due.iter().any(waits_for_vault) {
                terminal.hint(
                    "this command changes no vault: `keyslot rotate` does, or `keyslot propose`, `keyslot promote` and \
                     `keyslot follow`; until they have, it waits",
                );
            }
            let exit = run(&mut driver, &request.by, "restart", terminal).await?;
            terminal.data(restarts(&driver.restarts()).as_bytes())?;
            Ok(exit)
        })?
    }
}

/// Whether one that is to be restarted is held by its vault, which somebody else has to change.
fn waits_for_vault(due: &StampRestart) -> bool {
    let held = |it: &WorkloadRestart| match it {
        WorkloadRestart::Held(held) => held.gate == Gate::Propagated,
        _ => false,
    };
    due.asked && due.workloads.iter().any(|(_, it)| held(it))
}

/// The stamps that were typed, as they are configured.
fn named(typed: &[String], chosen: &Chosen<'_>) -> Result<BTreeSet<StampName>, CliError> {
    let known: Vec<StampName> =
        chosen.environment.stamps.iter().map(super::settings::StampSettings::stamp_name).collect();
    let find = |name: &String| {
        known.iter().find(|stamp| stamp.as_str() == name).cloned().ok_or_else(|| {
            let names: Vec<&str> = known.iter().map(StampName::as_str).collect();
            CliError::usage("there is no such stamp").at(name).hint(format!("there are {}", names.join(", ")))
        })
    };
    typed.iter().map(find).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::WorkloadName;
    use crate::rotation::{Reason, Subject, Why};

    #[test]
    fn who_waits_for_a_vault_is_told_that_this_command_changes_none() {
        let due = |gate, asked| {
            let stamp = StampName::new("east");
            let held = Reason::new(gate, Subject::Stamp(stamp.clone()), Why::VaultDisabled);
            let held = WorkloadRestart::Held(Box::new(held));
            StampRestart { stamp, asked, workloads: vec![(WorkloadName::new("shop", "cart"), held)] }
        };
        assert!(waits_for_vault(&due(Gate::Propagated, true)));
        assert!(!waits_for_vault(&due(Gate::Propagated, false)), "its stamp was not named");
        assert!(!waits_for_vault(&due(Gate::Preflight, true)));
    }
}
