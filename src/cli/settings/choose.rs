//! One environment of the settings, with everything that follows from it.

use std::path::{Path, PathBuf};

use secrecy::SecretString;
use zeroize::Zeroizing;

use super::read::{list, nearest};
use super::{Endpoints, Environment, SettingsError, SettingsFile, TokenPlace};
use crate::adapters::http::{HttpSettings, Trust};
use crate::journal::StorePlace;
use crate::model::{Access, BranchName, EnvironmentName, FlipBack, Policy, SharedStore, Wording};
use crate::terraform::Question;

/// The environment that a command works on.
#[derive(Clone, Copy, Debug)]
pub struct Chosen<'a> {
    pub name: &'a EnvironmentName,
    pub environment: &'a Environment,
    pub endpoints: &'a Endpoints,
    /// Which of the account's keys it is about.
    pub access: Access,
    file: &'a SettingsFile,
}

impl SettingsFile {
    /// The environment that was named, or the only one.
    ///
    /// # Errors
    /// An unknown name, or none where there are several.
    pub fn choose(&self, named: Option<&str>) -> Result<Chosen<'_>, SettingsError> {
        let all = &self.settings.environments;
        let names: Vec<&str> = all.keys().map(EnvironmentName::as_str).collect();
        let found = match named {
            Some(named) => all.get_key_value(&EnvironmentName::from(named)),
            None if all.len() == 1 => all.first_key_value(),
            None => None,
        };
        let Some((name, environment)) = found else { return Err(self.not_chosen(named, &names)) };
        let endpoints = &self.settings.endpoints;
        Ok(Chosen { name, environment, endpoints, access: Access::ReadWrite, file: self })
    }

    fn not_chosen(&self, named: Option<&str>, names: &[&str]) -> SettingsError {
        let error = match named {
            _ if names.is_empty() => SettingsError::new("there is no environment")
                .remedy("add [environment.NAME]; `keyslot example smallest` shows one"),
            None => SettingsError::new("there are several environments, and none was named")
                .remedy(format!("say --environment with one of {}", list(names))),
            Some(named) => {
                let known = format!("the environments are {}", list(names));
                SettingsError::new(format!("there is no environment “{named}”"))
                    .remedy(nearest(named, names).unwrap_or(known))
            }
        };
        SettingsError { file: self.path.clone(), ..error }
    }

    /// The folder that relative paths in the file start from.
    pub fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }

    /// A path as the file means it: relative to the file, or to the home folder after `~/`.
    pub fn resolve(&self, path: &Path) -> PathBuf {
        match (path.strip_prefix("~"), std::env::home_dir()) {
            (Ok(below), Some(home)) => home.join(below),
            (Ok(_), None) | (Err(_), _) => self.folder().join(path),
        }
    }
}

