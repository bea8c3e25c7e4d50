//! Patches of workloads: from JSON to the world's own words, or a refusal as a real server's.
//!
//! Strategic merge and merge patches mean the same for the members that the world knows. A patch of anything
//! else is refused (a real server would take it), so that nobody is told that something happened which did not.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value};

use super::answer::Refused;
use crate::model::{ReplicaNumber, WorkloadKind};
use crate::sim::DeploymentPatch;
use crate::sim::config::Flavour;

/// What a patch is checked against.
#[derive(Clone, Copy)]
pub(super) struct Current<'a> {
    pub name: &'a str,
    pub kind: WorkloadKind,
    pub uid: &'a str,
    /// The label by which it selects its pods.
    pub app: &'a str,
}

/// The content types that are understood; others are answered 415.
pub(super) fn understood(content_type: &str) -> bool {
    let kind = content_type.split(';').next().unwrap_or_default().trim();
    matches!(kind, "application/strategic-merge-patch+json" | "application/merge-patch+json")
}

pub(super) fn unsupported() -> Refused {
    let mut refused = Refused::new(415, "UnsupportedMediaType", "415: Unsupported Media Type");
    refused.details = Some(Value::Object(Map::new()));
    refused
}

/// Reads a patch of a workload.
pub(super) fn parse(body: &[u8], current: Current<'_>) -> Result<DeploymentPatch, Refused> {
    let json: Value = serde_json::from_slice(body).map_err(|error| {
        let end = if error.is_eof() { "unexpected end of JSON input".to_owned() } else { error.to_string() };
        Refused::bad_request(end)
    })?;
    let mut reader = Reader { current, patch: DeploymentPatch::default() };
    for (key, value) in members(&json) {
        match key.as_str() {
            "metadata" => reader.metadata(value)?,
            "spec" => reader.spec(value)?,
            "apiVersion" | "kind" | "status" => {}
            _ => return Err(reader.unknown(key)),
        }
    }
    Ok(reader.patch)
}

/// Reads a patch of the `scale` subresource.
pub(super) fn parse_scale(body: &[u8], current: Current<'_>) -> Result<DeploymentPatch, Refused> {
    let patch = parse(body, current)?;
    let only = DeploymentPatch { replicas: patch.replicas, ..DeploymentPatch::default() };
    if patch == only { Ok(only) } else { Err(Refused::bad_request("a scale has replicas only")) }
}

struct Reader<'a> {
    current: Current<'a>,
    patch: DeploymentPatch,
}

/// The members of an object, without the strategic merge's own.
fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten().filter(|(key, _)| !key.starts_with('$'))
}

