//! `keyslot check --plan`: does this Terraform plan change the secrets of a rotation, and nothing else?

use std::path::{Path, PathBuf};

use crate::check::plan::{Expectation, judge};
use crate::cli::declarations::Declarations;
use crate::cli::discover::{Shortcuts, discover};
use crate::cli::findings::Format;
use crate::cli::sealed::read_sealed;
use crate::cli::{CliError, Exit, Terminal};
use crate::render::plan_human::render_plan;
use crate::render::plan_json::plan_json;
use crate::terraform::Tree;
use crate::terraform::plan::read_plan;

/// What to check instead of Terraform code.
#[derive(Debug, clap::Args)]
pub struct PlanOptions {
    /// A plan, as `terraform show -json` prints it (- for standard input): checks that it changes nothing but the
    /// secrets that carry the key. Which those are, the Terraform at PATH tells, or --secret.
    #[arg(long, value_name = "FILE")]
    plan: Option<PathBuf>,
    /// A Key Vault secret that the plan is expected to change, by its name. May be given more than once.
    #[arg(long, value_name = "NAME", requires = "plan")]
    secret: Vec<String>,
}

impl PlanOptions {
    /// The plan's file, where one is to be checked.
    pub fn file(&self) -> Option<&Path> {
        self.plan.as_deref()
    }

    pub fn check(
        &self,
        file: &Path,
        code: Option<&Path>,
        output: Format,
        declarations: &Declarations,
        terminal: &mut Terminal,
    ) -> Result<Exit, CliError> {
        let as_json = match output {
            Format::Human => false,
            Format::Json => true,
            Format::Sarif | Format::Github | Format::Mermaid => {
                return Err(CliError::usage("a plan is shown for people or as JSON only")
                    .hint("use --output human or --output json"));
            }
        };
        let text = read_sealed(file)?;
        let plan = read_plan(&text).map_err(|error| {
            CliError::usage("this is no plan that keyslot can read")
                .at(file.display())
                .because(&error)
                .hint(error.remedy())
        })?;
        // The text holds every secret of the state; nothing needs it any more.
        drop(text);
        let expectation = self.expectation(code, declarations, terminal)?;
        let judgement = judge(&plan, &expectation);
        match as_json {
            true => terminal.json(&plan_json(&judgement))?,
            false => terminal.data(render_plan(&judgement).as_bytes())?,
        }
        if !judgement.to_confirm.is_empty() {
            terminal
                .hint("name the secrets that are meant to change: --secret NAME, or the PATH of the code");
        }
        Ok(if judgement.is_clean() { Exit::Done } else { Exit::Findings })
    }

    fn expectation(
        &self,
        code: Option<&Path>,
        declarations: &Declarations,
        terminal: &mut Terminal,
    ) -> Result<Expectation, CliError> {
        let named = Expectation::named(&self.secret);
        let Some(code) = code else { return Ok(named) };
        let (found, tree) = discover(code, Shortcuts::TAKEN)?;
        super::say_what_was_passed_over(&found, &tree, terminal);
        let tree = declarations.apply(tree, &found.root)?;
        if hides_something(&tree) {
            terminal.warn(
                "this code does not tell all places that take a key (see `keyslot check` without --plan), so a \
                 secret may be missing among the expected ones",
            );
        }
        Ok(named.and_of(&tree))
    }
}

fn hides_something(tree: &Tree) -> bool {
    !tree.unparsed.is_empty() || !tree.unread.is_empty() || !tree.opaque.is_empty()
}
