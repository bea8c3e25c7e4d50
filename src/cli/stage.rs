//! A simulated world on loopback, laid out in a folder so that keyslot, kubectl, git and curl find it: what
//! `sandbox` keeps running and `rehearse` runs through.
//!
//! The folder holds what a real setting would give: a configuration, a kubeconfig a stamp, a CA, tokens in files.
//! Production code reads them; nothing here is handed over behind its back.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use secrecy::ExposeSecret as _;

use super::CliError;
use super::settings::{
    AccountSettings, AgeSettings, AksSettings, AuthorSettings, ClockSettings, CommitBy, CredentialKind,
    Endpoints, Environment, ForgeSettings, InventorySettings, LogSettings, PaceSettings, PipelineKind,
    PipelineName, PipelineSettings, PolicySettings, ProbeSettings, ReleaseSettings, SecretSettings, Settings,
    SignCommits, Span, StageSettings, StampSettings, TerraformSettings, TokenKind, TokenPlace, Trigger,
    WorkloadSettings,
};
use crate::model::{EnvironmentName, FlipBack, Route, StageEffect, WorkloadKind, WorkloadName};
use crate::sim::wire::{Simulation, WireOptions, git};
use crate::sim::{Stamp, World, WorldConfig};

/// How a stage is set up.
#[derive(Clone, Debug)]
pub struct StageOptions {
    pub config: WorldConfig,
    pub speed: f64,
    pub folder: PathBuf,
    pub transcript: Option<PathBuf>,
    pub flip_back: FlipBack,
}

/// A world that answers, and the folder that leads to it.
pub struct Stage {
    pub simulation: Simulation,
    pub folder: PathBuf,
    /// What the environment has to say for keyslot and other programs to find it.
    pub variables: BTreeMap<String, String>,
    pub speed: f64,
}

/// The environment's name in the stage's configuration.
pub const ENVIRONMENT: &str = "prod";

impl Stage {
    /// Sets the stage. Must be called within a runtime.
    ///
    /// # Errors
    /// A folder that cannot be written, a port that cannot be had.
    pub fn set(options: StageOptions) -> Result<Stage, CliError> {
        let world = World::new(options.config.clone());
        Stage::of(world, options)
    }

    /// The same with a world that has a past.
    ///
    /// # Errors
    /// As [`Stage::set`].
    pub fn of(world: World, options: StageOptions) -> Result<Stage, CliError> {
        let StageOptions { config: _, speed, folder, transcript, flip_back } = options;
        fs::create_dir_all(&folder).map_err(|error| cannot_write(&folder, &error))?;
        let folder = fs::canonicalize(&folder).map_err(|error| cannot_write(&folder, &error))?;
        let world_start = world.now();
        let cannot_start = |error: &dyn std::error::Error| {
            CliError::world("cannot start the simulated world").at(folder.display()).caused_by(error)
        };
        let options = WireOptions { transcript, ..WireOptions::default() };
        let simulation = Simulation::start(world, speed, options).map_err(|error| cannot_start(&error))?;
        git::mirror(&simulation.world, &folder.join("origin.git")).map_err(|error| cannot_start(&error))?;
        let mut stage = Stage { simulation, folder, variables: BTreeMap::new(), speed };
        stage.lay_out(world_start, flip_back)?;
        Ok(stage)
    }

    pub fn settings_path(&self) -> PathBuf {
        self.folder.join(super::settings::FILE_NAME)
    }

    fn lay_out(&mut self, world_start: Timestamp, flip_back: FlipBack) -> Result<(), CliError> {
        self.write("ca.pem", self.simulation.wire.ca_pem().as_bytes())?;
        fs::create_dir_all(self.folder.join("tokens")).map_err(|error| cannot_write(&self.folder, &error))?;
        self.write_secret("tokens/github", self.simulation.tickets.github.expose_secret())?;
        self.write_secret("tokens/azure-devops", self.simulation.tickets.azure_devops.expose_secret())?;
        let stamps = self.stamps();
        for stamp in &stamps {
            if let Some(kubeconfig) = self.simulation.kubeconfig(&stamp.stamp_name()) {
                self.write_secret(&kubeconfig_name(&stamp.name), &kubeconfig)?;
            }
        }
        let settings = self.settings(stamps, world_start, flip_back)?;
        self.write(super::settings::FILE_NAME, settings.to_toml()?.as_bytes())?;
        self.variables = self.environment();
        Ok(())
    }

