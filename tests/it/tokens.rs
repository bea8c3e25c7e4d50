//! Tokens: from the places where people have them, from a GitHub App, and what is said where they are no good.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::SignedDuration;
use keyslot::adapters::github::GitHub;
use keyslot::adapters::token::TokenSource;
use keyslot::adapters::token::github_app::{AppKey, AppSettings, GitHubApp};
use keyslot::model::Blindness;
use keyslot::ports::{Code, Forge};
use keyslot::sim::wire::github::{self, App};
use keyslot::sim::wire::{Trouble as WireTrouble, Which, WireFault};
use keyslot::sim::{self, Fault, Operation, Target, Trouble, When, WorldConfig};
use secrecy::ExposeSecret as _;

use crate::contract::Contract;
use crate::desk::{Desk, GITHUB_TOKEN};
use crate::live::Live;

fn settings() -> AppSettings {
    let permissions =
        [("contents", "write"), ("pull_requests", "write"), ("checks", "read"), ("statuses", "write")];
    AppSettings {
        api: "https://api.github.com".parse().unwrap(),
        app: App::of_the_world().id.to_string(),
        installation: None,
        owner: "afmc".to_owned(),
        repository: "platform".to_owned(),
        permissions: permissions.map(|(name, level)| (name.to_owned(), level.to_owned())).into(),
    }
}

fn app(desk: &Desk, change: impl FnOnce(&mut AppSettings)) -> Arc<GitHubApp> {
    let mut settings = settings();
    change(&mut settings);
    let key = AppKey::from_pem(App::KEY.as_bytes()).unwrap();
    Arc::new(GitHubApp::new(settings, key, desk.http.clone(), desk.clock()))
}

fn asked_for_tokens(desk: &Desk) -> usize {
    let exchanges = desk.exchanges(github::HOST);
    exchanges.iter().filter(|exchange| exchange.path.ends_with("/access_tokens")).count()
}

fn forge(desk: &Desk, app: &Arc<GitHubApp>) -> GitHub {
    desk.github_with("", |settings| settings.token = Arc::clone(app) as Arc<dyn TokenSource>)
}

#[tokio::test]
async fn an_app_finds_its_installation_and_asks_for_one_token_for_this_repository_and_no_more_rights() {
    let desk = Desk::new(WorldConfig::default(), 1.0);
    let app = app(&desk, |_| {});
    let forge = forge(&desk, &app);
    for _ in 0..3 {
        assert_eq!(forge.pull_between(&crate::github::to_main("fix/none")).await, Ok(None));
    }
    assert!(app.token().await.unwrap().expose_secret().len() > 255, "no length is assumed");
    assert_eq!(asked_for_tokens(&desk), 1);
    let exchanges: Vec<_> = desk
        .exchanges(github::HOST)
        .into_iter()
        .filter(|exchange| exchange.path.ends_with("/access_tokens"))
        .collect();
    let asked = exchanges[0].asked.as_ref().unwrap();
    assert_eq!(asked["repositories"], serde_json::json!(["platform"]));
    assert_eq!(asked["permissions"].as_object().unwrap().len(), 4);
    if let Some(contract) = Contract::load("github-rest-23.0.2.json") {
        let verdict = contract.hold(&exchanges);
        assert_eq!((verdict.wrong, verdict.held), (Vec::<String>::new(), 2));
    }
}

#[tokio::test]
async fn an_apps_token_is_renewed_before_it_ends() {
    let short = App { life: SignedDuration::from_secs(302), ..App::of_the_world() };
    let desk = Desk::with_access(WorldConfig::default(), 20.0, |access| access.app(short));
    let app = app(&desk, |settings| settings.installation = Some(42));
    let clock = desk.clock();
    let begun = clock.now();
    let first = app.token().await.unwrap();
    clock.sleep_until(clock.now() + Duration::from_secs(3)).await;
    let second = app.token().await.unwrap();
    assert!(clock.now() < begun + Duration::from_secs(302), "the first one is still good");
    assert_ne!(first.expose_secret(), second.expose_secret());
    assert_eq!(asked_for_tokens(&desk), 2);
}

