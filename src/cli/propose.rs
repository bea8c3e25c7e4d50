//! `keyslot propose`: the change of slot as a pull request, and nothing else of the rotation.

use super::procedure;
use super::progress::watcher;
use super::rotate::{asked, open};
use super::target::Target;
use super::words::{AccessWord, Output, SlotWord};
use super::{CliError, Exit, Terminal, wiring};
use crate::drive::OpenRequest;
use crate::model::{Access, Merging};
use crate::rotation::Reach;

/// Propose the change of slot as a pull request.
///
/// Begins a rotation, or goes on with the open one. The base branch is taken as the remote has it now: your working tree
/// is neither read nor touched. Every consumer is moved to the other slot in one commit, on a branch that is named by
/// what it does; the pull request says what, why, what follows and how to go back. Refuses, with the places, code that is
/// not understood whole, or that `keyslot check` calls wrong. Run again, it changes nothing, and it never overwrites a
/// branch that people have added to. A pull request that people closed stays closed: it ends with 4 until the rotation is
/// closed, too, and begun anew.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub struct Propose {
    #[command(flatten)]
    pub target: Target,
    /// The slot whose key is to go. Without it: the slot on which code and vaults agree, which then must be reachable.
    #[arg(long, value_name = "SLOT")]
    pub retire: Option<SlotWord>,
    /// Which of the slot's two keys; read-only needs `read_only` under [environment.NAME.secret].
    #[arg(long, value_name = "ACCESS")]
    pub access: Option<AccessWord>,
    /// Begin another rotation although one has just ended.
    #[arg(long)]
    pub again: bool,
    /// Have the forge merge it as soon as its rules allow, whatever `merge` says in keyslot.toml.
    #[arg(long)]
    pub auto_merge: bool,
    /// Wait until it is merged.
    #[arg(long)]
    pub wait: bool,
    /// How to print where the change stands.
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub output: Output,
}

const EXAMPLES: &str = "\
Exit codes: 0 proposed (with --wait: merged); 3 it waits, or somebody else is at work; 4 a person must act.

Examples:
  keyslot propose -e prod --retire primary     from a laptop that reaches neither vaults nor clusters
  keyslot propose -e prod --wait               and until it is merged
  keyslot propose -e prod --auto-merge         by the forge, as soon as its rules allow
  keyslot propose -e prod --output json | jq .proposal.pull.url";

impl Propose {
    pub fn run(self, terminal: &mut Terminal) -> Result<Exit, CliError> {
        let settings = self.target.settings()?;
        let chosen = settings.choose(self.target.environment.as_deref())?;
        let access = self.access.map(Access::from);
        let chosen = chosen.about(access.unwrap_or(chosen.access));
        let shown = watcher(terminal);
        super::block_on(async {
            let driver = wiring::driver(&chosen, None, &wiring::process_variables, shown).await?;
            let mut driver = driver.reaching(Reach::Propose { merge: self.wait });
            if self.auto_merge {
                driver = driver.merging(Merging::Auto);
            }
            let asked = asked(&chosen, self.retire);
            let request = OpenRequest { access, again: self.again, ..asked };
            if let Some(exit) = open(&mut driver, &request, terminal).await? {
                return Ok(exit);
            }
            procedure::run(&mut driver, "propose", self.output, terminal).await
        })?
    }
}
