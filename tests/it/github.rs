//! The GitHub adapter against the world's GitHub, over TLS.

use std::time::Duration;

use keyslot::adapters::github::GitHub;
use keyslot::adapters::http::{self, Hosts, HttpSettings};
use keyslot::model::{Blindness, BranchName, PullCheck, PullEnds, PullNumber, PullState, PullView, PullWait};
use keyslot::ports::{Code, Effect, Fault, Forge, NewPull};
use keyslot::sim::wire::{Trouble, Which, WireFault, github};
use keyslot::sim::{self, Command, Operation, Span, Target, When, WorldConfig};

use crate::contract::Contract;
use crate::desk::{Desk, GITHUB_TOKEN};
use crate::runs::applied;

/// A world whose people do only what they are told.
pub fn quiet() -> WorldConfig {
    let mut config = WorldConfig::default();
    config.people.review = Span::exactly(Duration::from_secs(1_000_000));
    config.people.check.started_after = None;
    config.people.check.takes = Span::ZERO;
    config.people.merge_press = None;
    config
}

pub fn branch() -> BranchName {
    BranchName::from("fix/flip")
}

/// From there to the base branch.
pub fn to_main(head: &str) -> PullEnds {
    PullEnds { head: BranchName::from(head), base: BranchName::from("main") }
}

pub fn ends() -> PullEnds {
    to_main("fix/flip")
}

pub fn new_pull() -> NewPull {
    NewPull {
        head: branch(),
        base: BranchName::from("main"),
        title: "Flip".to_owned(),
        body: "Why.".to_owned(),
        draft: false,
    }
}

pub async fn look(github: &GitHub) -> PullView {
    github.pull_between(&ends()).await.unwrap().expect("a pull request")
}

/// The look at one that was just opened, for which the answer to that serves: nobody has done anything to it yet.
async fn new(github: &GitHub) {
    let seen = look(github).await;
    assert_eq!((seen.state, seen.approvals.len()), (PullState::Open, 0));
}

async fn script(desk: &Desk) {
    let github = desk.github();
    let head = desk.propose("fix/flip").await;
    assert_eq!(github.pull_between(&ends()).await, Ok(None));
    let number = applied(github.open_pull(&new_pull()).await);
    let seen = look(&github).await;
    assert_eq!((seen.number, &seen.head, seen.state), (number, &head, PullState::Open));
    assert_eq!((seen.author.as_str(), seen.base.as_str()), ("keyslot-bot", "main"));
    assert!(seen.url.ends_with("/afmc/platform/pull/1"), "{}", seen.url);
    let name = "e2e-validation".to_owned();
    let not_started = PullWait::CheckNotStarted { name: name.clone() };
    assert_eq!(seen.waits, [PullWait::Reviews { have: 0, want: 1, from: Vec::new() }, not_started.clone()]);
    assert_eq!(seen.checks, [PullCheck { name: name.clone(), required: true, passed: None }]);

    let review = |approve, by: &str| Command::ReviewPull { number, approve, by: by.to_owned() };
    desk.with(|world| world.apply(review(false, "ada"))).unwrap();
    let against = PullWait::ChangesRequested { by: "ada".to_owned() };
    assert_eq!(
        look(&github).await.waits,
        [against, PullWait::Reviews { have: 0, want: 1, from: Vec::new() }, not_started.clone()]
    );
    desk.with(|world| world.apply(review(true, "ada"))).unwrap();
    let seen = look(&github).await;
    assert_eq!((&seen.waits, seen.approved()), (&vec![not_started], 1));
    assert_eq!((seen.approvals[0].by.as_str(), &seen.approvals[0].head), ("ada", &head));

    desk.with(|world| world.apply(Command::StartCheck { number })).unwrap();
    let seen = look(&github).await;
    assert_eq!(seen.checks, [PullCheck { name, required: true, passed: Some(true) }]);
    assert_eq!(seen.waits, [PullWait::Mergeable]);

    // Once the base moves, GitHub has to work it out anew, and says so once.
    desk.propose("other").await;
    move_main(desk, "other");
    assert_eq!(look(&github).await.waits, [PullWait::NotComputed]);
    assert_eq!(look(&github).await.waits, [PullWait::Mergeable]);

    desk.with(|world| world.apply(Command::MergePull { number, method: None, by: "grace".to_owned() }))
        .unwrap();
    let seen = look(&github).await;
    let tip = desk.code().fetch().await.unwrap()[&BranchName::from("main")].clone();
    assert_eq!(seen.state, PullState::Merged { commit: tip });
    assert_eq!((seen.waits.len(), seen.checks[0].passed), (0, Some(true)));
}

