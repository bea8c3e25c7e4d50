//! A workflow is run only when somebody has answered for every job that it has at the commit, also where no run of it has
//! been seen yet.

use std::sync::Arc;

use keyslot::model::{BranchName, CommitId};
use keyslot::ports::{Arrival, Pipeline};
use keyslot::sim::repository::{Commit, Signature};
use keyslot::sim::{Command, Expected, WorldConfig};

use crate::desk::{Desk, GITHUB_TOKEN};
use crate::follow::{run, with_workflow};
use crate::live::Live;
use crate::runs::{applied, head, made, refused, release, skipped};

/// How often the release branch was pushed to, and how many runs were started.
pub fn released(live: &Live) -> (u32, u32) {
    live.stage.simulation.world.with(|world| {
        let pushes = world.counters().pushes_to(&world.config().repository.release);
        (pushes, world.counters().runs_started)
    })
}

/// Somebody has changed what keyslot is told of the release pipeline.
fn retold(live: &Live, change: impl FnOnce(&mut toml::Table)) {
    let path = live.stage.folder.join("keyslot.toml");
    let mut told: toml::Table = std::fs::read_to_string(&path).unwrap().parse().unwrap();
    let environment = told["environment"].as_table_mut().unwrap().iter_mut().next().unwrap().1;
    change(environment["release"]["pipeline"].as_table_mut().unwrap());
    std::fs::write(path, told.to_string()).unwrap();
}

/// Nobody has told keyslot of this job.
fn forget(pipeline: &mut toml::Table, job: &str) {
    let stages = pipeline["stage"].as_array_mut().unwrap();
    let declared = stages.len();
    stages.retain(|stage| stage["name"].as_str() != Some(job));
    assert_eq!(stages.len(), declared - 1);
    pipeline["skip"].as_array_mut().unwrap().retain(|name| name.as_str() != Some(job));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_destroys_and_that_nobody_declared_is_never_run() {
    let live = Live::set(WorldConfig::default().with_stamps(1).with_workflow(), 600.0);
    with_workflow(&live);
    retold(&live, |pipeline| forget(pipeline, "destroy-previous"));
    for command in [["propose", "--wait"], ["promote", "--wait"]] {
        let (code, out, talk) = run(&live, &command).await;
        assert_eq!(code, 0, "{command:?}: {out}\n{talk}");
    }
    let (code, out, talk) = run(&live, &["follow"]).await;
    assert_eq!(code, 4, "{out}\n{talk}");
    assert!(talk.contains("jobs that are not declared: destroy-previous"), "{out}\n{talk}");
    assert_eq!(live.stage.simulation.world.with(|world| world.counters().runs_started), 0);
}

/// Somebody pushes the workflow in other words to the release branch.
fn rewritten(desk: &Desk, change: impl Fn(&str) -> String) {
    let path = desk.with(|world| world.config().pipeline.workflow_path());
    rewritten_at(desk, &path, change);
}

/// The same of any file.
pub fn rewritten_at(desk: &Desk, path: &str, change: impl Fn(&str) -> String) {
    rewritten_on(desk, &release(), path, change);
}

/// A file that was not there.
pub fn written_at(desk: &Desk, path: &str, text: &str) {
    rewritten_at(desk, path, |_| text.to_owned());
}

/// The same on any branch.
fn rewritten_on(desk: &Desk, branch: &BranchName, path: &str, change: impl Fn(&str) -> String) {
    desk.with(|world| {
        let before = world.repository().head(branch).cloned().unwrap();
        let tree = world.repository().get(&before).unwrap().tree().clone();
        let text = tree.get(path).map_or("", |file| std::str::from_utf8(file.bytes()).unwrap()).to_owned();
        let changed = change(&text);
        assert_ne!(changed, text);
        let by = Signature::of("ada", world.now());
        let commit = Commit::new(tree.with(path, changed.into_bytes()), vec![before], &by, "The workflow\n");
        let commit = Arc::new(commit);
        let push = Command::Push {
            branch: branch.clone(),
            expected: Expected::FastForward,
            commit: commit.id().clone(),
            objects: vec![commit],
            by: "ada".to_owned(),
        };
        world.apply(push).unwrap();
    });
}

/// A commit that is pushed to the branch, which is deployed, or for a pull request to another, which is not.
fn at<'a>(branch: &'a BranchName, commit: &'a CommitId, into: Option<&'a BranchName>) -> Arrival<'a> {
    Arrival { commit, beneath: commit, branch, into, deployed: into.is_none() }
}

/// What becomes of the workflow's text.
type Change<'c> = &'c dyn Fn(&str) -> String;

