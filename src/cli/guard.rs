//! A panic is our defect: it ends with its own exit code and says so, and says nothing secret.
//!
//! A panic's message may quote whatever value was at hand, so it is not printed; the place in our source is.

use std::any::Any;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};

use super::error::CliError;
use super::exit::Exit;
use super::terminal::{Color, Terminal};

/// Runs the program; a panic becomes [`Exit::Bug`].
pub fn run(program: impl FnOnce() -> Exit) -> Exit {
    panic::set_hook(Box::new(tell));
    catch(program)
}

fn catch(program: impl FnOnce() -> Exit) -> Exit {
    let ended: Result<Exit, Box<dyn Any + Send>> = panic::catch_unwind(AssertUnwindSafe(program));
    ended.unwrap_or(Exit::Bug)
}

fn tell(panic: &PanicHookInfo<'_>) {
    Terminal::new(Color::Auto).error(&report(panic.location().map(ToString::to_string)));
}

fn report(location: Option<String>) -> CliError {
    CliError::bug("keyslot stopped because of a mistake in its own code")
        .at(location.unwrap_or_else(|| "an unknown place".to_owned()))
        .hint("a rotation that was under way is safe to continue: run the same command again")
}

#[cfg(test)]
mod tests {
    use super::super::error::REPORT;
    use super::*;

    #[test]
    fn a_panic_ends_as_our_defect() {
        assert_eq!(catch(|| panic!("AccountKey=not-to-be-seen")), Exit::Bug);
        assert_eq!(catch(|| Exit::Waiting), Exit::Waiting);
    }

    #[test]
    fn the_report_names_the_place_and_where_to_send_it() {
        let error = report(Some("src/somewhere.rs:7:3".to_owned()));
        assert_eq!(Exit::from(error.kind), Exit::Bug);
        assert_eq!(error.place, "src/somewhere.rs:7:3");
        assert!(error.hints.iter().any(|hint| hint == REPORT));
    }
}
