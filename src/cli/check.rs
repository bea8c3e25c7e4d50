//! `keyslot check`: which slot does this Terraform read, and is anything wrong with how it does?

use std::path::PathBuf;

use super::discover::{Found, Shortcuts, discover};
use super::words::Output;
use super::{CliError, Exit, Terminal};
use crate::check::{Severity, check};
use crate::render::check_human::render_check;
use crate::render::check_json::check_json;
use crate::terraform::Tree;

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
    /// A folder (read with everything below it) or a single file.
    #[arg(default_value = ".")]
    path: PathBuf,
    /// How to print the result.
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    output: Output,
    /// Parse every file, also those that cannot matter. The result is the same; for whoever doubts it.
    #[arg(long, hide = true)]
    no_shortcuts: bool,
}

const EXAMPLES: &str = "Examples:
  keyslot check
      The Terraform in this folder and below it.

  keyslot check src/infra --output json | jq '.accounts[].slot'
      The same for a script.";

impl Check {
    pub fn run(self, terminal: &mut Terminal) -> Result<Exit, CliError> {
        let shortcuts = if self.no_shortcuts { Shortcuts::OFF } else { Shortcuts::TAKEN };
        let (found, tree) = discover(&self.path, shortcuts)?;
        say_what_was_passed_over(&found, &tree, terminal);
        let findings = check(&tree);
        match self.output {
            Output::Human => terminal.data(render_check(&tree, &findings).as_bytes())?,
            Output::Json => terminal.json(&check_json(&tree, &findings))?,
        }
        if tree.accounts.is_empty() && self.output == Output::Human {
            terminal.say(&format!("no Cosmos DB account occurs in {} files", tree.files));
        }
        let errors = findings.iter().any(|finding| finding.rule.severity == Severity::Error);
        Ok(if errors { Exit::Findings } else { Exit::Done })
    }
}

/// Says what was not read although it may be Terraform.
pub fn say_what_was_passed_over(found: &Found, tree: &Tree, terminal: &mut Terminal) {
    for link in &found.links {
        let link = link.display();
        terminal
            .warn(&format!("{link} is a link out of the tree, or to what git ignores: it was not followed"));
    }
    if let [first, others @ ..] = tree.copies.as_slice() {
        let more = if others.is_empty() { String::new() } else { format!(" and {} more", others.len()) };
        terminal.mutter(&format!("copies of modules passed over: {}{more}", found.on_disk(first).display()));
    }
}
