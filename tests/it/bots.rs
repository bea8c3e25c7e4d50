//! The README's jobs for CI: they are YAML, what they run exists, and exit codes mean there what they mean here.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;

/// What variables of the scripts stand for.
const VARIABLES: [(&str, &str); 3] = [("$TERRAFORM", "."), ("$MAX_AGE", "60d"), ("$ROTATION", "r-1")];

/// Keys whose values are scripts.
const SCRIPTS: [&str; 4] = ["run", "bash", "script", "inlineScript"];

fn blocks() -> Vec<(String, Value)> {
    let readme = include_str!("../../README.md");
    let blocks = readme.split("```yaml\n").skip(1).map(|rest| rest.split("\n```").next().unwrap());
    blocks
        .map(|text| {
            let value = serde_saphyr::from_str(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
            (text.to_owned(), value)
        })
        .collect()
}

struct Script {
    text: String,
    /// The variables that its step sets.
    variables: BTreeSet<String>,
    /// The environment that holds its job.
    environment: Option<String>,
}

fn scripts() -> Vec<Script> {
    let mut found = Vec::new();
    for (_, block) in blocks() {
        collect(&block, None, &BTreeSet::new(), &mut found);
    }
    found
}

fn collect(value: &Value, environment: Option<&str>, variables: &BTreeSet<String>, found: &mut Vec<Script>) {
    match value {
        Value::Array(entries) => {
            entries.iter().for_each(|entry| collect(entry, environment, variables, found))
        }
        Value::Object(members) => {
            let environment = members.get("environment").and_then(Value::as_str).or(environment);
            let own = members.get("env").and_then(Value::as_object);
            let own: BTreeSet<String> = own.into_iter().flat_map(|env| env.keys().cloned()).collect();
            let variables: BTreeSet<String> = variables.union(&own).cloned().collect();
            for (key, value) in members {
                match value.as_str().filter(|_| SCRIPTS.contains(&key.as_str())) {
                    Some(text) => found.push(Script {
                        text: text.to_owned(),
                        variables: variables.clone(),
                        environment: environment.map(str::to_owned),
                    }),
                    None => collect(value, environment, &variables, found),
                }
            }
        }
        _ => {}
    }
}

/// The words of each line that runs keyslot, up to where the shell goes on.
fn lines(script: &Script) -> Vec<Vec<String>> {
    let runs = script.text.lines().map(str::trim).filter(|line| line.contains("keyslot "));
    runs.map(|line| {
        assert!(line.starts_with("keyslot "), "a line that is not understood: {line}");
        let words = line.split_whitespace().take_while(|word| !["||", "|", ">", "&&", ";"].contains(word));
        words.map(|word| filled(word, script)).collect()
    })
    .collect()
}

fn filled(word: &str, script: &Script) -> String {
    let bare = word.trim_matches('"');
    let Some(name) = bare.strip_prefix('$') else { return bare.to_owned() };
    assert!(script.variables.contains(name), "{name} is not set for\n{}", script.text);
    let known = VARIABLES.iter().find(|(variable, _)| *variable == bare);
    known.unwrap_or_else(|| panic!("{bare} is not known to this test")).1.to_owned()
}

#[test]
fn the_jobs_of_the_readme_are_yaml_and_every_command_in_them_exists() {
    assert_eq!(blocks().len(), 4, "a workflow and a template, each with who calls it");
    let mut run = BTreeSet::new();
    for script in scripts() {
        for line in lines(&script) {
            let parsed = keyslot::cli::command_line().try_get_matches_from(&line);
            parsed.unwrap_or_else(|error| panic!("{}: {error}", line.join(" ")));
            run.insert(line.join(" "));
        }
    }
    let expected = [
        "keyslot advance",
        "keyslot advance --approve r-1",
        "keyslot check --max-age 60d",
        "keyslot check --max-age 60d --output github",
        "keyslot check . --output sarif",
    ];
    assert_eq!(run.iter().map(String::as_str).collect::<Vec<_>>(), expected);
}

#[test]
fn an_approval_is_given_only_where_an_environment_holds_the_job() {
    let approving: Vec<Script> =
        scripts().into_iter().filter(|script| script.text.contains("--approve")).collect();
    assert_eq!(approving.len(), 2, "one on each side");
    for script in approving {
        assert_eq!(script.environment.as_deref(), Some("keyslot-regenerate"), "{}", script.text);
    }
    let mut passed_on = 0;
    for (text, block) in blocks().into_iter().filter(|(_, block)| block.get("on").is_some()) {
        // A schedule has no inputs; only a run that a person starts may carry the rotation's id.
        let approve = block["jobs"]["advance"]["with"]["approve"].as_str();
        if let Some(approve) = approve {
            passed_on += 1;
            assert!(approve.starts_with("${{ github.event_name == 'workflow_dispatch' && "), "{text}");
        }
    }
    assert_eq!(passed_on, 1, "a person can approve by the one workflow that calls");
}

#[test]
fn waiting_is_no_failure_of_a_turn_and_everything_else_is() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("keyslot");
    crate::tool::program(&program, "#!/bin/sh\nexit $CODE\n");
    let path = format!("{}:{}", folder.path().display(), std::env::var("PATH").unwrap());
    let turns: Vec<Script> =
        scripts().into_iter().filter(|script| script.text.contains("keyslot advance")).collect();
    assert_eq!(turns.len(), 4);
    for script in turns {
        for (code, expected) in [(0, 0), (1, 1), (2, 2), (3, 0), (4, 4), (5, 5), (70, 70)] {
            let mut bash = Command::new("bash");
            bash.args(["-e", "-c", &script.text]).env("PATH", &path).env("CODE", code.to_string());
            let ended = bash.env("ROTATION", "r-1").output().unwrap();
            assert_eq!(ended.status.code(), Some(expected), "{code}: {}", script.text);
        }
    }
}

