//! Kubernetes Secrets that pods read and that no SecretProviderClass fills: whether the CSI driver made them.
//!
//! Whoever takes a Secret out of `secretObjects` leaves the Secret itself behind, with the key that it held: nothing writes it
//! again, and whoever reads it begins with that key for ever. The driver marks what it makes; what bears no such mark is somebody
//! else's. Only metadata is asked for, so that the bytes of other people's Secrets never leave the server. Pods that have to
//! do with one of our classes are asked about, and those of the configured workloads; whoever else reads a Secret that turns out
//! to be left behind is found with them.

use std::collections::BTreeSet;
use std::sync::Arc;

use k8s_openapi::api::core::v1::{Pod, PodSpec};

use super::api::{Api, SECRETS};
use super::consumers::{absent_classes, class_names, secrets_read};
use super::csi::Class;
use super::failure::Failure;
use super::look::{Placed as _, Subject};
use super::owners::Owners;
use super::pods::may_be_configured;
use crate::model::UnseenSecret;

/// The driver's mark on Secrets that it makes
/// (<https://secrets-store-csi-driver.sigs.k8s.io/topics/sync-as-kubernetes-secret>).
const MARK: &str = "secrets-store.csi.k8s.io/managed";

/// Namespace and name of a Secret.
pub(super) type SecretName = (String, String);

/// What the API server says of them.
#[derive(Default)]
pub(super) struct Asked {
    /// Those that the driver made.
    pub unfilled: Arc<BTreeSet<SecretName>>,
    pub unseen: Vec<UnseenSecret>,
}

/// Asks for each Secret once. One that does not exist is nothing; one that may not be read is told.
pub(super) async fn ask(api: &Api, wanted: BTreeSet<SecretName>) -> Result<Asked, Failure> {
    let (mut unfilled, mut unseen) = (BTreeSet::new(), Vec::new());
    for (namespace, name) in wanted {
        let path = format!("{}/{name}", SECRETS.path(Some(&namespace)));
        match api.metadata(&path).await {
            Ok(meta) => {
                let mark = meta.labels.iter().flatten().any(|(key, value)| key == MARK && value == "true");
                unfilled.extend(mark.then_some((namespace, name)));
            }
            Err(failure) => match failure.refusal().map(|no| (no.status, no.message.clone())) {
                Some((404, _)) => {}
                Some((403, why)) => unseen.push(UnseenSecret { namespace, name, why }),
                _ => return Err(failure),
            },
        }
    }
    Ok(Asked { unfilled: Arc::new(unfilled), unseen })
}

/// The Secrets that these pods read and no class fills.
pub(super) fn wanted(
    pods: &[Pod],
    subject: &Subject,
    classes: &[Class],
    owners: &Owners<'_>,
) -> BTreeSet<SecretName> {
    let matters = |pod: &&Pod| {
        let ours = pod.spec.as_ref().is_some_and(|spec| has_ours(spec, pod.namespace(), subject, classes));
        ours || may_be_configured(&owners.above(&pod.metadata), pod.namespace(), &subject.configured)
    };
    let read = pods.iter().filter(matters).flat_map(|pod| {
        let names = pod.spec.iter().flat_map(secrets_read);
        names.map(|name| (pod.namespace(), name))
    });
    let filled = |(namespace, name): &(&str, &str)| {
        let here = classes.iter().filter(|class| class.namespace == *namespace);
        here.into_iter().any(|class| class.fills.iter().any(|secret| secret == name))
    };
    let left = read.filter(|secret| !filled(secret) && !secret.1.is_empty());
    left.map(|(namespace, name)| (namespace.to_owned(), name.to_owned())).collect()
}

/// Whether it mounts a class that delivers the secret, may have, or is gone.
fn has_ours(spec: &PodSpec, namespace: &str, subject: &Subject, classes: &[Class]) -> bool {
    let vault = subject.vault.as_deref();
    let ours = |class: &&Class| class.delivers || class.may_have_filled(vault);
    let named = |name: &str| classes.iter().filter(ours).any(|class| class.is(namespace, name));
    class_names(spec).any(named) || absent_classes(spec, namespace, classes).next().is_some()
}

/// The first of them that the pod reads.
pub(super) fn read_by<'a>(pod: &'a Pod, subject: &Subject) -> Option<&'a str> {
    if subject.unfilled.is_empty() {
        return None;
    }
    let left = |name: &&str| {
        subject.unfilled.iter().any(|(space, secret)| space == pod.namespace() && secret == name)
    };
    pod.spec.iter().flat_map(secrets_read).find(left)
}