/// Puts `main` on another branch's head, as its owner would.
pub fn move_main(desk: &Desk, to: &str) {
    desk.with(|world| {
        let commit = world.repository().head(&BranchName::from(to)).cloned().unwrap();
        world.apply(Command::Push {
            branch: BranchName::from("main"),
            expected: sim::Expected::FastForward,
            commit,
            objects: Vec::new(),
            by: "ada".to_owned(),
        })
    })
    .unwrap();
}

#[tokio::test]
async fn a_pull_request_is_followed_from_open_to_merged_with_every_wait_named() {
    script(&Desk::new(quiet(), 1.0)).await;
}

#[tokio::test]
async fn what_is_said_on_the_way_is_as_github_describes_it() {
    let Some(contract) = Contract::load("github-rest-23.0.2.json") else { return };
    let desk = Desk::new(quiet(), 1.0);
    script(&desk).await;
    // And what only goes wrong says.
    let github = desk.github();
    desk.propose("fix/again").await;
    let again = NewPull { head: BranchName::from("fix/again"), ..new_pull() };
    applied(github.open_pull(&again).await);
    applied(github.open_pull(&again).await);
    let nowhere = NewPull { base: BranchName::from("nowhere"), ..again };
    assert!(matches!(github.open_pull(&nowhere).await, Effect::Refused(_)));
    desk.github_with(GITHUB_TOKEN, |settings| settings.owner = "stranger".to_owned())
        .pull_between(&ends())
        .await
        .unwrap_err();
    for path in ["", "/branches", "/branches/release%2F2026.1.0", "/pulls/1/merge", "/rules/branches/main"] {
        raw(&desk, "GET", &format!("/repos/afmc/platform{path}"), &[]).await;
    }
    raw(&desk, "PUT", "/repos/afmc/platform/pulls/1/merge", &[]).await;
    for path in ["/user", "/rate_limit"] {
        raw(&desk, "GET", path, &[]).await;
    }
    let exchanges = desk.exchanges(github::HOST);
    let verdict = contract.hold(&exchanges);
    assert!(verdict.wrong.is_empty(), "{:#?}", verdict.wrong);
    assert!(verdict.held > 30, "{} of {} exchanges held", verdict.held, exchanges.len());
    // The judge can say no: one member of one answer taken out is seen.
    let mut doctored = exchanges.into_iter().find(|exchange| exchange.path.ends_with("/reviews")).unwrap();
    doctored.answered = Some(serde_json::json!([{ "id": 1 }]));
    assert!(!contract.hold(&[doctored]).wrong.is_empty());
}

/// A request without the adapter; the answer's status, headers and body.
pub async fn raw(desk: &Desk, method: &str, path: &str, headers: &[(&'static str, &str)]) -> http::Answer {
    let url = format!("https://api.github.com{path}").parse().unwrap();
    let mut request = reqwest::Request::new(method.parse().unwrap(), url);
    request.headers_mut().insert("authorization", format!("Bearer {GITHUB_TOKEN}").parse().unwrap());
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().unwrap());
    }
    desk.http.send(request, None).await.unwrap()
}

#[tokio::test]
async fn a_look_costs_eight_reads_and_no_write() {
    let desk = Desk::new(quiet(), 1.0);
    let github = desk.github();
    desk.propose("fix/flip").await;
    applied(github.open_pull(&new_pull()).await);
    let before = desk.exchanges(github::HOST).len();
    look(&github).await;
    let said = desk.exchanges(github::HOST).split_off(before);
    assert!(said.len() <= 8 && said.iter().all(|exchange| exchange.method == "GET"), "{}", said.len());
}

#[tokio::test]
async fn opening_twice_gives_one() {
    let desk = Desk::new(quiet(), 1.0);
    let github = desk.github();
    desk.propose("fix/flip").await;
    let first = applied(github.open_pull(&new_pull()).await);
    assert_eq!(applied(github.open_pull(&new_pull()).await), first);
    assert_eq!(desk.with(|world| world.counters().pulls_opened), 1);
    new(&github).await;
    // After it is closed another one may be opened: two, and the newest is the one that is seen.
    desk.with(|world| world.apply(Command::ClosePull { number: first, by: "ada".to_owned() })).unwrap();
    assert_eq!(look(&github).await.state, PullState::Closed);
    let second = applied(github.open_pull(&new_pull()).await);
    assert_ne!(second, first);
    assert_eq!(look(&github).await.number, second);
}

#[tokio::test]
async fn one_that_the_list_does_not_show_yet_is_looked_for_again_and_refused_for_now_only() {
    let lag = sim::Trouble::ListLag { by: Duration::from_secs(400) };
    let desk = Desk::new(quiet().with_fault(sim::Fault::new(When::Always, Target::any(), lag)), 1.0);
    desk.propose("fix/flip").await;
    applied(desk.github().open_pull(&new_pull()).await);
    let end = desk.github().open_pull(&new_pull()).await;
    let Effect::Refused(fault) = end else { panic!("{end:?}") };
    assert_eq!(fault.kind, Blindness::Changed, "come again: {fault}");
}

