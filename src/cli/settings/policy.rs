//! Waits, ages and waves of one environment, with what holds where nothing is said.

use serde::{Deserialize, Serialize};

use super::Span;
use crate::model::{Ages, FlipBack, Pace};

/// `[environment.NAME.policy]`. Every value has a default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PolicySettings {
    pub flip_back: FlipBack,
    /// Stamps restarted at once after the canary.
    pub wave_size: usize,
    /// How often a rotation may restart one workload of a stamp, each way, before a person is asked.
    pub restart_budget: usize,
    /// How long the canary stamp runs on the new key before the rest follows.
    pub soak: Span,
    /// How long the old key must be unused, where Azure tells.
    pub quiet_window: Span,
    /// How long the new key must be accepted everywhere after the regeneration.
    pub confirm_window: Span,
    /// How long after a new version was made a vault may still answer with the one before.
    pub vault_lag: Span,
    /// After how long the row of a request is taken to have come, where requests are logged.
    pub log_lag: Span,
    /// After how long the account's metrics of a minute are taken to have come. Zero: they are not asked.
    pub metrics_lag: Span,
    /// How far back readers of the key are looked for, where it is logged. Zero: nobody does, and whoever was quiet for
    /// the quiet window is taken to be gone.
    pub census_window: Span,
    /// A slot whose key is older is regenerated before traffic moves to it. Absent: age does not matter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_target_age: Option<Span>,
    /// After an unknown answer to an effect that cannot be repeated: how long to look before judging.
    pub settle: Span,
    /// Whether regenerate must be approved by another person than the proposer.
    pub approver_differs: bool,
    pub ages: AgeSettings,
    pub pace: PaceSettings,
}

impl Default for PolicySettings {
    fn default() -> PolicySettings {
        PolicySettings {
            flip_back: FlipBack::No,
            wave_size: 1,
            // One is what it takes; a second follows where somebody writes the vault in between.
            restart_budget: 3,
            soak: Span::minutes(10),
            // Azure's own figure of last use is approximate; an hour is above its lag as far as it is known.
            quiet_window: Span::minutes(60),
            // Half an hour of acceptance everywhere: Azure spreads a new key in seconds to days.
            confirm_window: Span::minutes(30),
            // Key Vault copies a version to its replicas and to the paired region by and by, and says in no figure
            // how fast: seconds as a rule, minutes while a region fails over. Also what the clocks of a vault and a
            // cluster may differ by.
            vault_lag: Span::minutes(5),
            // Azure speaks of three to ten minutes for the logs of resources.
            log_lag: Span::minutes(10),
            // Azure's metrics come within three minutes as a rule.
            metrics_lag: Span::minutes(5),
            // A job that runs once a week is seen twice.
            census_window: Span::minutes(14 * 24 * 60),
            max_target_age: None,
            settle: Span::minutes(5),
            approver_differs: true,
            ages: AgeSettings::default(),
            pace: PaceSettings::default(),
        }
    }
}

/// How old evidence may be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AgeSettings {
    /// For steps that only cost time when wrong.
    pub ordinary: Span,
    pub restart: Span,
    pub regenerate: Span,
    /// For the proof on the data plane that a key works.
    pub proof: Span,
}

impl Default for AgeSettings {
    fn default() -> AgeSettings {
        AgeSettings {
            ordinary: Span::minutes(10),
            restart: Span::minutes(5),
            regenerate: Span::minutes(2),
            proof: Span::minutes(10),
        }
    }
}

impl AgeSettings {
    pub fn ages(&self) -> Ages {
        Ages {
            ordinary: self.ordinary.0,
            restart: self.restart.0,
            regenerate: self.regenerate.0,
            proof: self.proof.0,
        }
    }
}

/// How often to look again where nothing tells of change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PaceSettings {
    pub people: Span,
    pub pipeline: Span,
    pub rollout: Span,
    pub pods: Span,
    pub account: Span,
}

impl Default for PaceSettings {
    fn default() -> PaceSettings {
        PaceSettings {
            people: Span::minutes(1),
            pipeline: Span::seconds(30),
            rollout: Span::seconds(10),
            pods: Span::seconds(15),
            account: Span::seconds(30),
        }
    }
}

impl PaceSettings {
    pub fn pace(&self) -> Pace {
        Pace {
            people: self.people.0,
            pipeline: self.pipeline.0,
            rollout: self.rollout.0,
            pods: self.pods.0,
            account: self.account.0,
        }
    }
}
