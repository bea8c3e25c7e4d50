//! Every request to GitHub and every answer of the world's GitHub against schemas of our own, which stand in
//! `fixtures/contracts`; and against GitHub's own description, where that is at hand.

use std::path::Path;
use std::time::Duration;

use keyslot::model::{MergeMethod, PullDress, RotationId};
use keyslot::ports::{Bulletin, BulletinState, Forge};
use keyslot::sim::config::{ClassicConfig, RulesConfig};
use keyslot::sim::repository::{Commit, Signature};
use keyslot::sim::wire::github;
use keyslot::sim::{Command, Expected, Mark};
use serde_json::{Value, json};

use crate::contract::Contract;
use crate::desk::{Desk, Exchange};
use crate::github::{branch, ends, look, new_pull, quiet};
use crate::runs::applied;

/// All that is ever said to GitHub, but for what goes wrong.
async fn all_of_it() -> Desk {
    let mut config = quiet();
    config.people.rules = RulesConfig {
        conversations: true,
        classic: Some(ClassicConfig { reviews: 1, checks: Vec::new(), readable: true }),
        ..RulesConfig::default()
    };
    let desk = Desk::new(config, 100.0);
    let github = desk.github();
    let head = desk.propose("fix/flip").await;
    assert_eq!(github.pull_between(&ends()).await, Ok(None));
    let number = applied(github.open_pull(&new_pull()).await);
    let one = |text: &str| vec![text.to_owned()];
    let dress =
        PullDress { labels: one("keys"), reviewers: one("ada"), teams: one("sre"), assignees: one("grace") };
    applied(github.dress(number, &dress).await);
    let bulletin = |text: &str, state| {
        let (rotation, line) = (RotationId::new("r1"), text.to_owned());
        Bulletin { rotation, text: text.to_owned(), state, line, head: None }
    };
    applied(github.publish(number, &bulletin("first", BulletinState::UnderWay)).await);
    applied(github.publish(number, &bulletin("second", BulletinState::UnderWay)).await);
    let review = |by: &str| Command::ReviewPull { number, approve: true, by: by.to_owned() };
    desk.with(|world| {
        world.apply(review("ada")).unwrap();
        let tree = world.repository().get(&head).unwrap().tree().with("NOTES.md", *b"x");
        let commit = Commit::new(tree, vec![head.clone()], &Signature::of("mallory", world.now()), "Note\n");
        world.apply(Command::Push {
            branch: branch(),
            expected: Expected::FastForward,
            commit: commit.id().clone(),
            objects: vec![commit.into()],
            by: "mallory".to_owned(),
        })
    })
    .unwrap();
    let seen = look(&github).await;
    applied(github.merge_when_ready(number, &seen.head, MergeMethod::Squash).await);
    let again = applied(github.open_pull(&new_pull()).await);
    assert_eq!(again, number);
    desk.with(|world| {
        world.apply(Command::MarkPull { number, mark: Mark::Conversation { resolved: true } }).unwrap();
        world.apply(review("grace")).unwrap();
        world.apply(Command::StartCheck { number })
    })
    .unwrap();
    desk.clock().sleep_until(desk.clock().now() + Duration::from_secs(1)).await;
    look(&github).await;
    // By a process that has just begun, and must look for what was told.
    applied(desk.github().publish(number, &bulletin("end", BulletinState::Done)).await);
    desk
}

/// Our own schemas.
pub struct Shapes(Value);

impl Shapes {
    pub fn load() -> Shapes {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/contracts/github.json");
        Shapes(serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap())
    }

    pub fn operation(&self, exchange: &Exchange) -> Option<&Value> {
        let fits = |template: &str| {
            let (mut wanted, mut given) = (template.split('/'), exchange.path.split('/'));
            loop {
                match (wanted.next(), given.next()) {
                    (None, None) => return true,
                    (Some(part), Some(is)) if part.starts_with('{') || part == is => {}
                    _ => return false,
                }
            }
        };
        let all = self.0["operations"].as_array().unwrap().iter();
        let fitting = all
            .filter(|one| one["method"] == exchange.method.as_str() && fits(one["path"].as_str().unwrap()));
        fitting.min_by_key(|one| one["path"].as_str().unwrap().matches('{').count())
    }

