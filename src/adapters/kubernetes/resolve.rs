//! Workload names as people write them.
//!
//! The written runbook says `CatalogService-deploy`; no such name can exist in Kubernetes (RFC 1123 names are
//! lower case). Names are therefore found without regard to case, and it is said when that was needed.

use crate::model::{WORKLOAD_GRAMMAR, WorkloadName};

/// Closer than this counts as a likely slip of the pen.
const ALIKE: f64 = 0.7;

/// The wanted workload's real name, with a note where it is spelt differently.
///
/// `wanted` is `[NAMESPACE/][KIND/]NAME`, and without a namespace looked for in all of them. The kind must be right:
/// another kind's workload is only proposed.
///
/// # Errors
/// In words: no such workload, with the nearest one that exists; or several.
pub fn resolve_workload(
    wanted: &str,
    existing: &[WorkloadName],
) -> Result<(WorkloadName, Option<String>), String> {
    let Some((namespace, kind, name)) = WorkloadName::split(wanted) else {
        return Err(format!("{wanted} is no workload's name: {WORKLOAD_GRAMMAR}"));
    };
    let here = |found: &&WorkloadName| {
        found.kind == kind
            && namespace.is_none_or(|namespace| found.namespace.eq_ignore_ascii_case(namespace))
    };
    let same: Vec<_> =
        existing.iter().filter(here).filter(|found| found.name.eq_ignore_ascii_case(name)).collect();
    match same.as_slice() {
        [one] => {
            let spelt = one.name == name && namespace.is_none_or(|namespace| namespace == one.namespace);
            let note =
                || format!("{wanted} is taken to mean {one}: names in Kubernetes are lower case (RFC 1123)");
            Ok(((*one).clone(), (!spelt).then(note)))
        }
        [] => Err(unknown(&format!("{kind} {wanted}"), name, existing)),
        several => {
            let names: Vec<_> = several.iter().map(ToString::to_string).collect();
            Err(format!("{wanted} could be {}: write the namespace too", names.join(" or ")))
        }
    }
}

fn unknown(wanted: &str, name: &str, existing: &[WorkloadName]) -> String {
    let name = name.to_ascii_lowercase();
    let nearest = existing
        .iter()
        .map(|found| (strsim::jaro_winkler(&name, &found.name), found))
        .filter(|(likeness, _)| *likeness >= ALIKE)
        .max_by(|(one, _), (other, _)| one.total_cmp(other));
    match nearest {
        Some((_, found)) => format!("there is no {wanted}; did you mean {found}?"),
        None if existing.is_empty() => format!("there is no {wanted}, nor any other"),
        None => {
            let names: Vec<_> = existing.iter().map(ToString::to_string).collect();
            format!("there is no {wanted}; there are {}", names.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::WorkloadKind;

    fn existing() -> Vec<WorkloadName> {
        ["backgroundprocessor-deploy", "catalogservice-deploy", "healthservice-deploy"]
            .map(|name| WorkloadName::new("workload", name))
            .to_vec()
    }

    #[test]
    fn the_runbooks_spelling_is_understood_and_mentioned() {
        let right = WorkloadName::new("workload", "catalogservice-deploy");
        let (found, note) = resolve_workload("CatalogService-deploy", &existing()).unwrap();
        assert_eq!(found, right);
        assert!(
            note.unwrap().contains("CatalogService-deploy is taken to mean workload/catalogservice-deploy")
        );
        assert_eq!(resolve_workload("catalogservice-deploy", &existing()), Ok((right.clone(), None)));
        assert_eq!(resolve_workload("workload/catalogservice-deploy", &existing()), Ok((right, None)));
    }

    #[test]
    fn an_unknown_name_gets_the_nearest_one_or_all_of_them() {
        let near = resolve_workload("catalogservce-deploy", &existing()).unwrap_err();
        assert_eq!(
            near,
            "there is no Deployment catalogservce-deploy; did you mean workload/catalogservice-deploy?"
        );
        let far = resolve_workload("xyz", &existing()).unwrap_err();
        assert!(far.contains("there are workload/backgroundprocessor-deploy, "), "{far}");
        assert!(resolve_workload("other/healthservice-deploy", &existing()).is_err());
        assert!(resolve_workload("x", &[]).unwrap_err().contains("nor any other"));
    }

    #[test]
    fn a_workload_of_another_kind_is_proposed_and_never_taken() {
        let mut all = existing();
        let set = WorkloadName::of_kind(WorkloadKind::StatefulSet, "workload", "orders-db");
        all.push(set.clone());
        let error = resolve_workload("workload/orders-db", &all).unwrap_err();
        assert_eq!(
            error,
            "there is no Deployment workload/orders-db; did you mean workload/statefulset/orders-db?"
        );
        let (found, note) = resolve_workload("workload/statefulset/Orders-DB", &all).unwrap();
        assert_eq!((found, note.is_some()), (set.clone(), true));
        assert_eq!(resolve_workload("sts/orders-db", &all), Ok((set, None)));
        let error = resolve_workload("workload/cronjob/nightly", &all).unwrap_err();
        assert!(error.contains("NAMESPACE/KIND/NAME"), "{error}");
    }

    #[test]
    fn a_bare_name_in_two_namespaces_is_not_guessed() {
        let mut all = existing();
        all.push(WorkloadName::new("blue", "healthservice-deploy"));
        let error = resolve_workload("HealthService-deploy", &all).unwrap_err();
        assert!(error.contains("workload/healthservice-deploy or blue/healthservice-deploy"), "{error}");
        assert!(resolve_workload("blue/HealthService-deploy", &all).is_ok());
    }
}
