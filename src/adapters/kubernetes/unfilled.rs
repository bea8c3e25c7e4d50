//! Kubernetes Secrets that are read and that no SecretProviderClass fills: whether the CSI driver made them.
//!
//! Whoever takes a Secret out of `secretObjects` leaves the Secret itself behind, with the key that it held: nothing writes it
//! again, and whoever reads it begins with that key for ever. The driver marks what it makes; what bears no such mark is somebody
//! else's. Only metadata is asked for, so that the bytes of other people's Secrets never leave the server: with one list of what
//! bears the mark. What was left behind matters in the namespaces of classes that deliver the secret or may have, of the configured
//! workloads, and of pods whose class is gone: elsewhere it is another secret's.
//!
//! Where Secrets may not be listed, each is asked for by its name: those that are read by pods which have to do with one of our
//! classes, and by those of the configured workloads; and those that templates there name. What was told stands for a while
//! ([`Made`](super::made::Made)), so that neither costs much.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{Pod, PodSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::api::{Api, Ask, Partial, SECRETS};
use super::consumers::{absent_classes, class_names, secrets_read};
use super::csi::Class;
use super::failure::Failure;
use super::look::{Placed as _, Subject, everywhere_as};
use super::made::Editions;
use super::owners::Owners;
use super::pods::may_be_configured;
use crate::model::UnseenSecret;

/// The driver's mark on Secrets that it makes
/// (<https://secrets-store-csi-driver.sigs.k8s.io/topics/sync-as-kubernetes-secret>).
const MARK: &str = "secrets-store.csi.k8s.io/managed";

/// What bears it, as a selector of labels, in a query.
const MARKED: Ask = Ask::metadata_of("secrets-store.csi.k8s.io%2Fmanaged%3Dtrue");

/// Namespace and name of a Secret.
pub(super) type SecretName = (String, String);

/// What the API server says of those that were asked for by name.
#[derive(Default)]
pub(super) struct Asked {
    /// Those that the driver made.
    pub unfilled: BTreeSet<SecretName>,
    pub unseen: Vec<UnseenSecret>,
}

/// Every Secret that the driver made and no class fills, in all namespaces that are looked at; `None` where Secrets may not be
/// listed.
pub(super) async fn list(
    api: &Api,
    subject: &Subject,
    classes: &[Class],
) -> Result<Option<BTreeSet<SecretName>>, Failure> {
    let (made, editions, now) = (&api.connection.made, Editions::of(classes), api.clock.now());
    let all = match made.all(&editions, now) {
        Some(all) => all,
        None if !made.may_be_listed(now) => return Ok(None),
        None => match everywhere_as::<Partial>(api, MARKED, None, SECRETS, subject).await {
            Ok((marked, _)) => {
                let all: BTreeSet<SecretName> = marked.into_iter().filter_map(name_of).collect();
                made.listed(all.clone(), editions, now);
                all
            }
            Err(failure) if failure.refusal().is_some_and(|no| no.status == 403) => {
                made.may_not_be_listed(now);
                return Ok(None);
            }
            Err(failure) => return Err(failure),
        },
    };
    let left = all.into_iter().filter(|(namespace, name)| !is_filled(namespace, name, classes));
    Ok(Some(left.collect()))
}

fn name_of(secret: Partial) -> Option<SecretName> {
    let Partial { metadata } = secret;
    is_marked(&metadata).then(|| (metadata.namespace.unwrap_or_default(), metadata.name.unwrap_or_default()))
}

fn is_marked(secret: &ObjectMeta) -> bool {
    secret.labels.iter().flatten().any(|(key, value)| key == MARK && value == "true")
}

/// Asks for each Secret once. One that does not exist is nothing; one that may not be read is told.
pub(super) async fn ask(
    api: &Api,
    wanted: BTreeSet<SecretName>,
    classes: &[Class],
) -> Result<Asked, Failure> {
    let (made, editions, now) = (&api.connection.made, Editions::of(classes), api.clock.now());
    let mut asked = Asked::default();
    for secret in wanted.into_iter().filter(|secret| !made.is_other(secret, &editions, now)) {
        let path = format!("{}/{}", SECRETS.path(Some(&secret.0)), secret.1);
        match api.metadata(&path).await {
            Ok(metadata) if is_marked(&metadata) => {
                asked.unfilled.insert(secret);
            }
            Ok(_) => made.other(secret, editions.clone(), now),
            Err(failure) => match failure.refusal().map(|no| (no.status, no.message.clone())) {
                Some((404, _)) => made.other(secret, editions.clone(), now),
                Some((403, why)) => {
                    let (namespace, name) = secret;
                    asked.unseen.push(UnseenSecret { namespace, name, why });
                }
                _ => return Err(failure),
            },
        }
    }
    Ok(asked)
}

/// The Secrets that these pods and templates read and no class fills.
pub(super) fn wanted(
    pods: &[Pod],
    templates: &BTreeSet<SecretName>,
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
        names.map(|name| (pod.namespace().to_owned(), name.to_owned()))
    });
    let named = templates.iter().filter(|(namespace, _)| is_ours(namespace, subject, classes)).cloned();
    let all = read.chain(named);
    all.filter(|(namespace, name)| !name.is_empty() && !is_filled(namespace, name, classes)).collect()
}

fn is_filled(namespace: &str, name: &str, classes: &[Class]) -> bool {
    let mut here = classes.iter().filter(|class| class.namespace == namespace);
    here.any(|class| class.fills.iter().any(|secret| secret == name))
}

/// Those of them that may hold the secret from an earlier time.
pub(super) fn ours(
    left: BTreeSet<SecretName>,
    pods: &[Pod],
    subject: &Subject,
    classes: &[Class],
) -> BTreeSet<SecretName> {
    let has_lost = |pod: &&Pod| {
        pod.spec.as_ref().is_some_and(|spec| absent_classes(spec, pod.namespace(), classes).next().is_some())
    };
    let lost: BTreeSet<&str> = pods.iter().filter(has_lost).map(|pod| pod.namespace()).collect();
    let here = |namespace: &str| lost.contains(namespace) || is_ours(namespace, subject, classes);
    left.into_iter().filter(|(namespace, _)| here(namespace)).collect()
}

/// Whether a class that delivers the secret, or may have, or a configured workload is in the namespace.
fn is_ours(namespace: &str, subject: &Subject, classes: &[Class]) -> bool {
    let mut here = classes.iter().filter(|class| class.namespace == namespace);
    let mut configured = subject.configured.iter();
    here.any(|class| has_to_do(class, subject))
        || configured.any(|workload| workload.namespace.eq_ignore_ascii_case(namespace))
}

fn has_to_do(class: &Class, subject: &Subject) -> bool {
    class.delivers || class.may_have_filled(subject.vault.as_deref())
}

/// Whether it mounts a class that delivers the secret, may have, or is gone.
fn has_ours(spec: &PodSpec, namespace: &str, subject: &Subject, classes: &[Class]) -> bool {
    let ours = |class: &&Class| has_to_do(class, subject);
    let named = |name: &str| classes.iter().filter(ours).any(|class| class.is(namespace, name));
    class_names(spec).any(named) || absent_classes(spec, namespace, classes).next().is_some()
}

/// The first of them that a specification reads.
pub(super) fn read_by<'a>(spec: &'a PodSpec, namespace: &str, subject: &Subject) -> Option<&'a str> {
    if subject.unfilled.is_empty() {
        return None;
    }
    let left =
        |name: &&str| subject.unfilled.iter().any(|(space, secret)| space == namespace && secret == name);
    secrets_read(spec).find(left)
}
