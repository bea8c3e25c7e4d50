//! Commits that GitHub makes: verified, with the tree that was built here, once, and never over somebody else's branch.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::{Method, StatusCode, Uri};
use keyslot::adapters::github::CommittedByGitHub;
use keyslot::adapters::token::github_app::{AppKey, AppSettings, GitHubApp};
use keyslot::model::{BranchName, CommitId};
use keyslot::ports::{Code, CommitText, Effect, Expect, FileEdit, Picked};
use keyslot::sim::wire::github::{self, App};
use keyslot::sim::wire::{Trouble, Which, WireBuilder, WireFault, WireOptions};
use keyslot::sim::{World, WorldConfig};
use serde_json::{Value, json};

use crate::contract::Contract;
use crate::desk::Desk;
use crate::github_shapes::Shapes;
use crate::live::Live;
use crate::wire_core;

fn desk() -> Desk {
    Desk::new(WorldConfig::default(), 100.0)
}

/// git, with GitHub committing as the App.
fn code(desk: &Desk) -> CommittedByGitHub {
    let settings = AppSettings {
        api: "https://api.github.com".parse().unwrap(),
        app: App::of_the_world().id.to_string(),
        installation: Some(App::of_the_world().installation),
        owner: "afmc".to_owned(),
        repository: "platform".to_owned(),
        permissions: [("contents".to_owned(), "write".to_owned())].into(),
    };
    let key = AppKey::from_pem(App::KEY.as_bytes()).unwrap();
    let app = GitHubApp::new(settings, key, desk.http.clone(), desk.clock());
    CommittedByGitHub::new(desk.code(), desk.github_with("", |settings| settings.token = Arc::new(app)))
}

fn fix() -> BranchName {
    BranchName::from("fix/flip")
}

/// Text, a program that stays one, and what is no text.
fn edits() -> [FileEdit; 3] {
    let edit = |path: &str, bytes: &[u8]| FileEdit { path: path.to_owned(), bytes: bytes.to_vec() };
    [
        edit("infra/new.tf", b"slot = 2\r\n"),
        edit("tool.sh", b"#!/bin/sh\ntrue\n"),
        edit("latin1.txt", b"\xe4\xf6\xfc"),
    ]
}

/// A commit on the base branch, built here, with the branch's present head.
async fn built(code: &CommittedByGitHub) -> (CommitId, CommitId) {
    let base = code.fetch().await.unwrap()[&BranchName::from("main")].clone();
    let text = CommitText {
        message: "Read the other key\n".to_owned(),
        at: "2026-11-22T10:00:00Z".parse().unwrap(),
    };
    let commit = code.commit(&base, &edits(), &text).await.unwrap();
    (base, commit)
}

/// Somebody's program in the base branch, so that there is a mode to keep.
fn with_a_program(desk: &Desk) {
    let work = desk.place.folder.path().join("work");
    let git = |folder: &std::path::Path, arguments: &[&str]| desk.place.git(folder, arguments);
    git(desk.place.folder.path(), &["clone", "-q", "origin.git", "work"]);
    std::fs::write(work.join("tool.sh"), "#!/bin/sh\n").unwrap();
    git(&work, &["add", "."]);
    git(&work, &["update-index", "--chmod=+x", "tool.sh"]);
    git(&work, &["commit", "-q", "-m", "A program"]);
    git(&work, &["push", "-q", "origin", "HEAD:main"]);
}

fn pushes(desk: &Desk, branch: &BranchName) -> u32 {
    desk.with(|world| world.counters().pushes.get(branch).copied().unwrap_or_default())
}

#[track_caller]
fn one_commit_like(desk: &Desk, code_of: &CommitId, base: &CommitId, message: &str) {
    let local = git2::Repository::open_bare(desk.place.folder.path().join("state/code.git")).unwrap();
    let built = local.find_commit(git2::Oid::from_str(code_of.as_str()).unwrap()).unwrap();
    desk.with(|world| {
        let head = world.repository().head(&fix()).unwrap().clone();
        let commit = world.repository().get(&head).unwrap();
        assert_eq!(commit.tree_id().to_string(), built.tree_id().to_string());
        assert_eq!((commit.parents(), commit.message()), (std::slice::from_ref(base), message));
        assert!(is_signed(world, &head), "it is signed");
        assert_eq!(
            (commit.author().name.as_str(), commit.committer().name.as_str()),
            ("keyslot[bot]", "GitHub")
        );
    });
    assert_eq!(pushes(desk, &fix()), 1);
}

