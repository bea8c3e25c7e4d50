//! What becomes of findings: known ones silenced, the rest printed in some format, and the exit code.

use std::path::PathBuf;

use clap::ValueEnum;

use super::baseline::{Writing, Written, reach, read};
use super::discover::Found;
use super::words::reason;
use super::{CliError, Exit, Terminal};
use crate::check::{Finding, Severity};
use crate::render::check_human::{render_check, render_findings, render_summary};
use crate::render::check_json::check_json;
use crate::render::count::{are, counted};
use crate::render::github::github;
use crate::render::mermaid::render_mermaid;
use crate::render::sarif::{MAX_RESULTS, sarif};
use crate::render::trace::render_trace;
use crate::terraform::{Tree, mask};

/// How findings are shown and what they do to the exit code.
#[derive(Debug, clap::Args)]
pub struct FindingOptions {
    /// How to print the result.
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    output: Format,
    /// Show where every key goes: through which names, into which secret. For people: the JSON has it under `flows`.
    #[arg(long)]
    trace: bool,
    /// Print nothing: only the exit code tells, and errors. For no other format than the default.
    #[arg(long, short)]
    quiet: bool,
    /// End with 1 where something as grave as this, or graver, is found.
    #[arg(long, value_name = "SEVERITY", default_value = "error")]
    fail_on: FailOn,
    /// A file of known findings, which do not count. Paths in it start from its own folder; entries of files that are
    /// not checked are left alone.
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Write the findings to a file as known ones, print nothing else, and end with 0. What `--baseline` silences is
    /// kept with its reason, and so is what a file that is replaced says of files that are not checked.
    #[arg(long, value_name = "FILE")]
    write_baseline: Option<PathBuf>,
    /// The reason for each new entry of the file. Without it, reasons are left empty and have to be filled in
    /// before the file can be used.
    #[arg(long, value_name = "TEXT", requires = "write_baseline", value_parser = reason)]
    because: Option<String>,
    /// Replace the file where it exists.
    #[arg(long, requires = "write_baseline")]
    overwrite: bool,
}

/// `--output` of findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Human,
    /// One JSON document; `keyslot schema check` describes it.
    Json,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// Workflow commands, which GitHub shows as annotations.
    Github,
    /// A Mermaid flowchart: accounts, references, the names that keys pass, and where they end.
    Mermaid,
}

/// `--fail-on`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    Note,
    Warning,
    Error,
    Never,
}

impl FailOn {
    fn severity(self) -> Option<Severity> {
        match self {
            FailOn::Note => Some(Severity::Note),
            FailOn::Warning => Some(Severity::Warning),
            FailOn::Error => Some(Severity::Error),
            FailOn::Never => None,
        }
    }
}

impl FindingOptions {
    /// Whether people want to read more than errors.
    pub fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// Whether no finding ends the program with 1.
    pub fn never_fails(&self) -> bool {
        self.fail_on == FailOn::Never
    }

    /// The format that was asked for.
    pub fn format(&self) -> Format {
        self.output
    }

    /// Refuses what would be passed over in silence otherwise.
    ///
    /// # Errors
    /// Two options that want different things printed.
    pub fn agree(&self) -> Result<(), CliError> {
        let formatted = self.output != Format::Human;
        let refused = match self {
            Self { quiet: true, trace: true, .. } => {
                ("--quiet prints nothing", "leave out --trace or --quiet")
            }
            Self { quiet: true, .. } if formatted => {
                ("--quiet prints nothing, in whatever format", "leave out --output or --quiet")
            }
            Self { trace: true, output: Format::Json, .. } => {
                ("--trace is for people", "leave it out: --output json has the ways of keys under `flows`")
            }
            Self { trace: true, .. } if formatted => {
                ("--trace is for people", "leave it out; --output mermaid draws the ways of keys")
            }
            Self { write_baseline: Some(_), .. } if formatted || self.trace => {
                ("--write-baseline prints no report", "leave out --output and --trace, or run keyslot twice")
            }
            Self { .. } => return Ok(()),
        };
        let (what, hint) = refused;
        Err(CliError::usage(what).hint(hint))
    }