#[tokio::test]
async fn after_a_lost_answer_nobody_knows_and_a_look_tells() {
    let desk = Desk::new(quiet(), 1.0);
    let github = desk.github();
    desk.propose("fix/flip").await;
    let which = Which { method: "POST".to_owned(), path: "/pulls".to_owned(), ..Which::default() };
    desk.wire.faults().add(WireFault::once(which.clone(), Trouble::DropRequest));
    let end = github.open_pull(&new_pull()).await;
    assert!(matches!(end, Effect::Unknown(_)), "{end:?}");
    assert_eq!(github.pull_between(&ends()).await, Ok(None), "it never arrived");
    desk.wire.faults().add(WireFault::once(which.clone(), Trouble::DropAnswer));
    let end = github.open_pull(&new_pull()).await;
    assert!(matches!(end, Effect::Unknown(_)), "{end:?}");
    assert_eq!(look(&github).await.number, PullNumber(1), "it did");
    let gateway = Trouble::Answer { status: 502, retry_after_seconds: None };
    desk.wire.faults().add(WireFault::once(which, gateway));
    let end = github.open_pull(&new_pull()).await;
    assert!(matches!(end, Effect::Unknown(_)), "a gateway in between knows nothing: {end:?}");
    assert_eq!(desk.wire.transcript().count("POST", "/pulls"), 3, "nothing was sent twice");
    assert_eq!(desk.with(|world| world.counters().pulls_opened), 1);
}

#[tokio::test]
async fn the_worlds_own_faults_are_seen_through() {
    let at = |n, what| sim::Fault::new(When::Nth(n), Target::operation(Operation::OpenPull), what);
    let config = quiet()
        .with_fault(at(1, sim::Trouble::Throttle { retry_after: Duration::from_secs(40) }))
        .with_fault(at(2, sim::Trouble::Forbidden))
        .with_fault(at(3, sim::Trouble::LoseAnswer));
    let desk = Desk::new(config, 100.0);
    let github = desk.github();
    desk.propose("fix/flip").await;
    let refused = |effect: Effect<PullNumber>| match effect {
        Effect::Refused(fault) => fault,
        other => panic!("{other:?}"),
    };
    let fault = refused(github.open_pull(&new_pull()).await);
    assert_eq!(fault.kind, Blindness::Throttled, "{fault}");
    let clock = desk.clock();
    clock.sleep_until(clock.now() + Duration::from_secs(41)).await;
    let fault = refused(github.open_pull(&new_pull()).await);
    assert!(fault.kind == Blindness::Forbidden && fault.remedy.contains("pull_requests=write"), "{fault}");
    assert_eq!(desk.with(|world| world.counters().pulls_opened), 0);
    let end = github.open_pull(&new_pull()).await;
    assert!(matches!(end, Effect::Unknown(_)), "{end:?}");
    assert_eq!(look(&github).await.number, PullNumber(1));
}

#[tokio::test]
async fn a_read_that_breaks_off_is_asked_again() {
    let desk = Desk::new(quiet(), 100.0);
    let github = desk.github();
    desk.propose("fix/flip").await;
    applied(github.open_pull(&new_pull()).await);
    new(&github).await;
    let which = Which { method: "GET".to_owned(), path: "/reviews".to_owned(), ..Which::default() };
    let busy = Trouble::Answer { status: 503, retry_after_seconds: None };
    let fault = desk.wire.faults().add(WireFault { which, what: busy, times: 2 });
    look(&github).await;
    assert_eq!(fault.count(), 2);
}

fn without_token(fault: &Fault) {
    assert!(!format!("{fault:?}").contains("CANARY"), "{fault}");
}

#[tokio::test]
async fn a_wrong_token_a_foreign_repository_and_a_closed_port_are_explained() {
    let desk = Desk::new(quiet(), 1.0);
    let fault = desk.github_with("CANARY-wrong", |_| {}).pull_between(&ends()).await.unwrap_err();
    assert!(fault.kind == Blindness::Misconfigured && fault.remedy.contains("token"), "{fault}");
    without_token(&fault);
    let elsewhere = desk.github_with(GITHUB_TOKEN, |settings| settings.repository = "other".to_owned());
    let fault = elsewhere.pull_between(&ends()).await.unwrap_err();
    assert!(fault.kind == Blindness::Misconfigured && fault.remedy.contains("permission"), "{fault}");
    let plain =
        desk.github_with(GITHUB_TOKEN, |settings| settings.api = "http://api.github.com".parse().unwrap());
    let end = plain.open_pull(&new_pull()).await;
    assert!(matches!(&end, Effect::NotSent(fault) if fault.why.contains("encryption")), "{end:?}");

    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let hosts = Hosts::default().name("api.github.com", closed);
    let mut cut_off = Desk::new(quiet(), 1.0);
    cut_off.http = http::client(&HttpSettings::rehearsal(cut_off.wire.ca_pem(), hosts)).unwrap();
    let end = cut_off.github().open_pull(&new_pull()).await;
    assert!(matches!(&end, Effect::NotSent(_)), "{end:?}");
}

