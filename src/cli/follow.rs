//! `keyslot follow`: the run of the release pipeline on the promoted commit, to the end of the stages that matter.

use super::procedure;
use super::progress::watcher;
use super::target::{Target, person};
use super::words::Output;
use super::{CliError, Exit, Terminal, wiring};
use crate::rotation::Reach;

/// Run the release pipeline on the promoted commit, and follow it until the vaults hold the new key and the stages that
/// write them have ended.
///
/// Finds the run on exactly that commit or starts it, with the stages left out that move traffic or destroy a unit;
/// shows its stages, and what it waits for and who could approve. What the vaults hold outranks what the run says: where
/// they hold the new key already, nothing is run. It never runs an older release's pipeline.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub struct Follow {
    #[command(flatten)]
    pub target: Target,
    /// How to print where the change stands.
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub output: Output,
}

const EXAMPLES: &str = "\
Exit codes: 0 every vault holds the new key and the stages that write them have ended; 3 it was stopped, or the change is not promoted yet; 4 a person must act.

Examples:
  keyslot follow -e prod
  keyslot follow -e prod --output json | jq .run.url";

impl Follow {
    pub fn run(self, terminal: &mut Terminal) -> Result<Exit, CliError> {
        let settings = self.target.settings()?;
        let chosen = settings.choose(self.target.environment.as_deref())?;
        let shown = watcher(terminal);
        super::block_on(async {
            let driver = wiring::driver(&chosen, None, &wiring::process_variables, shown).await?;
            let mut driver = driver.reaching(Reach::Follow);
            if let Some(exit) = procedure::resume(&mut driver, &person(), terminal).await? {
                return Ok(exit);
            }
            procedure::run(&mut driver, "follow", self.output, terminal).await
        })?
    }
}
