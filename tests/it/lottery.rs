//! Draws a world, a policy, faults, other people's deeds and deaths from one number. The same number draws the
//! same case, in any order and on any machine.

use std::time::Duration;

use keyslot::journal::MemoryFault;
use keyslot::model::{
    FlipBack, KeyKind, Merging, Policy, Promotion, Propagation, ReplicaNumber, Slot, StampName,
};
use keyslot::sim::config::{
    KeySource, MergeMethod, OutsiderConfig, StageConfig, UnitConfig, VaultReads, WorkloadConfig,
};
use keyslot::sim::fault::{Fault, Operation, Target, Trouble, When};
use keyslot::sim::kubernetes::ClassChange;
use keyslot::sim::memory::CrashMoment;
use keyslot::sim::repository::{File, Tree};
use keyslot::sim::vault::Beside;
use keyslot::sim::{Command, Span, WorldConfig};

use crate::backstage::Deed;
use crate::in_memory;

/// SplitMix64: small, and the same everywhere.
pub struct Dice(u64);

impl Dice {
    pub fn of(seed: u64) -> Dice {
        Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5bf0_3635)
    }

    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    /// Between both, ends included.
    pub fn range(&mut self, least: u64, most: u64) -> u64 {
        least + self.bits() % (most - least + 1)
    }

    pub fn chance(&mut self, per_cent: u64) -> bool {
        self.range(1, 100) <= per_cent
    }

    pub fn secs(&mut self, least: u64, most: u64) -> Duration {
        Duration::from_secs(self.range(least, most))
    }

    pub fn minutes(&mut self, least: u64, most: u64) -> Duration {
        self.secs(least * 60, most * 60)
    }

    fn span(&mut self, least: u64, most: u64) -> Span {
        let one = self.range(least, most);
        let other = self.range(least, most);
        Span::secs(one.min(other), one.max(other))
    }

    pub fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.range(0, of.len() as u64 - 1) as usize]
    }
}

/// Everything that is drawn.
#[derive(Clone, Debug)]
pub struct Case {
    pub seed: u64,
    pub config: WorldConfig,
    pub policy: Policy,
    /// The slot that everybody is on at the beginning.
    pub from: Slot,
    /// Deaths at effects, by their number.
    pub crashes: Vec<(u32, CrashMoment)>,
    /// Deaths at records of the journal.
    pub cuts: Vec<(u64, CrashMoment)>,
    pub store_faults: Vec<(u64, MemoryFault)>,
    pub deeds: Vec<(Duration, Deed)>,
    /// Something that only a person can put right; then the rotation may end without being done.
    pub wants_person: bool,
    pub foreign_restarts: u32,
    pub foreign_runs: u32,
}

impl Case {
    pub fn of(seed: u64) -> Case {
        let mut dice = Dice::of(seed);
        let from = if dice.chance(20) { Slot::Secondary } else { Slot::Primary };
        let config = world(&mut dice, seed, from);
        let policy = policy(&mut dice, &config);
        let mut case = Case {
            seed,
            policy,
            from,
            crashes: Vec::new(),
            cuts: Vec::new(),
            store_faults: Vec::new(),
            deeds: Vec::new(),
            wants_person: false,
            foreign_restarts: 0,
            foreign_runs: 0,
            config,
        };
        case.deaths(&mut dice);
        case.faults(&mut dice);
        case.people(&mut dice);
        case.logs(&mut dice);
        case.hands(&mut dice);
        case.rights(&mut dice);
        case.procedure(&mut dice);
        case.merges();
        case.disagrees();
        case.classes();
        case.secrets();
        case.metrics(&mut dice);
        case
    }

    fn metrics(&mut self, dice: &mut Dice) {
        if !dice.chance(40) {
            return;
        }
        self.policy.metrics_lag = Some(dice.minutes(2, 6));
        if dice.chance(20) {
            let fault = When::Chance { per_mille: dice.range(5, 80) as u16 };
            let what = if dice.chance(50) { Trouble::Unreachable } else { Trouble::Forbidden };
            self.config.faults.push(Fault::new(fault, Target::operation(Operation::ReadMetrics), what));
        }
    }