impl Reader<'_> {
    fn invalid(&self, field: &str, why: &str) -> Refused {
        Refused::invalid(self.current.kind.as_str(), self.current.name, field, why)
    }

    fn unknown(&self, field: &str) -> Refused {
        self.invalid(field, "the simulated world cannot change this")
    }

    fn metadata(&mut self, metadata: &Value) -> Result<(), Refused> {
        for (key, value) in members(metadata) {
            match key.as_str() {
                "annotations" => self.patch.annotations = self.annotations(value, "metadata.annotations")?,
                "resourceVersion" => {
                    let version = value.as_str().and_then(|text| text.parse().ok());
                    self.patch.resource_version =
                        Some(version.ok_or_else(|| self.invalid("metadata.resourceVersion", "no number"))?);
                }
                "uid" if value == self.current.uid => {}
                "uid" => {
                    let why = format!("Invalid value: {value}: field is immutable");
                    return Err(self.invalid("metadata.uid", &why));
                }
                "name" if value == self.current.name => {}
                "namespace" | "creationTimestamp" => {}
                _ => return Err(self.unknown(&format!("metadata.{key}"))),
            }
        }
        Ok(())
    }

    fn spec(&mut self, spec: &Value) -> Result<(), Refused> {
        let kind = self.current.kind;
        for (key, value) in members(spec) {
            match key.as_str() {
                "paused" | "progressDeadlineSeconds" | "strategy" if kind != WorkloadKind::Deployment => {
                    return Err(self.unknown(&format!("spec.{key}")));
                }
                "replicas" if kind == WorkloadKind::DaemonSet => return Err(self.unknown("spec.replicas")),
                "updateStrategy" if kind != WorkloadKind::Deployment => self.update_strategy(value)?,
                "restartAt" if self.current.kind == WorkloadKind::Rollout => {
                    let at = value.as_str().filter(|at| at.parse::<jiff::Timestamp>().is_ok());
                    let at = at.ok_or_else(|| self.invalid("spec.restartAt", "must be a time"))?;
                    self.patch.restart_at = Some(at.to_owned());
                }
                // Null removes a member, and the defaults come back.
                "paused" => self.patch.paused = Some(value.as_bool().unwrap_or(false)),
                "replicas" => {
                    let count = value.as_u64().and_then(|count| u32::try_from(count).ok());
                    self.patch.replicas = Some(match (count, value) {
                        (Some(count), _) => count,
                        (None, Value::Null) => 1,
                        (None, _) => {
                            return Err(self.invalid("spec.replicas", "must be greater than or equal to 0"));
                        }
                    });
                }
                "progressDeadlineSeconds" => {
                    self.patch.progress_deadline =
                        Some(self.seconds(value, 600, "spec.progressDeadlineSeconds")?);
                }
                "minReadySeconds" => {
                    self.patch.min_ready = Some(self.seconds(value, 0, "spec.minReadySeconds")?);
                }
                "strategy" => self.strategy(value)?,
                "selector" => self.selector(value)?,
                "template" => self.template(value)?,
                _ => return Err(self.unknown(&format!("spec.{key}"))),
            }
        }
        Ok(())
    }

    fn seconds(&self, value: &Value, default: u64, field: &str) -> Result<Duration, Refused> {
        match (value.as_u64(), value) {
            (Some(seconds), _) => Ok(Duration::from_secs(seconds)),
            (None, Value::Null) => Ok(Duration::from_secs(default)),
            (None, _) => Err(self.invalid(field, "must be greater than or equal to 0")),
        }
    }

    fn strategy(&mut self, strategy: &Value) -> Result<(), Refused> {
        for (key, value) in members(strategy) {
            match (key.as_str(), value.as_str()) {
                ("type", Some("Recreate")) => self.patch.flavour = Some(Flavour::Recreate),
                ("type", Some("RollingUpdate")) => self.patch.flavour = Some(Flavour::Rolling),
                ("rollingUpdate", _) => {
                    for (key, value) in members(value) {
                        let field = format!("spec.strategy.rollingUpdate.{key}");
                        let number = replica_number(value)
                            .ok_or_else(|| self.invalid(&field, "must be an integer or a percentage"))?;
                        match key.as_str() {
                            "maxSurge" => self.patch.max_surge = Some(number),
                            "maxUnavailable" => self.patch.max_unavailable = Some(number),
                            _ => return Err(self.unknown(&field)),
                        }
                    }
                }
                _ => {
                    let why = "supported values: \"Recreate\", \"RollingUpdate\"";
                    return Err(self.invalid("spec.strategy.type", why));
                }
            }
        }
        Ok(())
    }

    fn update_strategy(&mut self, strategy: &Value) -> Result<(), Refused> {
        for (key, value) in members(strategy) {
            match (key.as_str(), value.as_str()) {
                ("type", Some("OnDelete")) => self.patch.on_delete = Some(true),
                ("type", Some("RollingUpdate")) => self.patch.on_delete = Some(false),
                ("rollingUpdate", _) => {
                    for (key, value) in members(value) {
                        let field = format!("spec.updateStrategy.rollingUpdate.{key}");
                        let count = value.as_u64().and_then(|count| u32::try_from(count).ok());
                        match (key.as_str(), self.current.kind, replica_number(value)) {
                            ("partition", WorkloadKind::StatefulSet, _) => {
                                let count = count.ok_or_else(|| {
                                    self.invalid(&field, "must be greater than or equal to 0")
                                })?;
                                self.patch.partition = Some(count);
                            }
                            ("maxUnavailable", WorkloadKind::DaemonSet, Some(number)) => {
                                self.patch.max_unavailable = Some(number);
                            }
                            _ => return Err(self.unknown(&field)),
                        }
                    }
                }
                _ => {
                    let why = "supported values: \"OnDelete\", \"RollingUpdate\"";
                    return Err(self.invalid("spec.updateStrategy.type", why));
                }
            }
        }
        Ok(())
    }

    fn selector(&self, selector: &Value) -> Result<(), Refused> {
        let labels = &selector["matchLabels"];
        if members(labels).all(|(key, value)| key == "app" && value == self.current.app) {
            return Ok(());
        }
        let why = format!("Invalid value: {selector}: field is immutable");
        Err(self.invalid("spec.selector", &why))
    }

    fn template(&mut self, template: &Value) -> Result<(), Refused> {
        for (key, value) in members(template) {
            match key.as_str() {
                "metadata" => {
                    for (key, value) in members(value) {
                        let field = format!("spec.template.metadata.{key}");
                        match key.as_str() {
                            "annotations" => {
                                self.patch.template_annotations =
                                    self.annotations(value, "spec.template.annotations")?;
                            }
                            "creationTimestamp" => {}
                            _ => return Err(self.unknown(&field)),
                        }
                    }
                }
                "spec" => self.pod_spec(value)?,
                _ => return Err(self.unknown(&format!("spec.template.{key}"))),
            }
        }
        Ok(())
    }

    /// Of a pod's specification only the one container's image can change.
    fn pod_spec(&mut self, spec: &Value) -> Result<(), Refused> {
        for (key, value) in members(spec) {
            let containers = value.as_array().filter(|_| key == "containers");
            for container in containers.ok_or_else(|| self.unknown(&format!("spec.template.spec.{key}")))? {
                for (key, value) in members(container) {
                    match (key.as_str(), value.as_str()) {
                        ("name", Some(name)) if name == self.current.app => {}
                        ("image", Some(image)) => self.patch.image = Some(image.to_owned()),
                        _ => return Err(self.unknown(&format!("spec.template.spec.containers[0].{key}"))),
                    }
                }
            }
        }
        Ok(())
    }

    fn annotations(&self, value: &Value, field: &str) -> Result<BTreeMap<String, Option<String>>, Refused> {
        let mut annotations = BTreeMap::new();
        for (key, value) in members(value) {
            if !qualified_name(key) {
                let why = format!(
                    "Invalid value: \"{key}\": name part must consist of alphanumeric characters, '-', '_' or '.', \
                     and must start and end with an alphanumeric character"
                );
                return Err(self.invalid(field, &why));
            }
            let text = match value {
                Value::Null => None,
                Value::String(text) => Some(text.clone()),
                _ => return Err(self.invalid("patch", "cannot convert int64 to string")),
            };
            annotations.insert(key.clone(), text);
        }
        Ok(annotations)
    }
}

