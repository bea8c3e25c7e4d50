//! What a push, a pull request or its merge would start in Azure Pipelines is judged before the push.

use keyslot::model::BranchName;
use keyslot::ports::{Arrival, Code, CommitText, Effect, Fault, FileEdit, Pipeline};
use keyslot::sim::WorldConfig;
use keyslot::sim::config::PipelineTrigger;
use serde_json::json;

use crate::desk::Desk;
use crate::follow::run;
use crate::live::Live;
use crate::runs::{applied, head, made, refused, release};
use crate::unvouched_jobs::{released, rewritten_at, written_at};

const YAML: &str = "azure-pipelines.yml";

/// What becomes of the push of a new commit to the release branch, or to a new branch for a pull request.
async fn judged(desk: &Desk, accepted: &[&str], message: &str, into: Option<&str>) -> Effect<()> {
    let commit = made(desk, message).await;
    let (into, own) = (into.map(BranchName::new), BranchName::new("fix/x"));
    let to = if into.is_some() { own } else { release() };
    let devops = desk.devops_with(|settings| {
        settings.accepted = accepted.iter().map(|name| (*name).to_owned()).collect();
    });
    let beneath = head(desk);
    let arrival =
        Arrival { commit: &commit, beneath: &beneath, branch: &to, into: into.as_ref(), deployed: true };
    devops.may_be_pushed(&arrival).await
}

/// The same, where nobody has accepted anything.
async fn refused_unaccepted(desk: &Desk) -> Fault {
    refused(judged(desk, &[], "Flip\n", None).await)
}

fn previews(desk: &Desk) -> usize {
    let posts = desk.exchanges(keyslot::sim::wire::azure_devops::HOST).into_iter();
    posts.filter(|exchange| exchange.method == "POST").count()
}

#[tokio::test]
async fn a_trigger_that_takes_the_push_has_its_stages_judged() {
    const DANGEROUS: [&str; 2] = ["switch-traffic", "destroy-previous"];
    let desk = Desk::new(WorldConfig::default(), 1.0);
    applied(judged(&desk, &[], "Flip\n", None).await);
    assert_eq!(previews(&desk), 0, "`trigger: none`: nothing is asked");

    rewritten_at(&desk, YAML, |text| text.replace("trigger: none", "trigger: ['release/*']"));
    let fault = refused(judged(&desk, &[], "Flip\n", None).await);
    let words = "the push to release/2026.1.0 would start switch-traffic, destroy-previous";
    assert!(fault.why.contains(words), "{fault}");
    for words in ["`trigger: none`", "`accept`"] {
        assert!(fault.remedy.contains(words), "{fault}");
    }
    applied(judged(&desk, &DANGEROUS, "Flip\n", None).await);
    applied(judged(&desk, &[], "Flip [skip azp]\n", None).await);
    let fault = refused(judged(&desk, &[], "Flip [skip ci]\n", Some(release().as_str())).await);
    assert!(fault.why.starts_with("the merge into release/2026.1.0 would start"), "{fault}");
    applied(judged(&desk, &[], "Flip\n", Some("main")).await);

    // The YAML that the commit brings is what the preview is of.
    rewritten_at(&desk, YAML, |text| format!("{text}- stage: purge\n  jobs: []\n"));
    let fault = refused(judged(&desk, &DANGEROUS, "Flip\n", None).await);
    assert!(fault.why.contains("stages that are not declared: purge"), "{fault}");
    assert!(fault.remedy.contains("release.pipeline.stage"), "{fault}");

    rewritten_at(&desk, YAML, |text| text.replace("trigger: ['release/*']", "trigger: ["));
    let fault = refused(judged(&desk, &DANGEROUS, "Flip\n", None).await);
    assert!(fault.why.contains("is no YAML"), "what cannot be read is not guessed: {fault}");
    assert_eq!(desk.with(|world| world.runs().len()), 0, "previews start nothing");
}

