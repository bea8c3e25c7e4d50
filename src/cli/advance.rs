//! `keyslot advance`: one turn of the loop, for cron and CI. It never begins a rotation.

use super::beside::{self, Driven, Wanted};
use super::consent::Consent;
use super::progress::watcher;
use super::rotate::{asked, finish, fits, go_on_with_second};
use super::stop::Stop;
use super::stopped::interrupted;
use super::target::{Target, person, spell};
use super::{CliError, Exit, Terminal, wiring};
use crate::drive::{DriveError, TurnEnd};
use crate::rotation::Reach;

/// Take the open rotation as far as it goes now, then stop.
///
/// Made for jobs that run every few minutes: exit code 3 means that it waits, 4 that a person must act. Without
/// an open rotation there is nothing to do, which is success.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 done, or no rotation is open; 3 it waits, or somebody else is at work; 4 a person must act; 5 the world failed (network, permission, server)."
)]
pub struct Advance {
    #[command(flatten)]
    pub target: Target,
    #[command(flatten)]
    pub consent: Consent,
}

impl Advance {
    pub fn run(self, terminal: &mut Terminal) -> Result<Exit, CliError> {
        let settings = self.target.settings()?;
        let chosen = settings.choose(self.target.environment.as_deref())?;
        let shown = watcher(terminal);
        self.consent.check(wiring::clock(&chosen).now())?;
        let request = asked(&chosen, None);
        let wanted =
            Wanted { consent: &self.consent, flip_back: None, reach: Reach::Whole, request: &request };
        super::block_on(async {
            let mut driver = match beside::driver(&chosen, &wanted, shown, terminal).await? {
                Driven::Here(driver) => driver,
                Driven::Elsewhere(exit) => return Ok(exit),
            };
            if let Some(exit) = fits(&self.consent, &driver, terminal)? {
                return Ok(exit);
            }
            let by = person();
            let mut stop = Stop::listen()?;
            let work = async {
                go_on_with_second(&mut driver, terminal).await?;
                match driver.resume_as_job(&by).await {
                    Ok(()) => {}
                    Err(DriveError::NoneOpen) => return Ok(None),
                    Err(error) => return Err(CliError::from(error)),
                }
                spell(&mut driver, terminal).await?;
                self.consent.record(&mut driver, &by, terminal).await?;
                Ok(Some(driver.turn().await?))
            };
            let end = tokio::select! {
                end = work => end?,
                () = stop.come() => return interrupted(&mut driver, "advance", terminal).await,
            };
            let Some(end) = end else {
                terminal.say("no rotation is open: nothing to do");
                self.consent.accepting.void(terminal);
                return Ok(Exit::Done);
            };
            match driver.release().await {
                // The end is told all the same.
                Err(_) if matches!(end, TurnEnd::Done) => {
                    terminal.mutter("the lease could not be given back; it runs out by itself");
                }
                given_back => given_back?,
            }
            finish(&driver, &end, "advance", terminal)
        })?
    }
}
