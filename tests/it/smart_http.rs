//! git over smart HTTP with a token, as GitHub serves it: whole proposals by the program, what is said where the token is
//! no good, and a connection that ends while a push is under way.
//!
//! Where the installed git has no `http-backend`, every test here says that it is skipped.

use std::time::Duration;

use base64::Engine as _;
use keyslot::sim::wire::{Entry, FaultHandle, Trouble, Which, WireFault, git, github};
use keyslot::sim::{Span, World, WorldConfig};
use secrecy::{ExposeSecret as _, SecretString};

use crate::api_commits::committing_by_app;
use crate::live::{Live, Process, files_below};
use crate::tokens::{signed_in, without_tokens};

const REMOTE: &str = "https://github.com/afmc/platform.git";

/// A world whose repository keyslot knows by its https address alone; none where git cannot serve one.
fn over_https() -> Option<Live> {
    over_https_of(WorldConfig::seeded(5))
}

fn over_https_of(config: WorldConfig) -> Option<Live> {
    if !git::serves_http() {
        eprintln!("skipped: the installed git has no http-backend");
        return None;
    }
    let live = Live::set(config, 60.0);
    let path = live.stage.folder.join("origin.git").display().to_string();
    live.configure(&path, REMOTE);
    Some(live)
}

/// With a token of its own for git.
fn with_token(live: &Live, token: &SecretString) {
    std::fs::write(live.stage.folder.join("tokens/git"), token.expose_secret()).unwrap();
    let repository = format!("repository = \"{REMOTE}\"");
    live.configure(&repository, &format!("{repository}\ntoken = {{ file = \"tokens/git\" }}"));
}

/// A `git` that writes down how it is called; the path that finds it first.
fn watched_git(live: &Live) -> String {
    let folder = live.folder().join("bin");
    std::fs::create_dir_all(&folder).unwrap();
    let path = std::env::var("PATH").unwrap();
    let program = folder.join("git");
    let log = live.folder().join("git-calls");
    let script = format!("#!/bin/sh\necho \"$*\" >>'{}'\nPATH='{path}' exec git \"$@\"\n", log.display());
    crate::tool::program(&program, &script);
    format!("{}:{path}", folder.display())
}

/// keyslot's exit code and words.
async fn propose(live: &Live, more: &[(&str, &str)]) -> (i32, String) {
    let mut command = live.command(env!("CARGO_BIN_EXE_keyslot"));
    command.args(["propose", "--retire", "primary"]).envs(more.iter().copied());
    let mut process = Process::start(command);
    let code = process.end().await;
    let said = process.data() + &process.talk();
    (code, said)
}

fn to_git(live: &Live) -> Vec<Entry> {
    let entries = live.stage.simulation.wire.transcript().entries();
    entries.into_iter().filter(|entry| entry.host == github::WEB_HOST).collect()
}

/// Requests that brought a pack.
fn pushes(live: &Live) -> Vec<Entry> {
    to_git(live)
        .into_iter()
        .filter(|entry| entry.method == "POST" && entry.path.ends_with("/git-receive-pack"))
        .collect()
}

#[track_caller]
fn one_branch_with_one_commit(live: &Live) {
    live.stage.simulation.world.with(|world: &mut World| {
        let repository = world.repository();
        let fixes: Vec<_> =
            repository.branches().iter().filter(|(name, _)| name.as_str().starts_with("fix/")).collect();
        let [(branch, head)] = fixes[..] else { panic!("{fixes:?}") };
        let base = repository.head(&world.config().repository.base).unwrap();
        assert_eq!(
            repository.get(head).unwrap().parents(),
            std::slice::from_ref(base),
            "one commit on the base"
        );
        assert_eq!(world.counters().pushes[branch], 1);
        assert_eq!(world.counters().pulls_opened, 1);
    });
}

