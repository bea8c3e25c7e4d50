use std::collections::BTreeMap;
use std::sync::Arc;

use super::*;
use crate::adapters::token::FixedToken;
use crate::model::StageEffect;

const FILE: &str = "\
name: release
on:
  workflow_dispatch:
    inputs:
      skip: { type: string, default: '' }
  push: { branches: [main] }
jobs:
  infra:
    runs-on: ubuntu-latest
    steps: [{ run: terraform apply }]
  move:
    name: traffic
    needs: infra
    if: ${{ !contains(inputs.skip, 'traffic') }}
    uses: ./.github/workflows/traffic.yml
  deploy:
    name: deploy (${{ matrix.region }})
    strategy: { matrix: { region: [eastus2, northeurope] } }
    runs-on: ubuntu-latest
";

fn settings() -> ActionsSettings {
    let declared = [
        ("infra", vec![StageEffect::WritesVaults]),
        ("traffic", vec![StageEffect::SwitchesTraffic]),
        ("deploy", vec![StageEffect::RollsPods]),
    ];
    ActionsSettings {
        api: "https://api.github.com".parse().unwrap(),
        owner: "acme".to_owned(),
        repository: "app".to_owned(),
        workflow: "release.yml".to_owned(),
        token: Arc::new(FixedToken::new("t".to_owned())),
        stages: declared.map(|(name, effects)| (name.to_owned(), effects)).to_vec(),
        validates: false,
        release: None,
        environments: Vec::new(),
        accepted: Vec::new(),
        skip_input: Some("skip".to_owned()),
        inputs: BTreeMap::new(),
        dispatches: true,
        look_back: 400,
    }
}

fn why(file: &str, settings: &ActionsSettings, skip: &[&str]) -> String {
    let skip: Vec<String> = skip.iter().map(|name| (*name).to_owned()).collect();
    let judged = Workflow::parse(file).and_then(|workflow| {
        workflow.judged(settings, &BTreeSet::from(["skip"]), &skip).map_err(|(why, _)| why)
    });
    judged.err().unwrap_or_default()
}

#[test]
fn a_workflow_whose_jobs_are_all_answered_for_may_run() {
    assert_eq!(why(FILE, &settings(), &["traffic"]), "");
    let accepting = ActionsSettings { accepted: vec!["traffic".to_owned()], ..settings() };
    assert_eq!(why(&FILE.replace("inputs.skip", "true"), &accepting, &[]), "");
    assert_eq!(why(&FILE.replace("on:", "\"on\":"), &settings(), &["traffic"]), "");
}

#[test]
fn a_job_that_nobody_declared_and_one_that_nobody_can_name_hold() {
    let more = format!("{FILE}  destroy-previous:\n    runs-on: ubuntu-latest\n");
    assert!(why(&more, &settings(), &["traffic"]).contains("not declared: destroy-previous"));
    let nameless = FILE.replace("name: traffic", "name: ${{ inputs.what }}");
    assert!(why(&nameless, &settings(), &["traffic"]).contains("move are called"));
}

#[test]
fn a_dangerous_job_is_left_out_by_its_name_in_the_input_and_nothing_less() {
    let with = |condition: &str| {
        FILE.replace("    if: ${{ !contains(inputs.skip, 'traffic') }}", &format!("    if: {condition}"))
    };
    let form = "`!contains(inputs.skip, 'traffic')`";
    for deaf in [
        "${{ !contains(inputs.skipped, 'traffic') }}",
        "${{ !contains(inputs.skip-all, 'traffic') }}",
        "${{ !contains(github.ref, 'traffic') }}",
        // It looks at the input, and runs all the same.
        "${{ contains(inputs.skip, 'traffic') }}",
        "${{ !contains(inputs.skip, 'traf_fic') }}",
        "${{ !contains(inputs.skip, 'traffic,') }}",
        "${{ !contains('traffic', inputs.skip) }}",
        "${{ !contains(inputs.skip, 'traffic') || github.ref == 'refs/heads/main' }}",
        "${{ !contains(inputs.skip, 'traffic') == false }}",
        "${{ !(contains(inputs.skip, 'traffic') && always()) }}",
        "${{ !!contains(inputs.skip, 'traffic') }}",
        "${{ '!contains(inputs.skip, ''traffic'')' }}",
        "${{ contains(format(',{0},', inputs.skip), ',traffic,') }}",
        "${{ !contains(format(',{0},', inputs.skip), 'traf') }}",
        "${{ !contains(format('{0}', inputs.skip), 'traffic') }}",
        "${{ !contains(toJSON(inputs), 'traffic') }}",
        // Text beside an expression is a text, and no text is false.
        "${{ !contains(inputs.skip, 'traffic') }} && true",
        "\"${{ true }} && ${{ !contains(inputs.skip, 'traffic') }}\"",
        "true\n    env: { A: \"${{ !contains(inputs.skip, 'traffic') }}\" }",
    ] {
        let told = why(&with(deaf), &settings(), &["traffic"]);
        assert!(told.contains("traffic is to be left out") && told.contains(form), "{deaf}: {told}");
    }
    for heard in [
        "${{ ! Contains( github.event.inputs.SKIP , 'Traffic' ) }}",
        "\"!contains(inputs['skip'], 'traffic')\"",
        "${{ !cancelled() && (!contains(inputs.skip, 'traffic')) && (github.ref == 'a' || always()) }}",
        "${{ (github.ref != 'a && b' && !(contains(inputs.skip, 'traffic'))) }}",
        "${{ !contains(format(',{0},', inputs.skip), ',traffic,') }}",
    ] {
        assert_eq!(why(&with(heard), &settings(), &["traffic"]), "", "{heard}");
    }
}

