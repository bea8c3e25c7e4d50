//! What people say while another keyslot is at work on the same journal: it is recorded beside it, as a pause is. The other one
//! reads it before its next step; nothing else is done here.

use std::sync::Arc;

use super::consent::Consent;
use super::rotate::fits;
use super::settings::Chosen;
use super::target::spell;
use super::{CliError, ErrorKind, Exit, Terminal, wiring};
use crate::drive::{DriveError, Driver, OpenRequest, Silent, Watcher};
use crate::model::FlipBack;
use crate::rotation::Reach;

/// Who drives: we, or whoever is at work, to whom what was said has been told.
pub(super) enum Driven {
    Here(Box<Driver>),
    Elsewhere(Exit),
}

/// What a command wants of a driver, and what was said with it.
pub(super) struct Wanted<'a> {
    pub consent: &'a Consent,
    pub flip_back: Option<FlipBack>,
    pub reach: Reach,
    /// What is asked for of the rotation, as the command has it; of no other is anything recorded.
    pub request: &'a OpenRequest,
}

/// The driver. Where another keyslot holds the lock, what was said is recorded beside it.
///
/// # Errors
/// As [`wiring::driver`]; somebody else is at work and nothing was said; what was said fits nothing, or could not be recorded.
pub(super) async fn driver(
    chosen: &Chosen<'_>,
    wanted: &Wanted<'_>,
    shown: Arc<dyn Watcher>,
    terminal: &mut Terminal,
) -> Result<Driven, CliError> {
    match wiring::driver(chosen, wanted.flip_back, &wiring::process_variables, shown).await {
        Ok(driver) => Ok(Driven::Here(Box::new(driver.reaching(wanted.reach.clone())))),
        Err(busy) if busy.kind == ErrorKind::Waiting && wanted.consent.says_anything() => {
            beside(chosen, wanted, &busy, terminal).await.map(Driven::Elsewhere)
        }
        Err(error) => Err(error),
    }
}

async fn beside(
    chosen: &Chosen<'_>,
    wanted: &Wanted<'_>,
    busy: &CliError,
    terminal: &mut Terminal,
) -> Result<Exit, CliError> {
    let driver = wiring::onlooker(chosen, &wiring::process_variables, Arc::new(Silent)).await?;
    let mut driver = driver.reaching(wanted.reach.clone());
    if let Some(exit) = fits(wanted.consent, &driver, terminal)? {
        return Ok(exit);
    }
    if driver.fold().rotation().is_none() {
        return Err(
            not_recorded(DriveError::NoneOpen.into()).because(format!("{}: {}", busy.what, busy.place))
        );
    }
    driver.is_of(wanted.request).map_err(|error| not_recorded(error.into()))?;
    if !wanted.consent.accepting.accept.is_empty() {
        spell(&mut driver, terminal).await?;
    }
    wanted.consent.record(&mut driver, &wanted.request.by, terminal).await?;
    terminal.say(&format!(
        "{} ({}): it reads that before its next step, and nothing else is done here",
        busy.what, busy.place
    ));
    Ok(Exit::Waiting)
}

/// Whoever said it must not take it for said: no later turn goes on with it.
pub(super) fn not_recorded(error: CliError) -> CliError {
    let kind = if error.kind == ErrorKind::Waiting { ErrorKind::World } else { error.kind };
    CliError { kind, ..error }.because("what was said was NOT recorded: it does not count")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::{JournalError, Seq};

    #[test]
    fn what_lost_the_race_is_told_as_not_recorded_and_no_later_turn_is_waited_for() {
        let lost = JournalError::Conflict { seq: Seq(7), place: "state".to_owned() };
        let error = CliError::from(DriveError::from(lost));
        assert_eq!(error.kind, ErrorKind::Waiting);
        let told = not_recorded(error);
        assert_eq!(told.kind, ErrorKind::World);
        assert!(told.why.iter().any(|why| why.contains("NOT recorded")), "{told:?}");
    }
}
