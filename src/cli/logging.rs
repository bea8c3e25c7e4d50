//! What happens inside, as lines on stderr, where `KEYSLOT_LOG` asks for it; nothing otherwise.
//!
//! Libraries log what they please, some of them whole requests with their headers. So targets are an allow-list:
//! a library speaks here only once it is known what it says. Records of the `log` crate are not taken at all.

use tracing::Level;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;

use super::CliError;

/// The environment variable that asks for it, and says how much.
pub const VARIABLE: &str = "KEYSLOT_LOG";

/// Who may speak: keyslot, and below it those who tell of connections and of the journal's store. None of these
/// shows header values or bodies.
const TARGETS: [&str; 4] = ["keyslot", "hyper_util", "object_store", "reqwest"];

/// Starts logging, where it was asked for.
///
/// # Errors
/// A level that there is not.
pub fn start(wanted: Option<&str>) -> Result<(), CliError> {
    let Some(level) = level(wanted)? else { return Ok(()) };
    let allowed: Targets = TARGETS.iter().map(|target| (*target, level)).collect();
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(false);
    let subscriber = tracing_subscriber::registry().with(allowed).with(lines);
    // Where somebody else listens already, as a test does, that one goes on.
    let _ = tracing::subscriber::set_global_default(subscriber);
    Ok(())
}

fn level(wanted: Option<&str>) -> Result<Option<Level>, CliError> {
    match wanted {
        None | Some("" | "off") => Ok(None),
        Some("error") => Ok(Some(Level::ERROR)),
        Some("warn") => Ok(Some(Level::WARN)),
        Some("info") => Ok(Some(Level::INFO)),
        Some("debug") => Ok(Some(Level::DEBUG)),
        Some("trace") => Ok(Some(Level::TRACE)),
        Some(other) => Err(CliError::usage("there is no such log level")
            .at(format!("{VARIABLE}={other}"))
            .hint("off, error, warn, info, debug or trace")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_logged_unless_it_is_asked_for() {
        assert_eq!(level(None).unwrap(), None);
        assert_eq!(level(Some("")).unwrap(), None);
        assert_eq!(level(Some("trace")).unwrap(), Some(Level::TRACE));
        assert_eq!(level(Some("everything")).unwrap_err().place, "KEYSLOT_LOG=everything");
    }
}
