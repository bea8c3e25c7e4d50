//! `keyslot check --plan`: does this Terraform plan change the secrets of a rotation, and nothing else?
//!
//! Ends with 1 where it does anything else, or where it does not change the secrets: see [`mod@crate::check::plan`].

use std::path::{Path, PathBuf};

use crate::check::plan::{Expectation, Judgement, judge};
use crate::cli::declarations::Declarations;
use crate::cli::discover::{Shortcuts, discover};
use crate::cli::error::ErrorKind;
use crate::cli::findings::{FindingOptions, Format};
use crate::cli::passed_over::say_what_was_passed_over;
use crate::cli::sealed::read_sealed;
use crate::cli::{CliError, Exit, Terminal};
use crate::render::plan_human::render_plan;
use crate::render::plan_json::plan_json;
use crate::terraform::Tree;
use crate::terraform::plan::read_plan;

const NOTHING_EXPECTED: &str = "in this code no Key Vault secret takes the key of an account, so none is expected to \
                                change: whether the plan is a rotation's cannot be told, and every change counts as \
                                one that no rotation makes";

/// What to check instead of Terraform code.
#[derive(Debug, clap::Args)]
pub struct PlanOptions {
    /// Check a plan, as `terraform show -json` prints it (- for standard input): that it changes the secrets that
    /// carry the key, and nothing else. Which those are, the Terraform at PATH tells (without it, in this folder), or
    /// --secret. Ends with 1 where it does anything else, changes none of them, or leaves one as it is. Where neither
    /// names a secret, that is said: every change is then one that no rotation makes, and a plan that changes nothing
    /// ends with 0.
    #[arg(long, value_name = "FILE")]
    #[arg(conflicts_with_all = ["trace", "fail_on", "baseline", "write_baseline"])]
    plan: Option<PathBuf>,
    /// A Key Vault secret that the plan has to change, by its name. May be given more than once.
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
        shown: &FindingOptions,
        declarations: &Declarations,
        terminal: &mut Terminal,
    ) -> Result<Exit, CliError> {
        let as_json = match shown.format() {
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
        let expectation = self.expectation(code, declarations, shown.is_quiet(), terminal)?;
        let judgement = judge(&plan, &expectation);
        if !shown.is_quiet() {
            match as_json {
                true => terminal.json(&plan_json(&judgement))?,
                false => terminal.data(render_plan(&judgement).as_bytes())?,
            }
            hints(&judgement).iter().for_each(|hint| terminal.hint(hint));
        }
        if judgement.nothing_expected && !shown.is_quiet() {
            terminal.warn(NOTHING_EXPECTED);
            terminal.hint("name the folder of the code that writes the secret (keyslot check PATH --plan FILE), or the secret: --secret NAME");
        }
        Ok(if judgement.is_clean() { Exit::Done } else { Exit::Findings })
    }

    fn expectation(
        &self,
        code: Option<&Path>,
        declarations: &Declarations,
        quiet: bool,
        terminal: &mut Terminal,
    ) -> Result<Expectation, CliError> {
        let named = Expectation::named(&self.secret);
        let (found, tree) = match (discover(code.unwrap_or(Path::new(".")), Shortcuts::TAKEN), code) {
            (Ok(found), _) => found,
            // Nobody said where the code is, and it is not here.
            (Err(error), None) if error.kind == ErrorKind::Usage => {
                if self.secret.is_empty() && !quiet {
                    terminal.warn("there is no Terraform in this folder to tell which secrets carry the key");
                    terminal.hint(
                        "name the folder of the code that the plan is of: keyslot check PATH --plan FILE",
                    );
                    terminal.hint("or name the secrets that are meant to change: --secret NAME");
                }
                return Ok(named);
            }
            (Err(error), _) => return Err(error),
        };
        if !quiet {
            say_what_was_passed_over(&found, &tree, terminal);
        }
        let tree = declarations.apply(tree, &found.root, found.only.as_deref())?;
        if !quiet && hides_something(&tree) {
            terminal.warn(
                "this code does not tell all places that take a key (see `keyslot check` without --plan), so a \
                 secret may be missing among the expected ones",
            );
        }
        Ok(named.and_of(&tree))
    }
}

fn hints(judgement: &Judgement) -> Vec<&'static str> {
    let unsaid = (!judgement.to_confirm.is_empty())
        .then_some("name the secrets that are meant to change: --secret NAME, or the PATH of the code");
    let missed = (!judgement.missed.is_empty()).then_some(
        "see that the plan is of the code that was flipped, and that the version of a write-only value was raised",
    );
    unsaid.into_iter().chain(missed).collect()
}

fn hides_something(tree: &Tree) -> bool {
    !tree.unparsed.is_empty() || !tree.unread.is_empty() || !tree.opaque.is_empty()
}