    /// Drawn last, so that everything else is as it was before there were logs.
    fn logs(&mut self, dice: &mut Dice) {
        if !dice.chance(35) {
            return;
        }
        self.policy.log_lag = Some(dice.minutes(4, 10));
        if let Some(logs) = &mut self.config.logs {
            logs.delay = dice.secs(30, 220);
            logs.audit = dice.chance(80);
        }
        if dice.chance(15) {
            let fault = When::Chance { per_mille: dice.range(5, 80) as u16 };
            let what = Trouble::Unreachable;
            for operation in [Operation::ReadLogs, Operation::ReadAudit] {
                let fault = Fault::new(fault, Target::operation(operation), what.clone());
                self.config.faults.push(fault);
            }
        }
        if dice.chance(15) {
            // Somebody whom no gate of pods and vaults knows: only a person can say that it is gone.
            let stranger = OutsiderConfig::function(KeyKind::read_write(self.from), "East US 2");
            let reads = VaultReads {
                stamp: 0,
                identity: "stranger".to_owned(),
                agent: "azsdk-net-Security.KeyVault.Secrets/4.3.0".to_owned(),
                ago: dice.minutes(60, 60 * 24 * 10),
            };
            let reads = dice.chance(50).then_some(reads);
            let period = dice.minutes(10, 400);
            self.config.outsiders.push(OutsiderConfig { period, reads, ..stranger });
            self.wants_person = true;
        }
    }

    /// Drawn after the logs, for the same reason.
    fn procedure(&mut self, dice: &mut Dice) {
        if dice.chance(20) {
            self.policy.promotion = Promotion::PullRequest;
        }
    }

    /// Whether keyslot writes the vaults itself, and what goes wrong with that.
    fn hands(&mut self, dice: &mut Dice) {
        if !dice.chance(20) {
            return;
        }
        self.policy.propagation = Propagation::Write;
        let mut add = |at: When, what: Trouble| {
            self.config.faults.push(Fault::new(at, Target::operation(Operation::WriteVault), what));
        };
        if dice.chance(35) {
            add(When::Nth(dice.range(1, 3) as u32), Trouble::LoseAnswer);
        }
        if dice.chance(15) {
            add(When::First(dice.range(1, 3) as u32), Trouble::Unreachable);
        }
        if dice.chance(15) {
            let retry_after = dice.secs(1, 60);
            add(When::First(dice.range(1, 3) as u32), Trouble::Throttle { retry_after });
        }
        if dice.chance(6) {
            add(When::First(1), Trouble::Forbidden);
        }
    }

    /// A role that ends and that nobody extends, or a lock that nobody takes away: where either comes too early, only a
    /// person goes on.
    fn rights(&mut self, dice: &mut Dice) {
        if dice.chance(2) {
            self.config.account.role_ends = Some(dice.minutes(60, 60 * 12));
            self.wants_person = true;
        }
        if dice.chance(1) {
            self.config.account.lock = Some(("audit".to_owned(), dice.minutes(0, 60 * 12)));
            self.wants_person = true;
        }
    }

    /// Who merges, and what is put on the pull request. Of dice of its own: what was drawn before is as it was.
    fn merges(&mut self) {
        let dice = &mut Dice::of(self.seed ^ 0x6d65_7267);
        let pulls = &mut self.policy.pulls;
        pulls.merging = match dice.range(1, 100) {
            1..=15 => Merging::Keyslot,
            16..=30 => Merging::Auto,
            _ => Merging::People,
        };
        pulls.board = dice.chance(15);
        if dice.chance(15) {
            pulls.dress.labels = vec!["keys".to_owned()];
        }
        if dice.chance(2) {
            let after = dice.minutes(1, 90);
            let what = Trouble::PushToPull { after };
            self.config.faults.push(Fault::new(When::Nth(1), Target::any(), what));
            // Approved before or merged before, or neither: somebody may have to look at it.
            self.wants_person = true;
        }
    }

    /// Somebody takes the base branch back after the old key is gone, and the live release stays. Of dice of its own.
    fn disagrees(&mut self) {
        let dice = &mut Dice::of(self.seed ^ 0x6167_7265);
        if !dice.chance(5) {
            return;
        }
        let (branch, kind) = (self.config.repository.base.clone(), KeyKind::read_write(self.from));
        let every = dice.minutes(3, 9);
        for count in 1..160 {
            self.deeds.push((every * count, Deed::FlipBackOnce(branch.clone(), kind)));
        }
    }

