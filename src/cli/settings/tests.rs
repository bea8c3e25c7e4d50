//! The annotated example, and what is said of it when one line is wrong.

mod loopback;

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use super::*;
use crate::journal::StorePlace;
use crate::model::{FlipBack, MergeMethod, Merging, Promotion, Route, RunStart, SharedStore, WorkloadName};

const EXAMPLE: &str = include_str!("../../../fixtures/keyslot.example.toml");

fn parse(text: &str) -> Result<Settings, SettingsError> {
    Settings::parse(text, Path::new("/acme/keyslot.toml"))
}

fn file(settings: Settings) -> SettingsFile {
    SettingsFile { path: "/acme/keyslot.toml".into(), settings }
}

fn example() -> SettingsFile {
    file(parse(EXAMPLE).unwrap())
}

/// The example with one text replaced; the text must be there once.
fn changed(from: &str, to: &str) -> String {
    assert_eq!(EXAMPLE.matches(from).count(), 1, "{from}");
    EXAMPLE.replace(from, to)
}

/// Checks what is said after a change: the place's line has `line` in it, the key's name, and words.
#[track_caller]
fn refused(from: &str, to: &str, line: &str, key: &str, words: &[&str]) {
    let text = changed(from, to);
    let error = parse(&text).err().unwrap_or_else(|| panic!("{to} was accepted"));
    let (number, _) = error.at.unwrap_or_else(|| panic!("no place: {error}"));
    assert!(text.lines().nth(number - 1).is_some_and(|found| found.contains(line)), "{line}: {error}");
    assert_eq!(error.key, key, "{error}");
    for word in words {
        assert!(error.to_string().contains(word), "{word}: {error}");
    }
}

#[test]
fn the_annotated_example_is_read() {
    let settings = example();
    let chosen = settings.choose(None).unwrap();
    assert_eq!(chosen.name.as_str(), "prod");
    assert_eq!(chosen.environment.account.id().name, "acme-global-cosmos");
    assert_eq!(chosen.environment.stamps.len(), 2);
    assert!(chosen.environment.release.is_candidate("release/2021.7.4"));
    assert_eq!(chosen.environment.release.promote, Promotion::Push);
    assert_eq!(chosen.cache(), Path::new("/acme/.keyslot/cache/prod"));
    let journal = chosen.journal().unwrap().to_string();
    assert_eq!(journal, "abfss://keyslot@acmestate.dfs.core.windows.net/journals/prod/journal");
}

#[test]
fn the_smallest_file_is_read_and_has_nothing_to_spare() {
    let text = include_str!("../../../fixtures/keyslot.smallest.toml");
    let path = Path::new("/acme/keyslot.toml");
    let settings = Settings::parse(text, path).unwrap();
    let file = SettingsFile { path: path.to_owned(), settings };
    let chosen = file.choose(None).unwrap();
    assert_eq!(chosen.journal().unwrap().to_string(), "/acme/.keyslot/prod/journal");
    for line in text.lines().filter(|line| line.contains(" = ")) {
        let without = text.replace(&format!("{line}\n"), "");
        assert!(Settings::parse(&without, path).is_err(), "it does without {line}");
    }
}

