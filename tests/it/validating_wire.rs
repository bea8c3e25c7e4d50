//! The validation pipeline over the wire: a run on exactly one head, found and started, in Azure DevOps and as a workflow.

use std::collections::BTreeMap;
use std::time::Duration;

use keyslot::adapters::azure_devops::{AzureDevOps, PipelineRef};
use keyslot::adapters::github::actions::Actions;
use keyslot::model::{Blindness, BranchName, PullHead, PullNumber, RunState, StageEffect};
use keyslot::ports::{Effect, Validation};
use keyslot::sim::config::Accepting;
use keyslot::sim::wire::{Trouble, Which, WireFault, azure_devops, github};
use keyslot::sim::{CheckState, Command, Reply, Span, WorldConfig};
use serde_json::json;

use crate::contract::Contract;
use crate::desk::Desk;
use crate::runs::{refused, started};

const BRANCH: &str = "fix/keyslot-r1-secondary";

/// Nobody starts the check, and its pipeline waits in its queue for a while.
pub fn unstarted() -> WorldConfig {
    let mut config = WorldConfig::default();
    config.people.check.started_after = None;
    config.people.check.queue = Span::exactly(QUEUE);
    config
}

/// Far longer than looking takes.
const QUEUE: Duration = Duration::from_secs(30 * 24 * 3600);

fn devops(desk: &Desk, effects: &[(&str, &[StageEffect])]) -> AzureDevOps {
    desk.devops_with(|settings| {
        settings.pipeline = PipelineRef::Name("e2e-validation".to_owned());
        settings.validates = true;
        settings.stages = declared(effects).into_iter().collect::<BTreeMap<_, _>>();
    })
}

fn actions(desk: &Desk, effects: &[(&str, &[StageEffect])]) -> Actions {
    desk.actions_with(|settings| {
        settings.workflow = "e2e-validation.yml".to_owned();
        settings.validates = true;
        settings.skip_input = None;
        settings.stages = declared(effects);
    })
}

fn declared(effects: &[(&str, &[StageEffect])]) -> Vec<(String, Vec<StageEffect>)> {
    effects.iter().map(|(name, effects)| ((*name).to_owned(), effects.to_vec())).collect()
}

const HARMLESS: &[(&str, &[StageEffect])] = &[("validate", &[])];

/// A branch of keyslot's with a pull request.
async fn proposed(desk: &Desk) -> PullHead {
    let commit = desk.propose(BRANCH).await;
    let branch = BranchName::from(BRANCH);
    let open = Command::OpenPull {
        head: branch.clone(),
        base: BranchName::from("main"),
        title: "Use the secondary key".to_owned(),
        body: String::new(),
        by: "keyslot-bot".to_owned(),
    };
    let Ok(Reply::Pull(pull)) = desk.with(|world| world.apply(open)) else { panic!("no pull request") };
    PullHead { pull, branch, commit }
}

/// Started, found while it waits and while it runs, and what it is for comes of it.
async fn script(desk: &Desk, validation: &impl Validation) {
    let head = proposed(desk).await;
    assert_eq!(validation.runs_of(&head).await.unwrap(), []);
    let release = desk.with(|world| {
        let branch = world.config().repository.release.clone();
        world.apply(Command::StartRun { branch, commit: None, skip: Vec::new(), by: "ada".to_owned() })
    });
    release.unwrap();
    let id = started(validation.start(&head.branch, &head.commit, &[]).await);
    let run = loop {
        let runs = validation.runs_of(&head).await.unwrap();
        assert!(runs.len() <= 1, "runs of another pipeline are none of it: {runs:?}");
        if let Some(run) = runs.into_iter().next() {
            break run;
        }
    };
    assert_eq!((&run.id, &run.branch, &run.commit), (&id, &head.branch, &head.commit));
    assert_eq!((run.state, run.by.as_str(), run.stages.len()), (RunState::Queued, "keyslot-bot", 0));
    assert!(run.url.contains(id.as_str()), "{}", run.url);
    let other = PullHead { commit: desk.place.head("main").unwrap(), ..head.clone() };
    assert_eq!(validation.runs_of(&other).await.unwrap(), [], "of another head it is none");
    let state_after = async |wait: Duration| {
        desk.with(|world| {
            let then = world.now() + wait;
            world.advance_to(then);
        });
        validation.runs_of(&head).await.unwrap()[0].state
    };
    assert_eq!(state_after(QUEUE).await, RunState::Running);
    assert!(state_after(Duration::from_secs(24 * 3600)).await.is_over());
    let check = desk.with(|world| world.pull(head.pull).unwrap().check);
    assert_eq!(check, CheckState::Passed);
    assert_eq!(desk.with(|world| world.counters().validations_started), 1);
}

