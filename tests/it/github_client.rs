//! keyslot as a client of GitHub: what it costs, what it waits for, what it understands of a no.

use std::time::{Duration, Instant};

use keyslot::model::{Blindness, MergeMethod, PullDress};
use keyslot::ports::{Effect, Forge, Pipeline};
use keyslot::sim::config::RulesConfig;
use keyslot::sim::wire::github::enterprise;
use keyslot::sim::wire::{Trouble, Which, WireFault, github};
use keyslot::sim::{self, Command, Mark, Operation, Target, When};

use crate::desk::{Desk, GITHUB_TOKEN};
use crate::github::{ends, look, new_pull, quiet, to_main};
use crate::runs::{applied, head, release, skipped};

#[tokio::test]
async fn an_hour_of_looking_at_what_does_not_change_costs_less_than_a_hundredth_of_the_limit() {
    let mut config = quiet();
    config.people.rules = RulesConfig { conversations: true, ..RulesConfig::default() };
    // An hour in three seconds and a half.
    let desk = Desk::new(config, 1_000.0);
    let github = desk.github();
    desk.propose("fix/flip").await;
    let number = applied(github.open_pull(&new_pull()).await);
    desk.with(|world| world.apply(Command::ReviewPull { number, approve: true, by: "ada".to_owned() }))
        .unwrap();
    look(&github).await;
    look(&github).await;
    let before = desk.exchanges(github::HOST).len();
    let clock = desk.clock();
    let start = clock.now();
    for _ in 0..60 {
        // Looks that a slow machine missed do not come all at once.
        clock.sleep_until(clock.now() + Duration::from_secs(60)).await;
        look(&github).await;
    }
    let said = desk.exchanges(github::HOST).split_off(before);
    let (graphql, rest): (Vec<_>, Vec<_>) = said.into_iter().partition(|one| one.path == "/graphql");
    let counted = rest.iter().filter(|one| one.status != 304).count();
    let graphql = graphql.len();
    assert!(rest.len() >= 60 * 6, "{} looks", rest.len());
    assert_eq!(counted, 0, "“not modified” is free");
    // An answer is good for two minutes; however slow the machine was, so many of those have passed.
    let passed = clock.now().duration_since(start).as_secs() / 120;
    assert!(graphql >= 20 && graphql as i64 <= passed + 1, "of 5,000 an hour: {graphql} in {passed}");
}

#[tokio::test]
async fn opening_dressing_and_asking_to_merge_cost_seven_requests() {
    let desk = Desk::new(quiet(), 100.0);
    let github = desk.github();
    let head = desk.propose("fix/flip").await;
    let said = || desk.exchanges(github::HOST).len();
    assert_eq!(github.pull_between(&ends()).await, Ok(None));
    let number = applied(github.open_pull(&new_pull()).await);
    let dress = PullDress {
        labels: vec!["keys".to_owned()],
        reviewers: vec!["ada".to_owned()],
        teams: vec!["sre".to_owned()],
        assignees: vec!["grace".to_owned()],
    };
    applied(github.dress(number, &dress).await);
    applied(github.merge_when_ready(number, &head, MergeMethod::Squash).await);
    assert_eq!(said(), 7);
}

/// It gets no younger by being looked at.
#[tokio::test]
async fn what_github_answered_to_a_deed_is_no_look_half_a_minute_later() {
    let desk = Desk::new(quiet(), 4.0);
    let github = desk.github();
    desk.propose("fix/flip").await;
    let number = applied(github.open_pull(&new_pull()).await);
    let (clock, opened) = (desk.clock(), desk.clock().now());
    let path = format!("/repos/afmc/platform/pulls/{}", number.0);
    let reads = || {
        let exchanges = desk.exchanges(github::HOST);
        exchanges.iter().filter(|one| one.method == "GET" && one.path == path).count()
    };
    clock.sleep_until(opened + Duration::from_secs(8)).await;
    look(&github).await;
    assert_eq!(reads(), 0, "the answer serves as a look");
    clock.sleep_until(opened + Duration::from_secs(32)).await;
    let dress = PullDress { labels: vec!["keys".to_owned()], ..PullDress::default() };
    applied(github.dress(number, &dress).await);
    assert_eq!(reads(), 1);
}

