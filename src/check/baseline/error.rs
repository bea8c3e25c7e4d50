//! Why a file is no baseline.

use std::fmt;

use super::document::VERSION;

/// Why a file is no baseline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BaselineError {
    /// Not JSON, or not of this form.
    Form(String),
    Version(u32),
    /// Entries whose reason nobody has written yet.
    WithoutReason(usize),
}

impl fmt::Display for BaselineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BaselineError::Form(why) => f.write_str(why),
            BaselineError::Version(version) => {
                write!(f, "it is of version {version}; this keyslot reads version {VERSION}")
            }
            BaselineError::WithoutReason(1) => f.write_str("1 of its entries gives no reason"),
            BaselineError::WithoutReason(count) => write!(f, "{count} of its entries give no reason"),
        }
    }
}