pub async fn on_azure_devops(desk: &Desk) {
    script(desk, &devops(desk, HARMLESS)).await;
}

#[tokio::test]
async fn a_run_on_the_head_is_started_and_found_in_azure_devops() {
    let desk = Desk::new(unstarted(), 3600.0);
    on_azure_devops(&desk).await;
    let exchanges = desk.exchanges(azure_devops::HOST);
    let start = exchanges.iter().rfind(|one| one.method == "POST").unwrap().asked.clone().unwrap();
    let itself = &start["resources"]["repositories"]["self"];
    let commit = desk.place.head(BRANCH).unwrap();
    let expected = json!({ "refName": format!("refs/heads/{BRANCH}"), "version": commit.as_str() });
    assert_eq!(*itself, expected, "pinned to the head");
    let ours = Contract::of_ours("azure-devops.json").hold(&exchanges);
    assert!(ours.wrong.is_empty(), "{:#?}", ours.wrong);
}

#[tokio::test]
async fn a_run_on_the_head_is_started_and_found_as_a_workflow() {
    let desk = Desk::new(unstarted(), 3600.0);
    script(&desk, &actions(&desk, HARMLESS)).await;
    let exchanges = desk.exchanges(github::HOST);
    let mut contracts = vec![Contract::of_ours("github-actions.json")];
    contracts.extend(Contract::load("github-rest-23.0.2.json"));
    for contract in contracts {
        let verdict = contract.hold(&exchanges);
        assert!(verdict.wrong.is_empty(), "{:#?}", verdict.wrong);
        assert!(verdict.kinds.len() >= 4, "{:?}", verdict.kinds);
    }
}

#[tokio::test]
async fn after_a_lost_answer_a_look_tells_and_asked_twice_there_are_two() {
    let desk = Desk::new(unstarted(), 60.0);
    let head = proposed(&desk).await;
    let both: [(Box<dyn Validation>, &str); 2] = [
        (Box::new(devops(&desk, HARMLESS)), "/pipelines/26/runs"),
        (Box::new(actions(&desk, HARMLESS)), "/dispatches"),
    ];
    for (validation, path) in both {
        let before = desk.with(|world| world.counters().validations_started);
        // The preview of Azure DevOps goes to the same address, and comes first.
        let skip = u32::from(path != "/dispatches");
        let which = Which { method: "POST".to_owned(), path: path.to_owned(), skip, ..Which::default() };
        desk.wire.faults().add(WireFault::once(which, Trouble::DropAnswer));
        let end = validation.start(&head.branch, &head.commit, &[]).await;
        assert!(matches!(end, Effect::Unknown(_)), "{end:?}");
        assert_eq!(desk.wire.transcript().count("POST", path), 1 + skip as usize, "nothing was sent twice");
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(desk.with(|world| world.counters().validations_started), before + 1);
        let found = validation.runs_of(&head).await.unwrap();
        assert_eq!(found.len(), before as usize + 1, "and it is found");
        started(validation.start(&head.branch, &head.commit, &[]).await);
        assert_eq!(desk.with(|world| world.counters().validations_started), before + 2);
    }
}

