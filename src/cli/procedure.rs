//! What `propose`, `promote` and `follow` share: how they run, and what they print at their end.

use super::rotate::finish;
use super::stop::Stop;
use super::words::Output;
use super::{CliError, Exit, Terminal};
use crate::drive::{DriveError, Driver, TurnEnd};
use crate::render::procedure::{human, procedure};
use crate::render::span;
use crate::rotation::Reason;

/// Goes on with the open rotation. Where the last one is done there is nothing to do, and that is the end.
pub(super) async fn resume(
    driver: &mut Driver,
    by: &str,
    terminal: &mut Terminal,
) -> Result<Option<Exit>, CliError> {
    let Err(error) = driver.resume(by).await else { return Ok(None) };
    let fold = driver.fold();
    match (&error, &fold.opened, &fold.closed) {
        (DriveError::NoneOpen, Some((_, opened)), Some((at, true, _))) => {
            let (from, at) = (opened.from, span::rfc3339(*at));
            terminal.say(&format!("nothing to do: the {from} key was retired at {at}"));
            Ok(Some(Exit::Done))
        }
        (DriveError::NoneOpen, ..) => Err(CliError::from(error).hint("`keyslot propose` begins one")),
        _ => Err(CliError::from(error)),
    }
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
        None => super::stopped::interrupted(driver, command, terminal).await?,
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
