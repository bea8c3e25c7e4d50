//! `keyslot close`: a person ends the open rotation, with a reason for the record.

use std::sync::Arc;

use super::target::Target;
use super::{CliError, Exit, Terminal, wiring};
use crate::drive::Silent;

/// Close the open rotation without finishing it.
///
/// Nothing in the world is changed by it: a pull request stays open, a deployed slot stays deployed.
#[derive(Debug, clap::Args)]
pub struct Close {
    #[command(flatten)]
    pub target: Target,
    /// Why, for the record.
    #[arg(long, value_name = "TEXT")]
    pub because: String,
}

impl Close {
    pub fn run(self, terminal: &mut Terminal) -> Result<Exit, CliError> {
        let settings = self.target.settings()?;
        let chosen = settings.choose(self.target.environment.as_deref())?;
        super::block_on(async {
            let mut driver =
                wiring::driver(&chosen, None, &wiring::process_variables, Arc::new(Silent)).await?;
            driver.close(&self.because).await?;
            terminal.say("closed");
            Ok(Exit::Done)
        })?
    }
}
