//! `keyslot regenerate`: the last step of a rotation that cannot be taken back, alone, under all its gates.

use super::beside::{self, Driven, Wanted};
use super::consent::Consent;
use super::progress::watcher;
use super::rotate::{asked, fits, open, run};
use super::target::{Target, spell};
use super::words::SlotWord;
use super::{CliError, Exit, Terminal, wiring};
use crate::drive::DriveError;
use crate::rotation::Reach;

/// Regenerate the old key of the open rotation, and confirm the new one; do nothing else.
///
/// While the new key is confirmed, vaults and pods that somebody takes back to the old one are put right, as `rotate` does.
///
/// Holds, with the reasons, where anything before it is not so: a vault that holds the old key, a pod that may, a key
/// that was used, a right that is missing; and does nothing about it. It needs an approval as `rotate` does. Where no
/// rotation is open, because all before was done by hand, --retire begins one.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub struct Regenerate {
    #[command(flatten)]
    pub target: Target,
    #[command(flatten)]
    pub consent: Consent,
    /// Where no rotation is open: begin one that retires the key in this slot.
    #[arg(long, value_name = "SLOT")]
    pub retire: Option<SlotWord>,
}

const EXAMPLES: &str = "\
Exit codes: 0 regenerated and confirmed; 3 something before it is not so yet, or it was stopped; 4 a person must act.

Examples:
  keyslot regenerate -e prod                         asks for the approval at a terminal
  keyslot regenerate -e prod --approve 3f9a1c07b2    in a CI job: for this rotation and no other";

impl Regenerate {
    pub fn run(self, terminal: &mut Terminal) -> Result<Exit, CliError> {
        let settings = self.target.settings()?;
        let chosen = settings.choose(self.target.environment.as_deref())?;
        let shown = watcher(terminal);
        self.consent.check(wiring::clock(&chosen).now())?;
        let request = asked(&chosen, self.retire);
        let wanted =
            Wanted { consent: &self.consent, flip_back: None, reach: Reach::Regenerate, request: &request };
        super::block_on(async {
            let mut driver = match beside::driver(&chosen, &wanted, shown, terminal).await? {
                Driven::Here(driver) => driver,
                Driven::Elsewhere(exit) => return Ok(exit),
            };
            if let Some(exit) = fits(&self.consent, &driver, terminal)? {
                return Ok(exit);
            }
            if driver.fold().rotation().is_none() && self.retire.is_none() {
                let error = CliError::from(DriveError::NoneOpen);
                return Err(error
                    .hint("begin one with `keyslot rotate`")
                    .hint("or name the slot whose key is to go: --retire SLOT"));
            }
            spell(&mut driver, terminal).await?;
            if let Some(exit) = open(&mut driver, &request, terminal).await? {
                self.consent.accepting.void(terminal);
                return Ok(exit);
            }
            self.consent.record(&mut driver, &request.by, terminal).await?;
            run(&mut driver, &request.by, "regenerate", terminal).await
        })?
    }
}