#[test]
fn the_keys_that_a_table_lacks_are_told_all_at_once() {
    let text = include_str!("../../../fixtures/keyslot.smallest.toml");
    let lacks = |from: &str, to: &str| {
        assert!(text.contains(from), "{from}");
        let text = text.replace(from, to);
        Settings::parse(&text, Path::new("keyslot.toml")).unwrap_err()
    };
    let error = lacks(
        "subscription = \"0b1f6471-1bf0-4dda-aec3-cb9272f09590\"\nresource_group = \"rg-acme-global\"\n",
        "",
    );
    assert_eq!(error.what, "the keys subscription, resource_group are missing");
    assert_eq!(
        error.remedies,
        ["add environment.prod.account.subscription, environment.prod.account.resource_group"]
    );
    let error = lacks("[environment.prod.terraform]\n", "");
    assert_eq!(error.what, "the key terraform is missing");
    let bare = Settings::parse("version = 1\n[environment.prod]\n", Path::new("keyslot.toml")).unwrap_err();
    let all = "the keys account, terraform, secret, release, workloads are missing";
    assert_eq!((bare.what.as_str(), bare.key.as_str()), (all, "environment.prod"));
    let below = "version = 1\n[environment.prod.policy.ages]\nregenerate = \"5m\"\n";
    let below = Settings::parse(below, Path::new("keyslot.toml")).unwrap_err();
    assert_eq!(
        (below.what.as_str(), below.key.as_str()),
        (all, "environment.prod"),
        "no table is written out"
    );
    // The lists say what the types do: the smallest file has nothing to spare, and lacks them all at once.
    for (table, keys) in read::NEEDED {
        let mut whole: toml::Table = text.parse().unwrap();
        let path = ["environment", "prod"].iter().chain(table);
        let below = path.fold(&mut whole, |at, name| at.get_mut(*name).unwrap().as_table_mut().unwrap());
        let has: BTreeSet<&str> = below.keys().map(String::as_str).filter(|key| *key != "stamp").collect();
        assert_eq!(has, keys.iter().copied().collect());
        keys.iter().for_each(|key| drop(below.remove(*key)));
        let error = Settings::parse(&whole.to_string(), Path::new("keyslot.toml")).unwrap_err();
        assert!(keys.iter().all(|key| error.what.contains(key)), "{table:?}: {}", error.what);
    }
}

#[test]
fn a_value_of_another_type_says_how_it_is_written() {
    for (text, key, remedy) in [
        (
            "version = 1\n[check]\nmirrors = \"infra:locals.x\"\n",
            "check.mirrors",
            "write a list: mirrors = [\"…\"]",
        ),
        ("version = 1\ncache = 5\n", "cache", "write"),
        ("version = 1\ncheck = 5\n", "check", "write a table: [check]"),
    ] {
        let error = parse(text).unwrap_err();
        assert_eq!(error.key, key, "{error}");
        assert!(error.to_string().contains(remedy), "{error}");
        assert!(!error.to_string().contains("infra"), "the value is not repeated: {error}");
    }
}

#[test]
fn the_policy_of_the_example_is_what_the_core_gets() {
    let settings = example();
    let policy = settings.choose(Some("prod")).unwrap().policy(None);
    assert_eq!(policy.route, Route::Hotfix);
    assert_eq!(policy.base_branch.as_str(), "main");
    assert_eq!(policy.skip_stages, ["switch_traffic", "destroy_previous"]);
    assert_eq!(policy.workloads[0], WorkloadName::new("workload", "catalogservice-deploy"));
    assert_eq!(policy.quiet_window, Duration::from_secs(3600));
    assert_eq!(policy.max_target_age, Some(Duration::from_secs(90 * 86_400)));
    assert_eq!(policy.store, SharedStore::Shared);
    assert!(policy.stamps.iter().all(|stamp| stamp.live_traffic && stamp.unit == "prod-a7c1"));
    assert_eq!(policy.flip_back, FlipBack::No);
    let typed = settings.choose(None).unwrap().policy(Some(FlipBack::Deploy));
    assert_eq!(typed.flip_back, FlipBack::Deploy);
}

#[test]
fn the_example_says_what_the_defaults_are() {
    let said = example().settings;
    let environment = &said.environments[&"prod".into()];
    let policy = PolicySettings { max_target_age: None, ..environment.policy.clone() };
    assert_eq!(policy, PolicySettings::default());
    assert_eq!(said.endpoints, Endpoints::default());
}

#[test]
fn what_is_written_is_what_is_read() {
    let mut settings = example().settings;
    assert_eq!(parse(&settings.to_toml().unwrap()), Ok(settings.clone()));
    loopback::on_loopback(&mut settings);
    assert_eq!(parse(&settings.to_toml().unwrap()), Ok(settings));
}

#[test]
fn an_unknown_key_is_refused_with_the_nearest_known_one() {
    let account = "[environment.prod.account]";
    refused(
        account,
        "[environment.prod.acount]",
        "acount",
        "environment.prod.acount",
        &["no such key", "did you mean “account”?"],
    );
    refused(
        "quiet_window",
        "quiet_windw",
        "quiet_windw",
        "environment.prod.policy.quiet_windw",
        &["did you mean “quiet_window”?"],
    );
    refused(
        "organization = \"acme\"",
        "colour = 1",
        "colour",
        "environment.prod.release.pipeline.colour",
        &["the keys here are kind, url, organization"],
    );
    refused(
        "probe = { database",
        "probe = { databse",
        "databse",
        "environment.prod.account.probe.databse",
        &["did you mean “database”?"],
    );
    refused(
        "unit = \"prod-a7c1\"\n# The",
        "unti = \"x\"\n# The",
        "unti",
        "environment.prod.stamp[1].unti",
        &["did you mean “unit”?"],
    );
}

