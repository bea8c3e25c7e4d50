//! `keyslot pause` and `keyslot resume`: a person stops the open rotation between two steps, and lets it go on.
//!
//! Both only write to the journal, beside whatever process is at work: it reads the word before its next step.

use std::sync::Arc;

use super::target::{Target, person};
use super::{CliError, Exit, Terminal, wiring};
use crate::drive::{Driver, Silent};
use crate::render::span;

/// Pause the open rotation before its next step.
///
/// What was begun goes on: a rollout, a run, a regeneration that was sent; it is followed, and nothing else is begun,
/// by whatever process. `keyslot status` shows who paused it and why.
#[derive(Debug, clap::Args)]
#[command(after_help = "Exit codes: 0 paused, 2 no rotation is open, 5 the journal cannot be reached.")]
pub struct Pause {
    #[command(flatten)]
    pub target: Target,
    /// Why, for the record and for whoever finds it paused.
    #[arg(long, value_name = "TEXT", value_parser = super::words::reason)]
    pub because: String,
}

/// Let a paused rotation go on.
///
/// Nothing is done by it: run `keyslot rotate` or `keyslot advance` afterwards.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 not paused any more, 2 no rotation is open, 5 the journal cannot be reached."
)]
pub struct Resume {
    #[command(flatten)]
    pub target: Target,
}

impl Pause {
    pub fn run(self, terminal: &mut Terminal) -> Result<Exit, CliError> {
        super::block_on(async {
            let mut driver = beside(&self.target).await?;
            let by = person();
            driver.pause(&by, &self.because).await?;
            terminal.say("paused; `keyslot resume` lets it go on");
            for (since, of, because) in driver.paused().iter().filter(|(_, of, _)| *of != by) {
                let since = span::rfc3339(*since);
                terminal.say(&format!("it is paused by {of} too, since {since}: {because}"));
            }
            Ok(Exit::Done)
        })?
    }
}

impl Resume {
    pub fn run(self, terminal: &mut Terminal) -> Result<Exit, CliError> {
        super::block_on(async {
            let mut driver = beside(&self.target).await?;
            let by = person();
            let ended = driver.unpause(&by).await?;
            for (since, of, because) in &ended {
                terminal.say(&format!("ended: the pause by {of} since {}: {because}", span::rfc3339(*since)));
            }
            match ended.is_empty() {
                true => terminal.say("it was not paused"),
                false => terminal.say("not paused any more; `keyslot rotate` goes on"),
            }
            Ok(Exit::Done)
        })?
    }
}

async fn beside(target: &Target) -> Result<Driver, CliError> {
    let settings = target.settings()?;
    let chosen = settings.choose(target.environment.as_deref())?;
    wiring::onlooker(&chosen, &wiring::process_variables, Arc::new(Silent)).await
}