fn replica_number(value: &Value) -> Option<ReplicaNumber> {
    if let Some(count) = value.as_u64() {
        return u32::try_from(count).ok().map(ReplicaNumber::Count);
    }
    value.as_str()?.strip_suffix('%')?.parse().ok().map(ReplicaNumber::Percent)
}

/// `[PREFIX/]NAME` as annotations and labels are named.
fn qualified_name(key: &str) -> bool {
    let (prefix, name) = match key.split_once('/') {
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, key),
    };
    let word = |text: &str, extra: &str| {
        let ends = text.starts_with(|c: char| c.is_ascii_alphanumeric())
            && text.ends_with(|c: char| c.is_ascii_alphanumeric());
        ends && text.chars().all(|c| c.is_ascii_alphanumeric() || extra.contains(c))
    };
    word(name, "-_.") && name.len() <= 63 && prefix.is_none_or(|prefix| word(prefix, "-."))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CURRENT: Current<'_> =
        Current { name: "orders-deploy", kind: WorkloadKind::Deployment, uid: "u-1", app: "orders" };

    fn read(text: &str) -> Result<DeploymentPatch, Refused> {
        parse(text.as_bytes(), CURRENT)
    }

    #[test]
    fn kubectls_patches_are_understood() {
        let restart =
            r#"{"spec":{"template":{"metadata":{"annotations":{"kubectl.kubernetes.io/restartedAt":"T"}}}}}"#;
        assert_eq!(
            read(restart).unwrap(),
            DeploymentPatch::annotate("kubectl.kubernetes.io/restartedAt", "T")
        );
        assert_eq!(read(r#"{"spec":{"paused":true}}"#).unwrap(), DeploymentPatch::pause(true));
        assert_eq!(read(r#"{"spec":{"paused":null}}"#).unwrap(), DeploymentPatch::pause(false));
        let image = r#"{"spec":{"template":{"spec":{"$setElementOrder/containers":[{"name":"orders"}],"containers":[{"image":"i:2","name":"orders"}]}}}}"#;
        assert_eq!(read(image).unwrap().image.as_deref(), Some("i:2"));
        let surge = r#"{"spec":{"strategy":{"$retainKeys":["type"],"type":"RollingUpdate","rollingUpdate":{"maxSurge":"50%","maxUnavailable":0}}}}"#;
        let surge = read(surge).unwrap();
        assert_eq!(surge.max_surge, Some(ReplicaNumber::Percent(50)));
        assert_eq!(surge.max_unavailable, Some(ReplicaNumber::Count(0)));
    }

    #[test]
    fn sets_have_a_strategy_of_their_own() {
        let read = |kind, text: &str| parse(text.as_bytes(), Current { kind, ..CURRENT });
        let text = r#"{"spec":{"updateStrategy":{"type":"OnDelete","rollingUpdate":{"partition":2}}}}"#;
        let patch = read(WorkloadKind::StatefulSet, text).unwrap();
        assert_eq!((patch.on_delete, patch.partition), (Some(true), Some(2)));
        for (kind, text) in [
            (WorkloadKind::DaemonSet, text),
            (WorkloadKind::Deployment, text),
            (WorkloadKind::StatefulSet, r#"{"spec":{"paused":true}}"#),
            (WorkloadKind::DaemonSet, r#"{"spec":{"replicas":3}}"#),
        ] {
            let refused = read(kind, text).unwrap_err();
            assert_eq!(refused.code, 422, "{kind} {text}");
            assert!(refused.message.starts_with(kind.as_str()), "{}", refused.message);
        }
    }

    #[test]
    fn what_cannot_be_done_is_refused_and_nothing_is_pretended() {
        let cases = [
            (r#"{"spec":"#, 400),
            (r#"{"metadata":{"uid":"other"}}"#, 422),
            (r#"{"spec":{"selector":{"matchLabels":{"app":"other"}}}}"#, 422),
            (r#"{"spec":{"template":{"metadata":{"annotations":{"bad key!":"x"}}}}}"#, 422),
            (r#"{"spec":{"template":{"metadata":{"annotations":{"x":1}}}}}"#, 422),
            (r#"{"spec":{"replicas":-1}}"#, 422),
            (r#"{"spec":{"template":{"spec":{"hostNetwork":true}}}}"#, 422),
        ];
        for (text, code) in cases {
            assert_eq!(read(text).unwrap_err().code, code, "{text}");
        }
        assert_eq!(read(r#"{"spec":"#).unwrap_err().message, "unexpected end of JSON input");
    }
}
