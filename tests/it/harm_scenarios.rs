//! For each gate a small world in which it alone stands between the rotation and the harm that its row names.

use std::time::Duration;

use jiff::Timestamp;
use keyslot::drive::TurnEnd;
use keyslot::model::{BranchName, KeyKind, SharedStore, Slot, StampName, WorkloadName};
use keyslot::rotation::{Event, Gate, Reach, Step, Why};
use keyslot::sim::config::{Flavour, KeySource, OutsiderConfig, UnitConfig, WorkloadConfig};
use keyslot::sim::fault::{Fault, Operation, Target, Trouble, When};
use keyslot::sim::{Command, Holds, Span, World, WorldConfig};

use crate::backstage::Deed;
use crate::in_memory::{Life, Theatre};
use crate::journey::{events, later};
use crate::lottery::small_tree;

/// A world around one gate, and what the harm looks like afterwards.
pub struct Scenario {
    pub gate: Gate,
    pub set: fn() -> Theatre,
    pub harmed: fn(&Theatre, &Life) -> bool,
}

const MINUTE: Duration = Duration::from_secs(60);

fn scene(gate: Gate, set: fn() -> Theatre, harmed: fn(&Theatre, &Life) -> bool) -> Scenario {
    Scenario { gate, set, harmed }
}

/// Two stamps, one quick workload.
pub fn small() -> WorldConfig {
    let mut config = WorldConfig::default().with_stamps(2);
    config.repository.tree = small_tree(Slot::Primary);
    config.kubernetes.ring = 0;
    config.workloads = vec![WorkloadConfig::named("catalogservice-deploy")];
    config
}

fn theatre(config: WorldConfig) -> Theatre {
    let theatre = Theatre::new(config);
    let start = theatre.world.lock().now();
    theatre.backstage.until(later(start, MINUTE * 60 * 12));
    theatre
}

fn with(change: impl FnOnce(&mut WorldConfig)) -> Theatre {
    let mut config = small();
    change(&mut config);
    theatre(config)
}

fn workload() -> WorkloadName {
    WorkloadName::new("workload", "catalogservice-deploy")
}

/// When an undisturbed rotation of this world sends the regeneration.
fn regenerates_at(config: &WorldConfig) -> Timestamp {
    let mut rehearsal = theatre(config.clone());
    rehearsal.live();
    rehearsal.backstage.shots().first().expect("a regeneration").at
}

/// While old pods end, their node is cut off, and ten minutes later somebody deletes them by force.
fn forced_on_a_lost_node() -> Theatre {
    let mut config = small();
    config.account.tells_last_use = false;
    config.workloads[0].replicas = 6;
    config.workloads[0].ends_in = Span::exactly(MINUTE * 25);
    let sent = regenerates_at(&config);
    let before: Duration = (sent - config.start).try_into().unwrap_or_default();
    let at = When::Window { from: before - MINUTE * 20, until: MINUTE * 60 * 24 * 30 };
    let stamp = StampName::new("eastus2");
    config.faults.push(Fault::new(at, Target::stamp("eastus2"), Trouble::NodeLost { node: 1 }));
    let theatre = theatre(config);
    let forced = Command::ForcePods { stamp, node: 1 };
    theatre.backstage.at(later(theatre.world.lock().now(), before - MINUTE * 10), Deed::Do(forced));
    theatre
}

fn refused(theatre: &Theatre, _: &Life) -> bool {
    theatre.world.lock().outage().refused > 0
}

fn regenerated(world: &World, slot: Slot) -> usize {
    let kind = KeyKind::read_write(slot);
    world.account().operations().iter().filter(|operation| operation.kind == kind).count()
}

/// Whether the branch's head reads the slot.
fn reads(world: &World, branch: &BranchName, slot: Slot) -> bool {
    world.repository().head(branch).is_some_and(|head| commit_reads(world, head, slot))
}

fn commit_reads(world: &World, commit: &keyslot::model::CommitId, slot: Slot) -> bool {
    let wanted = format!("global.{slot}_key");
    world.repository().get(commit).is_some_and(|commit| {
        commit.tree().iter().any(|(_, file)| String::from_utf8_lossy(file.bytes()).contains(&wanted))
    })
}