#[tokio::test]
async fn an_app_that_gets_no_token_says_what_is_wrong_and_nothing_of_its_key() {
    let desk = Desk::new(WorldConfig::default(), 1.0);
    type Change = fn(&mut AppSettings);
    let cases: [(Change, &str, &str); 5] = [
        (|settings| settings.app = "7".to_owned(), "401: Integration not found", "the id is another App's"),
        (|settings| settings.installation = Some(7), "404: Not Found", "correct `installation`"),
        (|settings| settings.repository = "elsewhere".to_owned(), "404: Not Found", "install the App"),
        (
            |settings| {
                settings.installation = Some(42);
                settings.repository = "elsewhere".to_owned();
            },
            "422: There is at least one repository",
            "must have the repository",
        ),
        (
            |settings| settings.permissions = BTreeMap::from([("actions".to_owned(), "write".to_owned())]),
            "422: The permissions requested are not granted",
            "grant actions (write)",
        ),
    ];
    for (change, why, remedy) in cases {
        let fault = app(&desk, change).token().await.unwrap_err();
        assert!(fault.why.contains(why), "{fault}");
        assert!(fault.remedy.contains(remedy), "{fault}");
    }
    for (pem, why) in [
        ("CANARY", "no PEM"),
        ("-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n", "RSA"),
    ] {
        let said = AppKey::from_pem(pem.as_bytes()).err().unwrap();
        assert!(said.contains(why) && !said.contains("CANARY"), "{said}");
    }
}

#[tokio::test]
async fn an_apps_key_that_was_taken_once_and_is_refused_later_is_waited_for() {
    for (installation, kind) in [(None, Blindness::Forbidden), (Some(42), Blindness::Misconfigured)] {
        let desk = Desk::new(WorldConfig::default(), 1.0);
        // Where it is installed, GitHub has told before it refuses.
        let app = app(&desk, |settings| settings.installation = installation);
        let which = Which { path: "/access_tokens".to_owned(), ..Which::default() };
        let no = WireTrouble::Answer { status: 401, retry_after_seconds: None };
        desk.wire.faults().add(WireFault::once(which, no));
        let fault = app.token().await.unwrap_err();
        assert_eq!(fault.kind, kind, "{fault}");
        assert!(fault.remedy.contains("was deleted"), "{fault}");
        app.token().await.unwrap();
    }
}

#[tokio::test]
async fn a_limit_a_page_and_a_new_name_are_told_as_what_they_are() {
    let struck = |trouble: WireTrouble| {
        let desk = Desk::new(WorldConfig::default(), 1.0);
        let which = Which { path: "/access_tokens".to_owned(), ..Which::default() };
        desk.wire.faults().add(WireFault::once(which, trouble));
        desk
    };
    for status in [403, 429] {
        let desk = struck(WireTrouble::Answer { status, retry_after_seconds: Some(120) });
        let app = app(&desk, |_| {});
        let fault = app.token().await.unwrap_err();
        assert!(fault.kind == Blindness::Throttled && fault.remedy.contains("the limit ends at"), "{fault}");
        let asked = || desk.wire.transcript().entries().len();
        let before = asked();
        assert_eq!(app.token().await.unwrap_err().kind, Blindness::Throttled);
        assert_eq!(asked(), before, "nothing is asked while it lasts");
    }
    for page in [WireTrouble::SignInPage, WireTrouble::Answer { status: 203, retry_after_seconds: None }] {
        let fault = app(&struck(page), |_| {}).token().await.unwrap_err();
        assert!(fault.kind == Blindness::Forbidden && fault.remedy.contains("not signed in"), "{fault}");
    }
    let desk = Desk::with_access(WorldConfig::default(), 1.0, |access| access.formerly("acme", "old-name"));
    let former = app(&desk, |settings| {
        (settings.owner, settings.repository) = ("acme".to_owned(), "old-name".to_owned());
    });
    let fault = former.token().await.unwrap_err();
    assert!(fault.kind == Blindness::Missing && fault.remedy.contains("another name or owner"), "{fault}");
}

#[test]
fn an_apps_key_whose_line_breaks_are_lost_is_one_all_the_same() {
    for pem in [App::KEY.to_owned(), as_pkcs8()] {
        let packed = STANDARD.encode(&pem);
        for lost in [pem.replace('\n', " "), pem.replace('\n', "\\n"), pem.replace('\n', ""), packed] {
            assert!(AppKey::from_pem(lost.as_bytes()).is_ok());
        }
    }
    let cut = App::KEY.replace('\n', " ");
    let said = AppKey::from_pem(&cut.as_bytes()[..400]).err().unwrap();
    assert!(said.contains("no PEM"), "{said}");
}

