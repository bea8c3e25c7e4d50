//! Opening a rotation for a command, and saying which it is.

use super::{CliError, Exit, Terminal};
use crate::drive::{Driver, OpenRequest, Opening};
use crate::model::Access;
use crate::render::span;
use crate::rotation::Pair;

/// Opens the rotation; an exit where there is nothing to do.
pub(super) async fn open(
    driver: &mut Driver,
    request: &OpenRequest,
    terminal: &mut Terminal,
) -> Result<Option<Exit>, CliError> {
    let opening = driver.open(request).await?;
    match &opening {
        Opening::JustDone { at, from } => {
            terminal.say(&format!(
                "nothing to do: the {from} key was retired at {}; --again begins another rotation",
                span::rfc3339(*at)
            ));
            return Ok(Some(Exit::Done));
        }
        Opening::Opened | Opening::Continued => {}
    }
    announce(driver, if opening == Opening::Opened { "begins" } else { "goes on" }, terminal);
    Ok(None)
}

/// Opens the second of two rotations, if the first has just been done.
pub(super) async fn go_on_with_second(
    driver: &mut Driver,
    terminal: &mut Terminal,
) -> Result<bool, CliError> {
    if driver.open_second().await? {
        terminal.say("the first of two keys is gone");
        announce(driver, "begins", terminal);
    }
    // Somebody else may have begun it.
    Ok(driver.fold().rotation().is_some_and(|open| open.pair == Pair::Second))
}

fn announce(driver: &Driver, verb: &str, terminal: &mut Terminal) {
    let Some(opened) = driver.fold().rotation() else { return };
    let what = match opened.access {
        Access::ReadWrite => String::new(),
        Access::ReadOnly => format!("{} ", opened.access),
    };
    terminal.say(&format!(
        "rotation {} {verb}: retire the {} {what}key of {} ({}), everybody to {}",
        opened.approval_name(),
        opened.from,
        opened.account,
        opened.environment,
        opened.to()
    ));
}