    /// Which driver fills Secrets; and somebody disables the current version of a vault's secret, and may enable it again. Of dice
    /// of its own.
    fn secrets(&mut self) {
        let dice = &mut Dice::of(self.seed ^ 0x7365_6372);
        self.config.kubernetes.csi.rewrites = dice.chance(40);
        if !dice.chance(3) {
            return;
        }
        let stamp = dice.one(&self.policy.stamps).name.clone();
        let edit = |beside: Beside| Deed::Do(Command::EditSecret { stamp: stamp.clone(), beside });
        let when = dice.minutes(0, 240);
        self.deeds.push((when, edit(Beside::default().disabled())));
        if dice.chance(60) {
            self.deeds.push((when + dice.minutes(1, 90), edit(Beside::default())));
        }
        self.wants_person = true;
    }

    /// Somebody deletes, renames or edits a class while its pods run, and may restart them or put it back. Of dice of its
    /// own.
    fn classes(&mut self) {
        let dice = &mut Dice::of(self.seed ^ 0x636c_6173);
        if !dice.chance(3) {
            return;
        }
        let stamp = dice.one(&self.policy.stamps).name.clone();
        let workload = dice.one(&self.policy.workloads).clone();
        let stem = workload.name.strip_suffix("-deploy").unwrap_or(&workload.name);
        let (namespace, name) = (workload.namespace.clone(), format!("{stem}-keyvault"));
        let change = |change: ClassChange| {
            let (stamp, namespace, name) = (stamp.clone(), namespace.clone(), name.clone());
            Deed::Do(Command::ChangeClass { stamp, namespace, name, change })
        };
        let when = dice.minutes(0, 240);
        let deliver = |secret: &str| ClassChange::Deliver(vec![secret.to_owned()]);
        match dice.range(1, 3) {
            1 => self.deeds.push((when, change(ClassChange::Delete))),
            2 => self.deeds.push((when, change(ClassChange::Rename("elsewhere".to_owned())))),
            _ => {
                self.deeds.push((when, change(deliver("Other"))));
                if dice.chance(40) {
                    let again = deliver(&self.config.secret_name);
                    self.deeds.push((when + dice.minutes(1, 90), change(again)));
                }
            }
        }
        if dice.chance(40) {
            self.deeds.push((when + dice.minutes(0, 60), Deed::Restart(stamp, workload)));
            self.foreign_restarts += 1;
        }
        self.wants_person = true;
    }

    fn deaths(&mut self, dice: &mut Dice) {
        let stamps = self.policy.stamps.len() as u64;
        let effects = 5 + stamps * self.policy.workloads.len() as u64;
        if dice.chance(55) {
            for _ in 0..dice.range(1, 3) {
                let moment = *dice.one(&[CrashMoment::BeforeSending, CrashMoment::AfterApplying]);
                self.crashes.push((dice.range(1, effects) as u32, moment));
            }
        }
        if dice.chance(10) {
            let moment = *dice.one(&[CrashMoment::BeforeSending, CrashMoment::AfterApplying]);
            self.cuts.push((dice.range(1, 20 + effects * 2), moment));
        }
        if dice.chance(15) {
            let faults = [MemoryFault::NotSent, MemoryFault::LostRequest, MemoryFault::LostAnswer];
            let fault = *dice.one(&faults);
            self.store_faults.push((dice.range(1, 20 + effects * 2), fault));
        }
    }

