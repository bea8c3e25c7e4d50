//! How pod specifications get the secret: by mount, or by environment and volumes from synced Secrets.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{EnvFromSource, EnvVar, PodSpec, Volume};

use super::csi::{Class, SyncedKey};
use super::holding::left;
use super::look::Subject;
use crate::model::{LostClass, SecretVersion};

/// The name under which the driver is registered.
const DRIVER: &str = "secrets-store.csi.k8s.io";

/// How pods of a specification get the secret.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Gets {
    /// Through a mounted class: each new pod reads the vault.
    pub mounts: bool,
    /// Through synced Secrets of these names: each new pod reads what they hold.
    pub reads: BTreeSet<String>,
    /// The version that a class on the way is pinned to.
    pub pinned: Option<SecretVersion>,
    /// A class that it mounts and that does not exist.
    pub lacks: Option<String>,
    /// What a Kubernetes Secret gives that nobody fills with the secret any more.
    pub left: Option<LostClass>,
}

impl Gets {
    /// With what is left of earlier times.
    pub fn with_left(spec: &PodSpec, namespace: &str, subject: &Subject, classes: &[Class]) -> Gets {
        Gets { left: left(spec, namespace, subject, classes), ..Gets::of(spec, namespace, classes) }
    }

    pub fn of(spec: &PodSpec, namespace: &str, classes: &[Class]) -> Gets {
        let absent = absent_classes(spec, namespace, classes).next();
        let mut gets = Gets { lacks: absent.map(str::to_owned), ..Gets::default() };
        for class in mounted_classes(spec, namespace, classes) {
            gets.mounts = true;
            gets.pinned = gets.pinned.or_else(|| class.pinned.first().cloned());
        }
        for class in classes.iter().filter(|class| class.namespace == namespace) {
            for synced in class.synced.iter().filter(|synced| reads(spec, synced)) {
                gets.reads.insert(synced.secret.clone());
                gets.pinned = gets.pinned.or_else(|| class.pinned.first().cloned());
            }
        }
        gets
    }

    pub fn any(&self) -> bool {
        self.mounts || !self.reads.is_empty()
    }
}

/// Whether a specification reads this place of a synced Secret, as a volume or into its environment.
fn reads(spec: &PodSpec, synced: &SyncedKey) -> bool {
    reads_of(spec, &synced.secret, |key| key == synced.key)
}

/// The names of the Secrets that it reads as a whole or a key of.
pub(super) fn secrets_read(spec: &PodSpec) -> impl Iterator<Item = &str> {
    let mounted = volumes(spec).iter().flat_map(volume_secrets);
    mounted.chain(environments(spec).map(|(secret, _)| secret))
}

/// Whether it reads a key of the Secret that is one of these, or all of it.
pub(super) fn reads_of(spec: &PodSpec, name: &str, is_one: impl Fn(&str) -> bool) -> bool {
    let whole = volumes(spec).iter().any(|volume| volume_secrets(volume).any(|secret| secret == name));
    let here = |(secret, key): (&str, Option<&str>)| secret == name && key.is_none_or(&is_one);
    whole || environments(spec).any(here)
}

/// The delivering classes that a specification mounts.
pub(super) fn mounted_classes<'a>(
    spec: &'a PodSpec,
    namespace: &'a str,
    classes: &'a [Class],
) -> impl Iterator<Item = &'a Class> {
    let named = class_names(spec).collect::<Vec<_>>();
    let delivering = classes.iter().filter(move |class| class.delivers && class.namespace == namespace);
    delivering.filter(move |class| named.contains(&class.name.as_str()))
}

/// The classes that it mounts and that do not exist.
pub(super) fn absent_classes<'a>(
    spec: &'a PodSpec,
    namespace: &'a str,
    classes: &'a [Class],
) -> impl Iterator<Item = &'a str> {
    let exists = move |name: &str| classes.iter().any(|class| class.is(namespace, name));
    class_names(spec).filter(move |name| !exists(name))
}

/// The names of the classes that a specification mounts.
pub(super) fn class_names(spec: &PodSpec) -> impl Iterator<Item = &str> {
    volumes(spec).iter().filter_map(class_of)
}

fn volumes(spec: &PodSpec) -> &[Volume] {
    spec.volumes.as_deref().unwrap_or_default()
}

fn class_of(volume: &Volume) -> Option<&str> {
    let csi = volume.csi.as_ref().filter(|csi| csi.driver == DRIVER)?;
    csi.volume_attributes.as_ref()?.get("secretProviderClass").map(String::as_str)
}

