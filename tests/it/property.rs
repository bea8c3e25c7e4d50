//! Whole rotations in memory by the thousand, with whatever can happen to them. What must hold of each is asked of
//! the world, never of keyslot.
//!
//! `KEYSLOT_SEED=n cargo test --test it one_case -- --nocapture` plays one case again and tells it;
//! `KEYSLOT_ROTATIONS=n` plays another number of them.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use keyslot::model::{FlipBack, KeyKind, Promotion, PullState};
use keyslot::rotation::Event;
use keyslot::sim::{Command, Holds, KeyId, OperationStatus, Pull, StampOutcome, World};

use crate::backstage::{Deed, Shot};
use crate::journey::{End, Journey, later, play};
use crate::lottery::Case;

const ROTATIONS: u64 = 2_000;

/// So long after a decision its step may still be sent.
const PERMIT: Duration = Duration::from_secs(180);

/// What is wrong with a journey; empty for one that went as it must.
fn wrongs(journey: &Journey) -> Vec<String> {
    let mut wrongs = Vec::new();
    let mut wrong = |what: String| wrongs.push(what);
    let case = &journey.case;
    let world = journey.theatre.world.lock();
    let outcome = world.outcome();
    let unseen = deleted_unseen(journey);
    let nobody_sees =
        |shot: &Shot| !shot.holders.is_empty() && shot.holders.iter().all(|one| unseen.contains(one));
    let excused = brought_back_by_others(journey, &world) || journey.shots.iter().any(nobody_sees);
    if outcome.outage.refused > 0 && !excused {
        wrong(format!(
            "{} requests were refused, first at {:?}",
            outcome.outage.refused, outcome.outage.first_refused_at
        ));
    }
    for shot in journey.shots.iter().filter(|shot| shot.holders.iter().any(|one| !unseen.contains(one))) {
        wrong(format!("{} was sent to die at {} while {:?} held it", shot.kind, shot.at, shot.holders));
    }
    // Whoever regenerates must be there to see the new key accepted. A permit may be used for a while.
    let confirmed = |shot: &&Shot| later(shot.at, case.policy.confirm_window.saturating_sub(PERMIT));
    if let Some(end) = world.role_end() {
        for shot in journey.shots.iter().filter(|shot| confirmed(shot) > end) {
            wrong(format!("{} was sent to die at {}, and the role ends at {end}", shot.kind, shot.at));
        }
    }
    let retired = KeyKind::read_write(case.from);
    let now = world.now();
    let regenerated = world
        .account()
        .operations()
        .iter()
        .filter(|operation| operation.kind == retired && operation.status(now) == OperationStatus::Succeeded)
        .count();
    if regenerated > 1 {
        wrong(format!("the retired key was regenerated {regenerated} times"));
    }
    // Nobody else regenerates: a second one was sent while the first was under way.
    if world.counters().regenerations_refused > 0 {
        wrong(format!("{} regenerations met another one", world.counters().regenerations_refused));
    }
    let mut pulls: BTreeMap<&str, u32> = BTreeMap::new();
    for pull in world.pulls() {
        *pulls.entry(pull.head_branch.as_str()).or_default() += 1;
    }
    // One a leg to the base branch and, where it goes there by one, one to the release branch.
    let most = if case.policy.promotion == Promotion::PullRequest { 4 } else { 2 };
    // And, each leg, one more where the base branch was taken back.
    let (once_more, others): (Vec<&str>, Vec<&str>) =
        pulls.keys().copied().partition(|branch| branch.ends_with("-once-more"));
    if pulls.values().any(|count| *count > 1) || others.len() > most || once_more.len() > 2 {
        wrong(format!("pull requests: {pulls:?}"));
    }
    let mut runs: BTreeMap<&str, u32> = BTreeMap::new();
    for run in world.runs().iter().filter(|run| run.by != "mallory") {
        *runs.entry(run.commit.as_str()).or_default() += 1;
    }
    if runs.values().any(|count| *count > 1 + case.foreign_runs) {
        wrong(format!("runs by commit: {runs:?}"));
    }
    let legs = if case.policy.flip_back == FlipBack::Deploy { 2 } else { 1 };
    for ((stamp, workload), raised) in &world.counters().generations {
        let writes = world.stamp(stamp).map_or(0, |stamp| stamp.vault.versions().len() as u32 - 1);
        // Pods whose class was changed under them may have read anything: they are restarted once more.
        let changed = case.deeds.iter().filter(
            |(_, deed)| matches!(deed, Deed::Do(Command::ChangeClass { stamp: on, .. }) if on == stamp),
        );
        let may = legs.max(writes) + case.foreign_restarts + changed.count() as u32;
        if *raised > may {
            wrong(format!("{stamp}/{workload} was restarted {raised} times instead of {may}"));
        }
    }
    match &journey.end {
        End::Done => {
            let target = if legs == 2 { case.from } else { case.from.other() };
            for stamp in &journey.at_end.stamps {
                let pods =
                    stamp.pods_slot == Holds::from(target) || emptied_by_others(journey, stamp, &world);
                if stamp.vault_slot != Holds::from(target) || !pods {
                    wrong(format!("done, and {stamp:?}"));
                }
            }
            if regenerated != 1 {
                wrong(format!("done, and {regenerated} regenerations"));
            }
        }
        End::Failed(why) => wrong(format!("failed: {why}")),
        End::Halted(reasons) | End::Waiting(reasons) if reasons.is_empty() => {
            wrong("stuck without a reason".into())
        }
        end if !case.wants_person => wrong(format!("not done though everything heals: {end:?}")),
        End::Halted(_) | End::Waiting(_) => {}
    }
    wrongs
}

