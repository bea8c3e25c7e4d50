//! `keyslot plan`: what a rotation would do, and what would be in its way. Looks, asks, and writes nothing.

use std::sync::Arc;

use super::rotate::asked;
use super::target::{Target, spell};
use super::words::{AccessWord, SlotWord};
use super::{CliError, Exit, Terminal, wiring};
use crate::drive::{OpenRequest, Silent};
use crate::model::Access;
use crate::observe::Change;
use crate::render::foresight::plan;
use crate::rotation::{Foresight, Opens};
use crate::terraform::mask;

/// Show what a rotation would do, and what is in its way.
///
/// Looks at the account, the code, the vaults and the clusters, proves that the target key works, and asks every
/// service what keyslot may do there (nothing is tried out), and the forge which of its rules will refuse what is done
/// with branches. Prints what changes in the code and how that comes into the vaults, the waves in which workloads are
/// restarted, the waits that the policy prescribes, and whatever would hold, each with what to do.
/// Nothing is written, pushed or restarted. Stamps are looked at side by side; a cluster that makes no connection is
/// waited for 10 s, one that does not answer 30 s, once, and holds as not seen.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub struct Plan {
    #[command(flatten)]
    pub target: Target,
    /// The slot whose key is to go. Without it: the slot on which code and vaults agree.
    #[arg(long, value_name = "SLOT")]
    pub retire: Option<SlotWord>,
    /// Which of the slot's two keys; read-only needs `read_only` under [environment.NAME.secret].
    #[arg(long, value_name = "ACCESS")]
    pub access: Option<AccessWord>,
}

const EXAMPLES: &str = "\
Exit codes: 0 nothing is in the way, 3 something is that time opens, 4 something is that a person must see to.

Examples:
  keyslot plan -e prod                  before a rotation, days ahead
  keyslot plan -e prod --retire primary";

impl Plan {
    pub fn run(self, terminal: &mut Terminal) -> Result<Exit, CliError> {
        let settings = self.target.settings()?;
        let chosen = settings.choose(self.target.environment.as_deref())?;
        let access = self.access.map(Access::from);
        let chosen = chosen.about(access.unwrap_or(chosen.access));
        let (foresight, code) = super::block_on(async {
            let mut driver = wiring::onlooker(&chosen, &wiring::process_variables, Arc::new(Silent)).await?;
            spell(&mut driver, terminal).await?;
            let request = OpenRequest { access, again: true, ..asked(&chosen, self.retire) };
            let foresight = driver.foresee(&request).await?;
            let code = driver.foresee_code(foresight.opened.from.other()).await;
            Ok::<_, CliError>((foresight, code))
        })??;
        let lines: Vec<String> = match &code {
            Ok(changes) => changes.iter().flat_map(changed_lines).collect(),
            Err(refusals) => refusals.iter().map(|why| format!("it cannot be changed: {why}")).collect(),
        };
        terminal.data(plan(&foresight, &lines).as_bytes())?;
        Ok(match (code.is_ok(), exit(&foresight)) {
            (false, Exit::Done) => Exit::Halted,
            (_, exit) => exit,
        })
    }
}

/// The place, the line as it is and as it will be, for each line that changes. A change never adds or removes lines.
fn changed_lines(change: &Change) -> Vec<String> {
    let (before, after) = (String::from_utf8_lossy(&change.before), String::from_utf8_lossy(&change.after));
    let lines = before.lines().zip(after.lines()).enumerate();
    lines
        .filter(|(_, (old, new))| old != new)
        .flat_map(|(at, (old, new))| {
            [
                format!("{}:{}", change.path, at + 1),
                format!("- {}", mask(old.trim())),
                format!("+ {}", mask(new.trim())),
            ]
        })
        .collect()
}

fn exit(foresight: &Foresight) -> Exit {
    let mut all = foresight.holds.iter().chain(&foresight.later);
    let none = foresight.holds.is_empty() && foresight.later.is_empty();
    let by_person = all.any(|hold| hold.why.opens() == Opens::ByPerson);
    match (foresight.may_begin(), by_person || none) {
        (true, _) => Exit::Done,
        (false, true) => Exit::Halted,
        (false, false) => Exit::Waiting,
    }
}
