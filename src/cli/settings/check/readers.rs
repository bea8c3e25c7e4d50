//! Readers that are signed off.

use super::{Checked, Problem};
use crate::cli::settings::Environment;
use crate::cli::settings::places::Step;

/// A sign-off says whom it speaks of, why, and for a time.
pub(super) fn readers(environment: &Environment) -> Checked {
    for (place, reader) in environment.readers.iter().enumerate() {
        let path =
            |key: &str| vec![Step::Key("reader".to_owned()), Step::Entry(place), Step::Key(key.to_owned())];
        let wrong = |key, what, remedy| Err(Problem::new(path(key), what, remedy));
        if reader.identity.is_none() && reader.address.is_none() && reader.agent.is_none() {
            return wrong(
                "because",
                "a reader is signed off that nothing names",
                "add `identity`, `address` or `agent`",
            );
        }
        if reader.because.trim().is_empty() {
            return wrong("because", "the reason is empty", "say why it is gone");
        }
        if reader.by.trim().is_empty() {
            return wrong("by", "the name is empty", "say who says that it is gone");
        }
        if reader.until <= reader.gone {
            return wrong("until", "it ends before the reader is gone", "set it to a later time");
        }
    }
    Ok(())
}