#[test]
fn a_name_that_is_part_of_another_takes_no_job_along() {
    let plain =
        FILE.replace("    strategy:", "    if: ${{ !contains(inputs.skip, 'deploy') }}\n    strategy:");
    let longer = |file: &str| {
        file.replace("'traffic'", "'deploy-traffic'").replace("name: traffic", "name: deploy-traffic")
    };
    let mut told = settings();
    told.stages[1].0 = "deploy-traffic".to_owned();
    let said = why(&longer(&plain), &told, &["deploy-traffic"]);
    assert!(said.contains("deploy would be left out") && said.contains("deploy-traffic"), "{said}");
    assert_eq!(why(&longer(&plain), &told, &["deploy-traffic", "deploy"]), "");
    let whole = plain.replace("(inputs.skip, 'deploy')", "(format(',{0},', inputs.skip), ',deploy,')");
    assert_eq!(why(&longer(&whole), &told, &["deploy-traffic"]), "");
    assert_eq!(why(&plain, &settings(), &["traffic"]), "");
}

#[test]
fn of_a_validation_whatever_does_anything_must_ask_whether_it_is_left_out() {
    let validation = ActionsSettings { validates: true, ..settings() };
    let told = why(FILE, &validation, &["infra", "traffic", "deploy"]);
    assert!(told.contains("deploy, infra is to be left out"), "{told}");
    let quiet = ("lint".to_owned(), Vec::new());
    let validation = ActionsSettings { stages: vec![quiet], ..validation };
    let lint =
        "on: { workflow_dispatch: { inputs: { skip: {} } } }\njobs:\n  lint:\n    runs-on: ubuntu-latest\n";
    assert_eq!(why(lint, &validation, &[]), "");
}

#[test]
fn a_job_goes_where_the_job_goes_that_it_needs() {
    let indirect = FILE.replace("    if: ${{ !contains(inputs.skip, 'traffic') }}\n", "");
    let indirect =
        indirect.replace("steps: [{ run: terraform apply }]", "if: ${{ !contains(inputs.skip, 'infra') }}");
    assert_eq!(why(&indirect, &settings(), &["traffic", "infra"]), "");
    assert!(why(&indirect, &settings(), &["traffic"]).contains("traffic is to be left out"), "infra runs");
    for goes_on in ["always()", "!cancelled()", "failure()", "always ()", "success() || true"] {
        let file = indirect
            .replace("    needs: infra\n", &format!("    needs: infra\n    if: ${{{{ {goes_on} }}}}\n"));
        assert!(
            why(&file, &settings(), &["traffic", "infra"]).contains("traffic is to be left out"),
            "{file}"
        );
    }
}

#[test]
fn an_input_that_the_workflow_does_not_have_and_a_workflow_that_nobody_can_ask_for_hold() {
    let other = FILE.replace("skip: { type", "leave_out: { type");
    assert!(why(&other, &settings(), &["traffic"]).contains("no input skip"));
    for on in ["on: push", "on: [push, pull_request]", "on: { push: { branches: [main] } }"] {
        let jobs = &FILE[FILE.find("jobs:").unwrap()..];
        assert!(why(&format!("{on}\n{jobs}"), &settings(), &[]).contains("no `workflow_dispatch`"), "{on}");
    }
    for on in ["on: workflow_dispatch", "on: [push, workflow_dispatch]", "on: { workflow_dispatch: }"] {
        let jobs = &FILE[FILE.find("jobs:").unwrap()..];
        assert!(why(&format!("{on}\n{jobs}"), &settings(), &[]).contains("no input skip"), "{on}");
    }
}

#[test]
fn what_a_push_starts_is_declared_and_what_is_dangerous_in_it_accepted() {
    let jobs = &FILE[FILE.find("jobs:").unwrap()..];
    let file = format!("on: {{ push: {{ branches: [main] }} }}\n{jobs}");
    let why = |file: &str, settings: &ActionsSettings| {
        let judged = Workflow::parse(file)
            .and_then(|workflow| workflow.judged_as_set_off(settings, "the push").map_err(|(why, _)| why));
        judged.err().unwrap_or_default()
    };
    assert!(why(&file, &settings()).contains("would start traffic"), "{}", why(&file, &settings()));
    let accepting = ActionsSettings { accepted: vec!["traffic".to_owned()], ..settings() };
    assert_eq!(why(&file, &accepting), "");
    let more = format!("{file}  destroy-previous:\n    runs-on: ubuntu-latest\n");
    assert!(why(&more, &accepting).contains("not declared: destroy-previous"));
}

#[test]
fn what_is_no_workflow_holds() {
    assert!(why("jobs: [", &settings(), &[]).contains("no YAML"));
    assert!(why("on: workflow_dispatch\n", &settings(), &[]).contains("no jobs"));
    assert!(why("", &settings(), &[]).contains("no "));
}
