//! Which environment a command is about: options that many commands share.

use std::path::PathBuf;

use super::settings::{FILE_NAME, SettingsFile, find};
use super::{CliError, ErrorKind, Terminal};
use crate::adapters::kubernetes::resolve_workload;
use crate::drive::Driver;

/// `--config` and `--environment`.
#[derive(Clone, Debug, clap::Args)]
pub struct Target {
    /// The configuration file; without it, keyslot.toml in this folder or the nearest one above.
    #[arg(long, value_name = "FILE", env = "KEYSLOT_CONFIG")]
    pub config: Option<PathBuf>,
    /// Which environment of the configuration; may be left out where there is only one.
    #[arg(long, short = 'e', value_name = "NAME", env = "KEYSLOT_ENVIRONMENT")]
    pub environment: Option<String>,
}

impl Target {
    /// Reads the configuration.
    ///
    /// # Errors
    /// No file, or one that says something that cannot be.
    pub fn settings(&self) -> Result<SettingsFile, CliError> {
        let here = std::env::current_dir()
            .map_err(|error| CliError::io("cannot look for the configuration", FILE_NAME, &error))?;
        Ok(SettingsFile::load(&find(self.config.as_deref(), &here)?)?)
    }
}

/// Takes the configured workloads to be what the clusters call them: runbooks write `CatalogService-deploy`, and no
/// such name can exist in Kubernetes.
///
/// # Errors
/// A workload that no cluster has.
pub async fn spell(driver: &mut Driver, terminal: &mut Terminal) -> Result<(), CliError> {
    match driver.spell_workloads(&resolve_workload).await {
        Ok(notes) => {
            for note in notes {
                terminal.say(&note);
            }
            Ok(())
        }
        Err(wrong) => Err(wrong
            .into_iter()
            .fold(CliError::new(ErrorKind::Configuration, "a workload does not exist"), CliError::because)
            .hint("correct `order` under [environment.NAME.workloads] in keyslot.toml, or deploy it")),
    }
}

/// Who acts, for the journal: a name, never a secret.
pub fn person() -> String {
    ["KEYSLOT_ACTOR", "GITHUB_ACTOR", "BUILD_REQUESTEDFOR", "USER", "USERNAME"]
        .into_iter()
        .find_map(super::wiring::process_variables)
        .unwrap_or_else(|| "somebody".to_owned())
}
