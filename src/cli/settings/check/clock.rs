//! A clock of its own is for worlds on loopback only.

use std::path::Path;

use super::{Checked, Problem, keys};
use crate::cli::settings::{PipelineKind, Settings};
use crate::journal::StorePlace;

/// A clock that runs fast would turn hours of waiting for a real service into minutes.
pub(super) fn check(settings: &Settings, file: &Path) -> Checked {
    let endpoints = &settings.endpoints;
    let Some(clock) = &endpoints.clock else { return Ok(()) };
    let path = || keys(["endpoints", "clock"]);
    if !(clock.speed.is_finite() && clock.speed > 0.0) {
        let what = "the speed is a number above zero";
        return Err(Problem::new(keys(["endpoints", "clock", "speed"]), what, "write 1.0 or more"));
    }
    let away = |what: &str| {
        let what = format!("a clock of its own is only for worlds on loopback, and {what} is elsewhere");
        Err(Problem::new(path(), what, "remove [endpoints.clock]"))
    };
    if endpoints.trust_root.is_none() {
        return away("the trust (no trust_root)");
    }
    if let Some((host, _)) = endpoints.resolve.iter().find(|(_, address)| !address.ip().is_loopback()) {
        return away(host);
    }
    for (name, host) in hosts(settings) {
        if !endpoints.stays_here(&host) {
            return away(&format!("{name} ({host})"));
        }
    }
    for environment in settings.environments.values() {
        let folder = file.parent().unwrap_or(Path::new(""));
        if StorePlace::parse(&environment.state, folder).is_ok_and(|place| place.is_shared()) {
            return away("the state");
        }
        let repository = environment.terraform.repository.as_deref();
        if !repository.is_some_and(|repository| endpoints.repository_stays_here(repository)) {
            return away("the repository");
        }
    }
    Ok(())
}

/// Every host that the settings name, with the key that names it.
fn hosts(settings: &Settings) -> Vec<(&'static str, String)> {
    let endpoints = &settings.endpoints;
    let mut hosts = vec![
        ("endpoints.arm", endpoints.arm.host().to_owned()),
        ("endpoints.login", endpoints.login.host().to_owned()),
    ];
    for environment in settings.environments.values() {
        if environment.logs.is_some() {
            hosts.push(("endpoints.logs", endpoints.logs.host().to_owned()));
        }
        hosts.push(("the forge", environment.release.forge.api.host().to_owned()));
        if environment.release.pipeline.kind == PipelineKind::AzureDevops {
            hosts.push(("the pipeline", environment.release.pipeline.url.host().to_owned()));
        }
        let vaults = environment.stamps.iter().map(|stamp| endpoints.vault_host(&stamp.key_vault));
        hosts.extend(vaults.map(|host| ("a Key Vault", host)));
    }
    hosts
}