#[tokio::test]
async fn a_commit_of_an_app_is_verified_and_has_the_tree_that_was_built_here_byte_for_byte() {
    let desk = desk();
    with_a_program(&desk);
    let code = code(&desk);
    let (base, commit) = built(&code).await;
    let Effect::Applied(made) = code.publish(&commit, &fix(), &Expect::Absent).await else { panic!() };
    assert_ne!(made, commit, "author and time are GitHub's");
    one_commit_like(&desk, &commit, &base, "Read the other key\n");
    assert_eq!(code.fetch().await.unwrap()[&fix()], made);
    let changed = code.changed(&base, &made).await.unwrap();
    assert_eq!(changed, ["infra/new.tf", "latin1.txt", "tool.sh"]);
    let mode = desk.place.git(&desk.place.origin(), &["ls-tree", made.as_str(), "tool.sh"]);
    assert!(mode.starts_with("100755 "), "{mode}");
    // Again, from the same commit: it is there, and nothing is made.
    let before = desk.exchanges(github::HOST).len();
    assert_eq!(code.publish(&commit, &fix(), &Expect::Absent).await, Effect::Applied(made.clone()));
    let asked: Vec<String> =
        desk.exchanges(github::HOST)[before..].iter().map(|one| one.method.clone()).collect();
    assert_eq!(asked, ["GET", "GET"]);

    // Forward from there, as a promotion by push does it.
    let text = CommitText { message: "More\n".to_owned(), at: "2026-11-22T11:00:00Z".parse().unwrap() };
    let more = [FileEdit { path: "more.tf".to_owned(), bytes: b"x".to_vec() }];
    let next = code.commit(&made, &more, &text).await.unwrap();
    let stale = code.publish(&next, &fix(), &Expect::At(base.clone())).await;
    assert!(
        matches!(&stale, Effect::Refused(fault) if fault.why.contains("not where it was expected")),
        "{stale:?}"
    );
    let Effect::Applied(moved) = code.publish(&next, &fix(), &Expect::At(made.clone())).await else {
        panic!()
    };
    assert_eq!(code.fetch().await.unwrap()[&fix()], moved);
    assert_eq!(pushes(&desk, &fix()), 2);

    let exchanges: Vec<_> =
        desk.exchanges(github::HOST).into_iter().filter(|one| one.path.contains("/git/")).collect();
    let shapes = Shapes::load();
    let wrong: Vec<String> = exchanges.iter().flat_map(|exchange| shapes.wrong(exchange)).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    let used: std::collections::BTreeSet<_> =
        exchanges.iter().filter_map(|one| Some(shapes.operation(one)?.to_string())).collect();
    assert_eq!(used.len(), 7, "each of the operations was seen: {used:#?}");
    if let Some(contract) = Contract::load("github-rest-23.0.2.json") {
        let verdict = contract.hold(&exchanges);
        assert!(verdict.wrong.is_empty() && verdict.held >= exchanges.len(), "{verdict:#?}");
    }
}

/// What somebody has set back would take the new commit as a step forward, and what they took away would be back.
#[tokio::test]
async fn a_branch_that_is_set_back_while_commits_are_built_is_not_moved() {
    let desk = desk();
    let code = code(&desk);
    let (base, commit) = built(&code).await;
    let Effect::Applied(made) = code.publish(&commit, &fix(), &Expect::Absent).await else { panic!() };
    code.fetch().await.unwrap();
    let text = CommitText { message: "More\n".to_owned(), at: "2026-11-22T11:00:00Z".parse().unwrap() };
    let more = [FileEdit { path: "more.tf".to_owned(), bytes: b"x".to_vec() }];
    let next = code.commit(&made, &more, &text).await.unwrap();
    let which = Which { method: "POST".to_owned(), path: "/git/commits".to_owned(), ..Which::default() };
    let held = desk.wire.faults().add(WireFault::once(which, Trouble::HoldAnswer));
    let set_back = async {
        held.struck().await;
        desk.with(|world| {
            let expected = keyslot::sim::Expected::Forced;
            let (branch, commit, by) = (fix(), base.clone(), "ada".to_owned());
            world.apply(keyslot::sim::Command::Push { branch, expected, commit, objects: Vec::new(), by })
        })
        .unwrap();
        held.release();
    };
    let (expected, branch) = (Expect::At(made.clone()), fix());
    let (end, ()) = futures::join!(code.publish(&next, &branch, &expected), set_back);
    assert!(matches!(&end, Effect::Refused(_)), "{end:?}");
    assert_eq!(desk.with(|world| world.repository().head(&fix()).cloned()), Some(base));
}

