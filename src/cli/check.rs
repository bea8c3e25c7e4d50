//! `keyslot check`: which slot does this Terraform read, and is anything wrong with how it does?

mod against;
mod age;
mod plan;

use std::path::{Path, PathBuf};

use super::declarations::Declarations;
use super::discover::{Shortcuts, discover};
use super::findings::FindingOptions;
use super::passed_over::say_what_was_passed_over;
use super::{CliError, Exit, Terminal};
use crate::check::{check_with, compare, nearest, rule};
use crate::render::rules::{render_rule, render_rules};
use crate::terraform::Tree;

/// Show which key slot this Terraform reads, account by account, and what is wrong with it.
///
/// Every Terraform file below PATH is read, and each place in it that reads a key of a Cosmos DB account; for every
/// account it is said whether its primary or its secondary key is in use. Nothing is changed.
///
/// Ends with 1 where something is wrong: both slots in use, a key handed on so that its slot cannot be told,
/// a file that does not parse. A finding that may stay is silenced where it stands, with its reason. With --plan, ends
/// with 1 where the plan changes anything but the expected secrets, none of them, or leaves one as it is. With --max-age, Azure is asked instead,
/// and ends with 1 where a key in use is too old; nothing else of check leaves this machine.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub struct Check {
    /// A folder (read with everything below it, and with modules of the same repository that it uses) or a single file
    /// (read with the modules that it uses); without it, this folder.
    path: Option<PathBuf>,
    #[command(flatten)]
    shown: FindingOptions,
    /// Compare with the same folder at a git revision (branch, tag, commit): an account that is read from one slot
    /// here and from the other there is found. A folder that was renamed since is compared with what it was. Read from
    /// git's objects; nothing is checked out.
    #[arg(long, value_name = "REV", conflicts_with = "plan")]
    against: Option<String>,
    #[command(flatten)]
    plan: plan::PlanOptions,
    #[command(flatten)]
    age: age::AgeOptions,
    #[command(flatten)]
    declarations: Declarations,
    /// Print what a rule finds, why that matters and what to do about it.
    #[arg(long, value_name = "RULE", conflicts_with_all = ["path", "output", "rules"])]
    explain: Option<String>,
    /// List all rules.
    #[arg(long, conflicts_with_all = ["path", "output"])]
    rules: bool,
    /// Parse every file, also those that cannot matter. The result is the same; for whoever doubts it.
    #[arg(long, hide = true)]
    no_shortcuts: bool,
}

const EXAMPLES: &str = "\
Exit codes: 0 nothing is wrong, 1 something is, 2 what was typed or configured cannot be carried out, 5 something could not be read or seen.

Silences:
  # keyslot:ignore RULE[,RULE] because REASON
      In a comment at the end of the finding's line, or alone above it; in a
      JSON file, in a property \"//\" before that line. Takes the finding out
      of the list and the exit code; what is claimed of the account's slot
      stays as it is. A silence without a reason, for a rule that does not
      exist, or with nothing to silence is a finding itself.

  --baseline FILE
      The same from a JSON file: for findings that were there first.

  What cannot be read cannot be silenced.

Examples:
  keyslot check
      The Terraform in this folder and below it.

  keyslot check src/infra --output json | jq '.accounts[].slot'
      The same for a script.

  keyslot check --output sarif > keyslot.sarif
      For code scanning; run it in the root of the repository.

  keyslot check --write-baseline known.json --because 'there before keyslot'
  keyslot check --baseline known.json --fail-on warning
      Write down what is there, and fail on whatever comes after it.

  keyslot check --explain mixed-slots
      What a finding means.

  keyslot check --against origin/release/2021.7
      Whether the release branch reads the same slot.

  terraform show -json tfplan | keyslot check src/infra --plan -
      Whether a plan changes the secrets that carry the key, and nothing else.

  keyslot check --max-age 60d
      Asks Azure whether a key in use is older than two months.";

impl Check {
    pub fn run(self, terminal: &mut Terminal) -> Result<Exit, CliError> {
        if self.rules {
            terminal.data(render_rules().as_bytes())?;
            return Ok(Exit::Done);
        }
        if let Some(id) = &self.explain {
            return explain(id, terminal);
        }
        self.shown.agree()?;
        if let Some(most) = self.age.most() {
            return self.age.check(most, self.declarations.target(), &self.shown, terminal);
        }
        if let Some(file) = self.plan.file() {
            let code = self.path.as_deref();
            return self.plan.check(file, code, &self.shown, &self.declarations, terminal);
        }
        let path = self.path.as_deref().unwrap_or(Path::new("."));
        let shortcuts = if self.no_shortcuts { Shortcuts::OFF } else { Shortcuts::TAKEN };
        let (found, tree) = discover(path, shortcuts)?;
        if !self.shown.is_quiet() {
            say_what_was_passed_over(&found, &tree, terminal);
        }
        let tree =
            seen_from_here(self.declarations.apply(tree, &found.root, found.only.as_deref())?, &found.root);
        let there = self
            .against
            .map(|revision| against::there(&found, &revision, &self.declarations, terminal))
            .transpose()?;
        let compared = there.as_ref().map_or_else(Vec::new, |there| compare(&tree, there));
        if let Some(there) = there.filter(|_| compared.is_empty() && !self.shown.is_quiet()) {
            against::say_what_agrees(&tree, &there, terminal);
        }
        let findings = check_with(&tree, compared);
        let exit = self.shown.conclude(&found, &tree, findings, terminal);
        // The program ends here, and the system takes a large tree back faster than piece by piece.
        std::mem::forget(tree);
        exit
    }
}

fn explain(id: &str, terminal: &mut Terminal) -> Result<Exit, CliError> {
    let Some(rule) = rule(id) else {
        let error = CliError::usage("there is no such rule").at(id);
        return Err(match nearest(id) {
            Some(rule) => error.hint(format!("the nearest name is `{}`", rule.id)),
            None => error.hint("`keyslot check --rules` lists them all"),
        });
    };
    terminal.data(render_rule(rule).as_bytes())?;
    Ok(Exit::Done)
}

/// Absolute paths below the folder that the command runs in are shown from there: code scanning and baselines
/// know files by their path in the repository.
fn seen_from_here(tree: Tree, root: &Path) -> Tree {
    let here = std::env::current_dir().ok();
    match here.as_deref().filter(|_| root.is_absolute()).and_then(|here| root.strip_prefix(here).ok()) {
        Some(relative) => tree.shown_under(&relative.to_string_lossy().replace('\\', "/")),
        None => tree,
    }
}
