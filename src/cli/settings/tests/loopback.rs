//! Settings as a sandbox writes them, and clocks that must not run fast.

use std::path::PathBuf;

use super::{FILE_NAME, example, parse};
use crate::adapters::http::{Others, Proxies, Trust};
use crate::cli::settings::{ClockSettings, Settings, SettingsFile};

/// Makes the example what a sandbox would write.
pub(super) fn on_loopback(settings: &mut Settings) {
    let here = "127.0.0.1:8443".parse().unwrap();
    let endpoints = &mut settings.endpoints;
    endpoints.trust_root = Some(PathBuf::from("ca.pem"));
    for host in [
        "management.azure.com",
        "login.microsoftonline.com",
        "api.loganalytics.io",
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
    let changes: [(&str, Change); 10] = [
        ("no trust_root", |settings| settings.endpoints.trust_root = None),
        ("endpoints.logs", |settings| forget(settings.endpoints.resolve.remove("api.loganalytics.io"))),
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
fn with_a_clock_of_its_own_only_loopback_and_its_own_authority_are_reached() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(FILE_NAME);
    let mut settings = example().settings;
    on_loopback(&mut settings);
    let file = SettingsFile { path, settings };
    let error = file.choose(None).unwrap().http().unwrap_err().to_string();
    assert!(error.contains("endpoints.trust_root") && error.contains("ca.pem"), "{error}");
    std::fs::write(dir.path().join("ca.pem"), "certificate").unwrap();
    let http = file.choose(None).unwrap().http().unwrap();
    assert_eq!(http.trust, Trust::Only(b"certificate".to_vec()));
    assert_eq!(http.proxies, Proxies::Off);
    assert_eq!(http.hosts, file.settings.endpoints.hosts().others(Others::Refused));
    let usual = example().choose(None).unwrap().http().unwrap();
    assert_eq!((usual.trust, usual.proxies), (Trust::System, Proxies::FromEnvironment));
}
