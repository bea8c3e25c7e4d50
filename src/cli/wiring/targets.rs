//! What to look at, from the settings.

use std::collections::BTreeSet;

use crate::cli::settings::{Chosen, StampSettings};
use crate::execute::Sources;
use crate::model::Salt;
use crate::observe::{ReleaseRule, Targets};

/// What to look at, before a rotation brings a salt along.
pub(in crate::cli) fn targets(chosen: &Chosen<'_>) -> Targets {
    let environment = chosen.environment;
    let release = match environment.release.branch.as_deref() {
        None => ReleaseRule::BaseItself,
        Some(pattern) if pattern.contains('*') => ReleaseRule::Like { pattern: pattern.to_owned() },
        Some(branch) => ReleaseRule::Branch(branch.into()),
    };
    Targets {
        account: environment.account.id(),
        salt: Salt::new(""),
        access: chosen.access,
        sources: Sources {
            question: chosen.question(),
            root: environment.terraform.root.clone(),
            baseline: environment.terraform.baseline.clone(),
        },
        base_branch: environment.terraform.base_branch.as_str().into(),
        release,
        stamps: environment.stamps.iter().map(StampSettings::stamp_name).collect(),
        inventory: environment.inventory.is_some(),
        log_window: chosen.policy(None).log_window().unwrap_or_default(),
        refusals_since: None,
        metrics_window: chosen.policy(None).metrics_window().unwrap_or_default(),
        census_window: chosen.policy(None).census().unwrap_or_default(),
        operation: None,
        unanswered: None,
        promoted: BTreeSet::new(),
    }
}
