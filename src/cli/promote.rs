//! `keyslot promote`: the merged change on the live release branch, and nothing else of the rotation.

use super::procedure;
use super::progress::watcher;
use super::target::{Target, person};
use super::words::Output;
use super::{CliError, Exit, Terminal, wiring};
use crate::model::BranchName;
use crate::rotation::Reach;

/// Carry the merged change to the release branch that is live.
///
/// Cherry-picks the merge (a merge commit, a squash or a rebase alike) onto the branch, in memory, and pushes it or
/// opens a pull request, as `promote` under [environment.NAME.release] says. The result must read the new slot alone and
/// change nothing else; a conflict is explained. Which branch is live is told by the tags of the live stamps and by the
/// last run that wrote them; where neither tells, name it. What is there already, by whomever, is seen and skipped.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub struct Promote {
    #[command(flatten)]
    pub target: Target,
    /// The release branch that is live, for the rest of this rotation.
    #[arg(long, value_name = "BRANCH")]
    pub release: Option<String>,
    /// Change the release branch directly instead of cherry-picking: where the cherry-pick conflicts, or brings more.
    #[arg(long)]
    pub flip: bool,
    /// Wait for what comes before (the merge), and for the promotion's own pull request.
    #[arg(long)]
    pub wait: bool,
    /// How to print where the change stands.
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub output: Output,
}

const EXAMPLES: &str = "\
Exit codes: 0 the live release branch carries the change; 3 it waits, or the proposal is not merged yet; 4 a person must act.

Examples:
  keyslot promote -e prod
  keyslot promote -e prod --release release/2021.7.4     where several branches might be live
  keyslot promote -e prod --wait && keyslot follow -e prod";

impl Promote {
    pub fn run(self, terminal: &mut Terminal) -> Result<Exit, CliError> {
        let settings = self.target.settings()?;
        let chosen = settings.choose(self.target.environment.as_deref())?;
        let release = &chosen.environment.release;
        if let Some(named) = &self.release
            && !release.is_candidate(named)
        {
            let pattern =
                release.branch.as_deref().unwrap_or("no release branch: the base branch is deployed");
            return Err(CliError::usage("this is no release branch of the environment")
                .at(named)
                .because(format!("keyslot.toml says: {pattern}"))
                .hint("correct the name, or `branch` under [environment.NAME.release]"));
        }
        let shown = watcher(terminal);
        super::block_on(async {
            let driver = wiring::driver(&chosen, None, &wiring::process_variables, shown).await?;
            let mut driver = driver.reaching(Reach::Promote { merge: self.wait, flip: self.flip });
            let by = person();
            if let Some(exit) = procedure::resume(&mut driver, &by, terminal).await? {
                return Ok(exit);
            }
            if let Some(named) = &self.release {
                let tagged = driver.name_release(&BranchName::new(named), &by).await?;
                if !tagged.is_empty() {
                    let tagged: Vec<&str> = tagged.iter().map(BranchName::as_str).collect();
                    terminal.warn(&format!(
                        "the live stamps are tagged {}, and not {named}: your word counts, for the rest of this rotation",
                        tagged.join(", ")
                    ));
                }
            }
            procedure::run(&mut driver, "promote", self.output, terminal).await
        })?
    }
}