#[tokio::test]
async fn writes_are_a_second_apart_and_one_after_the_other() {
    let desk = Desk::new(quiet(), 10.0);
    let github = desk.github();
    desk.propose("fix/flip").await;
    let begun = Instant::now();
    let number = applied(github.open_pull(&new_pull()).await);
    let label = |name: &str| PullDress { labels: vec![name.to_owned()], ..PullDress::default() };
    let (a, b, c) = (label("a"), label("b"), label("c"));
    let (one, two, three) =
        futures::join!(github.dress(number, &a), github.dress(number, &b), github.dress(number, &c));
    [one, two, three].into_iter().for_each(applied);
    // Three seconds of the world, which is ten times as fast as the wall.
    assert!(begun.elapsed() >= Duration::from_millis(290), "{:?}", begun.elapsed());
    assert_eq!(desk.with(|world| world.pulls()[0].labels.len()), 3);
}

#[tokio::test]
async fn while_a_limit_lasts_nothing_more_is_asked() {
    let desk = Desk::with_limit(quiet(), 1.0, 4);
    let github = desk.github();
    for name in ["fix/a", "fix/b", "fix/c", "fix/d"] {
        assert_eq!(github.pull_between(&to_main(name)).await, Ok(None));
    }
    let said = desk.exchanges(github::HOST).len();
    let fault = github.pull_between(&to_main("fix/e")).await.unwrap_err();
    assert_eq!(fault.kind, Blindness::Throttled, "{fault}");
    assert!(fault.remedy.contains("the limit ends at 2026-01-12T"), "{fault}");
    let end = github.open_pull(&new_pull()).await;
    assert!(matches!(&end, Effect::NotSent(fault) if fault.kind == Blindness::Throttled), "{end:?}");
    assert_eq!(desk.exchanges(github::HOST).len(), said, "the last answer said that nothing is left");
}

#[tokio::test]
async fn a_secondary_limit_is_known_by_its_words_and_waited_out() {
    let desk = Desk::with_access(quiet(), 1.0, |access| access.writes(1));
    let github = desk.github();
    desk.propose("fix/flip").await;
    let number = applied(github.open_pull(&new_pull()).await);
    let label = PullDress { labels: vec!["keys".to_owned()], ..PullDress::default() };
    let end = github.dress(number, &label).await;
    assert!(matches!(&end, Effect::Refused(fault) if fault.kind == Blindness::Throttled), "{end:?}");
    let said = desk.exchanges(github::HOST).len();
    let end = github.dress(number, &label).await;
    assert!(matches!(&end, Effect::NotSent(fault) if fault.kind == Blindness::Throttled), "{end:?}");
    assert_eq!(desk.exchanges(github::HOST).len(), said, "for a minute nothing is sent");
    assert_eq!(desk.with(|world| world.pulls()[0].labels.len()), 0);
}

#[tokio::test]
async fn a_limit_that_says_how_long_is_waited_out_by_reads() {
    let wait = sim::Trouble::Throttle { retry_after: Duration::from_secs(20) };
    let fault = sim::Fault::new(When::Nth(1), Target::operation(Operation::ReadPull), wait);
    let desk = Desk::new(quiet().with_fault(fault), 100.0);
    let before = desk.clock().now();
    assert_eq!(desk.github().pull_between(&ends()).await, Ok(None));
    let waited = desk.clock().now().duration_since(before);
    assert!(waited.as_secs() >= 20, "{waited}");
}