/// Whether the account took it on, whether or not anybody lived to read the answer.
fn was_taken(shot: &Shot, world: &World) -> bool {
    let mut operations = world.account().operations().iter();
    operations.any(|operation| operation.kind == shot.kind && operation.started >= shot.at)
}

/// Whether somebody wrote a key into a vault after it had been sent to die, and somebody restarted pods from there:
/// what was refused since then is theirs. Whatever held the key before is not excused.
fn brought_back_by_others(journey: &Journey, world: &World) -> bool {
    let taken = journey.shots.iter().filter(|shot| was_taken(shot, world));
    let sent = |key: KeyId| taken.clone().find(|shot| shot.key == key).map(|shot| shot.at);
    let versions = world.stamps().flat_map(|stamp| stamp.vault.versions());
    let back = versions
        .filter(|version| version.value.key().and_then(sent).is_some_and(|sent| version.created > sent))
        .map(|version| version.created)
        .min();
    let first = world.outage().first_refused_at;
    journey.case.foreign_restarts > 0 && back.is_some() && first > back
}

/// What the world calls holders that have no pod any more, of stamps where a node's pods were deleted before anybody had noted
/// them: no API tells of their processes.
fn deleted_unseen(journey: &Journey) -> BTreeSet<String> {
    let start = journey.case.config.start;
    let unseen = journey.case.deeds.iter().filter_map(|(after, deed)| {
        let Deed::Do(Command::ForcePods { stamp, node } | Command::DeleteNode { stamp, node }) = deed else {
            return None;
        };
        let (deleted, name) = (later(start, *after), format!("aks-workload-{node:08}"));
        let noted = journey.events.iter().any(|(at, event)| {
            matches!(event, Event::Unheard { stamp: of, node, pods }
                if of == stamp && *node == name && !pods.is_empty() && *at <= deleted)
        });
        (!noted).then(|| format!("{stamp}/?"))
    });
    unseen.collect()
}

/// Whether every pod of the stamp holds the new key but those that somebody made hold none: by a class that was changed
/// after the old key had been sent to die, and that new pods have mounted since. Whoever holds any other key, dead ones
/// above all, or had none before, is wrong; so is whoever is empty after a way back, which restarts pods once more.
fn emptied_by_others(journey: &Journey, stamp: &StampOutcome, world: &World) -> bool {
    let Case { config, from, policy, deeds, .. } = &journey.case;
    let target = world.account().current(KeyKind::read_write(from.other())).map(|key| key.id);
    let retired = KeyKind::read_write(*from);
    let sent = journey.shots.iter().find(|shot| shot.kind == retired && was_taken(shot, world));
    let (Some(sent), true) = (sent, policy.flip_back != FlipBack::Deploy) else { return false };
    let changes = deeds.iter().filter(|(_, deed)| match deed {
        Deed::Do(Command::ChangeClass { stamp: on, .. }) => on.as_str() == stamp.name,
        _ => false,
    });
    let changed = changes.map(|(offset, _)| later(config.start, *offset)).find(|at| *at > sent.at);
    let Some(changed) = changed else { return false };
    let held = journey.held_at_end.get(&stamp.name).into_iter().flatten();
    held.into_iter().all(|(since, key)| match key {
        Some(key) => Some(*key) == target,
        None => *since > changed,
    })
}

/// Whether the retired key's regeneration was taken on.
fn reached_regenerate(journey: &Journey) -> bool {
    let retired = KeyKind::read_write(journey.case.from);
    journey.theatre.world.lock().account().operations().iter().any(|operation| operation.kind == retired)
}

/// Whether the change was proposed once more to a base branch that was taken back, and merged.
fn was_mended(journey: &Journey) -> bool {
    let world = journey.theatre.world.lock();
    let once_more = |pull: &&Pull| pull.head_branch.as_str().ends_with("-once-more");
    world.pulls().iter().filter(once_more).any(|pull| matches!(pull.state, PullState::Merged { .. }))
}

#[derive(Default)]
struct Sum {
    played: u64,
    done: u64,
    regenerated: u64,
    torn: u64,
    crashes: u64,
    lives: u64,
    excused: u64,
    mended: u64,
    failures: Vec<(u64, Vec<String>)>,
}

