//! `keyslot status` and `keyslot explain`: look, and say. Neither acts nor writes.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::target::{Target, spell};
use super::words::Output;
use super::{CliError, Exit, Terminal, wiring};
use crate::drive::Silent;
use crate::journal::StorePlace;
use crate::model::{Access, EvidenceKey, StampName};
use crate::render::explain_json::explain_json;
use crate::render::status_json::status_json;
use crate::render::{explain, matrix::Matrix, note};
use crate::rotation::{Note, Outlook, Report, Standing, Unseen, notes};

/// Show who stands on which slot, and where the rotation stands.
///
/// One row a stamp; the columns are what the base branch reads, what the live release reads, what the Key Vault
/// holds and what the pods must hold, each with the age of the look. Below it the phases of the rotation, and a
/// regeneration that is under way: since when, and how its end will be known.
#[derive(Debug, clap::Args)]
#[command(after_long_help = STATUS_CODES)]
pub struct Status {
    #[command(flatten)]
    pub target: Target,
    /// How to print it.
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub output: Output,
}

/// Say what the rotation waits for, gate by gate, and what would open each.
///
/// Looks at the world anew, and tells of every gate that holds the next step: what was seen or is missing, which harm the
/// gate protects from, who opens it (time, others, a person), what to do, and, where that may be, how to accept it by
/// name. With --output json the evidence and its age too. Nothing is done and nothing written.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXPLAIN_CODES)]
pub struct Explain {
    #[command(flatten)]
    pub target: Target,
    /// How to print it.
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub output: Output,
}

const STATUS_CODES: &str = "\
Exit codes: 0 no rotation is open, or its next step is due, 3 it waits, 4 a person must act, for it or for a restart that \
`keyslot restart` began, 5 something could not be seen, \
though nothing waits for it.

`keyslot schema status` prints what `--output json` looks like.";

const EXPLAIN_CODES: &str = "\
Exit codes: 0 no rotation is open, or nothing holds its next step, 3 it waits, 4 a person must act, for it or for a restart \
that `keyslot restart` began.

`keyslot schema explain` prints what `--output json` looks like.";

impl Status {
    pub fn run(self, terminal: &mut Terminal) -> Result<Exit, CliError> {
        let Sight { report, matrix, notes, lag, place } = look(&self.target, terminal)?;
        let unseen = unseen(&report, &matrix, lag);
        match self.output {
            Output::Human => terminal.data(human(&report, &matrix, &notes, &place).as_bytes())?,
            Output::Json => terminal.json(&status_json(&report, &matrix, &unseen, &notes))?,
        }
        for one in &unseen {
            terminal.warn(&told(one));
        }
        Ok(match (exit(&report), unseen.is_empty()) {
            (Exit::Done, false) => Exit::World,
            (exit, _) => exit,
        })
    }
}

fn human(
    report: &Report,
    matrix: &Matrix,
    noted: &BTreeMap<Note, Vec<StampName>>,
    place: &StorePlace,
) -> String {
    let mut text = matrix.table();
    if report.opened.is_none() {
        text.push_str(&format!("\nno rotation is open, and none was: the journal is empty ({place})\n"));
    }
    if let Some(opened) = &report.opened {
        text.push('\n');
        text.push_str(&explain::opened(opened, report.opened_at));
        text.push_str(&explain::phases(report));
        text.push_str(&explain::restart(report));
        text.push_str(&explain::regeneration(report));
        text.push_str(&explain::paused(report));
        text.push_str(&explain::approvals(report));
        text.push_str(&explain::acceptances(report));
        text.push_str(&explain::closed(report).unwrap_or_default());
    }
    let noted = note::notes(noted);
    if !noted.is_empty() {
        text.push('\n');
        text.push_str(&noted);
    }
    text
}

/// What could not be seen, so that its cells say nothing.
fn unseen(report: &Report, matrix: &Matrix, lag: Duration) -> Vec<Unseen> {
    let stamps: Vec<_> = matrix.rows.iter().map(|row| row.stamp.clone()).collect();
    Standing::of(&report.world, &stamps, access(report), lag).unseen
}

fn access(report: &Report) -> Access {
    report.opened.as_ref().map_or(Access::ReadWrite, |opened| opened.access)
}

/// Of the list of stamps, what it shows may be what is not seen.
fn told(one: &Unseen) -> String {
    match one.what {
        EvidenceKey::Inventory => format!("{}: {}", one.what, one.blind.why),
        _ => format!("{} cannot be seen: {}", one.what, one.blind.why),
    }
}

impl Explain {
    pub fn run(self, terminal: &mut Terminal) -> Result<Exit, CliError> {
        let Sight { report, notes, .. } = look(&self.target, terminal)?;
        match self.output {
            Output::Human => terminal.data((explain::reasons(&report) + &note::notes(&notes)).as_bytes())?,
            Output::Json => terminal.json(&explain_json(&report, &notes))?,
        }
        Ok(exit(&report))
    }
}

/// What was seen, and what is made of it.
struct Sight {
    report: Report,
    matrix: Matrix,
    notes: BTreeMap<Note, Vec<StampName>>,
    /// The policy's `vault_lag`.
    lag: Duration,
    /// Where the journal lies.
    place: StorePlace,
}

fn look(target: &Target, terminal: &mut Terminal) -> Result<Sight, CliError> {
    let settings = target.settings()?;
    let chosen = settings.choose(target.environment.as_deref())?;
    let place = chosen.journal()?;
    super::block_on(async {
        let mut driver = wiring::onlooker(&chosen, &wiring::process_variables, Arc::new(Silent)).await?;
        spell(&mut driver, terminal).await?;
        let report = driver.report().await?;
        let policy = driver.policy();
        let stamps: Vec<_> = policy.stamps.iter().map(|stamp| stamp.name.clone()).collect();
        let lag = policy.vault_lag;
        let matrix = Matrix::of(&report.world, &stamps, access(&report), lag, report.at);
        let notes = notes(policy, &report.world);
        Ok(Sight { report, matrix, notes, lag, place })
    })?
}

fn exit(report: &Report) -> Exit {
    match report.outlook() {
        Some(_) if report.restart_halted.is_some() => Exit::Halted,
        None | Some(Outlook::Ready | Outlook::Done | Outlook::Enough) => Exit::Done,
        Some(Outlook::Waits(_)) => Exit::Waiting,
        Some(Outlook::Halted) => Exit::Halted,
    }
}