#[tokio::test]
async fn a_repository_that_was_renamed_is_found_under_its_former_name() {
    let desk = Desk::with_access(quiet(), 1.0, |access| access.formerly("acme", "old-name"));
    let github = desk.github_with(GITHUB_TOKEN, |settings| {
        settings.owner = "acme".to_owned();
        settings.repository = "old-name".to_owned();
    });
    desk.propose("fix/flip").await;
    applied(github.open_pull(&new_pull()).await);
    let statuses: Vec<u16> = desk.exchanges(github::HOST).iter().map(|one| one.status).collect();
    assert_eq!(statuses, [307, 201], "a write keeps its method");
    assert_eq!(
        github.pull_between(&ends()).await.map(|found| found.is_some()),
        Ok(true),
        "one repository, whatever its name"
    );
    let statuses: Vec<u16> = desk.exchanges(github::HOST).iter().map(|one| one.status).collect();
    assert!(statuses[2..].chunks(2).all(|pair| pair == [301, 200]), "{statuses:?}");
}

#[tokio::test]
async fn of_a_repository_that_was_transferred_the_pull_request_is_found_by_who_owns_it_now() {
    let desk = Desk::with_access(quiet(), 1.0, |access| access.formerly("acme", "platform"));
    let former = || desk.github_with(GITHUB_TOKEN, |settings| settings.owner = "acme".to_owned());
    desk.propose("fix/flip").await;
    assert_eq!(former().pull_between(&ends()).await, Ok(None), "there is none");
    let number = applied(desk.github().open_pull(&new_pull()).await);
    // A process that has just begun, and knows the former owner alone.
    let found = former().pull_between(&ends()).await.unwrap().expect("the one that is open");
    assert_eq!(found.number, number);
}

#[tokio::test]
async fn a_companys_own_server_has_rest_below_its_api_and_graphql_beside_it() {
    let mut config = quiet();
    config.people.rules = RulesConfig { conversations: true, ..RulesConfig::default() };
    let desk = Desk::with_access(config, 1.0, |access| access.calling_itself(enterprise::API));
    let github = desk.github_with(GITHUB_TOKEN, |settings| settings.api = enterprise::API.parse().unwrap());
    let head = desk.propose("fix/flip").await;
    let number = applied(github.open_pull(&new_pull()).await);
    desk.with(|world| {
        for person in 0..101 {
            let by = format!("reviewer-{person}");
            world.apply(Command::ReviewPull { number, approve: true, by }).unwrap();
        }
    });
    look(&github).await;
    assert_eq!(look(&github).await.approvals.len(), 101, "two pages");
    applied(github.merge_when_ready(number, &head, MergeMethod::Merge).await);
    let said = desk.exchanges(enterprise::HOST);
    assert!(said.iter().all(|one| one.path == "/api/graphql" || one.path.starts_with("/api/v3/repos/")));
    assert!(said.iter().filter(|one| one.path == "/api/graphql").count() >= 2, "{said:?}");
    assert!(said.iter().all(|one| one.status < 400), "{said:?}");
}

#[tokio::test]
async fn a_missing_right_is_named() {
    let forbids =
        sim::Fault::new(When::Always, Target::operation(Operation::MergePull), sim::Trouble::Forbidden);
    let desk = Desk::new(quiet().with_fault(forbids), 1.0);
    let github = desk.github();
    let head = desk.propose("fix/flip").await;
    let number = applied(github.open_pull(&new_pull()).await);
    let end = github.merge_when_ready(number, &head, MergeMethod::Merge).await;
    let Effect::Refused(fault) = end else { panic!("{end:?}") };
    assert!(fault.kind == Blindness::Forbidden && fault.remedy.contains("pull_requests=write"), "{fault}");
}

#[tokio::test]
async fn a_write_whose_token_has_just_ended_is_sent_again_with_the_next() {
    let desk = Desk::new(quiet(), 1.0);
    let github = desk.github();
    desk.propose("fix/flip").await;
    let ended = || {
        let which = Which { method: "POST".to_owned(), path: "/pulls".to_owned(), ..Which::default() };
        let trouble = Trouble::Answer { status: 401, retry_after_seconds: None };
        desk.wire.faults().add(WireFault::once(which, trouble));
    };
    ended();
    let end = desk.github().open_pull(&new_pull()).await;
    assert!(
        matches!(&end, Effect::Refused(fault) if fault.kind == Blindness::Misconfigured),
        "never taken: {end:?}"
    );
    assert_eq!(github.pull_between(&ends()).await, Ok(None));
    ended();
    let end = github.open_pull(&new_pull()).await;
    assert!(matches!(&end, Effect::NotSent(fault) if fault.kind == Blindness::Forbidden), "{end:?}");
    applied(github.open_pull(&new_pull()).await);
}

