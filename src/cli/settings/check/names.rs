//! Names that must be something: of the environment, its state, its account and code.

use std::path::Path;

use super::{Checked, Problem, keys};
use crate::cli::settings::Environment;
use crate::journal::StorePlace;
use crate::model::EnvironmentName;

/// The name becomes a folder and part of addresses.
pub(super) fn environment_name(name: &EnvironmentName) -> Checked {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_');
    if !name.as_str().is_empty() && name.as_str().chars().all(plain) {
        return Ok(());
    }
    Err(Problem::new(Vec::new(), "an environment has letters, digits, - and _ in its name", "rename it"))
}

pub(super) fn state(environment: &Environment, file: &Path) -> Checked {
    let folder = file.parent().unwrap_or(Path::new(""));
    StorePlace::parse(&environment.state, folder).map(drop).map_err(|error| {
        Problem::new(keys(["state"]), error.to_string(), "name a folder or the address of a shared store")
    })
}

/// Names that must be something.
pub(super) fn texts(environment: &Environment) -> Checked {
    let Environment { account, terraform, secret, release, workloads, .. } = environment;
    let named = [
        (keys(["account", "subscription"]), &account.subscription),
        (keys(["account", "resource_group"]), &account.resource_group),
        (keys(["account", "name"]), &account.name),
        (keys(["terraform", "base_branch"]), &terraform.base_branch),
        (keys(["secret", "name"]), &secret.name),
        (keys(["release", "forge", "owner"]), &release.forge.owner),
        (keys(["release", "forge", "repository"]), &release.forge.repository),
        (keys(["workloads", "namespace"]), &workloads.namespace),
    ];
    let read_only = secret.read_only.iter().map(|name| (keys(["secret", "read_only"]), name));
    for (path, text) in named.into_iter().chain(read_only) {
        if text.trim().is_empty() {
            return Err(Problem::new(path, "it is empty", "write the name"));
        }
    }
    // Key Vault's names have no case.
    if secret.read_only.as_ref().is_some_and(|name| name.eq_ignore_ascii_case(&secret.name)) {
        let what = "the read-only key stands in a secret of its own";
        return Err(Problem::new(keys(["secret", "read_only"]), what, "name that one, or remove the line"));
    }
    Ok(())
}