/// The report is uploaded where there is one, findings or not; where nothing could be checked there is none to upload.
#[test]
fn findings_are_uploaded_and_fail_the_job_and_no_empty_report_is_uploaded() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("keyslot");
    crate::tool::program(&program, "#!/bin/sh\n[ \"$CODE\" = 2 ] || echo '{}'\nexit $CODE\n");
    let path = format!("{}:{}", folder.path().display(), std::env::var("PATH").unwrap());
    let checks: Vec<Script> = scripts().into_iter().filter(|script| script.text.contains("sarif")).collect();
    assert_eq!(checks.len(), 2);
    for script in checks {
        for (code, has_report) in [(0, true), (1, true), (2, false)] {
            let outputs = folder.path().join(format!("outputs-{code}"));
            std::fs::write(&outputs, "").unwrap();
            let mut bash = Command::new("bash");
            bash.args(["-e", "-c", &script.text]).current_dir(folder.path()).env("PATH", &path);
            bash.env("CODE", code.to_string()).env("TERRAFORM", ".").env("GITHUB_OUTPUT", &outputs);
            let ended = bash.env("BUILD_ARTIFACTSTAGINGDIRECTORY", folder.path()).output().unwrap();
            assert_eq!(ended.status.code(), Some(code), "{}", script.text);
            let told = [ended.stdout, std::fs::read(&outputs).unwrap()].concat();
            let told = String::from_utf8(told).unwrap();
            let says = told.contains("report=yes") || told.contains("variable=report]yes");
            assert_eq!(says, has_report, "{code}: {told}");
            std::fs::remove_file(&outputs).unwrap();
        }
    }
    let uploads: Vec<String> =
        blocks().into_iter().map(|(text, _)| text).filter(|text| text.contains("report=yes")).collect();
    assert_eq!(uploads.len(), 1);
    assert!(uploads[0].contains("if: (success() || failure()) && steps.check.outputs.report == 'yes'"));
}

