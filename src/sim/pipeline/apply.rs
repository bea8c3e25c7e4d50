//! What stages do to the world.

use std::sync::Arc;
use std::time::Duration;

use super::super::command::DeploymentPatch;
use super::super::events::Event;
use super::super::secrets_map::{self, Part, Template};
use super::super::time::after;
use super::super::vault::SecretValue;
use super::super::world::World;
use crate::model::{KeyMaterial, StageEffect};

/// From where the pipeline's runs are seen to come, and as what.
const AGENTS: &str = "198.51.100.10";

const TERRAFORM: &str = "HashiCorp Terraform/1.9.8 (+https://www.terraform.io)";

impl World {
    pub(super) fn stage_takes(&self, number: u64, place: usize) -> Duration {
        let seed = self.seed.of("stage").at(number).at(place as u64);
        self.config.pipeline.stages.get(place).map(|stage| stage.takes.pick(seed)).unwrap_or_default()
    }

    pub(super) fn stage_effects(&self, number: u64, place: usize) -> Vec<StageEffect> {
        let run = self.runs.iter().find(|run| run.number == number && !run.state.is_over());
        run.and_then(|run| run.stages.get(place)).map(|stage| stage.effects.clone()).unwrap_or_default()
    }

    /// A third into a stage: Terraform has read the account and begins to write; Helm begins to upgrade.
    pub(in crate::sim) fn stage_acts(&mut self, number: u64, place: usize) {
        if self.is_to_fail(number, place) {
            return;
        }
        for effect in self.stage_effects(number, place) {
            match effect {
                StageEffect::WritesVaults => self.begin_apply(number, place),
                StageEffect::ChangesAccount => self.change_account(number, place),
                StageEffect::RollsPods => self.roll_pods(number),
                StageEffect::SwitchesTraffic | StageEffect::Destroys => {}
            }
        }
    }

    /// The account is at work until the stage ends; while a key is regenerated the stage is refused.
    fn change_account(&mut self, number: u64, place: usize) {
        let until = after(self.now, self.stage_takes(number, place).mul_f64(2.0 / 3.0));
        let changed = self.account.change(self.now, until);
        let Some(run) = self.live_run(number) else { return };
        if let Err(refusal) = changed {
            run.problem = Some(format!("Error: updating the account: 412 Precondition Failed: {refusal}"));
        }
    }

    fn begin_apply(&mut self, number: u64, place: usize) {
        let Some(run) = self.runs.iter().find(|run| run.number == number) else { return };
        let Some(commit) = self.repository.get(&run.commit) else { return };
        let root = self.config.repository.terraform_root.as_str();
        let value = secrets_map::evaluate(commit.tree(), root, &self.config.secret_name)
            .map(|template| self.fill(&template));
        let takes = self.stage_takes(number, place);
        let targets = self.targets(number);
        let seed = self.seed.of("apply").at(number);
        let Some(run) = self.live_run(number) else { return };
        match value {
            Ok(value) => run.value = Some(value),
            Err(problem) => {
                run.problem = Some(problem);
                return;
            }
        }
        // Each vault in its own time, all within the second third of the stage.
        let room = u64::try_from((takes / 3).as_millis()).unwrap_or(0);
        for stamp in targets {
            let wait = Duration::from_millis(seed.at(stamp as u64).below(room.max(1)));
            self.queue.push(after(self.now, wait), Event::VaultWrite(number, stamp));
        }
    }

    /// A template with the account's current keys.
    pub(in crate::sim) fn fill(&self, template: &Template) -> SecretValue {
        if let [Part::Key(kind)] = template.as_slice()
            && let Some(key) = self.account.current(*kind)
        {
            return SecretValue::new(Arc::clone(&key.material), Some(key.id));
        }
        let mut used = None;
        let mut text = zeroize::Zeroizing::new(String::new());
        for part in template {
            match part {
                Part::Text(piece) => text.push_str(piece),
                Part::Key(kind) => {
                    if let Some(key) = self.account.current(*kind) {
                        text.push_str(key.material.expose());
                        used = used.or(Some(key.id));
                    }
                }
            }
        }
        SecretValue::new(Arc::new(KeyMaterial::new(text)), used)
    }

    /// Terraform makes no new version for a value that is already there.
    pub(in crate::sim) fn vault_write(&mut self, number: u64, stamp: usize) {
        let Some(value) = self.live_run(number).and_then(|run| run.value.clone()) else { return };
        let current = self.stamp_at(stamp).and_then(|stamp| stamp.vault.current());
        let same = current.is_some_and(|version| version.value == value);
        // What stands beside the value is in the code, too.
        let beside = current.map(|version| version.beside.clone()).unwrap_or_default();
        if !beside.enabled {
            let problem =
                "Error: making Read request on Azure KeyVault Secret: 403 Forbidden: SecretDisabled";
            if let Some(run) = self.live_run(number) {
                run.problem = Some(problem.to_owned());
            }
            return;
        }
        // Terraform reads what is there, and again what it has written.
        let pipeline = super::super::audit::application(&self.config_arc().pipeline.identity);
        self.read_secret(stamp, &pipeline, AGENTS, TERRAFORM);
        if !same {
            self.write_secret(stamp, value, beside);
            self.read_secret(stamp, &pipeline, AGENTS, TERRAFORM);
        }
    }

    fn roll_pods(&mut self, number: u64) {
        for place in self.targets(number) {
            for workload in self.config_arc().all_workloads() {
                let app = workload.name.name.trim_end_matches("-deploy");
                let image = format!("afmcprdglobalcr.azurecr.io/{app}:{number}");
                let patch = DeploymentPatch { image: Some(image), ..DeploymentPatch::default() };
                let _ = self.patch(place, &workload.name, &patch);
            }
        }
    }

    /// The unit that a run works on: the one built from its branch, else the one that takes traffic.
    fn own_unit(&self, number: u64) -> Option<usize> {
        let run = self.runs.iter().find(|run| run.number == number)?;
        let alive =
            |place: &usize| self.stamps().any(|stamp| stamp.unit == *place && stamp.destroyed.is_none());
        let units = self.units();
        (0..units.len())
            .filter(alive)
            .find(|place| units.get(*place).is_some_and(|unit| unit.branch == run.branch))
            .or_else(|| {
                (0..units.len())
                    .filter(alive)
                    .find(|place| units.get(*place).is_some_and(|unit| unit.traffic))
            })
    }

    /// The places of the stamps that a run works on.
    fn targets(&self, number: u64) -> Vec<usize> {
        let Some(unit) = self.own_unit(number) else { return Vec::new() };
        self.stamps()
            .enumerate()
            .filter(|(_, stamp)| stamp.unit == unit && stamp.destroyed.is_none())
            .map(|(place, _)| place)
            .collect()
    }

    pub(super) fn switch_traffic(&mut self, number: u64) {
        if let Some(own) = self.own_unit(number) {
            self.set_traffic(own);
        }
    }

    pub(super) fn destroy_others(&mut self, number: u64) {
        let Some(own) = self.own_unit(number) else { return };
        let others: Vec<usize> = self
            .stamps()
            .enumerate()
            .filter(|(_, stamp)| stamp.unit != own && stamp.destroyed.is_none())
            .map(|(place, _)| place)
            .collect();
        for place in others {
            self.destroy(place);
        }
    }
}