#[tokio::test]
async fn a_template_that_the_commit_changes_is_not_judged_by_what_it_was() {
    const DANGEROUS: [&str; 2] = ["switch-traffic", "destroy-previous"];
    const STAGES: &str = "ci/purge.yml";
    let desk = Desk::new(WorldConfig::default(), 1.0);
    let judged = async |edits: &[(&str, &str)]| {
        let code = desk.code();
        code.fetch().await.unwrap();
        let edit = |(path, text): &(&str, &str)| FileEdit {
            path: (*path).to_owned(),
            bytes: text.as_bytes().to_vec(),
        };
        let edits: Vec<FileEdit> = edits.iter().map(edit).collect();
        let text = CommitText { message: "Flip\n".to_owned(), at: "2026-11-22T10:00:00Z".parse().unwrap() };
        let (beneath, to) = (head(&desk), release());
        let commit = code.commit(&beneath, &edits, &text).await.unwrap();
        let devops = desk.devops_with(|settings| settings.accepted = DANGEROUS.map(str::to_owned).to_vec());
        let arrival = Arrival { commit: &commit, beneath: &beneath, branch: &to, into: None, deployed: true };
        devops.may_be_pushed(&arrival).await
    };
    written_at(&desk, STAGES, "stages: []\n");
    rewritten_at(&desk, YAML, |text| {
        let text = text.replace("trigger: none", "trigger: ['release/*']");
        format!("{text}- template: {STAGES}\n")
    });
    let flip = ("infra/main.tf", "# x\n");
    applied(judged(&[flip]).await);
    // The commit beneath has no such stage, and a run of this one would.
    let purge = "stages:\n- stage: purge\n  jobs: []\n";
    let fault = refused(judged(&[flip, (STAGES, purge)]).await);
    assert!(
        fault.why.contains("the commit changes ci/purge.yml, which is or may be one of its templates"),
        "{fault}"
    );
    assert!(fault.remedy.contains("by itself first"), "{fault}");
    applied(judged(&[flip, ("helm/values.yml", "a: 1\n")]).await);
    // What the tip has already is what the preview is of.
    rewritten_at(&desk, STAGES, |_| purge.to_owned());
    let fault = refused(judged(&[flip]).await);
    assert!(fault.why.contains("stages that are not declared: purge"), "{fault}");
    // A template may choose by how a run began as well as the file itself.
    let choosy = "stages:\n- ${{ if eq(variables['Build.Reason'], 'IndividualCI') }}:\n  - stage: purge\n";
    rewritten_at(&desk, STAGES, |_| choosy.to_owned());
    let fault = refused_unaccepted(&desk).await;
    assert!(fault.why.contains("its YAML chooses by how a run began"), "{fault}");
    // No preview has that stage, so that the others are accepted says nothing of it.
    let fault = refused(judged(&[flip]).await);
    assert!(fault.why.contains("its YAML chooses by how a run began"), "{fault}");
    assert!(fault.remedy.contains("declare every stage"), "{fault}");
}

#[tokio::test]
async fn no_trigger_is_every_branch_and_no_pr_every_pull_request() {
    let desk = Desk::new(WorldConfig::default(), 1.0);
    rewritten_at(&desk, YAML, |text| text.replace("trigger: none\n", ""));
    let fault = refused(judged(&desk, &[], "Flip\n", Some("main")).await);
    assert!(fault.why.contains("the push to fix/x and the merge into main would start"), "{fault}");
    rewritten_at(&desk, YAML, |text| format!("trigger: none\n{}", text.replace("pr: none\n", "")));
    let fault = refused(judged(&desk, &[], "Flip\n", Some("main")).await);
    assert!(fault.why.starts_with("the pull request to main would start"), "{fault}");
}

#[tokio::test]
async fn the_definition_may_decide_in_place_of_the_yaml() {
    let ci = |source: u32, filters: &[&str]| json!([{ "triggerType": "continuousIntegration", "settingsSourceType": source, "branchFilters": filters }]);
    for (shown, words) in [
        (json!({ "triggers": [] }), ""),
        (
            json!({ "triggers": ci(1, &["+refs/heads/release/*"]) }),
            "the push to release/2026.1.0 would start",
        ),
        (json!({ "triggers": ci(1, &["+refs/heads/main"]) }), ""),
        (json!({ "triggers": ci(1, &["+refs/heads/*"]), "queueStatus": "disabled" }), ""),
        (
            json!({ "triggers": ci(1, &["+refs/heads/*"]), "process": { "type": 1 } }),
            "which has no YAML that tells what it does",
        ),
        (json!({ "triggers": ci(2, &[]), "process": { "type": 2, "yamlFilename": "/elsewhere.yml" } }), ""),
        (
            json!({ "triggers": ci(2, &[]), "process": { "type": 2, "yamlFilename": "elsewhere.yml" },
                "repository": { "type": "TfsGit", "id": "1", "name": "elsewhere" } }),
            "",
        ),
        (
            json!({ "triggers": ci(2, &[]), "process": { "type": 2, "yamlFilename": "elsewhere.yml" },
                "repository": { "id": "1", "name": "mirror" } }),
            "the service does not say in which it is",
        ),
        (
            json!({ "triggers": ci(1, &["+refs/heads/*"]), "repository": { "type": "GitHub", "id": "afmc/pipelines" } }),
            "",
        ),
    ] {
        let mut config = WorldConfig::default();
        config.pipeline.definition = Some(shown.clone());
        let desk = Desk::new(config, 1.0);
        let end = judged(&desk, &[], "Flip\n", None).await;
        match words {
            "" => applied(end),
            words => {
                let fault = refused(end);
                assert!(fault.why.contains(words) && !fault.remedy.is_empty(), "{shown}: {fault}");
            }
        }
    }
}

