//! Workloads: each named once.

use std::collections::BTreeSet;

use super::{Checked, Problem, keys};
use crate::cli::settings::Environment;
use crate::model::WORKLOAD_GRAMMAR;

pub(super) fn workloads(environment: &Environment) -> Checked {
    let order = &environment.workloads.order;
    if order.is_empty() {
        let what = "no workload is named: nothing would be restarted";
        return Err(Problem::new(keys(["workloads", "order"]), what, "name the workloads that use the key"));
    }
    let mut seen = BTreeSet::new();
    for (index, name) in environment.workloads.names().into_iter().enumerate() {
        let path = vec!["workloads".into(), "order".into(), index.into()];
        // Only what cannot be read keeps a slash in its name.
        if name.name.is_empty() || name.namespace.is_empty() || name.name.contains('/') {
            return Err(Problem::new(path, "this names no workload", WORKLOAD_GRAMMAR));
        }
        // Kubernetes names are lower case; two spellings are one workload.
        if !seen.insert(name.to_string().to_lowercase()) {
            return Err(Problem::new(path, "this workload is named twice", "remove one of the two"));
        }
    }
    Ok(())
}
