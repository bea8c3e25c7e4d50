//! `keyslot check`: which slot does this Terraform read, and is anything wrong with how it does?

use std::path::PathBuf;

use super::{CliError, Exit, Terminal};

/// Shows which key slot this Terraform reads, account by account, and what is wrong with how it does.
#[derive(Debug, clap::Args)]
pub struct Check {
    /// A folder (read with everything below it) or a single file.
    #[arg(default_value = ".")]
    path: PathBuf,
}

impl Check {
    pub fn run(self, _terminal: &mut Terminal) -> Result<Exit, CliError> {
        Err(CliError::refused("this command is being built").at(self.path.display()))
    }
}