    /// What is wrong with an exchange.
    pub fn wrong(&self, exchange: &Exchange) -> Vec<String> {
        let place = format!("{} {} → {}", exchange.method, exchange.path, exchange.status);
        let Some(operation) = self.operation(exchange) else {
            return vec![format!("{place}: no such operation")];
        };
        let mut wrong = Vec::new();
        match (&operation["asks"], &exchange.asked) {
            (Value::Null, None) => {}
            (Value::Null, Some(_)) => wrong.push(format!("{place}: asked with a body")),
            (schema, asked) => wrong.extend(self.errors(schema, asked.as_ref().unwrap_or(&Value::Null))),
        }
        let error = json!({ "$ref": "#/$defs/error" });
        let schema = match exchange.status {
            304 => return wrong,
            400.. => &error,
            status => &operation["answers"][status.to_string()],
        };
        match schema {
            Value::Null => wrong.push(format!("{place}: such a status is not described")),
            schema => wrong.extend(self.errors(schema, exchange.answered.as_ref().unwrap_or(&Value::Null))),
        }
        wrong.into_iter().map(|error| format!("{place}: {error}")).collect()
    }

    fn errors(&self, schema: &Value, body: &Value) -> Vec<String> {
        let whole = json!({ "allOf": [schema], "$defs": self.0["$defs"] });
        let validator = jsonschema::validator_for(&whole).unwrap();
        validator.iter_errors(body).map(|error| format!("{error} at {}", error.instance_path())).collect()
    }
}

#[tokio::test]
async fn what_is_said_and_answered_has_the_shape_that_is_written_down() {
    let desk = all_of_it().await;
    let exchanges = desk.exchanges(github::HOST);
    let shapes = Shapes::load();
    let wrong: Vec<String> = exchanges.iter().flat_map(|exchange| shapes.wrong(exchange)).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(crate::graphql::hold(&exchanges) >= 2);
    let unused: Vec<&Value> = shapes.0["operations"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|operation| !exchanges.iter().any(|exchange| shapes.operation(exchange) == Some(operation)))
        .map(|operation| &operation["path"])
        .collect();
    // Merging by itself has a test of its own, and so have commits that GitHub makes.
    let unused: Vec<&Value> =
        unused.into_iter().filter(|path| !path.as_str().unwrap().contains("/git/")).collect();
    assert_eq!(unused, [&json!("/repos/{owner}/{repo}/pulls/{number}/merge")]);
    // The judge can say no: one member more in what is asked, one less in what is answered.
    let mut doctored = exchanges.iter().find(|one| one.path.ends_with("/labels")).cloned().unwrap();
    doctored.asked = Some(json!({ "labels": ["keys"], "colour": "red" }));
    assert!(!shapes.wrong(&doctored).is_empty());
    doctored = exchanges.iter().find(|one| one.path.ends_with("/reviews")).cloned().unwrap();
    doctored.answered = Some(json!([{ "id": 1 }]));
    assert!(!shapes.wrong(&doctored).is_empty());
}

#[tokio::test]
async fn and_the_shape_that_github_describes() {
    let Some(contract) = Contract::load("github-rest-23.0.2.json") else { return };
    let desk = all_of_it().await;
    let described = |exchange: &Exchange| {
        // Neither is in the excerpt of the description.
        exchange.path != "/graphql" && !exchange.path.ends_with("/assignees")
    };
    let exchanges: Vec<Exchange> = desk.exchanges(github::HOST).into_iter().filter(described).collect();
    let verdict = contract.hold(&exchanges);
    assert!(verdict.wrong.is_empty(), "{:#?}", verdict.wrong);
    assert!(verdict.held > 40, "{} of {} exchanges held", verdict.held, exchanges.len());
}

#[tokio::test]
async fn and_what_is_asked_of_graphql_is_in_its_schema() {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/contracts/github-graphql-excerpt.graphql");
    let Ok(schema) = std::fs::read_to_string(&path) else {
        eprintln!("skipped: {} is not there", path.display());
        return;
    };
    // In GitHub's schema, and not in the excerpt of it.
    const BESIDE: [&str; 8] =
        ["reviewThreads", "nodes", "isResolved", "first", "after", "pageInfo", "hasNextPage", "endCursor"];
    let words = |text: &str| -> Vec<String> {
        let parts = text.split(|letter: char| !letter.is_ascii_alphanumeric());
        parts
            .filter(|word| word.starts_with(|letter: char| letter.is_ascii_alphabetic()))
            .map(str::to_owned)
            .collect()
    };
    let known = words(&schema);
    let exchanges = all_of_it().await.exchanges(github::HOST);
    let asked = exchanges.iter().filter(|one| one.path == "/graphql");
    let asked: Vec<String> =
        asked.flat_map(|one| words(one.asked.as_ref().unwrap()["query"].as_str().unwrap())).collect();
    let said = |name: &str| asked.iter().any(|word| word == name);
    assert!(said("enablePullRequestAutoMerge") && said("isInMergeQueue"), "{asked:?}");
    let unknown: Vec<&String> =
        asked.iter().filter(|word| !known.contains(word) && !BESIDE.contains(&word.as_str())).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}
