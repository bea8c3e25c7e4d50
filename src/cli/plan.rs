//! `keyslot plan`: what a rotation would do, and what would be in its way. Looks, asks, and writes nothing.

use std::sync::Arc;

use super::rotate::asked;
use super::target::{Target, spell};
use super::words::{AccessWord, Output, SlotWord};
use super::{CliError, Exit, Terminal, wiring};
use crate::drive::{OpenRequest, Silent};
use crate::model::Access;
use crate::observe::Change;
use crate::render::foresight::{self, ChangedLine, Code};
use crate::render::preflight_json::{VerdictV1, preflight_json};
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
    /// How to print it.
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub output: Output,
}

const EXAMPLES: &str = "\
Exit codes: 0 nothing is in the way, 3 something is that time opens, 4 something is that a person must see to.

Examples:
  keyslot plan -e prod                  before a rotation, days ahead
  keyslot plan -e prod --retire primary
  keyslot plan --output json | jq '.holds[], .holds_later[] | .remedy'

`keyslot schema preflight` prints what `--output json` looks like. (`keyslot schema plan` is of something else: of what
`keyslot check --plan FILE` says of a plan that Terraform made.)";

impl Plan {
    pub fn run(self, terminal: &mut Terminal) -> Result<Exit, CliError> {
        let settings = self.target.settings()?;
        let chosen = settings.choose(self.target.environment.as_deref())?;
        let access = self.access.map(Access::from);
        let chosen = chosen.about(access.unwrap_or(chosen.access));
        let (foresight, code, report) = super::block_on(async {
            let mut driver = wiring::onlooker(&chosen, &wiring::process_variables, Arc::new(Silent)).await?;
            spell(&mut driver, terminal).await?;
            let request = OpenRequest { access, again: true, ..asked(&chosen, self.retire) };
            let foresight = driver.foresee(&request).await?;
            let code = driver.foresee_code(foresight.opened.to()).await;
            Ok::<_, CliError>((foresight, code, driver.report_as_seen()))
        })??;
        let code: Code = code.map(|changes| changes.iter().flat_map(changed_lines).collect());
        let verdict = verdict(&foresight, &code);
        let exit = match verdict {
            VerdictV1::Ready => Exit::Done,
            VerdictV1::Waiting => Exit::Waiting,
            VerdictV1::Halted => Exit::Halted,
        };
        match self.output {
            Output::Human => terminal.data(foresight::plan(&foresight, &code).as_bytes())?,
            Output::Json => {
                terminal.json(&preflight_json(&foresight, &code, &report, verdict, exit.code()))?
            }
        }
        Ok(exit)
    }
}

/// Each line that changes, as it is and as it will be. A change never adds or removes lines.
fn changed_lines(change: &Change) -> Vec<ChangedLine> {
    let (before, after) = (String::from_utf8_lossy(&change.before), String::from_utf8_lossy(&change.after));
    let lines = before.lines().zip(after.lines()).enumerate();
    lines
        .filter(|(_, (old, new))| old != new)
        .map(|(at, (old, new))| ChangedLine {
            path: change.path.clone(),
            line: at + 1,
            before: mask(old.trim()).into_owned(),
            after: mask(new.trim()).into_owned(),
        })
        .collect()
}

fn verdict(foresight: &Foresight, code: &Code) -> VerdictV1 {
    let mut all = foresight.holds.iter().chain(&foresight.later);
    let by_person = all.any(|hold| hold.why.opens() == Opens::ByPerson);
    match foresight.may_begin() {
        true if code.is_ok() => VerdictV1::Ready,
        true => VerdictV1::Halted,
        // No time gives a right, whatever it opens beside that.
        false if by_person || foresight.lacks_a_right() => VerdictV1::Halted,
        false => VerdictV1::Waiting,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_change_are_told_with_their_places_and_without_keys() {
        let key = "q".repeat(86) + "==";
        let file = |slot: &str| format!("locals {{\n  a = x.{slot}_key # AccountKey={key};\n  b = 1\n}}\n");
        let (before, after) = (file("primary").into_bytes(), file("secondary").into_bytes());
        let lines = changed_lines(&Change { path: "a.tf".to_owned(), before, after });
        let [line] = &lines[..] else { panic!("one line: {lines:?}") };
        assert_eq!((line.path.as_str(), line.line), ("a.tf", 2));
        assert!(line.before.starts_with("a = x.primary_key # ") && !line.before.contains(&key[..8]));
        assert!(line.after.starts_with("a = x.secondary_key # ") && !line.after.contains(&key[..8]));
    }
}
