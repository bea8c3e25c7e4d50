//! The annotated example, and what is said of it when one line is wrong.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::*;
use crate::journal::StorePlace;
use crate::model::{FlipBack, Route, SharedStore, WorkloadName};

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
    assert_eq!(chosen.environment.release.promote, Promote::PullRequest);
    assert_eq!(chosen.cache(), Path::new("/acme/.keyslot/cache/prod"));
    let journal = chosen.journal().unwrap().to_string();
    assert_eq!(journal, "abfss://keyslot@acmestate.dfs.core.windows.net/journals/prod/journal");
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
    on_loopback(&mut settings);
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

/// Makes the example what a sandbox would write.
fn on_loopback(settings: &mut Settings) {
    let here = "127.0.0.1:8443".parse().unwrap();
    let endpoints = &mut settings.endpoints;
    endpoints.trust_root = Some(PathBuf::from("ca.pem"));
    for host in [
        "management.azure.com",
        "login.microsoftonline.com",
        "dev.azure.com",
        "api.github.com",
        "*.vault.azure.net",
    ] {
        endpoints.resolve.insert(host.to_owned(), here);
    }
    endpoints.clock = Some(ClockSettings {
        speed: 60.0,
        world_start: "2027-01-15T08:00:00Z".parse().unwrap(),
        wall_start: "2026-11-05T10:00:00.25Z".parse().unwrap(),
    });
    let prod = settings.environments.get_mut(&"prod".into()).unwrap();
    prod.state = "state".to_owned();
    prod.terraform.repository = Some("repository.git".to_owned());
}

fn forget<T>(_: T) {}

#[test]
fn a_fast_clock_is_refused_unless_everything_is_on_loopback() {
    type Change = fn(&mut Settings);
    let changes: [(&str, Change); 9] = [
        ("no trust_root", |settings| settings.endpoints.trust_root = None),
        ("endpoints.arm", |settings| forget(settings.endpoints.resolve.remove("management.azure.com"))),
        ("endpoints.login", |settings| {
            forget(settings.endpoints.resolve.remove("login.microsoftonline.com"))
        }),
        ("a Key Vault (acme-a7c1-eus2-kv.vault.azure.net)", |settings| {
            forget(settings.endpoints.resolve.remove("*.vault.azure.net"));
        }),
        ("the forge", |settings| forget(settings.endpoints.resolve.remove("api.github.com"))),
        ("the pipeline", |settings| forget(settings.endpoints.resolve.remove("dev.azure.com"))),
        ("other.example", |settings| {
            settings.endpoints.resolve.insert("other.example".into(), "10.0.0.1:443".parse().unwrap());
        }),
        ("the state", |settings| {
            settings.environments.get_mut(&"prod".into()).unwrap().state = "s3://bucket/x".to_owned();
        }),
        ("the repository", |settings| {
            let repository = Some("git@github.com:acme/x.git".to_owned());
            settings.environments.get_mut(&"prod".into()).unwrap().terraform.repository = repository;
        }),
    ];
    for (words, change) in changes {
        let mut settings = example().settings;
        on_loopback(&mut settings);
        change(&mut settings);
        let error = parse(&settings.to_toml().unwrap()).unwrap_err();
        assert_eq!(error.key, "endpoints.clock", "{error}");
        assert!(error.to_string().contains(words), "{words}: {error}");
        settings.endpoints.clock = None;
        assert!(parse(&settings.to_toml().unwrap()).is_ok(), "{words}: without the clock it is no matter");
    }
}

#[test]
fn resolve_prefers_names_to_domains_and_longer_domains_to_shorter() {
    let mut endpoints = Endpoints::default();
    for (host, address) in [("a.b.c", "127.0.0.1:1"), ("*.b.c", "127.0.0.1:2"), ("*.c", "127.0.0.1:3")] {
        endpoints.resolve.insert(host.to_owned(), address.parse().unwrap());
    }
    let port = |host| endpoints.resolved(host).map(|address| address.port());
    assert_eq!((port("A.b.c"), port("x.b.c"), port("b.c"), port("c")), (Some(1), Some(2), Some(3), None));
}
