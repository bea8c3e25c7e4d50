//! Which file is read.

use std::path::{Path, PathBuf};

use super::SettingsError;

/// The name that is looked for.
pub const FILE_NAME: &str = "keyslot.toml";

/// The file named by `--config`, or else the nearest `keyslot.toml` from `folder` upward.
///
/// # Errors
/// No such file in the folder or above it.
pub fn find(named: Option<&Path>, folder: &Path) -> Result<PathBuf, SettingsError> {
    if let Some(named) = named {
        return Ok(folder.join(named));
    }
    folder.ancestors().map(|folder| folder.join(FILE_NAME)).find(|path| path.is_file()).ok_or_else(|| {
        SettingsError::new(format!("there is no {FILE_NAME} in {} or above it", folder.display()))
            .remedy("name one with --config")
            .remedy("`keyslot example smallest` prints one to begin with, `keyslot example settings` one that has everything")
            .remedy("`keyslot sandbox` writes one to try things with")
    })
}