    /// Silences what is known, prints the rest, and says how the program ends.
    pub fn conclude(
        &self,
        found: &Found,
        tree: &Tree,
        mut findings: Vec<Finding>,
        terminal: &mut Terminal,
    ) -> Result<Exit, CliError> {
        let baseline = self.baseline.as_deref().map(read).transpose()?;
        let obeyed = self.baseline.as_deref().zip(baseline.as_ref());
        if let Some((path, baseline)) = obeyed {
            baseline.apply(tree, &reach(path, found)?, &mut findings);
        }
        if let Some(path) = &self.write_baseline {
            let because = self.because.as_deref().unwrap_or_default();
            let writing = Writing { path, found, obeyed, because, overwrite: self.overwrite };
            return self.write(&writing, tree, &findings, terminal);
        }
        if !self.quiet {
            self.show(tree, &findings, terminal)?;
        }
        Ok(self.exit(&findings))
    }

    fn show(&self, tree: &Tree, findings: &[Finding], terminal: &mut Terminal) -> Result<(), CliError> {
        match self.output {
            Format::Human => {
                let text = match self.trace {
                    true => traced(tree, findings),
                    false => render_check(tree, findings),
                };
                terminal.data(mask(&text).as_bytes())?;
                if tree.accounts.is_empty() {
                    terminal.say(&no_account(tree));
                }
                Ok(())
            }
            Format::Json => terminal.json(&check_json(tree, findings)),
            Format::Sarif => {
                if findings.len() > MAX_RESULTS {
                    terminal.warn(&format!("only {MAX_RESULTS} of {} findings are told", findings.len()));
                }
                terminal.json(&sarif(tree, findings))
            }
            Format::Mermaid => {
                terminal.data(mask(&render_mermaid(tree)).as_bytes())?;
                // A flowchart has no place for findings; that there are some is said beside it.
                let counts = render_summary(findings);
                if !counts.is_empty() {
                    terminal.say(&counts);
                }
                Ok(())
            }
            Format::Github => terminal.data(github(tree, findings).as_bytes()),
        }
    }

    fn exit(&self, findings: &[Finding]) -> Exit {
        let grave = |severity: Severity| self.fail_on.severity().is_some_and(|least| severity >= least);
        let fails = findings.iter().any(|finding| finding.silenced.is_none() && grave(finding.rule.severity));
        if fails { Exit::Findings } else { Exit::Done }
    }

    fn write(
        &self,
        writing: &Writing<'_>,
        tree: &Tree,
        findings: &[Finding],
        terminal: &mut Terminal,
    ) -> Result<Exit, CliError> {
        let Written { entries, kept, without_reason, left } = writing.write(tree, findings)?;
        if self.quiet {
            return Ok(Exit::Done);
        }
        let (new, file) = (entries - kept, writing.path.display());
        terminal.say(&format!("{} {} written to {file}", counted(new, "finding"), are(new)));
        if kept > 0 {
            let (entries, stay) = if kept == 1 { ("entry", "stays") } else { ("entries", "stay") };
            terminal.say(&format!("{kept} {entries} of files that were not checked {stay}"));
        }
        if left > 0 {
            let (left, are) = (counted(left, "finding"), are(left));
            terminal.warn(&format!("{left} cannot be silenced and {are} not in it"));
        }
        if without_reason > 0 {
            terminal.hint("write a reason into each entry that has none; the file is refused until then");
        }
        Ok(Exit::Done)
    }
}

/// What is not known may be where an account is.
fn no_account(tree: &Tree) -> String {
    let files = counted(tree.files, "file");
    match tree.unparsed.len() + tree.unread.len() {
        0 => format!("no Cosmos DB account occurs in {files}"),
        gaps => format!(
            "whether a Cosmos DB account occurs in {files} is not known: {} could not be read",
            counted(gaps, "file")
        ),
    }
}

fn traced(tree: &Tree, findings: &[Finding]) -> String {
    let (trace, counts) = (render_trace(tree), render_summary(findings));
    let gap = if trace.is_empty() || counts.is_empty() { "" } else { "\n" };
    let end = if counts.is_empty() { "" } else { "\n" };
    render_findings(tree, findings) + &trace + gap + &counts + end
}
