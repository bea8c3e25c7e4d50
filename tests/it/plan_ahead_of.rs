//! What the plan says of what comes first and of what may come late: a target key that is made anew, logs that do not go back
//! far enough.

use std::time::Duration;

use keyslot::model::{KeyKind, Merging, Promotion, Propagation, Route, Slot, SlotUse};
use keyslot::render::foresight;
use keyslot::rotation::{Concern, Course, Decider, Foresight, Gate, Opened, renewal};
use keyslot::sim::WorldConfig;

use crate::gates::unproposed;
use crate::live::Live;
use crate::stage::{HOLDER, Stage, at, branch, key, opened, requests, stamp};

const HOUR: Duration = Duration::from_secs(3600);

fn foreseen(stage: &Stage) -> Foresight {
    let decider =
        Decider { policy: &stage.policy, holder: HOLDER, without: &stage.without, reach: &stage.reach };
    let (fold, now) = (stage.fold(), stage.now);
    let plan = Foresight::of(&opened(), false, &stage.decide(), &stage.world, &stage.policy, Vec::new());
    let plan = plan.renewing(renewal(&decider, &fold, &stage.world, now), now);
    plan.logged(&stage.world, &stage.policy, now)
}

/// Everybody is on primary, and the secondary key is a day old.
fn old_target() -> Stage {
    let mut stage = unproposed();
    stage.policy.max_target_age = Some(HOUR);
    stage.code_mut().release = Some(branch("release/1", SlotUse::Only(Slot::Primary)));
    for name in ["east", "north"] {
        stage.vault_mut(name).fingerprint = key(Slot::Primary);
    }
    for (slot, noted) in [(Slot::Primary, at(99_990)), (Slot::Secondary, at(10))] {
        stage.account_mut().keys.get_mut(&KeyKind::read_write(slot)).unwrap().last_used = Some(noted);
    }
    stage
}

