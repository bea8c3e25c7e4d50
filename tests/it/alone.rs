//! One phase alone, approvals, acceptances and the end of a rotation, as a person or a job types them.

use std::process::Output;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use keyslot::journal::{Journal, StorePlace, open_store};
use keyslot::model::{Access, FlipBack, KeyKind, KeyMaterial, RotationId, Route, Salt, Slot};
use keyslot::rotation::{Event, Intent, Opened, Purpose, Step};
use keyslot::sim::config::WorkloadConfig;
use keyslot::sim::kubernetes::Made;
use keyslot::sim::{Command, WorldConfig};

use crate::live::Live;

const SPEED: f64 = 1200.0;

fn world() -> WorldConfig {
    let mut config = WorldConfig::seeded(5).with_stamps(2);
    config.workloads = vec![WorkloadConfig::named("catalogservice-deploy")];
    config
}

pub struct Ran {
    pub code: i32,
    pub data: String,
    pub talk: String,
}

pub fn ran(live: &Live, arguments: &[&str], variables: &[(&str, &str)]) -> Ran {
    let mut command = live.command(env!("CARGO_BIN_EXE_keyslot"));
    command.args(arguments).envs(variables.iter().copied());
    let Output { status, stdout, stderr } = crate::live::output(command);
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ran { code: status.code().unwrap_or(-1), data: text(stdout), talk: text(stderr) }
}

/// Somebody writes the slot's key into every vault by hand.
fn write(live: &Live, slot: Slot) {
    live.stage.simulation.world.with(|world| {
        let key = world.account().current(KeyKind::read_write(slot)).unwrap();
        let value = KeyMaterial::clone(&key.material);
        let stamps: Vec<_> = world.stamps().map(|stamp| stamp.name.clone()).collect();
        for stamp in stamps {
            world.apply(Command::SetSecret { stamp, value: value.clone() }).unwrap();
        }
    });
}

/// A journal of the stage's one environment, written from the side.
pub async fn record(live: &Live, events: Vec<Event>) {
    let place = StorePlace::parse("state", &live.stage.folder).unwrap().join("prod").join("journal");
    let mut journal: Journal<Event> = Journal::open(open_store(&place, None).unwrap()).await.unwrap();
    for event in events {
        journal.append(event, Timestamp::now()).await.unwrap();
    }
}

pub fn opened(live: &Live) -> Event {
    Event::Opened(Opened {
        pair: keyslot::rotation::Pair::Alone,
        round: 1,
        opening: 1,
        stamps: std::collections::BTreeSet::new(),
        rotation: RotationId::new("r1"),
        environment: "prod".into(),
        account: live.stage.simulation.world.with(|world| world.account().config().id.clone()),
        from: Slot::Primary,
        access: Access::ReadWrite,
        retired_generation: None,
        retired_fingerprint: None,
        salt: Salt::new("00"),
        route: Route::Hotfix,
        flip_back: FlipBack::No,
        by: "ada".to_owned(),
    })
}

