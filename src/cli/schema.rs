//! `keyslot schema`: what the machine formats look like, as JSON Schema.

use clap::ValueEnum;

use super::{CliError, Exit, Terminal};
use crate::render::schema::{
    age_schema, census_schema, check_schema, explain_schema, flip_schema, plan_schema, preflight_schema,
    procedure_schema, rehearse_schema, status_schema, verify_schema,
};

/// Print the JSON Schema of a command's JSON output.
///
/// A version of a format only ever gains fields: what reads version 1 today reads it tomorrow, if it passes over
/// fields that it does not know.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub struct Schema {
    /// The command whose `--output json` is meant.
    #[arg(value_name = "NAME")]
    name: Name,
}

const EXAMPLES: &str = "\
Exit codes: 0 printed, 2 there is no such name.

Examples:
  keyslot schema check > check.schema.json
      For a validator or a code generator.";

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Name {
    /// `keyslot check --max-age AGE`
    Age,
    /// `keyslot census`
    Census,
    /// `keyslot check`
    Check,
    /// `keyslot explain`
    Explain,
    /// `keyslot flip`
    Flip,
    /// `keyslot check --plan FILE`, of a plan that Terraform made (that of `keyslot plan` is `preflight`)
    Plan,
    /// `keyslot plan`: what a rotation would do, and what is in its way
    Preflight,
    /// `keyslot propose`, `keyslot promote` and `keyslot follow`
    Procedure,
    /// `keyslot rehearse`
    Rehearse,
    /// `keyslot status`
    Status,
    /// `keyslot verify`
    Verify,
}

impl Schema {
    pub fn run(self, terminal: &mut Terminal) -> Result<Exit, CliError> {
        terminal.json(&match self.name {
            Name::Age => age_schema(),
            Name::Census => census_schema(),
            Name::Check => check_schema(),
            Name::Explain => explain_schema(),
            Name::Flip => flip_schema(),
            Name::Plan => plan_schema(),
            Name::Preflight => preflight_schema(),
            Name::Procedure => procedure_schema(),
            Name::Rehearse => rehearse_schema(),
            Name::Status => status_schema(),
            Name::Verify => verify_schema(),
        })?;
        Ok(Exit::Done)
    }
}
