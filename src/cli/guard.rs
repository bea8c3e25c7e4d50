//! A panic is our defect: it ends the program with its own exit code and says so, and says nothing secret.
//!
//! A panic's message may quote whatever value was at hand, so it is not printed; the place in our source is. The program ends
//! in whichever thread or task the panic came up: nothing goes on beside what went wrong, every step is safe to abandon, and
//! a program that never unwinds is a seventh smaller.

use std::panic;

use super::error::CliError;
use super::exit::Exit;
use super::terminal::{Color, Terminal};

/// From here on a panic ends the program as [`Exit::Bug`].
pub fn stand() {
    panic::set_hook(Box::new(|panic| {
        Terminal::new(Color::Auto).error(&report(panic.location().map(ToString::to_string)));
        std::process::exit(Exit::Bug.code().into());
    }));
}

fn report(location: Option<String>) -> CliError {
    CliError::bug("keyslot stopped because of a mistake in its own code")
        .at(location.unwrap_or_else(|| "an unknown place".to_owned()))
        .hint("a rotation that was under way is safe to continue: run the same command again")
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::super::error::REPORT;
    use super::*;

    /// Set where the test below runs itself, as the program that panics.
    const INNER: &str = "KEYSLOT_TEST_OF_A_PANIC";

    #[test]
    fn a_panic_in_any_thread_ends_the_program_as_our_defect() {
        if std::env::var_os(INNER).is_some() {
            stand();
            std::thread::spawn(|| panic!("AccountKey=not-to-be-seen")).join().unwrap_err();
            return;
        }
        let name = "cli::guard::tests::a_panic_in_any_thread_ends_the_program_as_our_defect";
        let mut program = Command::new(std::env::current_exe().unwrap());
        let ended = program.args(["--exact", name, "--nocapture"]).env(INNER, "1").output().unwrap();
        let told = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(Exit::Bug.code().into()), "{told}");
        assert!(told.contains(file!()) && !told.contains("not-to-be-seen"), "{told}");
    }

    #[test]
    fn the_report_names_the_place_and_where_to_send_it() {
        let error = report(Some("src/somewhere.rs:7:3".to_owned()));
        assert_eq!(Exit::from(error.kind), Exit::Bug);
        assert_eq!(error.place, "src/somewhere.rs:7:3");
        assert!(error.hints.iter().any(|hint| hint == REPORT));
    }
}
