//! The patch that `kubectl rollout undo` sends: a JSON patch that puts a ReplicaSet's template and annotations in the place of
//! the Deployment's.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::answer::Refused;
use crate::model::WorkloadName;
use crate::sim::DeploymentPatch;
use crate::sim::kubernetes::{Cluster, ReplicaSet};

/// The controller's own annotations, which no patch changes.
const CONTROLLERS: &str = "deployment.kubernetes.io/";

#[derive(Deserialize)]
struct Operation {
    op: String,
    path: String,
    #[serde(default)]
    value: Value,
}

pub(super) fn understood(content_type: &str) -> bool {
    content_type.split(';').next().unwrap_or_default().trim() == "application/json-patch+json"
}

/// Reads it. Templates that no ReplicaSet of the Deployment has are refused: no roll back brings them.
pub(super) fn parse(
    body: &[u8],
    workload: &WorkloadName,
    cluster: &Cluster,
) -> Result<DeploymentPatch, Refused> {
    let bad = |why: String| Refused::bad_request(why);
    let operations: Vec<Operation> = serde_json::from_slice(body).map_err(|error| bad(error.to_string()))?;
    let place = cluster.deployments().iter().position(|one| one.workload == *workload);
    let mut patch = DeploymentPatch::default();
    for Operation { op, path, value } in operations {
        match (op.as_str(), path.as_str()) {
            ("replace", "/spec/template") => {
                let mut sets = cluster.replica_sets().filter(|set| Some(set.owner) == place);
                let set = sets.find(|set| is_template_of(&value, set));
                let why = "the simulated world takes only the template of one of its ReplicaSets";
                let set =
                    set.ok_or_else(|| Refused::invalid("Deployment", &workload.name, "spec.template", why))?;
                patch.template = Some(std::sync::Arc::clone(&set.template));
            }
            ("replace", "/metadata/annotations") => {
                let known = cluster.deployment(workload).map(|one| one.annotations.clone());
                patch.annotations = replaced(&known.unwrap_or_default(), &value);
            }
            _ => {
                let why = format!("the simulated world cannot {op} {path}");
                return Err(Refused::invalid("Deployment", &workload.name, "patch", &why));
            }
        }
    }
    Ok(patch)
}

/// In this world templates differ by their annotations and their image.
fn is_template_of(value: &Value, set: &ReplicaSet) -> bool {
    let annotations: BTreeMap<String, String> = texts(&value["metadata"]["annotations"]);
    let image = value["spec"]["containers"][0]["image"].as_str();
    annotations == set.template.annotations && image == Some(&set.template.image)
}

fn replaced(known: &BTreeMap<String, String>, value: &Value) -> BTreeMap<String, Option<String>> {
    let ours = |key: &str| !key.starts_with(CONTROLLERS);
    let removed = known.keys().filter(|key| ours(key)).map(|key| (key.clone(), None));
    let written = texts(value).into_iter().filter(|(key, _)| ours(key));
    removed.chain(written.map(|(key, text)| (key, Some(text)))).collect()
}

pub(super) fn texts(value: &Value) -> BTreeMap<String, String> {
    let members = value.as_object().into_iter().flatten();
    members.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
}