#[tokio::test]
async fn the_primary_limit_says_until_when_and_unchanged_answers_do_not_count() {
    let desk = Desk::with_limit(quiet(), 1.0, 3);
    let path = "/repos/afmc/platform/pulls?state=all";
    let first = raw(&desk, "GET", path, &[]).await;
    let tag = first.header("etag").unwrap().to_owned();
    for _ in 0..5 {
        let same = raw(&desk, "GET", path, &[("if-none-match", &tag)]).await;
        assert_eq!((same.status.as_u16(), same.header("x-ratelimit-used")), (304, Some("1")));
    }
    let github = desk.github();
    assert_eq!(github.pull_between(&ends()).await, Ok(None));
    for _ in 0..5 {
        assert_eq!(github.pull_between(&ends()).await, Ok(None), "unchanged: it costs nothing");
    }
    assert_eq!(github.pull_between(&to_main("fix/other")).await, Ok(None));
    let fault = github.pull_between(&to_main("fix/third")).await.unwrap_err();
    assert_eq!(fault.kind, Blindness::Throttled, "{fault}");
    assert!(fault.remedy.contains("the limit ends at 2026-01-12T"), "{fault}");
}

/// With a pull request that has been looked at.
async fn opened() -> (Desk, GitHub, PullNumber) {
    let desk = Desk::new(quiet(), 1.0);
    let github = desk.github();
    desk.propose("fix/flip").await;
    let number = applied(github.open_pull(&new_pull()).await);
    new(&github).await;
    (desk, github, number)
}

/// Each approves it, or wants changes.
fn review(desk: &Desk, number: PullNumber, people: std::ops::Range<u32>, approve: bool) {
    desk.with(|world| {
        for person in people {
            let by = format!("reviewer-{person}");
            world.apply(Command::ReviewPull { number, approve, by }).unwrap();
        }
    });
}

#[tokio::test]
async fn long_lists_are_read_to_their_end() {
    let (desk, github, number) = opened().await;
    review(&desk, number, 0..229, true);
    review(&desk, number, 229..230, false);
    let seen = look(&github).await;
    assert_eq!(seen.approvals.len(), 229);
    assert!(seen.waits.contains(&PullWait::ChangesRequested { by: "reviewer-229".to_owned() }));
}

/// What the page says of itself is unchanged then, and so is what GitHub calls it by.
#[tokio::test]
async fn a_whole_page_that_was_the_last_one_is_not_taken_for_it_again() {
    let (desk, github, number) = opened().await;
    review(&desk, number, 0..100, true);
    assert_eq!(look(&github).await.approvals.len(), 100);
    review(&desk, number, 100..101, false);
    let waits = look(&github).await.waits;
    assert!(waits.contains(&PullWait::ChangesRequested { by: "reviewer-100".to_owned() }), "{waits:?}");
}

#[tokio::test]
async fn a_validation_that_no_rule_names_is_waited_for_where_it_is_configured() {
    let desk = Desk::new(quiet(), 1.0);
    desk.propose("fix/flip").await;
    let github = desk.github_with(GITHUB_TOKEN, |settings| settings.validation = vec!["smoke".to_owned()]);
    applied(github.open_pull(&new_pull()).await);
    assert!(look(&github).await.waits.contains(&PullWait::CheckNotStarted { name: "smoke".to_owned() }));
}

#[tokio::test]
async fn a_conflict_is_a_wait_of_its_own() {
    let desk = Desk::new(quiet(), 1.0);
    let github = desk.github();
    desk.propose("fix/flip").await;
    applied(github.open_pull(&new_pull()).await);
    new(&github).await;
    desk.with(|world| {
        let main = BranchName::from("main");
        let head = world.repository().head(&main).cloned().unwrap();
        let tree = world.repository().get(&head).unwrap().tree().with("fix-flip.txt", *b"other");
        let by = sim::repository::Signature::of("ada", world.now());
        let commit = sim::repository::Commit::new(tree, vec![head], &by, "Clash\n");
        let command = Command::Push {
            branch: main,
            expected: sim::Expected::FastForward,
            commit: commit.id().clone(),
            objects: vec![commit.into()],
            by: "ada".to_owned(),
        };
        world.apply(command).unwrap();
    });
    look(&github).await;
    assert!(look(&github).await.waits.contains(&PullWait::Conflict));
}
