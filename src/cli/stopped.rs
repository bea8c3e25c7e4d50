//! The end of a command that was asked to stop: what was sent is answered and written down first, and the lease goes back.

use super::stop::Stop;
use super::{CliError, Exit, Terminal};
use crate::drive::Driver;
use crate::rotation::Step;

/// Waits for the answers to what was sent, at most as long as those calls take, and gives the lease back. Whoever asks once more
/// ends it at once.
///
/// # Errors
/// What came of a step could not be written to the journal.
pub(super) async fn interrupted(
    driver: &mut Driver,
    command: &str,
    terminal: &mut Terminal,
) -> Result<Exit, CliError> {
    let mut again = Stop::listen()?;
    let sent = !driver.unanswered().is_empty();
    if sent {
        terminal.say(&waits(&driver.unanswered()));
    }
    let settled = tokio::select! {
        end = driver.settle() => Some(end),
        () = again.come() => None,
    };
    let cut_off = settled.is_none();
    let released = tokio::select! {
        end = driver.release(), if !cut_off => end.is_ok(),
        () = again.come(), if !cut_off => false,
        else => false,
    };
    if let Some(Err(error)) = settled {
        return Err(error.into());
    }
    terminal.say(&format!("stopped; nothing is lost: run `keyslot {command}` again to go on from here"));
    if sent && cut_off {
        terminal.mutter(
            "what was sent goes on, and its answer is not waited for: the next run looks what became of it",
        );
    }
    if !driver.fold().approvals.is_empty() {
        terminal
            .mutter("the regeneration is approved and stays so; `keyslot close` ends the rotation instead");
    }
    if !released {
        terminal.mutter("the lease could not be given back; it runs out by itself");
    }
    Ok(Exit::Waiting)
}

/// So many steps are named.
const NAMED: usize = 3;

fn waits(sent: &[&Step]) -> String {
    let mut named: Vec<String> = sent.iter().take(NAMED).map(|step| format!("“{step}”")).collect();
    let more = sent.len().saturating_sub(NAMED);
    if more > 0 {
        named.push(format!("{more} more"));
    }
    format!(
        "stopping when what was sent is answered and written down: {}; asked to stop once more, it ends at once",
        named.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{KeyKind, Slot};
    use crate::rotation::Purpose;

    #[test]
    fn what_is_waited_for_is_named_and_how_to_end_at_once() {
        let step = Step::Regenerate { kind: KeyKind::read_write(Slot::Primary), purpose: Purpose::Retire };
        let said = waits(&[&step]);
        assert!(said.contains(&format!("“{step}”;")) && said.contains("once more"), "{said}");
        let said = waits(&[&step; 5]);
        assert!(said.contains(", 2 more;"), "{said}");
    }
}