fn release(world: &World) -> BranchName {
    world.config().repository.release.clone()
}

fn raised(theatre: &Theatre) -> u32 {
    theatre.world.lock().counters().generations.values().copied().max().unwrap_or(0)
}

/// One for every gate, in no particular order.
pub fn all() -> Vec<Scenario> {
    let mut all = before_restart();
    all.extend(around_restart());
    all.extend(around_regenerate());
    all
}

fn before_restart() -> Vec<Scenario> {
    vec![
        scene(
            Gate::KeysAllowed,
            || with(|config| config.account.local_auth_disabled = true),
            |_, life| match life {
                Life::Ended(TurnEnd::Halted { reasons, .. }) => {
                    !reasons.iter().any(|reason| reason.why == Why::LocalAuthDisabled)
                }
                _ => true,
            },
        ),
        scene(
            Gate::TargetProven,
            || {
                with(|config| {
                    let target = Target::any().and_region("North Europe").and_slot(Slot::Secondary);
                    config.faults.push(Fault::new(When::Always, target, Trouble::RefuseKey));
                })
            },
            refused,
        ),
        scene(
            Gate::TargetYoung,
            || {
                let mut theatre = with(|_| {});
                theatre.policy.max_target_age = Some(MINUTE * 60 * 24 * 30);
                theatre
            },
            |theatre, _| {
                let world = theatre.world.lock();
                let used = world.account().current(KeyKind::read_write(Slot::Secondary)).unwrap();
                let old = used.generated.unwrap() < world.config().start;
                old && world.outcome().stamps.iter().any(|stamp| stamp.pods_slot == Holds::Secondary)
            },
        ),
        scene(
            Gate::TreeResolved,
            || {
                let mut theatre = with(|config| {
                    let tree = config.repository.tree.clone();
                    config.repository.tree = tree.with("modules/broken.tf", b"resource \"a\" {".as_slice());
                });
                theatre.retire = Some(Slot::Primary);
                theatre
            },
            |theatre, _| {
                events(theatre).iter().any(|(_, event)| match event {
                    Event::Intended { intents } => {
                        intents.iter().any(|intent| matches!(intent.step, Step::PushProposal { .. }))
                    }
                    _ => false,
                })
            },
        ),
        scene(
            Gate::Merged,
            || with(|config| config.people.merge_press = None),
            |theatre, _| {
                let world = theatre.world.lock();
                world.counters().pushes_to(&release(&world)) > 0
                    && world.pulls().iter().all(|pull| pull.is_open())
            },
        ),
        scene(
            Gate::Validated,
            || {
                let theatre = with(|config| config.people.check.started_after = None);
                let (start, base) = {
                    let world = theatre.world.lock();
                    (world.now(), world.config().repository.base.clone())
                };
                theatre.backstage.at(later(start, MINUTE * 30), Deed::Flip(base, Slot::Secondary));
                theatre
            },
            |theatre, _| {
                let world = theatre.world.lock();
                world.counters().pushes_to(&release(&world)) > 0
            },
        ),
        scene(
            Gate::Promoted,
            || with(|_| {}),
            |theatre, _| {
                let world = theatre.world.lock();
                world.runs().iter().any(|run| commit_reads(&world, &run.commit, Slot::Primary))
            },
        ),
        scene(
            Gate::RunEnded,
            || {
                let theatre = with(|_| {});
                let now = theatre.world.lock().now();
                foreign_run(&theatre, later(now, MINUTE * 24));
                theatre
            },
            |theatre, _| {
                let world = theatre.world.lock();
                let (theirs, ours): (Vec<_>, Vec<_>) =
                    world.runs().iter().partition(|run| run.by == "mallory");
                ours.iter().any(|our| {
                    theirs.iter().any(|their| {
                        their.queued <= our.queued && their.finished.is_none_or(|end| our.queued < end)
                    })
                })
            },
        ),
    ]
}