#[tokio::test]
async fn several_commits_that_a_promotion_builds_are_made_one_on_the_other() {
    let desk = desk();
    let code = code(&desk);
    let (base, first) = built(&code).await;
    let text = CommitText { message: "Second\n".to_owned(), at: "2026-11-22T11:00:00Z".parse().unwrap() };
    let more = [FileEdit { path: "infra/new.tf".to_owned(), bytes: b"slot = 1\n".to_vec() }];
    let second = code.commit(&first, &more, &text).await.unwrap();
    let Effect::Applied(made) = code.publish(&second, &fix(), &Expect::Absent).await else { panic!() };
    desk.with(|world| {
        let last = world.repository().get(&made).unwrap();
        let before = world.repository().get(&last.parents()[0]).unwrap();
        assert_eq!((last.message(), before.message()), ("Second\n", "Read the other key\n"));
        assert_eq!(before.parents(), [base]);
    });
    assert_eq!(code.publish(&second, &fix(), &Expect::Absent).await, Effect::Applied(made));
    let picked = code.cherry_pick(&second, &first, "2026-11-22T12:00:00Z".parse().unwrap()).await.unwrap();
    assert!(matches!(picked, Picked::Commit(_)), "everything else is git's: {picked:?}");
}

#[tokio::test]
async fn a_personal_token_makes_no_verified_commit_so_none_is_made() {
    let desk = desk();
    let code = CommittedByGitHub::new(desk.code(), desk.github());
    let (_, commit) = built(&code).await;
    let Effect::Refused(fault) = code.publish(&commit, &fix(), &Expect::Absent).await else { panic!() };
    assert!(fault.why.contains("would not show as verified (unsigned)"), "{fault}");
    assert!(fault.remedy.contains("name one with `app`"), "{fault}");
    assert_eq!(desk.place.head("fix/flip"), None);
}

#[tokio::test]
async fn a_branch_with_other_content_is_left_as_it_is() {
    let desk = desk();
    let theirs = desk.propose("fix/flip").await;
    let code = code(&desk);
    let (_, commit) = built(&code).await;
    let Effect::Refused(fault) = code.publish(&commit, &fix(), &Expect::Absent).await else { panic!() };
    assert!(fault.why.contains("what is there is not this"), "{fault}");
    assert_eq!((desk.place.head("fix/flip"), pushes(&desk, &fix())), (Some(theirs), 1));
    let written = |path: &str| desk.wire.transcript().count("POST", path);
    assert_eq!((written("/git/trees"), written("/git/refs")), (0, 0), "nothing was built for it");
}

#[tokio::test]
async fn an_answer_that_is_lost_at_any_request_leaves_one_branch_with_one_commit_after_the_next_try() {
    for path in ["git/blobs", "git/trees", "git/commits", "git/refs"] {
        for what in [Trouble::DropRequest, Trouble::DropAnswer] {
            let desk = desk();
            let code = code(&desk);
            let (base, commit) = built(&code).await;
            let which = Which { method: "POST".to_owned(), path: path.to_owned(), ..Which::default() };
            let fault = desk.wire.faults().add(WireFault::once(which, what.clone()));
            let first = code.publish(&commit, &fix(), &Expect::Absent).await;
            assert_eq!(fault.count(), 1, "{path} {what:?}");
            // Before the reference nothing has happened; at it, nobody knows.
            match path {
                "git/refs" => assert!(matches!(first, Effect::Unknown(_)), "{path} {what:?}: {first:?}"),
                _ => assert!(matches!(first, Effect::NotSent(_)), "{path} {what:?}: {first:?}"),
            }
            let again = code.publish(&commit, &fix(), &Expect::Absent).await;
            assert!(matches!(again, Effect::Applied(_)), "{path} {what:?}: {again:?}");
            one_commit_like(&desk, &commit, &base, "Read the other key\n");
        }
    }
}

type Heard = Arc<Mutex<Vec<String>>>;

/// A GitHub that builds other trees than it is asked for.
async fn another_tree(State(heard): State<Heard>, method: Method, uri: Uri) -> Response {
    heard.lock().unwrap().push(format!("{method} {}", uri.path()));
    match uri.path().ends_with("/git/trees") {
        true => (StatusCode::CREATED, axum::Json(json!({ "sha": "f".repeat(40) }))).into_response(),
        false => (StatusCode::NOT_FOUND, axum::Json(Value::Null)).into_response(),
    }
}