    fn faults(&mut self, dice: &mut Dice) {
        const EFFECTS: [Operation; 5] = [
            Operation::Push,
            Operation::OpenPull,
            Operation::StartRun,
            Operation::Restart,
            Operation::Regenerate,
        ];
        const READS: [Operation; 9] = [
            Operation::Fetch,
            Operation::ReadPull,
            Operation::ReadRuns,
            Operation::ReadCluster,
            Operation::ReadVault,
            Operation::ReadAccount,
            Operation::ListKeys,
            Operation::Probe,
            Operation::Poll,
        ];
        let mut add = |at: When, target: Target, what: Trouble| {
            self.config.faults.push(Fault::new(at, target, what));
        };
        if dice.chance(35) {
            let at = When::Nth(dice.range(1, 3) as u32);
            add(at, Target::operation(*dice.one(&EFFECTS)), Trouble::LoseAnswer);
        }
        if dice.chance(25) {
            let at = When::First(dice.range(1, 3) as u32);
            let retry_after = dice.secs(1, 60);
            add(at, Target::operation(*dice.one(&EFFECTS)), Trouble::Throttle { retry_after });
        }
        if dice.chance(20) {
            let at = When::First(dice.range(1, 4) as u32);
            add(at, Target::operation(*dice.one(&EFFECTS)), Trouble::Unreachable);
        }
        if dice.chance(25) {
            let at = When::Chance { per_mille: dice.range(5, 80) as u16 };
            let what = [
                Trouble::Unreachable,
                Trouble::LoseAnswer,
                Trouble::Throttle { retry_after: Duration::from_secs(10) },
                Trouble::Delay { by: Duration::from_secs(45) },
            ];
            add(at, Target::operation(*dice.one(&READS)), dice.one(&what).clone());
        }
        if dice.chance(15) {
            let from = dice.minutes(0, 150);
            let until = from + dice.minutes(1, 40);
            add(When::Window { from, until }, Target::operation(*dice.one(&READS)), Trouble::Unreachable);
        }
        if dice.chance(15) {
            let from = dice.minutes(0, 150);
            let until = from + dice.minutes(1, 40);
            let stamp = dice.one(&self.policy.stamps).name.clone();
            add(When::Window { from, until }, Target::stamp(stamp), Trouble::StampUnreachable);
        }
        if dice.chance(10) {
            let by = dice.secs(5, 600);
            add(When::Always, Target::any(), Trouble::ListLag { by });
        }
        if dice.chance(10) {
            let by = dice.secs(10, 900);
            add(When::Always, Target::any(), Trouble::CsiLag { by });
        }
        if dice.chance(10) {
            let by = dice.secs(5, 300);
            add(When::First(dice.range(1, 3) as u32), Target::any(), Trouble::StaleVault { by });
        }
        if dice.chance(8) {
            let factor = dice.range(2, 6) as u32;
            add(When::Always, Target::any(), Trouble::SlowRegeneration { factor });
        }
        if dice.chance(6) {
            // Somebody grants the right; the next process may.
            add(When::First(1), Target::operation(*dice.one(&EFFECTS)), Trouble::Forbidden);
        }
        if dice.chance(4) {
            add(When::Nth(1), Target::any(), Trouble::FailRegeneration);
        }
        if dice.chance(10) {
            let by = dice.secs(60, 1200);
            let at = When::Nth(dice.range(1, 4) as u32);
            add(at, Target::operation(*dice.one(&EFFECTS)), Trouble::Delay { by });
        }
    }

    /// When somebody may write the target's key by hand: not while it is about to be made anew.
    fn once_prepared(&self, when: Duration) -> Duration {
        let preparing = if self.policy.max_target_age.is_some() { 4 * 3600 } else { 0 };
        when + Duration::from_secs(preparing)
    }

    fn people(&mut self, dice: &mut Dice) {
        let names = &self.config.repository;
        if dice.chance(15) {
            // An old branch's pipeline runs again, on the unit that takes traffic: the old slot comes back.
            let skip = self.policy.skip_stages.clone();
            let branch = names.previous_release.clone();
            let run = Command::StartRun { branch, commit: None, skip, by: "mallory".to_owned() };
            self.deeds.push((dice.minutes(0, 240), Deed::Do(run)));
            self.foreign_runs += 1;
        }
        if dice.chance(4) {
            let branch = if dice.chance(50) { names.base.clone() } else { names.release.clone() };
            self.config.faults.push(Fault::new(
                When::from(dice.minutes(5, 240)),
                Target::any(),
                Trouble::Revert { branch },
            ));
            self.wants_person = true;
        }
        if dice.chance(1) {
            self.config.faults.push(Fault::new(When::Nth(1), Target::any(), Trouble::ClosePull));
            self.wants_person = true;
        }
        if dice.chance(20) {
            for _ in 0..dice.range(1, 2) {
                let stamp = dice.one(&self.policy.stamps).name.clone();
                let workload = dice.one(&self.policy.workloads).clone();
                self.deeds.push((dice.minutes(0, 180), Deed::Restart(stamp, workload)));
                self.foreign_restarts += 1;
            }
        }
        let to = self.from.other();
        if dice.chance(8) {
            // Somebody runs ahead of us: writes the new key by hand and restarts at once, whether the vault lags or
            // not. On the way back it is the wrong key that they write.
            let stamp = dice.one(&self.policy.stamps).name.clone();
            let workload = dice.one(&self.policy.workloads).clone();
            let when = self.once_prepared(dice.minutes(45, 180));
            self.deeds.push((when, Deed::WriteSlot(stamp.clone(), to)));
            self.deeds.push((when + dice.secs(1, 120), Deed::Restart(stamp, workload)));
            self.foreign_restarts += 1;
            self.wants_person |= self.policy.flip_back == FlipBack::Deploy;
        }
        if dice.chance(4) {
            let stamp = dice.one(&self.policy.stamps).name.clone();
            let workload = dice.one(&self.policy.workloads).clone();
            let when = dice.minutes(0, 120);
            let patch = |paused| {
                let patch = keyslot::sim::DeploymentPatch::pause(paused);
                Deed::Do(Command::Patch { stamp: stamp.clone(), workload: workload.clone(), patch })
            };
            self.deeds.push((when, patch(true)));
            self.deeds.push((when + dice.minutes(5, 90), patch(false)));
            self.foreign_restarts += 2;
        }
        if let Some(unit) = self.config.units.get(1) {
            // Its code and its pipeline are people's: what is not done by hand stays undone.
            self.wants_person |= self.foreign_runs > 0 || self.policy.flip_back == FlipBack::Deploy;
            self.wants_person |= self.policy.max_target_age.is_some();
            let when = self.once_prepared(dice.minutes(0, 120));
            let stamps: Vec<StampName> = unit.stamps.iter().map(|stamp| stamp.name.clone()).collect();
            for stamp in stamps {
                self.deeds.push((when, Deed::WriteSlot(stamp, to)));
            }
        }
        self.machines(dice);
    }
}

