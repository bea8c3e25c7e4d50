//! What a person finds who has configured something that is not there: a halt at once, with what there is, and going on
//! from there when it is mended.

use std::time::Duration;

use jiff::Timestamp;
use keyslot::model::{BranchName, CommitId, RunId};
use keyslot::sim::config::Accepting;
use keyslot::sim::wire::{FaultHandle, Trouble, Which, WireFault};
use keyslot::sim::{Command, Expected, Mark, WorldConfig};

use crate::live::{Live, files_below};

/// What keyslot ended with and said, and how long that took in the world.
fn run(live: &Live, arguments: &[&str]) -> (i32, String, Duration) {
    let now = || live.stage.simulation.world.with(|world| world.now());
    let before = now();
    let ran = crate::alone::ran(live, arguments, &[]);
    (ran.code, ran.data + &ran.talk, now().duration_since(before).unsigned_abs())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_branch_that_the_remote_does_not_have_is_a_halt_at_once_and_no_wait() {
    let live = Live::set(WorldConfig::seeded(5).with_stamps(1), 20.0);
    let cases = [
        (
            "base_branch",
            "\"main\"",
            "\"trunk\"",
            "cannot read the branch (trunk): the remote has no such branch; it has main, ",
        ),
        (
            "branch",
            "\"release/2026.1.0\"",
            "\"release/1\"",
            "cannot find the live release branch (release/1): it has main, ",
        ),
    ];
    for (key, right, wrong, says) in cases {
        live.set_first(key, wrong);
        // Once as it begins, and once as it goes on.
        for _ in 0..2 {
            let (code, said, took) = run(&live, &["propose", "--retire", "primary"]);
            assert_eq!(code, 4, "{said}");
            assert!(said.contains("a person must act") && said.contains(says), "{said}");
            // Looks take seconds; a right that may yet be granted is waited for for ten minutes.
            assert!(took < Duration::from_secs(300), "{took:?}");
        }
        live.set_first(key, right);
    }
    let (code, said, _) = run(&live, &["propose"]);
    assert_eq!(code, 0, "{said}");
    assert_eq!(live.stage.simulation.world.with(|world| world.counters().pulls_opened), 1);
}

/// Writes another token where the world's is, and puts that back.
fn with_token(live: &Live, service: &str, token: &str) -> String {
    let path = live.stage.folder.join("tokens").join(service);
    let right = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, token).unwrap();
    right
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_was_never_taken_is_told_at_once_and_by_its_place() {
    let live = Live::set(WorldConfig::seeded(5).with_stamps(1), 20.0);
    let right = with_token(&live, "github", "expired-since-last-week");
    let (code, said, took) = run(&live, &["propose", "--retire", "primary"]);
    assert_eq!(code, 4, "{said}");
    assert!(said.contains("a person must act") && said.contains("(the token from"), "{said}");
    assert!(said.contains("tokens/github"), "{said}");
    assert!(took < Duration::from_secs(300), "a right may yet be granted, and this is none: {took:?}");
    with_token(&live, "github", &right);
    let (code, said, _) = run(&live, &["propose"]);
    assert_eq!(code, 0, "{said}");
    assert_eq!(live.stage.simulation.world.with(|world| world.counters().pulls_opened), 1);
}

/// What is wrong, and how it is put right again.
type Spoil = fn(&Live) -> Box<dyn FnOnce(&Live)>;

/// What somebody finds who has something wrong; what keyslot says of it, and whether at once.
struct Case {
    name: &'static str,
    spoil: Spoil,
    says: &'static [&'static str],
    at_once: bool,
}

/// Another value for the first line that sets a key.
fn set(live: &Live, key: &str, wrong: &str) -> Box<dyn FnOnce(&Live)> {
    let text = std::fs::read(live.stage.settings_path()).unwrap();
    live.set_first(key, wrong);
    Box::new(move |live| std::fs::write(live.stage.settings_path(), text).unwrap())
}

fn token(live: &Live, service: &'static str, wrong: &str) -> Box<dyn FnOnce(&Live)> {
    let right = with_token(live, service, wrong);
    Box::new(move |live| {
        with_token(live, service, &right);
    })
}

/// Something in between answers for a host, or nothing does.
fn on_the_way(live: &Live, host: &str, path: &str, what: Trouble) -> FaultHandle {
    let which = Which { host: host.to_owned(), path: path.to_owned(), ..Which::default() };
    live.stage.simulation.wire.faults().add(WireFault { which, what, times: u32::MAX })
}