#[test]
fn every_table_refuses_a_key_that_it_does_not_know() {
    let headers: Vec<&str> = EXAMPLE.lines().filter(|line| line.starts_with("[")).collect();
    assert!(headers.len() > 10, "{headers:?}");
    for (number, line) in EXAMPLE.lines().enumerate().filter(|(_, line)| line.starts_with("[")) {
        let mut lines: Vec<&str> = EXAMPLE.lines().collect();
        lines.insert(number + 1, "zzzz = 1");
        let error = parse(&lines.join("\n")).err().unwrap_or_else(|| panic!("{line} takes zzzz"));
        assert_eq!(error.at, Some((number + 2, 1)), "{line}: {error}");
        assert!(error.what.contains("no such key") && error.key.ends_with(".zzzz"), "{line}: {error}");
    }
}

#[test]
fn the_place_is_line_and_column_in_characters() {
    let text = "version = 1\n[environment.\"é\"]\naccount = { \"é\" = 1 }\n";
    let error = parse(text).unwrap_err();
    assert_eq!(error.place(), "/acme/keyslot.toml:3:13", "{error}");
}

#[test]
fn an_unknown_value_is_refused_with_the_nearest_known_one() {
    refused(
        "route = \"hotfix\"",
        "route = \"hotfx\"",
        "hotfx",
        "environment.prod.release.route",
        &["“hotfx” is none of the values", "did you mean “hotfix”?"],
    );
    refused(
        "[\"destroys\"]",
        "[\"explodes\"]",
        "explodes",
        "environment.prod.release.pipeline.stage[4].effects[1]",
        &["it is one of writes-vaults, rolls-pods, switches-traffic, destroys"],
    );
}

#[test]
fn a_file_without_environments_is_enough_for_what_needs_none() {
    let settings = file(parse("version = 1\n").unwrap());
    let error = settings.choose(None).unwrap_err();
    assert!(error.to_string().contains("there is no environment"), "{error}");
}

#[test]
fn a_missing_key_is_named() {
    let error = parse(&changed("subscription = \"0b1f6471-1bf0-4dda-aec3-cb9272f09590\"\n", "")).unwrap_err();
    assert!(error.to_string().contains("the key subscription is missing"), "{error}");
    assert!(error.to_string().contains("add environment.prod.account.subscription"), "{error}");
}

#[test]
fn a_wrong_duration_is_shown_with_how_to_write_it() {
    refused(
        "soak = \"10m\"",
        "soak = \"10 minutes\"",
        "10 minutes",
        "environment.prod.policy.soak",
        &["“10 minutes” is no duration", "\"1h30m\""],
    );
    refused(
        "pods = \"15s\"",
        "pods = \"0s\"",
        "pods = ",
        "environment.prod.policy.pace.pods",
        &["one second"],
    );
}

#[test]
fn a_token_in_the_file_is_refused_and_not_repeated() {
    for literal in
        ["\"ghp_secret\"", "{ env = \"ghp_secret\" }", "{ value = \"ghp_secret\" }", "[\"ghp_secret\"]"]
    {
        let text = changed("token = { env = \"AZURE_DEVOPS_TOKEN\" }", &format!("token = {literal}"));
        let error = parse(&text).unwrap_err();
        assert_eq!(error.key.trim_end_matches(".env"), "environment.prod.release.pipeline.token", "{error}");
        assert!(!error.to_string().contains("ghp_secret"), "{error}");
    }
}

