//! Which namespaces are looked at where nobody may list all of them at once and the configuration names none.
//!
//! Those that may be listed are; of the others the view says that they were not, and that holds: a right that is taken away
//! takes no consumer away. A configured workload is never among
//! those: then the missing right is told, and nothing else is.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::Namespace;
use serde::de::IgnoredAny;

use super::api::{Api, NAMESPACES, PODS};
use super::failure::Failure;
use super::look::Subject;
use crate::model::Extent;

/// What can be looked at; `None` where that is not what has to be.
pub(super) async fn narrowed(api: &Api, subject: &Subject) -> Result<Option<(Subject, Extent)>, Failure> {
    let own: BTreeSet<String> =
        subject.configured.iter().map(|name| name.namespace.to_ascii_lowercase()).collect();
    let (all, known) = match api.list::<Namespace>(NAMESPACES, None).await {
        Ok(listed) => (listed.items.into_iter().filter_map(|one| one.metadata.name).collect(), true),
        Err(failure) if is_forbidden(&failure) => (own.clone(), false),
        Err(failure) => return Err(failure),
    };
    let (mut seen, mut refused) = (Vec::new(), Vec::new());
    for namespace in all {
        match api.get::<IgnoredAny>(&format!("{}?limit=1", PODS.path(Some(&namespace)))).await {
            Ok(_) => seen.push(namespace),
            Err(failure) if is_forbidden(&failure) => refused.push(namespace),
            Err(failure) => return Err(failure),
        }
    }
    if seen.is_empty() || !own.iter().all(|name| seen.contains(name)) {
        return Ok(None);
    }
    let whole = known && refused.is_empty();
    let extent = Extent { namespaces: seen.clone(), refused, whole };
    Ok(Some((Subject { namespaces: seen, ..subject.clone() }, extent)))
}

fn is_forbidden(failure: &Failure) -> bool {
    failure.refusal().is_some_and(|no| no.status == 403)
}