fn until_mended(live: &Live, host: &str, path: &str, what: Trouble) -> Box<dyn FnOnce(&Live)> {
    let fault = on_the_way(live, host, path, what);
    Box::new(move |_| fault.end())
}

fn switch(live: &Live, accepting: Accepting) -> Box<dyn FnOnce(&Live)> {
    let switched = |live: &Live, accepting| {
        live.stage.simulation.world.with(|world| world.apply(Command::SwitchPipeline { accepting }).unwrap());
    };
    switched(live, accepting);
    Box::new(move |live| switched(live, Accepting::Enabled))
}

/// Each is told twice, changes nothing, and is gone on from when it is mended.
fn each(live: &Live, command: &[&str], cases: &[Case]) {
    let made = || {
        live.stage.simulation.world.with(|world| {
            let counters = world.counters();
            (counters.pulls_opened, counters.runs_started, world.repository().branches().clone())
        })
    };
    for Case { name, spoil, says, at_once } in cases {
        let before = made();
        let mend = spoil(live);
        let mut quickest = Duration::MAX;
        for _ in 0..2 {
            let (code, said, took) = run(live, command);
            assert_eq!(code, 4, "{name}: {said}");
            for says in [&["a person must act"], *says].concat() {
                assert!(said.contains(says), "{name}: {says}: {said}");
            }
            quickest = quickest.min(took);
        }
        assert_eq!(quickest < Duration::from_secs(500), *at_once, "{name}: {quickest:?}");
        assert_eq!(made(), before, "{name}");
        mend(live);
    }
    let (code, said, _) = run(live, command);
    assert_eq!(code, 0, "{said}");
}

const GITHUB: &str = "api.github.com";

#[tokio::test(flavor = "multi_thread")]
async fn what_keeps_a_proposal_from_being_made_is_told_with_what_to_do_and_gone_on_from_when_it_is_mended() {
    let live = Live::set(WorldConfig::seeded(5).with_stamps(1), 60.0);
    let cases = [
        Case {
            name: "a repository of which the token's account sees nothing",
            spoil: |live| set(live, "owner", "\"nobody\""),
            says: &["GitHub repository nobody/platform", "404", "check owner and name", "(the token from"],
            at_once: true,
        },
        Case {
            name: "a remote that is not there",
            spoil: |live| set(live, "repository", "\"/nowhere/platform.git\""),
            says: &["/nowhere/platform.git", "check the remote's address"],
            at_once: true,
        },
        Case {
            name: "a token that has ended",
            spoil: |live| token(live, "github", "ended"),
            says: &["401", "tokens/github"],
            at_once: true,
        },
        Case {
            name: "a token without the right to look",
            spoil: |live| {
                until_mended(
                    live,
                    GITHUB,
                    "/pulls",
                    Trouble::Answer { status: 403, retry_after_seconds: None },
                )
            },
            says: &["403", "the token"],
            at_once: false,
        },
        Case {
            name: "a gateway that wants somebody to sign in",
            spoil: |live| until_mended(live, GITHUB, "", Trouble::SignInPage),
            says: &["not signed in"],
            at_once: false,
        },
    ];
    each(&live, &["propose", "--retire", "primary"], &cases);
    assert_eq!(live.stage.simulation.world.with(|world| world.counters().pulls_opened), 1);
}

/// A world in which the change is merged; `promoted`: and on the release branch.
fn merged(config: WorldConfig, speed: f64, promoted: bool) -> Live {
    let live = Live::set(config, speed);
    let commands = [&["propose", "--retire", "primary", "--wait"][..], &["promote"]];
    for command in commands.into_iter().take(1 + usize::from(promoted)) {
        let (code, said, _) = run(&live, command);
        assert_eq!(code, 0, "{said}");
    }
    live
}