/// The token as it is, and as it is sent.
fn forms(token: &SecretString) -> [String; 2] {
    let token = token.expose_secret();
    let sent = base64::engine::general_purpose::STANDARD.encode(format!("x-access-token:{token}"));
    [token.to_owned(), sent]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proposal_over_https_leaves_the_token_nowhere() {
    let Some(live) = over_https() else { return };
    let path = watched_git(&live);
    let (code, said) = propose(&live, &[("PATH", &path)]).await;
    assert_eq!(code, 0, "{said}");
    one_branch_with_one_commit(&live);
    assert_eq!(pushes(&live).iter().filter(|entry| entry.changed).count(), 1, "{:?}", to_git(&live));
    let (code, again) = propose(&live, &[("PATH", &path)]).await;
    assert_eq!(code, 0, "{again}");
    assert_eq!(pushes(&live).len(), 1, "again, it changes nothing");
    one_branch_with_one_commit(&live);

    let token = &live.stage.simulation.tickets.github;
    let calls = std::fs::read_to_string(live.folder().join("git-calls")).unwrap();
    assert!(calls.contains("push --porcelain") && calls.contains("fetch"), "{calls}");
    assert!(!calls.contains("github.com"), "an address can hold a password: {calls}");
    let kept = live.stage.folder.join("cache");
    let files = files_below(&kept);
    assert!(files.iter().any(|file| file.ends_with("repository.git/config")), "{files:?}");
    for form in forms(token) {
        assert!(!calls.contains(&form) && !said.contains(&form) && !again.contains(&form));
        for file in files.iter().chain(&files_below(&live.stage.folder.join("state"))) {
            let bytes = std::fs::read(file).unwrap();
            assert!(!String::from_utf8_lossy(&bytes).contains(&form), "{}", file.display());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_no_good_is_said_with_its_place_and_what_to_do_and_never_shown() {
    let Some(live) = over_https() else { return };
    let tickets = live.stage.simulation.tickets.clone();
    let wrong = SecretString::from("ghp_CANARYwrong");
    with_token(&live, &wrong);
    let place = live.stage.folder.join("tokens/git");
    let cases = [
        (&wrong, "cannot fetch the branches", "was not taken: it may have expired"),
        (&tickets.github_stranger, "cannot fetch the branches", "may not see the repository"),
        (&tickets.github_reader, "to branch fix/", "give it the right to write"),
    ];
    for (token, what, remedy) in cases {
        std::fs::write(&place, token.expose_secret()).unwrap();
        let (code, said) = propose(&live, &[]).await;
        assert_eq!(code, 4, "{said}");
        for words in [
            what,
            "remote https://github.com/afmc/platform.git",
            "tokens/git",
            remedy,
            "[environment.NAME.terraform]",
        ] {
            assert!(said.contains(words), "{words}: {said}");
        }
        for form in forms(token) {
            assert!(!said.contains(&form), "{said}");
        }
        let moved = live.stage.simulation.world.with(|world| world.counters().pulls_opened);
        assert_eq!((moved, pushes(&live).len()), (0, 0));
    }
    std::fs::write(&place, tickets.github.expose_secret()).unwrap();
    let (code, said) = propose(&live, &[]).await;
    assert_eq!(code, 0, "with a good one it goes on from there: {said}");
    one_branch_with_one_commit(&live);
}

/// Strikes so many pushes. git's own library asks once more where a connection that it had used before ends without a
/// word, and gives up where a new one does.
fn trouble(live: &Live, what: Trouble, times: u32) -> FaultHandle {
    let which = Which {
        host: github::WEB_HOST.to_owned(),
        method: "POST".to_owned(),
        path: "git-receive-pack".to_owned(),
        ..Which::default()
    };
    live.stage.simulation.wire.faults().add(WireFault { which, what, times })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_whose_connection_ends_is_one_branch_with_one_commit_after_the_next_run() {
    for (what, times) in [
        (Trouble::DropRequest, 1),
        (Trouble::DropRequest, 2),
        (Trouble::DropAnswer, 1),
        (Trouble::DropAnswer, 2),
    ] {
        let Some(live) = over_https() else { return };
        let fault = trouble(&live, what.clone(), times);
        let (code, said) = propose(&live, &[]).await;
        assert_eq!((code, fault.count()), (0, times), "{what:?} {times}: {said}");
        // Asked twice by git itself, the second time is told from somebody else's branch; given up, it is looked after.
        assert_eq!(said.contains("arrived is not known"), times == 2, "{what:?} {times}: {said}");
        assert!(!said.contains("was refused"), "{what:?} {times}: {said}");
        let pushed = pushes(&live).len();
        let (code, said) = propose(&live, &[]).await;
        assert_eq!((code, pushes(&live).len()), (0, pushed), "{what:?} {times}: {said}");
        one_branch_with_one_commit(&live);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_is_killed_in_the_middle_of_a_push_is_followed_by_one_that_finds_it() {
    let Some(live) = over_https() else { return };
    let fault = trouble(&live, Trouble::HoldAnswer, 1);
    let mut command = live.command(env!("CARGO_BIN_EXE_keyslot"));
    command.args(["propose", "--retire", "primary"]);
    let mut process = Process::start(command);
    tokio::select! {
        () = fault.struck() => {}
        code = process.end() => panic!("it ended with {code} before it pushed"),
    }
    process.kill();
    fault.release();
    let (code, said) = propose(&live, &[]).await;
    assert_eq!(code, 0, "{said}");
    one_branch_with_one_commit(&live);
}

/// Where a person keeps the token.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Keeps {
    Variable(&'static str),
    Gh,
    Helper,
    App,
}

#[tokio::test(flavor = "multi_thread")]
async fn git_gets_the_token_from_where_the_forges_is_found() {
    let app = crate::tokens::APP;
    for keeps in
        [Keeps::Variable("GITHUB_TOKEN"), Keeps::Variable("GH_TOKEN"), Keeps::Gh, Keeps::Helper, Keeps::App]
    {
        let Some(live) = over_https() else { return };
        std::fs::write(live.stage.folder.join("tokens/app.pem"), github::App::KEY).unwrap();
        without_tokens(&live, (keeps == Keeps::App).then_some(app));
        let token = live.stage.simulation.tickets.github.clone();
        let (plain, path) = (token.expose_secret(), signed_in(&live, token.expose_secret()));
        let helper = format!("[credential]\n\thelper = \"!echo username=x; echo password={plain}; :\"\n");
        let more = match keeps {
            Keeps::Variable(name) => vec![(name, plain)],
            Keeps::Gh => vec![("PATH", path.as_str())],
            Keeps::Helper => {
                std::fs::write(live.folder().join(".gitconfig"), helper).unwrap();
                Vec::new()
            }
            Keeps::App => Vec::new(),
        };
        let (code, said) = propose(&live, &more).await;
        assert_eq!(code, 0, "{keeps:?}: {said}");
        one_branch_with_one_commit(&live);
        assert!(forms(&token).iter().all(|form| !said.contains(form)) && !said.contains("ghs_"), "{said}");
    }
}

/// Proposes again and again, killed at the answer of every request that changes the world or makes an object, until it
/// ends by itself. Returns how often it died.
async fn propose_and_die(live: &Live, held: &[Which]) -> usize {
    let mut traps: Vec<FaultHandle> = Vec::new();
    let set = |which: &Which| {
        live.stage.simulation.wire.faults().add(WireFault::once(which.clone(), Trouble::HoldAnswer))
    };
    // Not the App's token, which every process asks for anew.
    let changed = |host: &str, path: &str| Which {
        host: host.to_owned(),
        path: path.to_owned(),
        changed: true,
        ..Which::default()
    };
    let changed = [changed(github::WEB_HOST, ""), changed(github::HOST, "/repos/")];
    traps.extend(held.iter().chain(&changed).map(set));
    for death in 0..20 {
        let mut command = live.command(env!("CARGO_BIN_EXE_keyslot"));
        command.args(["propose", "--retire", "primary"]);
        let mut process = Process::start(command);
        let sprung = loop {
            if let Some(place) = traps.iter().position(|trap| trap.count() > 0) {
                break place;
            }
            if let Some(code) = process.ended() {
                assert_eq!(code, 0, "{}", process.talk());
                return death;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        };
        process.kill();
        traps.remove(sprung).release();
        traps.extend(changed.iter().map(set));
    }
    panic!("it does not get anywhere; the last record is {:?}", live.newest_record())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proposal_that_is_killed_at_each_of_its_writes_is_one_of_each_by_git_and_by_github() {
    let object = |path: &str| Which { method: "POST".to_owned(), path: path.to_owned(), ..Which::default() };
    for by_github in [false, true] {
        // Nobody touches the pull request, however long it takes.
        let mut config = WorldConfig::seeded(5);
        config.people.check.started_after = None;
        config.people.review = Span::exactly(Duration::from_secs(1_000_000_000));
        let Some(live) = over_https_of(config) else { return };
        let held = match by_github {
            false => Vec::new(),
            true => {
                committing_by_app(&live);
                vec![object("/git/trees"), object("/git/commits")]
            }
        };
        let deaths = propose_and_die(&live, &held).await;
        // The branch, the pull request, its comment, status and label; a tree and a commit before.
        // The comment once more where it is brought up to date meanwhile.
        let least = 5 + held.len();
        assert!((least..=least + 1).contains(&deaths), "{by_github}: {deaths}");
        one_branch_with_one_commit(&live);
        live.stage
            .simulation
            .world
            .with(|world| assert_eq!(world.pulls()[0].comments.len(), 1, "{by_github}"));
    }
}