/// The world's key in the other shape that people keep it in: PKCS #8, around what GitHub hands out (PKCS #1).
fn as_pkcs8() -> String {
    let packed: String = App::KEY.lines().filter(|line| !line.starts_with("-----")).collect();
    let inner = STANDARD.decode(packed).unwrap();
    let part = |tag: u8, body: &[u8]| {
        let length = u16::try_from(body.len()).unwrap().to_be_bytes();
        [&[tag, 0x82][..], &length, body].concat()
    };
    const RSA: &[u8] = &[0x30, 13, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1, 5, 0];
    let whole = part(0x30, &[&[2, 1, 0], RSA, &part(4, &inner)].concat());
    let lines: Vec<String> = STANDARD
        .encode(whole)
        .as_bytes()
        .chunks(64)
        .map(|line| String::from_utf8_lossy(line).into_owned())
        .collect();
    format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines.join("\n"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_waits_for_hours_renews_its_apps_token_with_a_key_of_either_shape() {
    // So slow that a stalled machine lets neither a token nor what asks for one grow too old.
    let renews = [App::KEY.to_owned(), as_pkcs8()].map(|pem| async move {
        let mut config = WorldConfig::seeded(5).with_stamps(1);
        config.people.review = sim::Span::exactly(Duration::from_secs(3 * 3_600));
        let live = Live::set(config, 300.0);
        std::fs::write(live.stage.folder.join("tokens/app.pem"), &pem).unwrap();
        without_tokens(&live, Some(APP));
        let (code, out, talk) = crate::follow::run(&live, &["propose", "--wait"]).await;
        let said = out + &talk;
        assert_eq!(code, 0, "{said}");
        assert!(!said.contains("ghs_"), "{said}");
        let log = live.stage.simulation.wire.transcript();
        let given = log.count("POST", "/access_tokens");
        assert!((3..=12).contains(&given), "about one in fifty-five minutes of the wait: {given}");
        let refused = log
            .entries()
            .iter()
            .filter(|entry| entry.host == github::HOST && entry.status == Some(401))
            .count();
        assert_eq!(refused, 0, "renewed before it ends");
    });
    futures::future::join_all(renews).await;
}

/// The world's settings without the tokens that they name.
pub fn without_tokens(live: &Live, app: Option<&str>) {
    let path = live.stage.settings_path();
    let mut settings: toml::Table = toml::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    let (_, environment) = settings["environment"].as_table_mut().unwrap().iter_mut().next().unwrap();
    let release = &mut environment["release"];
    release["pipeline"].as_table_mut().unwrap().remove("token").unwrap();
    let forge = release["forge"].as_table_mut().unwrap();
    forge.remove("token").unwrap();
    if let Some(app) = app {
        forge.insert("app".to_owned(), toml::from_str::<toml::Table>(app).unwrap().into());
    }
    std::fs::write(&path, settings.to_string()).unwrap();
}

/// The App of the world, as settings name it.
pub const APP: &str = "id = 20210707\nkey = { file = \"tokens/app.pem\" }\n";

/// keyslot's exit code and its words.
fn run(live: &Live, arguments: &[&str], more: &[(&str, &str)]) -> (i32, String) {
    let ran = crate::alone::ran(live, arguments, more);
    (ran.code, ran.data + &ran.talk)
}

/// A `gh` that is signed in to github.com with this token; the path that finds it first.
pub fn signed_in(live: &Live, token: &str) -> String {
    let folder = live.folder().join("bin");
    std::fs::create_dir_all(&folder).unwrap();
    let program = folder.join("gh");
    let script = format!("#!/bin/sh\n[ \"$*\" = 'auth token --hostname github.com' ] && echo '{token}'\n");
    crate::tool::program(&program, &script);
    format!("{}:{}", folder.display(), std::env::var("PATH").unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nothing_is_named_the_environment_gh_and_the_azure_identity_have_tokens() {
    let live = Live::set(WorldConfig::seeded(5), 60.0);
    without_tokens(&live, None);
    let (code, said) = run(&live, &["propose"], &[]);
    assert_eq!(code, 4, "{said}");
    for place in [
        "the environment variable GITHUB_TOKEN: not set",
        "the environment variable GH_TOKEN: not set",
        "`gh auth token --hostname github.com`: ",
        "git's credential helpers for https://github.com: none has an answer",
        "gh auth login",
    ] {
        assert!(said.contains(place), "{place}: {said}");
    }
    let token = live.stage.simulation.tickets.github.expose_secret().to_owned();
    let (code, said) = run(&live, &["propose"], &[("PATH", &signed_in(&live, &token))]);
    assert!([0, 3].contains(&code), "{code} {said}");
    assert!(!said.contains(&token), "what `gh` told is not told on");
    let (code, said) = run(&live, &["propose"], &[("GH_TOKEN", &token)]);
    assert!([0, 3].contains(&code), "{code} {said}");
    // The pipeline is asked with a token of the Azure identity.
    let (_, planned) = run(&live, &["plan"], &[("GH_TOKEN", &token)]);
    let log = live.stage.simulation.wire.transcript();
    let asked = |status| {
        let of = |entry: &sim::wire::Entry| entry.host == "dev.azure.com" && entry.status == Some(status);
        log.entries().iter().filter(|entry| of(entry)).count()
    };
    assert!(asked(200) > 0 && asked(203) + asked(401) == 0, "{planned}");
    assert_eq!(log.count("POST", "/pulls"), 1, "one pull request, whoever brought the token: {said}");
    assert!(!said.contains(&token) && !planned.contains(&token));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_of_the_settings_is_used_whatever_the_environment_has() {
    let live = Live::set(WorldConfig::seeded(5), 60.0);
    std::fs::write(live.stage.folder.join("tokens/app.pem"), App::KEY).unwrap();
    without_tokens(&live, Some(APP));
    let (code, said) = run(&live, &["propose"], &[("GITHUB_TOKEN", "CANARY-other")]);
    assert!([0, 3].contains(&code), "{code} {said}");
    let log = live.stage.simulation.wire.transcript();
    assert_eq!((log.count("POST", "/access_tokens"), log.count("POST", "/pulls")), (1, 1), "{said}");
    assert!(
        live.stage
            .simulation
            .world
            .with(|world| world.pulls().iter().all(|pull| pull.author == "keyslot[bot]"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_expired_or_without_rights_or_of_another_account_says_so() {
    let live = Live::set(WorldConfig::seeded(5), 60.0);
    let token = live.stage.folder.join("tokens/github");
    std::fs::write(&token, "ghp_CANARY-expired").unwrap();
    let (code, said) = run(&live, &["propose"], &[]);
    assert!(code == 4 && said.contains("401") && said.contains("expired, revoked"), "{code} {said}");
    assert!(said.contains("(the token from") && said.contains("tokens/github"), "by its place: {said}");
    assert!(!said.contains("CANARY"), "{said}");
    std::fs::write(&token, " \n").unwrap();
    let (code, said) = run(&live, &["propose"], &[]);
    assert!(code == 2 && said.contains("it is empty"), "{code} {said}");

    let desk = Desk::new(WorldConfig::default(), 1.0);
    desk.code().fetch().await.unwrap();
    let other = desk.github_with(GITHUB_TOKEN, |settings| settings.owner = "stranger".to_owned());
    let fault = other.pull_between(&crate::github::to_main("fix/none")).await.unwrap_err();
    assert_eq!(fault.kind, Blindness::Misconfigured, "nothing of it was ever shown: {fault}");
    assert!(fault.why.contains("(the token from") && !fault.why.contains(GITHUB_TOKEN), "{fault}");
    assert!(fault.remedy.contains("404 where the token has no permission"), "{fault}");

    let forbidden = Fault::new(When::Always, Target::operation(Operation::ReadPull), Trouble::Forbidden);
    let desk = Desk::new(WorldConfig::default().with_fault(forbidden), 1.0);
    let fault = desk.github().pull_between(&crate::github::to_main("fix/none")).await.unwrap_err();
    assert_eq!(fault.kind, Blindness::Forbidden, "{fault}");
    assert!(fault.remedy.contains("accepted here: ") && fault.remedy.contains("pull_requests="), "{fault}");
    assert!(!format!("{fault:?}").contains(GITHUB_TOKEN), "{fault}");
}
