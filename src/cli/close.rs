//! `keyslot close`: a person ends the open rotation, with a reason for the record.

use std::sync::Arc;

use super::target::Target;
use super::{CliError, ErrorKind, Exit, Terminal, wiring};
use crate::drive::Silent;
use crate::render::span;
use crate::rotation::{Left, left_open, unconfirmed};

/// Close the open rotation without finishing it.
///
/// Nothing in the world is changed by it: a pull request stays open, a deployed slot stays deployed, and a
/// regeneration that was sent goes on.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 closed; 2 no rotation is open; 3 somebody else is at work; 4 a regeneration was sent and is not confirmed; 5 the journal cannot be reached."
)]
pub struct Close {
    #[command(flatten)]
    pub target: Target,
    /// Why, for the record.
    #[arg(long, value_name = "TEXT", value_parser = super::words::reason)]
    pub because: String,
    /// Close it although a regeneration was sent and nobody has seen the new key accepted yet.
    #[arg(long)]
    pub unconfirmed: bool,
}

impl Close {
    pub fn run(self, terminal: &mut Terminal) -> Result<Exit, CliError> {
        let settings = self.target.settings()?;
        let chosen = settings.choose(self.target.environment.as_deref())?;
        super::block_on(async {
            let mut driver =
                wiring::driver(&chosen, None, &wiring::process_variables, Arc::new(Silent)).await?;
            let sent = unconfirmed(driver.fold());
            if let Some((kind, at)) = sent.filter(|_| !self.unconfirmed) {
                let what = "a regeneration was sent, and the new key is not confirmed";
                let error = CliError::new(ErrorKind::Halted, what)
                    .at(format!("the {kind} key, sent at {}", span::rfc3339(at)))
                    .because("Azure goes on with it, whatever is recorded here; then nobody watches it");
                return Err(error
                    .hint("`keyslot regenerate` follows it to its end")
                    .hint("or close it all the same: --unconfirmed"));
            }
            let left = left_open(driver.fold());
            driver.close(&self.because).await?;
            terminal.say("closed");
            for one in &left {
                terminal.say(&format!("  left as it is: {}", words(one)));
            }
            if let Some((kind, at)) = sent {
                terminal.warn(&format!(
                    "the regeneration of the {kind} key, sent at {}, goes on in Azure: start no other one, and see \
                     yourself that the new key is accepted",
                    span::rfc3339(at)
                ));
            }
            Ok(Exit::Done)
        })?
    }
}

/// What stays, as far as the journal tells, in words.
fn words(left: &Left) -> String {
    match left {
        Left::Branch(branch) => format!("branch {branch}, of which no pull request was opened"),
        Left::Pull { number, branch } => {
            format!(
                "pull request {number} from {branch}: close it, unless it is closed, or it can still be merged"
            )
        }
        Left::Run { run, branch } => format!("run {run} of the pipeline on {branch}, unless it has ended"),
    }
}