impl Chosen<'_> {
    /// What is asked of the environment's Terraform. Folders in declarations start from the repository's root, where
    /// the file lies as a rule.
    pub fn question(&self) -> Question {
        let secret = |access| Some((access, self.about(access).secret().ok()?.to_owned()));
        Question {
            account: Some(self.environment.account.name.clone()),
            declared: self.file.settings.check.declared(""),
            secrets: Access::ALL.into_iter().filter_map(secret).collect(),
        }
    }

    /// The same for keys of this access.
    #[must_use]
    pub fn about(self, access: Access) -> Self {
        Chosen { access, ..self }
    }

    /// The Key Vault secret that carries the key.
    ///
    /// # Errors
    /// There is none for this access.
    pub fn secret(&self) -> Result<&str, SettingsError> {
        let secret = &self.environment.secret;
        match (self.access, &secret.read_only) {
            (Access::ReadWrite, _) => Ok(&secret.name),
            (Access::ReadOnly, Some(name)) => Ok(name),
            (Access::ReadOnly, None) => {
                let what = format!("the environment {} names no secret for the read-only key", self.name);
                let remedy = format!("say `read_only = …` under [environment.{}.secret]", self.name);
                let error = SettingsError { file: self.file.path.clone(), ..SettingsError::new(what) };
                Err(error.remedy(remedy))
            }
        }
    }

    /// The folder that the file lies in.
    pub fn folder(&self) -> &Path {
        let folder = self.file.folder();
        if folder.as_os_str().is_empty() { Path::new(".") } else { folder }
    }

    /// A path as the settings mean it.
    pub fn path(&self, path: &Path) -> PathBuf {
        self.file.resolve(path)
    }

    /// The other environments that name this one's account. Accounts have one name in all of Azure.
    fn same_account(&self) -> Vec<EnvironmentName> {
        let ours = &self.environment.account.name;
        let others = self.file.settings.environments.iter().filter(|(name, _)| **name != *self.name);
        let same = others.filter(|(_, other)| other.account.name.eq_ignore_ascii_case(ours));
        same.map(|(name, _)| name.clone()).collect()
    }

    /// Where this environment's journal lies.
    ///
    /// # Errors
    /// Never for settings that were read: the place was checked then.
    pub fn journal(&self) -> Result<StorePlace, SettingsError> {
        let place = StorePlace::parse(&self.environment.state, self.file.folder()).map_err(|error| {
            SettingsError { file: self.file.path.clone(), ..SettingsError::new(format!("state: {error}")) }
        })?;
        Ok(place.join(self.name.as_str()).join("journal"))
    }

    /// This environment's folder for what can be made again.
    pub fn cache(&self) -> PathBuf {
        self.path(&self.file.settings.cache).join(self.name.as_str())
    }

    /// Whether the journal's store can hold a lease between machines.
    pub fn store(&self) -> SharedStore {
        match (self.journal().is_ok_and(|place| place.is_shared()), self.environment.single_operator) {
            (true, _) => SharedStore::Shared,
            (false, true) => SharedStore::SingleOperator,
            (false, false) => SharedStore::LocalOnly,
        }
    }

    /// A secret from its place; `what` names it, as “the GitHub App's key”. `variable` looks up environment variables.
    ///
    /// # Errors
    /// A variable that is not set, a file that cannot be read, a secret that is empty.
    pub fn secret_at(
        &self,
        place: &TokenPlace,
        what: &str,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<SecretString, SettingsError> {
        let missing = |why: String| {
            let what = format!("{what} is not to be had from {place}: {why}");
            let error = SettingsError { file: self.file.path.clone(), ..SettingsError::new(what) };
            error.remedy(match place {
                TokenPlace::Env(name) => format!("set {name}, or name another place in keyslot.toml"),
                TokenPlace::File(_) => {
                    "write it into that file, or name another place in keyslot.toml".to_owned()
                }
            })
        };
        let found = match place {
            TokenPlace::Env(name) => variable(name).ok_or_else(|| missing("it is not set".to_owned()))?,
            TokenPlace::File(path) => {
                std::fs::read_to_string(self.path(path)).map_err(|error| missing(error.to_string()))?
            }
        };
        let found = Zeroizing::new(found);
        match found.trim() {
            "" => Err(missing("it is empty".to_owned())),
            token => Ok(SecretString::from(token)),
        }
    }

    /// What the HTTP client is made of. Beside a clock of its own it is one that reaches loopback only.
    ///
    /// # Errors
    /// A trust root that cannot be read.
    pub fn http(&self) -> Result<HttpSettings, SettingsError> {
        let Endpoints { trust_root, clock, .. } = self.endpoints;
        let hosts = self.endpoints.hosts();
        let Some(path) = trust_root else { return Ok(HttpSettings { hosts, ..HttpSettings::default() }) };
        let path = self.path(path);
        let pem = std::fs::read(&path).map_err(|error| SettingsError {
            file: self.file.path.clone(),
            key: "endpoints.trust_root".to_owned(),
            ..SettingsError::new(format!("{} cannot be read: {error}", path.display()))
        })?;
        Ok(match clock {
            Some(_) => HttpSettings::rehearsal(pem, hosts),
            None => HttpSettings { trust: Trust::Only(pem), hosts, ..HttpSettings::default() },
        })
    }

    /// What the decision core needs of the settings. `flip_back` is what was typed, if anything.
    pub fn policy(&self, flip_back: Option<FlipBack>) -> Policy {
        let Environment { release, workloads, policy, stamps, terraform, .. } = self.environment;
        Policy {
            route: release.route,
            flip_back: flip_back.unwrap_or(policy.flip_back),
            propagation: release.propagate,
            promotion: release.promote,
            words: Wording {
                title: release.title.clone(),
                body: release.template.clone(),
                commit: release.commit_message.clone(),
            },
            base_branch: BranchName::new(terraform.base_branch.as_str()),
            pulls: release.pulls(),
            signs: terraform.signs(),
            run_start: release.pipeline.run_start(),
            skip_stages: release.pipeline.skip.clone(),
            deployments: !release.pipeline.environments.is_empty(),
            moves_traffic: release.pipeline.moves_traffic(),
            accepted_stages: release.pipeline.accept.clone(),
            stamps: stamps.iter().map(super::StampSettings::facts).collect(),
            same_account: self.same_account(),
            workloads: workloads.names(),
            wave_size: policy.wave_size,
            restart_budget: policy.restart_budget,
            soak: policy.soak.0,
            quiet_window: policy.quiet_window.0,
            confirm_window: policy.confirm_window.0,
            vault_lag: policy.vault_lag.0,
            max_target_age: policy.max_target_age.map(|age| age.0),
            settle: policy.settle.0,
            approver_differs: policy.approver_differs,
            inventory: self.environment.inventory.is_some(),
            log_lag: self.environment.logs.as_ref().map(|_| policy.log_lag.0),
            metrics_lag: Some(policy.metrics_lag.0).filter(|lag| !lag.is_zero()),
            census_window: policy.census_window.0,
            automation: self.environment.logs.iter().flat_map(|logs| logs.automation.clone()).collect(),
            sign_offs: self.environment.readers.iter().map(super::ReaderSettings::sign_off).collect(),
            store: self.store(),
            ages: policy.ages.ages(),
            pace: policy.pace.pace(),
        }
    }
}