#[test]
fn a_token_comes_from_its_place_or_the_place_is_named() {
    use secrecy::ExposeSecret as _;
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("token"), " from-file\n").unwrap();
    let file = SettingsFile { path: dir.path().join(FILE_NAME), settings: example().settings };
    let chosen = file.choose(None).unwrap();
    let variable = |name: &str| (name == "SET").then(|| "from-env".to_owned());
    let token = |place: TokenPlace| {
        chosen
            .secret_at(&place, "the token", variable)
            .map(|token| token.expose_secret().to_owned())
            .map_err(|error| error.to_string())
    };
    assert_eq!(token(TokenPlace::env("SET")), Ok("from-env".to_owned()));
    assert_eq!(token(TokenPlace::File("token".into())), Ok("from-file".to_owned()));
    let unset = token(TokenPlace::env("UNSET")).unwrap_err();
    assert!(unset.contains("the environment variable UNSET: it is not set"), "{unset}");
    assert!(token(TokenPlace::File("none".into())).unwrap_err().contains("the file none"));
}

#[test]
fn addresses_that_tokens_would_leak_to_are_refused() {
    for (address, word) in [
        ("http://dev.azure.com", "only https://"),
        ("dev.azure.com", "no web address"),
        ("https://me:pw@dev.azure.com", "without a user"),
    ] {
        let to = format!("url = \"{address}\"");
        refused(
            "url = \"https://dev.azure.com\"",
            &to,
            &to,
            "environment.prod.release.pipeline.url",
            &[word],
        );
    }
}

#[test]
fn what_is_no_toml_is_refused_with_its_place() {
    let error = parse("version = 1\nnonsense\n").unwrap_err();
    assert_eq!(error.at.map(|(line, _)| line), Some(2), "{error}");
}