/// Somebody runs the old release, without the stages that keyslot leaves out too.
fn foreign_run(theatre: &Theatre, at: Timestamp) {
    let branch = theatre.world.lock().config().repository.previous_release.clone();
    let skip = theatre.policy.skip_stages.clone();
    let run = Command::StartRun { branch, commit: None, skip, by: "mallory".to_owned() };
    theatre.backstage.at(at, Deed::Do(run));
}

fn around_restart() -> Vec<Scenario> {
    vec![
        scene(
            Gate::Propagated,
            || {
                let theatre = with(|config| {
                    let what = Trouble::StaleVault { by: MINUTE * 13 };
                    config.faults.push(Fault::new(When::Always, Target::any(), what));
                });
                // The old key was written once more: every pod is older than its vault's version.
                let start = theatre.world.lock().now();
                for facts in &theatre.policy.stamps {
                    theatre.backstage.at(start, Deed::WriteSlot(facts.name.clone(), Slot::Primary));
                }
                theatre
            },
            |theatre, _| raised(theatre) > 1,
        ),
        scene(
            Gate::Synced,
            || {
                with(|config| {
                    config.account.tells_last_use = false;
                    config.kubernetes.csi.rotation = false;
                    config.workloads[0].key = KeySource::SyncedSecret("cosmos".to_owned());
                })
            },
            // With it nothing is restarted; what was, reads the old key.
            |theatre, _| raised(theatre) > 0,
        ),
        scene(
            Gate::Preflight,
            || with(|config| config.workloads[0].flavour = Flavour::Recreate),
            |theatre, _| theatre.world.lock().outage().dark > Duration::ZERO,
        ),
        scene(
            Gate::Consumers,
            || {
                // The configuration names one of two.
                let mut theatre =
                    with(|config| config.workloads.push(WorkloadConfig::named("healthservice-deploy")));
                theatre.policy.workloads.truncate(1);
                theatre
            },
            |theatre, _| raised(theatre) > 0 && regenerated(&theatre.world.lock(), Slot::Primary) == 0,
        ),
        scene(
            Gate::RolloutSettled,
            || {
                let mut theatre = with(|config| {
                    config.workloads[0].starts_in = Span::secs(200, 220);
                    config.workloads[0].replicas = 4;
                    config.workloads[0].max_unavailable = keyslot::model::ReplicaNumber::Count(0);
                    config.workloads[0].max_surge = keyslot::model::ReplicaNumber::Count(1);
                });
                theatre.policy.soak = MINUTE * 12;
                theatre.backstage.at(first_restart(&theatre, MINUTE * 20), restart(&theatre, 1));
                theatre
            },
            |theatre, _| {
                let stamp = theatre.policy.stamps[1].name.clone();
                theatre.world.lock().counters().generations.get(&(stamp, workload())).is_some_and(|n| *n > 1)
            },
        ),
        scene(
            Gate::Wave,
            || {
                with(|config| {
                    config.faults.push(Fault::new(When::Always, Target::any(), Trouble::CrashLoop));
                })
            },
            |theatre, _| {
                let world = theatre.world.lock();
                let stamps: std::collections::BTreeSet<&StampName> =
                    world.counters().generations.keys().map(|(stamp, _)| stamp).collect();
                stamps.len() > 1
            },
        ),
        scene(
            Gate::RestartBudget,
            || {
                // Something writes the vaults again and again, each time with the same value.
                let theatre = with(|config| config.account.tells_last_use = false);
                let first = first_restart(&theatre, Duration::ZERO);
                for turn in 0..12 {
                    let stamp = theatre.policy.stamps[0].name.clone();
                    theatre
                        .backstage
                        .at(later(first, MINUTE * 9 * turn), Deed::WriteSlot(stamp, Slot::Secondary));
                }
                theatre
            },
            |theatre, _| raised(theatre) > 3,
        ),
        scene(
            Gate::NotRefused,
            || {
                // Whatever starts after the first few minutes runs, is ready, and is refused.
                let at = When::from(MINUTE * 10);
                let mut theatre = with(|config| {
                    config.faults.push(Fault::new(at, Target::any(), Trouble::MisreadKey));
                });
                theatre.policy.log_lag = Some(MINUTE * 5);
                theatre
            },
            |theatre, _| theatre.world.lock().stamp_tally(1).refused > 0,
        ),
        scene(
            Gate::OldPodsGone,
            || {
                with(|config| {
                    config.account.tells_last_use = false;
                    config.workloads[0].ends_in = Span::exactly(MINUTE * 25);
                })
            },
            refused,
        ),
        scene(Gate::NodesHeard, forced_on_a_lost_node, refused),
        scene(
            Gate::KeyQuiet,
            || {
                let mut theatre = with(|config| {
                    config.units.push(UnitConfig::idle("afmcprd0", "release/2025.12.0", 1));
                });
                // A unit that nobody has told keyslot of, where Azure is not asked for such.
                theatre.policy.stamps.retain(|stamp| stamp.live_traffic);
                theatre.policy.inventory = false;
                theatre
            },
            refused,
        ),
        scene(
            Gate::Readers,
            || {
                let mut theatre = with(|config| {
                    // It comes by three times a day: quiet whenever the quiet window asks.
                    let primary = KeyKind::read_write(Slot::Primary);
                    let function = OutsiderConfig::function(primary, "East US 2");
                    config.outsiders.push(OutsiderConfig { period: MINUTE * 60 * 8, ..function });
                });
                theatre.policy.log_lag = Some(MINUTE * 5);
                theatre
            },
            |theatre, _| {
                let mut world = theatre.world.lock();
                let day = later(world.config().start, MINUTE * 60 * 24);
                world.advance_to(day);
                world.outage().refused > 0
            },
        ),
        scene(
            Gate::AllListed,
            || {
                let mut theatre = with(|config| {
                    config.units.push(UnitConfig::idle("afmcprd0", "release/2025.12.0", 1));
                    config.account.tells_last_use = false;
                });
                theatre.policy.stamps.retain(|stamp| stamp.live_traffic);
                theatre
            },
            refused,
        ),
    ]
}