impl Case {
    /// What the clusters do by themselves.
    fn machines(&mut self, dice: &mut Dice) {
        if dice.chance(10) {
            let from = dice.minutes(0, 200);
            let until = from + dice.minutes(1, 60);
            let stamp = dice.one(&self.policy.stamps).name.clone();
            let node = dice.range(0, 2) as u32;
            let what = Trouble::NodeLost { node };
            let target = Target::stamp(stamp.clone());
            self.config.faults.push(Fault::new(When::Window { from, until }, target, what));
            // Drawn by dice of its own, so that every other case is what it was.
            let mut dice = Dice::of(self.seed ^ 0x6e6f_6465);
            if dice.chance(60) {
                let command = match dice.chance(50) {
                    true => Command::ForcePods { stamp, node },
                    false => Command::DeleteNode { stamp, node },
                };
                self.deeds.push((from + dice.minutes(1, 50), Deed::Do(command)));
            }
        }
        if dice.chance(10) {
            let from = dice.minutes(0, 200);
            let until = from + dice.minutes(1, 8);
            self.config.faults.push(Fault::new(
                When::Window { from, until },
                Target::any(),
                Trouble::CsiFails,
            ));
        }
        if dice.chance(15) {
            let stamp = dice.one(&self.policy.stamps).name.clone();
            let workload = dice.one(&self.policy.workloads).clone();
            for _ in 0..dice.range(1, 4) {
                let patch = keyslot::sim::DeploymentPatch::scale(dice.range(2, 7) as u32);
                let command = Command::Patch { stamp: stamp.clone(), workload: workload.clone(), patch };
                self.deeds.push((dice.minutes(30, 200), Deed::Do(command)));
                self.foreign_restarts += 1;
            }
        }
    }
}

/// The three files that a rotation is about.
pub fn small_tree(from: Slot) -> Tree {
    let wanted =
        ["globalresources/cosmosdb.tf", "modules/stamp/data.tf", "modules/stamp/keyvault-secrets.tf"];
    let example = Tree::example();
    let files = example.iter().filter(|(path, _)| wanted.iter().any(|end| path.ends_with(end)));
    Tree::from_files(files.map(|(path, file)| {
        let text = String::from_utf8(file.bytes().to_vec()).unwrap();
        let text = text.replace("global.primary_key", &format!("global.{from}_key"));
        (path.to_string(), File::new(text.into_bytes()))
    }))
}

/// As little as a rotation can be about: what is parsed tens of thousands of times.
fn tiny_tree(from: Slot) -> Tree {
    let files = [
        (
            "globalresources/cosmosdb.tf",
            "resource \"azurerm_cosmosdb_account\" \"main\" {\n  name = \"global-cosmos\"\n}\n".to_owned(),
        ),
        (
            "releaseunit/modules/stamp/data.tf",
            "data \"azurerm_cosmosdb_account\" \"global\" {\n  name = var.cosmosdb_account_name\n}\n"
                .to_owned(),
        ),
        (
            "releaseunit/modules/stamp/keyvault-secrets.tf",
            format!(
                "locals {{\n  secrets = {{\n    \"CosmosDb-ApiKey\" = \
                 data.azurerm_cosmosdb_account.global.{from}_key\n  }}\n}}\n\
                 resource \"azurerm_key_vault_secret\" \"stamp\" {{\n  for_each = local.secrets\n  \
                 name = each.key\n  value = each.value\n  key_vault_id = azurerm_key_vault.stamp.id\n}}\n"
            ),
        ),
    ];
    Tree::from_files(files.map(|(path, text)| (path.to_owned(), File::new(text.into_bytes()))))
}

