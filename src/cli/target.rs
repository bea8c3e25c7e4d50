//! Which environment a command is about: options that many commands share.

use std::path::PathBuf;

use super::settings::{FILE_NAME, SettingsFile, find};
use super::wiring::Variables;
use super::{CliError, ErrorKind, Terminal};
use crate::adapters::kubernetes::resolve_workload;
use crate::drive::Driver;
use crate::rotation::NOBODY;

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
    named_by(&super::wiring::process_variables)
}

/// Whoever runs a job of GitHub's once more is not who ran it first.
fn named_by(variables: Variables<'_>) -> String {
    ["KEYSLOT_ACTOR", "GITHUB_TRIGGERING_ACTOR", "GITHUB_ACTOR", "BUILD_REQUESTEDFOR", "USER", "USERNAME"]
        .into_iter()
        .find_map(variables)
        .unwrap_or_else(|| NOBODY.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_runs_a_job_once_more_acts_and_not_who_ran_it_first() {
        let of = |pairs: &'static [(&str, &str)]| {
            named_by(&move |asked: &str| {
                pairs.iter().find(|(name, _)| *name == asked).map(|(_, value)| (*value).to_owned())
            })
        };
        assert_eq!(
            of(&[("GITHUB_ACTOR", "bob"), ("GITHUB_TRIGGERING_ACTOR", "ada"), ("USER", "runner")]),
            "ada"
        );
        assert_eq!(of(&[("GITHUB_ACTOR", "bob"), ("KEYSLOT_ACTOR", "eve")]), "eve");
        assert!(crate::rotation::is_nobody(&of(&[])));
    }
}