#[test]
fn a_target_key_that_is_made_anew_first_is_told_with_what_holds_that_and_how_long() {
    let mut stage = old_target();
    let plan = foreseen(&stage);
    let told = plan.renewal.as_ref().unwrap();
    assert_eq!((told.max, told.course), (HOUR, Course::ToCome));
    // By the logs it was used just now.
    assert!(plan.holds.iter().any(|one| one.gate == Gate::KeyQuiet), "{:?}", plan.holds);
    assert!(plan.waits.renewal > Duration::ZERO && plan.waits.total() > plan.waits.renewal);
    let text = foresight::plan(&plan, &Ok(Vec::new()));
    let (made, proven) =
        (text.find("the secondary key is made anew before anything else"), text.find("is proven in every"));
    assert!(made.is_some() && made < proven, "{text}");
    for words in [
        "1h are allowed: `max_target_age`",
        "somebody approves it by its slot (`--approve secondary`); `target-young:secondary` accepts its age instead",
        ": the secondary key is unused before it is made anew\n",
        "a minute to hours: Azure makes the secondary key anew, which comes on top\n",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    stage.usage_mut().requests = vec![requests(KeyKind::read_write(Slot::Primary), "east", stage.now)];
    assert_eq!(foreseen(&stage).waits.renewal, Duration::ZERO, "it is unused already");
    // A policy that asks for no age, or a key that is young enough.
    stage.policy.max_target_age = None;
    assert_eq!(foreseen(&stage).renewal, None);
    stage.policy.max_target_age = Some(HOUR * 24 * 365 * 100);
    assert_eq!(foreseen(&stage).renewal, None);
}

#[test]
fn the_way_that_the_change_takes_is_told_as_the_policy_has_it() {
    let mut stage = unproposed();
    let text = |stage: &Stage, opened: &Opened| {
        let plan = Foresight::of(opened, false, &stage.decide(), &stage.world, &stage.policy, Vec::new());
        foresight::plan(&plan, &Ok(Vec::new()))
    };
    let by_people = text(&stage, &opened());
    assert!(by_people.contains("; nothing is in the way"), "{by_people}");
    let refused = foresight::plan(&foreseen(&stage), &Err(vec!["a.tf:1 is shared".to_owned()]));
    for words in ["it cannot be changed: a.tf:1 is shared", "; something is in the way"] {
        assert!(refused.contains(words), "{refused}");
    }
    assert!(
        by_people.contains("merged by people, promoted to the live release, and that release's pipeline")
    );
    assert!(by_people.contains("wave 1, the canary"), "{by_people}");
    stage.policy.pulls.merging = Merging::Keyslot;
    stage.policy.promotion = Promotion::PullRequest;
    stage.policy.propagation = Propagation::Write;
    let written = text(&stage, &opened());
    for words in
        ["merged by keyslot", "by a pull request, which people merge", "keyslot writes the secret in"]
    {
        assert!(written.contains(words), "{words}: {written}");
    }
    stage.policy.propagation = Propagation::Pipeline;
    let next = text(&stage, &Opened { route: Route::NextRelease, ..opened() });
    assert!(next.contains("nothing is promoted or restarted") && !next.contains("wave 1"), "{next}");
    assert!(!next.contains("the canary runs on the new key"), "{next}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_plan_of_the_program_tells_it_too() {
    let live = Live::set(WorldConfig::seeded(8).with_stamps(1), 60.0);
    let path = live.stage.settings_path();
    let mut settings: toml::Table = std::fs::read_to_string(&path).unwrap().parse().unwrap();
    let policy = settings["environment"]["prod"]["policy"].as_table_mut().unwrap();
    policy.insert("max_target_age".to_owned(), "1m".into());
    std::fs::write(path, toml::to_string(&settings).unwrap()).unwrap();
    let output = live.command(env!("CARGO_BIN_EXE_keyslot")).arg("plan").output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("the secondary key is made anew before anything else"), "{text}");
}

#[test]
fn logs_that_begin_late_are_told_with_the_time_from_which_on_they_tell() {
    let mut stage = unproposed();
    let told =
        |stage: &Stage, wanted: fn(&Concern) -> bool| foreseen(stage).concerns.into_iter().find(wanted);
    let quiet: fn(&Concern) -> bool = |one| matches!(one, Concern::LogsBegin { .. });
    let census: fn(&Concern) -> bool = |one| matches!(one, Concern::CensusBegins { .. });
    let audits: fn(&Concern) -> bool = |one| matches!(one, Concern::AuditsBegin { .. });
    for wanted in [quiet, census, audits] {
        assert_eq!(told(&stage, wanted), None);
    }
    let begins = stage.now - jiff::SignedDuration::from_mins(5);
    stage.usage_mut().requests.iter_mut().for_each(|one| one.first = begins);
    let lag = stage.policy.log_lag.unwrap();
    let from = keyslot::rotation::later(begins, stage.policy.quiet_window + lag);
    assert_eq!(told(&stage, quiet), Some(Concern::LogsBegin { begins, from }));
    if let Ok(used) = &mut stage.census_mut().used {
        used.requests.iter_mut().for_each(|one| one.first = begins);
    }
    let from = keyslot::rotation::later(begins, stage.policy.census_window);
    assert_eq!(told(&stage, census), Some(Concern::CensusBegins { begins, from }));
    let now = stage.now;
    if let Ok(read) = &mut stage.census_mut().read {
        read.note(&stamp("east"), begins, now);
    }
    assert_eq!(told(&stage, audits), Some(Concern::AuditsBegin { vaults: vec![(stamp("east"), begins)] }));
    let text = foresight::plan(&foreseen(&stage), &Ok(Vec::new()));
    assert!(text.contains("who read the secret there before, nobody knows"), "{text}");
    // A key that was made after that has no readers of before.
    let view = stage.account_mut();
    let kind = KeyKind::read_write(Slot::Primary);
    view.keys.get_mut(&kind).unwrap().generated = Some(begins);
    assert_eq!((told(&stage, census), told(&stage, audits)), (None, None));
}

/// As where the provider knows the version that tells, and writes nothing for this account.
#[test]
fn an_account_that_notes_no_use_of_any_key_is_no_evidence_of_use() {
    let mut stage = unproposed();
    (stage.policy.log_lag, stage.world.usage) = (None, None);
    let unknown = |stage: &Stage| foreseen(stage).concerns.contains(&Concern::LastUseUnknown);
    let told = |stage: &Stage| keyslot::render::explain::told_by(&stage.world);
    assert!(!unknown(&stage));
    assert_eq!(told(&stage), "who uses the old key is told by the account's own note");
    stage.account_mut().keys.values_mut().for_each(|key| key.last_used = None);
    assert!(stage.account_mut().tells_last_use);
    assert!(unknown(&stage));
    assert!(told(&stage).starts_with("nobody tells whether the old key is used"), "{}", told(&stage));
}
