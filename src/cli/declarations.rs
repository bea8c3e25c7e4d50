//! What `keyslot.toml` declares about the Terraform that a command reads.

use std::path::{Path, PathBuf};

use super::CliError;
use super::settings::{SettingsFile, find};
use crate::terraform::{Declared, Tree};

/// `--config`, for commands that can do without a configuration.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Declarations {
    /// The file that declares accounts and mirrors under `[check]`; without it, keyslot.toml in PATH or the nearest
    /// one above, if there is one.
    #[arg(long, value_name = "FILE", env = "KEYSLOT_CONFIG")]
    config: Option<PathBuf>,
}

impl Declarations {
    /// The tree of a folder or file, with what is declared about it.
    ///
    /// # Errors
    /// A configuration that was named and is not there, or one that says something that cannot be.
    pub fn apply(&self, tree: Tree, root: &Path) -> Result<Tree, CliError> {
        let declared = self.declared(root)?;
        Ok(if declared == Declared::default() { tree } else { tree.declaring(declared) })
    }

    fn declared(&self, root: &Path) -> Result<Declared, CliError> {
        let file = match &self.config {
            Some(named) => named.clone(),
            None => {
                let folder = root.canonicalize().unwrap_or_else(|_| root.to_owned());
                match find(None, &folder) {
                    Ok(file) => file,
                    Err(_) => return Ok(Declared::default()),
                }
            }
        };
        Ok(SettingsFile::load(&file)?.declared_for(root))
    }
}