#[test]
fn a_newer_version_is_said_to_be_newer_whatever_else_it_holds() {
    let newer = EXAMPLE.replace("version = 1", "version = 2\nsomething = \"new\"");
    let error = parse(&newer).unwrap_err();
    assert!(error.to_string().contains("is of version 2"), "{error}");
    assert!(error.to_string().contains("newer keyslot"), "{error}");
    assert!(parse(&changed("version = 1\n", "")).unwrap_err().to_string().contains("begin the file with"));
}

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
fn a_baseline_lies_in_the_repository() {
    let written = "baseline = \"infra/known.json\"";
    assert!(parse(&changed(&format!("{written}\n"), "")).is_ok());
    for wrong in ["/etc/known.json", "../known.json", "", "infra//known.json"] {
        let other = format!("baseline = \"{wrong}\"");
        refused(
            written,
            &other,
            &other,
            "environment.prod.terraform.baseline",
            &["no path of a file", "top"],
        );
    }
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
fn workloads_of_other_kinds_are_written_with_their_kind_and_what_is_no_name_is_refused_with_the_grammar() {
    let text = changed("\"healthservice-deploy\"", "\"statefulset/orders-db\", \"shop/ds/agent\"");
    let settings = file(parse(&text).unwrap());
    let names = settings.choose(None).unwrap().environment.workloads.names();
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    assert_eq!(names[1..3], ["workload/statefulset/orders-db", "shop/daemonset/agent"]);
    for wrong in ["shop/cronjob/nightly", "a/b/c/d", "shop/", "statefulset/"] {
        let quoted = format!("\"{wrong}\"");
        refused(
            "\"healthservice-deploy\"",
            &quoted,
            "order = ",
            "environment.prod.workloads.order[2]",
            &["names no workload", "NAMESPACE/KIND/NAME", "statefulset, daemonset or rollout"],
        );
    }
}

#[test]
fn names_that_come_twice_are_refused() {
    refused(
        "\"healthservice-deploy\"",
        "\"CatalogService-deploy\"",
        "order = ",
        "environment.prod.workloads.order[2]",
        &["named twice"],
    );
    refused(
        "name = \"northeurope\"",
        "name = \"eastus2\"",
        "name = \"eastus2\"",
        "environment.prod.stamp[2].name",
        &[],
    );
    refused(
        "acme-a7c1-neu-kv",
        "acme-a7c1-EUS2-kv",
        "EUS2",
        "environment.prod.stamp[2].key_vault",
        &["each has its own"],
    );
    refused(
        "acme-a7c1-neu-kv",
        "x.vault.azure.net",
        "x.vault",
        "environment.prod.stamp[2].key_vault",
        &["first dot"],
    );
}

#[test]
fn a_cluster_belongs_to_one_stamp() {
    refused(
        "context = \"acme-a7c1-neu-aks\"",
        "context = \"acme-a7c1-eus2-aks\"",
        "kubeconfig = ",
        "environment.prod.stamp[2].kubeconfig",
        &["another stamp has this cluster"],
    );
    let aks = |group: &str| format!("aks = {{ resource_group = \"{group}\", name = \"acme-aks\" }}\n");
    refused(
        "\n[[environment.prod.stamp]]\nname = \"northeurope\"\n",
        &format!("{}[[environment.prod.stamp]]\nname = \"northeurope\"\n{}", aks("acme"), aks("ACME")),
        "ACME",
        "environment.prod.stamp[2].aks",
        &["another stamp has this cluster"],
    );
}

#[test]
fn what_is_waited_for_has_a_limit() {
    for (from, to, key) in [
        ("quiet_window = \"1h\"", "quiet_window = \"99999999999d\"", "environment.prod.policy.quiet_window"),
        ("rollout = \"10s\"", "rollout = \"10h\"", "environment.prod.policy.pace.rollout"),
    ] {
        refused(from, to, to, key, &["longer than any rotation waits"]);
    }
}

#[test]
fn declarations_that_mean_everything_or_two_accounts_are_refused() {
    let mirrors = "mirrors = [\"infra/legacy:locals.both_keys.*\"]";
    for (to, word) in [
        ("*", "every place"),
        ("infra:*", "every place"),
        ("locals.both_keys", "write \":locals.both_keys\""),
    ] {
        refused(mirrors, &format!("mirrors = [\"{to}\"]"), "mirrors", "check.mirrors[1]", &[word]);
    }
    let symbols = "symbols = [\"infra/workload/*:data.azurerm_cosmosdb_account.*\"]";
    let twice = |name: &str| format!("{symbols}\n[[check.account]]\nname = \"{name}\"\n{symbols}");
    refused(symbols, &twice("other"), "symbols", "check.account[2].symbols", &["acme-global-cosmos already"]);
    refused(symbols, &twice("Acme-Global-Cosmos"), "Acme", "check.account[2].name", &["name of its own"]);
}

#[test]
fn a_state_with_a_secret_in_it_is_refused() {
    let to = "windows.net/journals?sig=abc\"";
    let error = parse(&changed("windows.net/journals\"", to)).unwrap_err();
    assert_eq!(error.key, "environment.prod.state");
    assert!(!error.to_string().contains("sig=abc"), "{error}");
}

#[test]
fn a_folder_holds_the_lease_only_for_a_single_operator() {
    let address = "abfss://keyslot@acmestate.dfs.core.windows.net/journals";
    let text = changed(address, "../state");
    let local = file(parse(&text).unwrap());
    let chosen = local.choose(None).unwrap();
    assert_eq!(chosen.store(), SharedStore::LocalOnly);
    assert_eq!(chosen.journal(), Ok(StorePlace::Folder("/acme/../state/prod/journal".into())));
    let single = file(parse(&text.replace("single_operator = false", "single_operator = true")).unwrap());
    assert_eq!(single.choose(None).unwrap().store(), SharedStore::SingleOperator);
}

#[test]
fn of_several_environments_one_must_be_named() {
    let mut settings = example().settings;
    let prod = settings.environments[&"prod".into()].clone();
    settings.environments.insert("int".into(), prod);
    let two = file(settings);
    let error = two.choose(None).unwrap_err().to_string();
    assert!(error.contains("--environment with one of int, prod"), "{error}");
    let error = two.choose(Some("prd")).unwrap_err().to_string();
    assert!(error.contains("did you mean “prod”?"), "{error}");
    assert_eq!(two.choose(Some("int")).unwrap().name.as_str(), "int");
}

#[test]
fn the_nearest_file_upward_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let deep = dir.path().join("infra").join("workload");
    std::fs::create_dir_all(&deep).unwrap();
    let error = find(None, &deep).unwrap_err().to_string();
    assert!(error.contains("--config"), "{error}");
    std::fs::write(dir.path().join(FILE_NAME), EXAMPLE).unwrap();
    assert_eq!(find(None, &deep), Ok(dir.path().join(FILE_NAME)));
    assert_eq!(find(Some(Path::new("x.toml")), &deep), Ok(deep.join("x.toml")));
    assert!(SettingsFile::load(&dir.path().join(FILE_NAME)).is_ok());
    let error = SettingsFile::load(&deep).unwrap_err().to_string();
    assert!(error.contains("it is a folder"), "{error}");
    let error = SettingsFile::load(&deep.join("x.toml")).unwrap_err().to_string();
    assert!(error.contains("cannot be read") && error.contains("x.toml"), "{error}");
}

