//! The git adapter against GitHub's git host: whose token it is, what is refused, where a redirection leads.
//!
//! Where the installed git has no `http-backend`, every test here says that it is skipped.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::header::{AUTHORIZATION, LOCATION, WWW_AUTHENTICATE};
use http::{HeaderMap, StatusCode, Uri};
use keyslot::adapters::git::{Git, GitSettings};
use keyslot::adapters::token::FixedToken;
use keyslot::model::{Blindness, BranchName, CommitId};
use keyslot::ports::{Code, CommitText, Effect, Expect, Fault, FileEdit};
use keyslot::sim::wire::{HostPattern, Wire, WireBuilder, WireOptions, git, github};
use keyslot::sim::{self, Operation, Target, When, WorldConfig};

use crate::desk::{Desk, GITHUB_TOKEN};

const REMOTE: &str = "https://github.com/afmc/platform.git";

fn desk(change: impl FnOnce(github::GitHubAccess) -> github::GitHubAccess) -> Option<Desk> {
    desk_of(WorldConfig::default(), change)
}

fn desk_of(
    config: WorldConfig,
    change: impl FnOnce(github::GitHubAccess) -> github::GitHubAccess,
) -> Option<Desk> {
    if !git::serves_http() {
        eprintln!("skipped: the installed git has no http-backend");
        return None;
    }
    Some(Desk::with_access(config, 1.0, change))
}

/// The settings that lead to the wire.
fn settings(desk: &Desk, wire: &Wire, token: Option<&str>) -> GitSettings {
    let mut settings = desk.place.git_settings();
    let ca = desk.place.folder.path().join("ca.pem");
    std::fs::write(&ca, wire.ca_pem()).unwrap();
    settings.remote = REMOTE.to_owned();
    settings.trust_root = Some(ca);
    settings.host_at = Some(wire.address());
    settings.token = token.map(|token| Arc::new(FixedToken::new(token.to_owned()).from("the drawer")) as _);
    settings
}

fn code(desk: &Desk, token: &str) -> Git {
    Git::new(settings(desk, &desk.wire, Some(token)))
}

/// Settings of a person's, the way CI systems bring them.
fn configured(settings: &mut GitSettings, pairs: &[(&str, &str)]) {
    for (place, (key, value)) in pairs.iter().enumerate() {
        settings.environment.insert(format!("GIT_CONFIG_KEY_{place}"), (*key).to_owned());
        settings.environment.insert(format!("GIT_CONFIG_VALUE_{place}"), (*value).to_owned());
    }
    settings.environment.insert("GIT_CONFIG_COUNT".to_owned(), pairs.len().to_string());
}

/// A helper that writes down what it is asked, and hands out a token.
fn helper(desk: &Desk, token: &str) -> (PathBuf, String) {
    let log = desk.place.folder.path().join("helper-log");
    let script = format!(
        "!f() {{ echo \"$1\" >>'{}'; test \"$1\" = get && echo username=x && echo password={token}; }}; f",
        log.display()
    );
    (log, script)
}

async fn built(code: &Git) -> (CommitId, CommitId) {
    let base = code.fetch().await.unwrap()[&BranchName::from("main")].clone();
    let edit = FileEdit { path: "note.txt".to_owned(), bytes: b"x".to_vec() };
    let text = CommitText { message: "Note\n".to_owned(), at: "2026-11-22T10:00:00Z".parse().unwrap() };
    let commit = code.commit(&base, &[edit], &text).await.unwrap();
    (base, commit)
}

async fn fault_of(code: &Git) -> Fault {
    code.fetch().await.unwrap_err()
}

#[tokio::test]
async fn the_world_has_what_was_pushed_before_the_answer_and_git_what_the_world_did() {
    let Some(desk) = desk(|access| access) else { return };
    let code = code(&desk, GITHUB_TOKEN);
    let (_, commit) = built(&code).await;
    let branch = BranchName::from("fix/x");
    assert_eq!(code.push(&commit, &branch, &Expect::Absent).await, Effect::Applied(()));
    assert_eq!(desk.with(|world| world.counters().pushes[&branch]), 1);
    assert_eq!(desk.place.head("fix/x"), Some(commit.clone()));
    assert_eq!(code.push(&commit, &branch, &Expect::At(commit.clone())).await, Effect::Applied(()));
    let changed = desk.wire.transcript().changes();
    assert_eq!(changed.len(), 1, "{changed:?}");
    assert!(changed[0].path.ends_with("/afmc/platform.git/git-receive-pack"), "{changed:?}");
    let by_world = desk.propose("fix/y").await;
    assert_eq!(code.fetch().await.unwrap()[&BranchName::from("fix/y")], by_world);
}

#[tokio::test]
async fn a_protected_branch_is_refused_by_the_push_itself_in_githubs_words() {
    let Some(desk) = desk(|access| access) else { return };
    let code = code(&desk, GITHUB_TOKEN);
    let (base, commit) = built(&code).await;
    let Effect::Refused(fault) =
        code.push(&commit, &BranchName::from("main"), &Expect::At(base.clone())).await
    else {
        panic!()
    };
    assert!(fault.why.contains("GH013") && fault.why.contains("through a pull request"), "{fault}");
    assert!(fault.remedy.contains("takes changes by pull requests alone"), "{fault}");
    assert_eq!(desk.place.head("main"), Some(base.clone()));
    assert_eq!(
        desk.place.git(&desk.place.origin(), &["rev-parse", "main"]),
        base.as_str(),
        "not for a moment"
    );
}

