//! The rehearsal's usual driver: keyslot itself, from the stage's configuration on.

use super::result::Rotation;
use crate::cli::progress::watcher;
use crate::cli::rotate;
use crate::cli::settings::SettingsFile;
use crate::cli::stage::{ENVIRONMENT, Stage};
use crate::cli::{CliError, Exit, Terminal, wiring};
use crate::drive::{OpenRequest, TurnEnd};
use crate::model::Slot;

const APPROVER: &str = "the rehearsal itself";

/// Rotates the stage's world to the end, with `both` twice.
///
/// # Errors
/// What would stop a real rotation too.
pub async fn drive(stage: &Stage, both: bool, terminal: &mut Terminal) -> Result<(Rotation, Exit), CliError> {
    let settings = SettingsFile::load(&stage.settings_path())?;
    let chosen = settings.choose(Some(ENVIRONMENT))?;
    let variables = |name: &str| stage.variables.get(name).cloned();
    let shown = watcher(terminal);
    let mut driver = wiring::driver(&chosen, None, &variables, shown).await?;
    let request = OpenRequest { both, by: "rehearsal".to_owned(), ..rotate::asked(&chosen, None) };
    rotate::open(&mut driver, &request, terminal).await?;
    terminal.say("the rehearsal approves the regeneration itself; a real one waits for `--approve`");
    let end = loop {
        driver.approve(APPROVER, None).await?;
        // The other key too, where policy has it made anew first.
        let prepares = driver.policy().max_target_age.is_some();
        for slot in [Slot::Primary, Slot::Secondary].into_iter().filter(|_| prepares) {
            driver.approve_key(APPROVER, None, Some(slot)).await?;
        }
        let end = driver.run().await?;
        if end != TurnEnd::Done || !rotate::go_on_with_second(&mut driver, terminal).await? {
            break end;
        }
    };
    let exit = rotate::finish(&driver, &end, "rehearse", terminal)?;
    let state = match end {
        TurnEnd::Done => "done",
        TurnEnd::Waiting { .. } => "waiting",
        TurnEnd::Halted { .. } => "halted",
        TurnEnd::Enough => "enough",
    };
    Ok((Rotation::of(&driver.report_as_seen(), state), exit))
}
