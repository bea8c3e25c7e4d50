//! By what a pod is taken to hold the secret: its specification with today's classes, else the status of its own mount,
//! else that a class of it is not what it was when it began.
//!
//! The driver refreshes mounts with what their class says by then, and their statuses with them: that a status does not
//! name the secret is no proof that the process has not read it. Of a class that is gone nothing is refreshed.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{Pod, PodSpec};

use super::consumers::{Gets, absent_classes, class_names, mounted_classes, reads_of};
use super::csi::{Class, PodId, PodStatus, is_mounted};
use super::look::{Placed as _, Subject};
use super::unfilled::read_by;
use crate::model::{ClassFate, Holding, LostClass};

/// `None` where nothing speaks for it.
pub(super) fn holding(
    pod: &Pod,
    subject: &Subject,
    classes: &[Class],
    statuses: &[PodStatus],
) -> Option<Holding> {
    let gets = Gets::of(pod.spec.as_ref()?, pod.namespace(), classes);
    if gets.any() {
        return Some(Holding::Specified { mounts: gets.mounts, reads: gets.reads.into_iter().collect() });
    }
    let mut lost = lost_classes(pod, subject, classes).peekable();
    let first = lost.peek().cloned()?;
    let names = |class: LostClass| {
        pod_id(pod).is_some_and(|id| is_mounted(statuses, id, &class.name, &subject.secret))
    };
    // The name of one from another vault tells nothing.
    let ours = |class: LostClass| class.fate != ClassFate::OtherVault && names(class);
    Some(if lost.any(ours) { Holding::Mounted } else { Holding::Unclear(first) })
}

/// What it reads of Secrets that nobody fills with the key any more, where that is not what it is known by.
pub(super) fn besides(
    pod: &Pod,
    subject: &Subject,
    classes: &[Class],
    holding: &Holding,
) -> Option<LostClass> {
    let told = matches!(holding, Holding::Unclear(_));
    lost_classes(pod, subject, classes).find(|class| class.fate.outlasts_restarts() && !told)
}

/// The Kubernetes Secrets that the classes it mounts fill with the secret.
pub(super) fn fills(pod: &Pod, classes: &[Class]) -> Vec<String> {
    let Some(spec) = pod.spec.as_ref() else { return Vec::new() };
    let filled = mounted_classes(spec, pod.namespace(), classes).flat_map(|class| &class.synced);
    let names: BTreeSet<&String> = filled.map(|place| &place.secret).collect();
    names.into_iter().cloned().collect()
}

/// The classes that the pod mounts, or reads the Secrets of, and that are not what they were when it began.
pub(super) fn lost_classes<'a>(
    pod: &'a Pod,
    subject: &'a Subject,
    classes: &'a [Class],
) -> impl Iterator<Item = LostClass> + 'a {
    let namespace = pod.namespace();
    let began = pod.metadata.creation_timestamp.as_ref().map(|time| time.0);
    let absent = pod.spec.iter().flat_map(move |spec| absent_classes(spec, namespace, classes));
    let vault = subject.vault.as_deref();
    let here = classes.iter().filter(move |class| class.namespace == namespace);
    let changed = here.filter(move |class| class.may_have_delivered(began, vault) && mounts(pod, class));
    // First what matters whatever the pod's age.
    let stale = pod.spec.iter().flat_map(move |spec| stale_secrets(spec, namespace, subject, classes));
    let absent = absent.map(move |name| lost(name, ClassFate::Absent));
    let elsewhere = pod.spec.iter().flat_map(move |spec| {
        let gets =
            move |class: &&Class| class_names(spec).any(|name| name == class.name) || reads_from(spec, class);
        classes.iter().filter(move |class| class.elsewhere && class.namespace == namespace).filter(gets)
    });
    let elsewhere = elsewhere.map(move |class| match class.is_younger(began) {
        true => lost(&class.name, ClassFate::Changed),
        false => lost(&class.name, ClassFate::OtherVault),
    });
    stale
        .chain(absent)
        .chain(elsewhere)
        .chain(changed.map(move |class| lost(&class.name, ClassFate::Changed)))
}

/// What a specification reads of Secrets that nobody fills with the key any more: whoever begins by it gets what stands there.
pub(super) fn left(
    spec: &PodSpec,
    namespace: &str,
    subject: &Subject,
    classes: &[Class],
) -> Option<LostClass> {
    stale_secrets(spec, namespace, subject, classes).next()
}

fn stale_secrets<'a>(
    spec: &'a PodSpec,
    namespace: &'a str,
    subject: &'a Subject,
    classes: &'a [Class],
) -> impl Iterator<Item = LostClass> + 'a {
    let vault = subject.vault.as_deref();
    let here = classes.iter().filter(move |class| class.namespace == namespace);
    let filled = here.filter(move |class| class.may_have_filled(vault) && reads_from(spec, class));
    let unfilled = read_by(spec, namespace, subject).into_iter();
    unfilled
        .map(|secret| lost(secret, ClassFate::Unfilled))
        .chain(filled.map(|class| lost(&class.name, ClassFate::Filled)))
}

fn lost(name: &str, fate: ClassFate) -> LostClass {
    LostClass { name: name.to_owned(), fate }
}

fn mounts(pod: &Pod, class: &Class) -> bool {
    pod.spec.as_ref().is_some_and(|spec| class_names(spec).any(|name| name == class.name))
}

fn reads_from(spec: &PodSpec, class: &Class) -> bool {
    class.fills.iter().any(|secret| reads_of(spec, secret, |_| true))
}

pub(super) fn pod_id(pod: &Pod) -> Option<PodId<'_>> {
    Some(PodId {
        namespace: pod.namespace(),
        name: pod.metadata.name.as_deref()?,
        uid: pod.metadata.uid.as_deref().filter(|uid| !uid.is_empty())?,
    })
}