/// GitHub leads on from a name that the repository had once, wherever it is still written.
#[tokio::test]
async fn a_repository_that_was_renamed_is_the_same_one_by_either_name() {
    let judged = async |configured: &str, in_pipeline: &str| {
        let mut config = WorldConfig::default();
        config.pipeline.definition =
            Some(json!({ "repository": { "type": "GitHub", "id": in_pipeline, "name": in_pipeline } }));
        let desk = Desk::with_access(config, 1.0, |access| access.formerly("acme", "old-name"));
        rewritten_at(&desk, YAML, |text| text.replace("trigger: none", "trigger: ['release/*']"));
        let (commit, beneath) = (made(&desk, "Flip\n").await, head(&desk));
        let to = release();
        let devops = desk.devops_with(|settings| settings.repository = configured.to_owned());
        let arrival = Arrival { commit: &commit, beneath: &beneath, branch: &to, into: None, deployed: true };
        devops.may_be_pushed(&arrival).await
    };
    for (configured, in_pipeline) in [
        ("acme/old-name", "afmc/platform"),
        ("afmc/platform", "acme/old-name"),
        ("ACME/Old-Name", "acme/old-name"),
    ] {
        let fault = refused(judged(configured, in_pipeline).await);
        let words = "the push to release/2026.1.0 would start switch-traffic, destroy-previous";
        assert!(fault.why.contains(words), "{configured}, {in_pipeline}: {fault}");
    }
    applied(judged("acme/old-name", "afmc/pipelines").await);
    let end = judged("afmc/gone", "afmc/platform").await;
    assert!(matches!(&end, Effect::NotSent(fault) if fault.why.contains("afmc/gone")), "{end:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_promotion_that_would_start_the_pipeline_with_its_traffic_stages_is_not_pushed() {
    let mut config = WorldConfig::default().with_stamps(1);
    config.pipeline.trigger = PipelineTrigger::Push;
    let live = Live::set(config.with_workflow(), 600.0);
    let (code, out, talk) = run(&live, &["propose", "--wait"]).await;
    assert_eq!(code, 0, "{out}\n{talk}");
    let (code, out, talk) = run(&live, &["promote", "--wait"]).await;
    assert_eq!(code, 4, "{out}\n{talk}");
    assert!(talk.contains("would start switch-traffic, destroy-previous"), "{out}\n{talk}");
    assert!(talk.contains("trigger: none"), "{out}\n{talk}");
    assert_eq!(released(&live), (0, 0), "neither pushed nor run");
    // Somebody has looked, and says so by name.
    let path = live.stage.folder.join("keyslot.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let accepting = "accept = [\"switch-traffic\", \"destroy-previous\"]\nbecause = \"the gates are manual\"\nkind = \"azure-devops\"";
    std::fs::write(&path, text.replace("kind = \"azure-devops\"", accepting)).unwrap();
    let (code, out, talk) = run(&live, &["promote", "--wait"]).await;
    assert_eq!(code, 0, "{out}\n{talk}");
    assert_eq!(released(&live), (1, 1), "pushed, and run by the push");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_nobody_can_tell_what_a_push_would_start_nothing_is_pushed_until_somebody_can() {
    let live = Live::set(WorldConfig::default().with_stamps(1).with_workflow(), 600.0);
    let token = live.stage.folder.join("tokens/azure-devops");
    let good = std::fs::read_to_string(&token).unwrap();
    std::fs::write(&token, "expired").unwrap();
    let branches = || {
        live.stage.simulation.world.with(|world| {
            let branches = world.repository().branches().keys();
            branches.filter(|name| name.as_str().starts_with("fix/")).count()
        })
    };
    let (code, out, talk) = run(&live, &["propose"]).await;
    assert_eq!((code, branches()), (4, 0), "{out}\n{talk}");
    for words in ["tell what this push would start in the release pipeline", "tokens/azure-devops"] {
        assert!(talk.contains(words), "{words}: {out}\n{talk}");
    }
    std::fs::write(&token, good).unwrap();
    let (code, out, talk) = run(&live, &["propose"]).await;
    assert_eq!((code, branches()), (0, 1), "{out}\n{talk}");
}

#[tokio::test]
async fn yaml_that_chooses_by_how_a_run_began_is_not_taken_at_a_previews_word() {
    let desk = Desk::new(WorldConfig::default(), 1.0);
    rewritten_at(&desk, YAML, |text| {
        let text = text.replace("trigger: none", "trigger: ['release/*']");
        format!("# ${{{{ if ne(variables['Build.Reason'], 'Manual') }}}}\n{text}")
    });
    let fault = refused(judged(&desk, &[], "Flip\n", None).await);
    assert!(fault.why.contains("chooses by how a run began") && fault.remedy.contains("`accept`"), "{fault}");
    assert_eq!(previews(&desk), 0);
}