#[tokio::test]
async fn the_workflow_is_judged_as_it_is_at_the_commit() {
    let job = "  purge:\n    runs-on: ubuntu-latest\n    steps:\n    - run: ./purge\n";
    let deaf = |text: &str| text.replace("!contains(inputs.skip, 'destroy-previous')", "always()");
    let underscore =
        |text: &str| text.replace("(inputs.skip, 'switch-traffic')", "(inputs.skip, 'switch_traffic')");
    let turned = |text: &str| {
        text.replace(
            "!contains(inputs.skip, 'destroy-previous')",
            "contains(inputs.skip, 'destroy-previous')",
        )
    };
    let cases: [(Change<'_>, &str); 6] = [
        (&underscore, "switch-traffic is to be left out"),
        (&turned, "destroy-previous is to be left out"),
        (&|text| format!("{text}{job}"), "not declared: purge"),
        (
            &deaf,
            "destroy-previous is to be left out, and at this commit neither its `if` nor that of a job which it needs",
        ),
        (&|text| text.replace("      skip:", "      leave_out:"), "no input skip"),
        (&|text| text.replace("workflow_dispatch", "push"), "no `workflow_dispatch`"),
    ];
    for (change, words) in cases {
        let desk = Desk::new(WorldConfig::default(), 1.0);
        let before = head(&desk);
        rewritten(&desk, change);
        let commit = head(&desk);
        assert_ne!(commit, before);
        let fault = refused(desk.actions().start(&release(), &commit, &skipped()).await);
        assert!(fault.why.contains(words) && !fault.remedy.is_empty(), "{words}: {fault}");
        assert!(fault.why.contains("release.yml at"), "{fault}");
        assert_eq!(desk.with(|world| world.runs().len()), 0);
    }
    let desk = Desk::new(WorldConfig::default(), 1.0);
    rewritten(&desk, |text| format!("# Reviewed.\n{text}"));
    applied(desk.actions().start(&release(), &head(&desk), &skipped()).await);
}

/// What GitHub makes of a run whose `if`s nobody has judged.
#[tokio::test]
async fn the_worlds_runs_do_what_the_ifs_of_their_workflow_say() {
    let cases: [(Change<'_>, &[&str]); 5] = [
        (&|text| format!("# As it is.\n{text}"), &[]),
        (&|text| text.replace("skip, 'switch-traffic'", "skip, 'switch_traffic'"), &["switch-traffic"]),
        (
            &|text| text.replace("!contains(inputs.skip, 'destroy", "contains(inputs.skip, 'destroy"),
            &["destroy-previous"],
        ),
        (
            &|text| text.replace("!cancelled() && !contains(inputs.skip, 'destroy-previous')", "success()"),
            &[],
        ),
        (
            &|text| {
                text.replace("inputs.skip,", "format(',{0},', inputs.skip),")
                    .replace("'switch-traffic'", "',switch-traffic,'")
            },
            &[],
        ),
    ];
    for (change, runs) in cases {
        let desk = Desk::new(WorldConfig::default(), 1.0);
        rewritten(&desk, change);
        let (url, inputs) = (
            "https://api.github.com/repos/afmc/platform/actions/workflows/release.yml/dispatches",
            serde_json::json!({ "skip": "switch-traffic,destroy-previous" }),
        );
        let order = serde_json::json!({ "ref": release().as_str(), "inputs": inputs });
        let posted = desk.http.reqwest().post(url).bearer_auth(GITHUB_TOKEN).body(order.to_string());
        let posted = posted.header("user-agent", "test").header("content-type", "application/json");
        assert_eq!(posted.send().await.unwrap().status(), 204);
        let left_out: Vec<String> = desk.with(|world| {
            let stages = &world.runs()[0].stages;
            stages.iter().filter(|stage| stage.state.is_over()).map(|stage| stage.name.clone()).collect()
        });
        let dangerous = ["switch-traffic", "destroy-previous"];
        let expected: Vec<&str> = dangerous.into_iter().filter(|name| !runs.contains(name)).collect();
        assert_eq!(left_out, expected, "{runs:?}");
    }
}

#[tokio::test]
async fn a_workflow_that_is_not_in_the_repository_at_the_commit_is_not_run() {
    let mut config = WorldConfig::default();
    config.pipeline.name = "other".to_owned();
    let desk = Desk::new(config, 1.0);
    desk.with(|world| {
        let before = world.repository().head(&release()).cloned().unwrap();
        let tree = world.repository().get(&before).unwrap().tree().put(".github/workflows/other.yml", None);
        let by = Signature::of("ada", world.now());
        let commit = Arc::new(Commit::new(tree, vec![before], &by, "Without it\n"));
        let (id, by) = (commit.id().clone(), "ada".to_owned());
        let expected = Expected::FastForward;
        world
            .apply(Command::Push { branch: release(), expected, commit: id, objects: vec![commit], by })
            .unwrap();
    });
    let actions = desk.actions_with(|settings| settings.workflow = "other.yml".to_owned());
    let fault = refused(actions.start(&release(), &head(&desk), &skipped()).await);
    assert!(fault.why.contains("there is no .github/workflows/other.yml"), "{fault}");
    assert_eq!(desk.with(|world| world.runs().len()), 0);
}

#[tokio::test]
async fn what_a_push_would_start_is_judged_before_the_push() {
    let accepted = ["switch-traffic", "destroy-previous"].map(str::to_owned).to_vec();
    let job = "  purge:\n    runs-on: ubuntu-latest\n    steps:\n    - run: ./purge\n";
    let desk = Desk::new(WorldConfig::default(), 1.0);
    rewritten(&desk, |text| text.replace("workflow_dispatch", "push"));
    let commit = head(&desk);
    let pushed = |accepted: &[String], workflow: &str| {
        desk.actions_with(|settings| {
            settings.dispatches = false;
            settings.accepted = accepted.to_vec();
            settings.workflow = workflow.to_owned();
        })
    };
    let to = release();
    let fault = refused(pushed(&[], "release.yml").may_be_pushed(&at(&to, &commit, None)).await);
    assert!(fault.why.contains("would start destroy-previous, switch-traffic"), "{fault}");
    for named in ["release.yml", "161335"] {
        applied(pushed(&accepted, named).may_be_pushed(&at(&to, &commit, None)).await);
    }
    let fault = refused(pushed(&accepted, "nothing.yml").may_be_pushed(&at(&to, &commit, None)).await);
    assert!(fault.why.contains("there is no .github/workflows/nothing.yml"), "{fault}");
    let (own, main) = (BranchName::new("fix/x"), BranchName::new("main"));
    let proposed = at(&own, &commit, Some(&main));
    applied(pushed(&accepted, "nothing.yml").may_be_pushed(&proposed).await);
    let fault = refused(desk.actions().may_be_pushed(&at(&to, &commit, None)).await);
    assert!(fault.why.contains("would start destroy-previous"), "also where keyslot starts runs: {fault}");
    let fault = refused(pushed(&[], "release.yml").may_be_pushed(&proposed).await);
    for words in ["the push to fix/x and the merge into main would start", "destroy-previous"] {
        assert!(fault.why.contains(words), "also on a branch of keyslot's: {fault}");
    }
    rewritten(&desk, |text| text.replace("  push:", "  push:\n    branches: ['fix/**']"));
    let commit = head(&desk);
    refused(pushed(&[], "release.yml").may_be_pushed(&at(&own, &commit, Some(&main))).await);
    applied(desk.actions().may_be_pushed(&at(&to, &commit, None)).await);
    let fault = refused(pushed(&accepted, "release.yml").may_be_pushed(&at(&to, &commit, None)).await);
    assert!(fault.why.contains("no push to release/2026.1.0 starts"), "it would be waited for: {fault}");
    rewritten(&desk, |text| text.replace("    branches: ['fix/**']\n", ""));
    rewritten(&desk, |text| format!("{text}{job}"));
    let fault = refused(pushed(&accepted, "release.yml").may_be_pushed(&at(&to, &head(&desk), None)).await);
    assert!(fault.why.contains("not declared: purge"), "{fault}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_promotion_whose_push_would_start_a_job_that_nobody_declared_is_not_pushed() {
    let mut config = WorldConfig::default().with_stamps(1);
    config.pipeline.trigger = keyslot::sim::config::PipelineTrigger::Push;
    config.pipeline.stages.retain(|stage| stage.effects.iter().all(|effect| !effect.is_dangerous()));
    let live = Live::set(config.with_workflow(), 600.0);
    with_workflow(&live);
    retold(&live, |pipeline| {
        pipeline.insert("trigger".to_owned(), "push".into());
        pipeline.remove("skip_input");
        forget(pipeline, "deploy-workload");
        pipeline.remove("skip");
    });

    let (code, out, talk) = run(&live, &["propose", "--wait"]).await;
    assert_eq!(code, 0, "{out}\n{talk}");
    let (code, out, talk) = run(&live, &["promote", "--wait"]).await;
    assert_eq!(code, 4, "{out}\n{talk}");
    assert!(talk.contains("jobs that are not declared: deploy-workload"), "{out}\n{talk}");
    assert_eq!(released(&live), (0, 0), "neither pushed nor run");
}

#[tokio::test]
async fn what_a_pull_request_a_new_branch_or_a_queue_would_start_is_judged_before_the_push() {
    let (own, main) = (BranchName::new("fix/x"), BranchName::new("main"));
    for (event, words) in [
        ("pull_request", "the pull request to main (pull_request) would start destroy-previous"),
        ("pull_request_target", "the pull request to main (pull_request_target) would start"),
        ("create", "the new branch fix/x would start"),
        ("merge_group", "the merge queue of main, if it has one would start"),
        ("{ workflow_run: { workflows: [ci] } }", "(workflow_run) would start"),
        ("{ pull_request: { branches: ['release/**'] } }", ""),
        ("issues", ""),
    ] {
        let desk = Desk::new(WorldConfig::default(), 1.0);
        rewritten(&desk, |text| {
            let jobs = &text[text.find("jobs:").unwrap()..];
            format!("on: {event}\n{jobs}")
        });
        let commit = head(&desk);
        let proposed = at(&own, &commit, Some(&main));
        if words.is_empty() {
            applied(desk.actions().may_be_pushed(&proposed).await);
            continue;
        }
        let fault = refused(desk.actions().may_be_pushed(&proposed).await);
        assert!(fault.why.contains(words) && fault.remedy.contains("`on`"), "{event}: {fault}");
        let accepted = ["switch-traffic", "destroy-previous"].map(str::to_owned).to_vec();
        applied(desk.actions_with(|settings| settings.accepted = accepted).may_be_pushed(&proposed).await);
    }
}

/// What GitHub takes from the default branch's tip is judged as it is there, whatever the commit says of it.
#[tokio::test]
async fn what_is_of_the_default_branch_is_judged_as_it_is_there() {
    let path = WorldConfig::default().pipeline.workflow_path();
    let on = |event: &str, text: &str| format!("on: {event}\n{}", &text[text.find("jobs:").unwrap()..]);
    let (own, to) = (BranchName::new("fix/x"), release());
    for (event, told) in [
        (
            "{ workflow_run: { workflows: [ci], branches: ['release/**'] } }",
            "another workflow that ends on release/",
        ),
        ("{ pull_request_target: { branches: ['release/**'] } }", "(pull_request_target) would start"),
        ("{ workflow_run: { workflows: [ci], branches: [main] } }", ""),
        ("create", ""),
    ] {
        let desk = Desk::new(WorldConfig::default(), 1.0);
        let proposed = |commit| Arrival { into: Some(&to), ..at(&own, commit, None) };
        // The release branch's own file says so, and it is not the one that GitHub takes.
        let quiet = head(&desk);
        rewritten_on(&desk, &BranchName::new("main"), &path, |text| on(event, text));
        let end = desk.actions().may_be_pushed(&proposed(&quiet)).await;
        match told {
            "" => applied(end),
            told => {
                let fault = refused(end);
                assert!(fault.why.contains(told) && fault.remedy.contains("`on`"), "{event}: {fault}");
                let accepted = ["switch-traffic", "destroy-previous"].map(str::to_owned).to_vec();
                let actions = desk.actions_with(|settings| settings.accepted = accepted);
                applied(actions.may_be_pushed(&proposed(&quiet)).await);
            }
        }
    }
    let desk = Desk::new(WorldConfig::default(), 1.0);
    rewritten(&desk, |text| on("{ workflow_run: { workflows: [ci] } }", text));
    let commit = head(&desk);
    applied(desk.actions().may_be_pushed(&at(&to, &commit, None)).await);
}

#[tokio::test]
async fn a_commit_that_says_that_it_starts_nothing_is_believed() {
    let desk = Desk::new(WorldConfig::default(), 1.0);
    rewritten(&desk, |text| text.replace("workflow_dispatch", "push"));
    let to = release();
    let (loud, silent) =
        (made(&desk, "Read the other key\n").await, made(&desk, "Read the other key [skip ci]\n").await);
    refused(desk.actions().may_be_pushed(&at(&to, &loud, None)).await);
    applied(desk.actions().may_be_pushed(&at(&to, &silent, None)).await);
    let pushed = desk.actions_with(|settings| {
        settings.dispatches = false;
        settings.accepted = ["switch-traffic", "destroy-previous"].map(str::to_owned).to_vec();
    });
    applied(pushed.may_be_pushed(&at(&to, &loud, None)).await);
    let fault = refused(pushed.may_be_pushed(&at(&to, &silent, None)).await);
    assert!(fault.why.contains("starts nothing, and keyslot starts none"), "it would be waited for: {fault}");
}