/// An action or task, the inputs that are given to it, and the rights of the job's token that it wants.
type Used = (&'static str, &'static [&'static str], &'static [(&'static str, &'static str)]);

/// As the actions and tasks are published.
const USED: [Used; 5] = [
    ("actions/checkout@v6", &["fetch-depth"], &[("contents", "read")]),
    (
        "github/codeql-action/upload-sarif@v4",
        &["sarif_file", "category"],
        &[("security-events", "write"), ("contents", "read"), ("actions", "read")],
    ),
    ("azure/login@v3", &["client-id", "tenant-id", "subscription-id"], &[("id-token", "write")]),
    ("PublishBuildArtifacts@1", &["PathtoPublish", "ArtifactName"], &[]),
    ("AzureCLI@2", &["azureSubscription", "scriptType", "scriptLocation", "inlineScript"], &[]),
];

/// Every step of a kind, with the permissions of its job.
fn uses<'b>(value: &'b Value, permissions: &'b Value, found: &mut Vec<(&'b str, &'b Value, &'b Value)>) {
    match value {
        Value::Array(entries) => entries.iter().for_each(|entry| uses(entry, permissions, found)),
        Value::Object(members) => {
            let permissions = members.get("permissions").unwrap_or(permissions);
            let name = members.get("uses").or(members.get("task")).and_then(Value::as_str);
            if let Some(name) = name.filter(|name| !name.starts_with("./")) {
                let inputs = members.get("with").or(members.get("inputs")).unwrap_or(&Value::Null);
                found.push((name, inputs, permissions));
            }
            members.values().for_each(|member| uses(member, permissions, found));
        }
        _ => {}
    }
}

#[test]
fn actions_and_tasks_get_inputs_that_they_have_and_the_rights_that_they_want() {
    let blocks = blocks();
    let mut found = Vec::new();
    blocks.iter().for_each(|(_, block)| uses(block, &Value::Null, &mut found));
    let mut seen = BTreeSet::new();
    for (name, inputs, permissions) in found {
        let (_, known, wanted) =
            USED.iter().find(|(used, ..)| *used == name).unwrap_or_else(|| panic!("{name}"));
        seen.insert(name);
        for input in inputs.as_object().into_iter().flat_map(|inputs| inputs.keys()) {
            assert!(known.contains(&input.as_str()), "{name} has no input {input}");
        }
        for (scope, level) in *wanted {
            assert_eq!(permissions[scope].as_str(), Some(*level), "{name}: {scope}");
        }
    }
    assert_eq!(seen.len(), USED.len(), "{seen:?}");
    // A called workflow gets no more than its caller has.
    let named =
        |key: &str| blocks.iter().find(|(_, block)| block.get("on").is_some_and(|on| on.get(key).is_some()));
    let (called, caller) = (&named("workflow_call").unwrap().1, &named("schedule").unwrap().1);
    for (job, of) in called["jobs"].as_object().unwrap() {
        for (scope, level) in of["permissions"].as_object().unwrap() {
            assert_eq!(caller["permissions"][scope], *level, "{job} wants {scope}, and its caller may not");
        }
    }
}

/// What `check` has found is uploaded also where it ends with 1, and what compares with another branch has that branch.
#[test]
fn a_failed_check_still_uploads_and_what_compares_has_the_history_for_it() {
    let readme = include_str!("../../README.md");
    assert!(readme.contains("`check --against origin/main` needs what it compares with: `fetch-depth: 0`"));
    let mut uploads = 0;
    for (text, block) in blocks() {
        let compares = text.contains("--against");
        let whole = text.contains("fetch-depth: 0") || text.contains("fetchDepth: 0");
        assert!(!compares || whole, "one commit alone cannot be compared:\n{text}");
        let mut steps = Vec::new();
        collect_steps(&block, &mut steps);
        for step in steps {
            let condition = match (step["uses"].as_str(), step["task"].as_str()) {
                (Some(name), _) if name.contains("upload-sarif") => {
                    (step["if"].as_str(), "(success() || failure()) && steps.check.outputs.report == 'yes'")
                }
                (_, Some("PublishBuildArtifacts@1")) => {
                    (step["condition"].as_str(), "and(succeededOrFailed(), eq(variables['report'], 'yes'))")
                }
                _ => continue,
            };
            uploads += 1;
            assert_eq!(condition.0, Some(condition.1));
        }
    }
    assert_eq!(uploads, 2, "one on each side");
}

fn collect_steps(value: &Value, found: &mut Vec<Value>) {
    match value {
        Value::Array(entries) => entries.iter().for_each(|entry| collect_steps(entry, found)),
        Value::Object(members) => {
            if let Some(Value::Array(steps)) = members.get("steps") {
                found.extend(steps.iter().cloned());
            }
            members.values().for_each(|member| collect_steps(member, found));
        }
        _ => {}
    }
}