#[tokio::test]
async fn nothing_is_started_with_a_stage_that_nobody_has_answered_for() {
    let mut config = unstarted();
    config.people.check.stages = vec!["validate".to_owned(), "destroy".to_owned()];
    let desk = Desk::new(config, 60.0);
    let head = proposed(&desk).await;
    let harmful: &[(&str, &[StageEffect])] = &[("validate", &[]), ("destroy", &[StageEffect::Destroys])];
    for (declared, said) in [(HARMLESS, "not declared: destroy"), (harmful, "destroy")] {
        let both: [Box<dyn Validation>; 2] =
            [Box::new(devops(&desk, declared)), Box::new(actions(&desk, declared))];
        for validation in both {
            let fault = refused(validation.start(&head.branch, &head.commit, &[]).await);
            assert!(fault.why.contains(said), "{fault:?}");
            assert!(
                !fault.remedy.contains("pipeline.stage") && !fault.remedy.contains("accept"),
                "{fault:?}"
            );
        }
    }
    assert_eq!(desk.with(|world| world.counters().validations_started), 0);
}

#[tokio::test]
async fn the_release_pipeline_is_not_started_whatever_it_is_called() {
    let desk = Desk::new(unstarted(), 60.0);
    let head = proposed(&desk).await;
    let release = azure_devops::PIPELINE;
    let by_number = desk.devops_with(|settings| {
        settings.pipeline = PipelineRef::Id(release);
        (settings.validates, settings.release) = (true, Some(PipelineRef::Name("release".to_owned())));
        settings.stages.values_mut().for_each(Vec::clear);
    });
    let by_name = desk.devops_with(|settings| {
        (settings.validates, settings.release) = (true, Some(PipelineRef::Id(release)));
        settings.stages.values_mut().for_each(Vec::clear);
    });
    let workflow = |name: &str, release: &str| {
        desk.actions_with(|settings| {
            (settings.workflow, settings.release) = (name.to_owned(), Some(release.to_owned()));
            (settings.validates, settings.skip_input) = (true, None);
            settings.stages.iter_mut().for_each(|(_, effects)| effects.clear());
        })
    };
    let number = github::actions::WORKFLOW.to_string();
    let all: [Box<dyn Validation>; 4] = [
        Box::new(by_number),
        Box::new(by_name),
        Box::new(workflow(&number, "release.yml")),
        Box::new(workflow("release.yml", &number)),
    ];
    for validation in all {
        let fault = refused(validation.start(&head.branch, &head.commit, &[]).await);
        assert!(fault.why.contains("release pipeline"), "{fault:?}");
    }
    assert_eq!(desk.with(|world| world.runs().len()), 0);
    let another = workflow("e2e-validation.yml", "release.yml");
    let fault = refused(another.start(&head.branch, &head.commit, &[]).await);
    assert!(fault.why.contains("not declared: validate"), "it is another: {fault:?}");
}

#[tokio::test]
async fn one_that_is_switched_off_or_gone_is_said_so() {
    let mut config = unstarted();
    config.people.check.accepting = Accepting::Disabled;
    let desk = Desk::new(config, 60.0);
    let head = proposed(&desk).await;
    let both: [Box<dyn Validation>; 2] =
        [Box::new(devops(&desk, HARMLESS)), Box::new(actions(&desk, HARMLESS))];
    for validation in both {
        let fault = refused(validation.start(&head.branch, &head.commit, &[]).await);
        assert!(fault.remedy.contains("enable it"), "{fault:?}");
    }
    let gone = desk.devops_with(|settings| settings.pipeline = PipelineRef::Name("nothing".to_owned()));
    assert_eq!(gone.runs_of(&head).await.unwrap_err().kind, Blindness::Misconfigured);
    let gone = desk.actions_with(|settings| settings.workflow = "nothing.yml".to_owned());
    let head = PullHead { pull: PullNumber(9), ..head };
    assert_eq!(gone.runs_of(&head).await.unwrap_err().kind, Blindness::Misconfigured);
}