#[test]
fn what_is_no_host_is_not_resolved() {
    for name in ["*", ".azure.com", "a.*.com", "https://a", "a:443", ""] {
        let mut settings = example().settings;
        settings.endpoints.resolve.insert(name.to_owned(), "127.0.0.1:1".parse().unwrap());
        let error = parse(&settings.to_toml().unwrap()).unwrap_err().to_string();
        assert!(error.contains("neither a host"), "{name}: {error}");
    }
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
fn what_is_named_and_not_built_is_refused() {
    let (from, to) = ("route = \"hotfix\"", "route = \"vault-first\"");
    refused(from, to, to, "environment.prod.release.route", &["not built yet"]);
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

#[test]
fn a_forge_without_a_place_for_its_token_may_have_an_app_and_not_both() {
    let place = "token = { env = \"GITHUB_TOKEN\" }\n# Checks";
    let app = "\n[environment.prod.release.forge.app]\nid = \"Iv23abc\"\nkey = { file = \"app.pem\" }\n";
    let without = changed(place, "# Checks");
    let forge = |text: &str| {
        let settings = parse(text).unwrap_or_else(|error| panic!("{error}"));
        settings.environments[&"prod".into()].release.forge.clone()
    };
    assert_eq!((forge(&without).token, forge(&without).app), (None, None));
    let app_of = forge(&format!("{without}{app}")).app.unwrap();
    assert_eq!((app_of.id.to_string().as_str(), app_of.installation), ("Iv23abc", None));
    assert_eq!(
        app_of.permissions.keys().collect::<Vec<_>>(),
        ["checks", "contents", "pull_requests", "statuses"]
    );
    let error = parse(&format!("{EXAMPLE}{app}")).unwrap_err();
    assert_eq!(error.key, "environment.prod.release.forge.token", "{error}");
    assert!(error.to_string().contains("from an App or from another place"), "{error}");
}

#[test]
fn commits_that_github_makes_are_signed_by_github_and_by_nobody_else() {
    let said = "sign = \"as-git\"\n";
    let api = |text: String| text.replace("commit = \"git\"", "commit = \"api\"");
    let settings = parse(&api(changed(said, ""))).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(settings.environments[&"prod".into()].terraform.commit, CommitBy::Api);
    for sign in [said, "sign = \"never\"\n"] {
        let error = parse(&api(changed(said, sign))).unwrap_err();
        assert_eq!(error.key, "environment.prod.terraform.sign", "{error}");
        assert!(error.to_string().contains("GitHub signs the commits that it makes"), "{error}");
    }
}

#[test]
fn evidence_may_not_be_so_old_that_it_tells_nothing() {
    for (key, usual, old, most) in
        [("ordinary", "10m", "61m", "1h"), ("restart", "5m", "31m", "30m"), ("regenerate", "2m", "7d", "10m")]
    {
        let line = format!("{key} = \"{usual}\"");
        let to = format!("{key} = \"{old}\"");
        refused(
            &line,
            &to,
            &to,
            &format!("environment.prod.policy.ages.{key}"),
            &["tells what was so", most],
        );
    }
    parse(&changed("regenerate = \"2m\"", "regenerate = \"10m\"")).unwrap();
}

#[test]
fn lags_are_no_shorter_than_logs_need_and_no_longer_than_anybody_waits() {
    for (line, to, what) in [
        ("log_lag = \"10m\"", "log_lag = \"0s\"", "looks stalled"),
        ("log_lag = \"10m\"", "log_lag = \"9999999999999w\"", "longer than any rotation waits"),
        ("settle = \"5m\"", "settle = \"90d\"", "longer than any rotation waits"),
        ("vault_lag = \"5m\"", "vault_lag = \"90d\"", "longer than any rotation waits"),
        ("metrics_lag = \"5m\"", "metrics_lag = \"90d\"", "longer than any rotation waits"),
    ] {
        let key = to.split(' ').next().unwrap();
        refused(line, to, to, &format!("environment.prod.policy.{key}"), &[what]);
    }
}