#[tokio::test]
async fn what_a_token_may_not_is_said_with_the_place_it_is_from_and_never_with_the_token() {
    let Some(desk) = desk(|access| {
        access
            .and_reader("CANARY-reader".to_owned().into(), "reader")
            .and_stranger("CANARY-stranger".to_owned().into(), "x")
    }) else {
        return;
    };
    for (token, why, kind) in [
        ("CANARY-wrong", "Invalid username or token", Blindness::Misconfigured),
        ("CANARY-stranger", "Repository not found", Blindness::Misconfigured),
    ] {
        let fault = fault_of(&code(&desk, token)).await;
        assert_eq!(fault.kind, kind);
        assert!(fault.why.contains(why) && fault.remedy.contains("the token from the drawer"), "{fault}");
        assert!(!fault.to_string().contains("CANARY"), "{fault}");
    }
    let reader = code(&desk, "CANARY-reader");
    let (_, commit) = built(&reader).await;
    let Effect::Refused(fault) = reader.push(&commit, &BranchName::from("fix/x"), &Expect::Absent).await
    else {
        panic!()
    };
    assert!(fault.why.contains("Permission to afmc/platform.git denied to reader"), "{fault}");
    assert!(fault.remedy.contains("the right to write") && !fault.to_string().contains("CANARY"), "{fault}");
    assert_eq!(desk.place.head("fix/x"), None);
}

#[tokio::test]
async fn a_refused_token_of_ours_does_not_make_the_persons_helper_forget_theirs() {
    let Some(desk) = desk(|access| access) else { return };
    let (log, script) = helper(&desk, GITHUB_TOKEN);
    let with = |token: Option<&str>| {
        let mut settings = settings(&desk, &desk.wire, token);
        let own = format!("credential.https://github.com:{}.helper", desk.wire.address().port());
        configured(&mut settings, &[("credential.helper", &script), (&own, &script)]);
        Git::new(settings)
    };
    fault_of(&with(Some("CANARY-wrong"))).await;
    assert!(!log.exists(), "it was asked, or told: {}", std::fs::read_to_string(&log).unwrap());
    // Without a token of ours, git asks them itself.
    with(None).fetch().await.unwrap();
    assert!(std::fs::read_to_string(&log).unwrap().starts_with("get\n"));
}

#[tokio::test]
async fn a_repository_under_its_former_name_is_found_with_the_token() {
    let Some(desk) = desk(|access| access.formerly("old", "name")) else { return };
    let mut settings = settings(&desk, &desk.wire, Some(GITHUB_TOKEN));
    settings.remote = "https://github.com/old/name.git".to_owned();
    let code = Git::new(settings);
    let (_, commit) = built(&code).await;
    assert_eq!(code.push(&commit, &BranchName::from("fix/x"), &Expect::Absent).await, Effect::Applied(()));
}

type Heard = Arc<Mutex<Vec<Option<String>>>>;

async fn ask_who(State(heard): State<Heard>, headers: HeaderMap) -> Response {
    let sent = headers.get(AUTHORIZATION).map(|value| value.to_str().unwrap().to_owned());
    heard.lock().unwrap().push(sent);
    (StatusCode::UNAUTHORIZED, [(WWW_AUTHENTICATE, "Basic realm=\"x\"")], "who is it").into_response()
}

#[tokio::test]
async fn a_redirection_to_another_host_takes_no_token_along() {
    let Some(desk) = desk(|access| access) else { return };
    let heard = Heard::default();
    let builder = WireBuilder::new(desk.place.shared.clock().clone(), WireOptions::default()).unwrap();
    let port = builder.address().port();
    let away = move |uri: Uri| async move {
        (StatusCode::FOUND, [(LOCATION, format!("https://evil.example:{port}{uri}"))]).into_response()
    };
    let wire = builder
        .face(github::web_host(), Router::new().fallback(away))
        .face(
            HostPattern::name("evil.example"),
            Router::new().fallback(ask_who).with_state(Arc::clone(&heard)),
        )
        .start()
        .unwrap();
    let mut settings = settings(&desk, &wire, Some(GITHUB_TOKEN));
    configured(&mut settings, &[("http.curloptResolve", &format!("evil.example:{port}:127.0.0.1"))]);
    let fault = fault_of(&Git::new(settings)).await;
    let heard = heard.lock().unwrap().clone();
    assert!(!heard.is_empty() && heard.iter().all(Option::is_none), "{heard:?} {fault}");
}

#[tokio::test]
async fn faults_of_the_world_strike_a_push_over_https_too() {
    let lost = sim::Fault::new(When::Nth(1), Target::operation(Operation::Push), sim::Trouble::LoseAnswer);
    let Some(desk) = desk_of(WorldConfig::default().with_fault(lost), |access| access) else { return };
    let code = code(&desk, GITHUB_TOKEN);
    let (_, commit) = built(&code).await;
    // git's library asks again, finds the branch made, and what it stands on settles it.
    assert_eq!(code.push(&commit, &BranchName::from("fix/x"), &Expect::Absent).await, Effect::Applied(()));
    assert_eq!(desk.with(|world| world.counters().pushes[&BranchName::from("fix/x")]), 1);
}

#[tokio::test]
async fn a_ca_that_is_not_the_servers_is_not_believed() {
    let Some(desk) = desk(|access| access) else { return };
    let mut settings = settings(&desk, &desk.wire, Some("CANARY"));
    settings.trust_root = None;
    let fault = fault_of(&Git::new(settings)).await;
    assert!(fault.remedy.contains("`trust_root` under [endpoints]"), "{fault}");
    assert_eq!(desk.wire.transcript().count("GET", "info/refs"), 0);
}