pub fn regeneration_sent() -> Event {
    let step = Step::Regenerate { kind: KeyKind::read_write(Slot::Primary), purpose: Purpose::Retire };
    Event::Intended {
        intents: vec![Intent {
            key: step.key(),
            attempt: 1,
            step,
            generation_before: None,
            evidence: String::new(),
            commit: None,
            secrets: Vec::new(),
        }],
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn restart_brings_the_pods_to_what_was_written_by_hand_and_changes_nothing_else() {
    let live = Live::set(world(), SPEED);
    let nothing = ran(&live, &["restart"], &[]);
    assert_eq!(nothing.code, 0, "{}", nothing.talk);
    assert!(nothing.talk.contains("nothing to restart, and no rotation is begun"), "{}", nothing.talk);
    assert_eq!(live.newest_record(), "", "the journal is as it was");

    write(&live, Slot::Secondary);
    let unknown = ran(&live, &["restart", "--stamp", "nowhere"], &[]);
    assert_eq!(unknown.code, 2);
    assert!(unknown.talk.contains("northeurope, eastus2"), "{}", unknown.talk);

    let restarted = ran(&live, &["restart", "--quiesce"], &[]);
    assert_eq!(restarted.code, 0, "{}", restarted.talk);
    let lines = restarted.data.lines().filter(|line| line.contains("restarted at")).count();
    assert_eq!(lines, 2, "{}", restarted.data);
    assert!(restarted.talk.contains("the rotation stays open"), "{}", restarted.talk);
    let log = live.stage.simulation.wire.transcript();
    assert_eq!(log.count("PATCH", "/deployments/"), 2);
    assert_eq!((log.count("POST", "/pulls"), log.count("POST", "/regenerateKey")), (0, 0));
    assert_eq!(live.stage.simulation.world.with(|world| world.outage().refused), 0);

    // The code is not so: a regeneration alone says that and does nothing about it.
    let held = ran(&live, &["regenerate", "--approve"], &[]);
    assert_eq!(held.code, 3, "{}", held.talk);
    assert!(held.talk.contains("its next step is not what was asked for: push fix/"), "{}", held.talk);
    assert_eq!(live.stage.simulation.wire.transcript().count("POST", "/pulls"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_takes_an_acceptance_and_writes_it_down_before_it_restarts_anything() {
    let live = Live::set(world(), SPEED);
    let rest = ["--because", "it ends tonight", "--until", "2099-01-01T00:00:00Z"];
    let accept = |what: &str| ran(&live, &[&["restart", "--accept", what][..], &rest].concat(), &[]);
    let nothing = accept("consumers:northeurope/workload/pod/import");
    assert_eq!(nothing.code, 0, "{}", nothing.talk);
    assert!(nothing.talk.contains("nothing is accepted"), "{}", nothing.talk);
    live.stage.simulation.world.with(|world| {
        let stamp = world.stamps().next().unwrap();
        let template = Arc::clone(&stamp.cluster.standing().next().unwrap().template);
        let (stamp, namespace, name) = (stamp.name.clone(), "workload".to_owned(), "import".to_owned());
        world.apply(Command::Make { stamp, namespace, name, made: Made::Pod(template) }).unwrap();
    });
    write(&live, Slot::Secondary);
    let held = ran(&live, &["restart"], &[]);
    assert_eq!(held.code, 4, "{}", held.talk);
    assert!(held.talk.contains("then accept it by name"), "{}", held.talk);
    // The code is not flipped, and yet whoever is sent to look sees it.
    let told = ran(&live, &["explain"], &[]);
    let accepts = "keyslot restart --accept 'consumers:northeurope/workload/pod/import'";
    assert_eq!(told.code, 4, "{}{}", told.data, told.talk);
    assert!(told.data.contains("propose: ready") && told.data.contains(accepts), "{}", told.data);
    let status = ran(&live, &["status", "--output", "json"], &[]);
    let status: serde_json::Value = serde_json::from_str(&status.data).unwrap();
    assert_eq!(status["restart_halted"]["phase"], "restart");
    let holds = status["restart_halted"]["holds"].as_array().unwrap();
    assert!(holds.iter().any(|hold| hold["gate"] == "consumers"), "{holds:?}");

    let refused = accept("old-pods-gone:northeurope");
    assert_eq!(refused.code, 2, "{}", refused.talk);
    let restarted = accept("consumers:northeurope/workload/pod/import");
    assert_eq!(restarted.code, 0, "{}", restarted.talk);
    let place = StorePlace::parse("state", &live.stage.folder).unwrap().join("prod").join("journal");
    let journal: Journal<Event> = Journal::open(open_store(&place, None).unwrap()).await.unwrap();
    let kinds = journal.records().iter().map(|record| &record.kind);
    let mut kinds = kinds.skip_while(|kind| !matches!(kind, Event::Accepted(_)));
    let Some(Event::Accepted(accepted)) = kinds.next() else { panic!("it is not written down") };
    assert_eq!(accepted.because, "it ends tonight");
    assert!(kinds.any(|kind| matches!(kind, Event::Intended { .. })), "before the first restart");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_must_say_for_which_rotation_it_approves() {
    let live = Live::set(world(), SPEED);
    let refused = ran(&live, &["rotate", "--approve"], &[("CI", "true")]);
    assert_eq!(refused.code, 2, "{}", refused.talk);
    assert_eq!(live.newest_record(), "", "nothing was begun");

    record(&live, vec![opened(&live)]).await;
    for arguments in [&["advance", "--approve"][..], &["regenerate", "--approve"], &["rotate", "--approve"]] {
        let refused = ran(&live, arguments, &[("TF_BUILD", "True")]);
        assert_eq!(refused.code, 2, "{}", refused.talk);
        assert!(refused.talk.contains("--approve r1"), "{}", refused.talk);
    }
    let other = ran(&live, &["advance", "--approve", "r2"], &[]);
    assert_eq!(other.code, 2, "{}", other.talk);
    assert_eq!(live.newest_record(), "opened", "nothing was approved");
    let bound = ran(&live, &["advance", "--approve", "r1"], &[("CI", "true")]);
    assert_eq!(bound.code, 3, "{}", bound.talk);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_settled_when_a_rotation_was_opened_is_refused_by_the_name_of_the_option() {
    let live = Live::set(world(), SPEED);
    record(&live, vec![opened(&live)]).await;
    let refused = |command: &[&str], parts: &[&str]| {
        let refused = ran(&live, command, &[]);
        assert_eq!(refused.code, 2, "{command:?}: {}", refused.talk);
        for part in parts {
            assert!(refused.talk.contains(part), "{command:?}: {}", refused.talk);
        }
        assert!(refused.talk.contains("keyslot close --because"), "{command:?}: {}", refused.talk);
        assert_eq!(live.newest_record(), "opened", "{command:?}");
    };
    for how in ["deploy", "propose"] {
        let asked = format!("--flip-back {how}: --flip-back no is in force");
        refused(&["rotate", "--flip-back", how], &[&asked, "r1"]);
    }
    let other = "another rotation is open";
    let slot = "--retire secondary: it retires the key in primary";
    for command in ["rotate", "regenerate", "propose", "restart"] {
        refused(&[command, "--retire", "secondary"], &[other, slot]);
    }
    refused(&["rotate", "--both-slots"], &[other, "--both-slots: it is of one slot alone"]);
    let both = ["rotate", "--retire", "secondary", "--flip-back", "deploy"];
    refused(&both, &[other, slot, "--flip-back deploy: --flip-back no is in force"]);
    let fits = ran(&live, &["advance"], &[]);
    assert_eq!(fits.code, 3, "{}", fits.talk);
    let fits = ran(&live, &["propose", "--retire", "primary"], &[]);
    assert_eq!(fits.code, 0, "{}", fits.talk);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_regeneration_that_was_sent_is_not_closed_over() {
    let live = Live::set(world(), SPEED);
    record(&live, vec![opened(&live), regeneration_sent()]).await;
    let refused = ran(&live, &["close", "--because", "enough"], &[]);
    assert_eq!(refused.code, 4, "{}", refused.talk);
    assert!(refused.talk.contains("Azure goes on with it"), "{}", refused.talk);
    assert_eq!(live.newest_record(), "intended");
    let closed = ran(&live, &["close", "--because", "enough", "--unconfirmed"], &[]);
    assert_eq!(closed.code, 0, "{}", closed.talk);
    assert!(closed.talk.contains("goes on in Azure"), "{}", closed.talk);
    assert_eq!(live.newest_record(), "released", "closed, and the lease is given back");
    let again = ran(&live, &["close", "--because", "enough"], &[]);
    assert_eq!(again.code, 2, "{}", again.talk);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_exist_is_not_accepted() {
    let live = Live::set(world(), SPEED);
    record(&live, vec![opened(&live)]).await;
    let accept = |what: &str| {
        let rest = ["--because", "agreed", "--until", "2099-01-01T00:00:00Z"];
        ran(&live, &[&["advance", "--accept", what][..], &rest].concat(), &[])
    };
    let refused = accept("wave:nowhere");
    assert_eq!(refused.code, 2, "{}", refused.talk);
    assert!(refused.talk.contains("eastus2"), "{}", refused.talk);
    assert_eq!(live.newest_record(), "opened");
    let accepted = accept("wave:eastus2");
    assert_ne!(accepted.code, 2, "{}", accepted.talk);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_second_waits_and_is_told_for_whom() {
    let live = Live::set(world(), 20.0);
    let mut first = live.keyslot(&["rotate"]);
    while live.stage.simulation.world.with(|world| world.pulls().is_empty()) {
        assert_eq!(first.ended(), None, "{}", first.talk());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let second = ran(&live, &["rotate"], &[]);
    assert_eq!(second.code, 3, "{}", second.talk);
    assert!(second.talk.contains("another keyslot is at work"), "{}", second.talk);
    assert!(second.talk.contains("holds the lease until"), "{}", second.talk);
    first.kill();
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_who_may_not_look_is_told_that_a_person_must_act() {
    let live = Live::set(world(), SPEED);
    record(&live, vec![opened(&live)]).await;
    let wrong = ran(&live, &["explain"], &[("AZURE_CLIENT_SECRET", "wrong")]);
    assert_eq!(wrong.code, 4, "{}{}", wrong.data, wrong.talk);
    assert!(
        wrong.data.contains("a person must act") && wrong.data.contains("opened by: a person"),
        "{}",
        wrong.data
    );
}

/// The state of two environments that happen to have one name, or an account that was changed in mid-rotation.
#[tokio::test(flavor = "multi_thread")]
async fn an_open_rotation_of_another_account_is_not_gone_on_with() {
    let live = Live::set(world(), SPEED);
    let Event::Opened(mut other) = opened(&live) else { unreachable!() };
    other.account.name = "somebody-elses".to_owned();
    record(&live, vec![Event::Opened(other)]).await;
    let before = live.newest_record();
    for command in [&["advance"][..], &["rotate", "--approve"], &["regenerate", "--approve"], &["restart"]] {
        let ended = ran(&live, command, &[]);
        assert_eq!(ended.code, 2, "{command:?}: {}", ended.talk);
        for part in ["somebody-elses", "of another account", "keyslot close --because"] {
            assert!(ended.talk.contains(part), "{command:?}: {}", ended.talk);
        }
        assert_eq!(live.newest_record(), before, "{command:?}");
    }
    let closed = ran(&live, &["close", "--because", "it is theirs"], &[]);
    assert_eq!(closed.code, 0, "{}", closed.talk);
}

/// A job that is run once more when its rotation is over, or with what nobody can mean.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_of_a_rotation_that_is_not_open_begins_none() {
    let live = Live::set(world(), SPEED);
    let past = ["--accept", "wave:eastus2", "--because", "agreed", "--until", "2001-01-01T00:00:00Z"];
    for command in [
        &["rotate", "--approve", "r1"][..],
        &["regenerate", "--retire", "primary", "--approve", "r1"],
        &["advance", "--approve", "r1"],
        &["rotate", "--withdraw", "wave:eastus2"],
        &[&["rotate"][..], &past].concat(),
        &[&["restart"][..], &past].concat(),
    ] {
        let refused = ran(&live, command, &[("CI", "true")]);
        assert_eq!(refused.code, 2, "{command:?}: {}", refused.talk);
        assert_eq!(live.newest_record(), "", "{command:?}: nothing was begun");
    }
    record(&live, vec![opened(&live), Event::Closed { done: true, reason: "done".to_owned() }]).await;
    for command in ["rotate", "regenerate", "advance"] {
        let over = ran(&live, &[command, "--approve", "r1"], &[("CI", "true")]);
        assert_eq!(over.code, 0, "{command}: {}", over.talk);
        assert!(over.talk.contains("rotation r1 is done"), "{command}: {}", over.talk);
    }
    assert_eq!(live.newest_record(), "closed");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_people_say_beside_a_process_at_work_is_recorded_shown_and_taken_back() {
    let live = Live::set(world(), 60.0);
    let mut first = live.keyslot(&["rotate"]);
    while live.stage.simulation.world.with(|world| world.pulls().is_empty()) {
        assert_eq!(first.ended(), None, "{}", first.talk());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let until = "2099-01-01T00:00:00Z";
    let accept = ["rotate", "--accept", "wave:eastus2", "--because", "agreed", "--until", until];
    let accepted = ran(&live, &accept, &[("KEYSLOT_ACTOR", "ada")]);
    assert_eq!(accepted.code, 3, "{}", accepted.talk);
    let line = format!("wave:eastus2 is accepted by ada until {until}: agreed");
    assert!(accepted.talk.contains(&line), "{}", accepted.talk);
    assert!(accepted.talk.contains("it reads that before its next step"), "{}", accepted.talk);
    let approved = ran(&live, &["regenerate", "--approve"], &[]);
    assert_eq!(approved.code, 3, "{}", approved.talk);
    assert!(
        approved.talk.contains("the regeneration of the primary key is approved by "),
        "{}",
        approved.talk
    );
    let other = ran(&live, &["rotate", "--retire", "secondary", "--approve"], &[("KEYSLOT_ACTOR", "eve")]);
    assert_eq!(other.code, 2, "{}", other.talk);

    for command in ["explain", "status"] {
        let told = ran(&live, &[command], &[]);
        assert!(told.data.contains(&line) && !told.data.contains("by eve"), "{command}: {}", told.data);
    }
    let status = ran(&live, &["status", "--output", "json"], &[]);
    let status: serde_json::Value = serde_json::from_str(&status.data).unwrap();
    let [one] = &status["rotation"]["acceptances"].as_array().unwrap()[..] else { panic!("{status}") };
    assert!(one["withdraw"] == "wave:eastus2" && one["by"] == "ada" && one["over"] == false, "{one}");

    let never = ran(&live, &["advance", "--withdraw", "wave:northeurope"], &[]);
    assert!(never.code == 2 && never.talk.contains("there are: wave:eastus2"), "{}", never.talk);
    let taken = ran(&live, &["advance", "--withdraw", "wave:eastus2"], &[]);
    assert_eq!(taken.code, 3, "{}", taken.talk);
    assert!(taken.talk.contains("taken back by "), "{}", taken.talk);
    let told = ran(&live, &["explain"], &[]);
    assert!(!told.data.contains("is accepted by"), "{}", told.data);
    assert_eq!(first.ended(), None, "it was at work all the while: {}", first.talk());
    first.kill();
}