fn asked(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

#[test]
fn regenerate_never_happens_while_a_pod_holds_the_old_key() {
    let rotations = asked("KEYSLOT_ROTATIONS", ROTATIONS);
    let first = asked("KEYSLOT_FIRST", 1);
    let next = AtomicU64::new(first);
    let sum = Mutex::new(Sum::default());
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first + rotations {
                        break;
                    }
                    tally(seed, &sum);
                }
            });
        }
    });
    let mut sum = sum.into_inner().unwrap();
    sum.failures.sort_by_key(|(seed, _)| *seed);
    let Sum { played, done, regenerated, torn, crashes, lives, excused, mended, failures } = sum;
    println!(
        "{played} rotations in {lives} lives: {done} done, {regenerated} regenerated, {torn} torn between an \
         intent and its outcome, {crashes} deaths, {excused} with requests refused by the deeds of others, {mended} base branches mended, {} wrong",
        failures.len()
    );
    for (seed, wrongs) in failures.iter().take(20) {
        println!("seed {seed}: {wrongs:#?}");
    }
    assert!(
        failures.is_empty(),
        "{} of {played} went wrong, first seed {}; replay with KEYSLOT_SEED=… cargo test --test it one_case -- \
         --nocapture",
        failures.len(),
        failures[0].0,
    );
    assert!(regenerated * 20 >= played * 17, "{regenerated} of {played} reached regenerate");
    assert!(mended > 0 || played < 500, "of {played} base branches that were taken back, none was mended");
    assert!(torn * 10 >= played * 3, "{torn} of {played} were torn");
    assert!(excused * 500 <= played, "{excused} of {played} refused requests by the deeds of others");
}

fn tally(seed: u64, sum: &Mutex<Sum>) {
    let played = std::panic::catch_unwind(|| {
        let journey = play(&Case::of(seed));
        let wrongs = wrongs(&journey);
        let numbers = (journey.is_done(), reached_regenerate(&journey), journey.torn, journey.crashed);
        let mended = journey.is_done() && was_mended(&journey);
        let excused = wrongs.is_empty() && journey.theatre.world.lock().outage().refused > 0;
        (numbers, journey.theatre.lives(), excused, mended, wrongs)
    });
    let mut sum = sum.lock().unwrap();
    sum.played += 1;
    match played {
        Ok(((done, regenerated, torn, crashed), lives, excused, mended, wrongs)) => {
            sum.mended += u64::from(mended);
            sum.excused += u64::from(excused);
            sum.done += u64::from(done);
            sum.regenerated += u64::from(regenerated);
            sum.torn += u64::from(torn);
            sum.crashes += u64::from(crashed);
            sum.lives += u64::from(lives);
            if !wrongs.is_empty() {
                sum.failures.push((seed, wrongs));
            }
        }
        Err(panic) => {
            let why = panic.downcast_ref::<String>().cloned().unwrap_or_else(|| "a panic".to_owned());
            sum.failures.push((seed, vec![why]));
        }
    }
}

/// The same seed gives the same case and the same end; with `KEYSLOT_SEED` it tells one.
#[test]
fn one_case_can_be_played_again_by_its_seed() {
    let seed = asked("KEYSLOT_SEED", 7);
    let journey = play(&Case::of(seed));
    if std::env::var_os("KEYSLOT_SEED").is_some() {
        tell(&journey);
    }
    let again = play(&Case::of(seed));
    let counted = |journey: &Journey| {
        let world = journey.theatre.world.lock();
        (world.counters().clone(), world.outcome(), journey.events.len())
    };
    assert_eq!(counted(&journey), counted(&again));
}

/// In this case a process dies between sending the regeneration and its answer; afterwards somebody changes the class so that
/// it delivers another secret, and restarts the pods.
#[test]
fn what_others_empty_after_a_regeneration_is_theirs_where_nobody_lived_to_read_its_answer() {
    let journey = play(&Case::of(30_792));
    assert!(journey.shots.iter().all(|shot| !shot.taken), "{:?}", journey.shots);
    assert_eq!(wrongs(&journey), [""; 0]);
}

fn tell(journey: &Journey) {
    println!("{:#?}", journey.case);
    for (at, event) in &journey.events {
        println!("{at} {}", serde_json::to_string(event).unwrap());
    }
    let world = journey.theatre.world.lock();
    for run in world.runs() {
        println!(
            "run {} by {} on {} queued {} finished {:?}",
            run.id(),
            run.by,
            run.branch,
            run.queued,
            run.finished
        );
    }
    for stamp in world.stamps() {
        for version in stamp.vault.versions() {
            println!("vault {} {} {:?} {:?}", stamp.name, version.created, version.id, version.value);
        }
    }
    for shot in &journey.shots {
        println!("{shot:?}");
    }
    println!("{:#?}\n{:#?}", world.outcome(), world.counters());
    println!("end: {:?}\nwrong: {:#?}", journey.end, wrongs_of(journey, world));
}

fn wrongs_of(journey: &Journey, world: std::sync::MutexGuard<'_, World>) -> Vec<String> {
    drop(world);
    wrongs(journey)
}