#[tokio::test(flavor = "multi_thread")]
async fn what_keeps_a_release_from_being_made_is_told_with_what_to_do_and_gone_on_from_when_it_is_mended() {
    let live = merged(WorldConfig::seeded(5).with_stamps(1), 100.0, false);
    let unknown = || {
        [
            Case {
                name: "a pipeline that nobody knows",
                spoil: |live| set(live, "pipeline", "\"nightly\""),
                says: &["“nightly”", "there is none of that name", "check the name"],
                at_once: true,
            },
            Case {
                name: "a project that is not there",
                spoil: |live| set(live, "project", "\"other\""),
                says: &["project other", "does not exist", "check organization, project and pipeline"],
                at_once: true,
            },
            Case {
                name: "a token that has ended",
                spoil: |live| token(live, "azure-devops", "ended"),
                says: &["sign-in page", "tokens/azure-devops"],
                at_once: true,
            },
        ]
    };
    each(&live, &["promote"], &unknown());
    let [pipeline, project, token] = unknown();
    let cases = [
        pipeline,
        project,
        token,
        Case {
            name: "a pipeline that is switched off",
            spoil: |live| switch(live, Accepting::Disabled),
            says: &["the pipeline is disabled", "enable it"],
            at_once: true,
        },
        Case {
            name: "a pipeline that is paused",
            spoil: |live| switch(live, Accepting::Paused),
            says: &["the pipeline is paused", "resume it"],
            at_once: true,
        },
    ];
    each(&live, &["follow"], &cases);
    assert_eq!(live.stage.simulation.world.with(|world| world.counters().runs_started), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn github_that_is_down_for_minutes_is_waited_for_and_whoever_comes_later_goes_on() {
    let live = Live::set(WorldConfig::seeded(5).with_stamps(1), 60.0);
    let down = || on_the_way(&live, GITHUB, "", Trouble::DropRequest);
    let away = down();
    let mut process = live.keyslot(&["propose", "--retire", "primary"]);
    away.struck().await;
    // Five minutes of the world.
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(process.ended(), None, "it waits");
    away.end();
    let (code, talk) = (process.end().await, process.talk());
    assert!(code == 0 && talk.contains("waits: ") && talk.contains("no answer"), "{talk}");
    assert!(!talk.contains("docs.rs"), "{talk}");

    // For longer than a command waits that is to end.
    let away = down();
    let (code, said, took) = run(&live, &["propose"]);
    assert!(code == 3 && said.contains("waiting in propose; worth looking again"), "{code}: {said}");
    assert!(took > Duration::from_secs(600), "{took:?}");
    away.end();
    let bad = on_the_way(&live, GITHUB, "", Trouble::Answer { status: 502, retry_after_seconds: None });
    let (code, said, took) = run(&live, &["promote"]);
    assert!(code == 3 && said.contains("GitHub answered 502"), "{code}: {said}");
    assert!(took > Duration::from_secs(600), "{took:?}");
    bad.end();
    let (code, said, _) = run(&live, &["propose"]);
    assert_eq!(code, 0, "{said}");
    assert_eq!(live.stage.simulation.world.with(|world| world.counters().pulls_opened), 1);
}

fn head(live: &Live, branch: &BranchName) -> CommitId {
    live.stage.simulation.world.with(|world| world.repository().head(branch).cloned().unwrap())
}

fn force(live: &Live, branch: &BranchName, commit: &CommitId) {
    let (branch, commit) = (branch.clone(), commit.clone());
    let expected = Expected::Forced;
    let push = Command::Push { branch, expected, commit, objects: Vec::new(), by: "grace".to_owned() };
    live.stage.simulation.world.with(|world| world.apply(push).unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_release_branch_that_is_put_back_by_force_is_not_pushed_to_again_and_nothing_of_it_is_run() {
    let mut config = WorldConfig::seeded(5).with_stamps(1);
    config.people.rules.forced_pushes = true;
    let release = config.repository.release.clone();
    let live = merged(config, 600.0, false);
    let before = head(&live, &release);
    let (code, said, _) = run(&live, &["promote"]);
    assert_eq!(code, 0, "{said}");
    let promoted = head(&live, &release);
    force(&live, &release, &before);
    for command in ["promote", "follow", "promote"] {
        let (code, said, _) = run(&live, &[command]);
        // Within the time in which the remote may lag behind the push it is only looked for.
        assert!(code == 4 || (command == "promote" && code == 3), "{command}: {code}: {said}");
        let told = ["somebody took it back: it reads primary", "was taken and is not to be seen"];
        assert!(told.iter().any(|told| said.contains(told)), "{command}: {said}");
        assert_eq!(head(&live, &release), before, "{command}: {said}");
    }
    let started = || live.stage.simulation.world.with(|world| world.counters().runs_started);
    assert_eq!(started(), 0);
    let (code, said, _) = run(&live, &["promote", "--flip"]);
    assert_eq!(code, 0, "a person's word: {said}");
    assert_ne!(head(&live, &release), before);
    force(&live, &release, &promoted);
    let (code, said, _) = run(&live, &["follow"]);
    assert_eq!((code, started()), (0, 1), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_a_person_cancelled_halts_and_one_that_a_person_starts_is_followed() {
    let live = merged(WorldConfig::seeded(5).with_stamps(1), 600.0, true);
    let mut process = live.keyslot(&["follow"]);
    let started = || live.stage.simulation.world.with(|world| world.counters().runs_started);
    while started() == 0 {
        assert_eq!(process.ended(), None);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let world = &live.stage.simulation.world;
    let ours = world.with(|world| world.runs().last().unwrap().clone());
    let run_id = RunId::new(ours.number.to_string());
    world.with(|world| world.apply(Command::CancelRun { run: run_id }).unwrap());
    let ended = (process.end().await, process.talk());
    let (code, said, _) = run(&live, &["follow"]);
    for (code, said) in [ended, (code, said)] {
        assert!(code == 4 && said.contains("somebody cancelled run 1001"), "{code}: {said}");
        assert!(said.contains("run it again on the same commit with the same stages left out"), "{said}");
    }
    assert_eq!(started(), 1);
    let (branch, commit, skip) = (ours.branch, Some(ours.commit), ours.skip);
    let again = Command::StartRun { branch, commit, skip, by: "grace".to_owned() };
    world.with(|world| world.apply(again).unwrap());
    let (code, said, _) = run(&live, &["follow"]);
    assert!(code == 0 && said.contains("asked for by grace"), "{code}: {said}");
    assert_eq!(started(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pull_request_from_a_fork_is_not_ours_whatever_its_branch_is_called() {
    let live = Live::set(WorldConfig::seeded(5).with_stamps(1), 60.0);
    let (code, said, _) = run(&live, &["propose", "--retire", "primary"]);
    assert_eq!(code, 0, "{said}");
    live.stage.simulation.world.with(|world| {
        let number = world.pulls()[0].number;
        world.apply(Command::MarkPull { number, mark: Mark::Fork("mallory".to_owned()) }).unwrap()
    });
    for _ in 0..2 {
        let (code, said, _) = run(&live, &["propose"]);
        assert!(code == 0 && said.contains("proposal  #2 open"), "{code}: {said}");
    }
    assert_eq!(live.stage.simulation.world.with(|world| world.counters().pulls_opened), 2);
}

/// A wrong name is nothing that stays.
#[tokio::test(flavor = "multi_thread")]
async fn a_release_branch_that_a_person_names_is_there_or_nothing_is_written_down() {
    let mut config = WorldConfig::seeded(5).with_stamps(1);
    config.people.merge_press = None;
    let live = Live::set(config, 60.0);
    live.set_first("branch", "\"release/*\"");
    let (code, said, _) = run(&live, &["propose", "--retire", "primary"]);
    assert_eq!(code, 0, "{said}");
    let record = live.newest_record();
    let odd = ["release/none", "release/a b", "release/../main", "release/", "release/ünï", "release/x.lock"];
    for name in odd {
        let (code, said, _) = run(&live, &["promote", "--release", name]);
        assert!(code == 2 && said.contains("the remote has no such branch"), "{name}: {code}: {said}");
        assert!(said.contains(name) && said.contains("release/2026.1.0"), "{name}: {said}");
        assert_eq!(live.newest_record(), record, "{name}: {said}");
    }
    for name in ["main", "-x", "--upload-pack=x", "../release/2026.1.0", ""] {
        let (code, said, _) = run(&live, &["promote", &format!("--release={name}")]);
        assert!(code == 2 && said.contains("no release branch of the environment"), "{name}: {code}: {said}");
    }
    let mend = set(&live, "repository", "\"/nowhere/platform.git\"");
    let (code, said, _) = run(&live, &["promote", "--release", "release/2026.1.0"]);
    assert!(code == 5 && said.contains("nothing was written down"), "{code}: {said}");
    mend(&live);
    assert_eq!(live.newest_record(), record);
    // One that is there, and is not what the live stamps say: a person's word counts, and is told to be against theirs.
    let (code, said, _) = run(&live, &["promote", "--release", "release/2025.12.0"]);
    let told = "the live stamps are tagged release/2026.1.0, and not release/2025.12.0";
    assert!(code == 3 && said.contains(told), "{code}: {said}");
    let (code, said, _) = run(&live, &["promote", "--release", "release/2026.1.0"]);
    assert!(code == 3 && !said.contains("are tagged"), "{code}: {said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_that_come_too_early_or_twice_say_what_comes_before() {
    let live = Live::set(WorldConfig::seeded(5).with_stamps(1), 60.0);
    for command in ["promote", "follow"] {
        let (code, said, _) = run(&live, &[command]);
        assert!(code == 2 && said.contains("`keyslot propose` begins one"), "{code}: {said}");
    }
    let mut both = [(); 2].map(|()| live.keyslot(&["propose", "--retire", "primary"]));
    for process in &mut both {
        let (code, talk) = (process.end().await, process.talk());
        assert!(code == 0 || (code == 3 && talk.contains("another keyslot is at work")), "{code}: {talk}");
    }
    assert_eq!(live.stage.simulation.world.with(|world| world.counters().pulls_opened), 1);
    let (code, said, _) = run(&live, &["promote"]);
    assert!(code == 3 && said.contains("pull request #1 waits"), "{code}: {said}");
    let (code, said, _) = run(&live, &["follow"]);
    assert!(code == 3 && said.contains("waiting in merge") && said.contains("into main"), "{code}: {said}");
    assert!(said.contains("have its pull request merged, then `keyslot promote`"), "{said}");
}

/// What is proposed is what the remote has: how the folder stands in which it is asked for is no matter.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shallow_clone_with_a_detached_head_and_changes_of_its_own_proposes_and_stays_as_it_is() {
    let now = Timestamp::from_second(Timestamp::now().as_second()).unwrap();
    // The clock of the wall: no other one may be used with a remote that a folder names.
    let live = Live::set(WorldConfig { start: now, ..WorldConfig::seeded(5).with_stamps(1) }, 1.0);
    let stage = &live.stage.folder;
    let clone = live.folder().join("clone");
    let git = |arguments: &[&str]| {
        let mut git = live.command("git");
        let out = git.arg("-C").arg(live.folder()).args(arguments).output().unwrap();
        assert!(out.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8(out.stdout).unwrap()
    };
    let origin = format!("file://{}", stage.join("origin.git").display());
    git(&["clone", "--quiet", "--depth", "1", &origin, "clone"]);
    git(&["-C", "clone", "checkout", "--quiet", "--detach"]);
    std::fs::write(clone.join("note.txt"), "not committed").unwrap();
    let told = |text: &str| {
        let clock = text.split("[endpoints.clock]").nth(1).unwrap().split("\n\n").next().unwrap();
        let lines = text
            .replace(&format!("[endpoints.clock]{clock}"), "")
            .replace("= \"tokens/", &format!("= \"{}/tokens/", stage.display()));
        let path = |line: &str| line.starts_with("repository = \"/");
        lines.lines().filter(|line| !path(line)).collect::<Vec<_>>().join("\n")
    };
    let settings = told(&std::fs::read_to_string(live.stage.settings_path()).unwrap());
    std::fs::write(clone.join("keyslot.toml"), settings).unwrap();
    for file in files_below(stage).into_iter().filter(|file| file.parent() == Some(stage)) {
        let name = file.file_name().unwrap();
        if name != "keyslot.toml" {
            std::fs::copy(&file, clone.join(name)).unwrap();
        }
    }
    let stands = || (git(&["-C", "clone", "rev-parse", "HEAD"]), git(&["-C", "clone", "stash", "list"]));
    let before = stands();
    let own = clone.join("keyslot.toml").display().to_string();
    let (code, said, _) = run(&live, &["propose", "--retire", "primary", "--config", &own]);
    assert!(code == 0 && said.contains("proposal  #1 open"), "{code}: {said}");
    assert_eq!(stands(), before);
    assert_eq!(std::fs::read_to_string(clone.join("note.txt")).unwrap(), "not committed");
    let (code, said, _) = run(&live, &["check", "clone", "--against", "HEAD~1"]);
    assert!(code == 2 && said.contains("this clone is shallow: `git fetch --unshallow`"), "{code}: {said}");
}