    fn environment(&self) -> BTreeMap<String, String> {
        let directory = &self.simulation.directory;
        let path = |name: &str| self.folder.join(name).display().to_string();
        let kubeconfigs: Vec<String> =
            self.stamps().iter().map(|stamp| path(&kubeconfig_name(&stamp.name))).collect();
        [
            ("KEYSLOT_CONFIG", path(super::settings::FILE_NAME)),
            ("AZURE_TENANT_ID", directory.tenant().to_owned()),
            ("AZURE_CLIENT_ID", directory.client().to_owned()),
            ("AZURE_CLIENT_SECRET", directory.secret().expose_secret().to_owned()),
            ("KUBECONFIG", kubeconfigs.join(":")),
            ("CURL_CA_BUNDLE", path("ca.pem")),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
    }

    fn stamps(&self) -> Vec<StampSettings> {
        self.simulation.world.with(|world| {
            let units = world.units();
            let count = world.stamps().count();
            // The last of several is reached through Azure, the others by a file.
            let by_file = |place: usize| place == 0 || place + 1 < count;
            let aks = |stamp: &Stamp| AksSettings {
                subscription: (stamp.subscription != world.account().config().id.subscription)
                    .then(|| stamp.subscription.clone()),
                resource_group: stamp.resource_group.clone(),
                name: stamp.cluster.name.clone(),
                admin: false,
            };
            world
                .stamps()
                .enumerate()
                .filter_map(|(place, stamp)| Some((place, stamp, units.get(stamp.unit)?)))
                .map(|(place, stamp, unit)| StampSettings {
                    name: stamp.name.to_string(),
                    unit: unit.name.clone(),
                    key_vault: stamp.vault.name.clone(),
                    key_vault_resource_group: None,
                    kubeconfig: by_file(place).then(|| kubeconfig_name(stamp.name.as_str()).into()),
                    context: None,
                    aks: Some(aks(stamp)),
                    namespaces: vec!["workload".to_owned()],
                    traffic: unit.traffic,
                    region: world.account().regions().get(stamp.region).map(|region| region.name.clone()),
                    addresses: World::egress(place).parse().ok().into_iter().collect(),
                    identities: vec![World::identity(place)],
                })
                .collect()
        })
    }

    fn settings(
        &self,
        stamps: Vec<StampSettings>,
        world_start: Timestamp,
        flip_back: FlipBack,
    ) -> Result<Settings, CliError> {
        let config = self.simulation.world.with(|world| world.config().clone());
        let environment = Environment {
            state: "state".to_owned(),
            single_operator: true,
            account: AccountSettings {
                subscription: config.account.id.subscription.clone(),
                resource_group: config.account.id.resource_group.clone(),
                name: config.account.id.name.clone(),
                probe: Some(ProbeSettings {
                    database: config.account.database.clone(),
                    container: config.account.container.clone(),
                }),
                ask_last_use: true,
            },
            terraform: TerraformSettings {
                repository: Some(self.folder.join("origin.git").display().to_string()),
                root: config.repository.terraform_root.clone(),
                base_branch: config.repository.base.to_string(),
                baseline: None,
                token: None,
                author: AuthorSettings::default(),
                // Nobody signs for the world's people.
                sign: Some(SignCommits::Never),
                commit: CommitBy::Git,
            },
            secret: SecretSettings { name: config.secret_name.clone(), read_only: None },
            release: self.release(&config),
            workloads: WorkloadSettings {
                namespace: "workload".to_owned(),
                order: config.all_workloads().map(|workload| written(&workload.name)).collect(),
            },
            policy: self.policy(flip_back),
            inventory: Some(InventorySettings {
                tags: BTreeMap::from([("Prefix".to_owned(), "*".to_owned())]),
                ..InventorySettings::default()
            }),
            logs: config.logs.as_ref().map(|logs| LogSettings {
                workspace: logs.workspace.clone(),
                automation: vec![config.pipeline.identity.clone()],
            }),
            readers: Vec::new(),
            stamps,
            units: Vec::new(),
        };
        let mut settings = Settings::new(BTreeMap::from([(EnvironmentName::new(ENVIRONMENT), environment)]));
        settings.cache = "cache".into();
        settings.endpoints = self.endpoints(world_start);
        Ok(settings)
    }

    fn endpoints(&self, world_start: Timestamp) -> Endpoints {
        let address = self.simulation.wire.address();
        let names = [
            "login.microsoftonline.com",
            "management.azure.com",
            "*.management.azure.com",
            "api.loganalytics.io",
            "*.documents.azure.com",
            "*.vault.azure.net",
            "api.github.com",
            "github.com",
            "dev.azure.com",
        ];
        Endpoints {
            credential: CredentialKind::ClientSecret,
            trust_root: Some("ca.pem".into()),
            resolve: names.map(|name| (name.to_owned(), address)).into(),
            clock: Some(ClockSettings {
                speed: self.speed,
                world_start,
                wall_start: self.simulation.started,
            }),
            ..Endpoints::default()
        }
    }

    fn release(&self, config: &WorldConfig) -> ReleaseSettings {
        let skipped = |effects: &[StageEffect]| !effects.contains(&StageEffect::WritesVaults);
        let stages = &config.pipeline.stages;
        let first_write = stages.iter().position(|stage| !skipped(&stage.effects)).unwrap_or_default();
        ReleaseSettings {
            route: Route::Hotfix,
            branch: Some(config.repository.release.to_string()),
            propagate: crate::model::Propagation::Pipeline,
            promote: crate::model::Promotion::Push,
            title: None,
            template: None,
            commit_message: None,
            forge: ForgeSettings {
                validation: vec![config.people.check.name.clone()],
                ..ForgeSettings::github(
                    &config.repository.owner,
                    &config.repository.name,
                    TokenPlace::File("tokens/github".into()),
                )
            },
            validation: None,
            pipeline: PipelineSettings {
                kind: PipelineKind::AzureDevops,
                url: super::settings::azure_devops(),
                organization: Some(config.repository.owner.clone()),
                project: Some(config.repository.name.clone()),
                pipeline: Some(PipelineName::Name(config.pipeline.name.clone())),
                token: Some(TokenPlace::File("tokens/azure-devops".into())),
                token_kind: TokenKind::Personal,
                trigger: Trigger::Dispatch,
                skip_input: None,
                environments: Vec::new(),
                parameters: BTreeMap::new(),
                accept: Vec::new(),
                because: None,
                // Infrastructure only: images, pods and traffic stay as they are.
                skip: stages.iter().skip(first_write + 1).map(|stage| stage.name.clone()).collect(),
                stages: stages
                    .iter()
                    .map(|stage| StageSettings { name: stage.name.clone(), effects: stage.effects.clone() })
                    .collect(),
            },
        }
    }

    /// The usual policy, with a floor in wall time under every age and pause: at 200 times the speed, thirty
    /// seconds of the world are 150 milliseconds here.
    fn policy(&self, flip_back: FlipBack) -> PolicySettings {
        let delay = |world: &mut World| world.config().logs.as_ref().map(|logs| logs.delay);
        let log_delay = self.simulation.world.with(delay).unwrap_or_default();
        let floor = |usual: Span, wall: f64| Span(usual.0.max(whole(wall * self.speed)));
        let usual = PolicySettings::default();
        PolicySettings {
            flip_back,
            // One person plays with a simulated world.
            approver_differs: false,
            settle: floor(usual.settle, 5.0),
            metrics_lag: usual.metrics_lag,
            log_lag: Span(log_delay + Duration::from_secs(60)),
            ages: AgeSettings {
                ordinary: floor(usual.ages.ordinary, 4.0),
                restart: floor(usual.ages.restart, 3.0),
                regenerate: floor(usual.ages.regenerate, 3.0),
                proof: floor(usual.ages.proof, 6.0),
            },
            pace: PaceSettings {
                people: floor(usual.pace.people, 0.3),
                pipeline: floor(usual.pace.pipeline, 0.2),
                rollout: floor(usual.pace.rollout, 0.1),
                pods: floor(usual.pace.pods, 0.15),
                account: floor(usual.pace.account, 0.2),
            },
            ..usual
        }
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), CliError> {
        let path = self.folder.join(name);
        fs::write(&path, bytes).map_err(|error| cannot_write(&path, &error))
    }

    fn write_secret(&self, name: &str, text: &str) -> Result<(), CliError> {
        let path = self.folder.join(name);
        let mut options = fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options
            .open(&path)
            .and_then(|mut file| file.write_all(text.as_bytes()))
            .map_err(|error| cannot_write(&path, &error))
    }
}

fn whole(seconds: f64) -> Duration {
    Duration::from_secs(seconds.ceil() as u64)
}

fn kubeconfig_name(stamp: &str) -> String {
    format!("kubeconfig-{stamp}.yaml")
}

fn cannot_write(path: &Path, error: &std::io::Error) -> CliError {
    CliError::io("cannot lay out the simulated world", path.display(), error)
        .hint("name a folder that can be written, or make room on the disk")
}

/// As a configuration names it.
fn written(workload: &WorkloadName) -> String {
    match workload.kind {
        WorkloadKind::Deployment => workload.name.clone(),
        WorkloadKind::StatefulSet | WorkloadKind::DaemonSet | WorkloadKind::Rollout => workload.to_string(),
    }
}
