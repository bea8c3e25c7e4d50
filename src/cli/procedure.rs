//! What `propose`, `promote` and `follow` share: how they run, and what they print at their end.

use super::rotate::finish;
use super::stop::Stop;
use super::words::Output;
use super::{CliError, Exit, Terminal};
use crate::drive::{DriveError, Driver, TurnEnd};
use crate::render::procedure::{human, procedure};
use crate::rotation::Reason;

/// Goes on with the open rotation.
pub(super) async fn resume(driver: &mut Driver, by: &str) -> Result<(), CliError> {
    driver.resume(by).await.map_err(|error| match error {
        DriveError::NoneOpen => CliError::from(error).hint("`keyslot propose` begins one"),
        other => CliError::from(other),
    })
}

/// Runs as far as the command reaches, says how it ended, and prints where the change stands.
pub(super) async fn run(
    driver: &mut Driver,
    command: &str,
    output: Output,
    terminal: &mut Terminal,
) -> Result<Exit, CliError> {
    let mut stop = Stop::listen()?;
    let end = tokio::select! {
        end = driver.run() => Some(end?),
        () = stop.come() => None,
    };
    let exit = match &end {
        Some(end) => finish(driver, end, command, terminal)?,
        None => super::rotate::interrupted(driver, command, terminal).await?,
    };
    print(driver, end.as_ref(), output, terminal)?;
    Ok(exit)
}

/// Where the change stands, as last seen.
fn print(
    driver: &Driver,
    end: Option<&TurnEnd>,
    output: Output,
    terminal: &mut Terminal,
) -> Result<(), CliError> {
    let held: &[Reason] = match end {
        Some(TurnEnd::Waiting { reasons, .. } | TurnEnd::Halted { reasons, .. }) => reasons,
        Some(TurnEnd::Done | TurnEnd::Enough) | None => &[],
    };
    let report = driver.report_as_seen();
    let Some(document) = procedure(&report, held) else { return Ok(()) };
    match output {
        Output::Human => terminal.data(human(&document, &report).as_bytes()),
        Output::Json => terminal.json(&document),
    }
}
