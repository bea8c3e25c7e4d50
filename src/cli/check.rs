//! `keyslot check`: which slot does this Terraform read, and is anything wrong with how it does?

mod against;
mod plan;

use std::path::{Path, PathBuf};

use super::discover::{Found, discover};
use super::words::Output;
use super::{CliError, Exit, Terminal};
use crate::check::{Severity, check_with, compare, nearest, rule};
use crate::render::check_human::render_check;
use crate::render::check_json::check_json;
use crate::render::rules::{render_rule, render_rules};

/// Shows which key slot this Terraform reads, account by account, and what is wrong with it.
///
/// Reads every Terraform file below PATH, finds each place that reads a key of a Cosmos DB account, and says
/// for every account whether its primary or its secondary key is in use. Changes nothing.
///
/// Ends with 1 where something is wrong: both slots in use, a key handed on so that its slot cannot be told,
/// a file that does not parse.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub struct Check {
    /// A folder (read with everything below it) or a single file; without it, this folder.
    path: Option<PathBuf>,
    /// How to print the result.
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    output: Output,
    /// Compare with the same folder at a git revision (branch, tag, commit): an account that is read from one slot
    /// here and from the other there is found. Read from git's objects; nothing is checked out.
    #[arg(long, value_name = "REV", conflicts_with = "plan")]
    against: Option<String>,
    #[command(flatten)]
    plan: plan::PlanOptions,
    /// Print what a rule finds, why that matters and what to do about it.
    #[arg(long, value_name = "RULE", conflicts_with_all = ["path", "output", "rules"])]
    explain: Option<String>,
    /// List all rules.
    #[arg(long, conflicts_with_all = ["path", "output"])]
    rules: bool,
}

const EXAMPLES: &str = "Examples:
  keyslot check
      The Terraform in this folder and below it.

  keyslot check src/infra --output json | jq '.accounts[].slot'
      The same for a script.

  keyslot check --explain mixed-slots
      What a finding means.

  keyslot check --against origin/release/2021.7
      Whether the release branch reads the same slot.

  terraform show -json tfplan | keyslot check src/infra --plan -
      Whether a plan changes the secrets that carry the key, and nothing else.";

impl Check {
    pub fn run(self, terminal: &mut Terminal) -> Result<Exit, CliError> {
        if self.rules {
            terminal.data(render_rules().as_bytes())?;
            return Ok(Exit::Done);
        }
        if let Some(id) = &self.explain {
            return explain(id, terminal);
        }
        if let Some(file) = self.plan.file() {
            return self.plan.check(file, self.path.as_deref(), self.output, terminal);
        }
        let path = self.path.as_deref().unwrap_or(Path::new("."));
        let found = discover(path)?;
        warn_of_links(&found, terminal);
        let tree = found.tree();
        let there =
            self.against.map(|revision| against::there(path, &found, &revision, terminal)).transpose()?;
        let findings = check_with(&tree, there.map_or_else(Vec::new, |there| compare(&tree, &there)));
        match self.output {
            Output::Human => terminal.data(render_check(&tree, &findings).as_bytes())?,
            Output::Json => terminal.json(&check_json(&tree, &findings))?,
        }
        if tree.accounts.is_empty() && self.output == Output::Human {
            terminal.say(&format!("no Cosmos DB account occurs in {} files", tree.sources.len()));
        }
        let errors = findings.iter().any(|finding| finding.rule.severity == Severity::Error);
        Ok(if errors { Exit::Findings } else { Exit::Done })
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

/// Says which Terraform was not read because it lies behind a link.
pub fn warn_of_links(found: &Found, terminal: &mut Terminal) {
    for link in &found.links {
        terminal.warn(&format!("{} is a link and was not followed", link.display()));
    }
}