fn volume_secrets(volume: &Volume) -> impl Iterator<Item = &str> {
    let direct = volume.secret.as_ref().and_then(|source| source.secret_name.as_deref());
    let sources = volume.projected.as_ref().and_then(|projected| projected.sources.as_deref());
    let projected = sources.unwrap_or_default().iter().filter_map(|source| source.secret.as_ref());
    direct.into_iter().chain(projected.map(|secret| secret.name.as_str()))
}

/// Secrets, and the key where only one is read, that the environment of any container is made from: those that run, those
/// that run before them, and those that somebody put beside them later.
fn environments(spec: &PodSpec) -> impl Iterator<Item = (&str, Option<&str>)> {
    let usual = spec.containers.iter().chain(spec.init_containers.iter().flatten());
    let usual = usual.map(|one| (one.env_from.as_deref(), one.env.as_deref()));
    let later = spec.ephemeral_containers.iter().flatten();
    let later = later.map(|one| (one.env_from.as_deref(), one.env.as_deref()));
    usual.chain(later).flat_map(|(from, env)| environment(from, env))
}

fn environment<'a>(
    from: Option<&'a [EnvFromSource]>,
    env: Option<&'a [EnvVar]>,
) -> impl Iterator<Item = (&'a str, Option<&'a str>)> {
    let whole = from.unwrap_or_default().iter().filter_map(|from| from.secret_ref.as_ref());
    let single = env
        .unwrap_or_default()
        .iter()
        .filter_map(|variable| variable.value_from.as_ref()?.secret_key_ref.as_ref());
    whole
        .map(|secret| (secret.name.as_str(), None))
        .chain(single.map(|secret| (secret.name.as_str(), Some(secret.key.as_str()))))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn classes() -> Vec<Class> {
        let synced = vec![SyncedKey { secret: "cosmos".into(), key: "api-key".into() }];
        let (namespace, name, vault) = ("workload".into(), "kv".into(), "v".into());
        let (edition, pinned, changed, edited, fills) = (String::new(), Vec::new(), None, true, Vec::new());
        vec![Class {
            namespace,
            name,
            edition,
            vault,
            delivers: true,
            elsewhere: false,
            changed,
            edited,
            fills,
            synced,
            pinned,
        }]
    }

    fn spec(container: Value, volumes: Value) -> PodSpec {
        let mut container = container;
        container["name"] = json!("c");
        serde_json::from_value(json!({"containers": [container], "volumes": volumes})).unwrap()
    }

    fn csi(class: &str, driver: &str) -> Value {
        json!([{"name": "s", "csi": {"driver": driver, "volumeAttributes": {"secretProviderClass": class}}}])
    }

    #[test]
    fn mounts_environment_and_volumes_all_make_a_consumer() {
        let yes = [
            spec(json!({}), csi("kv", DRIVER)),
            spec(json!({}), json!([{"name": "v", "secret": {"secretName": "cosmos"}}])),
            spec(
                json!({}),
                json!([{"name": "v", "projected": {"sources": [{"secret": {"name": "cosmos"}}]}}]),
            ),
            spec(json!({"envFrom": [{"secretRef": {"name": "cosmos"}}]}), json!([])),
            spec(
                json!({"env": [{"name": "K", "valueFrom": {"secretKeyRef": {"name": "cosmos", "key": "api-key"}}}]}),
                json!([]),
            ),
        ];
        for spec in &yes {
            assert!(Gets::of(spec, "workload", &classes()).any(), "{spec:?}");
            let elsewhere = Gets::of(spec, "elsewhere", &classes());
            assert!(!elsewhere.any(), "classes and Secrets belong to a namespace");
        }
        let no = [
            spec(json!({}), csi("other", DRIVER)),
            spec(json!({}), csi("kv", "file.csi.azure.com")),
            spec(
                json!({"env": [{"name": "K", "valueFrom": {"secretKeyRef": {"name": "cosmos", "key": "else"}}}]}),
                json!([]),
            ),
        ];
        for spec in &no {
            assert!(!Gets::of(spec, "workload", &classes()).any(), "{spec:?}");
        }
    }

    #[test]
    fn how_the_secret_comes_is_told_and_what_it_is_pinned_to() {
        let mut pinned = classes();
        pinned[0].pinned = vec!["v1".into()];
        let mounting = Gets::of(&spec(json!({}), csi("kv", DRIVER)), "workload", &pinned);
        assert_eq!((mounting.mounts, mounting.reads.len(), mounting.pinned), (true, 0, Some("v1".into())));
        let from = spec(json!({"envFrom": [{"secretRef": {"name": "cosmos"}}]}), json!([]));
        let reading = Gets::of(&from, "workload", &pinned);
        assert_eq!((reading.mounts, reading.reads), (false, ["cosmos".to_owned()].into()));
        assert_eq!(reading.pinned, Some("v1".into()), "the Secret is filled from the pinned class");
    }
}