#[tokio::test]
async fn a_tree_that_is_not_the_one_that_was_built_here_goes_no_further() {
    let desk = desk();
    let heard = Heard::default();
    let router = Router::new().fallback(another_tree).with_state(Arc::clone(&heard));
    let builder = WireBuilder::new(desk.place.shared.clock().clone(), WireOptions::default()).unwrap();
    let wire = builder.face(github::host(), router).start().unwrap();
    let settings = keyslot::adapters::github::GitHubSettings {
        api: "https://api.github.com".parse().unwrap(),
        owner: "afmc".to_owned(),
        repository: "platform".to_owned(),
        token: Arc::new(keyslot::adapters::token::FixedToken::new("x".to_owned())),
        validation: Vec::new(),
        board: false,
    };
    let http = wire_core::client(&wire);
    let github = keyslot::adapters::github::GitHub::new(settings, &http, desk.clock());
    let code = CommittedByGitHub::new(desk.code(), github);
    let base = code.fetch().await.unwrap()[&BranchName::from("main")].clone();
    let text = CommitText { message: "X\n".to_owned(), at: "2026-11-22T10:00:00Z".parse().unwrap() };
    let commit = code.commit(&base, &edits()[..1], &text).await.unwrap();
    let Effect::Refused(fault) = code.publish(&commit, &fix(), &Expect::Absent).await else { panic!() };
    assert!(
        fault.why.contains("GitHub built tree ffff") && fault.why.contains("no branch was touched"),
        "{fault}"
    );
    let heard = heard.lock().unwrap().clone();
    assert_eq!(
        heard,
        ["GET /repos/afmc/platform/git/ref/heads%2Ffix%2Fflip", "POST /repos/afmc/platform/git/trees"]
    );
}

/// The world's settings with an App in place of the token, and GitHub in place of git's pushes.
pub fn committing_by_app(live: &Live) {
    std::fs::write(live.stage.folder.join("tokens/app.pem"), App::KEY).unwrap();
    let path = live.stage.settings_path();
    let mut settings: toml::Table = toml::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    let environment = settings["environment"]["prod"].as_table_mut().unwrap();
    let terraform = environment["terraform"].as_table_mut().unwrap();
    assert_eq!(terraform.remove("sign").unwrap().as_str(), Some("never"));
    terraform.insert("commit".to_owned(), "api".into());
    let forge = environment["release"]["forge"].as_table_mut().unwrap();
    forge.remove("token").unwrap();
    forge.insert("app".to_owned(), toml::from_str::<toml::Table>(crate::tokens::APP).unwrap().into());
    std::fs::write(&path, settings.to_string()).unwrap();
}

pub fn is_signed(world: &World, commit: &CommitId) -> bool {
    let commit = world.repository().get(commit).unwrap();
    String::from_utf8_lossy(commit.encoded()).contains("\ngpgsig ")
}

async fn run(live: &Live, arguments: &[&str]) {
    let mut process = live.keyslot(arguments);
    let code = process.end().await;
    assert_eq!(code, 0, "{arguments:?}: {}\n{}", process.data(), process.talk());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proposal_and_a_promotion_whose_commits_github_makes() {
    let live = Live::set(WorldConfig::seeded(5).with_stamps(1), 200.0);
    committing_by_app(&live);
    let lost = |method: &str, path: &str| {
        let which = Which { method: method.to_owned(), path: path.to_owned(), ..Which::default() };
        live.stage.simulation.wire.faults().add(WireFault::once(which, Trouble::DropAnswer))
    };
    let faults = [lost("POST", "/git/refs"), lost("PATCH", "/git/refs/")];
    run(&live, &["propose", "--retire", "primary"]).await;
    let said = live.stage.simulation.wire.transcript();
    assert_eq!(
        said.count("GET", "/git/") + said.count("POST", "/git/"),
        4,
        "a look, a tree, a commit, a reference"
    );
    run(&live, &["propose", "--wait"]).await;
    run(&live, &["promote"]).await;
    run(&live, &["promote"]).await;
    assert_eq!(faults.map(|fault| fault.count()), [1, 1]);
    live.stage.simulation.world.with(|world: &mut World| {
        let counters = world.counters();
        let pushed: Vec<_> = counters.pushes.iter().filter(|(branch, _)| branch.as_str() != "main").collect();
        let [(fix, 1), (release, 1)] = pushed[..] else { panic!("{pushed:?}") };
        assert!(
            fix.as_str().starts_with("fix/") && *release == world.config().repository.release,
            "{pushed:?}"
        );
        assert_eq!(counters.pulls_opened, 1);
        let heads = [fix, release].map(|branch| world.repository().head(branch).unwrap().clone());
        assert!(heads.iter().all(|head| is_signed(world, head)));
        let picked = world.repository().get(&heads[1]).unwrap();
        assert!(picked.message().contains("(cherry picked from commit "), "{}", picked.message());
    });
    let asked = live.stage.simulation.wire.transcript().entries();
    let writes = asked
        .iter()
        .filter(|one| one.host == github::HOST && one.method != "GET" && one.path.contains("/git/"));
    assert_eq!(writes.count(), 6, "a tree, a commit and a reference for each");
}