/// When an undisturbed rotation restarts for the first time, and so much later.
pub fn first_restart(theatre: &Theatre, by: Duration) -> Timestamp {
    let mut rehearsal = self::theatre(theatre.world.lock().config().clone());
    rehearsal.policy = theatre.policy.clone();
    rehearsal.live();
    let restarted = events(&rehearsal).into_iter().find_map(|(at, event)| match event {
        Event::Intended { intents } => {
            intents.iter().any(|intent| matches!(intent.step, Step::Restart { .. })).then_some(at)
        }
        _ => None,
    });
    later(restarted.expect("a restart"), by)
}

fn restart(theatre: &Theatre, stamp: usize) -> Deed {
    Deed::Restart(theatre.policy.stamps[stamp].name.clone(), workload())
}

fn around_regenerate() -> Vec<Scenario> {
    vec![
        scene(
            Gate::SlotUnused,
            || {
                // The release branch was changed by hand and is not deployed yet.
                let mut theatre = with(|_| {});
                theatre.retire = Some(Slot::Primary);
                theatre.policy.max_target_age = Some(MINUTE * 60 * 24 * 30);
                let (start, branch) = {
                    let world = theatre.world.lock();
                    (world.now(), release(&world))
                };
                theatre.backstage.at(start, Deed::Flip(branch, Slot::Secondary));
                theatre.backstage.pass(later(start, MINUTE));
                theatre
            },
            |theatre, _| {
                let world = theatre.world.lock();
                reads(&world, &release(&world), Slot::Secondary) && regenerated(&world, Slot::Secondary) > 0
            },
        ),
        scene(
            Gate::NoHazard,
            || {
                let mut config = small();
                config.account.regeneration = Span::exactly(MINUTE * 90);
                config.account.dies_between = (950, 1000);
                let at = regenerates_at(&config).saturating_sub(jiff::SignedDuration::from_mins(4)).unwrap();
                let mut theatre = theatre(config);
                let skip = std::mem::take(&mut theatre.policy.skip_stages);
                theatre.policy.skip_stages =
                    skip.iter().filter(|stage| !stage.contains("workload")).cloned().collect();
                foreign_run(&theatre, at);
                theatre.policy.skip_stages = skip;
                theatre
            },
            refused,
        ),
        scene(
            Gate::NotPaused,
            || {
                let theatre = with(|_| {});
                futures::executor::block_on(async {
                    let mut driver = theatre.driver_as("person", "person").await.unwrap();
                    driver.open(&theatre.request()).await.unwrap();
                    driver.pause("operator", "something looks wrong").await.unwrap();
                });
                theatre
            },
            |theatre, _| theatre.world.lock().counters().pulls_opened > 0,
        ),
        scene(
            Gate::Approved,
            || {
                let mut theatre = with(|_| {});
                theatre.approves = false;
                theatre
            },
            |theatre, _| regenerated(&theatre.world.lock(), Slot::Primary) > 0,
        ),
        scene(
            Gate::LeaseHeld,
            || {
                let mut theatre = with(|_| {});
                theatre.policy.store = SharedStore::LocalOnly;
                theatre
            },
            |theatre, _| regenerated(&theatre.world.lock(), Slot::Primary) > 0,
        ),
        scene(
            Gate::MayRegenerate,
            || {
                let mut config = small();
                let sent = regenerates_at(&config).duration_since(config.start).unsigned_abs();
                // Long enough to send it, and no longer.
                config.account.role_ends = Some(sent + MINUTE);
                theatre(config)
            },
            |theatre, life| {
                let gone = regenerated(&theatre.world.lock(), Slot::Primary) > 0;
                gone && *life != Life::Ended(TurnEnd::Done)
            },
        ),
        scene(
            Gate::Asked,
            || {
                let mut theatre = with(|_| {});
                theatre.reach = Reach::Regenerate;
                theatre
            },
            |theatre, _| theatre.world.lock().counters().pulls_opened > 0,
        ),
        scene(
            Gate::Settled,
            || {
                // Nothing tells that it arrived: not its answer, not the account, not the log.
                with(|config| {
                    let lost = Target::operation(Operation::Regenerate);
                    config.faults.push(Fault::new(When::Nth(1), lost, Trouble::LoseAnswer));
                    let log = Target::operation(Operation::ReadActivity);
                    config.faults.push(Fault::new(When::Always, log, Trouble::Forbidden));
                    config.account.regeneration = Span::exactly(MINUTE * 120);
                    config.account.seems_idle = MINUTE * 120;
                    config.account.dies_between = (900, 1000);
                })
            },
            |theatre, _| theatre.world.lock().counters().regenerations_refused > 0,
        ),
        scene(
            Gate::Regenerated,
            || {
                with(|config| {
                    let lost = Target::operation(Operation::Regenerate);
                    config.faults.push(Fault::new(When::Nth(1), lost, Trouble::LoseAnswer));
                })
            },
            |theatre, _| theatre.world.lock().counters().regenerations_refused > 0,
        ),
        scene(
            Gate::NewKeyAccepted,
            || with(|config| config.account.propagation = Span::exactly(MINUTE * 120)),
            |theatre, life| {
                let world = theatre.world.lock();
                let new = world.account().current(KeyKind::read_write(Slot::Primary)).unwrap().id;
                let everywhere = world
                    .account()
                    .regions()
                    .iter()
                    .all(|region| world.accepted_keys(&region.name).iter().any(|key| key.id == new));
                *life == Life::Ended(TurnEnd::Done) && !everywhere
            },
        ),
        scene(
            Gate::Agreement,
            || {
                let config = small();
                let at = later(regenerates_at(&config), MINUTE * 15);
                let theatre = theatre(config);
                let base = theatre.world.lock().config().repository.base.clone();
                theatre.backstage.at(at, Deed::Flip(base, Slot::Primary));
                theatre
            },
            |theatre, life| {
                let world = theatre.world.lock();
                let base = &world.config().repository.base;
                *life == Life::Ended(TurnEnd::Done)
                    && reads(&world, base, Slot::Primary)
                    && reads(&world, &release(&world), Slot::Secondary)
            },
        ),
    ]
}
