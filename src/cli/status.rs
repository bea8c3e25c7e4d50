//! `keyslot status` and `keyslot explain`: look, and say. Neither acts nor writes.

use std::sync::Arc;
use std::time::Duration;

use super::target::{Target, spell};
use super::{CliError, Exit, Terminal, wiring};
use crate::drive::Silent;
use crate::model::Access;
use crate::render::{explain, matrix::Matrix, note};
use crate::rotation::{Report, Standing, Verdict, notes};

/// Show who stands on which slot, and where the rotation stands.
///
/// One row a stamp; the columns are what the base branch reads, what the live release reads, what the Key Vault
/// holds and what the pods must hold, each with the age of the look.
#[derive(Debug, clap::Args)]
pub struct Status {
    #[command(flatten)]
    pub target: Target,
}

/// Say what the rotation waits for, gate by gate, and what would open each.
#[derive(Debug, clap::Args)]
pub struct Explain {
    #[command(flatten)]
    pub target: Target,
}

impl Status {
    pub fn run(self, terminal: &mut Terminal) -> Result<Exit, CliError> {
        let (report, matrix, notes) = look(&self.target, terminal)?;
        let mut text = matrix.table();
        if report.opened.is_some() {
            text.push('\n');
            text.push_str(&explain::phases(&report));
            text.push_str(&explain::paused(&report));
            text.push_str(&explain::closed(&report).unwrap_or_default());
        }
        if !notes.is_empty() {
            text.push('\n');
            text.push_str(&notes);
        }
        terminal.data(text.as_bytes())?;
        let unseen = unseen(&report, &matrix);
        for line in &unseen {
            terminal.warn(line);
        }
        Ok(match (exit(&report), unseen.is_empty()) {
            (Exit::Done, false) => Exit::World,
            (exit, _) => exit,
        })
    }
}

/// What could not be seen, so that its cells say nothing.
fn unseen(report: &Report, matrix: &Matrix) -> Vec<String> {
    let stamps: Vec<_> = matrix.rows.iter().map(|row| row.stamp.clone()).collect();
    let standing = Standing::of(&report.world, &stamps, Duration::ZERO);
    standing
        .unseen
        .iter()
        .map(|unseen| format!("{} cannot be seen: {}", unseen.what, unseen.blind.why))
        .collect()
}

impl Explain {
    pub fn run(self, terminal: &mut Terminal) -> Result<Exit, CliError> {
        let (report, _, notes) = look(&self.target, terminal)?;
        terminal.data((explain::reasons(&report) + &notes).as_bytes())?;
        Ok(exit(&report))
    }
}

/// Report, matrix, and the notes in words.
fn look(target: &Target, terminal: &mut Terminal) -> Result<(Report, Matrix, String), CliError> {
    let settings = target.settings()?;
    let chosen = settings.choose(target.environment.as_deref())?;
    super::block_on(async {
        let mut driver = wiring::onlooker(&chosen, &wiring::process_variables, Arc::new(Silent)).await?;
        spell(&mut driver, terminal).await?;
        let report = driver.report().await?;
        let policy = driver.policy();
        let stamps: Vec<_> = policy.stamps.iter().map(|stamp| stamp.name.clone()).collect();
        let access = report.opened.as_ref().map_or(Access::ReadWrite, |opened| opened.access);
        let matrix = Matrix::of(&report.world, &stamps, access, policy.vault_lag, report.at);
        let notes = note::notes(&notes(policy, &report.world));
        Ok((report, matrix, notes))
    })?
}

fn exit(report: &Report) -> Exit {
    if report.held().is_empty() && report.paused.is_some() {
        // With nothing under way that `rotate` would follow, it halts.
        return Exit::Halted;
    }
    match report.decision.as_ref().map(|decision| &decision.verdict) {
        None | Some(Verdict::Done | Verdict::Enough | Verdict::Act { .. } | Verdict::Record(_)) => Exit::Done,
        Some(Verdict::Wait { .. }) if report.held().is_empty() => Exit::Done,
        Some(Verdict::Wait { .. }) => Exit::Waiting,
        Some(Verdict::Halt { .. }) => Exit::Halted,
    }
}
