//! The annotated example, the smallest file, and what they say.

use super::*;

#[test]
fn the_annotated_example_is_read() {
    let settings = example();
    let chosen = settings.choose(None).unwrap();
    assert_eq!(chosen.name.as_str(), "prod");
    assert_eq!(chosen.environment.account.id().name, "acme-global-cosmos");
    assert_eq!(chosen.environment.stamps.len(), 2);
    assert_eq!(chosen.environment.stamps[0].region.as_deref(), Some("East US 2"));
    assert!(chosen.environment.release.is_candidate("release/2021.7.4"));
    assert_eq!(chosen.environment.release.promote, Promotion::Push);
    assert_eq!(chosen.cache(), Path::new("/acme/.keyslot/cache/prod"));
    let journal = chosen.journal().unwrap().to_string();
    assert_eq!(journal, "abfss://keyslot@acmestate.dfs.core.windows.net/journals/prod/journal");
}

#[test]
fn the_smallest_file_is_read_and_has_nothing_to_spare() {
    let text = include_str!("../../../../fixtures/keyslot.smallest.toml");
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
fn a_file_without_environments_is_enough_for_what_needs_none() {
    let settings = file(parse("version = 1\n").unwrap());
    let error = settings.choose(None).unwrap_err();
    assert!(error.to_string().contains("there is no environment"), "{error}");
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
    let chosen = two.choose(Some("int")).unwrap();
    assert_eq!(chosen.name.as_str(), "int");
    assert_eq!(chosen.policy(None).same_account, ["prod".into()], "they name one account");
    let mut settings = two.settings;
    settings.environments.get_mut(&"int".into()).unwrap().account.name = "another".to_owned();
    assert!(file(settings).choose(Some("int")).unwrap().policy(None).same_account.is_empty());
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