#[tokio::test]
async fn a_sign_in_page_is_not_taken_for_an_answer() {
    let desk = Desk::new(quiet(), 1.0);
    let gateway = Trouble::Answer { status: 203, retry_after_seconds: None };
    desk.wire.faults().add(WireFault::once(Which::default(), gateway));
    let fault = desk.github().pull_between(&ends()).await.unwrap_err();
    assert!(fault.kind == Blindness::Forbidden && fault.remedy.contains("not signed in"), "{fault}");
}

#[tokio::test]
async fn what_changes_is_seen_though_answers_are_kept() {
    let desk = Desk::new(quiet(), 1.0);
    let github = desk.github();
    desk.propose("fix/flip").await;
    let number = applied(github.open_pull(&new_pull()).await);
    look(&github).await;
    let before = look(&github).await;
    desk.with(|world| world.apply(Command::MarkPull { number, mark: Mark::Draft(true) })).unwrap();
    let after = look(&github).await;
    assert_ne!(before.waits, after.waits);
    assert_eq!(look(&github).await, after);
}

#[tokio::test]
async fn forge_and_pipeline_with_one_token_keep_their_writes_apart_and_heed_each_others_limits() {
    let desk = Desk::new(quiet(), 10.0);
    let github = desk.github();
    let actions = desk.actions().beside(&github);
    desk.propose("fix/flip").await;
    let begun = desk.clock().now();
    let number = applied(github.open_pull(&new_pull()).await);
    let label = PullDress { labels: vec!["keys".to_owned()], ..PullDress::default() };
    let (commit, skip) = (head(&desk), skipped());
    applied(actions.start(&release(), &commit, &skip).await);
    applied(github.dress(number, &label).await);
    let waited = desk.clock().now().duration_since(begun);
    assert!(waited.as_millis() >= 1_700, "the dispatch was a write, too: {waited}");

    let desk = Desk::with_access(quiet(), 1.0, |access| access.writes(1));
    let github = desk.github();
    let actions = desk.actions().beside(&github);
    desk.propose("fix/flip").await;
    let number = applied(github.open_pull(&new_pull()).await);
    let end = github.dress(number, &label).await;
    assert!(matches!(&end, Effect::Refused(fault) if fault.kind == Blindness::Throttled), "{end:?}");
    let said = desk.exchanges(github::HOST).len();
    let end = actions.start(&release(), &commit, &skip).await;
    assert!(matches!(&end, Effect::NotSent(fault) if fault.kind == Blindness::Throttled), "{end:?}");
    assert_eq!(desk.exchanges(github::HOST).len(), said, "for a minute nothing is sent");
}

#[tokio::test]
async fn a_limit_that_graphql_tells_with_a_success_is_waited_out() {
    let wait = sim::Trouble::Throttle { retry_after: Duration::from_secs(90) };
    let fault = sim::Fault::new(When::Nth(1), Target::operation(Operation::MergePull), wait);
    let desk = Desk::new(quiet().with_fault(fault), 1.0);
    let github = desk.github();
    let head = desk.propose("fix/flip").await;
    let number = applied(github.open_pull(&new_pull()).await);
    let end = github.merge_when_ready(number, &head, MergeMethod::Merge).await;
    let Effect::Refused(fault) = end else { panic!("{end:?}") };
    assert!(fault.kind == Blindness::Throttled && fault.remedy.contains("the limit ends at"), "{fault}");
    let last = desk.exchanges(github::HOST).pop().unwrap();
    assert_eq!((last.path.as_str(), last.status), ("/graphql", 200), "{last:?}");
    let end = github.merge_when_ready(number, &head, MergeMethod::Merge).await;
    assert!(matches!(&end, Effect::NotSent(fault) if fault.kind == Blindness::Throttled), "{end:?}");
}