fn world(dice: &mut Dice, seed: u64, from: Slot) -> WorldConfig {
    let mut config = WorldConfig::seeded(seed);
    config.repository.tree = tiny_tree(from);
    config.units = vec![UnitConfig::live(dice.range(1, 3) as usize)];
    if dice.chance(10) {
        config.units.push(UnitConfig::idle("afmcprd0", "release/2025.12.0", 1));
    }
    config.workloads = (0..dice.range(1, 3)).map(|place| workload(dice, place as usize)).collect();
    config.kubernetes.ring = 0;
    config.kubernetes.mounts_in = dice.span(1, 15);
    config.kubernetes.csi.rotation = dice.chance(75);
    config.kubernetes.csi.poll = dice.secs(60, 300);
    // A Secret that no driver refreshes can never be moved: only a person can.
    if dice.chance(15) {
        config.kubernetes.csi.rotation = true;
        if let Some(first) = config.workloads.first_mut() {
            first.key = KeySource::SyncedSecret("cosmos".to_owned());
        }
    }
    let account = &mut config.account;
    account.regeneration = dice.span(60, 1500);
    account.dies_between = *dice.one(&[(250, 750), (0, 100), (900, 1000), (0, 1000)]);
    account.propagation = dice.span(0, 120);
    account.tells_last_use = dice.chance(60);
    account.last_use_grain = Duration::from_secs(*dice.one(&[1, 60, 300]));
    config.people.review = dice.span(300, 3600);
    config.people.check.takes = dice.span(60, 1200);
    config.people.merge_press = Some(dice.secs(30, 900));
    config.people.merge_method = *dice.one(&[MergeMethod::MergeCommit, MergeMethod::Squash]);
    config.pipeline.queue = dice.span(5, 300);
    for stage in &mut config.pipeline.stages {
        let StageConfig { takes, .. } = stage;
        *takes = dice.span(90, 1200);
    }
    if dice.chance(50) {
        config.latency.read = dice.span(0, 2);
        config.latency.effect = dice.span(0, 10);
    }
    if dice.chance(20) {
        config.vault_staleness = dice.secs(1, 90);
    }
    config
}

fn workload(dice: &mut Dice, place: usize) -> WorkloadConfig {
    let name = ["catalogservice-deploy", "backgroundprocessor-deploy", "healthservice-deploy"][place];
    let numbers = [ReplicaNumber::Percent(25), ReplicaNumber::Percent(50), ReplicaNumber::Count(1)];
    WorkloadConfig {
        replicas: dice.range(2, 4) as u32,
        max_surge: *dice.one(&numbers),
        max_unavailable: *dice.one(&[ReplicaNumber::Percent(25), ReplicaNumber::Count(0)]),
        min_ready: *dice.one(&[Duration::ZERO, Duration::from_secs(10)]),
        starts_in: dice.span(5, 240),
        // Longer than a regeneration now and then.
        ends_in: if dice.chance(25) { dice.span(600, 2400) } else { dice.span(1, 90) },
        request_period: dice.secs(1, 15),
        ..WorkloadConfig::named(name)
    }
}

fn policy(dice: &mut Dice, config: &WorldConfig) -> Policy {
    let mut policy = in_memory::policy(config);
    policy.flip_back = match dice.range(1, 100) {
        1..=70 => FlipBack::No,
        71..=82 => FlipBack::Propose,
        _ => FlipBack::Deploy,
    };
    policy.wave_size = dice.range(1, 3) as usize;
    policy.soak = dice.minutes(0, 15);
    policy.quiet_window = dice.minutes(5, 40);
    policy.confirm_window = dice.minutes(5, 40);
    policy.pace.people = dice.secs(60, 300);
    policy.pace.pipeline = dice.secs(30, 120);
    policy.pace.rollout = dice.secs(10, 40);
    policy.pace.pods = dice.secs(30, 90);
    policy.pace.account = dice.secs(30, 90);
    if dice.chance(5) {
        policy.max_target_age = Some(Duration::from_secs(30 * 24 * 3600));
    }
    policy
}
