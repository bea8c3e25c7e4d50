//! How a world begins: history of the repository, keys, vaults, clusters, and what is already bound to happen.

use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::account::Account;
use super::audit::AuditBook;
use super::config::{WorldConfig, region_of};
use super::counters::Counters;
use super::events::{Event, Queue};
use super::fault::{FaultBook, When};
use super::kubernetes::{Cluster, Hand};
use super::logs::LogBook;
use super::meter::Meter;
use super::repository::{Commit, Repository, Signature};
use super::secrets_map;
use super::seed::Seed;
use super::stamp::{Stamp, Unit};
use super::time::{after, before};
use super::vault::{SecretValue, Vault};
use super::world::World;
use crate::model::{KeyKind, Slot};

const DAY: Duration = Duration::from_secs(24 * 3600);

pub(super) fn create(config: WorldConfig) -> World {
    let seed = Seed::new(config.seed);
    let repository = history(&config);
    let mut world = World {
        seed,
        now: config.start,
        queue: Queue::default(),
        faults: FaultBook::new(config.start, seed, &config.faults),
        repository,
        pulls: Vec::new(),
        statuses: Vec::new(),
        runs: Vec::new(),
        validations: Vec::new(),
        deployments: Vec::new(),
        account: Account::new(&config.account, seed, config.start),
        units: units(&config),
        stamps: Vec::new(),
        version: 1000,
        logs: LogBook::default(),
        audit: AuditBook::default(),
        outsiders: Vec::new(),
        meter: Meter::new(config.units.iter().map(|unit| unit.stamps.len()).sum()),
        counters: Counters::default(),
        digest: String::new(),
        config: Arc::new(config),
    };
    add_stamps(&mut world);
    world.outsiders = super::logs::outsiders(&world.config, &world.account, world.now);
    world.audit_the_past();
    queue_deeds(&mut world);
    world.note_all_darkness();
    world.digest = digest(&world);
    world
}

/// Three branches: the old release at the first commit, the live one a commit further, and the base branch
/// that has gone on since.
fn history(config: &WorldConfig) -> Repository {
    let names = &config.repository;
    let first_at = before(config.start, DAY * 60);
    let first = Commit::new(
        names.tree.clone(),
        Vec::new(),
        &Signature::of("ada", first_at),
        "Infrastructure of the platform\n",
    );
    let note = |tree: &super::repository::Tree, path: &str, text: String| tree.with(path, text.into_bytes());
    let released = Commit::new(
        note(first.tree(), "RELEASE", format!("{}\n", names.release)),
        vec![first.id().clone()],
        &Signature::of("grace", before(config.start, DAY * 21)),
        &format!("Cut {}\n", names.release),
    );
    let gone_on = Commit::new(
        note(first.tree(), "CHANGES.md", "- Alerts for the event hub.\n".to_owned()),
        vec![first.id().clone()],
        &Signature::of("ada", before(config.start, DAY * 6)),
        "Note the alerts\n",
    );
    let mut repository = Repository::default();
    repository.advance(&names.previous_release, Arc::new(first));
    repository.advance(&names.release, Arc::new(released));
    repository.advance(&names.base, Arc::new(gone_on));
    repository
}

fn units(config: &WorldConfig) -> Vec<Unit> {
    config
        .units
        .iter()
        .map(|unit| Unit { name: unit.name.clone(), branch: unit.branch.clone(), traffic: unit.traffic })
        .collect()
}

/// What a unit's pipeline wrote when it was built: what its branch says.
fn built_with(world: &World, unit: usize) -> SecretValue {
    let repository = &world.repository;
    let branch = world.units.get(unit).map(|unit| &unit.branch);
    let head = branch
        .and_then(|branch| repository.head(branch))
        .or_else(|| repository.head(&world.config.repository.base))
        .and_then(|head| repository.get(head));
    let root = world.config.repository.terraform_root.as_str();
    let template = head
        .and_then(|head| secrets_map::evaluate(head.tree(), root, &world.config.secret_name).ok())
        .unwrap_or_else(|| vec![secrets_map::Part::Key(KeyKind::read_write(Slot::Primary))]);
    world.fill(&template)
}

fn add_stamps(world: &mut World) {
    let config = world.config_arc();
    for (unit, built) in config.units.iter().enumerate() {
        let value = built_with(world, unit);
        for stamp in &built.stamps {
            let place = world.stamps.len();
            let seed = world.seed.of("stamp").of(stamp.name.as_str());
            let prefix = format!("{}-{}", built.name, stamp.location);
            let vault =
                Vault::new(format!("{prefix}-kv"), seed, before(config.start, DAY * 21), value.clone());
            let region = world.account.region(&region_of(&stamp.location)).unwrap_or(0);
            let World { now, queue, faults, version, .. } = world;
            let mut hand = Hand {
                now: *now,
                config: &config,
                seed,
                place,
                stamp: &stamp.name,
                vault: &vault,
                version,
                queue,
                faults,
            };
            let called = stamp.cluster.clone().unwrap_or_else(|| format!("{prefix}-aks"));
            let cluster = Cluster::born(called, &mut hand);
            let own = &config.account.id.subscription;
            world.stamps.push(Stamp {
                name: stamp.name.clone(),
                location: stamp.location.clone(),
                subscription: stamp.subscription.clone().unwrap_or_else(|| own.clone()),
                resource_group: format!("{prefix}-rg"),
                unit,
                region,
                vault,
                cluster,
                azure: crate::model::ClusterState::Running,
                destroyed: None,
                seed,
            });
        }
    }
}

fn queue_deeds(world: &mut World) {
    for (place, fault) in world.config_arc().faults.iter().enumerate() {
        if !fault.what.is_deed() {
            continue;
        }
        match (fault.at, &fault.what) {
            (When::Window { from, .. }, _) => {
                world.queue.push(after(world.now, from), Event::Deed(place));
            }
            // Closing and pushing count pull requests, not time.
            (_, super::fault::Trouble::ClosePull | super::fault::Trouble::PushToPull { .. }) => {}
            (When::Always | When::Nth(_) | When::First(_) | When::Chance { .. }, _) => {
                world.queue.push(world.now, Event::Deed(place));
            }
        }
    }
}

fn digest(world: &World) -> String {
    let mut hash = Sha256::new();
    // A configuration has no value that JSON could refuse; an empty text would still differ from all others.
    hash.update(serde_json::to_vec(&*world.config).unwrap_or_default());
    for (branch, head) in world.repository.branches() {
        hash.update(format!("{branch} {head}\n"));
    }
    for key in world.account.keys() {
        hash.update(format!("{} {:?} {}\n", key.kind, key.generated, key.material.expose()));
    }
    for stamp in &world.stamps {
        let version = stamp.vault.current().map(|version| version.id.as_str()).unwrap_or_default();
        hash.update(format!("{} {} {version}\n", stamp.name, stamp.vault.name));
        for pod in stamp.cluster.pods() {
            hash.update(format!("{} {} {}\n", pod.meta.name, pod.meta.uid, pod.meta.created));
        }
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
