//! Pipelines, stages that would harm, and validations.

use super::*;

#[test]
fn stages_that_would_harm_must_be_skipped() {
    let pipeline = "environment.prod.release.pipeline";
    let skip = "skip = [\"switch_traffic\", \"destroy_previous\"]";
    refused(
        skip,
        "skip = [\"switch_traffic\"]",
        "name = \"destroy_previous\"",
        &format!("{pipeline}.stage[4].name"),
        &["destroys a release unit and would run", "add its name to skip"],
    );
    refused(
        "\"switch_traffic\", ",
        "\"swich_traffic\", ",
        "swich",
        &format!("{pipeline}.skip[1]"),
        &["did you mean “switch_traffic”?"],
    );
    refused(
        "[\"writes-vaults\"]",
        "[]",
        "pipeline.stage]]",
        &format!("{pipeline}.stage"),
        &["write the vaults"],
    );
    refused(
        "pipeline = 42\n",
        "",
        "[environment.prod.release.pipeline]",
        &format!("{pipeline}.pipeline"),
        &["kind = \"manual\""],
    );
}

#[test]
fn a_stage_that_would_harm_runs_only_when_a_person_accepts_it_by_name_and_says_why() {
    let skip = "skip = [\"switch_traffic\", \"destroy_previous\"]";
    let accept = |rest: &str| changed(skip, &format!("skip = [\"switch_traffic\"]\n{rest}"));
    let accepted = accept("accept = [\"destroy_previous\"]\nbecause = \"there is one unit\"");
    let settings = parse(&accepted).unwrap();
    let policy = file(settings).choose(None).unwrap().policy(None);
    assert_eq!(policy.accepted_stages, ["destroy_previous"]);
    for (rest, words) in [
        ("accept = [\"destroy_previous\"]", "nobody says why"),
        ("accept = [\"destroy_previous\"]\nbecause = \" \"", "nobody says why"),
        ("accept = [\"destroy_previos\"]\nbecause = \"x\"", "did you mean “destroy_previous”?"),
    ] {
        let error = parse(&accept(rest)).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
}

#[test]
fn a_workflow_needs_an_input_to_leave_jobs_out_and_none_where_the_push_starts_it() {
    let workflow = |rest: &str| {
        let actions = changed("kind = \"azure-devops\"", "kind = \"github-actions\"");
        let actions = actions.replace("pipeline = 42\n", "pipeline = \"release.yml\"\n");
        let skip = "skip = [\"switch_traffic\", \"destroy_previous\"]";
        actions.replace(skip, rest)
    };
    let skip = "skip = [\"switch_traffic\", \"destroy_previous\"]";
    let accept = "accept = [\"switch_traffic\", \"destroy_previous\"]\nbecause = \"one unit\"";
    let run_start =
        |text: &str| parse(text).map(|settings| file(settings).choose(None).unwrap().policy(None).run_start);
    assert_eq!(
        run_start(&workflow(&format!("{skip}\nskip_input = \"leave_out\""))).unwrap(),
        RunStart::Asked
    );
    assert_eq!(run_start(&workflow(&format!("{accept}\ntrigger = \"push\""))).unwrap(), RunStart::Push);
    for (rest, words) in [
        (skip.to_owned(), "the workflow needs an input"),
        (format!("{skip}\nskip_input = \"leave_out\"\ntrigger = \"push\""), "takes nothing from keyslot"),
        ("trigger = \"push\"".to_owned(), "moves traffic and would run"),
        (format!("{accept}\ntrigger = \"push\"\nparameters = {{ a = \"b\" }}"), "takes nothing from keyslot"),
    ] {
        let error = parse(&workflow(&rest)).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
    let azure = changed(skip, &format!("{skip}\nskip_input = \"leave_out\""));
    assert!(parse(&azure).unwrap_err().to_string().contains("is for GitHub Actions"));
}

#[test]
fn a_validation_is_named_with_where_it_is_started_and_started_only_where_that_is_said() {
    let of = |text: &str| {
        let policy = file(parse(text).unwrap()).choose(None).unwrap().policy(None);
        policy.pulls.validation.unwrap()
    };
    let said = of(EXAMPLE);
    assert_eq!((said.checks.as_slice(), said.start), (&["e2e-validation".to_owned()][..], false));
    assert_eq!(said.pipeline, "workflow e2e.yml");
    assert_eq!(said.page, "https://github.com/acme/mission-critical/actions/workflows/e2e.yml");
    assert!(of(&changed("start = false", "start = true")).start);
    assert!(!of(&changed("start = false\n", "")).start, "a run costs");
    let server = changed("api = \"https://api.github.com\"", "api = \"https://git.acme.example/api/v3\"");
    assert_eq!(of(&server).page, "https://git.acme.example/acme/mission-critical/actions/workflows/e2e.yml");
    let azure = "kind = \"azure-devops\"\norganization = \"acme\"\nproject = \"a b\"\npipeline = 43\n";
    let azure = changed("kind = \"github-actions\"\npipeline = \"e2e.yml\"\n", azure);
    assert_eq!(of(&azure).page, "https://dev.azure.com/acme/a%20b/_build?definitionId=43");
    assert_eq!(of(&azure).pipeline, "pipeline 43");
}

#[test]
fn a_validation_that_does_more_than_validate_or_that_nobody_waits_for_is_refused() {
    let (stage, table) = ("name = \"e2e\"\n", "environment.prod.release.validation");
    let acts = "name = \"e2e\"\neffects = [\"writes-vaults\"]\n";
    let at = format!("{table}.stage[1].name");
    refused(stage, acts, "name = \"e2e\"", &at, &["writes-vaults is more than a validation", "skip"]);
    let left_out = changed(stage, acts)
        .replace("start = false", "start = false\nskip = [\"e2e\"]\nskip_input = \"skip\"");
    assert!(parse(&left_out).is_ok(), "{:?}", parse(&left_out));
    let none = changed("validation = [\"e2e-validation\"]", "validation = []");
    let error = parse(&none).unwrap_err();
    assert!(error.key == table && error.to_string().contains("no check is named"), "{error}");
    let by_hand = changed("kind = \"github-actions\"\npipeline = \"e2e.yml\"\n", "kind = \"manual\"\n");
    assert!(parse(&by_hand).unwrap_err().to_string().contains("needs no words"));
}

#[test]
fn the_release_pipeline_is_no_validation_nor_is_one_with_its_stages() {
    let table = "environment.prod.release.validation";
    let e2e = "kind = \"github-actions\"\npipeline = \"e2e.yml\"\n";
    let azure = |project: &str, pipeline: &str| {
        let keys = "kind = \"azure-devops\"\norganization = \"Acme\"\n";
        parse(&changed(e2e, &format!("{keys}project = \"{project}\"\npipeline = {pipeline}\n")))
    };
    let guid = "0c5f2d6e-8f5e-4f6f-9d2b-6a1f8a4b7c21";
    for (project, pipeline) in [("Mission-Critical", "42"), (guid, "42")] {
        let error = azure(project, pipeline).unwrap_err();
        assert!(error.key == format!("{table}.pipeline"), "{error}");
        assert!(error.to_string().contains("release pipeline"), "{error}");
    }
    for (project, pipeline) in [("other", "42"), ("mission-critical", "43"), ("mission-critical", "'e2e'")] {
        assert!(azure(project, pipeline).is_ok(), "{project} {pipeline}");
    }
    let written = "organization = \"acme\"\nproject = \"mission-critical\"\n";
    let from = "kind = \"azure-devops\"\nurl = \"https://dev.azure.com\"\n".to_owned() + written;
    let numbered = "# The pipeline's number (the definitionId in its address) or its name.\npipeline = 42\n";
    let skip = "skip = [\"switch_traffic\", \"destroy_previous\"]\n";
    let workflow = |name: &str| {
        let text = changed(&from, "kind = \"github-actions\"\nskip_input = \"skip\"\n");
        let text = text.replace(numbered, &format!("pipeline = {name}\n"));
        assert!(text.contains(skip));
        parse(&text)
    };
    assert!(workflow("\"release.yml\"").is_ok(), "{:?}", workflow("\"release.yml\""));
    for same in ["\"e2e.yml\"", "\".github/workflows/e2e.yml\""] {
        let error = workflow(same).unwrap_err();
        assert!(error.to_string().contains("release pipeline"), "{error}");
    }
    for stage in ["deploy_releaseunit", "switch_traffic", "destroy_previous"] {
        let name = format!("name = \"{stage}\"");
        let at = format!("{table}.stage[1].name");
        refused("name = \"e2e\"\n", &format!("{name}\n"), &name, &at, &["release pipeline", "skip"]);
    }
    assert!(parse(&changed("name = \"e2e\"\n", "name = \"validate\"\n")).is_ok(), "that one does nothing");
}

#[test]
fn a_pipeline_is_known_by_number_or_name() {
    let url = |text: &str| {
        let settings = parse(text).unwrap();
        let pipeline = &settings.environments[&"prod".into()].release.pipeline;
        (pipeline.pipeline.clone(), pipeline.organization_url().unwrap().to_string())
    };
    let organization = "https://dev.azure.com/acme".to_owned();
    assert_eq!(url(EXAMPLE), (Some(PipelineName::Number(42)), organization.clone()));
    let named = changed("pipeline = 42", "pipeline = 'release\\prod'");
    assert_eq!(url(&named), (Some(PipelineName::Name("release\\prod".to_owned())), organization));
    let to = "pipeline = true";
    refused(
        "pipeline = 42",
        to,
        to,
        "environment.prod.release.pipeline.pipeline",
        &["its number or its name"],
    );
}

#[test]
fn pull_requests_are_merged_by_people_and_told_unless_it_is_said_otherwise() {
    let bare = changed("merge = \"people\"\nmerge_method = \"squash\"\n", "").replace("board = true\n", "");
    let pulls = file(parse(&bare).unwrap()).choose(None).unwrap().policy(None).pulls;
    assert_eq!((pulls.merging, pulls.method, pulls.board), (Merging::People, MergeMethod::Merge, true));
    assert_eq!(pulls.dress.labels, ["key-rotation"]);
    let other = changed("merge = \"people\"", "merge = \"keyslot\"").replace("board = true", "board = false");
    let pulls = file(parse(&other).unwrap()).choose(None).unwrap().policy(None).pulls;
    assert_eq!((pulls.merging, pulls.method, pulls.board), (Merging::Keyslot, MergeMethod::Squash, false));
    assert_eq!(pulls.dress.teams, ["platform-owners"]);
}
